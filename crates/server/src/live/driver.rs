//! The two worlds of a comparison: moved on in turn, measured, and drawn.

use std::sync::Arc;
use std::time::Duration;

use sim::Metrics;

use super::comparison::{Forked, HalfPlan, HalfPlans, Row};
use super::encode::WAITING_SPEED;
use super::mission::{MissionReport, Under};
use super::run::{Pace, Published, STEPS_BUDGET, frame, picture};
use super::state::State;
use super::tracks::Tracks;
use crate::config::Config;
use crate::error::Error;

/// Simulated seconds from one row of figures to the next.
const SAMPLE: f64 = 10.0;

/// One world of the two, while it is driven.
struct Half {
    state: State,
    mission: Option<Under>,
    pace: Pace,
    /// The metrics at the fork.
    base: Metrics,
    next_sample: f64,
}

/// Both worlds of a comparison, in step.
pub(crate) struct Driver {
    halves: [Half; 2],
    config: Arc<Config>,
    tracks: Arc<Tracks>,
    run: u64,
}

impl Half {
    /// One step of the engine, the mission looked after before it.
    fn step(&mut self, tracks: &Tracks, horizon: f64) -> Result<(), Error> {
        if let Some(mission) = &mut self.mission {
            mission.tend(&mut self.state.runner)?;
        }
        self.state.step(tracks, horizon).map_err(Error::Signals)?;
        if let Some(mission) = &mut self.mission {
            let (before, after) = (&self.state.before, &self.state.after);
            let interval = after.time() - before.time();
            mission.count(after, &self.state.figures, interval);
        }
        Ok(())
    }
}

impl Driver {
    /// Both worlds at the second of the fork.
    pub(super) fn new(
        plans: &HalfPlans,
        forked: Forked,
        speed: f64,
        config: Arc<Config>,
        tracks: Arc<Tracks>,
    ) -> Self {
        let now = config.clock.elapsed();
        let [left, right] = forked.halves;
        let half = |(state, mission): (State, Option<Under>), plan: &HalfPlan| {
            let from = state.world().time();
            Half {
                pace: Pace::starting(&plan.controller, forked.demand, speed, now, from),
                base: state.world().metrics(config.scenario.horizon),
                next_sample: from,
                mission,
                state,
            }
        };
        Self {
            halves: [half(left, &plans[0]), half(right, &plans[1])],
            tracks,
            run: forked.run,
            config,
        }
    }

    /// What the server was started with.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// How far the missions are.
    pub(super) fn missions(&self) -> [Option<MissionReport>; 2] {
        let report = |half: &Half| half.mission.as_ref().map(Under::report);
        self.halves.each_ref().map(report)
    }

    /// Moves both halves on in turn, as far as the machine can in a frame, and says how far both
    /// have come.
    pub(super) fn step_to(
        &mut self,
        target: f64,
        mut row: impl FnMut(usize, Row),
    ) -> Result<f64, Error> {
        let horizon = self.config.scenario.horizon;
        let begun = self.config.clock.elapsed();
        loop {
            let mut moved = false;
            for side in 0..2 {
                let half = &mut self.halves[side];
                if half.state.world().time() < target {
                    half.step(&self.tracks, horizon)?;
                    moved = true;
                }
                if let Some(sampled) = self.sample(side) {
                    row(side, sampled);
                }
            }
            let spent = self.config.clock.elapsed().saturating_sub(begun);
            if !moved || spent > STEPS_BUDGET {
                break;
            }
        }
        let reached = self.halves.each_ref().map(|half| half.state.world().time());
        let shown = reached.into_iter().fold(target, f64::min);
        for half in &mut self.halves {
            half.state.shown = shown.max(half.state.before.time());
        }
        Ok(shown)
    }

    /// The figures of a half, if a row is due.
    pub(super) fn sample(&mut self, side: usize) -> Option<Row> {
        let horizon = self.config.scenario.horizon;
        let half = &mut self.halves[side];
        let t = half.state.world().time();
        if t < half.next_sample {
            return None;
        }
        half.next_sample += SAMPLE;
        let (base, now) = (&half.base, half.state.world().metrics(horizon));
        let mut vehicles = base.running + base.waiting_to_enter + (now.vehicles - base.vehicles);
        let spent = now.time_spent - base.time_spent;
        let mut delay = spent - half.state.figures.free_time();
        // Of a mission, all others count; its vehicle was there at the fork.
        if let Some(mission) = &mut half.mission {
            vehicles -= 1;
            delay -= mission.own_time - mission.own_free;
            mission.others_delay = delay.max(0.0);
        }
        let movers = half.state.after.movers();
        let standing = movers.iter().filter(|mover| mover.speed < WAITING_SPEED);
        Some([
            Some(t),
            Some(now.running as f64),
            Some(now.waiting_to_enter as f64),
            Some(standing.count() as f64),
            half.state.figures.mean_speed(),
            (vehicles > 0).then(|| delay.max(0.0) / vehicles as f64),
            Some((now.throughput - base.throughput) as f64),
        ])
    }

    pub(super) fn measure(&mut self, now: Duration) {
        for half in &mut self.halves {
            half.pace.measure(now, half.state.shown);
        }
    }

    /// The picture after `last`: vehicles, and with `whole` everything else anew.
    pub(super) fn next_picture(&self, side: usize, whole: bool, last: &Published) -> Published {
        if whole {
            return self.picture(side);
        }
        Published {
            vehicles: frame(
                &self.config.scenario.network,
                &self.tracks,
                &self.halves[side].state,
            ),
            ..last.clone()
        }
    }

    pub(super) fn picture(&self, side: usize) -> Published {
        let Half { state, pace, .. } = &self.halves[side];
        picture(&self.config, &self.tracks, state, pace, self.run)
    }
}
