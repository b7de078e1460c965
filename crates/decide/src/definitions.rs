//! The rules in a city's definitions: those of quality, and the row filters of agreements.

use std::ops::Range;

use city::kinds::{Agreement, Dataset, Field as DatasetField, FieldType};
use city::{City, Code};

use crate::fault::Fault;
use crate::fields::{Field, Fields, Type};
use crate::rule::Rule;

/// The fields of `dataset` as rules see them, at the positions they have in it.
pub fn fields_of(dataset: &Dataset) -> Fields {
    let field = |field: &DatasetField| {
        let kind = match field.kind {
            FieldType::Text => Type::Text,
            FieldType::Integer | FieldType::Decimal | FieldType::Money => Type::Number,
            FieldType::Boolean => Type::Boolean,
            FieldType::Date => Type::Date,
            FieldType::Datetime => Type::Datetime,
        };
        Field {
            nullable: !dataset.always_has(&field.name),
            ..Field::new(&field.name, kind).one_of(&field.one_of)
        }
    };
    Fields::new(dataset.fields.iter().map(field))
}

/// Every fault of the rules in `city`'s datasets and agreements, with its place in its file.
pub fn check(city: &City) -> Vec<city::Fault> {
    let mut faults = Vec::new();
    for dataset in city.all::<Dataset>() {
        let fields = fields_of(dataset);
        for (index, rule) in dataset.quality.iter().enumerate() {
            let pointer = format!("/quality/{index}/rule");
            let wrong = Rule::condition(&rule.rule, &fields).err();
            faults.extend(report(city, &dataset.path, &pointer, wrong));
        }
    }
    for agreement in city.all::<Agreement>() {
        let dataset = city.resolve(&agreement.dataset);
        if let (Some(rows), Some(dataset)) = (&agreement.rows, dataset) {
            let wrong = Rule::condition(rows, &fields_of(dataset)).err();
            faults.extend(report(city, &agreement.path, "/rows", wrong));
        }
    }
    faults
}

/// Faults of a rule as faults of the file that it stands in.
fn report(city: &City, path: &str, pointer: &str, faults: Option<Vec<Fault>>) -> Vec<city::Fault> {
    let Some(document) = city.document(path) else {
        return Vec::new();
    };
    let fault = |fault: Fault| {
        let at: Range<usize> = fault.at.clone();
        let report = document.fault_within(Code::Rule, pointer, at, fault.message);
        match fault.help {
            Some(help) => report.help(help),
            None => report,
        }
    };
    faults.into_iter().flatten().map(fault).collect()
}
