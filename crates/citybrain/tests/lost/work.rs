//! What systems do while the server lives, and what they know when it is dead.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use pool::exchange::evidence_of;
use serde_json::{Value as Json, json};

use crate::server::System;

/// Every so many batches one is large.
const LARGE_EVERY: u64 = 60;
/// Records of a large batch.
const LARGE: u64 = 1_200;
/// Titles of one writer.
const TITLES: u64 = 11;

/// Records by dataset and key, each as its fields but the key.
pub(crate) type Records = BTreeMap<(&'static str, String), Json>;

/// One push.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) name: String,
    pub(crate) dataset: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) lines: String,
    /// What becomes of each key: its fields, or nothing.
    pub(crate) changes: Vec<(String, Option<Json>)>,
}

impl Push {
    /// The `n`th of a writer: new persons beside one that is always replaced, titles that change
    /// hands, deletes of both.
    pub(crate) fn of(writer: u64, n: u64) -> Self {
        let person =
            |key: String, balance: u64| (key, Some(json!({"balance": balance, "note": "王"})));
        let title = |number: u64| format!("w{writer}-t{}", number % TITLES);
        let (dataset, changes) = match n % 10 {
            _ if n % LARGE_EVERY == LARGE_EVERY - 1 => {
                let large = |at| person(format!("w{writer}-large{at}"), n);
                ("persons", (0..LARGE).map(large).collect())
            }
            4 => ("persons", vec![(format!("w{writer}-p{}", n - 4), None)]),
            2 | 5 | 8 => {
                let owner = format!("o{}", n % 7);
                (
                    "titles",
                    vec![(title(n), Some(json!({"owner": owner, "area": n})))],
                )
            }
            9 => ("titles", vec![(title(n / 10 * 3), None)]),
            _ => {
                let register = person(format!("w{writer}-register"), n);
                (
                    "persons",
                    vec![person(format!("w{writer}-p{n}"), n), register],
                )
            }
        };
        let key = if dataset == "persons" {
            "person"
        } else {
            "number"
        };
        let line = |(name, fields): &(String, Option<Json>)| {
            let mut line = fields.clone().unwrap_or_else(|| json!({}));
            line[key] = name.as_str().into();
            format!("{line}\n")
        };
        let lines = changes.iter().map(line).collect();
        let deletes = changes.iter().all(|(_, fields)| fields.is_none());
        Self {
            name: format!("w{writer}/{n}"),
            dataset,
            mode: if deletes { "delete" } else { "upsert" },
            lines,
            changes,
        }
    }

    /// Does to `records` what it does to the pool.
    pub(crate) fn apply(&self, records: &mut Records) {
        for (key, fields) in &self.changes {
            let at = (self.dataset, key.clone());
            match fields {
                Some(fields) => drop(records.insert(at, fields.clone())),
                None => drop(records.remove(&at)),
            }
        }
    }
}

/// One that pushes, one batch after the other.
pub(crate) struct Writer {
    pub(crate) number: u64,
    /// How many were acknowledged, and by which entries of the outbox.
    pub(crate) entries: Vec<u64>,
    /// What the acknowledged ones make.
    pub(crate) records: Records,
    /// One that was sent and not answered.
    pub(crate) in_doubt: Option<Push>,
}

impl Writer {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            entries: Vec::new(),
            records: Records::new(),
            in_doubt: None,
        }
    }

    /// Pushes until the server is gone, or `stop`. `register` is told what is acknowledged.
    pub(crate) fn work(&mut self, system: &System, register: &AtomicI64, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) && self.push(system, register) {}
    }

    /// Pushes one; whether the server answered.
    pub(crate) fn push(&mut self, system: &System, register: &AtomicI64) -> bool {
        let n = self.entries.len() as u64;
        let next = || Push::of(self.number, n);
        let push = self.in_doubt.take().unwrap_or_else(next);
        let sent = system.push(push.dataset, push.mode, &push.name, &push.lines);
        let Ok(answer) = sent else {
            self.in_doubt = Some(push);
            return false;
        };
        assert_eq!(answer.status, 200, "{}: {answer:?}", push.name);
        assert_eq!(answer.body["quarantined"], 0, "{}: {answer:?}", push.name);
        self.take(&push, answer.body["seq"].as_u64().unwrap());
        let own = (push.dataset, format!("w{}-register", self.number));
        if push.dataset == "persons"
            && let Some(fields) = self.records.get(&own)
        {
            register.store(fields["balance"].as_i64().unwrap(), Ordering::SeqCst);
        }
        true
    }

    /// It was acknowledged.
    pub(crate) fn take(&mut self, push: &Push, seq: u64) {
        push.apply(&mut self.records);
        self.entries.push(seq);
    }
}

/// A transfer that was answered: the ledger's entry, and what proves who asked.
pub(crate) type Transfer = (u64, String);

/// Looks records up until the server is gone, and remembers what was answered. A look-up that
/// begins after an acknowledgement sees what was acknowledged.
pub(crate) fn look_up(
    system: &System,
    registers: &[AtomicI64],
    seed: u64,
    stop: &AtomicBool,
) -> Vec<Transfer> {
    let mut transfers = Vec::new();
    for n in seed.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let writer = (n as usize) % registers.len();
        let known = registers[writer].load(Ordering::SeqCst);
        let of_register = n % 2 == 0;
        let ask = if of_register {
            json!({"dataset": "persons", "subject": format!("w{writer}-register")})
        } else {
            json!({"dataset": "titles", "key": {"number": format!("w{writer}-t{}", n % TITLES)}})
        };
        let Ok(sent) = system.ask("look-up", &ask) else {
            break;
        };
        let body = &sent.answer.body;
        assert_eq!(sent.answer.status, 200, "{:?}", sent.answer);
        if of_register {
            let found = body["records"][0]["values"]["balance"]
                .as_i64()
                .unwrap_or(-1);
            assert!(
                found >= known,
                "{found} is older than {known}, which was acknowledged"
            );
        }
        let entry = body["ledger"]["entry"].as_u64().unwrap();
        transfers.push((entry, evidence_of(&sent.token)));
    }
    transfers
}

/// Asks in SQL until the server is gone.
pub(crate) fn ask(system: &System, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let sql = "SELECT count(*) AS n, count(DISTINCT person) AS keys FROM registry.persons";
        let Ok(answer) = system.question(sql, None) else {
            return;
        };
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            answer.body[0]["n"], answer.body[0]["keys"],
            "a key is there twice"
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
