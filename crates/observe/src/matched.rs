//! From matched positions to traversals: the one place that knows what map matching gives.

use roads::matching::{Map, Matcher, Passage, REACH_M, Settings, Stream, StreamSettings, Table};
use roads::{LinkId, Network};

use crate::error::Error;
use crate::facts::Roads;
use crate::table::Traversal;

/// A passage as a traversal. Stretches keep their share of the link.
pub fn traversal(vehicle: u64, passage: &Passage, map: &Map, roads: &Roads) -> Option<Traversal> {
    let link: LinkId = passage.traversal.link;
    let facts = roads.get(link)?;
    let scale = facts.length_m / map.length(link);
    Some(Traversal {
        vehicle,
        link,
        entered: passage.traversal.entered,
        left: passage.traversal.left,
        from_m: passage.from_m * scale,
        to_m: passage.to_m * scale,
    })
}

/// A matcher for a network, positions with `sigma_m` metres of noise. Takes a while on a large
/// network.
///
/// # Errors
/// When the network is too large or `sigma_m` is out of range.
pub fn matcher(network: &Network, sigma_m: f64) -> Result<Matcher, Error> {
    let wrong =
        |error: roads::Error| Error::Nothing(format!("positions cannot be matched: {error}"));
    let map = std::sync::Arc::new(Map::new(network).map_err(wrong)?);
    let table = Table::build(&map, REACH_M, &|_| {}).map_err(wrong)?;
    Matcher::new(
        map,
        std::sync::Arc::new(table),
        Settings::for_noise(sigma_m),
    )
    .map_err(wrong)
}

/// A stream of positions over a matcher.
///
/// # Errors
/// When a setting is out of range.
pub fn stream(matcher: Matcher, settings: StreamSettings) -> Result<Stream<u64>, Error> {
    Stream::new(matcher, settings)
        .map_err(|error| Error::Nothing(format!("positions cannot be matched: {error}")))
}
