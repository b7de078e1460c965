//! The street graph as it is in the file: pieces of ways between the nodes that they share, and
//! which of them cars can both reach and leave.

use super::components::Graph;
use super::extract::{Extract, Way};
use super::restrictions::Restrictions;
use super::tags::Road;
use super::{Connectivity, Options, Report};
use crate::geometry::Point;
use crate::model::RoadClass;

/// A piece of a way between two nodes of the graph.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Index of the way.
    pub(super) way: u32,
    /// First and last node, as places in the way's list.
    pub(super) span: (u32, u32),
    /// First and last node.
    pub(super) ends: [u32; 2],
    /// Metres.
    pub(super) length: f64,
    /// Whether cars go along it in the direction of the way, and against it.
    pub(super) open: [bool; 2],
}

/// A piece in one direction: twice the piece's index, plus one against the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Run(pub(super) u32);

impl Run {
    pub(super) const fn new(piece: usize, against: bool) -> Self {
        Self((piece as u32) << 1 | against as u32)
    }

    pub(super) const fn piece(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(super) const fn against(self) -> bool {
        self.0 & 1 == 1
    }

    pub(super) const fn reversed(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// The street graph.
#[derive(Debug)]
pub(super) struct Streets<'a> {
    pub(super) extract: &'a Extract,
    pub(super) restrictions: Restrictions,
    pub(super) pieces: Vec<Piece>,
    /// Runs that leave each node (open or not), grouped by node.
    leaving: Vec<Run>,
    leaving_start: Vec<u32>,
}

impl<'a> Streets<'a> {
    /// Cuts the ways where they meet.
    pub(super) fn new(extract: &'a Extract) -> Self {
        let mut uses = vec![0_u32; extract.points.len()];
        for way in &extract.ways {
            let last = way.nodes.len() - 1;
            for (at, node) in way.nodes.iter().enumerate() {
                // The ends of ways count double: they always are nodes of the graph.
                uses[*node as usize] += if at == 0 || at == last { 2 } else { 1 };
            }
        }
        let mut pieces = Vec::new();
        for (index, way) in extract.ways.iter().enumerate() {
            let road = &extract.roads[way.road as usize];
            let open = [road.forward.is_some(), road.backward.is_some()];
            let mut start = 0;
            let mut length = 0.0;
            for at in 1..way.nodes.len() {
                let (one, two) = (way.nodes[at - 1], way.nodes[at]);
                length += extract.points[one as usize].distance(extract.points[two as usize]);
                if uses[two as usize] > 1 {
                    pieces.push(Piece {
                        way: index as u32,
                        span: (start as u32, at as u32),
                        ends: [way.nodes[start], two],
                        length,
                        open,
                    });
                    start = at;
                    length = 0.0;
                }
            }
        }
        let mut streets = Self {
            extract,
            restrictions: Restrictions::new(&extract.restrictions, &extract.node_ids),
            pieces,
            leaving: Vec::new(),
            leaving_start: Vec::new(),
        };
        streets.index();
        streets
    }

    fn index(&mut self) {
        let mut runs: Vec<(u32, Run)> = Vec::with_capacity(self.pieces.len() * 2);
        for (index, piece) in self.pieces.iter().enumerate() {
            runs.push((piece.ends[0], Run::new(index, false)));
            runs.push((piece.ends[1], Run::new(index, true)));
        }
        runs.sort_unstable();
        self.leaving_start = vec![0; self.extract.points.len() + 1];
        for (node, _) in &runs {
            self.leaving_start[*node as usize + 1] += 1;
        }
        for node in 1..self.leaving_start.len() {
            self.leaving_start[node] += self.leaving_start[node - 1];
        }
        self.leaving = runs.into_iter().map(|(_, run)| run).collect();
    }

    /// The node where a run starts.
    pub(super) fn start(&self, run: Run) -> u32 {
        self.pieces[run.piece()].ends[usize::from(run.against())]
    }

    /// The node where a run ends.
    pub(super) fn end(&self, run: Run) -> u32 {
        self.start(run.reversed())
    }

    /// Whether cars go along it.
    pub(super) fn is_open(&self, run: Run) -> bool {
        self.pieces[run.piece()].open[usize::from(run.against())]
    }

    /// Its way.
    pub(super) fn way(&self, run: Run) -> &'a Way {
        &self.extract.ways[self.pieces[run.piece()].way as usize]
    }

    /// Its road.
    pub(super) fn road(&self, run: Run) -> &'a Road {
        &self.extract.roads[self.way(run).road as usize]
    }

