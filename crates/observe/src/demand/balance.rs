//! Volumes of routes so that they reproduce counts: who passes where and when, and the estimator.

use std::collections::BTreeMap;

use roads::LinkId;

use super::routes::RouteVolume;
use crate::error::Error;

/// Steps of the estimator; differences are far below a vehicle by then.
const STEPS: usize = 400;
/// Steps of Newton's method within one.
const NEWTON_STEPS: usize = 8;
/// A route keeps at least this share of its prior.
const LEAST_SHARE: f64 = 1e-3;
/// Most passes that are remembered (two for each counted link of a route and each slice in which it
/// departs), 8 bytes each.
pub const PASSES_MAX: usize = 60_000_000;

/// Counts by link, and by slice of the window.
pub(super) type Counted = BTreeMap<LinkId, Vec<f64>>;

/// Where and when vehicles pass that depart evenly over a slice: for each route and slice the cells
/// of counts (link and slice) and the share of the vehicles that come there then.
pub(super) struct Passes {
    slices: usize,
    passes: Vec<(u32, f32)>,
    /// Where those of each route and slice begin.
    first: Vec<usize>,
    cells: usize,
}

impl Passes {
    /// `offsets` says when a vehicle that departs on a route in a slice comes onto each of its
    /// links, seconds after departure.
    ///
    /// # Errors
    /// When there are more than [`PASSES_MAX`].
    pub(super) fn new(
        routes: &[RouteVolume],
        counted: &Counted,
        (slices, length): (usize, f64),
        mut offsets: impl FnMut(&RouteVolume, usize, &mut Vec<f64>),
    ) -> Result<Self, Error> {
        let place: BTreeMap<LinkId, usize> = counted.keys().copied().zip(0..).collect();
        let on_counted = |route: &RouteVolume| {
            let known = route.links.iter().filter(|link| place.contains_key(*link));
            known.count()
        };
        let most: usize = routes.iter().map(on_counted).sum::<usize>() * slices * 2;
        if most > PASSES_MAX {
            return Err(Error::Limit {
                what: "number of passes (twice routes × counted links of each × slices; lengthen the \
                       slices, shorten the window or take fewer trips)",
                found: most as u64,
                limit: PASSES_MAX as u64,
            });
        }
        let mut all = Self {
            slices,
            passes: Vec::with_capacity(most),
            first: vec![0],
            cells: counted.len() * slices,
        };
        let mut when = Vec::new();
        for route in routes {
            for slice in 0..slices {
                when.clear();
                offsets(route, slice, &mut when);
                for (link, offset) in route.links.iter().zip(&when) {
                    if let Some(row) = place.get(link) {
                        all.pass(row * slices, slice, offset / length);
                    }
                }
                all.first.push(all.passes.len());
            }
        }
        Ok(all)
    }

    /// Vehicles that depart evenly over a slice and come so many slices later, over two slices.
    fn pass(&mut self, row: usize, slice: usize, later: f64) {
        let later = later.clamp(0.0, self.slices as f64);
        let (whole, part) = (later.floor() as usize, later.fract());
        for (at, share) in [(slice + whole, 1.0 - part), (slice + whole + 1, part)] {
            if at < self.slices && share > 0.0 {
                self.passes.push(((row + at) as u32, share as f32));
            }
        }
    }

    fn of(&self, route: usize, slice: usize) -> &[(u32, f32)] {
        let at = route * self.slices + slice;
        &self.passes[self.first[at]..self.first[at + 1]]
    }

    /// Vehicles in each cell.
    pub(super) fn modelled(&self, routes: &[RouteVolume], into: &mut Vec<f64>) {
        into.clear();
        into.resize(self.cells, 0.0);
        for (number, route) in routes.iter().enumerate() {
            for (slice, volume) in route.volumes.iter().enumerate() {
                for &(cell, share) in self.of(number, slice) {
                    into[cell as usize] += volume * f64::from(share);
                }
            }
        }
    }

    /// Vehicles a probe stands for: counted over observed, on the counted links together.
    pub(super) fn expansion(&self, routes: &[RouteVolume], counted: &Counted) -> f64 {
        let mut seen = Vec::new();
        self.modelled(routes, &mut seen);
        let observed: f64 = seen.iter().sum();
        let counts: f64 = counted.values().flatten().sum();
        if observed > 0.0 && counts > 0.0 {
            counts / observed
        } else {
            1.0
        }
    }

    /// Scales each route's departures towards the counts, by steps of expectation and maximisation
    /// (Dempster, Laird and Rubin 1977): each makes the posterior of the volumes likelier. `trust`
    /// is how much more is known by a count than by as large a volume of the prior: vehicles that a
    /// probe stands for (both are Poisson's), infinite where the prior is a guess.
    pub(super) fn balance(&self, routes: &mut [RouteVolume], counted: &Counted, trust: f64) {
        let counts: Vec<f64> = counted.values().flatten().copied().collect();
        let prior: Vec<f64> = routes
            .iter()
            .flat_map(|route| &route.volumes)
            .copied()
            .collect();
        let (mut modelled, mut ratios) = (Vec::new(), vec![0.0; counts.len()]);
        for _ in 0..STEPS {
            self.modelled(routes, &mut modelled);
            for ((ratio, count), modelled) in ratios.iter_mut().zip(&counts).zip(&modelled) {
                *ratio = count / modelled.max(f64::MIN_POSITIVE);
            }
            for (number, route) in routes.iter_mut().enumerate() {
                for (slice, volume) in route.volumes.iter_mut().enumerate() {
                    let prior = prior[number * self.slices + slice];
                    let (mut passing, mut wanted) = (0.0, 0.0);
                    for &(cell, share) in self.of(number, slice) {
                        passing += f64::from(share);
                        wanted += f64::from(share) * ratios[cell as usize];
                    }
                    if prior <= 0.0 || passing <= 0.0 {
                        continue;
                    }
                    let scale = scaled(*volume / prior, wanted, passing, trust);
                    *volume = prior * scale.max(LEAST_SHARE);
                }
            }
        }
    }
}

/// The next scale of a volume over its prior: where the expected logarithm of the likelihood is
/// greatest, `passing` + ln(scale) / `trust` = `now` · `wanted` / scale (by Newton's method, on the
/// logarithm).
fn scaled(now: f64, wanted: f64, passing: f64, trust: f64) -> f64 {
    let seen = now * wanted;
    if trust.is_infinite() {
        return seen / passing;
    }
    let mut log = now.ln();
    for _ in 0..NEWTON_STEPS {
        let pull = seen * (-log).exp();
        let off = passing + log / trust - pull;
        log -= (off / (1.0 / trust + pull)).clamp(-1.0, 1.0);
    }
    log.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_scale_solves_its_equation() {
        for (now, wanted, passing, trust) in [
            (1.0, 3.0, 2.0, 10.0),
            (0.2, 0.5, 5.0, 1.0),
            (5.0, 40.0, 3.0, 20.0),
        ] {
            let scale = scaled(now, wanted, passing, trust);
            let off = passing + scale.ln() / trust - now * wanted / scale;
            assert!(off.abs() < 1e-6, "{scale} {off}");
        }
        assert!((scaled(2.0, 3.0, 4.0, f64::INFINITY) - 1.5).abs() < 1e-12);
    }
}
