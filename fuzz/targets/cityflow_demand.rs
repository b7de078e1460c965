//! Any bytes as CityFlow demand on a small network.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use roads::Network;

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let bytes = include_bytes!("../seeds/cityflow_network/crossing.json");
    roads::cityflow::parse_network(bytes, Path::new("crossing.json")).expect("the seed is valid")
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(demand) = roads::cityflow::parse_demand(bytes, Path::new("flow.json"), &NETWORK) {
        let _ = demand.vehicles_before(3600.0);
        let _ = roads::check::check(&NETWORK, Some(&demand));
    }
});
