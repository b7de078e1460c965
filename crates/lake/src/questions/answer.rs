//! An answer: batches as they come, within limits, and the forms in which it is written.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::csv::WriterBuilder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json::LineDelimitedWriter;
use bytes::Bytes;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};

use super::limits::{ANSWER_BYTES_MAX, ANSWER_ROWS_MAX, ANSWER_TIME_MAX};
use super::recorder::{Recorder, recorded};
use crate::error::Error;

/// What a question read of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Read {
    /// `department/dataset`.
    pub table: String,
    /// The fields.
    pub fields: Vec<String>,
    /// The agreements that allow it, or why none is needed.
    pub reasons: Vec<String>,
}

/// The form in which an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON array of objects.
    Json,
    /// One JSON object a line.
    NdJson,
    /// Comma-separated values with a header.
    Csv,
    /// An Arrow IPC stream.
    Arrow,
}

impl Format {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::NdJson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}

/// How much an answer may be, and the names of these limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) rows: (&'static str, usize),
    pub(crate) bytes: (&'static str, usize),
    pub(crate) time: (&'static str, Duration),
}

impl Bounds {
    /// Those of a question.
    pub(crate) const ANSWER: Self = Self {
        rows: ("ANSWER_ROWS_MAX", ANSWER_ROWS_MAX),
        bytes: ("ANSWER_BYTES_MAX", ANSWER_BYTES_MAX),
        time: ("ANSWER_TIME_MAX", ANSWER_TIME_MAX),
    };
}

/// An answer as it comes.
pub struct Answer {
    schema: SchemaRef,
    reads: Vec<Read>,
    batches: BoxStream<'static, Result<RecordBatch, Error>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl Answer {
    pub(crate) fn begin(
        batches: SendableRecordBatchStream,
        reads: Vec<Read>,
        bounds: Bounds,
        turn: OwnedSemaphorePermit,
    ) -> Self {
        let schema = batches.schema();
        let bounded = Bounded {
            batches,
            bounds,
            rows: 0,
            bytes: 0,
            deadline: Box::pin(sleep_until(Instant::now() + bounds.time.1)),
            done: false,
            _turn: turn,
        };
        Self {
            schema,
            reads,
            batches: bounded.boxed(),
        }
    }

    /// The same answer, of which nothing comes before `recorder` has it on record.
    pub(crate) fn recorded(self, recorder: Arc<dyn Recorder>) -> Self {
        let batches = recorded(self.batches, self.reads.clone(), recorder).boxed();
        Self { batches, ..self }
    }

    /// Its columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// What it reads, for the ledger.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// As a table of text for people, with how many rows it has.
    pub async fn table(self) -> Result<(String, usize), Error> {
        let empty = RecordBatch::new_empty(Arc::clone(&self.schema));
        let mut batches = self.collect().await?;
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        if batches.is_empty() {
            batches.push(empty);
        }
        let table = arrow::util::pretty::pretty_format_batches(&batches)
            .map_err(|error| unwritten(&error))?;
        Ok((table.to_string(), rows))
    }

    /// All of it.
    pub async fn collect(self) -> Result<Vec<RecordBatch>, Error> {
        self.try_collect().await
    }

    /// The answer, written in a form, piece by piece.
    pub fn written(
        self,
        format: Format,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<> {
        let schema = Arc::clone(&self.schema);
        let mut writer = Writer {
            format,
            schema,
            rows: 0,
        };
        let begin = futures::stream::once(std::future::ready(writer.begin()));
        let mut failed = false;
        let pieces = self
            .map(Some)
            .chain(futures::stream::once(std::future::ready(None)))
            .map(move |batch| match batch {
                _ if failed => Ok(Bytes::new()),
                Some(Ok(batch)) => writer.batch(&batch),
                Some(Err(error)) => {
                    failed = true;
                    Err(error)
                }
                None => writer.end(),
            });
        begin
            .chain(pieces)
            .try_filter(|piece| std::future::ready(!piece.is_empty()))
    }
}

impl Stream for Answer {
    type Item = Result<RecordBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_next_unpin(context)
    }
}

/// An engine's batches, within bounds.
struct Bounded {
    batches: SendableRecordBatchStream,
    bounds: Bounds,
    rows: usize,
    bytes: usize,
    deadline: Pin<Box<Sleep>>,
    done: bool,
    _turn: OwnedSemaphorePermit,
}

impl Bounded {
    fn within(&mut self, batch: RecordBatch) -> Result<RecordBatch, Error> {
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        let (name, most) = self.bounds.rows;
        if self.rows > most {
            let message = format!("the answer has more than {most} rows; narrow it, or add LIMIT");
            return Err(Error::Limit { name, message });
        }
        let (name, most) = self.bounds.bytes;
        if self.bytes > most {
            let message = format!("the answer has more than {most} bytes; narrow it, or add LIMIT");
            return Err(Error::Limit { name, message });
        }
        Ok(batch)
    }
}

impl Stream for Bounded {
    type Item = Result<RecordBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.done {
            return Poll::Ready(None);
        }
        if self.deadline.as_mut().poll(context).is_ready() {
            self.done = true;
            let (name, most) = self.bounds.time;
            let message = format!(
                "the answer took longer than {} s; narrow the question",
                most.as_secs()
            );
            return Poll::Ready(Some(Err(Error::Limit { name, message })));
        }
        let Poll::Ready(batch) = self.batches.poll_next_unpin(context) else {
            return Poll::Pending;
        };
        let batch = match batch {
            Some(Ok(batch)) => Some(self.within(batch)),
            Some(Err(error)) => Some(Err(Error::asked(&error))),
            None => None,
        };
        self.done = !matches!(batch, Some(Ok(_)));
        Poll::Ready(batch)
    }
}

