//! Keys as the signed-note format writes them: `name+hash+base64` for whoever verifies, and
//! `PRIVATE+KEY+name+hash+base64` for whoever signs. The hash binds the name and the algorithm to
//! the key, so that a log's key cannot be passed off as a witness's.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::Error;
use crate::hash::Hash;
use crate::outside::{Outage, Signer};

/// Bytes of an Ed25519 key, public or secret.
pub const KEY_BYTES: usize = 32;

/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

/// Bytes of the hash that names a key in a signature.
pub(crate) const KEY_HASH_BYTES: usize = 4;

/// Longest name of a key, bytes.
const NAME_BYTES_MAX: usize = 255;

/// What every encoded secret key begins with.
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 over the note: a log's signature. Byte 0x01.
    Log,
    /// Ed25519 over a time and the note: a witness's `cosignature/v1`. Byte 0x04.
    Cosignature,
}

impl Algorithm {
    /// The byte that stands for it in keys and key hashes.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Cosignature => 4,
        }
    }

    fn of(byte: u8) -> Result<Self, Error> {
        match byte {
            1 => Ok(Self::Log),
            4 => Ok(Self::Cosignature),
            other => Err(Error::key(format!(
                "algorithm byte {other} is neither 1 (Ed25519) nor 4 (cosignature/v1)"
            ))),
        }
    }
}

/// The first four bytes of SHA-256 of name, newline, algorithm and public key.
fn key_hash(name: &str, algorithm: Algorithm, public: &[u8]) -> [u8; KEY_HASH_BYTES] {
    let hash = Hash::of(&[name.as_bytes(), b"\n", &[algorithm.byte()], public]);
    let [a, b, c, d, ..] = hash.0;
    [a, b, c, d]
}

/// A name may be anything without white space, `+` and control characters.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(Error::key(format!(
            "a name has 1 to {NAME_BYTES_MAX} bytes, {name:?} has {}",
            name.len()
        )));
    }
    if let Some(wrong) = name
        .chars()
        .find(|c| c.is_whitespace() || c.is_control() || *c == '+')
    {
        return Err(Error::key(format!(
            "the name {name:?} holds {wrong:?}; names have no white space, + or control characters"
        )));
    }
    Ok(())
}

/// Splits `name+hash+base64` and checks the hash against what `hash_of` makes of name and bytes.
fn split(text: &str) -> Result<(&str, [u8; KEY_HASH_BYTES], Vec<u8>), Error> {
    let form = || Error::key("a key reads name+8 hexadecimal digits+base64");
    let (name, rest) = text.trim().split_once('+').ok_or_else(form)?;
    let (hash, data) = rest.split_once('+').ok_or_else(form)?;
    check_name(name)?;
    if hash.len() != 2 * KEY_HASH_BYTES {
        return Err(form());
    }
    let hash = u32::from_str_radix(hash, 16)
        .map_err(|error| Error::key(format!("{hash:?} is no hexadecimal number: {error}")))?;
    let data = STANDARD
        .decode(data)
        .map_err(|error| Error::key(format!("{data:?} is no base64: {error}")))?;
    if data.len() != 1 + KEY_BYTES {
        return Err(Error::key(format!(
            "{} bytes after the hash: an Ed25519 key has 1 for the algorithm and {KEY_BYTES}",
            data.len()
        )));
    }
    Ok((name, hash.to_be_bytes(), data))
}

/// A public key with its name: what a reader needs to check a log or a witness.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    public: [u8; KEY_BYTES],
    hash: [u8; KEY_HASH_BYTES],
}

impl VerifierKey {
    /// The key `public` under `name`.
    pub fn new(name: &str, algorithm: Algorithm, public: [u8; KEY_BYTES]) -> Result<Self, Error> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            algorithm,
            public,
            hash: key_hash(name, algorithm, &public),
        })
    }

    /// Its name; for a log's key this is the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hash that names it in signatures.
    pub fn hash(&self) -> [u8; KEY_HASH_BYTES] {
        self.hash
    }

    /// The key itself.
    pub fn public(&self) -> &[u8; KEY_BYTES] {
        &self.public
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut data = vec![self.algorithm.byte()];
        data.extend_from_slice(&self.public);
        let hash = u32::from_be_bytes(self.hash);
        write!(f, "{}+{hash:08x}+{}", self.name, STANDARD.encode(data))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, hash, data) = split(text)?;
        let algorithm = Algorithm::of(data[0])?;
        let mut public = [0; KEY_BYTES];
        public.copy_from_slice(&data[1..]);
        let key = Self::new(name, algorithm, public)?;
        if key.hash != hash {
            return Err(Error::key(format!(
                "the hash {:08x} does not belong to the name {name:?} and this key: it would be \
                 {:08x}",
                u32::from_be_bytes(hash),
                u32::from_be_bytes(key.hash)
            )));
        }
        Ok(key)
    }
}

