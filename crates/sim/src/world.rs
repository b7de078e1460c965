//! The world: everything at one moment, and the step that takes it to the next.

use std::sync::Arc;

use rand_mt::Mt;
use rayon::prelude::*;
use roads::{Demand, Network};
use serde::{Deserialize, Serialize};

use crate::advance::{ABORT, END, MERGE, Plan, Reader};
use crate::commit::{Outcome, commit};
use crate::departures::{self, LEAST_INTERVAL, Repeat};
use crate::kind::Kind;
use crate::lane_change::Lateral;
use crate::map::{Map, NONE};
use crate::routes::{Route, Routes};
use crate::state::{Record, SignalState, State, Vehicle, flag};
use crate::view::VehicleId;

/// Who says what signals show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signals {
    /// Each signal cycles through the plan of the network file.
    #[default]
    Plan,
    /// Only [`World::set_phase`] and [`World::set_aspects`] change them.
    External,
}

/// Which rules vehicles follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rules {
    /// Exactly those of the published benchmarks, known faults included.
    #[default]
    Benchmark,
    /// For real networks: lane changes that a route demands, speed limits inside junctions, and a
    /// way out of knots.
    Street,
}

/// How a world is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Length of a step, seconds.
    pub interval: f64,
    /// Seed of all random numbers.
    pub seed: u32,
    /// Threads that share a step. Results do not depend on it.
    pub threads: usize,
    /// Whether vehicles change lanes for a better gap.
    pub lane_change: bool,
    /// Who says what signals show.
    pub signals: Signals,
    /// Which rules vehicles follow.
    pub rules: Rules,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval: 1.0,
            seed: 0,
            threads: 1,
            lane_change: true,
            signals: Signals::Plan,
            rules: Rules::Benchmark,
        }
    }
}

/// What a world refuses to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration or an argument is out of range.
    #[error("{0}")]
    Invalid(String),
    /// There is no such vehicle, or it has finished.
    #[error("no vehicle {0:?} on the network")]
    NoVehicle(VehicleId),
    /// The route cannot be driven.
    #[error("the route cannot be driven: {0}")]
    Route(String),
    /// A saved world does not fit.
    #[error("the saved world does not fit: {0}")]
    Restore(String),
}

/// Blocks whose vehicles one thread moves at a time. Fixed by the network, not by the number of
/// threads, so that sums come out the same.
#[derive(Clone, Copy, Debug)]
struct Part {
    blocks: (usize, usize),
    rows: (usize, usize),
    words: (usize, usize),
}

/// Flags that depend on the lane a vehicle is on.
const LANE_FLAGS: u32 = flag::ASTRAY | flag::LAST | flag::OUTER | flag::INNER | flag::KEEN;

/// Junctions in a part: few enough to share out well, enough to be worth a hand-over.
const BLOCKS_IN_PART: usize = 32;

/// What a step needs for itself; kept so that nothing is allocated, never part of the state.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) due: Vec<Repeat>,
    pub(crate) created: Vec<(u32, u32, Route)>,
    plans: Vec<Plan>,
    outcomes: Vec<Outcome>,
    pub(crate) lateral: Lateral,
}

/// A network with its traffic at one moment.
#[derive(Debug)]
pub struct World {
    pub(crate) network: Arc<Network>,
    pub(crate) demand: Arc<Demand>,
    pub(crate) map: Arc<Map>,
    parts: Arc<Vec<Part>>,
    pub(crate) departures: Arc<Vec<(u32, u32)>>,
    pub(crate) config: Config,
    pub(crate) kinds: Arc<Vec<Kind>>,
    pub(crate) notice: Arc<Vec<f64>>,
    /// Length of the longest vehicle, metres.
    pub(crate) longest: f64,
    pub(crate) routes: Routes,
    /// Routes that came with the demand; those after were added while running.
    pub(crate) demand_routes: usize,
    pub(crate) random: Mt,
    pub(crate) state: State,
    pub(crate) scratch: Scratch,
    pool: Option<Arc<rayon::ThreadPool>>,
}

