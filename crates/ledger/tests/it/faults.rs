//! Faults between any two file operations: every acknowledged entry is there once, none that was
//! refused, and the log goes on.

use std::path::Path;
use std::sync::Arc;

use ledger::{Error, Log, Options, VerifyOptions, leaf_hash, tree::Frontier, verify_folder};

use crate::memory::{Chance, Fault, Memory};
use crate::support::{clock, entry, options, vkey};

/// What a run was told about its entries.
#[derive(Default)]
struct Told {
    /// Acknowledged: index and number of the entry.
    stored: Vec<(u64, u64)>,
    /// Refused: these must not be there.
    refused: Vec<u64>,
    /// Neither: the machine stopped, or the log could not say.
    unknown: Vec<u64>,
    /// Numbers given out.
    next: u64,
}

fn small(disk: &Memory) -> Options {
    Options {
        storage: Arc::new(disk.clone()),
        committers: 1,
        segment_bytes: 6000,
        ..options(Path::new("ledger"))
    }
}

/// A working day of a log: groups of entries, publishing now and then, closing and opening.
fn script(disk: &Memory, told: &mut Told) {
    let mut chance = Chance(42);
    for _ in 0..3 {
        let Ok(log) = Log::open(small(disk), clock()) else {
            return;
        };
        for turn in 0..12 {
            let count = 1 + chance.below(30);
            append(&log, count, told);
            if turn % 3 == 2 {
                // May fail: then it is tried again the next time.
                let _ = log.publish();
            }
        }
        let _ = log.close();
    }
}

fn append(log: &Log, count: u64, told: &mut Told) {
    let numbers: Vec<u64> = (told.next..told.next + count).collect();
    told.next += count;
    let entries = numbers.iter().map(|number| entry(*number)).collect();
    match log.append_many_wait(entries) {
        Ok(receipts) => {
            let stored = receipts.iter().map(|receipt| receipt.index).zip(numbers);
            told.stored.extend(stored);
        }
        Err(Error::Refused { .. }) => told.refused.extend(numbers),
        Err(Error::Unsure { .. }) => told.unknown.extend(numbers),
        Err(error) => panic!("{error}"),
    }
}

/// Opens the log on a sound disk, and compares what is there with what was told.
fn check(disk: &Memory, told: &Told, what: &str) {
    disk.set(None);
    let log = Log::open(small(disk), clock()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let size = log.size();
    for (index, number) in &told.stored {
        assert!(
            *index < size,
            "{what}: entry {index} was acknowledged, {size} are there"
        );
        assert_eq!(
            log.entry(*index).unwrap(),
            entry(*number),
            "{what}: entry {index}"
        );
    }
    let known: std::collections::BTreeMap<u64, u64> = told.stored.iter().copied().collect();
    assert_eq!(known.len(), told.stored.len(), "{what}: no index twice");
    let mut frontier = Frontier::default();
    for index in 0..size {
        let found = log.entry(index).unwrap();
        frontier.push(leaf_hash(&found));
        if !known.contains_key(&index) {
            let unknown = told.unknown.iter().any(|number| entry(*number) == found);
            assert!(
                unknown,
                "{what}: entry {index} was never acknowledged, and could not be"
            );
        }
    }
    log.publish().unwrap();
    assert_eq!(log.root(size).unwrap(), frontier.root(), "{what}");
    log.append_wait(b"and on".to_vec()).unwrap();
    log.publish().unwrap();
    let proof = log.prove(size).unwrap();
    assert_eq!(proof.verify(&vkey(), &[]).unwrap().size, size + 1);
    drop(log);
    let folder = tempfile::tempdir().unwrap();
    disk.pour(folder.path());
    let options = VerifyOptions {
        log: Some(vkey()),
        threads: 1,
        ..VerifyOptions::default()
    };
    let report = verify_folder(folder.path(), &options, &mut |_| {}).unwrap();
    assert_eq!(report.findings, [], "{what}");
    assert_eq!((report.size, report.pending), (size + 1, 0), "{what}");
}

#[test]
fn a_day_without_faults() {
    let disk = Memory::default();
    let mut told = Told::default();
    script(&disk, &mut told);
    assert!(told.refused.is_empty() && told.unknown.is_empty());
    assert_eq!(told.stored.len() as u64, told.next);
    assert!(
        told.next > 400,
        "{} entries: segments roll and are removed",
        told.next
    );
    check(&disk, &told, "no fault");
}

fn operations() -> (u64, u64, u64) {
    let disk = Memory::default();
    script(&disk, &mut Told::default());
    disk.counts()
}

#[test]
fn a_crash_between_any_two_operations_loses_nothing() {
    let (all, _, _) = operations();
    assert!(all > 200, "{all} operations");
    for operation in 0..all {
        let disk = Memory::default();
        disk.set(Some(Fault::Crash(operation)));
        let mut told = Told::default();
        script(&disk, &mut told);
        // The answer to what was refused in the crash itself was never heard.
        told.unknown.append(&mut told.refused);
        for seed in 1..4 {
            let found = disk.after_crash(&mut Chance(operation * 7 + seed));
            check(
                &found,
                &told,
                &format!("crash at operation {operation}, seed {seed}"),
            );
        }
    }
}

#[test]
fn a_sync_that_fails_refuses_its_group_and_no_other() {
    let (_, syncs, _) = operations();
    assert!(syncs > 36, "{syncs} syncs");
    for sync in 0..syncs {
        let disk = Memory::default();
        disk.set(Some(Fault::Sync(sync)));
        let mut told = Told::default();
        script(&disk, &mut told);
        let what = format!("sync {sync} fails");
        assert!(told.unknown.is_empty(), "{what}");
        check(&disk, &told, &what);
    }
}

#[test]
fn a_full_disk_at_any_byte_refuses_whole_groups_and_goes_on_when_there_is_room() {
    let (_, _, bytes) = operations();
    // Every byte of some frames, and places all over the day.
    let places = (0..700).chain((700..bytes).step_by(997));
    for place in places {
        let disk = Memory::default();
        let mut told = Told::default();
        disk.set(Some(Fault::Full(place)));
        let what = format!("room for {place} bytes");
        match Log::open(small(&disk), clock()) {
            Err(error) => assert!(matches!(error, Error::File { .. }), "{what}: {error}"),
            Ok(log) => {
                let mut chance = Chance(42);
                for turn in 0..36 {
                    append(&log, 1 + chance.below(30), &mut told);
                    if turn % 3 == 2 {
                        let _ = log.publish();
                    }
                }
                disk.set(None);
                append(&log, 3, &mut told);
                let last = told.stored.last().copied();
                assert_eq!(
                    last.map(|(_, number)| number),
                    Some(told.next - 1),
                    "{what}"
                );
            }
        }
        assert!(told.unknown.is_empty(), "{what}");
        check(&disk, &told, &what);
    }
}

#[test]
fn a_full_disk_is_named() {
    let disk = Memory::default();
    let log = Log::open(small(&disk), clock()).unwrap();
    disk.set(Some(Fault::Full(10)));
    let refused = log.append_wait(entry(1)).unwrap_err();
    assert!(
        matches!(&refused, Error::Refused { full: true, .. }),
        "{refused}"
    );
    assert!(
        refused
            .to_string()
            .contains("segments/00000000000000000000"),
        "{refused}"
    );
    assert_eq!(log.status().refused, 1);
    disk.set(None);
    assert_eq!(log.append_wait(entry(1)).unwrap().index, 0);
}
