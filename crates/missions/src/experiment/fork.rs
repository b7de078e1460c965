//! One group of missions, in forks of one world, one for each arm, side by side.

use roads::{LaneId, Network};
use serde::Serialize;
use signals::priority::Desk;
use signals::{Runner, SimPlant};
use sim::World;

use super::draw::Drawn;
use super::{ARMS, Group, MissionResult, Spec};
use crate::error::Error;
use crate::forecast::forecast;
use crate::live::LiveTimes;
use crate::mission::{Arm, Mission};
use crate::watch::GreenWatch;

/// Seconds between two looks at how much time vehicles lose.
const LOOK: u64 = 5;

/// A mission in one arm. Times in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct ArmResult {
    /// From the order to the arrival at the scene, waiting to get onto the road included; up to
    /// the end for one that did not arrive.
    pub time_to_scene: f64,
    /// The same as forecast at the order.
    pub forecast: f64,
    /// Whether it arrived.
    pub arrived: bool,
    /// How often it came to a stand.
    pub stops: u32,
    /// For how long it stood.
    pub stood: f64,
    /// How often it took another way.
    pub rerouted: u32,
}

/// All vehicles but the missions' in one arm, over the group's seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Others {
    /// Vehicle seconds on the network and waiting to enter.
    pub time: f64,
    /// Of those, seconds lost against driving at the limit.
    pub lost: f64,
    /// Vehicles that finished.
    pub finished: u64,
}

/// A fork under way.
struct Track {
    runner: Runner<SimPlant>,
    desk: Desk,
    missions: Vec<Mission>,
    watch: GreenWatch,
    others: Others,
    /// Time spent and vehicles finished at the start.
    before: (f64, u64),
    /// Vehicle seconds of missions.
    own: f64,
    times: LiveTimes,
    /// Times to the scenes as forecast, seconds.
    forecasts: Vec<f64>,
}

impl Track {
    fn new(
        forked: &Runner<SimPlant>,
        orders: &[Drawn],
        arm: Arm,
        spec: &Spec,
        times: &LiveTimes,
        watch: &GreenWatch,
    ) -> Result<Self, Error> {
        let mut runner = forked
            .fork()
            .ok_or_else(|| Error::Experiment("the controller cannot be run twice".to_owned()))?;
        let desk = Desk::new();
        let metrics = runner.plant().world().metrics(0.0);
        if arm == Arm::Priority {
            runner.give_priority(&spec.limits, desk.clone(), spec.priority.clone())?;
        }
        let missions = orders
            .iter()
            .map(|drawn| Mission::start(&mut runner, drawn.order.clone(), arm, spec.light))
            .collect::<Result<Vec<_>, Error>>()?;
        let world = runner.plant().world();
        let forecasts = orders.iter().map(|drawn| {
            let way = (drawn.order.route.as_slice(), drawn.order.scene);
            forecast(world, times, way, arm, &spec.light)
        });
        let forecasts = forecasts.collect();
        Ok(Self {
            watch: watch.clone(),
            runner,
            desk,
            missions,
            others: Others::default(),
            before: (metrics.time_spent, metrics.throughput),
            own: 0.0,
            times: times.clone(),
            forecasts,
        })
    }

    fn over(&self) -> bool {
        self.missions.iter().all(Mission::is_over)
    }

    fn step(&mut self) -> Result<(), Error> {
        for mission in &mut self.missions {
            mission.tend(&mut self.runner, &self.desk, &mut self.times)?;
        }
        let under_way = self.missions.iter().filter(|mission| !mission.is_over());
        let interval = self.runner.plant().world().config().interval;
        self.own += under_way.count() as f64 * interval;
        self.runner.step()?;
        let world = self.runner.plant().world();
        self.watch.look(world);
        if world.steps().is_multiple_of(LOOK) {
            self.others.lost += losing(world, &self.missions) * interval * LOOK as f64;
        }
        Ok(())
    }

    fn end(&mut self) {
        let metrics = self.runner.plant().world().metrics(0.0);
        self.others.time = metrics.time_spent - self.before.0 - self.own;
        self.others.finished = metrics.throughput - self.before.1;
    }
}

