//! A table in JSON, row by row: no more than a row is held beside what is made of it.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};

use super::{ROW_READ_BYTES, Row, io_error};
use crate::error::Error;

/// What takes a row and its number, from 1.
type Take<'a> = dyn FnMut(&Row, u64) -> Result<(), Error> + 'a;

/// Hands each row of a list over, with its number.
///
/// # Errors
/// Where the text is no list of rows or a row is longer than [`ROW_READ_BYTES`], and what `take`
/// gives.
pub(super) fn each_row(input: impl Read, path: &Path, take: &mut Take<'_>) -> Result<(), Error> {
    let left = Cell::new(ROW_READ_BYTES);
    let mut fault = None;
    let mut number = 1;
    let mut reader = serde_json::Deserializer::from_reader(Metered { input, left: &left });
    let rows = Rows {
        take,
        left: &left,
        number: &mut number,
        fault: &mut fault,
    };
    let read = reader.deserialize_seq(rows).and_then(|()| reader.end());
    if let Some(fault) = fault {
        return Err(fault);
    }
    read.map_err(|error| {
        if left.get() == 0 {
            let message = format!("is longer than {ROW_READ_BYTES} bytes");
            return Error::record(path, number, "the row", message);
        }
        if error.is_io() {
            return io_error(path, error.into());
        }
        let line = error.line() as u64;
        let message = format!("is no list of rows: {error}");
        Error::record(path, line, "the table", message)
    })
}

/// Bytes, up to those that are left for the row.
struct Metered<'a, R> {
    input: R,
    left: &'a Cell<u64>,
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
        Ok(read)
    }
}

struct Rows<'a, 'b> {
    take: &'a mut Take<'b>,
    left: &'a Cell<u64>,
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
            if let Err(fault) = (self.take)(&row, *self.number) {
                *self.fault = Some(fault);
                return Err(A::Error::custom("a row is wrong"));
            }
            *self.number += 1;
            self.left.set(ROW_READ_BYTES);
        }
        Ok(())
    }
}
