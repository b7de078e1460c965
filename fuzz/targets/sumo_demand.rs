//! Any bytes as SUMO demand on a small network.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use roads::Network;

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let bytes = include_bytes!("../seeds/sumo_network/crossing.net.xml");
    roads::sumo::parse_network(bytes, Path::new("crossing.net.xml")).expect("the seed is valid")
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok((demand, _)) = roads::sumo::parse_demand(bytes, Path::new("fuzz.rou.xml"), &NETWORK) {
        let _ = demand.vehicles_before(3600.0);
        let _ = roads::check::check(&NETWORK, Some(&demand));
    }
});
