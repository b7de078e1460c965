//! Where plans are worked out, if not in this process.

use std::sync::Arc;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::ExecutionPlan;

/// Works plans out on other machines. A plan is made in this process, by the session that asks, and
/// handed over when nothing of it can change any more.
pub trait Engine: std::fmt::Debug + Send + Sync {
    /// Sets the options with which plans for it are made.
    fn prepare(&self, state: SessionStateBuilder) -> SessionStateBuilder;

    /// The answer to a plan that [`leave`](crate::questions::carry::leave) made ready; none if it
    /// does not know all that stands in it, which is then worked out in this process. Nothing is
    /// worked out before the first batch is asked for.
    fn answer(&self, plan: &Arc<dyn ExecutionPlan>) -> Option<SendableRecordBatchStream>;
}
