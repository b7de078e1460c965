//! A town with three datasets, one for each way in which a key and a subject can lie.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use city::{City, Definitions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pool::{Moment, Options, Payload, Pool, StandingClock, Table, Value, Write};

use crate::registry::{CITY, REGISTRY};

/// A dataset with these lines at the end.
fn dataset(id: &str, subject: &str, key: &str, fields: &str) -> String {
    format!(
        "id: {id}\ntitle: {{zh: 表, en: Table}}\ndescription: {{zh: 每条一行, en: One record each}}\n\
         subject: thing\nsubject_field: {subject}\nkey: [{key}]\nshare: unconditional\nupdates: daily\nfields:\n{fields}"
    )
}

fn field(name: &str, rest: &str) -> String {
    format!("  - {{name: {name}, title: {{zh: 项, en: {name}}}, {rest}}}\n")
}

pub(crate) fn persons(more: &str) -> String {
    let fields = [
        field("person", "type: text, max_length: 1000"),
        field("born_on", "type: date"),
        field("district", "type: text, one_of: [north, south, east]"),
        field("income", "type: money"),
        field("height_m", "type: decimal, scale: 3"),
        field("children", "type: integer"),
        field("registered", "type: boolean"),
        field("seen_at", "type: datetime"),
        field("name", "type: text"),
    ];
    dataset("persons", "person", "person", &(fields.concat() + more))
}

fn months() -> String {
    let fields = [
        field("person", "type: text"),
        field("month", "type: integer"),
        field("paid", "type: money, required: true"),
    ];
    let months = dataset("months", "person", "person, month", &fields.concat());
    months.replace(
        "updates: daily",
        "updates: daily\nexpected_records: 9000000",
    ) // five buckets
}

fn titles() -> String {
    let fields = [
        field("number", "type: text"),
        field("unit", "type: integer"),
        field("owner", "type: text"),
        field("area", "type: decimal, scale: 2"),
    ];
    dataset("titles", "owner", "number, unit", &fields.concat())
}

pub(crate) fn town_with(persons: &str) -> City {
    let files = [
        ("city.yaml", CITY.to_owned()),
        ("departments/registry/department.yaml", REGISTRY.to_owned()),
        (
            "departments/registry/datasets/persons.yaml",
            persons.to_owned(),
        ),
        ("departments/registry/datasets/months.yaml", months()),
        ("departments/registry/datasets/titles.yaml", titles()),
    ];
    let (city, faults) = Definitions::from_files(
        "town",
        files.iter().map(|(path, text)| (*path, text.as_str())),
    )
    .check();
    let tables = ["persons", "months", "titles"];
    for table in tables {
        assert!(
            city.get::<city::kinds::Dataset>(table).is_some(),
            "{table}: {faults:?}"
        );
    }
    city
}

pub(crate) fn town() -> City {
    town_with(&persons(""))
}

pub(crate) fn clock() -> Arc<StandingClock> {
    Arc::new(StandingClock::at(Moment(1_790_000_000_000_000)))
}

pub(crate) fn open(options: Options) -> Arc<Pool> {
    Pool::open(options, &town(), clock()).unwrap()
}

/// Rows of `table` from values.
pub(crate) fn batch(table: &Table, rows: &[Vec<Value>]) -> RecordBatch {
    let column = |at: usize| -> ArrayRef {
        let kind = table.columns.field(at).data_type();
        let values = rows.iter().map(|row| &row[at]);
        macro_rules! array {
            ($array:ty, $pattern:pat => $value:expr) => {
                Arc::new(
                    values
                        .map(|value| match value {
                            $pattern => Some($value),
                            Value::Null => None,
                            other => panic!("{other:?}"),
                        })
                        .collect::<$array>(),
                )
            };
        }
        match kind {
            DataType::Utf8 => array!(StringArray, Value::Text(text) => text.as_ref()),
            DataType::Int64 => array!(Int64Array, Value::Integer(value) => *value),
            DataType::Boolean => array!(BooleanArray, Value::Boolean(value) => *value),
            DataType::Date32 => array!(Date32Array, Value::Date(value) => *value),
            DataType::Decimal128(digits, scale) => {
                let array: Arc<Decimal128Array> =
                    array!(Decimal128Array, Value::Decimal { digits, .. } => *digits);
                Arc::new(
                    array
                        .as_ref()
                        .clone()
                        .with_precision_and_scale(*digits, *scale)
                        .unwrap(),
                )
            }
            DataType::Timestamp(..) => {
                let array: Arc<TimestampMicrosecondArray> =
                    array!(TimestampMicrosecondArray, Value::Datetime(at) => *at);
                Arc::new(array.as_ref().clone().with_timezone("UTC"))
            }
            other => new_null_array(other, rows.len()),
        }
    };
    let fields: Vec<_> = table
        .columns
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    let columns = (0..table.columns.fields().len()).map(column).collect();
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), columns).unwrap()
}

