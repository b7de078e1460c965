//! A small city, a feed held in memory, and how rows go in and come out.

use std::sync::{Arc, Mutex};

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
};
use arrow::util::pretty::pretty_format_batches;
use city::Definitions;
use lake::{Error, Feed, Keeper, KeeperOptions, Lake, Secret, Session, TableGrant, Who};
use pool::{Entry, HistoryUrl, Moment, Payload, Table, TableId, Tables};
use tempfile::TempDir;
use tokio::sync::watch;

pub(crate) const SECRET: Secret = Secret::new([42; 32]);

/// Persons: the key is the subject. Titles: the key does not tell the subject.
const FILES: [(&str, &str); 5] = [
    (
        "city.yaml",
        "id: town\ntitle: {zh: 城, en: Town}\ntime_zone: Asia/Shanghai\nlanguages: [zh, en]\n",
    ),
    (
        "departments/civil-affairs/department.yaml",
        "id: civil-affairs\ntitle: {zh: 民政局, en: Civil Affairs}\n",
    ),
    (
        "departments/housing/department.yaml",
        "id: housing\ntitle: {zh: 房管局, en: Housing}\n",
    ),
    (
        "departments/civil-affairs/datasets/persons.yaml",
        r"
id: persons
title: {zh: 人, en: Persons}
description: {zh: 一人, en: One person}
subject: person
subject_field: number
key: [number]
share: conditional
share_note: {zh: 协议, en: By agreement}
updates: daily
expected_records: 6000000
fields:
  - {name: number, title: {zh: 号, en: Number}, type: text, max_length: 18, sensitivity: personal}
  - {name: name, title: {zh: 名, en: Name}, type: text, sensitivity: personal}
  - {name: born, title: {zh: 生日, en: Born}, type: date, sensitivity: personal}
  - {name: district, title: {zh: 区, en: District}, type: text, one_of: [xihu, gongshu, yuhang]}
  - {name: points, title: {zh: 分, en: Points}, type: integer}
  - {name: illness, title: {zh: 病, en: Illness}, type: text, sensitivity: sensitive}
  - {name: status, title: {zh: 状态, en: Status}, type: text, one_of: [living, moved, dead]}
",
    ),
    (
        "departments/housing/datasets/land-titles.yaml",
        r"
id: land-titles
title: {zh: 产权, en: Titles}
description: {zh: 一件, en: One title}
subject: person
subject_field: owner
key: [title_number]
share: unconditional
updates: daily
expected_records: 6000000
fields:
  - {name: title_number, title: {zh: 证号, en: Title number}, type: text}
  - {name: owner, title: {zh: 人, en: Owner}, type: text, max_length: 18, sensitivity: personal}
  - {name: area, title: {zh: 面积, en: Area}, type: decimal, scale: 2}
  - {name: status, title: {zh: 状态, en: Status}, type: text, one_of: [current, seized]}
",
    ),
];

pub(crate) fn tables() -> Arc<Tables> {
    tables_expecting("6000000")
}

/// The tables of definitions that expect so many records.
pub(crate) fn tables_expecting(records: &str) -> Arc<Tables> {
    let files = FILES.map(|(path, text)| (path, text.replace("6000000", records)));
    let files = files.iter().map(|(path, text)| (*path, text.as_str()));
    let (city, faults) = Definitions::from_files("town", files).check();
    let mut number = 0;
    let tables = Tables::of(&city, |_| {
        number += 1;
        Ok(TableId(number))
    });
    let tables = tables.unwrap();
    assert_eq!(tables.len(), 2, "{faults:?}");
    Arc::new(tables)
}

/// A feed held in memory.
pub(crate) struct Memory {
    tables: Arc<Tables>,
    state: Mutex<State>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    cursor: u64,
    now: i64,
    deaf: bool,
}

impl Memory {
    pub(crate) fn push(&self, table: &str, payload: Payload, replaced: Option<u64>) -> u64 {
        self.push_moved(table, payload, replaced, Vec::new())
    }

