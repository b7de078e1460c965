//! Wrong records among right ones, to try the quarantine with.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt64Array, new_null_array,
};
use arrow::compute::{cast, interleave, take};
use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef};
use arrow::error::ArrowError;
use city::kinds::{Dataset, Field, FieldFormat, FieldType};
use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// How many records were made wrong, by what is wrong with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// Numbers with a wrong check character.
    pub check_characters: u64,
    /// Dates that do not exist, numbers that are none (in texts only).
    pub values: u64,
    /// Words that are not in the list.
    pub words: u64,
    /// Needed values that are missing.
    pub missing: u64,
    /// Records that stand there twice.
    pub duplicates: u64,
}

impl Faults {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.check_characters + self.values + self.words + self.missing + self.duplicates
    }

    /// Adds those of another part.
    pub fn add(&mut self, other: Self) {
        self.check_characters += other.check_characters;
        self.values += other.values;
        self.words += other.words;
        self.missing += other.missing;
        self.duplicates += other.duplicates;
    }
}

/// What can be wrong with a field.
#[derive(Clone, Copy)]
enum Sort {
    Check,
    Value,
    Word,
    Missing,
}

/// The columns of spoiled records: anything may be missing, and in texts everything is text.
pub(crate) fn schema(schema: &Schema, texts: bool) -> SchemaRef {
    let column = |column: &Arc<Column>| {
        let kind = if texts {
            DataType::Utf8
        } else {
            column.data_type().clone()
        };
        Column::new(column.name(), kind, true)
    };
    let columns: Vec<Column> = schema.fields().iter().map(column).collect();
    Arc::new(Schema::new(columns).with_metadata(schema.metadata().clone()))
}

/// Spoils `rate` of the records of a batch; `texts` if they go into a file of texts, where a date
/// can be one that does not exist.
pub(crate) fn spoil(
    dataset: &Dataset,
    batch: &RecordBatch,
    rate: f64,
    texts: bool,
    chance: &mut Chance,
) -> Result<(RecordBatch, Faults), ArrowError> {
    let mut faults = Faults::default();
    let mut rows: Vec<u64> = Vec::with_capacity(batch.num_rows());
    // By column: the records to spoil and how.
    let mut spoiled: Vec<Vec<(usize, Sort)>> = vec![Vec::new(); batch.num_columns()];
    for row in 0..batch.num_rows() as u64 {
        let at = rows.len();
        rows.push(row);
        if chance.unit() >= rate {
            continue;
        }
        if chance.happens(150) {
            rows.push(row);
            faults.duplicates += 1;
            continue;
        }
        let place = chance.below(dataset.fields.len() as u64) as usize;
        let choices = dataset.fields.iter().enumerate().cycle().skip(place);
        let sorts = choices.take(dataset.fields.len());
        let found = sorts.filter_map(|(place, field)| {
            let has = batch.column(place).is_valid(row as usize);
            sort(dataset, field, texts, has, chance).map(|sort| (place, sort))
        });
        if let Some((place, sort)) = found.into_iter().next() {
            spoiled[place].push((at, sort));
            match sort {
                Sort::Check => faults.check_characters += 1,
                Sort::Value => faults.values += 1,
                Sort::Word => faults.words += 1,
                Sort::Missing => faults.missing += 1,
            }
        }
    }
    let rows = UInt64Array::from(rows);
    let columns = batch
        .columns()
        .iter()
        .zip(&spoiled)
        .map(|(column, spoiled)| {
            let column = take(column, &rows, None)?;
            let column = if texts {
                cast(&column, &DataType::Utf8)?
            } else {
                column
            };
            spoil_column(column, spoiled)
        });
    let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
    let schema = schema(&batch.schema(), texts);
    Ok((RecordBatch::try_new(schema, columns)?, faults))
}

/// What to do to a field, if anything can be done.
fn sort(
    dataset: &Dataset,
    field: &Field,
    texts: bool,
    has: bool,
    chance: &mut Chance,
) -> Option<Sort> {
    let needed =
        field.required || dataset.key.contains(&field.name) || field.name == dataset.subject_field;
    if !has {
        return None;
    }
    if needed && chance.happens(250) {
        return Some(Sort::Missing);
    }
    match (field.format, field.kind) {
        (Some(FieldFormat::CitizenNumber | FieldFormat::CreditCode), _) => Some(Sort::Check),
        (_, FieldType::Text) if !field.one_of.is_empty() => Some(Sort::Word),
        (_, FieldType::Text) => None,
        _ if texts => Some(Sort::Value),
        _ => None,
    }
}

fn spoil_column(column: ArrayRef, spoiled: &[(usize, Sort)]) -> Result<ArrayRef, ArrowError> {
    if spoiled.is_empty() {
        return Ok(column);
    }
    if let Some(texts) = column.as_string_opt::<i32>() {
        let mut values: Vec<Option<String>> =
            texts.iter().map(|text| text.map(str::to_owned)).collect();
        for (at, sort) in spoiled {
            let Some(place) = values.get_mut(*at) else {
                continue;
            };
            *place = place.take().and_then(|text| wrong(&text, *sort));
        }
        return Ok(Arc::new(StringArray::from(values)));
    }
    // Of other columns only what is missing can be wrong.
    let nothing = new_null_array(column.data_type(), 1);
    let mut from: Vec<(usize, usize)> = (0..column.len()).map(|at| (0, at)).collect();
    for (at, _) in spoiled {
        from[*at] = (1, 0);
    }
    interleave(&[&column, &nothing], &from)
}

/// A text that is wrong in the way of `sort`.
fn wrong(text: &str, sort: Sort) -> Option<String> {
    match sort {
        Sort::Missing => None,
        Sort::Word => Some(format!("{text}?")),
        Sort::Value if text.len() >= 10 && text.as_bytes().get(4) == Some(&b'-') => {
            Some(format!("{}-02-30{}", &text[..4], &text[10..]))
        }
        Sort::Value => Some(format!("{text}x")),
        Sort::Check => {
            let last = text.chars().last().unwrap_or('0');
            let other = if last == '7' { '3' } else { '7' };
            let mut text: String = text.chars().take(17).collect();
            text.push(other);
            Some(text)
        }
    }
}
