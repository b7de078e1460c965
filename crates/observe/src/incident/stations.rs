//! Where detectors are, and which of them stand one after the other on a road without signals.

use roads::model::{RoadClass, Turn};
use roads::{LinkId, Network};
use serde::{Deserialize, Serialize};

/// A detector's place: a link with all its lanes, or one of its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Station {
    /// The link.
    pub link: LinkId,
    /// The lane, 0 the innermost; none for all lanes together.
    pub lane: Option<u32>,
}

impl Station {
    /// All lanes of a link.
    pub const fn link(link: LinkId) -> Self {
        Self { link, lane: None }
    }

    /// One lane of a link.
    pub const fn lane(link: LinkId, lane: u32) -> Self {
        Self {
            link,
            lane: Some(lane),
        }
    }
}

/// Whether a road has no junctions on its carriageway.
const fn is_motorway(class: RoadClass) -> bool {
    matches!(class, RoadClass::Motorway | RoadClass::Trunk)
}

/// Pairs of links, the second the only way on from the first, or the way on along a motorway or
/// trunk road; no signal stands between them.
pub(super) fn sections(network: &Network) -> Vec<(LinkId, LinkId)> {
    let signalled = |turn: &Turn| network.junctions[turn.junction.index()].signal.is_some();
    let mut onward: Vec<Vec<LinkId>> = vec![Vec::new(); network.links.len()];
    for turn in &network.turns {
        if !signalled(turn) && !onward[turn.from.index()].contains(&turn.to) {
            onward[turn.from.index()].push(turn.to);
        }
    }
    let class = |link: LinkId| network.links[link.index()].class;
    let way_on = |(index, all): (usize, &Vec<LinkId>)| {
        let from = LinkId::from(index);
        let mut same = all.iter().filter(|&&to| class(to) == class(from));
        let to = match (all.as_slice(), is_motorway(class(from))) {
            ([only], _) => *only,
            (_, true) => {
                let first = *same.next()?;
                // Where a motorway forks neither arm goes on for the other.
                same.next().is_none().then_some(first)?
            }
            _ => return None,
        };
        (to != from).then_some((from, to))
    };
    onward.iter().enumerate().filter_map(way_on).collect()
}
