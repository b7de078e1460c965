//! Mutual TLS: a connection whose certificate the definitions name needs no token; any other is no
//! connection.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use server::exchange::tls::Identity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::server::{Answer, Server, answer_of, request};
use crate::support::{TITLES, Town, files, town_of};

const LOOK_UP: &str = "/exchange/v1/look-up";

/// A certificate and its key, made by openssl; `None` if there is no openssl.
pub(crate) fn certificate(folder: &Path, name: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (certificate, key) = (
        folder.join(format!("{name}.crt")),
        folder.join(format!("{name}.key")),
    );
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ed25519",
            "-nodes",
            "-days",
            "2",
            "-subj",
            &format!("/CN={name}"),
        ])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=CA:FALSE",
        ])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .ok()?;
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    Some((
        std::fs::read(certificate).unwrap(),
        std::fs::read(key).unwrap(),
    ))
}

fn der(pem: &[u8]) -> Vec<u8> {
    rustls_pemfile::certs(&mut &*pem)
        .next()
        .unwrap()
        .unwrap()
        .to_vec()
}

/// Calls over TLS with a client's certificate, trusting the server's.
fn call(
    server: &Server,
    trusted: &[u8],
    own: &(Vec<u8>, Vec<u8>),
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Answer> {
    let mut roots = RootCertStore::empty();
    roots.add(der(trusted).into()).unwrap();
    let key = rustls_pemfile::private_key(&mut &*own.1).unwrap().unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![der(&own.0).into()], key)
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stream = TcpStream::connect(server.address).await?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await?;
        stream
            .write_all(&request("POST", LOOK_UP, headers, body.as_bytes()))
            .await?;
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes).await;
        if bytes.is_empty() {
            read?;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(answer_of(&bytes))
    })
}

#[test]
fn a_certificate_that_the_definitions_name_stands_for_its_client_and_no_other_connects() {
    let folder = tempfile::tempdir().unwrap();
    let Some(own) = certificate(folder.path(), "server") else {
        println!("skipped: there is no openssl to make certificates with");
        return;
    };
    let known = certificate(folder.path(), "known").unwrap();
    let stranger = certificate(folder.path(), "stranger").unwrap();
    let town = Town::new();
    let mut files = files(TITLES);
    let hash = city::ContentHash::of(&der(&known.0)).to_string();
    let named = format!(
        "certificate_sha256: {}\n",
        hash.strip_prefix("sha256:").unwrap()
    );
    let tax = files
        .iter_mut()
        .find(|(path, _)| path.ends_with("tax-systems.yaml"))
        .unwrap();
    tax.1.push_str(&named);
    town.exchange.reload(town_of(&files)).unwrap();
    let server = Server::of(
        town,
        |router, _| router,
        Some(Identity::from_pem(&own.0, &own.1).unwrap()),
    );

    let body = json!({"dataset": "titles", "subject": "P1"}).to_string();
    let kind = ("content-type", "application/json");
    let purpose = ("exchange-purpose", "matter/property-tax");
    let answer = call(&server, &own.0, &known, &[kind, purpose], &body).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        call(&server, &own.0, &known, &[kind], &body)
            .unwrap()
            .status,
        401,
        "without a purpose"
    );
    let bearer = |client: &str| {
        format!(
            "Bearer {}",
            server.token(client, "POST", LOOK_UP, body.as_bytes())
        )
    };
    let both = call(
        &server,
        &own.0,
        &known,
        &[kind, ("authorization", &bearer("tax-systems"))],
        &body,
    )
    .unwrap();
    assert_eq!(both.status, 200, "{both:?}");
    let other = call(
        &server,
        &own.0,
        &known,
        &[kind, ("authorization", &bearer("housing-systems"))],
        &body,
    )
    .unwrap();
    assert_eq!(
        other.status, 401,
        "a token of one client on another's connection"
    );
    assert!(call(&server, &own.0, &stranger, &[kind, purpose], &body).is_err());
}
