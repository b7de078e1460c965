//! One value of a filled record, and how a field's values are made.

use city::kinds::{Dataset, Field, FieldFormat, FieldType, Sensitivity, Subject};

use super::hints::Hint;
use super::pools::{Pool, Pools};
use crate::chance::{Chance, hash, mix};
use crate::days::{Day, month_text};
use crate::names;
use crate::numbers::{CitizenNumber, CreditCode, numbered};
use crate::places::{COMMUNITIES, DISTRICT_WEIGHTS, flat, street};
use crate::population::Population;
use crate::sheet::Sheet;

/// Microseconds of a day and of a minute.
const DAY_US: i64 = 86_400_000_000;
const MINUTE_US: i64 = 60_000_000;
/// Of a thousand values that may be missing, how many are.
const MISSING: u64 = 120;
/// Days back to which events are drawn.
const DAYS_BACK: Day = 1_800;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Nothing,
    Text(Box<str>),
    Integer(i64),
    /// Digits without the point.
    Decimal(i64),
    Boolean(bool),
    Date(Day),
    /// Microseconds since 1970.
    Datetime(i64),
}

impl Cell {
    /// Writes it as the next of a row.
    pub(crate) fn write(&self, sheet: &mut Sheet) {
        match self {
            Self::Nothing => sheet.nothing(),
            Self::Text(text) => sheet.text(text),
            Self::Integer(number) => sheet.integer(*number),
            Self::Decimal(digits) => sheet.decimal(*digits),
            Self::Boolean(value) => sheet.boolean(*value),
            Self::Date(day) => sheet.date(*day),
            Self::Datetime(at) => sheet.datetime(*at),
        }
    }

    /// As a number: digits for decimals, days, microseconds.
    fn number(&self) -> Option<i64> {
        match self {
            Self::Integer(number) | Self::Decimal(number) | Self::Datetime(number) => Some(*number),
            Self::Date(day) => Some(i64::from(*day)),
            _ => None,
        }
    }
}

/// Makes a field's values.
#[derive(Debug)]
pub(crate) struct Maker {
    at: usize,
    field: Field,
    hint: Hint,
    stream: u64,
    /// Where references come from.
    pool: Option<Pool>,
    /// For a text of the key that is nobody else's: the numbers of our own.
    own: Option<Pool>,
    about_person: bool,
    /// What the dataset is about, for invented names.
    what: String,
}

impl Maker {
    /// The maker of a field of a dataset.
    pub(crate) fn new(dataset: &Dataset, field: &Field, hint: Hint, pools: &Pools) -> Self {
        let named = dataset.fields.iter().position(|one| one.name == field.name);
        let what: Vec<char> = dataset.title.zh.chars().collect();
        let what = what[what.len().saturating_sub(2)..].iter().collect();
        Self {
            at: named.unwrap_or(0),
            stream: hash(dataset.id.as_str()) ^ hash(&field.name),
            pool: pools.referred(field),
            own: pools.own(dataset, &field.name),
            about_person: dataset.subject == Subject::Person
                || field.sensitivity >= Sensitivity::Personal,
            field: field.clone(),
            hint,
            what,
        }
    }

    /// How many digits stand after the point.
    fn scale(&self) -> u32 {
        match self.field.kind {
            FieldType::Money => 2,
            FieldType::Decimal => u32::from(self.field.scale.unwrap_or(0)),
            _ => 0,
        }
    }

    /// The least and the greatest number, in digits without the point.
    fn range(&self) -> (i64, i64) {
        let unit = 10_f64.powi(self.scale().cast_signed());
        let name = self.field.name.as_str();
        let (low, high) = match self.field.kind {
            FieldType::Money => (10.0_f64, 100_000.0_f64),
            FieldType::Integer if name.ends_with("year") => (2016.0, 2026.0),
            _ if name.contains("percent") => (0.0, 100.0),
            FieldType::Integer => (1.0, 400.0),
            _ => (1.0, 1_000.0),
        };
        let least = self.hint.low.unwrap_or(low);
        let most = self.hint.high.unwrap_or(high.max(least));
        // Years may be up to 2100 by the rules, but are not yet.
        let most = if name.ends_with("year") {
            most.min(2026.0).max(least)
        } else {
            most
        };
        let least = if name.ends_with("year") {
            least.max(2018.0).min(most)
        } else {
            least
        };
        ((least * unit).ceil() as i64, (most * unit).floor() as i64)
    }

