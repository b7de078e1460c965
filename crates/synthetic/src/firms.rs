//! Enterprises: how many, how old, in which industry, and how likely a job is to be with each.

use rayon::prelude::*;

use crate::chance::{Chance, Topic};
use crate::days::{Day, NEVER, years_after};
use crate::industries::INDUSTRIES;
use crate::numbers::CreditCode;
use crate::places::DISTRICT_WEIGHTS;

/// Enterprises for each ten thousand persons: 270,000 in a city of ten million.
const PER_TEN_THOUSAND: u64 = 270;
/// Fewest, so that each industry that others need has one.
const ENTERPRISES_MIN: u64 = 40;
/// The largest firm is this many times the smallest.
const SIZE_MAX: f64 = 4000.0;
/// How unequal firms are: the exponent of Pareto's law.
const PARETO: f64 = 1.12;
/// Industry of the first firms, so that there are banks and hospitals in every city.
const FIRST: &[&str] = &["6621", "6621", "6621", "8411", "8411", "7010"];

/// An enterprise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Enterprise {
    pub(crate) code: CreditCode,
    pub(crate) established: Day,
    pub(crate) closed: Day,
    /// How likely a job is with it.
    pub(crate) weight: u32,
    pub(crate) industry: u8,
    pub(crate) district: u8,
}

/// All enterprises, by credit code.
#[derive(Debug)]
pub(crate) struct Enterprises {
    pub(crate) all: Vec<Enterprise>,
    /// Sums of weights up to and with each.
    sums: Vec<u64>,
    /// Those that lend.
    pub(crate) banks: Vec<u32>,
}

impl Enterprises {
    /// Draws the enterprises of a city of `persons`.
    pub(crate) fn draw(seed: u64, persons: u64, today: Day) -> Self {
        let count = (persons * PER_TEN_THOUSAND / 10_000).max(ENTERPRISES_MIN);
        let mut all: Vec<Enterprise> = (0..count)
            .into_par_iter()
            .map(|index| enterprise(seed, index, today))
            .collect();
        all.par_sort_unstable_by_key(|enterprise| enterprise.code);
        let mut sum = 0;
        let sums = all.iter().map(|enterprise| {
            sum += u64::from(enterprise.weight);
            sum
        });
        let sums = sums.collect();
        let lends = |at: &u32| {
            let enterprise = &all[*at as usize];
            enterprise.closed == NEVER && crate::industries::is(enterprise.industry, &["6621"])
        };
        let banks = (0..all.len() as u32).filter(lends).collect();
        Self { all, sums, banks }
    }

    /// An employer, the larger the likelier.
    pub(crate) fn employer(&self, chance: &mut Chance) -> u32 {
        let total = self.sums.last().copied().unwrap_or(0);
        let at = chance.below(total);
        self.sums.partition_point(|sum| *sum <= at) as u32
    }

    /// A bank.
    pub(crate) fn bank(&self, chance: &mut Chance) -> u32 {
        if self.banks.is_empty() {
            0
        } else {
            chance.pick(&self.banks)
        }
    }
}

fn enterprise(seed: u64, index: u64, today: Day) -> Enterprise {
    let mut chance = Chance::new(seed, Topic::Enterprise, index);
    let fixed = FIRST.get(index as usize);
    let of = |code: &&str| {
        INDUSTRIES
            .iter()
            .position(|industry| industry.code == *code)
    };
    let industry = fixed.and_then(of).unwrap_or_else(|| {
        let weights: Vec<u32> = INDUSTRIES.iter().map(|industry| industry.weight).collect();
        chance.weighted(&weights)
    });
    let pareto = (1.0 - chance.unit()).powf(-1.0 / PARETO).min(SIZE_MAX);
    let size = pareto * f64::from(INDUSTRIES[industry].size);
    let district = chance.weighted(DISTRICT_WEIGHTS) as u8;
    let age = (chance.unit().powf(1.6) * 26.0 * 365.0) as i32;
    let established = if fixed.is_some() {
        years_after(today, -28)
    } else {
        today - 20 - age
    };
    let closes = fixed.is_none() && chance.happens(90);
    let closed = if closes {
        chance.day((established + 200).max(today - 6 * 365).min(today), today)
    } else {
        NEVER
    };
    Enterprise {
        code: CreditCode::new(seed, index, district),
        established,
        closed,
        weight: (size as u32).max(1),
        industry: industry as u8,
        district,
    }
}
