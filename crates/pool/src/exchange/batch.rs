//! Many keys or subjects in one call. Each subject gets a ledger entry of its own, so that one
//! person's can be shown and proven without the others'.

use std::borrow::Cow;
use std::sync::Arc;

use city::kinds::Use;
use rustc_hash::FxHashMap;

use super::calls::{About, Exchange, Prepared, Recorded};
use super::compiled::Compiled;
use super::denial::{Denial, use_word};
use super::disclosure::{write_provenance, write_record};
use super::entry::{digits, itoa_buffer};
use super::grants::{Granted, Offer};
use super::key;
use super::look_up::{By, checked_subject};
use super::requests::{BATCH_MAX, BATCH_RECORDS_MAX, Batch, RECORDS_MAX};
use super::tokens::Caller;
use crate::clock::Moment;
use crate::pool::Record;

/// The answer to a batch.
#[derive(Clone, Debug)]
pub struct BatchDisclosure {
    /// Of which dataset.
    pub offer: Arc<Offer>,
    /// On which ground, and which fields.
    pub granted: Granted,
    /// One for each key or subject that was asked for, in that order.
    pub items: Vec<BatchItem>,
    /// For what.
    pub purpose: Box<str>,
    /// When it was answered.
    pub at: Moment,
}

/// What was found for one key or subject.
#[derive(Clone, Debug)]
pub struct BatchItem {
    /// The records; none, if there is none or it may not be read.
    pub records: Vec<Record>,
    /// Whether there are more than were given.
    pub truncated: bool,
    /// The ledger's entry about it.
    pub entry: u64,
}

impl BatchDisclosure {
    /// As the answer's body.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + self.items.len() * 512);
        out.extend_from_slice(br#"{"items":["#);
        for (at, item) in self.items.iter().enumerate() {
            out.extend_from_slice(if at > 0 {
                br#",{"records":["#
            } else {
                br#"{"records":["#
            });
            for (at, record) in item.records.iter().enumerate() {
                out.extend_from_slice(if at > 0 { b",{" } else { b"{" });
                write_record(&mut out, &self.offer, &self.granted.fields, record);
                out.push(b'}');
            }
            out.extend_from_slice(if item.truncated {
                br#"],"truncated":true"#
            } else {
                br#"],"truncated":false"#
            });
            out.extend_from_slice(br#","ledger":{"entry":"#);
            out.extend_from_slice(digits(&mut itoa_buffer(), item.entry.cast_signed()));
            out.extend_from_slice(b"}}");
        }
        out.extend_from_slice(b"],");
        write_provenance(&mut out, &self.offer, &self.granted, &self.purpose, self.at);
        out.push(b'}');
        out
    }
}

impl Recorded for BatchDisclosure {
    fn recorded(&mut self, first: u64) {
        for item in &mut self.items {
            item.entry += first;
        }
    }
}

impl Exchange {
    /// Answers a batch, once the ledger has an entry for each subject on the disk.
    ///
    /// # Errors
    /// Why not; then nothing of it is answered.
    pub async fn batch(&self, caller: &Caller, ask: &Batch) -> Result<BatchDisclosure, Denial> {
        self.record(self.prepare_batch(caller, ask)).await
    }

    /// The same, waiting on the thread.
    ///
    /// # Errors
    /// As [`Exchange::batch`].
    pub fn batch_wait(&self, caller: &Caller, ask: &Batch) -> Result<BatchDisclosure, Denial> {
        self.record_wait(self.prepare_batch(caller, ask))
    }

    fn prepare_batch(&self, caller: &Caller, ask: &Batch) -> Prepared<BatchDisclosure> {
        let now = self.clock.now();
        let compiled = self.compiled();
        match self.find_batch(&compiled, caller, ask, now) {
            Ok((answer, entries)) => Prepared::of(Ok(answer), entries),
            Err(denial) => {
                let dataset = compiled.offer(&ask.dataset).ok().map(|offer| &*offer.name);
                let about = About {
                    way: use_word(Use::Batch),
                    dataset,
                    subject: None,
                };
                let entries = self.denied(Some(caller), None, &denial, about);
                Prepared::of(Err(denial), entries)
            }
        }
    }

    fn find_batch(
        &self,
        compiled: &Compiled,
        caller: &Caller,
        ask: &Batch,
        now: Moment,
    ) -> Result<(BatchDisclosure, Vec<Vec<u8>>), Denial> {
        let way = use_word(Use::Batch);
        let (offer, granted) =
            compiled.authorised(caller, &ask.dataset, ask.fields.as_deref(), Use::Batch, now)?;
        let asked: Vec<By<'_>> = match (&ask.keys, &ask.subjects) {
            (Some(keys), None) => keys
                .iter()
                .take(BATCH_MAX + 1)
                .map(|one| key::read(&offer, one).map(By::Key))
                .collect::<Result<_, _>>()?,
            (None, Some(subjects)) => {
                let by = |subject: &'_ String| {
                    checked_subject(subject).map(|_| By::Subject(Cow::Owned(subject.clone())))
                };
                subjects
                    .iter()
                    .take(BATCH_MAX + 1)
                    .map(by)
                    .collect::<Result<_, _>>()?
            }
            _ => {
                return Err(Denial::Request(
                    "give either `keys` or `subjects`".to_owned(),
                ));
            }
        };
        if !(1..=BATCH_MAX).contains(&asked.len()) {
            return Err(Denial::Request(format!(
                "a batch has 1 to {BATCH_MAX} keys or subjects"
            )));
        }
        compiled.charge_call(&granted.basis, now)?;
        let mut items = Vec::with_capacity(asked.len());
        // Whose records, each with how many; and where each is in `whose`.
        let mut whose: Vec<(Option<String>, usize)> = Vec::new();
        let mut places: FxHashMap<Option<String>, usize> = FxHashMap::default();
        let mut count = 0;
        for by in &asked {
            let limit = RECORDS_MAX.min(BATCH_RECORDS_MAX - count);
            let found = self.read(Arc::clone(&offer), granted.clone(), by, limit)?;
            count += found.records.len();
            let place = *places.entry(found.subject.clone()).or_insert_with(|| {
                whose.push((found.subject, 0));
                whose.len() - 1
            });
            whose[place].1 += found.records.len();
            items.push(BatchItem {
                records: found.records,
                truncated: found.truncated,
                entry: place as u64,
            });
        }
        compiled.charge_records(&granted.basis, count, now)?;
        let entry = |(subject, count): &(Option<String>, usize)| {
            self.entry(
                caller,
                &offer,
                &granted,
                subject.as_deref(),
                *count,
                way,
                now,
            )
        };
        let entries = whose.iter().map(entry).collect();
        let answer = BatchDisclosure {
            items,
            purpose: caller.purpose.clone(),
            at: now,
            offer,
            granted,
        };
        Ok((answer, entries))
    }
}
