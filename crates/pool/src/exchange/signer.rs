//! The other side of a token: what a client system does to make one, for our own command line,
//! the load generator and tests, and as the example that `docs/exchange.md` shows.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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
#[error("an Ed25519 private key is 32 bytes (its seed)")]
pub struct NoKey;

impl Signer {
    /// Signs for `client` with the key whose seed is `seed`. `run` must differ from run to run: it
    /// begins the name of each token.
    pub fn new(client: &str, seed: &[u8], run: u64) -> Result<Self, NoKey> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).or(Err(NoKey))?;
        Ok(Self { client: client.to_owned(), key, run: format!("{run:x}"), made: AtomicU64::new(0) })
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
    pub fn token(&self, audience: &str, purpose: &str, reference: Option<&str>, call: Call<'_>, now: Moment) -> String {
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
        assert!(std::fs::read_to_string(file).unwrap().contains(&signer.public_key()));
    }

    #[test]
    fn a_key_is_32_bytes() {
        assert_eq!(Signer::new("a", &[1; 31], 0).err(), Some(NoKey));
    }
}
