//! `citybrain traffic index`, `rank` and `penetration` end to end on a generated grid.

use serde_json::Value;

use crate::support::Place;

fn tti(report: &Value, place: usize) -> f64 {
    report["measured"][place]["tti"]["value"].as_f64().unwrap()
}

#[test]
fn a_run_is_measured_and_its_table_measures_the_same_again() {
    let place = Place::with_grid();
    let run = [
        "traffic",
        "index",
        "-n",
        "grid.json",
        "-d",
        "flow.json",
        "--out",
        "links.csv",
        "--json",
    ];
    let first = place.json(0, &run);
    assert_eq!(first["source"], "simulation");
    assert!(tti(&first, 0) > 1.0);
    let table = [
        "traffic",
        "index",
        "-n",
        "grid.json",
        "--table",
        "links.csv",
        "--json",
    ];
    let again = place.json(0, &table);
    assert_eq!(again["source"], "table");
    assert!((tti(&first, 0) - tti(&again, 0)).abs() < 1e-9);
    let links = place.json(0, &[&table[..], &["--by", "link", "--top", "5"]].concat());
    assert_eq!(links["measured"].as_array().unwrap().len(), 5);
    assert!(tti(&links, 0) >= tti(&links, 4));
    let named = place.json(
        0,
        &[
            &table[..],
            &["--free-flow", "top4-hourly-mean", "--weight", "one"],
        ]
        .concat(),
    );
    assert_eq!(named["measured"][0]["free_flow"], "top4-hourly-mean");
    assert_eq!(named["measured"][0]["weight"], "one");
    let shown = place.succeeds(&table[..6]);
    assert!(shown.contains("TTI") && shown.contains("city"), "{shown}");
}

#[test]
fn a_wrong_table_or_window_is_refused_with_the_remedy() {
    let place = Place::with_grid();
    place.write("links.csv", "link,bin,n,speed\nnowhere,1,1,5\n");
    let table = [
        "traffic",
        "index",
        "-n",
        "grid.json",
        "--table",
        "links.csv",
    ];
    let output = place.run(&table);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains("links.csv:2") && text.contains("nowhere"),
        "{text}"
    );
    let output = place.run(&[&table[..], &["--window", "7-9"]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("HH:MM"));
    let output = place.run(&[&table[..], &["--districts", "districts.geojson"]].concat());
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("add --by district"), "{text}");
}

#[test]
fn cities_are_ranked_with_their_number_and_compared() {
    let place = Place::new();
    place.write(
        "now.csv",
        "city,index,low,high\na,1.5,1.4,1.6\nb,2.0,1.9,2.1\nc,1.2,,\n",
    );
    place.write("then.csv", "city,index\na,2.5\nb,2.0\n");
    let ranking = place.json(
        0,
        &[
            "traffic", "rank", "now.csv", "--before", "then.csv", "--json",
        ],
    );
    assert_eq!(ranking["ranked"], 3);
    assert_eq!(ranking["places"][0]["city"], "b");
    assert_eq!(ranking["places"][1]["of"], 3);
    let a = &ranking["moved"][1];
    assert_eq!(
        (&a["city"], &a["rank"], &a["of"]),
        (
            &"a".into(),
            &serde_json::json!([1, 2]),
            &serde_json::json!([2, 3])
        )
    );
    place.write("one.csv", "city,index\na,1.5\n");
    let output = place.run(&["traffic", "rank", "one.csv"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no rank"));
}

#[test]
fn when_all_vehicles_are_probes_the_index_is_within_two_per_cent() {
    let place = Place::with_grid();
    let report = place.json(
        0,
        &[
            "traffic",
            "penetration",
            "-n",
            "grid.json",
            "-d",
            "flow.json",
            "--share",
            "1",
            "--probe-seeds",
            "1",
            "--horizon",
            "1800",
            "--json",
        ],
    );
    assert_eq!(report["within"], true);
    let outcome = &report["outcomes"][0];
    assert_eq!(outcome["vehicles"], outcome["probe_vehicles"]);
}
