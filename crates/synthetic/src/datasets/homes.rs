//! Dwellings, titles and what lies on them, and the accounts of those who live there.

use super::life::case_number;
use super::people::address;
use crate::chance::{Chance, Topic};
use crate::days::{Day, NEVER, civil, day, month_of, years_after};
use crate::homes::{Dwelling, Tenure, Title, dwelling, tenure};
use crate::household::{NOBODY, Relation};
use crate::numbers::{CitizenNumber, numbered};
use crate::places::{DISTRICTS, community, flat};
use crate::population::Population;
use crate::sheet::Sheet;

impl Population {
    /// What the dwelling `at` is like.
    pub(crate) fn dwelling(&self, at: u32) -> Dwelling {
        dwelling(self.seed, self.today, at, self.households.get(at as usize))
    }
}

/// The number of a dwelling.
pub(crate) fn dwelling_number(out: &mut String, at: u32) -> &str {
    numbered(out, "F3301", u64::from(at) + 1, 9)
}

/// The number of a title.
pub(crate) fn title_number(out: &mut String, at: u64) -> &str {
    numbered(out, "浙杭不动产权第", at + 1, 9);
    out.push('号');
    out
}

pub(super) fn dwellings(population: &Population, at: u32, sheet: &mut Sheet) {
    let dwelling = population.dwelling(at);
    let household = population.households.get(at as usize);
    let mut chance = population.chance(Topic::Account, u64::from(at));
    let mut text = String::new();
    sheet.text(dwelling_number(&mut text, at));
    sheet.text(DISTRICTS[usize::from(dwelling.district)].code);
    text.clear();
    let mut estate = population.chance(Topic::Dwelling, u64::from(at / 40) | 2 << 40);
    community(&mut estate, &mut text);
    sheet.text(&text);
    text.clear();
    flat(dwelling.district, &mut chance, dwelling.floor, &mut text);
    sheet.text(&text);
    sheet.integer(dwelling.floor);
    sheet.integer(dwelling.rooms);
    sheet.decimal(dwelling.area);
    sheet.integer(i64::from(dwelling.built));
    sheet.text(match household {
        None if chance.happens(400) => "let",
        None => "vacant",
        Some(household) => match tenure(population.seed, at, *household) {
            Tenure::Owner => "occupied",
            _ => "let",
        },
    });
    sheet.end();
}

/// What is known of a title beyond who owns what.
struct About {
    chance: Chance,
    dwelling: Dwelling,
    /// `None` if it was not bought.
    price: Option<i64>,
}

fn about(population: &Population, title: &Title) -> About {
    let dwelling = population.dwelling(title.dwelling);
    let mut chance = population.chance(Topic::Title, u64::from(title.dwelling));
    let bought = chance.happens(780);
    let (year, _, _) = civil(title.registered);
    // Yuan for a square metre, by district and year.
    let metre = [52, 40, 45, 50, 32, 30, 20, 18, 26, 24, 14, 15, 11]
        [usize::from(dwelling.district)]
        * 1_000;
    let years = i64::from(year - 1998).clamp(1, 24);
    let price = dwelling.area * metre * years / 24 * chance.between(80, 120) / 100;
    About {
        chance,
        dwelling,
        price: bought.then_some(price / 100_000 * 100_000 + 100_000),
    }
}

pub(super) fn titles(population: &Population, at: u32, sheet: &mut Sheet) {
    let (first, titles) = population.homes.of(at);
    let mut text = String::new();
    for (offset, title) in titles.iter().enumerate() {
        let About {
            mut chance,
            dwelling,
            price,
        } = about(population, title);
        sheet.text(title_number(&mut text, (first + offset) as u64));
        sheet.text(CitizenNumber::of(population.person(at)).as_str());
        let co_owner = (title.co_owner != NOBODY)
            .then(|| CitizenNumber::of(population.person(title.co_owner)));
        sheet.maybe_text(co_owner.as_ref().map(CitizenNumber::as_str));
        sheet.text(dwelling_number(&mut text, title.dwelling));
        sheet.text(if co_owner.is_some() { "joint" } else { "sole" });
        sheet.decimal(dwelling.area);
        let otherwise = chance.pick(&["inheritance", "gift", "resettlement", "resettlement"]);
        sheet.text(if price.is_some() {
            "purchase"
        } else {
            otherwise
        });
        sheet.date(title.registered);
        sheet.text("valid");
        sheet.end();
    }
}

