//! One door to all readers: tells a file's format from its contents and its name.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;

use crate::demand::{Demand, Flow};
use crate::error::Error;
use crate::input::{self, is_gzip};
use crate::issue::{Issue, Issues};
use crate::limits::Limits;
use crate::model::Network;
use crate::sumo::DemandReader;
use crate::{cityflow, osm, sumo};

/// Formats the readers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A network of the CityFlow simulator, JSON.
    CityFlowNetwork,
    /// Demand of the CityFlow simulator, JSON.
    CityFlowDemand,
    /// A configuration of the CityFlow simulator, JSON.
    CityFlowConfiguration,
    /// A network of the SUMO simulator, XML.
    SumoNetwork,
    /// Demand of the SUMO simulator, XML.
    SumoDemand,
    /// A configuration of the SUMO simulator, XML.
    SumoConfiguration,
    /// An extract of OpenStreetMap, PBF.
    OpenStreetMap,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CityFlowNetwork => "a CityFlow network",
            Self::CityFlowDemand => "CityFlow demand",
            Self::CityFlowConfiguration => "a CityFlow configuration",
            Self::SumoNetwork => "a SUMO network",
            Self::SumoDemand => "SUMO demand",
            Self::SumoConfiguration => "a SUMO configuration",
            Self::OpenStreetMap => "an OpenStreetMap extract",
        })
    }
}

/// A network with its demand, and when a run of it begins and ends.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// A name for titles.
    pub name: String,
    /// The network. Offsets of signals count from [`Scenario::begin`].
    pub network: Network,
    /// The demand. Times count from [`Scenario::begin`].
    pub demand: Demand,
    /// The moment that is time 0 of the network and the demand, seconds of the source's clock.
    pub begin: f64,
    /// How long a run lasts, seconds, if the source says so.
    pub duration: Option<f64>,
    /// Length of a step, seconds.
    pub step: f64,
    /// What was left out or changed.
    pub issues: Vec<Issue>,
}

/// Bytes of a file that are looked at to tell its format.
const LOOKED_AT: usize = 1 << 16;

/// Tells the format of a file.
///
/// # Errors
/// When it cannot be read or is of no known format.
pub fn format(path: &Path) -> Result<Format, Error> {
    let mut head = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LOOKED_AT as u64).read_to_end(&mut head))
        .map_err(|source| Error::Io {
            path: path.to_owned(),
            source,
        })?;
    format_of(&head, path).ok_or_else(|| Error::Unknown {
        path: path.to_owned(),
        message: "is of no known kind; known are CityFlow JSON (network, demand, configuration), \
                  SUMO XML (.net.xml, .rou.xml, .trips.xml, .sumocfg, also .gz) and \
                  OpenStreetMap .osm.pbf"
            .to_owned(),
    })
}

/// The format of a file that begins with these bytes.
fn format_of(head: &[u8], path: &Path) -> Option<Format> {
    let mut plain = Vec::new();
    if is_gzip(head) {
        // The head of a compressed file ends in the middle: what could be read is enough.
        let _cut_off = MultiGzDecoder::new(head)
            .take(LOOKED_AT as u64)
            .read_to_end(&mut plain);
    } else {
        plain.extend_from_slice(head);
    }
    if plain
        .get(4..)
        .is_some_and(|rest| rest.starts_with(b"\n\tOSMHeader"))
    {
        return Some(Format::OpenStreetMap);
    }
    let text = String::from_utf8_lossy(&plain);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let by_content = match text.chars().next() {
        Some('<') => xml_root(text).and_then(|root| match root {
            "net" => Some(Format::SumoNetwork),
            "routes" | "additional" | "trips" => Some(Format::SumoDemand),
            "configuration" | "sumoConfiguration" => Some(Format::SumoConfiguration),
            _ => None,
        }),
        Some('[') => Some(Format::CityFlowDemand),
        Some('{') if text.contains("\"roadnetFile\"") => Some(Format::CityFlowConfiguration),
        Some('{') => Some(Format::CityFlowNetwork),
        _ => None,
    };
    by_content.or_else(|| by_name(path))
}

/// The name of the first tag, past declarations and comments.
fn xml_root(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        rest = rest.get(rest.find('<')?..)?;
        if rest.starts_with("<!--") {
            rest = rest.get(rest.find("-->")?..)?;
        } else if rest.starts_with("<?") || rest.starts_with("<!") {
            rest = rest.get(rest.find('>')?..)?;
        } else {
            let name = rest.get(1..)?;
            let end = name.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
            return name.get(..end);
        }
    }
}

fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let endings = [
        (".net.xml", Format::SumoNetwork),
        (".rou.xml", Format::SumoDemand),
        (".trips.xml", Format::SumoDemand),
        (".sumocfg", Format::SumoConfiguration),
        (".pbf", Format::OpenStreetMap),
    ];
    endings
        .into_iter()
        .find_map(|(ending, format)| name.ends_with(ending).then_some(format))
}

