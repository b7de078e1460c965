//! What a dataset's rules suggest for its fields, read off their plainest conditions. These are
//! hints that make right records likely; whether one is right, `decide` says.

use city::kinds::{Dataset, FieldType};

use crate::days::Day;

/// What is known of a field's values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Hint {
    /// Least value, in units; days for dates.
    pub(crate) low: Option<f64>,
    /// Greatest value.
    pub(crate) high: Option<f64>,
    /// Fields that are not greater.
    pub(crate) above: Vec<usize>,
    /// Fields that are not smaller.
    pub(crate) below: Vec<usize>,
    /// Fields that add up to this one.
    pub(crate) sum_of: Vec<usize>,
}

/// The hints of a dataset's fields, and an order in which each comes after those it hangs on.
#[derive(Debug)]
pub(crate) struct Hints {
    pub(crate) fields: Vec<Hint>,
    pub(crate) order: Vec<usize>,
}

/// Reads them.
pub(crate) fn of(dataset: &Dataset) -> Hints {
    let mut fields = vec![Hint::default(); dataset.fields.len()];
    for rule in &dataset.quality {
        if rule.rule.contains(" or ") {
            continue;
        }
        for condition in rule.rule.split(" and ") {
            read(dataset, condition.trim(), &mut fields);
        }
    }
    let order = order(&fields);
    Hints { fields, order }
}

fn read(dataset: &Dataset, condition: &str, hints: &mut [Hint]) {
    let place = |name: &str| {
        dataset
            .fields
            .iter()
            .position(|field| field.name == name.trim())
    };
    if let Some((name, range)) = condition.split_once(" in ") {
        let bounds = range
            .trim()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .split_once("..");
        if let (Some(at), Some((low, high))) = (place(name), bounds) {
            hints[at].low = low.trim().parse().ok();
            hints[at].high = high.trim().parse().ok();
        }
        return;
    }
    let Some((left, sign, right)) = [">=", "<=", "!=", ">", "<", "="].iter().find_map(|sign| {
        condition
            .split_once(sign)
            .map(|(left, right)| (left, *sign, right))
    }) else {
        return;
    };
    if sign == "=" {
        let parts: Option<Vec<usize>> = left.split('+').map(place).collect();
        if let (Some(parts), Some(total)) = (parts.filter(|parts| parts.len() > 1), place(right)) {
            hints[total].sum_of = parts;
        }
        return;
    }
    let Some(at) = place(left) else { return };
    let strict = sign.len() == 1;
    match (place(right), constant(right)) {
        (Some(other), _) if sign.starts_with('>') => hints[at].above.push(other),
        (Some(other), _) if sign.starts_with('<') => hints[at].below.push(other),
        (_, Some(value)) if sign.starts_with('>') => {
            let whole = dataset.fields[at].kind == FieldType::Integer;
            let step = if whole { 1.0 } else { 0.01 };
            let low = if strict { value + step } else { value };
            hints[at].low = Some(hints[at].low.map_or(low, |old| old.max(low)));
        }
        (_, Some(value)) if sign.starts_with('<') => hints[at].high = Some(value),
        // Not greater than something worked out of other fields: of those, one is likely in it.
        _ if sign.starts_with('<') => {
            let words = right.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let others = words.filter_map(place).filter(|other| *other != at);
            hints[at].below.extend(others);
        }
        _ if sign.starts_with('>') => {
            let words = right.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            hints[at]
                .above
                .extend(words.filter_map(place).filter(|other| *other != at));
        }
        _ => {}
    }
}

/// A number, or the day in `date("2004-07-01")`.
fn constant(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some(date) = text.strip_prefix("date(\"") {
        let date = date
            .trim_end_matches("\")")
            .parse::<jiff::civil::Date>()
            .ok()?;
        let day: Day = crate::days::day_of(date);
        return Some(f64::from(day));
    }
    text.parse().ok()
}

/// Fields in an order in which those that others hang on come first; circles are cut.
fn order(hints: &[Hint]) -> Vec<usize> {
    fn visit(at: usize, hints: &[Hint], seen: &mut [bool], order: &mut Vec<usize>) {
        if std::mem::replace(&mut seen[at], true) {
            return;
        }
        let hint = &hints[at];
        for other in hint.above.iter().chain(&hint.below).chain(&hint.sum_of) {
            visit(*other, hints, seen, order);
        }
        order.push(at);
    }
    let mut seen = vec![false; hints.len()];
    let mut order = Vec::with_capacity(hints.len());
    for at in 0..hints.len() {
        visit(at, hints, &mut seen, &mut order);
    }
    order
}
