//! A small town: tax reads what housing and registry hold.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use city::{City, Definitions};
use ledger::{Algorithm, LocalSigner, Log, SecretKey};
use pool::exchange::{Caller, Entry, Exchange, Key, LookUp, Options, Signer, Statement, Step};
use pool::{Clock, Moment, Pool, StandingClock, Write};
use tempfile::TempDir;

/// 2026-06-01T04:00:00Z: noon in the town.
pub(crate) const NOON: Moment = Moment(1_780_286_400_000_000);
/// A second, in microseconds.
pub(crate) const SECOND: i64 = 1_000_000;
/// A day, in microseconds.
pub(crate) const DAY: i64 = 86_400 * SECOND;

const TOWN: &str = "\
id: town
title: {zh: 小镇, en: Town}
time_zone: Asia/Shanghai
languages: [zh, en]
currency: CNY
location: {lon: 120.0, lat: 30.0}
operator: tax
calendar: {work_days: [monday, tuesday, wednesday, thursday, friday]}
";

/// The agreement that most tests use.
pub(crate) const TITLES: &str = "\
id: titles-for-tax
title: {zh: 房产共享, en: Titles for tax}
consumer: tax
dataset: titles
fields: [number, owner, area]
rows: status = \"valid\"
purposes: [matter/property-tax, policy/rebate]
legal_basis: [{zh: 税法, en: The tax law}]
from: 2026-01-01
until: 2026-12-31
uses: [look-up, batch, subscribe]
rate: {per_second: 5, per_day: 1000}
";

const PERSONS: &str = "\
id: persons-for-tax
title: {zh: 人口共享, en: Persons for tax}
consumer: tax
dataset: persons
fields: [id, name]
purposes: [matter/property-tax]
legal_basis: [{zh: 税法, en: The tax law}]
from: 2026-01-01
until: 2026-12-31
rate: {per_second: 1000, per_day: 100000}
";

fn department(id: &str, zh: &str) -> String {
    format!(
        "id: {id}\ntitle: {{zh: 市{zh}局, en: The {id} bureau}}\nshort: {{zh: {zh}, en: {id}}}\nkind: bureau\n\
         responsible_for:\n  - {{zh: {zh}, en: {id}}}\ncontact: {{email: data@{id}.example.org, fictitious: true}}\n"
    )
}

fn dataset(id: &str, head: &str, fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, rest)| {
            format!("  - {{name: {name}, title: {{zh: 字段, en: {name}}}, {rest}}}\n")
        })
        .collect();
    format!(
        "id: {id}\ntitle: {{zh: 数据, en: The {id}}}\ndescription: {{zh: 一条, en: one}}\nupdates: real-time\n{head}fields:\n{}",
        fields.concat()
    )
}

pub(crate) fn client(id: &str, roles: &str) -> String {
    let key = Signer::demonstration(id, 0).unwrap().public_key();
    format!(
        "id: {id}\ntitle: {{zh: 系统, en: A system}}\npublic_key: {key}\nroles: [{roles}]\ndemonstration: true\n"
    )
}

