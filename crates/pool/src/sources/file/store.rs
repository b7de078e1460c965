//! Files in an object store: they are fetched into a file that goes away when it is done with.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use futures::StreamExt;
use object_store::ObjectStoreExt;
use tempfile::NamedTempFile;

use crate::ingest::Error;
use crate::ingest::limits::FETCHED_BYTES_MAX;

/// What an object is known by, and its copy.
#[derive(Debug)]
pub struct Fetched {
    /// The copy.
    pub file: NamedTempFile,
    /// The store's word for this version of it.
    pub etag: Option<String>,
    /// Its bytes.
    pub bytes: u64,
}

/// Fetches the object at `url` into a file in `folder`. `options` are the store's keys, endpoint
/// and region as `object_store` names them. Blocks.
///
/// # Errors
/// When there is no such store or object, or it is too large.
pub fn fetch(url: &str, options: &[(String, String)], folder: &Path) -> Result<Fetched, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot(url, error))?;
    runtime.block_on(fetch_async(url, options, folder))
}

async fn fetch_async(
    url: &str,
    options: &[(String, String)],
    folder: &Path,
) -> Result<Fetched, Error> {
    let address = url::Url::parse(url).map_err(|error| cannot(url, error))?;
    let (store, path) = object_store::parse_url_opts(&address, options.iter().cloned())
        .map_err(|error| cannot(url, error))?;
    let object = store.get(&path).await.map_err(|error| cannot(url, error))?;
    let (etag, bytes) = (object.meta.e_tag.clone(), object.meta.size);
    if bytes > FETCHED_BYTES_MAX {
        return Err(Error::Limit {
            source_name: url.to_owned(),
            what: format!("its size of {bytes} bytes"),
            limit: FETCHED_BYTES_MAX,
            remedy: "divide it into several".to_owned(),
        });
    }
    let mut file = NamedTempFile::new_in(folder).map_err(|error| cannot(url, error))?;
    let mut stream = object.into_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| cannot(url, error))?;
        file.write_all(&piece).map_err(|error| cannot(url, error))?;
    }
    file.flush()
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .map_err(|error| cannot(url, error))?;
    Ok(Fetched { file, etag, bytes })
}

fn cannot(url: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Open {
        source_name: url.to_owned(),
        remedy: "see that the object is there, and that the store's address and keys are right"
            .to_owned(),
        source: error.into(),
    }
}
