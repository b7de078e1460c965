//! Curves of the sketch: smooth lines through points, bends, clipping, crossings.

use std::f64::consts::TAU;

use super::spec::{At, CitySpec};
use crate::generate::Random;
use crate::geometry::{Point, foot, length, point_at};

/// Metres between two points of a smooth curve.
const STEP: f64 = 25.0;

/// A smooth curve through `points` (Catmull–Rom), a point every 25 m or so.
pub(super) fn smooth(points: &[Point], closed: bool) -> Vec<Point> {
    let count = points.len();
    if count < 2 {
        return points.to_vec();
    }
    // Point `i - 1`; before and behind an open line it goes on straight.
    let at = |i: usize| {
        if closed {
            points[(i + count - 1) % count]
        } else if i == 0 {
            points[0] + (points[0] - points[1])
        } else if i > count {
            points[count - 1] + (points[count - 1] - points[count - 2])
        } else {
            points[i - 1]
        }
    };
    let spans = if closed { count } else { count - 1 };
    let mut curve = vec![at(1)];
    for span in 0..spans {
        let (a, b, c, d) = (at(span), at(span + 1), at(span + 2), at(span + 3));
        let steps = (b.distance(c) / STEP).ceil().max(1.0) as u32;
        for step in 1..=steps {
            let t = f64::from(step) / f64::from(steps);
            let (t2, t3) = (t * t, t * t * t);
            curve.push(
                (b * 2.0
                    + (c - a) * t
                    + (a * 2.0 - b * 5.0 + c * 4.0 - d) * t2
                    + (b * 3.0 - a - c * 3.0 + d) * t3)
                    * 0.5,
            );
        }
    }
    curve
}

/// The bends of the city: the same for everything drawn, so what meets in the sketch meets in
/// the city.
pub(super) struct Warp {
    /// Wave number (per metre), its direction, its phase and the direction it pushes.
    waves: Vec<(Point, f64, Point)>,
    cosine: f64,
    sine: f64,
}

impl Warp {
    pub(super) fn new(spec: &CitySpec) -> Self {
        const WAVES: usize = 4;
        let mut random = Random::new(spec.seed, 2);
        let waves = (0..WAVES)
            .map(|_| {
                let wavelength = random.between(1_800.0, 5_000.0);
                let (heading, push) = (random.unit() * TAU, random.unit() * TAU);
                let number = TAU / wavelength;
                let amplitude = spec.bend / WAVES as f64;
                (
                    Point::new(heading.cos() * number, heading.sin() * number),
                    random.unit() * TAU,
                    Point::new(push.cos() * amplitude, push.sin() * amplitude),
                )
            })
            .collect();
        let angle = spec.rotation.to_radians();
        Self {
            waves,
            cosine: angle.cos(),
            sine: angle.sin(),
        }
    }

    pub(super) fn apply(&self, point: Point) -> Point {
        let mut moved = point;
        for (number, phase, push) in &self.waves {
            moved = moved + *push * (number.dot(point) + phase).sin();
        }
        Point::new(
            moved.x * self.cosine - moved.y * self.sine,
            moved.x * self.sine + moved.y * self.cosine,
        )
    }

    /// A line of the sketch as it lies in the city.
    pub(super) fn draw(&self, line: &[At], closed: bool) -> Vec<Point> {
        let points: Vec<Point> = line.iter().map(|&at| at.into()).collect();
        smooth(&points, closed)
            .into_iter()
            .map(|point| self.apply(point))
            .collect()
    }
}

/// Whether a point lies inside a polygon.
pub(super) fn inside(polygon: &[Point], point: Point) -> bool {
    let mut inside = false;
    let Some(&(mut before)) = polygon.last() else {
        return false;
    };
    for &corner in polygon {
        if (corner.y > point.y) != (before.y > point.y) {
            let t = (point.y - corner.y) / (before.y - corner.y);
            if point.x < corner.x + t * (before.x - corner.x) {
                inside = !inside;
            }
        }
        before = corner;
    }
    inside
}

/// Distance of a point from a polyline.
pub(super) fn distance_to(line: &[Point], point: Point) -> f64 {
    line.windows(2)
        .map(|pair| {
            let t = foot(pair[0], pair[1], point);
            point.distance(pair[0] + (pair[1] - pair[0]) * t)
        })
        .fold(f64::INFINITY, f64::min)
}

