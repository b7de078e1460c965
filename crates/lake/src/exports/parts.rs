//! An export's files. They are plain Parquet: what reads them knows nothing of Arrow's own types.

use std::fs::File;
use std::io;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tokio::sync::mpsc::Receiver;

use super::{EXPORT_BYTES_MAX, PART_BYTES, PART_ROWS_MAX};

/// Rows of one row group.
const GROUP_ROWS: usize = 250_000;

/// A file of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
}

/// The name of a part's file.
pub(super) fn file_name(number: usize) -> String {
    format!("{number}.parquet")
}

/// Writes batches as they come into files of `folder`. Blocks until there are no more.
pub(super) fn write(
    schema: &SchemaRef,
    batches: &mut Receiver<RecordBatch>,
    folder: &Path,
) -> io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut open: Option<Open> = None;
    while let Some(batch) = batches.blocking_recv() {
        let mut part = match open.take() {
            Some(part) => part,
            None => Open::create(schema, &folder.join(file_name(parts.len())))?,
        };
        part.writer.write(&batch)?;
        part.rows += batch.num_rows() as u64;
        if part.rows >= PART_ROWS_MAX || part.bytes() >= PART_BYTES {
            parts.push(part.close()?);
            within(&parts)?;
        } else {
            open = Some(part);
        }
    }
    if let Some(part) = open {
        parts.push(part.close()?);
        within(&parts)?;
    }
    Ok(parts)
}

fn within(parts: &[Part]) -> io::Result<()> {
    let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
    if bytes > EXPORT_BYTES_MAX {
        return Err(io::Error::other(format!(
            "it has {bytes} bytes so far; {EXPORT_BYTES_MAX} are allowed (limit EXPORT_BYTES_MAX)"
        )));
    }
    Ok(())
}

/// A file that is being written.
struct Open {
    writer: ArrowWriter<File>,
    file: File,
    rows: u64,
}

impl Open {
    fn create(schema: &SchemaRef, path: &Path) -> io::Result<Self> {
        let level = ZstdLevel::try_new(1)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true);
        let file = File::create_new(path)?;
        let writer = ArrowWriter::try_new_with_options(
            file.try_clone()?,
            SchemaRef::clone(schema),
            options,
        )?;
        Ok(Self {
            writer,
            file,
            rows: 0,
        })
    }

    fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    fn close(self) -> io::Result<Part> {
        self.writer.close()?;
        Ok(Part {
            bytes: self.file.metadata()?.len(),
            rows: self.rows,
        })
    }
}
