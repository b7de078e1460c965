//! Who comes to each lane after those who are on it now: what the plans upstream will release, by
//! the turning shares learnt, and what comes in over the boundary, by the inflow learnt.

use roads::LaneId;

use super::lane::Arrival;
use super::layout::Layout;
use super::levels::ALL_WAYS;
use super::picture::Picture;
use super::settings::Discharge;

/// How many lanes in a row that no signal holds a vehicle is followed through.
const STEPS_MAX: usize = 16;
/// The least share of a vehicle that is followed on through lanes that no signal holds.
const LEAST_WEIGHT: f64 = 0.02;

/// A vehicle, or a share of one, that a plan lets leave a lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Release {
    pub(super) lane: LaneId,
    /// When it crosses the stop line, seconds from now.
    pub(super) time: f64,
    pub(super) weight: f64,
    /// The ways that were open to it, a bit for each of its lane.
    pub(super) ways: u64,
    /// Seconds that it loses beyond because it starts from rest.
    pub(super) loss: f64,
}

/// Per lane: those who will come, in order.
#[derive(Clone, Debug)]
pub(super) struct Forecast {
    coming: Vec<Vec<Arrival>>,
    /// Per lane: those of them who come whatever is planned.
    anyway: Vec<Vec<Arrival>>,
}

impl Forecast {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            coming: vec![Vec::new(); lanes],
            anyway: vec![Vec::new(); lanes],
        }
    }

    /// Who comes to a lane.
    pub(super) fn of(&self, lane: LaneId) -> &[Arrival] {
        &self.coming[lane.index()]
    }

    /// Takes in a new picture: who comes whatever is planned, up to the horizon.
    pub(super) fn see(
        &mut self,
        layout: &Layout,
        picture: &Picture,
        discharge: &Discharge,
        horizon: f64,
    ) {
        for lane in &mut self.coming {
            lane.clear();
        }
        for (index, lane) in layout.lanes.iter().enumerate() {
            let id = LaneId::from(index);
            if !lane.held {
                let mut free_at = 0.0_f64;
                for arrival in &picture.present[index] {
                    let time = arrival.time.max(free_at);
                    free_at = time + discharge.headway * arrival.weight;
                    let release = Release {
                        lane: id,
                        time,
                        weight: arrival.weight,
                        ways: ALL_WAYS,
                        loss: 0.0,
                    };
                    self.send(layout, picture, &release, horizon);
                }
            }
            self.flow_in(layout, picture, id, discharge, horizon);
        }
        std::mem::swap(&mut self.coming, &mut self.anyway);
    }

    /// Works it out anew for what is planned, up to the horizon.
    pub(super) fn renew<'a>(
        &mut self,
        layout: &Layout,
        picture: &Picture,
        releases: impl Iterator<Item = &'a Release>,
        horizon: f64,
    ) {
        for lane in &mut self.coming {
            lane.clear();
        }
        for release in releases {
            self.send(layout, picture, release, horizon);
        }
        for (lane, anyway) in self.coming.iter_mut().zip(&self.anyway) {
            lane.extend_from_slice(anyway);
            lane.sort_by(|a, b| a.time.total_cmp(&b.time));
        }
    }

    /// Those who come over the boundary, or are on a stretch that nobody sees: by the inflow learnt.
    fn flow_in(
        &mut self,
        layout: &Layout,
        picture: &Picture,
        id: LaneId,
        discharge: &Discharge,
        horizon: f64,
    ) {
        let lane = &layout.lanes[id.index()];
        let sight = picture.sight[id.index()];
        let whole = lane.length / lane.speed;
        let mut until = if lane.source {
            horizon
        } else if sight < lane.length {
            whole
        } else {
            0.0
        };
        for behind in lane
            .behind
            .iter()
            .filter(|it| picture.sight[it.index()] <= 0.0)
        {
            let behind = &layout.lanes[behind.index()];
            let drive = whole + behind.length / behind.speed;
            until = if behind.source {
                horizon
            } else {
                until.max(drive)
            };
        }
        let starts = if sight < lane.length {
            0.0
        } else {
            discharge.pick_up
        };
        let mut time = sight / lane.speed + starts;
        let weight = picture.inflow(id) * discharge.headway;
        while weight > 0.0 && time < until.min(horizon) {
            if lane.held {
                self.coming[id.index()].push(Arrival { time, weight });
            } else {
                let release = Release {
                    lane: id,
                    time,
                    weight,
                    ways: ALL_WAYS,
                    loss: 0.0,
                };
                self.send(layout, picture, &release, horizon);
            }
            time += discharge.headway;
        }
    }

    /// Sends a vehicle on, in shares, to the lanes that it may come to, and through those that no
    /// signal holds to the next that one does.
    fn send(&mut self, layout: &Layout, picture: &Picture, release: &Release, horizon: f64) {
        self.pass_on(layout, picture, release, horizon, STEPS_MAX);
    }

    fn pass_on(
        &mut self,
        layout: &Layout,
        picture: &Picture,
        release: &Release,
        horizon: f64,
        steps: usize,
    ) {
        let starts = release.time + release.loss;
        let lane = release.lane.index();
        let all = picture.share(layout, lane, release.ways);
        for (way, to, share) in picture.shares(layout, lane) {
            let time = starts + way.travel;
            let weight = release.weight * share / all;
            if time >= horizon || !layout.lanes[lane].leads(release.ways, way) {
                continue;
            }
            if layout.lanes[to.index()].held {
                self.coming[to.index()].push(Arrival { time, weight });
            } else if steps > 0 && weight >= LEAST_WEIGHT {
                let onward = Release {
                    lane: to,
                    time,
                    weight,
                    ways: ALL_WAYS,
                    loss: 0.0,
                };
                self.pass_on(layout, picture, &onward, horizon, steps - 1);
            }
        }
    }
}
