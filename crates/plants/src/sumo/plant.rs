//! SUMO behind the trait [`Plant`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use roads::{Aspect, Network, SignalId};
use signals::priority::{Claim, Report};
use signals::sensing::Scene;
use signals::{Command, Detail, Limits, LimitsTable, Observation, Plant};

use super::baseline;
use super::guests::{Guest, Guests, Journey};
use super::letters::Letters;
use super::outcome::Outcome;
use super::process::{Process, Settings};
use super::programs::{self, Known};
use super::scenario::Scenario;
use super::traffic::{OF_VEHICLE, Traffic};
use super::zones::OF_DETECTOR;
use crate::error::Error;
use crate::traci::names::{self, Domain};
use crate::traci::{Ask, Connection, Told, Value};

/// What is seen of SUMO's traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensing {
    /// Every vehicle with its distance to the stop line and speed.
    #[default]
    Vehicles,
    /// What the scenario's lane-area detectors count; where it has none, one of up to 100 m is
    /// laid before each stop line.
    Detectors,
}

/// What is asked of the simulation as a whole.
const OF_SIMULATION: &[u8] = &[
    names::VAR_TIME,
    names::VAR_DEPARTED_IDS,
    names::VAR_ARRIVED_IDS,
    names::VAR_MIN_EXPECTED,
];

/// What is asked of each signal.
const OF_SIGNAL: &[u8] = &[names::TL_RED_YELLOW_GREEN_STATE];

/// A SUMO of our own as a plant. Its second 0 is the second at which the scenario begins.
#[derive(Debug)]
pub struct SumoPlant {
    network: Arc<Network>,
    process: Process,
    connection: Connection,
    /// By signal.
    letters: Vec<Letters>,
    limits: LimitsTable,
    /// By signal: what SUMO says it shows.
    states: Vec<String>,
    signal_named: HashMap<String, usize>,
    traffic: Traffic,
    guests: Guests,
    sensing: Sensing,
    /// What the next step is preceded by.
    asks: Vec<Ask>,
    begin: f64,
    time: f64,
    tick: f64,
    expected: u64,
}

impl SumoPlant {
    /// Starts SUMO on a scenario and reads its signals.
    ///
    /// # Errors
    /// When SUMO does not start or answer, or its signals are not those of the network file.
    pub fn start(
        scenario: &Scenario,
        settings: &Settings,
        sensing: Sensing,
    ) -> Result<Self, Error> {
        let import = scenario.import()?;
        let (mut network, names) = (import.network, import.names);
        let mut settings = settings.clone();
        let folder = tempfile::tempdir().map_err(|source| Error::File {
            path: "a folder for detectors".to_owned(),
            source,
        })?;
        if sensing == Sensing::Detectors && !baseline::has_detectors(&scenario.additional)? {
            let file = folder.path().join("detectors.add.xml");
            baseline::write_detectors(&file, &network, &names)?;
            settings.additional.push(file);
        }
        let (mut process, mut connection) = Process::call(scenario, &settings)?;
        let mut greet = || {
            let begin = number(&mut connection, names::VAR_TIME)?;
            let tick = number(&mut connection, names::VAR_DELTA_T)?;
            let known = programs::read(&mut connection, &mut network, &names, begin)?;
            Ok((begin, tick, known))
        };
        let greeted: Result<_, Error> = greet();
        let (begin, tick, known) = greeted.map_err(|error| process.refusal(error))?;
        let limits = limits(&network, &known);
        let named = network.signals.iter().enumerate();
        let signal_named = named.map(|(index, s)| (s.id.clone(), index)).collect();
        let letters: Vec<Letters> = known.into_iter().map(|known| known.letters).collect();
        let mut plant = Self {
            states: vec![String::new(); letters.len()],
            signal_named,
            traffic: Traffic::new(&network, &names.lanes, settings.reach),
            network: Arc::new(network),
            process,
            connection,
            letters,
            limits,
            guests: Guests::default(),
            sensing,
            asks: Vec::new(),
            begin,
            time: 0.0,
            tick,
            expected: 1,
        };
        plant.subscribe()?;
        plant.connection.set_patience(settings.patience);
        Ok(plant)
    }