/// Vehicles' worth of time that is being lost now: of each, the share by which it is slower than
/// the limit; all of it for those who wait to enter.
fn losing(world: &World, missions: &[Mission]) -> f64 {
    let network = world.network();
    let mut sum = 0.0;
    for (index, lane) in network.lanes.iter().enumerate() {
        for vehicle in world.lane_vehicles(LaneId::from(index)) {
            let own = missions
                .iter()
                .any(|mission| mission.vehicle() == vehicle.id);
            if !own && !vehicle.shadow {
                sum += (1.0 - vehicle.speed / lane.speed_limit).clamp(0.0, 1.0);
            }
        }
    }
    let waits = world.waiting_vehicles();
    let own = |vehicle| missions.iter().any(|mission| mission.vehicle() == vehicle);
    sum + waits.filter(|&(_, vehicle)| !own(vehicle)).count() as f64
}

/// Runs a group. `watch` has not looked yet.
pub(super) fn run(
    forked: &Runner<SimPlant>,
    orders: Vec<Drawn>,
    spec: &Spec,
    times: &LiveTimes,
    watch: &GreenWatch,
) -> Result<Group, Error> {
    let ordered = forked.plant().world().time();
    let mut tracks = ARMS
        .iter()
        .map(|&arm| Track::new(forked, &orders, arm, spec, times, watch))
        .collect::<Result<Vec<_>, Error>>()?;
    let interval = forked.plant().world().config().interval;
    let mut time = ordered;
    while time < ordered + spec.longest && !tracks.iter().all(Track::over) {
        for track in &mut tracks {
            track.step()?;
        }
        time += interval;
    }
    let end = time + spec.window;
    while time < end {
        for track in &mut tracks {
            track.step()?;
        }
        time += interval;
    }
    tracks.iter_mut().for_each(Track::end);
    let network = forked.plant().world().network();
    let missions = orders
        .into_iter()
        .enumerate()
        .map(|(place, drawn)| result(network, times, drawn, ordered, &tracks, place))
        .collect();
    let conflicts = tracks.iter().flat_map(|track| track.watch.conflicts());
    let clearances = tracks
        .iter()
        .filter_map(|track| track.watch.shortest_clearance());
    Ok(Group {
        ordered,
        seconds: end - ordered,
        others: tracks.iter().map(|track| track.others).collect(),
        conflicting_greens: tracks.iter().map(|track| track.watch.count()).sum(),
        conflicts: conflicts.cloned().collect(),
        looks: tracks.iter().map(|track| track.watch.looks()).sum(),
        shortest_clearance: clearances.reduce(f64::min),
        missions,
    })
}

fn result(
    network: &Network,
    times: &LiveTimes,
    drawn: Drawn,
    ordered: f64,
    tracks: &[Track],
    place: usize,
) -> MissionResult {
    let Drawn { order, unit } = drawn;
    let link = |index: usize| network.links[order.route[index].index()].id.clone();
    let metres = order
        .route
        .iter()
        .map(|link| network.links[link.index()].length);
    let last = network.links[order.scene.link.index()].length;
    let first = times.free().links[order.route[0].index()];
    let free = first + times.free_of_route(&order.route).unwrap_or_default();
    let arms = tracks.iter().map(|track| {
        let mission = &track.missions[place];
        let progress = mission.progress();
        let until = progress
            .arrived
            .unwrap_or_else(|| track.runner.plant().world().time());
        ArmResult {
            time_to_scene: until - ordered,
            forecast: track.forecasts[place],
            arrived: progress.arrived.is_some(),
            stops: progress.stops,
            stood: progress.stood,
            rerouted: progress.rerouted,
        }
    });
    MissionResult {
        id: order.id,
        ordered,
        from: link(0),
        to: link(order.route.len() - 1),
        unit: unit.map(|(_, name)| name),
        links: order.route.len(),
        metres: metres.sum::<f64>() - last + order.scene.at,
        free: free as f64 / 1000.0,
        arms: arms.collect(),
    }
}