pub(crate) fn write(table: &Arc<Table>, rows: &[Vec<Value>]) -> Write {
    Write {
        table: Arc::clone(table),
        batch: batch(table, rows),
        deletes: None,
        source: "test".to_owned(),
        idempotency_key: None,
    }
}

pub(crate) fn deletes(table: &Arc<Table>, rows: &[Vec<Value>]) -> Write {
    Write {
        deletes: Some(BooleanArray::from(vec![true; rows.len()])),
        ..write(table, rows)
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(crate) fn money(fen: i128) -> Value {
    Value::Decimal {
        digits: fen,
        scale: 2,
    }
}

pub(crate) fn person(name: &str, income: i128) -> Vec<Value> {
    vec![
        text(name),
        Value::Date(9_000),
        text("north"),
        money(income),
        Value::Decimal {
            digits: 1_751,
            scale: 3,
        },
        Value::Integer(2),
        Value::Boolean(true),
        Value::Datetime(1_700_000_000_000_001),
        text("王 \0 é"),
    ]
}

pub(crate) fn month(name: &str, month: i64, paid: i128) -> Vec<Value> {
    vec![text(name), Value::Integer(month), money(paid)]
}

pub(crate) fn title(number: &str, unit: i64, owner: &str, area: i128) -> Vec<Value> {
    vec![text(number), Value::Integer(unit), text(owner), money(area)]
}

/// Records by key, as text.
pub(crate) type Shown = BTreeMap<Vec<String>, Vec<String>>;

/// A row as text: its key, and all of it.
fn shown(table: &Table, batch: &RecordBatch, row: usize) -> (Vec<String>, Vec<String>) {
    let value = |at: usize| {
        let mut column = Arc::clone(
            batch
                .column_by_name(table.columns.field(at).name())
                .unwrap(),
        );
        if matches!(column.data_type(), DataType::Timestamp(..)) {
            column = arrow::compute::cast(&column, &DataType::Int64).unwrap();
        }
        let options = FormatOptions::default().with_null("∅");
        ArrayFormatter::try_new(column.as_ref(), &options)
            .unwrap()
            .value(row)
            .to_string()
    };
    let all: Vec<String> = (0..table.columns.fields().len()).map(value).collect();
    (table.key.iter().map(|at| all[*at].clone()).collect(), all)
}

/// All records of a table by a scan, which must be in order.
pub(crate) fn scanned(pool: &Pool, table: &Table) -> Shown {
    let mut records = Shown::new();
    for batch in pool.scan(table).unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let (key, record) = shown(table, &batch, row);
            assert!(
                records.insert(key.clone(), record).is_none(),
                "{key:?} is there twice"
            );
        }
    }
    assert_eq!(pool.count(table).unwrap(), records.len() as u64);
    records
}

/// What the outbox says that the tables hold, entry by entry.
#[derive(Default)]
pub(crate) struct Replayed {
    pub(crate) tables: BTreeMap<String, Shown>,
    pub(crate) seq: u64,
}

impl Replayed {
    /// Takes what is new in the outbox.
    pub(crate) fn follow(&mut self, pool: &Pool, history: &Path) {
        loop {
            let entries = pool.entries_after(self.seq, 1_000).unwrap();
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                assert_eq!(entry.seq, self.seq + 1, "numbers have no gaps");
                self.seq = entry.seq;
                let records = self.tables.entry(entry.table.dataset.clone()).or_default();
                match entry.payload {
                    Payload::Batch { batch, deletes } => {
                        for row in 0..batch.num_rows() {
                            let (key, record) = shown(&entry.table, &batch, row);
                            if deletes.is_valid(row) && deletes.value(row) {
                                records.remove(&key);
                            } else {
                                records.insert(key, record);
                            }
                        }
                    }
                    Payload::Files(files) => {
                        for file in files {
                            let path = history
                                .join(&entry.table.department)
                                .join(&entry.table.dataset)
                                .join(&file.path);
                            let file = fs::File::open(path).unwrap();
                            for batch in ParquetRecordBatchReaderBuilder::try_new(file)
                                .unwrap()
                                .build()
                                .unwrap()
                            {
                                let batch = batch.unwrap();
                                for row in 0..batch.num_rows() {
                                    let (key, record) = shown(&entry.table, &batch, row);
                                    records.insert(key, record);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Keyed state is what the outbox says, no more and no less.
    pub(crate) fn is_state_of(&mut self, pool: &Pool, history: &Path) {
        self.follow(pool, history);
        for table in pool.tables().iter() {
            let found = scanned(pool, table);
            let wanted = self.tables.entry(table.dataset.clone()).or_default();
            if found != *wanted {
                let missing: Vec<_> = wanted
                    .iter()
                    .filter(|(key, record)| found.get(*key) != Some(*record))
                    .take(3)
                    .collect();
                let extra: Vec<_> = found
                    .iter()
                    .filter(|(key, _)| !wanted.contains_key(*key))
                    .take(3)
                    .collect();
                panic!(
                    "{}: missing or other {missing:?}, too many {extra:?}",
                    table.dataset
                );
            }
        }
        pool.check().unwrap();
    }
}
