//! `citybrain traffic close`, `traffic corridor` and `claims traffic` end to end on a generated grid.

use crate::support::Place;

const GRID: [&str; 6] = ["-n", "grid.json", "-d", "flow.json", "--horizon", "900"];

#[test]
fn closing_lanes_says_what_it_costs_and_what_signals_should_do() {
    let place = Place::with_grid();
    let close = ["traffic", "close"];
    let more = ["--share", "20%", "--control", "webster,brain", "--json"];
    let report = place.json(0, &[&close[..], &GRID, &more].concat());
    let share = report["closed"]["share"].as_f64().unwrap();
    assert!((0.15..0.25).contains(&share), "{share}");
    assert_eq!(report["closed"]["throughout"], true);
    assert_eq!(report["closed"]["remarked"]["turns_lost"], 0);
    assert_eq!(report["closed"]["diversion"]["refused"], 0);
    let runs = report["runs"].as_array().unwrap();
    let named: Vec<(&str, bool)> = runs
        .iter()
        .map(|run| {
            (
                run["control"].as_str().unwrap(),
                run["closed"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        named,
        [
            ("webster", false),
            ("webster", true),
            ("brain", false),
            ("brain", true),
            ("webster-as-before", true),
        ]
    );
    for run in runs {
        assert!(run["mean_speed"].as_f64().unwrap() > 0.0);
        assert!(run["delay_h"].as_f64().unwrap() > 0.0);
    }
    assert!(!report["signals"].as_array().unwrap().is_empty());

    // For a time only, one lane.
    let link = report["closed"]["links"][0].as_str().unwrap().to_owned();
    let lane = format!("{link}:0");
    let more = ["--link", &lane, "--from", "100", "--until", "400"];
    let more = [&more[..], &["--control", "max-pressure", "--json"]].concat();
    let report = place.json(0, &[&close[..], &GRID, &more].concat());
    assert_eq!(report["closed"]["throughout"], false);
    assert_eq!(report["runs"][1]["schemes"]["works"]["closed"], 0);

    let text = place.succeeds(&[&close[..], &GRID, &["--link", &link]].concat());
    assert!(text.contains("traffic is fastest under"), "{text}");
}

#[test]
fn closures_that_cannot_be_are_refused_with_the_remedy() {
    let place = Place::with_grid();
    let refuse = |exit: i32, more: &[&str]| {
        let output = place.run(&[&["traffic", "close"], &GRID[..], more].concat());
        assert_eq!(output.status.code(), Some(exit), "{more:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refuse(3, &["--link", "nowhere"]).contains("nowhere"));
    assert!(refuse(2, &["--link", "road_1_1_0:x"]).contains("numbers of lanes"));
    assert!(refuse(2, &[]).contains("--share"));
    place.write(
        "works.yaml",
        "closures:\n  - { link: road_1_1_0, lane: 2 }\n",
    );
    let message = refuse(3, &["--file", "works.yaml"]);
    assert!(
        message.contains("works.yaml") && message.contains("lane"),
        "{message}"
    );
}

#[test]
fn a_run_takes_closures_and_guidance_and_refuses_meters_without_ramps() {
    let place = Place::with_grid();
    place.write(
        "works.yaml",
        "closures:\n  - { link: road_1_1_0, lanes: [2], from: 60 }\n",
    );
    let run = ["traffic", "run", "--control", "max-pressure"];
    let more = ["--closures", "works.yaml", "--guided", "0.5", "--json"];
    let report = place.json(0, &[&run[..], &GRID, &more].concat());
    assert_eq!(report["schemes"]["works"]["closed"], 1);
    assert!(report["schemes"]["guidance"]["guided"].as_u64().unwrap() > 0);
    let output = place.run(&[&run[..], &GRID, &["--meter-ramps"]].concat());
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_corridor_gets_offsets_a_table_and_a_diagram() {
    let place = Place::with_grid();
    let corridor = ["traffic", "corridor"];
    let way = ["--junctions", "intersection_1_1,intersection_2_1"];
    let out = ["--out", "corridor.html", "--json"];
    let report = place.json(0, &[&corridor[..], &GRID, &way, &out].concat());
    let bands = report["bands_s"].as_array().unwrap();
    assert!(bands.iter().any(|band| band.as_f64().unwrap() > 0.0));
    assert_eq!(report["stations"].as_array().unwrap().len(), 2);
    assert_eq!(report["runs"].as_array().unwrap().len(), 4);
    assert!(!report["diagram"]["signals"].as_array().unwrap().is_empty());
    let page = place.read("corridor.html");
    assert!(page.contains("Time–space diagram of corridor"));
    let text = place.succeeds(&[&corridor[..], &GRID, &way].concat());
    assert!(text.contains("coordinated"), "{text}");
    let wrong = ["--junctions", "intersection_1_1,nowhere"];
    let output = place.run(&[&corridor[..], &GRID, &wrong].concat());
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn claims_are_rows_with_a_verdict_and_the_exit_code_is_theirs() {
    let place = Place::with_grid();
    let claims = ["claims", "traffic", "--scenario", "grid.json,flow.json"];
    let more = ["--only", "t1", "--horizon", "900", "--control", "webster"];
    let files = ["--out", "claims.html", "--markdown", "claims.md"];
    let args = [&claims[..], &more, &files, &["--json"]].concat();
    let output = place.run(&args);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = &report["claims"][0];
    assert_eq!(row["claim"], "T1");
    let passed = row["passed"].as_bool().unwrap();
    assert_eq!(passed, row["value"].as_f64().unwrap() >= 1.15);
    assert_eq!(output.status.code(), Some(i32::from(!passed)));
    assert_eq!(report["t1"][0]["controls"].as_array().unwrap().len(), 3);
    assert!(place.read("claims.html").contains("<svg role=\"img\""));
    assert!(
        place
            .read("claims.md")
            .contains("| T1 | grid.json, flow.json |")
    );
    // A claim that is not reached says so.
    let same = ["--before", "brain", "--after", "brain"];
    let output = place.run(&[&claims[..], &more, &same].concat());
    assert_eq!(output.status.code(), Some(1));
}
