//! `citybrain traffic match` and `citybrain bench probes`.

use serde_json::{Value, json};

use crate::support::Place;

/// A place with a grid, and positions of a vehicle that drives a road of it and on over another.
fn with_positions() -> (Place, [String; 2]) {
    let place = Place::with_grid();
    let network: Value = serde_json::from_str(&place.read("grid.json")).unwrap();
    let junctions = network["intersections"].as_array().unwrap();
    let straight = junctions
        .iter()
        .filter_map(|junction| junction["roadLinks"].as_array())
        .flatten()
        .find(|link| link["type"] == "go_straight")
        .unwrap();
    let name = |end: &str| straight[end].as_str().unwrap().to_owned();
    let links = [name("startRoad"), name("endRoad")];
    let roads = network["roads"].as_array().unwrap();
    let mut lines = String::new();
    let mut time = 100.0;
    for link in &links {
        let road = roads
            .iter()
            .find(|road| road["id"] == link.as_str())
            .unwrap();
        let at = |end: usize, axis: &str| road["points"][end][axis].as_f64().unwrap();
        for step in 0..10 {
            let share = (f64::from(step) + 0.5) / 10.0;
            let along = |axis: &str| at(0, axis) + (at(1, axis) - at(0, axis)) * share;
            let line = json!({"vehicle": "taxi 7", "t": time, "x": along("x"), "y": along("y")});
            lines.push_str(&format!("{line}\n"));
            time += 3.0;
        }
    }
    place.write("taxi.ndjson", &lines);
    (place, links)
}

const MATCH: [&str; 6] = ["traffic", "match", "-n", "grid.json", "-p", "taxi.ndjson"];

#[test]
fn positions_along_two_roads_are_matched_to_them() {
    let (place, links) = with_positions();
    for more in [&["--json"][..], &["--json", "--live", "--lag", "3"]] {
        let report = place.json(0, &[&MATCH, more].concat());
        let passages = report["passages"].as_array().unwrap();
        let found: Vec<&str> = passages
            .iter()
            .map(|one| one["link"].as_str().unwrap())
            .collect();
        assert_eq!(found, links);
        assert_eq!(passages[0]["left"], passages[1]["entered"]);
        assert_eq!(
            (&passages[0]["whole"], &passages[0]["vehicle"]),
            (&json!(false), &json!("taxi 7"))
        );
        assert_eq!(report["counts"]["observed"], 20);
    }
}

#[test]
fn matched_links_are_written_in_each_form() {
    let (place, links) = with_positions();
    for form in ["csv", "geojson", "ndjson", "json"] {
        let out = format!("links.{form}");
        place.succeeds(&[&MATCH[..], &["--out", &out, "--table", "grid.table"]].concat());
        let text = place.read(&out);
        assert!(
            text.contains(&links[0]) && text.contains(&links[1]),
            "{text}"
        );
    }
    let map: Value = serde_json::from_str(&place.read("links.geojson")).unwrap();
    assert_eq!(map["features"].as_array().unwrap().len(), 2);
    let refused = place.run(&[&MATCH[..], &["--out", "links.xlsx"]].concat());
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_line_that_is_no_position_is_named_and_the_others_are_matched() {
    let (place, _) = with_positions();
    let lines = place.read("taxi.ndjson");
    place.write(
        "taxi.ndjson",
        &format!("{{\"vehicle\": \"a\", \"t\": 1}}\nnonsense\n{lines}"),
    );
    let output = place.run(&MATCH);
    assert_eq!(output.status.code(), Some(1));
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(
        notes.contains("taxi.ndjson:1: has no place: give lon and lat, or x and y"),
        "{notes}"
    );
    assert!(notes.contains("taxi.ndjson:2: "), "{notes}");
}

#[test]
fn a_file_that_is_no_table_is_not_written_over() {
    let (place, _) = with_positions();
    let output = place.run(&[&MATCH[..], &["--table", "taxi.ndjson"]].concat());
    assert_eq!(output.status.code(), Some(3));
    assert!(place.read("taxi.ndjson").starts_with('{'));
}

#[test]
fn matching_is_measured_on_a_grid() {
    let place = Place::with_grid();
    let report = place.json(
        0,
        &[
            "bench",
            "probes",
            "-n",
            "grid.json",
            "--trips",
            "5",
            "--least",
            "600",
            "--rows",
            "1:3,5:8",
            "--least-cpu",
            "0.01",
            "--stream",
            "4000",
            "--json",
            "--quiet",
        ],
    );
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        for share in ["precision", "recall", "link_precision", "link_recall"] {
            let value = row[share].as_f64().unwrap();
            assert!((0.9..=1.0).contains(&value), "{share} {row}");
        }
        assert!(row["positions_per_cpu_second"].as_f64().unwrap() > 0.0);
    }
    let forms = report["stream"]["forms"].as_array().unwrap();
    assert_eq!(forms.len(), 2);
    // What is fed as JSON lines or as binary records is the same but for the digits.
    for form in forms {
        assert_eq!(form["positions"], 4000);
        assert!(form["link_times"].as_u64().unwrap() > 0, "{form}");
        assert_eq!(form["counts"]["vehicles"], 0);
    }
}
