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

    /// Whether it knows all that stands in such a plan; if not, it is worked out in this process.
    fn takes(&self, plan: &Arc<dyn ExecutionPlan>) -> bool;

    /// The answer to a plan that [`leave`](crate::questions::carry::leave) made ready. Nothing is
    /// worked out before the first batch is asked for.
    fn answer(&self, plan: Arc<dyn ExecutionPlan>) -> SendableRecordBatchStream;
}