/// The first day on which contracts were filed.
const CONTRACTS_SINCE: Day = 12_053; // 2003-01-01

/// The number of the contract that led to the title `at`.
fn contract_number(out: &mut String, at: u64) -> &str {
    numbered(out, "HT3301", at + 1, 9)
}

impl Population {
    /// The number of the contract by which the title `at` was bought, if there is one.
    pub(crate) fn contract_number(&self, at: u64) -> Option<String> {
        let title = self.homes.titles.get(at as usize)?;
        let filed = title.registered >= CONTRACTS_SINCE && about(self, title).price.is_some();
        filed.then(|| contract_number(&mut String::new(), at).to_owned())
    }
}

pub(super) fn contracts(population: &Population, at: u32, sheet: &mut Sheet) {
    let (first, titles) = population.homes.of(at);
    let mut text = String::new();
    for (offset, title) in titles.iter().enumerate() {
        let About {
            mut chance,
            dwelling,
            price,
        } = about(population, title);
        let (Some(price), true) = (price, title.registered >= CONTRACTS_SINCE) else {
            continue;
        };
        let built = day(dwelling.built, 12, 31);
        let new = title.registered < built + 3 * 365;
        sheet.text(contract_number(&mut text, (first + offset) as u64));
        sheet.text(CitizenNumber::of(population.person(at)).as_str());
        sheet.text(dwelling_number(&mut text, title.dwelling));
        sheet.text(if new { "new" } else { "existing" });
        sheet.decimal(price);
        sheet.date(title.registered - chance.day(20, 120));
        sheet.text("completed");
        sheet.end();
    }
}

/// A loan on a home.
struct Loan {
    amount: i64,
    from: Day,
    months: i32,
    /// Whether repaid by now.
    settled: bool,
}

/// The loan that a bought home was paid with, if any.
fn loan(population: &Population, title: &Title) -> Option<Loan> {
    let About { price, .. } = about(population, title);
    let mut chance = population.chance(Topic::Money, u64::from(title.dwelling) | 1 << 40);
    let (year, _, _) = civil(title.registered);
    if year < 2000 || !chance.happens(620) {
        return None;
    }
    let amount = price? * chance.between(20, 70) / 100 / 1_000_000 * 1_000_000 + 1_000_000;
    let months = chance.pick(&[120, 180, 240, 300, 360]);
    let ends = years_after(title.registered, months / 12);
    let settled = ends <= population.today || chance.happens(240);
    Some(Loan {
        amount,
        from: title.registered,
        months,
        settled,
    })
}

pub(super) fn mortgages(population: &Population, at: u32, sheet: &mut Sheet) {
    let (first, titles) = population.homes.of(at);
    let mut text = String::new();
    for (offset, title) in titles.iter().enumerate() {
        let Some(loan) = loan(population, title) else {
            continue;
        };
        let number = (first + offset) as u64;
        let mut chance = population.chance(Topic::Money, u64::from(title.dwelling) | 2 << 40);
        let lender = population.enterprises.bank(&mut chance);
        sheet.text(numbered(&mut text, "DY3301", number + 1, 9));
        sheet.text(CitizenNumber::of(population.person(at)).as_str());
        sheet.text(title_number(&mut text, number));
        sheet.text(population.enterprise(lender).code.as_str());
        sheet.decimal(loan.amount);
        sheet.date(loan.from);
        sheet.date(years_after(loan.from, loan.months / 12));
        sheet.text(if loan.settled {
            "released"
        } else {
            "registered"
        });
        sheet.end();
    }
}

