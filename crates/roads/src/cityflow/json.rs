//! JSON as the readers need it: surveyed for depth and size before it is parsed, and searched for
//! the place of an element when something is wrong with it.

use std::borrow::Cow;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::Error;
use crate::input::{self, position};
use crate::limits::Limits;

/// A JSON file.
pub(crate) struct Json<'a> {
    path: &'a Path,
    bytes: Cow<'a, [u8]>,
}

/// A step from a value to one inside it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// The value of an object's key.
    Key(&'a str),
    /// An item of an array.
    Item(usize),
}

impl<'a> Json<'a> {
    /// Takes the bytes of a file, plain or gzip, if it is within the limits.
    pub(crate) fn new(bytes: &'a [u8], path: &'a Path, limits: &Limits) -> Result<Self, Error> {
        let bytes = input::plain(bytes, path, limits)?;
        let json = Self { path, bytes };
        json.survey(limits)?;
        Ok(json)
    }

    /// Counts brackets, so that no parser meets more of them than it should.
    fn survey(&self, limits: &Limits) -> Result<(), Error> {
        let (mut depth, mut elements) = (0_u32, 0_u64);
        let mut place = 0;
        while let Some(&byte) = self.bytes.get(place) {
            match byte {
                b'"' => place = self.end_of_string(place),
                b'[' | b'{' => {
                    depth += 1;
                    elements += 1;
                    if depth > limits.depth {
                        let what = "brackets nested deeper than";
                        return Err(self.over(place, what, u64::from(limits.depth)));
                    }
                    if elements > limits.elements {
                        return Err(self.over(place, "more elements than", limits.elements));
                    }
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            place += 1;
        }
        Ok(())
    }

    fn over(&self, at: usize, what: &str, limit: u64) -> Error {
        self.fault_at(at, format!("has {what} the limit of {limit}"))
    }

    fn fault_at(&self, at: usize, message: String) -> Error {
        let (line, column) = position(&self.bytes, at);
        Error::Syntax {
            path: self.path.to_owned(),
            line,
            column,
            message,
        }
    }

    /// Parses the whole file.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if self.bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::Syntax {
                path: self.path.to_owned(),
                line: 0,
                column: 0,
                message: "is empty; JSON was expected".to_owned(),
            });
        }
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let text = error.to_string();
            // The place is in the error's own fields already.
            let end = text.rfind(" at line ").unwrap_or(text.len());
            let text = text.get(..end).unwrap_or_default();
            let message = match error.classify() {
                Category::Eof => format!("is cut off: {text}"),
                Category::Syntax | Category::Io => format!("is not JSON: {text}"),
                Category::Data => text.to_owned(),
            };
            Error::Syntax {
                path: self.path.to_owned(),
                line: error.line(),
                column: error.column(),
                message,
            }
        })
    }

    /// An error about the value that the steps lead to.
    pub(crate) fn fault(&self, steps: &[Step<'_>], message: impl Into<String>) -> Error {
        self.fault_at(self.locate(steps), message.into())
    }

    /// The error, with the line and column of the element it is about.
    pub(crate) fn at(&self, steps: &[Step<'_>], error: Error) -> Error {
        match error {
            Error::Element { .. } => self.fault(steps, error.to_string()),
            other => other.in_file(self.path),
        }
    }

    /// Where the value that the steps lead to begins, or the last one on the way that is there.
    /// The file must be well-formed.
    fn locate(&self, steps: &[Step<'_>]) -> usize {
        let mut place = self.skip_blanks(0);
        for step in steps {
            let next = match *step {
                Step::Key(key) => self.value_of(place, key),
                Step::Item(index) => self.item(place, index),
            };
            match next {
                Some(next) => place = next,
                None => break,
            }
        }
        place
    }

    fn value_of(&self, object: usize, key: &str) -> Option<usize> {
        if self.bytes.get(object) != Some(&b'{') {
            return None;
        }
        let mut place = self.skip_blanks(object + 1);
        while self.bytes.get(place) == Some(&b'"') {
            let end = self.end_of_string(place);
            let name = self.bytes.get(place + 1..end)?;
            let value = self.skip_blanks(self.skip_blanks(end + 1) + 1);
            if name == key.as_bytes() {
                return Some(value);
            }
            place = self.skip_blanks(self.end_of_value(value));
            if self.bytes.get(place) != Some(&b',') {
                return None;
            }
            place = self.skip_blanks(place + 1);
        }
        None
    }

    fn item(&self, array: usize, index: usize) -> Option<usize> {
        if self.bytes.get(array) != Some(&b'[') {
            return None;
        }
        let mut place = self.skip_blanks(array + 1);
        for _ in 0..index {
            place = self.skip_blanks(self.end_of_value(place));
            if self.bytes.get(place) != Some(&b',') {
                return None;
            }
            place = self.skip_blanks(place + 1);
        }
        Some(place)
    }

    fn skip_blanks(&self, mut place: usize) -> usize {
        while self.bytes.get(place).is_some_and(u8::is_ascii_whitespace) {
            place += 1;
        }
        place
    }

    /// The closing quote of the string that opens at `place`.
    fn end_of_string(&self, place: usize) -> usize {
        let mut place = place + 1;
        while let Some(&byte) = self.bytes.get(place) {
            match byte {
                b'\\' => place += 1,
                b'"' => break,
                _ => {}
            }
            place += 1;
        }
        place
    }

    /// One past the value that begins at `place`.
    fn end_of_value(&self, mut place: usize) -> usize {
        let mut depth = 0_u32;
        while let Some(&byte) = self.bytes.get(place) {
            match byte {
                b'"' => place = self.end_of_string(place),
                b'[' | b'{' => depth += 1,
                b']' | b'}' | b',' if depth == 0 => return place,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            place += 1;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_way() {
        let text = b"{ \"a\": [1, \"]\\\"\", {\"b\": 2}],\n \"c\": {\"d\": [0, 7]}}";
        let limits = Limits::default();
        let json = Json::new(text, Path::new("x"), &limits).unwrap();
        let at = |steps: &[Step<'_>]| text[json.locate(steps)];
        assert_eq!(at(&[Step::Key("a"), Step::Item(2), Step::Key("b")]), b'2');
        assert_eq!(at(&[Step::Key("c"), Step::Key("d"), Step::Item(1)]), b'7');
        assert_eq!(at(&[Step::Key("z")]), b'{');
    }

    #[test]
    fn many_brackets_are_refused_before_they_are_parsed() {
        let text = vec![b'['; 1_000_000];
        let limits = Limits::default();
        let error = Json::new(&text, Path::new("x"), &limits).err().unwrap();
        assert_eq!(
            error.to_string(),
            "x:1:65: has brackets nested deeper than the limit of 64"
        );
    }
}
