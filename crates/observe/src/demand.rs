//! Origin–destination demand from matched probe trips and link counts, good enough to start a
//! world from.
//!
//! Volumes belong to routes and slices of departure, so origins, destinations, ways and times
//! come out together; when a vehicle comes onto which link of its route is taken from the probes.
//! Probe trips, expanded, are the prior; counts by link and quarter hour then scale the volumes by the entropy estimator of Van
//! Zuylen and Willumsen (1980): the volumes nearest to the prior, in information, that reproduce
//! the counts have the form x = x₀ · Π over counted links of a factor. The factors are found by
//! simultaneous multiplicative steps (SMART; Byrne 1993), which settle on a compromise where counts
//! contradict one another. Without probes the prior is every way from edge to edge, weighted by
//! what is counted where it begins and ends.

use std::collections::BTreeMap;

use roads::generate::Random;
use roads::route::{Costs, LinkGraph, Tree, TurnPenalties};
use roads::{Demand, Flow, LinkId, Network, VehicleType};
use serde::{Deserialize, Serialize};

use crate::bins::Bin;
use crate::error::Error;
use crate::table::Count;
use crate::turning::{Trip, complete};

/// Steps of the estimator; differences are far below a vehicle by then.
const STEPS: usize = 400;
/// Most routes.
pub const ROUTES_MAX: usize = 2_000_000;
/// Most vehicles of an estimated demand.
pub const VEHICLES_MAX: f64 = 20_000_000.0;
/// Probes of a route that all routes together count for when it is asked when it departs.
const ALL_WEIGHT: f64 = 4.0;
/// Most slices of a window.
const SLICES_MAX: f64 = 10_000.0;
/// A route keeps at least this share of its prior.
const LEAST_SHARE: f64 = 1e-3;

/// How demand is estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct DemandOptions {
    /// Begin of the window, seconds since midnight: second 0 of the demand.
    pub from: f64,
    /// End of the window.
    pub to: f64,
    /// Length of the slices in which vehicles depart, seconds: that of the counts or more. Platoons
    /// shorter than this are smoothed away, and with them the queues that they make.
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

/// A route with its volume in each slice of departure.
struct RouteVolume {
    links: Vec<LinkId>,
    /// When a vehicle comes onto each link, seconds after departure.
    offsets: Vec<f64>,
    volumes: Vec<f64>,
}

impl RouteVolume {
    fn volume(&self) -> f64 {
        self.volumes.iter().sum()
    }

    /// Where and when vehicles that depart evenly over a slice come onto links: link,
    /// quarter hour of the window, share.
    fn passes(&self, slice: usize, length: f64) -> impl Iterator<Item = (LinkId, usize, f64)> + '_ {
        let slices = self.volumes.len();
        let each = self.links.iter().zip(&self.offsets);
        each.flat_map(move |(&link, &offset)| {
            let late = (offset / length).clamp(0.0, slices as f64);
            let (whole, part) = (late.floor() as usize, late.fract());
            let first = slice + whole;
            [(link, first, 1.0 - part), (link, first + 1, part)]
        })
        .filter(move |&(_, at, share)| at < slices && share > 0.0)
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
    let mut counted: BTreeMap<LinkId, Vec<f64>> = BTreeMap::new();
    for count in counts {
        let known = count.link.index() < network.links.len() && count.vehicles >= 0.0;
        if let Some(slice) = slice(count.at).filter(|_| known) {
            counted
                .entry(count.link)
                .or_insert_with(|| vec![0.0; slices])[slice] += count.vehicles;
        }
    }
    let trips = complete(trips, options.to, options.seed);
    let mut routes = from_trips(&trips, slices, slice);
    if routes.is_empty() {
        routes = from_edges(network, &counted, slices);
    }
    if routes.is_empty() {
        return Err(Error::Nothing(
            "there are neither trips in the window nor counts where traffic enters and leaves"
                .to_owned(),
        ));
    }
    let expansion = options
        .expansion
        .unwrap_or_else(|| expansion(&routes, &counted, length));
    for volume in routes.iter_mut().flat_map(|route| &mut route.volumes) {
        *volume *= expansion;
    }
    balance(&mut routes, &counted, slices, length);
    let vehicles: f64 = routes.iter().map(RouteVolume::volume).sum();
    if vehicles > VEHICLES_MAX {
        return Err(Error::Limit {
            what: "number of estimated vehicles",
            found: vehicles as u64,
            limit: VEHICLES_MAX as u64,
        });
    }
    let modelled = volumes(&routes, length);
    let pairs: Vec<(f64, f64)> = counted
        .iter()
        .map(|(link, counts)| {
            let model = modelled.get(link).copied().unwrap_or(0.0);
            (model, counts.iter().sum())
        })
        .collect();
    let demand = departures(&routes, options, span);
    Ok(Estimated {
        vehicles: demand.flows.len(),
        demand,
        expansion,
        fit: (!pairs.is_empty()).then(|| fit(&pairs, span / 3600.0)),
    })
}

