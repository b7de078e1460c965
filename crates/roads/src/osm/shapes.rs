//! Where lanes lie: how far links are cut back at junctions, and the lines of lanes and movements.

use super::links::{Plan, Plans};
use super::polyline;
use super::turns::{heading_at_end, heading_at_start};
use crate::geometry::{self, Point};

/// Distance of the stop line from the edge of the crossing road, metres.
const STOP_LINE: f64 = 2.0;
/// Roads are cut back at least so far at a junction, and at most, metres.
const CUT: (f64, f64) = (2.0, 25.0);
/// Where only the number of lanes changes, lanes have this long to shift, metres each way.
const CUT_AT_CHANGE: f64 = 6.0;
/// Below this angle between two roads, and above its supplement, their edges are taken to be
/// parallel, degrees.
const PARALLEL: f64 = 18.0;
/// This much of a link is left if possible, metres.
const LEFT_OVER: f64 = 8.0;

/// How far a link is cut back at its start and at its end, metres.
pub(super) type Cut = (f64, f64);

/// The end of a road at a junction, looking away from it.
struct Arm {
    link: usize,
    at_start: bool,
    origin: Point,
    heading: Point,
    half_width: f64,
}

/// How far each link is cut back.
pub(super) fn cuts(plans: &Plans, kept: &[bool], boundary: &[bool]) -> Vec<Cut> {
    let mut cuts = vec![(0.0, 0.0); plans.links.len()];
    let mut arms: Vec<Vec<Arm>> = plans.nodes.iter().map(|_| Vec::new()).collect();
    for (link, plan) in plans
        .links
        .iter()
        .enumerate()
        .filter(|(link, _)| kept[*link])
    {
        let second = plan
            .twin
            .is_some_and(|twin| kept[twin as usize] && (twin as usize) < link);
        let (Some(&first), Some(&last)) = (plan.line.first(), plan.line.last()) else {
            continue;
        };
        if second {
            continue; // the same road, seen already
        }
        arms[plan.from as usize].push(Arm {
            link,
            at_start: true,
            origin: first,
            heading: heading_at_start(&plan.line),
            half_width: plan.half_width(),
        });
        arms[plan.to as usize].push(Arm {
            link,
            at_start: false,
            origin: last,
            heading: heading_at_end(&plan.line) * -1.0,
            half_width: plan.half_width(),
        });
    }
    for (node, arms) in arms.iter().enumerate() {
        for (at, arm) in arms.iter().enumerate() {
            let cut = if boundary[node] {
                0.0
            } else if plans.nodes[node].group.is_none() {
                CUT_AT_CHANGE
            } else {
                let others = arms.iter().enumerate().filter(|(other, _)| *other != at);
                let reach = others
                    .map(|(_, other)| overlap(arm, other))
                    .fold(0.0, f64::max);
                (reach + STOP_LINE).clamp(CUT.0, CUT.1)
            };
            let (start, end) = &mut cuts[arm.link];
            *(if arm.at_start { start } else { end }) = cut;
        }
    }
    for (plan, cut) in plans.links.iter().zip(&mut cuts) {
        let (start, end) = *cut;
        let room = (plan.length - LEFT_OVER).max(0.5 * plan.length);
        if start + end > room {
            let scale = room / (start + end);
            *cut = (start * scale, end * scale);
        }
    }
    for (link, plan) in plans
        .links
        .iter()
        .enumerate()
        .filter(|(link, _)| kept[*link])
    {
        if let Some(twin) = plan.twin.map(|twin| twin as usize)
            && kept[twin]
            && twin < link
        {
            let (start, end) = cuts[twin];
            cuts[link] = (end, start);
        }
    }
    cuts
}

/// How far along one arm the road of another reaches: where their facing edges meet.
fn overlap(arm: &Arm, other: &Arm) -> f64 {
    let cross = arm.heading.cross(other.heading);
    if cross.abs() < PARALLEL.to_radians().sin() {
        return 0.0;
    }
    // The other road lies to the left: our left edge meets its right edge.
    let side = -cross.signum();
    let edge = arm.origin + arm.heading.right() * (side * arm.half_width);
    let facing = other.origin - other.heading.right() * (side * other.half_width);
    let across = facing - edge;
    let along = across.cross(other.heading) / cross;
    let along_other = across.cross(arm.heading) / cross;
    if along_other > -CUT.1 { along } else { 0.0 }
}

