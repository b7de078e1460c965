//! Fastest ways by constant costs, at once: contraction hierarchies over links and turns.

use std::sync::Arc as Shared;

use fast_paths::{FastGraph, InputGraph, PathCalculator};

use super::cost::{Costs, Milliseconds, TurnPenalties};
use super::dissection;
use super::graph::LinkGraph;
use crate::model::{LinkId, Network};

/// A way through the network and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Links in the order of travel, both ends included.
    pub links: Vec<LinkId>,
    /// Time from the end of the first link to the end of the last.
    pub cost: Milliseconds,
}

/// Finds fastest ways by constant costs. Building takes a while; a query takes microseconds to a
/// millisecond, and its cost is exactly that of Dijkstra's algorithm.
pub struct Router {
    graph: Shared<LinkGraph>,
    hierarchy: Option<Shared<FastGraph>>,
    calculator: PathCalculator,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Router")
            .field("links", &self.graph.link_count())
            .finish_non_exhaustive()
    }
}

impl Clone for Router {
    /// Shares the hierarchy; the copy has working memory of its own.
    fn clone(&self) -> Self {
        Self {
            graph: Shared::clone(&self.graph),
            hierarchy: self.hierarchy.clone(),
            calculator: calculator(self.hierarchy.as_deref()),
        }
    }
}

fn calculator(hierarchy: Option<&FastGraph>) -> PathCalculator {
    PathCalculator::new(hierarchy.map_or(0, FastGraph::get_num_nodes))
}

impl Router {
    /// Prepares for the empty road.
    pub fn new(network: &Network, penalties: &TurnPenalties) -> Self {
        let graph = Shared::new(LinkGraph::new(network));
        Self::with_costs(network, graph, &Costs::free_flow(network, penalties))
    }

    /// Prepares for any costs.
    ///
    /// # Panics
    /// When `graph` or `costs` are those of another network.
    pub fn with_costs(network: &Network, graph: Shared<LinkGraph>, costs: &Costs) -> Self {
        assert_eq!(
            graph.link_count(),
            costs.links.len(),
            "costs of this network"
        );
        let mut input = InputGraph::new();
        let mut arcs = 0_usize;
        for link in (0..graph.link_count()).map(LinkId::from) {
            // A link that leads back into itself is never on a fastest way.
            for arc in graph.from(link).iter().filter(|arc| arc.link != link) {
                let cost = costs.turns[arc.turn.index()] + costs.links[arc.link.index()];
                input.add_edge(link.index(), arc.link.index(), cost as usize);
                arcs += 1;
            }
        }
        input.freeze();
        // Links at the end of the list without turns are none of the input's nodes.
        let mut order = dissection::order(network);
        order.retain(|&link| link < input.get_num_nodes());
        let hierarchy = (arcs > 0).then(|| {
            fast_paths::prepare_with_order(&input, &order)
                .map(Shared::new)
                .expect("the order has each node of the input once")
        });
        Self {
            graph,
            calculator: calculator(hierarchy.as_deref()),
            hierarchy,
        }
    }

    /// The graph it searches on.
    pub const fn graph(&self) -> &Shared<LinkGraph> {
        &self.graph
    }

    /// The fastest way between two links; `None` when there is none or no such link.
    pub fn path(&mut self, from: LinkId, to: LinkId) -> Option<Route> {
        if !self.graph.contains(from) || !self.graph.contains(to) {
            return None;
        }
        if from == to {
            return Some(Route {
                links: vec![from],
                cost: 0,
            });
        }
        let hierarchy = self.hierarchy.as_deref()?;
        // Links at the end of the list that have no turns are not in the hierarchy.
        if from.index().max(to.index()) >= hierarchy.get_num_nodes() {
            return None;
        }
        let path = self
            .calculator
            .calc_path(hierarchy, from.index(), to.index())?;
        Some(Route {
            links: path
                .get_nodes()
                .iter()
                .map(|&node| LinkId::from(node))
                .collect(),
            cost: path.get_weight() as Milliseconds,
        })
    }
}
