//! Another's controller, of which we are the plant's end.

use std::sync::Arc;
use std::time::Duration;

use roads::Network;
use signals::{Detail, Observation, Wish, Wishes};

use super::describe::{describe, observed};
use super::message::{Answer, FromPlant};
use super::pipe::Pipe;
use crate::brain::Brain;
use crate::clock::Deadline;
use crate::error::Error;

/// A controller that is a process of its own and speaks JSON lines. It is asked every tick, and has
/// to answer, be it with no phases: that is how one knows that it lives.
pub struct ProcessBrain {
    command: Vec<String>,
    network: Arc<Network>,
    tick: f64,
    pipe: Pipe,
    /// Answers that have not come.
    owed: u32,
}

impl ProcessBrain {
    /// Starts a program that is a controller.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(command: &[String], network: Arc<Network>, tick: f64) -> Result<Self, Error> {
        Ok(Self {
            pipe: begin(command, &network, tick)?,
            command: command.to_vec(),
            network,
            tick,
            owed: 0,
        })
    }

    /// Its process, to signal to.
    pub fn process(&self) -> Option<u32> {
        self.pipe.process()
    }
}

fn begin(command: &[String], network: &Network, tick: f64) -> Result<Pipe, Error> {
    let pipe = Pipe::start(command)?;
    pipe.say(&FromPlant::Init(describe(network, tick, None)))?;
    Ok(pipe)
}

impl Brain for ProcessBrain {
    fn name(&self) -> String {
        self.command.join(" ")
    }

    fn detail(&self) -> Detail {
        Detail::Vehicles
    }

    fn interval(&self) -> Option<f64> {
        None // it is asked every tick
    }

    fn every_tick(&self) -> bool {
        true
    }

    fn ask(
        &mut self,
        seen: &Observation,
        wishes: &mut Wishes,
        patience: Duration,
    ) -> Result<(), Error> {
        let deadline = Deadline::after(patience);
        let obs = observed(&self.network, Detail::Vehicles, seen);
        self.pipe.say(&FromPlant::Obs(obs))?;
        self.owed += 1;
        // Answers to old questions first: they come in order, and are of no use any more.
        let answer = loop {
            let left = deadline.left().unwrap_or_default();
            let answer: Answer = self.pipe.hear(left)?;
            self.owed = self.owed.saturating_sub(1);
            if self.owed == 0 {
                break answer;
            }
        };
        for (index, signal) in self.network.signals.iter().enumerate() {
            let wish = match answer.phases.get(&signal.id) {
                Some(&phase) => Wish::Phase(phase),
                None => Wish::Keep,
            };
            wishes.set(index.into(), wish);
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Error> {
        self.pipe = begin(&self.command, &self.network, self.tick)?;
        self.owed = 0;
        Ok(())
    }
}
