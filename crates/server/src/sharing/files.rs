//! An export's files, fetched by the addresses that a query was answered with. Who has an address
//! needs no token; but each fetch asks again whether profile and agreement are good, so that
//! revoking either ends the transfer at once.

use std::io::SeekFrom;
use std::ops::Range;
use std::path::PathBuf;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use lake::exports::{Address, Unopened};
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::OwnedSemaphorePermit;

use super::limits::PIECE_BYTES;
use super::problem::SharingProblem;
use super::range::{Wanted, wanted};
use super::state::SharingState;
use super::taking::Taking;
use crate::exchange::answers;

/// The type of files in Parquet.
const PARQUET: &str = "application/vnd.apache.parquet";

/// What makes an address good.
#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    /// Until when it is good, seconds since 1970.
    until: i64,
    /// The server's signature over all of it.
    signature: String,
}

/// Fetch a file of a query's answer
#[utoipa::path(get, path = "/delta-sharing/files/{profile}/{export}/{part}", tag = "delta-sharing",
    params(
        ("profile" = String, Path, description = "The profile for whose bearer it was signed"),
        ("export" = String, Path, description = "The export"),
        ("part" = u32, Path, description = "The file, counted from 0"),
        ("until" = i64, Query, description = "Until when it is good, seconds since 1970"),
        ("signature" = String, Query, description = "The server's signature over all of it"),
        ("Range" = Option<String>, Header, description = "One range of bytes"),
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/vnd.apache.parquet"),
        (status = 206, description = "Some of its bytes", body = Vec<u8>, content_type = "application/vnd.apache.parquet"),
        (status = 400, description = "The address is malformed", body = SharingProblem),
        (status = 403, description = "The address was not signed here, or is no longer good, or the profile or the agreement is not", body = SharingProblem),
        (status = 404, description = "The files have been deleted", body = SharingProblem),
        (status = 416, description = "The file has no such bytes", body = SharingProblem),
        (status = 503, description = "Busy", body = SharingProblem),
    )
)]
pub(super) async fn file(
    State(state): State<SharingState>,
    Path((profile, export, part)): Path<(String, String, String)>,
    signed: Result<Query<Signed>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, SharingProblem> {
    let place = state.file()?;
    let Query(signed) = signed.map_err(|fault| SharingProblem::request(fault.body_text()))?;
    let part = part
        .parse()
        .map_err(|_no_number| SharingProblem::request("a file is named by its number"))?;
    let address = Address {
        profile,
        export,
        part,
        until: signed.until,
    };
    let now = state.exchange().now();
    let opened = state.exports().file(&address, &signed.signature, now);
    let (export, path) = opened.map_err(unopened)?;
    let sharer = state
        .blocking(move |exchange| exchange.sharer(&address.profile))
        .await
        .map_err(|denial| SharingProblem::forbidden(&denial))?;
    let taking = Taking::of(state.exchange(), &sharer, &export.wanted.table)
        .await
        .map_err(|denial| SharingProblem::forbidden(&denial))?;
    if taking.wanted.terms != export.wanted.terms
        || taking.wanted.who.department != export.wanted.who.department
    {
        return Err(SharingProblem::new(
            StatusCode::FORBIDDEN,
            "agreement",
            "the agreements have changed since the files were written; query the table again",
        ));
    }
    let range = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    send(path, range, place).await
}

fn unopened(fault: Unopened) -> SharingProblem {
    let status = match fault {
        Unopened::Signature | Unopened::Expired => StatusCode::FORBIDDEN,
        Unopened::Gone => StatusCode::NOT_FOUND,
    };
    SharingProblem::new(status, "address", fault.to_string())
}

/// Sends a file, or a range of it, piece by piece.
async fn send(
    path: PathBuf,
    range: Option<&str>,
    place: OwnedSemaphorePermit,
) -> Result<Response, SharingProblem> {
    let gone = |error: std::io::Error| {
        tracing::warn!(%error, "a file of an export cannot be read");
        unopened(Unopened::Gone)
    };
    let mut file = File::open(path).await.map_err(gone)?;
    let size = file.metadata().await.map_err(gone)?.len();
    let (status, range) = match wanted(range, size) {
        Wanted::All => (StatusCode::OK, 0..size),
        Wanted::Some(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Beyond => return Ok(beyond(size)),
    };
    file.seek(SeekFrom::Start(range.start))
        .await
        .map_err(gone)?;
    let body = Body::from_stream(pieces(file, range.end - range.start, place));
    let mut response = answers::with_type(body, HeaderValue::from_static(PARQUET));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(range.end - range.start),
    );
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(told) = HeaderValue::from_str(&content_range(&range, size))
    {
        headers.insert(header::CONTENT_RANGE, told);
    }
    Ok(response)
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!(
        "bytes {}-{}/{size}",
        range.start,
        range.end.saturating_sub(1)
    )
}

fn beyond(size: u64) -> Response {
    let problem = SharingProblem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range",
        format!("the file has {size} bytes"),
    );
    let mut response = problem.into_response();
    if let Ok(told) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, told);
    }
    response
}

/// So many bytes of a file from where it stands. Its place is free when they have been sent.
fn pieces(
    file: File,
    bytes: u64,
    place: OwnedSemaphorePermit,
) -> impl stream::Stream<Item = std::io::Result<Bytes>> + Send {
    stream::try_unfold((file, bytes, place), |(mut file, left, place)| async move {
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let mut piece = vec![0; most];
        let read = file.read(&mut piece).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(read);
        Ok(Some((
            Bytes::from(piece),
            (file, left - read as u64, place),
        )))
    })
}
