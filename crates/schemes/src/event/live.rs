//! An event in a running world: sends its cars, keeps the car parks' books, and watches visitors and
//! everybody else apart.
//!
//! A car park lets out only who has come: whoever is still on the way when it is time to leave comes,
//! parks, and leaves then. So in every car park, at every moment, no more have left than have come.

use std::collections::VecDeque;

use roads::{LinkId, Network};
use serde::Serialize;
use sim::{NewVehicle, Place, VehicleId, World};

use super::cars::Event;
use crate::error::Error;
use crate::roadway::Roadway;

/// A class of vehicles over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ClassFigures {
    /// Metres driven.
    pub distance: f64,
    /// Seconds spent, those waiting to enter included.
    pub time: f64,
    /// Of these, seconds more than at the speed limits (junctions' insides are not counted).
    pub delay: f64,
}

/// A car park over a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ParkFigures {
    /// Its name.
    pub id: String,
    /// Cars it has room for; `None` along streets.
    pub capacity: Option<u32>,
    /// Cars that have come.
    pub arrived: u32,
    /// Cars in it at the end.
    pub parked: u32,
    /// Most cars in it at the same time.
    pub most: u32,
}

/// What an event came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EventDone {
    /// Cars that set out to come.
    pub set_out: u32,
    /// Cars that have come.
    pub arrived: u32,
    /// Cars that have left the car parks.
    pub left: u32,
    /// Cars that have left the network again.
    pub home: u32,
    /// Most visitors that waited to enter the network at the same time.
    pub most_waiting: u32,
    /// Visitors that still wait to enter at the end.
    pub waiting: u32,
    /// When the last visitor was in, seconds; `None` when some never were.
    pub last_in: Option<f64>,
    /// Seconds from the end of the event until no visitor was on a link around any more; `None`
    /// when some still are at the end.
    pub clear: Option<f64>,
    /// Those who visit.
    pub visitors: ClassFigures,
    /// Everybody else.
    pub others: ClassFigures,
    /// The car parks, the nearest first.
    pub parks: Vec<ParkFigures>,
}

/// An event at work on one world.
#[derive(Debug)]
pub struct LiveEvent {
    event: Event,
    /// Whether a link is watched.
    around: Vec<bool>,
    /// Who is on the way, and to which car park.
    coming: Vec<(VehicleId, usize)>,
    leaving: Vec<VehicleId>,
    /// By car park: routes of those whose time it is to leave.
    due: Vec<VecDeque<u32>>,
    next_arrival: usize,
    next_departure: usize,
    /// By vehicle: whether it visits.
    visits: Vec<bool>,
    last_in: f64,
    last_around: f64,
    now: f64,
    anybody_around: bool,
    done: EventDone,
}

impl LiveEvent {
    /// Prepares an event for a network.
    pub fn new(network: &Network, event: Event) -> Self {
        let mut around = vec![false; network.links.len()];
        for link in &event.around {
            around[link.index()] = true;
        }
        let parks = event.parks.iter().map(|park| ParkFigures {
            id: park.id.clone(),
            capacity: park.capacity,
            ..ParkFigures::default()
        });
        Self {
            around,
            coming: Vec::new(),
            leaving: Vec::new(),
            due: vec![VecDeque::new(); event.parks.len()],
            next_arrival: 0,
            next_departure: 0,
            visits: Vec::new(),
            last_in: 0.0,
            last_around: 0.0,
            now: 0.0,
            anybody_around: false,
            done: EventDone {
                parks: parks.collect(),
                ..EventDone::default()
            },
            event,
        }
    }

    /// What has come of it so far.
    pub fn done(&self) -> EventDone {
        let event = &self.event;
        let all_in = self.done.arrived == event.cars;
        let over = self.now > event.end && self.done.left == event.cars && !self.anybody_around;
        EventDone {
            last_in: (all_in && event.cars > 0).then_some(self.last_in),
            clear: (over && event.cars > 0).then(|| (self.last_around - event.end).max(0.0)),
            ..self.done.clone()
        }
    }

