//! A bounded view of an XML file as a stream of opening and closing tags with positions.
//!
//! Document type definitions are refused, so there are no entities to expand; depth, number of
//! tags, lengths of identifiers and of shapes are limited.

use std::borrow::Cow;

use quick_xml::events::Event;
use quick_xml::events::attributes::Attributes;
use quick_xml::{Reader, XmlVersion};

use crate::error::Error;
use crate::geometry::Point;
use crate::input::{Input, shown};
use crate::limits::Limits;

/// More attributes than any element has.
const ATTRIBUTES_PER_TAG: usize = 256;

/// A tag with its attributes.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Where it starts: a byte of the file.
    pub(super) at: usize,
    attributes: Vec<(&'a str, Cow<'a, str>)>,
    input: Input<'a>,
    limits: &'a Limits,
}

/// What the stream yields.
#[derive(Debug)]
pub(super) enum Node<'a> {
    /// A tag opens.
    Open(Tag<'a>),
    /// The tag that was last opened and not yet closed closes.
    Close,
}

/// The stream.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    pub(super) input: Input<'a>,
    limits: &'a Limits,
    open: Vec<&'a str>,
    tags: u64,
    close_next: bool,
}

impl<'a> Xml<'a> {
    /// Starts at the beginning of the file.
    pub(super) fn new(input: Input<'a>, limits: &'a Limits) -> Self {
        Self {
            reader: Reader::from_str(input.text),
            input,
            limits,
            open: Vec::new(),
            tags: 0,
            close_next: false,
        }
    }

    /// How many tags are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The next opening or closing tag; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Node<'a>>, Error> {
        if std::mem::take(&mut self.close_next) {
            self.open.pop();
            return Ok(Some(Node::Close));
        }
        loop {
            let at = self.reader.buffer_position() as usize;
            let event = self.reader.read_event().map_err(|error| {
                self.input
                    .fault(self.reader.error_position() as usize, error.to_string())
            })?;
            match event {
                Event::Start(_) => return self.opened(at, false).map(Some),
                Event::Empty(_) => return self.opened(at, true).map(Some),
                Event::End(_) => {
                    self.open.pop();
                    return Ok(Some(Node::Close));
                }
                Event::DocType(_) => {
                    return Err(self.input.fault(
                        at,
                        "has a document type definition, which is not accepted; remove it",
                    ));
                }
                Event::Eof => {
                    return match self.open.last() {
                        None => Ok(None),
                        Some(name) => Err(self.input.fault(
                            self.input.text.len(),
                            format!(
                                "ends inside <{}>: the file is cut off or the tag is not closed",
                                shown(name)
                            ),
                        )),
                    };
                }
                _ => {}
            }
        }
    }

    fn opened(&mut self, at: usize, empty: bool) -> Result<Node<'a>, Error> {
        let end = self.reader.buffer_position() as usize;
        let tag = self.tag(at, end)?;
        self.tags += 1;
        if self.tags > self.limits.elements {
            return Err(self.input.fault(
                at,
                format!("has more than the limit of {} tags", self.limits.elements),
            ));
        }
        if self.open.len() >= self.limits.depth as usize {
            return Err(self.input.fault(
                at,
                format!(
                    "has tags nested deeper than the limit of {}",
                    self.limits.depth
                ),
            ));
        }
        self.open.push(tag.name);
        self.close_next = empty;
        Ok(Node::Open(tag))
    }

    fn tag(&self, at: usize, end: usize) -> Result<Tag<'a>, Error> {
        let text = self.input.text.get(at..end).unwrap_or_default();
        let content = text.trim_start_matches('<').trim_end_matches('>');
        let content = content.strip_suffix('/').unwrap_or(content);
        let name_end = content
            .find(|c: char| c.is_ascii_whitespace())
            .unwrap_or(content.len());
        let name = content.get(..name_end).unwrap_or_default();
        let mut attributes = Vec::new();
        for attribute in Attributes::new(content, name_end) {
            let attribute = attribute.map_err(|error| {
                self.input.fault(
                    at,
                    format!("<{}> has a broken attribute: {error}", shown(name)),
                )
            })?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| {
                    self.input.fault(
                        at,
                        format!(
                            "<{}> has a broken value of {:?}: {error}",
                            shown(name),
                            shown(attribute.key.0)
                        ),
                    )
                })?;
            if attributes.len() >= ATTRIBUTES_PER_TAG {
                return Err(self.input.fault(
                    at,
                    format!(
                        "<{}> has more than the limit of {ATTRIBUTES_PER_TAG} attributes",
                        shown(name)
                    ),
                ));
            }
            attributes.push((attribute.key.0, value));
        }
        Ok(Tag {
            name,
            at,
            attributes,
            input: self.input,
            limits: self.limits,
        })
    }

    /// Passes over everything inside the tag that was just opened, and its end.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        let depth = self.depth();
        while self.next()?.is_some() {
            if self.depth() < depth {
                break;
            }
        }
        Ok(())
    }
}

