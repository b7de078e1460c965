//! From a bearer and the name of a table to what may be taken of it.

use std::sync::Arc;

use city::kinds::Use;
use lake::Who;
use lake::exports::Wanted;
use pool::exchange::{Agreed, Basis, Denial, Exchange, Reader, Reading, Sharer};

use super::lists::SCHEMA;
use super::problem::SharingProblem;
use super::state::SharingState;
use crate::questions::table_grants;

/// A share, a schema and a table, as a path names them.
pub(super) type TablePath = (String, String, String);

/// What may be taken of a table, on which grounds.
pub(super) struct Taking {
    pub(super) reader: Reader,
    pub(super) agreed: Agreed,
    pub(super) wanted: Wanted,
}

impl Taking {
    /// Of the table that a path names; without an agreement, what is missing.
    pub(super) async fn of_path(
        state: &SharingState,
        sharer: &Sharer,
        (share, schema, table): &TablePath,
    ) -> Result<Self, SharingProblem> {
        let compiled = state.exchange().compiled();
        let named = compiled.tables.iter().find(|known| {
            known.department.eq_ignore_ascii_case(share)
                && known.dataset.eq_ignore_ascii_case(table)
        });
        let named = named.filter(|_| schema.eq_ignore_ascii_case(SCHEMA));
        let Some(named) = named else {
            return Err(SharingProblem::not_found(
                "there is no such table: a share is a department, its schema `default`, its tables are datasets",
            ));
        };
        Ok(Self::of(state.exchange(), sharer, &named.name()).await?)
    }

    /// Of a table, `department/dataset`.
    pub(super) async fn of(
        exchange: &Exchange,
        sharer: &Sharer,
        table: &str,
    ) -> Result<Self, Denial> {
        let reader = Reader::from(&sharer.caller);
        let agreed = exchange.agreed_in_bulk(&reader, table).await?;
        let grants = table_grants(std::slice::from_ref(&agreed));
        let mut terms: Vec<String> = agreed
            .grants
            .iter()
            .map(|grant| format!("{} {}", grant.agreement, grant.version))
            .collect();
        terms.sort_unstable();
        let wanted = Wanted {
            who: Who {
                department: reader.department.clone(),
                purpose: reader.purpose.clone(),
                client: reader.client.clone(),
                admin: false,
            },
            table: table.to_owned(),
            grants,
            terms,
            as_of: None,
            limit: None,
        };
        Ok(Self {
            reader,
            agreed,
            wanted,
        })
    }

    /// What is read of the table.
    fn reading(&self, fields: Vec<String>) -> Reading {
        let grants = self.agreed.grants.iter();
        Reading {
            offer: Arc::clone(&self.agreed.offer),
            fields,
            bases: grants
                .map(|grant| Basis::Agreement(Arc::clone(grant)))
                .collect(),
        }
    }

    /// Takes a call out of the agreements' rates.
    pub(super) async fn begin(&self, exchange: &Exchange) -> Result<(), Denial> {
        let readings = [self.reading(Vec::new())];
        exchange
            .begin_reading(&self.reader, Use::Bulk, &readings)
            .await
    }

    /// Takes records out of the agreements' rates, and waits until the ledger has them.
    pub(super) async fn disclose(
        &self,
        exchange: &Exchange,
        fields: Vec<String>,
        records: u64,
    ) -> Result<(), Denial> {
        let readings = [self.reading(fields)];
        exchange
            .disclose(&self.reader, Use::Bulk, &readings, records)
            .await
    }
}
