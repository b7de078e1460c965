//! A session: who asks, what they may see, and the engine that answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider};
use datafusion::common::{DFSchema, config::Dialect};
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateDefaults};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Sql;
use datafusion_postgres::datafusion_pg_catalog::sql::PostgresCompatibilityParser;
use pool::Moment;
use url::Url;

use super::answer::{Answer, Bounds, Read};
use super::carry;
use super::catalogue::{Common, Department, Entry, SYSTEM, System, sql_name};
use super::limits::{FOOTER_BYTES_MAX, MEMORY_BYTES_MAX, PURPOSE_BYTES_MAX};
use super::refuse;
use super::scan::{file_schema, in_force};
use super::sight::{Reach, Sight, sights};
use super::who::{TableGrant, Who};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::place::INSIDE;
use crate::lake::Lake;

/// The catalogue's name.
pub(crate) const CATALOGUE: &str = "city";

/// A session. It answers any number of questions, each within the limits of one.
#[derive(Clone)]
pub struct Session {
    lake: Arc<Lake>,
    who: Arc<Who>,
    context: SessionContext,
    /// What works questions out, if not this process.
    engine: Option<Arc<dyn Engine>>,
    /// Why a table may be seen, by its name in SQL.
    reasons: Arc<BTreeMap<String, (String, Vec<String>)>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("who", &self.who)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn open(
        lake: Arc<Lake>,
        who: Who,
        grants: Vec<TableGrant>,
        as_of: Option<Moment>,
        reach: Reach,
    ) -> Result<Self, Error> {
        if who.purpose.is_empty() || who.purpose.len() > PURPOSE_BYTES_MAX {
            let message = format!(
                "a purpose has 1 to {PURPOSE_BYTES_MAX} bytes, for example analysis/congestion"
            );
            return Err(Error::Question { message });
        }
        let runtime = runtime(&lake)?;
        let state = SessionStateBuilder::new()
            .with_config(config(&who))
            .with_runtime_env(runtime)
            .with_expr_planners(SessionStateDefaults::default_expr_planners())
            .with_scalar_functions(scalar_functions())
            .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
            .with_window_functions(SessionStateDefaults::default_window_functions());
        let engine = lake.engine();
        let state = match &engine {
            Some(engine) => engine.prepare(state),
            None => state,
        };
        let context = SessionContext::new_with_state(state.build());
        let sights = sights(&lake.tables(), &who, &grants, reach)?;
        let reasons = sights.iter().map(|sight| {
            let reasons = sight.parts.iter().map(|part| part.reason.clone()).collect();
            let (schema, name) = sql_table(&sight.table);
            (format!("{schema}.{name}"), (sight.table.name(), reasons))
        });
        let reasons = Arc::new(reasons.collect());
        let entries = sights
            .into_iter()
            .map(|sight| entry(&context, sight))
            .collect::<Result<Vec<_>, _>>()?;
        let common = Common {
            tokens: lake.secret().tokens(&who.purpose),
            lake: Arc::clone(&lake),
            as_of,
            in_force: as_of.map(in_force),
            spread: engine.is_some(),
        };
        context.register_catalog(CATALOGUE, catalogue(&common, entries, &who)?);
        Ok(Self {
            lake,
            who: Arc::new(who),
            context,
            engine,
            reasons,
        })
    }

    /// Who asks.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// The engine, for the doors.
    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Answers a question.
    pub async fn query(&self, question: &str) -> Result<Answer, Error> {
        let plan = self.understand(question).await?;
        self.answer(plan).await
    }

    /// Understands a question.
    pub(crate) async fn understand(&self, question: &str) -> Result<LogicalPlan, Error> {
        refuse::text(question)?;
        let state = self.context.state();
        let statement = state
            .sql_to_statement(question, &Dialect::PostgreSQL)
            .map_err(|error| Error::asked(&error))?;
        self.plan(statement).await
    }

    /// Understands a statement, if it is a question.
    pub(crate) async fn plan(&self, statement: Statement) -> Result<LogicalPlan, Error> {
        refuse::statement(&statement)?;
        let plan = Box::pin(self.context.state().statement_to_plan(statement)).await;
        let plan = plan.map_err(|error| Error::asked(&error))?;
        refuse::plan(&plan)?;
        Ok(plan)
    }

    /// The statements of a text, as PostgreSQL's clients write them.
    pub(crate) fn pg_statements(&self, text: &str) -> Result<Vec<Sql>, Error> {
        refuse::text(text)?;
        let parser = PostgresCompatibilityParser::new();
        parser.parse(text).map_err(|error| Error::Question {
            message: error.to_string(),
        })
    }

    /// The schema that is looked in first: the own department's.
    pub(crate) fn schema(&self) -> String {
        sql_name(&self.who.department)
    }

    /// Answers a question that is understood already.
    pub(crate) async fn answer(&self, plan: LogicalPlan) -> Result<Answer, Error> {
        self.answer_within(plan, Bounds::ANSWER).await
    }

