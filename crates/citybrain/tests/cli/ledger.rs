//! `citybrain ledger …` and `citybrain bench ledger` on real folders.

use std::path::Path;
use std::sync::Arc;

use ledger::{LocalSigner, Log, Options, SecretKey};
use serde_json::{Value, json};

use crate::support::{Place, shown};

/// A place with keys for a ledger and a witness, made by the command.
fn with_keys() -> Place {
    let place = Place::new();
    place.succeeds(&[
        "ledger",
        "keygen",
        "town.example/ledger",
        "--out",
        "ledger.key",
    ]);
    place.succeeds(&[
        "ledger",
        "keygen",
        "court.example/witness",
        "--witness",
        "--out",
        "witness.key",
    ]);
    place
}

/// Appends entries `from..to` to the ledger in `folder`, and publishes.
fn append(place: &Place, folder: &str, from: u64, to: u64) {
    let key: SecretKey = place.read("ledger.key").parse().unwrap();
    let options = Options {
        publish_every: None,
        ..Options::new(
            &place.path(folder),
            Arc::new(LocalSigner::new(key).unwrap()),
        )
    };
    let log = Log::open(options, Arc::new(|| 1_700_000_000_000_000)).unwrap();
    let entry = |number| format!("{{\"kind\":\"transfer\",\"number\":{number}}}").into_bytes();
    log.append_many_wait((from..to).map(entry).collect())
        .unwrap();
    log.publish().unwrap();
}

/// A ledger of 1,000 entries under three checkpoints.
fn with_ledger() -> Place {
    let place = with_keys();
    for (from, to) in [(0, 100), (100, 600), (600, 1000)] {
        append(&place, "log", from, to);
    }
    place
}

#[test]
fn a_sound_ledger_verifies() {
    let place = with_ledger();
    let report = place.json(
        0,
        &[
            "ledger",
            "verify",
            "log",
            "--key",
            "ledger.key.vkey",
            "--json",
        ],
    );
    assert_eq!(report["findings"], json!([]));
    assert_eq!(
        (&report["size"], &report["signatures"]),
        (&1000.into(), &true.into())
    );
    let text = place.succeeds(&["ledger", "verify", "log", "--key", "ledger.key.vkey"]);
    assert!(
        text.contains("1 000 entries of town.example/ledger"),
        "{text}"
    );
    assert!(text.contains("no findings"), "{text}");
    // A key in the argument itself, and none at all.
    let key = place.read("ledger.key.vkey");
    place.succeeds(&["ledger", "verify", "log", "--key", key.trim()]);
    let report = place.json(0, &["ledger", "verify", "log", "--json"]);
    assert_eq!(report["signatures"], false);
}

#[test]
fn a_changed_entry_is_named_and_ends_with_code_1() {
    let place = with_ledger();
    let path = place.path("log/tile/entries/001");
    let bytes = std::fs::read(&path).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    std::fs::write(&path, text.replace("\"number\":300}", "\"number\":-30}")).unwrap();
    let report = place.json(
        1,
        &[
            "ledger",
            "verify",
            "log",
            "--key",
            "ledger.key.vkey",
            "--json",
        ],
    );
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["kind"], &finding["index"]),
        (&"entry-changed".into(), &300.into())
    );
    let output = place.run(&["ledger", "verify", "log", "--key", "ledger.key.vkey"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("tile/entries/001: entry 300 is not what was logged"),
        "{text}"
    );
}

#[test]
fn the_wrong_key_is_a_finding_and_no_ledger_an_error() {
    let place = with_ledger();
    place.succeeds(&[
        "ledger",
        "keygen",
        "town.example/ledger",
        "--out",
        "other.key",
    ]);
    let report = place.json(
        1,
        &[
            "ledger",
            "verify",
            "log",
            "--key",
            "other.key.vkey",
            "--json",
        ],
    );
    assert_eq!(report["findings"][0]["kind"], "signature-wrong");
    for (exit, args) in [
        (
            3,
            ["ledger", "verify", "nowhere", "--key", "other.key.vkey"],
        ),
        (2, ["ledger", "verify", "log", "--key", "no-such-file"]),
        (2, ["ledger", "verify", "log", "--key", "a+b+c"]),
    ] {
        let output = place.run(&args);
        assert_eq!(output.status.code(), Some(exit), "{}", shown(&output));
    }
}

#[test]
fn a_run_goes_on_from_the_state_of_the_earlier_one() {
    let place = with_ledger();
    let verify = [
        "ledger",
        "verify",
        "log",
        "--key",
        "ledger.key.vkey",
        "--state",
        "state.json",
        "--json",
    ];
    assert_eq!(place.json(0, &verify)["entries"], 1000);
    append(&place, "log", 1000, 1300);
    assert_eq!(place.json(0, &verify)["entries"], 1300 - 768);
}

