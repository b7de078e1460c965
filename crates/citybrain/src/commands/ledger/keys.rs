//! Keys as the ledger's commands take them: as text, or as a file with it.

use std::path::Path;

use ledger::{SecretKey, VerifierKey};

use crate::error::Error;

/// What keys look like, for messages.
const KEYS: &str =
    "a key reads name+8 hexadecimal digits+base64; `citybrain ledger keygen` makes one";

/// The public key in `text`, or in the file of that name. Of a secret key's file it is the public
/// half.
pub(super) fn public(option: &str, text: &str) -> Result<VerifierKey, Error> {
    let wrong = |message: String| Error::Option {
        message,
        help: Some(KEYS.to_owned()),
    };
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let path = Path::new(text);
    if !path.exists() {
        let error = text.parse::<VerifierKey>().err();
        let reason = error.map_or_else(String::new, |error| format!(": {error}"));
        let message = format!("{option} {text:?} is neither a file nor a public key{reason}");
        return Err(wrong(message));
    }
    let held = read(path)?;
    if let Ok(secret) = held.parse::<SecretKey>() {
        return Ok(secret.verifier().clone());
    }
    held.parse().map_err(|error| Error::Input {
        what: "a public key",
        path: path.to_owned(),
        source: Box::new(error),
        help: Some(KEYS.to_owned()),
    })
}

/// The secret key in a file.
pub(super) fn secret(path: &Path) -> Result<SecretKey, Error> {
    read(path)?.parse().map_err(|error| Error::Input {
        what: "a secret key",
        path: path.to_owned(),
        source: Box::new(error),
        help: Some(KEYS.to_owned()),
    })
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::Input {
        what: "text",
        path: path.to_owned(),
        source: Box::new(error),
        help: None,
    })
}

/// The error that the folder of a ledger cannot be read.
pub(super) fn unreadable(folder: &Path, error: ledger::Error) -> Error {
    Error::Input {
        what: "a ledger",
        path: folder.to_owned(),
        source: Box::new(error),
        help: Some(
            "a ledger's folder holds `checkpoint`, `checkpoints`, `tile` and `segments`".to_owned(),
        ),
    }
}
