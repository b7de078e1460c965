//! From observations to one row for each link and quarter hour, with its uncertainty. Rows with
//! few observations borrow from the link's other quarter hours and from other links of its class.
//!
//! The model is credibility, the actuary's form of empirical Bayes (Bühlmann and Straub 1970;
//! Morris 1983 for the view from statistics), in two steps (`credibility.rs`:
//! Jewell 1975) and multiplicative, since delays spread in proportion to their mean. With
//! r = pace × limit:
//!
//! 1. μ(class, bin): the mean of r over all observations of the class in the quarter hour.
//! 2. The link's own factor f, the mean of r / μ over its quarter hours, drawn towards 1.
//! 3. The row, r, drawn towards μ f with z: the more there is to see, and the more quarter hours
//!    of a link differ, the less.
//!
//! The share that is borrowed is (1 − z)(1 − h)(1 − q p), h being the row's share of the class's
//! observations in the quarter hour, q how far f is believed and p the row's share of it: in each
//! step a part of what is lent is the row's own. The standard error is the square root of the
//! predictor's mean squared error, in proportion to the time itself. Last, each quarter hour's rows
//! are scaled so that Σ n · length · pace is what was observed (ratio benchmarking, as in small area
//! estimation: Rao and Molina 2015, 6.4.6), so totals are untouched by borrowing.

use std::collections::BTreeMap;

use roads::LinkId;
use roads::model::RoadClass;
use serde::{Deserialize, Serialize};

use crate::bins::Bin;
use crate::credibility::{Drawn, Model, Seen};
use crate::error::Error;
use crate::facts::Roads;
use crate::parts::GROUPS;
use crate::table::{Cell, Observations};

/// Half the width of a 95 % interval in standard errors.
pub(crate) const Z95: f64 = 1.96;
/// Fewer observations than this in a class and quarter hour: the quarter hour's mean serves.
const CLASS_LEAST: f64 = 3.0;

/// Where a row's speed comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Travel times of probes.
    Probes,
    /// Speeds at detectors, which know nothing of queues elsewhere on the link.
    Detectors,
}

/// A link in a quarter hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkObs {
    /// The link.
    pub link: LinkId,
    /// The quarter hour.
    pub bin: Bin,
    /// Traversals observed.
    pub n: f64,
    /// Vehicles that passed in all, if they were counted.
    pub vehicles: Option<f64>,
    /// Space-mean speed, m/s.
    pub speed: f64,
    /// Travel time over the whole link, seconds.
    pub time_s: f64,
    /// Its standard error, seconds.
    pub se_s: f64,
    /// Lower bound of its 95 % interval, seconds.
    pub low_s: f64,
    /// Upper bound, seconds.
    pub high_s: f64,
    /// Share that is borrowed, 0 to 1.
    pub borrowed: f64,
    /// Speeds that 5, 15, 50, 85 and 95 % of the traversals do not exceed, m/s.
    pub speed_percentiles: Option<[f64; 5]>,
    /// Where the speed comes from.
    pub source: Source,
}

impl LinkObs {
    /// The vehicles the row stands for: those counted, or those observed.
    pub fn passed(&self) -> f64 {
        self.vehicles.unwrap_or(self.n)
    }
}

/// Whether rows borrow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Borrowing {
    /// By credibility, as this module says.
    #[default]
    Credibility,
    /// Not at all: each row is what was observed in it.
    None,
}

/// A row before it borrows.
struct Raw<'a> {
    bin: Bin,
    link: LinkId,
    cell: &'a Cell,
    class: RoadClass,
    /// Observations.
    n: f64,
    /// Pace × limit.
    ratio: f64,
    /// Variance of single observations of it; `None` where there is one alone.
    variance: Option<f64>,
    source: Source,
}

