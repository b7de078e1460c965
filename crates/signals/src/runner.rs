//! Joins a controller, the safety envelope and a plant, and runs them tick by tick.

use crate::controller::Controller;
use crate::envelope::{Envelope, Safety};
use crate::error::Error;
use crate::limits::LimitsTable;
use crate::observation::{Observation, Wishes};
use crate::plant::Plant;
use crate::protocol::Protocol;

/// Tolerance for comparing times, seconds.
const EPSILON: f64 = 1e-6;

/// A plant under control.
///
/// Each [`Runner::step`]: if a decision is due, the controller sees the plant as the last tick left
/// it and says its wishes; the envelope moves on and the plant is told what has changed; then the
/// plant advances by a tick.
pub struct Runner<P> {
    plant: P,
    controller: Box<dyn Controller>,
    envelope: Envelope,
    protocol: Protocol,
    interval: f64,
    /// The shortest silence after which a signal falls back, seconds.
    patience: f64,
    next_decision: f64,
    seen: Observation,
    wishes: Wishes,
}

impl<P: Plant> Runner<P> {
    /// Puts a plant under control, with the protocol's limits at every signal.
    ///
    /// # Errors
    /// When protocol or limits are out of range.
    pub fn new(
        plant: P,
        controller: Box<dyn Controller>,
        protocol: &Protocol,
    ) -> Result<Self, Error> {
        Self::with_limits(plant, controller, protocol, &protocol.limits().into())
    }

    /// Puts a plant under control, with each signal's own limits.
    ///
    /// # Errors
    /// When protocol or limits are out of range.
    pub fn with_limits(
        plant: P,
        controller: Box<dyn Controller>,
        protocol: &Protocol,
        limits: &LimitsTable,
    ) -> Result<Self, Error> {
        protocol.check()?;
        let patience = limits
            .signals
            .values()
            .map(|limits| limits.timeout)
            .fold(limits.default.timeout, f64::min);
        let interval = checked_interval(&*controller, protocol, patience)?;
        let envelope = Envelope::new(plant.network(), limits, plant.time(), plant.tick())?;
        let network = plant.network();
        let (signals, lanes) = (network.signals.len(), network.lanes.len());
        Ok(Self {
            next_decision: plant.time(),
            plant,
            controller,
            envelope,
            protocol: protocol.clone(),
            interval,
            patience,
            seen: Observation::empty(signals, lanes),
            wishes: Wishes::new(signals),
        })
    }

    /// Decides if a decision is due, shows what is to be shown, and lets a tick pass.
    ///
    /// # Errors
    /// When the plant refuses or does not answer.
    pub fn step(&mut self) -> Result<(), Error> {
        let now = self.plant.time();
        if now >= self.next_decision - EPSILON {
            self.plant
                .observe(self.controller.detail(), &mut self.seen)?;
            self.envelope.describe(&mut self.seen);
            self.wishes.clear(now);
            self.controller.decide(&self.seen, &mut self.wishes);
            self.envelope.hear(&self.wishes, now);
            while self.next_decision <= now + EPSILON {
                self.next_decision += self.interval;
            }
        }
        self.envelope.tick(now);
        let plant = &mut self.plant;
        self.envelope.commands(|command| plant.show(command))?;
        self.plant.advance()
    }

    /// Steps until the plant's clock says `time`, seconds.
    ///
    /// # Errors
    /// As [`Runner::step`].
    pub fn run_until(&mut self, time: f64) -> Result<(), Error> {
        while self.plant.time() < time - EPSILON {
            self.step()?;
        }
        Ok(())
    }

    /// Hands control to another controller; what the signals show goes on.
    ///
    /// # Errors
    /// When it decides more seldom than the signals wait for it.
    pub fn set_controller(&mut self, controller: Box<dyn Controller>) -> Result<(), Error> {
        self.interval = checked_interval(&*controller, &self.protocol, self.patience)?;
        self.controller = controller;
        self.next_decision = self.plant.time();
        Ok(())
    }

    /// The controller's name.
    pub fn controller(&self) -> &'static str {
        self.controller.name()
    }

    /// The plant, to look at.
    pub fn plant(&self) -> &P {
        &self.plant
    }

    /// The plant, to change its traffic. Its signals are the envelope's.
    pub fn plant_mut(&mut self) -> &mut P {
        &mut self.plant
    }

    /// What the envelope has had to do so far.
    pub fn safety(&self) -> Safety {
        self.envelope.safety()
    }

    /// The envelope, to look at.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Ends control and hands the plant back.
    pub fn into_plant(self) -> P {
        self.plant
    }
}

fn checked_interval(
    controller: &dyn Controller,
    protocol: &Protocol,
    patience: f64,
) -> Result<f64, Error> {
    let interval = controller.interval().unwrap_or(protocol.action_interval);
    let name = controller.name();
    if !(interval.is_finite() && interval > 0.0) {
        return Err(Error::Protocol(format!(
            "{name} decides every {interval} s; that must be above zero"
        )));
    }
    if interval > patience {
        return Err(Error::Protocol(format!(
            "{name} decides every {interval} s, but signals fall back after {patience} s of silence"
        )));
    }
    Ok(interval)
}
