//! The figures of an experiment.

use serde::Serialize;

use super::{ARMS, Group};

/// Times to the scene in one arm, seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Total {
    /// Mean.
    pub mean: f64,
    /// Mean of what was forecast at the orders.
    pub forecast: f64,
    /// Mean size of the forecasts' errors.
    pub forecast_off: f64,
    /// Median.
    pub median: f64,
    /// 90th percentile.
    pub p90: f64,
    /// Stops a mission.
    pub stops: f64,
    /// Seconds stood a mission.
    pub stood: f64,
    /// Missions that did not arrive.
    pub not_arrived: usize,
}

/// What priority changes against another arm. Shares are of that arm's figure: −0.5 is half.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Change {
    /// Mean time to the scene.
    pub mean: f64,
    /// Half of the 95 % interval of that, from the missions' paired differences.
    pub mean_interval: f64,
    /// 90th percentile of the time to the scene.
    pub p90: f64,
    /// Vehicle seconds more that all others took, a mission.
    pub others_seconds: f64,
    /// Half of the 95 % interval of that.
    pub others_seconds_interval: f64,
    /// The same as a share of the time that all others took.
    pub others_time: f64,
    /// And of the time that they lost against driving at the limit.
    pub others_delay: f64,
}

/// The figures.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Missions.
    pub missions: usize,
    /// Times to the scene by arm.
    pub arms: Vec<Total>,
    /// Priority against a vehicle that drives like anybody.
    pub against_ordinary: Change,
    /// Priority against blue light alone.
    pub against_blue_light: Change,
    /// Greens that conflicted, by the plants' own records.
    pub conflicting_greens: u64,
    /// Seconds of signals that were checked.
    pub looks: u64,
    /// Shortest time between conflicting greens, seconds.
    pub shortest_clearance: Option<f64>,
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Half of the 95 % interval of a mean.
fn interval(values: &[f64]) -> f64 {
    let middle = mean(values);
    let count = values.len() as f64;
    if count < 2.0 {
        return f64::INFINITY;
    }
    let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    1.96 * (squares / (count - 1.0) / count).sqrt()
}

/// A quantile of values, by the nearest rank.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.clamp(1, sorted.len().max(1)) - 1)
        .copied()
        .unwrap_or(0.0)
}

impl Summary {
    /// Of these groups.
    pub fn of(groups: &[Group]) -> Self {
        let missions: Vec<_> = groups.iter().flat_map(|group| &group.missions).collect();
        let times: Vec<Vec<f64>> = (0..ARMS.len())
            .map(|arm| missions.iter().map(|m| m.arms[arm].time_to_scene).collect())
            .collect();
        let arms = (0..ARMS.len())
            .map(|arm| {
                let each = || missions.iter().map(|mission| &mission.arms[arm]);
                Total {
                    mean: mean(&times[arm]),
                    forecast: mean(&each().map(|m| m.forecast).collect::<Vec<_>>()),
                    forecast_off: mean(
                        &each()
                            .map(|m| (m.forecast - m.time_to_scene).abs())
                            .collect::<Vec<_>>(),
                    ),
                    median: quantile(&times[arm], 0.5),
                    p90: quantile(&times[arm], 0.9),
                    stops: mean(&each().map(|m| f64::from(m.stops)).collect::<Vec<_>>()),
                    stood: mean(&each().map(|m| m.stood).collect::<Vec<_>>()),
                    not_arrived: each().filter(|mission| !mission.arrived).count(),
                }
            })
            .collect();
        let clearances = groups.iter().filter_map(|group| group.shortest_clearance);
        Self {
            missions: missions.len(),
            arms,
            against_ordinary: change(groups, &times, 0),
            against_blue_light: change(groups, &times, 1),
            conflicting_greens: groups.iter().map(|group| group.conflicting_greens).sum(),
            looks: groups.iter().map(|group| group.looks).sum(),
            shortest_clearance: clearances.reduce(f64::min),
        }
    }
}

/// The last arm against another.
fn change(groups: &[Group], times: &[Vec<f64>], other: usize) -> Change {
    let with = ARMS.len() - 1;
    let saved: Vec<f64> = times[with]
        .iter()
        .zip(&times[other])
        .map(|(with, without)| with - without)
        .collect();
    let base = mean(&times[other]);
    let missions: usize = groups.iter().map(|group| group.missions.len()).sum();
    let more: Vec<f64> = groups
        .iter()
        .map(|group| group.others[with].time - group.others[other].time)
        .collect();
    let each = groups.len() as f64 / missions.max(1) as f64;
    let sum = |of: &dyn Fn(&Group) -> f64| groups.iter().map(of).sum::<f64>();
    let all: f64 = more.iter().sum();
    let p90 = quantile(&times[other], 0.9);
    Change {
        mean: mean(&saved) / base,
        mean_interval: interval(&saved) / base,
        p90: quantile(&times[with], 0.9) / p90 - 1.0,
        others_seconds: mean(&more) * each,
        others_seconds_interval: interval(&more) * each,
        others_time: all / sum(&|group| group.others[other].time),
        others_delay: all / sum(&|group| group.others[other].lost),
    }
}
