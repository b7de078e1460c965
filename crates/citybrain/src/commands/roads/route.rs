//! `citybrain roads route`: the fastest way from one link to another on empty roads.

use std::path::Path;

use roads::route::{Costs, LinkGraph, Tree, TurnPenalties};
use roads::{LinkId, Network};
use serde::Serialize;

use crate::cli::roads::RouteArgs;
use crate::error::{Error, Exit, Outcome, nearest};
use crate::load;
use crate::printer::{Printer, table};

/// What `--json` prints.
#[derive(Serialize)]
struct Route {
    from: String,
    to: String,
    /// Whether there is a way.
    found: bool,
    length_m: f64,
    /// Driving at the limits, with what turns cost and the mean wait at signals.
    seconds: f64,
    links: Vec<Leg>,
}

/// One link of the way.
#[derive(Serialize)]
struct Leg {
    link: String,
    name: Option<String>,
    length_m: f64,
    /// Seconds from the start of the way to the end of this link.
    at_seconds: f64,
}

/// Finds and prints the way.
pub(crate) fn route(args: &RouteArgs, printer: Printer) -> Outcome {
    let network = load::network(&args.network, printer)?;
    let from = link(&network, &args.network, &args.from)?;
    let to = link(&network, &args.network, &args.to)?;
    let route = find(&network, from, to);
    if printer.json {
        printer.json(&route)?;
    } else if route.found {
        let mut table = table(["link", "length m", "at s"]);
        for leg in &route.links {
            let name = match &leg.name {
                Some(name) => format!("{} ({name})", leg.link),
                None => leg.link.clone(),
            };
            let (length, at) = (
                format!("{:.0}", leg.length_m),
                format!("{:.1}", leg.at_seconds),
            );
            table.add_row([name, length, at]);
        }
        printer.line(table.trim_fmt())?;
        printer.line(format_args!(
            "{:.2} km in {:.0} s on empty roads",
            route.length_m / 1000.0,
            route.seconds
        ))?;
    } else {
        printer.line(format_args!(
            "there is no way from {} to {}",
            route.from, route.to
        ))?;
    }
    Ok(if route.found {
        Exit::Success
    } else {
        Exit::Findings
    })
}

fn link(network: &Network, path: &Path, name: &str) -> Result<LinkId, Error> {
    network.link_named(name).ok_or_else(|| Error::Name {
        what: "link",
        name: name.to_owned(),
        path: path.to_owned(),
        help: nearest(name, network.links.iter().map(|link| link.id.as_str())),
    })
}

fn find(network: &Network, from: LinkId, to: LinkId) -> Route {
    let graph = LinkGraph::new(network);
    let costs = Costs::free_flow(network, &TurnPenalties::default());
    let mut tree = Tree::new();
    tree.grow_from(&graph, &costs, from);
    let way = tree.path(to);
    let first = costs.links[from.index()];
    let links: Vec<Leg> = way
        .iter()
        .flatten()
        .map(|&id| {
            let link = &network.links[id.index()];
            Leg {
                link: link.id.clone(),
                name: link.name.clone(),
                length_m: link.length,
                at_seconds: (first + tree.cost(id).unwrap_or(0)) as f64 / 1000.0,
            }
        })
        .collect();
    Route {
        from: network.links[from.index()].id.clone(),
        to: network.links[to.index()].id.clone(),
        found: way.is_some(),
        length_m: links.iter().map(|leg| leg.length_m).sum(),
        seconds: links.last().map_or(0.0, |leg| leg.at_seconds),
        links,
    }
}
