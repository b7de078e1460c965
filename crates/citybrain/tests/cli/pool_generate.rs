//! `citybrain pool generate`.

use serde_json::Value;

use crate::support::{Place, root};

/// The command with what each of these tests says.
fn arguments<'a>(city: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let always = [
        "pool",
        "generate",
        "--persons",
        "1000",
        "--out",
        "made",
        "--today",
        "2026-11-25",
        "--json",
        "--city",
        city,
    ];
    always.into_iter().chain(more.iter().copied()).collect()
}

fn hangzhou() -> String {
    root().join("cities/hangzhou").display().to_string()
}

/// The dataset's line in a report.
fn line<'a>(report: &'a Value, dataset: &str) -> &'a Value {
    let lines = report["datasets"].as_array().unwrap();
    lines
        .iter()
        .find(|line| line["dataset"] == dataset)
        .unwrap()
}

#[test]
fn every_dataset_of_the_city_becomes_a_file_that_the_next_run_keeps() {
    let (place, city) = (Place::new(), hangzhou());
    let report = place.json(0, &arguments(&city, &[]));
    let defined = place.json(0, &["check", &city, "--json"]);
    assert_eq!(defined["faults"], serde_json::json!([]));
    let lines = report["datasets"].as_array().unwrap();
    assert!(lines.len() >= 200, "{}", lines.len());
    assert_eq!(line(&report, "residents")["records"], 1000);
    assert_eq!(line(&report, "residents")["core"], true);
    assert_eq!(report["faults"]["check_characters"], 0);
    let mut bytes = 0;
    for line in lines {
        let (department, dataset) = (&line["department"], &line["dataset"]);
        let name = format!(
            "made/{}/{}.parquet",
            department.as_str().unwrap(),
            dataset.as_str().unwrap()
        );
        let file = std::fs::read(place.path(&name)).unwrap();
        assert!(
            file.starts_with(b"PAR1") && file.ends_with(b"PAR1"),
            "{name}"
        );
        bytes += file.len() as u64;
    }
    assert_eq!(report["bytes"], bytes);
    assert!(place.read("made/generated.manifest").contains("made up"));

    std::fs::remove_file(place.path("made/health/births.parquet")).unwrap();
    let again = place.json(0, &arguments(&city, &[]));
    assert_eq!(again["files_kept"], report["files"].as_u64().unwrap() - 1);
    assert_eq!(again["records_written"], line(&report, "births")["records"]);
    assert_eq!(again["datasets"], report["datasets"]);
}

#[test]
fn the_number_of_threads_makes_no_difference_and_the_seed_does() {
    let (place, city) = (Place::new(), hangzhou());
    let names = ["residents", "employments", "hotline-cases"];
    let made = |more: &[&str]| -> Vec<Vec<u8>> {
        let names = names.join(",");
        let mut all = vec!["--datasets", &names, "--format", "csv"];
        all.extend(more);
        let report = place.json(0, &arguments(&city, &all));
        let read = |line: &Value| {
            let part = |name: &str| line[name].as_str().unwrap().to_owned();
            let name = format!("made/{}/{}.csv", part("department"), part("dataset"));
            std::fs::read(place.path(&name)).unwrap()
        };
        report["datasets"]
            .as_array()
            .unwrap()
            .iter()
            .map(read)
            .collect()
    };
    let first = made(&["--threads", "1"]);
    std::fs::remove_dir_all(place.path("made")).unwrap();
    assert!(first == made(&["--threads", "3"]));
    let other = made(&["--seed", "8"]);
    assert!(first.iter().zip(&other).all(|(one, other)| one != other));
}

#[test]
fn records_are_wrong_on_purpose_where_that_is_asked_for() {
    let (place, city) = (Place::new(), hangzhou());
    let more = [
        "--datasets",
        "residents",
        "--format",
        "csv",
        "--faults",
        "0.1",
    ];
    let report = place.json(0, &arguments(&city, &more));
    let faults = &report["faults"];
    let wrong: u64 = faults
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert!((60..=150).contains(&wrong), "{faults}");
    let text = place.read("made/public-security/residents.csv");
    assert_eq!(
        text.lines().count() as u64 - 1,
        1000 + faults["duplicates"].as_u64().unwrap()
    );
}

#[test]
fn what_cannot_be_made_is_said_with_a_remedy() {
    let (place, city) = (Place::new(), hangzhou());
    let output = place.run(&arguments(&city, &["--datasets", "resident"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said.contains("no dataset `resident`") && said.contains("residents"),
        "{said}"
    );
    let output = place.run(&[
        "pool",
        "generate",
        "--persons",
        "10",
        "--out",
        "made",
        "--city",
        &city,
    ]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("ask for 1000 to 16000000 persons"), "{said}");
    let output = place.run(&arguments(&city, &["--faults", "7"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(!place.path("made").exists());
}
