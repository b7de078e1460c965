//! Missions in a world that is driven: units on their way, what signals do for them, and how each
//! came to its end. One desk stands before the controller for all of them.

use std::sync::Arc;

use missions::{Error, LiveTimes, Mission, Stage};
use roads::{MovementId, SignalId};
use rustc_hash::FxHashMap;
use signals::priority::{Desk, Settings};
use signals::{LimitsTable, Runner, SimPlant};
use sim::BlueLight;

use super::mission::{Sent, signals_ahead};
use super::missions::{MissionFacts, MissionState, Reason, arm_of};

/// Simulated seconds for which a unit is busy at the scene. Its way back is not driven: it is free
/// at its station afterwards.
pub(super) const AT_SCENE: f64 = 120.0;
/// Simulated seconds after its order in which a mission that has not arrived is given up.
pub(super) const LONGEST: f64 = 1800.0;

/// A mission that is not over.
#[derive(Clone, Debug)]
struct Afoot {
    mission: Mission,
    /// Which of the city's units it is.
    unit: Option<usize>,
    facts: MissionFacts,
}

/// All missions of a world.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    /// Where vehicles report, while something with priority is under way or paid back.
    desk: Option<Desk>,
    /// Somebody else reports there, too, so that it stays.
    shared: bool,
    times: Option<LiveTimes>,
    signals: Arc<FxHashMap<MovementId, SignalId>>,
    afoot: Vec<Afoot>,
    /// Those that have ended and nobody has fetched yet.
    over: Vec<MissionFacts>,
    paying_back: Vec<u32>,
}

impl Fleet {
    /// The desk before the controller of this world, which is put there if there is none yet.
    pub(super) fn desk(
        &mut self,
        runner: &mut Runner<SimPlant>,
        limits: &LimitsTable,
    ) -> Result<Desk, signals::Error> {
        if let Some(desk) = &self.desk {
            return Ok(desk.clone());
        }
        let desk = Desk::new();
        runner.give_priority(limits, desk.clone(), Settings::default())?;
        self.desk = Some(desk.clone());
        Ok(desk)
    }

    /// The same for somebody who follows a mission of his own: it stays for good.
    pub(super) fn shared_desk(
        &mut self,
        runner: &mut Runner<SimPlant>,
        limits: &LimitsTable,
    ) -> Result<Desk, signals::Error> {
        self.shared = true;
        self.desk(runner, limits)
    }

    /// The same missions in a double of their world, with a desk of its own.
    pub(super) fn fork(
        &self,
        runner: &mut Runner<SimPlant>,
        limits: &LimitsTable,
    ) -> Result<Self, signals::Error> {
        let mut fork = Self {
            desk: None,
            shared: false,
            times: self.times.clone(),
            signals: Arc::clone(&self.signals),
            afoot: self.afoot.clone(),
            over: Vec::new(),
            paying_back: Vec::new(),
        };
        if fork.wants_priority() {
            fork.desk(runner, limits)?;
        }
        Ok(fork)
    }

    fn wants_priority(&self) -> bool {
        let mut under_way = self.afoot.iter().filter(|one| !one.mission.is_over());
        under_way.any(|one| one.facts.priority)
    }

    /// Another controller has taken over: priority stands before it, too, if somebody needs it.
    pub(super) fn follow_controller(
        &mut self,
        runner: &mut Runner<SimPlant>,
        limits: &LimitsTable,
    ) {
        self.desk = None;
        self.paying_back.clear();
        if self.wants_priority()
            && let Err(error) = self.desk(runner, limits)
        {
            tracing::error!(%error, "the new controller leaves no priority; missions end");
            self.end_where(runner, Reason::Controller, |one| one.facts.priority);
        }
    }

    /// Sends a unit off.
    pub(super) fn send(
        &mut self,
        runner: &mut Runner<SimPlant>,
        sent: Sent,
        limits: &LimitsTable,
        mut facts: MissionFacts,
    ) -> Result<MissionFacts, Error> {
        if facts.priority {
            self.desk(runner, limits)?;
        }
        let arm = arm_of(facts.priority);
        let mission = Mission::start(runner, sent.order, arm, BlueLight::default())?;
        facts.vehicle = mission.vehicle().0;
        self.times.get_or_insert(sent.times);
        self.signals = sent.signals;
        self.afoot.push(Afoot {
            mission,
            unit: sent.unit,
            facts: facts.clone(),
        });
        Ok(facts)
    }

    /// Times and signals of the network, once a mission has needed them.
    pub(super) fn ways(&self) -> Option<(LiveTimes, Arc<FxHashMap<MovementId, SignalId>>)> {
        Some((self.times.clone()?, Arc::clone(&self.signals)))
    }

    /// Whether a unit is out.
    pub(super) fn is_out(&self, unit: usize) -> bool {
        self.afoot.iter().any(|one| one.unit == Some(unit))
    }

    /// How many missions are not over.
    pub(super) fn len(&self) -> usize {
        self.afoot.len()
    }