fn not_this(path: &Path, format: Format, wanted: &str) -> Error {
    Error::Unknown {
        path: path.to_owned(),
        message: format!("is {format}, not {wanted}"),
    }
}

/// Reads a network of any known format; a configuration stands for the network it names.
///
/// # Errors
/// When the file cannot be read, is no network, or is wrong.
pub fn network(path: &Path) -> Result<Network, Error> {
    network_with_issues(path).map(|(network, _)| network)
}

/// Reads a network together with a list of what was left out.
///
/// # Errors
/// As [`network`].
pub fn network_with_issues(path: &Path) -> Result<(Network, Vec<Issue>), Error> {
    match format(path)? {
        Format::CityFlowNetwork => Ok((cityflow::read_network(path)?, Vec::new())),
        Format::SumoNetwork => {
            let import = sumo::import(path)?;
            Ok((import.network, import.issues))
        }
        Format::SumoConfiguration => {
            let named = sumo::read_configuration(path)?.network;
            let import = sumo::import(&named)?;
            Ok((import.network, import.issues))
        }
        Format::CityFlowConfiguration => {
            let named = cityflow_configuration(path)?;
            Ok((cityflow::read_network(&named.network)?, Vec::new()))
        }
        Format::OpenStreetMap => {
            let (network, report) = osm::read_with_report(path, &osm::Options::default())?;
            Ok((network, osm_issues(&report)))
        }
        other @ (Format::CityFlowDemand | Format::SumoDemand) => {
            Err(not_this(path, other, "a network"))
        }
    }
}

/// What an OpenStreetMap extract lost, in the words of the other readers.
fn osm_issues(report: &osm::Report) -> Vec<Issue> {
    let mut issues = Issues::default();
    let losses = [
        (
            "way",
            report.ways_closed_to_cars,
            "is left out: it is not open to cars",
        ),
        (
            "node",
            report.nodes_missing,
            "is missing or blocked; its way is cut there",
        ),
        (
            "link",
            report.links_left_out,
            "is left out: no turn leads on from it",
        ),
        (
            "restriction",
            report.restrictions_left_out,
            "is left out: it spans more than one junction",
        ),
        (
            "signal",
            report.signals_without_junction + report.signals_without_conflict,
            "is left out: no streams of cars conflict there",
        ),
    ];
    for (element, count, message) in losses {
        if count > 0 {
            issues.add_many(element, "", count as u64, message);
        }
    }
    issues.into_vec()
}

/// Reads demand of any known format against its network; times are the file's own.
///
/// # Errors
/// When the file cannot be read, is no demand, or is wrong.
pub fn demand(path: &Path, network: &Network) -> Result<(Demand, Vec<Issue>), Error> {
    match format(path)? {
        Format::CityFlowDemand => Ok((cityflow::read_demand(path, network)?, Vec::new())),
        Format::SumoDemand => sumo::read_demand(path, network),
        other => Err(not_this(path, other, "demand")),
    }
}

/// Reads a network and its demand: from a SUMO configuration, a CityFlow configuration, or a
/// folder that holds `roadnet.json` and `flow.json`, or one configuration.
///
/// # Errors
/// When a file cannot be read or is wrong, or `path` is neither a configuration nor such a folder.
pub fn scenario(path: &Path) -> Result<Scenario, Error> {
    if path.is_dir() {
        return folder(path);
    }
    match format(path)? {
        Format::SumoConfiguration => sumo_scenario(path),
        Format::CityFlowConfiguration => {
            let named = cityflow_configuration(path)?;
            cityflow_scenario(path, &named)
        }
        other => Err(not_this(
            path,
            other,
            "a scenario, which is a configuration or a folder",
        )),
    }
}

fn folder(path: &Path) -> Result<Scenario, Error> {
    let (network, demand) = (path.join("roadnet.json"), path.join("flow.json"));
    if network.is_file() && demand.is_file() {
        let named = CityFlowFiles {
            network,
            demand,
            step: 1.0,
        };
        return cityflow_scenario(path, &named);
    }
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let mut configurations = Vec::new();
    for entry in std::fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?.path();
        if entry.extension().is_some_and(|ending| ending == "sumocfg") {
            configurations.push(entry);
        }
    }
    match configurations.as_slice() {
        [one] => sumo_scenario(one),
        _ => Err(Error::Unknown {
            path: path.to_owned(),
            message: format!(
                "holds {} SUMO configurations and not both roadnet.json and flow.json; name the file",
                configurations.len()
            ),
        }),
    }
}

