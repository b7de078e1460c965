//! Records, and what they refer to in other departments' datasets, in one call.
//!
//! Each step needs an agreement of its own, as if the caller had made the call itself, and has its
//! own ledger entries. A step that is not allowed is answered with its denial and stops that branch
//! alone. Only a field that the caller may see is followed: what it refers to would tell its value.

use std::borrow::Cow;
use std::sync::Arc;

use city::kinds::Use;

use super::calls::{About, Exchange, Prepared, Recorded};
use super::compiled::Compiled;
use super::denial::Denial;
use super::disclosure::{Disclosure, write_value};
use super::look_up::{By, Found};
use super::requests::{Follow, LINK_RECORDS_MAX, Link};
use super::tokens::Caller;
use crate::clock::Moment;
use crate::value::Value;

/// The word for it in the ledger.
const WAY: &str = "link";

/// Records with what they refer to.
#[derive(Clone, Debug)]
pub struct LinkedDisclosure {
    /// The records.
    pub found: Disclosure,
    /// What was followed from them.
    pub links: Vec<Linked>,
}

/// What one value of a reference led to.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The field that refers.
    pub field: String,
    /// Its value.
    pub value: Value,
    /// What it refers to, or why that may not be read.
    pub to: Result<Box<LinkedDisclosure>, Denial>,
}

/// What is left of the call's limits, and the entries so far.
struct Walk<'a> {
    compiled: &'a Compiled,
    caller: &'a Caller,
    now: Moment,
    records_left: usize,
    entries: Vec<Vec<u8>>,
}

