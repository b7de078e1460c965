//! Options: file, environment and flags, the later over the earlier.

use crate::support::{Place, snapshot};

#[test]
fn each_value_says_where_it_comes_from() {
    let place = Place::new();
    place.write(
        "citybrain.toml",
        "[traffic]\nhorizon = 600\nthreads = 2\n[up]\nspeed = 3\n",
    );
    let output = place
        .command(&["config", "--set", "traffic.threads=4", "--color", "never"])
        .env("CITYBRAIN_TRAFFIC_HORIZON", "1200")
        .env("RUST_LOG", "info")
        .output()
        .unwrap();
    snapshot!("config", output);
}

#[test]
fn json_has_value_origin_and_variable() {
    let rows = Place::new().json(0, &["config", "--json", "--set", "compare.seeds=1,2"]);
    let row = |option: &str| {
        let rows = rows.as_array().unwrap();
        rows.iter()
            .find(|row| row["option"] == option)
            .unwrap()
            .clone()
    };
    assert_eq!(row("compare.seeds")["value"], serde_json::json!([1, 2]));
    assert_eq!(row("compare.seeds")["origin"], "flag --set compare.seeds");
    assert_eq!(row("up.listen")["origin"], "default");
    assert_eq!(
        row("traffic.lane-change")["variable"],
        "CITYBRAIN_TRAFFIC_LANE_CHANGE"
    );
}

#[test]
fn a_command_s_own_flag_wins() {
    let place = Place::with_grid();
    let run = place
        .command(&[
            "traffic",
            "run",
            "-n",
            "grid.json",
            "-d",
            "flow.json",
            "--horizon",
            "30",
            "--json",
        ])
        .env("CITYBRAIN_TRAFFIC_HORIZON", "90")
        .env("CITYBRAIN_TRAFFIC_SEED", "5")
        .output()
        .unwrap();
    let run: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(run["settings"]["horizon"], 30.0);
    assert_eq!(run["seed"], 5);
}

#[test]
fn logs_go_to_standard_error_as_json_when_asked() {
    let place = Place::new();
    let output = place.run(&["config", "--set", "log.format=json", "--log", "trace"]);
    assert_eq!(output.status.code(), Some(0));
    snapshot!(
        "wrong_log_filter",
        place.run(&["config", "--log", "sim=loud"])
    );
}