/// The inner edge of the innermost lane from junction to junction: the link's reference line.
pub(super) fn reference(plan: &Plan) -> Vec<Point> {
    sound(
        polyline::moved_right(&plan.line, division(plan)),
        &plan.line,
    )
}

/// How far right of the middle of the road the innermost lane begins, metres.
fn division(plan: &Plan) -> f64 {
    plan.half_width() - plan.lanes as f64 * plan.lane_width()
}

/// The middles of a link's lanes from stop line to stop line, innermost first.
pub(super) fn lanes(plan: &Plan, (start, end): Cut) -> Vec<Vec<Point>> {
    let middle = polyline::between(&plan.line, start, plan.length - end);
    (0..plan.lanes)
        .map(|lane| {
            let offset = division(plan) + (lane as f64 + 0.5) * plan.lane_width();
            sound(polyline::moved_right(&middle, offset), &middle)
        })
        .collect()
}

/// The moved line, unless a sharp bend ate it up.
fn sound(moved: Vec<Point>, original: &[Point]) -> Vec<Point> {
    let long_enough = 0.3 * geometry::length(original);
    if moved.len() >= 2 && geometry::length(&moved) > long_enough {
        moved
    } else {
        original.to_vec()
    }
}

/// The path from the end of one lane to the start of another.
pub(super) fn movement(from: &[Point], to: &[Point]) -> Vec<Point> {
    /// Paths are at least so long, metres.
    const SHORTEST: f64 = 0.5;
    let (Some(&start), Some(&end)) = (from.last(), to.first()) else {
        return Vec::new();
    };
    let out = geometry::direction_at(from, f64::MAX);
    let into = geometry::direction_at(to, 0.0);
    if start.distance(end) < SHORTEST {
        let between = (out + into).unit();
        let ahead = if between.norm() > 0.0 { between } else { out };
        return vec![start, start + ahead * SHORTEST];
    }
    geometry::bezier(start, out, end, into, false, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(heading: Point, half_width: f64) -> Arm {
        Arm {
            link: 0,
            at_start: true,
            origin: Point::default(),
            heading,
            half_width,
        }
    }

    #[test]
    fn a_crossing_road_cuts_back_by_half_its_width() {
        let north = arm(Point::new(0.0, 1.0), 3.0);
        let east = arm(Point::new(1.0, 0.0), 7.0);
        let west = arm(Point::new(-1.0, 0.0), 7.0);
        assert!((overlap(&north, &east) - 7.0).abs() < 1e-9);
        assert!((overlap(&north, &west) - 7.0).abs() < 1e-9);
        assert!((overlap(&east, &north) - 3.0).abs() < 1e-9);
        assert!(
            overlap(&east, &west).abs() < 1e-9,
            "a straight road does not cut itself"
        );
    }

    #[test]
    fn a_sharp_angle_cuts_back_farther_than_a_wide_one() {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let north = arm(Point::new(0.0, 1.0), 5.0);
        let sharp = arm(Point::new(half, half), 5.0);
        let wide = arm(Point::new(half, -half), 5.0);
        assert!(overlap(&north, &sharp) > 5.0);
        assert!(overlap(&north, &wide) < 5.0);
    }

    #[test]
    fn movements_always_have_a_length() {
        let lane = [Point::new(0.0, 0.0), Point::new(10.0, 0.0)];
        let next = [Point::new(10.0, 0.0), Point::new(20.0, 0.0)];
        assert!(geometry::length(&movement(&lane, &next)) > 0.4);
        let back = [Point::new(10.0, 0.0), Point::new(0.0, 0.0)];
        assert!(
            geometry::length(&movement(&lane, &back)) > 0.0,
            "even on the spot"
        );
    }
}
