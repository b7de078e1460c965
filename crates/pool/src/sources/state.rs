//! How far sources have been followed, in the meta database.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ingest::Error;
use crate::pool::Pool;
use crate::values;

/// What is remembered of a source; what it begins with if nothing is.
pub(super) fn load<T: DeserializeOwned + Default>(pool: &Pool, source: &str) -> Result<T, Error> {
    let rows = pool.meta().query(
        "SELECT state FROM source_state WHERE source = $1",
        &values![source],
    )?;
    let Some(row) = rows.first() else {
        return Ok(T::default());
    };
    let state: String = row.get(0)?;
    serde_json::from_str(&state).map_err(|error| Error::Server {
        server: source.to_owned(),
        what: "understand how far it was followed".to_owned(),
        detail: error.to_string(),
    })
}

/// Remembers how far a source has been followed.
pub(super) fn save(pool: &Pool, source: &str, state: &impl Serialize) -> Result<(), Error> {
    let state = serde_json::to_string(state).unwrap_or_default();
    pool.meta().execute(
        "INSERT INTO source_state (source, state, at) VALUES ($1, $2, $3) \
         ON CONFLICT (source) DO UPDATE SET state = excluded.state, at = excluded.at",
        &values![source, state, pool.clock().now()],
    )?;
    Ok(())
}
