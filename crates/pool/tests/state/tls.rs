//! PostgreSQL over TLS: what the address asks for is what is done.

use std::path::Path;

use pool::{Options, Pool, StateUrl};

use crate::server::{database, database_with_tls};
use crate::town::*;

fn opened(url: &str) -> Result<std::sync::Arc<Pool>, String> {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        state: StateUrl::Postgres(url.to_owned()),
        ..Options::new(folder.path())
    };
    Pool::open(options, &town(), clock()).map_err(|error| {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    })
}

fn is_encrypted(pool: &Pool) -> bool {
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    pool.meta().query(sql, &[]).unwrap()[0].get(0).unwrap()
}

fn with(url: &str, mode: &str, root: &Path) -> String {
    format!("{url}?sslmode={mode}&sslrootcert={}", root.display())
}

#[test]
fn the_server_is_checked_as_far_as_the_address_asks() {
    let Some((url, root)) = database_with_tls() else {
        return;
    };
    let pool = opened(&with(&url, "verify-full", &root)).unwrap();
    assert!(is_encrypted(&pool));
    let persons = pool.table("persons").unwrap();
    pool.write(write(&persons, &[person("a", 1)])).unwrap();
    assert!(pool.get(&persons, &[text("a")]).unwrap().is_some());
    drop(pool);
    // One process at a time has the pool, so each in its turn.
    for (query, encrypted) in [
        ("", true),
        ("?sslmode=require", true),
        ("?sslmode=disable", false),
    ] {
        let pool = opened(&format!("{url}{query}")).unwrap();
        assert_eq!(is_encrypted(&pool), encrypted, "{query}");
    }

    // The certificate is for the number, and not for the name.
    let named = url.replace("127.0.0.1", "localhost");
    assert!(is_encrypted(
        &opened(&with(&named, "verify-ca", &root)).unwrap()
    ));
    let error = opened(&with(&named, "verify-full", &root)).unwrap_err();
    assert!(error.contains("localhost"), "{error}");

    // Nobody else vouches for it.
    let error = opened(&format!("{url}?sslmode=verify-full&sslrootcert=system")).unwrap_err();
    assert!(
        error.contains("UnknownIssuer") || error.contains("no certificate"),
        "{error}"
    );
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_required() {
    let Some(url) = database() else { return };
    let error = opened(&format!("{url}?sslmode=require")).unwrap_err();
    assert!(error.contains("TLS"), "{error}");
    assert!(!is_encrypted(&opened(&url).unwrap()));
}
