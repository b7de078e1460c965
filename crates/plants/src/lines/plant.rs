//! Another's plant, of which we are the controller's end.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use roads::{Aspect, LaneId, LinkId, Network, SignalId};
use signals::{Command, Detail, Limits, Observation, Plant, SeenVehicle};

use super::message::{Answer, FromPlant, Obs, aspect, letter};
use super::network::build_placed;
use super::pipe::Pipe;
use crate::error::Error;

/// How long a plant may take to say what there is.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// A plant that speaks JSON lines.
pub struct LinesPlant {
    pipe: Pipe,
    network: Arc<Network>,
    limits: Limits,
    tick: f64,
    patience: Duration,
    now: Obs,
    lane_named: HashMap<String, LaneId>,
    /// What is to be shown, by signal's name.
    answer: Answer,
    /// The answer has been given, and the next observation has not come.
    waiting: bool,
    ended: bool,
}

impl LinesPlant {
    /// Starts a program that is a plant; `patience` is how long an observation may take.
    ///
    /// # Errors
    /// When it does not start, or does not say what there is.
    pub fn start(command: &[String], patience: Duration) -> Result<Self, Error> {
        Self::open(Pipe::start(command)?, patience)
    }

    /// Is the controller's end of a plant that has started us: over our standard input and output.
    ///
    /// # Errors
    /// When it does not say what there is.
    pub fn serve(
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        patience: Duration,
    ) -> Result<Self, Error> {
        Self::open(Pipe::of("the plant", reader, writer)?, patience)
    }

    fn open(pipe: Pipe, patience: Duration) -> Result<Self, Error> {
        let init = match pipe.hear(START_PATIENCE)? {
            FromPlant::Init(init) => init,
            other => return Err(unexpected("init", &other)),
        };
        let (network, places) = build_placed(&init)?;
        let lane =
            |(link, place): (LinkId, u32)| LaneId(network.links[link.index()].lanes.start + place);
        let lane_named = places.into_iter().map(|(name, at)| (name, lane(at)));
        let mut plant = Self {
            lane_named: lane_named.collect(),
            network: Arc::new(network),
            limits: init.limits.unwrap_or_else(Limits::without_pedestrians),
            tick: init.tick,
            now: Obs::default(),
            answer: Answer::default(),
            waiting: true,
            ended: false,
            pipe,
            patience,
        };
        plant.limits.check("*")?;
        plant.look(START_PATIENCE)?;
        Ok(plant)
    }

    /// What the plant wants the envelope to keep.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether the plant has said that it ends.
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// The plant's process, if we have started it, to signal to.
    pub fn process(&self) -> Option<u32> {
        self.pipe.process()
    }

    fn look(&mut self, patience: Duration) -> Result<(), Error> {
        match self.pipe.hear(patience)? {
            FromPlant::Obs(obs) if obs.t.is_finite() && obs.t >= self.now.t => self.now = obs,
            FromPlant::Obs(obs) => {
                return Err(Error::Malformed {
                    from: "the plant",
                    message: format!("said that it is {} s, after {} s", obs.t, self.now.t),
                });
            }
            FromPlant::End => self.ended = true,
            other @ FromPlant::Init(_) => return Err(unexpected("obs", &other)),
        }
        self.waiting = false;
        Ok(())
    }
}

fn unexpected(expected: &str, found: &FromPlant) -> Error {
    let found = match found {
        FromPlant::Init(_) => "init",
        FromPlant::Obs(_) => "obs",
        FromPlant::End => "end",
    };
    Error::Malformed {
        from: "the plant",
        message: format!("said {found} where {expected} comes"),
    }
}

impl Plant for LinesPlant {
    fn network(&self) -> &Arc<Network> {
        &self.network
    }

    fn time(&self) -> f64 {
        self.now.t
    }

    fn tick(&self) -> f64 {
        self.tick
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), signals::Error> {
        seen.time = self.now.t;
        if detail == Detail::None {
            return Ok(());
        }
        let lanes = self.network.lanes.len();
        seen.see_all();
        seen.count.clear();
        seen.count.resize(lanes, 0);
        seen.waiting.clear();
        seen.waiting.resize(lanes, 0);
        let mut by_lane: Vec<&[[f64; 2]]> = vec![&[]; lanes];
        for (name, lane) in &self.now.lanes {
            // A lane that does not exist says nothing of ours.
            let Some(id) = self.lane_named.get(name) else {
                continue;
            };
            seen.count[id.index()] = lane.count;
            seen.waiting[id.index()] = lane.waiting;
            by_lane[id.index()] = lane.vehicles.as_deref().unwrap_or_default();
        }
        seen.vehicles.clear();
        seen.first_vehicle.clear();
        seen.first_vehicle.push(0);
        for vehicles in by_lane {
            if detail == Detail::Vehicles {
                let start = seen.vehicles.len();
                seen.vehicles
                    .extend(vehicles.iter().map(|&[to_stop_line, speed]| SeenVehicle {
                        to_stop_line,
                        speed,
                    }));
                seen.vehicles[start..].sort_by(|a, b| a.to_stop_line.total_cmp(&b.to_stop_line));
            }
            seen.first_vehicle.push(seen.vehicles.len() as u32);
        }
        Ok(())
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), signals::Error> {
        let signal = &self.network.signals[command.signal().index()].id;
        let state = command.aspects().iter().map(|&aspect| letter(aspect));
        self.answer.states.insert(signal.clone(), state.collect());
        self.answer.phases.insert(signal.clone(), command.target());
        Ok(())
    }

    fn shown(&self, signal: SignalId, aspects: &mut Vec<Aspect>) -> bool {
        let Some(signal) = self.network.signals.get(signal.index()) else {
            return false;
        };
        let shown = self.now.signals.get(&signal.id);
        let Some(state) = shown.and_then(|shown| shown.state.as_ref()) else {
            return false;
        };
        aspects.clear();
        aspects.extend(state.chars().filter_map(aspect));
        if aspects.len() != signal.movements.len() || state.len() != aspects.len() {
            // What has no meaning may stand for anything, the worst included.
            aspects.clear();
            aspects.resize(signal.movements.len(), Aspect::Protected);
        }
        true
    }

    fn advance(&mut self) -> Result<(), signals::Error> {
        if self.ended {
            return Err(Error::Gone {
                who: "the plant".to_owned(),
                message: "it said that it ends".to_owned(),
            }
            .into());
        }
        if !self.waiting {
            self.answer.t = Some(self.now.t);
            self.pipe.say(&self.answer)?;
            self.waiting = true;
        }
        Ok(self.look(self.patience)?)
    }
}
