//! Every published congestion index from the one table, for any set of links, with intervals.
//!
//! | index | here |
//! | --- | --- |
//! | travel-time index (DiDi's open form; Amap's delay index, FHWA's TTI with `vkt`) | [`Measured::tti`] |
//! | TomTom's congestion level, INRIX's Gridlock Index | [`Measured::tomtom_percent`] |
//! | FHWA's planning-time index | [`Measured::pti`] |
//! | share of congested kilometres | [`Measured::congested_km_share`] |
//! | hours lost; FHWA's peak-hour excessive delay | [`Measured::delay_hours`], [`Measured::excess_delay_hours`] |
//! | Baidu's six-feature profile | [`Measured::profile`] |
//! | the 0–10 index of DB11/T 785 and its kin | [`Measured::class_index`] |

mod formulas;
mod profile;
mod resample;
mod vehicles;

use std::fmt;
use std::str::FromStr;

use roads::LinkId;
use serde::{Deserialize, Serialize};

pub use formulas::{TTI_MAX, harmonic};
pub use profile::Profile;
pub use vehicles::{SeenVehicles, measure_seen};

use crate::areas::Group;
use crate::bins::Window;
use crate::class_index::ClassTable;
use crate::error::Error;
use crate::estimate::LinkObs;
use crate::facts::Roads;
use crate::free_flow::{FreeFlow, FreeSpeeds, free_speeds};
use formulas::{Point, Sample};
use vehicles::LeftOut;

/// Most bootstrap replicates.
pub const REPLICATES_MAX: usize = 10_000;

/// What a link counts with: the w of Σ (L/v)·w / Σ (L/v_free)·w.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Vehicles in the same quarter hour, so that L·w is the distance driven in it: total time
    /// over total free time of everybody who drove (FHWA's VMT weighting).
    #[default]
    Vkt,
    /// Vehicles on the link in the whole table (DiDi's: in a natural month).
    Vehicles,
    /// The link's length. Splitting a link then changes the index; it is here for comparison.
    Length,
    /// 1: a link counts by its free-flow time alone.
    One,
}

impl Weight {
    /// All weights.
    pub const ALL: [Self; 4] = [Self::Vkt, Self::Vehicles, Self::Length, Self::One];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vkt => "vkt",
            Self::Vehicles => "vehicles",
            Self::Length => "length",
            Self::One => "one",
        }
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Weight {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|weight| weight.name() == name);
        let wanted = "it must be vkt, vehicles, length or one";
        found.ok_or_else(|| Error::argument("the weight", name, wanted))
    }
}

/// How indices are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How the speed of free flow is found.
    pub free_flow: FreeFlow,
    /// What links count with.
    pub weight: Weight,
    /// Which quarter hours count.
    pub window: Window,
    /// Vehicles that one observed traversal stands for where vehicles were not counted: 20 at 5 %
    /// penetration. Scales hours lost and nothing else.
    pub expansion: f64,
    /// Below this share of the free-flow speed a link is congested.
    pub congested_below: f64,
    /// Below this share it is severely congested.
    pub severe_below: f64,
    /// Bootstrap replicates behind the intervals; 0 for none.
    pub replicates: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// The table of a 0–10 index, from a file.
    pub class_table: Option<ClassTable>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            free_flow: FreeFlow::default(),
            weight: Weight::default(),
            window: Window::default(),
            expansion: 1.0,
            congested_below: 0.5,
            severe_below: 0.35,
            replicates: 200,
            seed: 0,
            class_table: None,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), Error> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        if !positive(self.expansion) {
            let wanted = "it must be greater than zero";
            return Err(Error::argument("the expansion", self.expansion, wanted));
        }
        if !(positive(self.severe_below)
            && self.severe_below <= self.congested_below
            && self.congested_below <= 1.0)
        {
            let found = format!("{} and {}", self.severe_below, self.congested_below);
            let wanted = "0 < severe ≤ congested ≤ 1 must hold";
            return Err(Error::argument("the shares of free flow", found, wanted));
        }
        if self.replicates > REPLICATES_MAX {
            return Err(Error::Limit {
                what: "number of bootstrap replicates",
                found: self.replicates as u64,
                limit: REPLICATES_MAX as u64,
            });
        }
        Ok(())
    }
}