impl World {
    /// Builds an empty world at time 0.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the step, the number of threads, a vehicle type or a flow is out of
    /// range.
    pub fn new(network: Arc<Network>, demand: Arc<Demand>, config: Config) -> Result<Self, Error> {
        check(&demand, &network, &config)?;
        let map = Map::new(&network, config.rules == Rules::Street);
        let fewest = if config.rules == Rules::Street { 1 } else { 2 };
        let routes = Routes::new(&network, &demand, &map, fewest);
        let pool = thread_pool(config.threads)?;
        let mut world = Self {
            parts: Arc::new(parts(&map)),
            departures: Arc::new(departures::first_departures(&demand, config.interval)),
            kinds: Arc::new(Vec::new()),
            notice: Arc::new(Vec::new()),
            longest: 0.0,
            demand_routes: routes.len(),
            routes,
            random: Mt::new(config.seed),
            state: State {
                rows: vec![Vec::new(); map.ways.len()],
                occupied: vec![0; map.words],
                green: vec![true; map.ways.len()],
                aspects: vec![roads::Aspect::Permissive; network.movements.len()],
                seed: config.seed,
                ..State::default()
            },
            scratch: Scratch::default(),
            map: Arc::new(map),
            network,
            demand,
            config,
            pool,
        };
        let types = world.demand.types.clone();
        world.set_kinds(&types);
        world.start_signals();
        Ok(world)
    }

    /// Links that a route must have; the published simulator refuses routes of one.
    pub(crate) const fn fewest_links(&self) -> usize {
        match self.config.rules {
            Rules::Benchmark => 2,
            Rules::Street => 1,
        }
    }

    /// Compiles vehicle types.
    pub(crate) fn set_kinds(&mut self, types: &[roads::VehicleType]) {
        let strongest = types
            .iter()
            .map(|kind| kind.max_deceleration.max(kind.usual_deceleration))
            .fold(0.0, f64::max);
        let dt = self.config.interval;
        let kinds: Vec<Kind> = types
            .iter()
            .map(|kind| Kind::new(kind, dt, strongest))
            .collect();
        self.longest = kinds.iter().map(|kind| kind.length).fold(0.0, f64::max);
        self.notice = Arc::new(self.map.notice(&kinds, dt));
        self.kinds = Arc::new(kinds);
    }

