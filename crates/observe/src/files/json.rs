//! A table in JSON, row by row: no more than a row is held beside what is made of it.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};

use super::{ROW_READ_BYTES, Row, io_error};
use crate::error::Error;

/// What takes a row and the line on which it ends.
type Take<'a> = dyn FnMut(&Row, u64) -> Result<(), Error> + 'a;

/// Hands each row of a list over, with the line on which it ends.
///
/// # Errors
/// Where the text is no list of rows or a row is longer than [`ROW_READ_BYTES`], and what `take`
/// gives.
pub(super) fn each_row(input: impl Read, path: &Path, take: &mut Take<'_>) -> Result<(), Error> {
    let (left, lines) = (Cell::new(ROW_READ_BYTES), Cell::new(1));
    let mut fault = None;
    let mut number = 1;
    let mut reader = serde_json::Deserializer::from_reader(Metered {
        input,
        left: &left,
        lines: &lines,
    });
    let rows = Rows {
        take,
        left: &left,
        lines: &lines,
        number: &mut number,
        fault: &mut fault,
    };
    let read = reader.deserialize_seq(rows).and_then(|()| reader.end());
    if let Some(fault) = fault {
        return Err(numbered(fault, number));
    }
    read.map_err(|error| {
        if left.get() == 0 {
            let message = format!("is longer than {ROW_READ_BYTES} bytes");
            return Error::record(path, lines.get(), format!("row {number}"), message);
        }
        if error.is_io() {
            return io_error(path, error.into());
        }
        let line = error.line() as u64;
        let message = format!("is no list of rows: {error}");
        Error::record(path, line, "the table", message)
    })
}

/// A fault of a row with the row's number.
fn numbered(fault: Error, number: u64) -> Error {
    match fault {
        Error::Record {
            path,
            line,
            field,
            message,
        } => Error::Record {
            path,
            line,
            field: format!("row {number}: {field}"),
            message,
        },
        other => other,
    }
}

/// Bytes, up to those that are left for the row. The reader of JSON takes them one by one, so that
/// the line is the one that it is on.
struct Metered<'a, R> {
    input: R,
    left: &'a Cell<u64>,
    lines: &'a Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::Error::other("a row is too long"));
        }
        let most = into.len().min(left as usize);
        let read = self.input.read(&mut into[..most])?;
        self.left.set(left - read as u64);
        for byte in &into[..read] {
            self.lines.set(self.lines.get() + u64::from(*byte == b'\n'));
        }
        Ok(read)
    }
}

struct Rows<'a, 'b> {
    take: &'a mut Take<'b>,
    left: &'a Cell<u64>,
    lines: &'a Cell<u64>,
    number: &'a mut u64,
    fault: &'a mut Option<Error>,
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element::<Row>()? {
            if let Err(fault) = (self.take)(&row, self.lines.get()) {
                *self.fault = Some(fault);
                return Err(A::Error::custom("a row is wrong"));
            }
            *self.number += 1;
            self.left.set(ROW_READ_BYTES);
        }
        Ok(())
    }
}
