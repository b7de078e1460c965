//! PostgreSQL's protocol, so that `psql`, BI tools and drivers can ask. The user is a client's id,
//! the password a token of its, and the token says for which purpose the session is.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use datafusion::prelude::SessionContext;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_postgres::datafusion_pg_catalog::setup_pg_catalog;
use datafusion_postgres::pgwire::api::auth::{
    DefaultServerParameterProvider, LoginInfo, StartupHandler, finish_authentication,
    protocol_negotiation, save_startup_parameters_to_metadata,
};
use datafusion_postgres::pgwire::api::portal::Portal;
use datafusion_postgres::pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use datafusion_postgres::pgwire::api::results::Response;
use datafusion_postgres::pgwire::api::store::PortalStore;
use datafusion_postgres::pgwire::api::{
    ClientInfo, ClientPortalStore, PgWireConnectionState, PgWireServerHandlers,
};
use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use datafusion_postgres::pgwire::messages::startup::Authentication;
use datafusion_postgres::pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use datafusion_postgres::pgwire::tokio::{TlsAcceptor, process_socket};
use datafusion_postgres::{DfSessionService, Parser};
use futures::{Sink, SinkExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::statements::Statements;
use crate::questions::{CATALOGUE, Guest};

/// Most connections at the same time.
pub const CONNECTIONS_MAX: usize = 256;

/// Lets clients in.
#[async_trait]
pub trait Porter: Send + Sync + 'static {
    /// The session of a client that shows `password`; `database` is the name it connected to. The
    /// error is shown to the client.
    async fn admit(&self, client: &str, password: &str, database: &str) -> Result<Guest, String>;
}

fn fatal(code: &str, message: &str) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new(
        "FATAL".to_owned(),
        code.to_owned(),
        message.to_owned(),
    )))
}

/// The door.
pub struct Postgres {
    porter: Arc<dyn Porter>,
    /// With which connections are encrypted; then none that is not is let in.
    tls: Option<TlsAcceptor>,
}

impl Postgres {
    /// With a porter.
    pub fn new(porter: Arc<dyn Porter>) -> Self {
        Self { porter, tls: None }
    }

    /// The same door, with TLS, and without it no longer.
    #[must_use]
    pub fn with_tls(mut self, acceptor: TlsAcceptor) -> Self {
        self.tls = Some(acceptor);
        self
    }

    /// Serves connections until `stop` turns true.
    pub async fn serve(self, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        while !*stop.borrow() {
            let accepted = tokio::select! {
                _ = stop.changed() => continue,
                accepted = listener.accept() => accepted,
            };
            let (socket, place) = match (accepted, Arc::clone(&places).try_acquire_owned()) {
                (Ok((socket, _)), Ok(place)) => (socket, place),
                (Err(error), _) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    continue;
                }
                (Ok(_), Err(_)) => {
                    tracing::warn!(
                        limit = CONNECTIONS_MAX,
                        "a connection was closed: there are as many as there may be"
                    );
                    continue;
                }
            };
            let connection = Arc::new(Connection {
                porter: Arc::clone(&self.porter),
                inside: Arc::new(Inside::new()),
                secure_only: self.tls.is_some(),
            });
            let (mut stop, tls) = (stop.clone(), self.tls.clone());
            tokio::spawn(async move {
                let _place = place;
                tokio::select! {
                    result = process_socket(socket, tls, connection) => {
                        if let Err(error) = result {
                            tracing::debug!(%error, "a connection ended");
                        }
                    }
                    _ = stop.wait_for(|stop| *stop) => {}
                }
            });
        }
    }
}

/// One connection: nobody, until the porter has let somebody in.
struct Connection {
    porter: Arc<dyn Porter>,
    inside: Arc<Inside>,
    secure_only: bool,
}

impl PgWireServerHandlers for Connection {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::clone(&self.inside)
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::clone(&self.inside)
    }

    fn startup_handler(&self) -> Arc<impl StartupHandler> {
        Arc::new(Door {
            porter: Arc::clone(&self.porter),
            inside: Arc::clone(&self.inside),
            secure_only: self.secure_only,
        })
    }
}

/// Asks for the password and lets the porter decide.
struct Door {
    porter: Arc<dyn Porter>,
    inside: Arc<Inside>,
    secure_only: bool,
}

#[async_trait]
impl StartupHandler for Door {
    async fn on_startup<C>(
        &self,
        client: &mut C,
        message: PgWireFrontendMessage,
    ) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        match message {
            PgWireFrontendMessage::Startup(_) if self.secure_only && !client.is_secure() => {
                return Err(fatal(
                    "28000",
                    "this server takes no connection without TLS; connect with sslmode=require",
                ));
            }
            PgWireFrontendMessage::Startup(startup) => {
                protocol_negotiation(client, &startup).await?;
                save_startup_parameters_to_metadata(client, &startup);
                client.set_state(PgWireConnectionState::AuthenticationInProgress);
                client
                    .send(PgWireBackendMessage::Authentication(
                        Authentication::CleartextPassword,
                    ))
                    .await?;
            }
            PgWireFrontendMessage::PasswordMessageFamily(password) => {
                let password = password.into_password()?;
                let login = LoginInfo::from_client_info(client);
                let (user, database) = (
                    login.user().unwrap_or_default(),
                    login.database().unwrap_or_default(),
                );
                let guest = self.porter.admit(user, &password.password, database).await;
                let guest = guest.map_err(|reason| fatal("28P01", &reason))?;
                self.inside.let_in(guest)?;
                let mut told = DefaultServerParameterProvider::default();
                told.is_superuser = false;
                told.default_transaction_read_only = true;
                told.search_path = self.inside.search_path();
                finish_authentication(client, &told).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Where a connection's statements go once somebody was let in.
pub(super) struct Inside {
    statements: OnceLock<Statements>,
    /// Only knows the protocol; it has no tables and runs nothing.
    nobody: DfSessionService,
}

impl Inside {
    fn new() -> Self {
        let nobody = DfSessionService::new_with_hooks(Arc::new(SessionContext::new()), Vec::new());
        Self {
            statements: OnceLock::new(),
            nobody,
        }
    }

    fn let_in(&self, guest: Guest) -> PgWireResult<()> {
        let context = guest.session.context();
        setup_pg_catalog(context, CATALOGUE, EmptyContextProvider).map_err(|error| {
            tracing::error!(%error, "the catalogue of PostgreSQL could not be set up");
            fatal(
                "XX000",
                "the catalogue could not be set up; the server's log says why",
            )
        })?;
        let statements = Statements::new(Arc::new(guest));
        self.statements
            .set(statements)
            .map_err(|_second| fatal("08P01", "somebody is in already"))
    }

    fn search_path(&self) -> String {
        let statements = self.statements.get();
        statements.map_or_else(String::new, |statements| {
            statements.guest().session.schema()
        })
    }

    fn statements(&self) -> PgWireResult<&Statements> {
        self.statements
            .get()
            .ok_or_else(|| fatal("28000", "nobody was let in yet"))
    }
}

#[async_trait]
impl SimpleQueryHandler for Inside {
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        self.statements()?.query(client, query).await
    }
}

#[async_trait]
impl ExtendedQueryHandler for Inside {
    type Statement = <DfSessionService as ExtendedQueryHandler>::Statement;
    type QueryParser = Parser;

    fn query_parser(&self) -> Arc<Self::QueryParser> {
        match self.statements.get() {
            Some(statements) => statements.parser(),
            None => self.nobody.query_parser(),
        }
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Self::Statement>,
        _: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        self.statements()?.portal(client, portal).await
    }
}