/// A figure with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Lower bound; the figure itself where there was no bootstrap.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// How the spread of the intervals was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Whole days drawn with replacement.
    Days,
    /// Whole vehicles left out, a thirtieth at a time; or as `rows` where that is wider.
    Vehicles,
    /// Each row drawn from its own standard error, rows apart from one another: too narrow where
    /// the same few vehicles made many rows. For a table whose vehicles are not known.
    Rows,
    /// No bootstrap.
    None,
}

/// What the planning-time index is a percentile of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PtiBasis {
    /// Days of the same quarter hour, as FHWA has it.
    Days,
    /// Vehicles of the quarter hour, where there are too few days.
    Vehicles,
}

/// All indices of a set of links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// `city`, `district`, `corridor` or `link`.
    pub scope: String,
    /// Its id.
    pub id: String,
    /// How the speed of free flow was found.
    pub free_flow: FreeFlow,
    /// What links counted with.
    pub weight: Weight,
    /// Links it has.
    pub links: usize,
    /// Of those, links with observations in the window.
    pub links_seen: usize,
    /// Share of its kilometres that have observations.
    pub km_seen_share: f64,
    /// Of those, links where the limit stands in for the free-flow method.
    pub free_flow_stand_ins: usize,
    /// Traversals observed.
    pub observations: f64,
    /// Mean share that rows borrow, by weight.
    pub borrowed: f64,
    /// Days of the window with observations.
    pub days: usize,
    /// Travel-time index.
    pub tti: Estimate,
    /// 100 (TTI − 1): how much longer a trip takes, per cent.
    pub tomtom_percent: Estimate,
    /// Space-mean speed, km/h.
    pub speed_kmh: Estimate,
    /// Space-mean free-flow speed, km/h.
    pub free_speed_kmh: f64,
    /// Minutes for ten kilometres.
    pub minutes_per_10_km: Estimate,
    /// 95th percentile of travel time over free-flow time.
    pub pti: Option<Estimate>,
    /// What it is a percentile of.
    pub pti_basis: Option<PtiBasis>,
    /// Share of kilometres (and quarter hours) below the congested share of free-flow speed.
    pub congested_km_share: Estimate,
    /// Hours lost against free flow.
    pub delay_hours: Estimate,
    /// Hours lost against max(20 mph, 60 % of the limit): FHWA's peak-hour excessive delay.
    pub excess_delay_hours: Estimate,
    /// 0–10 index, where a table was given.
    pub class_index: Option<Estimate>,
    /// Baidu's six features.
    pub profile: Profile,
    /// How the intervals were found.
    pub intervals: Basis,
}

/// Makes the indices of each group; a group without observations in the window is left out. Where
/// only rows are known, not which vehicles made them, intervals take rows for independent: see
/// [`measure_seen`].
///
/// # Errors
/// When an option is out of range.
pub fn measure(
    rows: &[LinkObs],
    roads: &Roads,
    groups: &[Group],
    options: &Options,
) -> Result<Vec<Measured>, Error> {
    options.check()?;
    let free = free_speeds(rows, roads, options.free_flow);
    let each = grouped(rows, roads, groups.iter().enumerate(), &free, options);
    let measured = each.iter().map(|(number, own)| {
        let group = &groups[*number];
        one(group, *number as u64, own, roads, &free, options, None)
    });
    Ok(measured.collect())
}

