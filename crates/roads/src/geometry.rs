//! Plane geometry of polylines: length, points at a distance, offset lanes, Bézier paths and the
//! points where two paths meet.

use serde::{Deserialize, Serialize};

use crate::model::Georeference;

/// A point or a vector of the local plane, metres: x to the east, y to the north.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// To the east.
    pub x: f64,
    /// To the north.
    pub y: f64,
}

impl Point {
    /// A point from its coordinates.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Distance from the origin.
    pub fn norm(self) -> f64 {
        (self.x * self.x + self.y * self.y).sqrt()
    }

    /// Distance between two points.
    pub fn distance(self, other: Self) -> f64 {
        (self - other).norm()
    }

    /// The vector of length one in the same direction; the zero vector stays zero.
    #[must_use]
    pub fn unit(self) -> Self {
        let norm = self.norm();
        if norm > 0.0 {
            Self::new(self.x / norm, self.y / norm)
        } else {
            self
        }
    }

    /// The vector turned right by 90°.
    #[must_use]
    pub const fn right(self) -> Self {
        Self::new(self.y, -self.x)
    }

    /// z of the cross product: positive when `other` points to the left of `self`.
    pub fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    /// Scalar product.
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// The point a share `t` of the way to `other`.
    #[must_use]
    pub fn lerp(self, other: Self, t: f64) -> Self {
        Self::new(
            (other.x - self.x) * t + self.x,
            (other.y - self.y) * t + self.y,
        )
    }

