//! When vehicles appear: flows, and the queues in which vehicles wait to enter.
//!
//! Flows are not polled. First departures stand in one table sorted by step, made once and shared
//! by all forks; flows that repeat sit in a heap until they are due again.

use std::cmp::Reverse;

use roads::Demand;
use serde::{Deserialize, Serialize};

use crate::map::NONE;
use crate::routes::Route;
use crate::state::{Record, Vehicle, flag};
use crate::world::World;

/// The shortest interval between two vehicles of a flow that is accepted, seconds.
pub(crate) const LEAST_INTERVAL: f64 = 0.01;

/// A flow that is due again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Repeat {
    /// Step in which it is due.
    pub(crate) step: u32,
    /// Which flow.
    pub(crate) flow: u32,
    /// Vehicles so far.
    pub(crate) count: u32,
    /// The flow's clock at that step, seconds since its last vehicle.
    pub(crate) clock: f64,
}

impl PartialEq for Repeat {
    fn eq(&self, other: &Self) -> bool {
        (self.step, self.flow) == (other.step, other.flow)
    }
}
impl Eq for Repeat {}
impl PartialOrd for Repeat {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Repeat {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.step, self.flow).cmp(&(other.step, other.flow))
    }
}

/// First departure of every flow: (step, flow), sorted.
pub(crate) fn first_departures(demand: &Demand, dt: f64) -> Vec<(u32, u32)> {
    let mut table: Vec<(u32, u32)> = demand
        .flows
        .iter()
        .enumerate()
        .filter_map(|(index, flow)| {
            let mut step = (flow.start / dt).ceil().max(0.0) as u32;
            while f64::from(step) * dt < flow.start {
                step += 1;
            }
            while step > 0 && f64::from(step - 1) * dt >= flow.start {
                step -= 1;
            }
            let in_time = flow.end.is_none_or(|end| f64::from(step) * dt <= end);
            in_time.then_some((step, index as u32))
        })
        .collect();
    table.sort_unstable();
    table
}

impl World {
    /// Creates the vehicles that are due and puts them into the queues of their first lanes.
    pub(crate) fn create_vehicles(&mut self) {
        let step = self.state.step;
        let mut due = std::mem::take(&mut self.scratch.due);
        due.clear();
        let table = std::sync::Arc::clone(&self.departures);
        while let Some(&(at, flow)) = table.get(self.state.departed as usize) {
            if at > step {
                break;
            }
            let interval = self.demand.flows[flow as usize].interval;
            due.push(Repeat {
                step,
                flow,
                count: 0,
                clock: interval,
            });
            self.state.departed += 1;
        }
        while self
            .state
            .repeats
            .peek()
            .is_some_and(|Reverse(repeat)| repeat.step <= step)
        {
            due.extend(self.state.repeats.pop().map(|Reverse(repeat)| repeat));
        }
        due.sort_unstable();

        // All draw their priorities first, in the order of the flows; then each finds its lane,
        // in the order of the roads.
        let mut created = std::mem::take(&mut self.scratch.created);
        created.clear();
        for repeat in &mut due {
            let interval = self.demand.flows[repeat.flow as usize].interval;
            while repeat.clock >= interval {
                self.create_from_flow(*repeat, &mut created);
                repeat.count += 1;
                repeat.clock -= interval;
            }
            self.schedule_again(*repeat, interval);
        }
        created.sort_by_key(|&(link, _, _)| link);
        for &(_, id, flow_route) in &created {
            self.queue(id, flow_route);
        }
        self.scratch.due = due;
        self.scratch.created = created;
    }

    fn schedule_again(&mut self, mut repeat: Repeat, interval: f64) {
        let flow = &self.demand.flows[repeat.flow as usize];
        let dt = self.config.interval;
        let last = flow.end.unwrap_or(f64::INFINITY);
        let soonest = f64::from(repeat.step) * dt + interval - repeat.clock - 2.0 * dt;
        if soonest > last {
            return;
        }
        // The model adds step by step, and so do we: the sums must come out the same.
        loop {
            repeat.clock += dt;
            repeat.step += 1;
            if f64::from(repeat.step) * dt > last {
                return;
            }
            if repeat.clock >= interval {
                break;
            }
        }
        if matches!(self.routes.of_demand(flow.route), Route::Way(_)) {
            self.state.repeats.push(Reverse(repeat));
        }
    }

