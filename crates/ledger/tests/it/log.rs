//! A log that is open: appending, reading, proving, and parties that are away.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ledger::storage::Disk;
use ledger::{
    Alarm, Error, Folder, LocalWitness, Log, Options, Outage, Party, SignedCheckpoint, Signer,
    Stamper, VerifierKey, leaf_hash, verify_consistency, verify_inclusion,
};

use crate::support::{clock, entries, entry, open, options, signer, vkey, witness_key};

#[test]
fn entries_are_read_back_and_proven_at_every_size() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&options(folder.path()));
    let mut before = (0, ledger::empty_root());
    for size in [1, 2, 255, 256, 257, 600, 1100] {
        let receipts = log.append_many_wait(entries(log.size()..size)).unwrap();
        assert_eq!(receipts.last().unwrap().index, size - 1);
        assert_eq!(
            receipts.last().unwrap().leaf_hash,
            leaf_hash(&entry(size - 1))
        );
        log.publish().unwrap();
        let signed = SignedCheckpoint::read(&log.checkpoint().unwrap(), &vkey()).unwrap();
        let root = signed.checkpoint.root;
        assert_eq!(signed.checkpoint.size, size);
        assert_eq!(root, log.root(size).unwrap());
        for index in (0..size).step_by(37) {
            let proof = log.inclusion(index, size).unwrap();
            verify_inclusion(&leaf_hash(&entry(index)), index, size, &proof, &root).unwrap();
            let proof = log.prove(index).unwrap();
            assert_eq!(proof.verify(&vkey(), &[]).unwrap().size, size);
        }
        let proof = log.consistency(before.0, size).unwrap();
        verify_consistency((before.0, &before.1), (size, &root), &proof).unwrap();
        before = (size, root);
    }
    assert_eq!(log.entries(250..260).unwrap(), entries(250..260));
    assert!(matches!(
        log.entry(1100),
        Err(Error::NoEntry {
            index: 1100,
            size: 1100
        })
    ));
    assert!(matches!(
        log.inclusion(0, 1101),
        Err(Error::NoTree {
            size: 1101,
            tiled: 1100
        })
    ));
}

#[test]
fn a_log_goes_on_after_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20_u64 {
        let log = open(&options(folder.path()));
        assert_eq!(log.size(), round * 61);
        log.append_many_wait(entries(log.size()..(round + 1) * 61))
            .unwrap();
        if round % 3 == 0 {
            log.publish().unwrap();
        }
    }
    let log = open(&options(folder.path()));
    log.publish().unwrap();
    for index in 0..1220 {
        assert_eq!(log.entry(index).unwrap(), entry(index));
    }
    log.prove(777).unwrap().verify(&vkey(), &[]).unwrap();
}

#[test]
fn only_one_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&options(folder.path()));
    let second = Log::open(options(folder.path()), clock());
    assert!(matches!(second, Err(Error::InUse { .. })), "{second:?}");
    drop(log);
    open(&options(folder.path()));
}

#[test]
fn segments_are_removed_once_their_entries_are_in_durable_bundles() {
    let folder = tempfile::tempdir().unwrap();
    let small = Options {
        segment_bytes: 40_000,
        ..options(folder.path())
    };
    let segments = || {
        std::fs::read_dir(folder.path().join("segments"))
            .unwrap()
            .count()
    };
    let log = open(&small);
    for size in (100..=3000).step_by(100) {
        log.append_many_wait(entries(log.size()..size)).unwrap();
    }
    assert!(segments() > 5, "{} segments", segments());
    log.publish().unwrap();
    assert!(segments() <= 3, "{} segments", segments());
    let all = |log: &Log| {
        assert_eq!(log.entries(0..3000).unwrap(), entries(0..3000));
        log.prove(5).unwrap().verify(&vkey(), &[]).unwrap();
        log.prove(2999).unwrap().verify(&vkey(), &[]).unwrap();
    };
    all(&log);
    drop(log);
    let log = open(&small);
    all(&log);
    log.append_many_wait(entries(3000..3100)).unwrap();
    log.publish().unwrap();
    log.prove(3099).unwrap().verify(&vkey(), &[]).unwrap();
}