    /// The same, within other bounds.
    pub(crate) async fn answer_within(
        &self,
        plan: LogicalPlan,
        bounds: Bounds,
    ) -> Result<Answer, Error> {
        refuse::plan(&plan)?;
        let state = self.context.state();
        let plan = state
            .optimize(&plan)
            .map_err(|error| Error::asked(&error))?;
        let reads = self.reads(&plan);
        let plan = Box::pin(state.query_planner().create_physical_plan(&plan, &state)).await;
        let plan = plan.map_err(|error| Error::asked(&error))?;
        let turn = self.lake.turn().await?;
        let batches = self.batches(plan).map_err(|error| Error::asked(&error))?;
        Ok(Answer::begin(batches, reads, bounds, turn))
    }

    /// A plan's answer, worked out elsewhere if it can be.
    fn batches(
        &self,
        plan: Arc<dyn ExecutionPlan>,
    ) -> datafusion::error::Result<SendableRecordBatchStream> {
        if let Some(engine) = &self.engine
            && let Some(plan) = carry::leave(&plan)?
            && let Some(rows) = engine.answer(&plan)
        {
            return Ok(rows);
        }
        execute_stream(plan, self.context.task_ctx())
    }

    /// Which datasets a plan reads, which fields, and by which agreements.
    fn reads(&self, plan: &LogicalPlan) -> Vec<Read> {
        let mut reads: BTreeMap<String, Read> = BTreeMap::new();
        let visited = plan.apply_with_subqueries(|plan| {
            if let LogicalPlan::TableScan(scan) = plan {
                let schema = scan
                    .table_name
                    .schema()
                    .map_or_else(|| sql_name(&self.who.department), str::to_owned);
                let name = format!("{schema}.{}", scan.table_name.table());
                if let Some((table, reasons)) = self.reasons.get(&name) {
                    let read = reads.entry(name).or_insert_with(|| Read {
                        table: table.clone(),
                        fields: Vec::new(),
                        reasons: reasons.clone(),
                    });
                    let fields = scan
                        .projected_schema
                        .fields()
                        .iter()
                        .map(|field| field.name().clone());
                    read.fields.extend(fields);
                    read.fields.sort_unstable();
                    read.fields.dedup();
                }
            }
            Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
        });
        if let Err(error) = visited {
            tracing::error!(%error, "what a question reads could not be told");
        }
        reads.into_values().collect()
    }
}

/// The names of a table's schema and of itself in SQL.
pub(crate) fn sql_table(table: &pool::Table) -> (String, String) {
    (sql_name(&table.department), sql_name(&table.dataset))
}

fn config(who: &Who) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOGUE, sql_name(&who.department));
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::PostgreSQL;
    options.execution.collect_statistics = false;
    config
}

/// The engine's own functions but for those that are refused.
fn scalar_functions() -> Vec<Arc<datafusion::logical_expr::ScalarUDF>> {
    let mut functions = SessionStateDefaults::default_scalar_functions();
    functions.retain(|function| !refuse::REFUSED_FUNCTIONS.contains(&function.name()));
    functions
}

/// Memory, scratch files and the way to history, for one session.
fn runtime(lake: &Lake) -> Result<Arc<RuntimeEnv>, Error> {
    let wrong = |error: datafusion::error::DataFusionError| Error::asked(&error);
    let cache = CacheManagerConfig::default()
        .with_file_metadata_cache(Some(lake.footers()))
        .with_metadata_cache_limit(FOOTER_BYTES_MAX);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY_BYTES_MAX)))
        .with_cache_manager(cache)
        .build_arc()
        .map_err(wrong)?;
    let inside = Url::parse(INSIDE).map_err(|error| Error::Question {
        message: error.to_string(),
    })?;
    runtime.register_object_store(&inside, Arc::clone(&lake.place().objects));
    Ok(runtime)
}

/// Understands a sight's row filters.
fn entry(context: &SessionContext, sight: Sight) -> Result<Entry, Error> {
    let schema = DFSchema::try_from(file_schema(&sight.table).as_ref().clone())
        .map_err(|error| Error::asked(&error))?;
    let filter = |part: &super::sight::Part| {
        let understood = part
            .rows
            .as_ref()
            .map(|rows| context.parse_sql_expr(rows, &schema))
            .transpose();
        understood.map_err(|error| Error::Rows {
            agreement: part.reason.clone(),
            table: sight.table.name(),
            reason: error.strip_backtrace(),
        })
    };
    let filters = sight.parts.iter().map(filter).collect::<Result<_, _>>()?;
    Ok(Entry { sight, filters })
}

fn catalogue(
    common: &Common,
    entries: Vec<Entry>,
    who: &Who,
) -> Result<Arc<MemoryCatalogProvider>, Error> {
    let wrong = |error: datafusion::error::DataFusionError| Error::asked(&error);
    let catalogue = Arc::new(MemoryCatalogProvider::new());
    let entries = Arc::new(entries);
    let mut departments: BTreeMap<String, BTreeMap<String, Entry>> = BTreeMap::new();
    departments.entry(sql_name(&who.department)).or_default();
    for entry in entries.iter() {
        let tables = departments
            .entry(sql_name(&entry.sight.table.department))
            .or_default();
        tables.insert(sql_name(&entry.sight.table.dataset), entry.clone());
    }
    for (name, tables) in departments {
        let department = Department {
            common: common.clone(),
            tables,
        };
        catalogue
            .register_schema(&name, Arc::new(department))
            .map_err(wrong)?;
    }
    let system = System {
        common: common.clone(),
        entries,
    };
    catalogue
        .register_schema(SYSTEM, Arc::new(system))
        .map_err(wrong)?;
    Ok(catalogue)
}
