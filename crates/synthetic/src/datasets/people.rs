//! The population register: people, households, cards and permits.

use crate::chance::Topic;
use crate::days::{Day, NEVER, years_after, years_between};
use crate::numbers::{CitizenNumber, numbered};
use crate::places::{self, DISTRICTS};
use crate::population::Population;
use crate::sheet::Sheet;

/// The number of a household.
pub(crate) fn household_number(out: &mut String, at: u32) -> &str {
    numbered(out, "H3301", u64::from(at) + 1, 9)
}

/// Where the household `at` lives.
pub(super) fn address(population: &Population, at: u32, out: &mut String) {
    let household = &population.households[at as usize];
    let dwelling = population.dwelling(at);
    let mut chance = population.chance(Topic::Account, u64::from(at));
    places::flat(household.district, &mut chance, dwelling.floor, out);
}

impl Population {
    /// The district in which someone lives.
    pub(crate) fn district_of(&self, at: u32) -> u8 {
        self.households[self.person(at).household as usize].district
    }
}

const ETHNICITIES: &[(&str, u32)] = &[
    ("汉族", 975),
    ("畲族", 6),
    ("土家族", 5),
    ("苗族", 5),
    ("回族", 3),
    ("壮族", 2),
    ("满族", 2),
    ("蒙古族", 1),
    ("侗族", 1),
];

pub(super) fn residents(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let mut chance = population.chance(Topic::Name, u64::from(at));
    let mut text = String::new();
    crate::names::person(person.surname, person.male, &mut chance, &mut text);
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(&text);
    sheet.text(if person.male { "male" } else { "female" });
    sheet.date(person.born);
    let weights: Vec<u32> = ETHNICITIES.iter().map(|(_, weight)| *weight).collect();
    sheet.text(ETHNICITIES[chance.weighted(&weights)].0);
    sheet.text(if person.elsewhere {
        "elsewhere"
    } else {
        "local"
    });
    sheet.text(household_number(&mut text, person.household));
    sheet.text(person.relation.word());
    sheet.text(DISTRICTS[usize::from(population.district_of(at))].code);
    text.clear();
    address(population, person.household, &mut text);
    sheet.text(&text);
    let phone = population.age(person) >= 12 && chance.happens(930);
    if phone {
        let prefix = chance.pick(&["139", "138", "136", "150", "158", "177", "187", "199"]);
        sheet.text(numbered(&mut text, prefix, chance.below(100_000_000), 8));
    } else {
        sheet.nothing();
    }
    sheet.date(population.registered(at));
    sheet.maybe_date(Some(person.gone).filter(|day| *day != NEVER));
    sheet.text(match (person.gone, person.dead) {
        (NEVER, _) => "valid",
        (_, true) => "deceased",
        (_, false) => "moved-out",
    });
    sheet.end();
}

pub(super) fn households(population: &Population, at: u32, sheet: &mut Sheet) {
    let household = &population.households[at as usize];
    let mut text = String::new();
    sheet.text(household_number(&mut text, at));
    sheet.text(if household.collective {
        "collective"
    } else {
        "family"
    });
    sheet.text(CitizenNumber::of(population.person(household.head)).as_str());
    // A household whose members are all gone still has its head on record.
    sheet.integer(i64::from(household.members).max(1));
    sheet.text(DISTRICTS[usize::from(household.district)].code);
    text.clear();
    address(population, at, &mut text);
    sheet.text(&text);
    sheet.date(population.registered(household.head));
    sheet.text(if household.members == 0 {
        "cancelled"
    } else {
        "valid"
    });
    sheet.end();
}

pub(super) fn residence_permits(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    if !person.elsewhere || population.age(person) < 16 {
        return;
    }
    let mut chance = population.chance(Topic::Permit, u64::from(at));
    if !chance.happens(820) {
        return;
    }
    let (mut number, mut place) = (String::new(), String::new());
    address(population, person.household, &mut place);
    let newest = population.today - chance.day(0, 700);
    let earliest = population.registered(at).max(years_after(person.born, 16));
    for turn in (0..3_u8).rev() {
        let issued = years_after(newest, -i32::from(turn));
        if issued < earliest || issued > person.gone {
            continue;
        }
        let until = years_after(issued, 1);
        sheet.text(CitizenNumber::of(person).as_str());
        sheet.text(numbered(
            &mut number,
            "33JZ",
            u64::from(at) * 4 + 2 - u64::from(turn),
            10,
        ));
        sheet.text(DISTRICTS[usize::from(population.district_of(at))].code);
        sheet.text(&place);
        sheet.date(issued);
        sheet.date(until);
        sheet.text(match (person.gone, until < population.today) {
            (NEVER, false) => "valid",
            (NEVER, true) => "expired",
            _ => "cancelled",
        });
        sheet.end();
    }
}

/// For how many years a card issued at this age is valid; `None` for life.
fn card_years(age: i32) -> Option<i32> {
    match age {
        ..=15 => Some(5),
        16..=25 => Some(10),
        26..=45 => Some(20),
        _ => None,
    }
}

/// The first cards of the second generation.
const CARDS_SINCE: Day = 12_418; // 2004-01-01

pub(super) fn id_cards(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let mut chance = population.chance(Topic::Card, u64::from(at));
    let first_age = if chance.happens(600) {
        16
    } else {
        chance.day(1, 15)
    };
    let mut issued = years_after(person.born, first_age).max(CARDS_SINCE) + chance.day(0, 90);
    let latest = population.today.min(person.gone);
    let district = DISTRICTS[usize::from(population.district_of(at))].name;
    let authority = format!("杭州市公安局{district}分局");
    while issued <= latest {
        let age = years_between(person.born, issued);
        let until = card_years(age).map(|years| years_after(issued, years));
        let lost = chance.happens(40);
        let next = match until {
            _ if lost => Some(issued + chance.day(100, 1500)),
            Some(until) => Some(until - chance.day(0, 60)),
            None => None,
        };
        let replaced = next.is_some_and(|next| next <= latest);
        sheet.text(CitizenNumber::of(person).as_str());
        sheet.date(issued);
        sheet.maybe_date(until);
        sheet.text(&authority);
        sheet.text(match (replaced, lost, until) {
            (true, true, _) => "lost",
            (true, false, _) => "replaced",
            (_, _, Some(until)) if until < population.today => "expired",
            _ => "valid",
        });
        sheet.end();
        match next {
            Some(next) => issued = next,
            None => break,
        }
    }
}