/// Makes the rows, ordered by quarter hour and link.
///
/// # Errors
/// When there is not one observation with a speed.
pub fn estimate(
    table: &Observations,
    roads: &Roads,
    borrowing: Borrowing,
) -> Result<Vec<LinkObs>, Error> {
    let rows = rows(table, roads, borrowing, None);
    if rows.is_empty() {
        return Err(Error::Nothing(format!(
            "no speed was observed: the table has {} cells, {} observations were refused",
            table.len(),
            table.refused()
        )));
    }
    Ok(rows)
}

/// The rows without one of the [`GROUPS`](crate::parts::GROUPS) of vehicles, the others standing for
/// it.
pub(crate) fn estimate_without(
    table: &Observations,
    roads: &Roads,
    borrowing: Borrowing,
    group: u8,
) -> Vec<LinkObs> {
    rows(table, roads, borrowing, Some(group))
}

fn rows(
    table: &Observations,
    roads: &Roads,
    borrowing: Borrowing,
    without: Option<u8>,
) -> Vec<LinkObs> {
    let raw: Vec<Raw> = table
        .cells()
        .filter_map(|(bin, link, cell)| raw(roads, bin, link, cell, without))
        .collect();
    let usual = usual(&raw);
    let seen = seen(&raw, &usual);
    let model = Model::of(&seen);
    let mut rows: Vec<LinkObs> = raw
        .iter()
        .zip(usual.iter().zip(&seen))
        .map(|(row, (usual, seen))| {
            let drawn = match borrowing {
                Borrowing::Credibility => model.drawn(seen),
                Borrowing::None => model.alone(seen),
            };
            made(row, usual.mean, &drawn, roads)
        })
        .collect();
    if borrowing == Borrowing::Credibility {
        benchmark(&mut rows, &raw, roads);
    }
    rows
}

/// Traversals, metres, seconds and squares of a cell, all or without a group.
fn sums(cell: &Cell, without: Option<u8>) -> [f64; 4] {
    let Some(group) = without else {
        return [cell.n, cell.metres, cell.seconds, cell.squares];
    };
    let rest = cell.without(group);
    let others = f64::from(GROUPS) / f64::from(GROUPS - 1);
    [rest.n, rest.metres, rest.seconds, rest.squares].map(|sum| f64::from(sum) * others)
}

fn raw<'a>(
    roads: &Roads,
    bin: Bin,
    link: LinkId,
    cell: &'a Cell,
    without: Option<u8>,
) -> Option<Raw<'a>> {
    let facts = roads.get(link)?;
    let [n, metres, seconds, squares] = sums(cell, without);
    let (n, pace, variance, source) = if metres > 0.0 {
        let pace = seconds / metres;
        let spread = (squares - n * pace * pace).max(0.0);
        let variance = (n > 1.5).then(|| spread / (n - 1.0));
        (n, pace, variance, Source::Probes)
    } else if cell.spot > 0.0 {
        (
            cell.spot,
            cell.spot_pace / cell.spot,
            None,
            Source::Detectors,
        )
    } else {
        return None;
    };
    Some(Raw {
        bin,
        link,
        cell,
        class: facts.class,
        n,
        ratio: pace * facts.limit,
        variance: variance.map(|v| v * facts.limit * facts.limit),
        source,
    })
}

/// Sums of n·r and n by some key.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    n: f64,
}

impl Mean {
    fn add(&mut self, value: f64, n: f64) {
        self.sum += value * n;
        self.n += n;
    }

    fn get(self) -> f64 {
        self.sum / self.n
    }
}

/// What is usual for a row: the mean of its class in the quarter hour.
#[derive(Clone, Copy)]
struct Usual {
    mean: f64,
    /// The class; `None` where it has too few and the quarter hour's mean serves.
    class: Option<RoadClass>,
}

