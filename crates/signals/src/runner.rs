//! Joins a controller, the safety envelope and a plant, and runs them tick by tick.

use crate::controller::Controller;
use crate::controllers::Plan;
use crate::envelope::{Envelope, Safety};
use crate::error::Error;
use crate::limits::LimitsTable;
use crate::observation::{Observation, Wishes};
use crate::plant::Plant;
use crate::priority::{self, Desk, Pace, Priority};
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
        let patience = limits.patience();
        let interval = protocol.interval(controller.name(), controller.interval(), patience)?;
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
            self.next_decision = next_decision(self.next_decision, self.interval, now);
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
        let (name, own) = (controller.name(), controller.interval());
        self.interval = self.protocol.interval(name, own, self.patience)?;
        self.controller = controller;
        self.next_decision = self.plant.time();
        Ok(())
    }

    /// Lets vehicles on a desk go first from now on, over the controller there is, which goes on
    /// deciding when it would have.
    ///
    /// # Errors
    /// When the plant's tick is longer than the signals wait for a wish.
    pub fn give_priority(
        &mut self,
        limits: &LimitsTable,
        desk: Desk,
        settings: priority::Settings,
    ) -> Result<(), Error> {
        let tick = self.plant.tick();
        self.protocol
            .interval("priority", Some(tick), self.patience)?;
        let pace = Pace {
            interval: self.interval,
            next: self.next_decision,
            tick,
        };
        let behind = std::mem::replace(
            &mut self.controller,
            Box::new(Plan::new(self.plant.network())),
        );
        let network = self.plant.network();
        let mut priority = Priority::new(network, limits, behind, pace, desk, settings);
        priority.adopt(&self.envelope, self.plant.time());
        self.controller = Box::new(priority);
        self.interval = tick;
        self.next_decision = self.plant.time();
        Ok(())
    }

    /// Takes priority away again, if nobody has it any more and others have got back the green that
    /// they lost: the controller behind goes on as if there had been none, and decides when it would
    /// have. `false` where there is none, or it is still at work.
    pub fn end_priority(&mut self) -> bool {
        let Some((behind, pace)) = self.controller.stand_aside() else {
            return false;
        };
        self.controller = behind;
        self.interval = pace.interval;
        self.next_decision = pace.next;
        true
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

impl<P: Plant + Clone> Runner<P> {
    /// The same once more, to try a future in; `None` where the controller cannot be had twice.
    pub fn fork(&self) -> Option<Self> {
        let controller = self.controller.fork()?;
        Some(self.double(controller, self.interval, self.next_decision))
    }

    /// A double that goes on from here under another controller: plant, what the signals show and
    /// for how long they have shown it are the same in both at first, and nothing is shared after.
    ///
    /// # Errors
    /// When the controller decides more seldom than the signals wait for it.
    pub fn fork_under(&self, controller: Box<dyn Controller>) -> Result<Self, Error> {
        let (name, own) = (controller.name(), controller.interval());
        let interval = self.protocol.interval(name, own, self.patience)?;
        Ok(self.double(controller, interval, self.plant.time()))
    }

    fn double(&self, controller: Box<dyn Controller>, interval: f64, next_decision: f64) -> Self {
        Self {
            plant: self.plant.clone(),
            controller,
            envelope: self.envelope.clone(),
            protocol: self.protocol.clone(),
            interval,
            patience: self.patience,
            next_decision,
            seen: self.seen.clone(),
            wishes: self.wishes.clone(),
        }
    }
}

/// When to decide again, at `now`, after a decision that was due at `due`: whole intervals later,
/// and no time that is over, however far a plant's clock has jumped. Seconds.
pub fn next_decision(due: f64, interval: f64, now: f64) -> f64 {
    let next = due + interval;
    if next > now + EPSILON {
        return next;
    }
    let missed = ((now + EPSILON - due) / interval).floor();
    let next = due + (missed + 1.0) * interval;
    // An interval that is nothing beside the time is every tick.
    if next.is_finite() { next.max(now) } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_whole_intervals_apart_wherever_the_clock_goes() {
        for (due, interval, now, next) in [
            (0.0, 5.0, 0.0, 5.0),
            (5.0, 5.0, 7.0, 10.0),
            (5.0, 5.0, 10.0, 15.0),
            (0.0, 0.25, 1.0, 1.25),
            (0.0, 5.0, 1.8e12, 1.8e12 + 5.0),
            (0.0, 1e-300, 7.0, 7.0),
            (0.0, 5.0, 1e308, 1e308),
        ] {
            let found = next_decision(due, interval, now);
            assert!(
                (found - next).abs() <= EPSILON + 1e-9 * next.abs(),
                "{due} {interval} {now}: {found}"
            );
        }
    }
}
