//! Opens a file: finds out what it is, how it is compressed and encoded, and what its columns mean;
//! then gives its blocks.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::columnar::{self, ColumnReader};
use super::encoding::{Encoding, Transcoded, detect};
use super::text::{Ends, TextReader};
use super::{Block, Compression, Format, Header, Keys, format_of, require};
use crate::ingest::Error;
use crate::ingest::limits::{
    DECOMPRESSED_BYTES_FREE, DECOMPRESSED_BYTES_MAX, DECOMPRESSION_FACTOR_MAX, RECORD_BYTES_MAX,
    SNIFF_BYTES,
};
use crate::ingest::raw::field_named;
use crate::table::Table;

/// How to read a file, where it does not say so itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Its format; from its name if left out.
    pub format: Option<Format>,
    /// Its encoding; found out if left out.
    pub encoding: Option<Encoding>,
    /// Only the key's columns must be there.
    pub keys_only: bool,
}

/// A file on this machine, and what it is called.
#[derive(Debug)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called in messages and in the pool.
    pub name: String,
    /// What it is.
    pub identity: Identity,
    /// Keeps a fetched file as long as it is needed.
    fetched: Option<super::store::Fetched>,
}

/// By what a file is known again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// Its bytes.
    pub bytes: u64,
    /// A hash of its content, or an object store's word for its version.
    pub content: String,
}

impl Source {
    /// A file on this machine.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let mut file = columnar::open(path, &name)?;
        let unreadable = |error: io::Error| {
            Error::unreadable(
                &name,
                "its beginning",
                error,
                "see that it is a file and yours to read",
            )
        };
        let mut hash = Xxh3::new();
        let mut piece = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            match file.read(&mut piece).map_err(unreadable)? {
                0 => break,
                count => {
                    hash.update(piece.get(..count).unwrap_or_default());
                    bytes += count as u64;
                }
            }
        }
        let content = format!("{:032x}", hash.digest128());
        let identity = Identity { bytes, content };
        Ok(Self {
            path: path.to_owned(),
            name,
            identity,
            fetched: None,
        })
    }

    /// An object that was fetched from `url`.
    pub fn fetched(url: &str, fetched: super::store::Fetched) -> Result<Self, Error> {
        let path = fetched.file.path().to_owned();
        let mut source = Self::file(&path)?;
        url.clone_into(&mut source.name);
        source.fetched = Some(fetched);
        Ok(source)
    }

    /// Whether it was fetched.
    pub fn is_fetched(&self) -> bool {
        self.fetched.is_some()
    }

    /// Opens it for a table's records.
    ///
    /// # Errors
    /// When it cannot be read, or not as what it says it is.
    pub fn open(&self, table: &Arc<Table>, options: &Options) -> Result<Input, Error> {
        let named = format_of(&self.name);
        let (format, compression) = match (options.format, named) {
            (Some(format), named) => (
                format,
                named.map_or(Compression::None, |(_, compression)| compression),
            ),
            (None, Some(named)) => named,
            (None, None) => {
                return Err(Error::Format {
                    source_name: self.name.clone(),
                });
            }
        };
        match format {
            Format::Csv | Format::JsonLines => {
                let file = columnar::open(&self.path, &self.name)?;
                let input = decompressed(file, compression, self.identity.bytes);
                let input = input.map_err(|error| {
                    Error::unreadable(
                        &self.name,
                        "its beginning",
                        error,
                        "is it compressed as its name says?",
                    )
                })?;
                text(input, &self.name, format, table, options)
            }
            _ if compression != Compression::None => Err(Error::unreadable(
                &self.name,
                "its name",
                "Parquet and Arrow files compress themselves",
                "decompress it first",
            )),
            Format::Parquet => columns(
                ColumnReader::parquet(&self.path, &self.name, 0)?,
                &self.name,
                table,
                options,
            ),
            Format::Arrow => columns(
                ColumnReader::arrow(&self.path, &self.name)?,
                &self.name,
                table,
                options,
            ),
        }
    }
}

/// A file that is being read.
pub struct Input {
    reader: Reader,
}

enum Reader {
    Text(Box<TextReader>, Form),
    Columns(ColumnReader),
    Empty,
}

enum Form {
    Csv(Arc<Header>),
    Json(Arc<Keys>),
}

impl Input {
    /// Bytes that came some other way.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn of_bytes(
        bytes: bytes::Bytes,
        name: &str,
        format: Format,
        table: &Arc<Table>,
        options: &Options,
    ) -> Result<Self, Error> {
        let input: Box<dyn Read + Send> = Box::new(Cursor::new(bytes));
        match format {
            Format::Csv | Format::JsonLines => text(input, name, format, table, options),
            Format::Arrow => columns(ColumnReader::stream(input, name)?, name, table, options),
            Format::Parquet => Err(Error::unreadable(
                name,
                "its format",
                "Parquet cannot be pushed",
                "push Arrow IPC or JSON Lines, or load the file",
            )),
        }
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read further.
    pub fn next_block(&mut self) -> Result<Option<Block>, Error> {
        match &mut self.reader {
            Reader::Text(text, form) => Ok(text.next()?.map(|block| match form {
                Form::Csv(header) => Block::Csv(Arc::clone(header), block),
                Form::Json(keys) => Block::Json(Arc::clone(keys), block),
            })),
            Reader::Columns(columns) => Ok(columns
                .next()?
                .map(|(batch, first)| Block::Columns(batch, first))),
            Reader::Empty => Ok(None),
        }
    }

    /// How many records there are, where the file says it.
    pub fn total(&self) -> Option<u64> {
        match &self.reader {
            Reader::Columns(columns) => columns.total(),
            _ => None,
        }
    }
}

