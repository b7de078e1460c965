//! The figures of a run, from what each step did to the vehicles.
//!
//! **Speed** of a link or of the whole network is the space mean in Edie's form: distance driven ÷
//! time spent by all vehicles, over a window that forgets with a time constant of one minute.
//!
//! **Delay index** is `DiDi`'s travel time index, `Σ (L/v)·w ÷ Σ (L/v_free)·w` over links, with the
//! number of vehicles that pass the link as its weight `w`. Since `w` vehicles spend `w·L/v` on
//! the link and drive `w·L`, the sums are the time spent by all vehicles and the time that the
//! same distance takes at free flow. So each second on the network counts 1 above and `v/v_free`
//! below. Free flow is the method `limit`: the lane's limit (8.333 m/s on turns, as the traffic
//! model drives them), or the fastest vehicle's desired speed if that is lower. Vehicles that
//! stand outside because the first link is full do not count. The index is kept from 1 to 40, as
//! `DiDi`'s.

use std::collections::VecDeque;

use roads::{Demand, Network};

use super::encode::{LinkState, WAITING_SPEED};
use super::snapshot::Snapshot;
use super::tracks::{NO_LINK, PlaceIndex, Tracks};

/// Time constant of speeds and of the delay index, seconds.
const SPEED_MEMORY: f64 = 60.0;
/// Time constant of flows, seconds: a few signal cycles.
const FLOW_MEMORY: f64 = 300.0;
/// Window of the throughput, seconds.
const THROUGHPUT_WINDOW: f64 = 300.0;
/// The largest delay index.
const DELAY_INDEX_MAX: f64 = 40.0;
/// Speed at which turns are driven where the network gives no limit, m/s.
const TURN_SPEED: f64 = 8.333;

/// Time and distance of vehicles, forgetting.
#[derive(Clone, Copy, Debug, Default)]
struct Driven {
    /// Vehicle seconds.
    time: f64,
    /// Metres.
    distance: f64,
    /// Vehicle seconds the distance takes at free flow.
    free_time: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct LinkFigures {
    count: u32,
    waiting: u32,
    time: f32,
    distance: f32,
    passed: f32,
    seen: f32,
    minute_time: f32,
    minute_distance: f32,
    minute_passed: u32,
}

/// A minute of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkMinute {
    /// Space-mean speed, m/s; not a number when nobody drove.
    pub(crate) speed: f32,
    /// Mean number of vehicles.
    pub(crate) count: f32,
    /// Vehicles past the stop line, scaled to an hour.
    pub(crate) flow_per_hour: f32,
}

/// What is known of a link now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LinkNow {
    pub(crate) count: u32,
    pub(crate) waiting: u32,
    pub(crate) speed: Option<f64>,
    pub(crate) flow_per_hour: f64,
}

/// The running figures of one run.
#[derive(Debug)]
pub(crate) struct Figures {
    t: f64,
    driven: Driven,
    /// Seconds that the distance driven since the start, or since a fork, takes at free flow, of
    /// all vehicles.
    free_time_total: f64,
    links: Vec<LinkFigures>,
    link_free_speed: Vec<f32>,
    place_free_speed: Vec<f32>,
    minutes: VecDeque<(f64, Box<[LinkMinute]>)>,
    minutes_max: usize,
    minute_start: f64,
    finished: VecDeque<(f64, u64)>,
}

