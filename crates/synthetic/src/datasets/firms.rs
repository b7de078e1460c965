//! Enterprises: the register, employees, revenue and taxes.

use crate::chance::{Chance, Topic};
use crate::days::{Month, NEVER, civil, first_day, month_of, month_text};
use crate::industries::{INDUSTRIES, Industry};
use crate::numbers::CitizenNumber;
use crate::places::{DISTRICTS, office};
use crate::population::{MONTHS, Population};
use crate::sheet::Sheet;

impl Population {
    /// What an enterprise does.
    pub(crate) fn industry(&self, at: u32) -> &'static Industry {
        &INDUSTRIES[usize::from(self.enterprise(at).industry)]
    }

    /// Whether an enterprise is open in a month.
    pub(crate) fn is_open(&self, at: u32, month: Month) -> bool {
        let enterprise = self.enterprise(at);
        let closed = if enterprise.closed == NEVER {
            Month::MAX
        } else {
            month_of(enterprise.closed)
        };
        month_of(enterprise.established) <= month && month <= closed
    }

    /// Revenue of an enterprise in a month of contributions, in fen.
    pub(crate) fn revenue(&self, at: u32, month: u32) -> i64 {
        let month_number = self.month(month);
        if !self.is_open(at, month_number) {
            return 0;
        }
        let mut chance = self.chance(Topic::Trade, u64::from(at));
        let level = chance.between(40, 180);
        let growth = chance.between(-12, 25);
        let mut chance = self.chance(
            Topic::Trade,
            (u64::from(at) * 64 + u64::from(month)) | 1 << 40,
        );
        // The owner works too.
        let hands = i64::from(self.headcounts.get(at, month).count) + 1;
        let monthly = self.industry(at).revenue * 100_000 / 12;
        let years = i64::from(month) / 12;
        hands * monthly * level / 100 * (100 + growth * years).max(20) / 100
            * chance.between(85, 115)
            / 100
    }
}

/// The status of an enterprise that has not closed.
pub(super) fn is_abnormal(population: &Population, at: u32) -> bool {
    population
        .chance(Topic::Enterprise, u64::from(at) | 1 << 40)
        .happens(35)
}

pub(super) fn enterprises(population: &Population, at: u32, sheet: &mut Sheet) {
    let enterprise = population.enterprise(at);
    let industry = population.industry(at);
    let mut chance = population.chance(Topic::Enterprise, u64::from(at) | 2 << 40);
    let kind = chance.weighted(&[820, 50, 70, 40, 20]);
    let ending = match (industry.code, kind) {
        ("8411", _) => "",
        ("6621", _) | (_, 1) => "股份有限公司",
        (_, 2) => "经营部",
        (_, 3) => "合伙企业（有限合伙）",
        _ => "有限公司",
    };
    let mut text = String::new();
    crate::names::firm(industry.trade, ending, &mut chance, &mut text);
    sheet.text(enterprise.code.as_str());
    sheet.text(&text);
    sheet.text(
        [
            "limited-company",
            "joint-stock-company",
            "sole-proprietorship",
            "partnership",
            "foreign-invested",
        ][kind],
    );
    sheet.text(industry.section);
    sheet.text(industry.code);
    let capital = chance.pick(&[10, 50, 100, 100, 200, 500, 500, 1_000, 2_000, 5_000]);
    sheet.decimal(capital * 1_000_000 * i64::from(enterprise.weight / 20_000 + 1));
    sheet.date(enterprise.established);
    let person = population.adult(&mut chance);
    sheet.text(CitizenNumber::of(population.person(person)).as_str());
    sheet.text(DISTRICTS[usize::from(enterprise.district)].code);
    text.clear();
    office(enterprise.district, &mut chance, &mut text);
    sheet.text(&text);
    sheet.maybe_date(Some(enterprise.closed).filter(|day| *day != NEVER));
    sheet.text(match enterprise.closed {
        NEVER if is_abnormal(population, at) => "abnormal",
        NEVER => "active",
        _ if chance.happens(150) => "revoked",
        _ => "cancelled",
    });
    sheet.end();
}

pub(super) fn headcounts(population: &Population, at: u32, sheet: &mut Sheet) {
    let code = population.enterprise(at).code;
    for month in 0..MONTHS {
        let number = population.month(month);
        if !population.is_open(at, number) {
            continue;
        }
        let headcount = population.headcounts.get(at, month);
        sheet.text(code.as_str());
        sheet.text(month_text(number).as_str());
        sheet.integer(i64::from(headcount.count));
        sheet.integer(i64::from(headcount.joined));
        sheet.integer(i64::from(headcount.left));
        sheet.text(if month + 1 == MONTHS {
            "provisional"
        } else {
            "final"
        });
        sheet.end();
    }
}

