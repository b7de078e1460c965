//! The server: routes, the layers around them, start and stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultMakeSpan, DefaultOnFailure, DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::api;
use crate::app::App;
use crate::bureau;
use crate::config::Config;
use crate::connections::Limited;
use crate::data;
use crate::error::Error;
use crate::pages;
use crate::problem::Problem;

/// How long connections may take to end when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs the server until `shutdown` completes. `bound` is told the address once it listens, which
/// matters when the port was 0.
///
/// # Errors
/// When the configuration contradicts itself, the scenario cannot be run, or the address cannot be
/// listened on.
pub async fn serve(
    config: Config,
    bound: impl FnOnce(SocketAddr) + Send,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let address = config.listen;
    let (stop, stopping) = watch::channel(false);
    // Preparing a large network takes a while; other tasks go on meanwhile.
    let app = tokio::task::spawn_blocking(move || App::start(config, stopping))
        .await
        .map_err(|error| Error::Serve(std::io::Error::other(error)))??;
    let app = Arc::new(app);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| Error::Listen { address, source })?;
    let address = listener.local_addr().map_err(Error::Serve)?;
    tracing::info!(%address, "the server listens");
    bound(address);

    app.feeds.start(&app.seeing, &app.stopping)?;
    let (stopped, ending, ended) = (stop.subscribe(), stop.subscribe(), stop.clone());
    tokio::spawn(async move {
        shutdown.await;
        tracing::info!("the server stops");
        stop.send_replace(true);
    });
    let limits = &app.limits;
    let listener = Limited::new(listener, limits.connections_max, limits.silence_max);
    let serving = axum::serve(listener, router(Arc::clone(&app)))
        .with_graceful_shutdown(until(stopped))
        .into_future();
    let overdue = async {
        until(ending).await;
        tokio::time::sleep(STOP_TIMEOUT).await;
    };
    let result = tokio::select! {
        result = serving => result.map_err(Error::Serve),
        () = overdue => Ok(()),
    };
    ended.send_replace(true); // whatever it was that ended it
    let stopped = tokio::task::spawn_blocking(move || {
        app.comparisons.stop();
        app.live.stop();
        app.feeds.join();
    })
    .await;
    if let Err(error) = stopped {
        tracing::error!(%error, "the live run did not stop");
    }
    result
}

/// Completes when the server stops.
pub(crate) async fn until(mut stopping: watch::Receiver<bool>) {
    // Fails only when the sender is gone, after it has said so.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Completes when the process is asked to stop: Ctrl-C, or `SIGTERM` where there is such a thing.
pub async fn stop_signal() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "Ctrl-C cannot be listened for");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be listened for");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// Every route, and the layers around them from the inside out.
fn router(app: Arc<App>) -> Router {
    let (api, _description) = api::router();
    let (body_bytes_max, timeout) = (app.limits.body_bytes_max, app.limits.request_timeout);
    let fixed = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let exchange = app
        .bureau
        .as_ref()
        .map(|data| data::router(data, app.stopping.clone()));
    let bureau = app
        .bureau
        .clone()
        .map(|data| bureau::router(data, app.stopping.clone()));
    let layered = Router::new()
        .route("/", get(pages::command_centre))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .merge(api)
        .fallback(pages::file_or_not_found)
        .method_not_allowed_fallback(api::method_not_allowed)
        .with_state(app)
        .merge(bureau.unwrap_or_default())
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            timeout + Duration::from_secs(1),
        ))
        .layer(CompressionLayer::new())
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .layer(fixed(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ))
        .layer(fixed(
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ))
        .layer(CatchPanicLayer::custom(
            |_panic: Box<dyn std::any::Any + Send>| {
                Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the server made a mistake",
                )
                .into_response()
            },
        ))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(DefaultMakeSpan::new().level(Level::DEBUG))
                .on_response(DefaultOnResponse::new().level(Level::DEBUG))
                .on_failure(DefaultOnFailure::new().level(Level::WARN)),
        );
    // Beside the layers: a look-up costs less than compressing or tracing it would.
    exchange.unwrap_or_default().merge(layered)
}

/// The process answers.
async fn healthy() -> &'static str {
    "ok\n"
}

/// The live run answers too.
async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    if app.live.is_alive() {
        Ok("ready\n")
    } else {
        Err(Error::Unanswered.into())
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    (
        [(header::CONTENT_TYPE, kind)],
        app.live.counters.prometheus(),
    )
        .into_response()
}