/// A secret key with its name.
pub struct SecretKey {
    verifier: VerifierKey,
    seed: [u8; KEY_BYTES],
    pair: Ed25519KeyPair,
}

impl SecretKey {
    /// The key that grows from `seed`.
    pub fn from_seed(
        name: &str,
        algorithm: Algorithm,
        seed: [u8; KEY_BYTES],
    ) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|error| Error::key(format!("the seed gives no Ed25519 key: {error}")))?;
        let mut public = [0; KEY_BYTES];
        public.copy_from_slice(pair.public_key().as_ref());
        Ok(Self {
            verifier: VerifierKey::new(name, algorithm, public)?,
            seed,
            pair,
        })
    }

    /// A new key from the system's random numbers.
    pub fn generate(name: &str, algorithm: Algorithm) -> Result<Self, Error> {
        let mut seed = [0; KEY_BYTES];
        SystemRandom::new()
            .fill(&mut seed)
            .map_err(|_ignored| Error::key("the system gives no random numbers"))?;
        Self::from_seed(name, algorithm, seed)
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Ed25519 over `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut signature = [0; SIGNATURE_BYTES];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }

    /// The encoded key, secret and all. Whoever reads it can sign.
    pub fn to_secret_text(&self) -> String {
        let mut data = vec![self.verifier.algorithm.byte()];
        data.extend_from_slice(&self.seed);
        let hash = u32::from_be_bytes(self.verifier.hash);
        let name = &self.verifier.name;
        format!("{SECRET_PREFIX}{name}+{hash:08x}+{}", STANDARD.encode(data))
    }
}

impl FromStr for SecretKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text
            .trim()
            .strip_prefix(SECRET_PREFIX)
            .ok_or_else(|| Error::key(format!("a secret key begins with {SECRET_PREFIX}")))?;
        let (name, hash, data) = split(text)?;
        let algorithm = Algorithm::of(data[0])?;
        let mut seed = [0; KEY_BYTES];
        seed.copy_from_slice(&data[1..]);
        let key = Self::from_seed(name, algorithm, seed)?;
        if key.verifier.hash != hash {
            return Err(Error::key(format!(
                "the hash in the key does not belong to the name {name:?} and this key"
            )));
        }
        Ok(key)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(secret of {})", self.verifier)
    }
}

/// A signer whose secret key is in this process.
#[derive(Debug)]
pub struct LocalSigner(SecretKey);

impl LocalSigner {
    /// Signs with `key`, which has to be a log's.
    pub fn new(key: SecretKey) -> Result<Self, Error> {
        if key.verifier.algorithm != Algorithm::Log {
            return Err(Error::key(format!(
                "{} is a witness's key; a log signs with one of its own",
                key.verifier.name
            )));
        }
        Ok(Self(key))
    }
}

impl Signer for LocalSigner {
    fn key(&self) -> &VerifierKey {
        self.0.verifier()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Outage> {
        Ok(self.0.sign(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of Go's `golang.org/x/mod/sumdb/note`.
    const SECRET: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn keys_are_read_and_written_as_go_does() {
        let secret: SecretKey = SECRET.parse().unwrap();
        assert_eq!(secret.verifier().to_string(), PUBLIC);
        assert_eq!(secret.to_secret_text(), SECRET);
        let public: VerifierKey = PUBLIC.parse().unwrap();
        assert_eq!(&public, secret.verifier());
    }

    #[test]
    fn the_hash_binds_name_algorithm_and_key() {
        for wrong in [
            PUBLIC.replace("Peter", "Paul"),
            PUBLIC.replace("ARpc", "BBpc"),
            PUBLIC.replace("10TW", "10TX"),
            PUBLIC.replace("c74f20a3", "c74f20a4"),
            PUBLIC.replace("ARpc", "AZpc"),
        ] {
            assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
        }
        for wrong in ["", "a", "a+b", "a+00000000+", "a b+00000000+AA==", PUBLIC] {
            assert!(wrong.parse::<SecretKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_hold_no_spaces_or_plus_signs() {
        for name in ["", "a b", "a+b", "a\n", "a\u{3000}b", &"x".repeat(256)] {
            assert!(
                SecretKey::from_seed(name, Algorithm::Log, [1; 32]).is_err(),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret: SecretKey = SECRET.parse().unwrap();
        assert!(!format!("{secret:?}").contains("AYEK"));
    }

    #[test]
    fn a_witness_key_signs_no_log() {
        let key = SecretKey::generate("w", Algorithm::Cosignature).unwrap();
        assert!(LocalSigner::new(key).is_err());
    }
}