/// The town's files, with another text for the agreement about titles.
pub(crate) fn files(titles: &str) -> Vec<(String, String)> {
    let conditional = "share: conditional\nshare_note: {zh: 依协议, en: by agreement}\n";
    let mut files = vec![
        ("city.yaml".to_owned(), TOWN.to_owned()),
        (
            "departments/housing/datasets/titles.yaml".to_owned(),
            dataset(
                "titles",
                &format!("subject: person\nsubject_field: owner\nkey: [number]\n{conditional}"),
                &[
                    ("number", "type: text"),
                    (
                        "owner",
                        "type: text, format: citizen-number, required: true, sensitivity: personal, references: {dataset: persons, field: id}",
                    ),
                    ("area", "type: integer"),
                    ("status", "type: text, one_of: [valid, void]"),
                    ("note", "type: text, sensitivity: sensitive"),
                ],
            ),
        ),
        (
            "departments/registry/datasets/persons.yaml".to_owned(),
            dataset(
                "persons",
                &format!("subject: person\nsubject_field: id\nkey: [id]\n{conditional}"),
                &[
                    (
                        "id",
                        "type: text, format: citizen-number, sensitivity: personal",
                    ),
                    ("name", "type: text, sensitivity: personal"),
                    ("district", "type: text"),
                ],
            ),
        ),
        (
            "departments/registry/datasets/streets.yaml".to_owned(),
            dataset(
                "streets",
                "subject: place\nsubject_field: code\nkey: [code]\nshare: unconditional\n",
                &[
                    ("code", "type: text, sensitivity: public"),
                    ("name", "type: text"),
                    ("keeper", "type: text, sensitivity: personal"),
                ],
            ),
        ),
        (
            "departments/registry/datasets/secrets.yaml".to_owned(),
            dataset(
                "secrets",
                "subject: thing\nsubject_field: code\nkey: [code]\nshare: not-shared\nshare_note: {zh: 不予共享, en: not shared}\n",
                &[("code", "type: text"), ("what", "type: text")],
            ),
        ),
        (
            "departments/housing/agreements/titles-for-tax.yaml".to_owned(),
            titles.to_owned(),
        ),
        (
            "departments/registry/agreements/persons-for-tax.yaml".to_owned(),
            PERSONS.to_owned(),
        ),
    ];
    for (id, zh) in [("tax", "税务"), ("housing", "住房"), ("registry", "登记")] {
        files.push((
            format!("departments/{id}/department.yaml"),
            department(id, zh),
        ));
        files.push((
            format!("departments/{id}/clients/{id}-systems.yaml"),
            client(&format!("{id}-systems"), "read, write, query"),
        ));
        files.push((
            format!("departments/{id}/clients/{id}-office.yaml"),
            client(&format!("{id}-office"), "propose, approve"),
        ));
    }
    files
}

pub(crate) fn town_of(files: &[(String, String)]) -> Arc<City> {
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let (city, faults) = Definitions::from_files("town", files).check();
    let faults: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {fault}", fault.location()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    Arc::new(city)
}

/// The town in which tax may read titles.
pub(crate) fn town() -> Arc<City> {
    town_of(&files(TITLES))
}

/// An exchange in a folder that goes away with it.
pub(crate) struct Town {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) clock: Arc<StandingClock>,
    folder: TempDir,
}

impl Town {
    /// With its records and with both agreements in force.
    pub(crate) fn new() -> Self {
        let town = Self::empty();
        town.put_titles(&[
            ("T1", "P1", 80, "valid"),
            ("T2", "P1", 120, "void"),
            ("T3", "P2", 60, "valid"),
        ]);
        town.put_persons(&[("P1", "王芳"), ("P2", "李强")]);
        for agreement in ["titles-for-tax", "persons-for-tax"] {
            town.agree(agreement);
        }
        town
    }

    /// Without records, and with nothing signed.
    pub(crate) fn empty() -> Self {
        Self::of(&town())
    }

