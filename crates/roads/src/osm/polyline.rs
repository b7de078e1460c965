//! Cutting, joining and simplifying lines.

use crate::geometry::Point;

/// How far a simplified line may lie from the original, metres.
const TOLERANCE: f64 = 0.4;

/// The part of a line between two distances along it. Always at least two points.
pub(super) fn between(points: &[Point], from: f64, to: f64) -> Vec<Point> {
    let mut part = vec![crate::geometry::point_at(points, from)];
    let mut along = 0.0;
    for pair in points.windows(2) {
        along += pair[0].distance(pair[1]);
        if along > from + 1e-6 && along < to - 1e-6 {
            part.push(pair[1]);
        }
    }
    part.push(crate::geometry::point_at(points, to));
    part
}

/// The line with fewer points (Douglas and Peucker), ends kept.
pub(super) fn simplified(points: &[Point]) -> Vec<Point> {
    let mut keep = vec![false; points.len()];
    let Some(last) = points.len().checked_sub(1) else {
        return Vec::new();
    };
    keep[0] = true;
    keep[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let (a, b) = (points[from], points[to]);
        let mut farthest = (TOLERANCE, 0);
        for (at, point) in points.iter().enumerate().take(to).skip(from + 1) {
            let distance = distance_to_segment(*point, a, b);
            if distance > farthest.0 {
                farthest = (distance, at);
            }
        }
        if farthest.1 > from {
            keep[farthest.1] = true;
            open.push((from, farthest.1));
            open.push((farthest.1, to));
        }
    }
    let mut keep = keep.into_iter();
    let mut kept = points.to_vec();
    kept.retain(|_| keep.next().unwrap_or(true));
    kept
}

fn distance_to_segment(point: Point, a: Point, b: Point) -> f64 {
    point.distance(a + (b - a) * crate::geometry::foot(a, b, point))
}

/// The line moved to the right by `offset` metres, with the corners cut where the line bends so
/// sharply that the moved one would run back.
pub(super) fn moved_right(points: &[Point], offset: f64) -> Vec<Point> {
    let moved = crate::geometry::offset_right(points, offset);
    let mut forward: Vec<Point> = Vec::with_capacity(moved.len());
    let last = moved.len().saturating_sub(1);
    for (at, &point) in moved.iter().enumerate() {
        let backwards = at > 0 && at < last && {
            let heading = points[at] - points[at - 1];
            forward
                .last()
                .is_some_and(|&before| (point - before).dot(heading) <= 0.0)
        };
        if !backwards {
            forward.push(point);
        }
    }
    forward
}

/// Angle by which one turns from heading `from` to heading `to`, degrees, left positive.
pub(super) fn turn_angle(from: Point, to: Point) -> f64 {
    from.cross(to).atan2(from.dot(to)).to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::length;

    fn line(points: &[(f64, f64)]) -> Vec<Point> {
        points.iter().map(|&(x, y)| Point::new(x, y)).collect()
    }

    #[test]
    fn a_part_keeps_its_corners() {
        let bent = line(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]);
        let part = between(&bent, 5.0, 15.0);
        assert_eq!(part, line(&[(5.0, 0.0), (10.0, 0.0), (10.0, 5.0)]));
        assert!((length(&between(&bent, 12.0, 14.0)) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn points_on_the_line_go_and_corners_stay() {
        let line_in = line(&[(0.0, 0.0), (5.0, 0.1), (10.0, 0.0), (10.0, 10.0)]);
        let simple = simplified(&line_in);
        assert_eq!(simple, line(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]));
    }

    #[test]
    fn angles_are_positive_to_the_left() {
        let north = Point::new(0.0, 1.0);
        assert!((turn_angle(north, Point::new(-1.0, 0.0)) - 90.0).abs() < 1e-9);
        assert!((turn_angle(north, Point::new(1.0, 0.0)) + 90.0).abs() < 1e-9);
    }
}
