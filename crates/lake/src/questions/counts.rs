//! `pool.records` where questions are worked out in other processes: the same counts, as a plan over
//! the tables' guards that those processes can share out.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::Session;
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::prelude::col;

use super::catalogue::{Common, Entry};
use super::records::{STATUS, schema};

/// The columns of the view, in order, but for the count.
const GROUPS: [&str; 3] = ["department", "dataset", STATUS];

/// The view's plan.
pub(super) async fn spread(
    common: &Common,
    entries: &[Entry],
    session: &dyn Session,
    projection: Option<&Vec<usize>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let all: Vec<usize> = (0..schema().fields().len()).collect();
    let shown = schema().project(projection.unwrap_or(&all))?;
    let mut rows: Option<LogicalPlanBuilder> = None;
    for entry in entries {
        let table = table(common, entry).await?;
        rows = Some(match rows {
            Some(rows) => rows.union(table.build()?)?,
            None => table,
        });
    }
    let Some(rows) = rows else {
        return Ok(Arc::new(EmptyExec::new(Arc::new(shown))));
    };
    let records = count(lit(1_i64)).alias("records");
    let plan = rows
        .aggregate(GROUPS.map(col), [records])?
        .project(shown.fields().iter().map(|field| col(field.name())))?
        .build()?;
    session.create_physical_plan(&plan).await
}

/// One row for each record of a table.
async fn table(common: &Common, entry: &Entry) -> Result<LogicalPlanBuilder> {
    let guard = common.guard(entry).await?;
    let (department, dataset) = (&entry.sight.table.department, &entry.sight.table.dataset);
    let status = entry
        .sight
        .columns
        .iter()
        .position(|column| column.name == STATUS);
    let column = match status {
        Some(_) => cast(
            Expr::from(datafusion::common::Column::from_name(STATUS)),
            DataType::Utf8,
        ),
        None => lit(ScalarValue::Utf8(None)),
    };
    LogicalPlanBuilder::scan(
        "t",
        provider_as_source(Arc::new(guard)),
        Some(status.into_iter().collect()),
    )?
    .project([
        lit(department.as_str()).alias("department"),
        lit(dataset.as_str()).alias("dataset"),
        column.alias(STATUS),
    ])
}
