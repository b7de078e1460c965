//! Vehicles, driving licences, bus cards and parking.

use crate::chance::{Chance, Topic};
use crate::days::{NEVER, years_after};
use crate::numbers::{CitizenNumber, numbered, plate};
use crate::places::{DISTRICTS, street};
use crate::population::Population;
use crate::sheet::Sheet;

impl Population {
    /// Whether someone may drive.
    fn drives(&self, at: u32) -> bool {
        let mut chance = self.chance(Topic::Vehicle, u64::from(at));
        let likely = match self.age(self.person(at)) {
            ..=18 => 0,
            19..=24 => 480,
            25..=50 => 720,
            51..=69 => 380,
            _ => 60,
        };
        chance.happens(likely)
    }

    /// How many vehicles someone owns; those who own one drive.
    fn vehicles(&self, at: u32) -> u64 {
        let mut chance = self.chance(Topic::Vehicle, u64::from(at) | 1 << 40);
        if self.drives(at) {
            chance.weighted(&[380, 560, 60]) as u64
        } else {
            0
        }
    }
}

impl Population {
    /// The plate of someone's first vehicle, if there is one.
    pub(crate) fn first_plate(&self, at: u32) -> Option<String> {
        let mut text = String::new();
        (self.vehicles(at) > 0).then(|| {
            vehicle(self, at, 0, &mut text);
            text
        })
    }
}

/// Most vehicles of one person.
const VEHICLES_MAX: u64 = 2;

/// The stream about the `turn`th vehicle of a person, and its plate and whether it is electric.
fn vehicle(population: &Population, at: u32, turn: u64, out: &mut String) -> (Chance, bool) {
    let index = u64::from(at) * VEHICLES_MAX + turn;
    let mut chance = population.chance(Topic::Vehicle, index | 2 << 40);
    let electric = chance.happens(240);
    plate(out, population.seed, index, electric);
    (chance, electric)
}

pub(super) fn vehicles(population: &Population, at: u32, sheet: &mut Sheet) {
    const BRANDS: &[&str] = &[
        "大众",
        "丰田",
        "本田",
        "比亚迪",
        "吉利",
        "日产",
        "别克",
        "奥迪",
        "宝马",
        "奔驰",
        "特斯拉",
        "零跑",
        "小鹏",
        "长安",
        "五菱",
        "雅马哈",
    ];
    let person = population.person(at);
    let mut plates: Vec<(String, Chance, bool)> = (0..population.vehicles(at))
        .map(|turn| {
            let mut text = String::new();
            let (chance, electric) = vehicle(population, at, turn, &mut text);
            (text, chance, electric)
        })
        .collect();
    plates.sort_by(|one, other| one.0.cmp(&other.0));
    let mut vin = String::new();
    for (plate, mut chance, electric) in plates {
        let newest = if electric { 3_000 } else { 5_000 };
        let earliest = years_after(person.born, 18);
        let latest = population.today.min(person.gone);
        let registered = (latest - chance.day(20, newest)).max(earliest).min(latest);
        let overdue = chance.happens(30);
        let until = if overdue {
            population.today - chance.day(1, 300)
        } else {
            population.today + chance.day(1, 700)
        };
        let until = until.max(registered + 365);
        let kind = chance.weighted(&[900, 30, 25, 45]);
        sheet.text(&plate);
        sheet.text(CitizenNumber::of(person).as_str());
        sheet.text(numbered(
            &mut vin,
            "LSYN",
            chance.below(10_000_000_000_000),
            13,
        ));
        sheet.text(["car", "van", "truck", "motorcycle"][kind]);
        sheet.text(match (electric, kind) {
            (true, _) => "electric",
            (false, 2) => "diesel",
            (false, _) if chance.happens(140) => "hybrid",
            (false, _) => "petrol",
        });
        sheet.text(chance.pick(BRANDS));
        sheet.date(registered);
        sheet.date(until);
        sheet.text(match until < population.today {
            true => "inspection-overdue",
            false if chance.happens(12) => "scrapped",
            false if chance.happens(20) => "transferred",
            false => "valid",
        });
        sheet.end();
    }
}

pub(super) fn licences(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    if !population.drives(at) {
        return;
    }
    let mut chance = population.chance(Topic::Vehicle, u64::from(at) | 3 << 40);
    let latest = population.today.min(person.gone);
    let of_age = years_after(person.born, 18);
    let issued = (of_age + chance.day(10, 9_000)).min(latest).max(of_age);
    let mut until = years_after(issued, 6);
    while until < latest && !chance.happens(15) {
        until = years_after(until, 10);
    }
    let points = [0, 1, 3, 6, 9, 12][chance.weighted(&[760, 90, 90, 40, 16, 4])];
    let class = chance.weighted(&[12, 20, 15, 30, 780, 120, 23]);
    let mut text = String::new();
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(numbered(&mut text, "3301", u64::from(at), 8));
    sheet.text(["A1", "A2", "B1", "B2", "C1", "C2", "D"][class]);
    sheet.date(issued);
    sheet.date(until);
    sheet.integer(points);
    sheet.text(match (person.gone, until < population.today) {
        (NEVER, true) => "expired",
        (NEVER, false) if points == 12 => "suspended",
        (NEVER, false) => "valid",
        _ if person.dead => "revoked",
        _ => "valid",
    });
    sheet.end();
}

pub(super) fn bus_cards(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let mut chance = population.chance(Topic::Account, u64::from(at) | 6 << 40);
    let age = population.age(person);
    if age < 7 || !chance.happens(if age >= 60 { 800 } else { 470 }) {
        return;
    }
    let latest = population.today.min(person.gone);
    let earliest = years_after(person.born, 6).min(latest);
    let mut text = String::new();
    sheet.text(numbered(&mut text, "3100", u64::from(at) + 1, 10));
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(match age {
        ..=18 => "student",
        60.. => "senior",
        _ if chance.happens(15) => "disabled",
        _ => "adult",
    });
    sheet.date((latest - chance.day(1, 2_800)).max(earliest));
    sheet.decimal(chance.between(0, 20_000));
    sheet.text(match person.gone {
        NEVER if chance.happens(40) => "lost",
        NEVER => "active",
        _ => "returned",
    });
    sheet.end();
}

pub(super) fn parking(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let mut plates: Vec<(String, Chance)> = (0..population.vehicles(at))
        .map(|turn| {
            let mut text = String::new();
            vehicle(population, at, turn, &mut text);
            let index = u64::from(at) * VEHICLES_MAX + turn;
            (text, population.chance(Topic::Permit, index | 1 << 40))
        })
        .collect();
    plates.sort_by(|one, other| one.0.cmp(&other.0));
    for (plate, mut chance) in plates {
        if !chance.happens(90) {
            continue;
        }
        let from = population.today - chance.day(0, 420);
        let until = years_after(from, 1);
        sheet.text(CitizenNumber::of(person).as_str());
        sheet.text(&plate);
        sheet.text(DISTRICTS[usize::from(population.district_of(at))].code);
        sheet.text(street(&mut chance));
        sheet.date(from);
        sheet.date(until);
        sheet.text(match (person.gone, until < population.today) {
            (NEVER, true) => "expired",
            (NEVER, false) => "valid",
            _ => "cancelled",
        });
        sheet.end();
    }
}