    /// The same world once more, to try a future in. Cheap.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.clone()
    }

    /// Moves everything by one interval.
    pub fn step(&mut self) {
        // One hand-over to the threads a step, not one for each of its passes.
        match self.pool.clone() {
            Some(pool) => pool.install(|| self.advance()),
            None => self.advance(),
        }
    }

    fn advance(&mut self) {
        self.create_vehicles();
        self.admit_vehicles();
        if self.config.lane_change || self.config.rules == Rules::Street {
            self.change_lanes();
        }
        self.plan();
        if !self.state.changes.is_empty() {
            self.agree_changes();
        }
        self.commit();
        self.hand_over();
        if !self.state.blue_lights.is_empty() {
            self.order_by_front();
        }
        self.state.custom_speeds.clear();
        self.state.room.clear();
        self.state.step += 1;
        if self.config.rules == Rules::Street {
            self.free_jams();
        }
        if self.config.signals == Signals::Plan {
            self.advance_signals();
        }
        let tally = &mut self.state.tally;
        let present = f64::from(tally.running + tally.waiting);
        tally.time_spent += present * self.config.interval;
    }

    /// A reader of the committed state.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            network: &self.network,
            map: &self.map,
            kinds: &self.kinds,
            routes: &self.routes,
            state: &self.state,
            dt: self.config.interval,
            lane_change: self.config.lane_change,
            street: self.config.rules == Rules::Street,
            longest: self.longest,
            notice: &self.notice,
        }
    }

    fn plan(&mut self) {
        let mut plans = std::mem::take(&mut self.scratch.plans);
        plans.resize_with(self.parts.len(), Plan::default);
        let reader = self.reader();
        let plan_part = |(part, plan): (&Part, &mut Plan)| {
            plan.moves.clear();
            plan.halves.clear();
            for block in &reader.map.blocks[part.blocks.0..part.blocks.1] {
                reader.plan(block, plan);
            }
        };
        if self.shares_steps() {
            let parts = self.parts.par_iter();
            parts.zip(plans.par_iter_mut()).for_each(plan_part);
        } else {
            self.parts.iter().zip(plans.iter_mut()).for_each(plan_part);
        }
        self.scratch.plans = plans;
    }

    fn commit(&mut self) {
        let Scratch {
            plans, outcomes, ..
        } = &mut self.scratch;
        outcomes.resize_with(self.parts.len(), Outcome::default);
        let keep_gap = self.config.lane_change;
        let map = &self.map;
        let commit_part = |(part, plan, rows, words, outcome): PartOf<'_>| {
            outcome.leavers.clear();
            outcome.updates = 0;
            outcome.distance = 0.0;
            let mut moves = plan.moves.as_slice();
            for block in &map.blocks[part.blocks.0..part.blocks.1] {
                let word = block.word as usize - part.words.0;
                if block.words == 1 && words[word] == 0 {
                    continue;
                }
                let row = block.rows as usize - part.rows.0;
                let row_end = block.rows_end as usize - part.rows.0;
                let word_end = word + block.words as usize;
                let occupied: &mut [u64] = &mut words[word..word_end];
                moves = commit(
                    block,
                    &mut rows[row..row_end],
                    occupied,
                    moves,
                    keep_gap,
                    outcome,
                );
            }
        };
        let mut rows = self.state.rows.as_mut_slice();
        let mut words = self.state.occupied.as_mut_slice();
        let mut each = self
            .parts
            .iter()
            .zip(plans.iter())
            .zip(outcomes.iter_mut())
            .map(|((part, plan), outcome)| {
                let (own_rows, rest) =
                    std::mem::take(&mut rows).split_at_mut(part.rows.1 - part.rows.0);
                rows = rest;
                let (own_words, rest) =
                    std::mem::take(&mut words).split_at_mut(part.words.1 - part.words.0);
                words = rest;
                (part, plan, own_rows, own_words, outcome)
            });
        if self.pool.is_some() {
            let each: Vec<PartOf<'_>> = each.collect();
            each.into_par_iter().for_each(commit_part);
        } else {
            each.by_ref().for_each(commit_part);
        }
    }

    /// Puts the vehicles that left their rows where they go.
    fn hand_over(&mut self) {
        let mut outcomes = std::mem::take(&mut self.scratch.outcomes);
        if !self.state.changes.is_empty() {
            self.settle_changes(&mut outcomes);
        }
        for outcome in &outcomes {
            self.state.tally.updates += outcome.updates;
            self.state.tally.distance += outcome.distance;
            for leaver in &outcome.leavers {
                match leaver.to {
                    MERGE | ABORT => {}
                    END => self.finish(&leaver.vehicle, leaver.from),
                    to => self.arrive(leaver.vehicle, leaver.from, to),
                }
            }
        }
        self.scratch.outcomes = outcomes;
    }

    /// Ends the lane changes that are done or given up, before anybody arrives anywhere.
    fn settle_changes(&mut self, outcomes: &mut [Outcome]) {
        let ended: Vec<_> = outcomes
            .iter()
            .flat_map(|outcome| &outcome.leavers)
            .filter(|leaver| leaver.to == MERGE || leaver.to == ABORT)
            .copied()
            .collect();
        for leaver in ended {
            let mut others = outcomes.iter_mut().flat_map(|outcome| &mut outcome.leavers);
            if leaver.to == MERGE {
                self.merge(&leaver.vehicle, &mut others);
            } else {
                self.abort(&leaver.vehicle, &mut others);
            }
        }
    }

    /// Runs of blocks, to be dealt with one by one or shared out to threads.
    pub(crate) fn block_runs(&self) -> Vec<(usize, usize)> {
        self.parts.iter().map(|part| part.blocks).collect()
    }

    /// Whether more than one thread shares a step.
    pub(crate) const fn shares_steps(&self) -> bool {
        self.pool.is_some()
    }

    pub(crate) fn take_plans(&mut self) -> Vec<Plan> {
        std::mem::take(&mut self.scratch.plans)
    }

    pub(crate) fn put_plans(&mut self, plans: Vec<Plan>) {
        self.scratch.plans = plans;
    }

    fn arrive(&mut self, mut vehicle: Vehicle, from: u32, to: u32) {
        let map = Arc::clone(&self.map);
        let (left, entered) = (map.way(from), map.way(to));
        vehicle.previous = from;
        vehicle.flags |= flag::ARRIVED;
        let id = vehicle.id;
        if left.is_lane() {
            self.end_approach(id, from);
        }
        let record = &mut self.state.records[id as usize];
        if entered.is_lane() {
            let links = self.routes.links(record.route);
            let after = record.leg as usize + 1;
            let onward = links[after.min(links.len())..]
                .iter()
                .position(|&l| l == entered.link);
            record.leg = (after + onward.unwrap_or(0)).min(links.len() - 1) as u32;
            vehicle.entered = u32::MAX;
        } else {
            if !left.is_lane() {
                // Over a whole lane in one step.
                let links = self.routes.links(record.route);
                let passed = map.way(entered.from).link;
                let after = record.leg as usize + 1;
                let onward = links[after..].iter().position(|&link| link == passed);
                record.leg = (after + onward.unwrap_or(0)) as u32;
            }
            vehicle.entered = self.state.step;
        }
        record.row = to;
        if entered.is_lane() {
            self.settle(&mut vehicle, to);
            self.begin_approach(id, to);
        } else {
            vehicle.next = entered.to;
            vehicle.flags &= !LANE_FLAGS;
        }
        self.insert(to, vehicle);
    }

    /// Puts an arriving vehicle behind those on the row and in order among those that arrive in
    /// the same step.
    fn insert(&mut self, row: u32, vehicle: Vehicle) {
        self.mark(row);
        let vehicles = &mut self.state.rows[row as usize];
        let mut at = vehicles.len();
        while at > 0
            && vehicles[at - 1].is(flag::ARRIVED)
            && vehicles[at - 1].distance < vehicle.distance
        {
            at -= 1;
        }
        vehicles.insert(at, vehicle);
    }

    /// Puts a vehicle behind those on a row.
    pub(crate) fn push(&mut self, row: u32, vehicle: Vehicle) {
        self.mark(row);
        self.state.rows[row as usize].push(vehicle);
    }

    /// Notes that a row holds vehicles.
    pub(crate) fn mark(&mut self, row: u32) {
        let way = self.map.way(row);
        let word = self.map.blocks[way.block as usize].word + way.bit / 64;
        self.state.occupied[word as usize] |= 1 << (way.bit % 64);
    }

    /// Notes that a row no longer holds vehicles, if that is so.
    pub(crate) fn unmark(&mut self, row: u32) {
        if self.state.rows[row as usize].is_empty() {
            let way = self.map.way(row);
            let word = self.map.blocks[way.block as usize].word + way.bit / 64;
            self.state.occupied[word as usize] &= !(1 << (way.bit % 64));
        }
    }

    fn finish(&mut self, vehicle: &Vehicle, from: u32) {
        self.end_approach(vehicle.id, from);
        let record = &mut self.state.records[vehicle.id as usize];
        record.row = Record::GONE;
        let created = record.created;
        let now = f64::from(self.state.step) * self.config.interval;
        let tally = &mut self.state.tally;
        tally.finished += 1;
        tally.finished_time += now - created;
        tally.running -= 1;
        tally.live_created -= created;
        self.state.priorities.remove(&vehicle.priority);
        self.state.blue_lights.remove(&vehicle.id);
        if self.config.rules == Rules::Street {
            self.state.stuck.remove(&vehicle.id);
            self.state.standing.remove(&vehicle.id);
        }
    }

    /// Works out where a vehicle on a lane goes on to, and what that means for lane changes.
    pub(crate) fn settle(&self, vehicle: &mut Vehicle, row: u32) {
        let record = &self.state.records[(vehicle.id & !crate::advance::SHADOW_ID) as usize];
        let links = self.routes.links(record.route);
        let reader = self.reader();
        let last = record.leg as usize + 1 >= links.len();
        vehicle.flags &= !LANE_FLAGS;
        if last {
            vehicle.next = NONE;
            vehicle.flags |= flag::LAST;
        } else if reader.street {
            let outlook = self.outlook(row, links, record.leg);
            vehicle.next = outlook.movement;
            if !outlook.leads_on {
                vehicle.next = NONE;
                vehicle.flags |= flag::ASTRAY;
            }
            if outlook.lane != self.map.way(row).index {
                vehicle.flags |= flag::KEEN;
            }
        } else {
            vehicle.next = reader.choose(row, links, record.leg);
            if vehicle.next == NONE {
                vehicle.flags |= flag::ASTRAY;
            }
        }
        if self.config.lane_change {
            let leads_on = |lane: Option<u32>| {
                lane.is_some_and(|lane| {
                    !self.state.closed.contains(&lane)
                        && (last || reader.choose(lane, links, record.leg) != NONE)
                })
            };
            if leads_on(self.outer(row)) {
                vehicle.flags |= flag::OUTER;
            }
            if leads_on(self.inner(row)) {
                vehicle.flags |= flag::INNER;
            }
        }
    }

    /// The lane next to a lane on the outside.
    pub(crate) fn outer(&self, row: u32) -> Option<u32> {
        let way = self.map.way(row);
        let outer = self.network.lanes.get(way.source as usize + 1)?;
        (outer.link.0 == way.link).then(|| self.map.lane_rows[way.source as usize + 1])
    }

    /// The lane next to a lane on the inside.
    pub(crate) fn inner(&self, row: u32) -> Option<u32> {
        let way = self.map.way(row);
        (way.index > 0).then(|| self.map.lane_rows[way.source as usize - 1])
    }

    /// The next random number.
    pub(crate) fn draw(&mut self) -> u32 {
        self.state.draws += 1;
        self.random.next_u32()
    }

    /// A random number that no live vehicle has.
    pub(crate) fn draw_priority(&mut self) -> i32 {
        loop {
            let priority = self.draw().cast_signed();
            if !self.state.priorities.contains(&priority) {
                return priority;
            }
        }
    }

    fn start_signals(&mut self) {
        let dt = self.config.interval;
        for (index, signal) in self.network.clone().signals.iter().enumerate() {
            let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
            let mut phase = 0;
            let mut remaining = f64::INFINITY;
            if let Some(first) = signal.phases.first() {
                remaining = first.duration;
                if cycle > 0.0 && signal.offset.abs() > 0.0 {
                    let mut into = (-signal.offset).rem_euclid(cycle);
                    while into >= signal.phases[phase].duration && into > 0.0 {
                        into -= signal.phases[phase].duration;
                        phase = (phase + 1) % signal.phases.len();
                    }
                    remaining = signal.phases[phase].duration - into;
                }
            }
            if cycle < dt {
                remaining = f64::INFINITY; // a plan that cannot be cycled stands still
            }
            self.state.signals.push(SignalState {
                phase: NONE,
                remaining,
            });
            if !signal.phases.is_empty() {
                self.show_phase(index, phase);
            }
        }
    }

    /// Shows a phase of a signal's plan.
    pub(crate) fn show_phase(&mut self, signal: usize, phase: usize) {
        let network = Arc::clone(&self.network);
        let source = &network.signals[signal];
        self.state.signals[signal].phase = phase as u32;
        for (movement, &aspect) in source.movements.iter().zip(&source.phases[phase].aspects) {
            self.show(movement.index(), aspect);
        }
    }

    pub(crate) fn show(&mut self, movement: usize, aspect: roads::Aspect) {
        self.state.aspects[movement] = aspect;
        self.state.green[self.map.movement_rows[movement] as usize] = aspect.is_green();
    }

    fn advance_signals(&mut self) {
        let network = Arc::clone(&self.network);
        for (index, signal) in network.signals.iter().enumerate() {
            let mut state = self.state.signals[index];
            state.remaining -= self.config.interval;
            let before = state.phase;
            if state.phase != NONE {
                while state.remaining <= 0.0 {
                    state.phase = (state.phase + 1) % signal.phases.len() as u32;
                    state.remaining += signal.phases[state.phase as usize].duration;
                }
            }
            self.state.signals[index] = state;
            if state.phase != before {
                self.show_phase(index, state.phase as usize);
            }
        }
    }

    // Time on approaches, for the literature's travel time.

    /// A vehicle comes onto a lane.
    pub(crate) fn begin_approach(&mut self, id: u32, row: u32) {
        let way = self.map.way(row);
        if !way.signalised {
            return;
        }
        let step = self.state.step;
        let record = &mut self.state.records[id as usize];
        record.approach = step;
        if record.bits & Record::SEEN == 0 {
            record.bits |= Record::SEEN;
            self.state.tally.seen += 1;
        } else if let Some(&left) = self.state.revisits.get(&(id, way.block)) {
            // Seen here before: the literature counts from the first arrival to the last leave.
            record.approach = left;
            record.bits |= Record::AGAIN;
        }
    }

    /// A vehicle leaves a lane.
    pub(crate) fn end_approach(&mut self, id: u32, row: u32) {
        let way = self.map.way(row);
        if !way.signalised || !way.is_lane() {
            return;
        }
        let step = self.state.step;
        let record = &mut self.state.records[id as usize];
        self.state.tally.approach_steps += u64::from(step - record.approach);
        record.bits &= !Record::AGAIN;
        let links = self.routes.links(record.route);
        let junction = way.block;
        let again = links.iter().skip(record.leg as usize + 1);
        if again
            .clone()
            .any(|&link| self.network.links[link as usize].to.0 == junction)
        {
            self.state.revisits.insert((id, junction), step);
        }
    }
}

