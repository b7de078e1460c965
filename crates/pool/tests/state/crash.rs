//! `kill -9` at random moments and at chosen points: every write that was acknowledged is there
//! once, and keyed state is what the outbox says.
//!
//! The child is this test's own binary, told by an environment variable to write until it dies.
//! `CITYBRAIN_KILL_ROUNDS` says how often it is killed at random.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pool::{Faults, Options, Pool, StateUrl, Then, Value, Write};

use crate::server;
use crate::town::*;

const FOLDER: &str = "CITYBRAIN_TEST_FOLDER";
const STATE: &str = "CITYBRAIN_TEST_STATE";
const FAULT: &str = "CITYBRAIN_TEST_FAULT";
const ROUNDS: &str = "CITYBRAIN_KILL_ROUNDS";
/// Threads that write.
const WRITERS: i64 = 3;
/// Rows of a load.
const LOAD: i64 = 3_000;
/// Every so many loads the same keys come again.
const LOADS: i64 = 20;

fn options(folder: &Path, state: &str) -> Options {
    let state = if state.is_empty() {
        StateUrl::Folder
    } else {
        StateUrl::Postgres(state.to_owned())
    };
    Options {
        state,
        ..Options::new(folder.join("data"))
    }
}

/// Not a test by itself: what the child does.
#[test]
fn the_child_writes_until_it_dies() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let mut options = options(folder, &env::var(STATE).unwrap_or_default());
    if let Some((point, nth)) = env::var(FAULT)
        .ok()
        .as_deref()
        .and_then(|fault| fault.split_once(':'))
    {
        options.faults = Faults::at(point, nth.parse().unwrap(), Then::Die);
    }
    let pool = open(options);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let pool = &pool;
            scope.spawn(move || write_on(pool, folder, writer));
        }
        scope.spawn(|| load_on(&pool, folder));
        scope.spawn(|| {
            loop {
                thread::sleep(Duration::from_millis(40));
                pool.settle().unwrap();
            }
        });
    });
}

fn acknowledged(folder: &Path, writer: i64) -> i64 {
    let text =
        fs::read_to_string(folder.join(format!("acknowledged-{writer}"))).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.parse().ok())
        .next_back()
        .unwrap_or(-1)
}

fn log(folder: &Path, writer: i64) -> File {
    File::options()
        .create(true)
        .append(true)
        .open(folder.join(format!("acknowledged-{writer}")))
        .unwrap()
}

/// Writes its `n`th row, and replaces its register, and moves its title on; deletes every tenth.
fn write_on(pool: &Arc<Pool>, folder: &Path, writer: i64) {
    let mut log = log(folder, writer);
    let (persons, titles) = (
        pool.table("persons").unwrap(),
        pool.table("titles").unwrap(),
    );
    for n in acknowledged(folder, writer) + 1.. {
        let keyed = Write {
            idempotency_key: Some(format!("{writer}/{n}")),
            ..write(
                &persons,
                &[
                    person(&format!("w{writer}/{n}"), n.into()),
                    person(&format!("register{writer}"), n.into()),
                ],
            )
        };
        pool.write(keyed).unwrap();
        pool.write(write(
            &titles,
            &[title(
                &format!("t{writer}"),
                0,
                &format!("owner{}", n % 7),
                n.into(),
            )],
        ))
        .unwrap();
        if n % 10 == 9 {
            pool.write(deletes(
                &persons,
                &[person(&format!("w{writer}/{}", n - 4), 0)],
            ))
            .unwrap();
        }
        writeln!(log, "{n}").unwrap();
    }
}

fn load_rows(n: i64) -> Vec<Vec<Value>> {
    (0..LOAD)
        .map(|row| {
            month(
                &format!("m{}", row % 700),
                n % LOADS * 10 + row / 700,
                (n * LOAD + row).into(),
            )
        })
        .collect()
}

fn load_on(pool: &Arc<Pool>, folder: &Path) {
    let mut log = log(folder, WRITERS);
    let months = pool.table("months").unwrap();
    for n in acknowledged(folder, WRITERS) + 1.. {
        let load = Write {
            idempotency_key: Some(format!("load/{n}")),
            ..write(&months, &load_rows(n))
        };
        pool.load(load).unwrap();
        writeln!(log, "{n}").unwrap();
    }
}

struct Rounds {
    folder: tempfile::TempDir,
    state: String,
    replayed: Replayed,
}

