//! Demand of a city by a gravity model: trips between zones, weighed by homes, jobs and the time
//! between them, and trips over the city's edge.

use super::demand_spec::{DemandSpec, FleetSpec};
use super::random::Random;
use super::trips::{Pool, Profile, Trips, at_edge, frontage, gate};
use crate::demand::{Demand, VehicleType};
use crate::error::Error;
use crate::geometry::{Point, length, point_at};
use crate::model::{LinkId, Network};
use crate::route::{Costs, LinkGraph, Milliseconds, Tree, TurnPenalties};

/// How often a destination is drawn anew when it cannot be reached.
const TRIES: usize = 20;

/// A trip before it has a route.
struct Wish {
    from: LinkId,
    to: LinkId,
    opinion: u32,
    kind: u32,
    start: f64,
}

/// Makes the demand of `spec` on `network`. Every route can be driven turn by turn.
///
/// # Errors
/// When the specification is out of range, or the network has nowhere for trips to start or end.
pub fn city_demand(network: &Network, spec: &DemandSpec) -> Result<Demand, Error> {
    spec.check()?;
    let places = Places::new(network, spec);
    let graph = LinkGraph::new(network);
    let costs = Costs::free_flow(network, &TurnPenalties::default());
    let mut random = Random::new(spec.seed, 4);
    let appeal = appeal(&places, &graph, &costs, spec);
    let minutes = |point: &super::demand_spec::ProfilePoint| (point.minute * 60.0, point.factor);
    let profile = Profile::new(spec.profile.iter().map(minutes).collect());
    let trips = spec.level * spec.trips_per_hour * spec.horizon / 3600.0;
    let count = (trips * profile.mean(spec.horizon)).round() as usize;

    let fleet = if spec.fleet.is_empty() {
        vec![FleetSpec::default()]
    } else {
        spec.fleet.clone()
    };
    let shares: Vec<f64> = fleet.iter().map(|kind| kind.share).collect();
    let mut wishes = Vec::with_capacity(count);
    for _ in 0..count {
        let ends = (0..TRIES).find_map(|_| places.trip(spec, &appeal, &mut random));
        let Some((from, to)) = ends else {
            let what = "has no zone with homes or jobs, or no gate, for trips to start and end";
            return Err(Error::element("demand", &network.name, what));
        };
        wishes.push(Wish {
            from,
            to,
            opinion: random.below(spec.route_choice.opinions as usize) as u32,
            kind: random.weighted(&shares).unwrap_or(0) as u32,
            start: profile.draw(spec.horizon, &mut random).floor(),
        });
    }
    let types = fleet.iter().map(VehicleType::from).collect();
    Ok(route(&graph, &costs, spec, types, wishes, &mut random))
}

/// Gives each trip its route; those that cannot be driven are left out.
fn route(
    graph: &LinkGraph,
    costs: &Costs,
    spec: &DemandSpec,
    types: Vec<VehicleType>,
    mut wishes: Vec<Wish>,
    random: &mut Random,
) -> Demand {
    // One search serves all trips to one place by one opinion.
    wishes.sort_by(|a, b| {
        (a.opinion, a.to, a.from)
            .cmp(&(b.opinion, b.to, b.from))
            .then(a.start.total_cmp(&b.start))
    });
    let mut trips = Trips::new(types);
    let mut tree = Tree::new();
    let mut opinion = costs.clone();
    let mut last = None;
    for wish in wishes {
        if last.is_none_or(|(number, _)| number != wish.opinion) {
            opinion = perturbed(costs, spec.route_choice.spread, random);
        }
        if last != Some((wish.opinion, wish.to)) {
            tree.grow_to(graph, &opinion, wish.to);
            last = Some((wish.opinion, wish.to));
        }
        if let Some(route) = tree.path(wish.from).filter(|route| route.len() >= 2) {
            trips.add(wish.kind, route, wish.start);
        }
    }
    trips.finish()
}

