//! `citybrain up`: a city or any other scenario on the Command centre.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use roads::generate;
use serde::Serialize;
use server::{Config, Ground, GroundKind, ScenarioSource, Title};

use crate::cli::up::UpArgs;
use crate::commands::traffic::index::districts;
use crate::commands::traffic::mission::units;
use crate::commands::traffic::scenario;
use crate::error::{Error, Exit, Outcome};
use crate::load::data::Data;
use crate::load::{self, Loaded};
use crate::printer::Printer;
use crate::settings::{Layers, Settings};

/// What `--json` prints, on one line, once the page can be opened.
#[derive(Serialize)]
struct Ready {
    url: String,
    address: SocketAddr,
    scenario: String,
    signals: usize,
    links: usize,
}

/// Serves it until the process is asked to stop.
pub(crate) fn up(args: &UpArgs, mut layers: Layers, printer: Printer) -> Outcome {
    override_options(&mut layers, args)?;
    let settings = layers.settings()?;
    printer.note("reading the scenario");
    let mut config = configuration(args, &settings, printer)?;
    let address = config.listen;
    let (links, signals) = (
        config.scenario.network.links.len(),
        config.scenario.network.signals.len(),
    );
    let scenario = config.scenario.id.clone();
    printer.note(format_args!("{scenario}: {links} links, {signals} signals"));

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let data = if args.network.is_none() && !args.no_data {
        Some(Data::open(&runtime, settings.pool.clone(), printer)?)
    } else {
        None
    };
    config.bureau = data.as_ref().map(Data::served);
    let mut printed = Ok(());
    let bound = |address: SocketAddr| {
        let url = format!("http://{}/", reachable(address));
        printed = if printer.json {
            printer.json_line(&Ready {
                url: url.clone(),
                address,
                scenario,
                signals,
                links,
            })
        } else {
            printer.line(format_args!("City Brain is at {url}  (Ctrl-C stops it)"))
        };
        if settings.up.open {
            open(&url, printer);
        }
    };
    let served = runtime.block_on(server::serve(config, bound, server::stop_signal()));
    if let Some(data) = data {
        data.close(&runtime);
    }
    printed?;
    served.map_err(|error| cannot_serve(address, error))?;
    Ok(Exit::Success)
}

fn override_options(layers: &mut Layers, args: &UpArgs) -> Result<(), Error> {
    let path = |path: &PathBuf| path.display().to_string();
    layers.flag("up.city", "CITY", args.city.as_ref().map(path))?;
    layers.flag("pool.city", "CITY", args.city.as_ref().map(path))?;
    layers.flag("pool.data", "--data", args.data.as_ref().map(path))?;
    layers.flag(
        "up.listen",
        "--listen",
        args.listen.map(|address| address.to_string()),
    )?;
    layers.flag("up.control", "--control", args.control.clone())?;
    layers.flag("up.speed", "--speed", args.speed)?;
    layers.flag("probes.nats", "--probes", args.probes.clone())?;
    layers.flag(
        "probes.subject",
        "--probes-subject",
        args.probes_subject.clone(),
    )?;
    layers.flag("up.open", "--open", args.open.then_some(true))?;
    layers.flag("traffic.scale", "--scale", args.scale)?;
    layers.flag("traffic.seed", "--seed", args.seed.map(i64::from))?;
    layers.flag(
        "traffic.threads",
        "--threads",
        args.threads.map(u64::cast_signed),
    )
}

/// Seconds that the demonstration city's morning is ahead when the page opens: its roads are full
/// enough by then to see what the page is for.
const DEMONSTRATION_HEAD_START: f64 = 900.0;
/// Where a city's folder says what units there are, if it does.
const UNITS: &str = "traffic/units.yaml";
/// Where it says where its districts lie.
const DISTRICTS: &str = "traffic/districts.geojson";