    /// Both coordinates are ordinary numbers.
    pub const fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

impl std::ops::Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl std::ops::Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl std::ops::Mul<f64> for Point {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

/// Where on the segment from `a` to `b` the point nearest to `point` lies: a share of its length, 0
/// to 1; 0 for a segment without length.
pub fn foot(a: Point, b: Point, point: Point) -> f64 {
    let along = b - a;
    let square = along.dot(along);
    if square > 0.0 {
        ((point - a).dot(along) / square).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// How far a point is from a polyline, and how far along that its nearest place lies, both in
/// metres; `None` for fewer than two points. Of places as near the first counts.
pub fn nearest_on(points: &[Point], point: Point) -> Option<(f64, f64)> {
    let mut passed = 0.0;
    let places = points.windows(2).map(|pair| {
        let share = foot(pair[0], pair[1], point);
        let length = pair[0].distance(pair[1]);
        let at = passed + share * length;
        passed += length;
        (pair[0].lerp(pair[1], share).distance(point), at)
    });
    places.min_by(|one, other| one.0.total_cmp(&other.0))
}

/// Length of a polyline.
pub fn length(points: &[Point]) -> f64 {
    points
        .windows(2)
        .map(|pair| pair[1].distance(pair[0]))
        .sum()
}

/// The point at `distance` along a polyline, kept within its ends.
pub fn point_at(points: &[Point], distance: f64) -> Point {
    let Some(&first) = points.first() else {
        return Point::default();
    };
    let mut rest = distance;
    if rest <= 0.0 {
        return first;
    }
    for pair in points.windows(2) {
        let segment = pair[0].distance(pair[1]);
        if rest > segment {
            rest -= segment;
        } else {
            return pair[0] + (pair[1] - pair[0]) * (rest / segment);
        }
    }
    points.last().copied().unwrap_or(first)
}

/// Direction of travel (a unit vector) at `distance` along a polyline.
pub fn direction_at(points: &[Point], distance: f64) -> Point {
    let mut rest = distance;
    let mut direction = Point::new(1.0, 0.0);
    for pair in points.windows(2) {
        let segment = pair[1].distance(pair[0]);
        if segment > 0.0 {
            direction = (pair[1] - pair[0]).unit();
        }
        if rest <= segment {
            break;
        }
        rest -= segment;
    }
    direction
}

/// A polyline cut back by `start` at its beginning and `end` at its end, along its first and last
/// segment.
pub fn trimmed(points: &[Point], start: f64, end: f64) -> Vec<Point> {
    let mut points = points.to_vec();
    if points.len() >= 2 {
        let last = points.len() - 1;
        let forward = (points[1] - points[0]).unit();
        points[0] = points[0] + forward * start;
        let forward = (points[last] - points[last - 1]).unit();
        points[last] = points[last] - forward * end;
    }
    points
}

/// A polyline moved sideways, to the right of the direction of travel for positive `offset`;
/// corners move along their bisector by the same amount.
pub fn offset_right(points: &[Point], offset: f64) -> Vec<Point> {
    let last = points.len().saturating_sub(1);
    (0..points.len())
        .map(|i| {
            let direction = if i == 0 {
                (points[1] - points[0]).unit()
            } else if i == last {
                (points[i] - points[i - 1]).unit()
            } else {
                ((points[i + 1] - points[i]).unit() + (points[i] - points[i - 1]).unit()).unit()
            };
            points[i] + direction.right() * offset
        })
        .collect()
}

/// A cubic Bézier path sampled at 11 points, from `start` heading `from` to `end` heading `to`.
///
/// The inner control points lie half the distance between the ends away from them; where that is
/// less than five metres and `roomy` says that the junction is wider than that, five metres.
pub fn bezier(
    start: Point,
    from: Point,
    end: Point,
    to: Point,
    roomy_start: bool,
    roomy_end: bool,
) -> Vec<Point> {
    const LEAST: f64 = 5.0;
    const SAMPLES: u32 = 10;
    let span = end.distance(start);
    let mut out = from * (span * 0.5);
    let mut back = to * (-span * 0.5);
    if out.dot(out) < LEAST * LEAST && roomy_start {
        out = from * LEAST;
    }
    if back.dot(back) < LEAST * LEAST && roomy_end {
        back = to * LEAST; // as the traffic model has it: forward, not back
    }
    let (one, two) = (start + out, end + back);
    (0..=SAMPLES)
        .map(|i| {
            let t = f64::from(i) / f64::from(SAMPLES);
            let (a, b, c) = (start.lerp(one, t), one.lerp(two, t), two.lerp(end, t));
            a.lerp(b, t).lerp(b.lerp(c, t), t)
        })
        .collect()
}

/// Tolerance of geometric comparisons, metres.
const EPSILON: f64 = 1e-8;

fn on_segment(a: Point, b: Point, point: Point) -> bool {
    point.x >= a.x.min(b.x) - EPSILON
        && point.x <= a.x.max(b.x) + EPSILON
        && point.y >= a.y.min(b.y) - EPSILON
        && point.y <= a.y.max(b.y) + EPSILON
}

/// Where two polylines first meet: the distances of that point along the one and the other.
///
/// "First" means in the order of the segments of `one`, then of `two`. Parallel segments are
/// passed over, so paths that only run together do not meet.
pub fn first_meeting(one: &[Point], two: &[Point]) -> Option<(f64, f64)> {
    let mut along_one = 0.0;
    for a in one.windows(2) {
        let da = a[1] - a[0];
        let (a_min_x, a_max_x) = (a[0].x.min(a[1].x) - EPSILON, a[0].x.max(a[1].x) + EPSILON);
        let (a_min_y, a_max_y) = (a[0].y.min(a[1].y) - EPSILON, a[0].y.max(a[1].y) + EPSILON);
        let mut along_two = 0.0;
        for b in two.windows(2) {
            let db = b[1] - b[0];
            let b_length = db.norm();
            let apart = b[0].x.max(b[1].x) < a_min_x - EPSILON
                || b[0].x.min(b[1].x) > a_max_x + EPSILON
                || b[0].y.max(b[1].y) < a_min_y - EPSILON
                || b[0].y.min(b[1].y) > a_max_y + EPSILON;
            if !apart {
                let cross = da.cross(db);
                if cross.abs() >= EPSILON {
                    let t = (b[0] - a[0]).cross(db) / cross;
                    let point = a[0] + da * t;
                    if on_segment(a[0], a[1], point) && on_segment(b[0], b[1], point) {
                        return Some((
                            along_one + point.distance(a[0]),
                            along_two + point.distance(b[0]),
                        ));
                    }
                }
            }
            along_two += b_length;
        }
        along_one += da.norm();
    }
    None
}

/// Metres in a degree of latitude (mean sphere of 6,371,008.8 m).
const METRES_PER_DEGREE: f64 = 6_371_008.8 * std::f64::consts::PI / 180.0;

impl Georeference {
    /// Longitude and latitude of a point of the local plane, degrees.
    pub fn to_degrees(self, point: Point) -> (f64, f64) {
        let scale = METRES_PER_DEGREE * self.latitude.to_radians().cos();
        (
            self.longitude + point.x / scale,
            self.latitude + point.y / METRES_PER_DEGREE,
        )
    }

    /// The point of the local plane at a longitude and latitude in degrees.
    pub fn to_local(self, longitude: f64, latitude: f64) -> Point {
        let scale = METRES_PER_DEGREE * self.latitude.to_radians().cos();
        Point::new(
            (longitude - self.longitude) * scale,
            (latitude - self.latitude) * METRES_PER_DEGREE,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_road_between_two_junctions_loses_their_width() {
        let road = [Point::new(0.0, 0.0), Point::new(800.0, 0.0)];
        let lane = offset_right(&trimmed(&road, 15.0, 15.0), 2.0);
        assert_eq!(lane, [Point::new(15.0, -2.0), Point::new(785.0, -2.0)]);
        assert!((length(&lane) - 770.0).abs() < 1e-12);
    }

    #[test]
    fn the_nearest_place_on_a_line_is_a_foot_or_an_end() {
        let line = [(0.0, 0.0), (10.0, 0.0), (10.0, 0.0), (10.0, 20.0)];
        let line = line.map(|(x, y)| Point::new(x, y));
        for ((x, y), found) in [
            ((4.0, 3.0), (3.0, 4.0)),
            ((-3.0, -4.0), (5.0, 0.0)),
            ((12.0, 5.0), (2.0, 15.0)),
            ((10.0, 25.0), (5.0, 30.0)),
        ] {
            assert_eq!(nearest_on(&line, Point::new(x, y)), Some(found));
        }
        assert_eq!(nearest_on(&line[..1], line[0]), None);
        let still = Point::new(1.0, 1.0);
        assert!(foot(still, still, Point::default()).abs() < 1e-12);
    }

    #[test]
    fn paths_meet_once_and_parallel_ones_never() {
        let east = [Point::new(-10.0, 0.0), Point::new(10.0, 0.0)];
        let north = [Point::new(2.0, -10.0), Point::new(2.0, 10.0)];
        assert_eq!(first_meeting(&east, &north), Some((12.0, 10.0)));
        assert_eq!(first_meeting(&east, &east), None);
    }

    #[test]
    fn degrees_and_metres_are_inverse() {
        let reference = Georeference {
            longitude: 120.155,
            latitude: 30.274,
        };
        let point = Point::new(1234.5, -987.6);
        let (lon, lat) = reference.to_degrees(point);
        assert!(reference.to_local(lon, lat).distance(point) < 1e-6);
    }
}
