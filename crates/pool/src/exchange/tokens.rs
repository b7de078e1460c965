//! Tokens: who calls, for what, and that it is this very call.
//!
//! A token is a JWT signed with the client's Ed25519 key (RFC 8037). It is bound to one request:
//! method, path with query, and the hash of the body. It lives a minute at most and is good once.
//! Checked here directly with `aws-lc-rs` and the client's parsed key: a token costs little more
//! than its signature. The tests make theirs with another implementation as well.

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::clients::{Clients, KnownClient};
use super::replay::{Replay, Use};
use crate::clock::Moment;

/// Most seconds between a token's `iat` and `exp`.
pub const LIFE_MAX_S: i64 = 60;
/// Most seconds by which a client's clock may differ from ours.
pub const SKEW_MAX_S: i64 = 5;
/// Most bytes of a token.
pub(crate) const TOKEN_BYTES_MAX: usize = 4_096;
/// Most bytes of `jti`, `purpose` and `ref`.
pub(crate) const TEXT_BYTES_MAX: usize = 200;

/// How long a used token must be remembered, microseconds: as long as it could be valid.
pub(crate) const REMEMBERED_US: i64 = (LIFE_MAX_S + 2 * SKEW_MAX_S + 1) * 1_000_000;

/// The header that nearly every token has, encoded: `{"alg":"EdDSA","typ":"JWT"}`.
pub(crate) const USUAL_HEADER: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9";

/// What is wrong with a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// There is none.
    #[error("the call needs a token: `Authorization: Bearer <JWT>`, signed with the client's key")]
    Missing,
    /// It is not a token.
    #[error("the token cannot be read: {0}")]
    Malformed(&'static str),
    /// It is not signed with Ed25519.
    #[error("the token's `alg` must be `EdDSA`")]
    Algorithm,
    /// No client has that id.
    #[error("the token's `iss` is `{0}`, and there is no such client")]
    UnknownClient(String),
    /// A made-up client, and this is no demonstration.
    #[error(
        "the client `{0}` is a demonstration's: anybody can derive its key, so it may not call here"
    )]
    Demonstration(String),
    /// The signature is not the client's.
    #[error("the token is not signed with the key of the client that it names")]
    Signature,
    /// It is for another city.
    #[error("the token's `aud` must be `{0}`")]
    Audience(String),
    /// Its time has not come.
    #[error(
        "the token's `iat` or `nbf` is {ahead_s} s ahead of the server's clock, and {SKEW_MAX_S} s are allowed"
    )]
    Future {
        /// How far ahead, seconds.
        ahead_s: i64,
    },
    /// Its time is over.
    #[error("the token expired {ago_s} s ago; make one for each call")]
    Expired {
        /// How long ago, seconds.
        ago_s: i64,
    },
    /// It would live too long.
    #[error(
        "the token would live {life_s} s; it may live {LIFE_MAX_S} s at most, and at least one"
    )]
    Life {
        /// How long, seconds.
        life_s: i64,
    },
    /// It was made before the server began to remember tokens.
    #[error("the token was issued before the server started; make another")]
    BeforeStart,
    /// It has been used.
    #[error("the token has been used before; each is good for one call")]
    Replayed,
    /// Too many tokens in too short a time to remember.
    #[error(
        "more tokens have come in the last minute than the server can remember; try again in a minute"
    )]
    Full,
    /// It is for another method.
    #[error("the token is for the method `{0}`, not for this one")]
    Method(String),
    /// It is for another address.
    #[error("the token is for another address: its `htu` must be the path with the query, as sent")]
    Target,
    /// It is for another body.
    #[error(
        "the token is for another body: its `bh` must be the base64url SHA-256 of the body, as sent"
    )]
    Body,
    /// It names no purpose that could be one.
    #[error("the token's `{0}` must have 1 to {TEXT_BYTES_MAX} bytes and no control characters")]
    Text(&'static str),
    /// A bearer token of Delta Sharing that is none, or no longer.
    #[error("the sharing profile {0}; `citybrain client share-profile` makes another")]
    Profile(&'static str),
    /// The connection's certificate is another client's.
    #[error("the connection's certificate is not that of the client `{0}`")]
    Certificate(String),
}

/// What a token says.
#[derive(Debug, Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    iat: i64,
    nbf: Option<i64>,
    exp: i64,
    #[serde(borrow)]
    jti: Cow<'a, str>,
    #[serde(borrow)]
    purpose: Cow<'a, str>,
    #[serde(borrow, rename = "ref", default)]
    reference: Option<Cow<'a, str>>,
    #[serde(borrow)]
    htm: Cow<'a, str>,
    #[serde(borrow)]
    htu: Cow<'a, str>,
    #[serde(borrow)]
    bh: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow, default)]
    crit: Option<Vec<Cow<'a, str>>>,
}

/// The request that a token must be for.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `POST`, `GET` …
    pub method: &'a str,
    /// Path and query, as sent.
    pub target: &'a str,
    /// The body, as sent.
    pub body: &'a [u8],
}

