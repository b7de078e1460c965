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
