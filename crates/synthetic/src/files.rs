//! A part of a dataset as the bytes of a file.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use arrow::json::LineDelimitedWriter;
use city::kinds::{Dataset, FieldFormat, FieldType};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::chance::{Chance, Topic, hash};
use crate::error::Error;
use crate::faults::{self, Faults};
use crate::generator::{Generator, MARK, Source};

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values with a header.
    Csv,
    /// A JSON object on each line.
    JsonLines,
    /// An Arrow IPC file.
    Arrow,
}

impl Format {
    /// The extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Arrow => "arrow",
        }
    }

    /// Whether everything in it is text.
    fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::JsonLines)
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Records.
    pub records: u64,
    /// Of them, those made wrong on purpose.
    pub faults: Faults,
}

/// Rows of one row group of a Parquet file.
const ROW_GROUP: usize = 1_000_000;

impl Generator {
    /// Writes one part of a dataset into `out`, `fault_rate` of its records wrong; `progress` is
    /// told of each batch's records.
    pub fn write<W: Write + Send>(
        &self,
        source: &Source,
        part: u32,
        format: Format,
        fault_rate: f64,
        out: W,
        mut progress: impl FnMut(u64),
    ) -> Result<Written, Error> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Write {
            dataset: source.dataset().to_owned(),
            source: error,
        };
        let spoils = fault_rate > 0.0;
        let schema = if spoils {
            faults::schema(source.schema(), format.is_text())
        } else {
            source.schema().clone()
        };
        let mut file = File::new(format, source.definition(), &schema, out).map_err(failed)?;
        let mut written = Written::default();
        for (turn, batch) in self.batches(source, part).enumerate() {
            let mut batch = batch?;
            if spoils {
                let stream = hash(source.dataset()) ^ (u64::from(part) << 32) ^ turn as u64;
                let mut chance = Chance::new(self.population().seed, Topic::Fault, stream);
                let texts = format.is_text();
                let spoiled =
                    faults::spoil(source.definition(), &batch, fault_rate, texts, &mut chance);
                let (wrong, counted) = spoiled.map_err(|error| failed(error.into()))?;
                batch = wrong;
                written.faults.add(counted);
            }
            let records = batch.num_rows() as u64;
            if records > 0 {
                file.write(&batch).map_err(failed)?;
            }
            written.records += records;
            progress(records);
        }
        file.finish().map_err(failed)?;
        Ok(written)
    }
}

/// A file being written.
enum File<W: Write + Send> {
    Parquet(Box<ArrowWriter<W>>),
    Csv(Box<arrow::csv::Writer<W>>),
    JsonLines(LineDelimitedWriter<W>),
    Arrow(Box<FileWriter<W>>),
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl<W: Write + Send> File<W> {
    fn new(format: Format, dataset: &Dataset, schema: &SchemaRef, out: W) -> Result<Self, Failed> {
        Ok(match format {
            Format::Parquet => {
                let properties = Some(properties(dataset)?);
                Self::Parquet(Box::new(ArrowWriter::try_new(
                    out,
                    schema.clone(),
                    properties,
                )?))
            }
            Format::Csv => {
                let mut writer = arrow::csv::WriterBuilder::new()
                    .with_header(true)
                    .build(out);
                // The header stands there even if no record does.
                writer.write(&RecordBatch::new_empty(schema.clone()))?;
                Self::Csv(Box::new(writer))
            }
            Format::JsonLines => Self::JsonLines(LineDelimitedWriter::new(out)),
            Format::Arrow => {
                let options =
                    IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
                Self::Arrow(Box::new(FileWriter::try_new_with_options(
                    out, schema, options,
                )?))
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failed> {
        match self {
            Self::Parquet(writer) => writer.write(batch)?,
            Self::Csv(writer) => writer.write(batch)?,
            Self::JsonLines(writer) => writer.write(batch)?,
            Self::Arrow(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failed> {
        match self {
            Self::Parquet(writer) => writer.close().map(|_| ())?,
            Self::Csv(writer) => writer.into_inner().flush()?,
            Self::JsonLines(mut writer) => {
                writer.finish()?;
                writer.into_inner().flush()?;
            }
            Self::Arrow(mut writer) => {
                writer.finish()?;
                writer.into_inner()?.flush()?;
            }
        }
        Ok(())
    }
}

/// Parquet with dictionaries where there are few values, and a mark that it is all made up.
fn properties(dataset: &Dataset) -> Result<WriterProperties, Failed> {
    let mark = KeyValue::new(MARK.0.to_owned(), MARK.1.to_owned());
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_dictionary_enabled(false)
        .set_key_value_metadata(Some(vec![mark]));
    for field in &dataset.fields {
        let month = field.format == Some(FieldFormat::Month);
        let firm = field.format == Some(FieldFormat::CreditCode);
        let few = month || firm || !field.one_of.is_empty() || field.kind == FieldType::Boolean;
        properties =
            properties.set_column_dictionary_enabled(ColumnPath::from(field.name.as_str()), few);
    }
    Ok(properties.build())
}
