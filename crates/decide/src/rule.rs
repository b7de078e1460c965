//! A rule: text that was found right for its fields, ready to be worked out.

use std::ops::Range;
use std::sync::Arc;

use regex::Regex;

use crate::compile;
use crate::eval;
use crate::fault::Fault;
use crate::fields::{Field, Fields, Type};
use crate::functions::Function;
use crate::trace::{self, Trace};
use crate::value::{Row, Value};

/// A part of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) part: Part,
    pub(crate) kind: Type,
    /// Whether it can come out as nothing.
    pub(crate) nullable: bool,
    /// Where it stands in the text.
    pub(crate) at: Range<usize>,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Literal(Value<'static>),
    Field(usize),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare(Comparison, Box<(Node, Node)>),
    /// A value, and the ends of a range that it lies in.
    Within(Box<(Node, End, End)>),
    /// A value, and those that it is one of.
    OneOf(Box<Node>, Vec<Node>),
    /// Whether a value is missing.
    IsNull(Box<Node>),
    If(Box<(Node, Node, Node)>),
    Arithmetic(Operation, Box<(Node, Node)>),
    Negative(Box<Node>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Regex),
    /// A text, its first letter from 1, and how many, if not all.
    Substring(Box<Node>, usize, Option<usize>),
    Property(Property, Box<Node>),
}

/// One end of a range.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) value: Node,
    /// Whether the end itself belongs to it.
    pub(crate) closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Plus,
    Minus,
    Times,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    Year,
    Month,
    Day,
}

/// What a rule says about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It holds.
    Holds,
    /// It does not hold, or cannot be worked out though nothing is missing.
    Breaks,
    /// It says nothing, because a field that it is about is missing.
    Silent,
}

/// A rule that is right for its fields.
#[derive(Clone, Debug)]
pub struct Rule {
    text: Arc<str>,
    pub(crate) root: Node,
    pub(crate) fields: Fields,
    uses: Vec<usize>,
    needs: Vec<usize>,
}

impl Rule {
    /// The condition that `text` writes: a rule that comes out as `true`, `false` or nothing.
    ///
    /// # Errors
    /// Every fault of the text, with its place.
    pub fn condition(text: &str, fields: &Fields) -> Result<Self, Vec<Fault>> {
        let rule = Self::expression(text, fields)?;
        if rule.kind() == Type::Boolean {
            return Ok(rule);
        }
        let message = format!("the rule is {}, but must be a condition", rule.kind());
        let fault = Fault::new(rule.root.at.clone(), message);
        Err(vec![
            fault.help("compare it with something, as in `headcount >= 20`"),
        ])
    }

    /// The expression that `text` writes, of whatever type.
    ///
    /// # Errors
    /// Every fault of the text, with its place.
    pub fn expression(text: &str, fields: &Fields) -> Result<Self, Vec<Fault>> {
        let root = compile::compile(text, fields)?;
        let (mut uses, mut needs) = (Vec::new(), Vec::new());
        root.fields_used(&mut uses, true);
        root.fields_used(&mut needs, false);
        for list in [&mut uses, &mut needs] {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Self {
            text: Arc::from(text),
            root,
            fields: fields.clone(),
            uses,
            needs,
        })
    }

    /// The text that it was made of.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it comes out as.
    pub fn kind(&self) -> Type {
        self.root.kind
    }

    /// The positions of the fields that it uses, in order.
    pub fn uses(&self) -> &[usize] {
        &self.uses
    }

    /// The field at a position.
    pub(crate) fn field(&self, position: usize) -> Option<&Field> {
        self.fields.get(position)
    }

    /// What it comes out as for `row`.
    pub fn evaluate<'a, R: Row + ?Sized>(&'a self, row: &'a R) -> Value<'a> {
        eval::value(&self.root, row)
    }

    /// Whether it holds for `row`; nothing if that cannot be worked out, as when a value is missing.
    pub fn holds<R: Row + ?Sized>(&self, row: &R) -> Option<bool> {
        eval::truth(&self.root, row)
    }

    /// What it says about `row` as a rule of quality: nothing if it does not hold and a field that
    /// it is about is missing. A field that is only tested for being there is not meant.
    pub fn judge<R: Row + ?Sized>(&self, row: &R) -> Judgement {
        if self.holds(row) == Some(true) {
            return Judgement::Holds;
        }
        let missing = |field: &usize| row.value(*field) == Value::Null;
        if self.needs.iter().any(missing) {
            Judgement::Silent
        } else {
            Judgement::Breaks
        }
    }

    /// What it comes out as for `row`, with each condition in it, the facts it used and its verdict.
    pub fn evaluate_with_trace<R: Row + ?Sized>(&self, row: &R) -> Trace {
        trace::trace(self, &self.root, row)
    }
}

impl Node {
    /// The parts directly below.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match &self.part {
            Part::Literal(_) | Part::Field(_) => Vec::new(),
            Part::Not(a)
            | Part::IsNull(a)
            | Part::Negative(a)
            | Part::Matches(a, _)
            | Part::Substring(a, ..)
            | Part::Property(_, a) => vec![a],
            Part::And(all) | Part::Or(all) | Part::Call(_, all) => all.iter().collect(),
            Part::Compare(_, two) | Part::Arithmetic(_, two) => vec![&two.0, &two.1],
            Part::Within(range) => vec![&range.0, &range.1.value, &range.2.value],
            Part::OneOf(value, all) => std::iter::once(&**value).chain(all).collect(),
            Part::If(three) => vec![&three.0, &three.1, &three.2],
        }
    }

    /// The fields in it; those that are only tested for being there on demand.
    pub(crate) fn fields_used(&self, into: &mut Vec<usize>, tested: bool) {
        match &self.part {
            Part::Field(position) => into.push(*position),
            Part::IsNull(_) if !tested => {}
            _ => {
                for part in self.parts() {
                    part.fields_used(into, tested);
                }
            }
        }
    }
}
