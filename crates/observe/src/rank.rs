//! Ranking a panel of cities by an index, with the number ranked, percentiles, and intervals for
//! ranks: "57th" of 60 and of 100 are different news, so no rank is given without its number.
//!
//! Ranks are uncertain where indices are: each replicate draws every city's index from its own
//! interval and ranks anew (Goldstein and Spiegelhalter 1996, "League tables and their
//! limitations").

use std::collections::BTreeSet;
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
    let of = |list: &[CityIndex], city: &str| list.iter().find(|c| c.city == city).cloned();
    let mut common: Vec<(CityIndex, CityIndex)> = after
        .iter()
        .filter_map(|now| Some((of(before, &now.city)?, now.clone())))
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
    let place = |ranking: &Ranking, city: &str| {
        let found = ranking.places.iter().find(|place| place.city == city);
        found.map_or((0, 0.0), |place| (place.rank, place.percentile))
    };
    let moved = |(number, now): (usize, &CityIndex)| {
        let (old, new) = (place(&first, &now.city), place(&second, &now.city));
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
mod tests {
    use super::*;

    fn city(name: &str, index: f64, half: f64) -> CityIndex {
        CityIndex {
            city: name.to_owned(),
            period: "2018-Q2".to_owned(),
            index,
            low: (half > 0.0).then_some(index - half),
            high: (half > 0.0).then_some(index + half),
        }
    }

    fn panel(count: usize, half: f64) -> Vec<CityIndex> {
        (0..count)
            .map(|i| city(&format!("c{i:03}"), 2.0 - i as f64 * 0.01, half))
            .collect()
    }

    #[test]
    fn a_rank_comes_with_its_number_and_percentile() {
        let ranking = rank(&panel(100, 0.0), 100, 1).unwrap();
        let place = &ranking.places[56];
        assert_eq!((place.rank, place.of, ranking.ranked), (57, 100, 100));
        assert!((place.percentile - 100.0 * 56.0 / 99.0).abs() < 1e-9);
        assert_eq!((place.rank_low, place.rank_high), (57, 57));
        let alone = rank(&panel(1, 0.0), 10, 1).unwrap_err().to_string();
        assert!(alone.contains("no rank"), "{alone}");
    }

    #[test]
    fn wide_intervals_make_wide_ranks() {
        let narrow = rank(&panel(50, 0.002), 400, 2).unwrap();
        let wide = rank(&panel(50, 0.05), 400, 2).unwrap();
        let width = |ranking: &Ranking| {
            let place = &ranking.places[25];
            place.rank_high - place.rank_low
        };
        assert!(width(&narrow) <= 1, "{}", width(&narrow));
        assert!(width(&wide) >= 5, "{}", width(&wide));
        assert_eq!(wide, rank(&panel(50, 0.05), 400, 2).unwrap());
    }

    #[test]
    fn equal_cities_share_a_rank() {
        let cities = [
            city("a", 2.0, 0.0),
            city("b", 2.0, 0.0),
            city("c", 1.5, 0.0),
        ];
        let ranking = rank(&cities, 0, 0).unwrap();
        let ranks: Vec<usize> = ranking.places.iter().map(|place| place.rank).collect();
        assert_eq!(ranks, [1, 1, 3]);
    }

    #[test]
    fn fifth_of_sixty_and_fifty_seventh_of_a_hundred_are_compared_by_percentile() {
        let mut before = panel(60, 0.01);
        let mut after = panel(100, 0.01);
        // The city of interest: 5th before, 57th after.
        "x".clone_into(&mut before[4].city);
        "x".clone_into(&mut after[56].city);
        let moved = compare(&before, &after, 200, 3).unwrap();
        let x = moved.iter().find(|moved| moved.city == "x").unwrap();
        assert_eq!((x.rank, x.of), ([5, 57], [60, 100]));
        assert!(x.percentile[0] < 8.0 && x.percentile[1] > 50.0);
        assert!(x.better > 0.99 && x.common == 59, "{x:?}");
    }

    #[test]
    fn what_is_no_ranking_is_refused() {
        let twice = [city("a", 2.0, 0.0), city("a", 1.0, 0.0)];
        assert!(rank(&twice, 0, 0).unwrap_err().to_string().contains('a'));
        let wrong = [city("a", f64::NAN, 0.0), city("b", 1.0, 0.0)];
        assert!(rank(&wrong, 0, 0).is_err());
        assert!(
            compare(
                &panel(2, 0.0),
                &[city("y", 1.0, 0.0), city("z", 2.0, 0.0)],
                0,
                0
            )
            .is_err()
        );
    }
}
