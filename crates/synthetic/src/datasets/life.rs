//! Births, marriages, deaths, and what some people need or owe.

use super::people::household_number;
use crate::chance::Topic;
use crate::days::{NEVER, civil, day, years_after};
use crate::household::{NOBODY, Relation};
use crate::numbers::{CitizenNumber, numbered};
use crate::population::Population;
use crate::sheet::Sheet;

pub(super) fn marriages(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    if person.spouse == NOBODY {
        return;
    }
    let mut text = String::new();
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(CitizenNumber::of(population.person(person.spouse)).as_str());
    // Both of a couple have the same certificate.
    let couple = u64::from(at.min(person.spouse));
    sheet.text(numbered(&mut text, "J330100-", couple, 9));
    sheet.date(person.married);
    sheet.maybe_date(Some(person.dissolved).filter(|day| *day != NEVER));
    sheet.text(match (person.dissolved, person.divorced) {
        (NEVER, _) => "married",
        (_, true) => "divorced",
        (_, false) => "widowed",
    });
    sheet.end();
}

pub(super) fn births(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    if person.elsewhere || person.born < day(1996, 1, 1) {
        return;
    }
    let mut chance = population.chance(Topic::Life, u64::from(at));
    let mut text = String::new();
    sheet.text(CitizenNumber::of(person).as_str());
    let (year, _, _) = civil(person.born);
    let prefix = format!(
        "{}33",
        char::from(b'A' + ((year - 1996).clamp(0, 25) as u8))
    );
    sheet.text(numbered(&mut text, &prefix, u64::from(at), 8));
    sheet.date(person.born);
    sheet.text(if person.male { "male" } else { "female" });
    sheet.integer(2_300 + (chance.below(900) + chance.below(900)).cast_signed());
    for parent in [person.mother, person.father] {
        if parent == NOBODY {
            sheet.nothing();
        } else {
            sheet.text(CitizenNumber::of(population.person(parent)).as_str());
        }
    }
    text.clear();
    crate::names::hospital(&mut chance, &mut text);
    sheet.text(&text);
    sheet.text(if chance.happens(12) {
        "reissued"
    } else {
        "valid"
    });
    sheet.end();
}

pub(super) fn deaths(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    if !person.dead {
        return;
    }
    let mut chance = population.chance(Topic::Life, u64::from(at) | 1 << 40);
    let mut text = String::new();
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(numbered(&mut text, "SW3301", u64::from(at), 9));
    sheet.date(person.gone);
    let place = chance.weighted(&[560, 330, 90, 20]);
    sheet.text(["hospital", "home", "care-home", "other"][place]);
    let cause = chance.weighted(&[420, 260, 130, 70, 40, 80]);
    sheet.text(["IX", "II", "X", "XX", "IV", "XVIII"][cause]);
    sheet.text("valid");
    sheet.end();
}

pub(super) fn allowances(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let household = &population.households[person.household as usize];
    let mut chance = population.chance(Topic::Money, u64::from(at));
    let head = person.relation == Relation::Head && person.gone == NEVER && !person.elsewhere;
    if !head || household.collective || !chance.happens(11) {
        return;
    }
    let granted = population.today - chance.day(60, 2_500);
    let granted = granted
        .max(years_after(person.born, 18))
        .min(population.today);
    let ends = granted + chance.day(200, 3_000);
    let ended = ends <= population.today;
    let members = i64::from(household.members.max(1));
    let mut text = String::new();
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(household_number(&mut text, person.household));
    sheet.date(granted);
    sheet.integer(members);
    sheet.decimal(members * chance.between(300, 1_190) * 100);
    sheet.maybe_date(Some(ends).filter(|_| ended));
    sheet.text(match ended {
        true => "ended",
        false if chance.happens(30) => "suspended",
        false => "paid",
    });
    sheet.end();
}

const CATEGORIES: &[&str] = &[
    "visual",
    "hearing",
    "speech",
    "physical",
    "intellectual",
    "mental",
    "multiple",
];

pub(super) fn disabilities(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let mut chance = population.chance(Topic::Life, u64::from(at) | 2 << 40);
    let old = population.age(person) >= 60;
    if person.elsewhere || !chance.happens(if old { 42 } else { 13 }) {
        return;
    }
    let latest = population.today.min(person.gone);
    let issued = (latest - chance.day(0, 4_500))
        .max(person.born + 200)
        .min(latest);
    let until = years_after(issued, 10);
    let category = chance.weighted(&[120, 110, 20, 520, 110, 100, 20]);
    let degree = 1 + chance.weighted(&[140, 260, 280, 320]) as u32;
    let number = format!(
        "{}{}{degree}",
        CitizenNumber::of(person).as_str(),
        category + 1
    );
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(&number);
    sheet.text(CATEGORIES[category]);
    sheet.integer(i64::from(degree));
    sheet.date(issued);
    sheet.date(until);
    sheet.text(match (person.gone, until < population.today) {
        (NEVER, false) => "valid",
        (NEVER, true) => "expired",
        _ => "cancelled",
    });
    sheet.end();
}

pub(super) fn veterans(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let mut chance = population.chance(Topic::Life, u64::from(at) | 3 << 40);
    let likely = if person.male { 46 } else { 3 };
    let enlisted = years_after(person.born, chance.day(18, 22)) + chance.day(0, 200);
    let discharged = enlisted + chance.day(2, 12) * 365;
    let latest = population.today.min(person.gone);
    if person.elsewhere || discharged > latest || !chance.happens(likely) {
        return;
    }
    let mut text = String::new();
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(numbered(&mut text, "TY3301", u64::from(at), 9));
    sheet.date(enlisted);
    sheet.date(discharged);
    let placement = chance.weighted(&[640, 220, 100, 40]);
    sheet.text(["self-employed", "assigned-job", "retired", "student"][placement]);
    sheet.text(match person.dead {
        true => "deceased",
        false if chance.happens(5) => "benefits-suspended",
        false => "registered",
    });
    sheet.end();
}

impl Population {
    /// Whether someone does not fulfil a judgment, in which homes may have been seized.
    pub(crate) fn defaults(&self, at: u32) -> bool {
        let person = self.person(at);
        let mut chance = self.chance(Topic::Court, u64::from(at));
        (22..=72).contains(&self.age(person)) && chance.happens(6)
    }
}

/// A case number of the court.
pub(super) fn case_number(year: i32, at: u64) -> String {
    format!("({year})浙01执{at:08}号")
}

pub(super) fn defaulters(population: &Population, at: u32, sheet: &mut Sheet) {
    if !population.defaults(at) {
        return;
    }
    let person = population.person(at);
    let mut chance = population.chance(Topic::Court, u64::from(at) | 1 << 40);
    let latest = population.today.min(person.gone);
    let published = (latest - chance.day(10, 1_800)).max(years_after(person.born, 20));
    let removed = published + chance.day(100, 2_400);
    let is_removed = removed <= population.today;
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(&case_number(civil(published).0, u64::from(at)));
    sheet.decimal((chance.unit().powi(4) * 2e8) as i64 + 500_000);
    sheet.date(published);
    sheet.maybe_date(Some(removed).filter(|_| is_removed));
    sheet.text(if is_removed { "removed" } else { "published" });
    sheet.end();
}