/// Costs as one driver sees them: each link's time multiplied by a log-normal factor.
pub(super) fn perturbed(costs: &Costs, spread: f64, random: &mut Random) -> Costs {
    let mut seen = costs.clone();
    for cost in &mut seen.links {
        // The sum of twelve uniform numbers, less six, is as good as normal here.
        let normal: f64 = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
        *cost = ((*cost as f64 * (spread * normal).exp()).round() as Milliseconds).max(1);
    }
    seen
}

/// Where trips start and end.
struct Places {
    /// Links of each zone.
    zones: Vec<Pool>,
    homes: Vec<f64>,
    entries: Pool,
    exits: Pool,
}

impl Places {
    fn new(network: &Network, spec: &DemandSpec) -> Self {
        let mut places = Self {
            zones: vec![Pool::default(); spec.zones.len()],
            homes: spec.zones.iter().map(|zone| zone.homes).collect(),
            entries: Pool::default(),
            exits: Pool::default(),
        };
        for (number, link) in network.links.iter().enumerate() {
            let id = LinkId::from(number);
            let (enters, leaves) = at_edge(network, id);
            if enters {
                places.entries.push(id, gate(network, id));
            } else if leaves {
                places.exits.push(id, gate(network, id));
            } else {
                let middle = point_at(&link.shape, length(&link.shape) / 2.0);
                for (zone, pool) in spec.zones.iter().zip(&mut places.zones) {
                    if middle.distance(Point::from(zone.at)) <= zone.radius {
                        pool.push(id, frontage(link.class) * link.length);
                    }
                }
            }
        }
        places
    }

    /// The two ends of a trip; `None` when the draw was in vain.
    fn trip(
        &self,
        spec: &DemandSpec,
        appeal: &Appeal,
        random: &mut Random,
    ) -> Option<(LinkId, LinkId)> {
        let shares = &spec.shares;
        let kind = random.weighted(&[
            shares.within,
            shares.inbound,
            shares.outbound,
            shares.through,
        ])?;
        let (from, to) = match kind {
            0 => {
                let origin = random.weighted(&self.homes)?;
                let goal = random.weighted(&appeal.between[origin])?;
                (
                    self.zones[origin].draw(random)?,
                    self.zones[goal].draw(random)?,
                )
            }
            1 => {
                let goal = random.weighted(&appeal.jobs)?;
                (self.entries.draw(random)?, self.zones[goal].draw(random)?)
            }
            2 => {
                let origin = random.weighted(&self.homes)?;
                (self.zones[origin].draw(random)?, self.exits.draw(random)?)
            }
            _ => (self.entries.draw(random)?, self.exits.draw(random)?),
        };
        (from != to).then_some((from, to))
    }
}

/// Weights of destinations.
struct Appeal {
    jobs: Vec<f64>,
    /// By origin zone.
    between: Vec<Vec<f64>>,
}

fn appeal(places: &Places, graph: &LinkGraph, costs: &Costs, spec: &DemandSpec) -> Appeal {
    let jobs: Vec<f64> = spec.zones.iter().map(|zone| zone.jobs).collect();
    let mut tree = Tree::new();
    let between = places
        .zones
        .iter()
        .map(|pool| {
            // The middle link of a zone stands for it.
            let Some(&origin) = pool.links().get(pool.links().len() / 2) else {
                return vec![0.0; jobs.len()];
            };
            tree.grow_from(graph, costs, origin);
            places
                .zones
                .iter()
                .zip(&jobs)
                .map(|(goal, jobs)| {
                    let time = goal
                        .links()
                        .get(goal.links().len() / 2)
                        .and_then(|&link| tree.cost(link));
                    let minutes = |time: Milliseconds| time as f64 / 60_000.0;
                    time.map_or(0.0, |time| jobs * (-spec.deterrence * minutes(time)).exp())
                })
                .collect()
        })
        .collect();
    Appeal { jobs, between }
}
