//! Road networks from OpenStreetMap extracts (`.osm.pbf`).
//!
//! The map's ways become links with lanes, its crossings become junctions with movements,
//! precedence and signal plans, such that a simulation can run on the result at once:
//!
//! 1. `pbf`, `tags`, `extract`: the roads that cars use, without the rest of the map;
//! 2. `streets`: pieces between shared nodes, the strongly connected part of them;
//! 3. `junctions`: nodes that are one junction on the ground become one; streets between them;
//! 4. `links`: streets become links, cut where the number of lanes changes;
//! 5. `turns`, `lanes`: where one can go from each link under the restrictions, and on which lane;
//! 6. `shapes`, `assemble`: lines of lanes and movements; the network;
//! 7. `plans`, `priority`: a plan for each signal, and who goes first elsewhere.
//!
//! Where people drive on the left, everything between 1 and 6 happens in a mirror, so that there
//! is one set of rules.
//!
//! The data is © OpenStreetMap contributors under the Open Database License: whoever shows it names them
//! ([`Network::attribution`]).

mod assemble;
mod components;
mod extract;
mod junctions;
mod lanes;
mod links;
mod pbf;
mod plans;
mod polyline;
mod priority;
mod restrictions;
mod shapes;
mod side;
mod streets;
mod tags;
mod turns;

use std::path::Path;

use serde::Serialize;

use crate::error::Error;
use crate::limits::Limits;
use crate::model::{DrivingSide, Network, RoadClass};

/// Whom to name where the data is shown.
pub const ATTRIBUTION: &str = "© OpenStreetMap contributors (ODbL)";

/// A rectangle on the globe, degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Lowest longitude.
    pub west: f64,
    /// Lowest latitude.
    pub south: f64,
    /// Highest longitude.
    pub east: f64,
    /// Highest latitude.
    pub north: f64,
}

impl Bounds {
    fn contains(self, (longitude, latitude): (f64, f64)) -> bool {
        (self.west..=self.east).contains(&longitude)
            && (self.south..=self.north).contains(&latitude)
    }
}

/// Which links are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connectivity {
    /// The largest set in which each link can be reached from each other, where a car may also
    /// leave the map on a one-way road of at least tertiary class and come back on another.
    /// Right for a part of a land: its motorways end at the edge.
    #[default]
    ThroughGates,
    /// The largest set in which each link can be reached from each other inside the map.
    Strict,
    /// All links that lead somewhere.
    Everything,
}

/// What a dead end is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeadEnds {
    /// A boundary of the network, where traffic appears and disappears.
    #[default]
    Boundary,
    /// A place to turn back.
    TurnBack,
}

/// How an extract becomes a network.
#[derive(Clone, Debug)]
pub struct Options {
    /// Classes of roads to read. Default: all but [`RoadClass::Service`].
    pub classes: Vec<RoadClass>,
    /// Side of the road; default: by the place on the globe.
    pub driving_side: Option<DrivingSide>,
    /// Only what lies inside; default: the whole file.
    pub bounds: Option<Bounds>,
    /// Nodes that a street shorter than this joins are one junction, metres (twice as much where
    /// both have signals). Zero: hardly any.
    pub junction_radius: f64,
    /// A stretch of a street with another number of lanes must be so long to be a link of its
    /// own, metres.
    pub link_length_min: f64,
    /// Which links are kept.
    pub connectivity: Connectivity,
    /// What a dead end is.
    pub dead_ends: DeadEnds,
    /// Most ways that are read; a file with more is refused.
    pub ways_max: u64,
    /// Most nodes of these ways; a file with more is refused.
    pub nodes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            classes: vec![
                RoadClass::Motorway,
                RoadClass::MotorwayLink,
                RoadClass::Trunk,
                RoadClass::TrunkLink,
                RoadClass::Primary,
                RoadClass::PrimaryLink,
                RoadClass::Secondary,
                RoadClass::SecondaryLink,
                RoadClass::Tertiary,
                RoadClass::TertiaryLink,
                RoadClass::Unclassified,
                RoadClass::Residential,
                RoadClass::LivingStreet,
            ],
            driving_side: None,
            bounds: None,
            junction_radius: 15.0,
            link_length_min: 20.0,
            connectivity: Connectivity::default(),
            dead_ends: DeadEnds::default(),
            ways_max: 4_000_000,
            nodes_max: 40_000_000,
        }
    }
}

