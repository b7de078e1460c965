//! What is known of the traffic: the vehicles that are seen, the shares of turns and the inflows
//! learnt from those seen before. It is built from observations alone, so nothing that a city
//! cannot know has a way in.

use roads::LaneId;

use super::lane::Arrival;
use super::layout::{LaneLayout, Layout, Onward, SPACING};
use super::levels::ALL_WAYS;
use crate::observation::{ExpectedVehicle, Observation, SeenVehicle};

/// How vehicles pick up speed, m/s².
const ACCELERATION: f64 = 2.0;
/// A vehicle near the start of a lane that is faster than this has just come onto it, m/s.
const MOVING: f64 = 3.0;
/// Slower than this a vehicle stands, m/s.
const STANDING: f64 = 0.5;
/// Nearer than this to the stop line it is the first to go, metres.
const AT_THE_LINE: f64 = 5.0;
/// From this share of a vehicle on one is taken to be there.
const LIKELY: f64 = 0.5;
/// Longest lane that makes sense, metres.
const FARTHEST: f64 = 1e6;
/// How far beyond a lane's start a vehicle may be and still count as on it, metres.
const BEYOND: f64 = 0.5;
/// Vehicles for which a guess at a lane's share counts before any has been seen.
const PRIOR: f64 = 2.0;
/// Share of an area's room that is taken when a lane at its boundary begins to count less, and when
/// it no longer counts. A network carries most with about this much of it taken; with more, queues
/// reach back over junctions (the macroscopic fundamental diagram: Geroliminis and Daganzo 2008;
/// perimeter control by it: Keyvan-Ekbatani and others 2012).
const ROOMY: f64 = 0.12;
const FULL: f64 = 0.2;
/// What a second of waiting at the boundary counts for least: below nothing, it is held back even
/// where that costs the others nothing.
const HELD_BACK: f64 = -0.5;
/// How often room is passed back over lanes that no signal holds: queues grow back over so many.
const ROUNDS: usize = 4;
/// A lane that takes less than this share of a lane's vehicles does not block it.
const LEAST_SHARE: f64 = 0.1;

/// What a controller has made of all observations so far.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// Per lane: vehicles that came onto it of late, older ones counting less.
    entered: Vec<f64>,
    /// Seconds for which they were counted, older ones counting less.
    counted: f64,
    /// When the last observation was made.
    time: Option<f64>,
    /// Per lane: vehicles on it as arrivals at its end, in order.
    pub(super) present: Vec<Vec<Arrival>>,
    /// Per lane: how many vehicles that is.
    held: Vec<f64>,
    /// Per lane: how far back from its end it is seen, metres.
    pub(super) sight: Vec<f64>,
    /// Per lane: whether the first vehicle stands at the stop line.
    pub(super) stands: Vec<bool>,
    /// Per lane: vehicles that have left it since the look before.
    pub(super) left: Vec<f64>,
    /// Per lane: vehicles that could have left it since, had each had the stop line for itself.
    pub(super) could: Vec<f64>,
    /// Per lane: which share of its vehicles takes each way out of it,
    pub(super) ways: Vec<Vec<f64>>,
    /// and which goes to each lane beyond, way by way.
    onward: Vec<Vec<f64>>,
    /// Those of a lane.
    here: Vec<ExpectedVehicle>,
}

