//! What a run answers when asked about itself.

use roads::{LaneId, LinkId, SignalId, TurnId};
use sim::Place;

use super::encode::WAITING_SPEED;
use super::figures::speed_limit;
use super::heads::phase_reports;
use super::report::{HISTORY_COLUMNS, History, LinkReport, Safety, SignalReport, Status};
use super::run::{Pace, Run};
use super::state::State;
use crate::config::Config;

impl Run {
    /// The figures of each minute so far.
    pub(crate) fn history(&self) -> History {
        History {
            columns: HISTORY_COLUMNS,
            rows: self.state.history.clone(),
            changes: self.state.controllers.clone(),
        }
    }

    /// A link and its traffic.
    pub(crate) fn link(&self, id: LinkId) -> LinkReport {
        let link = &self.network.links[id.index()];
        let figures = &self.state.figures;
        let now = figures.link(id.index());
        let middle =
            roads::geometry::point_at(&link.shape, roads::geometry::length(&link.shape) / 2.0);
        LinkReport {
            index: id.0,
            id: link.id.clone(),
            name: link.name.clone(),
            class: link.class,
            lanes: link.lanes.len() as u32,
            first_lane: link.lanes.range().start as u32,
            closed_lanes: link
                .lanes
                .range()
                .map(LaneId::from)
                .filter(|lane| self.closed.contains_key(lane))
                .map(|lane| lane.0)
                .collect(),
            length: link.length,
            limit: speed_limit(&self.network, link.lanes.range()),
            speed: now.speed,
            free_speed: figures.free_speed(id.index()),
            count: now.count,
            waiting: now.waiting,
            flow_per_hour: now.flow_per_hour,
            centre: self.projection.degrees(middle),
            history: figures
                .minutes_of(id.index())
                .map(|(t, minute)| {
                    [
                        Some(t),
                        minute.speed.is_finite().then(|| f64::from(minute.speed)),
                        Some(f64::from(minute.count)),
                        Some(f64::from(minute.flow_per_hour)),
                    ]
                })
                .collect(),
        }
    }

    /// A signal as it stands.
    pub(crate) fn signal(&self, id: SignalId) -> SignalReport {
        let signal = &self.network.signals[id.index()];
        let state = &self.state;
        let t = state.world().time();
        let head = state.heads.phase(id);
        let junction = |id: &roads::JunctionId| &self.network.junctions[id.index()];
        let sum = signal
            .junctions
            .iter()
            .map(|id| junction(id).point)
            .fold(roads::Point::default(), |sum, point| sum + point);
        SignalReport {
            index: id.0,
            id: signal.id.clone(),
            junctions: signal
                .junctions
                .iter()
                .map(|id| junction(id).id.clone())
                .collect(),
            centre: self
                .projection
                .degrees(sum * (1.0 / signal.junctions.len().max(1) as f64)),
            phase: head.phase,
            elapsed: head.elapsed,
            clearing: head.clearing,
            remaining: self.state.heads.remaining(id, t),
            controller: self.pace.controller.clone(),
            phases: phase_reports(&self.network, id),
            groups: state
                .heads
                .group_reports(state.world(), id, |turn| self.approaching(turn)),
            history: head.history,
        }
    }

    /// Vehicles on a lane that are going to take a turn: waiting, and all.
    fn approaching(&self, turn: TurnId) -> (u32, u32) {
        let mut counts = (0, 0);
        for mover in self.state.after.movers() {
            let takes = mover.movement.is_some_and(|movement| {
                self.network.movements[movement.index()].turn == turn
                    && matches!(self.tracks.at(mover.place), Place::Lane(_))
            });
            if takes {
                counts.0 += u32::from(mover.speed < WAITING_SPEED);
                counts.1 += 1;
            }
        }
        counts
    }
}

/// The figures of the moment.
pub(super) fn status(config: &Config, state: &State, pace: &Pace, run: u64) -> Status {
    let metrics = state.world().metrics(config.scenario.horizon);
    let safety = state.runner.safety();
    Status {
        run,
        t: state.shown,
        clock: time_of_day(config.scenario.day_start + state.shown),
        paused: pace.paused,
        speed: pace.speed,
        controller: pace.controller.clone(),
        demand: pace.demand,
        running: metrics.running,
        finished: metrics.throughput,
        waiting_to_enter: metrics.waiting_to_enter,
        mean_speed: state.figures.mean_speed(),
        delay_index: state.figures.delay_index(),
        throughput_per_hour: state.figures.throughput_per_hour(),
        att_engine: metrics.att_engine,
        real_time_factor: if pace.paused {
            0.0
        } else {
            pace.real_time_factor
        },
        safety: Safety {
            overrides: safety.overrides,
            fallbacks: safety.fallbacks,
            in_fallback: safety.in_fallback,
        },
    }
}

/// `HH:MM:SS` of a second of the day; the day after midnight begins again at 00:00:00.
pub(super) fn time_of_day(seconds: f64) -> String {
    let seconds = (seconds.max(0.0) as u64) % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_the_city_wraps_at_midnight() {
        assert_eq!(time_of_day(7.0 * 3600.0 + 750.9), "07:12:30");
        assert_eq!(time_of_day(86_400.0 + 61.0), "00:01:01");
    }
}
