//! Origin–destination demand from matched probe trips and link counts, good enough to start a
//! world from.
//!
//! Volumes belong to routes and slices of departure, so origins, destinations, ways and times
//! come out together; when a vehicle comes onto which link of its route is taken from the probes,
//! by turn and slice. Probe trips are Poisson's sample of the vehicles and counts Poisson's too, so
//! the volumes are those of the greatest likelihood, as in Spiess (Transportation Research B 21,
//! 1987): the expanded trips, changed no more (in information, as in Van Zuylen and Willumsen 1980)
//! than the counts by link and slice weigh. They are found by expectation and maximisation, which
//! settles on a compromise where counts contradict one another. Without probes the prior is every
//! way from edge to edge, weighted by what is counted where it begins and ends, and the counts decide.

mod balance;
mod routes;

use roads::generate::Random;
use roads::{Demand, Flow, Network, VehicleType};
use serde::{Deserialize, Serialize};

use crate::bins::Bin;
use crate::error::Error;
use crate::table::Count;
use crate::turning::{Trip, complete};

pub use balance::PASSES_MAX;
use balance::Passes;
use routes::{Dwell, RouteVolume, counted, from_edges, from_trips};
pub use routes::{ROUTES_MAX, VOLUMES_MAX};

/// Most vehicles of an estimated demand.
pub const VEHICLES_MAX: f64 = 20_000_000.0;
/// Most slices of a window.
const SLICES_MAX: f64 = 10_000.0;

/// How demand is estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct DemandOptions {
    /// Begin of the window, seconds since midnight: second 0 of the demand.
    pub from: f64,
    /// End of the window.
    pub to: f64,
    /// Length of the slices in which vehicles depart, seconds: that of the counts or more, and some
    /// signal cycles; counts in a slice of one cycle say more of platoons than of demand.
    pub slice_s: f64,
    /// Vehicles that a probe stands for; `None` takes it from the counts.
    pub expansion: Option<f64>,
    /// What drives.
    pub vehicle: VehicleType,
    /// Seed of the departures within their quarter hours.
    pub seed: u64,
}

/// How well the estimate reproduces the counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Links with counts.
    pub links: usize,
    /// Share of them with GEH below 5.
    pub geh_below_5: f64,
    /// Mean GEH.
    pub geh_mean: f64,
    /// Estimated vehicles over counted vehicles, summed over those links.
    pub ratio: f64,
}

/// An estimated demand.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimated {
    /// The demand, second 0 at the window's begin.
    pub demand: Demand,
    /// Vehicles of it.
    pub vehicles: usize,
    /// Vehicles that a probe stood for in the prior.
    pub expansion: f64,
    /// How well it fits, if anything was counted.
    pub fit: Option<Fit>,
}

/// The GEH statistic of two hourly volumes, √(2 (m − c)² / (m + c)); below 5 is good (UK DMRB vol.
/// 12; TAG unit M3.1).
pub fn geh(modelled: f64, counted: f64) -> f64 {
    let sum = modelled + counted;
    if sum > 0.0 {
        (2.0 * (modelled - counted).powi(2) / sum).sqrt()
    } else {
        0.0
    }
}

/// GEH over links, from (modelled, counted) in the window and the window's hours.
pub fn fit(volumes: &[(f64, f64)], hours: f64) -> Fit {
    let each: Vec<f64> = volumes
        .iter()
        .map(|&(m, c)| geh(m / hours, c / hours))
        .collect();
    let count = each.len().max(1) as f64;
    let sum = |pick: fn(&(f64, f64)) -> f64| volumes.iter().map(pick).sum::<f64>();
    Fit {
        links: each.len(),
        geh_below_5: each.iter().filter(|&&g| g < 5.0).count() as f64 / count,
        geh_mean: each.iter().sum::<f64>() / count,
        ratio: sum(|v| v.0) / sum(|v| v.1),
    }
}

