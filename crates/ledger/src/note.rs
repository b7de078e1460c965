//! Signed notes, as C2SP's signed-note writes them: text, a blank line, and signatures, each a line
//! of its own.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::Error;
use crate::key::{Algorithm, KEY_HASH_BYTES, SIGNATURE_BYTES, VerifierKey, check_name};

/// Longest note, bytes.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;

/// Most signatures of a note.
pub const SIGNATURES_MAX: usize = 100;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// Bytes of the time in a cosignature.
const TIME_BYTES: usize = 8;

/// One signature of a note, checked or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    /// The key's hash and what the key made of the text.
    blob: Vec<u8>,
}

impl NoteSignature {
    /// Whose it says it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.blob[..KEY_HASH_BYTES] == key.hash()
    }

    /// A log's signature.
    pub(crate) fn of_log(key: &VerifierKey, signature: &[u8; SIGNATURE_BYTES]) -> Self {
        let blob = [&key.hash()[..], signature].concat();
        let name = key.name().to_owned();
        Self { name, blob }
    }

    /// A witness's cosignature at `time`, seconds since 1970.
    pub(crate) fn of_witness(
        key: &VerifierKey,
        time: u64,
        signature: &[u8; SIGNATURE_BYTES],
    ) -> Self {
        let blob = [&key.hash()[..], &time.to_be_bytes(), signature].concat();
        let name = key.name().to_owned();
        Self { name, blob }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{DASH}{} {}", self.name, STANDARD.encode(&self.blob))
    }
}

impl FromStr for NoteSignature {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::note("a signature line", reason);
        let (name, blob) = line
            .trim_end_matches('\n')
            .strip_prefix(DASH)
            .and_then(|rest| rest.split_once(' '))
            .ok_or_else(|| wrong(format!("{line:?} is not — NAME BASE64")))?;
        check_name(name)?;
        let blob = STANDARD
            .decode(blob)
            .map_err(|error| wrong(format!("the signature of {name} is no base64: {error}")))?;
        if blob.len() <= KEY_HASH_BYTES {
            return Err(wrong(format!("the signature of {name} is too short")));
        }
        let name = name.to_owned();
        Ok(Self { name, blob })
    }
}

/// What a witness signs: that it saw the text at a time.
pub(crate) fn cosigned_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A text with signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text; it ends in a newline.
    pub text: String,
    /// The signatures, as they stand there. None of them need be right.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// Checks the signature of a log's `key`. One that has its name and hash and is wrong is an
    /// error, whatever else there is.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), Error> {
        if key.algorithm() != Algorithm::Log {
            return Err(Error::key(format!(
                "{} is a witness's key, not a log's",
                key.name()
            )));
        }
        let mut found = false;
        for signature in self.signatures.iter().filter(|one| one.is_of(key)) {
            if !key.verifies(self.text.as_bytes(), &signature.blob[KEY_HASH_BYTES..]) {
                return Err(Error::note(
                    "the note",
                    format!("the signature of {} is not over this text", key.name()),
                ));
            }
            found = true;
        }
        if found {
            Ok(())
        } else {
            Err(self.unsigned(key))
        }
    }

    /// Checks the cosignature of a witness's `key`: when it saw the text, in seconds since 1970.
    /// `None` when it has not cosigned.
    pub fn cosigned(&self, key: &VerifierKey) -> Result<Option<u64>, Error> {
        if key.algorithm() != Algorithm::Cosignature {
            return Err(Error::key(format!(
                "{} is a log's key, not a witness's",
                key.name()
            )));
        }
        let mut newest = None;
        for signature in self.signatures.iter().filter(|one| one.is_of(key)) {
            let parts = signature.blob[KEY_HASH_BYTES..].split_first_chunk::<TIME_BYTES>();
            let right = parts.and_then(|(time, signature)| {
                let time = u64::from_be_bytes(*time);
                let message = cosigned_message(time, &self.text);
                key.verifies(message.as_bytes(), signature).then_some(time)
            });
            let Some(time) = right else {
                return Err(Error::note(
                    "the note",
                    format!("the cosignature of {} is not over this text", key.name()),
                ));
            };
            newest = newest.max(Some(time));
        }
        Ok(newest)
    }

    fn unsigned(&self, key: &VerifierKey) -> Error {
        let names: Vec<&str> = self.signatures.iter().map(NoteSignature::name).collect();
        Error::note(
            "the note",
            format!(
                "it is not signed with the key {} but by {}",
                key,
                names.join(", ")
            ),
        )
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(f, "{signature}")?;
        }
        Ok(())
    }
}

impl FromStr for Note {
    type Err = Error;

    fn from_str(note: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::note("the note", reason);
        if note.len() > NOTE_BYTES_MAX {
            return Err(wrong("it is longer than 64 KiB"));
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(wrong("it holds control characters"));
        }
        let split = note
            .rfind("\n\n")
            .ok_or_else(|| wrong("no blank line stands between text and signatures"))?;
        let (text, signatures) = (&note[..=split], &note[split + 2..]);
        if !signatures.ends_with('\n') {
            return Err(wrong("it ends in the middle of a line"));
        }
        let signatures: Vec<&str> = signatures.lines().collect();
        if signatures.is_empty() || signatures.len() > SIGNATURES_MAX {
            return Err(wrong("it has no signatures, or more than 100"));
        }
        let signatures: Result<_, Error> = signatures.into_iter().map(str::parse).collect();
        Ok(Self {
            text: text.to_owned(),
            signatures: signatures?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    /// From the documentation of Go's `golang.org/x/mod/sumdb/note`.
    const SECRET: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_is_read_checked_and_written_as_go_does() {
        let key: SecretKey = SECRET.parse().unwrap();
        let note: Note = NOTE.parse().unwrap();
        note.verify(key.verifier()).unwrap();
        let signature = NoteSignature::of_log(key.verifier(), &key.sign(note.text.as_bytes()));
        let ours = Note {
            text: note.text.clone(),
            signatures: vec![signature],
        };
        assert_eq!(ours.to_string(), NOTE);
    }

    #[test]
    fn a_changed_note_is_refused() {
        let key: SecretKey = SECRET.parse().unwrap();
        for (old, new) in [("think", "thinks"), ("/ZJk", "/ZJl"), ("x08g", "x08h")] {
            let note: Note = NOTE.replace(old, new).parse().unwrap();
            assert!(note.verify(key.verifier()).is_err(), "{new}");
        }
        let two_lines = NOTE.replace("\n\n", "\n");
        for broken in ["", "\n\n", "a\n\n", &NOTE[..NOTE.len() - 1], &two_lines] {
            assert!(broken.parse::<Note>().is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_cosignature_says_when() {
        let key = SecretKey::from_seed("witness", Algorithm::Cosignature, [3; 32]).unwrap();
        let mut note: Note = NOTE.parse().unwrap();
        assert_eq!(note.cosigned(key.verifier()).unwrap(), None);
        let message = cosigned_message(1_700_000_000, &note.text);
        let line =
            NoteSignature::of_witness(key.verifier(), 1_700_000_000, &key.sign(message.as_bytes()));
        note.signatures.push(line.clone());
        let note: Note = note.to_string().parse().unwrap();
        assert_eq!(note.cosigned(key.verifier()).unwrap(), Some(1_700_000_000));
        let mut later = note;
        later.signatures[1].blob[KEY_HASH_BYTES + 7] ^= 1; // another time
        assert!(later.cosigned(key.verifier()).is_err());
    }
}