fn columns(
    reader: ColumnReader,
    name: &str,
    table: &Arc<Table>,
    options: &Options,
) -> Result<Input, Error> {
    let fields = reader.schema().fields();
    let named: Vec<Option<usize>> = fields
        .iter()
        .map(|field| field_named(table, field.name()))
        .collect();
    let unknown = fields
        .iter()
        .zip(&named)
        .filter(|(_, named)| named.is_none());
    let unknown: Vec<String> = unknown.map(|(field, _)| field.name().clone()).collect();
    require(
        table,
        name,
        |at| named.contains(&Some(at)),
        &unknown,
        options.keys_only,
    )?;
    Ok(Input {
        reader: Reader::Columns(reader),
    })
}

fn text(
    mut input: Box<dyn Read + Send>,
    name: &str,
    format: Format,
    table: &Arc<Table>,
    options: &Options,
) -> Result<Input, Error> {
    let unreadable =
        |error: io::Error| Error::unreadable(name, "its beginning", error, "see that it is whole");
    let mut sniffed = Vec::new();
    input
        .by_ref()
        .take(SNIFF_BYTES as u64)
        .read_to_end(&mut sniffed)
        .map_err(unreadable)?;
    let is_all = sniffed.len() < SNIFF_BYTES;
    let (found, mark) = detect(&sniffed, is_all);
    let encoding = options.encoding.unwrap_or(found);
    sniffed.drain(..mark);
    let input: Box<dyn Read + Send> = Box::new(Cursor::new(sniffed).chain(input));
    let mut input: Box<dyn Read + Send> = match encoding {
        Encoding::Utf8 => input,
        other => Box::new(Transcoded::new(input, other)),
    };
    if format == Format::JsonLines {
        return json(input, name, table);
    }
    let Some((line, rest)) = first_line(&mut input, name)? else {
        return Ok(Input {
            reader: Reader::Empty,
        });
    };
    let header = Arc::new(Header::of(&line, table, name, encoding, options.keys_only)?);
    let input = Box::new(Cursor::new(rest).chain(input));
    let text = Box::new(TextReader::after_header(
        input,
        name,
        Ends::Quoted(header.separator),
    ));
    Ok(Input {
        reader: Reader::Text(text, Form::Csv(header)),
    })
}

fn json(mut input: Box<dyn Read + Send>, name: &str, table: &Arc<Table>) -> Result<Input, Error> {
    let mut start = Vec::new();
    let read = input.by_ref().take(1024).read_to_end(&mut start);
    read.map_err(|error| Error::unreadable(name, "its beginning", error, "see that it is whole"))?;
    if start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(Error::unreadable(
            name,
            "line 1",
            "it is one list",
            "write one object on each line, for example with `jq -c '.[]'`",
        ));
    }
    let input = Box::new(Cursor::new(start).chain(input));
    let text = Box::new(TextReader::new(input, name, Ends::Line));
    Ok(Input {
        reader: Reader::Text(text, Form::Json(Arc::new(Keys::of(table)))),
    })
}

/// The first line and what was read behind it.
type FirstLine = Option<(Vec<u8>, Vec<u8>)>;

/// The first line, if there is one; it must not be longer than a record may be.
fn first_line(input: &mut Box<dyn Read + Send>, name: &str) -> Result<FirstLine, Error> {
    let mut start = Vec::new();
    input
        .by_ref()
        .take(RECORD_BYTES_MAX as u64)
        .read_to_end(&mut start)
        .map_err(|error| Error::unreadable(name, "line 1", error, "see that it is whole"))?;
    if start.is_empty() {
        return Ok(None);
    }
    let end = memchr::memchr(b'\n', &start);
    if end.is_none() && start.len() == RECORD_BYTES_MAX {
        return Err(Error::unreadable(
            name,
            "line 1",
            "the first line does not end",
            "begin with a header",
        ));
    }
    let rest = start.split_off(end.map_or(start.len(), |end| end + 1));
    while matches!(start.last(), Some(b'\n' | b'\r')) {
        start.pop();
    }
    Ok(Some((start, rest)))
}

fn decompressed(
    file: File,
    compression: Compression,
    bytes: u64,
) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::with_capacity(1 << 20, file);
    let limit = bytes
        .saturating_mul(DECOMPRESSION_FACTOR_MAX)
        .clamp(DECOMPRESSED_BYTES_FREE, DECOMPRESSED_BYTES_MAX);
    Ok(match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(Limited {
            input: flate2::bufread::MultiGzDecoder::new(file),
            left: limit,
        }),
        Compression::Zstd => Box::new(Limited {
            input: zstd::Decoder::with_buffer(file)?,
            left: limit,
        }),
    })
}

/// Stops a file that grows without measure when it is decompressed.
struct Limited<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::other("it grows more than any honest file when it is decompressed")
        })?;
        Ok(count)
    }
}
