//! `--sensing`: what controllers see with is asked for, refused when it makes no sense, and said.

use serde_json::Value;

use crate::support::Place;
use crate::traffic::run;

/// `traffic run` under the controller of this city, with more options.
fn seen<'a>(more: &[&'a str]) -> Vec<&'a str> {
    run(&[&["--horizon", "600", "--control", "brain"], more].concat())
}

#[test]
fn a_run_says_what_it_was_seen_with_and_how_well() {
    let place = Place::with_grid();
    let with = |sensing: &str| place.json(0, &seen(&["--json", "--sensing", sensing]));
    let full = with("full");
    assert_eq!(full["sensing"], "full");
    assert_eq!(full["sensing_errors"], Value::Null);
    let bare = place.json(0, &seen(&["--json"]));
    assert_eq!(bare["att_engine"], full["att_engine"]);
    for sensing in [
        "detectors:0.1",
        "probes:0.1",
        "cameras:0.9,noise:0.1",
        "detectors:0.1+probes:0.2+seed:7",
    ] {
        let run = with(sensing);
        assert_eq!(run["sensing"], sensing);
        assert_ne!(run["att_engine"], full["att_engine"], "{sensing}");
        let error = run["sensing_errors"]["count_rmse"].as_f64().unwrap();
        assert!(error > 0.0, "{sensing}: {error}");
    }
    let table = place.succeeds(&seen(&["--sensing", "probes:0.1"]));
    assert!(
        table.contains("probes:0.1, vehicles on a lane wrong by"),
        "{table}"
    );
}

#[test]
fn a_comparison_has_a_row_for_each_controller_under_each_sensing() {
    let place = Place::with_grid();
    let args = [
        "traffic",
        "compare",
        "-n",
        "grid.json",
        "-d",
        "flow.json",
        "--horizon",
        "300",
        "--control",
        "plan,max-pressure",
        "--sensing",
        "full",
        "--sensing",
        "detectors:0.1",
    ];
    let report = place.json(0, &[&args[..], &["--json"]].concat());
    let rows: Vec<(&str, &str)> = report["summary"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["control"].as_str().unwrap(),
                row["sensing"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("plan", "none"),
        ("max-pressure", "full"),
        ("max-pressure", "detectors:0.1"),
    ];
    assert_eq!(rows, expected);
    let page = place.succeeds(&[&args[..], &["--out", "report.html"]].concat());
    assert!(page.contains("detectors:0.1"), "{page}");
    assert!(
        place
            .read("report.html")
            .contains("--sensing detectors:0.1")
    );
}

#[test]
fn what_cannot_be_seen_with_is_refused_with_what_would_be_right() {
    let place = Place::with_grid();
    for (sensing, remedy) in [
        ("radar", "there are full, detectors"),
        ("probes", "probes:0.1"),
        ("detectors:0.9", "from 0 to 0.5"),
    ] {
        let refused = place.run(&seen(&["--sensing", sensing]));
        assert_eq!(refused.status.code(), Some(2), "{sensing}");
        let message = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(message.contains(remedy), "{sensing}: {message}");
    }
}

#[test]
fn decisions_are_timed_under_a_sensing() {
    let place = Place::new();
    let args = [
        "bench",
        "control",
        "--signals",
        "9",
        "--vehicles",
        "90",
        "--seconds",
        "15",
        "--control",
        "max-pressure",
        "--sensing",
        "detectors:0.1",
        "--json",
    ];
    let report = place.json(0, &args);
    assert_eq!(report["sensing"], "detectors:0.1");
    let took = report["measured"][0]["sensing_ms"].as_f64().unwrap();
    assert!(took > 0.0, "{took}");
}
