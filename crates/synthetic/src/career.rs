//! Who worked where and when, and so how many each enterprise employed in each month.

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use crate::chance::{Chance, Topic};
use crate::days::{Month, NEVER, month_of};
use crate::household::Person;
use crate::industries::INDUSTRIES;
use crate::population::{MONTHS, Population};

/// Most times of employment of one person on record.
const SPELLS_MAX: usize = 3;
/// A time that has not ended.
pub(crate) const OPEN: Month = Month::MAX;
/// Age at which men and women stop working.
const RETIRED_MALE: i32 = 60;
const RETIRED_FEMALE: i32 = 55;

/// The highest degree of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Education {
    Basic,
    Secondary,
    Diploma,
    Bachelor,
    Master,
    Doctor,
}

impl Education {
    /// Age at which one leaves school with it.
    pub(crate) fn finished_at(self) -> i32 {
        match self {
            Self::Basic => 16,
            Self::Secondary => 18,
            Self::Diploma => 21,
            Self::Bachelor => 22,
            Self::Master => 25,
            Self::Doctor => 29,
        }
    }
}

/// A time of employment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spell {
    /// First month.
    pub(crate) first: Month,
    /// The month after the last.
    pub(crate) end: Month,
    pub(crate) employer: u32,
    /// Wage in the last month, in fen.
    pub(crate) wage: i64,
    /// Position in `OCCUPATIONS`.
    pub(crate) occupation: u8,
}

/// The words for occupations.
pub(crate) const OCCUPATIONS: &[&str] = &[
    "manager",
    "professional",
    "technician",
    "clerk",
    "service",
    "sales",
    "production",
    "other",
];
/// The position of `professional`.
pub(crate) const PROFESSIONAL: u8 = 1;

/// A person's times of employment, the earliest first; they do not overlap.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Career {
    spells: [Option<Spell>; SPELLS_MAX],
}

impl Career {
    /// The times.
    pub(crate) fn spells(&self) -> impl Iterator<Item = &Spell> {
        self.spells.iter().flatten()
    }

    /// The time that has not ended.
    pub(crate) fn current(&self) -> Option<&Spell> {
        self.spells().find(|spell| spell.end == OPEN)
    }

    /// The time that `month` is in.
    pub(crate) fn at(&self, month: Month) -> Option<&Spell> {
        self.spells()
            .find(|spell| (spell.first..spell.end).contains(&month))
    }
}

impl Population {
    /// What someone learned.
    pub(crate) fn education(&self, at: u32) -> Education {
        let person = self.person(at);
        let age = self.age(person);
        let mut chance = self.chance(Topic::Study, u64::from(at));
        let weights: &[u32] = match age {
            ..=34 => &[80, 250, 260, 320, 80, 10],
            35..=49 => &[180, 330, 230, 210, 45, 5],
            50..=64 => &[420, 370, 130, 70, 9, 1],
            _ => &[700, 220, 50, 28, 2, 0],
        };
        match chance.weighted(weights) {
            0 => Education::Basic,
            1 => Education::Secondary,
            2 => Education::Diploma,
            3 => Education::Bachelor,
            4 => Education::Master,
            _ => Education::Doctor,
        }
    }

    /// The month in which someone stops or stopped working for good.
    pub(crate) fn retirement(person: &Person) -> Month {
        let age = if person.male {
            RETIRED_MALE
        } else {
            RETIRED_FEMALE
        };
        let gone = if person.gone == NEVER {
            OPEN
        } else {
            month_of(person.gone)
        };
        (month_of(person.born) + age * 12).min(gone)
    }

    /// Where someone worked.
    pub(crate) fn career(&self, at: u32) -> Career {
        let mut career = Career::default();
        let person = self.person(at);
        let mut chance = self.chance(Topic::Career, u64::from(at));
        if !chance.happens(840) {
            return career;
        }
        let education = self.education(at);
        let starts = month_of(person.born) + education.finished_at() * 12 + chance.day(1, 9);
        let stops = Self::retirement(person);
        let last = self.last_month();
        let mut from = starts.max(self.first_month - chance.day(0, 110));
        let mut place = 0;
        while place < SPELLS_MAX && from <= last && from < stops {
            let employer = self.employer(from, &mut chance);
            let firm = self.enterprise(employer);
            let first = from.max(month_of(firm.established) + 1);
            let months = 8 + (chance.unit() * chance.unit() * 230.0) as Month;
            let (occupation, wage) = self.post(education, employer, first, &mut chance);
            // The last place on record is kept.
            let full = place + 1 == SPELLS_MAX;
            let lasts = if full || first + months > last {
                OPEN
            } else {
                first + months
            };
            let closes = if firm.closed == NEVER {
                OPEN
            } else {
                month_of(firm.closed)
            };
            let end = lasts.min(stops).min(closes);
            // What ends after the last month on record has not ended yet.
            let end = if end > last { OPEN } else { end };
            if first >= end || first > last {
                from += 3;
                place += 1;
                continue;
            }
            career.spells[place] = Some(Spell {
                first,
                end,
                employer,
                wage,
                occupation,
            });
            place += 1;
            if end == OPEN {
                break;
            }
            from = end + chance.day(0, 4);
        }
        career
    }

