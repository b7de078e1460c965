//! The Bureau's addresses.

use axum::Router;
use tokio::sync::watch;

use super::Bureau;

/// All pages, and what their elements fetch.
pub(crate) fn router(_data: Bureau, _stopping: watch::Receiver<bool>) -> Router {
    Router::new()
}
