//! Datasets that are read as a whole, by questions in SQL and in bulk: under which agreements, what
//! it takes out of their rates, and how it is recorded.
//!
//! What is read goes through a session of the lake. This is told what a session reads and how many
//! records are about to leave, and says yes once that is charged and durable. An agreement that was
//! revoked or changed since a session was opened ends the session's reading with its next question.

use std::sync::Arc;

use city::kinds::Use;

use super::calls::{About, Exchange, Prepared, Whom};
use super::denial::{Denial, use_word};
use super::entry::{Entry, Transfer, evidence_text};
use super::grants::{Ask, Basis, Grant, Offer};
use super::tokens::Caller;
use crate::clock::Moment;

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

impl Reader {
    fn ask(&self, usage: Use, now: Moment) -> Ask<'_> {
        Ask {
            consumer: &self.department,
            usage,
            purpose: &self.purpose,
            fields: None,
            now,
        }
    }
}

/// A dataset, and all the agreements by which a department may read it in one way.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The dataset.
    pub offer: Arc<Offer>,
    /// The agreements; one at least.
    pub grants: Vec<Arc<Grant>>,
}

/// What is read of a dataset, and on which grounds.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The dataset.
    pub offer: Arc<Offer>,
    /// The fields, by name.
    pub fields: Vec<String>,
    /// The grounds, each of which lets some of it be seen.
    pub bases: Vec<Basis>,
}

impl Reading {
    /// The fields that one ground lets be seen.
    fn fields_by(&self, basis: &Basis) -> Vec<String> {
        let granted = match basis {
            Basis::Own | Basis::Bureau => return self.fields.clone(),
            Basis::Unconditional(_) => self.offer.names_of(&self.offer.open),
            Basis::Agreement(grant) => self.offer.names_of(&grant.fields),
        };
        let seen = self.fields.iter().filter(|field| granted.contains(field));
        seen.cloned().collect()
    }
}

impl Exchange {
    /// The datasets that agreements let a department read in a way, for a purpose.
    pub fn agreed(&self, department: &str, purpose: &str, usage: Use) -> Vec<Agreed> {
        let ask = Ask {
            consumer: department,
            usage,
            purpose,
            fields: None,
            now: self.now(),
        };
        let compiled = self.compiled();
        let mut agreed: Vec<Agreed> = compiled
            .grants
            .offers()
            .map(|offer| Agreed {
                offer: Arc::clone(offer),
                grants: offer.covering(&ask).cloned().collect(),
            })
            .filter(|agreed| !agreed.grants.is_empty())
            .collect();
        agreed.sort_unstable_by(|a, b| a.offer.name.cmp(&b.offer.name));
        agreed
    }

    /// The agreements by which a department may take one dataset in bulk, for a purpose.
    ///
    /// # Errors
    /// [`Denial::Dataset`]; [`Denial::Agreement`] with what is missing and whom to ask. Both are
    /// recorded like other denials.
    pub async fn agreed_in_bulk(&self, reader: &Reader, dataset: &str) -> Result<Agreed, Denial> {
        let ask = reader.ask(Use::Bulk, self.now());
        let compiled = self.compiled();
        let agreed = compiled.offer(dataset).and_then(|offer| {
            let grants: Vec<Arc<Grant>> = offer.covering(&ask).cloned().collect();
            match offer.authorise(&ask) {
                Err(denial) => Err(denial),
                Ok(_) if grants.is_empty() => Err(Denial::Request(format!(
                    "`{}` holds `{dataset}` itself: there is no agreement to read it by",
                    reader.department
                ))),
                Ok(_) => Ok(Agreed {
                    offer: Arc::clone(offer),
                    grants,
                }),
            }
        });
        match agreed {
            Ok(agreed) => Ok(agreed),
            Err(denial) => Err(self.deny(reader, Use::Bulk, dataset, denial).await),
        }
    }

