//! The city's data while it is served: opened, filled if it is a demonstration, carried into
//! history, and closed in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ::pool::Clock;
use ::pool::sources::nats::{Disclosure, Publisher};
use city::City;
use city::kinds::Client;
use lake::doors::{Postgres, TlsAcceptor};
use lake::exports::Exports;
use server::exchange::tls::Identity;
use server::questions::{Asker, ExchangePorter};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::error::Error;
use crate::load::demonstration;
use crate::load::pool::{self, Bureau};
use crate::printer::Printer;
use crate::settings;

/// How long what runs behind the server may take to end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(20);

/// The folder of bulk exports, below the data folder.
const EXPORTS: &str = "exports";
/// How often exports whose time is over are deleted.
const EXPORTS_DELETED_EVERY: Duration = Duration::from_mins(1);

/// The city's data, served.
pub(crate) struct Data {
    bureau: Bureau,
    exports: Arc<Exports>,
    demonstration: bool,
    stop: watch::Sender<bool>,
    keeping: tokio::task::JoinHandle<()>,
    doors: Vec<tokio::task::JoinHandle<()>>,
    filling: Option<JoinHandle<()>>,
    is_filling: Arc<AtomicBool>,
}

impl Data {
    /// Opens it all. A demonstration city that is empty is filled meanwhile.
    pub(crate) fn open(
        runtime: &Runtime,
        mut settings: settings::Pool,
        printer: Printer,
    ) -> Result<Self, Error> {
        let city = pool::definitions(&settings.city)?;
        settings.demonstration |= is_demonstration(&city);
        let identity = identity(&settings)?;
        let opened = pool::pool(&settings, &city)?;
        let bureau = runtime.block_on(pool::bureau(&settings, city, opened))?;
        let (stop, stopping) = watch::channel(false);
        let keeper = pool::keeper(&bureau, &settings)?;
        let keeping = runtime.spawn(keeper.run(stopping));
        let demonstration = settings.demonstration;
        let folder = settings.data.join(EXPORTS);
        let exports = Exports::open(Arc::clone(&bureau.lake), &folder)
            .map_err(|error| pool::cannot("keep exports in", &folder, error))?;
        let mut doors = doors(runtime, &bureau, &settings, identity, &stop, printer);
        let clock = Arc::clone(bureau.pool.clock());
        doors.push(runtime.spawn(delete_exports(
            Arc::clone(&exports),
            clock,
            stop.subscribe(),
        )));
        let is_filling = Arc::new(AtomicBool::new(demonstration));
        let filling = if demonstration {
            Some(fill(&bureau, settings, Arc::clone(&is_filling), printer)?)
        } else {
            None
        };
        Ok(Self {
            bureau,
            exports,
            demonstration,
            stop,
            keeping,
            doors,
            filling,
            is_filling,
        })
    }

    /// What the server gets of it.
    pub(crate) fn served(&self) -> server::Bureau {
        server::Bureau {
            exchange: Arc::clone(&self.bureau.exchange),
            lake: Arc::clone(&self.bureau.lake),
            exports: Arc::clone(&self.exports),
            ledger_folder: self.bureau.ledger_folder.clone(),
            ledger_key: self.bureau.ledger_key.clone(),
            demonstration: self.demonstration,
            filling: Arc::clone(&self.is_filling),
        }
    }

    /// Ends what runs behind the server. What is not in history yet stays in the outbox.
    pub(crate) fn close(self, runtime: &Runtime) {
        self.stop.send_replace(true);
        if let Some(filling) = self.filling.filter(JoinHandle::is_finished) {
            // It has said itself what went wrong.
            let _ = filling.join();
        }
        for door in self.doors {
            let ended = runtime.block_on(async { tokio::time::timeout(CLOSE_TIMEOUT, door).await });
            if ended.is_err() {
                tracing::warn!("a door is still busy and is closed on its guests");
            }
        }
        let ended =
            runtime.block_on(async { tokio::time::timeout(CLOSE_TIMEOUT, self.keeping).await });
        if ended.is_err() {
            tracing::warn!(
                "history is still being written; what is missing follows at the next start"
            );
        }
        drop(self.bureau.exchange_keeper);
        if let Err(error) = self.bureau.pool.settle() {
            tracing::warn!(%error, "keyed state is not settled; it is made good at the next start");
        }
    }
}

/// Whether all that may call are made up.
fn is_demonstration(city: &City) -> bool {
    let mut clients = city.all::<Client>().peekable();
    clients.peek().is_some() && clients.all(|client| client.value.demonstration)
}

