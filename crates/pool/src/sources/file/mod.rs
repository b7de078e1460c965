//! Files: CSV, JSON Lines, Parquet and Arrow IPC, on a disk or in an object store.
//!
//! A file is read as a sequence of blocks that is the same each time, so a load that was stopped
//! skips the blocks that are done. Text is cut into records by one thread; what is in the records
//! is looked at by many.

mod columnar;
mod csv;
mod encoding;
mod json;
mod open;
mod store;
mod text;

use std::sync::Arc;

use crate::ingest::raw::{self, Raw};
use crate::ingest::{Error, limits};
use crate::table::Table;

pub(crate) use csv::Header;
pub use encoding::Encoding;
pub(crate) use json::Keys;
pub use open::{Identity, Input, Options, Source};
pub use store::fetch;
pub(crate) use text::TextBlock;

/// How records are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A header and lines of fields, separated by commas, semicolons or tabs.
    Csv,
    /// An object on each line.
    JsonLines,
    /// Parquet.
    Parquet,
    /// Arrow IPC, the file's form or the stream's.
    Arrow,
}

/// How a file is compressed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not.
    None,
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

/// Format and compression as a file's name tells them.
pub fn format_of(name: &str) -> Option<(Format, Compression)> {
    let name = name.to_ascii_lowercase();
    let (name, compression) = match name.rsplit_once('.') {
        Some((stem, "gz")) => (stem, Compression::Gzip),
        Some((stem, "zst" | "zstd")) => (stem, Compression::Zstd),
        _ => (name.as_str(), Compression::None),
    };
    let format = match name.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => Format::Csv,
        "jsonl" | "ndjson" => Format::JsonLines,
        "parquet" => Format::Parquet,
        "arrow" | "arrows" | "ipc" | "feather" => Format::Arrow,
        _ => return None,
    };
    Some((format, compression))
}

/// A piece of a file.
#[derive(Debug)]
pub enum Block {
    /// Lines of fields.
    Csv(Arc<Header>, TextBlock),
    /// Objects.
    Json(Arc<Keys>, TextBlock),
    /// Columns, and the number of the first row, from 1.
    Columns(arrow::array::RecordBatch, u64),
}

impl Block {
    /// Its records.
    pub fn raw(&self, table: &Arc<Table>) -> Raw {
        match self {
            Self::Csv(header, block) => header.read(table, block),
            Self::Json(keys, block) => keys.read(table, block),
            Self::Columns(batch, first) => raw::from_columns(table, batch, *first),
        }
    }

    /// Its bytes, roughly.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Csv(_, block) | Self::Json(_, block) => block.text.len() as u64,
            Self::Columns(batch, _) => batch.get_array_memory_size() as u64,
        }
    }
}

/// Runs a decoder of others, for which not every input that breaks its rules is an error.
fn guarded<T>(
    name: &str,
    place: impl Fn() -> String,
    decode: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode)).unwrap_or_else(|_| {
        Err(Error::unreadable(
            name,
            place(),
            "the file is damaged",
            "write the file again",
        ))
    })
}

/// All that must be in a source's columns, or an error that names the first that is not.
pub(crate) fn require(
    table: &Table,
    name: &str,
    has: impl Fn(usize) -> bool,
    unknown: &[String],
    keys_only: bool,
) -> Result<(), Error> {
    for (at, field) in table.definition.fields.iter().enumerate() {
        let wanted =
            table.key.contains(&at) || (!keys_only && !table.columns.field(at).is_nullable());
        if wanted && !has(at) {
            return Err(Error::ColumnMissing {
                source_name: name.to_owned(),
                field: field.name.clone(),
                dataset: table.name(),
                nearest: crate::ingest::nearest(&field.name, unknown.iter().map(String::as_str)),
            });
        }
    }
    Ok(())
}

const _: () = assert!(
    limits::BLOCK_BYTES > 2 * limits::RECORD_BYTES_MAX,
    "a block holds a record"
);
