//! Dwellings, and the titles to them: who owns which.

use rayon::prelude::*;

use crate::chance::{Chance, Topic};
use crate::days::{Day, NEVER, civil, day, years_after};
use crate::household::{Household, NOBODY, Person};

/// Of a hundred households' homes, how many more dwellings there are.
const SPARE_PERCENT: u64 = 15;

/// How a household lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tenure {
    /// In its own home.
    Owner,
    /// In somebody's.
    Tenant,
    /// In one of the city's.
    Public,
    /// In its employer's.
    Dormitory,
}

/// A title: who owns a dwelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Title {
    pub(crate) owner: u32,
    pub(crate) dwelling: u32,
    pub(crate) co_owner: u32,
    pub(crate) registered: Day,
}

/// What a dwelling is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dwelling {
    pub(crate) district: u8,
    pub(crate) built: i32,
    pub(crate) floor: i64,
    pub(crate) rooms: i64,
    /// Hundredths of a square metre.
    pub(crate) area: i64,
}

/// All homes. A household lives in the dwelling of its own number; those above are spare.
#[derive(Debug)]
pub(crate) struct Homes {
    pub(crate) dwellings: u32,
    /// By owner, then dwelling.
    pub(crate) titles: Vec<Title>,
}

impl Homes {
    /// Draws dwellings and titles.
    pub(crate) fn draw(
        seed: u64,
        today: Day,
        persons: &[Person],
        households: &[Household],
    ) -> Self {
        let count = households.len() as u64;
        let dwellings = (count + count * SPARE_PERCENT / 100) as u32;
        let draw = Draw {
            seed,
            today,
            persons,
            households,
        };
        let titles = (0..dwellings)
            .into_par_iter()
            .filter_map(|at| draw.title(at));
        let mut titles: Vec<Title> = titles.collect();
        titles.par_sort_unstable();
        Self { dwellings, titles }
    }

    /// The titles of a person, with the number of the first.
    pub(crate) fn of(&self, owner: u32) -> (usize, &[Title]) {
        let first = self.titles.partition_point(|title| title.owner < owner);
        let titles = &self.titles[first..];
        let count = titles
            .iter()
            .take_while(|title| title.owner == owner)
            .count();
        (first, &titles[..count])
    }
}

/// How the household `at` lives.
pub(crate) fn tenure(seed: u64, at: u32, household: Household) -> Tenure {
    if household.collective {
        return Tenure::Dormitory;
    }
    let mut chance = Chance::new(seed, Topic::Dwelling, u64::from(at));
    match chance.below(1000) {
        0..720 => Tenure::Owner,
        720..965 => Tenure::Tenant,
        _ => Tenure::Public,
    }
}

/// What the dwelling `at` is like.
pub(crate) fn dwelling(seed: u64, today: Day, at: u32, household: Option<&Household>) -> Dwelling {
    let mut chance = Chance::new(seed, Topic::Dwelling, u64::from(at) | 1 << 40);
    let (year, _, _) = civil(today);
    let rooms = 1 + i64::from(chance.weighted(&[60, 280, 430, 180, 50]) as u32);
    let drawn = chance.weighted(crate::places::DISTRICT_WEIGHTS) as u8;
    Dwelling {
        district: household.map_or(drawn, |household| household.district),
        built: year - 1 - (chance.unit() * chance.unit() * 45.0) as i32,
        floor: 1 + (chance.unit() * chance.unit() * 33.0) as i64,
        area: 1_800 + rooms * (2_000 + chance.below(1_200).cast_signed()),
        rooms,
    }
}

struct Draw<'a> {
    seed: u64,
    today: Day,
    persons: &'a [Person],
    households: &'a [Household],
}

impl Draw<'_> {
    fn title(&self, at: u32) -> Option<Title> {
        let household = self.households.get(at as usize);
        let mut chance = Chance::new(self.seed, Topic::Landlord, u64::from(at));
        let owned_by = match household {
            Some(household) => match tenure(self.seed, at, *household) {
                Tenure::Owner => household,
                Tenure::Tenant => self.landlord(&mut chance)?,
                Tenure::Public | Tenure::Dormitory => return None,
            },
            // Some of the spare ones are not sold yet.
            None if chance.happens(250) => return None,
            None => self.landlord(&mut chance)?,
        };
        let head = &self.persons[owned_by.head as usize];
        let built = dwelling(self.seed, self.today, at, household).built;
        let latest = self.today.min(head.gone);
        let earliest = day(built, 1, 1).max(years_after(head.born, 21));
        let registered = chance.day(earliest.min(latest), latest);
        let joint = head.spouse != NOBODY
            && head.married <= registered
            && head.dissolved == NEVER
            && chance.happens(550);
        Some(Title {
            owner: owned_by.head,
            dwelling: at,
            co_owner: if joint { head.spouse } else { NOBODY },
            registered,
        })
    }

    /// A household that owns its home and may own another.
    fn landlord(&self, chance: &mut Chance) -> Option<&Household> {
        const TRIES: u32 = 32;
        let count = self.households.len() as u64;
        (0..TRIES).find_map(|_| {
            let at = chance.below(count) as u32;
            let household = self.households.get(at as usize)?;
            let head = self.persons.get(household.head as usize)?;
            let old_enough = years_after(head.born, 30) <= self.today;
            let owns = tenure(self.seed, at, *household) == Tenure::Owner;
            (owns && old_enough && head.gone == NEVER).then_some(household)
        })
    }
}
