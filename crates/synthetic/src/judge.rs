//! Whether a record keeps its dataset's quality rules, as `decide` reads them.

use city::kinds::{Dataset, FieldType, RuleSeverity};
use decide::definitions::fields_of;
use decide::{Judgement, Row, Rule, Value};

use crate::error::Error;
use crate::fill::Cell;

/// The rules of a dataset.
#[derive(Debug)]
pub(crate) struct Judge {
    rules: Vec<(Rule, RuleSeverity)>,
    /// Digits after the point, for each field.
    scales: Vec<u8>,
}

impl Judge {
    /// Those of `dataset`.
    pub(crate) fn of(dataset: &Dataset) -> Result<Self, Error> {
        let fields = fields_of(dataset);
        let rules = dataset.quality.iter().map(|quality| {
            let rule = Rule::condition(&quality.rule, &fields).map_err(|faults| Error::Rule {
                dataset: dataset.id.as_str().to_owned(),
                rule: quality.id.as_str().to_owned(),
                reason: faults.first().map_or_else(String::new, ToString::to_string),
            })?;
            Ok((rule, quality.severity))
        });
        let scale = |field: &city::kinds::Field| match field.kind {
            FieldType::Money => 2,
            _ => field.scale.unwrap_or(0),
        };
        Ok(Self {
            rules: rules.collect::<Result<_, Error>>()?,
            scales: dataset.fields.iter().map(scale).collect(),
        })
    }

    /// The rules that a record breaks; those that only warn too, if `strictly`.
    fn broken<'a>(&'a self, row: &'a [Cell], strictly: bool) -> impl Iterator<Item = &'a Rule> {
        let cells = Cells {
            row,
            scales: &self.scales,
        };
        let meant = move |severity: &RuleSeverity| strictly || *severity == RuleSeverity::Error;
        let rules = self
            .rules
            .iter()
            .filter(move |(_, severity)| meant(severity));
        rules
            .map(|(rule, _)| rule)
            .filter(move |rule| rule.judge(&cells) == Judgement::Breaks)
    }

    /// Whether a record keeps its rules; `strictly` those that only warn as well.
    pub(crate) fn is_right(&self, row: &[Cell], strictly: bool) -> bool {
        self.broken(row, strictly).next().is_none()
    }

    /// Empties what broken rules are about, where `may` says that it may be empty.
    pub(crate) fn leave_out(&self, row: &mut [Cell], may: impl Fn(usize) -> bool) {
        let broken = self.broken(row, false).flat_map(Rule::uses);
        let places: Vec<usize> = broken.copied().filter(|place| may(*place)).collect();
        for place in places {
            row[place] = Cell::Nothing;
        }
    }
}

/// A record as rules see it.
#[derive(Clone, Copy)]
struct Cells<'a> {
    row: &'a [Cell],
    scales: &'a [u8],
}

impl Row for Cells<'_> {
    fn value(&self, position: usize) -> Value<'_> {
        match self.row.get(position) {
            Some(Cell::Text(text)) => Value::text(text),
            Some(Cell::Integer(number)) => Value::number(*number),
            Some(Cell::Decimal(digits)) => {
                let scale = self.scales.get(position).copied().unwrap_or(0);
                Value::decimal(i128::from(*digits), scale)
            }
            Some(Cell::Boolean(value)) => Value::Boolean(*value),
            Some(Cell::Date(day)) => Value::Date(*day),
            Some(Cell::Datetime(at)) => Value::Datetime(*at),
            Some(Cell::Nothing) | None => Value::Null,
        }
    }
}
