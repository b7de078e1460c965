//! Controllers at the kerb behind the trait [`Plant`], in real time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use roads::{Aspect, LaneId, Network, SignalId};
use serde::{Deserialize, Serialize};
use signals::{Command, Detail, Observation, Plant};
use snmp2::{Oid, SyncSession, Value};

use super::objects::{
    Control, Masks, PHASES_MAX, Status, detectors_active, max_phases, phase_control, phase_status,
    unit_backup_time,
};
use crate::clock::Deadline;
use crate::error::Error;

/// After how many seconds without a command a controller goes back to its own plan.
pub const BACKUP_SECONDS: i64 = 2;
/// How long a controller may take to show what it is told, seconds: it times its own yellow,
/// clearance and shortest green. For [`crate::Watch::astray_after`].
pub const ASTRAY_AFTER: f64 = 15.0;
/// How long an answer may take. Every controller is asked every tick, and one that does not answer
/// must not hold up the others.
const PATIENCE: Duration = Duration::from_millis(300);
/// How many controllers are talked to at the same time.
const THREADS_MAX: usize = 32;
/// Detectors of a group.
const DETECTORS: u16 = 8;
/// Highest detector.
const DETECTOR_MAX: u16 = 128;

/// One controller at the kerb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cabinet {
    /// The name of its signal in the network.
    pub signal: String,
    /// Where its SNMP agent listens.
    pub address: SocketAddr,
    /// The community that may write (SNMP version 2c: a network of the city's own is all that
    /// protects it).
    pub community: String,
    /// By movement of the signal: the controller's phase that serves it, 1 to 16.
    pub phases: Vec<u8>,
    /// By the controller's vehicle detector, 1 to 128: the lane it lies in.
    #[serde(default)]
    pub detectors: BTreeMap<u16, String>,
}

/// What is known of one controller.
struct State {
    signal: SignalId,
    cabinet: Cabinet,
    detectors: Vec<(u16, LaneId)>,
    session: SyncSession,
    /// How many there have been.
    sessions: i32,
    /// The phase that it is to show.
    target: usize,
    greens: Masks,
    yellows: Masks,
    reds: Masks,
    active: Vec<u8>,
    /// It answered the last time.
    answers: bool,
}

/// Controllers at the kerb.
pub struct NtcipPlant {
    network: Arc<Network>,
    cabinets: Vec<State>,
    /// By signal: its place in `cabinets`.
    place: Vec<Option<usize>>,
    clock: Deadline,
    tick: f64,
    ticks: u64,
}

impl NtcipPlant {
    /// Calls on all controllers, and has them go back to their own plans when they hear nothing.
    ///
    /// # Errors
    /// When one does not answer, or what is said of it does not fit the network.
    pub fn connect(network: Arc<Network>, cabinets: &[Cabinet]) -> Result<Self, Error> {
        let mut place = vec![None; network.signals.len()];
        let mut states = Vec::with_capacity(cabinets.len());
        for (index, cabinet) in cabinets.iter().enumerate() {
            let state = State::connect(&network, cabinet)?;
            if place[state.signal.index()].replace(index).is_some() {
                return Err(unfit(cabinet, "has another controller already"));
            }
            states.push(state);
        }
        Ok(Self {
            network,
            cabinets: states,
            place,
            clock: Deadline::after(Duration::MAX),
            tick: 1.0,
            ticks: 0,
        })
    }

    /// The signals whose controllers did not answer the last time.
    pub fn silent(&self) -> impl Iterator<Item = SignalId> + '_ {
        let silent = self.cabinets.iter().filter(|state| !state.answers);
        silent.map(|state| state.signal)
    }

    fn state(&self, signal: SignalId) -> Option<&State> {
        self.cabinets.get((*self.place.get(signal.index())?)?)
    }
}

fn unfit(cabinet: &Cabinet, message: &str) -> Error {
    Error::Mismatch(format!("signal {:?}: {message}", cabinet.signal))
}

/// An object's name. Ours are all sound.
fn oid(name: &[u64]) -> Result<Oid<'static>, snmp2::Error> {
    Oid::from(name).ok().ok_or(snmp2::Error::ValueOutOfRange)
}

fn session(cabinet: &Cabinet, number: i32) -> std::io::Result<SyncSession> {
    let community = cabinet.community.as_bytes();
    let first = number.wrapping_mul(1 << 20);
    SyncSession::new_v2c(cabinet.address, community, Some(PATIENCE), first)
}