    /// Begins to read: takes a call out of the rate of each agreement, if all of them are still in
    /// force as they were when the session was opened.
    ///
    /// # Errors
    /// [`Denial::Agreement`], [`Denial::Rate`] and [`Denial::Quota`], recorded; [`Denial::Request`].
    pub async fn begin_reading(
        &self,
        reader: &Reader,
        usage: Use,
        readings: &[Reading],
    ) -> Result<(), Denial> {
        let now = self.now();
        let compiled = self.compiled();
        for reading in readings {
            let begun = still_in_force(reader, usage, reading, &compiled, now).and_then(|()| {
                let mut bases = reading.bases.iter();
                bases.try_for_each(|basis| compiled.charge_call(basis, now))
            });
            if let Err(denial) = begun {
                return Err(self.deny(reader, usage, &reading.offer.name, denial).await);
            }
        }
        Ok(())
    }

    /// Takes records that are about to leave out of the rates, and waits until the ledger has them
    /// on the disk: one entry for each agreement. An answer's rows are made of records of all its
    /// datasets together, so each agreement is charged with all of them.
    ///
    /// # Errors
    /// When a rate is used up, or the ledger does not take it; then they must not leave.
    pub async fn disclose(
        &self,
        reader: &Reader,
        usage: Use,
        readings: &[Reading],
        records: u64,
    ) -> Result<(), Denial> {
        let now = self.now();
        let compiled = self.compiled();
        let count = usize::try_from(records).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        for reading in readings {
            for basis in &reading.bases {
                if let Err(denial) = compiled.charge_records(basis, count, now) {
                    return Err(self.deny(reader, usage, &reading.offer.name, denial).await);
                }
                entries.push(entry(reader, usage, reading, basis, records, now));
            }
        }
        self.record(Prepared::of(Ok(()), entries)).await
    }

    /// Records a denial, and hands it back.
    async fn deny(&self, reader: &Reader, usage: Use, dataset: &str, denial: Denial) -> Denial {
        let whom = Whom {
            client: &reader.client,
            consumer: &reader.department,
            purpose: &reader.purpose,
            reference: reader.reference.as_deref(),
            evidence: &reader.evidence,
        };
        let compiled = self.compiled();
        let name = compiled.offer(dataset).ok().map(|offer| &*offer.name);
        let about = About {
            way: use_word(usage),
            dataset: name,
            subject: None,
        };
        let entries = self.denied_to(Some(whom), None, &denial, about);
        let refused = Prepared::<()>::of(Err(denial.clone()), entries);
        // What was denied stays so.
        self.record(refused).await.err().unwrap_or(denial)
    }
}

/// Whether the agreements of a reading are those that are in force.
fn still_in_force(
    reader: &Reader,
    usage: Use,
    reading: &Reading,
    compiled: &super::compiled::Compiled,
    now: Moment,
) -> Result<(), Denial> {
    let offer = compiled.offer(&reading.offer.name)?;
    let ask = reader.ask(usage, now);
    for basis in &reading.bases {
        let Basis::Agreement(held) = basis else {
            continue;
        };
        let same = |grant: &Arc<Grant>| {
            (&grant.agreement, &grant.version) == (&held.agreement, &held.version)
        };
        if offer.covering(&ask).any(same) {
            continue;
        }
        // Nothing covers it any more, or something else does.
        offer.authorise(&ask)?;
        return Err(Denial::Request(format!(
            "the agreement `{}` has changed since the session was opened; open another",
            held.agreement
        )));
    }
    Ok(())
}

fn entry(
    reader: &Reader,
    usage: Use,
    reading: &Reading,
    basis: &Basis,
    records: u64,
    now: Moment,
) -> Vec<u8> {
    let table = &reading.offer.table;
    Entry::Transfer(Transfer {
        at: now.0,
        client: reader.client.clone(),
        consumer: reader.department.clone(),
        provider: table.department.clone(),
        dataset: table.dataset.clone(),
        way: use_word(usage).to_owned(),
        fields: reading.fields_by(basis),
        subject: None,
        purpose: reader.purpose.clone(),
        reference: reader.reference.clone(),
        agreement: basis.name().to_owned(),
        agreement_version: basis.version().map(str::to_owned),
        records,
        evidence: evidence_text(&reader.evidence),
    })
    .to_bytes()
}