impl Figures {
    /// Figures of a run that has not begun; `history_points_max` bounds the memory of links.
    pub(crate) fn new(network: &Network, demand: &Demand, history_points_max: usize) -> Self {
        let desired = demand
            .types
            .iter()
            .map(|kind| kind.max_speed)
            .fold(0.0, f64::max);
        let desired = if desired > 0.0 {
            desired
        } else {
            f64::INFINITY
        };
        let link_free_speed = network
            .links
            .iter()
            .map(|link| speed_limit(network, link.lanes.range()).min(desired) as f32)
            .collect();
        let lanes = network
            .lanes
            .iter()
            .map(|lane| lane.speed_limit.min(desired) as f32);
        let movements = network.movements.iter().map(|movement| {
            let limit = |lane: roads::LaneId| network.lanes[lane.index()].speed_limit;
            let on_path = movement.speed_limit.unwrap_or_else(|| {
                if movement.direction.is_turn() {
                    TURN_SPEED
                } else {
                    f64::INFINITY
                }
            });
            on_path
                .min(limit(movement.from))
                .min(limit(movement.to))
                .min(desired) as f32
        });
        Self {
            t: 0.0,
            driven: Driven::default(),
            free_time_total: 0.0,
            links: vec![LinkFigures::default(); network.links.len()],
            link_free_speed,
            place_free_speed: lanes.chain(movements).collect(),
            minutes: VecDeque::new(),
            minutes_max: (history_points_max / network.links.len().max(1)).max(10),
            minute_start: 0.0,
            finished: VecDeque::from([(0.0, 0)]),
        }
    }

    /// Figures that go on from here, for a fork of the run: without the minutes of links, and with
    /// the total of free time at nought.
    pub(crate) fn fork(&self) -> Self {
        Self {
            t: self.t,
            driven: self.driven,
            free_time_total: 0.0,
            links: self.links.clone(),
            link_free_speed: self.link_free_speed.clone(),
            place_free_speed: self.place_free_speed.clone(),
            minutes: VecDeque::new(),
            minutes_max: self.minutes_max,
            minute_start: self.minute_start,
            finished: self.finished.clone(),
        }
    }

    /// Seconds that the distance driven since the start, or since the fork, takes at free flow, of
    /// all vehicles together.
    pub(crate) const fn free_time(&self) -> f64 {
        self.free_time_total
    }

    /// Share of the free-flow speed of a place that a vehicle drives at, at most 1.
    pub(crate) fn free_share(&self, place: PlaceIndex, speed: f32) -> f64 {
        f64::from((speed / self.place_free_speed[place as usize]).min(1.0))
    }

    /// Takes in one step, from `before` to `after`.
    pub(crate) fn observe(&mut self, tracks: &Tracks, before: &Snapshot, after: &Snapshot) {
        let interval = after.time() - before.time();
        self.t = after.time();
        let kept = (-interval / SPEED_MEMORY).exp();
        let kept_flow = (-interval / FLOW_MEMORY).exp() as f32;
        for link in &mut self.links {
            link.count = 0;
            link.waiting = 0;
            link.time *= kept as f32;
            link.distance *= kept as f32;
            link.passed *= kept_flow;
        }
        self.driven.time *= kept;
        self.driven.distance *= kept;
        self.driven.free_time *= kept;

        let step = interval as f32;
        let (mut distance, mut free_time) = (0.0_f64, 0.0_f64);
        for mover in after.movers() {
            let free_speed = self.place_free_speed[mover.place as usize];
            distance += f64::from(mover.speed);
            free_time += f64::from((mover.speed / free_speed).min(1.0));
            let link = tracks.link(mover.place);
            if link != NO_LINK {
                let link = &mut self.links[link as usize];
                link.count += 1;
                link.waiting += u32::from(mover.speed < WAITING_SPEED);
                link.time += step;
                link.distance += mover.speed * step;
                link.minute_time += step;
                link.minute_distance += mover.speed * step;
                link.seen = self.t as f32;
            }
        }
        self.driven.time += after.movers().len() as f64 * interval;
        self.driven.distance += distance * interval;
        self.driven.free_time += free_time * interval;
        self.free_time_total += free_time * interval;

        for mover in before.movers() {
            let link = tracks.link(mover.place);
            let stayed = after
                .find(mover.id)
                .is_some_and(|later| tracks.link(later.place) == link);
            if link != NO_LINK && !stayed {
                let link = &mut self.links[link as usize];
                link.passed += 1.0;
                link.minute_passed += 1;
            }
        }
    }

