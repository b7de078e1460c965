//! Where subjects and references come from: the population, or the records of another filler.

use std::collections::BTreeMap;

use city::City;
use city::kinds::{Dataset, Field, FieldFormat, Subject};

use super::{
    EXPECTED_DEFAULT, EXPECTED_FOR, PERSONS_PER_RECORD, RECORDS_EACH, RECORDS_MIN, Size, is_counted,
};
use crate::chance::Chance;
use crate::datasets::Over;
use crate::numbers::{CitizenNumber, numbered};
use crate::population::Population;

/// A set of numbers of things that exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// `count` of the citizens, evenly.
    Persons {
        count: u64,
    },
    /// `count` of the enterprises, evenly.
    Enterprises {
        count: u64,
    },
    Households,
    Dwellings,
    Schools,
    Titles,
    Contracts,
    Vehicles,
    GasAccounts,
    /// The words of a list.
    Words(Vec<String>),
    /// Numbers of our own: a prefix and `width` digits.
    Made {
        prefix: String,
        width: usize,
        count: u64,
    },
}

impl Pool {
    /// How many there are.
    pub(crate) fn count(&self, population: &Population) -> u64 {
        match self {
            Self::Persons { count } | Self::Enterprises { count } | Self::Made { count, .. } => {
                *count
            }
            Self::Words(words) => words.len() as u64,
            Self::Households => population.households(),
            Self::Dwellings => population.dwellings(),
            Self::Schools => u64::from(Over::Schools.count(population)),
            Self::Titles | Self::Contracts => population.homes.titles.len() as u64,
            Self::Vehicles | Self::GasAccounts => population.persons(),
        }
    }

    /// The `at`th.
    pub(crate) fn text(&self, population: &Population, at: u64) -> Box<str> {
        let mut text = String::new();
        match self {
            Self::Persons { count } => {
                let place = at * population.persons() / (*count).max(1);
                CitizenNumber::of(population.person(place as u32))
                    .as_str()
                    .into()
            }
            Self::Enterprises { count } => {
                let place = at * population.enterprises() / (*count).max(1);
                population.enterprise(place as u32).code.as_str().into()
            }
            Self::Households => crate::datasets::household_number(&mut text, at as u32).into(),
            Self::Dwellings => crate::datasets::dwelling_number(&mut text, at as u32).into(),
            Self::Schools => crate::datasets::school_code(&mut text, at as u32).into(),
            Self::Titles => crate::datasets::title_number(&mut text, at).into(),
            Self::Contracts => {
                let find = |at: u64| population.contract_number(at);
                probe(at, self.count(population), find)
                    .unwrap_or_default()
                    .into()
            }
            Self::Vehicles => {
                let find = |at: u64| population.first_plate(at as u32);
                probe(at, self.count(population), find)
                    .unwrap_or_default()
                    .into()
            }
            Self::GasAccounts => {
                let find = |at: u64| population.gas_account(at as u32);
                probe(at, self.count(population), find)
                    .unwrap_or_default()
                    .into()
            }
            Self::Words(words) => words.get(at as usize).map_or("", String::as_str).into(),
            Self::Made { prefix, width, .. } => numbered(&mut text, prefix, at + 1, *width).into(),
        }
    }

    /// Any of them; if they are people's, better one of `person`'s own.
    pub(crate) fn any(
        &self,
        population: &Population,
        person: Option<u32>,
        chance: &mut Chance,
    ) -> Box<str> {
        let own = person.and_then(|person| self.own(population, person));
        own.unwrap_or_else(|| self.text(population, chance.below(self.count(population))))
    }

    /// One that is someone's.
    pub(crate) fn own(&self, population: &Population, person: u32) -> Option<Box<str>> {
        let mut text = String::new();
        let household = population.person(person).household;
        let titles = || {
            let (first, titles) = population.homes.of(person);
            (!titles.is_empty()).then_some(first as u64)
        };
        match self {
            Self::Households => {
                Some(crate::datasets::household_number(&mut text, household).into())
            }
            Self::Dwellings => Some(crate::datasets::dwelling_number(&mut text, household).into()),
            Self::Titles => Some(crate::datasets::title_number(&mut text, titles()?).into()),
            Self::Contracts => Some(population.contract_number(titles()?)?.into()),
            Self::Vehicles => Some(population.first_plate(person)?.into()),
            Self::GasAccounts => Some(population.gas_account(person)?.into()),
            _ => None,
        }
    }

