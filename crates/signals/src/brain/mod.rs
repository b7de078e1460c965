//! The look-ahead controller: tries futures for every signal and begins the best.
//!
//! It never sees a world. Of each [`Observation`] it makes a picture of the traffic (`picture`):
//! who is on which lane, how far from the stop line and how fast; and it learns from what it has
//! seen how traffic turns and how much comes in over the boundary. Vehicles that will depart and
//! routes beyond the movement that a lane commits to are not in an observation, so they cannot be
//! in the picture.
//!
//! From the picture it looks ahead in a model of its own (`lane`), which knows of each lane when
//! vehicles reach the stop line and how a queue discharges. Each signal is searched for the
//! sequence of phases with the least delay up to the horizon (`search`), all signals side by side,
//! each knowing what the others planned the time before (`forecast`); then once more. Only the
//! first phase of each sequence is wished for; at the next decision everything is thought anew.
//!
//! When time or work runs out, the signals that have no plan follow advanced max pressure.

mod bench;
mod forecast;
mod lane;
mod layout;
mod levels;
mod look;
mod pace;
mod picture;
mod search;
mod settings;
mod ways;

use std::sync::Arc;

use rayon::prelude::*;
use roads::{Network, SignalId};

pub use bench::{Clock, DecisionTimes, decision_times};
pub use settings::{Discharge, Settings};

use forecast::{Forecast, Release};
use lane::{Arrival, LaneQueue, Start};
use layout::{CROSSING, Layout, SignalLayout};
use look::Outlook;
use pace::Pace;
use picture::Picture;
use search::{Reach, Search, Stand};
use ways::LaneWays;

use crate::controller::{Controller, Detail};
use crate::controllers::AdvancedMaxPressure;
use crate::observation::{Observation, Wish, Wishes};
use crate::protocol::{Protocol, Regime};

/// The narrowest beam that is worth a search.
const NARROWEST: usize = 4;

/// Says whether the time for a decision has run out. Asked before each signal is searched, from
/// several threads.
pub type Late = Arc<dyn Fn() -> bool + Send + Sync>;

/// One signal's part of the thinking.
#[derive(Clone, Debug, Default)]
struct Post {
    search: Search,
    stand: Stand,
    /// What its plan lets go.
    releases: Vec<Release>,
    /// Whether it has a plan made in this decision.
    planned: bool,
    work: u64,
    arrivals: Vec<Arrival>,
    /// Per lane: what is known of its ways.
    ways: Vec<LaneWays>,
    /// Per lane: what stays the same in this decision; made when it is searched first.
    outlooks: Vec<Outlook>,
}

/// What the last decision took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Lanes looked at and vehicles moved.
    pub work: u64,
    /// Signals that followed advanced max pressure because time or work ran out.
    pub degraded: usize,
}

/// Looks ahead.
#[derive(Clone)]
pub struct Brain {
    settings: Settings,
    interval: f64,
    layout: Layout,
    picture: Picture,
    forecast: Forecast,
    pace: Pace,
    /// The literature's vehicles are known beforehand; those of a street are measured.
    learns_pace: bool,
    /// How queues discharge as far as is known beforehand.
    usual: Discharge,
    /// How queues discharge as far as is known now.
    discharge: Discharge,
    posts: Vec<Post>,
    /// Per lane: vehicles that its signal's plan lets go.
    leave: Vec<f64>,
    /// Per signal: the phase seen last, since when, and the one before.
    phases: Vec<(Option<u32>, f64, Option<u32>)>,
    /// When the last decision was made, seconds.
    time: Option<f64>,
    effort: Effort,
    late: Option<Late>,
    fallback: AdvancedMaxPressure,
    fallback_wishes: Wishes,
}