    /// Any city, without records, and with nothing signed.
    pub(crate) fn of(city: &Arc<City>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StandingClock::at(NOON));
        let exchange = open(folder.path(), &clock, city);
        Self {
            exchange,
            clock,
            folder,
        }
    }

    /// With a ledger whose checkpoints `signer` signs; without records, and with nothing signed.
    pub(crate) fn with_signer(signer: Arc<dyn ledger::Signer>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StandingClock::at(NOON));
        let exchange = open_with(folder.path(), &clock, &town(), signer);
        Self {
            exchange,
            clock,
            folder,
        }
    }

    /// The same folder, opened again: what was in memory is gone.
    pub(crate) fn reopened(self) -> Self {
        let Self {
            exchange,
            clock,
            folder,
        } = self;
        exchange.keep(true).unwrap();
        drop(exchange);
        let exchange = open(folder.path(), &clock, &town());
        Self {
            exchange,
            clock,
            folder,
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Signs a step as the office of a department.
    pub(crate) fn sign(&self, office: &str, agreement: &str, step: Step) -> String {
        let city = &self.exchange.compiled().city;
        let hash = city
            .get::<city::kinds::Agreement>(agreement)
            .unwrap()
            .hash
            .to_string();
        let signer = Signer::demonstration(office, 1).unwrap();
        Statement::sign(&signer, agreement, &hash, step, self.exchange.now())
    }

    /// Both sides sign.
    pub(crate) fn agree(&self, agreement: &str) {
        let city = Arc::clone(&self.exchange.compiled().city);
        let provider = city
            .get::<city::kinds::Agreement>(agreement)
            .unwrap()
            .department
            .clone()
            .unwrap();
        self.exchange
            .step(&self.sign("tax-office", agreement, Step::Propose))
            .unwrap();
        self.exchange
            .step(&self.sign(&format!("{provider}-office"), agreement, Step::Approve))
            .unwrap();
    }

    pub(crate) fn put_titles(&self, titles: &[(&str, &str, i64, &str)]) {
        let text = |of: fn(&(&str, &str, i64, &str)) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(titles.iter().map(of)))
        };
        self.put(
            "titles",
            vec![
                text(|title| title.0.to_owned()),
                text(|title| title.1.to_owned()),
                Arc::new(Int64Array::from_iter_values(
                    titles.iter().map(|title| title.2),
                )),
                text(|title| title.3.to_owned()),
                text(|_| "private".to_owned()),
            ],
            None,
        );
    }

    pub(crate) fn put_persons(&self, persons: &[(&str, &str)]) {
        let text = |of: fn(&(&str, &str)) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(persons.iter().map(of)))
        };
        self.put(
            "persons",
            vec![
                text(|person| person.0.to_owned()),
                text(|person| person.1.to_owned()),
                text(|_| "D1".to_owned()),
            ],
            None,
        );
    }

    pub(crate) fn put(&self, dataset: &str, columns: Vec<ArrayRef>, deletes: Option<Vec<bool>>) {
        let table = self.exchange.pool().table(dataset).unwrap();
        let batch = RecordBatch::try_new(Arc::clone(&table.columns), columns).unwrap();
        let write = Write {
            table,
            batch,
            deletes: deletes.map(Into::into),
            source: "test".to_owned(),
            idempotency_key: None,
        };
        self.exchange.pool().write(write).unwrap();
    }

    /// A system of a department, for a purpose.
    pub(crate) fn caller(&self, client: &str, purpose: &str) -> Caller {
        self.exchange
            .engine(client, purpose, Some("case-1"))
            .unwrap()
    }

    /// Tax, for property tax.
    pub(crate) fn tax(&self) -> Caller {
        self.caller("tax-systems", "matter/property-tax")
    }

    /// All entries of the ledger.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let ledger = self.exchange.ledger();
        let entries = ledger.entries(0..ledger.size()).unwrap();
        entries
            .iter()
            .map(|entry| Entry::of_bytes(entry).unwrap())
            .collect()
    }
}

fn open(folder: &Path, clock: &Arc<StandingClock>, city: &Arc<City>) -> Arc<Exchange> {
    let key = SecretKey::from_seed("town", Algorithm::Log, [9; 32]).unwrap();
    open_with(
        folder,
        clock,
        city,
        Arc::new(LocalSigner::new(key).unwrap()),
    )
}

fn open_with(
    folder: &Path,
    clock: &Arc<StandingClock>,
    city: &Arc<City>,
    signer: Arc<dyn ledger::Signer>,
) -> Arc<Exchange> {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
    let pool = Pool::open(pool::Options::new(folder), city, Arc::clone(&clock)).unwrap();
    let ledger = Log::open(
        ledger::Options::new(&folder.join("ledger"), signer),
        Arc::new(move || clock.now().0),
    )
    .unwrap();
    let options = Options {
        demonstration: true,
        subject_secret: [7; 32],
    };
    Exchange::open(&options, pool, Arc::new(ledger), Arc::clone(city)).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "look-ups take it so")]
pub(crate) fn key(field: &str, value: &str) -> Option<Key> {
    Some(Key::from_iter([(field.to_owned(), value.into())]))
}

pub(crate) fn title(number: &str) -> LookUp {
    LookUp {
        dataset: "titles".to_owned(),
        key: key("number", number),
        ..LookUp::default()
    }
}

pub(crate) fn titles_of(owner: &str) -> LookUp {
    LookUp {
        dataset: "housing/titles".to_owned(),
        subject: Some(owner.to_owned()),
        ..LookUp::default()
    }
}
