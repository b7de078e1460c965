//! Lets clients in by PostgreSQL's protocol: the user is the client's id, the password one of its
//! tokens. The token is bound to this door by its claims: `htm` is `SQL`, `htu` is
//! `/exchange/v1/sql`, `bh` is that of an empty body.

use std::sync::Arc;

use async_trait::async_trait;
use lake::Guest;
use lake::doors::Porter;
use pool::exchange::Call;

use super::asker::Asker;

/// The `htm` of a token for this door.
pub(super) const METHOD: &str = "SQL";
/// The `htu` of a token for this door.
pub(super) const TARGET: &str = "/exchange/v1/sql";

/// Lets in whom the exchange knows.
#[derive(Debug)]
pub struct ExchangePorter(Asker);

impl ExchangePorter {
    /// With the sessions of an asker.
    pub fn new(asker: Asker) -> Arc<Self> {
        Arc::new(Self(asker))
    }
}

#[async_trait]
impl Porter for ExchangePorter {
    async fn admit(&self, client: &str, password: &str, database: &str) -> Result<Guest, String> {
        let call = Call {
            method: METHOD,
            target: TARGET,
            body: b"",
        };
        let caller = self
            .0
            .exchange()
            .caller(Some(password), call)
            .await
            .map_err(|denial| denial.to_string())?;
        if *caller.client.id != *client {
            return Err(format!(
                "the token is that of the client {:?}; connect with it as the user",
                &*caller.client.id
            ));
        }
        // Whoever names a purpose as the database means it.
        if database.contains('/') && *database != *caller.purpose {
            return Err(format!(
                "the token is for {:?} and the database for {database:?}; they must be the same",
                &*caller.purpose
            ));
        }
        self.0
            .session(&caller, None)
            .await
            .map_err(|error| error.to_string())
    }
}