    /// The person at the place `at`, if it is people.
    pub(crate) fn person(&self, population: &Population, at: u64) -> Option<u32> {
        match self {
            Self::Persons { count } => Some((at * population.persons() / (*count).max(1)) as u32),
            _ => None,
        }
    }
}

/// The first from `at` on that has what is looked for, going round in long steps: people stand in
/// the order of their birthdays, and whole years of them are too young to own anything.
fn probe(at: u64, count: u64, find: impl Fn(u64) -> Option<String>) -> Option<String> {
    if count == 0 {
        return None;
    }
    find(at % count).or_else(|| {
        // The golden section spreads steps evenly; one that shares no divisor reaches everyone.
        let golden = count * 618 / 1000;
        let step = (golden.max(1)..=count).find(|step| divisor(*step, count) == 1);
        let step = step.unwrap_or(1);
        (1..count).find_map(|turn| find((at + turn * step) % count))
    })
}

/// The greatest common divisor.
fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 {
        one
    } else {
        divisor(other, one % other)
    }
}

/// The pools of all datasets.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    sizes: BTreeMap<String, Size>,
    subjects: BTreeMap<String, Pool>,
    /// By dataset and field: where values come from that refer to it.
    fields: BTreeMap<(String, String), Pool>,
}

impl Pools {
    /// Those of the datasets of `city`.
    pub(crate) fn of(
        city: &City,
        population: &Population,
        is_filler: &impl Fn(&str) -> bool,
    ) -> Self {
        let mut pools = Self::default();
        let core = [
            (
                "residents",
                "citizen_number",
                Pool::Persons {
                    count: population.persons(),
                },
            ),
            (
                "enterprises",
                "credit_code",
                Pool::Enterprises {
                    count: population.enterprises(),
                },
            ),
            ("households", "household_number", Pool::Households),
            ("dwellings", "dwelling_number", Pool::Dwellings),
            ("schools", "school_code", Pool::Schools),
            ("title-deeds", "title_number", Pool::Titles),
            (
                "home-purchase-contracts",
                "contract_number",
                Pool::Contracts,
            ),
            ("vehicles", "plate", Pool::Vehicles),
            ("gas-accounts", "account_number", Pool::GasAccounts),
        ];
        for (dataset, field, pool) in core {
            pools
                .fields
                .insert((dataset.to_owned(), field.to_owned()), pool);
        }
        let fillers: Vec<&Dataset> = city
            .all::<Dataset>()
            .filter(|definition| is_filler(&definition.id))
            .map(|definition| &definition.value)
            .collect();
        // Subjects that refer to another filler need it first: a few rounds reach all of them.
        for _ in 0..4 {
            for dataset in &fillers {
                pools.add(dataset, population);
            }
        }
        pools
    }

