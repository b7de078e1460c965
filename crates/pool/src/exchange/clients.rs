//! The client systems of departments, ready for use: id, department, roles and parsed key.

use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use city::City;
use city::kinds::{Client, Role};
use rustc_hash::FxHashMap;

/// How a public key is marked in a definition.
const KEY_PREFIX: &str = "ed25519:";

/// A client system that may call.
#[derive(Debug)]
pub struct KnownClient {
    /// Its id.
    pub id: Arc<str>,
    /// The department whose system it is.
    pub department: Arc<str>,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The SHA-256 of its certificate, for mutual TLS.
    pub certificate: Option<[u8; 32]>,
    key: ParsedPublicKey,
}

impl KnownClient {
    /// Whether `signature` over `message` was made with the client's private key.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// Whether it may do this.
    pub fn may(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// The clients of a city.
#[derive(Debug, Default)]
pub struct Clients {
    by_id: FxHashMap<Arc<str>, Arc<KnownClient>>,
    by_certificate: FxHashMap<[u8; 32], Arc<KnownClient>>,
    demonstration: Vec<Arc<str>>,
}

impl Clients {
    /// The clients of `city`. Those of a demonstration, whose private keys anybody can derive, are
    /// left out unless `demonstration` is set; so are those whose key is none.
    pub fn of(city: &City, demonstration: bool) -> Self {
        let mut clients = Self::default();
        for definition in city.all::<Client>() {
            let id: Arc<str> = Arc::from(definition.id.as_str());
            if definition.demonstration && !demonstration {
                clients.demonstration.push(id);
                continue;
            }
            let Some(client) = known(&id, definition.department.as_deref(), definition) else {
                tracing::warn!(client = %id, "the client's public key is not an Ed25519 key; it cannot call");
                continue;
            };
            let client = Arc::new(client);
            if let Some(certificate) = client.certificate {
                clients
                    .by_certificate
                    .insert(certificate, Arc::clone(&client));
            }
            clients.by_id.insert(id, client);
        }
        clients
    }

    /// The client with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<KnownClient>> {
        self.by_id.get(id)
    }

    /// The client whose certificate has this SHA-256.
    pub fn of_certificate(&self, sha256: &[u8; 32]) -> Option<&Arc<KnownClient>> {
        self.by_certificate.get(sha256)
    }

    /// Whether a client is left out because this is no demonstration.
    pub fn is_left_out(&self, id: &str) -> bool {
        self.demonstration.iter().any(|left_out| **left_out == *id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

fn known(id: &Arc<str>, department: Option<&str>, client: &Client) -> Option<KnownClient> {
    let key = public_key(&client.public_key)?;
    Some(KnownClient {
        id: Arc::clone(id),
        department: Arc::from(department?),
        roles: client.roles.clone(),
        certificate: client.certificate_sha256.as_deref().and_then(from_hex),
        key: ParsedPublicKey::new(&ED25519, key).ok()?,
    })
}

/// The 32 bytes of a public key as definitions write it.
pub fn public_key(text: &str) -> Option<[u8; 32]> {
    let key = URL_SAFE_NO_PAD
        .decode(text.strip_prefix(KEY_PREFIX)?)
        .ok()?;
    key.try_into().ok()
}

/// A public key as definitions write it.
pub fn public_key_text(key: &[u8]) -> String {
    format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(key))
}

/// 32 bytes out of 64 hexadecimal digits; colons between them are left out.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_named_by_its_hash_with_or_without_colons() {
        let plain = "00ff".repeat(16);
        let colons = ["00", "ff"].repeat(16).join(":");
        assert_eq!(from_hex(&plain), from_hex(&colons));
        assert_eq!(from_hex(&plain).unwrap()[..2], [0, 255]);
        assert_eq!(from_hex("00"), None);
        assert_eq!(from_hex(&"zz".repeat(32)), None);
    }

    #[test]
    fn a_key_reads_as_it_is_written() {
        let key = [7; 32];
        assert_eq!(public_key(&public_key_text(&key)), Some(key));
        assert_eq!(public_key("ed25519:AA"), None);
        assert_eq!(public_key(&public_key_text(&key)[1..]), None);
    }
}
