//! What is said, and with which exit code, when something is wrong.

use std::process::Stdio;

use crate::support::{Place, shown, snapshot};

#[test]
fn a_missing_network_is_named() {
    let place = Place::new();
    snapshot!(
        "missing_network",
        place.run(&["traffic", "run", "--network", "nowhere.json"])
    );
}

#[test]
fn a_file_that_is_no_network_is_refused() {
    let place = Place::new();
    place.write("notes.txt", "not a network\n");
    snapshot!("not_a_network", place.run(&["roads", "info", "notes.txt"]));
}

#[test]
fn a_broken_network_says_line_and_column() {
    let place = Place::new();
    place.write("broken.json", "{\"intersections\": [],\n \"roads\": [}");
    snapshot!(
        "broken_network",
        place.run(&["roads", "info", "broken.json"])
    );
}

#[test]
fn demand_is_not_taken_for_a_network() {
    let place = Place::with_grid();
    snapshot!(
        "demand_for_network",
        place.run(&["roads", "info", "flow.json"])
    );
}

#[test]
fn demand_of_another_network_names_the_road() {
    let place = Place::with_grid();
    place.succeeds(&["roads", "generate", "--grid", "1x1", "--out", "small.json"]);
    snapshot!(
        "demand_of_another_network",
        place.run(&["traffic", "run", "-n", "small.json", "-d", "flow.json"])
    );
}

#[test]
fn demand_of_which_nothing_can_drive_is_refused() {
    let place = Place::with_grid();
    place.write(
        "other.rou.xml",
        r#"<routes><vehicle id="a" depart="0"><route edges="x y"/></vehicle></routes>"#,
    );
    let output = place.run(&["traffic", "run", "-n", "grid.json", "-d", "other.rou.xml"]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert!(shown(&output).contains("nothing of it can drive"));
}

#[test]
fn sizes_that_no_machine_holds_are_refused() {
    let place = Place::with_grid();
    let run = |flag, value| {
        let output = place.run(&["traffic", "run", "-n", "grid.json", flag, value]);
        (output.status.code(), shown(&output))
    };
    let (code, text) = run("--scale", "1e9");
    assert_eq!(code, Some(2), "{text}");
    let (code, text) = run("--horizon", "1e300");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("traffic.horizon"), "{text}");
    let output = place.run(&[
        "traffic",
        "run",
        "-n",
        "grid.json",
        "--trips",
        "100000",
        "--scale",
        "999",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
}

#[test]
fn an_unknown_controller_brings_the_nearest() {
    let place = Place::with_grid();
    snapshot!(
        "unknown_controller",
        place.run(&[
            "traffic",
            "run",
            "-n",
            "grid.json",
            "--control",
            "max-presure"
        ])
    );
}

#[test]
fn a_bad_horizon_is_wrong_usage() {
    let place = Place::with_grid();
    for horizon in ["-5", "0", "NaN", "soon", "inf"] {
        let output = place.run(&["traffic", "run", "-n", "grid.json", "--horizon", horizon]);
        assert_eq!(output.status.code(), Some(2), "{horizon}");
    }
    snapshot!(
        "bad_horizon",
        place.run(&["traffic", "run", "-n", "grid.json", "--horizon", "-5"])
    );
}

#[test]
fn a_yellow_that_does_not_fit_is_refused() {
    let place = Place::with_grid();
    snapshot!(
        "yellow_too_long",
        place.run(&[
            "traffic",
            "run",
            "-n",
            "grid.json",
            "-d",
            "flow.json",
            "-c",
            "max-pressure",
            "--action",
            "5",
            "--yellow",
            "5",
        ])
    );
}

#[test]
fn an_unknown_link_brings_the_nearest() {
    let place = Place::with_grid();
    let args = [
        "roads",
        "route",
        "grid.json",
        "--from",
        "road_0_1_0",
        "--to",
        "road_1_1_00",
    ];
    snapshot!("unknown_link", place.run(&args));
}

#[test]
fn an_output_that_cannot_be_written_is_no_fault_of_the_input() {
    let place = Place::with_grid();
    let args = [
        "traffic",
        "run",
        "-n",
        "grid.json",
        "-d",
        "flow.json",
        "--horizon",
        "10",
        "--out",
        "missing/trajectories.parquet",
    ];
    snapshot!("output_not_writable", place.run(&args));
}

#[test]
fn an_unknown_option_brings_the_nearest() {
    let place = Place::new();
    place.write("citybrain.toml", "[traffic]\nhorizn = 5\n");
    snapshot!("unknown_option", place.run(&["config"]));
}

#[test]
fn a_variable_that_sets_nothing_is_refused() {
    let place = Place::new();
    let output = place
        .command(&["config"])
        .env("CITYBRAIN_TRAFFIC_HORIZN", "5")
        .output()
        .unwrap();
    snapshot!("unknown_variable", output);
}

#[test]
fn a_wrong_value_names_its_origin() {
    let place = Place::new();
    snapshot!(
        "wrong_value",
        place.run(&["config", "--set", "traffic.seed=seven"])
    );
    snapshot!(
        "value_out_of_range",
        place.run(&["config", "--set", "traffic.threads=0"])
    );
    snapshot!(
        "unknown_controller_option",
        place.run(&["config", "--set", "up.control=best"])
    );
}

#[test]
fn a_configuration_asked_for_must_be_there() {
    let place = Place::new();
    snapshot!(
        "missing_configuration",
        place.run(&["config", "--config", "mine.toml"])
    );
}

#[cfg(unix)]
#[test]
fn a_configuration_without_end_is_refused() {
    let place = Place::new();
    let output = place.run(&["config", "--config", "/dev/zero"]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    assert!(shown(&output).contains("larger than"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    // `head -c 1` reads a little and closes; the page is longer than a pipe holds.
    let mut child = place
        .command(&["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn colour_is_there_when_asked_for() {
    let place = Place::new();
    let plain = place.run(&["roads", "info", "nowhere.json"]);
    let coloured = place.run(&["roads", "info", "nowhere.json", "--color", "always"]);
    assert!(!String::from_utf8_lossy(&plain.stderr).contains('\u{1b}'));
    assert!(String::from_utf8_lossy(&coloured.stderr).contains('\u{1b}'));
}
