//! Any bytes as an OpenStreetMap file, and as the data block of one (compression and framing
//! would otherwise keep the fuzzer out).
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use roads::osm::{self, Options};

fn read(bytes: &[u8]) {
    if let Ok((network, _)) = osm::parse(bytes, Path::new("fuzz.osm.pbf"), &Options::default()) {
        let _ = roads::check::check(&network, None);
        roads::cityflow::write_network(&network, &mut Vec::new()).expect("memory takes all");
        roads::geojson::write_network(&network, &mut Vec::new()).expect("memory takes all");
    }
}

/// A file with one uncompressed data block.
fn framed(block: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(block.len() + 64);
    for (kind, content) in [(&b"OSMHeader"[..], &[][..]), (b"OSMData", block)] {
        let mut blob = vec![0x0a];
        varint(&mut blob, content.len());
        blob.extend(content);
        let mut header = vec![0x0a, kind.len() as u8];
        header.extend(kind);
        header.push(0x18);
        varint(&mut header, blob.len());
        file.extend((header.len() as u32).to_be_bytes());
        file.extend(header);
        file.extend(blob);
    }
    file
}

fn varint(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&framed(bytes));
});
