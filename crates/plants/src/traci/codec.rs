//! TraCI's bytes: big-endian numbers, strings with their length before them, values with their
//! type before them. Reading takes arbitrary bytes and gives an error where they make no sense.

use crate::error::Error;

/// How deep values may be nested; SUMO nests programs five deep.
const DEPTH_MAX: u32 = 16;

const UNSIGNED_BYTE: u8 = 0x07;
const BYTE: u8 = 0x08;
const INTEGER: u8 = 0x09;
const DOUBLE: u8 = 0x0b;
const STRING: u8 = 0x0c;
const STRING_LIST: u8 = 0x0e;
const COMPOUND: u8 = 0x0f;
const DOUBLE_LIST: u8 = 0x10;

/// A value with its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An unsigned byte.
    UnsignedByte(u8),
    /// A signed byte.
    Byte(i8),
    /// A whole number.
    Integer(i32),
    /// A number.
    Double(f64),
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// Numbers.
    Doubles(Vec<f64>),
    /// Values of any types.
    Compound(Vec<Value>),
}

/// Builds commands and what is in them.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// What has been written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets what has been written.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// A byte.
    pub fn byte(&mut self, byte: u8) -> &mut Self {
        self.bytes.push(byte);
        self
    }

    /// A number without its type.
    pub fn double(&mut self, number: f64) -> &mut Self {
        self.bytes.extend(number.to_be_bytes());
        self
    }

    /// A whole number without its type.
    pub fn integer(&mut self, number: i32) -> &mut Self {
        self.bytes.extend(number.to_be_bytes());
        self
    }

    /// A text without its type.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.length(text.len());
        self.bytes.extend(text.as_bytes());
        self
    }

    /// A value with its type.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::UnsignedByte(byte) => self.byte(UNSIGNED_BYTE).byte(*byte),
            Value::Byte(byte) => self.byte(BYTE).byte(byte.cast_unsigned()),
            Value::Integer(number) => self.byte(INTEGER).integer(*number),
            Value::Double(number) => self.byte(DOUBLE).double(*number),
            Value::Text(text) => self.byte(STRING).text(text),
            Value::Texts(texts) => {
                self.byte(STRING_LIST).length(texts.len());
                texts.iter().fold(self, |this, text| this.text(text))
            }
            Value::Doubles(numbers) => {
                self.byte(DOUBLE_LIST).length(numbers.len());
                numbers
                    .iter()
                    .fold(self, |this, &number| this.double(number))
            }
            Value::Compound(values) => {
                self.byte(COMPOUND).length(values.len());
                values.iter().fold(self, |this, value| this.value(value))
            }
        }
    }

    /// A command: its length, its number and what `fill` writes.
    pub fn command(&mut self, number: u8, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self::default();
        fill(&mut inner);
        let length = inner.bytes.len() + 2;
        match u8::try_from(length) {
            Ok(length) => self.byte(length),
            Err(_) => self.byte(0).length(length + 4),
        };
        self.byte(number);
        self.bytes.append(&mut inner.bytes);
        self
    }

    fn length(&mut self, length: usize) -> &mut Self {
        // What we write is far below two gigabytes: state strings and ids of our own.
        self.integer(i32::try_from(length).unwrap_or(i32::MAX))
    }
}

