//! CSV: the header says which field each column is; then lines to columns of text.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use memchr::memchr;

use super::text::TextBlock;
use super::{Encoding, require};
use crate::ingest::Error;
use crate::ingest::fault::{Code, Fault, shortened_bytes};
use crate::ingest::limits::{COLUMNS_MAX, FIELD_BYTES_MAX};
use crate::ingest::raw::{Broken, Origin, Raw, field_named};
use crate::table::Table;

/// Characters that may separate fields.
const SEPARATORS: &[u8] = b",;\t|";

/// What the first line of a file says.
#[derive(Debug)]
pub struct Header {
    /// What separates fields.
    pub(super) separator: u8,
    /// The table's field of each column.
    columns: Vec<Option<usize>>,
    /// Names of columns that are none of the table's fields.
    unknown: Vec<String>,
    encoding: Encoding,
}

/// A field within a record: from where to where, and whether quotes within it are doubled.
type Cell = (usize, usize, bool);

impl Header {
    /// Reads the first line of a file. With `keys_only` only the key's columns must be there.
    pub(super) fn of(
        line: &[u8],
        table: &Table,
        name: &str,
        encoding: Encoding,
        keys_only: bool,
    ) -> Result<Self, Error> {
        let wrong = |detail: &str, remedy: &str| Error::unreadable(name, "line 1", detail, remedy);
        let Ok(text) = std::str::from_utf8(line) else {
            return Err(wrong(
                "the header is not text",
                "save the file as UTF-8 or GB 18030",
            ));
        };
        let separator = separator(line);
        let mut cells = Vec::new();
        if cut(line, separator, &mut cells).is_err() {
            return Err(wrong("a quote in the header does not close", "close it"));
        }
        if cells.len() > COLUMNS_MAX {
            return Err(wrong(
                "there are too many columns",
                "leave out those that are not needed",
            ));
        }
        let names: Vec<String> = cells
            .iter()
            .map(|(from, to, doubled)| {
                let name = text.get(*from..*to).unwrap_or_default().trim();
                if *doubled {
                    name.replace("\"\"", "\"")
                } else {
                    name.to_owned()
                }
            })
            .collect();
        let columns: Vec<Option<usize>> =
            names.iter().map(|name| field_named(table, name)).collect();
        for (at, column) in columns.iter().enumerate() {
            if column.is_some() && columns.iter().take(at).any(|before| before == column) {
                let detail = format!("column `{}` stands twice", names[at]);
                return Err(wrong(&detail, "keep one of the two"));
            }
        }
        if columns.iter().all(Option::is_none) {
            let fields: Vec<&str> = table
                .definition
                .fields
                .iter()
                .take(5)
                .map(|field| field.name.as_str())
                .collect();
            let detail = format!(
                "the first line names none of the fields of {}",
                table.name()
            );
            let remedy = format!("begin with a header: `{},…`", fields.join(","));
            return Err(wrong(&detail, &remedy));
        }
        let unknown = names.into_iter().zip(&columns);
        let unknown = unknown
            .filter(|(_, column)| column.is_none())
            .map(|(name, _)| name)
            .collect();
        let header = Self {
            separator,
            columns,
            unknown,
            encoding,
        };
        require(
            table,
            name,
            |at| header.columns.contains(&Some(at)),
            &header.unknown,
            keys_only,
        )?;
        Ok(header)
    }

    /// The records of a block as columns of text.
    pub(super) fn read(&self, table: &Arc<Table>, block: &TextBlock) -> Raw {
        let whole = std::str::from_utf8(&block.text).ok();
        let rows = block.spans.len();
        let mut builders: Vec<Option<StringBuilder>> = table
            .definition
            .fields
            .iter()
            .enumerate()
            .map(|(at, _)| {
                self.columns
                    .contains(&Some(at))
                    .then(|| StringBuilder::with_capacity(rows, rows * 12))
            })
            .collect();
        let mut raw = Raw {
            broken: block.broken.clone(),
            unknown: self.unknown.clone(),
            ..Raw::default()
        };
        let (mut spans, mut lines) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut cells = Vec::with_capacity(self.columns.len());
        let mut scratch = String::new();
        for (span, line) in block.spans.iter().zip(&block.lines) {
            let range = span.0 as usize..span.1 as usize;
            let bytes = block.text.get(range.clone()).unwrap_or_default();
            let text = match whole {
                Some(whole) => whole.get(range).ok_or(()),
                None => std::str::from_utf8(bytes).ok().ok_or(()),
            };
            match self.cells(bytes, text, &mut cells) {
                Ok(text) => {
                    self.append(text, &cells, &mut builders, &mut scratch);
                    spans.push(*span);
                    lines.push(*line);
                }
                Err(fault) => raw.broken.push(Broken {
                    raw: bytes.to_vec(),
                    place: *line,
                    fault,
                }),
            }
        }
        let finish = |builder: Option<StringBuilder>| {
            builder.map(|mut builder| Arc::new(builder.finish()) as ArrayRef)
        };
        raw.rows = spans.len();
        raw.columns = builders.into_iter().map(finish).collect();
        raw.origin = Origin::Text {
            text: block.text.clone(),
            spans,
            lines,
        };
        raw
    }

