//! The formulas, over samples and nothing else.

use std::collections::BTreeMap;

use roads::LinkId;
use roads::model::RoadClass;

use super::{Options, PtiBasis};
use crate::bins::Bin;
use crate::free_flow::percentile;

/// DiDi caps the index here.
pub const TTI_MAX: f64 = 40.0;
/// FHWA's excessive delay begins below 20 mph, m/s …
const EXCESS_SPEED: f64 = 8.940_8;
/// … or below this share of the limit, whichever is faster.
const EXCESS_SHARE: f64 = 0.6;
/// Days from which on a planning-time index goes by days.
pub(super) const DAYS_LEAST: usize = 5;

/// A row of the table with all that the formulas need.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) link: LinkId,
    pub(super) bin: Bin,
    pub(super) length_m: f64,
    pub(super) class: RoadClass,
    /// Travel time and its standard error, seconds.
    pub(super) time_s: f64,
    pub(super) se_s: f64,
    /// Travel time in free flow.
    pub(super) free_s: f64,
    /// Travel time above which delay is excessive.
    pub(super) excess_s: f64,
    /// 95th percentile of the vehicles' travel times.
    pub(super) late_s: Option<f64>,
    pub(super) weight: f64,
    /// Vehicles it stands for.
    pub(super) vehicles: f64,
    pub(super) n: f64,
    pub(super) borrowed: f64,
}

/// The speed below which delay is excessive (FHWA PHED), m/s.
pub(super) fn excess_speed(limit: f64) -> f64 {
    EXCESS_SPEED.max(EXCESS_SHARE * limit)
}

/// Travel-time index and space-mean speed in DiDi's form: Σ (L/v)·w / Σ (L/v_free)·w, capped at
/// [`TTI_MAX`], and Σ L·w / Σ (L/v)·w, from (L, v, v_free, w). Links without v, v_free or w are
/// left out; `None` when none is left. Metres, m/s.
///
/// Source: didi/TrafficIndex, `TrafficIndex::computeLinkSetTTI`.
pub fn harmonic(links: impl IntoIterator<Item = (f64, f64, f64, f64)>) -> Option<(f64, f64)> {
    let (mut time, mut free, mut way) = (0.0, 0.0, 0.0);
    for (length, v, v_free, w) in links {
        if v > 0.0 && v_free > 0.0 && w > 0.0 {
            time += length / v * w;
            free += length / v_free * w;
            way += length * w;
        }
    }
    (time > 0.0 && free > 0.0).then(|| ((time / free).min(TTI_MAX), way / time))
}

/// What the formulas give once.
#[derive(Clone, Debug, Default)]
pub(super) struct Point {
    pub(super) tti: f64,
    pub(super) speed: f64,
    pub(super) free_speed: f64,
    pub(super) pti: Option<f64>,
    pub(super) pti_basis: Option<PtiBasis>,
    pub(super) congested: f64,
    pub(super) delay_hours: f64,
    pub(super) excess_hours: f64,
    pub(super) class_index: Option<f64>,
}

/// The days that have samples.
pub(super) fn days(samples: &[Sample]) -> Vec<u32> {
    let mut days: Vec<u32> = samples.iter().map(|sample| sample.bin.day()).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// All figures, each sample's time replaced by `times` and counted `times_over` times.
pub(super) fn point(
    samples: &[Sample],
    times: &[f64],
    times_over: &[f64],
    by_days: bool,
    options: &Options,
) -> Point {
    let (mut time, mut free, mut way) = (0.0, 0.0, 0.0);
    let (mut km, mut congested) = (0.0, 0.0);
    let (mut delay, mut excess) = (0.0, 0.0);
    let mut shares: BTreeMap<RoadClass, (f64, f64, f64)> = BTreeMap::new();
    for ((sample, &t), &over) in samples.iter().zip(times).zip(times_over) {
        let weight = sample.weight * over;
        time += t * weight;
        free += sample.free_s * weight;
        way += sample.length_m * weight;
        km += sample.length_m * over;
        if sample.free_s / t < options.congested_below {
            congested += sample.length_m * over;
        }
        let vehicles = sample.vehicles * over;
        delay += (t - sample.free_s).max(0.0) * vehicles;
        excess += (t - sample.excess_s).max(0.0) * vehicles;
        if let Some(table) = &options.class_table {
            let share = shares.entry(sample.class).or_default();
            share.0 += sample.length_m * over;
            if sample.length_m / t < table.severe_below(sample.class) {
                share.1 += sample.length_m * over;
            }
            share.2 += sample.length_m * vehicles;
        }
    }
    let (pti, pti_basis) = planning(samples, times, times_over, by_days);
    Point {
        tti: (time / free).min(TTI_MAX),
        speed: way / time,
        free_speed: way / free,
        pti,
        pti_basis,
        congested: congested / km,
        delay_hours: delay / 3600.0,
        excess_hours: excess / 3600.0,
        class_index: options
            .class_table
            .as_ref()
            .map(|table| table.index(&shares)),
    }
}

/// Σ w·t95 / Σ w·t_free.
fn planning(
    samples: &[Sample],
    times: &[f64],
    times_over: &[f64],
    by_days: bool,
) -> (Option<f64>, Option<PtiBasis>) {
    if by_days {
        let mut days: BTreeMap<(LinkId, u32), Vec<(f64, f64)>> = BTreeMap::new();
        let mut weights: BTreeMap<(LinkId, u32), (f64, f64)> = BTreeMap::new();
        for ((sample, &t), &over) in samples.iter().zip(times).zip(times_over) {
            if over > 0.0 {
                let key = (sample.link, sample.bin.of_day());
                days.entry(key).or_default().push((t, over));
                let weight = weights.entry(key).or_insert((0.0, sample.free_s));
                weight.0 += sample.weight * over;
            }
        }
        let (mut late, mut free) = (0.0, 0.0);
        for (key, days) in days {
            let (weight, free_s) = weights.get(&key).copied().unwrap_or_default();
            late += percentile(days, 0.95).unwrap_or(free_s) * weight;
            free += free_s * weight;
        }
        return (Some(late / free), Some(PtiBasis::Days));
    }
    let (mut late, mut free) = (0.0, 0.0);
    for ((sample, &t), &over) in samples.iter().zip(times).zip(times_over) {
        if let Some(late_s) = sample.late_s {
            late += late_s * (t / sample.time_s) * sample.weight * over;
            free += sample.free_s * sample.weight * over;
        }
    }
    if free > 0.0 {
        (Some(late / free), Some(PtiBasis::Vehicles))
    } else {
        (None, None)
    }
}
