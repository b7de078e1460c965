//! Vehicles that we send into SUMO's traffic: emergency missions, as SUMO drives them.
//!
//! SUMO moves them. Under blue light they have its vehicle class `emergency` and its device
//! `bluelight`: others make way where the scenario has sublanes (`lateral-resolution`), and red
//! lights and right of way do not hold them, which is SUMO's model and not that of our own engine.
//! What we add is what the vehicle itself knows and tells signals: where it is, and where it goes
//! ([`signals::priority`]).

use std::collections::BTreeMap;

use roads::{LaneId, LinkId, Network};
use signals::priority::{Claim, Report};

use crate::error::Error;
use crate::traci::names::{self, Domain};
use crate::traci::{Ask, Told, Value};

/// What a vehicle under blue light drives at where the limit is 1 m/s: as SUMO's documentation of
/// emergency vehicles recommends.
const SPEED_FACTOR: f64 = 1.5;
/// It never drives faster, m/s (120 km/h).
const FASTEST: f64 = 33.333;
/// Length and width of SUMO's vehicle class `emergency`, metres.
const SIZE: (f64, f64) = (6.5, 2.16);
/// SUMO's type that ours are copies of.
const MODEL: &str = "DEFAULT_VEHTYPE";

/// A vehicle to send into SUMO's traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Guest {
    /// Its name; must not be in use.
    pub name: String,
    /// Links to pass, in order, without gaps.
    pub route: Vec<LinkId>,
    /// Metres from the start of the last link at which it arrives and leaves the road.
    pub stops_at: f64,
    /// Whether it drives under blue light.
    pub blue_light: bool,
}

/// How far a vehicle of ours has come.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Journey {
    /// It waits to get onto the road.
    Leaving,
    /// It is on its way.
    Driving,
    /// It has arrived, at so many seconds.
    Arrived(f64),
}

#[derive(Clone, Debug)]
struct State {
    guest: Guest,
    journey: Journey,
    /// Place in its route of the link that it is on, or was on last.
    leg: usize,
    /// Whether it is on that link, not inside the junction beyond.
    on_link: bool,
    lane: Option<LaneId>,
    /// From the start of its lane, or of its lane inside the junction, metres.
    position: f64,
    speed: f64,
}

/// All that we have sent, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Guests {
    known: BTreeMap<String, State>,
}

impl Guests {
    /// What SUMO is to be told to let a vehicle in.
    ///
    /// # Errors
    /// When its route is empty or has a gap, or its name is known.
    pub(super) fn welcome(&mut self, network: &Network, guest: Guest) -> Result<Vec<Ask>, Error> {
        let refused = |message: String| Error::Refused {
            who: "the plant",
            message,
        };
        let link = |link: &LinkId| network.links.get(link.index()).map(|link| link.id.clone());
        let route: Option<Vec<String>> = guest.route.iter().map(link).collect();
        let route = route.filter(|route| !route.is_empty()).ok_or_else(|| {
            refused(format!(
                "the route of {:?} is empty or has links that do not exist",
                guest.name
            ))
        })?;
        let mut pairs = guest.route.windows(2);
        let gap = pairs.position(|pair| inside(network, pair[0], pair[1]).is_none());
        if let Some(gap) = gap {
            return Err(refused(format!(
                "no turn leads from {:?} to {:?} on the route of {:?}",
                route[gap],
                route[gap + 1],
                guest.name
            )));
        }
        if self.known.contains_key(&guest.name) {
            return Err(refused(format!(
                "there is a vehicle {:?} already; choose another name",
                guest.name
            )));
        }
        let asks = asks(&guest, route);
        let state = State {
            journey: Journey::Leaving,
            leg: 0,
            on_link: true,
            lane: None,
            position: 0.0,
            speed: 0.0,
            guest: guest.clone(),
        };
        self.known.insert(guest.name, state);
        Ok(asks)
    }

    /// Forgets a vehicle that SUMO has refused.
    pub(super) fn turn_away(&mut self, name: &str) {
        self.known.remove(name);
    }

