//! Personal identifiers stand in the ledger only as keyed hashes: whoever has the key can find a
//! person's entries, whoever has only the ledger can neither read nor guess who it is about.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// Bytes of a token: 128 bits, so that two subjects never share one by chance.
const TOKEN_BYTES: usize = 16;

/// The secret that turns identifiers into tokens.
#[derive(Clone)]
pub struct SubjectKey(hmac::Key);

impl SubjectKey {
    /// The key with this secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The token of the subject `id` of a `kind` (`person`, `enterprise`, …). HMAC-SHA256 of the
    /// kind, a zero byte and the identifier, cut to 128 bits.
    pub fn token(&self, kind: &str, id: &str) -> SubjectToken {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(id.as_bytes());
        let tag = context.sign();
        SubjectToken(URL_SAFE_NO_PAD.encode(&tag.as_ref()[..TOKEN_BYTES]))
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(secret)")
    }
}

/// What stands for a subject in the ledger: 22 characters of base64url.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SubjectToken(String);

impl SubjectToken {
    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_depends_on_key_kind_and_identifier() {
        let key = SubjectKey::new(&[7; 32]);
        let token = key.token("person", "330106199001011234");
        assert_eq!(token.as_str().len(), 22);
        assert_eq!(token, key.token("person", "330106199001011234"));
        assert_ne!(token, key.token("person", "330106199001011235"));
        assert_ne!(token, key.token("enterprise", "330106199001011234"));
        let other = SubjectKey::new(&[8; 32]);
        assert_ne!(token, other.token("person", "330106199001011234"));
    }

    #[test]
    fn a_token_is_hmac_sha256_cut_to_128_bits() {
        // python: hmac.new(b"\x07" * 32, b"person\x001", "sha256").digest()[:16], base64url
        let token = SubjectKey::new(&[7; 32]).token("person", "1");
        assert_eq!(token.as_str(), "5tvR8nCrjQ4-o6o-HokaNQ");
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert_eq!(
            format!("{:?}", SubjectKey::new(&[7; 32])),
            "SubjectKey(secret)"
        );
    }
}
