//! How long decisions for many signals take, on grids.
//!
//! ```sh
//! RAYON_NUM_THREADS=2 cargo run -p signals --release --example decision_time -- 1024 24000
//! ```

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use roads::generate::{GridDemandSpec, GridSpec, GridStart, grid, grid_demand};
use signals::brain::{Brain, Settings, decision_times};
use signals::{Controller, Protocol, controllers};
use sim::Config;

/// Seconds before decisions are timed, and for how long they are.
const SPAN: (f64, f64) = (300.0, 60.0);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, or: usize| {
        let given = arguments.get(place).map(|text| text.parse());
        given.transpose().map(|number| number.unwrap_or(or))
    };
    let (signals, vehicles) = (number(0, 1_024)?, number(1, 24_000)?);
    let side = (signals as f64).sqrt().round() as u32;
    let network = Arc::new(grid(&GridSpec {
        columns: side,
        rows: side,
        ..GridSpec::default()
    })?);
    let demand = Arc::new(grid_demand(
        &network,
        &GridDemandSpec {
            vehicles,
            horizon: SPAN.0,
            start: GridStart::Everywhere,
            ..GridDemandSpec::default()
        },
    )?);
    for protocol in [Protocol::literature(), Protocol::street()] {
        for name in ["advanced-max-pressure", "brain"] {
            let controller: Box<dyn Controller> = match name {
                "brain" => Box::new(Brain::new(&network, &protocol, Settings::default())),
                _ => controllers::by_name(name, &network, &demand, &protocol)?,
            };
            let start = Instant::now();
            let times = decision_times(
                &network,
                &demand,
                Config::default(),
                (controller, &protocol),
                SPAN,
                Box::new(move || start.elapsed().as_secs_f64()),
            )?;
            println!(
                "{name:22} every {:2} s, {:?}: {} signals, {} vehicles, median {:.1} ms, \
                 slowest {:.1} ms",
                protocol.action_interval,
                protocol.regime,
                times.signals,
                times.vehicles,
                times.quantile(0.5) * 1e3,
                times.quantile(1.0) * 1e3,
            );
        }
    }
    Ok(())
}
