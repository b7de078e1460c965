//! One mission: a unit on its way to a scene in a running world.

use roads::{LinkId, VehicleType};
use serde::{Deserialize, Serialize};
use signals::priority::{Claim, Desk, Report};
use signals::{Runner, SimPlant};
use sim::{BlueLight, NewVehicle, Rules, VehicleId, World};

use crate::dispatch::Dispatcher;
use crate::error::Error;
use crate::live::LiveTimes;
use crate::units::Place;

/// Seconds between two looks for a better way.
const LOOK: f64 = 15.0;
/// A new way has to save this share of what is left, and this many milliseconds.
const BETTER: (f64, u64) = (0.15, 10_000);

/// What a mission may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// It drives like anybody.
    Ordinary,
    /// Blue light and siren: others make way, and it drives faster; signals know nothing of it.
    BlueLight,
    /// Blue light, and signals clear the way.
    Priority,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// A number of its own; also its vehicle's on the desk.
    pub id: u64,
    /// The larger goes first where two missions meet.
    pub severity: u8,
    /// Links from the unit's station to the scene, both included.
    pub route: Vec<LinkId>,
    /// Where the scene is; on the last link of the route.
    pub scene: Place,
}

/// How far a mission is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The vehicle waits to get onto the road.
    Leaving,
    /// It is on its way.
    Driving,
    /// It has arrived.
    Arrived,
}

/// What is known of a mission.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// How far it is.
    pub stage: Stage,
    /// When it was ordered, seconds.
    pub ordered: f64,
    /// When it arrived, seconds.
    pub arrived: Option<f64>,
    /// How often its vehicle came to a stand.
    pub stops: u32,
    /// Seconds for which it stood.
    pub stood: f64,
    /// How often it took another way.
    pub rerouted: u32,
}

/// A mission under way.
#[derive(Clone, Debug)]
pub struct Mission {
    order: Order,
    arm: Arm,
    vehicle: VehicleId,
    /// Its vehicle never drives faster, m/s.
    max_speed: f64,
    light: BlueLight,
    progress: Progress,
    standing: bool,
    next_look: f64,
    dispatcher: Dispatcher,
}

/// Length and width of the ambulance, metres: those of SUMO's vehicle class `emergency`.
const SIZE: (f64, f64) = (6.5, 2.16);
/// It never drives faster, m/s (120 km/h).
const FASTEST: f64 = 33.333;

/// An ambulance that picks up speed and brakes like the demand's first vehicle type, so that what
/// priority does is not mixed up with what an engine does. Under blue light it can drive as fast as
/// the network's highest limit, times its factor.
pub fn ambulance(world: &World, light: Option<&BlueLight>) -> VehicleType {
    let car = world.demand().types.first().cloned().unwrap_or_default();
    let limits = world.network().lanes.iter().map(|lane| lane.speed_limit);
    let fastest = light.map(|light| limits.fold(0.0, f64::max) * light.speed_factor);
    VehicleType {
        id: "emergency".to_owned(),
        length: SIZE.0,
        width: SIZE.1,
        max_speed: fastest.map_or(car.max_speed, |speed| speed.clamp(1.0, FASTEST)),
        ..car
    }
}

/// The way as the engine takes it. Under the rules of the benchmarks it takes none of a single link,
/// as to a scene on the station's own: then the vehicle is bound for one behind it, which it does
/// not reach.
fn drivable(world: &World, route: &[LinkId]) -> Vec<LinkId> {
    let mut links = route.to_vec();
    if let ([only], Rules::Benchmark) = (route, world.config().rules) {
        let mut turns = world.network().turns.iter();
        links.extend(turns.find(|turn| turn.from == *only).map(|turn| turn.to));
    }
    links
}

impl Mission {
    /// Sends the unit off.
    ///
    /// # Errors
    /// When its way cannot be driven.
    pub fn start(
        runner: &mut Runner<SimPlant>,
        order: Order,
        arm: Arm,
        light: BlueLight,
    ) -> Result<Self, Error> {
        let now = runner.plant().world().time();
        let lit = (arm != Arm::Ordinary).then_some(&light);
        let kind = ambulance(runner.plant().world(), lit);
        let max_speed = kind.max_speed;
        let route = drivable(runner.plant().world(), &order.route);
        let plant = runner.plant_mut();
        let vehicle = plant.add_vehicle(NewVehicle {
            name: Some(format!("mission_{}", order.id)),
            kind,
            route,
        })?;
        plant.let_enter_first(vehicle)?;
        if arm != Arm::Ordinary {
            plant.set_blue_light(vehicle, Some(light))?;
        }
        Ok(Self {
            order,
            arm,
            vehicle,
            max_speed,
            light,
            progress: Progress {
                stage: Stage::Leaving,
                ordered: now,
                arrived: None,
                stops: 0,
                stood: 0.0,
                rerouted: 0,
            },
            standing: false,
            next_look: now + LOOK,
            dispatcher: Dispatcher::new(),
        })
    }

    /// What was ordered.
    pub const fn order(&self) -> &Order {
        &self.order
    }

    /// The vehicle.
    pub const fn vehicle(&self) -> VehicleId {
        self.vehicle
    }

    /// How far it is.
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether it has arrived.
    pub fn is_over(&self) -> bool {
        self.progress.stage == Stage::Arrived
    }

