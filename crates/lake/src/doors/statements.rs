//! What a PostgreSQL connection's statements become: questions are answered by its session, the
//! few settings that clients insist on are taken, and everything else is refused.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{Set, Statement};
use datafusion_postgres::arrow_pg::datatypes::{arrow_schema_to_pg_fields, df, encode_recordbatch};
use datafusion_postgres::hooks::HookClient;
use datafusion_postgres::hooks::set_show::SetShowHook;
use datafusion_postgres::hooks::transactions::TransactionStatementHook;
use datafusion_postgres::pgwire::api::ClientInfo;
use datafusion_postgres::pgwire::api::portal::{Format, Portal};
use datafusion_postgres::pgwire::api::query::ExtendedQueryHandler;
use datafusion_postgres::pgwire::api::results::{QueryResponse, Response, Tag};
use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use datafusion_postgres::pgwire::types::format::FormatOptions;
use datafusion_postgres::{DfSessionService, Parser, QueryHook};
use futures::{StreamExt, stream};

use crate::error::Error;
use crate::questions::{Answer, Guest, Session, allowed, refuse_text};

/// A statement as the protocol keeps it between its messages.
type DfStatement = <DfSessionService as ExtendedQueryHandler>::Statement;

/// Settings that clients ask for when they connect.
const SHOWN: &[&str] = &[
    "time zone",
    "timezone",
    "server_version",
    "transaction_isolation",
    "transaction isolation level",
    "statement_timeout",
    "datestyle",
    "intervalstyle",
    "bytea_output",
    "application_name",
    "extra_float_digits",
    "search_path",
    "standard_conforming_strings",
    "client_encoding",
];

/// An error as PostgreSQL's clients show it.
pub(super) fn told(error: &Error) -> PgWireError {
    let code = match error {
        Error::Refused { .. } => "42501",  // insufficient_privilege
        Error::Limit { .. } => "54000",    // program_limit_exceeded
        Error::Withheld(_) => "53400",     // configuration_limit_exceeded
        Error::Question { .. } => "42000", // syntax_error_or_access_rule_violation
        Error::Away { .. } | Error::ClusterAway => "57P03", // cannot_connect_now
        _ => "XX000",                      // internal_error
    };
    PgWireError::UserError(Box::new(ErrorInfo::new(
        "ERROR".to_owned(),
        code.to_owned(),
        error.to_string(),
    )))
}

/// Handles one connection's statements.
pub(super) struct Statements {
    guest: Arc<Guest>,
    /// Knows the protocol's ways of parsing and describing; its own way of running is not used.
    service: DfSessionService,
}

impl Statements {
    pub(super) fn new(guest: Arc<Guest>) -> Self {
        let context = Arc::new(guest.session.context().clone());
        let hooks: Vec<Arc<dyn QueryHook>> = vec![Arc::new(Gate(guest.session.clone()))];
        Self {
            guest,
            service: DfSessionService::new_with_hooks(context, hooks),
        }
    }

    async fn respond(
        &self,
        plan: LogicalPlan,
        format: &Format,
        options: FormatOptions,
    ) -> PgWireResult<Response> {
        let answer = self
            .guest
            .answer(plan)
            .await
            .map_err(|error| told(&error))?;
        encode(answer, format, options).map(Response::Query)
    }

    async fn simple(
        &self,
        statement: &Statement,
        client: &mut dyn HookClient,
    ) -> PgWireResult<Response> {
        if let Some(response) = settled(statement, &self.guest.session, client).await {
            return response;
        }
        let plan = planned(&self.guest.session, statement)
            .await
            .map_err(|error| told(&error))?;
        let options = FormatOptions::from_client_metadata(client.metadata());
        self.respond(plan, &Format::UnifiedText, options).await
    }
}

/// A statement that needs no question: settings and transactions, which mean nothing here.
async fn settled(
    statement: &Statement,
    session: &Session,
    client: &mut dyn HookClient,
) -> Option<PgWireResult<Response>> {
    match statement {
        Statement::Set(set) => {
            let named = match set {
                Set::SingleAssignment { variable, .. } => variable.to_string().to_lowercase(),
                _ => String::new(),
            };
            if named.starts_with("datafusion") {
                return Some(Err(told(&Error::Refused {
                    what: format!("SET {named}"),
                })));
            }
            if SHOWN.contains(&named.as_str()) {
                return SetShowHook
                    .handle_simple_query(statement, session.context(), client)
                    .await;
            }
            Some(Ok(Response::Execution(Tag::new("SET")))) // clients set much that means nothing here
        }
        Statement::ShowVariable { variable } => {
            let named = variable
                .iter()
                .map(|word| word.value.to_lowercase())
                .collect::<Vec<_>>()
                .join(" ");
            if SHOWN.contains(&named.as_str()) {
                return SetShowHook
                    .handle_simple_query(statement, session.context(), client)
                    .await;
            }
            Some(Err(told(&Error::Refused {
                what: format!("SHOW {named}"),
            })))
        }
        Statement::StartTransaction { .. }
        | Statement::Commit { .. }
        | Statement::Rollback { .. } => {
            TransactionStatementHook
                .handle_simple_query(statement, session.context(), client)
                .await
        }
        _ => None,
    }
}

