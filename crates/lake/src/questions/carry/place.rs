//! What a process that works plans out needs: the way to history, a folder for what does not fit
//! into memory, and room for files' footers.

use std::path::Path;
use std::sync::Arc;

use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use pool::HistoryUrl;
use url::Url;

use crate::error::Error;
use crate::history::place::{INSIDE, Place};
use crate::questions::limits::FOOTER_BYTES_MAX;

/// Opens history for reading alone.
pub fn runtime(history: &HistoryUrl, scratch: &Path) -> Result<Arc<RuntimeEnv>, Error> {
    let place = Place::open(history)?;
    let cache = CacheManagerConfig::default().with_metadata_cache_limit(FOOTER_BYTES_MAX);
    let runtime = RuntimeEnvBuilder::new()
        .with_temp_file_path(scratch)
        .with_cache_manager(cache)
        .build_arc()
        .map_err(|error| Error::asked(&error))?;
    let inside = Url::parse(INSIDE).map_err(|error| Error::Question {
        message: error.to_string(),
    })?;
    runtime.register_object_store(&inside, place.objects);
    Ok(runtime)
}
