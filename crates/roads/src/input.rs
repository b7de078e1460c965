//! Opens files for the readers: bounded in size, decompressed when they are gzip, and able to say
//! at which line and column a byte stands.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::Error;
use crate::limits::Limits;

/// Decompression is free up to this size, whatever the ratio.
const FREE_BYTES: u64 = 1 << 20;

/// The bytes of a file as it is on disk, compressed or not.
pub(crate) fn bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(io)?;
    let known = file.metadata().map_err(io)?.len();
    if known > limits.file_bytes {
        return Err(too_large(path, known, limits.file_bytes));
    }
    let mut bytes = Vec::with_capacity(known as usize);
    file.take(limits.file_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > limits.file_bytes {
        return Err(too_large(path, bytes.len() as u64, limits.file_bytes));
    }
    Ok(bytes)
}

fn too_large(path: &Path, found: u64, limit: u64) -> Error {
    Error::Limit {
        what: "size of the file in bytes",
        found,
        limit,
    }
    .in_file(path)
}

/// Whether the bytes begin as gzip does.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The bytes of a file, decompressed when they are gzip.
pub(crate) fn plain<'a>(
    bytes: &'a [u8],
    path: &Path,
    limits: &Limits,
) -> Result<Cow<'a, [u8]>, Error> {
    if !is_gzip(bytes) {
        if bytes.len() as u64 > limits.file_bytes {
            return Err(too_large(path, bytes.len() as u64, limits.file_bytes));
        }
        return Ok(Cow::Borrowed(bytes));
    }
    let limit = (FREE_BYTES + bytes.len() as u64 * limits.expansion).min(limits.file_bytes);
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(limit + 1)
        .read_to_end(&mut plain)
        .map_err(|error| Error::Syntax {
            path: path.to_owned(),
            line: 0,
            column: 0,
            message: format!("is not a whole gzip file ({error}); fetch the file anew"),
        })?;
    if plain.len() as u64 > limit {
        return Err(Error::Limit {
            what: "size of the decompressed file in bytes",
            found: plain.len() as u64,
            limit,
        }
        .in_file(path));
    }
    Ok(Cow::Owned(plain))
}

/// A file's text and name: what is needed to say where something stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    /// The file, for messages.
    pub(crate) path: &'a Path,
    /// What is in it.
    pub(crate) text: &'a str,
}

impl<'a> Input<'a> {
    /// Takes bytes as UTF-8 text.
    pub(crate) fn new(bytes: &'a [u8], path: &'a Path) -> Result<Self, Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                path,
                text: text.strip_prefix('\u{feff}').unwrap_or(text),
            }),
            Err(error) => {
                let (line, column) = position(bytes, error.valid_up_to());
                Err(Error::Syntax {
                    path: path.to_owned(),
                    line,
                    column,
                    message: "is not UTF-8 text; save the file in that encoding".to_owned(),
                })
            }
        }
    }

    /// An error at a byte of the text.
    pub(crate) fn fault(&self, at: usize, message: impl Into<String>) -> Error {
        let (line, column) = position(self.text.as_bytes(), at);
        Error::Syntax {
            path: self.path.to_owned(),
            line,
            column,
            message: message.into(),
        }
    }
}

/// Line and column, from 1, of the byte at `at`. Columns count bytes.
pub(crate) fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = bytes.get(..at.min(bytes.len())).unwrap_or_default();
    let line = before.split(|&byte| byte == b'\n').count();
    let column = before
        .iter()
        .rev()
        .take_while(|&&byte| byte != b'\n')
        .count();
    (line, column + 1)
}

/// An identifier as it may stand in a message: cut short when it is long.
pub(crate) fn shown(id: &str) -> Cow<'_, str> {
    const LONGEST: usize = 80;
    match id.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", id.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(id),
    }
}
