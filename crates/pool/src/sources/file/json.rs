//! JSON Lines: an object on each line, whose values are plain.
//!
//! A reader of its own, because numbers must come through digit by digit: as binary fractions they
//! would not be what was sent.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use city::kinds::FieldType;
use rustc_hash::FxHashMap;

use super::text::TextBlock;
use crate::ingest::fault::{Code, Fault, shortened, shortened_bytes};
use crate::ingest::limits::{COLUMNS_MAX, FIELD_BYTES_MAX};
use crate::ingest::raw::{Broken, Origin, Raw, RowFault, field_named};
use crate::table::Table;

/// How deep lists and objects that are skipped may go.
const DEPTH_MAX: usize = 64;

/// Which field each name means.
#[derive(Debug)]
pub struct Keys {
    fields: FxHashMap<String, usize>,
    kinds: Vec<FieldType>,
}

/// A value of an object.
#[derive(Debug, Default)]
enum Slot<'a> {
    #[default]
    Absent,
    Null,
    Text(Cow<'a, str>),
    Number(&'a str),
    Boolean(bool),
    Nested,
}

/// An object's values by field, and what cannot be kept.
#[derive(Debug, Default)]
struct Object<'a> {
    slots: Vec<Slot<'a>>,
    unknown: Vec<String>,
    repeated: Vec<usize>,
}

impl Keys {
    /// The names of a table's fields.
    pub(crate) fn of(table: &Table) -> Self {
        let fields = table.definition.fields.iter().enumerate();
        let fields = fields.map(|(at, field)| (field.name.clone(), at)).collect();
        let kinds = table
            .definition
            .fields
            .iter()
            .map(|field| field.kind)
            .collect();
        Self { fields, kinds }
    }

    /// The records of a block as columns of text.
    pub(crate) fn read(&self, table: &Arc<Table>, block: &TextBlock) -> Raw {
        let whole = std::str::from_utf8(&block.text).ok();
        let rows = block.spans.len();
        let builder = |_: &FieldType| StringBuilder::with_capacity(rows, rows * 12);
        let mut builders: Vec<StringBuilder> = self.kinds.iter().map(builder).collect();
        let mut raw = Raw {
            broken: block.broken.clone(),
            ..Raw::default()
        };
        let (mut spans, mut lines) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        for (span, line) in block.spans.iter().zip(&block.lines) {
            let range = span.0 as usize..span.1 as usize;
            let bytes = block.text.get(range.clone()).unwrap_or_default();
            let text = match whole {
                Some(whole) => whole.get(range),
                None => std::str::from_utf8(bytes).ok(),
            };
            match text
                .ok_or_else(not_text)
                .and_then(|text| self.object(table, text))
            {
                Ok(object) => {
                    self.append(object, spans.len(), &mut builders, &mut raw);
                    spans.push(*span);
                    lines.push(*line);
                }
                Err(mut fault) => {
                    fault.value = shortened_bytes(bytes);
                    raw.broken.push(Broken {
                        raw: bytes.to_vec(),
                        place: *line,
                        fault,
                    });
                }
            }
        }
        raw.rows = spans.len();
        raw.columns = builders
            .into_iter()
            .map(|mut builder| Some(Arc::new(builder.finish()) as ArrayRef))
            .collect();
        raw.origin = Origin::Text {
            text: block.text.clone(),
            spans,
            lines,
        };
        raw
    }

    fn append(
        &self,
        object: Object<'_>,
        row: usize,
        builders: &mut [StringBuilder],
        raw: &mut Raw,
    ) {
        let mut fault = |field: usize, code, value: &str| {
            let value = shortened(value).into();
            raw.faults.push(RowFault {
                row: row as u32,
                field: field as u16,
                code,
                value,
            });
        };
        for at in object.repeated {
            fault(at, Code::Repeated, "");
        }
        for (at, (slot, builder)) in object.slots.into_iter().zip(builders).enumerate() {
            let kind = self.kinds.get(at).copied().unwrap_or(FieldType::Text);
            let is_text = matches!(
                kind,
                FieldType::Text | FieldType::Date | FieldType::Datetime
            );
            match slot {
                Slot::Absent | Slot::Null => builder.append_null(),
                Slot::Text(text) if text.len() > FIELD_BYTES_MAX => {
                    fault(at, Code::Oversized, &text);
                    builder.append_null();
                }
                Slot::Text(text) => builder.append_value(text),
                Slot::Number(number) if !is_text => builder.append_value(number),
                Slot::Boolean(value) if kind == FieldType::Boolean => {
                    builder.append_value(if value { "true" } else { "false" });
                }
                Slot::Number(number) => {
                    fault(at, Code::WrongType, number);
                    builder.append_null();
                }
                Slot::Boolean(value) => {
                    fault(at, Code::WrongType, if value { "true" } else { "false" });
                    builder.append_null();
                }
                Slot::Nested => {
                    fault(at, Code::Nested, "");
                    builder.append_null();
                }
            }
        }
        for name in object.unknown {
            if raw.unknown.len() < COLUMNS_MAX && !raw.unknown.contains(&name) {
                raw.unknown.push(name);
            }
        }
    }