impl Picture {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            entered: vec![0.0; lanes],
            counted: 0.0,
            time: None,
            present: vec![Vec::new(); lanes],
            held: vec![0.0; lanes],
            here: Vec::new(),
            sight: vec![0.0; lanes],
            stands: vec![false; lanes],
            left: vec![0.0; lanes],
            could: vec![0.0; lanes],
            ways: vec![Vec::new(); lanes],
            onward: vec![Vec::new(); lanes],
        }
    }

    /// Takes in an observation. Returns the seconds since the one before; none where they mean that
    /// the plant has begun anew, or that nothing is known any more of what it was like.
    pub(super) fn see(&mut self, layout: &Layout, seen: &Observation, memory: f64) -> Option<f64> {
        let passed = self.time.map_or(0.0, |before| seen.time - before);
        let known = (0.0..=memory).contains(&passed).then_some(passed);
        if known.is_none() {
            *self = Self::new(self.present.len());
        }
        let passed = known.unwrap_or(0.0);
        self.time = Some(seen.time);
        let keep = 0.5_f64.powf(passed / memory);
        self.counted = self.counted * keep + passed;
        for (index, lane) in layout.lanes.iter().enumerate() {
            let vehicles = &mut self.here;
            vehicles.clear();
            vehicles.extend(seen.expected_on(LaneId::from(index)));
            // A plant may see a lane's vehicles before they are on it; those further back than a
            // drive since the last look are counted when they come that far.
            let driven = lane.speed * passed;
            let sight = seen.sight_on(LaneId::from(index), lane.length);
            self.sight[index] = sight;
            let (near, far) = (sight - driven, sight.max(driven));
            let new = |vehicle: &SeenVehicle| {
                vehicle.to_stop_line > near && vehicle.to_stop_line <= far && vehicle.speed > MOVING
            };
            let first = vehicles.first().filter(|first| first.weight >= LIKELY);
            self.stands[index] = first.is_some_and(|first| {
                first.vehicle.speed < STANDING && first.vehicle.to_stop_line < AT_THE_LINE
            });
            let new = vehicles.iter().filter(|here| new(&here.vehicle));
            let new: f64 = new.map(|here| here.weight).sum();
            self.entered[index] = self.entered[index] * keep + new;
            // Who is further back than the lane is long is on a lane behind it; seen there, too, it
            // comes on from there.
            let sighted = |behind: &LaneId| seen.expected_on(*behind).next().is_some();
            let own = if lane.behind.iter().any(sighted) {
                let most = lane.length + BEYOND;
                let own = |here: &ExpectedVehicle| here.vehicle.to_stop_line <= most;
                vehicles.partition_point(own)
            } else {
                vehicles.len()
            };
            let present = &mut self.present[index];
            let before = self.held[index] + new;
            let could = present.iter().filter(|arrival| arrival.time < passed);
            self.could[index] = could.map(|arrival| arrival.weight).sum();
            present.clear();
            let mut last = f64::NEG_INFINITY;
            let mut come = |vehicle: &SeenVehicle, weight: f64| {
                last = undisturbed(vehicle, lane.speed).max(last);
                present.push(Arrival { time: last, weight });
            };
            if vehicles.is_empty() {
                let counts = (seen.count.get(index), seen.waiting.get(index));
                if let (Some(&count), Some(&waiting)) = counts {
                    counted(lane, count, waiting).for_each(|vehicle| come(&vehicle, 1.0));
                }
            } else {
                let own = vehicles[..own].iter();
                own.for_each(|here| come(&here.vehicle, here.weight));
            }
            self.held[index] = present.iter().map(|arrival| arrival.weight).sum();
            self.left[index] = (before - self.held[index]).max(0.0);
        }
        self.share_out(layout);
        known
    }

    /// Works out which share of each lane's vehicles goes where, by those that have entered.
    fn share_out(&mut self, layout: &Layout) {
        let entered = &self.entered;
        let weigh = |lane: &LaneId| PRIOR + entered[lane.index()];
        let of_way = |way: &Onward| {
            let (start, end) = layout.links[way.link.index()];
            let entered = &entered[start as usize..end as usize];
            way.likely * (PRIOR + entered.iter().sum::<f64>())
        };
        for (index, lane) in layout.lanes.iter().enumerate() {
            let (ways, onward) = (&mut self.ways[index], &mut self.onward[index]);
            ways.clear();
            ways.extend(lane.onward.iter().map(of_way));
            let all: f64 = ways.iter().sum();
            onward.clear();
            for (way, share) in lane.onward.iter().zip(ways) {
                *share /= all;
                let sum: f64 = way.lanes.iter().map(weigh).sum();
                onward.extend(way.lanes.iter().map(|lane| *share * weigh(lane) / sum));
            }
        }
    }

    /// How many vehicles a lane may still release before there is no room beyond, if so many
    /// `leave` each lane there in the meantime.
    pub(super) fn room(&self, layout: &Layout, lane: usize, leave: &[f64]) -> f64 {
        self.shares(layout, lane)
            .filter(|&(_, _, share)| share >= LEAST_SHARE)
            .map(|(_, to, share)| {
                let to = to.index();
                let free = layout.lanes[to].storage - self.held[to];
                (free.max(0.0) + leave[to]) / share
            })
            .fold(f64::INFINITY, f64::min)
    }

    /// How much a lane at the boundary counts: less the fuller the area is that it lets into, so that
    /// it is not filled to the brim.
    pub(super) fn gate(&self, layout: &Layout, lane: usize) -> f64 {
        let beyond = &layout.lanes[lane].beyond;
        if beyond.is_empty() {
            return 1.0;
        }
        let (mut here, mut storage) = (0.0, 0.0);
        for lane in beyond {
            here += self.held[lane.index()];
            storage += layout.lanes[lane.index()].storage;
        }
        let over = (here / storage - ROOMY) / (FULL - ROOMY);
        (1.0 - over).clamp(HELD_BACK, 1.0)
    }

    /// Fills in for lanes that no signal holds how many vehicles can leave each in the time in
    /// which as many as `most` could: as many as there is room for beyond.
    pub(super) fn pass(&self, layout: &Layout, leave: &mut [f64], most: f64) {
        for &lane in &layout.free {
            leave[lane.index()] = most;
        }
        for _ in 0..ROUNDS {
            for &lane in &layout.free {
                leave[lane.index()] = self.room(layout, lane.index(), leave).min(most);
            }
        }
    }

    /// Vehicles a second that come onto a lane.
    pub(super) fn inflow(&self, lane: LaneId) -> f64 {
        if self.counted > 0.0 {
            self.entered[lane.index()] / self.counted
        } else {
            0.0
        }
    }

    /// Which share of a lane's vehicles takes one of these ways, a bit for each.
    pub(super) fn share(&self, layout: &Layout, lane: usize, ways: u64) -> f64 {
        if ways == ALL_WAYS {
            return 1.0;
        }
        self.shares(layout, lane)
            .filter(|(way, _, _)| layout.lanes[lane].leads(ways, way))
            .map(|(_, _, share)| share)
            .sum()
    }

    /// Which share of a lane's vehicles goes where, by lane entered.
    pub(super) fn shares<'a>(
        &'a self,
        layout: &'a Layout,
        lane: usize,
    ) -> impl Iterator<Item = (&'a Onward, LaneId, f64)> + 'a {
        let onward = layout.lanes[lane].onward.iter();
        let to = onward.flat_map(|way| way.lanes.iter().map(move |&to| (way, to)));
        let shares = self.onward[lane].iter();
        to.zip(shares).map(|((way, to), &share)| (way, to, share))
    }
}

