//! What `traffic close` and `traffic event` have in common: a run whose links are watched, and
//! Webster's timings of before beside those of meanwhile.

use roads::{Demand, Network};
use schemes::{Done, LinkWatch};
use serde::Serialize;
use signals::controllers::{Timings, Webster};
use signals::{Controller, Protocol};

use super::scenario::Scenario;
use super::simulate::simulate_watched;
use crate::error::Error;
use crate::printer::Printer;

/// What the timings of before are called on the network of meanwhile.
pub(super) const AS_BEFORE: &str = "webster-as-before";

/// A run in figures.
#[derive(Serialize)]
pub(super) struct Figures {
    pub(super) mean_speed: f64,
    pub(super) att_engine: f64,
    pub(super) throughput: u64,
    pub(super) vehicles: u64,
    pub(super) running: u64,
    pub(super) waiting_to_enter: u64,
    /// Delay of all, hours.
    pub(super) delay_h: f64,
}

/// Runs a scenario under a controller that has been built, and watches its links; `title` is what
/// the run is called.
pub(super) fn watched(
    scenario: &Scenario,
    title: &str,
    built: Option<Box<dyn Controller>>,
    seed: u32,
    printer: Printer,
) -> Result<(Figures, LinkWatch, Option<Done>), Error> {
    let mut watch = LinkWatch::new(&scenario.network);
    let run = simulate_watched(scenario, title, built, seed, printer, |world| {
        watch.look(world);
    })?;
    let delay: f64 = watch.links().iter().map(|link| link.delay).sum();
    let results = run.results;
    let figures = Figures {
        mean_speed: results.mean_speed,
        att_engine: results.att_engine,
        throughput: results.throughput,
        vehicles: results.vehicles,
        running: results.running,
        waiting_to_enter: results.waiting_to_enter,
        delay_h: delay / 3_600.0,
    };
    Ok((figures, watch, run.schemes))
}

/// Each signal's timings by Webster's formula.
pub(super) fn timings(network: &Network, demand: &Demand, protocol: &Protocol) -> Vec<Timings> {
    Webster::new(network, demand, protocol).timings().to_vec()
}
