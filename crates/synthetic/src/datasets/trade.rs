//! What enterprises may do, how they were found to do it, and what they sell abroad.

use super::firms::{owes, year};
use super::life::case_number;
use crate::chance::{Chance, Topic};
use crate::days::{Day, NEVER, years_after};
use crate::industries::in_section;
use crate::numbers::numbered;
use crate::places::{DISTRICTS, community};
use crate::population::Population;
use crate::sheet::Sheet;

/// A stream about an enterprise's permits of one sort.
fn chance(population: &Population, at: u32, sort: u64) -> Chance {
    population.chance(Topic::Permit, u64::from(at) | (16 + sort) << 40)
}

/// A day in the last `days` days on which the enterprise was open.
fn while_open(population: &Population, at: u32, days: Day, chance: &mut Chance) -> Day {
    let enterprise = population.enterprise(at);
    let latest = population.today.min(enterprise.closed);
    chance.day(
        (latest - days).max(enterprise.established).min(latest),
        latest,
    )
}

/// The status of a permit until a day.
fn permit_status(population: &Population, at: u32, until: Day) -> &'static str {
    match (population.enterprise(at).closed, until < population.today) {
        (NEVER, false) => "valid",
        (NEVER, true) => "expired",
        _ => "revoked",
    }
}

pub(super) fn food_permits(population: &Population, at: u32, sheet: &mut Sheet) {
    let mut chance = chance(population, at, 0);
    let activity = match population.industry(at).code {
        "6210" => "catering",
        "1311" => "making",
        "5211" => "selling",
        "6110" | "8336" | "8411" => "canteen",
        "5149" | "5292" if chance.happens(150) => "selling",
        _ => return,
    };
    let issued = while_open(population, at, 2_200, &mut chance);
    let until = years_after(issued, 5);
    let mut text = String::new();
    sheet.text(population.enterprise(at).code.as_str());
    sheet.text(numbered(&mut text, "JY13301", u64::from(at), 9));
    sheet.text(activity);
    sheet.date(issued);
    sheet.date(until);
    sheet.text(permit_status(population, at, until));
    sheet.end();
}

pub(super) fn fire_permits(population: &Population, at: u32, sheet: &mut Sheet) {
    let mut chance = chance(population, at, 1);
    let place = match population.industry(at).code {
        "6210" => "restaurant",
        "6110" => "hotel",
        "5211" => "shop",
        "8710" => "cinema",
        "8930" => "sports",
        "8336" => "other",
        _ => return,
    };
    if !chance.happens(880) {
        return;
    }
    let issued = while_open(population, at, 3_000, &mut chance);
    let mut text = String::new();
    sheet.text(population.enterprise(at).code.as_str());
    sheet.text(numbered(&mut text, "XF3301", u64::from(at), 9));
    sheet.text(place);
    sheet.decimal(chance.between(6_000, 480_000));
    sheet.date(issued);
    sheet.text(match population.enterprise(at).closed {
        NEVER if chance.happens(20) => "suspended",
        NEVER => "valid",
        _ => "revoked",
    });
    sheet.end();
}

pub(super) fn construction_permits(population: &Population, at: u32, sheet: &mut Sheet) {
    let mut chance = chance(population, at, 2);
    if !in_section(population.enterprise(at).industry, "EK") {
        return;
    }
    let mut text = String::new();
    for turn in 0..chance.below(6) {
        let issued = while_open(population, at, 1_800, &mut chance);
        let area = chance.between(80_000, 9_000_000);
        sheet.text(population.enterprise(at).code.as_str());
        sheet.text(numbered(&mut text, "SG3301", u64::from(at) * 8 + turn, 10));
        text.clear();
        community(&mut chance, &mut text);
        text.push_str(chance.pick(&["一期工程", "二期工程", "改造工程", "配套用房"]));
        sheet.text(&text);
        sheet.text(DISTRICTS[usize::from(population.enterprise(at).district)].code);
        sheet.decimal(area);
        sheet.decimal(area * chance.between(2_200, 5_200));
        sheet.date(issued);
        sheet.text(match population.today - issued {
            ..600 if chance.happens(20) => "stopped",
            ..600 => "building",
            _ => "accepted",
        });
        sheet.end();
    }
}