/// Writes batches in a form. Each piece can be sent as soon as it is made.
struct Writer {
    format: Format,
    schema: SchemaRef,
    rows: usize,
}

fn unwritten(error: &ArrowError) -> Error {
    Error::Question {
        message: format!("the answer cannot be written in this form: {error}"),
    }
}

/// Bytes of the mark with which an Arrow stream ends.
const ARROW_END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

impl Writer {
    fn begin(&mut self) -> Result<Bytes, Error> {
        match self.format {
            Format::Json => Ok(Bytes::from_static(b"[")),
            Format::NdJson => Ok(Bytes::new()),
            Format::Csv => self.csv(&RecordBatch::new_empty(Arc::clone(&self.schema)), true),
            Format::Arrow => self.arrow(None),
        }
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Bytes, Error> {
        if batch.num_rows() == 0 {
            return Ok(Bytes::new());
        }
        let first = self.rows == 0;
        self.rows += batch.num_rows();
        match self.format {
            Format::Json => self.json(batch, first),
            Format::NdJson => lines(batch).map(Bytes::from),
            Format::Csv => self.csv(batch, false),
            Format::Arrow => self.arrow(Some(batch)),
        }
    }

    fn end(&mut self) -> Result<Bytes, Error> {
        Ok(match self.format {
            Format::Json => Bytes::from_static(b"]\n"),
            Format::NdJson | Format::Csv => Bytes::new(),
            Format::Arrow => Bytes::from_static(&ARROW_END),
        })
    }

    fn json(&self, batch: &RecordBatch, first: bool) -> Result<Bytes, Error> {
        let mut text = lines(batch)?;
        // Lines become members: each line break but the last turns into a comma.
        text.pop();
        for byte in &mut text {
            if *byte == b'\n' {
                *byte = b',';
            }
        }
        if !first {
            text.insert(0, b',');
        }
        Ok(text.into())
    }

    fn csv(&self, batch: &RecordBatch, header: bool) -> Result<Bytes, Error> {
        let mut text = Vec::new();
        if header {
            // An answer without rows has a header all the same.
            let names: Vec<String> = self
                .schema
                .fields()
                .iter()
                .map(|field| quoted(field.name()))
                .collect();
            text.extend_from_slice(names.join(",").as_bytes());
            text.push(b'\n');
            return Ok(text.into());
        }
        let mut writer = WriterBuilder::new().with_header(false).build(&mut text);
        writer.write(batch).map_err(|error| unwritten(&error))?;
        drop(writer);
        Ok(text.into())
    }

    /// The stream's beginning, or one batch of it.
    fn arrow(&self, batch: Option<&RecordBatch>) -> Result<Bytes, Error> {
        let wrong = |error: ArrowError| unwritten(&error);
        let mut writer = StreamWriter::try_new(Vec::new(), &self.schema).map_err(wrong)?;
        let start = writer.get_ref().len();
        let Some(batch) = batch else {
            return Ok(Bytes::copy_from_slice(writer.get_ref()));
        };
        writer.write(batch).map_err(wrong)?;
        Ok(Bytes::copy_from_slice(&writer.get_ref()[start..]))
    }
}

fn quoted(name: &str) -> String {
    if name.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

fn lines(batch: &RecordBatch) -> Result<Vec<u8>, Error> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer
        .write(batch)
        .and_then(|()| writer.finish())
        .map_err(|error| unwritten(&error))?;
    Ok(writer.into_inner())
}
