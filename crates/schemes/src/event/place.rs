//! Places of an event on a network: the link of a car park, the streets around, the links over which
//! traffic comes in and leaves.

use std::collections::BTreeMap;

use roads::model::RoadClass;
use roads::{Demand, LinkId, Network, Point, geometry};

use super::definition::{GateDefinition, PlaceDefinition, Sited};
use crate::error::Error;

/// A point and the link that was named for it, if one was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) point: Point,
    pub(super) link: Option<LinkId>,
}

/// The middle of a link.
pub(super) fn middle(network: &Network, link: LinkId) -> Point {
    let shape = &network.links[link.index()].shape;
    geometry::point_at(shape, geometry::length(shape) / 2.0)
}

/// Whether people can park along a link: a street that leads on, no expressway and no ramp of one,
/// and none over the edge of the network.
fn is_street(network: &Network, link: LinkId) -> bool {
    let own = &network.links[link.index()];
    let lanes = network.lanes_of(link);
    let at_edge = |end: roads::JunctionId| network.junctions[end.index()].boundary;
    !own.elevated
        && !at_edge(own.from)
        && !at_edge(own.to)
        && own.class > RoadClass::TrunkLink
        && lanes.iter().any(|lane| !lane.outgoing.is_empty())
}

/// The streets whose middle is within so many metres of a point.
pub(super) fn streets_within(network: &Network, point: Point, radius: f64) -> Vec<LinkId> {
    links(network)
        .filter(|&link| is_street(network, link))
        .filter(|&link| middle(network, link).distance(point) <= radius)
        .collect()
}

/// The street whose middle is nearest to a point.
fn street_near(network: &Network, point: Point) -> Option<LinkId> {
    let away = |link: &LinkId| middle(network, *link).distance(point);
    links(network)
        .filter(|&link| is_street(network, link))
        .min_by(|one, other| away(one).total_cmp(&away(other)))
}

/// All links.
pub(super) fn links(network: &Network) -> impl Iterator<Item = LinkId> {
    (0..network.links.len()).map(LinkId::from)
}

/// The link of this name.
pub(super) fn named(network: &Network, name: &Sited<String>, field: &str) -> Result<LinkId, Error> {
    network.link_named(&name.value).ok_or_else(|| Error::Field {
        line: name.line,
        column: name.column,
        field: field.to_owned(),
        message: format!("there is no link {:?} in the network", name.value),
        name: Some(name.value.clone()),
    })
}

/// Where a place is.
pub(super) fn spot(
    network: &Network,
    place: &PlaceDefinition,
    before: &str,
) -> Result<Spot, Error> {
    let point = |given: &Sited<[f64; 2]>, name: &str, point: Point| {
        if point.is_finite() {
            return Ok(Spot { point, link: None });
        }
        let message = format!("{:?} is no place; write two numbers", given.value);
        Err(given.wrong(format!("{before}{name}"), message))
    };
    match (&place.link, &place.at, &place.lonlat) {
        (Some(name), None, None) => {
            let link = named(network, name, &format!("{before}link"))?;
            Ok(Spot {
                point: middle(network, link),
                link: Some(link),
            })
        }
        (None, Some(at), None) => {
            let [x, y] = at.value;
            point(at, "at", Point::new(x, y))
        }
        (None, None, Some(lonlat)) => {
            let Some(reference) = network.georeference else {
                let message = "the network does not say where on earth it is; give `at` in metres \
                               of its plane, or `link`";
                return Err(lonlat.wrong(format!("{before}lonlat"), message));
            };
            let [longitude, latitude] = lonlat.value;
            point(lonlat, "lonlat", reference.to_local(longitude, latitude))
        }
        _ => {
            let sites = [
                place.link.as_ref().map(|site| (site.line, site.column)),
                place.at.map(|site| (site.line, site.column)),
                place.lonlat.map(|site| (site.line, site.column)),
            ];
            let (line, column) = sites.into_iter().flatten().next().unwrap_or_default();
            Err(Error::Field {
                line,
                column,
                field: before.trim_end_matches('.').to_owned(),
                message: "needs one of `link`, `at: [x, y]` in metres of the network's plane, and \
                          `lonlat: [longitude, latitude]`"
                    .to_owned(),
                name: None,
            })
        }
    }
}

/// The link of a place: the one named, or the street nearest to it.
pub(super) fn link_of(network: &Network, spot: Spot, field: &str) -> Result<LinkId, Error> {
    spot.link
        .or_else(|| street_near(network, spot.point))
        .ok_or_else(|| Error::value(field, "the network has no street on which one could park"))
}

/// How much traffic comes in over each link, and how much leaves: those that come over the edge of
/// the network, or all on which somebody starts (ends) where nobody does. Where there is no traffic
/// at all, every link from the edge counts as its lanes.
pub(super) fn gates(
    network: &Network,
    demand: &Demand,
    horizon: f64,
) -> (Vec<(LinkId, f64)>, Vec<(LinkId, f64)>) {
    let (mut entries, mut exits) = (BTreeMap::new(), BTreeMap::new());
    for flow in &demand.flows {
        let count = flow.vehicles_before(horizon) as f64;
        let route = demand.routes.get(flow.route as usize);
        if let Some((first, last)) = route.and_then(|route| route.first().zip(route.last()))
            && count > 0.0
        {
            *entries.entry(*first).or_insert(0.0) += count;
            *exits.entry(*last).or_insert(0.0) += count;
        }
    }
    let edge = |link: LinkId, comes: bool| {
        let link = &network.links[link.index()];
        let end = if comes { link.from } else { link.to };
        network.junctions[end.index()].boundary
    };
    let pick = |traffic: BTreeMap<LinkId, f64>, comes: bool| -> Vec<(LinkId, f64)> {
        if traffic.is_empty() {
            return links(network)
                .filter(|&link| edge(link, comes))
                .map(|link| (link, network.lanes_of(link).len() as f64))
                .collect();
        }
        let over_edge = traffic.iter().filter(|(link, _)| edge(**link, comes));
        let over_edge: Vec<(LinkId, f64)> = over_edge.map(|(&link, &n)| (link, n)).collect();
        if over_edge.is_empty() {
            traffic.into_iter().collect()
        } else {
            over_edge
        }
    };
    (pick(entries, true), pick(exits, false))
}

/// The gates that a definition names.
pub(super) fn given(
    network: &Network,
    gates: &[GateDefinition],
    field: &str,
) -> Result<Vec<(LinkId, f64)>, Error> {
    gates
        .iter()
        .enumerate()
        .map(|(index, gate)| {
            let link = named(network, &gate.link, &format!("{field}[{index}].link"))?;
            Ok((link, gate.share.map_or(1.0, |share| share.value)))
        })
        .collect()
}
