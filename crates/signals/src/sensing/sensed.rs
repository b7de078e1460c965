//! A plant of which one sees only what sensors tell.

use std::sync::Arc;

use roads::{Aspect, Network, SignalId};
use serde::Serialize;

use super::estimator::Estimator;
use super::scene::Scene;
use super::sensors::{Readings, Sensors, WAITING};
use super::spec::Sensing;
use crate::controller::Detail;
use crate::envelope::Command;
use crate::error::Error;
use crate::observation::Observation;
use crate::plant::Plant;

/// Seconds between two comparisons of what is believed with what is.
const COMPARE_EVERY: f64 = 5.0;

/// How far what was believed was from what was, over the lanes before signals. Root mean squares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SensingErrors {
    /// Of the vehicles that wait on a lane.
    pub waiting_rmse: f64,
    /// Of the vehicles on a lane.
    pub count_rmse: f64,
    /// Mean of the vehicles on a lane, as they were.
    pub count_mean: f64,
    /// Root mean square of the vehicles on a lane: how far one would be off who believed that there
    /// are none.
    pub count_blind: f64,
    /// Share of vehicles that are probes, as it was learnt; none where there are none.
    pub penetration: Option<f64>,
    /// Mean of what was believed of them less what they were.
    pub count_bias: f64,
}

/// Sums of errors.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    lanes: f64,
    waiting: f64,
    count: f64,
    bias: f64,
    truth: f64,
    blind: f64,
}

/// A plant around a plant: what it hands out is what an estimator makes of sensors' samples.
#[derive(Clone, Debug)]
pub struct Sensed<P> {
    plant: P,
    sensing: Sensing,
    sensors: Sensors,
    estimator: Estimator,
    readings: Readings,
    scene: Scene,
    /// Per movement, what it is shown.
    shown: Vec<Aspect>,
    held: Vec<bool>,
    sums: Sums,
    compared: f64,
}

impl<P: Plant> Sensed<P> {
    /// Sees a plant with these sensors; `seed` decides who is missed and who is a probe, unless
    /// `sensing` brings its own.
    ///
    /// # Errors
    /// When the plant cannot tell vehicles apart, unless everything is seen.
    pub fn new(plant: P, sensing: &Sensing, seed: u64) -> Result<Self, Error> {
        let mut scene = Scene::default();
        if !sensing.is_full() && !plant.scene(&mut scene)? {
            return Err(Error::Sensing(format!(
                "this plant cannot tell vehicles apart, so it cannot be seen by {sensing}; see it in full"
            )));
        }
        let network = Arc::clone(plant.network());
        let tick = plant.tick();
        let sensors = Sensors::new(&network, sensing, seed, tick);
        let mut shown = vec![Aspect::Protected; network.movements.len()];
        for movement in network.signals.iter().flat_map(|signal| &signal.movements) {
            shown[movement.index()] = Aspect::Red;
        }
        Ok(Self {
            estimator: Estimator::new(&network, &sensors, sensing, tick),
            sensors,
            sensing: sensing.clone(),
            readings: Readings::default(),
            scene,
            shown,
            held: network.lanes_at_signals(),
            sums: Sums::default(),
            compared: plant.time(),
            plant,
        })
    }

    /// What it is seen with.
    pub const fn sensing(&self) -> &Sensing {
        &self.sensing
    }

    /// The plant, with everything that sensors do not tell.
    pub const fn inner(&self) -> &P {
        &self.plant
    }

    /// The plant, to change its traffic.
    pub const fn inner_mut(&mut self) -> &mut P {
        &mut self.plant
    }

    /// The plant alone.
    pub fn into_inner(self) -> P {
        self.plant
    }

    /// How far what was believed was from what was, so far; `None` where everything is seen.
    pub fn errors(&self) -> Option<SensingErrors> {
        if self.sensing.is_full() {
            return None;
        }
        let sums = &self.sums;
        let lanes = sums.lanes.max(1.0);
        Some(SensingErrors {
            waiting_rmse: (sums.waiting / lanes).sqrt(),
            count_rmse: (sums.count / lanes).sqrt(),
            count_blind: (sums.blind / lanes).sqrt(),
            penetration: self.estimator.penetration(),
            count_mean: sums.truth / lanes,
            count_bias: sums.bias / lanes,
        })
    }

    /// Takes the sensors' samples and makes of them whom the lanes hold. [`Plant::advance`] does it
    /// each tick.
    ///
    /// # Errors
    /// When the plant does not answer.
    pub fn perceive(&mut self) -> Result<(), Error> {
        if self.sensing.is_full() {
            return Ok(());
        }
        if !self.plant.scene(&mut self.scene)? {
            self.scene.clear();
        }
        self.sensors.sample(&self.scene, &mut self.readings);
        self.estimator.take_in(&self.readings, &self.shown);
        if self.plant.time() >= self.compared + COMPARE_EVERY {
            self.compared = self.plant.time();
            self.compare();
        }
        Ok(())
    }

    fn compare(&mut self) {
        for lane in (0..self.held.len()).filter(|&lane| self.held[lane]) {
            let here = self.scene.on(lane);
            let waiting = here
                .iter()
                .filter(|vehicle| vehicle.speed < WAITING)
                .count() as f64;
            let (believed, waits) = self.estimator.counts(lane);
            let off = believed - here.len() as f64;
            self.sums.lanes += 1.0;
            self.sums.count += off * off;
            self.sums.bias += off;
            self.sums.truth += here.len() as f64;
            self.sums.blind += (here.len() as f64).powi(2);
            self.sums.waiting += (waits - waiting).powi(2);
        }
    }
}

impl<P: Plant> Plant for Sensed<P> {
    fn network(&self) -> &Arc<Network> {
        self.plant.network()
    }

    fn time(&self) -> f64 {
        self.plant.time()
    }

    fn tick(&self) -> f64 {
        self.plant.tick()
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), Error> {
        if self.sensing.is_full() {
            return self.plant.observe(detail, seen);
        }
        seen.time = self.plant.time();
        if detail != Detail::None {
            self.estimator.describe(detail == Detail::Vehicles, seen);
            self.plant.see_behind(detail, seen);
        }
        Ok(())
    }

    fn scene(&self, scene: &mut Scene) -> Result<bool, Error> {
        self.plant.scene(scene)
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), Error> {
        let network = Arc::clone(self.plant.network());
        let movements = &network.signals[command.signal().index()].movements;
        for (movement, &aspect) in movements.iter().zip(command.aspects()) {
            self.shown[movement.index()] = aspect;
        }
        self.plant.show(command)
    }

    fn shown(&self, signal: SignalId, aspects: &mut Vec<Aspect>) -> bool {
        self.plant.shown(signal, aspects)
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.plant.advance()?;
        self.perceive()
    }
}