#[test]
fn entries_are_shown() {
    let place = with_ledger();
    let newest = place.json(0, &["ledger", "show", "log", "--json"]);
    assert_eq!(
        (&newest["origin"], &newest["size"]),
        (&"town.example/ledger".into(), &1000.into())
    );
    let one = place.json(0, &["ledger", "show", "log", "--index", "300", "--json"]);
    assert_eq!(one["entry"]["number"], 300);
    let tail = place.succeeds(&["ledger", "show", "log", "--tail", "3"]);
    assert_eq!(tail.lines().count(), 3, "{tail}");
    assert!(
        tail.ends_with("999  {\"kind\":\"transfer\",\"number\":999}\n"),
        "{tail}"
    );
    let output = place.run(&["ledger", "show", "log", "--index", "1000"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no entry 1000"));
}

fn check(place: &Place, exit: i32, more: &[&str]) -> Value {
    let args = [
        "ledger",
        "check-proof",
        "proof.json",
        "--key",
        "ledger.key.vkey",
        "--json",
    ];
    place.json(exit, &[&args[..], more].concat())
}

#[test]
fn a_proof_holds_without_the_ledger_and_a_changed_one_does_not() {
    let place = with_ledger();
    place.succeeds(&[
        "ledger",
        "prove",
        "log",
        "300",
        "--out",
        "proof.json",
        "--key",
        "ledger.key",
    ]);
    std::fs::remove_dir_all(place.path("log")).unwrap();
    let report = check(&place, 0, &[]);
    assert_eq!(
        (&report["holds"], &report["size"]),
        (&true.into(), &1000.into())
    );
    assert!(report["entry"].as_str().unwrap().contains("\"number\":300"));
    // The witness has not cosigned.
    let report = check(&place, 1, &["--witness", "witness.key.vkey"]);
    assert!(
        report["reason"]
            .as_str()
            .unwrap()
            .contains("has not cosigned"),
        "{report}"
    );
    let proof = place.read("proof.json");
    place.write(
        "proof.json",
        &proof.replace("\"index\": 300", "\"index\": 301"),
    );
    assert_eq!(check(&place, 1, &[])["holds"], false);
    place.write(
        "proof.json",
        &proof
            .replace("\n1000\\n", "\n1001\\n")
            .replace("\\n1000\\n", "\\n1001\\n"),
    );
    assert_eq!(check(&place, 1, &[])["holds"], false);
}

#[test]
fn a_witness_cosigns_what_continues_and_nothing_else() {
    let place = with_ledger();
    let witness = |folder: &'static str| {
        [
            "ledger",
            "witness",
            folder,
            "--key",
            "witness.key",
            "--log",
            "ledger.key.vkey",
            "--json",
        ]
    };
    let report = place.json(0, &witness("log"));
    assert_eq!(
        (&report["old_size"], &report["size"]),
        (&0.into(), &1000.into())
    );
    append(&place, "log", 1000, 1700);
    assert_eq!(place.json(0, &witness("log"))["old_size"], 1000);
    let verify = [
        "ledger",
        "verify",
        "log",
        "--key",
        "ledger.key.vkey",
        "--witness",
        "witness.key.vkey",
        "--json",
    ];
    let report = place.json(0, &verify);
    assert_eq!(report["witnesses"][0]["size"], 1700);
    place.succeeds(&["ledger", "prove", "log", "5", "--out", "proof.json"]);
    let report = check(&place, 0, &["--witness", "witness.key.vkey"]);
    assert_eq!(report["witnesses"][0][0], "court.example/witness");
    // Another history of the same ledger, and one that was cut back.
    append(&place, "fork", 5000, 7000);
    assert_eq!(place.json(1, &witness("fork"))["cosigned"], false);
    append(&place, "short", 0, 1200);
    let report = place.json(1, &witness("short"));
    assert!(
        report["reason"].as_str().unwrap().contains("cut back"),
        "{report}"
    );
}

#[cfg(unix)]
#[test]
fn a_secret_key_is_its_owners_alone_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let place = with_keys();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path("ledger.key")), 0o600);
    let before = place.read("ledger.key");
    let output = place.run(&[
        "ledger",
        "keygen",
        "town.example/ledger",
        "--out",
        "ledger.key",
    ]);
    assert_eq!(output.status.code(), Some(5), "{}", shown(&output));
    assert_eq!(place.read("ledger.key"), before);
    let output = place.run(&["ledger", "keygen", "a b", "--out", "x.key"]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
}

#[test]
fn a_small_benchmark_is_measured() {
    let report = Place::new().json(
        0,
        &[
            "bench",
            "ledger",
            "--entries",
            "3000",
            "--threads",
            "8",
            "--group",
            "10",
            "--json",
            "--quiet",
        ],
    );
    assert_eq!(
        (&report["entries"], &report["threads"]),
        (&3000.into(), &8.into())
    );
    for value in [
        &report["append"]["entries_per_second"],
        &report["append"]["latency_p50_us"],
        &report["append"]["latency_p99_us"],
        &report["append"]["commits"],
        &report["bytes_per_entry"],
        &report["prove_us"],
        &report["check_proof_us"],
        &report["verified_per_second"],
        &report["sign_us"],
        &report["check_signature_us"],
    ] {
        assert!(value.as_f64().unwrap() > 0.0, "{report}");
    }
}