fn configuration(args: &UpArgs, settings: &Settings, printer: Printer) -> Result<Config, Error> {
    let (file, loaded) = match &args.network {
        Some(network) => {
            let loaded = load::scenario(network, args.demand.as_deref(), None, printer)?;
            (network.as_path(), loaded)
        }
        None => (
            settings.up.city.as_path(),
            load::demonstration(&settings.up.city)?,
        ),
    };
    let rules = scenario::rules(settings.traffic.rules, loaded.benchmark);
    let engine = sim::Config {
        interval: loaded.step,
        seed: settings.traffic.seed as u32,
        threads: settings.traffic.threads as usize,
        lane_change: settings.traffic.lane_change,
        rules,
        ..sim::Config::default()
    };
    let mut config = Config::new(source(loaded, file, settings, printer)?);
    config.engine = engine;
    config.protocol = scenario::protocol(settings, rules);
    config.controller.clone_from(&settings.up.control);
    config.speed = settings.up.speed;
    if args.network.is_none() {
        config.head_start = DEMONSTRATION_HEAD_START;
        let file = settings.up.city.join(UNITS);
        if file.exists() {
            config.units = units(&file, &config.scenario.network)?;
        }
        let file = settings.up.city.join(DISTRICTS);
        if file.exists() {
            config.districts = districts(&file, &config.scenario.network)?;
        }
    }
    config.feeds = load::feed::of(&settings.probes);
    config.listen = listen(args, settings)?;
    Ok(config)
}

fn source(
    loaded: Loaded,
    file: &Path,
    settings: &Settings,
    printer: Printer,
) -> Result<ScenarioSource, Error> {
    let demand = match loaded.demand {
        Some(demand) => demand,
        None => load::random_demand(file, &loaded.network, &settings.traffic, printer)?,
    };
    let demand = scenario::scaled(demand, settings.traffic.scale)?;
    let (zh, en) = loaded.title;
    let mut source = ScenarioSource::new(
        loaded.name,
        Title::new(zh, en),
        Arc::clone(&loaded.network),
        demand,
    );
    source.horizon = settings.traffic.horizon;
    source.ground = loaded.grounds.iter().filter_map(ground).collect();
    if loaded.begin > 0.0 {
        source.day_start = loaded.begin.rem_euclid(DAY_SECONDS);
    }
    Ok(source)
}

const DAY_SECONDS: f64 = 86_400.0;

/// Ground as the page draws it: water and green.
fn ground(ground: &generate::Ground) -> Option<Ground> {
    let kind = match ground.kind {
        generate::GroundKind::Lake | generate::GroundKind::River => GroundKind::Water,
        generate::GroundKind::Hill | generate::GroundKind::Park => GroundKind::Park,
    };
    (ground.outline.len() >= 3).then(|| Ground {
        kind,
        ring: ground.outline.clone(),
    })
}

fn listen(args: &UpArgs, settings: &Settings) -> Result<SocketAddr, Error> {
    let mut address: SocketAddr = settings.up.listen.parse().map_err(|error| Error::Option {
        message: format!("the option up.listen is {:?}: {error}", settings.up.listen),
        help: Some("write ADDRESS:PORT, for example 127.0.0.1:8080".to_owned()),
    })?;
    if let Some(port) = args.port {
        address.set_port(port);
    }
    Ok(address)
}

/// The address as a browser on this machine takes it.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

fn cannot_serve(address: SocketAddr, error: server::Error) -> Error {
    let help = match &error {
        server::Error::Listen { source, .. } => match source.kind() {
            std::io::ErrorKind::AddrInUse => Some(format!(
                "another program listens on port {}; choose another with --port, or --port 0 for \
                 a free one",
                address.port()
            )),
            std::io::ErrorKind::PermissionDenied => {
                Some("ports below 1024 need special rights; choose another with --port".to_owned())
            }
            std::io::ErrorKind::AddrNotAvailable => {
                Some("this machine has no such address; 127.0.0.1 is always there".to_owned())
            }
            _ => None,
        },
        _ => None,
    };
    Error::Serve {
        address: address.to_string(),
        source: Box::new(error),
        help,
    }
}

/// Opens the page in the user's browser; without one the printed address has to do.
fn open(url: &str, printer: Printer) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let started = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        printer.note(format_args!(
            "note: the browser cannot be opened: {program}: {error}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_all_is_shown_as_this_machine() {
        assert_eq!(reachable(([0, 0, 0, 0], 8080).into()), "localhost:8080");
        assert_eq!(reachable(([127, 0, 0, 1], 81).into()), "127.0.0.1:81");
    }
}
