//! The published scenarios: read, checked, written and read again.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests: what is skipped is said, and failing is panicking"
)]

use std::path::{Path, PathBuf};

use roads::{Demand, Network, check, cityflow};

/// The folder of published scenarios, or `None` with a note.
fn scenarios() -> Option<PathBuf> {
    let folder = std::env::var_os("CITYBRAIN_SCENARIOS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/scenarios"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no scenarios at {}", folder.display());
    None
}

fn read(folder: &Path, flow: &str) -> (Network, Demand) {
    let network = roads::read::network(&folder.join("roadnet.json")).unwrap();
    let (demand, issues) = roads::read::demand(&folder.join(flow), &network).unwrap();
    assert_eq!(issues, []);
    (network, demand)
}

const SCENARIOS: [(&str, &str, usize, usize); 4] = [
    ("hangzhou-1x1", "flow.json", 1, 1848),
    ("hangzhou-4x4", "flow.json", 16, 2983),
    ("hangzhou-4x4", "flow_peak.json", 16, 6984),
    ("jinan-3x4", "flow.json", 12, 6295),
];

#[test]
fn networks_and_demand_come_back_exactly_as_they_were() {
    let Some(folder) = scenarios() else { return };
    for (name, flow, signals, vehicles) in SCENARIOS {
        let (network, demand) = read(&folder.join(name), flow);
        assert_eq!(network.signals.len(), signals, "{name}");
        assert_eq!(demand.vehicles_before(3600.0), vehicles, "{name}/{flow}");

        let mut bytes = Vec::new();
        let issues = cityflow::write_network(&network, &mut bytes).unwrap();
        assert_eq!(issues, [], "{name}");
        let path = Path::new(name).join("roadnet.json");
        let back = cityflow::parse_network(&bytes, &path).unwrap();
        let text = |network: &Network| serde_json::to_string(network).unwrap();
        assert!(text(&back) == text(&network), "{name}: the network changed");

        let mut bytes = Vec::new();
        let issues = cityflow::write_demand(&network, &demand, &mut bytes).unwrap();
        assert_eq!(issues, [], "{name}/{flow}");
        let back = cityflow::parse_demand(&bytes, &path, &network).unwrap();
        assert_eq!(back, demand, "{name}/{flow}");
    }
}

#[test]
fn the_published_scenarios_have_no_errors() {
    let Some(folder) = scenarios() else { return };
    for (name, flow, ..) in SCENARIOS {
        let (network, demand) = read(&folder.join(name), flow);
        let faults = check::check_until(&network, Some(&demand), Some(3600.0));
        for fault in &faults {
            println!("{name}/{flow}: {fault}");
        }
        assert!(
            faults
                .iter()
                .all(|fault| fault.severity == check::Severity::Warning),
            "{name}/{flow}"
        );
    }
}

#[test]
fn a_folder_is_a_scenario() {
    let Some(folder) = scenarios() else { return };
    let scenario = roads::read::scenario(&folder.join("jinan-3x4")).unwrap();
    assert_eq!(scenario.name, "jinan-3x4");
    assert_eq!(scenario.network.signals.len(), 12);
    assert!((scenario.begin - 0.0).abs() < 1e-12);
}
