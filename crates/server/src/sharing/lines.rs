//! Answers about a table: lines of JSON, each with one object.

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use lake::exports::{Export, delta_schema};
use pool::Table;
use serde_json::{Value, json};

use crate::exchange::answers;

/// Tells the version of a table.
pub(super) const VERSION: &str = "delta-table-version";

/// Lines, as an answer.
pub(super) fn answer(lines: &[Value], version: u64) -> Response {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    let kind = HeaderValue::from_static("application/x-ndjson; charset=utf-8");
    with_version(answers::with_type(text, kind), version)
}

pub(super) fn with_version(mut response: Response, version: u64) -> Response {
    response
        .headers_mut()
        .insert(HeaderName::from_static(VERSION), HeaderValue::from(version));
    response
}

/// What a reader must be able to do.
pub(super) fn protocol() -> Value {
    json!({"protocol": {"minReaderVersion": 1}})
}

/// What a table is.
pub(super) fn metadata(
    table: &Table,
    schema: &arrow::datatypes::Schema,
    export: Option<&Export>,
) -> Value {
    let mut metadata = json!({
        "id": table.name(),
        "name": table.dataset,
        "description": table.definition.description.en,
        "format": {"provider": "parquet"},
        "schemaString": delta_schema(schema),
        "partitionColumns": [],
        "configuration": {},
    });
    if let Some(export) = export {
        metadata["size"] = export.bytes().into();
        metadata["numFiles"] = export.parts.len().into();
    }
    json!({"metaData": metadata})
}

/// A file that may be fetched.
pub(super) fn file(export: &Export, part: usize, url: &str, until_s: i64) -> Value {
    let size = export.parts.get(part);
    let (bytes, rows) = size.map_or((0, 0), |part| (part.bytes, part.rows));
    json!({"file": {
        "url": url,
        "id": format!("{}-{part}", export.id),
        "partitionValues": {},
        "size": bytes,
        "stats": json!({"numRecords": rows}).to_string(),
        "expirationTimestamp": until_s.saturating_mul(1_000),
    }})
}
