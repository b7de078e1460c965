//! From the tree that `dsntk` read to a typed tree over positions, and every fault on the way.

mod arithmetic;
mod calls;
mod comparison;
mod membership;

use std::ops::Range;

use dsntk_feel_parser::AstNode;

use crate::fault::{Fault, remedy};
use crate::fields::{Fields, Type};
use crate::functions;
use crate::limits::NESTING_MAX;
use crate::number::Decimal;
use crate::rule::{Comparison, Node, Operation, Part};
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
        brackets: tokens
            .iter()
            .filter(|token| BRACKETS.contains(&&*token.text))
            .cloned()
            .collect(),
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
                faults.push(Fault::new(
                    0..text.len(),
                    "the rule is outside of what rules may use",
                ));
            }
            Err(faults)
        }
    }
}

const BRACKETS: &[&str] = &["(", ")", "[", "]"];

pub(crate) struct Compiler<'a> {
    text: &'a str,
    fields: &'a Fields,
    brackets: Vec<Token>,
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
        let end = last.map_or(self.text.len(), |leaf| leaf.at.end.max(start));
        self.balanced(start..end)
    }

    /// `at` with the brackets around it that it opens or closes.
    fn balanced(&self, at: Range<usize>) -> Range<usize> {
        let Range { mut start, mut end } = at.clone();
        let (mut open, mut unopened) = (0_usize, 0_usize);
        let inside = |token: &&Token| token.at.start >= at.start && token.at.end <= at.end;
        for token in self.brackets.iter().filter(inside) {
            match token.text.as_str() {
                "(" | "[" => open += 1,
                _ if open > 0 => open -= 1,
                _ => unopened += 1,
            }
        }
        let after = self.brackets.iter().find(|token| token.at.start >= at.end);
        let mut closers = self
            .brackets
            .iter()
            .skip_while(|token| Some(*token) != after);
        while let Some(token) = closers.next().filter(|_| open > 0) {
            open -= 1;
            end = token.at.end;
        }
        let mut openers = self
            .brackets
            .iter()
            .rev()
            .skip_while(|token| token.at.end > at.start);
        while let Some(token) = openers.next().filter(|_| unopened > 0) {
            unopened -= 1;
            start = token.at.start;
        }
        start..end
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
            self.fault(
                at,
                format!("the rule nests deeper than {NESTING_MAX}"),
                "split it",
            );
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
                    self.fault(
                        at.clone(),
                        "the number has too many digits",
                        "write at most 30",
                    );
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
                self.fault(
                    at,
                    "a range or list stands only after `in`",
                    "write `field in [1..5]`",
                );
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
                self.fault(
                    at,
                    "a comparison has nothing on its left",
                    "write the field before it",
                );
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
            self.fault(
                at.clone(),
                message,
                "write `@\"2026-02-17\"`, `@\"2026-02-17T08:00:00+08:00\"` or `@\"P18Y\"`",
            );
        }
        Some(literal(value?, at))
    }

    /// `and`s or `or`s in a row become one part.
    fn chain(&mut self, tree: &AstNode, from: usize) -> Option<Node> {
        let conjunction = matches!(tree, AstNode::And(..));
        let mut trees = Vec::new();
        let mut left = tree;
        while let (AstNode::And(a, b), true) | (AstNode::Or(a, b), false) = (left, conjunction) {
            trees.push(&**b);
            left = a;
        }
        trees.push(left);
        let word = if conjunction { "and" } else { "or" };
        let parts: Vec<Option<Node>> = trees
            .into_iter()
            .rev()
            .map(|tree| self.condition(tree, word))
            .collect();
        let parts = parts.into_iter().collect::<Option<Vec<Node>>>()?;
        let nullable = parts.iter().any(|part| part.nullable);
        let part = if conjunction {
            Part::And(parts)
        } else {
            Part::Or(parts)
        };
        Some(self.made(part, Type::Boolean, nullable, from))
    }

    /// A part that must be a condition, because it stands beside `word`.
    fn condition(&mut self, tree: &AstNode, word: &str) -> Option<Node> {
        let node = self.node(tree)?;
        if node.kind == Type::Boolean {
            return Some(node);
        }
        let message = format!(
            "{} is {}, but `{word}` takes conditions",
            self.name(&node),
            node.kind
        );
        self.fault(
            node.at,
            message,
            "compare it with something, as in `headcount >= 20`",
        );
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

    fn choice(
        &mut self,
        condition: &AstNode,
        then: &AstNode,
        other: &AstNode,
        from: usize,
    ) -> Option<Node> {
        let condition = self.condition(condition, "if");
        let (then, other) = (self.node(then), self.node(other));
        let (condition, then, other) = (condition?, then?, other?);
        let kind = match (then.kind, other.kind) {
            (Type::Null, kind) | (kind, Type::Null) => kind,
            (a, b) if a == b => a,
            (a, b) => {
                let message = format!(
                    "{} is {a}, but {} is {b}",
                    self.name(&then),
                    self.name(&other)
                );
                let at = then.at.start..other.at.end;
                self.fault(at, message, "both outcomes of an `if` are of one type");
                return None;
            }
        };
        let nullable = then.nullable || other.nullable;
        let part = Part::If(Box::new((condition, then, other)));
        Some(self.made(part, kind, nullable, from))
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
