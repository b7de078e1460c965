//! What each link is to carry while visitors come or leave, against what it can, and how many
//! visitors that leaves room for.
//!
//! A lane's saturation flow is that of Webster's timings ([`seconds_each`]); a movement's capacity is
//! that times the share of green it has under timings recomputed for this very traffic. A lane with
//! several movements has the degree of saturation x = Σ v/c over them (the shared-lane formula of the
//! Highway Capacity Manual); what is over capacity is v·(1 − 1/x) of each lane with x > 1.

use std::collections::HashMap;

use roads::{Demand, Flow, LaneId, LinkId, Network, TurnId};
use serde::Serialize;
use signals::controllers::{Timings, Webster, most_common_type, seconds_each, vehicles_of_turns};
use signals::{Protocol, SignalPhases};

use super::cars::{Event, Stage};

/// An hour, seconds.
const HOUR: f64 = 3_600.0;
/// The search for how many can come stops when it knows it to this part of all.
const FINENESS: u32 = 100;
/// So many vehicles over capacity are none.
const NOBODY: f64 = 0.5;

/// A link while visitors come, or while they leave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LinkLoad {
    /// The link.
    pub link: LinkId,
    /// Vehicles that are to pass its end, an hour.
    pub flow: f64,
    /// Of these, visitors.
    pub visitors: f64,
    /// Vehicles that could pass if all its lanes always had green, an hour.
    pub saturation: f64,
    /// Flow over saturation flow of its fullest lane.
    pub load: f64,
    /// The same over what its green leaves: more than 1 is over capacity.
    pub degree: f64,
    /// Vehicles that cannot pass over the whole of the busy time.
    pub over: f64,
    /// The same without visitors.
    pub over_without: f64,
}

impl LinkLoad {
    /// Whether more are to pass its end than can.
    pub fn is_over(&self) -> bool {
        self.over > NOBODY
    }

    /// Whether that is so without visitors, too.
    pub fn is_over_without(&self) -> bool {
        self.over_without > NOBODY
    }
}

/// The links that visitors use while they come, or while they leave.
#[derive(Clone, Debug)]
pub struct Loads {
    /// Which time.
    pub stage: Stage,
    /// Webster's timings for that time's traffic, visitors included, by signal.
    pub timings: Vec<Timings>,
    /// The links that visitors use, the fullest first.
    pub links: Vec<LinkLoad>,
    /// Cars that can come (leave) before a link is over capacity that was not without them.
    pub room_for: u32,
}

impl Loads {
    /// Of a stage of an event on top of a demand.
    pub fn new(
        network: &Network,
        demand: &Demand,
        protocol: &Protocol,
        event: &Event,
        stage: Stage,
    ) -> Self {
        let length = (stage.until - stage.from).max(1.0);
        let base = cut_out(demand, stage.from, stage.until);
        let usual = vehicles_of_turns(network, &base, length);
        let setting = Setting {
            network,
            event,
            stage,
            length,
            kind: most_common_type(demand, f64::INFINITY),
            protocol: Protocol {
                horizon: length,
                ..protocol.clone()
            },
            phases: SignalPhases::of_network(network),
            base,
            usual,
            lanes_of: lanes_of_turns(network),
        };
        let (_, without) = setting.links(0);
        let before: HashMap<LinkId, f64> = without.iter().map(|l| (l.link, l.over)).collect();
        let is_new = |load: &LinkLoad| {
            let was = before.get(&load.link).copied().unwrap_or(0.0);
            load.visitors > 0.0 && load.is_over() && was <= NOBODY
        };
        let (timings, mut links) = setting.links(event.cars);
        let mut room_for = event.cars;
        if links.iter().any(is_new) {
            let (mut low, mut high) = (0, event.cars);
            while high - low > (event.cars / FINENESS).max(1) {
                let middle = u32::midpoint(low, high);
                if setting.links(middle).1.iter().any(is_new) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            room_for = low;
        }
        for load in &mut links {
            load.over_without = before.get(&load.link).copied().unwrap_or(0.0);
        }
        links.retain(|load| load.visitors > 0.0);
        links.sort_by(|a, b| b.degree.total_cmp(&a.degree));
        Self {
            stage,
            timings,
            links,
            room_for,
        }
    }
}

/// What does not change with the number of visitors.
struct Setting<'a> {
    network: &'a Network,
    event: &'a Event,
    stage: Stage,
    length: f64,
    kind: roads::VehicleType,
    protocol: Protocol,
    phases: Vec<SignalPhases>,
    base: Demand,
    /// Vehicles by turn without visitors.
    usual: Vec<f64>,
    /// By turn: the lanes from which it can be made.
    lanes_of: Vec<Vec<LaneId>>,
}

