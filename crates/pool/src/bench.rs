//! Measures the pool: bulk loads, single writes, look-ups. The command `citybrain bench pool`
//! prints what this finds.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use city::{City, Definitions};
use serde::Serialize;

use crate::error::Error;
use crate::pool::{HistoryUrl, Pool, Write};
use crate::table::Table;
use crate::value::Value;

/// What is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Parameters {
    /// Records that are loaded.
    pub rows: u64,
    /// Records of one load.
    pub load_rows: u64,
    /// Whether loads come in the order of subjects, or each spread over all of them.
    pub sorted: bool,
    /// Look-ups by key, and as many by subject.
    pub look_ups: u64,
    /// Single writes, one after another.
    pub writes: u64,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// What was measured.
    pub parameters: Parameters,
    /// Loaded, validated by the pool, in history's files, in the outbox and in keyed state.
    pub load_records_per_second: f64,
    /// The last tenth of it: whether it grows slower as the pool grows.
    pub load_records_per_second_at_the_end: f64,
    /// Bytes of history's files for each record.
    pub history_bytes_per_record: f64,
    /// Bytes of keyed state for each record, without logs that are used again and again.
    pub state_bytes_per_record: f64,
    /// Look-ups by key, in microseconds.
    pub look_up: Spread,
    /// Look-ups of all of a subject's records, in microseconds.
    pub of_subject: Spread,
    /// Single writes until they are durable and visible, in microseconds.
    pub write: Spread,
}

/// How long something took, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Spread {
    /// Half of them took no longer.
    pub p50_us: f64,
    /// 99 of 100 took no longer.
    pub p99_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl Spread {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times
                .get(place.min(times.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        Self {
            p50_us: at(0.5),
            p99_us: at(0.99),
            max_us: at(1.0),
        }
    }
}

const DEPARTMENT: &str = "\
id: bureau
title: {zh: 测试局, en: Bureau}
short: {zh: 测试, en: Bureau}
kind: bureau
responsible_for: [{zh: 测试, en: measuring}]
contact: {email: data@bureau.example.org, fictitious: true}
";

const DATASET: &str = "\
id: contributions
title: {zh: 缴费, en: Contributions}
description: {zh: 每人每月一条, en: One for each person and month}
subject: person
subject_field: citizen_number
key: [citizen_number, month]
share: unconditional
updates: monthly
fields:
  - {name: citizen_number, title: {zh: 号, en: Number}, type: text, format: citizen-number}
  - {name: month, title: {zh: 月, en: Month}, type: integer}
  - {name: employer, title: {zh: 单位, en: Employer}, type: text, required: true}
  - {name: base, title: {zh: 基数, en: Base}, type: money, required: true}
  - {name: paid_by_person, title: {zh: 个人, en: Person}, type: money}
  - {name: paid_by_employer, title: {zh: 单位, en: Employer}, type: money}
  - {name: paid_on, title: {zh: 日, en: Paid on}, type: date}
  - {name: status, title: {zh: 状态, en: Status}, type: text, one_of: [paid, late, waived, open]}
  - {name: arrears, title: {zh: 欠, en: Arrears}, type: boolean}
  - {name: recorded_at, title: {zh: 时, en: Recorded at}, type: datetime}
";

/// Months of each person.
const MONTHS: u64 = 12;

/// A city with the one dataset that is measured with: ten columns.
pub fn city() -> City {
    let files = [
        ("departments/bureau/department.yaml", DEPARTMENT),
        ("departments/bureau/datasets/contributions.yaml", DATASET),
    ];
    Definitions::from_files("bench", files).check().0
}

fn citizen(number: u64) -> String {
    format!("3301{:06}{:08}", number % 999_983, number)
}

fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

/// Record `number` of `rows`, as whose and which month: in the order of persons, whose numbers
/// are in no order, or month by month.
fn place(number: u64, parameters: &Parameters) -> (u64, u64) {
    let persons = parameters.rows.div_ceil(MONTHS);
    if parameters.sorted {
        (number / MONTHS, number % MONTHS)
    } else {
        (number % persons, number / persons)
    }
}

fn subject(person: u64, parameters: &Parameters) -> String {
    if parameters.sorted {
        format!("330106{person:012}")
    } else {
        citizen(person)
    }
}

fn batch(
    table: &Table,
    begin: u64,
    rows: u64,
    parameters: &Parameters,
) -> Result<RecordBatch, Error> {
    let numbers: Vec<u64> = (begin..begin + rows).collect();
    let places: Vec<(u64, u64)> = numbers
        .iter()
        .map(|number| place(*number, parameters))
        .collect();
    let money = |salt: u64, most: i128| {
        let digits = numbers
            .iter()
            .map(|number| i128::from(mixed(number ^ salt)) % most);
        Decimal128Array::from_iter_values(digits).with_precision_and_scale(18, 2)
    };
    let status = [
        "paid", "paid", "paid", "late", "paid", "waived", "paid", "open",
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            places
                .iter()
                .map(|(person, _)| subject(*person, parameters)),
        )),
        Arc::new(Int64Array::from_iter_values(
            places
                .iter()
                .map(|(_, month)| 202_401 + month.cast_signed()),
        )),
        Arc::new(StringArray::from_iter_values(places.iter().map(
            |(person, _)| format!("91330100MA{:08}", mixed(*person) % 270_000),
        ))),
        Arc::new(money(1, 3_000_000)?),
        Arc::new(money(2, 300_000)?),
        Arc::new(money(3, 600_000)?),
        Arc::new(Date32Array::from_iter_values(
            places.iter().map(|(_, month)| 19_700 + 30 * *month as i32),
        )),
        Arc::new(StringArray::from_iter_values(
            numbers
                .iter()
                .map(|number| status[(mixed(*number) % 8) as usize]),
        )),
        Arc::new(
            numbers
                .iter()
                .map(|number| Some(number % 16 == 0))
                .collect::<BooleanArray>(),
        ),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(
                numbers
                    .iter()
                    .map(|number| 1_700_000_000_000_000 + number.cast_signed() * 1_000_000),
            )
            .with_timezone("UTC"),
        ),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&table.columns), columns)?)
}

