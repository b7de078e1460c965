//! Free-flow speeds by named methods: an index without its method says little, so the name is kept
//! with every result.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use roads::LinkId;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::estimate::LinkObs;
use crate::facts::Roads;

/// Observations an hour needs for its mean to count (DiDi's reducer).
const HOUR_LEAST: f64 = 4.0;
/// How many of the best hours count.
const BEST_HOURS: usize = 4;
/// Off-peak quarter hours by day: 9 to 16 and 19 to 22 h (FHWA Urban Congestion Report).
const OFF_PEAK: [std::ops::Range<u32>; 2] = [36..64, 76..88];
/// What FHWA takes of the off-peak speeds.
const OFF_PEAK_SHARE: f64 = 0.85;

/// How the speed of free flow is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FreeFlow {
    /// The mean of the link's four highest hourly mean speeds, of hours with at least four
    /// observations; of all such hours where they are fewer (DiDi, `reducer_calc_free_flow.py`).
    Top4HourlyMean,
    /// The 85th percentile of off-peak speeds, 9–16 and 19–22 h (FHWA Urban Congestion Report).
    P85Offpeak,
    /// The speed limit.
    #[default]
    Limit,
    /// The limit and the mean wait at the signal's own plan (TomTom's static factors since 2023).
    Static,
}

impl FreeFlow {
    /// All methods.
    pub const ALL: [Self; 4] = [
        Self::Top4HourlyMean,
        Self::P85Offpeak,
        Self::Limit,
        Self::Static,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Top4HourlyMean => "top4-hourly-mean",
            Self::P85Offpeak => "p85-offpeak",
            Self::Limit => "limit",
            Self::Static => "static",
        }
    }
}

impl fmt::Display for FreeFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FreeFlow {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|method| method.name() == name);
        let wanted = "it must be top4-hourly-mean, p85-offpeak, limit or static";
        found.ok_or_else(|| Error::argument("the free-flow method", name, wanted))
    }
}

/// The free-flow speed of each link.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeSpeeds {
    /// By [`LinkId`], m/s.
    pub speeds: Vec<f64>,
    /// By [`LinkId`]: the method had too little to go by and the limit stands in.
    pub stand_in: Vec<bool>,
}

/// Finds them from all rows, whatever window is asked about later.
pub fn free_speeds(rows: &[LinkObs], roads: &Roads, method: FreeFlow) -> FreeSpeeds {
    let limits = roads.links.iter().map(|link| link.limit);
    let found = match method {
        FreeFlow::Limit => return plain(limits.collect()),
        FreeFlow::Static => {
            return plain(roads.links.iter().map(|link| link.static_speed).collect());
        }
        FreeFlow::Top4HourlyMean => best_hours(rows),
        FreeFlow::P85Offpeak => off_peak(rows),
    };
    let mut speeds = Vec::with_capacity(roads.links.len());
    let mut stand_in = Vec::with_capacity(roads.links.len());
    for (link, limit) in limits.enumerate() {
        let speed = found.get(&LinkId::from(link)).copied();
        speeds.push(speed.unwrap_or(limit));
        stand_in.push(speed.is_none());
    }
    FreeSpeeds { speeds, stand_in }
}

fn plain(speeds: Vec<f64>) -> FreeSpeeds {
    FreeSpeeds {
        stand_in: vec![false; speeds.len()],
        speeds,
    }
}

fn best_hours(rows: &[LinkObs]) -> BTreeMap<LinkId, f64> {
    let mut hours: BTreeMap<(LinkId, u32), (f64, u32, f64)> = BTreeMap::new();
    for row in rows {
        let hour = hours.entry((row.link, row.bin.hour())).or_default();
        hour.0 += row.speed;
        hour.1 += 1;
        hour.2 += row.n;
    }
    let mut by_link: BTreeMap<LinkId, Vec<f64>> = BTreeMap::new();
    for (&(link, _), &(sum, count, n)) in &hours {
        if n >= HOUR_LEAST {
            let mean = sum / f64::from(count);
            by_link.entry(link).or_default().push(mean);
        }
    }
    let best = |mut means: Vec<f64>| {
        means.sort_by(|a, b| b.total_cmp(a));
        means.truncate(BEST_HOURS);
        means.iter().sum::<f64>() / means.len() as f64
    };
    by_link
        .into_iter()
        .map(|(link, means)| (link, best(means)))
        .collect()
}

