//! Folders that were meddled with: what was done is found, and named.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ledger::storage::Disk;
use ledger::{Kind, LocalWitness, Options, Report, VerifyOptions, VerifyState, verify_folder};

use crate::support::{build, clock, entries, entry, open, options, vkey, witness_key};

fn verify_with(folder: &Path, options: &VerifyOptions) -> Report {
    let mut last = 0;
    verify_folder(folder, options, &mut |progress| {
        assert!(progress.entries >= last && progress.entries <= progress.of);
        last = progress.entries;
    })
    .unwrap()
}

fn with_key() -> VerifyOptions {
    VerifyOptions {
        log: Some(vkey()),
        ..VerifyOptions::default()
    }
}

fn verify(folder: &Path) -> Report {
    verify_with(folder, &with_key())
}

fn found(report: &Report) -> Vec<(Kind, Option<u64>)> {
    let short = report
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.index));
    short.collect()
}

/// The entries of a full bundle.
fn read_bundle(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let (mut at, mut entries) = (0, Vec::new());
    while at < bytes.len() {
        let length = usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        entries.push(bytes[at + 2..at + 2 + length].to_vec());
        at += 2 + length;
    }
    entries
}

fn write_bundle(path: &Path, entries: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend_from_slice(&(entry.len() as u16).to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    fs::write(path, bytes).unwrap();
}

/// Checkpoints at several sizes; 1,300 entries in all.
const SIZES: [u64; 6] = [1, 200, 256, 700, 1030, 1300];

#[test]
fn a_sound_log_has_no_findings_at_any_size() {
    for size in [1, 2, 255, 256, 257, 512, 700] {
        let folder = tempfile::tempdir().unwrap();
        build(folder.path(), &[size]);
        let report = verify(folder.path());
        assert_eq!(report.findings, [], "{size}");
        assert_eq!(
            (report.size, report.entries, report.pending),
            (size, size, 0)
        );
        assert!(report.signatures);
    }
}

#[test]
fn a_large_log_with_upper_tiles_has_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&options(folder.path()));
    let mut size = 0_u64;
    while size < 140_000 {
        let next = size + 10_000;
        log.append_many_wait(
            (size..next)
                .map(|i: u64| i.to_be_bytes().to_vec())
                .collect(),
        )
        .unwrap();
        log.publish().unwrap();
        size = next;
    }
    drop(log);
    let report = verify(folder.path());
    assert_eq!(report.findings, []);
    assert_eq!(report.size, 140_000);
    // A hash in the second tile of level 1, which is not full, and one in the first of level 2.
    for (tile, index) in [
        ("tile/1/001", 65_536),
        ("tile/1/000", 0),
        ("tile/2/000.p/2", 0),
    ] {
        let path = folder.path().join(tile);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[3] ^= 1;
        fs::write(&path, changed).unwrap();
        let report = verify(folder.path());
        assert_eq!(found(&report), [(Kind::TileChanged, Some(index))], "{tile}");
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn entries_not_yet_published_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &[300]);
    let log = open(&options(folder.path()));
    log.append_many_wait(entries(300..345)).unwrap();
    drop(log);
    let report = verify(folder.path());
    assert_eq!(
        (report.findings.len(), report.size, report.pending),
        (0, 300, 45)
    );
}

#[test]
fn whatever_is_done_to_an_entry_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES);
    let path = folder.path().join("tile/entries/002");
    let whole = fs::read(&path).unwrap();
    let entries = read_bundle(&path);
    let check = |what: &str, changed: Vec<Vec<u8>>, expected: &[(Kind, Option<u64>)]| {
        write_bundle(&path, &changed);
        assert_eq!(found(&verify(folder.path())), expected, "{what}");
        fs::write(&path, &whole).unwrap();
    };
    let mut changed = entries.clone();
    changed[88] = b"another".to_vec();
    check("changed", changed, &[(Kind::EntryChanged, Some(600))]);
    let mut dropped = entries.clone();
    dropped.remove(88);
    check("dropped", dropped, &[(Kind::EntryMissing, Some(600))]);
    let mut swapped = entries.clone();
    swapped.swap(88, 89);
    check("reordered", swapped, &[(Kind::EntryMoved, Some(600))]);
    let mut twice = entries.clone();
    twice.insert(89, twice[88].clone());
    check("duplicated", twice, &[(Kind::EntryDuplicated, Some(601))]);
    let mut added = entries.clone();
    added.insert(88, b"never".to_vec());
    check("added", added, &[(Kind::EntryAdded, Some(600))]);
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let cut = found(&verify(folder.path()));
    assert!(cut.contains(&(Kind::EntryMissing, Some(767))), "{cut:?}");
    fs::write(&path, &whole).unwrap();
    assert_eq!(verify(folder.path()).findings, []);
}