impl State {
    fn connect(network: &Network, cabinet: &Cabinet) -> Result<Self, Error> {
        let signal = network
            .signal_named(&cabinet.signal)
            .ok_or_else(|| unfit(cabinet, "there is no such signal in the network"))?;
        let movements = network.signals[signal.index()].movements.len();
        if cabinet.phases.len() != movements {
            return Err(unfit(
                cabinet,
                &format!(
                    "{} phases are named for its {movements} movements",
                    cabinet.phases.len()
                ),
            ));
        }
        let lane_of = |name: &String| {
            let lanes = (0..network.lanes.len()).map(LaneId::from);
            let found = lanes
                .into_iter()
                .find(|&lane| &network.lane_name(lane) == name);
            found.ok_or_else(|| unfit(cabinet, &format!("there is no lane {name:?}")))
        };
        let mut detectors = Vec::with_capacity(cabinet.detectors.len());
        for (&number, lane) in &cabinet.detectors {
            if !(1..=DETECTOR_MAX).contains(&number) {
                return Err(unfit(
                    cabinet,
                    &format!("detector {number} is not from 1 to 128"),
                ));
            }
            detectors.push((number, lane_of(lane)?));
        }
        let session = session(cabinet, 1).map_err(|source| Error::Start {
            program: format!("a socket to {}", cabinet.address),
            source,
        })?;
        let mut state = Self {
            signal,
            cabinet: cabinet.clone(),
            detectors,
            session,
            sessions: 1,
            target: 0,
            greens: Masks::default(),
            yellows: Masks::default(),
            reds: Masks::default(),
            active: Vec::new(),
            answers: true,
        };
        state.begin()?;
        Ok(state)
    }

    fn begin(&mut self) -> Result<(), Error> {
        let cabinet = self.cabinet.clone();
        let silent = |error: snmp2::Error| Error::Gone {
            who: format!(
                "signal {:?}: its controller at {}",
                cabinet.signal, cabinet.address
            ),
            message: format!("asked over SNMP, it says {error}"),
        };
        let answer = self.get(&[max_phases()]).map_err(silent)?;
        let most = answer
            .first()
            .copied()
            .unwrap_or(0)
            .min(i64::from(PHASES_MAX));
        let phases = &cabinet.phases;
        if let Some(phase) = phases.iter().find(|&&p| p == 0 || i64::from(p) > most) {
            let message = format!("phase {phase} is named; its controller has 1 to {most}");
            return Err(unfit(&cabinet, &message));
        }
        self.set(&[(unit_backup_time(), BACKUP_SECONDS)])
            .map_err(silent)?;
        self.look().map_err(silent)
    }

    /// Reads whole numbers, in the order asked for.
    fn get(&mut self, names: &[Vec<u64>]) -> Result<Vec<i64>, snmp2::Error> {
        let oids: Vec<Oid<'_>> = names
            .iter()
            .map(|name| oid(name))
            .collect::<Result<_, _>>()?;
        let references: Vec<&Oid<'_>> = oids.iter().collect();
        let answer = self.session.get_many(&references)?;
        if answer.error_status != 0 {
            return Err(snmp2::Error::ValueOutOfRange);
        }
        let mut values = Vec::with_capacity(names.len());
        for (oid, (found, value)) in oids.iter().zip(answer.varbinds) {
            let number = match value {
                Value::Integer(number) => number,
                Value::Unsigned32(number) | Value::Counter32(number) => i64::from(number),
                _ => return Err(snmp2::Error::AsnWrongType),
            };
            if &found != oid {
                return Err(snmp2::Error::AsnWrongType);
            }
            values.push(number);
        }
        if values.len() == names.len() {
            Ok(values)
        } else {
            Err(snmp2::Error::AsnEof)
        }
    }

    fn set(&mut self, values: &[(Vec<u64>, i64)]) -> Result<(), snmp2::Error> {
        let mut bound = Vec::with_capacity(values.len());
        for (name, value) in values {
            let oid = oid(name)?;
            bound.push((oid, *value));
        }
        let references: Vec<(&Oid<'_>, Value<'_>)> = bound
            .iter()
            .map(|(oid, value)| (oid, Value::Integer(*value)))
            .collect();
        let answer = self.session.set(&references)?;
        if answer.error_status == 0 {
            Ok(())
        } else {
            Err(snmp2::Error::ValueOutOfRange)
        }
    }

    /// Reads what it shows and what its detectors see.
    fn look(&mut self) -> Result<(), snmp2::Error> {
        let last = self
            .detectors
            .iter()
            .map(|&(number, _)| number)
            .max()
            .unwrap_or(0);
        let groups = u64::from(last.div_ceil(DETECTORS));
        let mut names = Vec::new();
        for column in [Status::Greens, Status::Yellows, Status::Reds] {
            names.extend((1..=self.groups()).map(|group| phase_status(column, group)));
        }
        names.extend((1..=groups).map(detectors_active));
        let values: Vec<u8> = self.get(&names)?.iter().map(|&value| value as u8).collect();
        let (phases, detectors) = values.split_at(values.len() - groups as usize);
        let count = self.groups() as usize;
        let masks = |column: usize| {
            let mut masks = Masks::default();
            masks.0[..count].copy_from_slice(&phases[column * count..(column + 1) * count]);
            masks
        };
        (self.greens, self.yellows, self.reds) = (masks(0), masks(1), masks(2));
        self.active = detectors.to_vec();
        Ok(())
    }

