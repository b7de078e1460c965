//! Takes a plan to another process: each [`BarrierExec`] becomes a [`CarriedExec`], which holds the
//! barrier as bytes, and for each of its sources a ticket. Whoever works the plan out opens the
//! tickets behind the barrier; those who only share it out need not, and cannot by any rule of an
//! optimizer, look inside.

mod exec;
mod failure;
mod message;
mod place;

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::analyze::AnalyzeExec;
use datafusion::physical_plan::explain::ExplainExec;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PartitionMode,
};

use super::barrier::BarrierExec;

pub use exec::CarriedExec;
pub use failure::{heard, told};
pub use place::runtime;

/// A plan as it leaves this process; none, if it must stay: because it reads no history, or reads
/// what only this process has (the catalogue), or is about itself (EXPLAIN), or has parts of which
/// Ballista does not give the right answer.
pub fn leave(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let mut history = false;
    let mut stays = false;
    plan.apply(|node| {
        history |= node.is::<BarrierExec>();
        stays |= node.is::<ExplainExec>() || node.is::<AnalyzeExec>();
        // Joins without an equality: Ballista's scheduler may swap their sides after it has cut the
        // plan, and then each of several tasks answers for the whole.
        stays |= node.is::<NestedLoopJoinExec>() || node.is::<CrossJoinExec>();
        // It would cut such a join anew, and what is above it would not know.
        stays |= node
            .downcast_ref::<HashJoinExec>()
            .is_some_and(|join| *join.partition_mode() == PartitionMode::CollectLeft);
        stays |= node.children().is_empty() && !leaf_leaves(node);
        Ok(if stays {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })?;
    if stays || !history {
        return Ok(None);
    }
    let ready = Arc::clone(plan).transform_up(|node| {
        let Some(barrier) = node.downcast_ref::<BarrierExec>() else {
            return Ok(Transformed::no(node));
        };
        let carried: Arc<dyn ExecutionPlan> = Arc::new(CarriedExec::of(barrier)?);
        Ok(Transformed::yes(carried))
    })?;
    Ok(Some(ready.data))
}

/// Whether a leaf says all that is needed to work it out elsewhere. Rows of constants do not: Ballista
/// gives them to each task of a union, or waits for them for ever.
fn leaf_leaves(leaf: &Arc<dyn ExecutionPlan>) -> bool {
    if let Some(source) = leaf.downcast_ref::<DataSourceExec>() {
        let source: &dyn std::any::Any = source.data_source().as_ref();
        return source.is::<MemorySourceConfig>();
    }
    leaf.is::<BarrierExec>()
}