fn sumo_scenario(path: &Path) -> Result<Scenario, Error> {
    let configuration = sumo::read_configuration(path)?;
    let import = sumo::import(&configuration.network)?;
    let mut network = import.network;
    let limits = Limits::default();
    let mut issues = Issues::default();
    let mut reader = DemandReader::new(&network, limits, configuration.begin);
    for file in configuration.additional.iter().chain(&configuration.routes) {
        reader.add(&input::bytes(file, &limits)?, file)?;
    }
    let (demand, left_out) = reader.finish();
    let demand = from_begin(demand, configuration.begin, &mut issues);
    for signal in &mut network.signals {
        let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
        if cycle > 0.0 {
            signal.offset = (signal.offset - configuration.begin).rem_euclid(cycle);
        }
    }
    let mut all = import.issues;
    all.extend(left_out);
    all.extend(issues.into_vec());
    Ok(Scenario {
        name: network.name.clone(),
        network,
        demand,
        begin: configuration.begin,
        duration: configuration.end.map(|end| end - configuration.begin),
        step: configuration.step,
        issues: all,
    })
}

/// Demand with times counted from `begin`; vehicles before it are left out, as SUMO does.
fn from_begin(mut demand: Demand, begin: f64, issues: &mut Issues) -> Demand {
    let shifted = |mut flow: Flow| {
        let before = begin - flow.start;
        if before > 0.0 {
            let name = flow.id.clone().unwrap_or_default();
            let missed = (before / flow.interval - 1e-9).ceil();
            flow.start += missed * flow.interval;
            issues.add_many(
                "vehicle",
                &name,
                missed as u64,
                "is left out: it departs before the simulation begins",
            );
            if flow.end.is_some_and(|end| end < flow.start) {
                return None;
            }
        }
        flow.start -= begin;
        flow.end = flow.end.map(|end| end - begin);
        Some(flow)
    };
    demand.flows = std::mem::take(&mut demand.flows)
        .into_iter()
        .filter_map(shifted)
        .collect();
    demand
}

struct CityFlowFiles {
    network: PathBuf,
    demand: PathBuf,
    step: f64,
}

fn cityflow_configuration(path: &Path) -> Result<CityFlowFiles, Error> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default = "one")]
        interval: f64,
        #[serde(default)]
        dir: PathBuf,
        #[serde(rename = "roadnetFile")]
        network: PathBuf,
        #[serde(rename = "flowFile")]
        demand: PathBuf,
    }
    const fn one() -> f64 {
        1.0
    }
    let limits = Limits::default();
    let bytes = input::bytes(path, &limits)?;
    let json = cityflow::Json::new(&bytes, path, &limits)?;
    let file: File = json.parse()?;
    if !(file.interval.is_finite() && file.interval > 0.0) {
        let place = [cityflow::Step::Key("interval")];
        return Err(json.fault(&place, "interval must be greater than zero seconds"));
    }
    // The simulator takes `dir` from where it is started; files mostly mean their own folder.
    let beside = path.parent().unwrap_or(Path::new(""));
    let find = |name: &Path| {
        let candidates = [
            file.dir.join(name),
            beside.join(&file.dir).join(name),
            beside.join(name),
        ];
        candidates
            .iter()
            .find(|candidate| candidate.is_file())
            .unwrap_or(&candidates[1])
            .clone()
    };
    Ok(CityFlowFiles {
        network: find(&file.network),
        demand: find(&file.demand),
        step: file.interval,
    })
}

fn cityflow_scenario(path: &Path, files: &CityFlowFiles) -> Result<Scenario, Error> {
    let network = cityflow::read_network(&files.network)?;
    let demand = cityflow::read_demand(&files.demand, &network)?;
    let name = if path.is_dir() {
        path.file_name()
    } else {
        path.file_stem()
    };
    Ok(Scenario {
        name: name.map_or_else(
            || network.name.clone(),
            |name| name.to_string_lossy().into_owned(),
        ),
        network,
        demand,
        begin: 0.0,
        duration: None,
        step: files.step,
        issues: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content_before_name() {
        let told = |text: &str, name: &str| format_of(text.as_bytes(), Path::new(name));
        let comment = "<?xml version=\"1.0\"?>\n<!-- <net> made by hand -->\n";
        assert_eq!(
            told(&format!("{comment}<net version=\"1.9\">"), "x"),
            Some(Format::SumoNetwork)
        );
        assert_eq!(told("<routes>", "x.net.xml"), Some(Format::SumoDemand));
        assert_eq!(told(" [ {", "x"), Some(Format::CityFlowDemand));
        assert_eq!(
            told("{\"intersections\": [", "x"),
            Some(Format::CityFlowNetwork)
        );
        assert_eq!(
            told("{\"roadnetFile\": \"a\"}", "x"),
            Some(Format::CityFlowConfiguration)
        );
        assert_eq!(
            told("\0\0\0\x0d\n\tOSMHeader", "x"),
            Some(Format::OpenStreetMap)
        );
        assert_eq!(told("", "x.net.xml.gz"), Some(Format::SumoNetwork));
        assert_eq!(told("hello", "x.txt"), None);
    }
}