/// Most that the provident fund lends, in fen.
const FUND_LOAN_MAX: i64 = 130_000_000;

pub(super) fn fund_loans(population: &Population, at: u32, sheet: &mut Sheet) {
    let (first, titles) = population.homes.of(at);
    // Two loans at most, as the fund's rules have it.
    let mut left = if titles.is_empty() || !population.has_fund(at) {
        0
    } else {
        2
    };
    let mut text = String::new();
    for (offset, title) in titles.iter().enumerate() {
        let mut chance = population.chance(Topic::Fund, u64::from(title.dwelling) | 2 << 40);
        let Some(loan) = loan(population, title).filter(|_| left > 0 && chance.happens(460)) else {
            continue;
        };
        left -= 1;
        let amount = loan.amount.min(FUND_LOAN_MAX);
        let repaid = (month_of(population.today) - month_of(loan.from)).clamp(0, loan.months);
        let owed = amount * i64::from(loan.months - repaid) / i64::from(loan.months);
        sheet.text(numbered(
            &mut text,
            "DK3301",
            (first + offset) as u64 + 1,
            9,
        ));
        sheet.text(CitizenNumber::of(population.person(at)).as_str());
        sheet.text(title_number(&mut text, (first + offset) as u64));
        sheet.decimal(amount);
        sheet.decimal(if loan.settled { 0 } else { owed });
        sheet.integer(i64::from(loan.months));
        sheet.date(loan.from);
        sheet.text(match loan.settled {
            true => "settled",
            false if chance.happens(12) => "overdue",
            false => "repaying",
        });
        sheet.end();
    }
}

pub(super) fn seizures(population: &Population, at: u32, sheet: &mut Sheet) {
    let (first, titles) = population.homes.of(at);
    let defaults = !titles.is_empty() && population.defaults(at);
    let mut text = String::new();
    for (offset, title) in titles.iter().enumerate() {
        let mut chance = population.chance(Topic::Court, u64::from(title.dwelling) | 2 << 40);
        if !chance.happens(if defaults { 850 } else { 4 }) {
            continue;
        }
        let from = (population.today - chance.day(5, 1_600)).max(title.registered);
        let until = years_after(from, 3);
        sheet.text(numbered(
            &mut text,
            "CF3301",
            (first + offset) as u64 + 1,
            9,
        ));
        sheet.text(CitizenNumber::of(population.person(at)).as_str());
        sheet.text(title_number(&mut text, (first + offset) as u64));
        sheet.text(&case_number(civil(from).0, u64::from(at)));
        sheet.date(from);
        sheet.date(until);
        sheet.text(match until < population.today {
            true => "expired",
            false if chance.happens(200) => "lifted",
            false => "in-force",
        });
        sheet.end();
    }
}

pub(super) fn public_rentals(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let household = &population.households[person.household as usize];
    let lives = tenure(population.seed, person.household, *household);
    if person.relation != Relation::Head || lives != Tenure::Public {
        return;
    }
    let mut chance = population.chance(Topic::Account, u64::from(at) | 1 << 40);
    let dwelling = population.dwelling(person.household);
    let mut text = String::new();
    let earliest = years_after(person.born, 18).min(population.today);
    let from = (population.today - chance.day(30, 1_400)).max(earliest);
    let until = years_after(from, 3);
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(numbered(
        &mut text,
        "GZ3301",
        u64::from(person.household) + 1,
        9,
    ));
    text.clear();
    address(population, person.household, &mut text);
    sheet.text(&text);
    sheet.decimal(dwelling.area * chance.between(8, 16));
    sheet.date(from);
    sheet.date(until);
    sheet.text(match person.gone != NEVER || until < population.today {
        true => "ended",
        false if chance.happens(25) => "arrears",
        false => "in-force",
    });
    sheet.end();
}