    /// An employer, if possible one that is there in the month `from`.
    fn employer(&self, from: Month, chance: &mut Chance) -> u32 {
        let mut employer = 0;
        for _ in 0..4 {
            employer = self.enterprises.employer(chance);
            let firm = self.enterprise(employer);
            let closes = if firm.closed == NEVER {
                OPEN
            } else {
                month_of(firm.closed)
            };
            if month_of(firm.established) < from && closes > from {
                break;
            }
        }
        employer
    }

    /// Occupation and monthly wage in fen.
    fn post(
        &self,
        education: Education,
        employer: u32,
        first: Month,
        chance: &mut Chance,
    ) -> (u8, i64) {
        let weights: &[u32] = match education {
            Education::Basic => &[10, 2, 20, 60, 300, 140, 400, 68],
            Education::Secondary => &[30, 10, 120, 140, 260, 200, 200, 40],
            Education::Diploma => &[60, 120, 240, 220, 120, 180, 40, 20],
            _ => &[120, 480, 140, 160, 30, 60, 4, 6],
        };
        let occupation = chance.weighted(weights);
        let by_occupation = [190, 150, 115, 95, 78, 100, 88, 80][occupation];
        let by_education = match education {
            Education::Basic => 85,
            Education::Secondary => 92,
            Education::Diploma => 100,
            Education::Bachelor => 120,
            Education::Master => 150,
            Education::Doctor => 190,
        };
        let industry = &INDUSTRIES[usize::from(self.enterprise(employer).industry)];
        let years = i64::from((self.last_month() - first).clamp(0, 240) / 12);
        let spread = 70 + chance.below(61).cast_signed();
        // Seven thousand yuan, changed by what hundredths say; ten yuan is the smallest step.
        let wage =
            7_000 * by_occupation * by_education / 100 * industry.pay / 10_000 * spread / 100;
        let wage = wage + wage * years.min(15) / 50;
        (occupation as u8, wage.max(2_500) / 10 * 1_000)
    }
}

/// Employees of each enterprise at the end of each month of contributions.
#[derive(Debug, Default)]
pub(crate) struct Headcounts {
    /// `MONTHS` numbers for each enterprise.
    counts: Vec<u32>,
    joined: Vec<u32>,
}

/// Employees of one enterprise in one month.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Headcount {
    pub(crate) count: u32,
    pub(crate) joined: u32,
    pub(crate) left: u32,
}

impl Headcounts {
    /// Counts what the careers say.
    pub(crate) fn count(population: &Population) -> Self {
        let months = MONTHS as usize;
        let size = population.enterprises.all.len() * months;
        let zeros = || -> Vec<AtomicU32> { (0..size).map(|_| AtomicU32::new(0)).collect() };
        let (joined, left) = (zeros(), zeros());
        let first = population.first_month;
        (0..population.persons.len() as u32)
            .into_par_iter()
            .for_each(|at| {
                for spell in population.career(at).spells() {
                    let row = spell.employer as usize * months;
                    if spell.end <= first {
                        continue;
                    }
                    // Who was there before is counted as having joined in the first month.
                    let from = (spell.first - first).max(0) as usize;
                    joined[row + from].fetch_add(1, Ordering::Relaxed);
                    if spell.end != OPEN {
                        left[row + (spell.end - first) as usize].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        let joined: Vec<u32> = joined.into_iter().map(AtomicU32::into_inner).collect();
        let mut counts: Vec<u32> = left.into_iter().map(AtomicU32::into_inner).collect();
        counts
            .par_chunks_mut(months)
            .zip(joined.par_chunks(months))
            .for_each(|(counts, joined)| {
                let mut count = 0;
                for (place, joined) in counts.iter_mut().zip(joined) {
                    count = count + joined - *place;
                    *place = count;
                }
            });
        Self { counts, joined }
    }

    /// Those of `enterprise` in the `month`th month of contributions.
    pub(crate) fn get(&self, enterprise: u32, month: u32) -> Headcount {
        let at = enterprise as usize * MONTHS as usize + month as usize;
        let count = self.counts.get(at).copied().unwrap_or(0);
        let joined = self.joined.get(at).copied().unwrap_or(0);
        if month == 0 {
            return Headcount {
                count,
                joined: 0,
                left: 0,
            };
        }
        let before = self.counts.get(at - 1).copied().unwrap_or(0);
        Headcount {
            count,
            joined,
            left: before + joined - count,
        }
    }

    /// Employees in the last month.
    pub(crate) fn latest(&self, enterprise: u32) -> u32 {
        self.get(enterprise, MONTHS - 1).count
    }
}
