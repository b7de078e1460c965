//! A rule as SQL, for row filters inside a query's plan.
//!
//! The text has no parameters: texts are quoted with `'` doubled, which is all that SQL's standard
//! strings need, and columns by the caller. Where FEEL says `false` of a missing value and SQL
//! `NULL`, the difference is kept, but at the top of a filter, where both leave the row out.

use crate::fields::Type;
use crate::functions::Function;
use crate::number::Decimal;
use crate::rule::{Comparison, End, Node, Operation, Part, Property, Rule};
use crate::time::{self, DAY_US};
use crate::value::Value;

/// `rule` as an expression of SQL; `quote_column` writes a field's name as a column. Numbers
/// without a fraction are written as integers and others as decimals; a quotient is a double, and
/// durations are microseconds or months.
pub fn to_sql(rule: &Rule, quote_column: impl Fn(&str) -> String) -> String {
    let writer = Writer {
        rule,
        quote: &quote_column,
    };
    writer.condition(&rule.root, true)
}

struct Writer<'a> {
    rule: &'a Rule,
    quote: &'a dyn Fn(&str) -> String,
}

impl Writer<'_> {
    /// A part; `filter` says that no row passes whether it comes out as `false` or as nothing.
    fn condition(&self, node: &Node, filter: bool) -> String {
        let join = |parts: &[Node], word: &str| {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| self.condition(part, filter))
                .collect();
            format!("({})", parts.join(word))
        };
        match &node.part {
            Part::And(parts) => join(parts, " AND "),
            Part::Or(parts) => join(parts, " OR "),
            Part::Not(inner) => match &inner.part {
                Part::IsNull(tested) => format!("({} IS NOT NULL)", self.value(tested)),
                _ => format!("(NOT {})", self.condition(inner, false)),
            },
            Part::Compare(how, two) => self.comparison(*how, &two.0, &two.1, filter),
            Part::Within(range) => {
                let (value, low, high) = &**range;
                let side = |end: &End, open: &str, closed: &str| {
                    let sign = if end.closed { closed } else { open };
                    format!("{} {sign} {}", self.value(value), self.value(&end.value))
                };
                format!("({} AND {})", side(low, ">", ">="), side(high, "<", "<="))
            }
            Part::OneOf(value, words) => {
                let list: Vec<String> = words.iter().map(|word| self.value(word)).collect();
                let test = format!("{} IN ({})", self.value(value), list.join(", "));
                let exact = !value.nullable && words.iter().all(|word| !word.nullable);
                if filter || exact {
                    format!("({test})")
                } else {
                    format!("COALESCE({test}, FALSE)")
                }
            }
            Part::IsNull(inner) => format!("({} IS NULL)", self.value(inner)),
            Part::Matches(text, pattern) => {
                format!(
                    "regexp_like({}, {})",
                    self.value(text),
                    quoted(pattern.as_str())
                )
            }
            _ => self.value(node),
        }
    }

    fn comparison(&self, how: Comparison, a: &Node, b: &Node, filter: bool) -> String {
        let certain = !a.nullable && !b.nullable;
        // With one side always there, a missing other makes the rule false: no row either way.
        let half = filter && (!a.nullable || !b.nullable);
        let sign = match how {
            Comparison::Equal if certain || half => "=",
            Comparison::Equal => "IS NOT DISTINCT FROM",
            Comparison::Unequal if certain => "<>",
            Comparison::Unequal => "IS DISTINCT FROM",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        };
        format!("({} {sign} {})", self.value(a), self.value(b))
    }

    fn value(&self, node: &Node) -> String {
        match &node.part {
            Part::Literal(value) => literal(value),
            Part::Field(position) => match self.rule.field(*position) {
                Some(field) => (self.quote)(&field.name),
                None => "NULL".to_owned(),
            },
            Part::If(three) => {
                let (condition, then, other) = &**three;
                let (then, other) = (self.outcome(then), self.outcome(other));
                format!(
                    "CASE WHEN {} THEN {then} ELSE {other} END",
                    self.condition(condition, true)
                )
            }
            Part::Arithmetic(how, two) => self.arithmetic(*how, &two.0, &two.1),
            Part::Negative(inner) => format!("(- {})", self.value(inner)),
            Part::Call(function, arguments) => self.call(*function, arguments),
            Part::Substring(text, start, length) => match length {
                Some(length) => format!("substr({}, {start}, {length})", self.value(text)),
                None => format!("substr({}, {start})", self.value(text)),
            },
            Part::Property(property, date) => {
                let name = match property {
                    Property::Year => "YEAR",
                    Property::Month => "MONTH",
                    Property::Day => "DAY",
                };
                format!("EXTRACT({name} FROM {})", self.value(date))
            }
            _ => self.condition(node, false),
        }
    }

    /// What an `if` comes out as: exact, for what stands around it may turn it over.
    fn outcome(&self, node: &Node) -> String {
        self.condition(node, false)
    }

    fn arithmetic(&self, how: Operation, a: &Node, b: &Node) -> String {
        let (x, y) = (self.value(a), self.value(b));
        match (how, a.kind, b.kind) {
            (Operation::Plus, Type::Text, _) => format!("({x} || {y})"),
            (Operation::Minus, Type::Date, Type::Date) => {
                format!("((CAST({x} AS INT) - CAST({y} AS INT)) * {DAY_US})")
            }
            (Operation::Minus, Type::Datetime, Type::Datetime) => {
                format!("(CAST({x} AS BIGINT) - CAST({y} AS BIGINT))")
            }
            (_, Type::Date | Type::Datetime, _) => moved(how, &x, a.kind, &b.part),
            (Operation::Over, ..) => {
                format!("(CAST({x} AS DOUBLE) / NULLIF(CAST({y} AS DOUBLE), 0))")
            }
            (Operation::Plus, ..) => format!("({x} + {y})"),
            (Operation::Minus, ..) => format!("({x} - {y})"),
            (Operation::Times, ..) => format!("({x} * {y})"),
        }
    }

    fn call(&self, function: Function, arguments: &[Node]) -> String {
        let all: Vec<String> = arguments
            .iter()
            .map(|argument| self.value(argument))
            .collect();
        let a = all.first().map_or("NULL", String::as_str);
        let b = all.get(1).map_or("NULL", String::as_str);
        match function {
            Function::StringLength => format!("character_length({a})"),
            Function::StartsWith => format!("starts_with({a}, {b})"),
            Function::EndsWith => {
                format!("(right({a}, CAST(character_length({b}) AS BIGINT)) = {b})")
            }
            Function::Contains => format!("(strpos({a}, {b}) > 0)"),
            Function::UpperCase => format!("upper({a})"),
            Function::LowerCase => format!("lower({a})"),
            Function::Abs => format!("abs({a})"),
            Function::Floor => format!("floor({a})"),
            Function::Ceiling => format!("ceil({a})"),
            Function::Min | Function::Max => {
                let name = if function == Function::Min {
                    "least"
                } else {
                    "greatest"
                };
                let missing = all.iter().map(|value| format!("{value} IS NULL"));
                let missing = missing.collect::<Vec<_>>().join(" OR ");
                format!(
                    "CASE WHEN {missing} THEN NULL ELSE {name}({}) END",
                    all.join(", ")
                )
            }
            Function::MonthsBetween => {
                let part =
                    |name: &str, date: &str| format!("CAST(EXTRACT({name} FROM {date}) AS BIGINT)");
                let (ya, yb) = (part("YEAR", a), part("YEAR", b));
                let (ma, mb) = (part("MONTH", a), part("MONTH", b));
                let (da, db) = (part("DAY", a), part("DAY", b));
                format!(
                    "(({yb} - {ya}) * 12 + {mb} - {ma} + CASE WHEN {b} >= {a} AND {db} < {da} THEN -1 \
                     WHEN {b} < {a} AND {db} > {da} THEN 1 ELSE 0 END)"
                )
            }
        }
    }
}