/// Understands a statement that must be a question.
async fn planned(session: &Session, statement: &Statement) -> Result<LogicalPlan, Error> {
    allowed(statement)?;
    refuse_text(&statement.to_string())?;
    session
        .plan(Parsed::Statement(Box::new(statement.clone())))
        .await
}

/// Writes an answer's rows as the protocol has them.
fn encode(answer: Answer, format: &Format, options: FormatOptions) -> PgWireResult<QueryResponse> {
    let fields = Arc::new(arrow_schema_to_pg_fields(
        answer.schema(),
        format,
        Some(Arc::new(options)),
    )?);
    let columns = Arc::clone(&fields);
    let rows = answer.flat_map(move |batch| {
        let rows: Vec<_> = match batch {
            Ok(batch) => encode_recordbatch(Arc::clone(&columns), batch).collect(),
            Err(error) => vec![Err(told(&error))],
        };
        stream::iter(rows)
    });
    Ok(QueryResponse::new(fields, rows))
}

impl Statements {
    /// Who asks.
    pub(super) fn guest(&self) -> &Guest {
        &self.guest
    }

    /// The protocol's parser, behind the gate.
    pub(super) fn parser(&self) -> Arc<Parser> {
        self.service.query_parser()
    }

    /// Answers statements in plain text.
    pub(super) async fn query(
        &self,
        client: &mut dyn HookClient,
        query: &str,
    ) -> PgWireResult<Vec<Response>> {
        let statements = self
            .guest
            .session
            .pg_statements(query)
            .map_err(|error| told(&error))?;
        if statements.is_empty() {
            return Ok(vec![Response::EmptyQuery]);
        }
        let mut responses = Vec::new();
        for statement in &statements {
            responses.push(self.simple(statement, client).await?);
        }
        Ok(responses)
    }

    /// Answers a statement that was prepared and bound.
    pub(super) async fn portal(
        &self,
        client: &mut dyn HookClient,
        portal: &Portal<DfStatement>,
    ) -> PgWireResult<Response> {
        let Some((statement, plan)) = &portal.statement.statement.1 else {
            return Ok(Response::EmptyQuery);
        };
        if let Some(response) = settled(statement, &self.guest.session, client).await {
            return response;
        }
        let wrong = |error: datafusion::error::DataFusionError| told(&Error::asked(&error));
        let types = plan.get_parameter_types().map_err(wrong)?;
        let mut names: Vec<&String> = types.keys().collect();
        // $1, $2 … $10: by number, not by letter.
        names.sort_by_key(|name| {
            name.trim_start_matches('$')
                .parse::<usize>()
                .unwrap_or(usize::MAX)
        });
        let types: Vec<Option<&DataType>> =
            names.into_iter().map(|name| types[name].as_ref()).collect();
        let values = df::deserialize_parameters(portal, &types)?;
        let plan = plan
            .clone()
            .replace_params_with_values(&values)
            .map_err(wrong)?;
        let options = FormatOptions::from_client_metadata(client.metadata());
        self.respond(plan, &portal.result_column_format, options)
            .await
    }
}

/// Stands where the protocol's parser would turn any statement into a plan.
struct Gate(Session);

#[async_trait]
impl QueryHook for Gate {
    async fn handle_simple_query(
        &self,
        _: &Statement,
        _: &datafusion::prelude::SessionContext,
        _: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        Some(Err(told(&Error::Refused {
            what: "this way of asking".to_owned(),
        })))
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        context: &datafusion::prelude::SessionContext,
        client: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        match statement {
            Statement::Set(_) | Statement::ShowVariable { .. } => {
                SetShowHook
                    .handle_extended_parse_query(statement, context, client)
                    .await
            }
            Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. } => {
                TransactionStatementHook
                    .handle_extended_parse_query(statement, context, client)
                    .await
            }
            _ => Some(
                planned(&self.0, statement)
                    .await
                    .map_err(|error| told(&error)),
            ),
        }
    }

    async fn handle_extended_query(
        &self,
        _: &Statement,
        _: &LogicalPlan,
        _: &datafusion::common::ParamValues,
        _: &datafusion::prelude::SessionContext,
        _: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        Some(Err(told(&Error::Refused {
            what: "this way of asking".to_owned(),
        })))
    }
}
