//! From a caller of the exchange to a session of the lake, and from what it reads to the ledger.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use city::kinds::{Role, Use};
use decide::definitions::fields_of;
use lake::{Lake, Read, Session, TableGrant, Who};
use pool::exchange::{Ask, Basis, Caller, Denial, Entry, Exchange, Transfer};
use pool::{Moment, Table};

/// The way that stands in the ledger.
const WAY: &str = "query";

/// Why a question is not asked.
#[derive(Debug, thiserror::Error)]
pub enum Unasked {
    /// The exchange says no.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The lake cannot.
    #[error(transparent)]
    Lake(#[from] lake::Error),
}

/// Who reads, as it stands in the ledger.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The client, or who sits at the machine.
    pub client: String,
    /// The department.
    pub department: String,
    /// For what.
    pub purpose: String,
    /// A case number or the like.
    pub reference: Option<String>,
    /// The SHA-256 of what proves it.
    pub evidence: [u8; 32],
}

impl From<&Caller> for Reader {
    fn from(caller: &Caller) -> Self {
        Self {
            client: caller.client.id.to_string(),
            department: caller.client.department.to_string(),
            purpose: caller.purpose.to_string(),
            reference: caller.reference.as_deref().map(str::to_owned),
            evidence: caller.evidence,
        }
    }
}

/// Opens sessions for callers of the exchange.
#[derive(Clone, Debug)]
pub struct Asker {
    exchange: Arc<Exchange>,
    lake: Arc<Lake>,
}

impl Asker {
    /// Over an exchange and a lake of the same pool.
    pub fn new(exchange: Arc<Exchange>, lake: Arc<Lake>) -> Self {
        Self { exchange, lake }
    }

    /// The exchange.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// What agreements let a department ask for a purpose.
    pub fn grants(&self, department: &str, purpose: &str) -> Vec<TableGrant> {
        let compiled = self.exchange.compiled();
        let ask = Ask {
            consumer: department,
            usage: Use::Query,
            purpose,
            fields: None,
            now: self.exchange.now(),
        };
        let mut grants = Vec::new();
        for offer in compiled.grants.offers() {
            let Ok(granted) = offer.authorise(&ask) else {
                continue;
            };
            let Basis::Agreement(grant) = &granted.basis else {
                continue; // its own, or shared with all: the lake knows those
            };
            let rows = match &grant.rows_text {
                Some(text) => match condition(text, &offer.table) {
                    Ok(sql) => Some(sql),
                    Err(reason) => {
                        tracing::error!(agreement = %grant.agreement, reason, "the row filter cannot be used; the agreement grants nothing");
                        continue;
                    }
                },
                None => None,
            };
            grants.push(TableGrant {
                table: offer.table.name(),
                fields: offer.names_of(&granted.fields),
                rows,
                agreement: grant.agreement.to_string(),
            });
        }
        grants
    }

    /// The session of a caller; of the records as they were at `as_of`, if it is given.
    ///
    /// # Errors
    /// When the caller's system does not ask questions, or the lake cannot be used.
    pub async fn session(
        &self,
        caller: &Caller,
        as_of: Option<Moment>,
    ) -> Result<Session, Unasked> {
        if !caller.client.may(Role::Query) {
            return Err(Denial::Role {
                client: caller.client.id.to_string(),
                role: WAY,
            }
            .into());
        }
        let who = Who {
            department: caller.client.department.to_string(),
            purpose: caller.purpose.to_string(),
            client: caller.client.id.to_string(),
            admin: false,
        };
        let grants = self.grants(&who.department, &who.purpose);
        Ok(self.lake.session_as_of(who, grants, as_of).await?)
    }

    /// Writes what a question reads into the ledger, and waits until it is durable. How many
    /// records went into an answer is not known then, and stands as 0.
    ///
    /// # Errors
    /// When the ledger does not take it; then the question must not be answered.
    pub async fn record(&self, reader: &Reader, reads: &[Read]) -> Result<(), Denial> {
        let entries: Vec<Vec<u8>> = reads
            .iter()
            .flat_map(|read| self.entries(reader, read))
            .collect();
        if entries.is_empty() {
            return Ok(());
        }
        match self.exchange.ledger().append_many(entries).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Denial::Ledger(error.to_string())),
        }
    }

    /// One entry for each agreement by which a dataset is read.
    fn entries(&self, reader: &Reader, read: &Read) -> Vec<Vec<u8>> {
        let (provider, dataset) = read.table.split_once('/').unwrap_or(("", &read.table));
        let version = |agreement: &str| self.version(reader, &read.table, agreement);
        let entry = |reason: &String| {
            let agreement = match reason.as_str() {
                "its own" => "own",
                "shared with all" => "unconditional",
                agreement => agreement,
            };
            let entry = Entry::Transfer(Transfer {
                at: self.exchange.now().0,
                client: reader.client.clone(),
                consumer: reader.department.clone(),
                provider: provider.to_owned(),
                dataset: dataset.to_owned(),
                way: WAY.to_owned(),
                fields: read.fields.clone(),
                subject: None,
                purpose: reader.purpose.clone(),
                reference: reader.reference.clone(),
                agreement: agreement.to_owned(),
                agreement_version: version(agreement),
                records: 0,
                evidence: URL_SAFE_NO_PAD.encode(reader.evidence),
            });
            entry.to_bytes()
        };
        read.reasons.iter().map(entry).collect()
    }

    /// The version of the agreement under which a table is read.
    fn version(&self, reader: &Reader, table: &str, agreement: &str) -> Option<String> {
        let compiled = self.exchange.compiled();
        let offer = compiled.grants.offer(compiled.tables.get(table)?.id)?;
        let ask = Ask {
            consumer: &reader.department,
            usage: Use::Query,
            purpose: &reader.purpose,
            fields: None,
            now: self.exchange.now(),
        };
        let granted = offer.authorise(&ask).ok()?;
        (granted.basis.name() == agreement).then(|| granted.basis.version().map(str::to_owned))?
    }
}

/// An agreement's row filter as SQL over the table's fields.
fn condition(text: &str, table: &Table) -> Result<String, String> {
    let rule = decide::Rule::condition(text, &fields_of(&table.definition));
    let rule = rule.map_err(|faults| {
        faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    })?;
    Ok(decide::to_sql(&rule, |field| {
        format!("\"{}\"", field.replace('"', "\"\""))
    }))
}
