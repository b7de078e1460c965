//! Networks, demand and configurations in the XML formats of the SUMO simulator, plain or gzip.
//!
//! What the model has no place for is not lost in silence: [`Import::issues`] and the list beside
//! the demand say what was left out, how many times, and why.

mod config;
mod demand;
mod distribution;
mod file;
mod flow;
mod network;
mod plane;
mod projection;
mod right_of_way;
mod routes;
mod signals;
mod vehicle_class;
mod xml;

use std::path::Path;

use crate::error::Error;
use crate::geometry::Point;
use crate::input::{self, Input};
use crate::issue::Issue;
use crate::limits::Limits;
use crate::model::Network;

use self::xml::{Node, Xml};

pub use config::{Configuration, parse_configuration, read_configuration};
pub(crate) use demand::DemandReader;
pub use demand::{parse_demand, read_demand};
pub use file::aspect;

/// A network with what is known about where it came from.
#[derive(Clone, Debug)]
pub struct Import {
    /// The network.
    pub network: Network,
    /// What the file calls its elements.
    pub names: Names,
    /// What was left out or changed.
    pub issues: Vec<Issue>,
}

/// What a SUMO file calls the elements of a network: to talk to SUMO about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// By lane: SUMO's lane id.
    pub lanes: Vec<String>,
    /// By signal, by movement of the signal: the position of its letter in a phase's state.
    pub signal_links: Vec<Vec<u32>>,
    /// SUMO's `netOffset`, metres, where the network was moved from the plane of its projection to
    /// a local one; `None` where coordinates are SUMO's own.
    pub offset: Option<Point>,
}

/// Reads a network file.
///
/// # Errors
/// When the file cannot be read, is not a SUMO network, contradicts itself, or passes a limit.
pub fn read_network(path: &Path) -> Result<Network, Error> {
    import(path).map(|import| import.network)
}

/// Reads a network file together with SUMO's names and a list of what was left out.
///
/// # Errors
/// As [`read_network`].
pub fn import(path: &Path) -> Result<Import, Error> {
    let limits = Limits::default();
    import_bytes(&input::bytes(path, &limits)?, path, &limits)
}

/// Reads a network from the bytes of a file, plain or gzip; `path` is for messages.
///
/// # Errors
/// As [`read_network`].
pub fn parse_network(bytes: &[u8], path: &Path) -> Result<Network, Error> {
    import_bytes(bytes, path, &Limits::default()).map(|import| import.network)
}

/// Reads a network from the bytes of a file within limits of the caller's.
///
/// # Errors
/// As [`read_network`].
pub fn import_bytes(bytes: &[u8], path: &Path, limits: &Limits) -> Result<Import, Error> {
    let bytes = input::plain(bytes, path, limits)?;
    let input = Input::new(&bytes, path)?;
    let file = file::parse(input, limits)?;
    network::join(input, &file, name_of(path)).map_err(|error| error.in_file(path))
}

/// Whether a file of SUMO's, plain or gzip, has an element of one of these names.
///
/// # Errors
/// When it cannot be read, is no XML, or passes a limit.
pub fn has_element(path: &Path, names: &[&str]) -> Result<bool, Error> {
    let limits = Limits::default();
    let bytes = input::bytes(path, &limits)?;
    let bytes = input::plain(&bytes, path, &limits)?;
    let mut xml = Xml::new(Input::new(&bytes, path)?, &limits);
    while let Some(node) = xml.next()? {
        if matches!(node, Node::Open(tag) if names.contains(&tag.name)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A file's name without its endings.
fn name_of(path: &Path) -> String {
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match name.split_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ if name.is_empty() => "network".to_owned(),
        _ => name,
    }
}
