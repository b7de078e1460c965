//! From flags and options to a scenario that is ready to run.

use std::sync::Arc;

use roads::{Demand, Network};
use serde::Serialize;
use signals::Protocol;

use crate::cli::traffic::{EngineArgs, ScenarioArgs};
use crate::error::Error;
use crate::load;
use crate::printer::Printer;
use crate::settings::{Layers, Rules, Settings};

/// A network with demand, and how it is run; the controller and the seed come later.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The network.
    pub(crate) network: Arc<Network>,
    /// The demand, scaled.
    pub(crate) demand: Arc<Demand>,
    /// How the engine runs, with seed 0.
    pub(crate) config: sim::Config,
    /// How controllers are run.
    pub(crate) protocol: Protocol,
    /// Seconds to simulate.
    pub(crate) horizon: f64,
    /// Seconds between two points of the series.
    pub(crate) metrics_every: f64,
    /// Closures, meters and guidance while it runs.
    pub(crate) schemes: schemes::Plan,
    /// The same, for reports.
    pub(crate) about: About,
}

/// The settings of a scenario as reports print them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct About {
    /// The network's file.
    pub(crate) network_file: String,
    /// The demand's file; none when trips were made up.
    pub(crate) demand_file: Option<String>,
    /// Vehicles that the demand has within the horizon.
    pub(crate) demand_vehicles: usize,
    /// Random trips that were made up, where nothing brought demand along.
    pub(crate) trips: Option<i64>,
    /// Second 0 on the clock of the source.
    pub(crate) begin: f64,
    /// Factor on the demand.
    pub(crate) scale: f64,
    /// Seconds simulated.
    pub(crate) horizon: f64,
    /// Length of a step, seconds.
    pub(crate) step: f64,
    /// Threads that share a step.
    pub(crate) threads: usize,
    /// Whether vehicles change lanes.
    pub(crate) lane_change: bool,
    /// Rules vehicles follow.
    pub(crate) rules: sim::Rules,
    /// How controllers are run.
    pub(crate) protocol: Protocol,
    /// Seconds between two points of the series.
    pub(crate) metrics_every: f64,
}

/// Puts flags over the other options.
pub(crate) fn override_options(
    layers: &mut Layers,
    scenario: &ScenarioArgs,
    engine: &EngineArgs,
) -> Result<(), Error> {
    layers.flag(
        "traffic.trips",
        "--trips",
        scenario.trips.map(u64::cast_signed),
    )?;
    layers.flag("traffic.scale", "--scale", scenario.scale)?;
    layers.flag("traffic.horizon", "--horizon", engine.horizon)?;
    layers.flag(
        "traffic.threads",
        "--threads",
        engine.threads.map(u64::cast_signed),
    )?;
    layers.flag("traffic.lane-change", "--lane-change", engine.lane_change)?;
    layers.flag("traffic.rules", "--rules", engine.rules.clone())?;
    layers.flag(
        "traffic.metrics-every",
        "--metrics-every",
        engine.metrics_every,
    )?;
    layers.flag("protocol.action", "--action", engine.action)?;
    layers.flag("protocol.yellow", "--yellow", engine.yellow)?;
    layers.flag("protocol.phases", "--phases", engine.phases)
}

/// Reads the scenario.
pub(crate) fn read(
    args: &ScenarioArgs,
    settings: &Settings,
    printer: Printer,
) -> Result<Scenario, Error> {
    let traffic = &settings.traffic;
    let loaded = load::scenario(&args.network, args.demand.as_deref(), args.begin, printer)?;
    let network = loaded.network;
    let made_up = loaded.demand.is_none();
    let demand = match loaded.demand {
        Some(demand) => demand,
        None => load::random_demand(&args.network, &network, traffic, printer)?,
    };
    let demand = scaled(demand, traffic.scale)?;
    let rules = rules(traffic.rules, loaded.benchmark);
    let protocol = protocol(settings, rules);
    let config = sim::Config {
        interval: loaded.step,
        threads: traffic.threads as usize,
        lane_change: traffic.lane_change,
        rules,
        ..sim::Config::default()
    };
    let about = About {
        network_file: args.network.display().to_string(),
        demand_file: args.demand.as_ref().map(|path| path.display().to_string()),
        demand_vehicles: demand.vehicles_before(traffic.horizon),
        trips: made_up.then_some(traffic.trips),
        begin: loaded.begin,
        scale: traffic.scale,
        horizon: traffic.horizon,
        step: config.interval,
        threads: config.threads,
        lane_change: config.lane_change,
        rules,
        protocol: protocol.clone(),
        metrics_every: traffic.metrics_every,
    };
    Ok(Scenario {
        network,
        demand,
        config,
        protocol,
        horizon: traffic.horizon,
        metrics_every: traffic.metrics_every,
        schemes: schemes::Plan::default(),
        about,
    })
}

/// Which rules vehicles follow: those of the benchmarks where the network is in their format,
/// unless the options say otherwise.
pub(crate) fn rules(option: Rules, benchmark: bool) -> sim::Rules {
    match (option, benchmark) {
        (Rules::Benchmark, _) | (Rules::Auto, true) => sim::Rules::Benchmark,
        (Rules::Street, _) | (Rules::Auto, false) => sim::Rules::Street,
    }
}

/// How controllers are run: the literature's way under the benchmarks' rules, the street's under
/// the street's; options that are zero leave that way's own value.
pub(crate) fn protocol(settings: &Settings, rules: sim::Rules) -> Protocol {
    let base = match rules {
        sim::Rules::Benchmark => Protocol::literature(),
        sim::Rules::Street => Protocol::street(),
    };
    let or = |option: f64, own: f64| if option > 0.0 { option } else { own };
    Protocol {
        action_interval: or(settings.protocol.action, base.action_interval),
        yellow: or(settings.protocol.yellow, base.yellow),
        phases: match usize::try_from(settings.protocol.phases) {
            Ok(count) if count > 0 => signals::PhaseSet::First(count),
            _ => base.phases,
        },
        horizon: settings.traffic.horizon,
        ..base
    }
}

/// Most flows that scaled demand may have; each takes memory before the first vehicle drives.
const FLOWS_MAX: f64 = 2e7;

/// Multiplies demand: each flow's vehicles come `factor` times as often.
pub(crate) fn scaled(demand: Arc<Demand>, factor: f64) -> Result<Arc<Demand>, Error> {
    if (factor - 1.0).abs() < f64::EPSILON {
        return Ok(demand);
    }
    if demand.flows.len() as f64 * factor > FLOWS_MAX {
        return Err(Error::Refused {
            message: format!(
                "{} flows, scaled by {factor}, are more than the limit of {FLOWS_MAX}",
                demand.flows.len()
            ),
            help: Some("choose a smaller --scale (traffic.scale)".to_owned()),
        });
    }
    let levels = server::Demands::Scaled {
        base: Arc::clone(&demand),
        levels: vec![factor],
    };
    Ok(levels.at(factor).unwrap_or(demand))
}
