//! A rule worked out for one row, in FEEL's three-valued logic.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::functions::Function;
use crate::rule::{Comparison, End, Node, Operation, Part, Property};
use crate::time;
use crate::value::{Row, Value};

/// What `node` comes out as.
pub(crate) fn value<'a, R: Row + ?Sized>(node: &'a Node, row: &'a R) -> Value<'a> {
    match &node.part {
        Part::Literal(value) => value.borrowed(),
        Part::Field(position) => row.value(*position),
        Part::If(three) => {
            let (condition, then, other) = &**three;
            let taken = if truth(condition, row) == Some(true) {
                then
            } else {
                other
            };
            value(taken, row)
        }
        Part::Arithmetic(operation, two) => {
            arithmetic(*operation, value(&two.0, row), value(&two.1, row)).unwrap_or(Value::Null)
        }
        Part::Negative(inner) => negative(&value(inner, row)).unwrap_or(Value::Null),
        Part::Call(function, arguments) => call(*function, arguments, row).unwrap_or(Value::Null),
        Part::Substring(inner, start, length) => match value(inner, row) {
            Value::Text(text) => substring(text, *start, *length),
            _ => Value::Null,
        },
        Part::Property(property, inner) => match value(inner, row) {
            Value::Date(days) => time::date_of(days).map_or(Value::Null, |date| {
                Value::number(match property {
                    Property::Year => i64::from(date.year()),
                    Property::Month => i64::from(date.month()),
                    Property::Day => i64::from(date.day()),
                })
            }),
            _ => Value::Null,
        },
        _ => truth(node, row).map_or(Value::Null, Value::Boolean),
    }
}

/// Whether the condition `node` holds; nothing if that cannot be worked out.
pub(crate) fn truth<R: Row + ?Sized>(node: &Node, row: &R) -> Option<bool> {
    match &node.part {
        Part::Not(inner) => truth(inner, row).map(|truth| !truth),
        Part::And(all) => {
            let mut whole = Some(true);
            for part in all {
                match truth(part, row) {
                    Some(false) => return Some(false),
                    Some(true) => {}
                    None => whole = None,
                }
            }
            whole
        }
        Part::Or(all) => {
            let mut whole = Some(false);
            for part in all {
                match truth(part, row) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => whole = None,
                }
            }
            whole
        }
        Part::Compare(comparison, two) => {
            compare(*comparison, &value(&two.0, row), &value(&two.1, row))
        }
        Part::Within(range) => {
            let (inner, low, high) = &**range;
            let inner = value(inner, row);
            let side = |end: &End, open: Comparison, closed: Comparison| {
                let comparison = if end.closed { closed } else { open };
                compare(comparison, &inner, &value(&end.value, row))
            };
            let above = side(low, Comparison::Greater, Comparison::GreaterOrEqual);
            let below = side(high, Comparison::Less, Comparison::LessOrEqual);
            both(above, below)
        }
        Part::OneOf(inner, words) => {
            let inner = value(inner, row);
            let same = |word: &Node| equal(&inner, &value(word, row));
            Some(words.iter().any(same))
        }
        Part::IsNull(inner) => Some(value(inner, row) == Value::Null),
        Part::Matches(inner, pattern) => match value(inner, row) {
            Value::Text(text) => Some(pattern.is_match(&text)),
            _ => None,
        },
        Part::Call(function, arguments) => call(*function, arguments, row)?.truth(),
        Part::Literal(_) | Part::Field(_) | Part::If(_) => value(node, row).truth(),
        Part::Arithmetic(..) | Part::Negative(_) | Part::Substring(..) | Part::Property(..) => None,
    }
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Whether two values are the same; nothing is the same as nothing.
fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => a == b,
        _ => a == b,
    }
}

fn compare(comparison: Comparison, a: &Value<'_>, b: &Value<'_>) -> Option<bool> {
    match comparison {
        Comparison::Equal => Some(equal(a, b)),
        Comparison::Unequal => Some(!equal(a, b)),
        Comparison::Less => order(a, b).map(Ordering::is_lt),
        Comparison::LessOrEqual => order(a, b).map(Ordering::is_le),
        Comparison::Greater => order(a, b).map(Ordering::is_gt),
        Comparison::GreaterOrEqual => order(a, b).map(Ordering::is_ge),
    }
}

/// Which of two values of one type comes first.
pub(crate) fn order(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Datetime(a), Value::Datetime(b))
        | (Value::Months(a), Value::Months(b))
        | (Value::Span(a), Value::Span(b)) => a.cmp(b),
        _ => return None,
    })
}

