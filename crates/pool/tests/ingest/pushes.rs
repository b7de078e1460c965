//! Bodies that systems send by themselves.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use pool::ingest::{Error, Mode, PushOptions, push};
use pool::sources::file::Format;

use crate::town::{Town, citizen};

fn options(key: Option<&'static str>) -> PushOptions<'static> {
    PushOptions {
        format: Format::JsonLines,
        mode: Mode::Upsert,
        idempotency_key: key,
        source: "register",
    }
}

fn card(number: &str, note: &str) -> String {
    format!(
        "{{\"number\": \"{number}\", \"holder\": \"{}\", \"note\": \"{note}\"}}\n",
        citizen(1)
    )
}

#[test]
fn a_body_with_a_name_is_taken_once() {
    let town = Town::new();
    let table = town.table("cards");
    let body = Bytes::from([card("a", "one"), card("b", "two")].concat());
    let first = push(&town.pool, &table, &body, &options(Some("k"))).unwrap();
    let second = push(&town.pool, &table, &body, &options(Some("k"))).unwrap();
    assert_eq!((first.accepted, first.repeated), (2, false));
    assert_eq!(
        (second.accepted, second.repeated, second.seq),
        (2, true, first.seq)
    );
    let other = push(
        &town.pool,
        &table,
        &Bytes::from(card("a", "three")),
        &options(Some("k")),
    )
    .unwrap_err();
    assert!(
        matches!(other, Error::Pool(pool::Error::KeyReused(_))),
        "{other}"
    );
    assert_eq!(town.value("cards", "a", "note").unwrap(), "one");
}

#[test]
fn the_last_of_several_records_with_one_key_is_taken() {
    let town = Town::new();
    let body = Bytes::from([card("a", "one"), card("a", "two")].concat());
    let report = push(&town.pool, &town.table("cards"), &body, &options(None)).unwrap();
    assert_eq!(
        (report.records, report.accepted, report.quarantined),
        (2, 2, 0)
    );
    assert_eq!(town.value("cards", "a", "note").unwrap(), "two");
}

#[test]
fn columns_can_be_pushed_and_keys_deleted() {
    let town = Town::new();
    let table = town.table("cards");
    let text = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let holder = citizen(1);
    let batch = RecordBatch::try_from_iter([
        ("number", text(&["a", "b"])),
        ("holder", text(&[&holder, &holder])),
    ])
    .unwrap();
    let mut body = Vec::new();
    let mut writer = StreamWriter::try_new(&mut body, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let arrow = PushOptions {
        format: Format::Arrow,
        ..options(Some("arrow"))
    };
    assert_eq!(
        push(&town.pool, &table, &Bytes::from(body), &arrow)
            .unwrap()
            .accepted,
        2
    );
    let deletes = PushOptions {
        mode: Mode::Delete,
        ..options(Some("gone"))
    };
    let report = push(
        &town.pool,
        &table,
        &Bytes::from("{\"number\": \"a\"}\n"),
        &deletes,
    )
    .unwrap();
    assert_eq!((report.accepted, town.count("cards")), (1, 1));
}

#[test]
fn deletes_with_a_name_are_taken_once_whatever_comes_between() {
    let town = Town::new();
    let table = town.table("cards");
    let upsert = |numbers: &[&str], holder: u32| {
        let line = |number: &&str| card(number, "note").replace(&citizen(1), &citizen(holder));
        let body: String = numbers.iter().map(line).collect();
        push(&town.pool, &table, &Bytes::from(body), &options(None)).unwrap();
    };
    let delete = |name, numbers: &[&str]| {
        let deletes = PushOptions {
            mode: Mode::Delete,
            ..options(Some(name))
        };
        let line = |number: &&str| format!("{{\"number\": \"{number}\"}}\n");
        let body: String = numbers.iter().map(line).collect();
        push(&town.pool, &table, &Bytes::from(body), &deletes)
    };
    upsert(&["a", "b"], 1);
    let first = delete("k", &["a", "b"]).unwrap();
    let absent = delete("none", &["c"]).unwrap();
    assert_eq!(
        (town.count("cards"), first.repeated, absent.repeated),
        (0, false, false)
    );
    // They are there again, one of another holder, when the same bodies come a second time.
    upsert(&["a", "c"], 2);
    for (name, numbers, seq) in [("k", &["a", "b"][..], first.seq), ("none", &["c"], 0)] {
        let again = delete(name, numbers).unwrap();
        assert_eq!(
            (again.repeated, again.seq, town.count("cards")),
            (true, seq, 2),
            "{name}"
        );
    }
    let other = delete("k", &["c"]).unwrap_err();
    assert!(
        matches!(other, Error::Pool(pool::Error::KeyReused(_))),
        "{other}"
    );
}

#[test]
fn a_body_that_cannot_be_read_is_refused_whole() {
    let town = Town::new();
    let table = town.table("cards");
    let arrow = PushOptions {
        format: Format::Arrow,
        ..options(None)
    };
    assert!(push(&town.pool, &table, &Bytes::from("no arrow"), &arrow).is_err());
    let parquet = PushOptions {
        format: Format::Parquet,
        ..options(None)
    };
    assert!(push(&town.pool, &table, &Bytes::from("PAR1"), &parquet).is_err());
    let empty = push(&town.pool, &table, &Bytes::new(), &options(None)).unwrap();
    assert_eq!((empty.records, empty.seq), (0, 0));
}
