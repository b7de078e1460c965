//! Schemathesis (PyPI) reads the description and looks for answers that it does not have, and for
//! 5xx. Tokens are put on by a layer in front of the server, as a client's own library would.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::{Next, from_fn};
use pool::exchange::{Call, Signer};

use crate::server::Server;
use crate::sharing::generous_town;
use crate::support::SECOND;

/// A program that `script/setup test` fetches, or one on the path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let own = cache.map(|cache| cache.join("citybrain/venv/bin").join(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    own.into_iter()
        .chain(on_path)
        .find(|program| program.is_file())
}

/// How schemathesis writes bodies that are neither JSON nor a form.
const BODIES: &str = r#"
import json, schemathesis
@schemathesis.serializer("application/x-ndjson", "application/vnd.apache.arrow.stream")
def lines(ctx, value):
    if isinstance(value, bytes): return value
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")
"#;

#[test]
fn schemathesis_finds_no_5xx_and_no_undocumented_answer() {
    let Some(program) = program("schemathesis") else {
        println!("skipped: schemathesis is not installed (script/setup installs it)");
        return;
    };
    let town = generous_town();
    let bearer = town.exchange.issue_profile(&town.tax()).unwrap().bearer;
    let signer = Arc::new(Signer::demonstration("tax-systems", 99).unwrap());
    let (exchange, clock) = (Arc::clone(&town.exchange), Arc::clone(&town.clock));
    let calls = Arc::new(AtomicU64::new(0));
    let sign = move |request: Request, next: Next| {
        let bearer = bearer.clone();
        let (signer, exchange, clock, calls) = (
            Arc::clone(&signer),
            Arc::clone(&exchange),
            Arc::clone(&clock),
            Arc::clone(&calls),
        );
        async move {
            // The clock stands; let it go on, so that rates are not all there is to see.
            clock.advance(SECOND / 4);
            let number = calls.fetch_add(1, Ordering::Relaxed);
            let (mut parts, body) = request.into_parts();
            let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
                return next.run(Request::from_parts(parts, Body::empty())).await;
            };
            // One call in ten comes with whatever schemathesis made up.
            if number % 10 != 9 {
                let target = parts
                    .uri
                    .path_and_query()
                    .map_or("/", |target| target.as_str());
                let call = Call {
                    method: parts.method.as_str(),
                    target,
                    body: &body,
                };
                let token = if target.starts_with("/delta-sharing/") {
                    bearer
                } else {
                    signer.token("town", "matter/property-tax", None, call, exchange.now())
                };
                parts.headers.insert(
                    header::AUTHORIZATION,
                    format!("Bearer {token}").parse().unwrap(),
                );
            }
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
    };
    let server = Server::of(town, |router, _| router.layer(from_fn(sign)), None);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("exchange_bodies.py"), BODIES).unwrap();
    let output = Command::new(program)
        .current_dir(folder.path())
        .env("PYTHONPATH", folder.path())
        .env("SCHEMATHESIS_HOOKS", "exchange_bodies")
        .args(["run", &format!("http://{}/exchange/v1/openapi.json", server.address)])
        .args(["--url", &format!("http://{}", server.address)])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
        .args(["--max-examples", "40", "--seed", "7", "--request-timeout", "5", "--workers", "1", "--phases", "examples,fuzzing", "--no-color"])
        // A stream that lasts an hour is tested elsewhere.
        .args(["--exclude-path", "/exchange/v1/changes"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