impl Setting<'_> {
    /// Timings and loads with so many of the event's cars.
    fn links(&self, cars: u32) -> (Vec<Timings>, Vec<LinkLoad>) {
        let visitors = self.visitors(cars);
        let network = self.network;
        let more = vehicles_of_turns(network, &visitors, self.length);
        let together = joined(&self.base, &visitors);
        let timings = Webster::new(network, &together, &self.protocol)
            .timings()
            .to_vec();
        let green = self.green(&timings);
        let mut lanes = vec![LaneLoad::default(); network.lanes.len()];
        let mut loads: Vec<LinkLoad> = (0..network.links.len()).map(empty).collect();
        for (index, turn) in network.turns.iter().enumerate() {
            let id = TurnId::from(index);
            let on = &self.lanes_of[index];
            let hourly = HOUR / self.length;
            let (flow, visiting) = (self.usual[index] + more[index], more[index]);
            let load = &mut loads[turn.from.index()];
            load.flow += flow * hourly;
            load.visitors += visiting * hourly;
            for &lane in on {
                let each = seconds_each(network, id, lane, &self.kind) / HOUR;
                let own = &mut lanes[lane.index()];
                let flow = flow * hourly / on.len() as f64;
                own.flow += flow;
                own.load += flow * each;
                own.shortest = own.shortest.max(1.0 / each);
                let share = green.get(&(id, lane)).copied().unwrap_or(1.0);
                own.degree += flow * each / share.max(1e-3);
            }
        }
        for (lane, own) in network.lanes.iter().zip(&lanes) {
            let load = &mut loads[lane.link.index()];
            let free = own.load <= 0.0;
            load.saturation += if free {
                own.shortest
            } else {
                own.flow / own.load
            };
            load.load = load.load.max(own.load);
            load.degree = load.degree.max(own.degree);
            if own.degree > 1.0 {
                load.over += own.flow * (1.0 - 1.0 / own.degree) * self.length / HOUR;
            }
        }
        (timings, loads)
    }

    /// So many of the event's cars, evenly chosen, at the time at which they are due.
    fn visitors(&self, cars: u32) -> Demand {
        let event = self.event;
        let times: Vec<(f64, u32)> = if self.stage.coming {
            event.arrivals.iter().map(|a| (a.due, a.route)).collect()
        } else {
            event.departures.iter().map(|d| (d.time, d.route)).collect()
        };
        let all = u64::from(event.cars.max(1));
        let upto = |k: usize| k as u64 * u64::from(cars) / all;
        let chosen = times.iter().enumerate();
        let chosen = chosen.filter(|(k, _)| upto(*k + 1) > upto(*k));
        let window = self.stage.from..self.stage.until;
        let flows =
            chosen
                .filter(|(_, (time, _))| window.contains(time))
                .map(|(_, &(time, route))| Flow {
                    id: None,
                    vehicle_type: 0,
                    route,
                    interval: 1.0,
                    start: time - self.stage.from,
                    end: Some(time - self.stage.from),
                });
        Demand {
            types: vec![event.kind.clone()],
            routes: event.routes.clone(),
            flows: flows.collect(),
        }
    }

    /// Share of the cycle in which a turn has green from a lane; signals only.
    fn green(&self, timings: &[Timings]) -> HashMap<(TurnId, LaneId), f64> {
        let mut shares: HashMap<(TurnId, LaneId), f64> = HashMap::new();
        let signals = self.network.signals.iter().zip(&self.phases).zip(timings);
        for ((signal, phases), timings) in signals {
            for (position, movement) in signal.movements.iter().enumerate() {
                let movement = &self.network.movements[movement.index()];
                let always = signal.phases.iter().all(|phase| {
                    let aspect = phase.aspects.get(position);
                    aspect.is_some_and(|aspect| aspect.is_green())
                });
                let slots = timings.slots.iter();
                let green: f64 = slots
                    .filter(|(phase, _)| phases.serves(*phase, position))
                    .map(|(_, seconds)| (seconds - timings.lost).max(0.0))
                    .sum();
                let share = if always || timings.cycle <= 0.0 {
                    1.0
                } else {
                    green / timings.cycle
                };
                let known = shares.entry((movement.turn, movement.from)).or_insert(0.0);
                *known = known.max(share);
            }
        }
        shares
    }
}

