//! Tokens in place of identifiers: the same person has the same token within a purpose, so that
//! tables can be joined, and another one in each other purpose, so that answers cannot.

use std::hash::Hasher;
use std::io::{ErrorKind, Write};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use aws_lc_rs::{hmac, rand};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::error::Error;

/// Bytes of the secret.
const SECRET_BYTES: usize = 32;
/// The file in which it is kept, in the pool's folder.
const SECRET_FILE: &str = "tokens.key";
/// What tokens begin with.
const PREFIX: &[u8; 4] = b"tok_";
/// Characters of a token after that: 128 bits, six each.
const DIGITS: usize = 22;
/// The digits of base64url.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What the keys of all purposes are made from.
#[derive(Clone)]
pub struct Secret([u8; SECRET_BYTES]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// From bytes, for tests and for those who keep it elsewhere.
    pub const fn new(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// The secret of the pool in `folder`, made if there is none.
    pub fn of(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(SECRET_FILE);
        let wrong = |source: std::io::Error| Error::Key {
            path: path.display().to_string(),
            source,
        };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let bytes = bytes.try_into().map_err(|bytes: Vec<u8>| {
                    let what = format!("{} bytes; a secret has {SECRET_BYTES}", bytes.len());
                    wrong(std::io::Error::new(ErrorKind::InvalidData, what))
                })?;
                return Ok(Self(bytes));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(wrong(error)),
        }
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes).map_err(|error| wrong(std::io::Error::other(error)))?;
        std::fs::create_dir_all(folder).map_err(wrong)?;
        // Whole or not at all: a torn secret would change all tokens.
        let mut file = tempfile(folder).map_err(wrong)?;
        file.1
            .write_all(&bytes)
            .and_then(|()| file.1.sync_all())
            .map_err(wrong)?;
        match std::fs::hard_link(&file.0, &path) {
            Ok(()) => {
                let _ = std::fs::remove_file(&file.0); // it has its other name
                Ok(Self(bytes))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let _ = std::fs::remove_file(&file.0); // another process was first
                Self::of(folder)
            }
            Err(error) => Err(wrong(error)),
        }
    }

    /// The tokens of a purpose.
    pub(crate) fn tokens(&self, purpose: &str) -> Tokens {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(
            &key,
            format!("citybrain question tokens/{purpose}").as_bytes(),
        );
        let half = |at: usize| {
            let bytes = tag
                .as_ref()
                .get(at..at + 8)
                .and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default()) // the tag has 32 bytes
        };
        Tokens {
            key: (half(0), half(8)),
        }
    }
}

/// A new file in `folder` that only its owner may read.
fn tempfile(folder: &Path) -> std::io::Result<(std::path::PathBuf, std::fs::File)> {
    let path = folder.join(format!(".{SECRET_FILE}.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    Ok((path, file))
}

/// Makes the tokens of one purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokens {
    key: (u64, u64),
}

impl Tokens {
    /// Made from a key that came from another process.
    pub(crate) const fn of_key(key: (u64, u64)) -> Self {
        Self { key }
    }

    /// The key.
    pub(crate) const fn key(self) -> (u64, u64) {
        self.key
    }

    /// The token of a text.
    pub(crate) fn token(self, text: &[u8]) -> [u8; PREFIX.len() + DIGITS] {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        hasher.write(text);
        let hash = hasher.finish128().as_u128();
        let mut token = [0; PREFIX.len() + DIGITS];
        token[..PREFIX.len()].copy_from_slice(PREFIX);
        for (at, digit) in token[PREFIX.len()..].iter_mut().enumerate() {
            *digit = ALPHABET[(hash >> (6 * at) & 63) as usize];
        }
        token
    }

    /// The tokens of a column of texts.
    pub(crate) fn column(self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let texts = cast(column, &DataType::Utf8View)?;
        let texts = texts.as_string_view();
        let mut tokens =
            StringViewBuilder::with_capacity(texts.len()).with_fixed_block_size(1 << 20);
        for text in texts {
            match text {
                Some(text) => {
                    let token = self.token(text.as_bytes());
                    tokens.append_value(std::str::from_utf8(&token).unwrap_or_default()); // ASCII
                }
                None => tokens.append_null(),
            }
        }
        Ok(std::sync::Arc::new(tokens.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_within_a_purpose_and_another_in_the_next() {
        let secret = Secret::new([7; SECRET_BYTES]);
        let token = |purpose: &str, text: &str| secret.tokens(purpose).token(text.as_bytes());
        assert_eq!(
            token("analysis/a", "330106199001011234"),
            token("analysis/a", "330106199001011234")
        );
        assert_ne!(
            token("analysis/a", "330106199001011234"),
            token("analysis/b", "330106199001011234")
        );
        assert_ne!(
            token("analysis/a", "330106199001011234"),
            token("analysis/a", "330106199001011235")
        );
        assert!(token("analysis/a", "").starts_with(b"tok_"));
    }

    #[test]
    fn a_secret_is_made_once_and_read_again() {
        let folder = ::tempfile::tempdir().unwrap();
        let first = Secret::of(folder.path()).unwrap();
        assert_eq!(first.0, Secret::of(folder.path()).unwrap().0);
        std::fs::write(folder.path().join(SECRET_FILE), b"short").unwrap();
        assert!(
            Secret::of(folder.path())
                .unwrap_err()
                .to_string()
                .contains("tokens.key")
        );
    }
}