#[test]
fn what_publishes_by_itself_publishes_at_the_end_too() {
    let folder = tempfile::tempdir().unwrap();
    let quick = Options {
        publish_every: Some(Duration::from_millis(5)),
        ..options(folder.path())
    };
    let log = Arc::new(open(&quick));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let log = &log;
            scope.spawn(move || {
                for turn in 0..50 {
                    let receipt = log.append_wait(entry(thread * 50 + turn)).unwrap();
                    assert_eq!(log.entry(receipt.index).unwrap(), entry(thread * 50 + turn));
                }
            });
        }
    });
    let mut there = log.entries(0..400).unwrap();
    drop(log);
    let folder = Folder::open(folder.path()).unwrap();
    assert_eq!(folder.checkpoint().size, 400);
    for index in 0..400 {
        folder
            .prove(index, Some(&vkey()))
            .unwrap()
            .verify(&vkey(), &[])
            .unwrap();
    }
    let mut expected = entries(0..400);
    there.sort();
    expected.sort();
    assert_eq!(there, expected, "each is there once");
}

#[test]
fn too_long_an_entry_and_too_full_a_queue_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&options(folder.path()));
    let refused = log.append(vec![0; 65_536]).wait();
    assert!(matches!(
        refused,
        Err(Error::EntryTooLong {
            bytes: 65_536,
            most: 65_535
        })
    ));
    log.append(vec![0; 65_535]).wait().unwrap();
    assert_eq!(log.append_many(Vec::new()).wait().unwrap(), []);
    assert_eq!(log.size(), 1);
}

/// A signer, witness and stamper that come and go.
struct Fickle<T> {
    inner: T,
    here: AtomicBool,
}

impl<T> Fickle<T> {
    fn check(&self) -> Result<(), Outage> {
        let here = self.here.load(Ordering::SeqCst);
        here.then_some(())
            .ok_or_else(|| Outage("no route to host".to_owned()))
    }
}

impl Signer for Fickle<Arc<dyn Signer>> {
    fn key(&self) -> &VerifierKey {
        self.inner.key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], Outage> {
        self.check()?;
        self.inner.sign(message)
    }
}