    /// Notes how many vehicles have finished by now, for the throughput.
    pub(crate) fn note_finished(&mut self, finished: u64) {
        self.finished.push_back((self.t, finished));
        while self.finished.len() > 2 && self.finished[1].0 <= self.t - THROUGHPUT_WINDOW {
            self.finished.pop_front();
        }
    }

    /// Ends a minute for the history of the links.
    pub(crate) fn end_minute(&mut self) {
        let seconds = (self.t - self.minute_start) as f32;
        if seconds <= 0.0 {
            return;
        }
        self.minute_start = self.t;
        let minute = self
            .links
            .iter_mut()
            .map(|link| {
                let minute = LinkMinute {
                    speed: link.minute_distance / link.minute_time,
                    count: link.minute_time / seconds,
                    flow_per_hour: link.minute_passed as f32 * 3600.0 / seconds,
                };
                link.minute_time = 0.0;
                link.minute_distance = 0.0;
                link.minute_passed = 0;
                minute
            })
            .collect();
        if self.minutes.len() >= self.minutes_max {
            self.minutes.pop_front();
        }
        self.minutes.push_back((self.t, minute));
    }

    /// Space-mean speed of the network, m/s.
    pub(crate) fn mean_speed(&self) -> Option<f64> {
        (self.driven.time > 0.0).then(|| self.driven.distance / self.driven.time)
    }

    /// Delay index of the network; 1 while nobody drives.
    pub(crate) fn delay_index(&self) -> f64 {
        let Driven {
            time, free_time, ..
        } = self.driven;
        if time > 0.0 {
            (time / free_time.max(time / DELAY_INDEX_MAX)).max(1.0)
        } else {
            1.0
        }
    }

    /// Vehicles finished in an hour at the pace of the last five minutes.
    pub(crate) fn throughput_per_hour(&self) -> f64 {
        let (Some(&(from, before)), Some(&(to, now))) =
            (self.finished.front(), self.finished.back())
        else {
            return 0.0;
        };
        if to > from {
            (now - before) as f64 * 3600.0 / (to - from)
        } else {
            0.0
        }
    }

    /// A link now.
    pub(crate) fn link(&self, index: usize) -> LinkNow {
        let link = &self.links[index];
        // The window fills up as the run goes on.
        let window = FLOW_MEMORY * (1.0 - (-self.t / FLOW_MEMORY).exp());
        LinkNow {
            count: link.count,
            waiting: link.waiting,
            speed: self.speed_of(link),
            flow_per_hour: if window > 0.0 {
                f64::from(link.passed) * 3600.0 / window
            } else {
                0.0
            },
        }
    }

    fn speed_of(&self, link: &LinkFigures) -> Option<f64> {
        let recent = link.count > 0 || self.t - f64::from(link.seen) < SPEED_MEMORY;
        (recent && link.time > 0.0).then(|| f64::from(link.distance / link.time))
    }

    /// Free-flow speed of a link, m/s.
    pub(crate) fn free_speed(&self, index: usize) -> f64 {
        f64::from(self.link_free_speed[index])
    }

    /// What is shown of each link.
    pub(crate) fn states(&self) -> impl Iterator<Item = LinkState> + '_ {
        self.links
            .iter()
            .zip(&self.link_free_speed)
            .map(|(link, &free_speed)| LinkState {
                ratio: self.speed_of(link).map_or(u8::MAX, |speed| {
                    (speed / f64::from(free_speed) * 200.0)
                        .round()
                        .clamp(0.0, 200.0) as u8
                }),
                count: link.count.min(255) as u8,
                waiting: link.waiting.min(255) as u8,
            })
    }

    /// The minutes of a link that are still known: when each ended, and its figures.
    pub(crate) fn minutes_of(&self, index: usize) -> impl Iterator<Item = (f64, LinkMinute)> + '_ {
        self.minutes
            .iter()
            .map(move |(t, links)| (*t, links[index]))
    }
}