type PartOf<'a> = (
    &'a Part,
    &'a Plan,
    &'a mut [Vec<Vehicle>],
    &'a mut [u64],
    &'a mut Outcome,
);

impl Clone for World {
    fn clone(&self) -> Self {
        Self {
            network: Arc::clone(&self.network),
            demand: Arc::clone(&self.demand),
            map: Arc::clone(&self.map),
            parts: Arc::clone(&self.parts),
            departures: Arc::clone(&self.departures),
            config: self.config.clone(),
            kinds: Arc::clone(&self.kinds),
            notice: Arc::clone(&self.notice),
            longest: self.longest,
            routes: self.routes.clone(),
            demand_routes: self.demand_routes,
            random: self.random.clone(),
            state: self.state.clone(),
            scratch: Scratch::default(),
            pool: self.pool.clone(),
        }
    }
}

fn parts(map: &Map) -> Vec<Part> {
    let blocks = map.blocks.len();
    (0..blocks)
        .step_by(BLOCKS_IN_PART)
        .map(|start| {
            let end = (start + BLOCKS_IN_PART).min(blocks);
            let (first, last) = (&map.blocks[start], &map.blocks[end - 1]);
            Part {
                blocks: (start, end),
                rows: (first.rows as usize, last.rows_end as usize),
                words: (first.word as usize, (last.word + last.words) as usize),
            }
        })
        .collect()
}

