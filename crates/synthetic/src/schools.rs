//! Schools, and which of them a child goes to.

use crate::chance::{Chance, Topic};
use crate::places::{DISTRICT_WEIGHTS, DISTRICTS};

/// Persons for each school.
const PERSONS_EACH: u64 = 3_500;
/// Schools of a small city: one of each stage in two districts.
const SCHOOLS_MIN: u64 = 24;

/// A stage of schooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Primary,
    Junior,
    Senior,
    University,
}

impl Stage {
    /// The word in records.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Junior => "junior",
            Self::Senior => "senior",
            Self::University => "university",
        }
    }

    /// Stage and grade of someone who is `age` when the school year begins.
    pub(crate) fn at_age(age: i32) -> Option<(Self, i32)> {
        match age {
            6..=11 => Some((Self::Primary, age - 5)),
            12..=14 => Some((Self::Junior, age - 11)),
            15..=17 => Some((Self::Senior, age - 14)),
            18..=21 => Some((Self::University, age - 17)),
            _ => None,
        }
    }
}

/// A school.
#[derive(Clone, Copy, Debug)]
pub(crate) struct School {
    pub(crate) stage: Stage,
    pub(crate) district: u8,
}

/// All schools.
#[derive(Debug)]
pub(crate) struct Schools {
    pub(crate) all: Vec<School>,
    /// Which are of each stage in each district.
    by_place: Vec<Vec<u32>>,
}

impl Schools {
    /// Draws the schools of a city of `persons`.
    pub(crate) fn draw(seed: u64, persons: u64) -> Self {
        let count = (persons / PERSONS_EACH).max(SCHOOLS_MIN);
        let school = |index: u64| {
            let mut chance = Chance::new(seed, Topic::School, index);
            let stage = match index % 8 {
                0..=3 => Stage::Primary,
                4..=5 => Stage::Junior,
                6 => Stage::Senior,
                _ => Stage::University,
            };
            let district = chance.weighted(DISTRICT_WEIGHTS) as u8;
            School { stage, district }
        };
        let all: Vec<School> = (0..count).map(school).collect();
        let mut by_place = vec![Vec::new(); 4 * (DISTRICTS.len() + 1)];
        for (at, school) in all.iter().enumerate() {
            by_place[place(school.stage, school.district)].push(at as u32);
            by_place[place(school.stage, DISTRICTS.len() as u8)].push(at as u32);
        }
        Self { all, by_place }
    }

    /// A school of a stage: in the district if it has one, and for universities anywhere.
    pub(crate) fn choose(&self, stage: Stage, district: u8, chance: &mut Chance) -> u32 {
        let anywhere = &self.by_place[place(stage, DISTRICTS.len() as u8)];
        let near = &self.by_place[place(stage, district)];
        let from = if stage == Stage::University || near.is_empty() {
            anywhere
        } else {
            near
        };
        if from.is_empty() {
            0
        } else {
            chance.pick(from)
        }
    }
}

fn place(stage: Stage, district: u8) -> usize {
    stage as usize * (DISTRICTS.len() + 1) + usize::from(district)
}