/// Estimates demand.
///
/// # Errors
/// When the window is empty, or there are neither trips nor counts in it.
pub fn estimate_demand(
    network: &Network,
    trips: &[Trip],
    counts: &[Count],
    options: &DemandOptions,
) -> Result<Estimated, Error> {
    let span = options.to - options.from;
    if !(span > 0.0 && span.is_finite() && Bin::at(options.from).is_some()) {
        let found = format!("{} to {}", options.from, options.to);
        let wanted = "it must have a length and begin at or after midnight";
        return Err(Error::argument("the window", found, wanted));
    }
    let length = options.slice_s;
    if !(length >= 1.0 && span / length <= SLICES_MAX) {
        let wanted = "it must be at least 1 s, and at most 10,000 must make the window";
        return Err(Error::argument("the length of a slice", length, wanted));
    }
    let slices = (span / length).ceil().max(1.0) as usize;
    let slice = |time: f64| {
        let at = ((time - options.from) / length).floor();
        (at >= 0.0 && at < slices as f64 && time < options.to).then_some(at as usize)
    };
    let counted = counted(network, counts, slices, slice)?;
    let trips = complete(trips, options.to, options.seed);
    let mut routes = from_trips(&trips, slices, slice)?;
    let seen = !routes.is_empty();
    if !seen {
        routes = from_edges(network, &counted, slices)?;
    }
    if routes.is_empty() {
        return Err(Error::Nothing(
            "there are neither trips in the window nor counts where traffic enters and leaves"
                .to_owned(),
        ));
    }
    let dwell = Dwell::of(&trips, (slices, length), options.from);
    let passes = Passes::new(&routes, &counted, (slices, length), |route, slice, into| {
        dwell.offsets(route, slice, length, into);
    })?;
    let expansion = options
        .expansion
        .unwrap_or_else(|| passes.expansion(&routes, &counted));
    for volume in routes.iter_mut().flat_map(|route| &mut route.volumes) {
        *volume *= expansion;
    }
    let trust = if seen { expansion } else { f64::INFINITY };
    passes.balance(&mut routes, &counted, trust);
    let vehicles: f64 = routes.iter().map(RouteVolume::volume).sum();
    if vehicles > VEHICLES_MAX {
        return Err(Error::Limit {
            what: "number of estimated vehicles",
            found: vehicles as u64,
            limit: VEHICLES_MAX as u64,
        });
    }
    let mut modelled = Vec::new();
    passes.modelled(&routes, &mut modelled);
    let pairs: Vec<(f64, f64)> = modelled
        .chunks(slices)
        .zip(counted.values())
        .map(|(model, counts)| (model.iter().sum(), counts.iter().sum()))
        .collect();
    let demand = departures(&routes, options, span);
    Ok(Estimated {
        vehicles: demand.flows.len(),
        demand,
        expansion,
        fit: (!pairs.is_empty()).then(|| fit(&pairs, span / 3600.0)),
    })
}

/// Departures: whole vehicles, by systematic rounding over all routes, spread over their
/// slices.
fn departures(routes: &[RouteVolume], options: &DemandOptions, span: f64) -> Demand {
    let mut random = Random::new(options.seed, 0x6f64);
    let mut flows = Vec::new();
    let slices = routes.first().map_or(0, |route| route.volumes.len());
    let mut carried = random.unit();
    for slice in 0..slices {
        for (index, route) in routes.iter().enumerate() {
            // Systematic rounding: the whole is kept, and each route within one vehicle.
            carried += route.volumes[slice];
            let vehicles = carried.floor();
            carried -= vehicles;
            for _ in 0..vehicles as u64 {
                let within = (slice as f64 + random.unit()) * options.slice_s;
                let start = within.min(span - 1.0).max(0.0).floor();
                flows.push(Flow {
                    id: None,
                    vehicle_type: 0,
                    route: index as u32,
                    interval: 1.0,
                    start,
                    end: Some(start),
                });
            }
        }
    }
    flows.sort_by(|a, b| a.start.total_cmp(&b.start));
    Demand {
        types: vec![options.vehicle.clone()],
        routes: routes.iter().map(|route| route.links.clone()).collect(),
        flows,
    }
}

#[cfg(test)]
mod tests;