/// What became of the file, and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Ways of the wanted classes that cars may use.
    pub ways_read: usize,
    /// Ways of the wanted classes that are closed to cars.
    pub ways_closed_to_cars: usize,
    /// Times that a way's node is missing, out of bounds or blocked; ways are cut there.
    pub nodes_missing: usize,
    /// Sum of the directed streets that are not connected with the rest, metres.
    pub disconnected_length: f64,
    /// Links left out later, for want of a turn that leads on.
    pub links_left_out: usize,
    /// Junctions that were put together from several nodes.
    pub junctions_clustered: usize,
    /// Turn restrictions over a node, by way and node.
    pub restrictions: usize,
    /// Turn restrictions over ways that do not lie inside one junction: not applied.
    pub restrictions_left_out: usize,
    /// Traffic signals far from any junction (crossings for people on foot): left out.
    pub signals_without_junction: usize,
    /// Junctions with signals where no two approaches conflict: left out.
    pub signals_without_conflict: usize,
}

/// Reads a network from a file.
///
/// # Errors
/// When the file cannot be read, is not an OpenStreetMap PBF file, passes a limit, or holds no
/// road network.
pub fn read_network(path: &Path, options: &Options) -> Result<Network, Error> {
    read_with_report(path, options).map(|(network, _)| network)
}

/// Reads a network from a file, and says what was left out.
///
/// # Errors
/// As [`read_network`].
pub fn read_with_report(path: &Path, options: &Options) -> Result<(Network, Report), Error> {
    let bytes = crate::input::bytes(path, &Limits::default())?;
    parse(&bytes, path, options)
}

/// Makes a network of the bytes of a file, and says what was left out; `path` is for messages
/// and the network's name.
///
/// # Errors
/// As [`read_network`].
pub fn parse(bytes: &[u8], path: &Path, options: &Options) -> Result<(Network, Report), Error> {
    let mut report = Report::default();
    let syntax = |message: String| Error::Syntax {
        path: path.to_owned(),
        line: 0,
        column: 0,
        message,
    };
    let extract = extract::read(bytes, options, &mut report).map_err(|fault| match fault {
        pbf::Fault::Malformed(at, what) => syntax(format!("byte {at}: {what}")),
        pbf::Fault::Unfit(what) => syntax(what),
        pbf::Fault::Limit(what, found, limit) => Error::Limit { what, found, limit }.in_file(path),
    })?;
    let mut streets = streets::Streets::new(&extract);
    streets.keep_connected(options, &mut report);
    let junctions = junctions::find(&streets, options, &mut report);
    let plans = links::plan(&streets, &junctions, options);
    let turns = turns::find(&streets, &junctions, &plans, options, &mut report);
    report.restrictions = streets.restrictions.at_nodes();
    report.restrictions_left_out = streets.restrictions.not_applied();
    if turns.kept.iter().all(|&kept| !kept) {
        return Err(syntax(
            "has no road that leads on to another; take a larger part of the map".to_owned(),
        ));
    }
    let name = path.file_name().map_or_else(
        || "network".to_owned(),
        |name| {
            name.to_string_lossy()
                .trim_end_matches(".osm.pbf")
                .to_owned()
        },
    );
    let network = assemble::network(name, &extract, &junctions, &plans, &turns, &mut report)
        .map_err(|error| error.in_file(path))?;
    Ok((network, report))
}
