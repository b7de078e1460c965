//! Reads inputs for commands, and says what to do when one cannot be used.

mod begin;
mod city;
pub(crate) mod data;
pub(crate) mod demonstration;
pub(crate) mod feed;
pub(crate) mod matching;
pub(crate) mod pool;
pub(crate) mod probes;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use roads::generate::{self, CitySpec, DemandSpec, Ground};
use roads::issue::Issue;
use roads::read::{self, Format};
use roads::{Demand, Network};

pub(crate) use city::demonstration;

use crate::error::Error;
use crate::printer::{Printer, grouped};
use crate::settings::Traffic;

/// The formats of networks, for messages.
const NETWORKS: &str = "networks are CityFlow JSON, SUMO .net.xml or .net.xml.gz, \
    OpenStreetMap .osm.pbf, a description for the generator (.yaml), or a whole scenario: \
    a .sumocfg, a CityFlow configuration, a folder with one, or a city's folder";

/// The formats of demand, for messages.
const DEMANDS: &str = "demand is CityFlow JSON, SUMO .rou.xml or .trips.xml, or a description for \
    the generator (.yaml), all for this network";

/// What the readers call a network whose file lies in no folder that could name it.
const UNNAMED: &str = "network";

/// Losses of a reader that are printed; the others are counted.
const ISSUES_SHOWN: usize = 5;

/// The bytes of a file; `None` where there are more than `limit`. Devices and pipes have no size to
/// look at first.
pub(crate) fn bytes(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// The text of a file of at most so many bytes.
pub(crate) fn text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = bytes(path, limit)?
        .ok_or_else(|| io::Error::other(format!("it has more than {limit} bytes")))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A network with what came along with it.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// A short name.
    pub(crate) name: String,
    /// What a page calls it, in Chinese and English.
    pub(crate) title: (String, String),
    /// The network.
    pub(crate) network: Arc<Network>,
    /// Demand on it, from second 0 on.
    pub(crate) demand: Option<Arc<Demand>>,
    /// Lakes, parks and the like, to draw.
    pub(crate) grounds: Vec<Ground>,
    /// Second 0 on the clock of the source.
    pub(crate) begin: f64,
    /// Length of a step, seconds.
    pub(crate) step: f64,
    /// In the format of the published benchmarks.
    pub(crate) benchmark: bool,
}

impl Loaded {
    fn of(network: Network, benchmark: bool) -> Self {
        Self {
            name: network.name.clone(),
            title: (network.name.clone(), network.name.clone()),
            network: Arc::new(network),
            demand: None,
            grounds: Vec::new(),
            begin: 0.0,
            step: 1.0,
            benchmark,
        }
    }
}

/// Reads a scenario: a network with demand, or one file or folder that stands for both. `begin`
/// is second 0 on the demand's clock; without it SUMO's demand begins with the minute of its
/// first departure, all other at 0.
pub(crate) fn scenario(
    network: &Path,
    demand: Option<&Path>,
    begin: Option<f64>,
    printer: Printer,
) -> Result<Loaded, Error> {
    if city::is_city(network) {
        return city::read(network);
    }
    let Some(demand_file) = demand else {
        return match whole(network, printer)? {
            Some(loaded) => Ok(loaded),
            None => network_alone(network, printer),
        };
    };
    let loaded = network_alone(network, printer)?;
    let (read, from_sumo) = demand_of(demand_file, &loaded.network, printer)?;
    let begin = begin.unwrap_or_else(|| {
        if from_sumo {
            begin::first_minute(&read)
        } else {
            0.0
        }
    });
    if begin == 0.0 {
        return Ok(Loaded {
            demand: Some(Arc::new(read)),
            ..loaded
        });
    }
    let mut network = Arc::unwrap_or_clone(loaded.network);
    begin::shift_signals(&mut network, begin);
    Ok(Loaded {
        network: Arc::new(network),
        demand: Some(Arc::new(begin::shifted(read, begin))),
        begin,
        ..loaded
    })
}

/// Reads a file or folder that stands for a network and its demand; `None` when it is not such.
fn whole(path: &Path, printer: Printer) -> Result<Option<Loaded>, Error> {
    let benchmark = if path.is_dir() {
        path.join("roadnet.json").is_file()
    } else if is_yaml(path) {
        return Ok(None);
    } else {
        match read::format(path).map_err(|error| input("a network", path, error, NETWORKS))? {
            Format::SumoConfiguration => false,
            Format::CityFlowConfiguration => true,
            _ => return Ok(None),
        }
    };
    let scenario =
        read::scenario(path).map_err(|error| input("a scenario", path, error, NETWORKS))?;
    report(&scenario.issues, printer);
    Ok(Some(Loaded {
        name: scenario.name.clone(),
        title: (scenario.name.clone(), scenario.name),
        demand: Some(Arc::new(scenario.demand)),
        begin: scenario.begin,
        step: scenario.step,
        ..Loaded::of(scenario.network, benchmark)
    }))
}

