//! A table's Delta log: which files are in force, and commits that change that.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use deltalake::DeltaTable;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TableReference};
use deltalake::kernel::{
    Action, Add, DataType as DeltaType, PrimitiveType, Remove, StructField, Transaction,
};
use deltalake::protocol::{DeltaOperation, SaveMode};
use object_store::path::Path;
use pool::Table;

use super::files;
use super::{APPLICATION, BUCKET, BUCKETS, CURRENT, stored_schema};
use crate::error::Error;
use crate::history::place::Place;

/// A file in force in a table of history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryFile {
    /// From the table's folder.
    pub(crate) path: String,
    /// Whether its records are in force.
    pub(crate) current: bool,
    pub(crate) bucket: u32,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// When it was written, in milliseconds since 1970.
    pub(crate) modified_ms: i64,
    /// The least and greatest subject, if the log says so.
    pub(crate) subjects: Option<(String, String)>,
}

impl HistoryFile {
    /// Its rows, of the columns in `schema`.
    pub(crate) async fn read(
        &self,
        place: &Place,
        table: &Table,
        schema: &SchemaRef,
    ) -> Result<Vec<RecordBatch>, Error> {
        let path = Path::from(format!("{}/{}", Place::path(table), self.path));
        let read = files::read(&place.objects, &path, self.bytes, schema).await;
        read.map_err(|error| Error::table(table, "read a file", error))
    }

    fn partition(&self) -> HashMap<String, Option<String>> {
        HashMap::from([
            (CURRENT.to_owned(), Some(self.current.to_string())),
            (BUCKET.to_owned(), Some(self.bucket.to_string())),
        ])
    }

    fn stats(&self, table: &Table) -> String {
        let subject = &table.definition.subject_field;
        match &self.subjects {
            Some((least, greatest)) if text(table) => serde_json::json!({
                "numRecords": self.rows,
                "minValues": {subject: least},
                "maxValues": {subject: greatest},
                "nullCount": {subject: 0},
            }),
            _ => serde_json::json!({"numRecords": self.rows}),
        }
        .to_string()
    }

    /// The action that adds it. `news` tells whether its records are new to the table.
    pub(crate) fn add(&self, table: &Table, news: bool) -> Action {
        Action::Add(Add {
            path: self.path.clone(),
            partition_values: self.partition(),
            size: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            modification_time: self.modified_ms,
            data_change: news,
            stats: Some(self.stats(table)),
            ..Add::default()
        })
    }

    /// The action that removes it.
    pub(crate) fn remove(&self, at_ms: i64, news: bool) -> Action {
        Action::Remove(Remove {
            path: self.path.clone(),
            data_change: news,
            deletion_timestamp: Some(at_ms),
            extended_file_metadata: Some(true),
            partition_values: Some(self.partition()),
            size: Some(i64::try_from(self.bytes).unwrap_or(i64::MAX)),
            ..Remove::default()
        })
    }
}

fn text(table: &Table) -> bool {
    table.columns.field(table.subject).data_type() == &DataType::Utf8
}

/// Delta's type of a column.
fn delta_type(kind: &DataType) -> Result<DeltaType, String> {
    Ok(match kind {
        DataType::Utf8 => DeltaType::Primitive(PrimitiveType::String),
        DataType::Int64 => DeltaType::Primitive(PrimitiveType::Long),
        DataType::Boolean => DeltaType::Primitive(PrimitiveType::Boolean),
        DataType::Date32 => DeltaType::Primitive(PrimitiveType::Date),
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            DeltaType::Primitive(PrimitiveType::Timestamp)
        }
        DataType::Decimal128(digits, scale) => {
            DeltaType::decimal(*digits, scale.unsigned_abs()).map_err(|error| error.to_string())?
        }
        other => return Err(format!("history holds no {other}")),
    })
}

/// Delta's columns of a table. All may be null, so that a field can become optional later.
fn columns(table: &Table) -> Result<Vec<StructField>, String> {
    let schema = stored_schema(table);
    let stored = schema.fields().iter().map(|field| {
        Ok(StructField::nullable(
            field.name(),
            delta_type(field.data_type())?,
        ))
    });
    let mut columns = stored.collect::<Result<Vec<_>, String>>()?;
    columns.push(StructField::nullable(
        CURRENT,
        DeltaType::Primitive(PrimitiveType::Boolean),
    ));
    columns.push(StructField::nullable(
        BUCKET,
        DeltaType::Primitive(PrimitiveType::Integer),
    ));
    Ok(columns)
}

/// Opens a table's log if there is one.
pub(crate) async fn open(place: &Place, table: &Table) -> Result<Option<DeltaTable>, Error> {
    let log = place.log(table)?;
    let failed = |error| Error::table(table, "read the log", error);
    if !log.is_delta_table_location().await.map_err(failed)? {
        return Ok(None);
    }
    let mut delta = DeltaTable::new(log);
    delta.load().await.map_err(failed)?;
    Ok(Some(delta))
}

