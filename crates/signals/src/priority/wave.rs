//! When a vehicle comes to each signal on its way, and from when it needs green there.

use roads::LaneId;

use super::approach::{Approach, Plan};
use super::desk::{Claim, Report};
use super::settings::Settings;
use crate::observation::Observation;
use crate::phases::PhaseIndex;

/// How vehicles pick up and lose speed, m/s².
const ACCELERATION: f64 = 2.5;
/// Speed in a turn, m/s.
const TURNING: f64 = 8.333;
/// Further ahead nothing is asked for, seconds.
const SIGHT: f64 = 120.0;
/// Length of road that a standing vehicle takes, metres.
const SPACING: f64 = 7.5;

/// A vehicle's wish at one signal.
#[derive(Clone, Debug)]
pub(super) struct Need<'a> {
    pub(super) vehicle: u64,
    pub(super) claim: Claim,
    pub(super) approach: &'a Approach,
    /// Seconds until the vehicle is at the stop line.
    pub(super) arrives: f64,
    /// Seconds in which the queue before it clears once there is green.
    pub(super) clears: f64,
}

/// Seconds for a distance, from a speed up to a desired speed.
fn seconds(distance: f64, speed: f64, desired: f64) -> f64 {
    let slow = (desired - speed).max(0.0);
    (distance + slow * slow / (2.0 * ACCELERATION)) / desired
}

/// Goes through the signals ahead of a vehicle, the nearest first.
pub(super) fn needs<'a>(
    plan: &'a Plan,
    settings: &Settings,
    seen: &Observation,
    vehicle: u64,
    report: &Report,
    mut tell: impl FnMut(Need<'a>),
) {
    let mut time = 0.0;
    let mut speed = report.speed.max(0.0);
    let mut left = report.to_end.max(0.0);
    for (leg, pair) in report.route.windows(2).enumerate() {
        let Some(way) = plan.ways.get(pair[0].index()) else {
            return;
        };
        let desired = (way.limit * report.speed_factor).min(report.max_speed).max(1.0);
        time += seconds(left, speed, desired);
        if !time.is_finite() || time > SIGHT {
            return;
        }
        if let Some(approach) = way.approaches.iter().find(|known| known.to == pair[1]) {
            let before = |lane: LaneId| match (leg, report.lane) {
                (0, Some(own)) if own == lane => ahead_on(seen, lane, report.to_end),
                (0, Some(own)) if approach.lanes.contains(&own) => 0,
                _ => seen.count.get(lane.index()).copied().unwrap_or(0),
            };
            let queue = approach.lanes.iter().map(|&lane| before(lane)).max();
            tell(Need {
                vehicle,
                claim: report.claim,
                approach,
                arrives: time,
                clears: clearing(queue.unwrap_or(0), settings),
            });
        }
        let turn = way.turns.iter().find(|(to, _, _)| *to == pair[1]);
        let Some(&(_, metres, turns)) = turn else {
            return;
        };
        speed = if turns { desired.min(TURNING) } else { desired };
        time += metres / speed;
        left = plan.ways.get(pair[1].index()).map_or(0.0, |way| way.length);
    }
    at_the_end(plan, settings, seen, vehicle, report, time, tell);
}

/// A queue on the last link that reaches back beyond the place where the vehicle is to stop has to
/// go, too.
fn at_the_end<'a>(
    plan: &'a Plan,
    settings: &Settings,
    seen: &Observation,
    vehicle: u64,
    report: &Report,
    time: f64,
    mut tell: impl FnMut(Need<'a>),
) {
    let Some(way) = report.route.last().and_then(|link| plan.ways.get(link.index())) else {
        return;
    };
    let rest = (way.length - report.stops_at).max(0.0);
    let waiting = |approach: &&Approach| {
        let counts = approach.lanes.iter().map(|lane| seen.waiting.get(lane.index()));
        counts.map(|count| count.copied().unwrap_or(0)).max().unwrap_or(0)
    };
    let Some(approach) = way.approaches.iter().max_by_key(waiting) else {
        return;
    };
    let queue = waiting(&approach);
    if f64::from(queue) * SPACING > rest {
        tell(Need {
            vehicle,
            claim: report.claim,
            approach,
            arrives: time + way.length / way.limit,
            clears: clearing(queue, settings),
        });
    }
}

/// Vehicles on a lane that are nearer to its end than this.
fn ahead_on(seen: &Observation, lane: LaneId, to_end: f64) -> u32 {
    let vehicles = seen.vehicles_on(lane);
    if vehicles.is_empty() {
        let all = seen.count.get(lane.index()).copied().unwrap_or(0);
        return all.saturating_sub(1); // where nobody sees more than counts: all but itself
    }
    let nearer = |vehicle: &&crate::SeenVehicle| vehicle.to_stop_line < to_end - 0.1;
    vehicles.iter().filter(nearer).count() as u32
}

/// Seconds from green until a queue is gone, the last one under way.
fn clearing(queue: u32, settings: &Settings) -> f64 {
    let pace = &settings.discharge;
    match queue {
        0 => 0.0,
        1 => pace.reaction + pace.pick_up,
        _ => pace.reaction + pace.second + pace.headway * f64::from(queue - 1) + pace.pick_up,
    }
}

/// Seconds before a signal that stands like this can show a phase.
pub(super) fn until_shown(
    plan: &Plan,
    signal: usize,
    seen: &Observation,
    phase: PhaseIndex,
) -> f64 {
    let post = &plan.posts[signal];
    let clearing = seen.clearing.get(signal).copied().unwrap_or(false);
    let elapsed = seen.elapsed.get(signal).copied().unwrap_or(0.0);
    let Some(present) = seen.phase.get(signal).copied().flatten() else {
        return post.change;
    };
    let minimum = post.minimum.get(present as usize).copied().unwrap_or(0.0);
    match (present == phase, clearing) {
        (true, false) => 0.0,
        (true, true) => post.change,
        (false, true) => 2.0 * post.change + minimum,
        (false, false) => (minimum - elapsed).max(0.0) + post.change,
    }
}
