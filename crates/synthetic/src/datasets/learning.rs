//! Schools, who goes to them, and degrees.

use crate::career::Education;
use crate::chance::Topic;
use crate::days::{civil, day, years_between};
use crate::numbers::{CitizenNumber, numbered};
use crate::places::DISTRICTS;
use crate::population::Population;
use crate::schools::Stage;
use crate::sheet::Sheet;

/// School years on record.
const SCHOOL_YEARS: i32 = 5;

/// The number of a school.
pub(crate) fn school_code(out: &mut String, at: u32) -> &str {
    numbered(out, "3301", u64::from(at) + 1, 6)
}

pub(super) fn schools(population: &Population, at: u32, sheet: &mut Sheet) {
    let school = population.schools.all[at as usize];
    let mut chance = population.chance(Topic::School, u64::from(at) | 1 << 40);
    let mut text = String::new();
    sheet.text(school_code(&mut text, at));
    text.clear();
    let ending = match school.stage {
        Stage::Primary => "小学",
        Stage::Junior => "初级中学",
        Stage::Senior => "高级中学",
        Stage::University => "学院",
    };
    crate::names::school(at + 1, ending, &mut chance, &mut text);
    sheet.text(&text);
    sheet.text(school.stage.word());
    sheet.text(DISTRICTS[usize::from(school.district)].code);
    sheet.integer(chance.between(6, 60) * 45);
    sheet.text("open");
    sheet.end();
}

pub(super) fn enrolments(population: &Population, at: u32, sheet: &mut Sheet) {
    let person = population.person(at);
    let age = years_between(person.born, population.today);
    if !(5..=30).contains(&age) {
        return;
    }
    let (year, month, _) = civil(population.today);
    let newest = if month >= 9 { year } else { year - 1 };
    let studies = population.education(at) >= Education::Diploma;
    let came = civil(population.registered(at)).0;
    let mut text = String::new();
    for school_year in newest - SCHOOL_YEARS + 1..=newest {
        let starts = day(school_year, 9, 1);
        let Some((stage, grade)) = Stage::at_age(years_between(person.born, starts)) else {
            continue;
        };
        let here = (!person.elsewhere || came <= school_year) && person.gone > starts;
        let goes = match stage {
            Stage::Primary | Stage::Junior => true,
            Stage::Senior => population.education(at) >= Education::Secondary || age < 18,
            Stage::University => studies,
        };
        if !here || !goes {
            continue;
        }
        // One school for all years of a stage.
        let stream = u64::from(at) * 4 + stage as u64;
        let mut chance = population.chance(Topic::School, stream | 2 << 40);
        let school = population
            .schools
            .choose(stage, population.district_of(at), &mut chance);
        sheet.text(CitizenNumber::of(person).as_str());
        sheet.integer(i64::from(school_year));
        sheet.text(school_code(&mut text, school));
        sheet.text(stage.word());
        sheet.integer(i64::from(grade));
        sheet.text(match school_year < newest {
            true => "graduated",
            false if chance.happens(6) => "suspended",
            false => "enrolled",
        });
        sheet.end();
    }
}

pub(super) fn degrees(population: &Population, at: u32, sheet: &mut Sheet) {
    const SUBJECTS: &[&str] = &[
        "计算机科学与技术",
        "软件工程",
        "机械工程",
        "电气工程",
        "土木工程",
        "临床医学",
        "护理学",
        "会计学",
        "金融学",
        "法学",
        "汉语言文学",
        "英语",
        "市场营销",
        "艺术设计",
        "学前教育",
        "化学工程",
    ];
    let person = population.person(at);
    let highest = population.education(at);
    let mut text = String::new();
    let mut chance = population.chance(Topic::Study, u64::from(at) | 1 << 40);
    let subject = chance.pick(SUBJECTS);
    let ladder = [
        Education::Diploma,
        Education::Bachelor,
        Education::Master,
        Education::Doctor,
    ];
    for (step, level) in ladder.into_iter().enumerate() {
        // Who has a bachelor's degree or more has no diploma.
        let skipped = level == Education::Diploma && highest != Education::Diploma;
        let awarded = day(civil(person.born).0 + level.finished_at() + 1, 6, 30);
        if level > highest || skipped || awarded > population.today.min(person.gone) {
            continue;
        }
        sheet.text(CitizenNumber::of(person).as_str());
        sheet.text(numbered(
            &mut text,
            "XW",
            u64::from(at) * 4 + step as u64,
            12,
        ));
        sheet.text(["diploma", "bachelor", "master", "doctor"][step]);
        sheet.text(subject);
        sheet.date(awarded);
        sheet.text(if chance.happens(1) {
            "withdrawn"
        } else {
            "valid"
        });
        sheet.end();
    }
}