/// A day or moment moved by the fixed duration `by`.
fn moved(how: Operation, what: &str, kind: Type, by: &Part) -> String {
    let sign = if how == Operation::Minus { -1 } else { 1 };
    let (amount, unit) = match by {
        Part::Literal(Value::Months(months)) => (months.saturating_mul(sign), "MONTH"),
        Part::Literal(Value::Span(span)) => {
            let span = span.saturating_mul(sign);
            match kind {
                Type::Date => (span.div_euclid(DAY_US), "DAY"),
                _ => (span, "MICROSECOND"),
            }
        }
        _ => return "NULL".to_owned(),
    };
    let sign = if amount < 0 { "-" } else { "+" };
    let moved = format!(
        "({what} {sign} INTERVAL '{} {unit}')",
        amount.unsigned_abs()
    );
    if kind == Type::Date {
        format!("CAST({moved} AS DATE)")
    } else {
        moved
    }
}

fn quoted(text: &str) -> String {
    // A NUL ends texts in some databases, and stands in no field.
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

fn literal(value: &Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(true) => "TRUE".to_owned(),
        Value::Boolean(false) => "FALSE".to_owned(),
        Value::Number(number) => number_literal(*number),
        Value::Text(text) => quoted(text),
        Value::Date(days) => format!("DATE '{}'", time::show_date(*days)),
        Value::Datetime(at) => format!("TIMESTAMP '{}'", time::show_datetime(*at)),
        Value::Months(number) | Value::Span(number) => whole(*number),
    }
}

fn whole(number: i64) -> String {
    if number < 0 {
        format!("(-{})", number.unsigned_abs())
    } else {
        number.to_string()
    }
}

/// A number that no database rounds.
fn number_literal(number: Decimal) -> String {
    if let Some(number) = number.whole() {
        return whole(number);
    }
    let text = number.to_string();
    let scale = text.split_once('.').map_or(0, |(_, after)| after.len());
    format!("CAST('{text}' AS DECIMAL(38, {scale}))")
}