    /// With rows whose records had another subject before.
    pub(crate) fn push_moved(
        &self,
        table: &str,
        payload: Payload,
        replaced: Option<u64>,
        moved: Vec<(u32, String)>,
    ) -> u64 {
        let mut state = self.state.lock().unwrap();
        state.now += 1_000_000;
        let seq = state.entries.len() as u64 + 1;
        let entry = Entry {
            seq,
            table: Arc::clone(self.tables.get(table).unwrap()),
            at: Moment(state.now),
            source: "test".to_owned(),
            payload,
            moved,
            replaced,
        };
        state.entries.push(entry);
        self.newest.send_replace(seq);
        seq
    }

    /// Writes rows; those with `false` are deletes.
    pub(crate) fn write(&self, table: &str, batch: RecordBatch, kept: &[bool]) -> u64 {
        let deletes = BooleanArray::from(kept.iter().map(|kept| !kept).collect::<Vec<_>>());
        self.push(table, Payload::Batch { batch, deletes }, None)
    }

    /// When entry `seq` was written.
    pub(crate) fn at(&self, seq: u64) -> Moment {
        self.state.lock().unwrap().entries[usize::try_from(seq).unwrap() - 1].at
    }

    /// From now on the cursor is forgotten, as if the process died before it was kept.
    pub(crate) fn forget_cursor(&self) {
        let mut state = self.state.lock().unwrap();
        state.cursor = 0;
        state.deaf = true;
    }
}

impl Feed for Memory {
    fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.tables)
    }

    fn entries_after(&self, seq: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let state = self.state.lock().unwrap();
        Ok(state
            .entries
            .iter()
            .filter(|entry| entry.seq > seq)
            .take(limit)
            .cloned()
            .collect())
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn consumed(&self, seq: u64) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap();
        if !state.deaf {
            state.cursor = seq;
        }
        Ok(())
    }

    fn cursor(&self) -> Result<u64, Error> {
        Ok(self.state.lock().unwrap().cursor)
    }

    fn now(&self) -> Moment {
        Moment(self.state.lock().unwrap().now)
    }
}

/// A lake in a folder of its own.
pub(crate) struct Town {
    pub(crate) folder: TempDir,
    pub(crate) feed: Arc<Memory>,
    pub(crate) lake: Arc<Lake>,
    pub(crate) keeper: Keeper,
}

pub(crate) async fn town() -> Town {
    let feed = Memory {
        tables: tables(),
        state: Mutex::default(),
        newest: watch::channel(0).0,
    };
    feed.state.lock().unwrap().now = 1_700_000_000_000_000;
    reopened(tempfile::tempdir().unwrap(), Arc::new(feed)).await
}

/// Opens history again, as after a restart.
pub(crate) async fn reopened(folder: TempDir, feed: Arc<Memory>) -> Town {
    let history = HistoryUrl::Folder(folder.path().join("history"));
    let lake = Lake::open(&history, feed.tables(), SECRET).await.unwrap();
    let options = KeeperOptions {
        overlay_rows_max: 1_000_000,
        ..KeeperOptions::default()
    };
    let keeper = Keeper::new(
        Arc::clone(&lake),
        Arc::clone(&feed) as Arc<dyn Feed>,
        options,
    )
    .unwrap();
    Town {
        folder,
        feed,
        lake,
        keeper,
    }
}

impl Town {
    pub(crate) async fn restart(self) -> Self {
        let Self {
            folder,
            feed,
            lake,
            keeper,
        } = self;
        drop((lake, keeper));
        reopened(folder, feed).await
    }

    pub(crate) fn table(&self, name: &str) -> Arc<Table> {
        Arc::clone(self.lake.tables().get(name).unwrap())
    }

    pub(crate) async fn session(&self, department: &str, grants: Vec<TableGrant>) -> Session {
        self.lake.session(who(department), grants).await.unwrap()
    }

    /// The answer to a question, as a table of text.
    pub(crate) async fn ask(&self, department: &str, question: &str) -> String {
        answer(&self.session(department, vec![]).await, question).await
    }
}

