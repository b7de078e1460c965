//! The exchange on a port of its own, with mutual TLS or without.
//!
//! A client's certificate is trusted because the city's definitions name its hash, and for no other
//! reason: no authority has to vouch for it, and taking a client out of the definitions shuts it
//! out with its next connection. So neither issuer nor dates are looked at.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use pool::exchange::Exchange;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
};

use super::body::PeerCertificate;

/// Most connections at a time; further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 4_096;
/// How long a client may take to shake hands.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a client may take to send a request's head, and how long a connection may be idle.
const HEAD_TIME_MAX: Duration = Duration::from_mins(1);
/// Most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// How long to wait after a connection could not be accepted, as when no file handles are left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a server with mutual TLS shows.
#[derive(Debug)]
pub struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads a certificate chain and its private key, both PEM.
    ///
    /// # Errors
    /// When there is none of one of them.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> io::Result<Self> {
        let certificates =
            rustls_pemfile::certs(&mut &*certificates).collect::<io::Result<Vec<_>>>()?;
        if certificates.is_empty() {
            return Err(io::Error::other("there is no certificate in the PEM file"));
        }
        let key = rustls_pemfile::private_key(&mut &*key)?;
        let key = key.ok_or_else(|| io::Error::other("there is no private key in the PEM file"))?;
        Ok(Self { certificates, key })
    }

    /// Accepts whoever comes: who that is must be proven in another way.
    ///
    /// # Errors
    /// When certificate and key do not fit.
    pub fn for_anybody(self) -> io::Result<TlsAcceptor> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(self.certificates, self.key)
            .map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Accepts clients whose certificates the definitions name.
    ///
    /// # Errors
    /// When certificate and key do not fit.
    pub fn acceptor(self, exchange: &Arc<Exchange>) -> io::Result<TlsAcceptor> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(KnownCertificates {
            exchange: Arc::clone(exchange),
            algorithms: provider.signature_verification_algorithms,
        });
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.certificates, self.key)
            .map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Serves `app` on `listener` until `stopping` turns true; with mutual TLS if there is an acceptor.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    acceptor: Option<TlsAcceptor>,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Fails only when the semaphore is closed, which nobody does.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        let (app, acceptor, stopping) = (app.clone(), acceptor.clone(), stopping.clone());
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(async move {
                    if let Err(error) = connection(stream, app, acceptor, stopping).await {
                        tracing::debug!(%error, "a connection ended");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    app: Router,
    acceptor: Option<TlsAcceptor>,
    stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let Some(acceptor) = acceptor else {
        return requests(stream, app, stopping).await;
    };
    let stream = tokio::time::timeout(HANDSHAKE_TIME_MAX, acceptor.accept(stream)).await??;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = certificates.first().map(|certificate| sha256(certificate));
    let app = match certificate {
        Some(sha256) => app.layer(Extension(PeerCertificate(sha256))),
        None => app,
    };
    requests(stream, app, stopping).await
}

async fn requests<S>(stream: S, app: Router, mut stopping: watch::Receiver<bool>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX.max(64 << 10))
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = std::pin::pin!(connection);
    let mut asked = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => return ended.map_err(io::Error::other),
            _ = stopping.wait_for(|stopping| *stopping), if !asked => {
                asked = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    *city::ContentHash::of(bytes).as_bytes()
}

/// Trusts the certificates that the definitions name.
struct KnownCertificates {
    exchange: Arc<Exchange>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl std::fmt::Debug for KnownCertificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KnownCertificates")
    }
}

impl ClientCertVerifier for KnownCertificates {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let compiled = self.exchange.compiled();
        if compiled
            .clients
            .of_certificate(&sha256(certificate))
            .is_some()
        {
            return Ok(ClientCertVerified::assertion());
        }
        Err(rustls::Error::General(
            "no client of the city's definitions has this certificate".to_owned(),
        ))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