fn off_peak(rows: &[LinkObs]) -> BTreeMap<LinkId, f64> {
    let mut by_link: BTreeMap<LinkId, Vec<(f64, f64)>> = BTreeMap::new();
    for row in rows {
        let quarter = row.bin.of_day();
        if OFF_PEAK.iter().any(|range| range.contains(&quarter)) {
            by_link
                .entry(row.link)
                .or_default()
                .push((row.speed, row.n));
        }
    }
    by_link
        .into_iter()
        .filter_map(|(link, speeds)| Some((link, percentile(speeds, OFF_PEAK_SHARE)?)))
        .collect()
}

/// The value that a share `q` of the weight does not exceed, from (value, weight).
pub(crate) fn percentile(mut values: Vec<(f64, f64)>, q: f64) -> Option<f64> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|value| value.1).sum();
    let mut rest = q * total;
    for &(value, weight) in &values {
        rest -= weight;
        if rest <= total * 1e-12 {
            return Some(value);
        }
    }
    values.last().map(|value| value.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bins::Bin;
    use crate::estimate::Source;
    use roads::generate::{GridSpec, grid};

    fn row(link: u32, bin: u32, speed: f64, n: f64) -> LinkObs {
        LinkObs {
            link: LinkId(link),
            bin: Bin(bin),
            n,
            vehicles: None,
            speed,
            time_s: 800.0 / speed,
            se_s: 1.0,
            low_s: 1.0,
            high_s: 1.0,
            borrowed: 0.0,
            speed_percentiles: None,
            source: Source::Probes,
        }
    }

    #[test]
    fn the_four_best_hours_with_enough_observations_count() {
        let roads = Roads::of(&grid(&GridSpec::default()).unwrap());
        // Hours of 5, 6, 7, 8, 9 m/s; one of 20 m/s with too few observations; link 1 unseen.
        let mut rows: Vec<LinkObs> = (0..5)
            .map(|hour| row(0, hour * 4, 5.0 + f64::from(hour), 4.0))
            .collect();
        rows.push(row(0, 40, 20.0, 3.0));
        let free = free_speeds(&rows, &roads, FreeFlow::Top4HourlyMean);
        assert!((free.speeds[0] - 7.5).abs() < 1e-12, "{}", free.speeds[0]);
        assert!(!free.stand_in[0] && free.stand_in[1]);
        assert!((free.speeds[1] - roads.links[1].limit).abs() < 1e-12);
    }

    #[test]
    fn off_peak_speeds_give_their_85th_percentile() {
        let roads = Roads::of(&grid(&GridSpec::default()).unwrap());
        // Twenty quarter hours off-peak of 1 to 20 m/s, and a fast one in the peak.
        let mut rows: Vec<LinkObs> = (0..20)
            .map(|i| row(0, 36 + i, f64::from(i + 1), 2.0))
            .collect();
        rows.push(row(0, 30, 99.0, 50.0));
        let free = free_speeds(&rows, &roads, FreeFlow::P85Offpeak);
        assert!((free.speeds[0] - 17.0).abs() < 1e-12, "{}", free.speeds[0]);
    }

    #[test]
    fn names_are_read_back_and_wrong_ones_refused() {
        for method in FreeFlow::ALL {
            assert_eq!(method.name().parse::<FreeFlow>().unwrap(), method);
        }
        let error = "median".parse::<FreeFlow>().unwrap_err().to_string();
        assert!(
            error.contains("\"median\"") || error.contains("median"),
            "{error}"
        );
    }
}