/// Reads an answer from its bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// From the first byte on.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// A byte.
    pub fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    /// A whole number without its type.
    pub fn integer(&mut self) -> Result<i32, Error> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// A number without its type.
    pub fn double(&mut self) -> Result<f64, Error> {
        Ok(f64::from_be_bytes(self.array()?))
    }

    /// A text without its type.
    pub fn text(&mut self) -> Result<String, Error> {
        let length = self.count(1)?;
        let bytes = self.take(length)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// A value with its type.
    pub fn value(&mut self) -> Result<Value, Error> {
        self.value_at(0)
    }

    /// The bytes of the next command or answer, which begin with its length, after that length.
    pub fn command(&mut self) -> Result<Reader<'a>, Error> {
        let short = usize::from(self.byte()?);
        let length = if short > 0 {
            short.checked_sub(1)
        } else {
            usize::try_from(self.integer()?)
                .ok()
                .and_then(|length| length.checked_sub(5))
        };
        let length = length.ok_or_else(|| malformed("an answer shorter than its own length"))?;
        Ok(Reader::new(self.take(length)?))
    }

    fn value_at(&mut self, depth: u32) -> Result<Value, Error> {
        if depth > DEPTH_MAX {
            return Err(malformed("values nested more than 16 deep"));
        }
        Ok(match self.byte()? {
            UNSIGNED_BYTE => Value::UnsignedByte(self.byte()?),
            BYTE => Value::Byte(self.byte()?.cast_signed()),
            INTEGER => Value::Integer(self.integer()?),
            DOUBLE => Value::Double(self.double()?),
            STRING => Value::Text(self.text()?),
            STRING_LIST => {
                let count = self.count(4)?;
                Value::Texts((0..count).map(|_| self.text()).collect::<Result<_, _>>()?)
            }
            DOUBLE_LIST => {
                let count = self.count(8)?;
                Value::Doubles(
                    (0..count)
                        .map(|_| self.double())
                        .collect::<Result<_, _>>()?,
                )
            }
            COMPOUND => {
                let count = self.count(2)?;
                let values = (0..count).map(|_| self.value_at(depth + 1));
                Value::Compound(values.collect::<Result<_, _>>()?)
            }
            other => {
                return Err(malformed(&format!(
                    "a value of the unknown type {other:#04x}"
                )));
            }
        })
    }

    /// A count of things that take at least `size` bytes each, so that no count makes us reserve
    /// more than was sent.
    fn count(&mut self, size: usize) -> Result<usize, Error> {
        let count = self.integer()?;
        usize::try_from(count)
            .ok()
            .filter(|count| count.saturating_mul(size) <= self.rest.len())
            .ok_or_else(|| malformed(&format!("a count of {count}, beyond what was sent")))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| malformed("an answer that ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| malformed("an answer that ends too early"))?;
        self.rest = rest;
        Ok(*taken)
    }
}

fn malformed(what: &str) -> Error {
    Error::Malformed {
        from: "SUMO",
        message: format!("sent {what}"),
    }
}

impl Value {
    /// The whole number, if it is one.
    pub fn as_integer(&self) -> Option<i32> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts, if it is a list of them.
    pub fn as_texts(&self) -> Option<&[String]> {
        match self {
            Self::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// The values, if it is a compound.
    pub fn as_compound(&self) -> Option<&[Value]> {
        match self {
            Self::Compound(values) => Some(values),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<u8>().prop_map(Value::UnsignedByte),
            any::<i8>().prop_map(Value::Byte),
            any::<i32>().prop_map(Value::Integer),
            (-1e9..1e9).prop_map(Value::Double),
            ".*".prop_map(Value::Text),
            prop::collection::vec(".*", 0..4).prop_map(Value::Texts),
            prop::collection::vec(-1e9..1e9, 0..4).prop_map(Value::Doubles),
        ];
        leaf.prop_recursive(6, 40, 6, |inner| {
            prop::collection::vec(inner, 0..6).prop_map(Value::Compound)
        })
    }

    proptest! {
        #[test]
        fn a_value_is_read_as_it_was_written(value in values()) {
            let mut writer = Writer::default();
            writer.value(&value);
            let mut reader = Reader::new(writer.bytes());
            prop_assert_eq!(reader.value().unwrap(), value);
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn a_command_is_read_as_it_was_written(number: u8, content in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut writer = Writer::default();
            writer.command(number, |inner| {
                for &byte in &content {
                    inner.byte(byte);
                }
            });
            let mut reader = Reader::new(writer.bytes());
            let mut command = reader.command().unwrap();
            prop_assert!(reader.is_empty());
            prop_assert_eq!(command.byte().unwrap(), number);
            prop_assert_eq!(command.rest, &content[..]);
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() && reader.value().is_ok() {}
            let mut reader = Reader::new(&bytes);
            while let Ok(mut command) = reader.command() {
                let _ = command.text();
                if reader.is_empty() {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_count_beyond_what_was_sent_is_refused_before_anything_is_reserved() {
        let bytes = [STRING_LIST, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        let error = Reader::new(&bytes).value().unwrap_err();
        assert_eq!(
            error.to_string(),
            "SUMO sent a count of 2147483647, beyond what was sent"
        );
    }

    #[test]
    fn values_nested_without_end_are_refused() {
        let bytes = [COMPOUND, 0, 0, 0, 1].repeat(1_000);
        assert!(Reader::new(&bytes).value().is_err());
    }
}