#[test]
fn every_byte_of_a_bundle_and_of_a_tile_counts() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &[40, 300]);
    for file in [
        "tile/entries/000",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/entries/001.p/44",
        "tile/1/000.p/1",
    ] {
        let path = folder.path().join(file);
        let whole = fs::read(&path).unwrap();
        for place in (0..whole.len()).step_by(whole.len() / 60 + 1) {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            fs::write(&path, changed).unwrap();
            let report = verify(folder.path());
            assert!(!report.is_clean(), "{file}, byte {place}");
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_changed_tile_is_told_from_a_changed_entry() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES);
    let mut tile = fs::read(folder.path().join("tile/0/002")).unwrap();
    tile[88 * 32] ^= 1;
    fs::write(folder.path().join("tile/0/002"), tile).unwrap();
    assert_eq!(
        found(&verify(folder.path())),
        [(Kind::TileChanged, Some(600))]
    );
}

#[test]
fn an_entry_changed_together_with_all_tiles_above_breaks_the_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES);
    // The folder of a log with other entries from 600 on, under the checkpoints of the first.
    let other = tempfile::tempdir().unwrap();
    let log = open(&options(other.path()));
    for size in SIZES {
        let from = log.size();
        let other = (from..size).map(|i| entry(if i == 600 { 999_999 } else { i }));
        log.append_many_wait(other.collect()).unwrap();
        log.publish().unwrap();
    }
    drop(log);
    for name in ["checkpoint", "checkpoints"] {
        fs::copy(folder.path().join(name), other.path().join(name)).unwrap();
    }
    let report = verify(other.path());
    let kinds = found(&report);
    assert!(
        kinds.contains(&(Kind::CheckpointForked, Some(700))),
        "{kinds:?}"
    );
    assert!(
        !kinds.contains(&(Kind::CheckpointForked, Some(256))),
        "{kinds:?}"
    );
    // The forger may sign anew only with the key: without it, signatures tell.
    let forged = fs::read_to_string(other.path().join("checkpoints")).unwrap();
    fs::write(
        other.path().join("checkpoints"),
        forged.replacen("\n700\n", "\n701\n", 1),
    )
    .unwrap();
    let kinds = found(&verify(other.path()));
    assert!(
        kinds.iter().any(|(kind, _)| *kind == Kind::SignatureWrong),
        "{kinds:?}"
    );
}

#[test]
fn a_checkpoint_that_was_rewound_is_found() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES[..4]);
    let old = fs::read(folder.path().join("checkpoint")).unwrap();
    build(folder.path(), &SIZES[4..]);
    let new = fs::read(folder.path().join("checkpoint")).unwrap();
    fs::write(folder.path().join("checkpoint"), &old).unwrap();
    assert_eq!(
        found(&verify(folder.path())),
        [(Kind::CheckpointRewound, Some(700))]
    );
    fs::write(folder.path().join("checkpoint"), &new).unwrap();
    // The history in another order.
    let history = fs::read(folder.path().join("checkpoints")).unwrap();
    let again = [&history[..], &old, b"\n"].concat();
    fs::write(folder.path().join("checkpoints"), again).unwrap();
    let kinds = found(&verify(folder.path()));
    assert!(
        kinds.contains(&(Kind::CheckpointRewound, Some(700))),
        "{kinds:?}"
    );
}

#[test]
fn a_log_that_died_between_its_history_and_its_checkpoint_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    build(folder.path(), &SIZES[..1]);
    fs::remove_file(&checkpoint).unwrap();
    assert_eq!(found(&verify(folder.path())), [], "before the first");
    build(folder.path(), &SIZES[1..5]);
    let old = fs::read(&checkpoint).unwrap();
    build(folder.path(), &SIZES[5..]);
    fs::write(&checkpoint, &old).unwrap();
    assert_eq!(found(&verify(folder.path())), [], "before the last");
    // Nothing but the last may be away.
    fs::remove_file(&checkpoint).unwrap();
    assert_eq!(
        found(&verify(folder.path())),
        [(Kind::CheckpointDamaged, None)]
    );
    // The next process makes good what is owed.
    fs::write(&checkpoint, &old).unwrap();
    let log = open(&options(folder.path()));
    log.publish().unwrap();
    drop(log);
    assert_ne!(fs::read(&checkpoint).unwrap(), old);
    assert!(verify(folder.path()).is_clean());
}

