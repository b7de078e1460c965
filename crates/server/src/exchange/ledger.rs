//! The ledger's public face: its checkpoint, proofs, and tiles of hashes. What entries say is not
//! here: whoever a transfer is about sees it on their own page.

use std::path::Path as FilePath;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::answers;
use super::limits::TILE_BYTES_MAX;
use super::problem::ExchangeProblem;
use super::schema::LedgerProof;
use super::state::ExchangeState;

/// The newest signed checkpoint
#[utoipa::path(get, path = "/exchange/v1/ledger/checkpoint", tag = "ledger",
    responses(
        (status = 200, description = "A signed note: origin, size, root, signatures", body = String, content_type = "text/plain"),
        (status = 404, description = "None has been signed yet", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "The ledger cannot be read", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn checkpoint(
    State(state): State<ExchangeState>,
) -> Result<Response, ExchangeProblem> {
    let checkpoint = blocking(move || state.exchange().ledger().checkpoint()).await?;
    Ok(answers::text(checkpoint))
}

/// Proof that an entry stands in the ledger
#[utoipa::path(get, path = "/exchange/v1/ledger/proof/{index}", tag = "ledger",
    params(("index" = u64, Path, description = "The entry's number")),
    responses(
        (status = 200, body = LedgerProof),
        (status = 404, description = "There is no such entry, or no checkpoint covers it yet", body = ExchangeProblem, content_type = "application/problem+json"),
        (status = 503, description = "The ledger cannot be read", body = ExchangeProblem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn proof(
    State(state): State<ExchangeState>,
    Path(index): Path<String>,
) -> Result<Response, ExchangeProblem> {
    let index: u64 = index.parse().or(Err(ExchangeProblem::not_found(
        "an entry is named by its number, counted from 0",
    )))?;
    let read = blocking(move || {
        let proof = state.exchange().ledger().prove(index)?;
        let (entry, size) = (proof.entry()?, proof.claims()?.size);
        Ok((proof, entry, size))
    });
    let (proof, entry, size) = read.await?;
    let proof = LedgerProof {
        index: proof.index,
        size,
        leaf_hash: ledger::leaf_hash(&entry).to_string(),
        inclusion: proof.inclusion.iter().map(ToString::to_string).collect(),
        checkpoint: proof.checkpoint,
    };
    Ok(answers::json(
        serde_json::to_vec(&proof).unwrap_or_default(),
    ))
}

/// A tile of hashes, as C2SP tlog-tiles lays them out: level and number (`0/x001/067`), with
/// `.p/17` behind it for a partial tile. Its path has parts without number, which `OpenAPI` cannot
/// describe; the answers are 200 with up to 256 hashes of 32 bytes, and 404.
pub(super) async fn tile(
    State(state): State<ExchangeState>,
    Path(tile): Path<String>,
) -> Result<Response, ExchangeProblem> {
    let missing = || ExchangeProblem::not_found("there is no such tile");
    if !is_tile(&tile) {
        return Err(missing());
    }
    let file = state
        .ledger_folder()
        .join("tile")
        .join(FilePath::new(&tile));
    let read = tokio::task::spawn_blocking(move || {
        let length = std::fs::metadata(&file)
            .ok()
            .filter(std::fs::Metadata::is_file)?
            .len();
        (length <= TILE_BYTES_MAX)
            .then(|| std::fs::read(&file).ok())
            .flatten()
    });
    let bytes = read.await.ok().flatten().ok_or_else(missing)?;
    Ok(answers::with_type(
        bytes,
        HeaderValue::from_static("application/octet-stream"),
    ))
}

/// Whether a path names a tile of hashes and nothing else: levels, groups of three digits of which
/// all but the last have an `x`, and the width of a partial tile.
fn is_tile(path: &str) -> bool {
    let (path, width) = path
        .split_once(".p/")
        .map_or((path, None), |(path, width)| (path, Some(width)));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut parts = path.split('/');
    let level = parts.next().is_some_and(|level| digits(level, 2));
    let groups: Vec<&str> = parts.collect();
    let Some((last, first)) = groups.split_last() else {
        return false;
    };
    level
        && first.len() <= 6
        && last.len() == 3
        && digits(last, 3)
        && first.iter().all(|group| {
            group
                .strip_prefix('x')
                .is_some_and(|group| group.len() == 3 && digits(group, 3))
        })
        && width.is_none_or(|width| digits(width, 3))
}

/// Runs what reads the disk on a thread of its own.
async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, ledger::Error> + Send + 'static,
) -> Result<T, ExchangeProblem> {
    let away =
        |detail: String| ExchangeProblem::new(StatusCode::SERVICE_UNAVAILABLE, "ledger", detail);
    match tokio::task::spawn_blocking(run).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(
            error @ (ledger::Error::NoEntry { .. }
            | ledger::Error::NoTree { .. }
            | ledger::Error::NoCheckpoint),
        )) => Err(ExchangeProblem::not_found(error.to_string())),
        Ok(Err(error)) => {
            tracing::error!(%error, "the ledger cannot be read");
            Err(away("the ledger cannot be read".to_owned()))
        }
        Err(error) => Err(away(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::is_tile;

    #[test]
    fn only_tiles_of_hashes_are_served() {
        for tile in ["0/000", "0/x001/067", "1/000.p/7", "10/x001/x234/067.p/255"] {
            assert!(is_tile(tile), "{tile}");
        }
        for other in [
            "entries/000",
            "../checkpoint",
            "0/../000",
            "0",
            "0/",
            "0/x001",
            "0/0000",
            "0/000.p/",
            "0/000.p/../1",
            "/0/000",
            "0//000",
        ] {
            assert!(!is_tile(other), "{other}");
        }
    }
}