    /// Groups of phases that are in use.
    fn groups(&self) -> u64 {
        if self
            .cabinet
            .phases
            .iter()
            .any(|&phase| phase > PHASES_MAX / 2)
        {
            2
        } else {
            1
        }
    }

    /// Tells it which phases to serve. To be said again and again, for that is how it knows that we
    /// live.
    fn command(&mut self, network: &Network) -> Result<(), snmp2::Error> {
        let (mut used, mut served) = (Masks::default(), Masks::default());
        let signal = &network.signals[self.signal.index()];
        let Some(target) = signal.phases.get(self.target) else {
            return Ok(());
        };
        for (&phase, aspect) in self.cabinet.phases.iter().zip(&target.aspects) {
            used.add(phase);
            if aspect.is_green() {
                served.add(phase);
            }
        }
        let told = [
            (Control::PhaseOmit, used.without(served)),
            (Control::Hold, served),
            (Control::ForceOff, self.greens.without(served)),
            (Control::VehCall, served),
        ];
        let mut values = Vec::new();
        for (column, masks) in told {
            for group in 1..=self.groups() {
                let value = i64::from(masks.0[group as usize - 1]);
                values.push((phase_control(column, group), value));
            }
        }
        self.set(&values)
    }

    /// Tells and looks; whether it answers is all that can go wrong.
    fn visit(&mut self, network: &Network) {
        self.answers = self.command(network).and_then(|()| self.look()).is_ok();
        if !self.answers {
            // What still comes of the old questions goes to a socket that nobody reads.
            self.sessions = self.sessions.wrapping_add(1);
            if let Ok(session) = session(&self.cabinet, self.sessions) {
                self.session = session;
            }
        }
    }

    fn aspect(&self, position: usize, planned: Option<Aspect>) -> Aspect {
        let phase = self.cabinet.phases[position];
        if self.greens.has(phase) {
            // Which green it is, the controller does not say: what the plan has there.
            planned
                .filter(|aspect| aspect.is_green())
                .unwrap_or(Aspect::Protected)
        } else if self.yellows.has(phase) {
            Aspect::Yellow
        } else if self.reds.has(phase) {
            Aspect::Red
        } else {
            // Dark: nobody knows what drivers do.
            Aspect::Permissive
        }
    }
}

impl Plant for NtcipPlant {
    fn network(&self) -> &Arc<Network> {
        &self.network
    }

    fn time(&self) -> f64 {
        self.ticks as f64 * self.tick
    }

    fn tick(&self) -> f64 {
        self.tick
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), signals::Error> {
        seen.time = self.time();
        if detail == Detail::None {
            return Ok(());
        }
        let lanes = self.network.lanes.len();
        seen.see_all();
        seen.count.clear();
        seen.count.resize(lanes, 0);
        seen.vehicles.clear();
        seen.first_vehicle.clear();
        seen.first_vehicle.resize(lanes + 1, 0);
        for state in &self.cabinets {
            for &(number, lane) in &state.detectors {
                let (group, bit) = ((number - 1) / DETECTORS, (number - 1) % DETECTORS);
                let active = state.active.get(usize::from(group)).copied().unwrap_or(0);
                seen.count[lane.index()] += u32::from(active >> bit & 1);
            }
        }
        seen.waiting.clear();
        seen.waiting.extend_from_slice(&seen.count);
        Ok(())
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), signals::Error> {
        if let Some(Some(place)) = self.place.get(command.signal().index()) {
            self.cabinets[*place].target = command.target() as usize;
        }
        Ok(())
    }

    fn shown(&self, signal: SignalId, aspects: &mut Vec<Aspect>) -> bool {
        let Some(state) = self.state(signal).filter(|state| state.answers) else {
            return false;
        };
        let phases = &self.network.signals[signal.index()].phases;
        let planned = |position: usize| {
            let target = phases.get(state.target)?;
            target.aspects.get(position).copied()
        };
        aspects.clear();
        aspects.extend((0..state.cabinet.phases.len()).map(|i| state.aspect(i, planned(i))));
        true
    }

    fn advance(&mut self) -> Result<(), signals::Error> {
        let network = &*self.network;
        let share = self.cabinets.len().div_ceil(THREADS_MAX).max(1);
        std::thread::scope(|scope| {
            for states in self.cabinets.chunks_mut(share) {
                scope.spawn(move || states.iter_mut().for_each(|state| state.visit(network)));
            }
        });
        self.ticks += 1;
        let due = Duration::from_secs_f64(self.time());
        std::thread::sleep(due.saturating_sub(self.clock.waited()));
        // Late by more than a tick: time passes all the same.
        let passed = (self.clock.waited().as_secs_f64() / self.tick).floor();
        self.ticks = self.ticks.max(passed as u64);
        Ok(())
    }
}
