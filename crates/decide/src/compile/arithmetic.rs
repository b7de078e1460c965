//! Arithmetic on numbers, days, moments and durations, and the parts of a day.

use dsntk_feel_parser::AstNode;

use super::{Compiler, literal};
use crate::fault::Fault;
use crate::fields::Type;
use crate::rule::{Node, Operation, Part, Property};
use crate::scan::Sort;
use crate::value::Value;

impl Compiler<'_> {
    pub(super) fn arithmetic(
        &mut self,
        how: Operation,
        a: &AstNode,
        b: &AstNode,
        from: usize,
    ) -> Option<Node> {
        use Operation::{Minus, Plus};
        use Type::{Date, Datetime, Months, Number, Span, Text};
        let (a, b) = (self.node(a), self.node(b));
        let (a, b) = (a?, b?);
        let kind = match (how, a.kind, b.kind) {
            (_, Number, Number) => Number,
            (Plus, Text, Text) => Text,
            (Minus, Date, Date) | (Minus, Datetime, Datetime) | (Plus | Minus, Span, Span) => Span,
            (Plus | Minus, Months, Months) => Months,
            (Plus | Minus, Date, Months | Span) => Date,
            (Plus | Minus, Datetime, Months | Span) => Datetime,
            _ => {
                let word = match how {
                    Plus => "added to",
                    Minus => "taken from",
                    Operation::Times => "multiplied with",
                    Operation::Over => "divided by",
                };
                let (x, y) = if how == Operation::Over {
                    (&a, &b)
                } else {
                    (&b, &a)
                };
                let message = format!(
                    "{} is {}, so it cannot be {word} {}, which is {}",
                    self.name(x),
                    x.kind,
                    self.name(y),
                    y.kind
                );
                let at = self.since(from);
                self.faults.push(Fault::new(at, message));
                return None;
            }
        };
        if matches!(kind, Date | Datetime) && !matches!(b.part, Part::Literal(_)) {
            self.fault(
                b.at,
                "a day or moment is moved only by a fixed duration",
                "write it as `@\"P18Y\"` or `@\"P30D\"`",
            );
            return None;
        }
        let never_null = matches!((&a.part, &b.part), (Part::Literal(_), Part::Literal(_)));
        let part = Part::Arithmetic(how, Box::new((a, b)));
        // Even of two numbers: one too great for us comes out as nothing.
        Some(self.made(part, kind, !never_null, from))
    }

    pub(super) fn negative(&mut self, tree: &AstNode, from: usize) -> Option<Node> {
        let inner = self.node(tree)?;
        if !matches!(inner.kind, Type::Number | Type::Months | Type::Span) {
            let message = format!(
                "{} is {}, so it has no negative",
                self.name(&inner),
                inner.kind
            );
            self.faults.push(Fault::new(inner.at, message));
            return None;
        }
        if let Part::Literal(value) = &inner.part {
            let value = crate::eval::negative(value).unwrap_or(Value::Null);
            // The sign stands before the number.
            let start = self
                .text
                .get(..inner.at.start)
                .and_then(|text| text.rfind('-'));
            let at = start.unwrap_or(inner.at.start)..inner.at.end;
            return Some(literal(value, at));
        }
        let (kind, nullable) = (inner.kind, true);
        Some(self.made(Part::Negative(Box::new(inner)), kind, nullable, from))
    }

    pub(super) fn property(
        &mut self,
        value: &AstNode,
        name: &AstNode,
        from: usize,
    ) -> Option<Node> {
        let value = self.node(value);
        let at = self.leaf(Sort::Name);
        let value = value?;
        let AstNode::Name(name) = name else {
            self.fault(
                at,
                "this is no property",
                "a day has `.year`, `.month` and `.day`",
            );
            return None;
        };
        let property = match name.as_str() {
            "year" => Property::Year,
            "month" => Property::Month,
            "day" => Property::Day,
            other => {
                let message = format!("nothing has a property `{other}`");
                self.fault(at, message, "a day has `.year`, `.month` and `.day`");
                return None;
            }
        };
        if value.kind != Type::Date {
            let message = format!(
                "{} is {}, so it has no `.{name}`",
                self.name(&value),
                value.kind
            );
            self.fault(
                at,
                message,
                "only a day has one; which day a moment falls on depends on the place",
            );
            return None;
        }
        let nullable = value.nullable;
        let part = Part::Property(property, Box::new(value));
        Some(self.made(part, Type::Number, nullable, from))
    }
}
