//! Any bytes as a CityFlow network: an error or a network that can be checked, never a panic.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(network) = roads::cityflow::parse_network(bytes, Path::new("fuzz/roadnet.json")) {
        let _ = roads::check::check(&network, None);
        roads::cityflow::write_network(&network, &mut Vec::new()).expect("memory takes all");
        roads::geojson::write_network(&network, &mut Vec::new()).expect("memory takes all");
    }
});