/// Signs and fills on a thread of its own, so that the page opens at once.
fn fill(
    bureau: &Bureau,
    settings: settings::Pool,
    is_filling: Arc<AtomicBool>,
    printer: Printer,
) -> Result<JoinHandle<()>, Error> {
    let (pool, exchange, city) = (
        Arc::clone(&bureau.pool),
        Arc::clone(&bureau.exchange),
        Arc::clone(&bureau.city),
    );
    let work = move || {
        match exchange.sign_demonstration() {
            Ok(0) => {}
            Ok(signed) => printer.note(format_args!(
                "{signed} agreements are signed with the demonstration's keys"
            )),
            Err(error) => {
                tracing::error!(%error, "the demonstration's agreements could not be signed");
            }
        }
        if let Err(error) = demonstration::fill(&pool, &city, &settings, printer) {
            tracing::error!(%error, "the demonstration could not be filled");
        }
        is_filling.store(false, Ordering::Relaxed);
    };
    std::thread::Builder::new()
        .name("demonstration".to_owned())
        .spawn(work)
        .map_err(Error::internal)
}

/// Opens the doors beside HTTP: PostgreSQL's protocol, and messages to NATS. One that cannot be
/// opened is told of, and the rest goes on without it.
fn doors(
    runtime: &Runtime,
    bureau: &Bureau,
    settings: &settings::Pool,
    identity: Option<TlsAcceptor>,
    stop: &watch::Sender<bool>,
    printer: Printer,
) -> Vec<tokio::task::JoinHandle<()>> {
    let mut doors = Vec::new();
    if !settings.sql_listen.is_empty() {
        match runtime.block_on(TcpListener::bind(&settings.sql_listen)) {
            Ok(listener) => {
                let asker = Asker::new(Arc::clone(&bureau.exchange), Arc::clone(&bureau.lake));
                let mut door = Postgres::new(ExchangePorter::new(asker));
                if let Some(identity) = identity {
                    door = door.with_tls(identity);
                }
                doors.push(runtime.spawn(door.serve(listener, stop.subscribe())));
            }
            Err(error) => printer.note(format_args!(
                "psql cannot connect to {}: {error}; the option pool.sql-listen names another address, or none",
                settings.sql_listen
            )),
        }
    }
    if !settings.nats.is_empty() {
        let (pool, url, stop) = (
            Arc::clone(&bureau.pool),
            settings.nats.clone(),
            stop.subscribe(),
        );
        doors.push(runtime.spawn_blocking(move || publish(&pool, &url, &stop)));
    }
    doors
}

/// What PostgreSQL's protocol shows over TLS, if it is to. A certificate that cannot be used is no
/// reason to go on without one.
fn identity(settings: &settings::Pool) -> Result<Option<TlsAcceptor>, Error> {
    if settings.sql_certificate.is_empty() {
        return Ok(None);
    }
    let unusable = |path: &str, error: std::io::Error| Error::Input {
        what: "a certificate or its key",
        path: path.into(),
        source: error.into(),
        help: Some(
            "the options pool.sql-certificate and pool.sql-key name PEM files that belong together"
                .to_owned(),
        ),
    };
    let read = |path: &str| std::fs::read(path).map_err(|error| unusable(path, error));
    let certificate = &settings.sql_certificate;
    let identity = Identity::from_pem(&read(certificate)?, &read(&settings.sql_key)?);
    let acceptor = identity.and_then(Identity::for_anybody);
    acceptor
        .map(Some)
        .map_err(|error| unusable(certificate, error))
}

/// Deletes exports whose time is over, until `stop` turns true.
async fn delete_exports(
    exports: Arc<Exports>,
    clock: Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        tokio::select! {
            _ = stop.changed() => {}
            () = tokio::time::sleep(EXPORTS_DELETED_EVERY) => {
                let (exports, now) = (Arc::clone(&exports), clock.now());
                // What fails is logged there.
                let _ = tokio::task::spawn_blocking(move || exports.delete_old(now)).await;
            }
        }
    }
}

/// How long the publisher rests when there is no news, or when its server is away.
const PUBLISH_EVERY: Duration = Duration::from_millis(200);
/// How long it waits before it connects again.
const RECONNECT_AFTER: Duration = Duration::from_secs(5);

/// Publishes changes to a NATS server until `stop` turns true.
fn publish(pool: &Arc<::pool::Pool>, url: &str, stop: &watch::Receiver<bool>) {
    while !*stop.borrow() {
        let published = Publisher::open(pool, url, Disclosure::default()).and_then(|publisher| {
            while !*stop.borrow() {
                if publisher.step()? == 0 {
                    std::thread::sleep(PUBLISH_EVERY);
                }
            }
            Ok(())
        });
        if let Err(error) = published {
            tracing::warn!(%error, "changes are not published; they wait in the outbox");
            let mut waited = Duration::ZERO;
            while waited < RECONNECT_AFTER && !*stop.borrow() {
                std::thread::sleep(PUBLISH_EVERY);
                waited += PUBLISH_EVERY;
            }
        }
    }
}
