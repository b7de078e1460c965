//! What really happened, where somebody knows: vehicles as a simulator has them, turned into the
//! traversals that perfect probes would give. Studies compare observation with it.

use std::collections::HashMap;

use roads::geometry::{Point, point_at};
use roads::{LaneId, LinkId, MovementId, Network};

use crate::facts::Roads;
use crate::table::Traversal;

/// Where a vehicle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a lane.
    Lane(LaneId),
    /// Inside a junction, on a movement.
    Movement(MovementId),
}

/// A vehicle at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Which vehicle.
    pub vehicle: u64,
    /// Where it is.
    pub place: Place,
    /// Its front from the start of the place, metres.
    pub distance: f64,
    /// Its speed, m/s.
    pub speed: f64,
    /// Its length, metres.
    pub length: f64,
}

impl Seen {
    /// Where it is in the network's plane, metres.
    pub fn point(&self, network: &Network) -> Point {
        let shape = match self.place {
            Place::Lane(lane) => &network.lanes[lane.index()].shape,
            Place::Movement(movement) => &network.movements[movement.index()].shape,
        };
        point_at(shape, self.distance)
    }

    /// The link it counts to, and the share of the link that lies behind it. A link begins and ends
    /// in the middle of the junctions, as its reference line does.
    pub fn on_link(&self, network: &Network) -> (LinkId, f64) {
        match self.place {
            Place::Lane(lane) => {
                let lane = &network.lanes[lane.index()];
                (lane.link, (self.distance / lane.length).clamp(0.0, 1.0))
            }
            Place::Movement(movement) => {
                let movement = &network.movements[movement.index()];
                let link = |lane: LaneId| network.lanes[lane.index()].link;
                if self.distance < movement.length / 2.0 {
                    (link(movement.from), 1.0)
                } else {
                    (link(movement.to), 0.0)
                }
            }
        }
    }
}

/// Traffic whose truth is known, step by step.
pub trait Traffic {
    /// The network.
    fn network(&self) -> &Network;

    /// Seconds since midnight of the first day.
    fn time(&self) -> f64;

    /// Moves on by a step; false at the end.
    ///
    /// # Errors
    /// When it cannot be moved, with the reason.
    fn step(&mut self) -> Result<bool, String>;

    /// Shows every vehicle on the network once.
    fn each(&self, show: &mut dyn FnMut(Seen));
}

/// A vehicle under way.
#[derive(Clone, Copy, Debug)]
struct Underway {
    link: LinkId,
    entered: f64,
    from: f64,
    to: f64,
    seen: f64,
}

/// Follows vehicles from link to link.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    vehicles: HashMap<u64, Underway>,
}

impl Tracker {
    /// Takes a vehicle at `time`; gives the traversal that it has ended by that, if it has.
    pub fn take(
        &mut self,
        seen: &Seen,
        time: f64,
        network: &Network,
        roads: &Roads,
    ) -> Option<Traversal> {
        let (link, share) = seen.on_link(network);
        let Some(underway) = self.vehicles.get_mut(&seen.vehicle) else {
            self.vehicles.insert(
                seen.vehicle,
                Underway {
                    link,
                    entered: time,
                    from: share,
                    to: share,
                    seen: time,
                },
            );
            return None;
        };
        underway.seen = time;
        if underway.link == link {
            underway.to = share;
            return None;
        }
        let before = std::mem::replace(
            underway,
            Underway {
                link,
                entered: time,
                from: 0.0,
                to: share,
                seen: time,
            },
        );
        Some(traversal(seen.vehicle, &before, time, 1.0, roads))
    }

    /// Ends what vehicles do that were not seen since before `time`, in the order of their numbers.
    pub fn end_before(&mut self, time: f64, roads: &Roads) -> Vec<Traversal> {
        let mut gone: Vec<u64> = self
            .vehicles
            .iter()
            .filter(|(_, underway)| underway.seen < time)
            .map(|(&vehicle, _)| vehicle)
            .collect();
        gone.sort_unstable();
        gone.iter()
            .filter_map(|vehicle| {
                let last = self.vehicles.remove(vehicle)?;
                Some(traversal(*vehicle, &last, last.seen, last.to, roads))
            })
            .collect()
    }
}

fn traversal(vehicle: u64, way: &Underway, left: f64, to: f64, roads: &Roads) -> Traversal {
    let length = roads.links[way.link.index()].length_m;
    Traversal {
        vehicle,
        link: way.link,
        entered: way.entered,
        left,
        from_m: way.from * length,
        to_m: to * length,
    }
}

/// Runs traffic to its end and hands over each traversal of each vehicle as it ends; those under
/// way at the end count as far as they have come.
///
/// # Errors
/// When the traffic cannot be moved.
pub fn follow(
    traffic: &mut dyn Traffic,
    roads: &Roads,
    take: &mut dyn FnMut(&Traversal),
) -> Result<(), String> {
    let mut tracker = Tracker::default();
    loop {
        let more = traffic.step()?;
        let time = traffic.time();
        traffic.each(&mut |seen| {
            if let Some(ended) = tracker.take(&seen, time, traffic.network(), roads) {
                take(&ended);
            }
        });
        for ended in &tracker.end_before(time, roads) {
            take(ended);
        }
        if !more {
            break;
        }
    }
    for ended in &tracker.end_before(f64::INFINITY, roads) {
        take(ended);
    }
    Ok(())
}