    fn object<'a>(&self, table: &Table, text: &'a str) -> Result<Object<'a>, Fault> {
        let mut object = Object {
            unknown: Vec::new(),
            repeated: Vec::new(),
            slots: Vec::new(),
        };
        object.slots.resize_with(self.kinds.len(), Slot::default);
        let mut cursor = Cursor { text, at: 0 };
        cursor.expect(b'{', "an object is to begin with `{`")?;
        if !cursor.take(b'}') {
            loop {
                let name = cursor.string()?;
                cursor.expect(b':', "`:` is missing behind a name")?;
                let value = cursor.value()?;
                let known = self
                    .fields
                    .get(name.as_ref())
                    .copied()
                    .or_else(|| field_named(table, &name));
                match known.and_then(|at| Some((at, object.slots.get_mut(at)?))) {
                    Some((_, slot @ Slot::Absent)) => *slot = value,
                    Some((at, _)) => object.repeated.push(at),
                    None => object.unknown.push(shortened(&name)),
                }
                if cursor.take(b'}') {
                    break;
                }
                cursor.expect(b',', "`,` or `}` is missing behind a value")?;
            }
        }
        cursor.spaces();
        match cursor.peek() {
            None => Ok(object),
            Some(_) => Err(cursor.wrong("there is more behind the object; write one on each line")),
        }
    }
}

fn not_text() -> Fault {
    Fault::of_record(
        Code::Encoding,
        "there are bytes that are not UTF-8",
        "save the file as UTF-8",
    )
}

/// Where the reader is in a line.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.spaces();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, otherwise: &str) -> Result<(), Fault> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.wrong(otherwise))
        }
    }

    fn wrong(&self, detail: &str) -> Fault {
        let message = format!("not JSON at character {}: {detail}", self.at + 1);
        Fault::of_record(
            Code::Syntax,
            message,
            "write one object on each line: `{\"name\": \"value\"}`",
        )
    }

    /// A text in quotes.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.expect(b'"', "a text in quotes is missing")?;
        let from = self.at;
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        match end.map(|end| (end, rest.get(end))) {
            Some((end, Some(b'"'))) => {
                self.at = from + end + 1;
                Ok(Cow::Borrowed(
                    self.text.get(from..from + end).unwrap_or_default(),
                ))
            }
            Some((_, Some(b'\\'))) => self.escaped(from),
            Some((end, _)) => {
                self.at = from + end;
                Err(self.wrong("a control character in a text; write it as `\\u0000`"))
            }
            None => Err(self.wrong("a text does not end")),
        }
    }

    /// A text that has escapes; they are few, so serde_json may read it.
    fn escaped(&mut self, from: usize) -> Result<Cow<'a, str>, Fault> {
        let bytes = self.text.as_bytes();
        let mut end = from;
        loop {
            match bytes.get(end) {
                Some(b'\\') => end += 2,
                Some(b'"') => break,
                Some(_) => end += 1,
                None => return Err(self.wrong("a text does not end")),
            }
        }
        let quoted = self.text.get(from - 1..=end).unwrap_or_default();
        let text = serde_json::from_str::<String>(quoted)
            .map_err(|_wrong| self.wrong("an escape in a text is wrong"))?;
        self.at = end + 1;
        Ok(Cow::Owned(text))
    }

    fn value(&mut self) -> Result<Slot<'a>, Fault> {
        self.spaces();
        match self.peek() {
            Some(b'"') => self.string().map(Slot::Text),
            Some(b'{' | b'[') => self.nested(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let words = [
                    ("null", Slot::Null),
                    ("true", Slot::Boolean(true)),
                    ("false", Slot::Boolean(false)),
                ];
                for (word, slot) in words {
                    if self
                        .text
                        .get(self.at..)
                        .is_some_and(|rest| rest.starts_with(word))
                    {
                        self.at += word.len();
                        return Ok(slot);
                    }
                }
                Err(self.wrong("a value is missing"))
            }
        }
    }

    fn number(&mut self) -> Result<Slot<'a>, Fault> {
        let from = self.at;
        while matches!(
            self.peek(),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        ) {
            self.at += 1;
        }
        let number = self.text.get(from..self.at).unwrap_or_default();
        match serde_json::from_str::<serde::de::IgnoredAny>(number) {
            Ok(_) => Ok(Slot::Number(number)),
            Err(_) => Err(self.wrong("this is no number")),
        }
    }

    /// Goes over a list or an object, without looking what is in it beyond where it ends.
    fn nested(&mut self) -> Result<Slot<'a>, Fault> {
        let mut depth = 0_usize;
        loop {
            self.spaces();
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(_) => {}
                None => return Err(self.wrong("a list or an object does not end")),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(Slot::Nested);
            }
            if depth > DEPTH_MAX {
                return Err(self.wrong("lists and objects are too deep"));
            }
        }
    }
}