/// Somebody who may call: proven, and bound to a purpose.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The client.
    pub client: Arc<KnownClient>,
    /// For what: `matter/…`, `policy/…`, `operation/…`, `analysis/…`.
    pub purpose: Box<str>,
    /// What it is for in particular: a case number or the like.
    pub reference: Option<Box<str>>,
    /// The SHA-256 of the token, or of the certificate: evidence for the ledger.
    pub evidence: [u8; 32],
}

/// What tokens are checked against, besides the clients.
#[derive(Debug)]
pub struct Gate {
    audience: String,
    started_s: i64,
    replay: Replay,
}

impl Gate {
    /// For the city with this id, from now on: tokens issued before are refused, since they may
    /// have been used before the server was started.
    pub fn new(audience: &str, now: Moment, seed: u64) -> Self {
        Self {
            audience: audience.to_owned(),
            started_s: now.seconds(),
            replay: Replay::new(REMEMBERED_US, seed),
        }
    }

    /// The city's id, which must be a token's `aud`.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Who calls, if `token` proves it for `call`.
    ///
    /// # Errors
    /// What is wrong with the token.
    pub fn admit(
        &self,
        clients: &Clients,
        token: &str,
        call: Call<'_>,
        now: Moment,
    ) -> Result<Caller, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::Malformed("it is longer than 4096 bytes"));
        }
        let (signed, signature) = token
            .rsplit_once('.')
            .ok_or(TokenFault::Malformed("it has no signature"))?;
        let (header, payload) = signed.split_once('.').ok_or(TokenFault::Malformed(
            "it is not three parts with `.` between them",
        ))?;
        if header != USUAL_HEADER {
            check_header(header)?;
        }
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .or(Err(TokenFault::Malformed(
                "its claims are not base64url without padding",
            )))?;
        let claims: Claims<'_> = serde_json::from_slice(&payload)
            .or(Err(TokenFault::Malformed("its claims are not a JSON object with iss, aud, iat, exp, jti, purpose, htm, htu and bh")))?;
        let client = clients.get(&claims.iss).ok_or_else(|| {
            let id = shortened(&claims.iss);
            if clients.is_left_out(&claims.iss) {
                TokenFault::Demonstration(id)
            } else {
                TokenFault::UnknownClient(id)
            }
        })?;
        let mut bytes = [0; 64];
        let length = URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes);
        if length != Ok(bytes.len()) || !client.has_signed(signed.as_bytes(), &bytes) {
            return Err(TokenFault::Signature);
        }
        self.check_claims(&claims, call, now)?;
        match self.replay.take(&client.id, &claims.jti, now) {
            Use::First => {}
            Use::Again => return Err(TokenFault::Replayed),
            Use::Full => return Err(TokenFault::Full),
        }
        Ok(Caller {
            client: Arc::clone(client),
            purpose: claims.purpose.into(),
            reference: claims.reference.map(Into::into),
            evidence: sha256(token.as_bytes()),
        })
    }

    fn check_claims(
        &self,
        claims: &Claims<'_>,
        call: Call<'_>,
        now: Moment,
    ) -> Result<(), TokenFault> {
        if *claims.aud != *self.audience {
            return Err(TokenFault::Audience(self.audience.clone()));
        }
        let now = now.seconds();
        let begins = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
        if begins > now + SKEW_MAX_S {
            return Err(TokenFault::Future {
                ahead_s: begins.saturating_sub(now),
            });
        }
        let life = claims.exp.saturating_sub(claims.iat);
        if !(1..=LIFE_MAX_S).contains(&life) {
            return Err(TokenFault::Life { life_s: life });
        }
        if claims.exp + SKEW_MAX_S <= now {
            return Err(TokenFault::Expired {
                ago_s: now - claims.exp,
            });
        }
        if claims.iat <= self.started_s {
            return Err(TokenFault::BeforeStart);
        }
        for (name, text) in [
            ("jti", Some(&claims.jti)),
            ("purpose", Some(&claims.purpose)),
            ("ref", claims.reference.as_ref()),
        ] {
            if text.is_some_and(|text| !is_plain(text)) {
                return Err(TokenFault::Text(name));
            }
        }
        if *claims.htm != *call.method {
            return Err(TokenFault::Method(shortened(&claims.htm)));
        }
        if *claims.htu != *call.target {
            return Err(TokenFault::Target);
        }
        let mut hash = [0; 43];
        let written = URL_SAFE_NO_PAD.encode_slice(sha256(call.body), &mut hash);
        if written != Ok(hash.len()) || claims.bh.as_bytes() != hash {
            return Err(TokenFault::Body);
        }
        Ok(())
    }
}

/// Whether a purpose, a reference or a name is one that can stand in the ledger.
pub(crate) fn is_plain(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn check_header(header: &str) -> Result<(), TokenFault> {
    let unreadable = TokenFault::Malformed("its header is not base64url JSON");
    let header = URL_SAFE_NO_PAD.decode(header).or(Err(unreadable.clone()))?;
    let header: Header<'_> = serde_json::from_slice(&header).or(Err(unreadable))?;
    if header.alg != "EdDSA" {
        return Err(TokenFault::Algorithm);
    }
    if header.crit.is_some() {
        return Err(TokenFault::Malformed(
            "it has `crit`, and the exchange knows no extension",
        ));
    }
    Ok(())
}

/// The SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// The beginning of a text that somebody else wrote, for a message.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
