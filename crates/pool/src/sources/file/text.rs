//! Text cut into records: blocks of whole records, each with its place, its line, and what could not
//! be cut. A record that never ends costs its own line or a megabyte, not the rest of the file.

use std::io::Read;

use bytes::Bytes;
use memchr::{memchr, memchr_iter, memchr2};

use crate::ingest::Error;
use crate::ingest::fault::{Code, Fault, shortened_bytes};
use crate::ingest::limits::{BLOCK_BYTES, RECORD_BYTES_MAX, UNCLOSED_QUOTES_MAX};
use crate::ingest::raw::Broken;

/// Whole records of a text.
#[derive(Clone, Debug, Default)]
pub struct TextBlock {
    /// The text.
    pub(crate) text: Bytes,
    /// From where to where each record goes, without its line end.
    pub(crate) spans: Vec<(u32, u32)>,
    /// On which line each record begins, from 1.
    pub(crate) lines: Vec<u64>,
    /// What is no record.
    pub(crate) broken: Vec<Broken>,
}

/// What ends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// The line's end.
    Line,
    /// The line's end, unless it stands within quotes; fields are separated by this character.
    Quoted(u8),
}

enum End {
    /// Behind the record's line end.
    At(usize),
    /// Behind what was read so far.
    Beyond,
    /// Quotes do not close as they should.
    Unclosed,
}

/// Reads a text as blocks.
pub(super) struct TextReader {
    input: Box<dyn Read + Send>,
    name: String,
    ends: Ends,
    rest: Vec<u8>,
    line: u64,
    at_end: bool,
    unclosed: usize,
    /// Within a record that is too large, whose end is looked for.
    skipping: bool,
}

impl TextReader {
    pub(super) fn new(input: Box<dyn Read + Send>, name: &str, ends: Ends) -> Self {
        Self {
            input,
            name: name.to_owned(),
            ends,
            rest: Vec::new(),
            line: 1,
            at_end: false,
            unclosed: 0,
            skipping: false,
        }
    }

    /// The same behind a line that was read already.
    pub(super) fn after_header(input: Box<dyn Read + Send>, name: &str, ends: Ends) -> Self {
        Self {
            line: 2,
            ..Self::new(input, name, ends)
        }
    }

    /// The next block; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<TextBlock>, Error> {
        loop {
            let mut text = std::mem::take(&mut self.rest);
            if self.at_end && text.is_empty() {
                return Ok(None);
            }
            self.fill(&mut text)?;
            let mut block = TextBlock::default();
            let used = self.cut(&text, &mut block);
            self.rest = text.split_off(used);
            if !block.spans.is_empty() || !block.broken.is_empty() {
                block.text = text.into();
                return Ok(Some(block));
            }
        }
    }

    fn fill(&mut self, text: &mut Vec<u8>) -> Result<(), Error> {
        let wanted = BLOCK_BYTES.saturating_sub(text.len()) as u64;
        let read = self
            .input
            .by_ref()
            .take(wanted)
            .read_to_end(text)
            .map_err(|error| {
                let place = format!("after line {}", self.line.saturating_sub(1));
                Error::unreadable(&self.name, place, error, "see that the file is whole")
            })?;
        self.at_end = (read as u64) < wanted;
        Ok(())
    }

    /// Cuts the text into records and returns how much of it is used up.
    fn cut(&mut self, text: &[u8], block: &mut TextBlock) -> usize {
        let mut at = 0;
        if self.skipping {
            let Some(end) = line_end(text, 0) else {
                return text.len();
            };
            self.skipping = false;
            self.line += 1;
            at = end;
        }
        while at < text.len() {
            match self.end(text, at) {
                End::At(end) => {
                    self.record(text, at, end, block);
                    at = end;
                }
                End::Beyond if text.len() - at > RECORD_BYTES_MAX => {
                    let kept = text.get(at..at + RECORD_BYTES_MAX).unwrap_or_default();
                    block.broken.push(Broken {
                        raw: kept.to_vec(),
                        place: self.line,
                        fault: oversized(),
                    });
                    self.skipping = !self.at_end;
                    return text.len();
                }
                End::Beyond => return at,
                End::Unclosed => {
                    let end = line_end(text, at).unwrap_or(text.len());
                    self.unclosed += 1;
                    let line = trimmed(text, at, end);
                    let raw = text.get(line.0..line.1).unwrap_or_default();
                    block.broken.push(Broken {
                        raw: raw.to_vec(),
                        place: self.line,
                        fault: unclosed(raw),
                    });
                    self.line += 1;
                    at = end;
                }
            }
        }
        at
    }

    fn record(&mut self, text: &[u8], from: usize, to: usize, block: &mut TextBlock) {
        let (start, end) = trimmed(text, from, to);
        let bytes = text.get(start..end).unwrap_or_default();
        if bytes.len() > RECORD_BYTES_MAX {
            let kept = bytes.get(..RECORD_BYTES_MAX).unwrap_or_default();
            block.broken.push(Broken {
                raw: kept.to_vec(),
                place: self.line,
                fault: oversized(),
            });
        } else if !bytes.iter().all(u8::is_ascii_whitespace) {
            block.spans.push((start as u32, end as u32));
            block.lines.push(self.line);
        }
        let whole = text.get(from..to).unwrap_or_default();
        self.line += match self.ends {
            Ends::Line => 1,
            Ends::Quoted(_) => memchr_iter(b'\n', whole).count().max(1) as u64,
        };
    }

    fn end(&self, text: &[u8], from: usize) -> End {
        let at_line_end = line_end(text, from);
        let on_line = match at_line_end {
            Some(end) => End::At(end),
            None if self.at_end => End::At(text.len()),
            None => End::Beyond,
        };
        let Ends::Quoted(separator) = self.ends else {
            return on_line;
        };
        let line = text
            .get(from..at_line_end.unwrap_or(text.len()))
            .unwrap_or_default();
        if self.unclosed > UNCLOSED_QUOTES_MAX || memchr(b'"', line).is_none() {
            return on_line;
        }
        self.quoted_end(text, from, separator)
    }

    /// Goes through the fields of a record that has quotes.
    fn quoted_end(&self, text: &[u8], from: usize, separator: u8) -> End {
        let beyond = || {
            if self.at_end {
                End::Unclosed
            } else {
                End::Beyond
            }
        };
        let mut at = from;
        loop {
            if text.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    let Some(quote) = memchr(b'"', text.get(at..).unwrap_or_default()) else {
                        return if text.len() - from > RECORD_BYTES_MAX {
                            End::Unclosed
                        } else {
                            beyond()
                        };
                    };
                    at += quote + 1;
                    if at - from > RECORD_BYTES_MAX {
                        return End::Unclosed;
                    }
                    match text.get(at) {
                        Some(b'"') => at += 1,
                        Some(b'\r' | b'\n') => break,
                        Some(byte) if *byte == separator => break,
                        Some(_) => return End::Unclosed,
                        None if self.at_end => return End::At(at),
                        None => return End::Beyond,
                    }
                }
            }
            let Some(next) = memchr2(separator, b'\n', text.get(at..).unwrap_or_default()) else {
                return if self.at_end {
                    End::At(text.len())
                } else {
                    End::Beyond
                };
            };
            at += next + 1;
            if text.get(at - 1) == Some(&b'\n') {
                return End::At(at);
            }
        }
    }
}

