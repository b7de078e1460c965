//! Calls of functions: their arguments are of the right number and types.

use dsntk_feel_parser::AstNode;
use regex::RegexBuilder;

use super::{Compiler, duration, literal};
use crate::fault::Fault;
use crate::fields::Type;
use crate::functions::{Function, Named, named};
use crate::limits::PATTERN_BYTES_MAX;
use crate::rule::{Node, Part};
use crate::scan::Sort;
use crate::time;
use crate::value::Value;

impl Compiler<'_> {
    pub(super) fn call(
        &mut self,
        name: &AstNode,
        arguments: &AstNode,
        from: usize,
    ) -> Option<Node> {
        let at = self.leaf(Sort::Name);
        let (AstNode::Name(name), AstNode::PositionalParameters(trees)) = (name, arguments) else {
            self.lost();
            self.fault(
                at,
                "this cannot be called",
                "a function is called by its name",
            );
            return None;
        };
        let name = name.as_str();
        let given: Vec<Option<Node>> = trees.iter().map(|tree| self.node(tree)).collect();
        let Some(meaning) = named(name) else {
            self.unknown_function(name, at);
            return None;
        };
        let given = given.into_iter().collect::<Option<Vec<Node>>>()?;
        match meaning {
            Named::Plain(function, wanted, result) => {
                self.arguments(name, &given, wanted, from)?;
                let nullable = given.iter().any(|argument| argument.nullable);
                Some(self.made(Part::Call(function, given), result, nullable, from))
            }
            Named::Extreme(function) => self.extreme(name, function, given, from),
            Named::Not => {
                let inner = self.only(name, given, Type::Boolean, from)?;
                let nullable = inner.nullable;
                Some(self.made(Part::Not(Box::new(inner)), Type::Boolean, nullable, from))
            }
            Named::IsDefined => {
                self.count(name, &given, 1, from)?;
                let inner = given.into_iter().next()?;
                let test = self.made(Part::IsNull(Box::new(inner)), Type::Boolean, false, from);
                Some(self.made(Part::Not(Box::new(test)), Type::Boolean, false, from))
            }
            Named::Matches => self.matches(name, given, from),
            Named::Substring => self.substring(name, given, from),
            Named::Date | Named::DateAndTime | Named::Duration => {
                self.time_literal(name, meaning, &given, from)
            }
        }
    }

    fn count(&mut self, name: &str, given: &[Node], wanted: usize, from: usize) -> Option<()> {
        if given.len() == wanted {
            return Some(());
        }
        let at = self.since(from);
        let message = format!("`{name}` takes {wanted} values, not {}", given.len());
        self.faults.push(Fault::new(at, message));
        None
    }

    fn arguments(
        &mut self,
        name: &str,
        given: &[Node],
        wanted: &[Type],
        from: usize,
    ) -> Option<()> {
        self.count(name, given, wanted.len(), from)?;
        for (argument, wanted) in given.iter().zip(wanted) {
            if argument.kind != *wanted {
                let message = format!(
                    "{} is {}, but `{name}` takes {wanted}",
                    self.name(argument),
                    argument.kind
                );
                self.faults.push(Fault::new(argument.at.clone(), message));
                return None;
            }
        }
        Some(())
    }

    fn only(&mut self, name: &str, given: Vec<Node>, wanted: Type, from: usize) -> Option<Node> {
        self.arguments(name, &given, &[wanted], from)?;
        given.into_iter().next()
    }

    fn extreme(
        &mut self,
        name: &str,
        function: Function,
        given: Vec<Node>,
        from: usize,
    ) -> Option<Node> {
        let Some(first) = given.first() else {
            let at = self.since(from);
            self.fault(
                at,
                format!("`{name}` takes at least one value"),
                "write them with `,` between",
            );
            return None;
        };
        let kind = first.kind;
        if matches!(kind, Type::Boolean | Type::Null) {
            let message = format!("{} is {kind}, which has no order", self.name(first));
            self.faults.push(Fault::new(first.at.clone(), message));
            return None;
        }
        let wanted = vec![kind; given.len()];
        self.arguments(name, &given, &wanted, from)?;
        let nullable = given.iter().any(|argument| argument.nullable);
        Some(self.made(Part::Call(function, given), kind, nullable, from))
    }

    fn matches(&mut self, name: &str, given: Vec<Node>, from: usize) -> Option<Node> {
        self.arguments(name, &given, &[Type::Text, Type::Text], from)?;
        let mut given = given.into_iter();
        let (text, pattern) = (given.next()?, given.next()?);
        let Part::Literal(Value::Text(written)) = &pattern.part else {
            self.fault(
                pattern.at,
                "the pattern is not written out",
                "write it in quotes",
            );
            return None;
        };
        match RegexBuilder::new(written)
            .size_limit(PATTERN_BYTES_MAX)
            .build()
        {
            Ok(pattern) => {
                let nullable = text.nullable;
                let part = Part::Matches(Box::new(text), pattern);
                Some(self.made(part, Type::Boolean, nullable, from))
            }
            Err(error) => {
                let reason = error.to_string();
                let reason = reason
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ");
                let message = format!("`{written}` is no pattern: {reason}");
                self.faults.push(Fault::new(pattern.at, message));
                None
            }
        }
    }

    /// The start and the length are written out, so that the rule is the same in SQL.
    fn substring(&mut self, name: &str, given: Vec<Node>, from: usize) -> Option<Node> {
        let wanted = [Type::Text, Type::Number, Type::Number];
        let count = given.len().clamp(2, 3);
        self.arguments(name, &given, wanted.get(..count)?, from)?;
        let mut letters = Vec::new();
        for argument in given.iter().skip(1) {
            let number = match &argument.part {
                Part::Literal(Value::Number(number)) => number.whole(),
                _ => None,
            };
            let letter = number.and_then(|number| usize::try_from(number).ok());
            let Some(letter) = letter.filter(|letter| *letter >= 1) else {
                let at = argument.at.clone();
                let message = format!("{} is no count of letters", self.name(argument));
                self.fault(at, message, "write a whole number from 1");
                return None;
            };
            letters.push(letter);
        }
        let text = given.into_iter().next()?;
        let nullable = text.nullable;
        let part = Part::Substring(Box::new(text), *letters.first()?, letters.get(1).copied());
        Some(self.made(part, Type::Text, nullable, from))
    }

    fn time_literal(
        &mut self,
        name: &str,
        meaning: Named,
        given: &[Node],
        from: usize,
    ) -> Option<Node> {
        let at = self.since(from);
        let numbers: Vec<i64> = given
            .iter()
            .filter_map(|node| match &node.part {
                Part::Literal(Value::Number(number)) => number.whole(),
                _ => None,
            })
            .collect();
        if let (Named::Date, [year, month, day]) = (meaning, numbers.as_slice()) {
            let value = time::read_date(&format!("{year:04}-{month:02}-{day:02}"));
            if value.is_none() {
                self.fault(
                    at.clone(),
                    "there is no such day",
                    "write year, month and day",
                );
            }
            return Some(literal(Value::Date(value?), at));
        }
        let [
            Node {
                part: Part::Literal(Value::Text(text)),
                ..
            },
        ] = given
        else {
            let message = format!("`{name}` takes a text that is written out");
            let help = match meaning {
                Named::Date => {
                    "write `date(\"2026-02-17\")`; which day a moment falls on depends on the place"
                }
                Named::DateAndTime => "write `date and time(\"2026-02-17T08:00:00+08:00\")`",
                _ => "write `duration(\"P18Y\")`",
            };
            self.fault(at, message, help);
            return None;
        };
        let (value, help) = match meaning {
            Named::Date => (
                time::read_date(text).map(Value::Date),
                "write year, month and day, such as `2026-02-17`, of a day that exists",
            ),
            Named::DateAndTime => (
                time::read_datetime(text).map(Value::Datetime),
                "write it with its offset, such as `2026-02-17T08:00:00+08:00`",
            ),
            _ => (
                time::read_duration(text).map(duration),
                "write years and months, such as `P1Y6M`, or days and hours, such as `P3DT12H`",
            ),
        };
        if value.is_none() {
            let message = format!("`{text}` is no {name}");
            self.fault(at.clone(), message, help);
        }
        Some(literal(value?, at))
    }
}
