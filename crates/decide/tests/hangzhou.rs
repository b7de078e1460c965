//! The rules of the demonstration city are right, and so are faults' places in its files.

use std::path::Path;

use city::Definitions;
use city::kinds::{Agreement, Dataset};
use decide::definitions;

#[test]
fn the_rules_of_the_demonstration_city_have_no_faults() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cities/hangzhou");
    let (city, _) = Definitions::read(folder.canonicalize().unwrap());
    let faults = definitions::check(&city);
    let faults: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {fault} ({:?})", fault.location(), fault.help))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let rules: usize = city
        .all::<Dataset>()
        .map(|dataset| dataset.quality.len())
        .sum();
    assert!(rules > 20, "only {rules} rules of quality");
    assert!(city.all::<Agreement>().count() > 0);
}

#[test]
fn a_fault_is_where_the_word_is_however_the_rule_is_written() {
    const DATASET: &str = "\
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
  - {name: height, title: {zh: 高, en: Height}, type: integer}
quality:
  - id: height
    title: {zh: 高度合理, en: A height that trees have}
    rule: RULE
";
    for (rule, place) in [
        ("tree != null and heigth > 1", "15:28"),
        ("'tree != null and heigth > 1'", "15:29"),
        ("\"tree != null and heigth > 1\"", "15:29"),
        ("|\n      tree != null\n      and heigth > 1", "16:7"),
    ] {
        let text = DATASET.replace("RULE", rule);
        let files = [("departments/parks/datasets/trees.yaml", text)];
        let (city, _) = Definitions::from_files("t", files).check();
        let faults = definitions::check(&city);
        let places: Vec<String> = faults.iter().map(city::Fault::location).collect();
        let expected = format!("t/departments/parks/datasets/trees.yaml:{place}");
        assert_eq!(places, [expected], "{rule}");
    }
}