/// Bytes of all files below a folder whose names end so.
fn bytes_below(folder: &Path, ending: &str) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => bytes_below(&entry.path(), ending),
        Ok(data) if entry.file_name().to_string_lossy().ends_with(ending) => data.len(),
        _ => 0,
    };
    entries.map(size).sum()
}

/// Measures `pool`, which was opened with [`city`] and is empty. `progress` is told the records
/// loaded so far.
pub fn measure(
    pool: &Pool,
    parameters: Parameters,
    mut progress: impl FnMut(u64),
) -> Result<Figures, Error> {
    let table = pool.table("contributions")?;
    let write = |batch| Write {
        table: Arc::clone(&table),
        batch,
        deletes: None,
        source: "bench".to_owned(),
        idempotency_key: None,
    };
    let mut seconds = Vec::new();
    let mut done = 0;
    while done < parameters.rows {
        let rows = parameters.load_rows.min(parameters.rows - done);
        let batch = batch(&table, done, rows, &parameters)?; // making it is not the pool's work
        let begun = Instant::now();
        pool.load(write(batch))?;
        seconds.push((rows as f64, begun.elapsed().as_secs_f64()));
        done += rows;
        progress(done);
    }
    let begun = Instant::now();
    pool.settle()?;
    let settling = begun.elapsed().as_secs_f64();
    let rate = |loads: &[(f64, f64)], more: f64| {
        let (rows, time) = loads.iter().fold((0.0, more), |(rows, time), load| {
            (rows + load.0, time + load.1)
        });
        rows / time
    };
    let data = &pool.options().data;
    let history = match pool.history() {
        HistoryUrl::Folder(folder) => bytes_below(folder, ".parquet") as f64 / done as f64,
        HistoryUrl::Store { .. } => f64::NAN,
    };
    let state = bytes_below(&data.join("state"), ".sqlite") as f64 / done as f64;
    let last = seconds.len() - (seconds.len() / 10).max(1).min(seconds.len());
    Ok(Figures {
        load_records_per_second: rate(&seconds, settling),
        load_records_per_second_at_the_end: rate(&seconds[last..], 0.0),
        history_bytes_per_record: history,
        state_bytes_per_record: state,
        look_up: look_ups(pool, &table, &parameters, true)?,
        of_subject: look_ups(pool, &table, &parameters, false)?,
        write: writes(pool, &table, &parameters)?,
        parameters,
    })
}

fn look_ups(
    pool: &Pool,
    table: &Table,
    parameters: &Parameters,
    by_key: bool,
) -> Result<Spread, Error> {
    let mut times = Vec::new();
    for nth in 0..parameters.look_ups {
        let (person, month) = place(mixed(nth) % parameters.rows.max(1), parameters);
        let subject = subject(person, parameters);
        let key = [
            Value::Text(subject.clone().into()),
            Value::Integer(202_401 + month.cast_signed()),
        ];
        let begun = Instant::now();
        let found = if by_key {
            pool.get(table, &key)?.is_some()
        } else {
            !pool.of_subject(table, &subject, 100)?.is_empty()
        };
        times.push(begun.elapsed().as_secs_f64() * 1e6);
        if !found {
            return Err(Error::garbled(
                "the measurement",
                format!("{subject} is not there"),
            ));
        }
    }
    Ok(Spread::of(times))
}

fn writes(pool: &Pool, table: &Arc<Table>, parameters: &Parameters) -> Result<Spread, Error> {
    let mut times = Vec::new();
    for nth in 0..parameters.writes {
        let batch = batch(table, mixed(nth) % parameters.rows.max(1), 1, parameters)?;
        let write = Write {
            table: Arc::clone(table),
            batch,
            deletes: None,
            source: "bench".to_owned(),
            idempotency_key: None,
        };
        let begun = Instant::now();
        pool.write(write)?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(Spread::of(times))
}
