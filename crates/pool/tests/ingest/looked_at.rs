//! What the readers make of any bytes. The fuzz targets (`fuzz/targets/ingest_*.rs`) look with this
//! as well.

use std::sync::Arc;

use bytes::Bytes;
use pool::Table;
use pool::ingest::Validator;
use pool::sources::file::{Format, Input, Options};

/// Looks at bytes as records of `table`, and says how many were found, taken and refused; `None`
/// when they cannot be read as what they should be.
pub(crate) fn looked_at(
    table: &Arc<Table>,
    bytes: &[u8],
    format: Format,
) -> Option<(u64, u64, u64)> {
    let validator = Validator::new(table, None).ok()?;
    let bytes = Bytes::copy_from_slice(bytes);
    let mut input = Input::of_bytes(bytes, "t", format, table, &Options::default()).ok()?;
    let mut sums = (0, 0, 0);
    while let Some(block) = input.next_block().ok()? {
        let checked = validator.check(&block.raw(table)).ok()?;
        sums.0 += checked.counts.records;
        sums.1 += checked.good.num_rows() as u64;
        sums.2 += checked.bad.len() as u64;
    }
    Some(sums)
}