    fn add(&mut self, dataset: &Dataset, population: &Population) {
        let scale = |count: u64| {
            (u128::from(count) * u128::from(population.persons()) / u128::from(EXPECTED_FOR)) as u64
        };
        let most = (population.persons() / PERSONS_PER_RECORD).max(RECORDS_MIN);
        let wanted = scale(dataset.expected_records.unwrap_or(EXPECTED_DEFAULT));
        let wanted = wanted.clamp(RECORDS_MIN, most);
        let alone = dataset
            .key
            .iter()
            .all(|field| *field == dataset.subject_field);
        let field = dataset.field(&dataset.subject_field);
        let pool = field.and_then(|field| self.referred(field)).or_else(|| {
            let format = field.and_then(|field| field.format);
            match (dataset.subject, format) {
                (Subject::Person, _) | (_, Some(FieldFormat::CitizenNumber)) => {
                    Some(Pool::Persons {
                        count: population.persons(),
                    })
                }
                (Subject::Enterprise, _) | (_, Some(FieldFormat::CreditCode)) => {
                    Some(Pool::Enterprises {
                        count: population.enterprises(),
                    })
                }
                _ => field
                    .filter(|field| !field.one_of.is_empty())
                    .map(|field| Pool::Words(field.one_of.clone())),
            }
        });
        let there = pool.as_ref().map(|pool| pool.count(population).max(1));
        let size = match there {
            Some(there) if alone => Size {
                subjects: wanted.min(there),
                each: 1,
            },
            Some(there) if wanted > there => Size {
                subjects: there,
                each: wanted.div_ceil(there),
            },
            Some(there) if !is_counted(dataset.subject) => {
                let each = RECORDS_EACH.min(wanted);
                Size {
                    subjects: (wanted / each).clamp(1, there),
                    each,
                }
            }
            Some(_) => Size {
                subjects: wanted,
                each: 1,
            },
            None if alone || !dataset.key.contains(&dataset.subject_field) => Size {
                subjects: wanted,
                each: 1,
            },
            None => {
                let each = RECORDS_EACH.min(wanted);
                Size {
                    subjects: (wanted / each).max(1),
                    each,
                }
            }
        };
        let id = dataset.id.as_str();
        let subject = match pool {
            Some(Pool::Persons { .. }) => Pool::Persons {
                count: size.subjects,
            },
            Some(Pool::Enterprises { .. }) => Pool::Enterprises {
                count: size.subjects,
            },
            Some(pool) => pool,
            None => made(dataset, field, size.subjects),
        };
        for name in &dataset.key {
            let own = dataset
                .field(name)
                .filter(|field| field.references.is_none() && field.one_of.is_empty());
            let own = own.filter(|field| {
                field.kind == city::kinds::FieldType::Text && field.format.is_none()
            });
            if let (Some(field), true) = (own, *name != dataset.subject_field) {
                let pool = made(dataset, Some(field), size.records());
                self.fields.insert((id.to_owned(), name.clone()), pool);
            }
        }
        self.fields.insert(
            (id.to_owned(), dataset.subject_field.clone()),
            subject.clone(),
        );
        self.subjects.insert(id.to_owned(), subject);
        self.sizes.insert(id.to_owned(), size);
    }

    /// How large a filler is.
    pub(crate) fn size(&self, dataset: &str) -> Size {
        self.sizes.get(dataset).copied().unwrap_or(Size {
            subjects: 0,
            each: 0,
        })
    }

    /// Whom or what its records are about.
    pub(crate) fn subject(&self, dataset: &str) -> Pool {
        let none = || Pool::Made {
            prefix: String::new(),
            width: 1,
            count: 0,
        };
        self.subjects.get(dataset).cloned().unwrap_or_else(none)
    }

    /// The numbers of a key field that is nobody else's.
    pub(crate) fn own(&self, dataset: &Dataset, field: &str) -> Option<Pool> {
        let key = dataset.key.iter().any(|name| name == field) && field != dataset.subject_field;
        let name = (dataset.id.as_str().to_owned(), field.to_owned());
        self.fields.get(&name).filter(|_| key).cloned()
    }

    /// What the values of a field refer to.
    pub(crate) fn referred(&self, field: &Field) -> Option<Pool> {
        let reference = field.references.as_ref()?;
        let key = (reference.dataset.id().to_owned(), reference.field.clone());
        self.fields.get(&key).cloned()
    }
}

/// Numbers of our own for a field: capitals of the dataset's name, then digits, within its length.
fn made(dataset: &Dataset, field: Option<&Field>, count: u64) -> Pool {
    let initials = dataset
        .id
        .as_str()
        .split('-')
        .filter_map(|word| word.chars().next());
    let mut prefix: String = initials.map(|letter| letter.to_ascii_uppercase()).collect();
    let length = field.and_then(|field| field.max_length).unwrap_or(500) as usize;
    let digits = count.max(1).ilog10() as usize + 1;
    prefix.truncate(length.saturating_sub(digits).min(4));
    let width = 8.min(length.saturating_sub(prefix.len())).max(digits);
    Pool::Made {
        prefix,
        width,
        count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_is_asked_before_nobody_is_found() {
        for count in [1, 2, 10, 618, 1000, 1_000_000] {
            let last = count - 1;
            let found = probe(0, count, |at| (at == last).then(|| at.to_string()));
            assert_eq!(found, Some(last.to_string()));
        }
        assert_eq!(probe(0, 0, |_| Some(String::new())), None);
    }
}