    /// Takes in who has departed; those of ours among them.
    pub(super) fn depart<'a>(&mut self, ids: &'a [String]) -> Vec<&'a String> {
        let mut own = Vec::new();
        for id in ids {
            if let Some(state) = self.known.get_mut(id) {
                state.journey = Journey::Driving;
                own.push(id);
            }
        }
        own
    }

    /// Takes in who has arrived at a time, seconds.
    pub(super) fn arrive(&mut self, ids: &[String], now: f64) {
        for id in ids {
            if let Some(state) = self.known.get_mut(id) {
                state.journey = Journey::Arrived(now);
            }
        }
    }

    /// Takes in what is told of a vehicle; `lane_named` knows our lanes by SUMO's names.
    pub(super) fn tell(
        &mut self,
        network: &Network,
        told: &Told,
        lane_named: impl Fn(&str) -> Option<LaneId>,
    ) {
        let Some(state) = self.known.get_mut(&told.id) else {
            return;
        };
        for (variable, value) in &told.values {
            match (*variable, value) {
                (names::VAR_SPEED, Value::Double(speed)) => state.speed = *speed,
                (names::VAR_LANE_POSITION, Value::Double(at)) => state.position = *at,
                (names::VAR_LANE_ID, Value::Text(lane)) => {
                    state.lane = lane_named(lane);
                    // A lane's name is its edge's, an underscore and its number; of a lane that cars
                    // may not use we know no more.
                    let edge = lane.rsplit_once('_').map_or("", |(edge, _)| edge);
                    let rest = state.guest.route.iter().enumerate().skip(state.leg);
                    let mut rest = rest.filter(|(_, link)| network.links[link.index()].id == edge);
                    let here = rest.next().map(|(leg, _)| leg);
                    state.on_link = here.is_some();
                    state.leg = here.unwrap_or(state.leg);
                }
                _ => {}
            }
        }
    }

    /// How far a vehicle has come; none if we have not sent it.
    pub(super) fn journey(&self, name: &str) -> Option<Journey> {
        self.known.get(name).map(|state| state.journey)
    }

    /// What a vehicle tells signals; nothing unless it is on its way.
    pub(super) fn report(&self, network: &Network, name: &str, claim: Claim) -> Option<Report> {
        let state = self.known.get(name)?;
        if state.journey != Journey::Driving {
            return None;
        }
        let first = state.leg + usize::from(!state.on_link);
        let route = state.guest.route.get(first..)?.to_vec();
        let length = network.links[route.first()?.index()].length;
        let to_end = if state.on_link {
            let lane = state.lane.map(|lane| network.lanes[lane.index()].length);
            lane.unwrap_or(length) - state.position
        } else {
            let inside = inside(network, state.guest.route[state.leg], route[0]);
            (inside.unwrap_or(0.0) - state.position).max(0.0) + length
        };
        Some(Report {
            claim,
            route,
            lane: state.lane.filter(|_| state.on_link),
            to_end: to_end.max(0.0),
            speed: state.speed,
            max_speed: FASTEST,
            speed_factor: if state.guest.blue_light {
                SPEED_FACTOR
            } else {
                1.0
            },
            stops_at: state.guest.stops_at,
        })
    }
}

/// Metres through the junction from a link to another; none if no turn leads there.
fn inside(network: &Network, from: LinkId, to: LinkId) -> Option<f64> {
    let lanes = network.lanes_of(from).iter();
    lanes
        .flat_map(|lane| &lane.outgoing)
        .map(|movement| &network.movements[movement.index()])
        .find(|movement| network.lanes[movement.to.index()].link == to)
        .map(|movement| movement.length)
}

/// A type of its own, a route of its own, and the vehicle.
fn asks(guest: &Guest, route: Vec<String>) -> Vec<Ask> {
    let own = format!("citybrain {}", guest.name);
    let text = |text: &str| Value::Text(text.to_owned());
    let of_type = |variable, value| Ask::Set(Domain::VehicleType, variable, own.clone(), value);
    let mut asks = vec![
        Ask::Set(
            Domain::VehicleType,
            names::COPY,
            MODEL.to_owned(),
            text(&own),
        ),
        of_type(names::VAR_LENGTH, Value::Double(SIZE.0)),
        of_type(names::VAR_WIDTH, Value::Double(SIZE.1)),
        of_type(names::VAR_MAX_SPEED, Value::Double(FASTEST)),
    ];
    if guest.blue_light {
        let device = vec![text("has.bluelight.device"), text("true")];
        asks.extend([
            of_type(names::VAR_VEHICLE_CLASS, text("emergency")),
            of_type(names::VAR_SPEED_FACTOR, Value::Double(SPEED_FACTOR)),
            of_type(names::VAR_PARAMETER, Value::Compound(device)),
        ]);
    }
    asks.push(Ask::Set(
        Domain::Route,
        names::ADD,
        own.clone(),
        Value::Texts(route),
    ));
    let stops_at = format!("{:.2}", guest.stops_at);
    // Departs now, on the lane that suits its route best, at the road's start, from rest.
    let words = [
        &own, &own, "now", "best", "base", "0", "current", &stops_at, "current", "", "", "",
    ];
    let mut words: Vec<Value> = words.into_iter().map(text).collect();
    words.extend([Value::Integer(0), Value::Integer(0)]);
    asks.push(Ask::Set(
        Domain::Vehicle,
        names::ADD_FULL,
        guest.name.clone(),
        Value::Compound(words),
    ));
    asks
}
