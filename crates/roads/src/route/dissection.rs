//! In which order links are taken into a contraction hierarchy: by cutting the map in halves.
//!
//! Each cut parts the junctions at the median of their longer extent. Links over a cut separate
//! the halves, so they rank above everything on either side; cuts within halves follow. On road
//! networks this is a good order, and unlike one found by trial it costs next to nothing.

use crate::geometry::Point;
use crate::model::Network;

/// Junctions are parted at most this many times: enough for four thousand million of them.
const DEEPEST: u32 = 32;

/// Link numbers, least important first.
pub(super) fn order(network: &Network) -> Vec<usize> {
    let mut cells = vec![0_u32; network.junctions.len()];
    let mut junctions: Vec<u32> = (0..network.junctions.len() as u32).collect();
    part(network, &mut junctions, 0, &mut cells);
    let mut order: Vec<usize> = (0..network.links.len()).collect();
    order.sort_by_cached_key(|&number| {
        let link = &network.links[number];
        let (from, to) = (cells[link.from.index()], cells[link.to.index()]);
        // The first cut that goes through the link; none comes last.
        let cut = (from ^ to).leading_zeros();
        (std::cmp::Reverse(cut), from.min(to))
    });
    order
}

/// Notes in `cells`, from the highest bit down, on which side of each cut a junction lies.
fn part(network: &Network, junctions: &mut [u32], depth: u32, cells: &mut [u32]) {
    if junctions.len() < 2 || depth == DEEPEST {
        return;
    }
    let point = |junction: u32| network.junctions[junction as usize].point;
    let extent = |of: fn(Point) -> f64| {
        let range = junctions.iter().map(|&junction| of(point(junction)));
        let (low, high) = range.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        high - low
    };
    let along = if extent(|point| point.x) >= extent(|point| point.y) {
        |point: Point| (point.x, point.y)
    } else {
        |point: Point| (point.y, point.x)
    };
    let middle = junctions.len() / 2;
    junctions.select_nth_unstable_by(middle, |&a, &b| {
        let (one, two) = (along(point(a)), along(point(b)));
        one.0
            .total_cmp(&two.0)
            .then(one.1.total_cmp(&two.1))
            .then(a.cmp(&b))
    });
    let (low, high) = junctions.split_at_mut(middle);
    for &junction in &*high {
        cells[junction as usize] |= 1 << (DEEPEST - 1 - depth);
    }
    part(network, low, depth + 1, cells);
    part(network, high, depth + 1, cells);
}
