//! Fastest ways between one link and all others at once: what demand generation, isochrones and
//! landmarks are made of.

use super::cost::{Costs, Milliseconds};
use super::graph::LinkGraph;
use super::workspace::Workspace;
use crate::model::LinkId;

/// Fastest ways from one link to all, or from all to one, after one search.
///
/// The cost of a way from link a to link b is the time from the end of a to the end of b: every
/// turn on it and every link on it but the first.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    workspace: Workspace,
    root: Option<LinkId>,
    backward: bool,
}

impl Tree {
    /// An empty tree; its memory is reused by every search.
    pub fn new() -> Self {
        Self::default()
    }

    /// Searches the ways from `from` to all links.
    pub fn grow_from(&mut self, graph: &LinkGraph, costs: &Costs, from: LinkId) {
        self.begin(graph, from, false);
        while let Some((cost, here)) = self.workspace.next() {
            if self.workspace.cost(here) != Some(cost) {
                continue;
            }
            for arc in graph.from(LinkId(here)) {
                let cost = cost + costs.turns[arc.turn.index()] + costs.links[arc.link.index()];
                self.workspace.offer(arc.link.0, cost, cost, Some(here));
            }
        }
    }

    /// Searches the ways from all links to `to`.
    pub fn grow_to(&mut self, graph: &LinkGraph, costs: &Costs, to: LinkId) {
        self.begin(graph, to, true);
        while let Some((cost, here)) = self.workspace.next() {
            if self.workspace.cost(here) != Some(cost) {
                continue;
            }
            let own = costs.links[here as usize];
            for arc in graph.into(LinkId(here)) {
                let cost = cost + costs.turns[arc.turn.index()] + own;
                self.workspace.offer(arc.link.0, cost, cost, Some(here));
            }
        }
    }

    fn begin(&mut self, graph: &LinkGraph, root: LinkId, backward: bool) {
        self.workspace.begin(graph.link_count());
        self.backward = backward;
        self.root = graph.contains(root).then_some(root);
        if graph.contains(root) {
            self.workspace.offer(root.0, 0, 0, None);
        }
    }

    /// Cost between the root and `link`; `None` when there is no way.
    pub fn cost(&self, link: LinkId) -> Option<Milliseconds> {
        self.root.and_then(|_| self.workspace.cost(link.0))
    }

    /// The links between the root and `link` in the order of travel, both included.
    pub fn path(&self, link: LinkId) -> Option<Vec<LinkId>> {
        let root = self.root?;
        self.workspace.cost(link.0)?;
        let mut way = vec![root];
        self.workspace.trace(link.0, &mut way, LinkId);
        if self.backward {
            way.reverse();
        }
        Some(way)
    }
}
