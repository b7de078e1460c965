//! Demand to measure the engine with: any number of vehicles on any network, entering at the
//! edge or spread over all links, in seconds and in little memory.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::random::Random;
use crate::demand::{Demand, Flow, VehicleType};
use crate::error::Error;
use crate::model::{Direction, JunctionId, LinkId, Network};

/// The most vehicles that are made.
const MOST_VEHICLES: u64 = 20_000_000;

/// How vehicles find their way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Turning {
    /// At each junction the turn is drawn with these weights, until the edge or the longest
    /// route is reached.
    Shares {
        /// Weight of going straight.
        straight: f64,
        /// Weight of turning left.
        left: f64,
        /// Weight of turning right.
        right: f64,
    },
    /// To a boundary junction drawn at random, nearer to it at each junction. Only for networks
    /// that are grids.
    Monotone,
}

/// Where vehicles start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GridStart {
    /// On the links that come in over the boundary.
    Boundary,
    /// On every link that leads to a junction, the same number on each: the way to have a
    /// million vehicles on the road within a minute.
    Everywhere,
}

/// How many vehicles, when, from where and which way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridDemandSpec {
    /// Number of vehicles.
    pub vehicles: usize,
    /// Seconds over which they appear.
    pub horizon: f64,
    /// Seed of all draws.
    pub seed: u64,
    /// How they find their way.
    pub turning: Turning,
    /// Where they start.
    pub start: GridStart,
    /// Longest route, links; a vehicle that is not at the edge by then ends its trip there.
    /// Monotone routes are as long as they need to be.
    pub route_links: usize,
    /// Most distinct routes; vehicles share them, which keeps memory low.
    pub routes: usize,
    /// How vehicles move.
    pub vehicle: VehicleType,
}

impl Default for GridDemandSpec {
    fn default() -> Self {
        Self {
            vehicles: 3_000,
            horizon: 3_600.0,
            seed: 0,
            turning: Turning::Shares {
                straight: 0.6,
                left: 0.2,
                right: 0.2,
            },
            start: GridStart::Boundary,
            route_links: 30,
            routes: 200_000,
            vehicle: benchmark_car(),
        }
    }
}

/// The vehicle of the published Hangzhou and Jinan demand.
fn benchmark_car() -> VehicleType {
    VehicleType {
        id: "car".to_owned(),
        length: 5.0,
        width: 2.0,
        max_acceleration: 2.0,
        max_deceleration: 4.5,
        usual_acceleration: 2.0,
        usual_deceleration: 4.5,
        min_gap: 2.5,
        max_speed: 11.111,
        headway: 2.0,
    }
}

impl GridDemandSpec {
    fn check(&self) -> Result<(), Error> {
        if self.vehicles as u64 > MOST_VEHICLES {
            return Err(Error::Limit {
                what: "number of vehicles",
                found: self.vehicles as u64,
                limit: MOST_VEHICLES,
            });
        }
        let fault = |what: &str| Err(Error::element("demand", "grid", what));
        if !(self.horizon.is_finite() && self.horizon > 0.0) {
            return fault("needs a horizon greater than zero seconds");
        }
        if self.route_links < 2 || self.routes == 0 {
            return fault("needs routes of at least two links");
        }
        if let Turning::Shares {
            straight,
            left,
            right,
        } = self.turning
        {
            let shares = [straight, left, right];
            if !shares.iter().all(|x| x.is_finite() && *x >= 0.0)
                || shares.iter().sum::<f64>() <= 0.0
            {
                return fault("needs turning shares of zero or more, one of them greater");
            }
        }
        self.vehicle
            .check()
            .map_err(|message| Error::element("demand", "grid", message))
    }
}

/// Demand for `network` after `spec`.
///
/// Flows are in the order of their first departure, and exactly `spec.vehicles` vehicles appear
/// before `spec.horizon`.
///
/// # Errors
/// When the specification is out of range, or the network has no link to start on.
pub fn grid_demand(network: &Network, spec: &GridDemandSpec) -> Result<Demand, Error> {
    spec.check()?;
    let ways = Ways::new(network);
    let starts: Vec<LinkId> = (0..network.links.len())
        .map(LinkId::from)
        .filter(|&link| {
            let from = network.links[link.index()].from;
            !ways.next(link).is_empty()
                && (spec.start == GridStart::Everywhere || network.junctions[from.index()].boundary)
        })
        .collect();
    if starts.is_empty() {
        return Err(Error::element(
            "network",
            &network.name,
            "has no link for traffic to start on",
        ));
    }
    let exits: Vec<JunctionId> = (0..network.junctions.len())
        .map(JunctionId::from)
        .filter(|junction| network.junctions[junction.index()].boundary)
        .collect();
    if exits.is_empty() && spec.turning == Turning::Monotone {
        return Err(Error::element(
            "network",
            &network.name,
            "has no boundary junction for traffic to go to",
        ));
    }
    let mut maker = Maker {
        network,
        ways,
        exits,
        spec,
        random: Random::new(spec.seed, 1),
        known: FxHashMap::default(),
        demand: Demand {
            types: vec![spec.vehicle.clone()],
            ..Demand::default()
        },
    };
    match spec.start {
        GridStart::Boundary => maker.trips(&starts),
        GridStart::Everywhere => maker.streams(&starts),
    }
    maker
        .demand
        .flows
        .sort_by(|a, b| a.start.total_cmp(&b.start));
    Ok(maker.demand)
}