    /// Sends who is due; to be called before every step.
    ///
    /// # Errors
    /// When the world refuses.
    pub fn act(&mut self, road: &mut impl Roadway) -> Result<(), Error> {
        let now = road.world().time();
        self.book(road.world());
        while let Some(arrival) = self.event.arrivals.get(self.next_arrival).copied()
            && arrival.set_out <= now
        {
            self.next_arrival += 1;
            let vehicle = self.send(road, arrival.route)?;
            self.coming.push((vehicle, arrival.park as usize));
            self.done.set_out += 1;
        }
        while let Some(departure) = self.event.departures.get(self.next_departure).copied()
            && departure.time <= now
        {
            self.next_departure += 1;
            self.due[departure.park as usize].push_back(departure.route);
        }
        for park in 0..self.due.len() {
            while self.done.parks[park].parked > 0
                && let Some(route) = self.due[park].pop_front()
            {
                let vehicle = self.send(road, route)?;
                self.leaving.push(vehicle);
                self.done.parks[park].parked -= 1;
                self.done.left += 1;
            }
        }
        Ok(())
    }

    /// Who has come, and who has left.
    fn book(&mut self, world: &World) {
        let (now, done) = (world.time(), &mut self.done);
        let last_in = &mut self.last_in;
        self.coming.retain(|&(vehicle, park)| {
            let there = world.is_gone(vehicle);
            if there {
                let park = &mut done.parks[park];
                park.arrived += 1;
                park.parked += 1;
                park.most = park.most.max(park.parked);
                done.arrived += 1;
                *last_in = now;
            }
            !there
        });
        self.leaving.retain(|&vehicle| {
            let gone = world.is_gone(vehicle);
            done.home += u32::from(gone);
            !gone
        });
    }

    fn send(&mut self, road: &mut impl Roadway, route: u32) -> Result<VehicleId, Error> {
        let vehicle = road.add_vehicle(NewVehicle {
            name: None,
            kind: self.event.kind.clone(),
            route: self.event.routes[route as usize].clone(),
        })?;
        self.visits.resize(vehicle.0 as usize + 1, false);
        self.visits[vehicle.0 as usize] = true;
        Ok(vehicle)
    }

    fn visits(&self, vehicle: VehicleId) -> bool {
        let visits = self.visits.get(vehicle.0 as usize);
        visits.copied().unwrap_or(false)
    }

    /// Looks at the world after a step.
    pub fn look(&mut self, world: &World) {
        self.book(world);
        let dt = world.config().interval;
        let network = world.network();
        self.now = world.time();
        let (mut near, mut waiting) = (false, 0);
        let link_of = |lane: roads::LaneId| -> LinkId { network.lanes[lane.index()].link };
        for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
            let visits = self.visits(vehicle.id);
            let class = class(&mut self.done, visits);
            class.distance += vehicle.speed * dt;
            class.time += dt;
            if let Place::Lane(lane) = vehicle.place {
                let limit = network.lanes[lane.index()].speed_limit;
                class.delay += dt * (1.0 - vehicle.speed / limit).max(0.0);
                near |= visits && self.around[link_of(lane).index()];
            }
        }
        for (lane, vehicle) in world.waiting_vehicles() {
            let visits = self.visits(vehicle);
            let class = class(&mut self.done, visits);
            class.time += dt;
            class.delay += dt;
            waiting += u32::from(visits);
            near |= visits && self.around[link_of(lane).index()];
        }
        if near {
            self.last_around = self.now;
        }
        self.anybody_around = near;
        self.done.waiting = waiting;
        self.done.most_waiting = self.done.most_waiting.max(waiting);
    }
}

const fn class(done: &mut EventDone, visits: bool) -> &mut ClassFigures {
    if visits {
        &mut done.visitors
    } else {
        &mut done.others
    }
}