    /// A value of the key: differs for each `left`, of which it takes its part; `record` is the
    /// record's number in the dataset. What is `whose` own comes first.
    pub(crate) fn key(
        &self,
        population: &Population,
        record: u64,
        left: &mut u64,
        (subject, whose): (u64, Option<u32>),
    ) -> Cell {
        let mut take = |count: u64| {
            let part = *left % count.max(1);
            *left /= count.max(1);
            part
        };
        let field = &self.field;
        let start = mix(self.stream ^ subject);
        if let Some(pool) = &self.pool {
            let own = whose.and_then(|person| pool.own(population, person));
            if let Some(own) = own {
                return Cell::Text(own);
            }
            let count = pool.count(population);
            return Cell::Text(pool.text(
                population,
                (start % count.max(1) + take(count)) % count.max(1),
            ));
        }
        if !field.one_of.is_empty() {
            let count = field.one_of.len() as u64;
            return Cell::Text(
                field.one_of[((start + take(count)) % count) as usize]
                    .as_str()
                    .into(),
            );
        }
        match field.kind {
            FieldType::Text => match (field.format, &self.own) {
                (Some(FieldFormat::Month), _) => {
                    let month = population.last_month() - take(240) as i32;
                    Cell::Text(month_text(month).as_str().into())
                }
                (Some(FieldFormat::CreditCode), _) => {
                    let district = record % DISTRICT_WEIGHTS.len() as u64;
                    let code = CreditCode::trader(population.seed, record, district as u8);
                    Cell::Text(code.as_str().into())
                }
                (Some(FieldFormat::CitizenNumber), _) => {
                    let at = (start + take(population.persons())) % population.persons();
                    Cell::Text(
                        CitizenNumber::of(population.person(at as u32))
                            .as_str()
                            .into(),
                    )
                }
                (_, Some(own)) => Cell::Text(own.text(population, record)),
                (_, None) => Cell::Text(numbered(&mut String::new(), "", record + 1, 8).into()),
            },
            FieldType::Integer if field.name.ends_with("year") => {
                let (year, ..) = crate::days::civil(population.today);
                Cell::Integer(i64::from(year) - take(20).cast_signed())
            }
            FieldType::Integer => {
                let (low, high) = self.range();
                Cell::Integer(low + take((high - low + 1).max(1).cast_unsigned()).cast_signed())
            }
            FieldType::Decimal | FieldType::Money => Cell::Decimal(take(1 << 40).cast_signed()),
            FieldType::Boolean => Cell::Boolean(take(2) == 1),
            FieldType::Date => {
                let back = 20 + take(600) as Day * 3;
                Cell::Date(population.today - back)
            }
            FieldType::Datetime => {
                let now = i64::from(population.today) * DAY_US;
                Cell::Datetime(now - (1 + take(1 << 20)).cast_signed() * 60 * MINUTE_US)
            }
        }
    }

    /// A value of any other field.
    pub(crate) fn cell(
        &self,
        population: &Population,
        person: Option<u32>,
        row: &[Cell],
        chance: &mut Chance,
    ) -> Cell {
        if !self.field.required && chance.happens(MISSING) {
            return Cell::Nothing;
        }
        if let Some(pool) = &self.pool {
            return Cell::Text(pool.any(population, person, chance));
        }
        let words = &self.field.one_of;
        if let Some(first) = words.first() {
            let usual = self.field.name == "status" && chance.happens(700);
            let word = if usual {
                first
            } else {
                &words[chance.below(words.len() as u64) as usize]
            };
            return Cell::Text(word.as_str().into());
        }
        match self.field.kind {
            FieldType::Text => Cell::Text(self.text(population, chance).into()),
            FieldType::Boolean => Cell::Boolean(chance.happens(500)),
            FieldType::Integer => Cell::Integer(self.number(row, chance)),
            FieldType::Decimal | FieldType::Money => Cell::Decimal(self.number(row, chance)),
            FieldType::Date => Cell::Date(self.day(population, row, chance)),
            FieldType::Datetime => Cell::Datetime(self.moment(population, row, chance)),
        }
    }

    /// What other fields' values leave room for: from, until.
    fn bounds(&self, row: &[Cell]) -> (Option<i64>, Option<i64>) {
        let of = |places: &[usize]| -> Vec<i64> {
            places
                .iter()
                .filter_map(|place| row[*place].number())
                .collect()
        };
        (
            of(&self.hint.above).into_iter().max(),
            of(&self.hint.below).into_iter().min(),
        )
    }