pub(crate) fn negative(value: &Value<'_>) -> Option<Value<'static>> {
    match value {
        Value::Number(number) => number.negative().map(Value::Number),
        Value::Months(months) => months.checked_neg().map(Value::Months),
        Value::Span(span) => span.checked_neg().map(Value::Span),
        _ => None,
    }
}

/// The result of an operation whose types the compiler has found right.
fn arithmetic<'a>(operation: Operation, a: Value<'a>, b: Value<'a>) -> Option<Value<'a>> {
    use Operation::{Minus, Over, Plus, Times};
    match (operation, a, b) {
        (Plus, Value::Number(a), Value::Number(b)) => a.plus(b).map(Value::Number),
        (Minus, Value::Number(a), Value::Number(b)) => a.minus(b).map(Value::Number),
        (Times, Value::Number(a), Value::Number(b)) => a.times(b).map(Value::Number),
        (Over, Value::Number(a), Value::Number(b)) => a.over(b).map(Value::Number),
        (Plus, Value::Text(a), Value::Text(b)) => Some(Value::Text(a + b)),
        (Minus, Value::Date(a), Value::Date(b)) => {
            Some(Value::Span((i64::from(a) - i64::from(b)) * time::DAY_US))
        }
        (Plus, Value::Months(a), Value::Months(b)) => a.checked_add(b).map(Value::Months),
        (Minus, Value::Months(a), Value::Months(b)) => a.checked_sub(b).map(Value::Months),
        (Plus, Value::Span(a), Value::Span(b)) => a.checked_add(b).map(Value::Span),
        (Minus, Value::Span(a), Value::Span(b))
        | (Minus, Value::Datetime(a), Value::Datetime(b)) => a.checked_sub(b).map(Value::Span),
        (Plus, Value::Date(days), Value::Months(months)) => {
            time::add_months(days, months).map(Value::Date)
        }
        (Plus, Value::Date(days), Value::Span(span)) => time::add_span(days, span).map(Value::Date),
        (Plus, Value::Datetime(at), Value::Months(months)) => {
            time::add_months_to_moment(at, months).map(Value::Datetime)
        }
        (Plus, Value::Datetime(at), Value::Span(span)) => at.checked_add(span).map(Value::Datetime),
        (Minus, a @ (Value::Date(_) | Value::Datetime(_)), b) => arithmetic(Plus, a, negative(&b)?),
        _ => None,
    }
}

fn call<'a, R: Row + ?Sized>(
    function: Function,
    arguments: &'a [Node],
    row: &'a R,
) -> Option<Value<'a>> {
    let argument = |at: usize| arguments.get(at).map(|node| value(node, row));
    let texts = |test: fn(&str, &str) -> bool| match (argument(0)?, argument(1)?) {
        (Value::Text(a), Value::Text(b)) => Some(Value::Boolean(test(&a, &b))),
        _ => None,
    };
    match function {
        Function::StartsWith => texts(|a, b| a.starts_with(b)),
        Function::EndsWith => texts(|a, b| a.ends_with(b)),
        Function::Contains => texts(|a, b| a.contains(b)),
        Function::Min => extreme(arguments, row, Ordering::Less),
        Function::Max => extreme(arguments, row, Ordering::Greater),
        Function::MonthsBetween => match (argument(0)?, argument(1)?) {
            (Value::Date(from), Value::Date(to)) => {
                time::months_between(from, to).map(Value::Months)
            }
            _ => None,
        },
        _ => match (function, argument(0)?) {
            (Function::StringLength, Value::Text(text)) => {
                i64::try_from(text.chars().count()).ok().map(Value::number)
            }
            (Function::UpperCase, Value::Text(text)) => {
                Some(Value::Text(Cow::Owned(text.to_uppercase())))
            }
            (Function::LowerCase, Value::Text(text)) => {
                Some(Value::Text(Cow::Owned(text.to_lowercase())))
            }
            (Function::Abs, Value::Number(number)) => number.magnitude().map(Value::Number),
            (Function::Floor, Value::Number(number)) => Some(Value::Number(number.floor())),
            (Function::Ceiling, Value::Number(number)) => number.ceiling().map(Value::Number),
            _ => None,
        },
    }
}

/// The least or greatest of the arguments; nothing if one of them is missing.
fn extreme<'a, R: Row + ?Sized>(
    arguments: &'a [Node],
    row: &'a R,
    wanted: Ordering,
) -> Option<Value<'a>> {
    let (first, rest) = arguments.split_first()?;
    let mut best = value(first, row);
    if best == Value::Null {
        return None;
    }
    for argument in rest {
        let next = value(argument, row);
        if order(&next, &best)? == wanted {
            best = next;
        }
    }
    Some(best)
}

/// The letters of `text` from the `start`th, counted from 1.
fn substring(text: Cow<'_, str>, start: usize, length: Option<usize>) -> Value<'_> {
    let place = |text: &str, letters: usize| {
        text.char_indices()
            .nth(letters)
            .map_or(text.len(), |(at, _)| at)
    };
    let from = place(&text, start.saturating_sub(1));
    let rest = text.get(from..).unwrap_or_default();
    let to = from + length.map_or(rest.len(), |length| place(rest, length));
    Value::Text(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(from..to).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(from..to).unwrap_or_default().to_owned()),
    })
}