impl Stamper for Fickle<AtomicU64> {
    fn stamp(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Outage> {
        self.check()?;
        self.inner.fetch_add(1, Ordering::SeqCst);
        Ok(digest.to_vec())
    }
}

#[test]
fn a_signer_that_is_away_holds_up_no_append() {
    let folder = tempfile::tempdir().unwrap();
    let fickle = Arc::new(Fickle {
        inner: signer(),
        here: AtomicBool::new(false),
    });
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listen = {
        let heard = Arc::clone(&heard);
        Arc::new(move |alarm: &Alarm| heard.lock().unwrap().push(alarm.clone()))
    };
    let log = open(&Options {
        signer: Arc::clone(&fickle) as Arc<dyn Signer>,
        on_alarm: Some(listen),
        ..options(folder.path())
    });
    for _ in 0..5 {
        log.append_many_wait(entries(log.size()..log.size() + 100))
            .unwrap();
        log.publish().unwrap();
    }
    let status = log.status();
    assert_eq!((status.size, status.tiled, status.signed), (500, 500, 0));
    assert!(matches!(log.prove(3), Err(Error::NoCheckpoint)));
    fickle.here.store(true, Ordering::SeqCst);
    log.publish().unwrap();
    assert_eq!(log.status().signed, 500);
    log.prove(3).unwrap().verify(&vkey(), &[]).unwrap();
    let heard = heard.lock().unwrap();
    assert!(
        matches!(&heard[0], Alarm::Away { party: Party::Signer, backlog: 100, reason, .. } if reason == "no route to host"),
        "{heard:?}"
    );
    assert!(matches!(
        heard.last(),
        Some(Alarm::Back {
            party: Party::Signer,
            ..
        })
    ));
}

#[test]
fn a_time_stamp_is_asked_for_now_and_then() {
    let folder = tempfile::tempdir().unwrap();
    let stamper = Arc::new(Fickle {
        inner: AtomicU64::new(0),
        here: AtomicBool::new(false),
    });
    let log = open(&Options {
        stamper: Some(Arc::clone(&stamper) as Arc<dyn Stamper>),
        stamp_every: Duration::from_secs(30),
        ..options(folder.path())
    });
    let publish_some = || {
        for _ in 0..60 {
            log.append_wait(entry(log.size())).unwrap();
            log.publish().unwrap();
        }
    };
    publish_some();
    assert_eq!(log.status().stamped, 0);
    stamper.here.store(true, Ordering::SeqCst);
    publish_some();
    // The clock goes on by a second each time it is read: several times in each round.
    let stamps = stamper.inner.load(Ordering::SeqCst);
    assert!((2..=8).contains(&stamps), "{stamps} stamps");
    let files = std::fs::read_dir(folder.path().join("timestamps"))
        .unwrap()
        .count();
    assert_eq!(files as u64, stamps);
    assert!(log.status().stamped > 60);
}

fn witness(memory: &std::path::Path) -> LocalWitness {
    let memory = Box::new(Disk::new(memory));
    LocalWitness::new(witness_key(), vkey(), clock(), memory, "seen").unwrap()
}

#[test]
fn a_witness_cosigns_what_continues_and_nothing_else() {
    let (folder, memory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let with_witness = |folder: &std::path::Path| Options {
        witness: Some(Arc::new(witness(memory.path()))),
        ..options(folder)
    };
    let log = open(&with_witness(folder.path()));
    for _ in 0..4 {
        log.append_many_wait(entries(log.size()..log.size() + 150))
            .unwrap();
        log.publish().unwrap();
    }
    assert_eq!(log.status().witnessed, 600);
    let cosigner = witness_key().verifier().clone();
    let proven = log
        .prove(10)
        .unwrap()
        .verify(&vkey(), std::slice::from_ref(&cosigner))
        .unwrap();
    assert_eq!(proven.witnesses[0].0, cosigner.name());
    drop(log);

    // Another history under the same key: the witness has seen the first.
    let other = tempfile::tempdir().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listen = {
        let heard = Arc::clone(&heard);
        Arc::new(move |alarm: &Alarm| heard.lock().unwrap().push(alarm.clone()))
    };
    let log = open(&Options {
        on_alarm: Some(listen),
        ..with_witness(other.path())
    });
    log.append_many_wait(entries(5000..5700)).unwrap();
    log.publish().unwrap();
    assert_eq!(log.status().witnessed, 0);
    let heard = heard.lock().unwrap();
    assert!(
        heard
            .iter()
            .any(|alarm| matches!(alarm, Alarm::Forked { .. })),
        "{heard:?}"
    );
    assert_eq!(witness(memory.path()).last().unwrap().unwrap().size, 600);
}

#[test]
fn entries_that_are_not_those_that_were_signed_are_not_signed_on() {
    let folder = tempfile::tempdir().unwrap();
    crate::support::build(folder.path(), &[100, 200]);
    // A segment with other entries, each frame of it right.
    let other = tempfile::tempdir().unwrap();
    let log = open(&options(other.path()));
    log.append_many_wait(entries(1000..1200)).unwrap();
    drop(log);
    let name = "segments/00000000000000000000";
    let own = std::fs::read(folder.path().join(name)).unwrap();
    std::fs::copy(other.path().join(name), folder.path().join(name)).unwrap();
    let opened = Log::open(options(folder.path()), clock());
    assert!(
        matches!(opened, Err(Error::Diverged { size: 200, .. })),
        "{opened:?}"
    );
    std::fs::write(folder.path().join(name), &own[..own.len() - 1]).unwrap();
    let opened = Log::open(options(folder.path()), clock());
    assert!(
        matches!(
            opened,
            Err(Error::Shortened {
                signed: 200,
                found: 199
            })
        ),
        "{opened:?}"
    );
    std::fs::write(folder.path().join(name), &own).unwrap();
    assert_eq!(open(&options(folder.path())).size(), 200);
}

#[tokio::test]
async fn tickets_are_awaited() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(open(&options(folder.path())));
    let tasks: Vec<_> = (0..64)
        .map(|index| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.append(entry(index)).await.unwrap().index })
        })
        .collect();
    let mut indices = Vec::new();
    for task in tasks {
        indices.push(task.await.unwrap());
    }
    indices.sort_unstable();
    assert_eq!(indices, (0..64).collect::<Vec<u64>>());
}

#[test]
fn a_full_queue_refuses_at_once_or_lets_wait() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&Options {
        queue_entries: 2,
        committers: 1,
        ..options(folder.path())
    });
    let tickets: Vec<_> = (0..2000).map(|index| log.append(entry(index))).collect();
    let mut stored = Vec::new();
    let mut busy = 0;
    for (index, ticket) in (0..).zip(tickets) {
        match ticket.wait() {
            Ok(receipt) => stored.push((receipt.index, index)),
            Err(Error::Busy { most: 2, .. }) => busy += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(
        busy > 0 && !stored.is_empty(),
        "{busy} busy, {} stored",
        stored.len()
    );
    assert_eq!(log.size(), stored.len() as u64);
    for (place, index) in stored {
        assert_eq!(log.entry(place).unwrap(), entry(index));
    }
    std::thread::scope(|scope| {
        for index in 0..16 {
            let log = &log;
            scope.spawn(move || log.append_wait(entry(index)).unwrap());
        }
    });
}
