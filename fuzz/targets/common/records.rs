//! Any bytes as records of a dataset with a field of each type.

use std::sync::{Arc, LazyLock, Once};

use city::Definitions;
use pool::sources::file::Format;
use pool::{Table, TableId, Tables};

#[path = "../../../crates/pool/tests/ingest/looked_at.rs"]
mod looked_at;

const PEOPLE: &str = "\
id: people
title: {zh: 人口, en: People}
description: {zh: 每人一行, en: One record for each person}
subject: person
subject_field: citizen_number
key: [citizen_number]
share: unconditional
updates: daily
fields:
  - {name: citizen_number, title: {zh: 号码, en: Number}, type: text, format: citizen-number}
  - {name: name, title: {zh: 姓名, en: Name}, type: text, max_length: 20}
  - {name: sex, title: {zh: 性别, en: Sex}, type: text, one_of: [male, female]}
  - {name: born_on, title: {zh: 生日, en: Born on}, type: date}
  - {name: children, title: {zh: 子女, en: Children}, type: integer}
  - {name: income, title: {zh: 收入, en: Income}, type: money}
  - {name: height_m, title: {zh: 身高, en: Height}, type: decimal, scale: 2}
  - {name: married, title: {zh: 已婚, en: Married}, type: boolean}
  - {name: seen_at, title: {zh: 时间, en: Seen at}, type: datetime}
quality:
  - id: children
    title: {zh: 子女数合理, en: Nobody has so many children}
    rule: children in [0..20]
    severity: error
";

static TABLE: LazyLock<Arc<Table>> = LazyLock::new(|| {
    let files = [
        ("city.yaml", "id: town\ntitle: {zh: 城, en: Town}\n"),
        (
            "departments/registry/department.yaml",
            "id: registry\ntitle: {zh: 局, en: Registry}\n",
        ),
        ("departments/registry/datasets/people.yaml", PEOPLE),
    ];
    let (city, _) = Definitions::from_files("town", files).check();
    let tables = Tables::of(&city, |_| Ok(TableId(1))).expect("the dataset is right");
    Arc::clone(tables.get("people").expect("the dataset is right"))
});

/// Every record is taken or refused, and nothing panics but what the readers catch: Arrow's decoder
/// does so on some broken files. So a panic is silent here, and one that is not caught ends the run.
pub fn look(bytes: &[u8], format: Format) {
    static SILENT: Once = Once::new();
    SILENT.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    if let Some((all, good, bad)) = looked_at::looked_at(&TABLE, bytes, format) {
        assert_eq!(all, good + bad, "records are lost");
    }
}