    /// Its nodes in the direction of travel.
    pub(super) fn nodes(&self, run: Run) -> impl Iterator<Item = u32> + 'a {
        let (from, to) = self.pieces[run.piece()].span;
        let nodes = &self.way(run).nodes[from as usize..=to as usize];
        let against = run.against();
        (0..nodes.len()).map(move |at| nodes[if against { nodes.len() - 1 - at } else { at }])
    }

    /// Where a node is.
    pub(super) fn point(&self, node: u32) -> Point {
        self.extract.points[node as usize]
    }

    /// Runs from a node over pieces on which cars go in at least one direction.
    pub(super) fn around(&self, node: u32) -> impl Iterator<Item = Run> + '_ {
        let node = node as usize;
        let range = self.leaving_start[node] as usize..self.leaving_start[node + 1] as usize;
        self.leaving[range]
            .iter()
            .copied()
            .filter(|run| self.pieces[run.piece()].open != [false, false])
    }

    /// Runs from a node on which cars go.
    pub(super) fn exits(&self, node: u32) -> impl Iterator<Item = Run> + '_ {
        self.around(node).filter(|&run| self.is_open(run))
    }

    /// Whether the restrictions let a car go from one run into the next.
    pub(super) fn allows(&self, from: Run, to: Run) -> bool {
        let restrictions = &self.restrictions;
        restrictions.allow(self.way(from).id, self.end(from), self.way(to).id)
    }

    /// Closes all runs that are not strongly connected with the greater part.
    ///
    /// First as if one could turn back anywhere, which takes away the one-way streets that lead
    /// out of the map; then with turning back at dead ends only.
    pub(super) fn keep_connected(&mut self, options: &Options, report: &mut Report) {
        let length = self.open_length();
        if options.connectivity != Connectivity::Everything {
            self.keep_heaviest(options, true);
            self.keep_heaviest(options, false);
        }
        report.disconnected_length = length - self.open_length();
    }

    fn open_length(&self) -> f64 {
        let runs = |piece: &Piece| piece.open.iter().filter(|&&open| open).count() as f64;
        self.pieces
            .iter()
            .map(|piece| piece.length * runs(piece))
            .sum()
    }

    fn keep_heaviest(&mut self, options: &Options, turn_back: bool) {
        let count = 2 * self.pieces.len();
        let outside = count as u32;
        let gates = options.connectivity == Connectivity::ThroughGates;
        let mut graph = Graph::new();
        let mut entries = Vec::new();
        for run in (0..count as u32).map(Run) {
            if !self.is_open(run) {
                graph.push([]);
                continue;
            }
            let node = self.end(run);
            let dead_end = self.around(node).count() == 1;
            let mut next: Vec<u32> = self
                .exits(node)
                .filter(|&exit| {
                    let back = exit == run.reversed();
                    (back && (turn_back || dead_end)) || (!back && self.allows(run, exit))
                })
                .map(|exit| exit.0)
                .collect();
            if gates && self.is_gate(run) {
                next.push(outside);
            }
            if gates && self.is_gate(run.reversed()) {
                entries.push(run.0);
            }
            graph.push(next);
        }
        graph.push(entries);
        let kept =
            graph.heaviest(|run| self.pieces.get(run >> 1).map_or(0.0, |piece| piece.length));
        for (index, piece) in self.pieces.iter_mut().enumerate() {
            piece.open[0] &= kept[2 * index];
            piece.open[1] &= kept[2 * index + 1];
        }
    }

    /// Whether a run ends where a one-way road of some importance leaves the map.
    fn is_gate(&self, run: Run) -> bool {
        let piece = &self.pieces[run.piece()];
        piece.open[0] != piece.open[1]
            && self.road(run).class <= RoadClass::TertiaryLink
            && self.around(self.end(run)).count() == 1
    }
}