pub(super) fn presale_permits(population: &Population, at: u32, sheet: &mut Sheet) {
    let mut chance = chance(population, at, 3);
    if population.industry(at).code != "7010" {
        return;
    }
    let mut text = String::new();
    for turn in 0..chance.below(4) {
        let issued = while_open(population, at, 2_200, &mut chance);
        let units = chance.between(24, 480);
        sheet.text(numbered(&mut text, "YS3301", u64::from(at) * 4 + turn, 10));
        sheet.text(population.enterprise(at).code.as_str());
        text.clear();
        community(&mut chance, &mut text);
        sheet.text(&text);
        sheet.text(DISTRICTS[usize::from(population.enterprise(at).district)].code);
        sheet.integer(units);
        sheet.decimal(units * chance.between(8_800, 14_200));
        sheet.date(issued);
        sheet.text(if population.today - issued > 700 {
            "sold-out"
        } else {
            "valid"
        });
        sheet.end();
    }
}

pub(super) fn inspections(population: &Population, at: u32, sheet: &mut Sheet) {
    const TOPICS: &[&str] = &[
        "food",
        "prices",
        "advertising",
        "equipment",
        "quality",
        "licence",
    ];
    let mut chance = chance(population, at, 4);
    let food = matches!(population.industry(at).code, "6210" | "1311" | "5211");
    let count = chance.below(if food { 6 } else { 3 });
    let mut text = String::new();
    for turn in 0..count {
        let on = while_open(population, at, 1_500, &mut chance);
        let result = chance.weighted(&[820, 130, 20, 30]);
        sheet.text(population.enterprise(at).code.as_str());
        sheet.text(numbered(&mut text, "JC3301", u64::from(at) * 8 + turn, 10));
        sheet.text(if food && chance.happens(700) {
            "food"
        } else {
            chance.pick(TOPICS)
        });
        sheet.date(on);
        sheet.text(["right", "to-mend", "unlawful", "closed-door"][result]);
        sheet.text(match result {
            1 if population.today - on < 90 => "mending",
            2 => "referred",
            _ => "closed",
        });
        sheet.end();
    }
}

pub(super) fn penalties(population: &Population, at: u32, sheet: &mut Sheet) {
    let mut chance = chance(population, at, 5);
    if !chance.happens(75) {
        return;
    }
    let mut text = String::new();
    for turn in 0..=chance.below(2) {
        let on = while_open(population, at, 1_500, &mut chance);
        let ground = chance.weighted(&[180, 260, 60, 160, 200, 140]);
        sheet.text(population.enterprise(at).code.as_str());
        sheet.text(numbered(&mut text, "杭市监罚", u64::from(at) * 4 + turn, 9));
        sheet.text(
            [
                "advertising",
                "food-safety",
                "false-registration",
                "prices",
                "quality",
                "other",
            ][ground],
        );
        sheet.decimal((chance.unit().powi(3) * 300_000.0) as i64 * 100);
        sheet.date(on);
        sheet.text(match chance.weighted(&[850, 140, 10]) {
            0 => "paid",
            1 => "in-force",
            _ => "withdrawn",
        });
        sheet.end();
    }
}

pub(super) fn credit_penalties(population: &Population, at: u32, sheet: &mut Sheet) {
    let mut chance = chance(population, at, 6);
    let debtor = owes(population, at);
    if !chance.happens(if debtor { 180 } else { 9 }) {
        return;
    }
    let on = while_open(population, at, 1_800, &mut chance);
    let removed = on + chance.day(180, 1_100);
    let is_removed = removed <= population.today;
    let ground = chance.weighted(&[10, 300, 250, 200, 250]);
    sheet.text(population.enterprise(at).code.as_str());
    sheet.date(on);
    sheet.text(if debtor {
        "tax"
    } else {
        ["tax", "wages", "food", "environment", "contracts"][ground]
    });
    sheet.maybe_date(Some(removed).filter(|_| is_removed));
    sheet.text(match is_removed {
        true if chance.happens(500) => "repaired",
        true => "removed",
        false => "listed",
    });
    sheet.end();
}