/// Distinct routes of trips that begin in the window. When a route's few probes departed says
/// little, so its departures lean on those of all routes together.
fn from_trips(
    trips: &[Trip],
    slices: usize,
    slice: impl Fn(f64) -> Option<usize>,
) -> Vec<RouteVolume> {
    // Half a probe more in each: none seen does not mean that nobody departed.
    let mut all = vec![0.5; slices];
    let mut routes: BTreeMap<&[LinkId], (Vec<usize>, Vec<f64>)> = BTreeMap::new();
    for trip in trips.iter().filter(|trip| trip.links.len() > 1) {
        if let Some(slice) = slice(trip.start) {
            all[slice] += 1.0;
            let route = routes.entry(&trip.links).or_default();
            route.0.push(slice);
            route.1.resize(trip.links.len(), 0.0);
            for (sum, offset) in route.1.iter_mut().zip(&trip.offsets) {
                *sum += offset;
            }
        }
    }
    let total: f64 = all.iter().sum();
    routes
        .into_iter()
        .take(ROUTES_MAX)
        .map(|(links, (departed, sums))| {
            let count = departed.len() as f64;
            let own = count / (count + ALL_WEIGHT);
            let mut volumes: Vec<f64> = all
                .iter()
                .map(|all| count * (1.0 - own) * all / total)
                .collect();
            for slice in departed {
                volumes[slice] += own;
            }
            RouteVolume {
                links: links.to_vec(),
                offsets: sums.iter().map(|sum| sum / count).collect(),
                volumes,
            }
        })
        .collect()
}

/// The fastest way from every counted link where traffic enters to every one where it leaves.
fn from_edges(
    network: &Network,
    counted: &BTreeMap<LinkId, Vec<f64>>,
    slices: usize,
) -> Vec<RouteVolume> {
    let graph = LinkGraph::new(network);
    let costs = Costs::free_flow(network, &TurnPenalties::default());
    let edge = |junction: roads::JunctionId| network.junctions[junction.index()].boundary;
    let count = |link: &LinkId| counted.get(link).map_or(0.0, |counts| counts.iter().sum());
    let on_edge = |pick: fn(&roads::model::Link) -> roads::JunctionId| -> Vec<(LinkId, f64)> {
        (0..network.links.len())
            .map(LinkId::from)
            .filter(|link| edge(pick(&network.links[link.index()])))
            .map(|link| (link, count(&link)))
            .filter(|(_, count)| *count > 0.0)
            .collect()
    };
    let (enters, leaves) = (on_edge(|link| link.from), on_edge(|link| link.to));
    let left: f64 = leaves.iter().map(|leave| leave.1).sum();
    let mut tree = Tree::new();
    let mut routes = Vec::new();
    for (enter, entered) in enters {
        tree.grow_from(&graph, &costs, enter);
        for &(leave, count) in &leaves {
            if let Some(links) = tree.path(leave).filter(|links| links.len() > 1)
                && routes.len() < ROUTES_MAX
            {
                let first = costs.links[enter.index()] as f64 / 1000.0;
                let after = |link: &LinkId| {
                    let end = tree.cost(*link).unwrap_or(0) as f64;
                    let own = costs.links[link.index()] as f64;
                    ((end - own) / 1000.0 + first).max(0.0)
                };
                let mut offsets: Vec<f64> = links.iter().map(after).collect();
                offsets[0] = 0.0;
                routes.push(RouteVolume {
                    volumes: vec![entered * count / left / slices as f64; slices],
                    links,
                    offsets,
                });
            }
        }
    }
    routes
}

