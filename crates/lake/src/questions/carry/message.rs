//! A barrier as bytes: Protocol Buffers, in which expressions are DataFusion's own messages and
//! schemas and rows are Arrow IPC.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use datafusion::datasource::physical_plan::FileGroup;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion_proto::physical_plan::DefaultPhysicalExtensionCodec;
use datafusion_proto::physical_plan::from_proto::parse_physical_expr;
use datafusion_proto::physical_plan::to_proto::serialize_physical_expr;
use datafusion_proto::protobuf::PhysicalExprNode;
use object_store::ObjectMeta;
use object_store::path::Path;
use prost::Message;

use crate::history::{Effect, Keys, Spot};
use crate::questions::barrier::{BarrierExec, Column, Shield};
use crate::questions::scan::{Holds, Way};
use crate::questions::token::Tokens;

/// What all need to know of a barrier, and in `inside` what only those need who open it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Head {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) schema: Vec<u8>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) rows: Option<u64>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) inside: Vec<u8>,
}

/// How sources are read, and what is taken away of what is read.
#[derive(Clone, PartialEq, Message)]
struct Inside {
    #[prost(bytes = "vec", tag = "1")]
    files: Vec<u8>,
    #[prost(uint32, repeated, tag = "2")]
    columns: Vec<u32>,
    #[prost(message, optional, tag = "3")]
    skip: Option<PhysicalExprNode>,
    #[prost(uint32, repeated, tag = "4")]
    key: Vec<u32>,
    #[prost(bytes = "vec", tag = "5")]
    key_types: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "6")]
    void: Vec<Vec<u8>>,
    #[prost(message, optional, tag = "7")]
    in_force: Option<PhysicalExprNode>,
    #[prost(message, repeated, tag = "8")]
    parts: Vec<PartMessage>,
    #[prost(message, repeated, tag = "9")]
    shown: Vec<ColumnMessage>,
    #[prost(fixed64, tag = "10")]
    token_0: u64,
    #[prost(fixed64, tag = "11")]
    token_1: u64,
}

#[derive(Clone, PartialEq, Message)]
struct PartMessage {
    #[prost(message, optional, tag = "1")]
    rows: Option<PhysicalExprNode>,
}

#[derive(Clone, PartialEq, Message)]
struct ColumnMessage {
    #[prost(uint32, tag = "1")]
    at: u32,
    #[prost(bool, tag = "2")]
    token: bool,
    /// Whether it is seen in `parts` alone; otherwise it is in all.
    #[prost(bool, tag = "3")]
    some: bool,
    #[prost(uint32, repeated, tag = "4")]
    parts: Vec<u32>,
}

/// One source.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Ticket {
    #[prost(message, repeated, tag = "1")]
    files: Vec<FileMessage>,
    /// Rows of the overlay; none, if the source is files.
    #[prost(bytes = "vec", optional, tag = "2")]
    rows: Option<Vec<u8>>,
    #[prost(bool, tag = "3")]
    pub(super) covered: bool,
}

#[derive(Clone, PartialEq, Message)]
struct FileMessage {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(uint64, tag = "2")]
    bytes: u64,
    #[prost(int64, tag = "3")]
    modified_ms: i64,
    #[prost(message, optional, tag = "4")]
    range: Option<RangeMessage>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct RangeMessage {
    #[prost(int64, tag = "1")]
    start: i64,
    #[prost(int64, tag = "2")]
    end: i64,
}

/// What stands in an [`Inside`].
pub(super) struct Opened {
    pub(super) way: Way,
    pub(super) shield: Arc<Shield>,
}

fn wrong(what: impl std::fmt::Display) -> DataFusionError {
    DataFusionError::Internal(format!("a barrier arrived broken: {what}"))
}

/// Reads a message.
pub(super) fn read<M: Message + Default>(bytes: &[u8]) -> Result<M> {
    M::decode(bytes).map_err(wrong)
}

fn short(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn all_short(at: &[usize]) -> Vec<u32> {
    at.iter().map(|at| short(*at)).collect()
}

fn long(at: &[u32]) -> Vec<usize> {
    at.iter().map(|at| *at as usize).collect()
}

/// Rows as an Arrow stream; without rows, it still has the schema.
pub(super) fn ipc(schema: &Schema, rows: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
    for rows in rows {
        writer.write(rows)?;
    }
    Ok(writer.into_inner()?)
}

/// What an Arrow stream holds.
pub(super) fn from_ipc(bytes: &[u8]) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let reader = StreamReader::try_new(bytes, None)?;
    let schema = reader.schema();
    let rows = reader.collect::<Result<_, _>>()?;
    Ok((schema, rows))
}

fn expression(expression: &Arc<dyn PhysicalExpr>) -> Result<PhysicalExprNode> {
    serialize_physical_expr(expression, &DefaultPhysicalExtensionCodec {})
}

fn maybe(optional: Option<&Arc<dyn PhysicalExpr>>) -> Result<Option<PhysicalExprNode>> {
    optional.map(expression).transpose()
}

