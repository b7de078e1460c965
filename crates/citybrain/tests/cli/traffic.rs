//! `citybrain traffic …` end to end on a generated grid, and on Hangzhou's own where it is there.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;

use crate::support::{Place, scenarios, snapshot};

const CONTROLLERS: [&str; 8] = [
    "plan",
    "fixed-time",
    "webster",
    "actuated",
    "max-pressure",
    "efficient-max-pressure",
    "advanced-max-pressure",
    "brain",
];

/// `traffic run` on the grid of [`Place::with_grid`].
pub(crate) fn run<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["traffic", "run", "-n", "grid.json", "-d", "flow.json"];
    args.extend(more);
    args
}

#[test]
fn every_controller_runs_and_says_what_came_out() {
    let place = Place::with_grid();
    let mut engine_times = BTreeMap::new();
    for control in CONTROLLERS {
        let result = place.json(
            0,
            &run(&["--control", control, "--horizon", "900", "--json"]),
        );
        for field in [
            "att_engine",
            "att_lit",
            "att_finished",
            "throughput",
            "vehicles",
            "vehicle_updates",
            "cpu_seconds",
            "process_cpu_seconds",
            "wall_seconds",
            "peak_rss_bytes",
        ] {
            let value = result[field]
                .as_f64()
                .unwrap_or_else(|| panic!("{control} {field}"));
            assert!(value > 0.0, "{control} {field} {value}");
        }
        assert_eq!(result["control"], control);
        let count = |field: &str| result[field].as_u64().unwrap();
        assert_eq!(
            count("vehicles"),
            count("throughput") + count("running") + count("waiting_to_enter"),
            "{control}: no vehicle is lost"
        );
        let series = result["series"].as_array().unwrap();
        assert_eq!(series.len(), 15);
        assert_eq!(series[14]["time"], 900.0);
        assert_eq!(series[14]["throughput"], result["throughput"]);
        assert_eq!(result["safety"].is_null(), control == "plan");
        engine_times.insert(control, result["att_engine"].as_f64().unwrap());
    }
    assert!(
        engine_times["max-pressure"] < engine_times["fixed-time"],
        "{engine_times:?}"
    );
}

#[test]
fn the_table_is_for_people() {
    let place = Place::with_grid();
    snapshot!(
        "run",
        place.run(&run(&["--control", "max-pressure", "--horizon", "600"]))
    );
}

#[test]
fn the_same_seed_gives_the_same_run_on_any_number_of_threads() {
    let place = Place::with_grid();
    let results = |more: &[&str]| {
        let mut result = place.json(0, &run(&[&["--json", "--horizon", "600"], more].concat()));
        [
            "att_engine",
            "att_lit",
            "vehicle_updates",
            "distance_km",
            "series",
        ]
        .map(|field| result[field].take())
    };
    let one = results(&["--seed", "3"]);
    assert_eq!(one, results(&["--seed", "3", "--threads", "2"]));
    assert_ne!(one, results(&["--seed", "4"]));
}

#[test]
fn demand_can_be_scaled_and_made_up() {
    let place = Place::with_grid();
    let created = |args: &[&str]| place.json(0, args)["vehicles"].as_u64().unwrap();
    let all = created(&run(&["--json"]));
    let half = created(&run(&["--json", "--scale", "0.5"]));
    assert!(half.abs_diff(all / 2) <= all / 20, "{half} of {all}");
    let args = [
        "traffic",
        "run",
        "-n",
        "grid.json",
        "--trips",
        "50",
        "--json",
    ];
    assert_eq!(created(&args), 50);
}

/// Per vehicle: first and last time it was seen.
fn seen(path: &Path) -> BTreeMap<String, (f64, f64)> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let mut seen = BTreeMap::new();
    for row in reader.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        let time = row.get_double(0).unwrap();
        let vehicle = row.get_string(1).unwrap().clone();
        let entry = seen.entry(vehicle).or_insert((time, time));
        entry.1 = time;
    }
    seen
}

#[test]
fn trajectories_can_be_read_back() {
    let place = Place::with_grid();
    let result = place.json(
        0,
        &run(&["--horizon", "300", "--json", "--out", "t.parquet"]),
    );
    let path = place.path("t.parquet");
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata();
    let columns: Vec<_> = metadata
        .schema_descr()
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    assert_eq!(
        columns,
        [
            "time", "vehicle", "place", "name", "distance", "speed", "x", "y"
        ]
    );
    let rows = u64::try_from(metadata.num_rows()).unwrap();
    assert_eq!(result["trajectories"]["rows"], rows);
    assert!(
        metadata
            .key_value_metadata()
            .unwrap()
            .iter()
            .any(|pair| pair.key == "citybrain.seed")
    );

    let mut at_end = 0;
    for row in reader.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        let (place, name) = (row.get_string(2).unwrap(), row.get_string(3).unwrap());
        assert_eq!(place == "movement", name.contains("_TO_"), "{place} {name}");
        assert!(row.get_double(4).unwrap() >= 0.0 && row.get_double(5).unwrap() >= 0.0);
        assert!(row.get_float(6).unwrap().is_finite() && row.get_float(7).unwrap().is_finite());
        at_end += u64::from(row.get_double(0).unwrap() == 300.0);
    }
    assert_eq!(result["running"], at_end);
    assert!(!place.path("t.parquet.partial").exists());
}

