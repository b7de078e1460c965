//! Every limit of ingest, in one place: what comes from outside is bounded in bytes, counts and
//! depth, so that a hostile file costs an error and not the machine.

/// Most bytes of one record as text; what is longer is one broken record.
pub const RECORD_BYTES_MAX: usize = 1 << 20;
/// Most bytes of one field.
pub const FIELD_BYTES_MAX: usize = 256 << 10;
/// Most columns of a file.
pub const COLUMNS_MAX: usize = 1000;
/// Text is read and cut into records in blocks of this many bytes.
pub const BLOCK_BYTES: usize = 4 << 20;
/// Rows of a block of columnar input.
pub const BLOCK_ROWS: usize = 65_536;
/// How many blocks are written together, as one batch with one idempotency key.
pub const BATCH_BLOCKS: usize = 8;
/// Most bytes that a compressed file may grow to.
pub const DECOMPRESSED_BYTES_MAX: u64 = 256 << 30;
/// A compressed file may grow by this factor; more is a bomb.
pub const DECOMPRESSION_FACTOR_MAX: u64 = 200;
/// Up to this many bytes a compressed file may grow by any factor.
pub const DECOMPRESSED_BYTES_FREE: u64 = 64 << 20;
/// Quotes that never close, before quoted fields are taken to end with their line.
pub const UNCLOSED_QUOTES_MAX: usize = 16;
/// Characters of a value that are shown in a message.
pub const SHOWN_CHARACTERS: usize = 60;
/// Bytes at the beginning of a text by which its encoding and separator are judged.
pub const SNIFF_BYTES: usize = 1 << 20;
/// Most characters of a text field that states no limit.
pub const TEXT_CHARACTERS: usize = 500;
/// Largest whole number: 18 digits.
pub const INTEGER_MAX: i64 = 999_999_999_999_999_999;
/// Most bytes of a Parquet or Arrow file that is fetched whole from an object store.
pub const FETCHED_BYTES_MAX: u64 = 8 << 30;
/// Most rows of a Parquet row group or bytes of an Arrow message that are decoded at once.
pub const MESSAGE_BYTES_MAX: usize = 1 << 30;
/// Most bytes of one pushed body.
pub const PUSH_BYTES_MAX: usize = 64 << 20;
/// Most records of a snapshot that is compared with what the pool holds: 24 bytes of memory each.
pub const SNAPSHOT_RECORDS_MAX: u64 = 100_000_000;
/// Most files of one `load`.
pub const FILES_MAX: usize = 10_000;