pub(crate) fn who(department: &str) -> Who {
    Who {
        department: department.to_owned(),
        purpose: "analysis/test".to_owned(),
        client: "test".to_owned(),
        admin: false,
    }
}

pub(crate) async fn answer(session: &Session, question: &str) -> String {
    let answer = session
        .query(question)
        .await
        .unwrap_or_else(|error| panic!("{question}: {error}"));
    let batches = answer
        .collect()
        .await
        .unwrap_or_else(|error| panic!("{question}: {error}"));
    pretty_format_batches(&batches).unwrap().to_string()
}

/// Why a question is not answered, wherever that shows.
pub(crate) async fn refusal(session: &Session, question: &str) -> Option<String> {
    match session.query(question).await {
        Err(error) => Some(error.to_string()),
        Ok(answer) => answer.collect().await.err().map(|error| error.to_string()),
    }
}

/// One person, as the tests write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) number: String,
    pub(crate) name: Option<String>,
    pub(crate) born: Option<i32>,
    pub(crate) district: Option<String>,
    pub(crate) points: Option<i64>,
    pub(crate) illness: Option<String>,
    pub(crate) status: Option<String>,
}

pub(crate) fn person(number: &str, district: &str, points: i64) -> Person {
    Person {
        number: number.to_owned(),
        name: Some(format!("MR {number}")),
        born: Some(7_000),
        district: Some(district.to_owned()),
        points: Some(points),
        illness: Some("secret illness".to_owned()),
        status: Some("living".to_owned()),
    }
}

pub(crate) fn persons(table: &Table, persons: &[Person]) -> RecordBatch {
    let text = |of: fn(&Person) -> Option<&String>| -> ArrayRef {
        Arc::new(
            persons
                .iter()
                .map(|person| of(person).map(String::as_str))
                .collect::<StringArray>(),
        )
    };
    let columns: Vec<ArrayRef> = vec![
        text(|person| Some(&person.number)),
        text(|person| person.name.as_ref()),
        Arc::new(
            persons
                .iter()
                .map(|person| person.born)
                .collect::<Date32Array>(),
        ),
        text(|person| person.district.as_ref()),
        Arc::new(
            persons
                .iter()
                .map(|person| person.points)
                .collect::<Int64Array>(),
        ),
        text(|person| person.illness.as_ref()),
        text(|person| person.status.as_ref()),
    ];
    RecordBatch::try_new(Arc::clone(&table.columns), columns).unwrap()
}

pub(crate) fn titles(table: &Table, rows: &[(&str, &str, i128, &str)]) -> RecordBatch {
    let text = |of: fn(&(&str, &str, i128, &str)) -> String| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|row| Some(of(row)))
                .collect::<StringArray>(),
        )
    };
    let area: Decimal128Array = rows.iter().map(|row| Some(row.2)).collect();
    let columns: Vec<ArrayRef> = vec![
        text(|row| row.0.to_owned()),
        text(|row| row.1.to_owned()),
        Arc::new(area.with_precision_and_scale(18, 2).unwrap()),
        text(|row| row.3.to_owned()),
    ];
    RecordBatch::try_new(Arc::clone(&table.columns), columns).unwrap()
}

/// A program that `script/setup test` fetches, or one on the path.
pub(crate) fn program(name: &str) -> Option<std::path::PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(std::path::PathBuf::from);
    let cache =
        cache.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let own = cache.map(|cache| cache.join("citybrain/venv/bin").join(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .collect::<Vec<_>>();
    own.into_iter().chain(on_path).find(|file| file.exists())
}

/// Python with a package, or `None`, and the reason is printed.
pub(crate) fn python(package: &str) -> Option<std::path::PathBuf> {
    let python = program("python3").or_else(|| program("python"))?;
    let has = std::process::Command::new(&python)
        .args(["-c", &format!("import {package}")])
        .output();
    if has.is_ok_and(|has| has.status.success()) {
        return Some(python);
    }
    println!("skipped: Python has no package `{package}` (script/setup test installs it)");
    None
}
