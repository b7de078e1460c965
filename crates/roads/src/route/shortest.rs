//! The shortest way by length, to the letter of the traffic model: it fills the gaps between the
//! links that a vehicle's route names.

use std::sync::Arc as Shared;

use super::graph::LinkGraph;
use super::workspace::Workspace;
use crate::model::{LinkId, Network};

/// Finds shortest ways by length on one network; keeps its working memory between calls.
///
/// A way costs the mean lane length of each of its links but the first. Only links that a
/// movement leads to are entered. Of several shortest ways it gives the one that Dijkstra's
/// algorithm finds when, of the links at equal distance, the first in the network goes first,
/// and a link once reached is not reached again by a way of the same length.
#[derive(Debug)]
pub struct Shortest {
    graph: Shared<LinkGraph>,
    lengths: Shared<[f64]>,
    workspace: Workspace,
}

impl Clone for Shortest {
    /// Shares the graph; the copy has working memory of its own. Cheap.
    fn clone(&self) -> Self {
        Self {
            graph: Shared::clone(&self.graph),
            lengths: Shared::clone(&self.lengths),
            workspace: Workspace::default(),
        }
    }
}

impl Shortest {
    /// Prepares for a network.
    pub fn new(network: &Network) -> Self {
        Self::with_graph(network, Shared::new(LinkGraph::new(network)))
    }

    /// Prepares for a network whose graph is already there.
    pub fn with_graph(network: &Network, graph: Shared<LinkGraph>) -> Self {
        Self {
            graph,
            lengths: network.links.iter().map(|link| link.length).collect(),
            workspace: Workspace::default(),
        }
    }

    /// The graph it searches on.
    pub const fn graph(&self) -> &Shared<LinkGraph> {
        &self.graph
    }

    /// The links from `from` to `to`, both included; `None` when there is no way or no such link.
    pub fn path(&mut self, from: LinkId, to: LinkId) -> Option<Vec<LinkId>> {
        let mut route = vec![from];
        self.extend(from, to, &mut route).then_some(route)
    }

    /// Appends the links after `from` up to and including `to` to `route`, and says whether
    /// there is a way; if not, `route` stays as it is. Appends nothing when both are the same.
    pub fn extend(&mut self, from: LinkId, to: LinkId, route: &mut Vec<LinkId>) -> bool {
        if !self.graph.contains(from) || !self.graph.contains(to) {
            return false;
        }
        if from == to {
            return true;
        }
        // Lengths are greater than zero, so where one link follows the other nothing is shorter.
        if self.graph.turn(from, to).is_some() {
            route.push(to);
            return true;
        }
        let found = self.search(from, to);
        if found {
            self.workspace.trace(to.0, route, LinkId);
        }
        found
    }

    /// Fills all gaps between the links of `anchors`; equal neighbours count once. `None` when
    /// some gap cannot be filled.
    pub fn fill(&mut self, anchors: &[LinkId]) -> Option<Vec<LinkId>> {
        let mut route = Vec::with_capacity(anchors.len());
        route.extend(anchors.first());
        for pair in anchors.windows(2) {
            if !self.extend(pair[0], pair[1], &mut route) {
                return None;
            }
        }
        Some(route)
    }

    fn search(&mut self, from: LinkId, to: LinkId) -> bool {
        let workspace = &mut self.workspace;
        workspace.begin(self.graph.link_count());
        // Costs are zero or more, so their bits are ordered as they are.
        workspace.offer(from.0, 0.0_f64.to_bits(), 0.0_f64.to_bits(), None);
        while let Some((bits, here)) = workspace.next() {
            if here == to.0 {
                return true;
            }
            if workspace.cost(here) != Some(bits) {
                continue; // a shorter way was found since it was queued
            }
            let cost = f64::from_bits(bits);
            for arc in self.graph.from(LinkId(here)) {
                let bits = (cost + self.lengths[arc.link.index()]).to_bits();
                workspace.offer(arc.link.0, bits, bits, Some(here));
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{GridSpec, grid};

    fn named(network: &Network, names: &[&str]) -> Vec<LinkId> {
        names
            .iter()
            .map(|name| network.link_named(name).unwrap())
            .collect()
    }

    /// The model's rule spelt out: a list of all links instead of a heap.
    fn by_hand(network: &Network, from: LinkId, to: LinkId) -> Option<Vec<LinkId>> {
        let count = network.links.len();
        let (mut cost, mut parent, mut done) = (
            vec![f64::INFINITY; count],
            vec![None; count],
            vec![false; count],
        );
        cost[from.index()] = 0.0;
        loop {
            let here = (0..count)
                .filter(|&link| !done[link] && cost[link].is_finite())
                .min_by(|&a, &b| cost[a].total_cmp(&cost[b]))?;
            if here == to.index() {
                break;
            }
            done[here] = true;
            for turn in &network.turns {
                if turn.from.index() == here {
                    let next = cost[here] + network.links[turn.to.index()].length;
                    if next < cost[turn.to.index()] {
                        cost[turn.to.index()] = next;
                        parent[turn.to.index()] = Some(here);
                    }
                }
            }
        }
        let mut route = vec![to];
        let mut here = to.index();
        while let Some(before) = parent[here] {
            route.push(LinkId::from(before));
            here = before;
        }
        route.reverse();
        Some(route)
    }

    #[test]
    fn every_pair_of_a_grid_goes_the_way_of_the_plain_algorithm() {
        let network = grid(&GridSpec {
            columns: 4,
            rows: 3,
            ..GridSpec::default()
        })
        .unwrap();
        let mut shortest = Shortest::new(&network);
        for from in (0..network.links.len()).map(LinkId::from) {
            for to in (0..network.links.len()).map(LinkId::from) {
                assert_eq!(
                    shortest.path(from, to),
                    by_hand(&network, from, to),
                    "{from:?} {to:?}"
                );
            }
        }
    }

    #[test]
    fn gaps_are_filled_and_dead_ends_are_refused() {
        let network = grid(&GridSpec::default()).unwrap();
        let mut shortest = Shortest::new(&network);
        let anchors = named(&network, &["road_0_1_0", "road_0_1_0", "road_4_1_0"]);
        let filled = shortest.fill(&anchors).unwrap();
        let whole = [
            "road_0_1_0",
            "road_1_1_0",
            "road_2_1_0",
            "road_3_1_0",
            "road_4_1_0",
        ];
        assert_eq!(filled, named(&network, &whole));
        // A link that leaves the network leads nowhere.
        let back = named(&network, &["road_4_1_0", "road_0_1_0"]);
        assert_eq!(shortest.fill(&back), None);
        assert_eq!(shortest.path(LinkId(9_999), LinkId(0)), None);
        assert_eq!(shortest.path(LinkId(3), LinkId(3)), Some(vec![LinkId(3)]));
    }
}
