//! The six features that Baidu's reports describe a city's peak with (city traffic report 2019 Q2).
//! The reports name the features; where they give no formula, the one used stands at the field.

use std::collections::{BTreeMap, BTreeSet};

use roads::LinkId;
use serde::{Deserialize, Serialize};

use super::Options;
use super::formulas::Sample;
use crate::facts::Roads;

/// Side of a grid cell, metres.
const GRID_CELL: f64 = 1000.0;
/// Days from which on "recurrent" means something.
const RECURRENT_DAYS_LEAST: usize = 3;
/// Severe on this share of days is recurrent.
const RECURRENT_SHARE: f64 = 0.5;
/// Minutes of a bin.
const BIN_MINUTES: f64 = 15.0;

/// The six features.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Share of kilometres and quarter hours that are severely congested.
    pub severe_km_share: f64,
    /// Coefficient of variation of the travel-time index between cells of 1 km by 1 km; `None`
    /// with fewer than two cells.
    pub imbalance: Option<f64>,
    /// Kilometres severe in the same quarter hour on at least half of the days, over kilometres
    /// severe at all; `None` with fewer than three days or nothing severe.
    pub recurrent_share: Option<f64>,
    /// Minutes a day in the severe state, mean by length over links that are ever severe.
    pub severe_minutes: f64,
    /// Coefficient of variation of the space-mean speed between quarter hours.
    pub speed_variation: f64,
    /// The highest travel-time index of a quarter hour of the day.
    pub peak_index: f64,
    /// That quarter hour, `07:45`.
    pub peak_at: String,
}

/// Time, free time and way, each by weight.
#[derive(Clone, Copy, Default)]
struct Sums {
    time: f64,
    free: f64,
    way: f64,
}

impl Sums {
    fn add(&mut self, sample: &Sample) {
        self.time += sample.time_s * sample.weight;
        self.free += sample.free_s * sample.weight;
        self.way += sample.length_m * sample.weight;
    }
}

/// Makes the profile.
pub(super) fn profile(
    samples: &[Sample],
    roads: &Roads,
    days: &[u32],
    options: &Options,
) -> Profile {
    let mut cells: BTreeMap<(i64, i64), Sums> = BTreeMap::new();
    let mut bins: BTreeMap<u32, Sums> = BTreeMap::new();
    let mut quarters: BTreeMap<u32, (Sums, String)> = BTreeMap::new();
    let mut severe_bins: BTreeMap<LinkId, f64> = BTreeMap::new();
    let mut severe_days: BTreeMap<(LinkId, u32), usize> = BTreeMap::new();
    let (mut km, mut severe_km) = (0.0, 0.0);
    for sample in samples {
        let middle = roads.links[sample.link.index()].middle;
        let grid = |x: f64| (x / GRID_CELL).floor() as i64;
        cells
            .entry((grid(middle.x), grid(middle.y)))
            .or_default()
            .add(sample);
        bins.entry(sample.bin.0).or_default().add(sample);
        let quarter = quarters
            .entry(sample.bin.of_day())
            .or_insert_with(|| (Sums::default(), sample.bin.clock()));
        quarter.0.add(sample);
        km += sample.length_m;
        if sample.free_s / sample.time_s < options.severe_below {
            severe_km += sample.length_m;
            *severe_bins.entry(sample.link).or_default() += 1.0;
            *severe_days
                .entry((sample.link, sample.bin.of_day()))
                .or_default() += 1;
        }
    }
    let index = |sums: &Sums| sums.time / sums.free;
    let cell_indices: Vec<f64> = cells.values().map(index).collect();
    let speeds: Vec<f64> = bins.values().map(|sums| sums.way / sums.time).collect();
    let peak = quarters
        .values()
        .max_by(|a, b| index(&a.0).total_cmp(&index(&b.0)));
    Profile {
        severe_km_share: severe_km / km,
        imbalance: (cell_indices.len() > 1).then(|| variation(&cell_indices)),
        recurrent_share: recurrent(&severe_days, roads, days.len()),
        severe_minutes: severe_minutes(&severe_bins, roads, days.len()),
        speed_variation: variation(&speeds),
        peak_index: peak.map_or(0.0, |(sums, _)| index(sums)),
        peak_at: peak.map_or_else(String::new, |(_, clock)| clock.clone()),
    }
}

/// Standard deviation over mean.
fn variation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (squares / values.len() as f64).sqrt() / mean
}

fn recurrent(
    severe_days: &BTreeMap<(LinkId, u32), usize>,
    roads: &Roads,
    days: usize,
) -> Option<f64> {
    let km = |links: &BTreeSet<LinkId>| -> f64 {
        links.iter().map(|l| roads.links[l.index()].length_m).sum()
    };
    let all: BTreeSet<LinkId> = severe_days.keys().map(|key| key.0).collect();
    if days < RECURRENT_DAYS_LEAST || all.is_empty() {
        return None;
    }
    let often = |count: usize| count as f64 >= RECURRENT_SHARE * days as f64;
    let again: BTreeSet<LinkId> = severe_days
        .iter()
        .filter(|(_, count)| often(**count))
        .map(|(key, _)| key.0)
        .collect();
    Some(km(&again) / km(&all))
}

fn severe_minutes(severe: &BTreeMap<LinkId, f64>, roads: &Roads, days: usize) -> f64 {
    let (mut minutes, mut km) = (0.0, 0.0);
    for (link, bins) in severe {
        let length = roads.links[link.index()].length_m;
        minutes += bins * BIN_MINUTES / days.max(1) as f64 * length;
        km += length;
    }
    if km > 0.0 { minutes / km } else { 0.0 }
}
