//! The drawn city before it becomes a network: nodes and one-way edges with their lines.

use super::spec::Standard;
use crate::geometry::Point;
use crate::model::RoadClass;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// A street leaves the city.
    Gate,
    /// Streets, or a street and ramps, meet.
    Junction,
    /// A ramp leaves the ring.
    Diverge,
    /// A ramp joins the ring.
    Merge,
}

/// A place where edges meet.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) point: Point,
    pub(super) kind: NodeKind,
}

/// One direction of a road between two nodes.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) id: String,
    pub(super) name: String,
    /// The road it is part of: streets by their number, the ring and each ramp by one of its own.
    pub(super) road: usize,
    /// Drawn in the direction of its road's line.
    pub(super) forward: bool,
    pub(super) from: usize,
    pub(super) to: usize,
    /// Reference line; lanes lie to its right.
    pub(super) line: Vec<Point>,
    pub(super) standard: Standard,
    pub(super) class: RoadClass,
    pub(super) elevated: bool,
}

/// All nodes and edges.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

impl Plan {
    pub(super) fn node(&mut self, id: String, point: Point, kind: NodeKind) -> usize {
        self.nodes.push(Node { id, point, kind });
        self.nodes.len() - 1
    }
}