impl Brain {
    /// For a network, among the protocol's phases.
    pub fn new(network: &Network, protocol: &Protocol, settings: Settings) -> Self {
        let layout = Layout::new(network, protocol);
        let (signals, lanes) = (layout.signals.len(), layout.lanes.len());
        let street = protocol.regime == Regime::Street;
        let of_regime = if street {
            Discharge::street()
        } else {
            Discharge::default()
        };
        let usual = settings.discharge.unwrap_or(of_regime);
        Self {
            learns_pace: street && settings.discharge.is_none(),
            usual,
            discharge: usual,
            settings,
            interval: protocol.action_interval,
            picture: Picture::new(lanes),
            forecast: Forecast::new(lanes),
            pace: Pace::default(),
            posts: vec![Post::default(); signals],
            leave: vec![0.0; lanes],
            phases: vec![(None, 0.0, None); signals],
            time: None,
            effort: Effort::default(),
            late: None,
            fallback: AdvancedMaxPressure::new(network, protocol),
            fallback_wishes: Wishes::new(signals),
            layout,
        }
    }

    /// Gives it a deadline: once `late` says so, signals not yet searched keep the plan they have
    /// or follow advanced max pressure.
    #[must_use]
    pub fn with_deadline(mut self, late: Late) -> Self {
        self.late = Some(late);
        self
    }

    /// What the last decision took.
    pub const fn effort(&self) -> Effort {
        self.effort
    }

    /// Forgets plans and what has been learnt: it is another day, or another plant.
    fn forget(&mut self) {
        self.posts.fill_with(Post::default);
        self.phases.fill((None, 0.0, None));
        self.pace = Pace::default();
        self.discharge = self.usual;
        self.time = None;
    }

    /// Plans made before: what they let go is now nearer, or has been let go. Who crossed a moment
    /// ago is inside the junction, where no lane counts it.
    fn let_time_pass(&mut self, passed: f64) {
        for post in &mut self.posts {
            for release in &mut post.releases {
                release.time -= passed;
            }
            post.releases.retain(|release| release.time >= -CROSSING);
        }
    }

    /// How wide a signal's search may be; `None` if there is not enough work for any.
    fn beam(&self, signal: &SignalLayout, slots: usize) -> Option<usize> {
        let Some(work) = self.settings.work else {
            return Some(self.settings.beam.max(1));
        };
        let searches = self.posts.len() * self.settings.sweeps.max(1);
        let share = work / searches.max(1) as u64;
        let widest = (signal.lanes.len() * signal.phases.len() * slots).max(1) as u64;
        let beam = usize::try_from(share / widest).unwrap_or(usize::MAX);
        let beam = beam.min(self.settings.beam.max(1));
        (beam >= NARROWEST).then_some(beam)
    }

    /// Searches all signals, each with what comes to it under the others' plans.
    fn sweep(&mut self, slots: usize) {
        let beams: Vec<Option<usize>> = self
            .layout
            .signals
            .iter()
            .map(|signal| self.beam(signal, slots))
            .collect();
        self.leave.fill(0.0);
        for release in self.posts.iter().flat_map(|post| &post.releases) {
            self.leave[release.lane.index()] += release.weight;
        }
        let most = slots as f64 * self.interval / self.discharge.headway;
        self.picture.pass(&self.layout, &mut self.leave, most);
        let mut posts = std::mem::take(&mut self.posts);
        posts.par_iter_mut().enumerate().for_each(|(index, post)| {
            if let Some(beam) = beams[index]
                && !self.late.as_ref().is_some_and(|late| late())
            {
                let reach = Reach {
                    slots,
                    interval: self.interval,
                    beam,
                    change: self.settings.change,
                };
                self.think(&self.layout.signals[index], post, &reach);
            }
        });
        self.posts = posts;
    }

