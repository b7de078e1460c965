//! Full disks, torn writes and files that are gone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pool::{Error, Faults, Options, Pool, Then};

use crate::town::*;

fn shards(options: &Options, ending: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(options.data.join("state"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    files
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect()
}

/// A copy of the data folder as it is now, as a fall would leave it.
fn fallen(options: &Options, to: &Path) -> Options {
    let copy = std::process::Command::new("cp")
        .arg("-r")
        .arg(&options.data)
        .arg(to)
        .status()
        .unwrap();
    assert!(copy.success());
    Options {
        data: to.to_owned(),
        history: pool::HistoryUrl::Folder(to.join("history")),
        ..options.clone()
    }
}

/// After so long keyed state is made durable by itself, and no fall can tear it any more.
const SETTLED_AFTER: Duration = Duration::from_secs(4);
/// How often a slow machine may try to be faster than that.
const SLOW_MAX: u32 = 20;

/// What a fall leaves of a pool whose keyed state has not been made durable for forty writes;
/// nothing, if it may have been.
fn unsettled(folder: &Path) -> Option<Options> {
    let options = Options::new(folder.join("data"));
    let begun = Instant::now();
    let pool = open(options.clone());
    let persons = pool.table("persons").unwrap();
    pool.write(write(&persons, &[person("settled", 1)]))
        .unwrap();
    pool.settle().unwrap();
    for n in 0..40 {
        pool.write(write(
            &persons,
            &[person(&format!("p{n}"), n), person("settled", n)],
        ))
        .unwrap();
    }
    let after = fallen(&options, &folder.join("fallen"));
    (begun.elapsed() < SETTLED_AFTER).then_some(after)
}

#[test]
fn a_torn_last_write_of_a_shard_is_made_good_from_the_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let fell = (0..SLOW_MAX).find_map(|nth| unsettled(&folder.path().join(nth.to_string())));
    let options = fell.expect("the machine is too slow to fall before it settles");
    for torn in 0..6 {
        let after = fallen(&options, &folder.path().join(format!("torn{torn}")));
        for log in shards(&after, "-wal") {
            let length = fs::metadata(&log).unwrap().len();
            let file = File::options().write(true).open(&log).unwrap();
            match torn {
                0 => file.set_len(0).unwrap(),
                1 => file.set_len(length.saturating_sub(1)).unwrap(),
                2 => file.set_len(length / 2 + 17).unwrap(),
                _ => {
                    use std::os::unix::fs::FileExt as _;
                    let at = length * (torn - 2) / 4;
                    file.write_all_at(&[0xa5; 512], at.min(length.saturating_sub(512)))
                        .unwrap();
                }
            }
        }
        for index in shards(&after, "-shm") {
            fs::remove_file(index).unwrap(); // memory is gone after a fall of the machine
        }
        let again = open(after.clone());
        Replayed::default().is_state_of(&again, &after.data.join("history"));
    }
}

#[test]
fn a_full_disk_refuses_the_write_and_the_pool_goes_on() {
    for point in [
        "history-middle",
        "outbox-before-commit",
        "outbox-committed",
        "shard-middle",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            faults: Faults::at(point, 2, Then::NoSpace),
            ..Options::new(folder.path())
        };
        let pool = open(options.clone());
        let persons = pool.table("persons").unwrap();
        pool.load(write(&persons, &[person("a", 1)])).unwrap();
        let failed = pool.load(write(&persons, &[person("b", 1)])).unwrap_err();
        let kept = matches!(failed, Error::Unapplied(_));
        assert_eq!(
            kept,
            point == "outbox-committed" || point == "shard-middle",
            "{point}: {failed}"
        );
        let receipt = pool.write(write(&persons, &[person("c", 1)])).unwrap();
        assert_eq!(receipt.seq, if kept { 3 } else { 2 }, "{point}");
        assert_eq!(
            pool.get(&persons, &[text("b")]).unwrap().is_some(),
            kept,
            "{point}"
        );
        Replayed::default().is_state_of(&pool, &options.data.join("history"));
    }
}

/// A file system of a few megabytes; none where we may not mount one.
fn small_disk(at: &Path) -> bool {
    fs::create_dir_all(at).unwrap();
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"])
        .arg(at)
        .stderr(std::process::Stdio::null())
        .status();
    mount.is_ok_and(|status| status.success())
}

struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(
            std::process::Command::new("umount")
                .arg("-l")
                .arg(&self.0)
                .status(),
        );
    }
}

#[test]
fn nothing_acknowledged_is_lost_on_a_disk_that_is_really_full() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    if !small_disk(&disk) {
        eprintln!("skipped: no right to mount a small disk");
        return;
    }
    let mounted = Mounted(disk.clone());
    let options = Options {
        shards: 2,
        ..Options::new(disk.join("data"))
    };
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 12 << 20]).unwrap();
    let pool = open(options.clone());
    let months = pool.table("months").unwrap();
    let mut written = 0;
    let mut refused = 0;
    for n in 0..400_i64 {
        let rows: Vec<_> = (0..500)
            .map(|m| month(&format!("person number {n}"), m, i128::from(n) * 1_000_003))
            .collect();
        let done = if n % 5 == 4 {
            pool.load(write(&months, &rows))
        } else {
            pool.write(write(&months, &rows))
        };
        match done {
            Ok(_) => written += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
                if refused > 5 {
                    break;
                }
            }
        }
    }
    assert!(
        written > 5 && refused > 5,
        "{written} written, {refused} refused"
    );
    fs::remove_file(&ballast).unwrap();
    drop(pool);
    let pool = open(options.clone());
    let mut replayed = Replayed::default();
    replayed.is_state_of(&pool, &options.data.join("history"));
    assert!(
        replayed.seq >= written,
        "{written} were acknowledged, the outbox has {}",
        replayed.seq
    );
    drop(pool);
    drop(mounted);
}

#[test]
fn a_shard_that_is_gone_or_garbled_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(folder.path().join("data"));
    let pool = open(options.clone());
    let months = pool.table("months").unwrap();
    let rows: Vec<_> = (0..20_000).map(|n| month(&format!("p{n}"), 1, 5)).collect();
    pool.load(write(&months, &rows)).unwrap();
    pool.consumed("history", 1).unwrap();
    pool.settle().unwrap();
    drop(pool);
    let gone = fallen(&options, &folder.path().join("gone"));
    fs::remove_file(gone.data.join("state/shard-003.sqlite")).unwrap();
    let error = Pool::open(gone, &town(), clock()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let garbled = fallen(&options, &folder.path().join("garbled"));
    let shard = garbled.data.join("state/shard-003.sqlite");
    let mut bytes = fs::read(&shard).unwrap();
    let length = bytes.len();
    bytes[length - 20_000..].fill(0x5a);
    fs::write(&shard, bytes).unwrap();
    let found = Pool::open(garbled, &town(), clock()).and_then(|pool| pool.check());
    assert!(
        matches!(&found, Err(Error::Damaged { path, .. }) if path.ends_with("shard-003.sqlite")),
        "{found:?}"
    );
    let other = Options {
        shards: 4,
        ..options
    };
    let error = Pool::open(other, &town(), clock()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state has 16 shards, and 4 were asked for: the number is fixed when a data folder is made"
    );
}
