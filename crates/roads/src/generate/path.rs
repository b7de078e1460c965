//! Paths of generated movements through a junction.

use crate::geometry::Point;

/// How many equal steps of the curve's parameter a path is sampled in.
const STEPS: u32 = 10;

/// A smooth path from `start` in direction `from` to `end` in direction `to` (unit vectors).
///
/// It is the cubic Hermite curve with tangents of length `reach`, sampled at 11 points. With
/// `reach` the width of the junction it is the path that the published networks hold.
pub(crate) fn hermite(start: Point, from: Point, end: Point, to: Point, reach: f64) -> Vec<Point> {
    let chord = end - start;
    (0..=STEPS)
        .map(|step| {
            if step == STEPS {
                return end;
            }
            let t = f64::from(step) / f64::from(STEPS);
            let (t2, t3) = (t * t, t * t * t);
            start
                + chord * (3.0 * t2 - 2.0 * t3)
                + from * (reach * (t3 - 2.0 * t2 + t))
                + to * (reach * (t3 - t2))
        })
        .collect()
}
