//! Names, lengths, widths, speeds and shapes.

use rustc_hash::FxHashSet;

use crate::geometry::Point;
use crate::model::{LaneId, MovementId, Network};

use super::Faults;

/// Lanes shorter than this hold no vehicle, metres.
const SHORT_LANE: f64 = 1.0;
/// Speed limits of real roads, m/s.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.5..=70.0;
/// Widths of real lanes, metres.
const WIDTHS: std::ops::RangeInclusive<f64> = 1.8..=10.0;
/// Lines with more points are not searched for loops (the search is quadratic).
const POINTS_SEARCHED: usize = 500;

pub(super) fn check(network: &Network, faults: &mut Faults) {
    names(network, faults);
    for (index, _) in network.lanes.iter().enumerate() {
        lane(network, LaneId::from(index), faults);
    }
    for junction in &network.junctions {
        if !junction.point.is_finite() {
            let message = "lies at a point that is not a number";
            faults.error("junction", &junction.id, message, "give finite coordinates");
        }
    }
    for link in &network.links {
        if !is_line(&link.shape) {
            let message = "has no shape of two or more finite points";
            faults.error("link", &link.id, message, "draw its line");
        } else if crosses_itself(&link.shape) {
            let message = "has a line that crosses itself";
            faults.warning("link", &link.id, message, "draw it without the loop");
        }
    }
    for (index, movement) in network.movements.iter().enumerate() {
        let name = || network.movement_name(MovementId::from(index));
        if !is_line(&movement.shape) {
            let message = "has no path of two or more finite points";
            faults.error("movement", name(), message, "draw its path");
        }
        if !(movement.length.is_finite() && movement.length > 0.0) {
            let message = format!("is {} m long", movement.length);
            faults.error("movement", name(), message, "give it a length above zero");
        }
        if movement
            .speed_limit
            .is_some_and(|limit| !(limit.is_finite() && limit > 0.0))
        {
            let message = "has a speed limit that is not above zero";
            faults.error(
                "movement",
                name(),
                message,
                "give it in m/s, or leave it out",
            );
        }
    }
}

fn names(network: &Network, faults: &mut Faults) {
    let kinds: [(&'static str, Vec<&str>); 3] = [
        (
            "junction",
            network
                .junctions
                .iter()
                .map(|one| one.id.as_str())
                .collect(),
        ),
        (
            "link",
            network.links.iter().map(|one| one.id.as_str()).collect(),
        ),
        (
            "signal",
            network.signals.iter().map(|one| one.id.as_str()).collect(),
        ),
    ];
    for (element, names) in kinds {
        let mut seen = FxHashSet::default();
        let mut told = FxHashSet::default();
        for name in names {
            if name.is_empty() {
                faults.warning(element, "", "has no name", "give it one");
            } else if !seen.insert(name) && told.insert(name) {
                let message = "has the same name as another";
                faults.error(element, name, message, "name each differently");
            }
        }
    }
}

fn lane(network: &Network, id: LaneId, faults: &mut Faults) {
    let lane = &network.lanes[id.index()];
    let name = || network.lane_name(id);
    if !(lane.length.is_finite() && lane.length > 0.0) {
        let message = format!("is {} m long", lane.length);
        faults.error("lane", name(), message, "give it a length above zero");
    } else if lane.length < SHORT_LANE {
        let message = format!("is only {:.2} m long: no vehicle fits on it", lane.length);
        let remedy = "join its junctions or move them apart";
        faults.warning("lane", name(), message, remedy);
    }
    if !SPEEDS.contains(&lane.speed_limit) {
        let message = format!(
            "has a speed limit of {} m/s, outside {} to {}",
            lane.speed_limit,
            SPEEDS.start(),
            SPEEDS.end()
        );
        faults.warning("lane", name(), message, "give the limit in m/s, not km/h");
    }
    if !WIDTHS.contains(&lane.width) {
        let message = format!(
            "is {} m wide, outside {} to {}",
            lane.width,
            WIDTHS.start(),
            WIDTHS.end()
        );
        faults.warning("lane", name(), message, "give the width in metres");
    }
    if !is_line(&lane.shape) {
        let message = "has no centre line of two or more finite points";
        faults.error("lane", name(), message, "draw its line");
    }
}

fn is_line(points: &[Point]) -> bool {
    points.len() >= 2 && points.iter().all(|point| point.is_finite())
}

/// Whether two segments that do not follow one another cross.
fn crosses_itself(points: &[Point]) -> bool {
    if points.len() > POINTS_SEARCHED {
        return false;
    }
    let crosses = |a: &[Point], b: &[Point]| {
        let side = |line: &[Point], point: Point| (line[1] - line[0]).cross(point - line[0]);
        side(a, b[0]) * side(a, b[1]) < 0.0 && side(b, a[0]) * side(b, a[1]) < 0.0
    };
    let segments: Vec<&[Point]> = points.windows(2).collect();
    segments
        .iter()
        .enumerate()
        .any(|(index, one)| segments.iter().skip(index + 2).any(|two| crosses(one, two)))
}
