//! What callers read of a world and change in it.

use std::sync::Arc;

use roads::{Aspect, Demand, LaneId, LinkId, MovementId, Network, SignalId};

use crate::advance::SHADOW_ID;
use crate::map::{NONE, Way};
use crate::routes::{Finder, Route};
use crate::state::{Record, Vehicle, flag};
use crate::view::{Metrics, NewVehicle, Place, VehicleId, VehicleView};
use crate::world::{Config, Error, Rules, World};

/// Vehicles slower than this count as waiting, m/s.
pub const WAITING_SPEED: f64 = 0.1;

impl World {
    /// Simulated seconds since the start.
    pub fn time(&self) -> f64 {
        f64::from(self.state.step) * self.config.interval
    }

    /// Steps since the start.
    pub const fn steps(&self) -> u64 {
        self.state.step as u64
    }

    /// The network it runs on.
    pub const fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The demand it was built with.
    pub const fn demand(&self) -> &Arc<Demand> {
        &self.demand
    }

    /// How it is run.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    // Signals.

    fn signal_index(&self, signal: SignalId) -> Result<usize, Error> {
        let index = signal.index();
        if index < self.network.signals.len() {
            return Ok(index);
        }
        let count = self.network.signals.len();
        Err(Error::Invalid(format!(
            "there is no signal {index}; the network has {count}"
        )))
    }

    /// Shows a phase of the signal's own plan, from the next step on.
    ///
    /// # Errors
    /// When there is no such signal or phase.
    pub fn set_phase(&mut self, signal: SignalId, phase: usize) -> Result<(), Error> {
        let index = self.signal_index(signal)?;
        let phases = self.network.signals[index].phases.len();
        if phase >= phases {
            let id = &self.network.signals[index].id;
            return Err(Error::Invalid(format!(
                "signal {id:?} has no phase {phase}; it has {phases}, numbered from 0"
            )));
        }
        if self.state.signals[index].phase != phase as u32 {
            self.show_phase(index, phase);
        }
        self.state.signals[index].remaining = self.network.signals[index].phases[phase].duration;
        Ok(())
    }

    /// Shows any aspects, in the order of the signal's movements, from the next step on.
    ///
    /// # Errors
    /// When there is no such signal or the number of aspects is not that of its movements.
    pub fn set_aspects(&mut self, signal: SignalId, aspects: &[Aspect]) -> Result<(), Error> {
        let index = self.signal_index(signal)?;
        let network = Arc::clone(&self.network);
        let movements = &network.signals[index].movements;
        if aspects.len() != movements.len() {
            return Err(Error::Invalid(format!(
                "signal {:?} has {} movements, not {}",
                network.signals[index].id,
                movements.len(),
                aspects.len()
            )));
        }
        self.state.signals[index].phase = NONE;
        for (movement, &aspect) in movements.iter().zip(aspects) {
            self.show(movement.index(), aspect);
        }
        Ok(())
    }

    /// The phase last set or reached by the plan; `None` after [`World::set_aspects`].
    pub fn phase(&self, signal: SignalId) -> Option<usize> {
        let phase = self.state.signals.get(signal.index())?.phase;
        (phase != NONE).then_some(phase as usize)
    }

    /// What a movement is shown; uncontrolled movements have permissive green.
    pub fn aspect(&self, movement: MovementId) -> Aspect {
        self.state
            .aspects
            .get(movement.index())
            .copied()
            .unwrap_or_default()
    }

    // Counts.

    fn on_lane(&self, lane: LaneId) -> &[Vehicle] {
        self.map
            .lane_rows
            .get(lane.index())
            .map_or(&[], |&row| &self.state.rows[row as usize])
    }

    /// Vehicles on a lane, copies of vehicles that are changing lanes included.
    pub fn lane_count(&self, lane: LaneId) -> u32 {
        self.on_lane(lane).len() as u32
    }

    /// Vehicles on a lane slower than [`WAITING_SPEED`].
    pub fn lane_waiting(&self, lane: LaneId) -> u32 {
        self.on_lane(lane)
            .iter()
            .filter(|vehicle| vehicle.speed < WAITING_SPEED)
            .count() as u32
    }

