//! What is no question, and what is too much of one.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::common::TableReference;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SQLOptions;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Query, Statement as Sql, Visit, Visitor, visit_relations};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::limits::{
    QUESTION_BYTES_MAX, QUESTION_NODES_MAX, QUESTION_OPERATORS_MAX, QUESTION_TABLES_MAX,
    QUESTION_TOKENS_MAX,
};
use crate::error::Error;

/// The table of information_schema with the engine's settings, among them folders.
const SETTINGS: &str = "df_settings";

/// Functions that make a large value out of small ones, past the limit on memory.
pub(crate) const REFUSED_FUNCTIONS: &[&str] = &[
    "repeat",
    "lpad",
    "rpad",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "range",
    "generate_series",
    "gen_series",
];

fn limit(name: &'static str, message: String) -> Error {
    Error::Limit { name, message }
}

/// Looks at the text before anything is built of it.
pub(crate) fn text(question: &str) -> Result<(), Error> {
    if question.len() > QUESTION_BYTES_MAX {
        let message = format!(
            "the question has {} bytes; {QUESTION_BYTES_MAX} at most",
            question.len()
        );
        return Err(limit("QUESTION_BYTES_MAX", message));
    }
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, question).tokenize();
    let tokens = tokens.map_err(|error| Error::Question {
        message: error.to_string(),
    })?;
    let words = tokens
        .iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .count();
    if words > QUESTION_TOKENS_MAX {
        let message =
            format!("the question has {words} words and signs; {QUESTION_TOKENS_MAX} at most");
        return Err(limit("QUESTION_TOKENS_MAX", message));
    }
    let operators = tokens.iter().filter(|token| operator(token)).count();
    if operators > QUESTION_OPERATORS_MAX {
        let message = format!(
            "the question has {operators} operators; {QUESTION_OPERATORS_MAX} at most (a list after IN needs none)"
        );
        return Err(limit("QUESTION_OPERATORS_MAX", message));
    }
    Ok(())
}

/// Whether a word or sign may make an expression or plan one level deeper.
fn operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::UNION
                | Keyword::INTERSECT
                | Keyword::EXCEPT
                | Keyword::JOIN
                | Keyword::AT
                | Keyword::COLLATE
                | Keyword::BETWEEN
        ),
        Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::SemiColon
        | Token::EOF
        | Token::RParen
        | Token::RBracket
        | Token::RBrace
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::NationalStringLiteral(_) => false,
        // A parenthesis is counted by the parser, which has a limit of its own.
        Token::LParen => false,
        _ => true,
    }
}

/// Whether a statement only asks. The error names what it does instead.
pub(crate) fn statement(statement: &Statement) -> Result<(), Error> {
    let refused = |what: &str| {
        Err(Error::Refused {
            what: what.to_owned(),
        })
    };
    match statement {
        Statement::Statement(sql) => allowed(sql),
        Statement::Explain(explain) => match explain.statement.as_ref() {
            Statement::Explain(_) => refused("EXPLAIN of EXPLAIN"),
            inner => self::statement(inner),
        },
        Statement::CopyTo(_) => refused("COPY"),
        Statement::CreateExternalTable(_) => refused("CREATE EXTERNAL TABLE"),
        Statement::Reset(_) => refused("RESET"),
    }
}

/// The same, of standard SQL.
pub(crate) fn allowed(sql: &Sql) -> Result<(), Error> {
    match sql {
        Sql::Query(query) => expansion(query),
        Sql::ExplainTable { .. } | Sql::ShowTables { .. } | Sql::ShowColumns { .. } => Ok(()),
        Sql::Explain { statement, .. } => allowed(statement),
        other => {
            let text = other.to_string();
            let words: Vec<&str> = text.split_whitespace().take(2).collect();
            let what = words
                .join(" ")
                .chars()
                .take(60)
                .collect::<String>()
                .to_uppercase();
            Err(Error::Refused { what })
        }
    }
}

