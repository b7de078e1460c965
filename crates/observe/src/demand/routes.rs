//! The routes of a demand: those of probes, or every way from edge to edge; and when a vehicle comes
//! onto which link of its route.

use std::collections::BTreeMap;

use roads::route::{Costs, LinkGraph, Tree, TurnPenalties};
use roads::{LinkId, Network};

use super::balance::Counted;
use crate::error::Error;
use crate::table::Count;
use crate::turning::Trip;

/// Most routes.
pub const ROUTES_MAX: usize = 2_000_000;
/// Most volumes (route and slice), most counts (link and slice) and most links of all routes
/// together.
pub const VOLUMES_MAX: usize = 20_000_000;
/// Probes of a route that all routes together count for when it is asked when it departs.
const ALL_WEIGHT: f64 = 4.0;
/// Probes that the whole window counts for when it is asked how long a turn takes in a slice.
const WINDOW_WEIGHT: f64 = 1.0;

/// A route with its volume in each slice of departure.
pub(super) struct RouteVolume {
    pub(super) links: Vec<LinkId>,
    /// When a vehicle comes onto each link, seconds after departure, where nothing tells more.
    pub(super) offsets: Vec<f64>,
    pub(super) volumes: Vec<f64>,
}

impl RouteVolume {
    pub(super) fn volume(&self) -> f64 {
        self.volumes.iter().sum()
    }
}

/// Counts by link and slice.
///
/// # Errors
/// When there are more cells than fit into memory.
pub(super) fn counted(
    network: &Network,
    counts: &[Count],
    slices: usize,
    slice: impl Fn(f64) -> Option<usize>,
) -> Result<Counted, Error> {
    let mut counted = Counted::new();
    for count in counts {
        let known = count.link.index() < network.links.len() && count.vehicles >= 0.0;
        if let Some(slice) = slice(count.at).filter(|_| known) {
            let cells = counted
                .entry(count.link)
                .or_insert_with(|| vec![0.0; slices]);
            cells[slice] += count.vehicles;
            let all = counted.len() * slices;
            if all > VOLUMES_MAX {
                return Err(Error::Limit {
                    what: "number of counted links times slices (lengthen the slices or shorten the \
                           window)",
                    found: all as u64,
                    limit: VOLUMES_MAX as u64,
                });
            }
        }
    }
    Ok(counted)
}

/// Refuses what would not fit into memory.
fn bounded(routes: usize, slices: usize, links: usize) -> Result<(), Error> {
    let limit = |what, found: usize, limit: usize| Error::Limit {
        what,
        found: found as u64,
        limit: limit as u64,
    };
    if routes > ROUTES_MAX {
        let what = "number of routes (take fewer trips, or counts at fewer edges)";
        return Err(limit(what, routes, ROUTES_MAX));
    }
    let volumes = routes.saturating_mul(slices);
    if volumes > VOLUMES_MAX {
        let what = "number of routes times slices (lengthen the slices or shorten the window)";
        return Err(limit(what, volumes, VOLUMES_MAX));
    }
    if links > VOLUMES_MAX {
        let what = "number of links of all routes (take fewer trips, or counts at fewer edges)";
        return Err(limit(what, links, VOLUMES_MAX));
    }
    Ok(())
}

/// Distinct routes of trips that begin in the window. When a route's few probes departed says
/// little, so its departures lean on those of all routes together.
///
/// # Errors
/// When there are more than fit into memory.
pub(super) fn from_trips(
    trips: &[Trip],
    slices: usize,
    slice: impl Fn(f64) -> Option<usize>,
) -> Result<Vec<RouteVolume>, Error> {
    // Half a probe more in each: none seen does not mean that nobody departed.
    let mut all = vec![0.5; slices];
    let mut routes: BTreeMap<&[LinkId], (Vec<usize>, Vec<f64>)> = BTreeMap::new();
    let mut links = 0;
    for trip in trips.iter().filter(|trip| trip.links.len() > 1) {
        if let Some(slice) = slice(trip.start) {
            all[slice] += 1.0;
            let route = routes.entry(&trip.links).or_default();
            if route.0.is_empty() {
                links += trip.links.len();
            }
            route.0.push(slice);
            route.1.resize(trip.links.len(), 0.0);
            for (sum, offset) in route.1.iter_mut().zip(&trip.offsets) {
                *sum += offset;
            }
        }
    }
    bounded(routes.len(), slices, links)?;
    let total: f64 = all.iter().sum();
    let each = routes.into_iter().map(|(links, (departed, sums))| {
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
    });
    Ok(each.collect())
}

/// The fastest way from every counted link where traffic enters to every one where it leaves.
///
/// # Errors
/// When there are more than fit into memory.
pub(super) fn from_edges(
    network: &Network,
    counted: &Counted,
    slices: usize,
) -> Result<Vec<RouteVolume>, Error> {
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
    let mut all = 0;
    for (enter, entered) in enters {
        tree.grow_from(&graph, &costs, enter);
        for &(leave, count) in &leaves {
            let Some(links) = tree.path(leave).filter(|links| links.len() > 1) else {
                continue;
            };
            all += links.len();
            bounded(routes.len() + 1, slices, all)?;
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
    Ok(routes)
}

/// How long vehicles take over a link before they make a turn, by slice in which they come onto it:
/// where a turn is over capacity, the later the longer. With one time for the whole window those who
/// come late would seem to have passed, and counts would take them off the demand.
pub(super) struct Dwell {
    /// Sum of times and number of probes by slice in which there are some, and in all.
    turns: BTreeMap<(LinkId, LinkId), (BTreeMap<usize, (f64, f64)>, (f64, f64))>,
    slices: usize,
}

impl Dwell {
    /// From trips, for demand with such slices; the last takes what comes later.
    pub(super) fn of(trips: &[Trip], (slices, length): (usize, f64), from: f64) -> Self {
        let mut dwell = Self {
            turns: BTreeMap::new(),
            slices,
        };
        for trip in trips {
            for (pair, times) in trip.links.windows(2).zip(trip.offsets.windows(2)) {
                let (by_slice, all) = dwell.turns.entry((pair[0], pair[1])).or_default();
                let at = at((trip.start - from + times[0]) / length, slices);
                for sum in [by_slice.entry(at).or_default(), all] {
                    sum.0 += times[1] - times[0];
                    sum.1 += 1.0;
                }
            }
        }
        dwell
    }

    /// When a vehicle that departs in the middle of a slice comes onto each link.
    pub(super) fn offsets(
        &self,
        route: &RouteVolume,
        slice: usize,
        length: f64,
        into: &mut Vec<f64>,
    ) {
        let mut time = 0.0;
        for (place, &link) in route.links.iter().enumerate() {
            into.push(time);
            let Some(&next) = route.links.get(place + 1) else {
                return;
            };
            let Some((by_slice, all)) = self.turns.get(&(link, next)) else {
                time += route.offsets[place + 1] - route.offsets[place];
                continue;
            };
            let now = at(slice as f64 + 0.5 + time / length, self.slices);
            let own = by_slice.get(&now).copied().unwrap_or_default();
            time += (own.0 + WINDOW_WEIGHT * all.0 / all.1) / (own.1 + WINDOW_WEIGHT);
        }
    }
}

/// The slice of a moment, in slices since the window's begin; the last takes what comes later.
fn at(slices_after: f64, slices: usize) -> usize {
    (slices_after.max(0.0) as usize).min(slices - 1)
}
