//! Delta Sharing's limits, each with its unit.

/// Most bytes of a query's body.
pub(super) const QUERY_BYTES_MAX: usize = 64 << 10;
/// Queries that are worked on at a time; further ones are told to come again.
pub(super) const QUERIES_MAX: usize = 64;
/// Files that are sent at a time.
pub(super) const FILES_MAX: usize = 256;
/// Most items of one list.
pub(super) const LIST_MAX: usize = 500;
/// Bytes of a file that are read at a time.
pub(super) const PIECE_BYTES: usize = 256 << 10;
