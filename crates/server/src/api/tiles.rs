//! Vector tiles.

use std::io::Read;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::problem::{Path, Problem};
use crate::tiles::{TileId, ZOOM_MAX};

/// A vector tile of the network
#[utoipa::path(get, path = "/tiles/{z}/{x}/{y}", tag = "network",
    params(
        ("z" = u8, Path, description = "Zoom, 0 to 22"),
        ("x" = u32, Path, description = "Column"),
        ("y" = String, Path, description = "Row with the ending `.mvt`"),
    ),
    responses(
        (status = 200, description = "Layers links, signals, stoplines, lanes, junctions and ground", content_type = "application/vnd.mapbox-vector-tile"),
        (status = 304, description = "The tile that the client has is still right"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn tile(
    State(app): State<Arc<App>>,
    Path((zoom, x, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = tile_id(&zoom, &x, &file).ok_or_else(|| {
        Problem::not_found(format!(
            "there is no such tile; a tile is z/x/y.mvt with z from 0 to {ZOOM_MAX}, x and y below 2^z"
        ))
    })?;
    let etag = format!("\"{}\"", app.tiles.version());
    let caching = [
        (header::CACHE_CONTROL, "public, no-cache".to_owned()),
        (header::ETAG, etag.clone()),
        (header::VARY, "accept-encoding".to_owned()),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.contains(&etag)) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let encode = {
        let app = Arc::clone(&app);
        move || app.tiles.tile(id)
    };
    let tile = tokio::task::spawn_blocking(encode)
        .await
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?;
    let kind = (header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile");
    let accepts_gzip = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("gzip") && !value.contains("gzip;q=0"));
    if accepts_gzip {
        let encoding = (header::CONTENT_ENCODING, "gzip");
        return Ok((caching, [kind, encoding], Body::from(tile)).into_response());
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&tile[..])
        .read_to_end(&mut plain)
        .map_err(|error| failed(&error))?;
    Ok((caching, [kind], Body::from(plain)).into_response())
}

fn tile_id(zoom: &str, x: &str, file: &str) -> Option<TileId> {
    let y = file.strip_suffix(".mvt")?;
    TileId::new(zoom.parse().ok()?, x.parse().ok()?, y.parse().ok()?)
}

fn failed(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "a tile could not be made");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("the tile could not be made: {error}"),
    )
}
