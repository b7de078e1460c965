//! From the tree that `dsntk` read to a typed tree over positions, and every fault on the way.

mod calls;
mod membership;

use std::ops::Range;

use dsntk_feel_parser::AstNode;

use crate::fault::{Fault, remedy};
use crate::fields::{Fields, Type};
use crate::functions;
use crate::limits::NESTING_MAX;
use crate::number::Decimal;
use crate::rule::{Comparison, Node, Operation, Part, Property};
use crate::scan::{self, Sort, Token};
use crate::syntax;
use crate::time::{self, Duration};
use crate::value::Value;

/// The typed tree of the rule `text`.
pub(crate) fn compile(text: &str, fields: &Fields) -> Result<Node, Vec<Fault>> {
    let tokens = scan::scan(text)?;
    let tree = syntax::parse(&tokens)?;
    let mut compiler = Compiler {
        text,
        fields,
        leaves: tokens.into_iter().filter(Token::is_leaf).collect(),
        next: 0,
        depth: 0,
        faults: Vec::new(),
    };
    let root = compiler.node(&tree);
    match root {
        Some(root) if compiler.faults.is_empty() => Ok(root),
        _ => {
            let mut faults = compiler.faults;
            faults.sort_by_key(|fault| (fault.at.start, fault.at.end));
            faults.dedup();
            if faults.is_empty() {
                faults.push(Fault::new(0..text.len(), "the rule is outside of what rules may use"));
            }
            Err(faults)
        }
    }
}

pub(crate) struct Compiler<'a> {
    text: &'a str,
    fields: &'a Fields,
    /// The words that values are, in the order of the text, which is that of the tree's leaves.
    leaves: Vec<Token>,
    next: usize,
    depth: usize,
    faults: Vec<Fault>,
}