/// Which links follow which, by link.
struct Ways {
    first: Vec<u32>,
    next: Vec<(LinkId, Direction)>,
}

impl Ways {
    fn new(network: &Network) -> Self {
        let mut first = vec![0_u32; network.links.len() + 1];
        for turn in &network.turns {
            first[turn.from.index() + 1] += 1;
        }
        for i in 1..first.len() {
            first[i] += first[i - 1];
        }
        let mut fill = first.clone();
        let mut next = vec![(LinkId(0), Direction::Straight); network.turns.len()];
        for turn in &network.turns {
            let place = &mut fill[turn.from.index()];
            next[*place as usize] = (turn.to, turn.direction);
            *place += 1;
        }
        Self { first, next }
    }

    fn next(&self, link: LinkId) -> &[(LinkId, Direction)] {
        let range = self.first[link.index()] as usize..self.first[link.index() + 1] as usize;
        &self.next[range]
    }
}

struct Maker<'a> {
    network: &'a Network,
    ways: Ways,
    /// Boundary junctions, at least one.
    exits: Vec<JunctionId>,
    spec: &'a GridDemandSpec,
    random: Random,
    known: FxHashMap<Vec<LinkId>, u32>,
    demand: Demand,
}

impl Maker<'_> {
    /// One flow for each vehicle, with a departure drawn at random.
    fn trips(&mut self, starts: &[LinkId]) {
        let pool = self.spec.routes.min(self.spec.vehicles);
        let routes: Vec<u32> = (0..pool)
            .map(|_| {
                let start = starts[self.random.below(starts.len())];
                self.route_from(start)
            })
            .collect();
        for vehicle in 0..self.spec.vehicles {
            let route = if vehicle < pool {
                routes[vehicle]
            } else {
                routes[self.random.below(pool)]
            };
            let start = (self.random.unit() * self.spec.horizon).floor();
            self.demand.flows.push(Flow {
                id: None,
                vehicle_type: 0,
                route,
                interval: 1.0,
                start,
                end: Some(start),
            });
        }
    }

    /// A few steady streams from each link, together as many vehicles as asked for.
    fn streams(&mut self, starts: &[LinkId]) {
        let each = (self.spec.routes / starts.len()).clamp(1, 4);
        let streams = starts.len() * each;
        // Of `vehicles` the k-th stream gets the share between two multiples of their ratio.
        let upto = |k: usize| (k as u128 * self.spec.vehicles as u128 / streams as u128) as usize;
        for stream in 0..streams {
            let count = upto(stream + 1) - upto(stream);
            if count == 0 {
                continue;
            }
            let route = self.route_from(starts[stream / each]);
            let interval = self.spec.horizon / count as f64;
            let start = interval * 0.9 * self.random.unit();
            self.demand.flows.push(Flow {
                id: None,
                vehicle_type: 0,
                route,
                interval,
                start,
                end: Some(start + interval * (count as f64 - 0.95)),
            });
        }
    }

    fn route_from(&mut self, start: LinkId) -> u32 {
        let route = match self.spec.turning {
            Turning::Shares {
                straight,
                left,
                right,
            } => self.wander(start, straight, left, right),
            Turning::Monotone => self.approach(start),
        };
        let routes = &mut self.demand.routes;
        *self.known.entry(route).or_insert_with_key(|route| {
            routes.push(route.clone());
            routes.len() as u32 - 1
        })
    }

    fn wander(&mut self, start: LinkId, straight: f64, left: f64, right: f64) -> Vec<LinkId> {
        let mut route = vec![start];
        let mut here = start;
        while route.len() < self.spec.route_links {
            let next = self.ways.next(here);
            let weights: Vec<f64> = next
                .iter()
                .map(|(_, direction)| match direction {
                    Direction::Straight => straight,
                    Direction::Left => left,
                    Direction::Right => right,
                    Direction::UTurn => 0.0,
                })
                .collect();
            // A link whose turns all have weight zero is left by any of them.
            let choice = self.random.weighted(&weights);
            let Some(&(link, _)) = choice.map_or(next.first(), |choice| next.get(choice)) else {
                break;
            };
            route.push(link);
            here = link;
        }
        route
    }

    /// To a random boundary junction; where the link leads away from each that is tried, any way.
    fn approach(&mut self, start: LinkId) -> Vec<LinkId> {
        const TRIES: usize = 16;
        let origin = self.network.links[start.index()].from;
        for _ in 0..TRIES {
            let goal = self.exits[self.random.below(self.exits.len())];
            if goal != origin {
                let route = self.approach_to(start, goal);
                if route.len() >= 2 {
                    return route;
                }
            }
        }
        self.wander(start, 0.6, 0.2, 0.2)
    }

    /// To `goal`, each link ending nearer to it as one drives along the axes; only the first
    /// link when there is no such route.
    fn approach_to(&mut self, start: LinkId, goal: JunctionId) -> Vec<LinkId> {
        let links = &self.network.links;
        let junctions = &self.network.junctions;
        let to_go = |link: LinkId| {
            let there = junctions[links[link.index()].to.index()].point;
            let rest = junctions[goal.index()].point - there;
            rest.x.abs() + rest.y.abs()
        };
        let mut route = vec![start];
        let mut here = start;
        while links[here.index()].to != goal {
            let nearer: Vec<LinkId> = self
                .ways
                .next(here)
                .iter()
                .map(|&(link, _)| link)
                .filter(|&link| {
                    let end = links[link.index()].to;
                    to_go(link) < to_go(here) && (end == goal || !junctions[end.index()].boundary)
                })
                .collect();
            if nearer.is_empty() {
                route.truncate(1);
                break;
            }
            here = nearer[self.random.below(nearer.len())];
            route.push(here);
        }
        route
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{GridSpec, grid};

    fn network(columns: u32, rows: u32) -> Network {
        grid(&GridSpec {
            columns,
            rows,
            ..GridSpec::default()
        })
        .unwrap()
    }

    fn assert_drivable(network: &Network, demand: &Demand) {
        let ways = Ways::new(network);
        for route in &demand.routes {
            assert!(route.len() >= 2, "{route:?}");
            for pair in route.windows(2) {
                let follows = ways.next(pair[0]).iter().any(|(link, _)| *link == pair[1]);
                assert!(follows, "{route:?}");
            }
        }
    }

    #[test]
    fn the_number_of_vehicles_is_exact_and_every_route_can_be_driven() {
        let network = network(5, 4);
        let shares = GridDemandSpec::default().turning;
        for start in [GridStart::Boundary, GridStart::Everywhere] {
            for turning in [shares, Turning::Monotone] {
                for vehicles in [0, 1, 17, 2_500] {
                    let spec = GridDemandSpec {
                        vehicles,
                        turning,
                        start,
                        horizon: 600.0,
                        ..GridDemandSpec::default()
                    };
                    let demand = grid_demand(&network, &spec).unwrap();
                    assert_eq!(demand.vehicles_before(600.0), vehicles);
                    assert_drivable(&network, &demand);
                }
            }
        }
    }

    #[test]
    fn monotone_routes_lead_from_edge_to_edge() {
        let network = network(6, 3);
        let spec = GridDemandSpec {
            turning: Turning::Monotone,
            ..GridDemandSpec::default()
        };
        for route in &grid_demand(&network, &spec).unwrap().routes {
            let end = network.links[route.last().unwrap().index()].to;
            assert!(network.junctions[end.index()].boundary);
        }
    }

    #[test]
    fn a_seed_repeats_and_another_differs() {
        let network = network(4, 4);
        let make = |seed| {
            let spec = GridDemandSpec {
                seed,
                ..GridDemandSpec::default()
            };
            grid_demand(&network, &spec).unwrap()
        };
        assert_eq!(make(3), make(3));
        assert_ne!(make(3), make(4));
    }

    #[test]
    fn turning_shares_are_met() {
        let network = network(20, 20);
        let spec = GridDemandSpec {
            vehicles: 20_000,
            start: GridStart::Everywhere,
            ..GridDemandSpec::default()
        };
        let ways = Ways::new(&network);
        let (mut straight, mut all) = (0.0, 0.0);
        for route in &grid_demand(&network, &spec).unwrap().routes {
            for pair in route.windows(2) {
                let turn = ways.next(pair[0]).iter().find(|(link, _)| *link == pair[1]);
                straight += f64::from(u8::from(turn.unwrap().1 == Direction::Straight));
                all += 1.0;
            }
        }
        assert!((straight / all - 0.6_f64).abs() < 0.01);
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        let network = network(2, 2);
        let broken = [
            GridDemandSpec {
                horizon: 0.0,
                ..GridDemandSpec::default()
            },
            GridDemandSpec {
                vehicles: usize::MAX,
                ..GridDemandSpec::default()
            },
            GridDemandSpec {
                route_links: 1,
                ..GridDemandSpec::default()
            },
            GridDemandSpec {
                turning: Turning::Shares {
                    straight: 0.0,
                    left: 0.0,
                    right: 0.0,
                },
                ..GridDemandSpec::default()
            },
        ];
        for spec in broken {
            assert!(grid_demand(&network, &spec).is_err());
        }
        assert!(grid_demand(&Network::default(), &GridDemandSpec::default()).is_err());
    }
}
