//! Origin–destination demand from matched probe trips and link counts, good enough to start a
//! world from.
//!
//! Volumes belong to routes, so origins, destinations and ways come out together. Probe trips,
//! expanded, are the prior; counts then scale the routes over them by the entropy estimator of Van
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

use crate::bins::{BIN_SECONDS, Bin};
use crate::error::Error;
use crate::table::Count;
use crate::turning::Trip;

/// Steps of the estimator; differences are far below a vehicle by then.
const STEPS: usize = 400;
/// Most routes.
pub const ROUTES_MAX: usize = 2_000_000;
/// Most vehicles of an estimated demand.
pub const VEHICLES_MAX: f64 = 20_000_000.0;
/// A route keeps at least this share of its prior.
const LEAST_SHARE: f64 = 1e-3;

/// How demand is estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct DemandOptions {
    /// Begin of the window, seconds since midnight: second 0 of the demand.
    pub from: f64,
    /// End of the window.
    pub to: f64,
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

/// A route with its volume and when it departs.
struct RouteVolume {
    links: Vec<LinkId>,
    volume: f64,
    /// Departures by quarter hour of the window, in proportion.
    profile: Vec<f64>,
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
    let slices = (span / BIN_SECONDS).ceil().max(1.0) as usize;
    let slice = |time: f64| {
        let at = ((time - options.from) / BIN_SECONDS).floor();
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
    let totals: BTreeMap<LinkId, f64> = counted
        .iter()
        .map(|(&link, by_slice)| (link, by_slice.iter().sum()))
        .collect();
    let mut routes = from_trips(trips, slices, slice);
    if routes.is_empty() {
        routes = from_edges(network, &totals, slices);
    }
    if routes.is_empty() {
        return Err(Error::Nothing(
            "there are neither trips in the window nor counts where traffic enters and leaves"
                .to_owned(),
        ));
    }
    let expansion = options
        .expansion
        .unwrap_or_else(|| expansion(&routes, &totals));
    for route in &mut routes {
        route.volume *= expansion;
    }
    balance(&mut routes, &totals);
    let vehicles: f64 = routes.iter().map(|route| route.volume).sum();
    if vehicles > VEHICLES_MAX {
        return Err(Error::Limit {
            what: "number of estimated vehicles",
            found: vehicles as u64,
            limit: VEHICLES_MAX as u64,
        });
    }
    for route in &mut routes {
        // The quarter hours of the link where it begins, if it is counted there.
        if let Some(by_slice) = route.links.first().and_then(|link| counted.get(link))
            && by_slice.iter().sum::<f64>() > 0.0
        {
            route.profile.clone_from(by_slice);
        }
    }
    let modelled = volumes(&routes);
    let pairs: Vec<(f64, f64)> = totals
        .iter()
        .map(|(link, &count)| (modelled.get(link).copied().unwrap_or(0.0), count))
        .collect();
    let demand = departures(&routes, options, span);
    Ok(Estimated {
        vehicles: demand.flows.len(),
        demand,
        expansion,
        fit: (!pairs.is_empty()).then(|| fit(&pairs, span / 3600.0)),
    })
}

/// Distinct routes of trips that begin in the window.
fn from_trips(
    trips: &[Trip],
    slices: usize,
    slice: impl Fn(f64) -> Option<usize>,
) -> Vec<RouteVolume> {
    let mut all = vec![0.0; slices];
    let mut routes: BTreeMap<&[LinkId], f64> = BTreeMap::new();
    for trip in trips.iter().filter(|trip| trip.links.len() > 1) {
        if let Some(slice) = slice(trip.start) {
            all[slice] += 1.0;
            *routes.entry(&trip.links).or_default() += 1.0;
        }
    }
    routes
        .into_iter()
        .take(ROUTES_MAX)
        .map(|(links, volume)| RouteVolume {
            links: links.to_vec(),
            volume,
            profile: all.clone(),
        })
        .collect()
}

/// The fastest way from every counted link where traffic enters to every one where it leaves.
fn from_edges(
    network: &Network,
    totals: &BTreeMap<LinkId, f64>,
    slices: usize,
) -> Vec<RouteVolume> {
    let graph = LinkGraph::new(network);
    let costs = Costs::free_flow(network, &TurnPenalties::default());
    let edge = |junction: roads::JunctionId| network.junctions[junction.index()].boundary;
    let counted = |link: LinkId| totals.get(&link).copied().filter(|&count| count > 0.0);
    let links: Vec<LinkId> = (0..network.links.len()).map(LinkId::from).collect();
    let enters = links
        .iter()
        .filter(|l| edge(network.links[l.index()].from))
        .filter_map(|&link| Some((link, counted(link)?)));
    let leaves: Vec<(LinkId, f64)> = links
        .iter()
        .filter(|l| edge(network.links[l.index()].to))
        .filter_map(|&link| Some((link, counted(link)?)))
        .collect();
    let left: f64 = leaves.iter().map(|leave| leave.1).sum();
    let mut tree = Tree::new();
    let mut routes = Vec::new();
    for (enter, entered) in enters {
        tree.grow_from(&graph, &costs, enter);
        for &(leave, count) in &leaves {
            if let Some(links) = tree.path(leave).filter(|links| links.len() > 1)
                && routes.len() < ROUTES_MAX
            {
                routes.push(RouteVolume {
                    links,
                    volume: entered * count / left,
                    profile: vec![1.0; slices],
                });
            }
        }
    }
    routes
}

/// Vehicles a probe stands for: counted over observed, on the counted links together.
fn expansion(routes: &[RouteVolume], totals: &BTreeMap<LinkId, f64>) -> f64 {
    let seen = volumes(routes);
    let observed: f64 = totals.keys().filter_map(|link| seen.get(link)).sum();
    let counted: f64 = totals.values().sum();
    if observed > 0.0 && counted > 0.0 {
        counted / observed
    } else {
        1.0
    }
}

fn volumes(routes: &[RouteVolume]) -> BTreeMap<LinkId, f64> {
    let mut volumes = BTreeMap::new();
    for route in routes {
        for &link in &route.links {
            *volumes.entry(link).or_insert(0.0) += route.volume;
        }
    }
    volumes
}

/// Scales routes until they reproduce the counts as well as they can.
fn balance(routes: &mut [RouteVolume], totals: &BTreeMap<LinkId, f64>) {
    let size = totals.keys().last().map_or(0, |link| link.index() + 1);
    let mut counted = vec![-1.0; size];
    for (link, &count) in totals {
        counted[link.index()] = count.max(0.5); // nothing counted is less than one vehicle
    }
    let on: Vec<Vec<u32>> = routes
        .iter()
        .map(|route| {
            let known = |link: &&LinkId| counted.get(link.index()).is_some_and(|&c| c >= 0.0);
            route.links.iter().filter(known).map(|link| link.0).collect()
        })
        .collect();
    let longest = on.iter().map(Vec::len).max().unwrap_or(0).max(1) as f64;
    let prior: Vec<f64> = routes.iter().map(|route| route.volume).collect();
    let mut modelled = vec![0.0; size];
    for _ in 0..STEPS {
        modelled.fill(0.0);
        for (route, on) in routes.iter().zip(&on) {
            for &link in on {
                modelled[link as usize] += route.volume;
            }
        }
        for ((route, on), prior) in routes.iter_mut().zip(&on).zip(&prior) {
            let ratios = on.iter().map(|&link| {
                let link = link as usize;
                (counted[link] / modelled[link].max(f64::MIN_POSITIVE)).ln()
            });
            // Steps of one over the longest route never overshoot; twice that still settles.
            let step = 2.0 * ratios.sum::<f64>() / longest;
            route.volume = (route.volume * step.exp()).max(prior * LEAST_SHARE);
        }
    }
}

/// Departures: whole vehicles, by largest remainder over all routes, spread over their quarter
/// hours.
fn departures(routes: &[RouteVolume], options: &DemandOptions, span: f64) -> Demand {
    let mut random = Random::new(options.seed, 0x6f64);
    let mut flows = Vec::new();
    let mut carried = random.unit();
    for (index, route) in routes.iter().enumerate() {
        // Systematic rounding: the whole is kept, and each route within one vehicle.
        carried += route.volume;
        let vehicles = carried.floor();
        carried -= vehicles;
        let total: f64 = route.profile.iter().sum();
        for _ in 0..vehicles as u64 {
            let mut rest = random.unit() * total;
            let mut slice = 0;
            while slice + 1 < route.profile.len() && rest >= route.profile[slice] {
                rest -= route.profile[slice];
                slice += 1;
            }
            let within = (slice as f64 + random.unit()) * BIN_SECONDS;
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
    flows.sort_by(|a, b| a.start.total_cmp(&b.start));
    Demand {
        types: vec![options.vehicle.clone()],
        routes: routes.iter().map(|route| route.links.clone()).collect(),
        flows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roads::generate::{GridSpec, grid};

    fn options() -> DemandOptions {
        DemandOptions {
            from: 0.0,
            to: 3600.0,
            expansion: None,
            vehicle: VehicleType::default(),
            seed: 1,
        }
    }

    fn count(link: LinkId, vehicles: f64) -> Count {
        Count {
            link,
            at: 1000.0,
            vehicles,
            speed: None,
        }
    }

    #[test]
    fn counts_scale_the_routes_over_them() {
        let network = grid(&GridSpec::default()).unwrap();
        let (a, b) = (&network.turns[0], &network.turns[1]);
        let trip = |vehicle: u64, turn: &roads::model::Turn| Trip {
            vehicle,
            links: vec![turn.from, turn.to],
            start: 100.0,
            end: 200.0,
        };
        assert_eq!(a.from, b.from);
        let trips = [trip(1, a), trip(2, a), trip(3, b)];
        let counts = [count(a.from, 300.0), count(a.to, 100.0)];
        let found = estimate_demand(&network, &trips, &counts, &options()).unwrap();
        let on = |links: &[LinkId]| {
            let flows = found.demand.flows.iter();
            flows
                .filter(|flow| found.demand.routes[flow.route as usize] == links)
                .count()
        };
        assert!((99..=101).contains(&on(&[a.from, a.to])), "{}", on(&[a.from, a.to]));
        assert!((199..=201).contains(&on(&[b.from, b.to])));
        let fit = found.fit.unwrap();
        assert!((fit.geh_below_5 - 1.0).abs() < 1e-12 && fit.links == 2);
        assert_eq!(found, estimate_demand(&network, &trips, &counts, &options()).unwrap());
    }

    #[test]
    fn counts_alone_give_ways_from_edge_to_edge() {
        let network = grid(&GridSpec::default()).unwrap();
        let edge = |j: roads::JunctionId| network.junctions[j.index()].boundary;
        let counts: Vec<Count> = (0..network.links.len())
            .filter(|&l| edge(network.links[l].from) || edge(network.links[l].to))
            .map(|l| count(LinkId::from(l), 100.0))
            .collect();
        let found = estimate_demand(&network, &[], &counts, &options()).unwrap();
        let graph = LinkGraph::new(&network);
        assert!(found.demand.routes.iter().all(|route| graph.is_drivable(route)));
        assert!(found.fit.unwrap().geh_below_5 > 0.95, "{:?}", found.fit);
    }

    #[test]
    fn nothing_and_nonsense_are_refused() {
        let network = grid(&GridSpec::default()).unwrap();
        assert!(estimate_demand(&network, &[], &[], &options()).is_err());
        let backwards = DemandOptions {
            to: -1.0,
            ..options()
        };
        assert!(estimate_demand(&network, &[], &[], &backwards).is_err());
    }

    #[test]
    fn geh_is_that_of_the_manual() {
        assert!((geh(120.0, 100.0) - (2.0 * 400.0 / 220.0_f64).sqrt()).abs() < 1e-12);
        assert!(geh(0.0, 0.0).abs() < 1e-12);
    }
}
