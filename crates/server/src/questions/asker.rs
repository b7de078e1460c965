//! From a caller of the exchange to a session of the lake whose answers are on record.

use std::sync::Arc;

use city::kinds::{Role, Use};
use lake::{Guest, Lake, TableGrant, Who};
use pool::Moment;
use pool::exchange::{Caller, Denial, Exchange, Reader, use_word};

use super::book::Book;
use super::grants::table_grants;

/// Why a question is not asked.
#[derive(Debug, thiserror::Error)]
pub enum Unasked {
    /// The exchange says no.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The lake cannot.
    #[error(transparent)]
    Lake(#[from] lake::Error),
}

/// Opens sessions for callers of the exchange.
#[derive(Clone, Debug)]
pub struct Asker {
    exchange: Arc<Exchange>,
    lake: Arc<Lake>,
}

impl Asker {
    /// Over an exchange and a lake of the same pool.
    pub fn new(exchange: Arc<Exchange>, lake: Arc<Lake>) -> Self {
        Self { exchange, lake }
    }

    /// The exchange.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// What all agreements in force together let a department ask for a purpose.
    pub fn grants(&self, department: &str, purpose: &str) -> Vec<TableGrant> {
        table_grants(&self.exchange.agreed(department, purpose, Use::Query))
    }

    /// The session of a caller; of the records as they were at `as_of`, if it is given.
    ///
    /// # Errors
    /// When the caller's system does not ask questions, or the lake cannot be used.
    pub async fn session(&self, caller: &Caller, as_of: Option<Moment>) -> Result<Guest, Unasked> {
        if !caller.client.may(Role::Query) {
            return Err(Denial::Role {
                client: caller.client.id.to_string(),
                role: use_word(Use::Query),
            }
            .into());
        }
        let reader = Reader::from(caller);
        Ok(self.guest(reader, false, as_of).await?)
    }

    /// The session of a reader who need not be a caller; the bureau's own, if `admin`.
    ///
    /// # Errors
    /// When the lake cannot be used.
    pub async fn guest(
        &self,
        reader: Reader,
        admin: bool,
        as_of: Option<Moment>,
    ) -> Result<Guest, lake::Error> {
        let who = Who {
            department: reader.department.clone(),
            purpose: reader.purpose.clone(),
            client: reader.client.clone(),
            admin,
        };
        let agreed = self
            .exchange
            .agreed(&who.department, &who.purpose, Use::Query);
        let grants = table_grants(&agreed);
        let session = self.lake.session_as_of(who, grants, as_of).await?;
        let book = Book {
            exchange: Arc::clone(&self.exchange),
            reader,
            agreed,
        };
        Ok(Guest {
            session,
            recorder: Arc::new(book),
        })
    }
}