/// Makes a table's log.
pub(crate) async fn create(place: &Place, table: &Table) -> Result<DeltaTable, Error> {
    let columns = columns(table).map_err(|error| Error::table(table, "create", error))?;
    let log = place.log(table)?;
    let title = table.definition.title.en.clone();
    DeltaTable::new(log)
        .create()
        .with_save_mode(SaveMode::Ignore)
        .with_table_name(table.name())
        .with_comment(title)
        .with_columns(columns)
        .with_partition_columns([CURRENT, BUCKET])
        .await
        .map_err(|error| Error::table(table, "create", error))
}

/// Adds columns for fields that the dataset has got since the log was made.
pub(crate) async fn widen(delta: DeltaTable, table: &Table) -> Result<DeltaTable, Error> {
    let failed = |error: deltalake::DeltaTableError| Error::table(table, "add columns", error);
    let known = delta.snapshot().map_err(failed)?.schema();
    let wanted = columns(table).map_err(|error| Error::table(table, "add columns", error))?;
    let new: Vec<StructField> = wanted
        .into_iter()
        .filter(|column| known.field(column.name()).is_none())
        .collect();
    if new.is_empty() {
        return Ok(delta);
    }
    delta.add_columns().with_fields(new).await.map_err(failed)
}

/// The files in force.
pub(crate) fn files(delta: &DeltaTable, table: &Table) -> Result<Vec<HistoryFile>, Error> {
    let failed = |error: deltalake::DeltaTableError| Error::table(table, "list files", error);
    let snapshot = delta.snapshot().map_err(failed)?.snapshot();
    let files = snapshot.try_log_data().map_err(failed)?;
    let subject = &table.definition.subject_field;
    let file = |view: deltalake::kernel::LogicalFileView| {
        let partition = view.partition_values_map();
        let value = |name: &str| {
            partition
                .get(name)
                .and_then(Option::as_deref)
                .unwrap_or_default()
        };
        let stats: serde_json::Value = view
            .stats()
            .and_then(|stats| serde_json::from_str(&stats).ok())
            .unwrap_or_default();
        let end = |which: &str| stats[which][subject.as_str()].as_str().map(str::to_owned);
        HistoryFile {
            current: value(CURRENT) == "true",
            bucket: value(BUCKET).parse().unwrap_or_default(),
            rows: view.num_records().unwrap_or_default() as u64,
            bytes: u64::try_from(view.size()).unwrap_or_default(),
            modified_ms: view.modification_time(),
            subjects: end("minValues").zip(end("maxValues")),
            path: view.path().into_owned(),
        }
    };
    Ok(files.iter().map(file).collect())
}

/// Up to which entry of the outbox the table is.
pub(crate) async fn taken(delta: &DeltaTable, table: &Table) -> Result<u64, Error> {
    let noted = noted(delta, table, APPLICATION).await?;
    Ok(noted
        .and_then(|version| u64::try_from(version).ok())
        .unwrap_or_default())
}

/// In how many buckets the table is divided.
pub(crate) async fn buckets(delta: &DeltaTable, table: &Table) -> Result<u32, Error> {
    let noted = noted(delta, table, BUCKETS).await?;
    Ok(noted
        .and_then(|version| u32::try_from(version).ok())
        .unwrap_or(table.buckets))
}

/// What is noted in the log under a name.
async fn noted(delta: &DeltaTable, table: &Table, name: &str) -> Result<Option<i64>, Error> {
    let failed = |error: deltalake::DeltaTableError| Error::table(table, "read the log", error);
    let log = delta.log_store();
    let snapshot = delta.snapshot().map_err(failed)?;
    let noted = snapshot.transaction_version(log.as_ref(), name).await;
    noted.map_err(failed)
}

/// Commits `actions` at once, and with them in how many buckets the table is divided, and that it
/// is up to entry `seq`.
pub(crate) async fn commit(
    delta: &mut DeltaTable,
    table: &Table,
    actions: Vec<Action>,
    buckets: u32,
    seq: Option<u64>,
) -> Result<(), Error> {
    let failed = |error: deltalake::DeltaTableError| Error::table(table, "commit", error);
    let mut properties = CommitProperties::default()
        .with_application_transaction(Transaction::new(BUCKETS, buckets.into()));
    if let Some(seq) = seq {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        properties = properties.with_application_transaction(Transaction::new(APPLICATION, seq));
    }
    let operation = DeltaOperation::Write {
        mode: SaveMode::Append,
        partition_by: Some(vec![CURRENT.to_owned(), BUCKET.to_owned()]),
        predicate: None,
    };
    let log = delta.log_store();
    {
        let state: &dyn TableReference = delta.snapshot().map_err(failed)?;
        CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), Arc::clone(&log), operation)
            .await
            .map_err(failed)?;
    }
    delta.update_state().await.map_err(failed)
}