#[test]
fn a_killed_run_leaves_no_file_that_looks_whole() {
    let place = Place::with_grid();
    let args = run(&[
        "--horizon",
        "31000000",
        "--scale",
        "3",
        "--out",
        "t.parquet",
    ]);
    let mut child = place.command(&args).stdout(Stdio::null()).spawn().unwrap();
    let partial = place.path("t.parquet.partial");
    let start = Instant::now();
    while !partial.exists() && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(partial.exists() && !place.path("t.parquet").exists());
}

#[test]
fn a_comparison_has_a_table_and_a_report_with_plots() {
    let place = Place::with_grid();
    let args = [
        "traffic",
        "compare",
        "-n",
        "grid.json",
        "-d",
        "flow.json",
        "--control",
        "fixed-time,max-pressure",
        "--seeds",
        "0,1",
        "--horizon",
        "600",
        "--out",
        "report.html",
    ];
    snapshot!("compare", place.run(&args));
    let page = place.read("report.html");
    for title in [
        "Running vehicles",
        "Cumulative throughput",
        "Mean speed",
        "Travel times",
    ] {
        assert!(
            page.contains(&format!(r#"<svg role="img" aria-label="{title}""#)),
            "{title}"
        );
    }
    assert!(page.matches("<polyline").count() >= 10);
    assert!(page.contains("citybrain traffic compare --network grid.json --demand flow.json"));
    // Nothing is fetched from anywhere; the one address is the name of SVG's vocabulary.
    for (at, _) in page.match_indices("http") {
        assert!(
            page[at..].starts_with("http://www.w3.org/2000/svg"),
            "{}",
            &page[at..at + 60]
        );
    }
    assert!(!page.contains("<script"));

    let report = place.json(0, &[&args[..12], &["--json"]].concat());
    assert_eq!(report["runs"].as_array().unwrap().len(), 4);
    let summary = report["summary"].as_array().unwrap();
    assert_eq!(summary.len(), 2);
    assert_eq!(summary[1]["control"], "max-pressure");
    let of = |seed: usize| report["runs"][2 + seed]["att_engine"].as_f64().unwrap();
    let mean = summary[1]["att_engine"]["mean"].as_f64().unwrap();
    assert!((mean - f64::midpoint(of(0), of(1))).abs() < 1e-9);
    assert!(summary[1]["att_engine"]["deviation"].as_f64().is_some());
}

#[test]
fn the_report_s_command_makes_the_same_report_again() {
    let place = Place::with_grid();
    let first = [
        "traffic",
        "compare",
        "-n",
        "grid.json",
        "-d",
        "flow.json",
        "-c",
        "actuated",
        "--horizon",
        "300",
        "--out",
        "report.html",
    ];
    place.succeeds(&first);
    let page = place.read("report.html");
    let start = page.find("<pre>citybrain ").unwrap() + "<pre>citybrain ".len();
    let end = page[start..].find("</pre>").unwrap();
    let args: Vec<&str> = page[start..start + end].split_whitespace().collect();
    place.succeeds(&args);
    let without_cost = |page: &str| page.split("<p>").next().unwrap().to_owned();
    assert_eq!(
        without_cost(&place.read("report.html")),
        without_cost(&page)
    );
}

#[test]
fn hangzhou_without_lane_change_is_the_reference_simulator_s_hour() {
    let Some(folder) = scenarios().map(|folder| folder.join("hangzhou-4x4")) else {
        return;
    };
    let golden: Value = serde_json::from_str(
        &std::fs::read_to_string(folder.join("golden/flow.lane_change_0.json")).unwrap(),
    )
    .unwrap();
    let place = Place::new();
    let (network, demand) = (folder.join("roadnet.json"), folder.join("flow.json"));
    let result = place.json(
        0,
        &[
            "traffic",
            "run",
            "-n",
            network.to_str().unwrap(),
            "-d",
            demand.to_str().unwrap(),
            "--control",
            "plan",
            "--lane-change",
            "off",
            "--json",
            "--out",
            "t.parquet",
        ],
    );
    let theirs = golden["average_travel_time_s"].as_f64().unwrap();
    let ours = result["att_engine"].as_f64().unwrap();
    assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");

    let finish = golden["finish_s"].as_object().unwrap();
    let mut finished = 0;
    for (vehicle, (_, last)) in seen(&place.path("t.parquet")) {
        // First seen gone: at the step after it was last seen.
        if let Some(second) = finish.get(&vehicle).and_then(Value::as_f64) {
            assert_eq!(last + 1.0, second, "{vehicle}");
            finished += 1;
        }
    }
    assert_eq!(finished, finish.len());
}

#[test]
fn missions_say_what_priority_gains_and_what_it_costs_others() {
    let place = Place::with_grid();
    let mission = |more: &[&'static str]| {
        let mut args = vec!["traffic", "mission", "-n", "grid.json", "-d", "flow.json"];
        args.extend(["--control", "advanced-max-pressure", "--horizon", "900"]);
        args.extend(["--window", "60"]);
        args.extend(more);
        args
    };
    let result = place.json(0, &mission(&["--missions", "3", "--json"]));
    let summary = &result["summary"];
    assert_eq!(summary["missions"], 3);
    assert_eq!(summary["conflicting_greens"], 0);
    let mean = |arm: usize| summary["arms"][arm]["mean"].as_f64().unwrap();
    assert!(mean(2) < mean(0), "{summary}");
    let groups = result["groups"].as_array().unwrap();
    let missions = groups[0]["missions"].as_array().unwrap();
    assert_eq!(groups.len(), 3);
    assert_eq!(missions[0]["arms"].as_array().unwrap().len(), 3);

    let refused = place.run(&mission(&["--from", "nowhere", "--to", "road_1_1_0"]));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("nowhere"), "{message}");
    assert!(!refused.status.success());
}