fn network_alone(path: &Path, printer: Printer) -> Result<Loaded, Error> {
    let wrong = |error| input("a network", path, error, NETWORKS);
    if is_yaml(path) {
        let spec: CitySpec = generate::read_spec(path).map_err(wrong)?;
        let (network, grounds) = generate::city(&spec).map_err(wrong)?;
        return Ok(Loaded {
            title: (spec.name.zh.clone(), spec.name.en.clone()),
            grounds,
            ..Loaded::of(network, false)
        });
    }
    let format = read::format(path).map_err(wrong)?;
    let (mut network, issues) = read::network_with_issues(path).map_err(wrong)?;
    report(&issues, printer);
    if network.name == UNNAMED
        && let Some(stem) = path.file_stem()
    {
        network.name = stem.to_string_lossy().into_owned();
    }
    let benchmark = matches!(
        format,
        Format::CityFlowNetwork | Format::CityFlowConfiguration
    );
    Ok(Loaded::of(network, benchmark))
}

/// Reads a network alone.
pub(crate) fn network(path: &Path, printer: Printer) -> Result<Arc<Network>, Error> {
    if city::is_city(path) {
        return Ok(city::read(path)?.network);
    }
    match whole(path, printer)? {
        Some(loaded) => Ok(loaded.network),
        None => Ok(network_alone(path, printer)?.network),
    }
}

/// Reads demand on a network, times as in the file.
pub(crate) fn demand(path: &Path, network: &Network, printer: Printer) -> Result<Demand, Error> {
    demand_of(path, network, printer).map(|(demand, _)| demand)
}

/// The demand, and whether it is SUMO's.
fn demand_of(path: &Path, network: &Network, printer: Printer) -> Result<(Demand, bool), Error> {
    let wrong = |error| input("demand", path, error, DEMANDS);
    if is_yaml(path) {
        let spec: DemandSpec = generate::read_spec(path).map_err(wrong)?;
        let demand = generate::city_demand(network, &spec).map_err(wrong)?;
        return Ok((demand, false));
    }
    let format = read::format(path).map_err(wrong)?;
    let (demand, issues) = read::demand(path, network).map_err(wrong)?;
    if demand.flows.is_empty()
        && let Some(issue) = issues.first()
    {
        return Err(Error::Input {
            what: "demand",
            path: path.to_owned(),
            source: format!("nothing of it can drive on this network: {issue}").into(),
            help: Some("is it the demand of another network?".to_owned()),
        });
    }
    report(&issues, printer);
    Ok((demand, format == Format::SumoDemand))
}

/// Makes demand up for a network that comes without, and says so.
pub(crate) fn random_demand(
    path: &Path,
    network: &Network,
    traffic: &Traffic,
    printer: Printer,
) -> Result<Arc<Demand>, Error> {
    printer.note(format_args!(
        "note: no demand given: {} random trips are made up",
        grouped(traffic.trips.unsigned_abs())
    ));
    let seed = traffic.seed.unsigned_abs();
    generate::random_demand(network, traffic.trips as usize, traffic.horizon, seed)
        .map(Arc::new)
        .map_err(|error| input("a network for random trips", path, error, DEMANDS))
}

/// Says what a reader had to leave out or change.
fn report(issues: &[Issue], printer: Printer) {
    for issue in issues.iter().take(ISSUES_SHOWN) {
        printer.note(format_args!("note: {issue}"));
    }
    if let Some(more) = issues
        .len()
        .checked_sub(ISSUES_SHOWN)
        .filter(|more| *more > 0)
    {
        printer.note(format_args!("note: and {more} more of other kinds"));
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// An [`Error::Input`]; the remedy lists the formats where the file is not of one.
pub(crate) fn input(what: &'static str, path: &Path, error: roads::Error, formats: &str) -> Error {
    let help = match &error {
        roads::Error::Syntax { .. } | roads::Error::Unknown { .. } => Some(formats.to_owned()),
        roads::Error::Io { .. } => Some("see that the file is there and yours to read".to_owned()),
        _ => None,
    };
    Error::Input {
        what,
        path: path.to_owned(),
        source: match error {
            // The path stands in our own message already.
            roads::Error::Io { path: at, source } if at == path => Box::new(source),
            error => Box::new(error),
        },
        help,
    }
}
