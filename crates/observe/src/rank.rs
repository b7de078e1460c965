//! Ranking a panel of cities by an index, with the number ranked, percentiles, and intervals for
//! ranks: "57th" of 60 and of 100 are different news, so no rank is given without its number.
//!
//! Ranks are uncertain where indices are: each replicate draws every city's index from its own
//! interval and ranks anew (Goldstein and Spiegelhalter 1996, "League tables and their
//! limitations").

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use roads::generate::Random;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::estimate::Z95;
use crate::files::each;

/// Fewest cities that make a ranking.
pub const CITIES_MIN: usize = 2;
/// Most cities.
pub const CITIES_MAX: usize = 100_000;

/// A city's index in a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityIndex {
    /// The city.
    pub city: String,
    /// The period, for panels of several: `before`, `2018-Q2`, …
    #[serde(default)]
    pub period: String,
    /// Its index: higher is more congested.
    pub index: f64,
    /// Bounds of its 95 % interval; without them it is taken as exact.
    #[serde(default)]
    pub low: Option<f64>,
    /// Upper bound.
    #[serde(default)]
    pub high: Option<f64>,
}

/// A city's place. Rank 1 is the most congested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The city.
    pub city: String,
    /// Its index.
    pub index: f64,
    /// Its rank; equal indices share the better one.
    pub rank: usize,
    /// Of how many.
    pub of: usize,
    /// Share of the others that are more congested, per cent: 0 for the worst of all, 100 for the
    /// best.
    pub percentile: f64,
    /// Lower bound of the rank's 95 % interval.
    pub rank_low: usize,
    /// Upper bound.
    pub rank_high: usize,
    /// Probability that it is among the ten most congested.
    pub top_ten: f64,
}

/// One period's ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The period.
    pub period: String,
    /// How many are ranked.
    pub ranked: usize,
    /// Worst first.
    pub places: Vec<Place>,
}

/// How a city's place has changed between two periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The city.
    pub city: String,
    /// Its index before and after.
    pub index: [f64; 2],
    /// Its ranks.
    pub rank: [usize; 2],
    /// Of how many: where the numbers differ, compare percentiles and not ranks.
    pub of: [usize; 2],
    /// Its percentiles.
    pub percentile: [f64; 2],
    /// Its rank among the cities that both periods have.
    pub rank_in_common: [usize; 2],
    /// How many both periods have.
    pub common: usize,
    /// Probability that it is less congested, by rank among the common ones, than before.
    pub better: f64,
}

/// Reads indices of cities: CSV with the columns city and index and, where known, low, high and
/// period.
///
/// # Errors
/// At the first record that is wrong, with its line.
pub fn read_cities(input: impl Read, path: &Path) -> Result<Vec<CityIndex>, Error> {
    let mut found: Vec<CityIndex> = Vec::new();
    each(input, path, |city: CityIndex, line| {
        if !(city.index.is_finite() && city.index > 0.0) {
            let message = format!("is {}; it must be greater than zero", city.index);
            return Err(Error::record(path, line, "index", message));
        }
        if found.len() == CITIES_MAX {
            return Err(Error::record(
                path,
                line,
                "the file",
                format!("has more than {CITIES_MAX} cities"),
            ));
        }
        found.push(city);
        Ok(())
    })?;
    Ok(found)
}

fn check(cities: &[CityIndex]) -> Result<(), Error> {
    let count = cities.len();
    if count < CITIES_MIN {
        return Err(Error::Nothing(format!(
            "{count} city alone has no rank: a ranking needs the indices of all that are ranked, at least {CITIES_MIN}"
        )));
    }
    if count > CITIES_MAX {
        return Err(Error::Limit {
            what: "number of cities",
            found: count as u64,
            limit: CITIES_MAX as u64,
        });
    }
    let mut known = BTreeSet::new();
    for city in cities {
        if !known.insert(&city.city) {
            let wanted = "each city stands once in a period";
            return Err(Error::argument(
                "a city that stands twice",
                &city.city,
                wanted,
            ));
        }
        let sound = city.index.is_finite() && city.index > 0.0;
        let low = city.low.unwrap_or(city.index);
        let high = city.high.unwrap_or(city.index);
        if !(sound && low <= city.index && city.index <= high && high.is_finite()) {
            let found = format!("{} ({low} to {high}) of {}", city.index, city.city);
            let wanted = "it must be greater than zero and lie within its bounds";
            return Err(Error::argument("the index", found, wanted));
        }
    }
    Ok(())
}

/// Ranks of values, 1 the highest; equal ones share the better rank.
fn ranks(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let mut ranks = vec![0; values.len()];
    for (place, &city) in order.iter().enumerate() {
        let same = place > 0 && values[order[place - 1]].total_cmp(&values[city]).is_eq();
        ranks[city] = if same {
            ranks[order[place - 1]]
        } else {
            place + 1
        };
    }
    ranks
}