/// The part of a polyline between two distances along it.
pub(super) fn between(line: &[Point], start: f64, end: f64) -> Vec<Point> {
    const NEAR: f64 = 0.5;
    let mut part = vec![point_at(line, start)];
    let mut along = 0.0;
    for pair in line.windows(2) {
        along += pair[0].distance(pair[1]);
        if along > start + NEAR && along < end - NEAR {
            part.push(pair[1]);
        }
    }
    part.push(point_at(line, end));
    part
}

/// All places where two polylines cross, as distances along the one and the other.
pub(super) fn crossings(one: &[Point], two: &[Point]) -> Vec<(f64, f64)> {
    let mut found = Vec::new();
    let mut along_one = 0.0;
    for a in one.windows(2) {
        let da = a[1] - a[0];
        let mut along_two = 0.0;
        for b in two.windows(2) {
            let db = b[1] - b[0];
            let cross = da.cross(db);
            if cross.abs() > 1e-9 {
                let t = (b[0] - a[0]).cross(db) / cross;
                let u = (b[0] - a[0]).cross(da) / cross;
                if (0.0..1.0).contains(&t) && (0.0..1.0).contains(&u) {
                    found.push((along_one + t * da.norm(), along_two + u * db.norm()));
                }
            }
            along_two += db.norm();
        }
        along_one += da.norm();
    }
    found
}

/// A polyline with as few points as keep it within `tolerance` metres of itself.
pub(super) fn simplified(line: &[Point], tolerance: f64) -> Vec<Point> {
    let last = line.len().saturating_sub(1);
    let mut keep = vec![false; line.len()];
    let mut spans = vec![(0, last)];
    while let Some((start, end)) = spans.pop() {
        if line.is_empty() {
            break;
        }
        keep[start] = true;
        keep[end] = true;
        let farthest = (start + 1..end)
            .map(|i| (i, distance_to(&[line[start], line[end]], line[i])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((middle, distance)) = farthest
            && distance > tolerance
        {
            spans.push((start, middle));
            spans.push((middle, end));
        }
    }
    line.iter()
        .zip(keep)
        .filter_map(|(point, keep)| keep.then_some(*point))
        .collect()
}

/// The runs of a polyline on which `allowed` holds, checked every five metres.
pub(super) fn runs(line: &[Point], allowed: impl Fn(Point) -> bool) -> Vec<(f64, f64)> {
    const CHECK: f64 = 5.0;
    let total = length(line);
    let steps = (total / CHECK).ceil().max(1.0) as u32;
    let mut runs = Vec::new();
    let mut start = None;
    for step in 0..=steps {
        let along = (f64::from(step) * CHECK).min(total);
        match (allowed(point_at(line, along)), start) {
            (true, None) => start = Some(along),
            (false, Some(begin)) => {
                runs.push((begin, along - CHECK));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(begin) = start {
        runs.push((begin, total));
    }
    runs.retain(|(start, end)| end - start > CHECK);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_curve_passes_its_points() {
        let points = [(0.0, 0.0), (400.0, 50.0), (800.0, 0.0)].map(|(x, y)| Point::new(x, y));
        for closed in [false, true] {
            let curve = smooth(&points, closed);
            for point in points {
                assert!(curve.iter().any(|p| p.distance(point) < 1e-9));
            }
        }
    }

    #[test]
    fn crossings_parts_and_runs() {
        let wave = [(0.0, 0.0), (100.0, 100.0), (200.0, 0.0)].map(|(x, y)| Point::new(x, y));
        let flat = [Point::new(0.0, 50.0), Point::new(200.0, 50.0)];
        let found = crossings(&flat, &wave);
        assert_eq!(found.len(), 2);
        assert!((found[0].0 - 50.0).abs() < 1e-9 && (found[1].0 - 150.0).abs() < 1e-9);
        assert!((length(&between(&wave, 30.0, 200.0)) - 170.0).abs() < 1e-9);
        let above = runs(&flat, |point| point.x > 100.0);
        assert_eq!(above.len(), 1);
        assert!((above[0].1 - 200.0).abs() < 1e-9);
        assert!(inside(&wave, Point::new(100.0, 50.0)));
        assert!(!inside(&wave, Point::new(10.0, 50.0)));
        let straight = simplified(&smooth(&flat, false), 0.1);
        assert_eq!(straight, flat);
    }
}
