//! `in` and `between`: a value and the ranges, words and comparisons that it is held against.

use dsntk_feel::IntervalType;
use dsntk_feel_parser::AstNode;

use super::Compiler;
use crate::fields::Type;
use crate::rule::{Comparison, End, Node, Part};

impl Compiler<'_> {
    pub(super) fn between(
        &mut self,
        value: &AstNode,
        low: &AstNode,
        high: &AstNode,
        from: usize,
    ) -> Option<Node> {
        let (value, low, high) = (self.node(value), self.node(low), self.node(high));
        let closed = |value| End {
            value,
            closed: true,
        };
        self.within(value?, closed(low?), closed(high?), from)
    }

    /// A value between two ends of its own type.
    fn within(&mut self, value: Node, low: End, high: End, from: usize) -> Option<Node> {
        for end in [&low.value, &high.value] {
            self.comparable(&value, end, true)?;
        }
        if let (Part::Literal(a), Part::Literal(b)) = (&low.value.part, &high.value.part)
            && crate::eval::order(a, b) == Some(std::cmp::Ordering::Greater)
        {
            let at = low.value.at.start..high.value.at.end;
            self.fault(
                at,
                "the range is empty: it begins after its end",
                "write the lesser end first",
            );
            return None;
        }
        let nullable = value.nullable || low.value.nullable || high.value.nullable;
        let part = Part::Within(Box::new((value, low, high)));
        Some(self.made(part, Type::Boolean, nullable, from))
    }

    /// `value in tests`.
    pub(super) fn membership(
        &mut self,
        value: &AstNode,
        tests: &AstNode,
        from: usize,
    ) -> Option<Node> {
        let value = self.node(value);
        let tests: &[AstNode] = match tests {
            AstNode::List(tests) | AstNode::ExpressionList(tests) => tests,
            one => std::slice::from_ref(one),
        };
        if tests.is_empty() {
            let at = self.since(from);
            self.fault(
                at,
                "nothing is in an empty list",
                "write the words or ranges it may be in",
            );
            return None;
        }
        let mut words = Vec::new();
        let mut conditions = Vec::new();
        let mut whole = true;
        for test in tests {
            match self.test(value.as_ref(), test, from) {
                Some(Test::Word(word)) => words.push(word),
                Some(Test::Condition(condition)) => conditions.push(condition),
                None => whole = false,
            }
        }
        let value = value.filter(|_| whole)?;
        if !words.is_empty() {
            let part = Part::OneOf(Box::new(value), words);
            conditions.insert(0, self.made(part, Type::Boolean, false, from));
        }
        if conditions.len() == 1 {
            return conditions.pop();
        }
        let nullable = conditions.iter().any(|condition| condition.nullable);
        Some(self.made(Part::Or(conditions), Type::Boolean, nullable, from))
    }

    /// One of the tests that a value is held against. Without a value its leaves are taken alone.
    fn test(&mut self, value: Option<&Node>, test: &AstNode, from: usize) -> Option<Test> {
        let how = match test {
            AstNode::Range(low, high) => return self.range(value, low, high, from),
            AstNode::UnaryEq(_) => Comparison::Equal,
            AstNode::UnaryNe(_) => Comparison::Unequal,
            AstNode::UnaryLt(_) => Comparison::Less,
            AstNode::UnaryLe(_) => Comparison::LessOrEqual,
            AstNode::UnaryGt(_) => Comparison::Greater,
            AstNode::UnaryGe(_) => Comparison::GreaterOrEqual,
            _ => {
                let word = self.node(test)?;
                let value = value?;
                if word.kind == Type::Null {
                    self.fault(
                        word.at,
                        "`null` is no word of a list",
                        "test `= null` beside it",
                    );
                    return None;
                }
                self.comparable(value, &word, false)?;
                return Some(Test::Word(word));
            }
        };
        let (AstNode::UnaryEq(other)
        | AstNode::UnaryNe(other)
        | AstNode::UnaryLt(other)
        | AstNode::UnaryLe(other)
        | AstNode::UnaryGt(other)
        | AstNode::UnaryGe(other)) = test
        else {
            return None;
        };
        let other = self.node(other)?;
        let value = value?;
        let equality = matches!(how, Comparison::Equal | Comparison::Unequal);
        self.comparable(value, &other, !equality)?;
        let nullable = !equality && (value.nullable || other.nullable);
        let part = Part::Compare(how, Box::new((value.clone(), other)));
        Some(Test::Condition(self.made(
            part,
            Type::Boolean,
            nullable,
            from,
        )))
    }

    fn range(
        &mut self,
        value: Option<&Node>,
        low: &AstNode,
        high: &AstNode,
        from: usize,
    ) -> Option<Test> {
        let (AstNode::IntervalStart(low, opens), AstNode::IntervalEnd(high, closes)) = (low, high)
        else {
            return None;
        };
        let (low, high) = (self.node(low), self.node(high));
        let end = |value, interval: &IntervalType| End {
            value,
            closed: *interval == IntervalType::Closed,
        };
        let (low, high) = (end(low?, opens), end(high?, closes));
        let range = self.within(value?.clone(), low, high, from)?;
        Some(Test::Condition(range))
    }
}

enum Test {
    /// A value to be equal to.
    Word(Node),
    Condition(Node),
}
