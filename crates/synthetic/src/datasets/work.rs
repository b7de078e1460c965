//! Jobs, and what is paid from them month by month.

use crate::career::{Career, OCCUPATIONS, OPEN, PROFESSIONAL, Spell};
use crate::chance::{Chance, Topic};
use crate::days::{Day, Month, NEVER, first_day, last_day, month_of, month_text, years_after};
use crate::numbers::{CitizenNumber, numbered};
use crate::population::Population;
use crate::sheet::Sheet;

/// Least and greatest monthly contribution base of the last year, in fen.
const BASE_MIN: i64 = 481_200;
const BASE_MAX: i64 = 2_493_000;
/// By how many hundredths wages and limits grew each year.
const GROWTH: i64 = 5;

/// What a wage of the last month was in `month`, in fen: less for each year before.
fn then(wage: i64, month: Month, last: Month) -> i64 {
    // Limits change in July.
    let years = i64::from((last + 6).div_euclid(12) - (month + 6).div_euclid(12));
    wage * (100 - GROWTH * years.clamp(0, 10)) / 100
}

/// The contribution base.
fn base(spell: &Spell, month: Month, last: Month) -> i64 {
    then(spell.wage.clamp(BASE_MIN, BASE_MAX), month, last)
}

/// The status of a month's payment.
fn paid(chance: &mut Chance, words: [&'static str; 4]) -> &'static str {
    match chance.below(1024) {
        0..=993 => words[0],
        994..=1015 => words[1],
        1016..=1020 => words[2],
        _ => words[3],
    }
}

/// Calls `write` with each month of contributions and the job of that month.
fn each_month(population: &Population, at: u32, mut write: impl FnMut(Month, Option<&Spell>)) {
    let career = population.career(at);
    for month in population.first_month..=population.last_month() {
        write(month, career.at(month));
    }
}

pub(super) fn social_insurance(population: &Population, at: u32, sheet: &mut Sheet) {
    let number = CitizenNumber::of(population.person(at));
    let last = population.last_month();
    let mut chance = population.chance(Topic::Month, u64::from(at));
    each_month(population, at, |month, spell| {
        let Some(spell) = spell else { return };
        let base = base(spell, month, last);
        sheet.text(number.as_str());
        sheet.text(month_text(month).as_str());
        sheet.text(population.enterprise(spell.employer).code.as_str());
        sheet.decimal(base);
        // Pension 8 %, unemployment 0.5 %; the employer's 16 %, 0.5 % and injury 0.2 %.
        sheet.decimal(base * 85 / 1000);
        sheet.decimal(base * 167 / 1000);
        sheet.text(paid(&mut chance, ["paid", "late", "arrears", "corrected"]));
        sheet.end();
    });
}

/// Premiums of those without a job, in fen a year.
const RESIDENT_CHILD: i64 = 40_000;
const RESIDENT_ADULT: i64 = 75_000;

pub(super) fn medical_insurance(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let number = CitizenNumber::of(person);
    let last = population.last_month();
    let mut chance = population.chance(Topic::Month, u64::from(at) | 1 << 40);
    let (born, gone) = (month_of(person.born), person.gone);
    let gone = if gone == NEVER { OPEN } else { month_of(gone) };
    let pension = Population::retirement(person);
    let insured = chance.happens(960);
    each_month(population, at, |month, spell| {
        if month < born || month > gone || !insured {
            return;
        }
        let (scheme, base, amount, status) = match spell {
            Some(spell) => {
                let base = base(spell, month, last);
                let status = paid(&mut chance, ["paid", "late", "arrears", "waived"]);
                ("employee", base, base * 115 / 1000, status)
            }
            None if month >= pension => ("retired", 0, 0, "waived"),
            // Those without a job pay once a year, in its first month.
            None if month % 12 == 0 => {
                let child = month - born < 18 * 12;
                let premium = if child {
                    RESIDENT_CHILD
                } else {
                    RESIDENT_ADULT
                };
                let status = paid(&mut chance, ["paid", "late", "paid", "waived"]);
                ("resident", premium, premium, status)
            }
            None => return,
        };
        sheet.text(number.as_str());
        sheet.text(month_text(month).as_str());
        sheet.text(scheme);
        sheet.decimal(base);
        sheet.decimal(amount);
        sheet.text(status);
        sheet.end();
    });
}

/// Share of jobs with a provident fund, in thousandths.
const FUND_JOBS: u64 = 800;

/// The rate of a job's provident fund, if it has one: a matter of the employer.
fn fund_rate(population: &Population, spell: &Spell) -> Option<i64> {
    let mut chance = population.chance(Topic::Fund, u64::from(spell.employer));
    chance
        .happens(FUND_JOBS)
        .then(|| [5, 7, 8, 10, 12][chance.weighted(&[260, 120, 200, 120, 300])])
}

/// A month's deposit of both, in fen.
fn deposit(base: i64, rate: i64) -> i64 {
    base * rate * 2 / 100
}

pub(super) fn fund_months(population: &Population, at: u32, sheet: &mut Sheet) {
    let number = CitizenNumber::of(population.person(at));
    let last = population.last_month();
    let mut chance = population.chance(Topic::Month, u64::from(at) | 2 << 40);
    each_month(population, at, |month, spell| {
        let Some(spell) = spell else { return };
        let Some(rate) = fund_rate(population, spell) else {
            return;
        };
        let base = base(spell, month, last);
        sheet.text(number.as_str());
        sheet.text(month_text(month).as_str());
        sheet.text(population.enterprise(spell.employer).code.as_str());
        sheet.decimal(base);
        sheet.integer(rate);
        sheet.decimal(deposit(base, rate));
        sheet.text(paid(&mut chance, ["paid", "late", "reversed", "paid"]));
        sheet.end();
    });
}

/// The jobs of a career that have a provident fund: the account is opened with the first.
fn fund_jobs<'a>(population: &Population, career: &'a Career) -> Vec<(&'a Spell, i64)> {
    let of = |spell: &'a Spell| fund_rate(population, spell).map(|rate| (spell, rate));
    career.spells().filter_map(of).collect()
}

impl Population {
    /// Whether someone has an account of the provident fund.
    pub(crate) fn has_fund(&self, at: u32) -> bool {
        !fund_jobs(self, &self.career(at)).is_empty()
    }
}

pub(super) fn fund_accounts(population: &Population, at: u32, sheet: &mut Sheet) {
    let career = population.career(at);
    let jobs = fund_jobs(population, &career);
    let (Some((first, _)), Some((newest, _))) = (jobs.first(), jobs.last()) else {
        return;
    };
    let last = population.last_month();
    let mut chance = population.chance(Topic::Fund, u64::from(at) | 1 << 40);
    let deposited = |(spell, rate): &(&Spell, i64)| {
        let end = spell.end.min(last + 1);
        (spell.first..end)
            .map(|month| deposit(base(spell, month, last), *rate))
            .sum::<i64>()
    };
    let total: i64 = jobs.iter().map(deposited).sum();
    let kept = total * chance.between(20, 100) / 100;
    let person = population.person(at);
    let mut text = String::new();
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(numbered(&mut text, "GJJ", u64::from(at) + 1, 12));
    sheet.text(population.enterprise(newest.employer).code.as_str());
    sheet.date(first_day(first.first) + chance.day(0, 27));
    sheet.decimal(kept);
    sheet.text(month_text(newest.end.min(last + 1) - 1).as_str());
    sheet.text(match (person.gone, newest.end) {
        (NEVER, OPEN) => "active",
        (NEVER, _) => "sealed",
        _ => "closed",
    });
    sheet.end();
}

/// The first and last day of a job.
fn days(population: &Population, at: u32, spell: &Spell) -> (Day, Option<Day>) {
    let mut chance = population.chance(Topic::Career, u64::from(at) | 1 << 40);
    let started = first_day(spell.first) + chance.day(0, 20);
    let ended = (spell.end != OPEN).then(|| last_day(spell.end - 1));
    (started, ended.map(|day| day.max(started)))
}

pub(super) fn employments(population: &Population, at: u32, sheet: &mut Sheet) {
    let number = CitizenNumber::of(population.person(at));
    for spell in population.career(at).spells() {
        let mut chance = population.chance(Topic::Career, u64::from(at) | 2 << 40);
        let (started, ended) = days(population, at, spell);
        sheet.text(number.as_str());
        sheet.date(started);
        sheet.text(population.enterprise(spell.employer).code.as_str());
        sheet.text(OCCUPATIONS[usize::from(spell.occupation)]);
        sheet.text(["permanent", "fixed-term", "part-time"][chance.weighted(&[380, 580, 40])]);
        sheet.decimal(spell.wage);
        sheet.maybe_date(ended);
        sheet.text(if ended.is_some() { "ended" } else { "active" });
        sheet.end();
    }
}

pub(super) fn doctors(population: &Population, at: u32, sheet: &mut Sheet) {
    let career = population.career(at);
    let Some(spell) = career.current() else {
        return;
    };
    let mut chance = population.chance(Topic::Career, u64::from(at) | 3 << 40);
    let hospital = crate::industries::is(
        population.enterprise(spell.employer).industry,
        &["8411", "8425"],
    );
    if !hospital || spell.occupation != PROFESSIONAL || !chance.happens(700) {
        return;
    }
    let person = population.person(at);
    let mut text = String::new();
    let category = chance.weighted(&[700, 90, 40, 170]);
    let earliest = years_after(person.born, 24).min(population.today);
    sheet.text(CitizenNumber::of(person).as_str());
    sheet.text(numbered(&mut text, "1103301", u64::from(at), 10));
    sheet.text(["clinical", "dental", "public-health", "chinese-medicine"][category]);
    sheet.text(match category {
        0 => chance.pick(&[
            "内科",
            "外科",
            "妇产科",
            "儿科",
            "急救医学",
            "全科医学",
            "眼耳鼻咽喉科",
        ]),
        1 => "口腔",
        2 => "公共卫生",
        _ => "中医",
    });
    sheet.text(population.enterprise(spell.employer).code.as_str());
    sheet.date(earliest.max(first_day(spell.first)));
    sheet.text(if chance.happens(15) {
        "suspended"
    } else {
        "valid"
    });
    sheet.end();
}
