//! A damaged shard: the server names it and the remedy, and the remedy makes it anew.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::check;
use crate::server::{Place, copy, unbroken};
use crate::torn::fallen;
use crate::work::Records;

const SHARD: &str = "state/shard-001.sqlite";

fn repair(place: &Place, more: &[&str], exit: i32) -> Json {
    let output = place.run(&[&["pool", "repair", "--json"], more].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Damages, and what is done about it.
fn rebuilt(place: &Place, records: &Records, what: &str, damage: impl Fn(&Path)) {
    let damaged = Place::new("");
    copy(&place.data, &damaged.data);
    damage(&damaged.data.join(SHARD));
    let found = repair(&damaged, &["--check"], 1);
    let path = found["damaged"][0]["path"].as_str().unwrap();
    assert!(path.ends_with(SHARD), "{what}: {found}");
    assert_eq!(
        found["damaged"].as_array().unwrap().len(),
        1,
        "{what}: {found}"
    );
    let done = repair(&damaged, &[], 0);
    assert!(
        done["records"].as_u64() > Some(0) && done["entries"].as_u64() > Some(0),
        "{what}: {done}"
    );
    for set_aside in done["set_aside"].as_array().unwrap() {
        assert!(
            Path::new(set_aside.as_str().unwrap()).exists(),
            "{what}: {done}"
        );
    }
    assert_eq!(repair(&damaged, &[], 0)["damaged"], serde_json::json!([]));
    let server = damaged.start();
    let found = check::looked_up(&server.address, records.keys());
    check::same(what, &found, records);
    check::history_is(&server.address, records);
    server.stop();
    assert_eq!(repair(&damaged, &[], 0)["damaged"], serde_json::json!([]));
}

#[test]
fn a_damaged_shard_is_rebuilt_from_history_and_the_outbox() {
    let (place, records) = fallen();
    rebuilt(&place, &records, "gone", |shard| {
        fs::remove_file(shard).unwrap();
        let _ = fs::remove_file(shard.with_extension("sqlite-wal"));
    });
    rebuilt(&place, &records, "another file", |shard| {
        fs::write(shard, vec![0x5a; 50_000]).unwrap();
        let _ = fs::remove_file(shard.with_extension("sqlite-wal"));
    });
    rebuilt(&place, &records, "pages that are overwritten", |shard| {
        let mut bytes = fs::read(shard).unwrap();
        let length = bytes.len();
        bytes[length / 3..].fill(0x5a);
        fs::write(shard, bytes).unwrap();
        let _ = fs::remove_file(shard.with_extension("sqlite-wal"));
    });

    // Whoever starts the server over it is told.
    let damaged = Place::new("");
    copy(&place.data, &damaged.data);
    fs::write(damaged.data.join(SHARD), vec![0x5a; 50_000]).unwrap();
    let Err(said) = damaged.try_start() else {
        panic!("it started over a damaged shard");
    };
    let said = unbroken(&said);
    assert!(
        said.contains("shard-001.sqlite` is damaged") && said.contains("citybrain pool repair"),
        "{said}"
    );
}

#[test]
fn a_pool_in_which_nothing_is_damaged_is_left_alone() {
    let (place, records) = fallen();
    let found = repair(&place, &[], 0);
    assert_eq!(found["damaged"], serde_json::json!([]));
    let server = place.start();
    let found = check::looked_up(&server.address, records.keys());
    check::same("look-ups", &found, &records);
}
