//! One record by its key, or the records of one subject.

use std::borrow::Cow;
use std::sync::Arc;

use city::kinds::Use;

use super::calls::{About, Exchange, Prepared, Recorded};
use super::compiled::{Compiled, check_role, subject_of, subject_word};
use super::denial::{Denial, use_word};
use super::disclosure::Disclosure;
use super::entry::Facts;
use super::grants::{Ask, Granted, Offer};
use super::key;
use super::requests::{FIELDS_NAMED_MAX, LookUp, RECORDS_MAX, SUBJECT_BYTES_MAX};
use super::tokens::Caller;
use crate::clock::Moment;
use crate::pool::Record;
use crate::value::Value;

/// What was found, before anything is recorded or answered.
pub(super) struct Found {
    pub(super) offer: Arc<Offer>,
    pub(super) granted: Granted,
    pub(super) records: Vec<Record>,
    pub(super) truncated: bool,
    /// Whom it was about, if that is known.
    pub(super) subject: Option<String>,
}

/// By what records are looked up.
pub(super) enum By<'a> {
    Key(Vec<Value>),
    Subject(Cow<'a, str>),
}

impl Recorded for Disclosure {
    fn recorded(&mut self, first: u64) {
        self.entry = first;
    }
}

impl Exchange {
    /// Answers a look-up, once the ledger has it on the disk.
    ///
    /// # Errors
    /// Why not, with what is missing and whom to ask.
    pub async fn look_up(&self, caller: &Caller, ask: &LookUp) -> Result<Disclosure, Denial> {
        self.record(self.prepare_look_up(caller, ask)).await
    }

    /// The same, waiting on the thread.
    ///
    /// # Errors
    /// As [`Exchange::look_up`].
    pub fn look_up_wait(&self, caller: &Caller, ask: &LookUp) -> Result<Disclosure, Denial> {
        self.record_wait(self.prepare_look_up(caller, ask))
    }

    /// Checks, reads and prepares the ledger's entry without writing it, and says how many bytes it
    /// would have: what a look-up costs without the disk, for the benchmark.
    ///
    /// # Errors
    /// As [`Exchange::look_up`].
    pub fn rehearse(&self, caller: &Caller, ask: &LookUp) -> Result<usize, Denial> {
        let prepared = self.prepare_look_up(caller, ask);
        prepared.answer.map(|answer| {
            answer.records.len() + prepared.entries.iter().map(Vec::len).sum::<usize>()
        })
    }

    fn prepare_look_up(&self, caller: &Caller, ask: &LookUp) -> Prepared<Disclosure> {
        let now = self.clock.now();
        let compiled = self.compiled();
        let found = self.find(&compiled, caller, ask, Use::LookUp, now);
        self.prepare(caller, found, ask, use_word(Use::LookUp), now)
    }

    /// The answer and the entry about it, or the denial and the entry about that.
    pub(super) fn prepare(
        &self,
        caller: &Caller,
        found: Result<Found, Denial>,
        ask: &LookUp,
        way: &'static str,
        now: Moment,
    ) -> Prepared<Disclosure> {
        match found {
            Ok(found) => {
                let entry = self.entry(
                    caller,
                    &found.offer,
                    &found.granted,
                    found.subject.as_deref(),
                    found.records.len(),
                    way,
                    now,
                );
                let Found {
                    offer,
                    granted,
                    records,
                    truncated,
                    ..
                } = found;
                let purpose = caller.purpose.clone();
                let answer = Disclosure {
                    offer,
                    granted,
                    records,
                    truncated,
                    purpose,
                    at: now,
                    entry: 0,
                };
                Prepared::of(Ok(answer), vec![entry])
            }
            Err(denial) => {
                let compiled = self.compiled();
                let offer = compiled.offer(&ask.dataset).ok();
                let subject = offer.zip(ask.subject.as_deref()).map(|(offer, subject)| {
                    self.subjects
                        .token(subject_word(offer.table.definition.subject), subject)
                });
                let about = About {
                    way,
                    dataset: offer.map(|offer| &*offer.name),
                    subject: subject.as_ref(),
                };
                let entries = self.denied(Some(caller), None, &denial, about);
                Prepared::of(Err(denial), entries)
            }
        }
    }