    /// Vehicles that wait to enter a lane.
    pub fn lane_entry_queue(&self, lane: LaneId) -> usize {
        self.state
            .entries
            .get(&lane.0)
            .map_or(0, std::collections::VecDeque::len)
    }

    /// Mean speed of the vehicles on a link, m/s; `None` when it is empty.
    pub fn link_speed(&self, link: LinkId) -> Option<f64> {
        let link = self.network.links.get(link.index())?;
        let (mut sum, mut count) = (0.0, 0);
        for lane in link.lanes.range() {
            for vehicle in self.on_lane(LaneId::from(lane)) {
                sum += vehicle.speed;
                count += 1;
            }
        }
        (count > 0).then(|| sum / f64::from(count))
    }

    // Vehicles.

    fn view(&self, vehicle: &Vehicle, row: u32) -> VehicleView {
        let way = self.map.way(row);
        let movement = match (way.is_lane(), vehicle.next) {
            (false, _) => Some(MovementId(way.source)),
            (true, NONE) => None,
            (true, next) => Some(MovementId(self.map.way(next).source)),
        };
        let lateral = if vehicle.is(flag::CHANGING) {
            let change = self
                .state
                .changes
                .iter()
                .find(|change| change.original == vehicle.id);
            change.map_or(0.0, |change| change.offset * change.direction)
        } else {
            0.0
        };
        VehicleView {
            id: VehicleId(vehicle.id & !SHADOW_ID),
            place: place(way),
            distance: vehicle.distance,
            speed: vehicle.speed,
            length: self.kinds[vehicle.kind as usize].length,
            movement,
            lateral,
            blocker: (vehicle.blocker != NONE).then_some(VehicleId(vehicle.blocker & !SHADOW_ID)),
            shadow: vehicle.is(flag::SHADOW),
        }
    }

