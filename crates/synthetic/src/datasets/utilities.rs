//! Accounts of households with water, electricity and gas.

use super::homes::dwelling_number;
use crate::chance::{Chance, Topic};
use crate::days::{NEVER, years_after};
use crate::household::Relation;
use crate::numbers::{CitizenNumber, numbered};
use crate::population::Population;
use crate::sheet::Sheet;

/// A household's account with a utility: how far its numbers are apart from others', what is used
/// in a year, and how many of a thousand households have one.
struct Utility {
    prefix: &'static str,
    topic: u64,
    yearly: i64,
    connected: u64,
}

/// The stream about a person's account, if there is one.
fn account(population: &Population, at: u32, utility: &Utility) -> Option<Chance> {
    let person = population.person(at);
    let household = &population.households[person.household as usize];
    let mut chance = population.chance(Topic::Account, u64::from(at) | utility.topic << 40);
    let has = person.relation == Relation::Head
        && !household.collective
        && chance.happens(utility.connected);
    has.then_some(chance)
}

/// The number of a person's account.
fn account_number<'a>(
    population: &Population,
    at: u32,
    utility: &Utility,
    out: &'a mut String,
) -> &'a str {
    let household = u64::from(population.person(at).household);
    numbered(out, utility.prefix, household + 1, 10)
}

fn utility(population: &Population, at: u32, sheet: &mut Sheet, utility: &Utility) {
    let Some(mut chance) = account(population, at, utility) else {
        return;
    };
    let person = population.person(at);
    let mut text = String::new();
    let earliest = years_after(person.born, 18).min(population.today - 30);
    let opened = (population.today - chance.day(40, 7_000)).max(earliest);
    let years = i64::from(population.today - opened) / 365 + 1;
    let in_debt = chance.happens(18);
    sheet.text(account_number(population, at, utility, &mut text));
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(dwelling_number(&mut text, person.household));
    sheet.date(opened);
    sheet.integer(utility.yearly * years * chance.between(60, 160) / 100);
    sheet.decimal(if in_debt {
        chance.between(1_000, 90_000)
    } else {
        0
    });
    sheet.text(match (person.gone, in_debt) {
        (NEVER, false) => "active",
        (NEVER, true) if chance.happens(60) => "cut-off",
        (NEVER, true) => "in-debt",
        _ => "closed",
    });
    sheet.end();
}

const WATER: Utility = Utility {
    prefix: "S",
    topic: 3,
    yearly: 120,
    connected: 995,
};
const ELECTRICITY: Utility = Utility {
    prefix: "D",
    topic: 4,
    yearly: 2_600,
    connected: 999,
};
const GAS: Utility = Utility {
    prefix: "R",
    topic: 5,
    yearly: 240,
    connected: 780,
};

pub(super) fn water(population: &Population, at: u32, sheet: &mut Sheet) {
    utility(population, at, sheet, &WATER);
}

pub(super) fn electricity(population: &Population, at: u32, sheet: &mut Sheet) {
    utility(population, at, sheet, &ELECTRICITY);
}

pub(super) fn gas(population: &Population, at: u32, sheet: &mut Sheet) {
    utility(population, at, sheet, &GAS);
}

impl Population {
    /// The number of a person's gas account, if there is one.
    pub(crate) fn gas_account(&self, at: u32) -> Option<String> {
        let mut text = String::new();
        account(self, at, &GAS).map(|_| account_number(self, at, &GAS, &mut text).to_owned())
    }
}
