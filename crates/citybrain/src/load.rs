//! Reads inputs for commands, and says what to do when one cannot be used.

use std::path::Path;
use std::sync::Arc;

use roads::{Demand, Network};

use crate::error::Error;
use crate::printer::Printer;
use crate::settings::Traffic;

/// The formats of networks, for messages.
const NETWORKS: &str = "networks are CityFlow JSON, SUMO .net.xml or .net.xml.gz, \
    OpenStreetMap .osm.pbf, or a description for the generator (.yaml)";

/// The formats of demand, for messages.
const DEMANDS: &str = "demand is CityFlow JSON or SUMO .rou.xml or .trips.xml, for this network";

/// Reads a network.
pub(crate) fn network(path: &Path, _printer: Printer) -> Result<Arc<Network>, Error> {
    roads::cityflow::read_network(path)
        .map(Arc::new)
        .map_err(|error| input("a network", path, error, NETWORKS))
}

/// Reads demand on a network.
pub(crate) fn demand(
    path: &Path,
    network: &Network,
    _printer: Printer,
) -> Result<Arc<Demand>, Error> {
    roads::cityflow::read_demand(path, network)
        .map(Arc::new)
        .map_err(|error| input("demand", path, error, DEMANDS))
}

/// Makes demand up for a network that comes without.
pub(crate) fn random_demand(
    _path: &Path,
    _network: &Network,
    _traffic: &Traffic,
) -> Result<Arc<Demand>, Error> {
    Err(Error::internal("being built"))
}

/// Whether a file is in the format of the published benchmarks.
pub(crate) fn is_cityflow(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// An [`Error::Input`]; the remedy lists the formats unless the file is well-formed or missing.
pub(crate) fn input(what: &'static str, path: &Path, error: roads::Error, formats: &str) -> Error {
    let help = match &error {
        roads::Error::Syntax { .. } | roads::Error::Unknown { .. } => Some(formats.to_owned()),
        roads::Error::Io { .. } => Some("see that the file is there and yours to read".to_owned()),
        _ => None,
    };
    Error::Input {
        what,
        path: path.to_owned(),
        source: Box::new(error),
        help,
    }
}