/// The highest limit of some lanes, m/s.
pub(crate) fn speed_limit(network: &Network, lanes: std::ops::Range<usize>) -> f64 {
    network.lanes[lanes]
        .iter()
        .map(|lane| lane.speed_limit)
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::Projection;
    use crate::live::snapshot::Mover;
    use crate::testing;

    struct Fixture {
        network: Network,
        tracks: Tracks,
        figures: Figures,
    }

    fn fixture() -> Fixture {
        let network = testing::crossing();
        let tracks = Tracks::new(&network, &Projection::of(&network));
        let figures = Figures::new(&network, &Demand::default(), 1_000_000);
        Fixture {
            network,
            tracks,
            figures,
        }
    }

    fn at(time: f64, movers: &[(u32, u32, f32)]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.fill(
            time,
            movers.iter().map(|&(id, place, speed)| Mover {
                id,
                place,
                distance: 10.0,
                speed,
                lateral: 0.0,
                length: 5.0,
                movement: None,
            }),
        );
        snapshot
    }

    #[test]
    fn at_free_flow_the_delay_index_is_one_and_at_half_the_speed_two() {
        let mut fixture = fixture();
        let limit = fixture.network.lanes[0].speed_limit as f32;
        let (a, b) = (at(0.0, &[]), at(1.0, &[(0, 0, limit), (1, 1, limit)]));
        fixture.figures.observe(&fixture.tracks, &a, &b);
        assert!((fixture.figures.delay_index() - 1.0).abs() < 1e-6);
        let c = at(2.0, &[(0, 0, limit), (1, 1, 0.0)]);
        let mut fresh = self::fixture();
        fresh.figures.observe(&fresh.tracks, &b, &c);
        assert!((fresh.figures.delay_index() - 2.0).abs() < 1e-6);
        assert!((fresh.figures.mean_speed().unwrap() - f64::from(limit) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_standstill_ends_at_the_largest_index() {
        let mut fixture = fixture();
        let (a, b) = (at(0.0, &[]), at(1.0, &[(0, 0, 0.0)]));
        fixture.figures.observe(&fixture.tracks, &a, &b);
        assert!((fixture.figures.delay_index() - 40.0).abs() < 1e-9);
        assert_eq!(fixture.figures.link(0).waiting, 1);
        assert_eq!(fixture.figures.states().next().unwrap().ratio, 0);
    }

    #[test]
    fn nobody_on_the_road_is_no_delay() {
        let fixture = fixture();
        assert!((fixture.figures.delay_index() - 1.0).abs() < 1e-12);
        assert_eq!(fixture.figures.mean_speed(), None);
        assert_eq!(fixture.figures.states().next().unwrap().ratio, 255);
    }

    #[test]
    fn flow_counts_vehicles_that_pass_the_stop_line_or_finish() {
        let mut fixture = fixture();
        let movement = fixture.network.lanes.len() as u32;
        let from = fixture.network.movements[0].from.0;
        let link = fixture.network.lanes[from as usize].link.index();
        let before = at(59.0, &[(0, from, 5.0), (1, from, 5.0), (2, from, 5.0)]);
        // 0 drives into the junction, 1 stays, 2 finishes.
        let after = at(60.0, &[(0, movement, 5.0), (1, from, 5.0)]);
        fixture.figures.observe(&fixture.tracks, &before, &after);
        fixture.figures.end_minute();
        let (t, minute) = fixture.figures.minutes_of(link).next().unwrap();
        assert!((t - 60.0).abs() < 1e-9);
        assert!((minute.flow_per_hour - 120.0).abs() < 1e-3);
        assert_eq!(fixture.figures.link(link).count, 1);
    }

    #[test]
    fn throughput_is_the_pace_of_the_last_five_minutes() {
        let mut fixture = fixture();
        for minute in 1..=20_u32 {
            fixture.figures.t = f64::from(minute) * 60.0;
            // 10 a minute at first, then 30 a minute.
            let finished = if minute <= 10 {
                minute * 10
            } else {
                100 + (minute - 10) * 30
            };
            fixture.figures.note_finished(u64::from(finished));
        }
        assert!((fixture.figures.throughput_per_hour() - 1800.0).abs() < 1e-9);
    }
}
