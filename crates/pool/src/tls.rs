//! Connections to PostgreSQL over TLS, as the address asks for it: `sslmode` and `sslrootcert` mean
//! what they mean to `psql`.

use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Encrypted;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore,
    SignatureScheme,
};
use url::Url;

use crate::error::chain;

/// What is checked of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checked {
    /// Nothing: who listens in is shut out, and not who stands between.
    Nothing,
    /// That an authority vouches for its certificate.
    Authority,
    /// And that the certificate is for the host of the address.
    Host,
}

/// What the server said, and not only that it said something.
pub(crate) fn explained(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => chain(error),
    }
}

/// Reads an address: how to connect, and with which TLS.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(crate) fn address(url: &str) -> Result<(tokio_postgres::Config, Tls), String> {
    let (url, mode, roots) = taken_out(url)?;
    let mut config: tokio_postgres::Config = url.parse().map_err(|error| {
        let error = explained(&error);
        format!("{error}; write postgres://user:password@host/database?sslmode=verify-full")
    })?;
    let (asked, checked) = match (mode.as_deref(), &roots) {
        (Some("disable"), _) => (SslMode::Disable, Checked::Nothing),
        // In the form of words, the address has said it to the client itself.
        (None, _) => (config.get_ssl_mode(), Checked::Nothing),
        (Some("prefer" | "allow"), _) => (SslMode::Prefer, Checked::Nothing),
        (Some("require"), None) => (SslMode::Require, Checked::Nothing),
        (Some("require" | "verify-ca"), _) => (SslMode::Require, Checked::Authority),
        (Some("verify-full"), _) => (SslMode::Require, Checked::Host),
        (Some(other), _) => {
            return Err(format!(
                "sslmode is `{other}`: it can be disable, prefer, require, verify-ca or verify-full"
            ));
        }
    };
    config.ssl_mode(asked);
    Ok((config, Tls::new(checked, roots.as_deref())?))
}

/// An address without `sslmode` and `sslrootcert`, and these.
type TakenOut = (String, Option<String>, Option<String>);

fn taken_out(text: &str) -> Result<TakenOut, String> {
    // An address in the form of words (`host=… user=…`) or one with several hosts is no URL; TLS is
    // then asked for with `sslmode=require` at most.
    let Ok(mut url) = Url::parse(text) else {
        return Ok((text.to_owned(), None, None));
    };
    // The rest stays as it is written: PostgreSQL's addresses know no `+` for a space.
    let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
    for pair in url.query().unwrap_or_default().split('&') {
        let parsed = url::form_urlencoded::parse(pair.as_bytes()).next();
        let (name, value) = parsed.unwrap_or_default();
        match name.as_ref() {
            "sslmode" => mode = Some(value.into_owned()),
            "sslrootcert" => roots = Some(value.into_owned()),
            "sslcert" | "sslkey" => {
                return Err(format!(
                    "`{name}` is not known here: let the server ask for a password (SCRAM) instead of a client's certificate"
                ));
            }
            _ => rest.push(pair),
        }
    }
    if mode.is_none() && roots.is_none() {
        return Ok((text.to_owned(), None, None));
    }
    let rest = rest.join("&");
    url.set_query((!rest.is_empty()).then_some(rest.as_str()));
    Ok((url.into(), mode, roots))
}

