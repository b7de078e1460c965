//! How fast records are looked at. Not a bar in itself (tests run unoptimised beside others): it
//! prints what it measures, and fails only if something has become absurdly slow.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use pool::ingest::{Validator, raw};

use crate::town::{Town, citizen, people_csv};

const ROWS: u32 = 65_536;

#[test]
fn looking_at_columns_costs_about_a_microsecond_a_record() {
    let town = Town::new();
    let table = town.table("people");
    let text = |of: &dyn Fn(u32) -> String| {
        Arc::new((0..ROWS).map(|at| Some(of(at))).collect::<StringArray>()) as ArrayRef
    };
    let rows = ROWS as usize;
    let decimal = |scale| {
        Arc::new(
            Decimal128Array::from(vec![120_050; rows])
                .with_precision_and_scale(18, scale)
                .unwrap(),
        ) as ArrayRef
    };
    let batch = RecordBatch::try_from_iter([
        ("citizen_number", text(&citizen)),
        ("name", text(&|at| format!("name {at}"))),
        (
            "sex",
            text(&|at| if at % 2 == 0 { "male" } else { "female" }.to_owned()),
        ),
        (
            "born_on",
            Arc::new(Date32Array::from(vec![-7305; rows])) as ArrayRef,
        ),
        (
            "children",
            Arc::new(Int64Array::from(vec![1; rows])) as ArrayRef,
        ),
        ("income", decimal(2)),
        ("height_m", decimal(2)),
        (
            "married",
            Arc::new(arrow::array::BooleanArray::from(vec![true; rows])) as ArrayRef,
        ),
        (
            "seen_at",
            Arc::new(TimestampMicrosecondArray::from(vec![0; rows]).with_timezone("UTC"))
                as ArrayRef,
        ),
        ("phone", text(&|_| "13800138000".to_owned())),
    ])
    .unwrap();
    let validator = Validator::new(&table, None).unwrap();
    let begun = Instant::now();
    let mut records = 0;
    for round in 0..8 {
        let checked = validator
            .check(&raw::from_columns(&table, &batch, round * u64::from(ROWS)))
            .unwrap();
        assert_eq!(checked.good.num_rows(), rows);
        records += checked.counts.records;
    }
    let nanoseconds = begun.elapsed().as_nanos() as f64 / records as f64;
    eprintln!("columns: {nanoseconds:.0} ns a record of ten columns and two rules");
    assert!(nanoseconds < 30_000.0);
}

#[test]
fn looking_at_text_costs_a_few_microseconds_a_record() {
    let town = Town::new();
    let csv = people_csv(0..100_000, "p");
    let path = town.write("people.csv", &csv);
    let source = pool::sources::file::Source::file(&path).unwrap();
    let table = town.table("people");
    let validator = Validator::new(&table, None).unwrap();
    let begun = Instant::now();
    let mut input = source
        .open(&table, &pool::sources::file::Options::default())
        .unwrap();
    let mut records = 0;
    while let Some(block) = input.next_block().unwrap() {
        records += validator.check(&block.raw(&table)).unwrap().counts.accepted;
    }
    let nanoseconds = begun.elapsed().as_nanos() as f64 / records as f64;
    eprintln!(
        "text: {nanoseconds:.0} ns a record, {:.0} MB/s",
        csv.len() as f64 / begun.elapsed().as_secs_f64() / 1e6
    );
    assert_eq!(records, 100_000);
}