    /// Finds the fields of a record, or says why it has none.
    fn cells<'a>(
        &self,
        bytes: &[u8],
        text: Result<&'a str, ()>,
        cells: &mut Vec<Cell>,
    ) -> Result<&'a str, Fault> {
        let shown = || shortened_bytes(bytes);
        let replaced = self.encoding != Encoding::Utf8
            && text.is_ok_and(|text| text.contains(char::REPLACEMENT_CHARACTER));
        let text = text.ok().filter(|_| !replaced).ok_or_else(|| Fault {
            value: shown(),
            ..Fault::of_record(
                Code::Encoding,
                "there are bytes that are not text in the file's encoding",
                "save the file as UTF-8",
            )
        })?;
        cells.clear();
        cut(bytes, self.separator, cells).map_err(|()| Fault {
            value: shown(),
            ..Fault::of_record(
                Code::Syntax,
                "a quote does not close where its field ends",
                "close it, and write quotes within a field twice: `\"say \"\"yes\"\"\"`",
            )
        })?;
        if cells.len() != self.columns.len() {
            let (found, wanted) = (cells.len(), self.columns.len());
            return Err(Fault {
                value: shown(),
                ..Fault::of_record(
                    Code::Ragged,
                    format!("there are {found} fields where the header names {wanted}"),
                    "see whether a separator is missing, or stands in a text without quotes around it",
                )
            });
        }
        if cells
            .iter()
            .any(|(from, to, _)| to - from > FIELD_BYTES_MAX)
        {
            return Err(Fault {
                value: shown(),
                ..Fault::of_record(
                    Code::Oversized,
                    format!("a field has more than {FIELD_BYTES_MAX} bytes"),
                    "see whether a quote is missing",
                )
            });
        }
        Ok(text)
    }

    fn append(
        &self,
        text: &str,
        cells: &[Cell],
        builders: &mut [Option<StringBuilder>],
        scratch: &mut String,
    ) {
        for ((from, to, doubled), column) in cells.iter().zip(&self.columns) {
            let Some(Some(builder)) = column.and_then(|at| builders.get_mut(at)) else {
                continue;
            };
            let cell = text.get(*from..*to).unwrap_or_default();
            if cell.is_empty() {
                builder.append_null();
            } else if *doubled {
                scratch.clear();
                scratch.push_str(&cell.replace("\"\"", "\""));
                builder.append_value(&*scratch);
            } else {
                builder.append_value(cell);
            }
        }
    }
}

/// The separator that stands most often in a header, outside of quotes.
fn separator(line: &[u8]) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut quoted = false;
    for byte in line {
        if *byte == b'"' {
            quoted = !quoted;
        } else if !quoted
            && let Some(at) = SEPARATORS.iter().position(|separator| separator == byte)
        {
            counts[at] += 1;
        }
    }
    let best = (0..counts.len())
        .max_by_key(|at| (counts[*at], usize::MAX - at))
        .unwrap_or(0);
    SEPARATORS.get(best).copied().unwrap_or(b',')
}

/// Cuts a record into fields.
fn cut(record: &[u8], separator: u8, cells: &mut Vec<Cell>) -> Result<(), ()> {
    let mut at = 0;
    loop {
        let rest = record.get(at..).unwrap_or_default();
        if rest.first() == Some(&b'"') {
            let (end, doubled) = closing(record, at + 1)?;
            cells.push((at + 1, end, doubled));
            match record.get(end + 1) {
                None => return Ok(()),
                Some(byte) if *byte == separator => at = end + 2,
                Some(_) => return Err(()),
            }
        } else {
            match memchr(separator, rest) {
                Some(length) => {
                    cells.push((at, at + length, false));
                    at += length + 1;
                }
                None => {
                    cells.push((at, record.len(), false));
                    return Ok(());
                }
            }
        }
    }
}

/// The place of the quote that closes a field, and whether quotes are doubled within it.
fn closing(record: &[u8], from: usize) -> Result<(usize, bool), ()> {
    let (mut at, mut doubled) = (from, false);
    loop {
        let quote = memchr(b'"', record.get(at..).unwrap_or_default()).ok_or(())?;
        at += quote;
        if record.get(at + 1) != Some(&b'"') {
            return Ok((at, doubled));
        }
        doubled = true;
        at += 2;
    }
}
