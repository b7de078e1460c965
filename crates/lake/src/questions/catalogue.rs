//! The catalogue of one session: a schema for each department, and in it what the session sees.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use pool::Moment;

use super::guard::Guard;
use super::records::Records;
use super::sight::Sight;
use super::token::Tokens;
use crate::error::Error;
use crate::lake::Lake;

/// The schema with views over all datasets.
pub(crate) const SYSTEM: &str = "pool";
/// The view that counts all records by dataset and status.
pub(crate) const RECORDS: &str = "records";

/// A department's or dataset's name in SQL.
pub(crate) fn sql_name(id: &str) -> String {
    id.replace('-', "_")
}

/// A table that may be seen; opened when it is named.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) sight: Sight,
    pub(crate) filters: Vec<Option<Expr>>,
}

/// What all tables of a session share.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) lake: Arc<Lake>,
    pub(crate) tokens: Tokens,
    pub(crate) as_of: Option<Moment>,
    pub(crate) in_force: Option<Expr>,
    /// Whether questions are worked out in other processes.
    pub(crate) spread: bool,
}

impl Common {
    /// The guard of a table.
    pub(crate) async fn guard(&self, entry: &Entry) -> Result<Guard> {
        let name = entry.sight.table.name();
        let held = self.lake.held(&name).await.map_err(|error| {
            tracing::error!(table = name, %error, "history cannot be opened");
            Error::away(name)
        })?;
        Ok(Guard {
            lake: Arc::clone(&self.lake),
            held,
            filters: entry.filters.clone(),
            in_force: self.in_force.clone(),
            as_of: self.as_of,
            tokens: self.tokens,
            schema: entry.sight.schema(self.spread),
            sight: entry.sight.clone(),
        })
    }
}

/// The datasets of one department, as far as they may be seen.
#[derive(Debug)]
pub(crate) struct Department {
    pub(crate) common: Common,
    /// By name in SQL.
    pub(crate) tables: BTreeMap<String, Entry>,
}

#[async_trait]
impl SchemaProvider for Department {
    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.tables.get(name) {
            Some(entry) => Ok(Some(Arc::new(self.common.guard(entry).await?))),
            None => Ok(None),
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
}

/// The views over all datasets.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) common: Common,
    pub(crate) entries: Arc<Vec<Entry>>,
}

#[async_trait]
impl SchemaProvider for System {
    fn table_names(&self) -> Vec<String> {
        vec![RECORDS.to_owned()]
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if name != RECORDS {
            return Ok(None);
        }
        Ok(Some(Arc::new(Records::new(
            self.common.clone(),
            Arc::clone(&self.entries),
        ))))
    }

    fn table_exist(&self, name: &str) -> bool {
        name == RECORDS
    }
}
