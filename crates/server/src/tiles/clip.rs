//! Cutting and thinning of lines and polygons in tile coordinates.

/// A point in tile coordinates: 0 to 4096 across the tile, y to the south.
pub(super) type TilePoint = [f64; 2];

/// A square around a tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Smallest coordinate.
    pub(super) low: f64,
    /// Largest coordinate.
    pub(super) high: f64,
}

impl Frame {
    fn contains(self, point: TilePoint) -> bool {
        point
            .iter()
            .all(|&value| value >= self.low && value <= self.high)
    }
}

/// The parts of a line inside the frame (Liang and Barsky, segment by segment).
pub(super) fn line(points: &[TilePoint], frame: Frame) -> Vec<Vec<TilePoint>> {
    if points.iter().all(|&point| frame.contains(point)) {
        return vec![points.to_vec()];
    }
    let mut parts: Vec<Vec<TilePoint>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let Some((start, end)) = segment(pair[0], pair[1], frame) else {
            open = false;
            continue;
        };
        match parts.last_mut() {
            Some(part) if open => part.push(end),
            _ => parts.push(vec![start, end]),
        }
        open = frame.contains(pair[1]);
    }
    parts
}

fn segment(a: TilePoint, b: TilePoint, frame: Frame) -> Option<(TilePoint, TilePoint)> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    let step = [b[0] - a[0], b[1] - a[1]];
    for axis in 0..2 {
        let (to_low, to_high) = (frame.low - a[axis], frame.high - a[axis]);
        if step[axis].abs() < f64::EPSILON {
            if to_low > 0.0 || to_high < 0.0 {
                return None;
            }
            continue;
        }
        let (one, two) = (to_low / step[axis], to_high / step[axis]);
        enter = enter.max(one.min(two));
        leave = leave.min(one.max(two));
    }
    (enter <= leave).then(|| {
        let at = |t: f64| [a[0] + step[0] * t, a[1] + step[1] * t];
        (at(enter), at(leave))
    })
}

/// The part of a ring inside the frame (Sutherland and Hodgman); empty when there is none.
pub(super) fn ring(points: &[TilePoint], frame: Frame) -> Vec<TilePoint> {
    let mut ring = points.to_vec();
    for axis in 0..2 {
        ring = half(&ring, axis, frame.low, 1.0);
        ring = half(&ring, axis, frame.high, -1.0);
    }
    if ring.len() < 3 { Vec::new() } else { ring }
}

/// What of a ring lies on the side of `edge` to which `sign` points.
fn half(ring: &[TilePoint], axis: usize, edge: f64, sign: f64) -> Vec<TilePoint> {
    let inside = |point: TilePoint| (point[axis] - edge) * sign >= 0.0;
    let mut kept = Vec::with_capacity(ring.len() + 4);
    let Some(&last) = ring.last() else {
        return kept;
    };
    let mut before = last;
    for &point in ring {
        if inside(point) != inside(before) {
            let t = (edge - before[axis]) / (point[axis] - before[axis]);
            kept.push([
                before[0] + (point[0] - before[0]) * t,
                before[1] + (point[1] - before[1]) * t,
            ]);
        }
        if inside(point) {
            kept.push(point);
        }
        before = point;
    }
    kept
}

/// A line with fewer points, nowhere further than `tolerance` from the old one (Douglas and
/// Peucker).
pub(super) fn simplified(points: &[TilePoint], tolerance: f64) -> Vec<TilePoint> {
    if points.len() <= 2 {
        return points.to_vec();
    }
    let mut keep = vec![false; points.len()];
    keep[0] = true;
    keep[points.len() - 1] = true;
    let mut open = vec![(0, points.len() - 1)];
    while let Some((first, last)) = open.pop() {
        let mut worst = (tolerance, first);
        for (i, &point) in points.iter().enumerate().take(last).skip(first + 1) {
            let distance = distance_to(point, points[first], points[last]);
            if distance > worst.0 {
                worst = (distance, i);
            }
        }
        if worst.1 != first {
            keep[worst.1] = true;
            open.push((first, worst.1));
            open.push((worst.1, last));
        }
    }
    points
        .iter()
        .zip(keep)
        .filter_map(|(&point, keep)| keep.then_some(point))
        .collect()
}

/// Distance of a point from a segment.
fn distance_to(point: TilePoint, a: TilePoint, b: TilePoint) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let squared = dx * dx + dy * dy;
    let t = if squared > 0.0 {
        (((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (point[0] - a[0] - dx * t).hypot(point[1] - a[1] - dy * t)
}

/// Twice the area of a ring, positive when it runs clockwise on the screen (y to the south), as
/// outer rings of vector tiles do.
pub(super) fn doubled_area(ring: &[TilePoint]) -> f64 {
    let Some(&last) = ring.last() else {
        return 0.0;
    };
    let mut before = last;
    ring.iter()
        .map(|&point| {
            let area = before[0] * point[1] - point[0] * before[1];
            before = point;
            area
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame {
        low: 0.0,
        high: 10.0,
    };

    #[test]
    fn a_line_that_leaves_and_comes_back_becomes_two() {
        let zigzag = [
            [-5.0, 5.0],
            [5.0, 5.0],
            [5.0, 15.0],
            [8.0, 15.0],
            [8.0, 2.0],
        ];
        assert_eq!(
            line(&zigzag, FRAME),
            [
                vec![[0.0, 5.0], [5.0, 5.0], [5.0, 10.0]],
                vec![[8.0, 10.0], [8.0, 2.0]]
            ]
        );
        assert!(line(&[[-5.0, -5.0], [-5.0, 20.0]], FRAME).is_empty());
        assert_eq!(
            line(&[[-10.0, 5.0], [20.0, 5.0]], FRAME),
            [vec![[0.0, 5.0], [10.0, 5.0]]]
        );
    }

    #[test]
    fn a_ring_around_the_frame_becomes_the_frame() {
        let around = [[-5.0, -5.0], [20.0, -5.0], [20.0, 20.0], [-5.0, 20.0]];
        let ring = ring(&around, FRAME);
        assert!((doubled_area(&ring).abs() - 200.0).abs() < 1e-9);
        assert!(super::ring(&[[20.0, 20.0], [30.0, 20.0], [30.0, 30.0]], FRAME).is_empty());
    }

    #[test]
    fn thinning_keeps_what_sticks_out() {
        let points = [[0.0, 0.0], [1.0, 0.1], [2.0, 0.0], [3.0, 5.0], [4.0, 0.0]];
        assert_eq!(
            simplified(&points, 0.5),
            [[0.0, 0.0], [2.0, 0.0], [3.0, 5.0], [4.0, 0.0]]
        );
    }
}