pub(super) fn revenues(population: &Population, at: u32, sheet: &mut Sheet) {
    let code = population.enterprise(at).code;
    let year_of = |month: u32| population.month(month).div_euclid(12);
    let mut chance = population.chance(Topic::Trade, u64::from(at) | 2 << 40);
    let margin = chance.between(-8, 22);
    let researches = matches!(population.industry(at).section, "I" | "M" | "C");
    let mut month = 0;
    while month < MONTHS {
        let year = year_of(month);
        let (mut revenue, mut hands, mut months) = (0, 0, 0);
        while month < MONTHS && year_of(month) == year {
            if population.is_open(at, population.month(month)) {
                revenue += population.revenue(at, month);
                hands += i64::from(population.headcounts.get(at, month).count);
                months += 1;
            }
            month += 1;
        }
        if months == 0 {
            continue;
        }
        let research = if researches {
            revenue * chance.between(0, 12) / 100
        } else {
            0
        };
        sheet.text(code.as_str());
        sheet.integer(i64::from(year));
        sheet.decimal(revenue);
        sheet.decimal(revenue * (margin + chance.between(-3, 3)) / 100);
        sheet.decimal(research);
        sheet.integer(hands / months);
        sheet.text(if month >= MONTHS {
            "provisional"
        } else {
            "final"
        });
        sheet.end();
    }
}

/// The taxes of a month, by the word in records, in the order of these words.
fn taxes(population: &Population, at: u32, month: u32) -> [(&'static str, i64); 4] {
    let revenue = population.revenue(at, month);
    let hands = i64::from(population.headcounts.get(at, month).count);
    let quarter_ends = population.month(month) % 3 == 2;
    [
        (
            "corporate-income",
            if quarter_ends {
                revenue * 3 * 18 / 1000
            } else {
                0
            },
        ),
        ("personal-income", hands * 21_000),
        (
            "stamp",
            if quarter_ends {
                revenue * 3 * 3 / 10_000
            } else {
                0
            },
        ),
        ("vat", revenue * 28 / 1000),
    ]
}

pub(super) fn tax_payments(population: &Population, at: u32, sheet: &mut Sheet) {
    let code = population.enterprise(at).code;
    let mut chance = population.chance(Topic::Money, u64::from(at) | 3 << 40);
    for month in 0..MONTHS {
        let number = population.month(month);
        for (tax, amount) in taxes(population, at, month) {
            if amount == 0 {
                continue;
            }
            let late = chance.happens(14);
            let due = first_day(number + 1);
            let paid = due
                + if late {
                    chance.day(15, 60)
                } else {
                    chance.day(0, 14)
                };
            if paid > population.today {
                continue;
            }
            sheet.text(code.as_str());
            sheet.text(month_text(number).as_str());
            sheet.text(tax);
            sheet.decimal(amount);
            sheet.date(paid);
            sheet.text(match late {
                true => "late",
                false if chance.happens(2) => "refunded",
                false => "paid",
            });
            sheet.end();
        }
    }
}

/// Whether an enterprise owes taxes.
pub(super) fn owes(population: &Population, at: u32) -> bool {
    population
        .chance(Topic::Money, u64::from(at) | 4 << 40)
        .happens(26)
}

pub(super) fn tax_arrears(population: &Population, at: u32, sheet: &mut Sheet) {
    if !owes(population, at) {
        return;
    }
    let code = population.enterprise(at).code;
    let mut chance: Chance = population.chance(Topic::Money, u64::from(at) | 5 << 40);
    let first = chance.below(u64::from(MONTHS) - 4) as u32;
    for month in first..first + 1 + chance.below(3) as u32 {
        let number = population.month(month);
        for (tax, amount) in taxes(population, at, month) {
            if amount == 0 || !chance.happens(600) {
                continue;
            }
            let due = first_day(number + 1) + 14;
            let settled = due + chance.day(20, 900);
            let is_settled = settled <= population.today;
            sheet.text(code.as_str());
            sheet.text(month_text(number).as_str());
            sheet.text(tax);
            sheet.decimal(amount);
            sheet.date(due);
            sheet.maybe_date(Some(settled).filter(|_| is_settled));
            sheet.text(match is_settled {
                true => "settled",
                false if chance.happens(150) => "deferred",
                false => "owed",
            });
            sheet.end();
        }
    }
}

/// The year of a day.
pub(super) fn year(day: i32) -> i32 {
    civil(day).0
}