    fn number(&self, row: &[Cell], chance: &mut Chance) -> i64 {
        let (low, high) = self.range();
        let (above, below) = self.bounds(row);
        let low = above.map_or(low, |above| above.max(low));
        let high = below
            .map_or(high.max(low), |below| below.min(high.max(low)))
            .max(low);
        // Small numbers are more frequent than large ones.
        let share = if high - low > 1_000 {
            chance.unit() * chance.unit()
        } else {
            chance.unit()
        };
        low + ((high - low + 1) as f64 * share) as i64
    }

    fn day(&self, population: &Population, row: &[Cell], chance: &mut Chance) -> Day {
        let today = population.today;
        let (above, below) = self.bounds(row);
        let ahead = self.looks_ahead();
        let (above, below) = (above.map(|day| day as Day), below.map(|day| day as Day));
        let drawn = match (above, below) {
            (Some(above), Some(below)) if above < below => chance.day(above + 1, below),
            (Some(above), _) if ahead => above + chance.day(30, 1_000),
            (Some(above), _) => above + chance.day(1, 120),
            (None, Some(below)) => below - chance.day(1, 400),
            (None, None) if ahead => today + chance.day(-200, 700),
            (None, None) => today - chance.day(1, DAYS_BACK),
        };
        let low = self.hint.low.map_or(drawn, |low| drawn.max(low as Day));
        self.hint.high.map_or(low, |high| low.min(high as Day))
    }

    fn moment(&self, population: &Population, row: &[Cell], chance: &mut Chance) -> i64 {
        let now = i64::from(population.today) * DAY_US;
        let (above, below) = self.bounds(row);
        match (above, below) {
            (Some(above), Some(below)) if above < below => chance.between(above + 1, below),
            (Some(above), _) => above + chance.between(2, 600) * MINUTE_US,
            (None, Some(below)) => below - chance.between(2, 600) * MINUTE_US,
            (None, None) => now - chance.between(1, 1_440 * 400) * MINUTE_US,
        }
    }

    fn looks_ahead(&self) -> bool {
        let name = self.field.name.as_str();
        [
            "until",
            "valid",
            "expires",
            "due",
            "ends",
            "next",
            "lapses",
            "review_on",
        ]
        .iter()
        .any(|word| name.contains(word))
    }

    fn text(&self, population: &Population, chance: &mut Chance) -> String {
        let name = self.field.name.as_str();
        let mut text = String::new();
        match self.field.format {
            Some(FieldFormat::CitizenNumber) => {
                let person = population.adult(chance);
                return CitizenNumber::of(population.person(person))
                    .as_str()
                    .to_owned();
            }
            Some(FieldFormat::CreditCode) => {
                let at = chance.below(population.enterprises()) as u32;
                return population.enterprise(at).code.as_str().to_owned();
            }
            Some(FieldFormat::Phone) => {
                return numbered(&mut text, "139", chance.below(100_000_000), 8).to_owned();
            }
            Some(FieldFormat::Month) => {
                let month = population.last_month() - chance.day(0, 35);
                return month_text(month).as_str().to_owned();
            }
            None => {}
        }
        if name.contains("address") || name == "location" || name == "site" {
            let district = chance.weighted(DISTRICT_WEIGHTS) as u8;
            let floor = chance.between(1, 20);
            flat(district, chance, floor, &mut text);
        } else if name.contains("street") || name.contains("road") {
            text.push_str(street(chance));
        } else if name.contains("name") && self.about_person {
            let surname = chance.weighted(names::SURNAME_WEIGHTS) as u8;
            let male = chance.happens(500);
            names::person(surname, male, chance, &mut text);
        } else if name.contains("name") || name == "title" || name == "project" {
            text.push_str(chance.pick(COMMUNITIES));
            text.push_str(&self.what);
        } else if ["number", "code", "id", "plate", "reference"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            numbered(&mut text, "", chance.below(100_000_000), 8);
        } else {
            text.push_str("示例");
            text.push_str(&self.field.title.zh);
            text.push_str(&(1 + chance.below(99)).to_string());
        }
        let most = self.field.max_length.unwrap_or(500) as usize;
        if text.chars().count() > most {
            text = text.chars().take(most).collect();
        }
        text
    }

    /// Mends a total that others add up to.
    pub(crate) fn settle(&self, row: &mut [Cell]) {
        if self.hint.sum_of.is_empty() {
            return;
        }
        let parts = self.hint.sum_of.iter().map(|place| row[*place].number());
        let Some(sum) = parts.sum::<Option<i64>>() else {
            return;
        };
        match &mut row[self.at] {
            Cell::Integer(total) | Cell::Decimal(total) => *total = sum,
            _ => {}
        }
    }
}