#[test]
fn a_log_that_was_cut_back_is_found_by_a_checkpoint_kept_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES);
    let kept = fs::read_to_string(folder.path().join("checkpoint")).unwrap();
    let short = tempfile::tempdir().unwrap();
    build(short.path(), &SIZES[..5]);
    assert!(verify(short.path()).is_clean(), "in itself it is sound");
    let known = VerifyOptions {
        known: Some(kept.parse().unwrap()),
        ..with_key()
    };
    let kinds = found(&verify_with(short.path(), &known));
    assert!(
        kinds.contains(&(Kind::EntriesMissing, Some(1030))),
        "{kinds:?}"
    );
    assert!(verify_with(folder.path(), &known).is_clean());
}

#[test]
fn files_that_are_missing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES);
    for (file, kind, index) in [
        ("tile/entries/001", Kind::BundleDamaged, 256),
        ("tile/0/001", Kind::TileMissing, 256),
        ("tile/1/000.p/5", Kind::TileMissing, 0),
    ] {
        let path = folder.path().join(file);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(
            found(&verify(folder.path())),
            [(kind, Some(index))],
            "{file}"
        );
        fs::write(&path, whole).unwrap();
    }
    let nothing = tempfile::tempdir().unwrap();
    assert!(verify_folder(nothing.path(), &with_key(), &mut |_| {}).is_err());
}

#[test]
fn a_segment_that_says_otherwise_is_found() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES);
    let path = folder.path().join("segments/00000000000000000000");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let report = verify(folder.path());
    assert_eq!(report.findings.len(), 1, "{report:?}");
    assert_eq!(report.findings[0].kind, Kind::SegmentDamaged);
}

#[test]
fn the_wrong_key_and_a_missing_witness_are_findings() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES);
    let other = ledger::SecretKey::generate("city.example/ledger", ledger::Algorithm::Log).unwrap();
    let wrong = VerifyOptions {
        log: Some(other.verifier().clone()),
        ..VerifyOptions::default()
    };
    let kinds = found(&verify_with(folder.path(), &wrong));
    assert!(kinds.iter().all(|(kind, _)| *kind == Kind::SignatureWrong) && !kinds.is_empty());
    let witnessed = VerifyOptions {
        witnesses: vec![witness_key().verifier().clone()],
        ..with_key()
    };
    let kinds = found(&verify_with(folder.path(), &witnessed));
    assert_eq!(kinds, [(Kind::WitnessMissing, None)]);
}

#[test]
fn cosignatures_are_checked_and_reported() {
    let (folder, memory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = Box::new(Disk::new(memory.path()));
    let witness = LocalWitness::new(witness_key(), vkey(), clock(), memory, "seen").unwrap();
    let log = open(&Options {
        witness: Some(Arc::new(witness)),
        ..options(folder.path())
    });
    for size in SIZES {
        log.append_many_wait(entries(log.size()..size)).unwrap();
        log.publish().unwrap();
    }
    drop(log);
    let witnessed = VerifyOptions {
        witnesses: vec![witness_key().verifier().clone()],
        ..with_key()
    };
    let report = verify_with(folder.path(), &witnessed);
    assert_eq!(report.findings, []);
    assert_eq!(report.witnesses[0].size, 1300);
    let path = folder.path().join("cosigned");
    let text = fs::read_to_string(&path).unwrap();
    let line = text
        .lines()
        .rev()
        .find(|line| line.contains("witness"))
        .unwrap();
    let changed = line.replace(&line[line.len() - 8..line.len() - 4], "AAAA");
    fs::write(&path, text.replace(line, &changed)).unwrap();
    let kinds = found(&verify_with(folder.path(), &witnessed));
    assert_eq!(kinds, [(Kind::CosignatureWrong, None)]);
}

#[test]
fn a_run_goes_on_where_the_earlier_one_ended() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path(), &SIZES);
    let first = verify(folder.path());
    assert_eq!(first.state.size(), 1280);
    let state = serde_json::to_string(&first.state).unwrap();
    let state: VerifyState = serde_json::from_str(&state).unwrap();
    build(folder.path(), &[1500, 2000, 2600]);
    let resumed = VerifyOptions {
        resume: Some(state.clone()),
        ..with_key()
    };
    let report = verify_with(folder.path(), &resumed);
    assert_eq!(report.findings, []);
    assert_eq!((report.size, report.entries), (2600, 1320));
    assert_eq!(report.root, verify(folder.path()).root);
    // Another log altogether does not continue it.
    let other = tempfile::tempdir().unwrap();
    let log = open(&options(other.path()));
    log.append_many_wait(entries(7000..9000)).unwrap();
    log.publish().unwrap();
    drop(log);
    let resumed = VerifyOptions {
        resume: Some(state),
        ..with_key()
    };
    assert!(!verify_with(other.path(), &resumed).is_clean());
}
