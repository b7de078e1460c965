//! `citybrain traffic incidents` end to end on a generated grid.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::Place;

const INCIDENTS: [&str; 4] = ["traffic", "incidents", "-n", "grid.json"];

/// Two hours of a link's detector, in minutes; from 08:00 on for twenty minutes nearly nothing moves.
fn counts() -> String {
    let mut text = "link,at,vehicles,speed,occupancy\n".to_owned();
    for minute in 0..120 {
        let at = 7 * 3600 + minute * 60 + 30;
        let more = minute % 3;
        if (60..80).contains(&minute) {
            let _ = writeln!(text, "road_1_1_0,{at},2,1.5,0.7");
        } else {
            let _ = writeln!(
                text,
                "road_1_1_0,{at},{},{},0.1{more}",
                12 + more,
                10 + more
            );
        }
        let _ = writeln!(
            text,
            "road_1_2_0,{at},{},{},0.1{more}",
            12 + more,
            10 + more
        );
    }
    text
}

#[test]
fn an_incident_in_a_file_of_counts_is_told_with_its_evidence_and_scored() {
    let place = Place::with_grid();
    place.write("counts.csv", &counts());
    place.write("known.csv", "link,from,until\nroad_1_1_0,28800,30000\n");
    let files = ["counts.csv", "--known", "known.csv"];
    let report = place.json(0, &[&INCIDENTS[..], &files, &["--json"]].concat());
    let incidents = report["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "{report}");
    let one = &incidents[0];
    assert_eq!(
        (&one["id"], &one["method"]),
        (&"road_1_1_0".into(), &"deviates".into())
    );
    assert_eq!(
        (&one["since"], &one["found"]),
        (&28_800.0.into(), &29_040.0.into())
    );
    assert_eq!(one["until"], 30_000.0);
    assert!((one["evidence"]["occupancy"].as_f64().unwrap() - 0.7).abs() < 1e-9);
    assert!((one["evidence"]["usual_occupancy"].as_f64().unwrap() - 0.11).abs() < 0.01);
    assert_eq!(report["score"]["detection_rate"], 1.0);
    assert_eq!(report["score"]["mean_delay_s"], 240.0);
    assert_eq!(report["score"]["false_alarms"], 0);
    assert_eq!(report["known"][0]["found_after_s"], 240.0);
    let shown = place.succeeds(&[&INCIDENTS[..], &files].concat());
    assert!(
        shown.contains("08:00:00") && shown.contains("1 of 1 known incidents found"),
        "{shown}"
    );
    // Thresholds are options: nothing deviates by a hundred deviations.
    let strict = ["--occupancy-deviates", "100", "--json"];
    let report = place.json(0, &[&INCIDENTS[..], &files, &strict].concat());
    assert_eq!(
        (&report["found"], &report["score"]["detected"]),
        (&0.into(), &0.into())
    );
    // The same peak on three days before is no news.
    let mut history = counts();
    for day in 1..3 {
        for line in counts().lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let at = fields[1].parse::<u64>().unwrap() + day * 86_400;
            let _ = writeln!(history, "{},{at},{}", fields[0], fields[2..].join(","));
        }
    }
    place.write("history.csv", &history);
    let usual = ["counts.csv", "--history", "history.csv", "--json"];
    let report = place.json(0, &[&INCIDENTS[..], &usual].concat());
    assert_eq!(report["found"], 0, "{report}");
}

#[test]
fn what_loops_saw_in_the_simulator_gives_the_same_incidents_from_its_file() {
    let place = Place::with_grid();
    place.write(
        "works.yaml",
        "closures:\n  - { link: road_1_1_0, from: 1800, until: 3000, speed_limit: 1.0 }\n",
    );
    let run = [
        "-d",
        "flow.json",
        "--closures",
        "works.yaml",
        "--out",
        "counts.csv",
        "--json",
    ];
    let simulated = place.json(0, &[&INCIDENTS[..], &run].concat());
    assert_eq!(simulated["source"], "simulation");
    assert_eq!(simulated["score"]["incidents"], 1);
    assert_eq!(simulated["score"]["detected"], 1, "{simulated}");
    let read = place.json(0, &[&INCIDENTS[..], &["counts.csv", "--json"]].concat());
    let found = |report: &Value| -> Vec<String> {
        let each = report["incidents"].as_array().unwrap().iter();
        each.map(|one| {
            format!(
                "{} {} {} {}",
                one["id"], one["method"], one["since"], one["until"]
            )
        })
        .collect()
    };
    assert_eq!(found(&simulated), found(&read));
    assert_eq!(read["decisions"], simulated["decisions"]);
}

#[test]
fn wrong_counts_and_options_that_have_no_use_are_refused_with_the_remedy() {
    let place = Place::with_grid();
    let refused = |args: &[&str]| {
        let output = place.run(&[&INCIDENTS[..], args].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{text}");
        text
    };
    place.write(
        "counts.csv",
        "link,at,vehicles,speed\nroad_1_1_0,30,5,10\nroad_1_1_0,90,5,\n",
    );
    let text = refused(&["counts.csv"]);
    assert!(
        text.contains("counts.csv:3: speed is missing and so is occupancy"),
        "{text}"
    );
    place.write("counts.csv", "link,at,vehicles,speed\n");
    assert!(refused(&["counts.csv"]).contains("no observations"));
    assert!(refused(&["counts.csv", "--days", "3"]).contains("--history"));
    place.write("known.csv", "link,from,until\nroad_1_1_0,30,20\n");
    let text = refused(&["counts.csv", "--known", "known.csv"]);
    assert!(
        text.contains("known.csv:2: until is 20; it must be after from"),
        "{text}"
    );
}