fn usual(raw: &[Raw]) -> Vec<Usual> {
    let mut by_class: BTreeMap<(Bin, RoadClass), Mean> = BTreeMap::new();
    let mut by_bin: BTreeMap<Bin, Mean> = BTreeMap::new();
    for row in raw {
        by_class
            .entry((row.bin, row.class))
            .or_default()
            .add(row.ratio, row.n);
        by_bin.entry(row.bin).or_default().add(row.ratio, row.n);
    }
    let usual = |row: &Raw| {
        let class = by_class.get(&(row.bin, row.class)).copied();
        let class = class.filter(|mean| mean.n >= CLASS_LEAST);
        let mean = class.or_else(|| by_bin.get(&row.bin).copied());
        Usual {
            mean: mean.map_or(row.ratio, Mean::get),
            class: class.map(|_| row.class),
        }
    };
    raw.iter().map(usual).collect()
}

/// Rows as the model takes them: relative to what is usual, with links, classes and quarter hours
/// counted from 0.
fn seen(raw: &[Raw], usual: &[Usual]) -> Vec<Seen> {
    let mut links = BTreeMap::new();
    let mut families = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    let each = raw.iter().zip(usual).map(|(row, usual)| {
        let (link, family, kind) = (links.len(), families.len(), kinds.len());
        Seen {
            link: *links.entry(row.link).or_insert(link),
            family: *families.entry((row.bin, usual.class)).or_insert(family),
            kind: *kinds.entry(usual.class).or_insert(kind),
            n: row.n,
            x: row.ratio / usual.mean,
            variance: row.variance.map(|v| v / (usual.mean * usual.mean)),
        }
    });
    each.collect()
}

fn made(row: &Raw, usual: f64, drawn: &Drawn, roads: &Roads) -> LinkObs {
    let ratio = usual * drawn.x;
    let facts = &roads.links[row.link.index()];
    let time_s = ratio / facts.limit * facts.length_m;
    let se_s = time_s * drawn.mse.sqrt();
    let percentile = |q: f64| row.cell.paces.quantile(1.0 - q).map(|pace| 1000.0 / pace);
    let mut obs = LinkObs {
        link: row.link,
        bin: row.bin,
        n: row.n,
        vehicles: (row.cell.counted > 0.0).then_some(row.cell.counted),
        speed: 0.0,
        time_s,
        se_s,
        low_s: 0.0,
        high_s: 0.0,
        borrowed: drawn.borrowed,
        speed_percentiles: all_or_none([0.05, 0.15, 0.5, 0.85, 0.95].map(percentile)),
        source: row.source,
    };
    finish(&mut obs, facts.length_m);
    obs
}

/// Derives speed and interval from time and standard error.
fn finish(obs: &mut LinkObs, length_m: f64) {
    obs.speed = length_m / obs.time_s;
    (obs.low_s, obs.high_s) = interval(obs.time_s, obs.se_s);
}

/// The 95 % interval of a travel time with this standard error; it never falls below a tenth of
/// the time.
pub(crate) fn interval(time_s: f64, se_s: f64) -> (f64, f64) {
    let low = (time_s - Z95 * se_s).max(time_s / 10.0);
    (low, time_s + Z95 * se_s)
}

/// A row's percentiles, where it has all of them.
pub(crate) fn all_or_none(percentiles: [Option<f64>; 5]) -> Option<[f64; 5]> {
    match percentiles {
        [Some(a), Some(b), Some(c), Some(d), Some(e)] => Some([a, b, c, d, e]),
        _ => None,
    }
}

/// Scales each quarter hour's rows so that the time observed in it is what it was.
fn benchmark(rows: &mut [LinkObs], raw: &[Raw], roads: &Roads) {
    let mut sums: BTreeMap<Bin, (f64, f64)> = BTreeMap::new();
    for (obs, row) in rows.iter().zip(raw) {
        let facts = &roads.links[row.link.index()];
        let (seen, made) = sums.entry(row.bin).or_default();
        *seen += row.n * row.ratio / facts.limit * facts.length_m;
        *made += row.n * obs.time_s;
    }
    for obs in rows {
        let (seen, made) = sums.get(&obs.bin).copied().unwrap_or((1.0, 1.0));
        obs.time_s *= seen / made;
        obs.se_s *= seen / made;
        finish(obs, roads.links[obs.link.index()].length_m);
    }
}

#[cfg(test)]
mod tests;