fn thread_pool(threads: usize) -> Result<Option<Arc<rayon::ThreadPool>>, Error> {
    if threads <= 1 {
        return Ok(None);
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map(|pool| Some(Arc::new(pool)))
        .map_err(|error| Error::Invalid(format!("cannot start {threads} threads: {error}")))
}

/// Whether a world can be built from these.
fn check(demand: &Demand, network: &Network, config: &Config) -> Result<(), Error> {
    let invalid = |message: String| Err(Error::Invalid(message));
    if !(config.interval >= 0.01 && config.interval <= 10.0) {
        return invalid(format!(
            "the step is {} s; it must be 0.01 to 10 s",
            config.interval
        ));
    }
    if config.threads == 0 || config.threads > 256 {
        return invalid(format!(
            "{} threads; there must be 1 to 256",
            config.threads
        ));
    }
    for kind in &demand.types {
        kind.check()
            .or_else(|message| invalid(format!("vehicle type {:?} {message}", kind.id)))?;
    }
    for (index, flow) in demand.flows.iter().enumerate() {
        if flow.vehicle_type as usize >= demand.types.len()
            || flow.route as usize >= demand.routes.len()
        {
            return invalid(format!(
                "flow {index} names a type or route that does not exist"
            ));
        }
        if !(flow.interval >= LEAST_INTERVAL && flow.start.is_finite() && flow.start < 1e9) {
            return invalid(format!(
                "flow {index} needs an interval of at least {LEAST_INTERVAL} s and a finite start"
            ));
        }
    }
    for (index, route) in demand.routes.iter().enumerate() {
        if route.iter().any(|link| link.index() >= network.links.len()) {
            return invalid(format!("route {index} names a link that does not exist"));
        }
    }
    Ok(())
}