/// Where only counts are known: those who wait stand in a queue, the others are spread evenly
/// behind it, at the speed limit.
fn counted(lane: &LaneLayout, count: u32, waiting: u32) -> impl Iterator<Item = SeenVehicle> {
    let (length, speed) = (lane.length, lane.speed);
    let waiting = waiting.min(count);
    let queue = (f64::from(waiting) * SPACING).min(length);
    let apart = (length - queue) / f64::from(count - waiting + 1);
    (0..count).map(move |place| {
        if place < waiting {
            SeenVehicle {
                to_stop_line: (f64::from(place) * SPACING).min(length),
                speed: 0.0,
            }
        } else {
            SeenVehicle {
                to_stop_line: queue + f64::from(place - waiting + 1) * apart,
                speed,
            }
        }
    })
}

/// When a vehicle would reach its stop line undisturbed, seconds from now.
fn undisturbed(vehicle: &SeenVehicle, limit: f64) -> f64 {
    // What is no number counts as 0.
    let distance = vehicle.to_stop_line.clamp(0.0, FARTHEST).max(0.0);
    let speed = vehicle.speed.max(0.0).min(limit);
    let picks_up = (limit - speed) / ACCELERATION;
    let meanwhile = f64::midpoint(speed, limit) * picks_up;
    if distance < meanwhile {
        ((speed * speed + 2.0 * ACCELERATION * distance).sqrt() - speed) / ACCELERATION
    } else {
        picks_up + (distance - meanwhile) / limit
    }
}