pub(super) fn defaulters(population: &Population, at: u32, sheet: &mut Sheet) {
    let mut chance = chance(population, at, 7);
    if !chance.happens(28) {
        return;
    }
    let on = while_open(population, at, 1_600, &mut chance);
    let removed = on + chance.day(100, 1_400);
    let is_removed = removed <= population.today;
    sheet.text(population.enterprise(at).code.as_str());
    sheet.text(&case_number(year(on), 50_000_000 + u64::from(at)));
    sheet.decimal((chance.unit().powi(4) * 2e9) as i64 + 1_000_000);
    sheet.date(on);
    sheet.maybe_date(Some(removed).filter(|_| is_removed));
    sheet.text(if is_removed { "removed" } else { "published" });
    sheet.end();
}

pub(super) fn exports(population: &Population, at: u32, sheet: &mut Sheet) {
    const COUNTRIES: &[&str] = &[
        "US", "JP", "DE", "KR", "VN", "GB", "IN", "NL", "AU", "MX", "BR", "RU", "TH", "FR", "AE",
    ];
    let mut chance = chance(population, at, 8);
    let industry = population.industry(at);
    if !chance.happens(industry.exports) {
        return;
    }
    let hands = u64::from(population.headcounts.latest(at)) + 1;
    let count = 4 + chance.below(20 + hands.min(400));
    let commodity = 6101 + chance.below(3_300);
    let mut text = String::new();
    let mut days: Vec<Day> = (0..count)
        .map(|_| while_open(population, at, 1_095, &mut chance))
        .collect();
    days.sort_unstable();
    for (turn, on) in days.into_iter().enumerate() {
        let value = chance.between(20_000, 900_000) * 100;
        sheet.text(population.enterprise(at).code.as_str());
        sheet.text(numbered(
            &mut text,
            "2901",
            u64::from(at) * 512 + turn as u64,
            14,
        ));
        sheet.date(on);
        sheet.text(numbered(
            &mut text,
            "",
            commodity * 10_000 + 1_000 + chance.below(5) * 100,
            8,
        ));
        sheet.text(chance.pick(COUNTRIES));
        sheet.decimal(value);
        sheet.decimal(value / chance.between(20, 120));
        sheet.text(match chance.weighted(&[940, 40, 15, 5]) {
            0 => "released",
            1 => "inspected",
            2 => "amended",
            _ => "withdrawn",
        });
        sheet.end();
    }
}

pub(super) fn high_tech(population: &Population, at: u32, sheet: &mut Sheet) {
    let mut chance = chance(population, at, 9);
    let likely = match population.industry(at).section {
        "I" => 220,
        "M" => 180,
        "C" => 150,
        _ => 4,
    };
    let enough = population.headcounts.latest(at) >= 5;
    if !enough || !chance.happens(likely) {
        return;
    }
    let issued = while_open(population, at, 1_500, &mut chance);
    let until = years_after(issued, 3);
    let mut text = String::new();
    sheet.text(population.enterprise(at).code.as_str());
    sheet.text(numbered(&mut text, "GR3301", u64::from(at), 8));
    sheet.text(chance.pick(&[
        "electronics",
        "biology",
        "aerospace",
        "materials",
        "services",
        "energy",
        "environment",
        "manufacturing",
    ]));
    sheet.date(issued);
    sheet.date(until);
    sheet.text(match permit_status(population, at, until) {
        "revoked" => "withdrawn",
        other => other,
    });
    sheet.end();
}
