//! `citybrain bench engine` on grids small enough for a test.

use crate::support::{Place, snapshot};

#[test]
fn a_small_grid_is_measured() {
    let report = Place::new().json(
        0,
        &[
            "bench",
            "engine",
            "--signals",
            "4,6",
            "--vehicles",
            "100,120",
            "--steps",
            "30",
            "--repeat",
            "2",
            "--threads",
            "1,2",
            "--lane-change",
            "both",
            "--json",
            "--quiet",
        ],
    );
    let cases = report["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let threads = case["threads"].as_array().unwrap();
        assert_eq!(threads.len(), 2);
        assert_eq!(
            threads[0]["vehicle_updates"], threads[1]["vehicle_updates"],
            "the same run on any number of threads"
        );
        for value in [
            &threads[0]["million_updates_per_cpu_second"]["median"],
            &threads[1]["real_time_factor"]["min"],
            &case["fork_us"]["median"],
            &case["save_ms"]["max"],
            &case["restore_ms"]["median"],
            &case["speed_up"]["median"],
            &case["bytes_per_vehicle"],
            &case["peak_rss_bytes"],
            &case["vehicles_mean"],
        ] {
            assert!(value.as_f64().unwrap() > 0.0, "{case}");
        }
    }
    assert_eq!(
        (&cases[0]["signals"], &cases[2]["signals"]),
        (&4.into(), &6.into())
    );
}

#[test]
fn as_many_vehicles_as_grids() {
    let args = [
        "bench",
        "engine",
        "--signals",
        "4,9",
        "--vehicles",
        "10",
        "--quiet",
    ];
    snapshot!("bench_mismatch", Place::new().run(&args));
}

#[test]
fn decisions_for_a_small_grid_are_timed() {
    let args = [
        "bench",
        "control",
        "--signals",
        "9",
        "--seconds",
        "30",
        "--json",
        "--quiet",
    ];
    let report = Place::new().json(0, &args);
    assert_eq!(report["signals"], 9);
    let measured = report["measured"].as_array().unwrap();
    assert_eq!(measured.len(), 4, "two controllers under two protocols");
    for one in measured {
        assert!(one["decisions"].as_u64().unwrap() >= 2, "{one}");
        assert!(one["median_ms"].as_f64() <= one["slowest_ms"].as_f64());
    }
}

#[test]
fn only_a_controller_that_exists_is_timed() {
    let args = ["bench", "control", "--control", "clairvoyant", "--quiet"];
    snapshot!("bench_control_unknown", Place::new().run(&args));
}