/// The samples of each group that has some, with the group's number.
fn grouped<'a>(
    rows: &[LinkObs],
    roads: &Roads,
    groups: impl Iterator<Item = (usize, &'a Group)>,
    free: &FreeSpeeds,
    options: &Options,
) -> Vec<(usize, Vec<Sample>)> {
    let samples = samples(rows, roads, free, options);
    let mut by_link: Vec<Vec<usize>> = vec![Vec::new(); roads.links.len()];
    for (index, sample) in samples.iter().enumerate() {
        by_link[sample.link.index()].push(index);
    }
    let mut found = Vec::new();
    for (number, group) in groups {
        let mut places: Vec<usize> = Vec::new();
        for link in &group.links {
            places.extend(by_link.get(link.index()).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        let own: Vec<Sample> = places.iter().map(|&place| samples[place].clone()).collect();
        if !own.is_empty() {
            found.push((number, own));
        }
    }
    found
}

/// The rows of the window, ready for the formulas.
fn samples(rows: &[LinkObs], roads: &Roads, free: &FreeSpeeds, options: &Options) -> Vec<Sample> {
    let mut totals = vec![0.0; roads.links.len()];
    for row in rows {
        if let Some(total) = totals.get_mut(row.link.index()) {
            *total += row.passed();
        }
    }
    let sample = |row: &LinkObs| {
        let facts = roads.get(row.link)?;
        let free = free.speeds[row.link.index()];
        let weight = match options.weight {
            Weight::Vkt => row.passed(),
            Weight::Vehicles => totals[row.link.index()],
            Weight::Length => facts.length_m,
            Weight::One => 1.0,
        };
        // DiDi's rule: what has no speed, no free flow or no weight is left out.
        let sound = row.time_s > 0.0 && free > 0.0 && weight > 0.0;
        let expansion = row.vehicles.map_or(options.expansion, |_| 1.0);
        sound.then(|| Sample {
            link: row.link,
            bin: row.bin,
            length_m: facts.length_m,
            class: facts.class,
            time_s: row.time_s,
            se_s: row.se_s,
            free_s: facts.length_m / free,
            excess_s: facts.length_m / formulas::excess_speed(facts.limit),
            late_s: row
                .speed_percentiles
                .map(|speeds| facts.length_m / speeds[0]),
            weight,
            vehicles: row.passed() * expansion,
            n: row.n,
            borrowed: row.borrowed,
        })
    };
    rows.iter()
        .filter(|row| options.window.contains(row.bin))
        .filter_map(sample)
        .collect()
}

fn one(
    group: &Group,
    stream: u64,
    samples: &[Sample],
    roads: &Roads,
    free: &FreeSpeeds,
    options: &Options,
    left_out: Option<&LeftOut>,
) -> Measured {
    let days = formulas::days(samples);
    let (point, spread, mut basis) = resample::intervals(samples, &days, options, stream);
    if left_out.is_some() {
        basis = Basis::Vehicles;
    }
    let estimate = |pick: fn(&Point) -> f64| {
        let by_rows = resample::estimate(&point, &spread, pick);
        left_out.map_or(by_rows, |left_out| left_out.widened(by_rows, pick))
    };
    let mut seen: Vec<LinkId> = samples.iter().map(|sample| sample.link).collect();
    seen.sort_unstable();
    seen.dedup();
    let km = |links: &[LinkId]| -> f64 {
        let lengths = links.iter().filter_map(|&link| roads.get(link));
        lengths.map(|facts| facts.length_m).sum()
    };
    let weight: f64 = samples.iter().map(|sample| sample.weight).sum();
    let borrowed: f64 = samples.iter().map(|s| s.borrowed * s.weight).sum();
    Measured {
        scope: group.scope.clone(),
        id: group.id.clone(),
        free_flow: options.free_flow,
        weight: options.weight,
        links: group.links.len(),
        links_seen: seen.len(),
        km_seen_share: km(&seen) / km(&group.links),
        free_flow_stand_ins: seen.iter().filter(|l| free.stand_in[l.index()]).count(),
        observations: samples.iter().map(|sample| sample.n).sum(),
        borrowed: borrowed / weight,
        days: days.len(),
        tti: estimate(|point| point.tti),
        tomtom_percent: estimate(|point| 100.0 * (point.tti - 1.0)),
        speed_kmh: estimate(|point| point.speed * 3.6),
        free_speed_kmh: point.free_speed * 3.6,
        minutes_per_10_km: estimate(|point| 10_000.0 / point.speed / 60.0),
        pti: point
            .pti
            .map(|_| estimate(|point| point.pti.unwrap_or(point.tti))),
        pti_basis: point.pti_basis,
        congested_km_share: estimate(|point| point.congested),
        delay_hours: estimate(|point| point.delay_hours),
        excess_delay_hours: estimate(|point| point.excess_hours),
        class_index: point
            .class_index
            .map(|_| estimate(|point| point.class_index.unwrap_or_default())),
        profile: profile::profile(samples, roads, &days, options),
        intervals: basis,
    }
}