/// Vehicles a probe stands for: counted over observed, on the counted links together.
fn expansion(routes: &[RouteVolume], counted: &BTreeMap<LinkId, Vec<f64>>, length: f64) -> f64 {
    let seen = volumes(routes, length);
    let observed: f64 = counted.keys().filter_map(|link| seen.get(link)).sum();
    let counts: f64 = counted.values().flatten().sum();
    if observed > 0.0 && counts > 0.0 {
        counts / observed
    } else {
        1.0
    }
}

/// Vehicles that come onto each link within the window.
fn volumes(routes: &[RouteVolume], length: f64) -> BTreeMap<LinkId, f64> {
    let mut volumes = BTreeMap::new();
    for route in routes {
        for (slice, &volume) in route.volumes.iter().enumerate() {
            for (link, _, share) in route.passes(slice, length) {
                *volumes.entry(link).or_insert(0.0) += volume * share;
            }
        }
    }
    volumes
}

/// Scales each route's departures until they reproduce the counts of links and quarter hours as
/// well as they can.
fn balance(
    routes: &mut [RouteVolume],
    counted: &BTreeMap<LinkId, Vec<f64>>,
    slices: usize,
    length: f64,
) {
    let place: BTreeMap<LinkId, usize> = counted.keys().copied().zip(0..).collect();
    let counts: Vec<f64> = counted
        .values()
        .flatten()
        .map(|count| count.max(0.5)) // nothing counted is less than one vehicle
        .collect();
    // By route and slice of departure: cells of counts and shares.
    let cells: Vec<Vec<Vec<(u32, f64)>>> = routes
        .iter()
        .map(|route| {
            let of = |slice: usize| {
                let known = |(link, at, share): (LinkId, usize, f64)| {
                    place
                        .get(&link)
                        .map(|row| ((row * slices + at) as u32, share))
                };
                route.passes(slice, length).filter_map(known).collect()
            };
            (0..slices).map(of).collect()
        })
        .collect();
    let longest = cells
        .iter()
        .flatten()
        .map(|cells| cells.iter().map(|cell| cell.1).sum());
    let longest = longest.fold(1.0, f64::max);
    let prior: Vec<Vec<f64>> = routes.iter().map(|route| route.volumes.clone()).collect();
    let mut modelled = vec![0.0; counts.len()];
    for _ in 0..STEPS {
        modelled.fill(0.0);
        for (route, cells) in routes.iter().zip(&cells) {
            for (volume, cells) in route.volumes.iter().zip(cells) {
                for &(cell, share) in cells {
                    modelled[cell as usize] += volume * share;
                }
            }
        }
        for ((route, cells), prior) in routes.iter_mut().zip(&cells).zip(&prior) {
            for ((volume, cells), prior) in route.volumes.iter_mut().zip(cells).zip(prior) {
                let pull: f64 = cells
                    .iter()
                    .map(|&(cell, share)| {
                        let cell = cell as usize;
                        share * (counts[cell] / modelled[cell].max(f64::MIN_POSITIVE)).ln()
                    })
                    .sum();
                // Steps of one over the longest route never overshoot; twice that still settles.
                *volume = (*volume * (2.0 * pull / longest).exp()).max(prior * LEAST_SHARE);
            }
        }
    }
}

/// Departures: whole vehicles, by largest remainder over all routes, spread over their
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