/// How often the parts of a WITH are worked out: each name stands for all of its text, so a chain in
/// which each part names the one before twice would be endless.
fn expansion(query: &Query) -> Result<(), Error> {
    let too_much = |message: String| Err(limit("QUESTION_NODES_MAX", message));
    let mut weights: HashMap<String, u64> = HashMap::new();
    let weigh = |query: &Query, weights: &HashMap<String, u64>| {
        let mut sum = 1_u64;
        let _ = visit_relations(query, |name| {
            sum = sum.saturating_add(weights.get(&plain(name)).copied().unwrap_or(1));
            ControlFlow::<()>::Continue(())
        });
        sum
    };
    for part in query.with.iter().flat_map(|with| &with.cte_tables) {
        let weight = weigh(&part.query, &weights);
        weights.insert(plain(&part.alias.name), weight);
    }
    let weight = weigh(query, &weights);
    if weight > QUESTION_NODES_MAX as u64 {
        return too_much(format!(
            "the parts of WITH would be worked out {weight} times; {QUESTION_NODES_MAX} at most"
        ));
    }
    let mut inner = Inner(Vec::new());
    let _ = query.visit(&mut inner);
    let top = query.with.as_ref().map_or(0, |with| with.cte_tables.len());
    if inner.0.len() == top {
        return Ok(());
    }
    // Of a WITH within a part, each name may be used once: then nothing grows.
    let mut uses: HashMap<String, u64> = HashMap::new();
    let _ = visit_relations(query, |name| {
        *uses.entry(plain(name)).or_default() += 1;
        ControlFlow::<()>::Continue(())
    });
    let twice = inner
        .0
        .iter()
        .find(|name| !weights.contains_key(*name) && uses.get(*name).is_some_and(|uses| *uses > 1));
    match twice {
        Some(name) => too_much(format!(
            "`{name}` stands in an inner WITH and is used more than once; write it in the WITH at the beginning"
        )),
        None => Ok(()),
    }
}

/// A name without quotes and case, so that none hides behind them.
fn plain(name: &impl ToString) -> String {
    name.to_string().replace('"', "").to_lowercase()
}

/// Collects the names of all WITHs.
struct Inner(Vec<String>);

impl Visitor for Inner {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let parts = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(parts.map(|part| plain(&part.alias.name)));
        ControlFlow::Continue(())
    }
}

/// Whether a plan only reads what is in the catalogue, and not too much of it.
pub(crate) fn plan(plan: &LogicalPlan) -> Result<(), Error> {
    let mut tables = 0;
    let mut nodes = 0;
    let mut waiting = vec![plan];
    while let Some(plan) = waiting.pop() {
        nodes += 1;
        if nodes > QUESTION_NODES_MAX {
            let message = format!(
                "the question has more than {QUESTION_NODES_MAX} steps; a WITH that is used often counts each time"
            );
            return Err(limit("QUESTION_NODES_MAX", message));
        }
        if let LogicalPlan::TableScan(scan) = plan {
            tables += 1;
            settings(&scan.table_name)?;
        }
        waiting.extend(plan.inputs());
    }
    if tables > QUESTION_TABLES_MAX {
        let message = format!(
            "the question names {tables} tables; {QUESTION_TABLES_MAX} at most, each time counted"
        );
        return Err(limit("QUESTION_TABLES_MAX", message));
    }
    let only_read = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    only_read
        .verify_plan(plan)
        .map_err(|error| Error::Refused {
            what: error.strip_backtrace(),
        })?;
    let mut wrong = Ok(());
    let visited = plan.apply_with_subqueries(|plan| {
        if let LogicalPlan::TableScan(scan) = plan {
            wrong = std::mem::replace(&mut wrong, Ok(())).and_then(|()| settings(&scan.table_name));
        }
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    });
    visited.map_err(|error| Error::asked(&error))?;
    wrong
}

fn settings(table: &TableReference) -> Result<(), Error> {
    if table.table().eq_ignore_ascii_case(SETTINGS) {
        return Err(Error::Refused {
            what: format!("reading {table}"),
        });
    }
    Ok(())
}
