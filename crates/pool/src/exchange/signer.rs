//! The other side of a token: what a client system does to make one, for our own command line,
//! the load generator and tests, and as the example that `docs/exchange.md` shows.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::clients::public_key_text;
use super::tokens::{Call, LIFE_MAX_S, USUAL_HEADER, sha256};
use crate::clock::Moment;

/// What the private keys of a demonstration are derived from, with the client's id behind it.
const DEMONSTRATION: &str = "citybrain demonstration key/";

/// A client's private key, and what it signs with it.
#[derive(Debug)]
pub struct Signer {
    client: String,
    key: Ed25519KeyPair,
    /// So that no two tokens have the same `jti`.
    run: String,
    made: AtomicU64,
}

/// A key that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no Ed25519 private key: it must be PKCS #8 in PEM, as `citybrain client key` and `openssl genpkey -algorithm ed25519` write it"
)]
pub struct NoKey;

/// What stands around a private key in a PEM file.
const PEM: [&str; 2] = ["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"];
/// Characters in a line of a PEM file.
const PEM_LINE: usize = 64;

impl Signer {
    /// Signs for `client` with the key whose seed is `seed`. `run` must differ from run to run: it
    /// begins the name of each token.
    pub fn new(client: &str, seed: &[u8], run: u64) -> Result<Self, NoKey> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).or(Err(NoKey))?;
        Ok(Self {
            client: client.to_owned(),
            key,
            run: format!("{run:x}"),
            made: AtomicU64::new(0),
        })
    }

    /// Signs for `client` with the key of a PEM file (PKCS #8).
    pub fn from_pem(client: &str, pem: &str, run: u64) -> Result<Self, NoKey> {
        let (_, rest) = pem.split_once(PEM[0]).ok_or(NoKey)?;
        let (text, _) = rest.split_once(PEM[1]).ok_or(NoKey)?;
        let text: String = text.split_whitespace().collect();
        let der = STANDARD.decode(text).or(Err(NoKey))?;
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).or(Err(NoKey))?;
        Ok(Self {
            client: client.to_owned(),
            key,
            run: format!("{run:x}"),
            made: AtomicU64::new(0),
        })
    }

    /// A new private key, as a PEM file has it (PKCS #8).
    pub fn new_pem() -> Result<String, NoKey> {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).or(Err(NoKey))?;
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(PEM_LINE)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        Ok(format!("{}\n{}\n{}\n", PEM[0], lines.join("\n"), PEM[1]))
    }

    /// Signs for a client of a demonstration city, whose key anybody can derive.
    pub fn demonstration(client: &str, run: u64) -> Result<Self, NoKey> {
        Self::new(client, &demonstration_seed(client), run)
    }

    /// The client's id.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// The public key as definitions write it.
    pub fn public_key(&self) -> String {
        public_key_text(self.key.public_key().as_ref())
    }

    /// Signs bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.key.sign(message).as_ref());
        signature
    }

    /// A token for one call.
    pub fn token(
        &self,
        audience: &str,
        purpose: &str,
        reference: Option<&str>,
        call: Call<'_>,
        now: Moment,
    ) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let mut claims = String::with_capacity(400);
        let seconds = now.seconds();
        // Writing to a String cannot fail.
        let _ = write!(
            claims,
            r#"{{"iss":{},"aud":{},"iat":{seconds},"exp":{},"jti":"{}-{number:x}","purpose":{},"htm":{},"htu":{},"bh":"{}""#,
            text(&self.client),
            text(audience),
            seconds + LIFE_MAX_S,
            self.run,
            text(purpose),
            text(call.method),
            text(call.target),
            URL_SAFE_NO_PAD.encode(sha256(call.body)),
        );
        if let Some(reference) = reference {
            let _ = write!(claims, r#","ref":{}"#, text(reference));
        }
        claims.push('}');
        self.jws(USUAL_HEADER, claims.as_bytes())
    }

    /// A compact JWS over `payload` with an encoded header.
    pub(crate) fn jws(&self, header: &str, payload: &[u8]) -> String {
        let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 100);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

/// The private key of a demonstration's client.
pub fn demonstration_seed(client: &str) -> [u8; 32] {
    sha256(format!("{DEMONSTRATION}{client}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_city_has_the_keys_that_it_says_it_has() {
        let signer = Signer::demonstration("archives-systems", 0).unwrap();
        let file = "../../cities/hangzhou/departments/archives/clients/archives-systems.yaml";
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        assert!(
            std::fs::read_to_string(file)
                .unwrap()
                .contains(&signer.public_key())
        );
    }

    #[test]
    fn a_key_is_32_bytes_or_a_pem_file() {
        assert_eq!(Signer::new("a", &[1; 31], 0).err(), Some(NoKey));
        let pem = Signer::new_pem().unwrap();
        let (one, two) = (
            Signer::from_pem("a", &pem, 0).unwrap(),
            Signer::from_pem("b", &pem, 0).unwrap(),
        );
        assert_eq!(one.public_key(), two.public_key());
        assert_ne!(
            one.public_key(),
            Signer::from_pem("a", &Signer::new_pem().unwrap(), 0)
                .unwrap()
                .public_key()
        );
        assert_eq!(Signer::from_pem("a", "", 0).err(), Some(NoKey));
    }

    #[test]
    fn a_key_that_openssl_made_is_read() {
        // openssl genpkey -algorithm ed25519; openssl pkey -pubout -outform DER | tail -c 32 | base64
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIOvpe68Lzw5MWsu987mEiYgLfEPJ1uPTHSzZz1W3OaZy\n-----END PRIVATE KEY-----\n";
        let signer = Signer::from_pem("a", pem, 0).unwrap();
        assert_eq!(
            signer.public_key(),
            "ed25519:MYaA9N5Ek0DVLWVpB5fSzfdQyk7rs7sCN5fnN4rqSRQ"
        );
    }
}
