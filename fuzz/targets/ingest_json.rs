//! Any bytes as records in JSON Lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pool::sources::file::Format;

#[path = "common/records.rs"]
mod records;

fuzz_target!(|bytes: &[u8]| records::look(bytes, Format::JsonLines));