    fn views(&self, row: u32) -> impl Iterator<Item = VehicleView> + '_ {
        self.state.rows[row as usize]
            .iter()
            .map(move |vehicle| self.view(vehicle, row))
    }

    /// Vehicles of a lane, front to back.
    ///
    /// # Panics
    /// When the lane is not one of the network.
    pub fn lane_vehicles(&self, lane: LaneId) -> impl Iterator<Item = VehicleView> + '_ {
        self.views(self.map.lane_row(lane))
    }

    /// Vehicles inside a junction on a movement, front to back.
    ///
    /// # Panics
    /// When the movement is not one of the network.
    pub fn movement_vehicles(
        &self,
        movement: MovementId,
    ) -> impl Iterator<Item = VehicleView> + '_ {
        self.views(self.map.movement_row(movement))
    }

    /// All vehicles on the network, place by place, copies of vehicles that are changing lanes
    /// included.
    pub fn vehicles(&self) -> impl Iterator<Item = VehicleView> + '_ {
        self.map.blocks.iter().flat_map(move |block| {
            (block.rows..block.rows_end).flat_map(move |row| self.views(row))
        })
    }

    /// One vehicle, if it is on the network.
    pub fn vehicle(&self, vehicle: VehicleId) -> Option<VehicleView> {
        let found = self.reader().find(vehicle.0)?;
        Some(self.view(found, self.state.records[vehicle.0 as usize].row))
    }

    /// The vehicle that a vehicle follows, if there is one within sight, and the gap to it, metres.
    pub fn leader(&self, vehicle: VehicleId) -> Option<(VehicleId, f64)> {
        let reader = self.reader();
        let me = reader.find(vehicle.0)?;
        let row = self.state.records[vehicle.0 as usize].row;
        let vehicles = &self.state.rows[row as usize];
        let place = vehicles.iter().position(|other| other.id == me.id)?;
        let (leader, gap) = if let Some(ahead) = place.checked_sub(1) {
            let leader = &vehicles[ahead];
            (leader, reader.gap_between(leader, me))
        } else {
            let kind = &self.kinds[me.kind as usize];
            reader.look_ahead(me, row, self.map.way(row), kind)?
        };
        Some((VehicleId(leader.id & !SHADOW_ID), gap))
    }

    /// Numbers of the vehicles that wait to enter, by lane.
    pub fn waiting_vehicles(&self) -> impl Iterator<Item = (LaneId, VehicleId)> + '_ {
        self.state.entries.iter().flat_map(|(&lane, queue)| {
            queue
                .iter()
                .map(move |&vehicle| (LaneId(lane), VehicleId(vehicle)))
        })
    }

    /// How many vehicles were ever created: their numbers are 0 up to this.
    pub const fn vehicles_created(&self) -> usize {
        self.state.records.len()
    }

    /// When a vehicle was created, seconds.
    pub fn created_at(&self, vehicle: VehicleId) -> Option<f64> {
        self.state
            .records
            .get(vehicle.0 as usize)
            .map(|record| record.created)
    }

    /// Whether a vehicle has finished or was taken away.
    pub fn is_gone(&self, vehicle: VehicleId) -> bool {
        self.state
            .records
            .get(vehicle.0 as usize)
            .is_none_or(|record| record.row == Record::GONE)
    }

    /// The vehicle's name: `flow_<flow>_<count>` for flows without a name, the flow's name for
    /// flows of one vehicle, that and its number for others, or the one it was added with.
    pub fn vehicle_name(&self, vehicle: VehicleId) -> String {
        let Some(record) = self.state.records.get(vehicle.0 as usize) else {
            return String::new();
        };
        if record.flow == Record::ADDED {
            return self.state.names[record.number as usize].clone();
        }
        let flow = &self.demand.flows[record.flow as usize];
        match &flow.id {
            None => format!("flow_{}_{}", record.flow, record.number),
            Some(id) if flow.end.is_some_and(|end| end < flow.start + flow.interval) => id.clone(),
            Some(id) => format!("{id}.{}", record.number),
        }
    }

    /// The vehicle with this name, if it was ever created. Looks through all of them.
    pub fn vehicle_named(&self, name: &str) -> Option<VehicleId> {
        (0..self.state.records.len() as u32)
            .map(VehicleId)
            .find(|&vehicle| self.vehicle_name(vehicle) == name)
    }

    /// The links of the vehicle's route, in order.
    pub fn route(&self, vehicle: VehicleId) -> Option<Vec<LinkId>> {
        let record = self.state.records.get(vehicle.0 as usize)?;
        Some(
            self.routes
                .links(record.route)
                .iter()
                .map(|&link| LinkId(link))
                .collect(),
        )
    }

    /// The links that a vehicle has still to pass, the one it is on (or about to enter) first.
    pub fn route_ahead(&self, vehicle: VehicleId) -> Option<Vec<LinkId>> {
        let record = self.state.records.get(vehicle.0 as usize)?;
        let inside = self
            .map
            .ways
            .get(record.row as usize)
            .is_some_and(|way| !way.is_lane());
        let start = record.leg as usize + usize::from(inside);
        Some(
            self.routes
                .links(record.route)
                .iter()
                .skip(start)
                .map(|&link| LinkId(link))
                .collect(),
        )
    }

    /// Adds a vehicle; it enters when there is room.
    ///
    /// # Errors
    /// When the type is out of range, the name is in use or the route cannot be driven.
    pub fn add_vehicle(&mut self, vehicle: NewVehicle) -> Result<VehicleId, Error> {
        let fault = |message| Error::Invalid(format!("the vehicle {message}"));
        vehicle.kind.check().map_err(fault)?;
        let known = self.network.links.len();
        if let Some(link) = vehicle.route.iter().find(|link| link.index() >= known) {
            return Err(Error::Route(format!("there is no link {}", link.0)));
        }
        let network = Arc::clone(&self.network);
        let links = Finder::default()
            .fill(&network, &self.map, &vehicle.route, self.fewest_links())
            .ok_or_else(|| {
                Error::Route("its links cannot be joined into two or more".to_owned())
            })?;
        let name = match vehicle.name {
            Some(name) if self.vehicle_named(&name).is_some() => {
                return Err(Error::Invalid(format!(
                    "there is a vehicle {name:?} already"
                )));
            }
            Some(name) => name,
            None => format!("manually_pushed_{}", self.state.names.len()),
        };
        let known = self
            .kinds
            .iter()
            .position(|kind| kind.source == vehicle.kind);
        let kind = known.unwrap_or_else(|| {
            let mut types: Vec<_> = self.kinds.iter().map(|kind| kind.source.clone()).collect();
            types.push(vehicle.kind);
            self.set_kinds(&types);
            types.len() - 1
        });
        let priority = self.draw_priority();
        let _thread = self.draw();
        let route = self.routes.add(links);
        let id = self.state.records.len() as u32;
        self.state.records.push(Record {
            created: self.time(),
            flow: Record::ADDED,
            number: self.state.names.len() as u32,
            route,
            leg: 0,
            row: Record::WAITING,
            approach: 0,
            bits: kind as u32,
        });
        self.state.names.push(name);
        self.state.priorities.insert(priority);
        self.state.waiting_priorities.insert(id, priority);
        self.queue(id, Route::Way(route));
        Ok(VehicleId(id))
    }

    pub(crate) fn live_record(&self, vehicle: VehicleId) -> Result<Record, Error> {
        match self.state.records.get(vehicle.0 as usize) {
            Some(record) if record.row != Record::GONE => Ok(*record),
            _ => Err(Error::NoVehicle(vehicle)),
        }
    }

    /// Takes a vehicle away.
    ///
    /// # Errors
    /// When it is not there.
    pub fn remove_vehicle(&mut self, vehicle: VehicleId) -> Result<(), Error> {
        let record = self.live_record(vehicle)?;
        let id = vehicle.0;
        if record.row == Record::WAITING {
            for queue in self.state.entries.values_mut() {
                queue.retain(|&waiting| waiting != id);
            }
            self.state.entries.retain(|_, queue| !queue.is_empty());
            if let Some(priority) = self.state.waiting_priorities.remove(&id) {
                self.state.priorities.remove(&priority);
            }
            self.state.tally.waiting -= 1;
        } else {
            if let Some(at) = self.state.changes.iter().position(|c| c.original == id) {
                let change = self.state.changes.remove(at);
                self.take_off(change.target, change.shadow);
                self.state.tally.shadows -= 1;
            }
            self.end_approach(id, record.row);
            self.take_off(record.row, id);
            self.state.tally.running -= 1;
        }
        self.state.stuck.remove(&id);
        self.state.standing.remove(&id);
        self.state.blue_lights.remove(&id);
        self.state.tally.removed += 1;
        self.state.tally.live_created -= record.created;
        self.state.records[id as usize].row = Record::GONE;
        Ok(())
    }

    fn take_off(&mut self, row: u32, id: u32) {
        let vehicles = &mut self.state.rows[row as usize];
        if let Some(at) = vehicles.iter().position(|vehicle| vehicle.id == id) {
            let vehicle = vehicles.remove(at);
            self.state.priorities.remove(&vehicle.priority);
        }
        self.unmark(row);
    }

    /// Sends a vehicle another way: links to pass after the one it is on (or, inside a junction,
    /// after the one it is about to enter).
    ///
    /// # Errors
    /// When the vehicle is not there or the way cannot be driven from where it is.
    pub fn set_route(&mut self, vehicle: VehicleId, anchors: &[LinkId]) -> Result<(), Error> {
        let record = self.live_record(vehicle)?;
        let network = Arc::clone(&self.network);
        if let Some(link) = anchors
            .iter()
            .find(|link| link.index() >= network.links.len())
        {
            return Err(Error::Route(format!("there is no link {}", link.0)));
        }
        let old = self.routes.links(record.route);
        let way = (record.row != Record::WAITING).then(|| self.map.way(record.row));
        let inside = way.is_some_and(|way| !way.is_lane());
        let start = record.leg as usize + usize::from(inside);
        let mut wanted = vec![LinkId(old[start])];
        wanted.extend_from_slice(anchors);
        let mut links = Finder::default()
            .fill(&network, &self.map, &wanted, 2)
            .ok_or_else(|| Error::Route("its links cannot be joined".to_owned()))?
            .into_vec();
        if inside {
            links.insert(0, old[start - 1]);
        }
        if let Some(way) = way.filter(|way| way.is_lane()) {
            let leads_on = |row: u32| self.map.leads_to(self.map.way(row), links[1]);
            let any = match self.config.rules {
                Rules::Benchmark => leads_on(record.row),
                Rules::Street => self.map.lanes_of(&network, LinkId(way.link)).any(leads_on),
            };
            if !any {
                return Err(Error::Route(
                    "the vehicle's lane does not lead there".to_owned(),
                ));
            }
        }
        let route = self.routes.add(links.into_boxed_slice());
        let record = &mut self.state.records[vehicle.0 as usize];
        record.route = route;
        record.leg = 0;
        self.settle_again(vehicle.0);
        Ok(())
    }

    /// Works out anew where a vehicle on a lane goes on to.
    pub(crate) fn settle_again(&mut self, id: u32) {
        let row = self.state.records[id as usize].row;
        if row == Record::GONE || row == Record::WAITING || !self.map.way(row).is_lane() {
            return;
        }
        let vehicles = &self.state.rows[row as usize];
        if let Some(at) = vehicles.iter().position(|vehicle| vehicle.id == id) {
            let mut vehicle = vehicles[at];
            self.settle(&mut vehicle, row);
            self.state.rows[row as usize][at] = vehicle;
        }
    }

    /// Sets a vehicle's desired speed for the next step, m/s. It still stays clear of others and
    /// heeds signals.
    ///
    /// # Errors
    /// When the vehicle is not there or the speed is not zero or more.
    pub fn set_vehicle_speed(&mut self, vehicle: VehicleId, speed: f64) -> Result<(), Error> {
        let record = self.live_record(vehicle)?;
        if !(speed.is_finite() && speed >= 0.0) {
            return Err(Error::Invalid(format!(
                "the speed {speed} must be zero or more"
            )));
        }
        self.state.custom_speeds.insert(vehicle.0, speed);
        if record.row != Record::WAITING {
            let vehicles = &mut self.state.rows[record.row as usize];
            if let Some(found) = vehicles.iter_mut().find(|other| other.id == vehicle.0) {
                found.flags |= flag::CUSTOM;
            }
        }
        Ok(())
    }

    // Lanes.

    pub(crate) fn known_lane(&self, lane: LaneId) -> Result<u32, Error> {
        self.map
            .lane_rows
            .get(lane.index())
            .copied()
            .ok_or_else(|| Error::Invalid(format!("there is no lane {}", lane.0)))
    }

    /// Lets no vehicle enter a lane any more; those on it drive on. Vehicles bound for it take
    /// another lane of the same link where their own lane leads to one, and wait otherwise.
    ///
    /// # Errors
    /// When there is no such lane.
    pub fn close_lane(&mut self, lane: LaneId) -> Result<(), Error> {
        let row = self.known_lane(lane)?;
        if self.state.closed.insert(row) {
            self.settle_upstream(lane);
        }
        Ok(())
    }

    /// Opens a closed lane.
    ///
    /// # Errors
    /// When there is no such lane.
    pub fn open_lane(&mut self, lane: LaneId) -> Result<(), Error> {
        let row = self.known_lane(lane)?;
        if self.state.closed.remove(&row) {
            self.settle_upstream(lane);
        }
        Ok(())
    }

    /// Vehicles before and beside a lane whose state changed choose anew.
    fn settle_upstream(&mut self, lane: LaneId) {
        let network = Arc::clone(&self.network);
        let link = network.lanes[lane.index()].link;
        let mut rows: Vec<u32> = self.map.lanes_of(&network, link).collect();
        for beside in network.lanes_of(link) {
            let before = beside
                .incoming
                .iter()
                .map(|id| network.movements[id.index()].from);
            rows.extend(before.map(|lane| self.map.lane_row(lane)));
        }
        rows.sort_unstable();
        rows.dedup();
        for row in rows {
            for at in 0..self.state.rows[row as usize].len() {
                let mut vehicle = self.state.rows[row as usize][at];
                self.settle(&mut vehicle, row);
                self.state.rows[row as usize][at] = vehicle;
            }
        }
    }

    /// Whether a lane is closed.
    pub fn is_closed(&self, lane: LaneId) -> bool {
        self.known_lane(lane)
            .is_ok_and(|row| self.state.closed.contains(&row))
    }

    /// Sets the speed limit of a link, m/s; `None` restores the network's.
    ///
    /// # Errors
    /// When there is no such link or the limit is not greater than zero.
    pub fn set_speed_limit(&mut self, link: LinkId, limit: Option<f64>) -> Result<(), Error> {
        let Some(found) = self.network.links.get(link.index()) else {
            return Err(Error::Invalid(format!("there is no link {}", link.0)));
        };
        if let Some(limit) = limit
            && !(limit.is_finite() && limit > 0.0)
        {
            return Err(Error::Invalid(format!(
                "the speed limit {limit} must be more than zero"
            )));
        }
        for lane in found.lanes.range() {
            let row = self.map.lane_rows[lane];
            match limit {
                Some(limit) => self.state.limits.insert(row, limit),
                None => self.state.limits.remove(&row),
            };
        }
        Ok(())
    }

    /// Goes back to second 0 with the demand and settings it was built with; lanes are opened and
    /// added vehicles forgotten. `reseed` says whether the random numbers start afresh, too.
    ///
    /// # Errors
    /// As [`World::new`].
    pub fn reset(&mut self, reseed: bool) -> Result<(), Error> {
        let fresh = Self::new(
            Arc::clone(&self.network),
            Arc::clone(&self.demand),
            self.config.clone(),
        )?;
        let before = std::mem::replace(self, fresh);
        if !reseed {
            self.random = before.random;
            self.state.seed = before.state.seed;
            self.state.draws = before.state.draws;
        }
        Ok(())
    }

    /// Starts the random numbers afresh.
    pub fn set_seed(&mut self, seed: u32) {
        self.random = rand_mt::Mt::new(seed);
        self.state.seed = seed;
        self.state.draws = 0;
    }

    // Metrics.

    /// What the run has come to so far; `horizon` (seconds) is what a missing leave counts in
    /// `att_lit`.
    pub fn metrics(&self, horizon: f64) -> Metrics {
        let tally = &self.state.tally;
        let now = self.time();
        let dt = self.config.interval;
        let live = f64::from(tally.running + tally.waiting);
        let mut live_time = live * now - tally.live_created;
        for change in &self.state.changes {
            live_time += now - self.state.records[change.original as usize].created;
        }
        let ended = (tally.finished + tally.aborted) as f64;
        let counted = ended + live + f64::from(tally.shadows);
        let ended_time = tally.finished_time + tally.aborted_time;
        let ratio = |sum: f64, count: f64| if count > 0.0 { sum / count } else { 0.0 };
        Metrics {
            time: now,
            att_engine: ratio(ended_time + live_time, counted),
            att_lit: ratio(self.approach_time(horizon, dt), tally.seen as f64),
            att_finished: ratio(tally.finished_time, tally.finished as f64),
            vehicles: tally.created,
            throughput: tally.finished,
            running: u64::from(tally.running),
            waiting_to_enter: u64::from(tally.waiting),
            vehicle_updates: tally.updates,
            invalid_flows: tally.invalid_flows,
            rerouted: tally.rerouted,
            relocated: tally.relocated,
            removed: tally.removed,
            distance: tally.distance,
            time_spent: tally.time_spent,
        }
    }

    /// Seconds on approaches to signals, of all vehicles; whoever is still there has until the
    /// horizon.
    fn approach_time(&self, horizon: f64, dt: f64) -> f64 {
        let mut sum = self.state.tally.approach_steps as f64 * dt;
        for (row, vehicles) in self.state.rows.iter().enumerate() {
            let way = self.map.way(row as u32);
            if vehicles.is_empty() || !way.is_lane() || !way.signalised {
                continue;
            }
            for vehicle in vehicles.iter().filter(|vehicle| !vehicle.is(flag::SHADOW)) {
                let record = &self.state.records[vehicle.id as usize];
                if record.bits & Record::AGAIN == 0 {
                    let since = f64::from(record.approach + 1) * dt;
                    sum += (horizon - since).max(0.0);
                }
            }
        }
        sum
    }

    /// Copies of vehicles that are changing lanes, now.
    pub const fn shadows(&self) -> u32 {
        self.state.tally.shadows
    }
}

const fn place(way: &Way) -> Place {
    if way.is_lane() {
        Place::Lane(LaneId(way.source))
    } else {
        Place::Movement(MovementId(way.source))
    }
}
