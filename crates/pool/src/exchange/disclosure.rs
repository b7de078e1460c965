//! What the exchange answers: records with granted fields only, and where they come from.
//!
//! Answers are written as JSON by hand out of parts that are made when the agreements are compiled,
//! since one is written for every call.

use std::sync::Arc;

use super::entry::{digits, itoa_buffer, quote, quote_or_null};
use super::fields::FieldSet;
use super::grants::{Granted, Offer};
use crate::clock::Moment;
use crate::pool::Record;
use crate::value::Value;

/// Records that a caller may see, and under which agreement.
#[derive(Clone, Debug)]
pub struct Disclosure {
    /// Of which dataset.
    pub offer: Arc<Offer>,
    /// On which ground, and which fields.
    pub granted: Granted,
    /// The records, whole: only granted fields are written out.
    pub records: Vec<Record>,
    /// Whether there are more than were given.
    pub truncated: bool,
    /// For what.
    pub purpose: Box<str>,
    /// When it was answered.
    pub at: Moment,
    /// The ledger's entry about it.
    pub entry: u64,
}

impl Disclosure {
    /// The value of a field of a record, if the field is granted.
    pub fn value(&self, record: &Record, field: &str) -> Option<Value> {
        let at = self.offer.table.columns.index_of(field).ok()?;
        let granted = self.granted.fields.contains(at);
        granted.then(|| record.values.get(at).cloned()).flatten()
    }

    /// As the answer's body.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + self.records.len() * 512);
        out.push(b'{');
        self.write(&mut out);
        out.push(b'}');
        out
    }

    /// The members of the answer's object.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#""records":["#);
        for (at, record) in self.records.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.push(b'{');
            write_record(out, &self.offer, &self.granted.fields, record);
            out.push(b'}');
        }
        out.extend_from_slice(br#"],"truncated":"#);
        out.extend_from_slice(if self.truncated { b"true" } else { b"false" });
        out.push(b',');
        write_provenance(out, &self.offer, &self.granted, &self.purpose, self.at);
        out.extend_from_slice(br#","ledger":{"entry":"#);
        out.extend_from_slice(digits(&mut itoa_buffer(), self.entry.cast_signed()));
        out.push(b'}');
    }
}

/// `"values":{…},"since":"…"`
pub(crate) fn write_record(out: &mut Vec<u8>, offer: &Offer, fields: &FieldSet, record: &Record) {
    out.extend_from_slice(br#""values":{"#);
    for (count, at) in fields.iter().enumerate() {
        if count > 0 {
            out.push(b',');
        }
        if let Some(name) = offer.names.get(at) {
            out.extend_from_slice(name.as_bytes());
        }
        write_value(out, record.values.get(at).unwrap_or(&Value::Null));
    }
    out.extend_from_slice(br#"},"since":""#);
    write_moment(out, record.from);
    out.push(b'"');
    if record.version != offer.table.version {
        out.extend_from_slice(br#","version":""#);
        out.extend_from_slice(record.version.to_string().as_bytes());
        out.push(b'"');
    }
}

/// Dataset, department, version, agreement, purpose and time.
pub(crate) fn write_provenance(
    out: &mut Vec<u8>,
    offer: &Offer,
    granted: &Granted,
    purpose: &str,
    at: Moment,
) {
    out.extend_from_slice(offer.head.as_bytes());
    out.extend_from_slice(br#","agreement":"#);
    quote(out, granted.basis.name());
    out.extend_from_slice(br#","agreement_version":"#);
    quote_or_null(out, granted.basis.version());
    out.extend_from_slice(br#","purpose":"#);
    quote(out, purpose);
    out.extend_from_slice(br#","answered_at":""#);
    write_moment(out, at);
    out.push(b'"');
}

/// A value as JSON, as its `Serialize` does it.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &Value) {
    use std::io::Write as _;
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Integer(number) => out.extend_from_slice(digits(&mut itoa_buffer(), *number)),
        Value::Text(text) => quote(out, text),
        Value::Datetime(at) => {
            out.push(b'"');
            write_moment(out, Moment(*at));
            out.push(b'"');
        }
        other => {
            out.push(b'"');
            let start = out.len();
            if write!(out, "{other}").is_err() {
                // A day beyond the calendar: its number.
                out.truncate(start);
                let _ = write!(out, "{other:?}");
            }
            out.push(b'"');
        }
    }
}

/// A moment in UTC, RFC 3339 with microseconds.
pub(crate) fn write_moment(out: &mut Vec<u8>, at: Moment) {
    use std::io::Write as _;
    /// Days from 0000-03-01 to 1970-01-01, in the calendar that goes on backwards.
    const ERA_OFFSET: i64 = 719_468;
    let (days, us) = (
        at.0.div_euclid(86_400_000_000),
        at.0.rem_euclid(86_400_000_000),
    );
    // Days to civil date, as Howard Hinnant gives it.
    let z = days + ERA_OFFSET;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (us / 3_600_000_000, us / 60_000_000 % 60);
    let (second, us) = (us / 1_000_000 % 60, us % 1_000_000);
    // Writing into memory cannot fail.
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{us:06}Z"
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_moment_reads_back_as_it_was(at in -30_000_000_000_000_000_i64..200_000_000_000_000_000) {
            let mut out = Vec::new();
            write_moment(&mut out, Moment(at));
            let read: jiff::Timestamp = std::str::from_utf8(&out).unwrap().parse().unwrap();
            prop_assert_eq!(read.as_microsecond(), at);
        }

        #[test]
        fn values_are_written_as_serde_writes_them(
            value in prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(Value::Boolean),
                any::<i64>().prop_map(Value::Integer),
                (any::<i64>(), 0_u8..12).prop_map(|(digits, scale)| Value::Decimal { digits: digits.into(), scale }),
                (-700_000_i32..2_900_000).prop_map(Value::Date),
                ".*".prop_map(|text| Value::Text(text.into())),
            ]
        ) {
            let mut out = Vec::new();
            write_value(&mut out, &value);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&value).unwrap());
        }
    }
}