    /// Subscribes to the simulation, the signals, and the detectors if they are all there is.
    fn subscribe(&mut self) -> Result<(), Error> {
        let mut asks = vec![Ask::Subscribe(
            Domain::Simulation,
            String::new(),
            OF_SIMULATION,
        )];
        let signals = self.network.signals.iter();
        asks.extend(signals.map(|s| Ask::Subscribe(Domain::Signal, s.id.clone(), OF_SIGNAL)));
        if self.sensing == Sensing::Detectors {
            let ids = self.connection.get(Domain::LaneArea, names::ID_LIST, "")?;
            for id in ids.as_texts().unwrap_or_default() {
                let mut get = |variable| self.connection.get(Domain::LaneArea, variable, id);
                let lane = get(names::VAR_LANE_ID)?;
                let start = get(names::VAR_POSITION)?.as_double().unwrap_or(0.0);
                let length = get(names::VAR_LENGTH)?.as_double().unwrap_or(0.0);
                let place = (lane.as_text().unwrap_or_default(), start, length);
                self.traffic.add_detector(&self.network, id, place);
                asks.push(Ask::Subscribe(Domain::LaneArea, id.clone(), OF_DETECTOR));
            }
            if self.traffic.detectors() == 0 {
                return Err(Error::Mismatch(
                    "the scenario has no lane-area detector on a lane that cars may use".to_owned(),
                ));
            }
        }
        let told = self.connection.send(&asks)?;
        self.take_in(&told);
        Ok(())
    }

    /// Vehicles on the network and those still to come, by SUMO's count.
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// What is seen of its traffic.
    pub const fn sensing(&self) -> Sensing {
        self.sensing
    }

    /// Limits for its signals: of a street where people cross on foot, at those where they do.
    pub const fn limits(&self) -> &LimitsTable {
        &self.limits
    }

    /// Sends a vehicle into the traffic: it departs in the next step, if there is room.
    ///
    /// # Errors
    /// When its route has a gap or its name is in use, SUMO refuses it, or still owes us an answer.
    pub fn send(&mut self, guest: Guest) -> Result<(), Error> {
        if self.connection.is_waiting() {
            return Err(Error::Late {
                who: "SUMO".to_owned(),
                waited: Duration::ZERO,
            });
        }
        let name = guest.name.clone();
        let asks = self.guests.welcome(&self.network, guest)?;
        let sent = self.connection.send(&asks);
        sent.map(drop).map_err(|error| {
            self.guests.turn_away(&name);
            self.explain(error)
        })
    }

    /// How far a vehicle that was sent has come.
    pub fn journey(&self, name: &str) -> Option<Journey> {
        self.guests.journey(name)
    }

    /// What a vehicle that was sent tells signals of itself, to put on a
    /// [`Desk`](signals::priority::Desk); nothing unless it is on its way.
    pub fn report(&self, name: &str, claim: Claim) -> Option<Report> {
        self.guests.report(&self.network, name, claim)
    }

    /// SUMO's process, to signal to.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Ends the simulation and says what came out of it.
    ///
    /// # Errors
    /// When SUMO does not end well.
    pub fn finish(mut self) -> Result<Outcome, Error> {
        self.connection.set_patience(Duration::from_mins(1));
        self.connection.close()?;
        self.process.wait()?;
        Outcome::read(&self.process.trips(), &self.process.statistics())
    }

    fn take_in(&mut self, told: &[Told]) {
        let of_step = |told: &&Told| told.domain == Domain::Simulation.subscribed();
        // The time first: the others are told of then.
        told.iter()
            .filter(of_step)
            .for_each(|told| self.take_in_step(told));
        for told in told {
            match told.domain {
                domain if domain == Domain::Vehicle.subscribed() => {
                    let lane = |name: &str| self.traffic.lane(name);
                    self.guests.tell(&self.network, told, lane);
                    if self.sensing == Sensing::Vehicles {
                        self.traffic.tell_vehicle(&self.network, told);
                    }
                }
                domain if domain == Domain::LaneArea.subscribed() => {
                    self.traffic.tell_detector(told, self.time);
                }
                domain if domain == Domain::Signal.subscribed() => {
                    let state = told.values.first().and_then(|(_, value)| value.as_text());
                    let place = self.signal_named.get(&told.id);
                    if let (Some(&place), Some(state)) = (place, state) {
                        state.clone_into(&mut self.states[place]);
                    }
                }
                _ => {}
            }
        }
        // A vehicle that arrived may have been told of in the same step.
        for told in told {
            let arrived = told.values.iter().find(|v| v.0 == names::VAR_ARRIVED_IDS);
            if told.domain == Domain::Simulation.subscribed()
                && let Some(ids) = arrived.and_then(|(_, value)| value.as_texts())
            {
                self.traffic.forget(ids);
                self.guests.arrive(ids, self.time);
            }
        }
    }

