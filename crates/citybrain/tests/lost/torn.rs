//! What a fall can leave at the ends of files: the server mends it, or says exactly what is damaged.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use crate::check;
use crate::server::{self, Place, System, copy, unbroken, until};
use crate::work::{Records, Writer};

/// After so long keyed state is made durable by itself, and no fall can tear it any more.
const SETTLED_AFTER: Duration = Duration::from_secs(4);

/// A place in which much was done, killed; what it must hold.
pub(crate) fn fallen() -> (Place, Records) {
    let mut place = Place::new("");
    let server = place.start();
    server::agree(&server.address);
    let mut writer = Writer::new(0);
    let register = AtomicI64::new(0);
    let system = System::new(&server.address, "registry-systems");
    for _ in 0..70 {
        assert!(writer.push(&system, &register));
    }
    let titles = place.data.join("history/registry/titles/_delta_log");
    until("history is written", || titles.is_dir());
    // Stopped in order, it trims the outbox of what history has.
    server.stop();
    // What follows is in the outbox alone.
    place.refresh = "600";
    let begun = Instant::now();
    let server = place.start();
    let system = System::new(&server.address, "registry-systems");
    for _ in 0..25 {
        assert!(writer.push(&system, &register));
    }
    server.kill();
    place.lived = begun.elapsed();
    (place, writer.records)
}

/// Another place with a copy of the data.
fn copied(from: &Place) -> Place {
    let place = Place::new("");
    copy(&from.data, &place.data);
    place
}

/// Files below a folder whose paths `wanted` says yes to, in order.
fn files(folder: &Path, wanted: impl Fn(&str) -> bool + Copy) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, wanted));
        } else if wanted(path.to_str().unwrap()) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = File::options().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

fn cut(path: &Path, to: impl Fn(u64) -> u64) {
    let file = File::options().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(to(length)).unwrap();
}

fn is_whole(place: &Place, records: &Records) {
    let server = place.start();
    check::history_is(&server.address, records);
    let found = check::looked_up(&server.address, records.keys());
    check::same("look-ups", &found, records);
    server.stop();
    check::verify(place);
}

#[test]
fn a_torn_last_write_is_cut_off_or_made_good() {
    let (place, records) = fallen();
    // Half a page that the outbox was about to get, and half an entry of the ledger.
    let torn = copied(&place);
    append(&torn.data.join("meta.sqlite-wal"), &[0x5a; 3_000]);
    for segment in files(&torn.data.join("ledger/segments"), |_| true) {
        append(&segment, &[0x5a; 100]);
    }
    is_whole(&torn, &records);
    // Keyed state's own logs are not synced at once: all that is in them can be gone, until it is
    // made durable, which is done by itself every few seconds.
    let lengths: &[u64] = if place.lived < SETTLED_AFTER {
        &[0, 100]
    } else {
        eprintln!("skipped: too slow to fall before keyed state is durable");
        &[]
    };
    for length in lengths.iter().copied() {
        let torn = copied(&place);
        for log in files(&torn.data.join("state"), |path| path.ends_with("-wal")) {
            cut(&log, |bytes| bytes * length / 200);
        }
        for index in files(&torn.data, |path| path.ends_with("-shm")) {
            fs::remove_file(index).unwrap(); // memory is gone after a fall of the machine
        }
        is_whole(&torn, &records);
    }
    // Files of history that no commit names, whole or not.
    let torn = copied(&place);
    let titles = torn.data.join("history/registry/titles");
    let bucket = titles.join("_current=true/_bucket=0");
    fs::write(bucket.join(".unfinished-1-1"), [0x5a; 100]).unwrap();
    fs::write(
        bucket.join("part-00000000000000009999-0.parquet"),
        [0x5a; 9],
    )
    .unwrap();
    fs::write(titles.join("_delta_log/.unfinished-1-2"), b"{\"add\"").unwrap();
    is_whole(&torn, &records);
}

/// Starts a server that must not start, and says why not.
fn refuses(place: &Place, damage: &str) -> String {
    match place.try_start() {
        Ok(_) => panic!("it started although {damage}"),
        Err(log) => unbroken(&log),
    }
}

#[test]
fn what_cannot_be_mended_is_named() {
    let (place, records) = fallen();
    // The outbox has lost writes that were acknowledged, which a fall cannot do.
    let damaged = copied(&place);
    fs::remove_file(damaged.data.join("meta.sqlite-wal")).unwrap();
    let said = refuses(&damaged, "the outbox has lost its end");
    assert!(
        said.contains("meta.sqlite` is damaged (it ends with entry")
            && said.contains("restore the newest backup"),
        "{said}"
    );
    let damaged = copied(&place);
    fs::write(damaged.data.join("meta.sqlite"), vec![0x5a; 50_000]).unwrap();
    fs::remove_file(damaged.data.join("meta.sqlite-wal")).unwrap();
    let said = refuses(&damaged, "the outbox is overwritten");
    assert!(
        said.contains("meta.sqlite` is damaged") && said.contains("restore the newest backup"),
        "{said}"
    );
    // The ledger has lost entries that were signed.
    let damaged = copied(&place);
    for segment in files(&damaged.data.join("ledger/segments"), |_| true) {
        cut(&segment, |_| 30);
    }
    for tile in files(&damaged.data.join("ledger/tile"), |path| {
        path.contains("/entries/")
    }) {
        fs::remove_file(tile).unwrap();
    }
    let said = refuses(&damaged, "the ledger lacks signed entries");
    assert!(said.contains("ledger"), "{said}");

    // History: a question says that it cannot be answered, and the log names the file. Look-ups do
    // not need it.
    for (wanted, name) in [
        ("titles/_delta_log/", ".json"),
        ("titles/_current=true/", ".parquet"),
    ] {
        let damaged = copied(&place);
        let found = files(&damaged.data.join("history"), |path| {
            path.contains(wanted) && path.ends_with(name)
        });
        // The newest commit; of files, those that are in force are among them.
        let torn = if name == ".json" { found.len() - 1 } else { 0 };
        for file in &found[torn..] {
            cut(file, |bytes| bytes / 2);
        }
        let server = damaged.start();
        let system = System::new(&server.address, "registry-systems");
        let answer = system
            .question("SELECT * FROM registry.titles", None)
            .unwrap();
        assert_eq!(answer.status, 503, "{wanted}: {answer:?}");
        let found = check::looked_up(&server.address, records.keys());
        check::same("look-ups", &found, &records);
        until("the log names what is damaged", || {
            damaged.log().contains("registry/titles")
        });
    }
}
