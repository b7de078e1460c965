//! The network as the estimator knows it: lanes with their lengths in ticks, ways out of them, and
//! loops in them.

use roads::{Aspect, Direction, Network};

use super::lane::SPACING;
use super::sensors::Loop;

/// Share of a protected green's flow that a permissive one lets pass.
const PERMISSIVE: f64 = 0.6;
/// What a vehicle that starts from rest loses on its way, seconds.
const PICK_UP: f64 = 2.8;

/// Lanes of a link that can be entered from a lane.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) lanes: Vec<u32>,
    /// Ticks from the stop line to the start of those.
    pub(super) ticks: f64,
}

/// A lane.
#[derive(Clone, Debug)]
pub(super) struct Street {
    pub(super) length: f64,
    /// Metres that a vehicle drives in a tick at the limit.
    pub(super) step: f64,
    /// Speed limit, m/s.
    pub(super) speed: f64,
    /// Ticks from its start to its end.
    pub(super) ticks: f64,
    pub(super) link: u32,
    /// Lanes that lead the same ways are of one kind.
    pub(super) kind: u8,
    /// Its link comes in over the boundary.
    pub(super) source: bool,
    /// Some lane that leads to it leads other ways, too.
    pub(super) shared: bool,
    pub(super) ways: Vec<Way>,
    /// Movements out of it, and the place of each one's way among `ways`.
    pub(super) movements: Vec<(u32, u32)>,
    /// The loop at its stop line.
    pub(super) stop_loop: Option<u32>,
    /// Advance loops, farthest first.
    pub(super) advance: Vec<u32>,
}

impl Street {
    /// Vehicles beyond which nobody more can drive onto it, in the mean. One that is shorter than two
    /// takes somebody while one is there as often as not: he stands across its start.
    pub(super) fn fills(&self) -> f64 {
        let room = self.length / SPACING;
        if room < 2.0 {
            room.max(1.0)
        } else {
            room - 1.0
        }
    }
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Streets {
    pub(super) lanes: Vec<Street>,
    /// Per link: its lanes.
    pub(super) links: Vec<std::ops::Range<usize>>,
    pub(super) loops: Vec<Loop>,
    /// Seconds in a tick.
    pub(super) tick: f64,
}

impl Streets {
    pub(super) fn new(network: &Network, loops: &[Loop], tick: f64) -> Self {
        let links = network
            .links
            .iter()
            .map(|link| link.lanes.range())
            .collect();
        let mut streets = Self {
            lanes: Vec::with_capacity(network.lanes.len()),
            links,
            loops: loops.to_vec(),
            tick,
        };
        for (index, lane) in network.lanes.iter().enumerate() {
            let speed = lane.speed_limit.max(1.0);
            let mut ways: Vec<(u32, Way)> = Vec::new();
            let mut kind = 0;
            let mut movements = Vec::with_capacity(lane.outgoing.len());
            for id in &lane.outgoing {
                let movement = &network.movements[id.index()];
                kind |= match movement.direction {
                    Direction::Straight => 1,
                    Direction::Left => 2,
                    Direction::Right => 4,
                    Direction::UTurn => 8,
                };
                let link = network.lanes[movement.to.index()].link.index() as u32;
                let place = ways.iter().position(|(known, _)| *known == link);
                let place = place.unwrap_or_else(|| {
                    let limit = movement.speed_limit.unwrap_or(speed).max(1.0);
                    let way = Way {
                        lanes: Vec::new(),
                        ticks: movement.length / limit / tick,
                    };
                    ways.push((link, way));
                    ways.len() - 1
                });
                movements.push((id.index() as u32, place as u32));
                let to = movement.to.index() as u32;
                if !ways[place].1.lanes.contains(&to) {
                    ways[place].1.lanes.push(to);
                }
            }
            let link = &network.links[lane.link.index()];
            // They stand lane by lane.
            let first = loops.partition_point(|it| (it.lane as usize) < index);
            let of_lane = |(_, it): &(usize, &Loop)| it.lane as usize == index;
            let from_here = loops.iter().enumerate().skip(first);
            let mut own: Vec<(usize, &Loop)> = from_here.take_while(of_lane).collect();
            own.sort_by(|a, b| b.1.at.total_cmp(&a.1.at));
            let stop_loop = own
                .iter()
                .find(|(_, it)| it.at <= 0.0)
                .map(|(id, _)| *id as u32);
            let advance = own
                .iter()
                .filter(|(_, it)| it.at > 0.0)
                .map(|(id, _)| *id as u32);
            streets.lanes.push(Street {
                length: lane.length,
                step: speed * tick,
                speed,
                ticks: lane.length / speed / tick,
                link: lane.link.index() as u32,
                kind,
                source: network.junctions[link.from.index()].boundary,
                shared: false,
                ways: ways.into_iter().map(|(_, way)| way).collect(),
                movements,
                stop_loop,
                advance: advance.collect(),
            });
        }
        for index in 0..streets.lanes.len() {
            let ways = &streets.lanes[index].ways;
            if ways.len() > 1 {
                let shared: Vec<u32> = ways.iter().flat_map(|way| way.lanes.clone()).collect();
                for lane in shared {
                    streets.lanes[lane as usize].shared = true;
                }
            }
        }
        streets
    }

    /// Whether a link, given by its lanes, comes in over the boundary.
    pub(super) fn is_source(&self, link: &std::ops::Range<usize>) -> bool {
        let first = self.lanes.get(link.start);
        first.is_some_and(|lane| lane.source)
    }

    /// What a vehicle that starts from rest loses, ticks.
    pub(super) fn pick_up(&self) -> f64 {
        PICK_UP / self.tick
    }

    /// What a lane's movements are shown.
    pub(super) fn shows(&self, lane: usize, shown: &[Aspect]) -> Shows {
        let movements = &self.lanes[lane].movements;
        let (mut flow, mut open) = (0.0, 0_u32);
        let (mut ways, mut all) = (0_u64, 0_u64);
        for &(movement, way) in movements {
            all |= bit(way);
            let of = match shown[movement as usize] {
                Aspect::Protected => 1.0,
                Aspect::Permissive => PERMISSIVE,
                Aspect::Red | Aspect::Yellow => continue,
            };
            flow += of;
            open += 1;
            ways |= bit(way);
        }
        Shows {
            flow: if movements.is_empty() {
                1.0
            } else {
                flow / f64::from(open.max(1))
            },
            ways: if ways == all { ALL_WAYS } else { ways },
        }
    }
}

/// All ways out of a lane.
pub(super) const ALL_WAYS: u64 = u64::MAX;

/// What a lane is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shows {
    /// Share of a full flow at which those go who may.
    pub(super) flow: f64,
    /// The ways that are open, a bit for each; [`ALL_WAYS`] when all are.
    pub(super) ways: u64,
}

/// The bit of a way, by its place among those of its lane; those far beyond share the last.
pub(super) fn bit(way: u32) -> u64 {
    1 << way.min(63)
}
