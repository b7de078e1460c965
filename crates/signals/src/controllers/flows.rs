//! What a demand asks of each turn, and how fast a queue drives off: what timings and plans are
//! computed from.

use std::collections::HashMap;

use roads::{Demand, LaneId, LinkId, Network, TurnId, VehicleType};

/// Speed of turning vehicles in the traffic model, m/s.
const TURNING: f64 = 25.0 / 3.0;
/// Demand that appears within so many seconds is no steady flow; it is taken as an hour's.
const STEADY: f64 = 60.0;
/// An hour, seconds.
const HOUR: f64 = 3_600.0;

/// Vehicles of one flow that appear before the horizon, and the last moment at which one does.
fn appearing(flow: &roads::Flow, horizon: f64) -> (f64, f64) {
    let end = flow.end.unwrap_or(f64::INFINITY).min(horizon);
    if end < flow.start || flow.start >= horizon || flow.interval <= 0.0 {
        return (0.0, 0.0);
    }
    let steps = ((end - flow.start) / flow.interval).floor();
    (steps + 1.0, flow.start + steps * flow.interval)
}

/// Vehicles that take each turn along their routes, of those that appear before `horizon`, seconds;
/// indexed by turn.
pub fn vehicles_of_turns(network: &Network, demand: &Demand, horizon: f64) -> Vec<f64> {
    let turns: HashMap<(LinkId, LinkId), TurnId> = network
        .turns
        .iter()
        .enumerate()
        .map(|(index, turn)| ((turn.from, turn.to), TurnId::from(index)))
        .collect();
    let mut vehicles = vec![0.0; demand.routes.len()];
    for flow in &demand.flows {
        if let Some(route) = vehicles.get_mut(flow.route as usize) {
            *route += appearing(flow, horizon).0;
        }
    }
    let mut shortest = roads::route::Shortest::new(network);
    let mut counts = vec![0.0; network.turns.len()];
    for (anchors, &count) in demand.routes.iter().zip(&vehicles) {
        if count > 0.0
            && let Some(links) = shortest.fill(anchors)
        {
            for pair in links.windows(2) {
                if let Some(turn) = turns.get(&(pair[0], pair[1])) {
                    counts[turn.index()] += count;
                }
            }
        }
    }
    counts
}

/// Vehicles an hour that take each turn, over the time in which they appear.
pub(super) fn hourly(network: &Network, demand: &Demand, horizon: f64) -> Vec<f64> {
    let (mut first, mut last) = (f64::INFINITY, 0.0_f64);
    for flow in &demand.flows {
        let (count, until) = appearing(flow, horizon);
        if count > 0.0 && (flow.route as usize) < demand.routes.len() {
            first = first.min(flow.start);
            last = last.max(until);
        }
    }
    let window = if last - first >= STEADY {
        last - first
    } else {
        HOUR
    };
    let mut flows = vehicles_of_turns(network, demand, horizon);
    for flow in &mut flows {
        *flow *= HOUR / window;
    }
    flows
}

/// The kind of vehicle that appears most often before `horizon`, seconds; a passenger car where
/// nobody does.
pub fn most_common_type(demand: &Demand, horizon: f64) -> VehicleType {
    let mut counts = vec![0.0; demand.types.len()];
    for flow in &demand.flows {
        if let Some(count) = counts.get_mut(flow.vehicle_type as usize) {
            *count += appearing(flow, horizon).0;
        }
    }
    let most = (0..counts.len()).max_by(|&a, &b| f64::total_cmp(&counts[a], &counts[b]));
    most.map_or_else(VehicleType::default, |index| demand.types[index].clone())
}

/// Seconds between two vehicles of a queue that drives off on a turn from a lane: the inverse of its
/// saturation flow (see the head of `webster.rs`).
pub fn seconds_each(network: &Network, turn: TurnId, lane: LaneId, kind: &VehicleType) -> f64 {
    let limit = network.lanes[lane.index()].speed_limit.min(kind.max_speed);
    let speed = if network.turns[turn.index()].direction.is_turn() {
        limit.min(TURNING)
    } else {
        limit
    };
    kind.headway + (kind.length + kind.min_gap) / speed
}
