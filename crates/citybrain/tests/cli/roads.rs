//! `citybrain roads …`.

use crate::support::{Place, root, snapshot};

#[test]
fn a_grid_is_described() {
    let place = Place::with_grid();
    snapshot!("grid_info", place.run(&["roads", "info", "grid.json"]));
    let info = place.json(0, &["roads", "info", "grid.json", "--json"]);
    assert_eq!((&info["signals"], &info["links"]), (&4.into(), &24.into()));
}

#[test]
fn a_sound_network_and_demand_have_no_errors() {
    let place = Place::with_grid();
    let args = [
        "roads",
        "check",
        "grid.json",
        "--demand",
        "flow.json",
        "--json",
    ];
    let report = place.json(0, &args);
    assert_eq!(report["errors"], 0);
}

#[test]
fn a_faulty_network_is_found_out() {
    let place = Place::with_grid();
    // Every light shows nothing at all, so nobody ever goes.
    let mut network: serde_json::Value = serde_json::from_str(&place.read("grid.json")).unwrap();
    for junction in network["intersections"].as_array_mut().unwrap() {
        if let Some(phases) = junction["trafficLight"]["lightphases"].as_array_mut() {
            for phase in phases {
                phase["availableRoadLinks"] = serde_json::json!([]);
            }
        }
    }
    place.write("dark.json", &network.to_string());
    let report = place.json(1, &["roads", "check", "dark.json", "--json"]);
    assert!(report["errors"].as_u64().unwrap() > 0, "{report}");
    let fault = &report["faults"][0];
    assert_eq!(fault["severity"], "error");
    assert!(!fault["id"].as_str().unwrap().is_empty() && fault["remedy"].is_string());
}

#[test]
fn a_network_survives_conversion() {
    let place = Place::with_grid();
    place.succeeds(&[
        "roads",
        "convert",
        "grid.json",
        "--to",
        "cityflow",
        "--out",
        "again.json",
        "--demand",
        "flow.json",
        "--demand-out",
        "again-flow.json",
    ]);
    let run = |network, demand| {
        let mut run = place.json(
            0,
            &[
                "traffic",
                "run",
                "-n",
                network,
                "-d",
                demand,
                "--horizon",
                "300",
                "--json",
            ],
        );
        let fields = ["att_engine", "throughput", "vehicles", "vehicle_updates"];
        fields.map(|field| run[field].take())
    };
    assert_eq!(
        run("grid.json", "flow.json"),
        run("again.json", "again-flow.json")
    );

    place.succeeds(&[
        "roads",
        "convert",
        "grid.json",
        "--to",
        "geojson",
        "--out",
        "grid.geojson",
    ]);
    let map: serde_json::Value = serde_json::from_str(&place.read("grid.geojson")).unwrap();
    assert_eq!(map["type"], "FeatureCollection");
    assert!(map["features"].as_array().unwrap().len() >= 24);
}

#[test]
fn a_way_is_found_or_said_to_be_missing() {
    let place = Place::with_grid();
    let route = [
        "roads",
        "route",
        "grid.json",
        "--from",
        "road_0_1_0",
        "--to",
    ];
    let args = |to: &'static str| [&route[..], &[to, "--json"]].concat();
    let found = place.json(0, &args("road_2_2_1"));
    assert_eq!(found["found"], true);
    let links = found["links"].as_array().unwrap();
    assert_eq!(links[0]["link"], "road_0_1_0");
    assert_eq!(links[links.len() - 1]["link"], "road_2_2_1");
    let times: Vec<f64> = links
        .iter()
        .map(|leg| leg["at_seconds"].as_f64().unwrap())
        .collect();
    assert!(times.is_sorted() && times[0] > 0.0, "{times:?}");
    // It comes in over the boundary, where nothing leads back from.
    assert_eq!(place.json(1, &args("road_0_2_0"))["found"], false);
}

#[test]
fn the_demonstration_city_is_drawn_from_its_description() {
    let place = Place::new();
    let spec = root().join("cities/hangzhou/traffic/network.yaml");
    let report = place.json(
        0,
        &[
            "roads",
            "generate",
            "--spec",
            spec.to_str().unwrap(),
            "--out",
            "city.json",
            "--json",
        ],
    );
    assert!(report["signals"].as_u64().unwrap() > 50, "{report}");
    let info = place.json(0, &["roads", "info", "city.json", "--json"]);
    assert_eq!(info["links"], report["links"]);
}
