//! Accounts for what a session's questions read: rates, and the ledger.

use std::sync::Arc;

use async_trait::async_trait;
use city::kinds::Use;
use lake::{Read, Recorder};
use pool::exchange::{Agreed, Basis, Denial, Exchange, Offer, Reader, Reading};

type Reason = Box<dyn std::error::Error + Send + Sync>;

/// The account of one session.
pub(super) struct Book {
    pub(super) exchange: Arc<Exchange>,
    pub(super) reader: Reader,
    /// The agreements with which the session was opened.
    pub(super) agreed: Vec<Agreed>,
}

impl Book {
    fn readings(&self, reads: &[Read]) -> Result<Vec<Reading>, Denial> {
        let compiled = self.exchange.compiled();
        let reading = |read: &Read| {
            let table = compiled.tables.get(&read.table);
            let offer = table.and_then(|table| compiled.grants.offer(table.id));
            let offer = offer.ok_or_else(|| Denial::Dataset {
                dataset: read.table.clone(),
                nearest: None,
            })?;
            let reasons = read.reasons.iter();
            Ok(Reading {
                offer: Arc::clone(offer),
                fields: read.fields.clone(),
                bases: reasons
                    .map(|reason| self.basis(offer, reason))
                    .collect::<Result<_, _>>()?,
            })
        };
        reads.iter().map(reading).collect()
    }

    /// On which ground the session sees a part of a table; the lake names it.
    fn basis(&self, offer: &Offer, reason: &str) -> Result<Basis, Denial> {
        match reason {
            "its own" => return Ok(Basis::Own),
            "the bureau" => return Ok(Basis::Bureau),
            "shared with all" => return Ok(offer.open_to(&self.reader.department)),
            _ => {}
        }
        let agreed = self.agreed.iter().find(|one| one.offer.name == offer.name);
        let grants = agreed.map_or(&[][..], |one| &one.grants);
        let grant = grants.iter().find(|grant| *grant.agreement == *reason);
        // The session was opened with these agreements, so it names no other.
        grant
            .map(|grant| Basis::Agreement(Arc::clone(grant)))
            .ok_or_else(|| Denial::Storage(format!("the session has no agreement `{reason}`")))
    }
}

#[async_trait]
impl Recorder for Book {
    async fn begin(&self, reads: &[Read]) -> Result<(), Reason> {
        let readings = self.readings(reads)?;
        let begun = self
            .exchange
            .begin_reading(&self.reader, Use::Query, &readings);
        Ok(begun.await?)
    }

    async fn record(&self, reads: &[Read], rows: u64) -> Result<(), Reason> {
        let readings = self.readings(reads)?;
        let disclosed = self
            .exchange
            .disclose(&self.reader, Use::Query, &readings, rows);
        disclosed.await?;
        Ok(())
    }
}