/// What stands in a barrier.
pub(super) fn head(barrier: &BarrierExec) -> Result<Head> {
    let (way, shield) = (&barrier.way, &barrier.shield);
    let key_types: Vec<Field> = shield
        .key_types
        .iter()
        .map(|kind| Field::new("", kind.clone(), true))
        .collect();
    let part = |filter: &Option<Arc<dyn PhysicalExpr>>| {
        let rows = maybe(filter.as_ref())?;
        Ok(PartMessage { rows })
    };
    let column = |column: &Column| ColumnMessage {
        at: short(column.at),
        token: column.token,
        some: column.parts.is_some(),
        parts: all_short(column.parts.as_deref().unwrap_or_default()),
    };
    let (token_0, token_1) = shield.tokens.key();
    let covered = barrier.sources.iter().any(|source| source.covered);
    let void = shield.effect.void.keys().filter(|_| covered);
    let inside = Inside {
        files: ipc(&way.schema, &[])?,
        columns: all_short(&way.columns),
        skip: maybe(way.skip.as_ref())?,
        key: all_short(&shield.key),
        key_types: ipc(&Schema::new(key_types), &[])?,
        void: void.map(|key| key.to_vec()).collect(),
        in_force: maybe(shield.in_force.as_ref())?,
        parts: shield.parts.iter().map(part).collect::<Result<_>>()?,
        shown: shield.columns.iter().map(column).collect(),
        token_0,
        token_1,
    };
    Ok(Head {
        name: barrier.name.clone(),
        schema: ipc(&shield.schema, &[])?,
        rows: barrier.rows.get_value().map(|rows| *rows as u64),
        inside: inside.encode_to_vec(),
    })
}

/// Opens what [`head`] made; `shown` is the schema of what is shown.
pub(super) fn open(inside: &[u8], shown: SchemaRef, context: &TaskContext) -> Result<Opened> {
    let inside: Inside = read(inside)?;
    let (files, _) = from_ipc(&inside.files)?;
    let columns = long(&inside.columns);
    let read = files.project(&columns)?;
    let over = |schema: &Schema, node: &Option<PhysicalExprNode>| {
        let codec = DefaultPhysicalExtensionCodec {};
        node.as_ref()
            .map(|node| parse_physical_expr(node, context, schema, &codec))
            .transpose()
    };
    let (key_types, _) = from_ipc(&inside.key_types)?;
    let key_types: Vec<DataType> = key_types
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    let nowhere = Spot { layer: 0, row: 0 }; // only whether a key is void matters here
    let void: HashMap<Box<[u8]>, Spot> = inside
        .void
        .into_iter()
        .map(|key| (key.into_boxed_slice(), nowhere))
        .collect();
    let column = |column: &ColumnMessage| Column {
        at: column.at as usize,
        token: column.token,
        parts: column.some.then(|| long(&column.parts)),
    };
    let shield = Shield {
        key: long(&inside.key),
        keys: Arc::new(Keys::of_types(key_types.clone())?),
        key_types,
        effect: Arc::new(Effect {
            void,
            buckets: BTreeSet::new(),
            rows: Vec::new(),
        }),
        in_force: over(&read, &inside.in_force)?,
        parts: inside
            .parts
            .iter()
            .map(|part| over(&read, &part.rows))
            .collect::<Result<_>>()?,
        columns: inside.shown.iter().map(column).collect(),
        tokens: Tokens::of_key((inside.token_0, inside.token_1)),
        schema: shown,
    };
    let way = Way {
        skip: over(&files, &inside.skip)?,
        schema: files,
        columns,
    };
    Ok(Opened {
        way,
        shield: Arc::new(shield),
    })
}

/// The ticket of a source.
pub(super) fn ticket(holds: &Holds, covered: bool, read: &Schema) -> Result<Vec<u8>> {
    let file = |file: &PartitionedFile| FileMessage {
        path: file.object_meta.location.to_string(),
        bytes: file.object_meta.size,
        modified_ms: file.object_meta.last_modified.timestamp_millis(),
        range: file.range.as_ref().map(|range| RangeMessage {
            start: range.start,
            end: range.end,
        }),
    };
    let (files, rows) = match holds {
        Holds::Files(group) => (group.files().iter().map(file).collect(), None),
        Holds::Rows(rows) => (Vec::new(), Some(ipc(read, rows)?)),
    };
    let ticket = Ticket {
        files,
        rows,
        covered,
    };
    Ok(ticket.encode_to_vec())
}

impl Ticket {
    /// What the source holds.
    pub(super) fn holds(&self) -> Result<Holds> {
        if let Some(rows) = &self.rows {
            return Ok(Holds::Rows(from_ipc(rows)?.1));
        }
        let file = |file: &FileMessage| {
            let mut read = PartitionedFile::new_from_meta(ObjectMeta {
                location: Path::parse(&file.path).map_err(wrong)?,
                last_modified: chrono::DateTime::from_timestamp_millis(file.modified_ms)
                    .unwrap_or_default(),
                size: file.bytes,
                e_tag: None,
                version: None,
            });
            read.range = file.range.map(|range| FileRange {
                start: range.start,
                end: range.end,
            });
            Ok(read)
        };
        let files = self.files.iter().map(file).collect::<Result<Vec<_>>>()?;
        Ok(Holds::Files(FileGroup::new(files)))
    }
}
