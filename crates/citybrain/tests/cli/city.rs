//! `citybrain check` and `citybrain schema`.

use crate::support::{Place, root, snapshot};

#[test]
fn the_demonstration_city_has_no_faults() {
    let city = root().join("cities/hangzhou");
    let report = Place::new().json(0, &["check", city.to_str().unwrap(), "--json"]);
    assert_eq!(report["faults"], serde_json::json!([]));
}

#[test]
fn a_fault_has_file_line_column_and_remedy() {
    let place = Place::new();
    place.write(
        "town/departments/parks/department.yaml",
        "id: park\ntitel: {zh: 园林局, en: Parks}\n",
    );
    let output = place.run(&["check", "town"]);
    snapshot!("faults", output);
    let report = place.json(1, &["check", "town", "--json"]);
    let faults = report["faults"].as_array().unwrap();
    let unknown = faults
        .iter()
        .find(|fault| fault["code"] == "unknown-key")
        .unwrap();
    assert_eq!(
        (&unknown["line"], &unknown["column"]),
        (&2.into(), &1.into())
    );
    assert!(
        unknown["help"].as_str().unwrap().contains("title"),
        "{unknown}"
    );
}

const CITY: &str = "\
id: town
title: {zh: 小镇, en: Town}
time_zone: Asia/Shanghai
languages: [zh, en]
currency: CNY
location: {lon: 120.0, lat: 30.0}
operator: parks
calendar: {work_days: [monday, tuesday, wednesday, thursday, friday]}
";

const PARKS: &str = "\
id: parks
title: {zh: 市园林局, en: Parks Bureau}
short: {zh: 园林, en: Parks}
kind: bureau
responsible_for:
  - {zh: 公园, en: parks}
contact: {email: data@parks.example.org, fictitious: true}
";

const TREES: &str = "\
id: trees
title: {zh: 古树名木, en: Old trees}
description: {zh: 每株一条, en: One record for each tree}
subject: thing
subject_field: tree
key: [tree]
share: unconditional
updates: daily
fields:
  - {name: tree, title: {zh: 编号, en: Number}, type: text}
  - {name: height_m, title: {zh: 高, en: Height}, type: integer}
quality:
  - id: height
    title: {zh: 高度合理, en: A height that trees have}
    rule: height_m in [0..120]
";

fn town() -> Place {
    let place = Place::new();
    place.write("town/city.yaml", CITY);
    place.write("town/departments/parks/department.yaml", PARKS);
    place.write("town/departments/parks/datasets/trees.yaml", TREES);
    place
}

#[test]
fn a_fault_of_a_rule_is_in_its_line_and_column() {
    let place = town();
    place.succeeds(&["check", "town"]);
    let wrong = TREES.replace("rule: height_m in", "rule: heigth_m in");
    place.write("town/departments/parks/datasets/trees.yaml", &wrong);
    let report = place.json(1, &["check", "town", "--json"]);
    let fault = &report["faults"][0];
    assert_eq!(
        (&fault["line"], &fault["column"]),
        (&15.into(), &11.into()),
        "{fault}"
    );
    assert_eq!(fault["message"], "there is no field `heigth_m`");
    assert_eq!(fault["help"], "did you mean `height_m`?");
}

#[test]
fn what_a_change_breaks_is_told_against_a_revision() {
    let place = town();
    let git = |args: &[&str]| {
        let mut command = std::process::Command::new("git");
        let identity = [
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-c",
            "commit.gpgsign=false",
        ];
        let output = command
            .args(identity)
            .args(args)
            .current_dir(place.path("."));
        let output = output.output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
    };
    git(&["init", "-q"]);
    place.write("other.txt", "not the city's");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "Begin"]);
    let report = place.json(0, &["check", "town", "--against", "HEAD", "--json"]);
    assert_eq!(report["changes"], serde_json::json!([]));
    let changed = TREES
        .replace("name: height_m", "name: height_cm")
        .replace("height_m in [0..120]", "height_cm in [0..12000]")
        .replace("updates: daily", "updates: hourly");
    place.write("town/departments/parks/datasets/trees.yaml", &changed);
    snapshot!(
        "against",
        place.run(&["check", "town", "--against", "HEAD"])
    );
    let report = place.json(1, &["check", "town", "--against", "HEAD", "--json"]);
    assert_eq!(report["changes"][0]["class"], "breaking");
    snapshot!(
        "against_nothing",
        place.run(&["check", "town", "--against", "HEAD~7"])
    );
    snapshot!(
        "against_option",
        place.run(&["check", "town", "--against=--output=x"])
    );
    snapshot!(
        "against_elsewhere",
        place.run(&["check", "nowhere", "--against", "HEAD"])
    );
}

#[test]
fn schemas_are_printed_listed_and_written() {
    let place = Place::new();
    let kinds = place.json(0, &["schema", "--json"]);
    assert!(kinds.as_array().unwrap().len() >= 2);
    let schema = place.json(0, &["schema", "department"]);
    assert_eq!(schema["title"], "department");
    place.succeeds(&["schema", "--out", "schemas"]);
    let written: serde_json::Value =
        serde_json::from_str(&place.read("schemas/department.schema.json")).unwrap();
    assert_eq!(written, schema);
    snapshot!("unknown_kind", place.run(&["schema", "departement"]));
}
