//! A dataset's quality rules, compiled once and worked out row by row over the columns they use.

use arrow::array::{Array, ArrayRef};
use city::kinds::{QualityRule, RuleSeverity};
use decide::{Judgement, Row, Value};

use super::Error;
use super::cells::Cells;
use super::fault::{Code, Fault, shortened};
use crate::table::Table;

/// A quality rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    /// Whether a record that breaks it is quarantined.
    pub(crate) is_error: bool,
    title: String,
    rule: decide::Rule,
    /// The names of the fields that it uses.
    names: Vec<String>,
}

/// A broken rule of a row.
#[derive(Debug)]
pub(crate) struct Break<'a> {
    pub(crate) row: u32,
    pub(crate) rule: &'a Rule,
    pub(crate) fault: Fault,
}

/// The quality rules of a dataset.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
}

impl Rules {
    /// The rules of a table's dataset.
    ///
    /// # Errors
    /// The first rule that is not right, which `citybrain check` names as well.
    pub(crate) fn of(table: &Table) -> Result<Self, Error> {
        let fields = decide::definitions::fields_of(&table.definition);
        let compile = |rule: &QualityRule| {
            let compiled =
                decide::Rule::condition(&rule.rule, &fields).map_err(|faults| Error::Rule {
                    dataset: table.name(),
                    rule: rule.id.to_string(),
                    detail: faults.first().map(ToString::to_string).unwrap_or_default(),
                })?;
            let name = |at: &usize| table.columns.field(*at).name().clone();
            Ok(Rule {
                names: compiled.uses().iter().map(name).collect(),
                id: rule.id.to_string(),
                is_error: rule.severity == RuleSeverity::Error,
                title: rule.title.en.clone(),
                rule: compiled,
            })
        };
        let rules = table
            .definition
            .quality
            .iter()
            .map(compile)
            .collect::<Result<_, Error>>()?;
        Ok(Self { rules })
    }

    /// The rows that break a rule, of those that are not `bad` already.
    pub(crate) fn judge(
        &self,
        columns: &[ArrayRef],
        rows: usize,
        bad: impl Fn(u32) -> bool,
    ) -> Vec<Break<'_>> {
        let mut broken = Vec::new();
        if self.rules.is_empty() {
            return broken;
        }
        let cells: Vec<Option<Cells<'_>>> = columns.iter().map(Cells::of).collect();
        for rule in &self.rules {
            // A rule about fields that nobody has filled in says nothing.
            let empty = |at: &usize| {
                columns
                    .get(*at)
                    .is_none_or(|column| column.null_count() == rows)
            };
            if rows == 0 || (!rule.rule.uses().is_empty() && rule.rule.uses().iter().all(empty)) {
                continue;
            }
            for row in 0..rows {
                let at = At { cells: &cells, row };
                if rule.rule.judge(&at) == Judgement::Breaks && !bad(row as u32) {
                    broken.push(Break {
                        row: row as u32,
                        rule,
                        fault: rule.fault(&at),
                    });
                }
            }
        }
        broken
    }
}

impl Rule {
    fn fault(&self, at: &At<'_>) -> Fault {
        let facts = self.rule.uses().iter().zip(&self.names);
        let facts: Vec<String> = facts
            .map(|(field, name)| format!("{name} = {}", at.value(*field)))
            .collect();
        Fault {
            field: String::new(),
            code: Code::Rule,
            value: shortened(&facts.join(", ")),
            message: format!("the rule `{}` is broken: {}", self.id, self.title),
            remedy: format!("it must be so that {}", self.rule.text()),
        }
    }
}

/// One row of some columns, as a rule sees it.
struct At<'a> {
    cells: &'a [Option<Cells<'a>>],
    row: usize,
}

impl Row for At<'_> {
    fn value(&self, position: usize) -> Value<'_> {
        match self.cells.get(position) {
            Some(Some(cells)) => cells.decided(self.row),
            _ => Value::Null,
        }
    }
}