impl<'a> Tag<'a> {
    /// An error about this tag.
    pub(super) fn fault(&self, message: impl AsRef<str>) -> Error {
        let id = self
            .text("id")
            .map_or_else(String::new, |id| format!(" {:?}", shown(id)));
        self.input.fault(
            self.at,
            format!("<{}>{id} {}", shown(self.name), message.as_ref()),
        )
    }

    /// An attribute's value.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_ref())
    }

    /// An attribute's value, to keep.
    pub(super) fn owned(&self, name: &str) -> Result<Option<Cow<'a, str>>, Error> {
        let found = self.attributes.iter().find(|(key, _)| *key == name);
        let Some((_, value)) = found else {
            return Ok(None);
        };
        if value.len() > self.limits.id_bytes {
            return Err(self.fault(format!(
                "has a value of {name} of {} bytes, more than the limit of {}",
                value.len(),
                self.limits.id_bytes
            )));
        }
        Ok(Some(value.clone()))
    }

    /// An attribute that must be there, to keep.
    pub(super) fn need(&self, name: &str) -> Result<Cow<'a, str>, Error> {
        self.owned(name)?
            .ok_or_else(|| self.fault(format!("has no attribute {name}; add it")))
    }

    /// A long attribute that keeps its place in the file, such as a bit matrix.
    pub(super) fn long(&self, name: &str) -> Option<Cow<'a, str>> {
        self.attributes
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.clone())
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.fault(format!(
                "has {name}={:?}, which is not a finite number",
                shown(text)
            ))),
        }
    }

    /// A number that must be there.
    pub(super) fn need_number(&self, name: &str) -> Result<f64, Error> {
        self.number(name)?
            .ok_or_else(|| self.fault(format!("has no attribute {name}; add a number")))
    }

    /// A count or an index.
    pub(super) fn count(&self, name: &str) -> Result<Option<u32>, Error> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        text.trim().parse::<u32>().map(Some).map_err(|_error| {
            self.fault(format!(
                "has {name}={:?}, which is not a whole number from 0 to {}",
                shown(text),
                u32::MAX
            ))
        })
    }

    /// An index that must be there.
    pub(super) fn need_count(&self, name: &str) -> Result<u32, Error> {
        self.count(name)?
            .ok_or_else(|| self.fault(format!("has no attribute {name}; add a whole number")))
    }

    /// A line: points `x,y` or `x,y,z` between blanks.
    pub(super) fn shape(&self, name: &str) -> Result<Option<Vec<Point>>, Error> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let mut points = Vec::new();
        for word in text.split_ascii_whitespace() {
            if points.len() >= self.limits.points_per_shape {
                return Err(self.fault(format!(
                    "has a {name} of more than the limit of {} points",
                    self.limits.points_per_shape
                )));
            }
            let mut numbers = word
                .split(',')
                .map(|part| part.parse::<f64>().ok().filter(|number| number.is_finite()));
            match (numbers.next().flatten(), numbers.next().flatten()) {
                (Some(x), Some(y)) => points.push(Point::new(x, y)),
                _ => {
                    return Err(self.fault(format!(
                        "has {:?} in its {name}, which is not a point x,y of finite numbers",
                        shown(word)
                    )));
                }
            }
        }
        Ok(Some(points))
    }

    /// Seconds: a number, or `[days:]hours:minutes:seconds`.
    pub(super) fn time(&self, name: &str) -> Result<Option<f64>, Error> {
        self.text(name)
            .map(|text| {
                seconds(text).ok_or_else(|| {
                    self.fault(format!(
                        "has {name}={:?}, which is neither seconds nor hours:minutes:seconds",
                        shown(text)
                    ))
                })
            })
            .transpose()
    }
}

/// A time as SUMO writes it, in seconds.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let number = |part: &str| part.parse::<f64>().ok().filter(|n| n.is_finite());
    let factors: &[f64] = match parts.len() {
        1 => &[1.0],
        3 => &[3600.0, 60.0, 1.0],
        4 => &[86_400.0, 3600.0, 60.0, 1.0],
        _ => return None,
    };
    parts
        .iter()
        .zip(factors)
        .map(|(part, factor)| number(part).map(|n| n * factor))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_clock_times() {
        assert_eq!(seconds("61.5"), Some(61.5));
        assert_eq!(seconds("01:01:01"), Some(3661.0));
        assert_eq!(seconds("1:00:00:01"), Some(86_401.0));
        for broken in ["", "triggered", "1:2", "inf", "1:NaN:2"] {
            assert_eq!(seconds(broken), None, "{broken}");
        }
    }
}
