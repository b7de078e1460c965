//! A town with a register of people, and cards of theirs whose keys do not say whose they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use city::{City, Definitions};
use pool::ingest::{LoadOptions, Mode, Summary, load};
use pool::sources::file::Source;
use pool::{Moment, Options, Pool, StandingClock, Table, Value};

use crate::registry::{CITY, REGISTRY};

pub(crate) const PEOPLE: &str = "\
id: people
title: {zh: 人口, en: People}
description: {zh: 每人一行, en: One record for each person}
subject: person
subject_field: citizen_number
key: [citizen_number]
share: conditional
share_note: {zh: 协议, en: by agreement}
updates: daily
fields:
  - {name: citizen_number, title: {zh: 公民身份号码, en: Citizen number}, type: text, format: citizen-number, sensitivity: personal}
  - {name: name, title: {zh: 姓名, en: Name}, type: text, required: true, max_length: 20, sensitivity: personal}
  - {name: sex, title: {zh: 性别, en: Sex}, type: text, one_of: [male, female]}
  - {name: born_on, title: {zh: 出生日期, en: Born on}, type: date, required: true}
  - {name: children, title: {zh: 子女数, en: Children}, type: integer}
  - {name: income, title: {zh: 收入, en: Income}, type: money, sensitivity: personal}
  - {name: height_m, title: {zh: 身高, en: Height}, type: decimal, scale: 2}
  - {name: married, title: {zh: 已婚, en: Married}, type: boolean}
  - {name: seen_at, title: {zh: 更新时间, en: Seen at}, type: datetime}
  - {name: phone, title: {zh: 电话, en: Telephone}, type: text, format: phone, sensitivity: personal}
quality:
  - id: not-so-many-children
    title: {zh: 子女数合理, en: Nobody has so many children}
    rule: children in [0..20]
    severity: error
  - id: has-income
    title: {zh: 收入为正, en: There is an income}
    rule: income > 0
    severity: warning
";

const CARDS: &str = "\
id: cards
title: {zh: 卡, en: Cards}
description: {zh: 每卡一行, en: One record for each card}
subject: person
subject_field: holder
key: [number]
share: unconditional
updates: daily
fields:
  - {name: number, title: {zh: 卡号, en: Number}, type: text, max_length: 20, sensitivity: public}
  - {name: holder, title: {zh: 持卡人, en: Holder}, type: text, required: true, sensitivity: internal, references: {dataset: people, field: citizen_number}}
  - {name: note, title: {zh: 备注, en: Note}, type: text, max_length: 60000, sensitivity: public}
";

pub(crate) fn town_with(people: &str) -> City {
    let files = [
        ("city.yaml", CITY),
        ("departments/registry/department.yaml", REGISTRY),
        ("departments/registry/datasets/people.yaml", people),
        ("departments/registry/datasets/cards.yaml", CARDS),
    ];
    let (city, faults) = Definitions::from_files("town", files).check();
    assert!(
        city.get::<city::kinds::Dataset>("people").is_some()
            && city.get::<city::kinds::Dataset>("cards").is_some(),
        "{faults:?}"
    );
    city
}

/// A pool, its folder and its clock.
pub(crate) struct Town {
    pub(crate) pool: Arc<Pool>,
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) folder: tempfile::TempDir,
}

impl Town {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StandingClock::at(Moment(1_790_000_000_000_000)));
        let options = Options {
            shards: 4,
            ..Options::new(folder.path().join("data"))
        };
        let pool = Pool::open(options, &town_with(PEOPLE), Arc::clone(&clock) as _).unwrap();
        Self {
            pool,
            clock,
            folder,
        }
    }

    /// Closes the pool and opens it again.
    pub(crate) fn reopened(self) -> Self {
        let Self {
            pool,
            clock,
            folder,
        } = self;
        drop(pool);
        let options = Options {
            shards: 4,
            ..Options::new(folder.path().join("data"))
        };
        let pool = Pool::open(options, &town_with(PEOPLE), Arc::clone(&clock) as _).unwrap();
        Self {
            pool,
            clock,
            folder,
        }
    }

    pub(crate) fn table(&self, name: &str) -> Arc<Table> {
        self.pool.table(name).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn load(
        &self,
        dataset: &str,
        path: &Path,
        mode: Mode,
    ) -> Result<Summary, pool::ingest::Error> {
        self.load_with(
            dataset,
            path,
            &LoadOptions {
                mode,
                ..LoadOptions::default()
            },
        )
    }

    pub(crate) fn load_with(
        &self,
        dataset: &str,
        path: &Path,
        options: &LoadOptions,
    ) -> Result<Summary, pool::ingest::Error> {
        let source = Source::file(path)?;
        load(&self.pool, &self.table(dataset), &source, options, &|_| {})
    }

    pub(crate) fn count(&self, dataset: &str) -> u64 {
        self.pool.count(&self.table(dataset)).unwrap()
    }

    /// A field of a record in force, as text.
    pub(crate) fn value(&self, dataset: &str, key: &str, field: &str) -> Option<String> {
        let table = self.table(dataset);
        let at = table.columns.index_of(field).unwrap();
        let record = self.pool.get(&table, &[Value::Text(key.into())]).unwrap()?;
        Some(record.values[at].to_string())
    }

    /// Everything in force: key to the whole record as text.
    pub(crate) fn all(&self, dataset: &str) -> std::collections::BTreeMap<String, String> {
        let table = self.table(dataset);
        let mut all = std::collections::BTreeMap::new();
        for batch in self.pool.scan(&table).unwrap() {
            let batch = batch.unwrap();
            let own = table.columns.fields().len();
            for row in 0..batch.num_rows() {
                let cell = |at: usize| {
                    arrow::util::display::array_value_to_string(batch.column(at), row).unwrap()
                };
                all.insert(
                    cell(table.key[0]),
                    (0..own).map(cell).collect::<Vec<_>>().join("|"),
                );
            }
        }
        all
    }
}

/// The citizen number of the `series`-th person: a thousand are born on each day.
pub(crate) fn citizen(series: u32) -> String {
    let day = series / 1000;
    let (year, month, day) = (1950 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
    let body = format!("330102{year}{month:02}{day:02}{:03}", series % 1000);
    let last = city::numbers::citizen_number_check_character(&body).unwrap();
    format!("{body}{last}")
}

/// A header and some people.
pub(crate) fn people_csv(series: impl IntoIterator<Item = u32>, name: &str) -> String {
    let mut csv =
        "citizen_number,name,sex,born_on,children,income,height_m,married,seen_at,phone\n"
            .to_owned();
    for one in series {
        csv.push_str(&format!("{},{name}{one},female,1950-01-01,{},1200.50,1.71,true,2026-11-25T08:00:00+08:00,13800138000\n", citizen(one), one % 5));
    }
    csv
}
