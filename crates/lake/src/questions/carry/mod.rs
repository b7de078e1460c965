//! Takes a plan to another process: each [`BarrierExec`] becomes a [`CarriedExec`], which holds the
//! barrier as bytes, and for each of its sources a ticket. Whoever works the plan out opens the
//! tickets behind the barrier; those who only share it out need not, and cannot by any rule of an
//! optimizer, look inside.

mod exec;
mod failure;
mod message;
mod place;

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::physical_plan::analyze::AnalyzeExec;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::explain::ExplainExec;
use datafusion::physical_plan::joins::NestedLoopJoinExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use super::barrier::BarrierExec;

pub use exec::CarriedExec;
pub use failure::{heard, told};
pub use place::runtime;

/// A plan as it leaves this process; none, if it must stay: because it reads no history, or reads
/// what only this process has (the catalogue), or is about itself (EXPLAIN).
pub fn leave(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let mut history = false;
    let mut stays = false;
    plan.apply(|node| {
        history |= node.is::<BarrierExec>();
        stays |= node.is::<ExplainExec>() || node.is::<AnalyzeExec>();
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
        if let Some(barrier) = node.downcast_ref::<BarrierExec>() {
            let carried: Arc<dyn ExecutionPlan> = Arc::new(CarriedExec::of(barrier)?);
            return Ok(Transformed::yes(carried));
        }
        match node.downcast_ref::<NestedLoopJoinExec>() {
            Some(join) if remembers(*join.join_type()) => whole(&node, join),
            _ => Ok(Transformed::no(node)),
        }
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

/// Whether a join must know, at its end, which rows of its left side were never matched.
fn remembers(join: JoinType) -> bool {
    match join {
        JoinType::Inner
        | JoinType::Right
        | JoinType::RightSemi
        | JoinType::RightAnti
        | JoinType::RightMark => false,
        JoinType::Left
        | JoinType::LeftSemi
        | JoinType::LeftAnti
        | JoinType::LeftMark
        | JoinType::Full => true,
    }
}

/// Such a join is one task: several tasks would each find other rows unmatched.
fn whole(
    node: &Arc<dyn ExecutionPlan>,
    join: &NestedLoopJoinExec,
) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let [left, right] = [join.left(), join.right()].map(Arc::clone);
    if right.output_partitioning().partition_count() == 1 {
        return Ok(Transformed::no(Arc::clone(node)));
    }
    let right: Arc<dyn ExecutionPlan> = Arc::new(CoalescePartitionsExec::new(right));
    let children = vec![left, right];
    let node =
        datafusion::physical_plan::replace_children_if_necessary(Arc::clone(node), children)?;
    Ok(Transformed::yes(node))
}
