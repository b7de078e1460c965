//! Route guidance: a share of the drivers hears how fast links are now, and goes another way where
//! that is clearly faster.

use std::sync::Arc;

use roads::route::{Costs, LinkGraph, Milliseconds, TimedRouter, TravelTimes, TurnPenalties};
use roads::{LinkId, Network};
use serde::Serialize;
use sim::{Place, VehicleId};

use crate::error::Error;
use crate::roadway::Roadway;

/// Seconds between two pictures of how fast links are.
const PICTURE: f64 = 30.0;
/// How much of the newest picture counts.
const NEWEST: f64 = 0.3;
/// A driver is told again after so many seconds at the earliest.
const AGAIN: f64 = 120.0;
/// Another way must take less than this share of the own.
const FASTER: f64 = 0.85;
/// Links slower than this count as being that fast, m/s.
const SLOWEST: f64 = 0.5;
/// Fewest links ahead with which there is something to choose.
const AHEAD: usize = 3;

/// What guidance has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GuidanceCounts {
    /// Drivers with guidance among those seen.
    pub guided: u64,
    /// Times that one of them was told.
    pub asked: u64,
    /// Times that one went another way.
    pub diverted: u64,
}

/// Guidance of a share of all drivers.
pub struct Guidance {
    share: f64,
    seed: u64,
    network: Arc<Network>,
    graph: Arc<LinkGraph>,
    free: Costs,
    /// Seconds by link, smoothed.
    seconds: Vec<f64>,
    router: TimedRouter,
    /// By vehicle: the link it was last seen on, and when it was told.
    known: Vec<(u32, f64)>,
    next: f64,
    counts: GuidanceCounts,
}

impl std::fmt::Debug for Guidance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guidance")
            .field("share", &self.share)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Guidance {
    /// Guidance for this share of drivers; which ones depends on `seed` and their numbers only.
    ///
    /// # Errors
    /// When `share` is not between 0 and 1.
    pub fn new(network: &Arc<Network>, share: f64, seed: u64) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&share) {
            let message = format!("{share} must be a share from 0 to 1, for example 0.3");
            return Err(Error::value("guided", message));
        }
        let penalties = TurnPenalties {
            signal: 0.0,
            ..TurnPenalties::default()
        };
        let free = Costs::free_flow(network, &penalties);
        let graph = Arc::new(LinkGraph::new(network));
        let times = TravelTimes::constant(free.clone());
        Ok(Self {
            share,
            seed,
            network: Arc::clone(network),
            router: TimedRouter::new(Arc::clone(&graph), times),
            graph,
            seconds: free.links.iter().map(|&ms| ms as f64 / 1e3).collect(),
            free,
            known: Vec::new(),
            next: 0.0,
            counts: GuidanceCounts::default(),
        })
    }

    /// What it has done so far.
    pub const fn counts(&self) -> GuidanceCounts {
        self.counts
    }

    /// Tells those who have just come onto a link; to be called before every step.
    ///
    /// # Errors
    /// When the world refuses.
    pub fn act(&mut self, road: &mut impl Roadway) -> Result<(), Error> {
        if self.share <= 0.0 {
            return Ok(());
        }
        let now = road.world().time();
        if now >= self.next {
            self.next = now + PICTURE;
            self.look(road);
        }
        self.known.resize(
            road.world().vehicles_created(),
            (u32::MAX, f64::NEG_INFINITY),
        );
        let mut asking: Vec<VehicleId> = Vec::new();
        for vehicle in road.world().vehicles().filter(|vehicle| !vehicle.shadow) {
            let Place::Lane(lane) = vehicle.place else {
                continue;
            };
            if !self.is_guided(vehicle.id) {
                continue;
            }
            let link = self.network.lanes[lane.index()].link.0;
            let (last, told) = &mut self.known[vehicle.id.0 as usize];
            if *last == link {
                continue;
            }
            self.counts.guided += u64::from(*last == u32::MAX);
            *last = link;
            if now - *told >= AGAIN {
                *told = now;
                asking.push(vehicle.id);
            }
        }
        for vehicle in asking {
            self.tell(road, vehicle);
        }
        Ok(())
    }

    fn look(&mut self, road: &impl Roadway) {
        let mut costs = self.free.clone();
        for (index, seconds) in self.seconds.iter_mut().enumerate() {
            let free = self.free.links[index] as f64 / 1e3;
            let seen = road.world().link_speed(LinkId::from(index));
            let length = self.network.links[index].length;
            let newest = seen.map_or(free, |speed| (length / speed.max(SLOWEST)).max(free));
            *seconds += NEWEST * (newest - *seconds);
            costs.links[index] = (*seconds * 1e3).round().max(1.0) as Milliseconds;
        }
        self.router.set_times(TravelTimes::constant(costs));
    }

    /// Milliseconds along links, from the end of the first.
    fn along(&self, links: &[LinkId]) -> f64 {
        let mut sum = 0.0;
        for two in links.windows(2) {
            let turn = self.graph.turn(two[0], two[1]);
            sum += turn.map_or(0.0, |turn| self.free.turns[turn.index()] as f64);
            sum += self.seconds[two[1].index()] * 1e3;
        }
        sum
    }

    fn tell(&mut self, road: &mut impl Roadway, vehicle: VehicleId) {
        let Some(ahead) = road.world().route_ahead(vehicle) else {
            return;
        };
        let (Some(&here), Some(&goal)) = (ahead.first(), ahead.last()) else {
            return;
        };
        if ahead.len() < AHEAD {
            return;
        }
        self.counts.asked += 1;
        let Some(route) = self.router.path(here, goal, 0) else {
            return;
        };
        if route.links != ahead
            && route.links.len() > 1
            && self.along(&route.links) < FASTER * self.along(&ahead)
            // From its lane it may not be able to go there; then it keeps its way.
            && road.set_route(vehicle, &route.links[1..]).is_ok()
        {
            self.counts.diverted += 1;
        }
    }

    /// Whether a driver has guidance: a share of all numbers, spread by a hash (SplitMix64).
    fn is_guided(&self, vehicle: VehicleId) -> bool {
        let mut z =
            (u64::from(vehicle.0) ^ self.seed.rotate_left(32)).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64 >= 1.0 - self.share
    }
}