    /// Looks after the mission between two steps: sees where the vehicle is, tells the desk, takes
    /// another way if that is faster by now, and ends at the scene, where the vehicle leaves the
    /// road.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn tend(
        &mut self,
        runner: &mut Runner<SimPlant>,
        desk: &Desk,
        times: &mut LiveTimes,
    ) -> Result<(), Error> {
        if self.is_over() {
            return Ok(());
        }
        let world = runner.plant().world();
        let now = world.time();
        let Some(view) = world.vehicle(self.vehicle) else {
            if world.is_gone(self.vehicle) {
                self.arrive(now, desk);
            }
            return Ok(());
        };
        self.progress.stage = Stage::Driving;
        let ahead = self.to_scene(world);
        let on_lane = match view.place {
            sim::Place::Lane(lane) => Some(lane),
            sim::Place::Movement(_) => None,
        };
        let last = ahead.len() <= 1 && on_lane.is_some();
        if last && view.distance >= self.order.scene.at {
            runner.plant_mut().remove_vehicle(self.vehicle)?;
            self.arrive(now, desk);
            return Ok(());
        }
        let stands = view.speed < sim::WAITING_SPEED;
        self.progress.stops += u32::from(stands && !self.standing);
        if stands {
            self.progress.stood += world.config().interval;
        }
        self.standing = stands;
        if self.arm == Arm::Priority {
            desk.report(self.order.id, self.report(world, &view, ahead.clone()));
        }
        if now >= self.next_look && on_lane.is_some() && ahead.len() > 2 {
            self.next_look = now + LOOK;
            times.look(world);
            self.look_for_way(runner, times, &ahead);
        }
        Ok(())
    }

    /// Whether the way ahead is open; takes another one if it is not, as after a closure. `times`
    /// are of now.
    pub fn keep_to_open_ways(&mut self, runner: &mut Runner<SimPlant>, times: &LiveTimes) -> bool {
        let world = runner.plant().world();
        let ahead = self.to_scene(world);
        let mut waiting = world.waiting_vehicles();
        if let Some((lane, _)) = waiting.find(|(_, vehicle)| *vehicle == self.vehicle) {
            // It enters on the lane that was chosen for it, or not at all.
            return !world.is_closed(lane) && times.is_open(&ahead);
        }
        drop(waiting);
        let place = world.vehicle(self.vehicle).map(|view| view.place);
        // Who is on a closed lane drives on from it.
        let first = match place {
            Some(sim::Place::Lane(lane)) if world.is_closed(lane) => 1,
            _ => 0,
        };
        if times.is_open(ahead.get(first..).unwrap_or_default()) {
            return true;
        }
        let Some(&link) = ahead.first() else {
            return false;
        };
        let best = self.dispatcher.way(times, link, self.order.scene.link);
        let Some(best) = best.filter(|best| best.len() > 1 && times.is_open(&best[first..])) else {
            return false;
        };
        let taken = runner.plant_mut().set_route(self.vehicle, &best[1..]);
        self.progress.rerouted += u32::from(taken.is_ok());
        taken.is_ok()
    }

    /// Calls the mission off: the vehicle leaves the road where it is, and the signals.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn call_off(&mut self, runner: &mut Runner<SimPlant>, desk: &Desk) -> Result<(), Error> {
        desk.withdraw(self.order.id);
        if !self.is_over() && !runner.plant().world().is_gone(self.vehicle) {
            runner.plant_mut().remove_vehicle(self.vehicle)?;
        }
        Ok(())
    }

    /// Its way, or what is left of it, up to the scene's link: the engine may know one behind it.
    pub fn up_to_scene(&self, mut links: Vec<LinkId>) -> Vec<LinkId> {
        let scene = links.iter().position(|&link| link == self.order.scene.link);
        if let Some(scene) = scene {
            links.truncate(scene + 1);
        }
        links
    }

    /// The links that it has still to pass, up to the scene's.
    fn to_scene(&self, world: &World) -> Vec<LinkId> {
        self.up_to_scene(world.route_ahead(self.vehicle).unwrap_or_default())
    }

    fn arrive(&mut self, now: f64, desk: &Desk) {
        self.progress.stage = Stage::Arrived;
        self.progress.arrived = Some(now);
        desk.withdraw(self.order.id);
    }

    fn report(&self, world: &World, view: &sim::VehicleView, route: Vec<LinkId>) -> Report {
        let network = world.network();
        let (lane, to_end) = match view.place {
            sim::Place::Lane(lane) => {
                let length = network.lanes[lane.index()].length;
                (Some(lane), length - view.distance)
            }
            sim::Place::Movement(movement) => {
                let movement = &network.movements[movement.index()];
                let beyond = &network.lanes[movement.to.index()];
                (None, movement.length - view.distance + beyond.length)
            }
        };
        Report {
            claim: Claim::Mission {
                severity: self.order.severity,
            },
            route,
            lane,
            to_end,
            speed: view.speed,
            max_speed: self.max_speed,
            speed_factor: self.light.speed_factor,
            stops_at: self.order.scene.at,
        }
    }

    /// Takes the fastest way if that is clearly faster than what is left of the present one.
    fn look_for_way(&mut self, runner: &mut Runner<SimPlant>, times: &LiveTimes, ahead: &[LinkId]) {
        let Some(present) = times.of_route(ahead) else {
            return;
        };
        let best = self.dispatcher.way(times, ahead[0], self.order.scene.link);
        let Some(best) = best.filter(|best| best.len() > 1) else {
            return;
        };
        let Some(time) = times.of_route(&best) else {
            return;
        };
        let saved = present.saturating_sub(time);
        let worth = saved >= BETTER.1 && saved as f64 >= BETTER.0 * present as f64;
        // Its lane may not lead there; then it stays on its way.
        if worth
            && runner
                .plant_mut()
                .set_route(self.vehicle, &best[1..])
                .is_ok()
        {
            self.progress.rerouted += 1;
        }
    }
}