/// A draw of every city's index.
fn drawn(cities: &[CityIndex], random: &mut Random) -> Vec<f64> {
    let one = |city: &CityIndex| {
        let normal = random.normal();
        // Bounds need not lie evenly about the index: each side has its own spread.
        let bound = if normal < 0.0 { city.low } else { city.high };
        let spread = bound.map_or(0.0, |bound| (bound - city.index).abs() / Z95);
        city.index + spread * normal
    };
    cities.iter().map(one).collect()
}

/// Ranks a period's cities.
///
/// # Errors
/// With fewer than two cities, a city twice, or an index that is none.
pub fn rank(cities: &[CityIndex], replicates: usize, seed: u64) -> Result<Ranking, Error> {
    check(cities)?;
    let values: Vec<f64> = cities.iter().map(|city| city.index).collect();
    let own = ranks(&values);
    let count = cities.len();
    let mut random = Random::new(seed, 0x7261_6e6b);
    let mut spread: Vec<Vec<u32>> = vec![Vec::with_capacity(replicates); count];
    for _ in 0..replicates {
        for (city, rank) in ranks(&drawn(cities, &mut random)).into_iter().enumerate() {
            spread[city].push(rank as u32);
        }
    }
    let place = |(number, city): (usize, &CityIndex)| {
        let rank = own[number];
        let mut seen = std::mem::take(&mut spread[number]);
        seen.sort_unstable();
        let at = |q: f64| {
            let place = (q * (seen.len() as f64 - 1.0)).round().max(0.0) as usize;
            seen.get(place).map_or(rank, |&rank| rank as usize)
        };
        let top = seen.iter().filter(|&&rank| rank <= 10).count();
        Place {
            city: city.city.clone(),
            index: city.index,
            rank,
            of: count,
            percentile: 100.0 * (rank - 1) as f64 / (count - 1) as f64,
            rank_low: at(0.025).min(rank),
            rank_high: at(0.975).max(rank),
            top_ten: if seen.is_empty() {
                f64::from(u8::from(rank <= 10))
            } else {
                top as f64 / seen.len() as f64
            },
        }
    };
    let mut places: Vec<Place> = cities.iter().enumerate().map(place).collect();
    places.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.city.cmp(&b.city)));
    Ok(Ranking {
        period: cities[0].period.clone(),
        ranked: count,
        places,
    })
}

fn by_city(ranking: &Ranking) -> BTreeMap<&str, &Place> {
    let each = ranking.places.iter();
    each.map(|place| (place.city.as_str(), place)).collect()
}

/// Compares two periods: every city that both have, in the order of the second's ranks.
///
/// # Errors
/// As [`rank`], and when fewer than two cities are in both.
pub fn compare(
    before: &[CityIndex],
    after: &[CityIndex],
    replicates: usize,
    seed: u64,
) -> Result<Vec<Moved>, Error> {
    let (first, second) = (rank(before, 0, seed)?, rank(after, 0, seed)?);
    let known: BTreeMap<&str, &CityIndex> = before.iter().map(|c| (c.city.as_str(), c)).collect();
    let mut common: Vec<(CityIndex, CityIndex)> = after
        .iter()
        .filter_map(|now| Some(((*known.get(now.city.as_str())?).clone(), now.clone())))
        .collect();
    common.sort_by(|a, b| a.1.city.cmp(&b.1.city));
    if common.len() < CITIES_MIN {
        return Err(Error::Nothing(format!(
            "{} and {} have {} cities in common; a comparison needs {CITIES_MIN}",
            first.period,
            second.period,
            common.len()
        )));
    }
    let (then, now): (Vec<CityIndex>, Vec<CityIndex>) = common.into_iter().unzip();
    let values = |list: &[CityIndex]| -> Vec<f64> { list.iter().map(|c| c.index).collect() };
    let in_common = [ranks(&values(&then)), ranks(&values(&now))];
    let mut better = vec![0_usize; then.len()];
    let mut random = Random::new(seed, 0x6d6f_7665);
    for _ in 0..replicates {
        let old = ranks(&drawn(&then, &mut random));
        let new = ranks(&drawn(&now, &mut random));
        for (city, better) in better.iter_mut().enumerate() {
            *better += usize::from(new[city] > old[city]);
        }
    }
    let places = [&first, &second].map(by_city);
    let place = |period: usize, city: &str| {
        let found = places[period].get(city);
        found.map_or((0, 0.0), |place| (place.rank, place.percentile))
    };
    let moved = |(number, now): (usize, &CityIndex)| {
        let (old, new) = (place(0, &now.city), place(1, &now.city));
        let certain = in_common[1][number] > in_common[0][number];
        Moved {
            city: now.city.clone(),
            index: [then[number].index, now.index],
            rank: [old.0, new.0],
            of: [first.ranked, second.ranked],
            percentile: [old.1, new.1],
            rank_in_common: [in_common[0][number], in_common[1][number]],
            common: then.len(),
            better: if replicates == 0 {
                f64::from(u8::from(certain))
            } else {
                better[number] as f64 / replicates as f64
            },
        }
    };
    let mut all: Vec<Moved> = now.iter().enumerate().map(moved).collect();
    all.sort_by(|a, b| a.rank[1].cmp(&b.rank[1]).then_with(|| a.city.cmp(&b.city)));
    Ok(all)
}

#[cfg(test)]
mod tests;
