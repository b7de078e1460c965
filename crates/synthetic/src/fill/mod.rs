//! Records of the datasets that the population does not give, made from their definitions alone:
//! types, lists of words, formats, references and rules. They mean nothing, but they are right.

mod cell;
mod hints;
mod pools;

use std::collections::BTreeMap;
use std::sync::Arc;

use city::City;
use city::kinds::{Dataset, Field, FieldFormat, FieldType, Subject};

use crate::chance::{Chance, Topic, hash, mix};
use crate::error::Error;
use crate::judge::Judge;
use crate::population::Population;
use crate::sheet::Sheet;

pub(crate) use cell::Cell;
use cell::Maker;
use pools::{Pool, Pools};

/// The city for which `expected_records` is written.
const EXPECTED_FOR: u64 = 10_000_000;
/// Of so many persons, one record at most in each dataset: these are fillers, and not to outweigh
/// what means something.
const PERSONS_PER_RECORD: u64 = 5;
/// Fewest records, where there are as many subjects.
const RECORDS_MIN: u64 = 20;
/// Expected records of a dataset that does not say.
const EXPECTED_DEFAULT: u64 = 50_000;
/// Records of one place or thing, where its key allows it.
const RECORDS_EACH: u64 = 24;
/// How often a record that breaks a rule is drawn again.
const DRAWS_MAX: u64 = 40;

/// How many records a filler has, of how many subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) subjects: u64,
    /// Records of each subject.
    pub(crate) each: u64,
}

impl Size {
    /// Records in all.
    pub(crate) fn records(self) -> u64 {
        self.subjects * self.each
    }
}

/// A dataset that is filled from its definition.
#[derive(Debug)]
pub(crate) struct Filler {
    dataset: Arc<Dataset>,
    stream: u64,
    size: Size,
    subject: Pool,
    key: Vec<usize>,
    subject_at: usize,
    makers: Vec<Maker>,
    judge: Judge,
    order: Vec<usize>,
}

impl Filler {
    /// All that `is_filler` names, and how they refer to each other.
    pub(crate) fn all(
        city: &City,
        population: &Population,
        is_filler: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Self>, Error> {
        let pools = Pools::of(city, population, &is_filler);
        let mut fillers = BTreeMap::new();
        for definition in city
            .all::<Dataset>()
            .filter(|definition| is_filler(&definition.id))
        {
            let filler = Self::new(&definition.value, &pools)?;
            fillers.insert(definition.id.clone(), filler);
        }
        Ok(fillers)
    }

    fn new(dataset: &Dataset, pools: &Pools) -> Result<Self, Error> {
        let name = dataset.id.as_str();
        let place = |field: &String| {
            let place = dataset.fields.iter().position(|one| one.name == *field);
            place.ok_or_else(|| Error::Key {
                dataset: name.to_owned(),
                field: field.clone(),
            })
        };
        let key = dataset
            .key
            .iter()
            .map(place)
            .collect::<Result<Vec<_>, _>>()?;
        let subject_at = place(&dataset.subject_field)?;
        let hints = hints::of(dataset);
        let makers: Vec<Maker> = dataset
            .fields
            .iter()
            .zip(&hints.fields)
            .map(|(field, hint)| Maker::new(dataset, field, hint.clone(), pools))
            .collect();
        Ok(Self {
            dataset: Arc::new(dataset.clone()),
            stream: hash(name),
            size: pools.size(name),
            subject: pools.subject(name),
            key,
            subject_at,
            judge: Judge::of(dataset)?,
            order: hints.order,
            makers,
        })
    }

    /// How many records there are.
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Writes the records of the subject `at`, by key.
    pub(crate) fn rows(&self, population: &Population, at: u64, sheet: &mut Sheet) {
        let mut rows: Vec<Vec<Cell>> = (0..self.size.each)
            .filter_map(|turn| self.row(population, at, turn))
            .collect();
        let key = |row: &Vec<Cell>| -> Vec<Cell> {
            self.key.iter().map(|place| row[*place].clone()).collect()
        };
        rows.sort_by_cached_key(key);
        rows.dedup_by_key(|row| key(row));
        for row in &rows {
            for cell in row {
                cell.write(sheet);
            }
            sheet.end();
        }
    }

    /// The `turn`th record of a subject; nothing if no right one is found.
    fn row(&self, population: &Population, at: u64, turn: u64) -> Option<Vec<Cell>> {
        let record = at * self.size.each + turn;
        let count = self.dataset.fields.len();
        let person = self.subject.person(population, at);
        for draw in 0..DRAWS_MAX {
            let stream = mix(self.stream ^ record) ^ draw;
            let mut chance = Chance::new(population.seed, Topic::Fill, stream);
            let mut row = vec![Cell::Nothing; count];
            row[self.subject_at] = Cell::Text(self.subject.text(population, at));
            // A key without the subject differs in the whole dataset.
            let (mut left, of) = if self.key.contains(&self.subject_at) {
                (turn, (at, person.filter(|_| turn == 0)))
            } else {
                (record, (0, person))
            };
            for place in &self.key {
                if *place != self.subject_at {
                    let maker = &self.makers[*place];
                    row[*place] = maker.key(population, record, &mut left, of);
                }
            }
            for place in &self.order {
                let made = *place == self.subject_at || self.key.contains(place);
                if !made {
                    let maker = &self.makers[*place];
                    row[*place] = maker.cell(population, person, &row, &mut chance);
                }
            }
            for maker in &self.makers {
                maker.settle(&mut row);
            }
            // The last draws leave out what may be missing: a rule says nothing about that.
            if draw + 4 > DRAWS_MAX {
                self.judge
                    .leave_out(&mut row, |place| !self.is_needed(place));
            }
            if self.judge.is_right(&row, draw * 2 < DRAWS_MAX) {
                return Some(row);
            }
        }
        None
    }

    fn is_needed(&self, place: usize) -> bool {
        let field = &self.dataset.fields[place];
        field.required || place == self.subject_at || self.key.contains(&place)
    }
}

/// A cell of a field that a core dataset has besides what the population gives.
pub(crate) fn extra(field: &Field, chance: &mut Chance, sheet: &mut Sheet) {
    if !field.required {
        return sheet.nothing();
    }
    if let Some(word) = field.one_of.first() {
        return sheet.text(word);
    }
    match field.kind {
        FieldType::Text => match field.format {
            Some(FieldFormat::Month) => sheet.text("2026-01"),
            _ => sheet.text("示例"),
        },
        FieldType::Integer => sheet.integer(chance.between(1, 100)),
        FieldType::Decimal | FieldType::Money => sheet.decimal(chance.between(100, 100_000)),
        FieldType::Boolean => sheet.boolean(chance.happens(500)),
        FieldType::Date => sheet.date(chance.day(18_000, 20_000)),
        FieldType::Datetime => {
            sheet.datetime(chance.between(1_600_000_000, 1_700_000_000) * 1_000_000);
        }
    }
}

/// Whether records are about people or enterprises, of whom there are only so many.
fn is_counted(subject: Subject) -> bool {
    matches!(subject, Subject::Person | Subject::Enterprise)
}
