//! `citybrain traffic event` end to end on a generated grid.

use crate::support::{Place, shown, snapshot};

const GRID: [&str; 6] = ["-n", "grid.json", "-d", "flow.json", "--horizon", "900"];
const EVENT: [&str; 2] = ["traffic", "event"];

const FAIR: &str = "events:
  - id: fair
    name: Autumn fair
    link: road_1_2_0
    visitors: 300
    per_car: 2
    start: 1500
    end: 2100
    coming: 1200
    leaving: 900
    car_parks:
      - { id: field, link: road_2_1_1, capacity: 200 }
      - { id: yard, link: road_1_2_0, capacity: 40 }
    closures:
      - { link: road_1_1_0, lanes: [2] }
";

#[test]
fn an_event_is_compared_under_each_controller_and_says_what_to_do() {
    let place = Place::with_grid();
    place.write("fair.yaml", FAIR);
    let more = ["--file", "fair.yaml", "--control", "plan,webster,brain"];
    let more = [&more[..], &["--seeds", "0,1", "--json"]].concat();
    let report = place.json(0, &[&EVENT[..], &GRID, &more].concat());
    assert_eq!(report["title"], "Autumn fair");
    assert_eq!(report["event"]["cars"], 150);
    assert_eq!(report["event"]["parks"][0]["id"], "yard");
    assert_eq!(report["event"]["parks"][0]["cars"], 40);
    assert_eq!(report["event"]["parks"][0]["exit"], "road_1_2_0");
    assert_eq!(report["closed"]["throughout"], true);
    // The run goes on until everybody has had half an hour to leave.
    assert_eq!(report["settings"]["horizon"], 2_100.0 + 900.0 + 1_800.0);
    let named: Vec<(&str, bool)> = report["summary"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["control"].as_str().unwrap(),
                row["event"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        named,
        [
            ("plan", false),
            ("plan", true),
            ("webster", false),
            ("webster", true),
            ("brain", false),
            ("brain", true),
            ("webster-as-before", true),
        ]
    );
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 14);
    for run in runs {
        let visitor = &run["visitor"];
        assert_eq!(run["event"].as_bool().unwrap(), visitor.is_object());
        if visitor.is_object() {
            for count in ["set_out", "arrived", "left", "home"] {
                assert_eq!(visitor[count], 150, "{count} {}", run["control"]);
            }
            assert!(run["others_added_h"].is_number());
            let sum =
                run["others_delay_h"].as_f64().unwrap() + run["visitors_delay_h"].as_f64().unwrap();
            assert!((sum - run["delay_h"].as_f64().unwrap()).abs() < 1e-6);
        }
    }
    let advice = &report["recommendation"];
    assert!(!advice["links"].as_array().unwrap().is_empty());
    assert!(!advice["signals"].as_array().unwrap().is_empty());
    let words = advice["words"].as_array().unwrap();
    assert!(words[0].as_str().unwrap().starts_with("use "), "{words:?}");
}

#[test]
fn without_visitors_the_runs_are_those_without_an_event() {
    let place = Place::with_grid();
    let more = ["--link", "road_1_1_0", "--visitors", "0", "--start", "600"];
    let more = [
        &more[..],
        &["--end", "600", "--coming", "300", "--leaving", "300"],
    ]
    .concat();
    let more = [&more[..], &["--control", "max-pressure", "--json"]].concat();
    let report = place.json(0, &[&EVENT[..], &GRID, &more].concat());
    let [without, with] = [0, 1].map(|run| &report["runs"][run]);
    for figure in ["mean_speed", "att_engine", "throughput", "delay_h"] {
        assert_eq!(without[figure], with[figure], "{figure}");
    }
    assert_eq!(report["recommendation"]["visitors_by_other_means"], 0);
}

#[test]
fn the_tables_of_an_event() {
    let place = Place::with_grid();
    let more = ["--at", "300,300", "--visitors", "120", "--car-park"];
    let more = [
        &more[..],
        &["road_2_1_1:100", "--car-park", "road_1_2_0:50"],
    ]
    .concat();
    let more = [
        &more[..],
        &["--start", "900", "--end", "1200", "--coming", "600"],
    ]
    .concat();
    let more = [&more[..], &["--leaving", "600", "--control", "webster"]].concat();
    let more = [&more[..], &["--links", "4", "--guided", "30%"]].concat();
    let more = [&more[..], &["--close", "road_1_1_0:2"]].concat();
    snapshot!("event", place.run(&[&EVENT[..], &GRID, &more].concat()));
}

#[test]
fn visitors_park_along_the_streets_around_that_can_be_reached() {
    let place = Place::with_grid();
    let more = [
        "--at",
        "300,300",
        "--radius",
        "200",
        "--visitors",
        "60",
        "--json",
    ];
    let more = [
        &more[..],
        &["--start", "900", "--end", "1200", "--coming", "600"],
    ]
    .concat();
    let more = [
        &more[..],
        &["--leaving", "600", "--control", "max-pressure"],
    ]
    .concat();
    let report = place.json(0, &[&EVENT[..], &GRID, &more].concat());
    let parks = report["event"]["parks"].as_array().unwrap();
    assert!(parks.len() > 1, "{parks:?}");
    assert_eq!(report["runs"][1]["visitor"]["home"], 60);
}

#[test]
fn events_that_cannot_be_are_refused_with_the_remedy() {
    let place = Place::with_grid();
    let refuse = |exit: i32, more: &[&str]| {
        let output = place.run(&[&EVENT[..], &GRID, more].concat());
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{more:?} {}",
            shown(&output)
        );
        String::from_utf8(output.stderr).unwrap()
    };
    let when = [
        "--visitors",
        "9",
        "--start",
        "600",
        "--end",
        "700",
        "--coming",
        "300",
    ];
    let with = |more: &[&'static str]| [&when[..], more].concat();
    assert!(refuse(2, &[]).contains("--file"));
    assert!(refuse(2, &["--link", "road_1_1_0"]).contains("--visitors"));
    assert!(refuse(2, &with(&["--at", "here"])).contains("two numbers"));
    let parks = with(&["--link", "road_1_1_0", "--car-park", "road_1_1_0"]);
    assert!(refuse(2, &parks).contains("LINK:CARS"));
    let message = refuse(3, &with(&["--link", "road_1_1_9"]));
    assert!(
        message.contains("road_1_1_9") && message.contains("road_1_1_0"),
        "{message}"
    );
    let origin = with(&["--link", "road_1_1_0", "--origin", "nowhere:2"]);
    assert!(refuse(3, &origin).contains("origins[0].link"));
    assert!(refuse(3, &["--file", "nowhere.yaml"]).contains("nowhere.yaml"));
    place.write("fair.yaml", &FAIR.replace("road_2_1_1", "road_2_1_7"));
    snapshot!(
        "event_unknown_link",
        place.run(&[&EVENT[..], &GRID, &["--file", "fair.yaml"]].concat())
    );
    place.write("fair.yaml", &FAIR.replace("per_car: 2", "per_cars: 2"));
    snapshot!(
        "event_unknown_key",
        place.run(&[&EVENT[..], &GRID, &["--file", "fair.yaml"]].concat())
    );
    place.write("fair.yaml", FAIR);
    let message = refuse(3, &["--file", "fair.yaml", "--event", "fairs"]);
    assert!(message.contains("fair"), "{message}");
}