impl Compiler<'_> {
    fn fault(&mut self, at: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Fault::new(at, message).help(help));
    }

    /// The place of the next leaf, which must be of this sort.
    fn leaf(&mut self, sort: Sort) -> Range<usize> {
        let leaf = self.leaves.get(self.next);
        self.next += 1;
        match leaf {
            Some(leaf) if leaf.sort == sort => leaf.at.clone(),
            _ => 0..self.text.len(),
        }
    }

    /// The text from the first leaf at or after `from` to the last taken.
    fn since(&self, from: usize) -> Range<usize> {
        let start = self.leaves.get(from).map_or(0, |leaf| leaf.at.start);
        let last = self.leaves.get(self.next.saturating_sub(1).max(from));
        start..last.map_or(self.text.len(), |leaf| leaf.at.end.max(start))
    }

    /// What messages call a part: its text.
    fn name(&self, node: &Node) -> String {
        format!("`{}`", self.text.get(node.at.clone()).unwrap_or_default())
    }

    /// The typed part of `tree`, or nothing after a fault. Its leaves are taken in any case.
    fn node(&mut self, tree: &AstNode) -> Option<Node> {
        let from = self.next;
        self.depth += 1;
        let node = if self.depth > NESTING_MAX {
            let at = self.since(from);
            self.fault(at, format!("the rule nests deeper than {NESTING_MAX}"), "split it");
            None
        } else {
            self.part(tree, from)
        };
        self.depth -= 1;
        node
    }

    fn part(&mut self, tree: &AstNode, from: usize) -> Option<Node> {
        match tree {
            AstNode::Boolean(truth) => {
                Some(literal(Value::Boolean(*truth), self.leaf(Sort::Constant)))
            }
            AstNode::Null => Some(literal(Value::Null, self.leaf(Sort::Constant))),
            AstNode::String(text) => {
                let value = Value::Text(text.clone().into());
                Some(literal(value, self.leaf(Sort::Text)))
            }
            AstNode::Numeric(before, after, sign, exponent) => {
                let at = self.leaf(Sort::Number);
                let number = Decimal::literal(before, after, *sign, exponent);
                if number.is_none() {
                    self.fault(at.clone(), "the number has too many digits", "write at most 30");
                }
                Some(literal(Value::Number(number?), at))
            }
            AstNode::At(text) => self.at_literal(text),
            AstNode::Name(name) => self.field(name.as_str()),
            AstNode::And(..) | AstNode::Or(..) => self.chain(tree, from),
            AstNode::Eq(a, b) => self.comparison(Comparison::Equal, a, b, from),
            AstNode::Nq(a, b) => self.comparison(Comparison::Unequal, a, b, from),
            AstNode::Lt(a, b) => self.comparison(Comparison::Less, a, b, from),
            AstNode::Le(a, b) => self.comparison(Comparison::LessOrEqual, a, b, from),
            AstNode::Gt(a, b) => self.comparison(Comparison::Greater, a, b, from),
            AstNode::Ge(a, b) => self.comparison(Comparison::GreaterOrEqual, a, b, from),
            AstNode::Between(value, low, high) => self.between(value, low, high, from),
            AstNode::In(value, tests) => self.membership(value, tests, from),
            AstNode::If(condition, then, other) => self.choice(condition, then, other, from),
            AstNode::Add(a, b) => self.arithmetic(Operation::Plus, a, b, from),
            AstNode::Sub(a, b) => self.arithmetic(Operation::Minus, a, b, from),
            AstNode::Mul(a, b) => self.arithmetic(Operation::Times, a, b, from),
            AstNode::Div(a, b) => self.arithmetic(Operation::Over, a, b, from),
            AstNode::Neg(a) => self.negative(a, from),
            AstNode::Path(value, name) => self.property(value, name, from),
            AstNode::FunctionInvocation(name, arguments) => self.call(name, arguments, from),
            AstNode::Range(..) | AstNode::List(_) | AstNode::ExpressionList(_) => {
                let at = self.since(from);
                self.lost();
                self.fault(at, "a range or list stands only after `in`", "write `field in [1..5]`");
                None
            }
            AstNode::UnaryEq(_)
            | AstNode::UnaryNe(_)
            | AstNode::UnaryLt(_)
            | AstNode::UnaryLe(_)
            | AstNode::UnaryGt(_)
            | AstNode::UnaryGe(_) => {
                let at = self.since(from);
                self.lost();
                self.fault(at, "a comparison has nothing on its left", "write the field before it");
                None
            }
            _ => {
                let at = self.since(from);
                self.lost();
                let help = "rules have fields, comparisons, `in`, `between`, `if`, arithmetic and a few functions";
                self.fault(at, "this is outside of what rules may use", help);
                None
            }
        }
    }

    /// Gives up following the leaves: what comes after has no place of its own.
    fn lost(&mut self) {
        self.next = self.leaves.len();
    }

    fn field(&mut self, name: &str) -> Option<Node> {
        let at = self.leaf(Sort::Name);
        let Some(position) = self.fields.position(name) else {
            let fields = self.fields.iter().map(|field| field.name.as_str());
            let help = remedy(name, fields.collect::<Vec<_>>());
            let message = format!("there is no field `{name}`");
            self.faults.push(Fault::new(at, message).maybe_help(help));
            return None;
        };
        let field = self.fields.get(position)?;
        Some(Node {
            part: Part::Field(position),
            kind: field.kind,
            nullable: field.nullable,
            at,
        })
    }

    /// `@"…"`: a day, a moment or a duration, whichever it reads as.
    fn at_literal(&mut self, text: &str) -> Option<Node> {
        let at = self.leaf(Sort::Text);
        let value = time::read_date(text)
            .map(Value::Date)
            .or_else(|| time::read_datetime(text).map(Value::Datetime))
            .or_else(|| time::read_duration(text).map(duration));
        if value.is_none() {
            let message = format!("`@\"{text}\"` is no day, moment or duration");
            self.fault(at.clone(), message, "write `@\"2026-02-17\"`, `@\"2026-02-17T08:00:00+08:00\"` or `@\"P18Y\"`");
        }
        Some(literal(value?, at))
    }

    /// `and`s or `or`s in a row become one part.
    fn chain(&mut self, tree: &AstNode, from: usize) -> Option<Node> {
        let conjunction = matches!(tree, AstNode::And(..));
        let mut trees = Vec::new();
        let mut left = tree;
        loop {
            match (left, conjunction) {
                (AstNode::And(a, b), true) | (AstNode::Or(a, b), false) => {
                    trees.push(&**b);
                    left = a;
                }
                _ => break,
            }
        }
        trees.push(left);
        let word = if conjunction { "and" } else { "or" };
        let parts: Vec<Option<Node>> =
            trees.into_iter().rev().map(|tree| self.condition(tree, word)).collect();
        let parts = parts.into_iter().collect::<Option<Vec<Node>>>()?;
        let nullable = parts.iter().any(|part| part.nullable);
        let part = if conjunction { Part::And(parts) } else { Part::Or(parts) };
        Some(self.made(part, Type::Boolean, nullable, from))
    }

    /// A part that must be a condition, because it stands beside `word`.
    fn condition(&mut self, tree: &AstNode, word: &str) -> Option<Node> {
        let node = self.node(tree)?;
        if node.kind == Type::Boolean {
            return Some(node);
        }
        let message = format!("{} is {}, but `{word}` joins conditions", self.name(&node), node.kind);
        self.fault(node.at, message, "compare it with something, as in `headcount >= 20`");
        None
    }

    fn made(&self, part: Part, kind: Type, nullable: bool, from: usize) -> Node {
        Node {
            part,
            kind,
            nullable,
            at: self.since(from),
        }
    }

    fn comparison(&mut self, how: Comparison, a: &AstNode, b: &AstNode, from: usize) -> Option<Node> {
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
    fn comparable(&mut self, a: &Node, b: &Node, ordered: bool) -> Option<()> {
        let at = a.at.start.min(b.at.start)..a.at.end.max(b.at.end);
        if a.kind == Type::Null || b.kind == Type::Null {
            self.fault(at, "`null` is neither less nor greater than anything", "test `= null` or `!= null`");
            return None;
        }
        if a.kind != b.kind {
            let message = format!("{} is {} but is compared with {}", self.name(a), a.kind, b.kind);
            let help = self.how_to_write(a, b);
            self.faults.push(Fault::new(at, message).maybe_help(help));
            return None;
        }
        if ordered && a.kind == Type::Boolean {
            self.fault(at, "truth values have no order", "use `=`, or the condition alone");
            return None;
        }
        for (field, other) in [(a, b), (b, a)] {
            self.known_word(field, other)?;
        }
        Some(())
    }

    /// A literal that was meant to be of the other's type.
    fn how_to_write(&self, a: &Node, b: &Node) -> Option<String> {
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
            (Type::Datetime, Value::Text(text)) => Some(format!("write `date and time(\"{text}\")`")),
            (Type::Datetime, Value::Date(_)) => {
                Some("write the moment with its offset, as in `@\"2026-02-17T00:00:00+08:00\"`".to_owned())
            }
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
        self.faults.push(Fault::new(other.at.clone(), message).maybe_help(help));
        None
    }

    fn choice(&mut self, condition: &AstNode, then: &AstNode, other: &AstNode, from: usize) -> Option<Node> {
        let condition = self.condition(condition, "if");
        let (then, other) = (self.node(then), self.node(other));
        let (condition, then, other) = (condition?, then?, other?);
        let kind = match (then.kind, other.kind) {
            (Type::Null, kind) | (kind, Type::Null) => kind,
            (a, b) if a == b => a,
            (a, b) => {
                let message = format!("{} is {a}, but {} is {b}", self.name(&then), self.name(&other));
                let at = then.at.start..other.at.end;
                self.fault(at, message, "both outcomes of an `if` are of one type");
                return None;
            }
        };
        let nullable = then.nullable || other.nullable;
        let part = Part::If(Box::new((condition, then, other)));
        Some(self.made(part, kind, nullable, from))
    }

    fn arithmetic(&mut self, how: Operation, a: &AstNode, b: &AstNode, from: usize) -> Option<Node> {
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
                let (x, y) = if how == Operation::Over { (&a, &b) } else { (&b, &a) };
                let message = format!(
                    "{} is {}, so it cannot be {word} {}, which is {}",
                    self.name(x), x.kind, self.name(y), y.kind
                );
                let at = self.since(from);
                self.faults.push(Fault::new(at, message));
                return None;
            }
        };
        if matches!(kind, Date | Datetime) && !matches!(b.part, Part::Literal(_)) {
            self.fault(b.at, "a day or moment is moved only by a fixed duration", "write it as `@\"P18Y\"` or `@\"P30D\"`");
            return None;
        }
        let never_null = matches!((&a.part, &b.part), (Part::Literal(_), Part::Literal(_)));
        let part = Part::Arithmetic(how, Box::new((a, b)));
        // Even of two numbers: one too great for us comes out as nothing.
        Some(self.made(part, kind, !never_null, from))
    }

    fn negative(&mut self, tree: &AstNode, from: usize) -> Option<Node> {
        let inner = self.node(tree)?;
        if !matches!(inner.kind, Type::Number | Type::Months | Type::Span) {
            let message = format!("{} is {}, so it has no negative", self.name(&inner), inner.kind);
            self.faults.push(Fault::new(inner.at, message));
            return None;
        }
        if let Part::Literal(value) = &inner.part {
            let value = crate::eval::negative(value).unwrap_or(Value::Null);
            // The sign stands before the number.
            let start = self.text.get(..inner.at.start).and_then(|text| text.rfind('-'));
            let at = start.unwrap_or(inner.at.start)..inner.at.end;
            return Some(literal(value, at));
        }
        let (kind, nullable) = (inner.kind, true);
        Some(self.made(Part::Negative(Box::new(inner)), kind, nullable, from))
    }

    fn property(&mut self, value: &AstNode, name: &AstNode, from: usize) -> Option<Node> {
        let value = self.node(value);
        let at = self.leaf(Sort::Name);
        let value = value?;
        let AstNode::Name(name) = name else {
            self.fault(at, "this is no property", "a day has `.year`, `.month` and `.day`");
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
            let message = format!("{} is {}, so it has no `.{name}`", self.name(&value), value.kind);
            self.fault(at, message, "only a day has one; which day a moment falls on depends on the place");
            return None;
        }
        let nullable = value.nullable;
        let part = Part::Property(property, Box::new(value));
        Some(self.made(part, Type::Number, nullable, from))
    }

    /// A fault for a function that there is not.
    fn unknown_function(&mut self, name: &str, at: Range<usize>) {
        let message = format!("there is no function `{name}`");
        let fault = match name {
            "today" | "now" => Fault::new(at, format!("`{name}` is outside of what rules may use"))
                .help("a rule says the same on every day: compare with a field, such as the day of the event"),
            _ => Fault::new(at, message).maybe_help(remedy(name, functions::names())),
        };
        self.faults.push(fault);
    }
}

fn duration(duration: Duration) -> Value<'static> {
    match duration {
        Duration::Months(months) => Value::Months(months),
        Duration::Span(span) => Value::Span(span),
    }
}

fn literal(value: Value<'static>, at: Range<usize>) -> Node {
    Node {
        kind: value.kind(),
        nullable: value == Value::Null,
        part: Part::Literal(value),
        at,
    }
}
