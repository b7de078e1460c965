//! `kill -9` of the whole process at random moments, while systems push and look up.
//! `CITYBRAIN_KILL_ROUNDS` says how often.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::thread;
use std::time::Duration;

use pool::Moment;

use crate::check::{self, Ledger};
use crate::postgres;
use crate::server::{self, Place, Server, System, now};
use crate::work::{self, Records, Transfer, Writer};

const ROUNDS: &str = "CITYBRAIN_KILL_ROUNDS";
/// Systems that push.
const WRITERS: u64 = 2;
/// Systems that look up.
const READERS: u64 = 2;
/// Every so many rounds all keys that there ever were are looked up.
const ALL_EVERY: u64 = 10;
/// The longest that a server is let live, and the longest that one is let start.
const LIFE_US: u64 = 900_000;
const START_US: u64 = 700_000;

/// Numbers that look random, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

struct Rounds {
    place: Place,
    writers: Vec<Writer>,
    ledger: Ledger,
    /// What there was at a moment.
    past: Vec<(Moment, Records)>,
    /// All keys that there ever were.
    keys: BTreeSet<(&'static str, String)>,
    chance: Chance,
}

impl Rounds {
    fn new(state: &str, seed: u64) -> Self {
        Self {
            place: Place::new(state),
            writers: (0..WRITERS).map(Writer::new).collect(),
            ledger: Ledger::new(),
            past: Vec::new(),
            keys: BTreeSet::new(),
            chance: Chance(seed),
        }
    }

    /// Lets all work, and kills the server in their midst.
    fn work_until_killed(&mut self, server: Server) {
        let life = Duration::from_micros(50_000 + self.chance.below(LIFE_US));
        let (address, stop) = (server.address.clone(), AtomicBool::new(false));
        let registers: Vec<AtomicI64> = self
            .writers
            .iter()
            .map(|writer| {
                let register = ("persons", format!("w{}-register", writer.number));
                let balance = writer
                    .records
                    .get(&register)
                    .and_then(|fields| fields["balance"].as_i64());
                AtomicI64::new(balance.unwrap_or(-1))
            })
            .collect();
        let (registers, stop) = (registers.as_slice(), &stop);
        let transfers: Vec<Transfer> = thread::scope(|scope| {
            let address = address.as_str();
            for (writer, register) in self.writers.iter_mut().zip(registers) {
                scope.spawn(move || {
                    writer.work(&System::new(address, "registry-systems"), register, stop);
                });
            }
            scope.spawn(|| work::ask(&System::new(address, "registry-systems"), stop));
            let readers: Vec<_> = (0..READERS)
                .map(|seed| {
                    let read = move || {
                        work::look_up(&System::new(address, "tax-systems"), registers, seed, stop)
                    };
                    scope.spawn(read)
                })
                .collect();
            thread::sleep(life);
            server.kill();
            let read = readers
                .into_iter()
                .flat_map(|reader| reader.join().unwrap());
            read.collect()
        });
        self.ledger.answered(transfers);
    }

    /// Starts the server again; sometimes one that starts is killed as well.
    fn start_again(&mut self) -> Server {
        if self.chance.below(4) == 0 {
            let mut child = self.place.spawn();
            thread::sleep(Duration::from_micros(self.chance.below(START_US)));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        self.place.start()
    }

    /// Looks whether all is as it must be.
    fn check(&mut self, server: &str, all: bool) {
        check::settle(server, &mut self.writers);
        let mut wanted = Records::new();
        for writer in &self.writers {
            wanted.extend(writer.records.clone());
        }
        let at = now();
        check::history_is(server, &wanted);
        self.keys.extend(wanted.keys().cloned());
        let few = self.keys.iter().filter(|(_, key)| !key.contains("large"));
        let looked_up = if all {
            check::looked_up(server, self.keys.iter())
        } else {
            check::looked_up(server, few.clone())
        };
        let same_keys = wanted
            .iter()
            .filter(|((_, key), _)| all || !key.contains("large"));
        let same_keys = same_keys.map(|(key, value)| (key.clone(), value.clone()));
        check::same("look-ups", &looked_up, &same_keys.collect());
        if let Some((then, records)) = self.past.last() {
            check::same("the past", &check::history(server, Some(*then)), records);
        }
        if !self.past.is_empty() {
            let some = self.chance.below(self.past.len() as u64) as usize;
            let (then, records) = &self.past[some];
            check::same("the past", &check::history(server, Some(*then)), records);
        }
        self.past.push((at, wanted));
        for writer in &self.writers {
            if !writer.entries.is_empty() {
                let n = self.chance.below(writer.entries.len() as u64);
                check::send_again(server, writer, n);
            }
        }
    }

    /// The server was stopped in order: all is in the ledger, and nothing is damaged.
    fn end(&mut self, server: Server) {
        server.stop();
        self.ledger.look(&self.place.data.join("ledger"));
        assert!(self.ledger.is_done(), "the ledger lacks answered transfers");
        check::verify(&self.place);
    }
}

fn kill_at_random(state: &str, rounds: u64) {
    let seed = 0x9e37_79b9_7f4a_7c15 + rounds;
    eprintln!("seed {seed:#x}");
    let mut all = Rounds::new(state, seed);
    let mut server = all.place.start();
    server::agree(&server.address);
    for round in 1..=rounds {
        all.work_until_killed(server);
        // As the fall left it: what is signed is whole.
        let ledger = all.place.data.join("ledger");
        if ledger.join("checkpoint").exists() {
            all.ledger.look(&ledger);
            check::verify(&all.place);
        }
        eprintln!("round {round}");
        server = all.start_again();
        all.check(&server.address, round % ALL_EVERY == 0 || round == rounds);
    }
    all.end(server);
    let acknowledged: usize = all.writers.iter().map(|writer| writer.entries.len()).sum();
    eprintln!(
        "{rounds} rounds: {acknowledged} acknowledged batches, {} answered transfers, {} records in force of {} keys",
        all.ledger.seen,
        all.past.last().map_or(0, |(_, records)| records.len()),
        all.keys.len()
    );
    assert!(
        acknowledged as u64 > rounds && all.ledger.seen > rounds,
        "next to nothing was done"
    );
}

fn rounds() -> u64 {
    let rounds = std::env::var(ROUNDS).ok();
    rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

#[test]
fn whatever_was_acknowledged_or_answered_is_there_once_after_kills() {
    kill_at_random("", rounds());
}

#[test]
fn the_same_with_keyed_state_in_postgresql() {
    if let Some(url) = postgres::database() {
        kill_at_random(&url, rounds().div_ceil(4).max(10.min(rounds())));
    }
}
