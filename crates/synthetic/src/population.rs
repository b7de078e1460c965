//! A city's people, households, homes and firms, drawn once and kept in a few flat tables. What
//! they hold is what others refer to; every other fact is worked out from the seed when asked for.

use jiff::civil::Date;
use rayon::prelude::*;

use crate::career::Headcounts;
use crate::chance::{Chance, Topic, mix};
use crate::days::{Day, Month, NEVER, day_of, month_of, years_between};
use crate::error::Error;
use crate::firms::{Enterprise, Enterprises};
use crate::homes::Homes;
use crate::household::{self, BLOCK, Block, Household, NOBODY, Person};
use crate::numbers::CitizenNumber;
use crate::places::AREAS;
use crate::schools::Schools;

/// Fewest persons that make a city: each dataset has records then.
pub const PERSONS_MIN: u64 = 1_000;
/// Most persons: number plates differ up to here.
pub const PERSONS_MAX: u64 = 16_000_000;
/// Months of contributions: the last five full years.
pub const MONTHS: u32 = 60;
/// Series of citizen numbers for each place, birthday and sex.
const SERIES: u64 = 500;

/// A made-up city of people, the same for the same number of persons, seed and day, on any number
/// of threads.
///
/// Persons, households, dwellings and enterprises are numbered from 0 in the order of their
/// official numbers, so that a dataset made in this order is sorted.
#[derive(Debug)]
pub struct Population {
    pub(crate) seed: u64,
    pub(crate) today: Day,
    /// The first of the months of contributions.
    pub(crate) first_month: Month,
    pub(crate) persons: Vec<Person>,
    pub(crate) households: Vec<Household>,
    pub(crate) enterprises: Enterprises,
    pub(crate) homes: Homes,
    pub(crate) schools: Schools,
    pub(crate) headcounts: Headcounts,
}

impl Population {
    /// Draws a population of `persons`, as it is on `today`.
    pub fn plan(persons: u64, seed: u64, today: Date) -> Result<Self, Error> {
        if !(PERSONS_MIN..=PERSONS_MAX).contains(&persons) {
            let (min, max) = (PERSONS_MIN, PERSONS_MAX);
            return Err(Error::Persons { persons, min, max });
        }
        let today = day_of(today);
        let (persons, households) = people(seed, persons, today)?;
        let enterprises = Enterprises::draw(seed, persons.len() as u64, today);
        let homes = Homes::draw(seed, today, &persons, &households);
        let mut population = Self {
            seed,
            today,
            first_month: month_of(today) - MONTHS.cast_signed(),
            schools: Schools::draw(seed, persons.len() as u64),
            persons,
            households,
            homes,
            headcounts: Headcounts::default(),
            enterprises,
        };
        population.headcounts = Headcounts::count(&population);
        Ok(population)
    }

    /// How many persons there are.
    pub fn persons(&self) -> u64 {
        self.persons.len() as u64
    }

    /// How many enterprises there are.
    pub fn enterprises(&self) -> u64 {
        self.enterprises.all.len() as u64
    }

    /// How many households there are.
    pub fn households(&self) -> u64 {
        self.households.len() as u64
    }

    /// How many dwellings there are.
    pub fn dwellings(&self) -> u64 {
        u64::from(self.homes.dwellings)
    }

    /// The citizen number of the person `at`, counted in the order of these numbers.
    pub fn citizen_number(&self, at: u64) -> Option<String> {
        let person = self.persons.get(usize::try_from(at).ok()?)?;
        Some(CitizenNumber::of(person).as_str().to_owned())
    }

    /// The credit code of the enterprise `at`, counted in the order of these codes.
    pub fn credit_code(&self, at: u64) -> Option<String> {
        let enterprise = self.enterprises.all.get(usize::try_from(at).ok()?)?;
        Some(enterprise.code.as_str().to_owned())
    }

    /// A stream of chances about the thing `index`.
    pub(crate) fn chance(&self, topic: Topic, index: u64) -> Chance {
        Chance::new(self.seed, topic, index)
    }

    pub(crate) fn person(&self, at: u32) -> &Person {
        &self.persons[at as usize]
    }

    pub(crate) fn enterprise(&self, at: u32) -> &Enterprise {
        &self.enterprises.all[at as usize]
    }

    /// The month of contributions at the place `at`.
    pub(crate) fn month(&self, at: u32) -> Month {
        self.first_month + at.cast_signed()
    }