    fn create_from_flow(&mut self, repeat: Repeat, created: &mut Vec<(u32, u32, Route)>) {
        let (kind, route) = {
            let flow = &self.demand.flows[repeat.flow as usize];
            (flow.vehicle_type, flow.route)
        };
        let priority = self.draw_priority();
        let _thread = self.draw(); // the published simulator deals out its threads by lot
        match self.routes.of_demand(route) {
            Route::None => self.state.tally.invalid_flows += 1,
            Route::Way(index) => {
                let id = self.state.records.len() as u32;
                self.state.records.push(Record {
                    created: self.time(),
                    flow: repeat.flow,
                    number: repeat.count,
                    route: index,
                    leg: 0,
                    row: Record::WAITING,
                    approach: 0,
                    bits: kind,
                });
                self.state.priorities.insert(priority);
                self.state.waiting_priorities.insert(id, priority);
                created.push((self.routes.links(index)[0], id, Route::Way(index)));
            }
        }
    }

    /// Draws a first lane for a new vehicle and puts it into that lane's queue.
    pub(crate) fn queue(&mut self, id: u32, route: Route) {
        let Route::Way(index) = route else { return };
        let links = self.routes.links(index);
        let network = std::sync::Arc::clone(&self.network);
        let lanes = network.links[links[0] as usize].lanes.range();
        let usable = |lane: &usize| {
            let row = self.map.lane_rows[*lane];
            links
                .get(1)
                .is_none_or(|&next| self.map.leads_to(self.map.way(row), next))
        };
        let open = |lane: &usize| !self.state.closed.contains(&self.map.lane_rows[*lane]);
        let mut candidates: Vec<usize> = lanes.clone().filter(usable).collect();
        if !self.state.closed.is_empty() && candidates.iter().any(open) {
            candidates.retain(open);
        }
        if candidates.is_empty() {
            candidates = lanes.collect();
        }
        let draw = self.draw() as usize % candidates.len();
        self.state
            .entries
            .entry(candidates[draw] as u32)
            .or_default()
            .push_back(id);
        self.state.tally.created += 1;
        self.state.tally.waiting += 1;
        self.state.tally.live_created += self.state.records[id as usize].created;
    }

    /// Lets the first vehicle of each queue in, where there is room.
    pub(crate) fn admit_vehicles(&mut self) {
        if self.state.entries.is_empty() {
            return;
        }
        let mut entries = std::mem::take(&mut self.state.entries);
        entries.retain(|&lane, queue| {
            if let Some(&id) = queue.front()
                && self.admit(self.map.lane_rows[lane as usize], id)
            {
                queue.pop_front();
            }
            !queue.is_empty()
        });
        self.state.entries = entries;
    }

    fn admit(&mut self, row: u32, id: u32) -> bool {
        let record = self.state.records[id as usize];
        let kind_index = record.bits & Record::KIND;
        let min_gap = self.kinds[kind_index as usize].min_gap;
        let room = self.state.rows[row as usize]
            .last()
            .is_none_or(|tail| tail.distance > self.kinds[tail.kind as usize].length + min_gap);
        if !room || self.state.closed.contains(&row) {
            return false;
        }
        let mut vehicle = Vehicle {
            distance: 0.0,
            speed: 0.0,
            gap: 0.0,
            id,
            kind: kind_index,
            next: NONE,
            previous: NONE,
            entered: u32::MAX,
            blocker: NONE,
            priority: 0,
            flags: flag::FRESH,
        };
        if !self.is_clear_before(row, &vehicle) {
            return false;
        }
        let priority = self.state.waiting_priorities.remove(&id);
        vehicle.priority = priority.unwrap_or_default();
        self.settle(&mut vehicle, row);
        if self.state.custom_speeds.contains_key(&id) {
            vehicle.flags |= flag::CUSTOM;
        }
        if self.state.blue_lights.contains_key(&id) {
            vehicle.flags |= flag::BLUE;
        }
        self.push(row, vehicle);
        self.state.records[id as usize].row = row;
        self.state.tally.waiting -= 1;
        self.state.tally.running += 1;
        self.begin_approach(id, row);
        true
    }
}