/// The lanes from which each turn can be made.
fn lanes_of_turns(network: &Network) -> Vec<Vec<LaneId>> {
    let mut lanes_of: Vec<Vec<LaneId>> = vec![Vec::new(); network.turns.len()];
    for movement in &network.movements {
        let lanes = &mut lanes_of[movement.turn.index()];
        if !lanes.contains(&movement.from) {
            lanes.push(movement.from);
        }
    }
    lanes_of
}

#[derive(Clone, Copy, Debug, Default)]
struct LaneLoad {
    flow: f64,
    load: f64,
    degree: f64,
    /// Saturation flow of its fastest movement, an hour.
    shortest: f64,
}

fn empty(link: usize) -> LinkLoad {
    LinkLoad {
        link: LinkId::from(link),
        flow: 0.0,
        visitors: 0.0,
        saturation: 0.0,
        load: 0.0,
        degree: 0.0,
        over: 0.0,
        over_without: 0.0,
    }
}

/// The vehicles that appear from `from` until `until`, seconds, which becomes 0.
fn cut_out(demand: &Demand, from: f64, until: f64) -> Demand {
    let flows = demand.flows.iter().filter_map(|flow| {
        let before = ((from - flow.start) / flow.interval).ceil().max(0.0);
        let start = flow.start + before * flow.interval;
        let end = flow.end.unwrap_or(f64::INFINITY).min(until);
        (start <= end && start < until).then(|| Flow {
            start: start - from,
            end: Some(end - from),
            ..flow.clone()
        })
    });
    Demand {
        types: demand.types.clone(),
        routes: demand.routes.clone(),
        flows: flows.collect(),
    }
}

/// Both demands as one; the first says which vehicle is most common unless it has none.
fn joined(one: &Demand, other: &Demand) -> Demand {
    let mut all = one.clone();
    let kind = other.types.first();
    let kind = kind.and_then(|kind| all.types.iter().position(|known| known == kind));
    let kind = kind.unwrap_or_else(|| {
        all.types.extend(other.types.first().cloned());
        all.types.len().saturating_sub(1)
    });
    let routes = all.routes.len() as u32;
    all.routes.extend(other.routes.iter().cloned());
    all.flows.extend(other.flows.iter().map(|flow| Flow {
        vehicle_type: kind as u32,
        route: flow.route + routes,
        ..flow.clone()
    }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_out_appears_at_its_own_moments() {
        let flow = |start, interval, end| Flow {
            id: None,
            vehicle_type: 0,
            route: 0,
            interval,
            start,
            end,
        };
        let demand = Demand {
            flows: vec![
                flow(0.0, 10.0, None),
                flow(95.0, 1.0, Some(95.0)),
                flow(5.0, 1.0, Some(5.0)),
            ],
            ..Demand::default()
        };
        let cut = cut_out(&demand, 91.0, 120.0);
        let starts: Vec<f64> = cut.flows.iter().map(|flow| flow.start).collect();
        assert_eq!(starts, [9.0, 4.0]);
        assert_eq!(cut.vehicles_before(29.0), 3);
    }
}