    /// The last of the months of contributions: the one before today's.
    pub(crate) fn last_month(&self) -> Month {
        self.month(MONTHS - 1)
    }

    /// Age in years today, or when gone.
    pub(crate) fn age(&self, person: &Person) -> i32 {
        years_between(person.born, person.gone.min(self.today))
    }

    /// Whether someone lives in the city today.
    pub(crate) fn present(person: &Person) -> bool {
        person.gone == NEVER
    }

    /// Since when someone is registered.
    pub(crate) fn registered(&self, at: u32) -> Day {
        let person = self.person(at);
        let mut chance = self.chance(Topic::Register, u64::from(at));
        let latest = self.today.min(person.gone);
        if person.elsewhere {
            let came = self.today - chance.day(30, 15 * 365);
            came.max(person.born).min(latest)
        } else {
            (person.born + chance.day(1, 60)).min(latest)
        }
    }

    /// Some grown-up who lives in the city.
    pub(crate) fn adult(&self, chance: &mut Chance) -> u32 {
        const TRIES: u32 = 64;
        let count = self.persons.len() as u64;
        let fits = |at: u32| {
            let person = self.person(at);
            Self::present(person) && (25..=75).contains(&self.age(person))
        };
        let mut tries = (0..TRIES).map(|_| chance.below(count) as u32);
        // More than half are of age, so that 64 misses do not happen.
        tries.find(|at| fits(*at)).unwrap_or(0)
    }
}

/// Draws people and households, gives people their numbers, and puts them in their order.
fn people(seed: u64, persons: u64, today: Day) -> Result<(Vec<Person>, Vec<Household>), Error> {
    let blocks: Vec<Block> = (0..persons.div_ceil(BLOCK))
        .into_par_iter()
        .map(|index| household::block(seed, index, BLOCK.min(persons - index * BLOCK), today))
        .collect();
    let mut all: Vec<Person> = Vec::with_capacity(persons as usize);
    let mut households = Vec::new();
    for block in blocks {
        let (first, first_household) = (all.len() as u32, households.len() as u32);
        let moved = |other: u32| {
            if other == NOBODY {
                NOBODY
            } else {
                other + first
            }
        };
        all.extend(block.persons.into_iter().map(|person| Person {
            household: person.household + first_household,
            spouse: moved(person.spouse),
            mother: moved(person.mother),
            father: moved(person.father),
            ..person
        }));
        households.extend(block.households.into_iter().map(|household| Household {
            head: household.head + first,
            ..household
        }));
    }
    number(seed, &mut all)?;
    let mut order: Vec<u32> = (0..all.len() as u32).collect();
    order.par_sort_unstable_by_key(|at| {
        let person = &all[*at as usize];
        (person.area, person.born, person.series)
    });
    let mut place = vec![0; all.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old as usize] = new as u32;
    }
    let moved = |other: u32| place.get(other as usize).copied().unwrap_or(NOBODY);
    let sorted = order.par_iter().map(|old| {
        let person = all[*old as usize];
        Person {
            spouse: moved(person.spouse),
            mother: moved(person.mother),
            father: moved(person.father),
            ..person
        }
    });
    let sorted = sorted.collect();
    for household in &mut households {
        household.head = moved(household.head);
    }
    Ok((sorted, households))
}

/// Gives everyone a series: odd for men, even for women, none twice at a place and birthday.
fn number(seed: u64, persons: &mut [Person]) -> Result<(), Error> {
    let key = |person: &Person| (person.area, person.born, person.male);
    let mut order: Vec<u32> = (0..persons.len() as u32).collect();
    order.par_sort_unstable_by_key(|at| (key(&persons[*at as usize]), *at));
    let mut last = None;
    let mut given = 0;
    for at in order {
        let person = &mut persons[at as usize];
        given = if last == Some(key(person)) {
            given + 1
        } else {
            0
        };
        last = Some(key(person));
        if given >= SERIES {
            let area = String::from_utf8_lossy(AREAS[usize::from(person.area)]).into_owned();
            return Err(Error::NumbersUsedUp { area });
        }
        let group = (u64::from(person.area) << 32) | u64::from(person.born.cast_unsigned());
        let start = mix(seed ^ mix(group << 1 | u64::from(person.male)));
        let series = (start % SERIES + given) % SERIES;
        person.series = (series * 2 + u64::from(person.male)) as u16;
    }
    Ok(())
}
