//! The graph that routes are searched on: its nodes are links, its arcs are turns.

use crate::model::{LinkId, Network, TurnId};

/// A turn as the search sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    /// The link at the other end: that one enters (forward) or comes from (backward).
    pub link: LinkId,
    /// The turn.
    pub turn: TurnId,
}

/// Which links follow which. Turns without a movement cannot be driven and are left out.
#[derive(Clone, Debug)]
pub struct LinkGraph {
    forward: Rows,
    backward: Rows,
}

/// Arcs of each link, one row after the other.
#[derive(Clone, Debug)]
struct Rows {
    first: Box<[u32]>,
    arcs: Box<[Arc]>,
}

impl Rows {
    fn new(links: usize, arcs: impl Iterator<Item = (LinkId, Arc)> + Clone) -> Self {
        let mut first = vec![0_u32; links + 1];
        for (link, _) in arcs.clone() {
            first[link.index() + 1] += 1;
        }
        for i in 1..first.len() {
            first[i] += first[i - 1];
        }
        let mut next = first.clone();
        let nowhere = Arc {
            link: LinkId(0),
            turn: TurnId(0),
        };
        let mut row = vec![nowhere; first.last().map_or(0, |&end| end as usize)];
        for (link, arc) in arcs {
            let place = &mut next[link.index()];
            row[*place as usize] = arc;
            *place += 1;
        }
        Self {
            first: first.into(),
            arcs: row.into(),
        }
    }

    #[inline]
    fn row(&self, link: LinkId) -> &[Arc] {
        let (start, end) = (self.first[link.index()], self.first[link.index() + 1]);
        &self.arcs[start as usize..end as usize]
    }
}

impl LinkGraph {
    /// The graph of a network.
    pub fn new(network: &Network) -> Self {
        let turns = network
            .turns
            .iter()
            .enumerate()
            .filter(|(_, turn)| !turn.movements.is_empty());
        let links = network.links.len();
        let arc = |link: LinkId, turn: usize| Arc {
            link,
            turn: TurnId::from(turn),
        };
        Self {
            forward: Rows::new(
                links,
                turns
                    .clone()
                    .map(|(id, turn)| (turn.from, arc(turn.to, id))),
            ),
            backward: Rows::new(links, turns.map(|(id, turn)| (turn.to, arc(turn.from, id)))),
        }
    }

    /// How many links there are.
    pub fn link_count(&self) -> usize {
        self.forward.first.len() - 1
    }

    /// Whether the network has this link.
    pub fn contains(&self, link: LinkId) -> bool {
        link.index() < self.link_count()
    }

    /// The turns that leave a link, with the links they enter, in the order of the turns.
    #[inline]
    pub fn from(&self, link: LinkId) -> &[Arc] {
        self.forward.row(link)
    }

    /// The turns that enter a link, with the links they come from, in the order of the turns.
    #[inline]
    pub fn into(&self, link: LinkId) -> &[Arc] {
        self.backward.row(link)
    }

    /// The turn from one link to another, if there is one.
    pub fn turn(&self, from: LinkId, to: LinkId) -> Option<TurnId> {
        let arc = self.from(from).iter().find(|arc| arc.link == to)?;
        Some(arc.turn)
    }

    /// Whether each link of `route` is joined to the next by a turn that can be driven.
    pub fn is_drivable(&self, route: &[LinkId]) -> bool {
        route.iter().all(|&link| self.contains(link))
            && route
                .windows(2)
                .all(|pair| self.turn(pair[0], pair[1]).is_some())
    }
}
