//! Parquet and Arrow IPC: columns as they are, in blocks of rows.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::{FileReader, StreamReader};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::guarded;
use crate::ingest::Error;
use crate::ingest::limits::BLOCK_ROWS;

/// What an Arrow file begins with; a stream does not.
const ARROW_MAGIC: &[u8] = b"ARROW1";

/// A file of columns.
pub(super) struct ColumnReader {
    name: String,
    schema: SchemaRef,
    batches: Batches,
    /// A batch that is larger than a block, and how much of it is done.
    large: Option<(RecordBatch, usize)>,
    rows: u64,
    total: Option<u64>,
}

enum Batches {
    Parquet(ParquetRecordBatchReader),
    File(Box<FileReader<BufReader<File>>>),
    Stream(Box<StreamReader<Box<dyn Read + Send>>>),
}

impl ColumnReader {
    /// A Parquet file, from the row `skip` on.
    pub(super) fn parquet(path: &Path, name: &str, skip: u64) -> Result<Self, Error> {
        let wrong = |error: &dyn std::fmt::Display| {
            Error::unreadable(
                name,
                "its end",
                error,
                "is it whole, and Parquet? write it again",
            )
        };
        let file = open(path, name)?;
        guarded(
            name,
            || "its end".to_owned(),
            || {
                let builder = ParquetRecordBatchReaderBuilder::try_new(file)
                    .map_err(|error| wrong(&error))?;
                let schema = std::sync::Arc::clone(builder.schema());
                let total = u64::try_from(builder.metadata().file_metadata().num_rows()).ok();
                let builder = builder
                    .with_batch_size(BLOCK_ROWS)
                    .with_offset(skip as usize);
                let batches = Batches::Parquet(builder.build().map_err(|error| wrong(&error))?);
                Ok(Self {
                    name: name.to_owned(),
                    schema,
                    batches,
                    large: None,
                    rows: skip,
                    total,
                })
            },
        )
    }

    /// An Arrow IPC file or stream.
    pub(super) fn arrow(path: &Path, name: &str) -> Result<Self, Error> {
        let mut file = open(path, name)?;
        let mut magic = [0; ARROW_MAGIC.len()];
        let is_file = file.read_exact(&mut magic).is_ok() && magic == ARROW_MAGIC;
        file.seek(SeekFrom::Start(0))
            .map_err(|error| cannot_open(name, error))?;
        if !is_file {
            return Self::stream(Box::new(BufReader::new(file)), name);
        }
        guarded(
            name,
            || "its end".to_owned(),
            || {
                let reader = FileReader::try_new_buffered(file, None).map_err(|error| {
                    Error::unreadable(
                        name,
                        "its end",
                        error,
                        "is it whole, and Arrow IPC? write it again",
                    )
                })?;
                let schema = reader.schema();
                Ok(Self::of(name, schema, Batches::File(Box::new(reader))))
            },
        )
    }

    /// An Arrow IPC stream.
    pub(super) fn stream(input: Box<dyn Read + Send>, name: &str) -> Result<Self, Error> {
        guarded(
            name,
            || "its beginning".to_owned(),
            || {
                let reader = StreamReader::try_new(input, None).map_err(|error| {
                    Error::unreadable(
                        name,
                        "its beginning",
                        error,
                        "is it Arrow IPC? write it again",
                    )
                })?;
                let schema = reader.schema();
                Ok(Self::of(name, schema, Batches::Stream(Box::new(reader))))
            },
        )
    }

    fn of(name: &str, schema: SchemaRef, batches: Batches) -> Self {
        Self {
            name: name.to_owned(),
            schema,
            batches,
            large: None,
            rows: 0,
            total: None,
        }
    }

    /// The columns.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows there are, where the file says it.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// The next rows and the number of the first, from 1; a block at most.
    pub(super) fn next(&mut self) -> Result<Option<(RecordBatch, u64)>, Error> {
        let batch = match self.large.take() {
            Some((batch, done)) => {
                let length = (batch.num_rows() - done).min(BLOCK_ROWS);
                let part = batch.slice(done, length);
                if done + length < batch.num_rows() {
                    self.large = Some((batch, done + length));
                }
                part
            }
            None => match self.decode()? {
                Some(batch) if batch.num_rows() > BLOCK_ROWS => {
                    self.large = Some((batch, 0));
                    return self.next();
                }
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let first = self.rows + 1;
        self.rows += batch.num_rows() as u64;
        Ok(Some((batch, first)))
    }

    fn decode(&mut self) -> Result<Option<RecordBatch>, Error> {
        let place = || format!("after row {}", self.rows);
        let batches = &mut self.batches;
        guarded(&self.name, place, || {
            let next =
                batches.find(|batch| batch.as_ref().map_or(true, |batch| batch.num_rows() > 0));
            next.transpose().map_err(|error| {
                Error::unreadable(&self.name, place(), error, "is it whole? write it again")
            })
        })
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, arrow::error::ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Parquet(batches) => batches.next(),
            Self::File(batches) => batches.next(),
            Self::Stream(batches) => batches.next(),
        }
    }
}

pub(super) fn open(path: &Path, name: &str) -> Result<File, Error> {
    File::open(path).map_err(|error| cannot_open(name, error))
}

fn cannot_open(name: &str, error: std::io::Error) -> Error {
    Error::Open {
        source_name: name.to_owned(),
        remedy: "see that it is there and yours to read".to_owned(),
        source: error.into(),
    }
}
