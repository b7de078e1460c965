//! Whether all that was acknowledged and answered is there, once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use ledger::Folder;
use pool::Moment;
use pool::exchange::Entry;
use serde_json::{Value as Json, json};

use crate::server::{Place, System};
use crate::work::{Push, Records, Transfer, Writer};

/// How far SQL may be behind look-ups, and some more for a busy machine.
const BEHIND: Duration = Duration::from_secs(20);
/// Most keys of one batch look-up.
const BATCH: usize = 1_000;

/// What SQL over history gives, as of a moment. A key that is there twice is a fault.
pub(crate) fn history(server: &str, as_of: Option<Moment>) -> Records {
    let system = System::new(server, "registry-systems");
    let mut records = Records::new();
    for (dataset, key, fields) in [
        ("persons", "person", "balance, note"),
        ("titles", "number", "owner, area"),
    ] {
        let sql = format!("SELECT {key}, {fields} FROM registry.{dataset}");
        let answer = system.question(&sql, as_of).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        for row in answer.body.as_array().unwrap() {
            let mut row = row.clone();
            let name = row[key].as_str().unwrap().to_owned();
            row.as_object_mut().unwrap().remove(key);
            let before = records.insert((dataset, name.clone()), row);
            assert!(before.is_none(), "{dataset} {name} is there twice in SQL");
        }
    }
    records
}

/// What look-ups give of the keys that `of` yields.
pub(crate) fn looked_up<'a>(
    server: &str,
    of: impl Iterator<Item = &'a (&'static str, String)>,
) -> Records {
    let system = System::new(server, "registry-systems");
    let mut keys: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for (dataset, key) in of {
        keys.entry(dataset).or_default().push(key);
    }
    let mut records = Records::new();
    for (dataset, keys) in keys {
        let field = if dataset == "persons" {
            "person"
        } else {
            "number"
        };
        for keys in keys.chunks(BATCH) {
            let asked: Vec<Json> = keys.iter().map(|key| json!({field: key})).collect();
            let ask = json!({"dataset": format!("registry/{dataset}"), "keys": asked});
            let answer = system.ask("batch", &ask).unwrap().answer;
            assert_eq!(answer.status, 200, "{answer:?}");
            for (key, item) in keys.iter().zip(answer.body["items"].as_array().unwrap()) {
                let found = item["records"].as_array().unwrap();
                assert!(found.len() <= 1, "{dataset} {key} is there twice: {item}");
                if let Some(record) = found.first() {
                    let mut values = record["values"].clone();
                    values.as_object_mut().unwrap().remove(field);
                    records.insert((dataset, (*key).to_owned()), values);
                }
            }
        }
    }
    records
}

/// Fails with the first differences.
pub(crate) fn same(what: &str, found: &Records, wanted: &Records) {
    if found == wanted {
        return;
    }
    let missing = wanted
        .iter()
        .filter(|(key, value)| found.get(*key) != Some(*value));
    let extra = found.iter().filter(|(key, _)| !wanted.contains_key(*key));
    panic!(
        "{what}: missing or other {:?}, too many {:?}",
        missing
            .map(|(key, value)| (key, value, found.get(key)))
            .take(3)
            .collect::<Vec<_>>(),
        extra.take(3).collect::<Vec<_>>()
    );
}

/// Waits until history shows `wanted`: it may be behind look-ups, by a few seconds.
pub(crate) fn history_is(server: &str, wanted: &Records) {
    let begun = Instant::now();
    loop {
        let found = history(server, None);
        if begun.elapsed() > BEHIND {
            return same("history", &found, wanted);
        }
        if found == *wanted {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// After a fall: each writer's acknowledged batches are there, and what was in doubt is there whole
/// or not at all. Sent again under its name it is there once.
pub(crate) fn settle(server: &str, writers: &mut [Writer]) {
    let system = System::new(server, "registry-systems");
    for writer in writers {
        let Some(push) = writer.in_doubt.take() else {
            let found = looked_up(server, writer.records.keys());
            same("after a fall", &found, &writer.records);
            continue;
        };
        let changed = push.changes.iter();
        let changed = changed.map(|(key, _)| (push.dataset, key.clone()));
        let keys: BTreeSet<_> = writer.records.keys().cloned().chain(changed).collect();
        let found = looked_up(server, keys.iter());
        let mut after = writer.records.clone();
        push.apply(&mut after);
        if found != after {
            same(&format!("before {}", push.name), &found, &writer.records);
        }
        let there = found == after && found != writer.records;
        let answer = system
            .push(push.dataset, push.mode, &push.name, &push.lines)
            .unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        if there {
            assert_eq!(answer.body["repeated"], true, "{}: {answer:?}", push.name);
        }
        writer.take(&push, answer.body["seq"].as_u64().unwrap());
    }
}

/// A batch of long ago that is sent again is known, and does nothing.
pub(crate) fn send_again(server: &str, writer: &Writer, n: u64) {
    let push = Push::of(writer.number, n);
    let system = System::new(server, "registry-systems");
    let answer = system
        .push(push.dataset, push.mode, &push.name, &push.lines)
        .unwrap();
    assert_eq!(answer.body["repeated"], true, "{}: {answer:?}", push.name);
    let seq = answer.body["seq"].as_u64();
    assert_eq!(
        seq,
        writer.entries.get(n as usize).copied(),
        "{}",
        push.name
    );
}

/// Every answered transfer is in the ledger, once, and the ledger verifies. The server is dead.
pub(crate) struct Ledger {
    /// Transfers whose entries are to be seen yet, since no checkpoint covers them.
    waiting: BTreeMap<u64, String>,
    pub(crate) seen: u64,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            seen: 0,
        }
    }

    /// Takes transfers that were answered.
    pub(crate) fn answered(&mut self, transfers: Vec<Transfer>) {
        for (entry, evidence) in transfers {
            let before = self.waiting.insert(entry, evidence);
            assert!(before.is_none(), "entry {entry} is of two transfers");
        }
    }

    /// Looks for those that the checkpoint in `folder` covers.
    pub(crate) fn look(&mut self, folder: &Path) {
        let ledger = Folder::open(folder).unwrap();
        let size = ledger.checkpoint().size;
        let rest = self.waiting.split_off(&size);
        let due = std::mem::replace(&mut self.waiting, rest);
        let Some(mut at) = due.keys().next().copied() else {
            return;
        };
        let end = due.keys().next_back().map_or(at, |last| last + 1);
        while at < end {
            let entries = ledger.entries(at).unwrap();
            assert!(!entries.is_empty(), "the ledger ends before {at}");
            for entry in entries {
                if let Some(evidence) = due.get(&at) {
                    let Some(Entry::Transfer(transfer)) = Entry::of_bytes(&entry) else {
                        panic!("entry {at} is no transfer");
                    };
                    assert_eq!(&transfer.evidence, evidence, "entry {at}");
                    self.seen += 1;
                }
                at += 1;
            }
        }
    }

    /// All of them have been seen.
    pub(crate) fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// `citybrain ledger verify`, with the ledger's public key.
pub(crate) fn verify(place: &Place) {
    let (folder, key) = (
        place.data.join("ledger"),
        place.data.join("keys/ledger.pub"),
    );
    let args = [
        "ledger",
        "verify",
        folder.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
    ];
    let output = place.run(&args);
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// All keys that some records have.
pub(crate) fn keys_of<'a>(
    all: impl Iterator<Item = &'a Records>,
) -> BTreeSet<(&'static str, String)> {
    all.flat_map(|records| records.keys().cloned()).collect()
}