    /// Searches one signal.
    fn think(&self, signal: &SignalLayout, post: &mut Post, reach: &Reach) {
        let discharge = self.discharge;
        let search = &mut post.search;
        search
            .queues
            .resize_with(signal.lanes.len(), LaneQueue::default);
        if !post.planned {
            let lanes = signal.lanes.iter().enumerate();
            post.outlooks.clear();
            post.outlooks.extend(
                lanes.map(|(place, &lane)| self.outlook(signal, place, lane, &post.ways[place])),
            );
        }
        for (place, &lane) in signal.lanes.iter().enumerate() {
            let present = &self.picture.present[lane.index()];
            let room = self.picture.room(&self.layout, lane.index(), &self.leave);
            let outlook = &post.outlooks[place];
            let arrivals = &mut post.arrivals;
            arrivals.clear();
            arrivals.extend_from_slice(present);
            arrivals.extend_from_slice(self.forecast.of(lane));
            arrivals.sort_by(|a, b| a.time.total_cmp(&b.time));
            let green = post.stand.phase.and_then(|phase| {
                let level = signal.service[phase][place];
                (level > 0).then_some((level, post.stand.since))
            });
            let start = Start {
                green,
                stuck: post.ways[place].stuck,
                value: outlook.value,
                room,
                discharge,
                red_at_end: self.settings.red_at_horizon,
            };
            let levels = &outlook.serves[..signal.levels[place].len()];
            search.queues[place].start(arrivals, levels, start);
        }
        search.run(signal, post.stand, reach);
        post.work += search.work;
        post.planned = true;
        let releases = &mut post.releases;
        // Those inside the junction are there whatever is planned.
        releases.retain(|release| release.time < 0.0);
        search.replay(signal, post.stand, reach, |lane, crossing| {
            let rolling = (crossing.after - discharge.reaction) / discharge.headway;
            releases.push(Release {
                lane: signal.lanes[lane],
                time: crossing.time,
                weight: crossing.weight,
                ways: crossing.ways,
                loss: (discharge.pick_up - rolling.max(0.0)).max(0.0),
            });
        });
    }

    /// Says what was planned, and what advanced max pressure wishes where nothing was.
    fn say(&mut self, seen: &Observation, wishes: &mut Wishes) {
        self.effort = Effort {
            work: self.posts.iter().map(|post| post.work).sum(),
            degraded: 0,
        };
        if self.posts.iter().any(|post| !post.planned) {
            self.fallback_wishes.clear(seen.time);
            self.fallback.decide(seen, &mut self.fallback_wishes);
        }
        for (index, post) in self.posts.iter().enumerate() {
            let signal = SignalId::from(index);
            let layout = &self.layout.signals[index];
            let wish = if !post.planned {
                self.effort.degraded += 1;
                self.fallback_wishes.get(signal)
            } else if layout.lanes.is_empty() {
                Wish::Keep
            } else {
                let first = post.search.plan.first();
                first.map_or(Wish::Keep, |&phase| {
                    Wish::Phase(layout.phases[phase as usize])
                })
            };
            wishes.set(signal, wish);
        }
    }
}

impl std::fmt::Debug for Brain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brain")
            .field("settings", &self.settings)
            .field("time", &self.time)
            .field("effort", &self.effort)
            .finish_non_exhaustive()
    }
}

impl Controller for Brain {
    fn name(&self) -> &'static str {
        "brain"
    }

    fn detail(&self) -> Detail {
        Detail::Vehicles
    }

    fn fork(&self) -> Option<Box<dyn Controller>> {
        Some(Box::new(self.clone()))
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        let passed = self.picture.see(&self.layout, seen, self.settings.memory);
        if passed.is_none() {
            self.forget();
        }
        self.see_signals(seen);
        let passed = passed.unwrap_or(0.0);
        self.learn(passed);
        self.let_time_pass(passed);
        let slots = (self.settings.horizon / self.interval).ceil().max(1.0) as usize;
        let horizon = slots as f64 * self.interval;
        self.forecast
            .see(&self.layout, &self.picture, &self.discharge, horizon);
        for _ in 0..self.settings.sweeps.max(1) {
            let releases = self.posts.iter().flat_map(|post| &post.releases);
            self.forecast
                .renew(&self.layout, &self.picture, releases, horizon);
            self.sweep(slots);
        }
        self.time = Some(seen.time);
        self.say(seen, wishes);
    }
}
