//! What follows from the definitions and the agreements in force, as of one moment; calls work with
//! one of these from beginning to end.

use std::borrow::Cow;
use std::sync::Arc;

use city::City;
use city::kinds::{Role, Subject, Use};
use jiff::tz::TimeZone;

use super::clients::Clients;
use super::denial::{self, Denial};
use super::grants::{Basis, Grants, Offer};
use super::meter::Meter;
use super::tokens::{Caller, shortened};
use crate::clock::Moment;
use crate::table::{Table, Tables};
use crate::value::Value;

/// Everything that follows from the definitions and the agreements in force.
#[derive(Debug)]
pub struct Compiled {
    /// The definitions.
    pub city: Arc<City>,
    /// The tables.
    pub tables: Arc<Tables>,
    /// Who may call.
    pub clients: Clients,
    /// What may be read.
    pub grants: Grants,
    /// The zone by whose clock days begin.
    pub(super) zone: TimeZone,
}

impl Compiled {
    /// What is offered of a dataset.
    pub(super) fn offer(&self, dataset: &str) -> Result<&Arc<Offer>, Denial> {
        let offer = self
            .tables
            .get(dataset)
            .and_then(|table| self.grants.offer(table.id));
        offer.ok_or_else(|| Denial::Dataset {
            dataset: shortened(dataset),
            nearest: denial::nearest(
                dataset,
                self.tables.iter().map(|table| table.dataset.as_str()),
            ),
        })
    }

    /// The city's day, as a number.
    pub(super) fn day(&self, now: Moment) -> i64 {
        (now.seconds() + self.offset_s(now)).div_euclid(86_400)
    }

    /// Seconds until the city's next day.
    fn day_ends_in_s(&self, now: Moment) -> u64 {
        (86_400 - (now.seconds() + self.offset_s(now)).rem_euclid(86_400)).unsigned_abs()
    }

    fn offset_s(&self, now: Moment) -> i64 {
        let at = jiff::Timestamp::from_second(now.seconds());
        at.map_or(0, |at| i64::from(self.zone.to_offset(at).seconds()))
    }

    /// The moment at which the city's clock shows this.
    ///
    /// # Errors
    /// When it is beyond the times that there are.
    pub fn moment_of(&self, shown: jiff::civil::DateTime) -> Result<Moment, jiff::Error> {
        let at = shown.to_zoned(self.zone.clone())?.timestamp();
        Ok(Moment(at.as_microsecond()))
    }

    /// The city's date.
    pub(super) fn date(&self, now: Moment) -> jiff::civil::Date {
        let at = jiff::Timestamp::from_second(now.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(at).date()
    }

    /// Takes a call out of the agreement's rate.
    pub(super) fn charge_call(&self, basis: &Basis, now: Moment) -> Result<(), Denial> {
        let Some(meter) = basis.meter() else {
            return Ok(());
        };
        meter.call(now).map_err(|wait| Denial::Rate {
            agreement: basis.name().to_owned(),
            per_second: meter.per_second(),
            retry_after_ms: wait.unsigned_abs().div_ceil(1000),
        })?;
        if meter.has_records(self.day(now)) {
            Ok(())
        } else {
            Err(self.quota(basis, now))
        }
    }

    /// Takes records out of the agreement's day.
    pub(super) fn charge_records(
        &self,
        basis: &Basis,
        count: usize,
        now: Moment,
    ) -> Result<(), Denial> {
        let Some(meter) = basis.meter() else {
            return Ok(());
        };
        if meter.records(count as u64, self.day(now)) {
            Ok(())
        } else {
            Err(self.quota(basis, now))
        }
    }

    fn quota(&self, basis: &Basis, now: Moment) -> Denial {
        Denial::Quota {
            agreement: basis.name().to_owned(),
            per_day: basis.meter().map_or(0, Meter::per_day),
            retry_after_s: self.day_ends_in_s(now),
        }
    }
}

/// Whether the caller's system may read at all.
pub(super) fn check_role(caller: &Caller, usage: Use) -> Result<(), Denial> {
    let (role, word) = match usage {
        Use::Query => (Role::Query, "query"),
        _ => (Role::Read, "read"),
    };
    if caller.client.may(role) {
        return Ok(());
    }
    Err(Denial::Role {
        client: caller.client.id.to_string(),
        role: word,
    })
}

/// What a subject is, as it goes into keyed hashes.
pub(super) fn subject_word(kind: Subject) -> &'static str {
    match kind {
        Subject::Person => "person",
        Subject::Enterprise => "enterprise",
        Subject::Place => "place",
        Subject::Thing => "thing",
    }
}

/// Whom a record of `table` is about.
pub(super) fn subject_of<'a>(table: &Table, values: &'a [Value]) -> Cow<'a, str> {
    match values.get(table.subject) {
        Some(Value::Text(text)) => Cow::Borrowed(text),
        Some(value) => Cow::Owned(value.to_string()),
        None => Cow::Borrowed(""),
    }
}