    /// Numbers of the vehicles on the road, or waiting to get there.
    pub(super) fn vehicles(&self) -> impl Iterator<Item = u32> + '_ {
        let under_way = self.afoot.iter().filter(|one| !one.mission.is_over());
        under_way.map(|one| one.mission.vehicle().0)
    }

    /// All missions that are not over, by number.
    pub(super) fn facts(&self) -> impl Iterator<Item = &MissionFacts> + '_ {
        self.afoot.iter().map(|one| &one.facts)
    }

    /// Signals that give others back what priority has cost them.
    pub(super) fn paying_back(&self) -> &[u32] {
        &self.paying_back
    }

    /// Hands out those that have ended since it was last asked.
    pub(super) fn take_over(&mut self) -> Vec<MissionFacts> {
        std::mem::take(&mut self.over)
    }

    /// Looks after all missions between two steps, before the next decision of the signals.
    pub(super) fn tend(&mut self, runner: &mut Runner<SimPlant>) {
        let Some(times) = &mut self.times else {
            return;
        };
        let now = runner.plant().world().time();
        let desk = self.desk.clone().unwrap_or_default();
        let mut failed = Vec::new();
        for one in &mut self.afoot {
            if let Err(error) = one.mission.tend(runner, &desk, times) {
                tracing::error!(mission = one.facts.id, %error, "a mission ends");
                failed.push(one.facts.id);
            }
        }
        self.end_where(runner, Reason::Fault, |one| failed.contains(&one.facts.id));
        self.end_where(runner, Reason::Overdue, |one| {
            !one.mission.is_over() && now - one.facts.ordered > LONGEST
        });
        self.end_where(runner, Reason::Done, |one| {
            let arrived = one.mission.progress().arrived;
            arrived.is_some_and(|at| now - at >= AT_SCENE)
        });
        if self.desk.is_some() && !self.shared && !self.wants_priority() && runner.end_priority() {
            self.desk = None;
            self.paying_back.clear();
        }
    }

    /// Notes where the vehicles are and what signals do for them, for those who look at it.
    pub(super) fn look(&mut self, runner: &Runner<SimPlant>) {
        let service = self.desk.as_ref().map(Desk::service).unwrap_or_default();
        self.paying_back = service.paying_back.iter().map(|signal| signal.0).collect();
        for one in &mut self.afoot {
            let own = |held: &&(SignalId, u64)| held.1 == one.facts.id;
            let held = service.held.iter().filter(own).map(|held| held.0.0);
            one.facts.held = held.collect();
            one.look(runner, &self.signals);
        }
    }

    /// Lanes were closed: who has no open way any more takes another, or is called off.
    pub(super) fn follow_closures(&mut self, runner: &mut Runner<SimPlant>) {
        let Some(times) = &mut self.times else {
            return;
        };
        times.look(runner.plant().world());
        let mut blocked = Vec::new();
        for one in &mut self.afoot {
            if !one.mission.is_over() && !one.mission.keep_to_open_ways(runner, times) {
                blocked.push(one.facts.id);
            }
        }
        self.end_where(runner, Reason::Closure, |one| {
            blocked.contains(&one.facts.id)
        });
    }

    /// Ends the mission of a number, if it is not over.
    pub(super) fn end(&mut self, runner: &mut Runner<SimPlant>, id: u64) {
        self.end_where(runner, Reason::Asked, |one| one.facts.id == id);
    }

    /// Ends all with their world at its second `now`. The world is given up and not touched: after
    /// a panic it may be half changed.
    pub(super) fn end_all(&mut self, reason: Reason, now: f64) {
        for mut one in self.afoot.drain(..) {
            one.note_progress();
            one.facts.end(reason, now);
            self.over.push(one.facts);
        }
    }

    fn end_where(
        &mut self,
        runner: &mut Runner<SimPlant>,
        reason: Reason,
        which: impl Fn(&Afoot) -> bool,
    ) {
        let now = runner.plant().world().time();
        let desk = self.desk.clone().unwrap_or_default();
        let over = self.afoot.extract_if(.., |one| which(one));
        for mut one in over {
            one.look(runner, &self.signals);
            if let Err(error) = one.mission.call_off(runner, &desk) {
                tracing::error!(mission = one.facts.id, %error, "its vehicle stays on the road");
            }
            one.facts.end(reason, now);
            self.over.push(one.facts);
        }
    }
}

impl Afoot {
    /// Notes what the mission knows by itself.
    fn note_progress(&mut self) {
        let progress = self.mission.progress();
        let facts = &mut self.facts;
        facts.state = match progress.stage {
            Stage::Leaving => MissionState::Dispatched,
            Stage::Driving => MissionState::OnTheWay,
            Stage::Arrived => MissionState::AtScene,
        };
        facts.arrived = progress.arrived;
        facts.time_to_scene = progress.arrived.map(|at| at - progress.ordered);
        facts.stops = progress.stops;
        facts.stood = progress.stood;
        facts.rerouted = progress.rerouted;
    }

    fn look(&mut self, runner: &Runner<SimPlant>, signals: &FxHashMap<MovementId, SignalId>) {
        self.note_progress();
        let world = runner.plant().world();
        let facts = &mut self.facts;
        if self.mission.is_over() {
            facts.leave_signals();
            return;
        }
        let vehicle = self.mission.vehicle();
        let up_to_scene = |links: Option<_>| self.mission.up_to_scene(links.unwrap_or_default());
        let route = up_to_scene(world.route(vehicle));
        facts.route = route.iter().map(|link| link.0).collect();
        facts.to_go = up_to_scene(world.route_ahead(vehicle)).len() as u32;
        facts.ahead = signals_ahead(world, vehicle, signals);
    }
}

#[cfg(test)]
mod tests;