/// Makes connections' TLS.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ClientConfig>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    fn new(checked: Checked, roots: Option<&str>) -> Result<Self, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let chain = match checked {
            Checked::Nothing => None,
            Checked::Authority | Checked::Host => {
                let roots = Arc::new(authorities(roots)?);
                let built =
                    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                Some(built.build().map_err(|error| error.to_string())?)
            }
        };
        let verifier = Verifier {
            provider: Arc::clone(&provider),
            chain,
            host: checked == Checked::Host,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// Most bytes of a file of authorities; the system's have a quarter of a million.
const ROOTS_BYTES_MAX: u64 = 4 << 20;

/// The authorities in a PEM file, or the system's.
fn authorities(file: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates = match file {
        None | Some("system") => rustls_native_certs::load_native_certs().certs,
        Some(file) => {
            let wrong = |error: io::Error| format!("sslrootcert: `{file}` cannot be read: {error}");
            let mut pem = Vec::new();
            let opened = std::fs::File::open(Path::new(file)).map_err(wrong)?;
            let bounded = io::Read::take(opened, ROOTS_BYTES_MAX + 1);
            io::Read::read_to_end(&mut { bounded }, &mut pem).map_err(wrong)?;
            if pem.len() as u64 > ROOTS_BYTES_MAX {
                return Err(format!(
                    "sslrootcert: `{file}` has more than {ROOTS_BYTES_MAX} bytes: name a PEM file of authorities' certificates"
                ));
            }
            rustls_pemfile::certs(&mut pem.as_slice())
                .collect::<Result<_, _>>()
                .map_err(wrong)?
        }
    };
    for certificate in certificates {
        // One that is not understood vouches for nobody.
        let _ = roots.add(certificate);
    }
    if roots.is_empty() {
        let file = file.unwrap_or("system");
        return Err(format!(
            "sslrootcert: there is no certificate of an authority in `{file}`: name a PEM file with the one that the server's is signed by"
        ));
    }
    Ok(roots)
}

/// Checks servers' certificates.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// What checks who vouches for it; none, if nobody has to.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Whether it has to be for the host.
    host: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        match chain.verify_server_cert(own, others, name, stapled, now) {
            // The name is looked at last, when all else is right.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.host => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = &self.provider.signature_verification_algorithms;
        known.supported_schemes()
    }
}

/// One connection's TLS, to be made.
pub(crate) struct Connect {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// One connection.
pub(crate) struct Stream<S>(Encrypted<S>);

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Connect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connect, io::Error> {
        Ok(Connect {
            config: Arc::clone(&self.0),
            name: ServerName::try_from(host.to_owned()).map_err(io::Error::other)?,
        })
    }
}

impl<S> TlsConnect<S> for Connect
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Stream<S>, io::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let connecting = TlsConnector::from(self.config).connect(self.name, stream);
        Box::pin(async move { connecting.await.map(Stream) })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, String> {
        address(url).map(|(config, _)| config.get_ssl_mode())
    }

    #[test]
    fn an_address_says_which_tls_it_asks_for() {
        let with = |query: &str| mode(&format!("postgres://u:p@h/d{query}"));
        assert_eq!(with(""), Ok(SslMode::Prefer));
        assert_eq!(with("?sslmode=disable"), Ok(SslMode::Disable));
        assert_eq!(
            with("?application_name=x&sslmode=require"),
            Ok(SslMode::Require)
        );
        assert_eq!(mode("host=h user=u sslmode=require"), Ok(SslMode::Require));
        let wrong = with("?sslmode=verify").unwrap_err();
        assert!(wrong.contains("verify-full"), "{wrong}");
        let wrong = with("?sslmode=verify-full&sslrootcert=/nowhere.pem").unwrap_err();
        assert!(wrong.contains("/nowhere.pem"), "{wrong}");
        let wrong = with("?connect_timeout=soon").unwrap_err();
        assert!(wrong.contains("connect_timeout"), "{wrong}");
        let wrong = with("?sslcert=mine.pem").unwrap_err();
        assert!(wrong.contains("sslcert"), "{wrong}");
    }

    #[test]
    fn what_else_an_address_says_stays() {
        let (config, _) = address(
            "postgres://u:p%40w@h:5433/d?connect_timeout=7&sslmode=require&options=-c%20a%3D1%2B1",
        )
        .unwrap();
        assert_eq!(config.get_options(), Some("-c a=1+1"));
        assert_eq!(config.get_password(), Some(&b"p@w"[..]));
        assert_eq!(config.get_ports(), [5433]);
        let seven = std::time::Duration::from_secs(7);
        assert_eq!(config.get_connect_timeout(), Some(&seven));
    }
}