    /// The ledger's entry about a transfer.
    #[expect(
        clippy::too_many_arguments,
        reason = "the facts of a transfer, each of another kind"
    )]
    pub(super) fn entry(
        &self,
        caller: &Caller,
        offer: &Offer,
        granted: &Granted,
        subject: Option<&str>,
        records: usize,
        way: &str,
        now: Moment,
    ) -> Vec<u8> {
        let subject = subject.map(|subject| {
            self.subjects
                .token(subject_word(offer.table.definition.subject), subject)
        });
        let names = &offer.names;
        let fields = &mut granted
            .fields
            .iter()
            .filter_map(|at| names.get(at).map(String::as_str));
        Facts {
            at: now,
            client: &caller.client.id,
            consumer: &caller.client.department,
            provider: &offer.table.department,
            dataset: &offer.table.dataset,
            way,
            fields,
            subject: subject.as_ref().map(ledger::SubjectToken::as_str),
            purpose: &caller.purpose,
            reference: caller.reference.as_deref(),
            agreement: granted.basis.name(),
            agreement_version: granted.basis.version(),
            records: records as u64,
            evidence: &caller.evidence,
        }
        .into_bytes()
    }

    /// Checks and reads.
    pub(super) fn find(
        &self,
        compiled: &Compiled,
        caller: &Caller,
        ask: &LookUp,
        usage: Use,
        now: Moment,
    ) -> Result<Found, Denial> {
        let (offer, granted) =
            compiled.authorised(caller, &ask.dataset, ask.fields.as_deref(), usage, now)?;
        let by = match (&ask.key, &ask.subject) {
            (Some(key), None) => By::Key(key::read(&offer, key)?),
            (None, Some(subject)) => By::Subject(Cow::Borrowed(checked_subject(subject)?)),
            _ => return Err(Denial::Request("give either `key` or `subject`".to_owned())),
        };
        compiled.charge_call(&granted.basis, now)?;
        let found = self.read(offer, granted, &by, RECORDS_MAX)?;
        compiled.charge_records(&found.granted.basis, found.records.len(), now)?;
        Ok(found)
    }

    /// Reads the records that may be read.
    pub(super) fn read(
        &self,
        offer: Arc<Offer>,
        granted: Granted,
        by: &By<'_>,
        limit: usize,
    ) -> Result<Found, Denial> {
        let table = &offer.table;
        let failed = |error: crate::Error| {
            tracing::error!(%error, table = %offer.name, "records could not be read");
            Denial::Storage(error.to_string())
        };
        let mut records = match by {
            By::Key(key) => self
                .pool
                .get(table, key)
                .map_err(failed)?
                .into_iter()
                .collect(),
            By::Subject(subject) => self
                .pool
                .of_subject(table, subject, limit + 1)
                .map_err(failed)?,
        };
        let truncated = records.len() > limit;
        records.truncate(limit);
        let subject = match by {
            By::Subject(subject) => Some(subject.to_string()),
            By::Key(key) => match records.first() {
                Some(record) => Some(subject_of(table, &record.values).into_owned()),
                None => in_key(&offer, key),
            },
        };
        if let Some(rows) = granted.basis.rows() {
            records.retain(|record| rows.admit(&record.values));
        }
        Ok(Found {
            offer,
            granted,
            records,
            truncated,
            subject,
        })
    }
}

impl Compiled {
    /// Whether and how a dataset may be read; nothing is taken out of the rate yet.
    pub(super) fn authorised(
        &self,
        caller: &Caller,
        dataset: &str,
        fields: Option<&[String]>,
        usage: Use,
        now: Moment,
    ) -> Result<(Arc<Offer>, Granted), Denial> {
        check_role(caller, usage)?;
        let offer = self.offer(dataset)?;
        let fields = match fields {
            Some([]) => {
                return Err(Denial::Request(
                    "`fields` must name one field at least, or be left out".to_owned(),
                ));
            }
            Some(names) if names.len() > FIELDS_NAMED_MAX => {
                return Err(Denial::Request(format!(
                    "`fields` names {} fields; {FIELDS_NAMED_MAX} are allowed",
                    names.len()
                )));
            }
            Some(names) => Some(offer.fields(names.iter().map(String::as_str))?),
            None => None,
        };
        let granted = offer.authorise(&Ask {
            consumer: &caller.client.department,
            usage,
            purpose: &caller.purpose,
            fields: fields.as_ref(),
            now,
        })?;
        Ok((Arc::clone(offer), granted))
    }
}

/// The subject, if the key holds it.
fn in_key(offer: &Offer, key: &[Value]) -> Option<String> {
    let at = offer
        .table
        .key
        .iter()
        .position(|&at| at == offer.table.subject)?;
    key.get(at).map(ToString::to_string)
}

pub(super) fn checked_subject(subject: &str) -> Result<&str, Denial> {
    if (1..=SUBJECT_BYTES_MAX).contains(&subject.len()) {
        return Ok(subject);
    }
    Err(Denial::Request(format!(
        "`subject` has {} bytes; it must have 1 to {SUBJECT_BYTES_MAX}",
        subject.len()
    )))
}
