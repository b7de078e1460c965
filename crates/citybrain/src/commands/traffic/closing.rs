//! From closures on the command line to a scenario with them.

use std::path::Path;
use std::sync::Arc;

use roads::Network;
use schemes::closure::{
    Closure, Diversion, Remarked, Works, WorksFile, diverted, lane_area, rebuilt,
};
use serde::Serialize;

use super::scenario::Scenario;
use crate::cli::traffic_schemes::SchemeArgs;
use crate::error::{Error, nearest};
use crate::load;

/// Most bytes that are read of a file of closures or corridors.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;

/// What closing lanes has come to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Closed {
    /// Lanes that are shut, by name, some of them only for a while.
    pub(crate) lanes: Vec<String>,
    /// Links that are touched, by name.
    pub(crate) links: Vec<String>,
    /// Area of the lanes that are shut over that of all.
    pub(crate) share: f64,
    /// Area of the lanes that are shut, m².
    pub(crate) area_m2: f64,
    /// Whether they are shut all the time, and the other lanes' markings laid out anew.
    pub(crate) throughout: bool,
    /// What laying out anew has changed; none while lanes are shut by time.
    pub(crate) remarked: Option<Remarked>,
    /// What became of the demand; none while lanes are shut by time, for it is diverted on the way.
    pub(crate) diversion: Option<Diversion>,
}

impl Closed {
    /// A sentence for the person at the terminal.
    pub(crate) fn note(&self) -> String {
        format!(
            "note: {} lanes of {} links are closed{}, {:.2} % of the lane area",
            self.lanes.len(),
            self.links.len(),
            if self.throughout { "" } else { " for a time" },
            100.0 * self.share
        )
    }
}

/// The scenario with closures, and what they have come to.
pub(crate) fn applied(scenario: &Scenario, works: &Works) -> (Scenario, Closed) {
    let network = &scenario.network;
    let mut other = scenario.clone();
    let throughout = works.hold_throughout(scenario.horizon);
    let (mut remarked, mut diversion) = (None, None);
    if throughout {
        let (left, changed) = rebuilt(network, works);
        let left = Arc::new(left);
        let streets = scenario.config.rules == sim::Rules::Street;
        let (horizon, demand) = (scenario.horizon, &scenario.demand);
        let (demand, found) = diverted(network, &left, demand, horizon, streets);
        (other.network, other.demand) = (left, demand);
        (remarked, diversion) = (Some(changed), Some(found));
    } else {
        other.schemes.works = Some(works.clone());
    }
    let total: f64 = (0..network.lanes.len())
        .map(|lane| lane_area(network, lane.into()))
        .sum();
    let lanes = works.lanes();
    let area: f64 = lanes.iter().map(|&lane| lane_area(network, lane)).sum();
    let link_name = |link: &roads::LinkId| network.links[link.index()].id.clone();
    let closed = Closed {
        lanes: lanes.iter().map(|&lane| network.lane_name(lane)).collect(),
        links: works.links().iter().map(link_name).collect(),
        share: area / total,
        area_m2: area,
        throughout,
        remarked,
        diversion,
    };
    (other, closed)
}

/// Puts the schemes of the command line into a scenario.
pub(super) fn from_args(
    args: &SchemeArgs,
    scenario: &mut Scenario,
) -> Result<Option<Closed>, Error> {
    let mut closed = None;
    if let Some(path) = &args.closures {
        let works = from_file(path, &scenario.network)?;
        let (other, found) = applied(scenario, &works);
        *scenario = other;
        closed = Some(found);
    }
    if args.meter_ramps {
        if schemes::metering::ramps(&scenario.network).is_empty() {
            return Err(Error::Refused {
                message: "there is no ramp to meter in this network".to_owned(),
                help: Some(
                    "a ramp ends without a signal where a motorway or trunk road goes on"
                        .to_owned(),
                ),
            });
        }
        scenario.schemes.metering = Some(schemes::metering::Alinea::default());
    }
    scenario.schemes.guided = args.guided;
    Ok(closed)
}

/// The closures that a file names.
pub(super) fn from_file(path: &Path, network: &Network) -> Result<Works, Error> {
    let wrong =
        |source: Box<dyn std::error::Error + Send + Sync>, help: Option<String>| Error::Input {
            what: "a file of closures",
            path: path.to_owned(),
            source,
            help: help.or_else(|| Some("docs/schemes.md describes them".to_owned())),
        };
    let text = load::text(path, FILE_BYTES_MAX).map_err(|error| wrong(error.into(), None))?;
    let file = WorksFile::parse(&text).map_err(|error| wrong(error.into(), None))?;
    Works::new(network, &file.closures).map_err(|error| {
        let help = help(&error, network);
        wrong(error.into(), help)
    })
}

/// The closures that `--link` names.
pub(super) fn from_links(
    links: &[String],
    (from, until): (f64, Option<f64>),
    network: &Network,
) -> Result<Works, Error> {
    let closures = links
        .iter()
        .map(|text| closure("--link", text, (from, until), network))
        .collect::<Result<Vec<_>, _>>()?;
    Works::new(network, &closures).map_err(|error| Error::Refused {
        help: help(&error, network),
        message: format!("--link: {error}"),
    })
}

/// A link and what stands after the colon. A link's name may have a colon in it.
pub(super) fn link_and_more<'a>(text: &'a str, network: &Network) -> (&'a str, Option<&'a str>) {
    match text.rsplit_once(':') {
        Some((link, more)) if network.link_named(text).is_none() => (link, Some(more)),
        _ => (text, None),
    }
}

/// What `LINK[:LANES]` after this flag closes.
pub(super) fn closure(
    flag: &str,
    text: &str,
    (from, until): (f64, Option<f64>),
    network: &Network,
) -> Result<Closure, Error> {
    let (link, lanes) = link_and_more(text, network);
    let lanes = lanes.map_or(Ok(Vec::new()), |lanes| {
        let each = lanes.split(',').map(|lane| lane.trim().parse::<u32>());
        each.collect::<Result<Vec<_>, _>>()
    });
    let lanes = lanes.map_err(|error| Error::Option {
        message: format!("{flag} {text:?}: after the colon stand numbers of lanes ({error})"),
        help: Some("write LINK or LINK:0,1; 0 is the innermost lane".to_owned()),
    })?;
    Ok(Closure {
        link: link.to_owned(),
        lanes,
        from,
        until,
        ..Closure::default()
    })
}

/// The links that are called nearly as the one that the network does not have.
pub(super) fn help(error: &schemes::Error, network: &Network) -> Option<String> {
    match error {
        schemes::Error::Unknown { name, .. }
        | schemes::Error::Field {
            name: Some(name), ..
        } => nearest(name, network.links.iter().map(|link| link.id.as_str())),
        _ => None,
    }
}