impl LinkedDisclosure {
    /// As the answer's body.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(2048);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.found.write(out);
        out.extend_from_slice(br#","links":["#);
        for (at, link) in self.links.iter().enumerate() {
            out.extend_from_slice(if at > 0 {
                br#",{"field":"#
            } else {
                br#"{"field":"#
            });
            super::entry::quote(out, &link.field);
            out.extend_from_slice(br#","value":"#);
            write_value(out, &link.value);
            match &link.to {
                Ok(to) => {
                    out.extend_from_slice(br#","to":"#);
                    to.write(out);
                }
                Err(denial) => {
                    out.extend_from_slice(br#","denied":{"code":"#);
                    super::entry::quote(out, denial.code());
                    out.extend_from_slice(br#","detail":"#);
                    super::entry::quote(out, &denial.to_string());
                    out.push(b'}');
                }
            }
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
    }
}

impl Recorded for LinkedDisclosure {
    fn recorded(&mut self, first: u64) {
        self.found.entry += first;
        for link in &mut self.links {
            if let Ok(to) = &mut link.to {
                to.recorded(first);
            }
        }
    }
}

impl Exchange {
    /// Answers a link, once the ledger has all its transfers on the disk.
    ///
    /// # Errors
    /// Why what it begins with may not be read; denials further on are in the answer.
    pub async fn link(&self, caller: &Caller, ask: &Link) -> Result<LinkedDisclosure, Denial> {
        self.record(self.prepare_link(caller, ask)).await
    }

    /// The same, waiting on the thread.
    ///
    /// # Errors
    /// As [`Exchange::link`].
    pub fn link_wait(&self, caller: &Caller, ask: &Link) -> Result<LinkedDisclosure, Denial> {
        self.record_wait(self.prepare_link(caller, ask))
    }

    fn prepare_link(&self, caller: &Caller, ask: &Link) -> Prepared<LinkedDisclosure> {
        let now = self.clock.now();
        let compiled = self.compiled();
        let start = ask.start();
        let found = ask
            .check()
            .and_then(|()| self.find(&compiled, caller, &start, Use::LookUp, now));
        let found = match found {
            Ok(found) => found,
            Err(denial) => {
                let prepared = self.prepare(caller, Err(denial), &start, WAY, now);
                let answer = prepared.answer.map(|found| LinkedDisclosure {
                    found,
                    links: Vec::new(),
                });
                return Prepared::of(answer, prepared.entries);
            }
        };
        let mut walk = Walk {
            compiled: &compiled,
            caller,
            now,
            records_left: LINK_RECORDS_MAX,
            entries: Vec::new(),
        };
        let answer = self.walk(&mut walk, found, &ask.follow);
        Prepared::of(answer, walk.entries)
    }

    /// Takes what was found into the answer, and follows its references.
    fn walk(
        &self,
        walk: &mut Walk<'_>,
        mut found: Found,
        follows: &[Follow],
    ) -> Result<LinkedDisclosure, Denial> {
        if found.records.len() > walk.records_left {
            found.records.truncate(walk.records_left);
            found.truncated = true;
        }
        walk.records_left -= found.records.len();
        let entry = self.entry(
            walk.caller,
            &found.offer,
            &found.granted,
            found.subject.as_deref(),
            found.records.len(),
            WAY,
            walk.now,
        );
        let place = walk.entries.len() as u64;
        walk.entries.push(entry);
        let found = Disclosure {
            offer: found.offer,
            granted: found.granted,
            records: found.records,
            truncated: found.truncated,
            purpose: walk.caller.purpose.clone(),
            at: walk.now,
            entry: place,
        };
        let mut links = Vec::new();
        for follow in follows {
            self.follow(walk, &found, follow, &mut links)?;
        }
        Ok(LinkedDisclosure { found, links })
    }

    /// Follows one reference from all records that were found.
    fn follow(
        &self,
        walk: &mut Walk<'_>,
        from: &Disclosure,
        follow: &Follow,
        links: &mut Vec<Linked>,
    ) -> Result<(), Denial> {
        let offer = &from.offer;
        let places = offer.fields([follow.field.as_str()])?;
        let at = places.iter().next().unwrap_or_default();
        let reference = offer
            .table
            .field(at)
            .and_then(|field| field.references.as_ref());
        let Some(reference) = reference else {
            return Err(Denial::Request(format!(
                "`{}` of `{}` refers to nothing",
                follow.field, offer.name
            )));
        };
        let mut values: Vec<&Value> = if from.granted.fields.contains(at) {
            from.records
                .iter()
                .filter_map(|record| record.values.get(at))
                .filter(|value| **value != Value::Null)
                .collect()
        } else {
            return Err(Denial::Request(format!(
                "`{}` of `{}` is not among the fields of this call, so it cannot be followed",
                follow.field, offer.name
            )));
        };
        values.sort_unstable();
        values.dedup();
        for value in values {
            if walk.records_left == 0 {
                break;
            }
            let to = match self.arrive(
                walk,
                reference.dataset.id(),
                &reference.field,
                value,
                follow,
            ) {
                Ok(found) => self.walk(walk, found, &follow.follow).map(Box::new),
                Err(denial) => {
                    let name = walk
                        .compiled
                        .offer(reference.dataset.id())
                        .ok()
                        .map(|offer| Arc::clone(&offer.name));
                    let about = About {
                        way: WAY,
                        dataset: name.as_deref(),
                        subject: None,
                    };
                    let entries = self.denied(Some(walk.caller), None, &denial, about);
                    walk.entries.extend(entries);
                    Err(denial)
                }
            };
            let denied = to.is_err();
            links.push(Linked {
                field: follow.field.clone(),
                value: value.clone(),
                to,
            });
            if denied {
                // The other values would be denied for the same reason.
                break;
            }
        }
        Ok(())
    }

    /// What a value refers to: the record with that key, or the records about that subject.
    fn arrive(
        &self,
        walk: &Walk<'_>,
        dataset: &str,
        field: &str,
        value: &Value,
        follow: &Follow,
    ) -> Result<Found, Denial> {
        let Walk {
            compiled,
            caller,
            now,
            ..
        } = *walk;
        let (offer, granted) =
            compiled.authorised(caller, dataset, follow.fields.as_deref(), Use::LookUp, now)?;
        let table = &offer.table;
        let by = if table.definition.key.len() == 1
            && table.definition.key.first().is_some_and(|key| key == field)
        {
            By::Key(vec![value.clone()])
        } else if table.definition.subject_field == field {
            By::Subject(Cow::Owned(value.to_string()))
        } else {
            return Err(Denial::Request(format!(
                "`{field}` is neither the key nor the subject of `{}`",
                offer.name
            )));
        };
        compiled.charge_call(&granted.basis, now)?;
        let found = self.read(offer, granted, &by, walk.records_left)?;
        compiled.charge_records(&found.granted.basis, found.records.len(), now)?;
        Ok(found)
    }
}