impl Rounds {
    fn new(state: String) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            state,
            replayed: Replayed::default(),
        }
    }

    fn child(&self, fault: &str) -> Child {
        Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::the_child_writes_until_it_dies",
                "--nocapture",
            ])
            .env(FOLDER, self.folder.path())
            .env(STATE, &self.state)
            .env(FAULT, fault)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Opens what the child left, and looks whether all is as it must be.
    fn verify(&mut self) {
        let options = options(self.folder.path(), &self.state);
        let pool = Pool::open(options.clone(), &town(), clock()).unwrap();
        self.replayed
            .is_state_of(&pool, &options.data.join("history"));
        let persons = pool.table("persons").unwrap();
        let income = |key: &str| {
            pool.get(&persons, &[text(key)])
                .unwrap()
                .map(|record| record.values[3].clone())
        };
        for writer in 0..WRITERS {
            let last = acknowledged(self.folder.path(), writer);
            for n in 0..=last {
                let deleted = n % 10 == 5 && n + 4 <= last;
                let perhaps = n % 10 == 5 && n + 4 == last + 1; // deleted, but not yet acknowledged
                let found = income(&format!("w{writer}/{n}"));
                let right = if deleted {
                    found.is_none()
                } else {
                    found == Some(money(n.into()))
                };
                assert!(
                    right || (perhaps && found.is_none()),
                    "{writer}/{n} of {last}: {found:?}"
                );
            }
            if last >= 0 {
                let register = income(&format!("register{writer}"));
                assert!(
                    [last, last + 1]
                        .map(|n| Some(money(n.into())))
                        .contains(&register),
                    "{register:?} after {last}"
                );
            }
            assert_eq!(
                income(&format!("w{writer}/{}", last + 2)),
                None,
                "nothing that was never written"
            );
        }
        let months = pool.table("months").unwrap();
        let loads = acknowledged(self.folder.path(), WRITERS) + 1;
        let count = pool.count(&months).unwrap().cast_signed();
        assert!(
            [loads, loads + 1]
                .map(|loads| loads.min(LOADS) * LOAD)
                .contains(&count),
            "{count} of {loads} loads"
        );
        self.trim(&pool);
    }

    /// History takes all but the last few entries now and then.
    fn trim(&self, pool: &Pool) {
        pool.consumed("history", self.replayed.seq.saturating_sub(20))
            .unwrap();
        pool.settle().unwrap();
    }

    fn acknowledged(&self) -> BTreeMap<i64, i64> {
        (0..=WRITERS)
            .map(|writer| (writer, acknowledged(self.folder.path(), writer)))
            .collect()
    }
}

fn kill_at_random(state: String, rounds: u64) {
    let mut all = Rounds::new(state);
    let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
    let mut round = 0;
    let silent = |all: &Rounds| all.acknowledged().values().any(|last| *last < 0);
    // On a busy machine a child may not come to write; then there are more, and longer, rounds.
    while round < rounds || (silent(&all) && round < rounds + 20) {
        let patience = if round < rounds { 1 } else { 5 };
        round += 1;
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut child = all.child("");
        thread::sleep(Duration::from_micros(100_000 + (chance >> 33) % 600_000) * patience);
        child.kill().unwrap();
        assert!(
            !child.wait().unwrap().success(),
            "the child ended by itself"
        );
        all.verify();
    }
    let acknowledged = all.acknowledged();
    eprintln!(
        "{rounds} rounds, {} entries, acknowledged {acknowledged:?}",
        all.replayed.seq
    );
    assert!(
        acknowledged.values().all(|last| *last >= 0),
        "somebody wrote nothing: {acknowledged:?}"
    );
}

fn rounds() -> u64 {
    env::var(ROUNDS)
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(4)
}

#[test]
fn killed_at_random_nothing_is_lost_or_doubled() {
    kill_at_random(String::new(), rounds());
}

#[test]
fn killed_at_random_with_postgresql_nothing_is_lost_or_doubled() {
    if let Some(url) = server::database() {
        kill_at_random(url, rounds().div_ceil(2));
    }
}

#[test]
fn killed_at_each_point_nothing_is_lost_or_doubled() {
    let mut all = Rounds::new(String::new());
    for point in Faults::POINTS {
        for nth in [1, 7] {
            let mut child = all.child(&format!("{point}:{nth}"));
            let begun = Instant::now();
            while child.try_wait().unwrap().is_none() {
                assert!(
                    begun.elapsed() < Duration::from_mins(1),
                    "{point} was not passed {nth} times"
                );
                thread::sleep(Duration::from_millis(5));
            }
            all.verify();
        }
    }
    let acknowledged = all.acknowledged();
    assert!(
        acknowledged.values().all(|last| *last >= 0),
        "somebody wrote nothing: {acknowledged:?}"
    );
}
