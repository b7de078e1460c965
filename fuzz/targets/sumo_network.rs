//! Any bytes as a SUMO network, plain or gzip.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(network) = roads::sumo::parse_network(bytes, Path::new("fuzz.net.xml")) {
        let _ = roads::check::check(&network, None);
        roads::cityflow::write_network(&network, &mut Vec::new()).expect("memory takes all");
        roads::geojson::write_network(&network, &mut Vec::new()).expect("memory takes all");
    }
});
