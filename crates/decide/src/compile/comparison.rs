//! Comparisons: both sides are of one type, and a field is held against words that it can be.

use dsntk_feel_parser::AstNode;

use super::Compiler;
use crate::fault::{Fault, remedy};
use crate::fields::Type;
use crate::rule::{Comparison, Node, Part};
use crate::value::Value;

impl Compiler<'_> {
    pub(super) fn comparison(
        &mut self,
        how: Comparison,
        a: &AstNode,
        b: &AstNode,
        from: usize,
    ) -> Option<Node> {
        let (a, b) = (self.node(a), self.node(b));
        let (a, b) = (a?, b?);
        let equality = matches!(how, Comparison::Equal | Comparison::Unequal);
        let tested = match (a.kind, b.kind) {
            (_, Type::Null) if equality => Some(a.clone()),
            (Type::Null, _) if equality => Some(b.clone()),
            _ => None,
        };
        if let Some(tested) = tested {
            let test = self.made(Part::IsNull(Box::new(tested)), Type::Boolean, false, from);
            return Some(match how {
                Comparison::Unequal => {
                    let part = Part::Not(Box::new(test));
                    self.made(part, Type::Boolean, false, from)
                }
                _ => test,
            });
        }
        self.comparable(&a, &b, !equality)?;
        let nullable = !equality && (a.nullable || b.nullable);
        let part = Part::Compare(how, Box::new((a, b)));
        Some(self.made(part, Type::Boolean, nullable, from))
    }

    /// Both are of one type, which has an order if one is asked for; and a word that a field is
    /// compared with is one that it can be.
    pub(super) fn comparable(&mut self, a: &Node, b: &Node, ordered: bool) -> Option<()> {
        let at = a.at.start.min(b.at.start)..a.at.end.max(b.at.end);
        if a.kind == Type::Null || b.kind == Type::Null {
            self.fault(
                at,
                "`null` is neither less nor greater than anything",
                "test `= null` or `!= null`",
            );
            return None;
        }
        if a.kind != b.kind {
            let message = format!(
                "{} is {} but is compared with {}",
                self.name(a),
                a.kind,
                b.kind
            );
            let help = Self::how_to_write(a, b);
            self.faults.push(Fault::new(at, message).maybe_help(help));
            return None;
        }
        if ordered && a.kind == Type::Boolean {
            self.fault(
                at,
                "truth values have no order",
                "use `=`, or the condition alone",
            );
            return None;
        }
        for (field, other) in [(a, b), (b, a)] {
            self.known_word(field, other)?;
        }
        Some(())
    }

    /// A literal that was meant to be of the other's type.
    fn how_to_write(a: &Node, b: &Node) -> Option<String> {
        let (wanted, given) = match (&a.part, &b.part) {
            (_, Part::Literal(value)) => (a.kind, value),
            (Part::Literal(value), _) => (b.kind, value),
            _ => return None,
        };
        match (wanted, given) {
            (Type::Number, Value::Text(text)) if text.parse::<f64>().is_ok() => {
                Some(format!("write `{text}` without quotes"))
            }
            (Type::Text, Value::Number(number)) => Some(format!("write `\"{number}\"`")),
            (Type::Date, Value::Text(text)) => Some(format!("write `date(\"{text}\")`")),
            (Type::Datetime, Value::Text(text)) => {
                Some(format!("write `date and time(\"{text}\")`"))
            }
            (Type::Datetime, Value::Date(_)) => Some(
                "write the moment with its offset, as in `@\"2026-02-17T00:00:00+08:00\"`"
                    .to_owned(),
            ),
            (Type::Boolean, _) => Some("write `true` or `false`".to_owned()),
            _ => None,
        }
    }

    /// A fault if `other` is a text that `field` can never be.
    fn known_word(&mut self, field: &Node, other: &Node) -> Option<()> {
        let (Part::Field(position), Part::Literal(Value::Text(word))) = (&field.part, &other.part)
        else {
            return Some(());
        };
        let field = self.fields.get(*position)?;
        if field.words.is_empty() || field.words.iter().any(|known| known == word) {
            return Some(());
        }
        let help = remedy(word, field.words.iter().map(String::as_str));
        let message = format!("`{}` is never `{word}`", field.name);
        self.faults
            .push(Fault::new(other.at.clone(), message).maybe_help(help));
        None
    }
}