    fn take_in_step(&mut self, told: &Told) {
        for (variable, value) in &told.values {
            let count = value.as_integer().unwrap_or(0).max(0).cast_unsigned();
            match (*variable, value) {
                (names::VAR_TIME, Value::Double(time)) => self.time = time - self.begin,
                (names::VAR_MIN_EXPECTED, _) => self.expected = u64::from(count),
                (names::VAR_DEPARTED_IDS, Value::Texts(ids)) => {
                    let subscribe =
                        |id: &String| Ask::Subscribe(Domain::Vehicle, id.clone(), OF_VEHICLE);
                    let own = self.guests.depart(ids);
                    match self.sensing {
                        Sensing::Vehicles => self.asks.extend(ids.iter().map(subscribe)),
                        Sensing::Detectors => self.asks.extend(own.into_iter().map(subscribe)),
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds what SUMO's own words are to an error that says it is gone.
    fn explain(&mut self, error: Error) -> Error {
        match error {
            Error::Gone { message, .. } => match self.process.check() {
                Err(known) => known,
                Ok(()) => self.process.gone(&message),
            },
            other => other,
        }
    }

    /// Takes the subscriptions of vehicles that have just departed, so that they are seen now.
    fn look_at_departed(&mut self) -> Result<(), Error> {
        if self.asks.is_empty() {
            return Ok(());
        }
        let asks = std::mem::take(&mut self.asks);
        let told = self.connection.send(&asks)?;
        self.take_in(&told);
        Ok(())
    }
}

fn limits(network: &Network, known: &[Known]) -> LimitsTable {
    let mut limits = LimitsTable::from(Limits::without_pedestrians());
    for (signal, known) in network.signals.iter().zip(known) {
        if known.people {
            limits.signals.insert(signal.id.clone(), Limits::default());
        }
    }
    limits
}

fn number(connection: &mut Connection, variable: u8) -> Result<f64, Error> {
    let value = connection.get(Domain::Simulation, variable, "")?;
    value.as_double().ok_or_else(|| Error::Malformed {
        from: "SUMO",
        message: format!("answered variable {variable:#04x} with {value:?}, which is no number"),
    })
}

impl Plant for SumoPlant {
    fn network(&self) -> &Arc<Network> {
        &self.network
    }

    fn time(&self) -> f64 {
        self.time
    }

    fn tick(&self) -> f64 {
        self.tick
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), signals::Error> {
        seen.time = self.time;
        if detail != Detail::None {
            self.traffic.observe(&self.network, self.time, detail, seen);
        }
        Ok(())
    }

    fn scene(&self, scene: &mut Scene) -> Result<bool, signals::Error> {
        scene.clear();
        let vehicles = self.sensing == Sensing::Vehicles;
        if vehicles {
            self.traffic.scene(&self.network, scene);
        }
        Ok(vehicles)
    }

    fn see_behind(&self, detail: Detail, seen: &mut Observation) {
        self.traffic
            .see_behind(self.network.lanes.len(), detail, seen);
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), signals::Error> {
        let index = command.signal().index();
        let state = self.letters[index].show(command.phase(), command.aspects(), self.time);
        self.asks.push(Ask::Set(
            Domain::Signal,
            names::TL_RED_YELLOW_GREEN_STATE,
            self.network.signals[index].id.clone(),
            Value::Text(state),
        ));
        Ok(())
    }

    fn shown(&self, signal: SignalId, aspects: &mut Vec<Aspect>) -> bool {
        let index = signal.index();
        let known = self.letters.get(index).zip(self.states.get(index));
        known.is_some_and(|(letters, state)| letters.read(state, aspects).is_some())
    }

    fn advance(&mut self) -> Result<(), signals::Error> {
        let told = if self.connection.is_waiting() {
            self.connection.resume()
        } else {
            let mut asks = std::mem::take(&mut self.asks);
            asks.push(Ask::Step);
            self.connection.send(&asks)
        };
        let result = told.and_then(|told| {
            self.take_in(&told);
            self.look_at_departed()
        });
        result.map_err(|error| self.explain(error).into())
    }
}