/// Behind the end of the line on which `from` is.
fn line_end(text: &[u8], from: usize) -> Option<usize> {
    memchr(b'\n', text.get(from..)?).map(|at| from + at + 1)
}

/// A record without its line end.
fn trimmed(text: &[u8], from: usize, to: usize) -> (usize, usize) {
    let record = text.get(from..to).unwrap_or_default();
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    (from, from + record.len())
}

fn oversized() -> Fault {
    Fault::of_record(
        Code::Oversized,
        format!("the record has more than {RECORD_BYTES_MAX} bytes; the beginning is kept"),
        "see whether a line end or a quote is missing",
    )
}

fn unclosed(line: &[u8]) -> Fault {
    Fault {
        value: shortened_bytes(line),
        ..Fault::of_record(
            Code::Syntax,
            "a quote does not close where its field ends",
            "close it, and write quotes within a field twice: `\"say \"\"yes\"\"\"`",
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &[u8], ends: Ends) -> (Vec<String>, Vec<u64>, Vec<u64>) {
        let mut reader = TextReader::new(Box::new(std::io::Cursor::new(text.to_vec())), "t", ends);
        let (mut records, mut lines, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(block) = reader.next().unwrap() {
            for (from, to) in &block.spans {
                records.push(
                    String::from_utf8_lossy(&block.text[*from as usize..*to as usize]).into_owned(),
                );
            }
            lines.extend(block.lines);
            broken.extend(block.broken.iter().map(|broken| broken.place));
        }
        (records, lines, broken)
    }

    #[test]
    fn line_ends_within_quotes_end_no_record() {
        let (records, lines, broken) = cut(b"a,\"b\nc\"\r\n\nd,e", Ends::Quoted(b','));
        assert_eq!(records, ["a,\"b\nc\"", "d,e"]);
        assert_eq!((lines, broken), (vec![1, 4], vec![]));
    }

    #[test]
    fn a_quote_that_never_closes_costs_its_own_line() {
        let (records, lines, broken) = cut(b"a,\"b\nc,d\n\"e\",f\n", Ends::Quoted(b','));
        assert_eq!(records, ["c,d", "\"e\",f"]);
        assert_eq!((lines, broken), (vec![2, 3], vec![1]));
    }

    #[test]
    fn a_record_without_end_costs_a_megabyte() {
        let mut text = vec![b'x'; BLOCK_BYTES * 2];
        text.extend_from_slice(b"\nnext\n");
        let (records, lines, broken) = cut(&text, Ends::Line);
        assert_eq!(
            (records, lines, broken),
            (vec!["next".to_owned()], vec![2], vec![1])
        );
    }

    #[test]
    fn many_quotes_that_never_close_do_not_take_for_ever() {
        let text = b"\"open\n".repeat(1_000_000);
        let (records, _, broken) = cut(&text, Ends::Quoted(b','));
        assert_eq!(records.len() + broken.len(), 1_000_000);
    }

    proptest! {
        #[test]
        fn no_byte_of_a_line_is_lost(text in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'a'), any::<u8>()], 0..200)) {
            let mut reader = TextReader::new(Box::new(std::io::Cursor::new(text.clone())), "t", Ends::Quoted(b','));
            let mut found = Vec::new();
            while let Some(block) = reader.next().unwrap() {
                let mut parts: Vec<(u64, Vec<u8>)> = block.broken.into_iter().map(|broken| (broken.place, broken.raw)).collect();
                for (span, line) in block.spans.iter().zip(&block.lines) {
                    parts.push((*line, block.text[span.0 as usize..span.1 as usize].to_vec()));
                }
                parts.sort();
                found.extend(parts.into_iter().map(|(_, bytes)| bytes));
            }
            let solid = |bytes: &[u8]| bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>();
            prop_assert_eq!(solid(&found.concat()), solid(&text));
        }
    }
}
