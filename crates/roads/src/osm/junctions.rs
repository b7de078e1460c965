//! Which nodes of the street graph are junctions, which of them are one junction together, and
//! the streets between them.
//!
//! A crossing of two dual carriageways has four nodes in the map and is one junction on the
//! ground. Nodes that a short street joins are put together; the short streets inside are
//! absorbed, and turns are later searched along them, so that one-way streets and turn
//! restrictions inside keep their meaning.

use super::extract::Facing;
use super::streets::{Run, Streets};
use super::{Options, Report};
use crate::geometry::Point;
use crate::model::RoadClass;

/// Streets shorter than this are always absorbed, metres: no car fits between the stop lines.
const TOO_SHORT: f64 = 6.0;
/// A roundabout whose ring is shorter than this is one junction, metres.
const MINI_ROUNDABOUT: f64 = 75.0;
/// A signal stands for the junction ahead of it if that is no farther than this, metres.
const SIGNAL_DISTANCE: f64 = 45.0;
/// A give-way or stop sign likewise.
const SIGN_DISTANCE: f64 = 30.0;
/// Most streets that may meet at one junction.
const ARMS_MAX: usize = 14;

/// A street between two junctions: pieces, one after another.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// In order, all in the same sense.
    pub(super) runs: Vec<Run>,
    /// First and last node.
    pub(super) ends: [u32; 2],
    /// The places of its ends in [`Junctions::groups`].
    pub(super) groups: [u32; 2],
    /// Metres.
    pub(super) length: f64,
    /// It lies inside a junction.
    pub(super) inside: bool,
    /// A sign before its end says to give way: travelling along, and against.
    pub(super) yields: [bool; 2],
}

/// Nodes that are one junction.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Members, the lowest index first.
    pub(super) nodes: Vec<u32>,
    /// Mean of the members.
    pub(super) centre: Point,
    /// Traffic signals stand here.
    pub(super) signal: bool,
    /// A single street ends here.
    pub(super) dead_end: bool,
}

/// The junctions and the streets between them.
#[derive(Debug, Default)]
pub(super) struct Junctions {
    pub(super) groups: Vec<Group>,
    pub(super) chains: Vec<Chain>,
}

/// Finds junctions and streets.
pub(super) fn find(streets: &Streets<'_>, options: &Options, report: &mut Report) -> Junctions {
    let mut chains = chains(streets);
    let nodes = streets.extract.points.len();
    let mut signals = vec![false; nodes];
    for chain in &mut chains {
        place_furniture(streets, chain, &mut signals, report);
    }
    let mut sets = Sets::new(nodes);
    unite(streets, &mut chains, &signals, options, &mut sets);
    gather(streets, chains, &signals, &mut sets, report)
}

/// Whether a street merely goes on at a node: two pieces that continue one another.
fn passes(streets: &Streets<'_>, node: u32) -> bool {
    let mut around = streets.around(node);
    let (Some(one), Some(two), None) = (around.next(), around.next(), around.next()) else {
        return false;
    };
    one.piece() != two.piece()
        && streets.is_open(one) == streets.is_open(two.reversed())
        && streets.is_open(two) == streets.is_open(one.reversed())
        && streets.road(one).roundabout == streets.road(two).roundabout
}

fn chains(streets: &Streets<'_>) -> Vec<Chain> {
    let mut used = vec![false; streets.pieces.len()];
    let mut chains = Vec::new();
    // First from real junctions and dead ends; then what is left are rings.
    for rings in [false, true] {
        for index in 0..streets.pieces.len() {
            for against in [false, true] {
                let first = Run::new(index, against);
                let start = streets.start(first);
                let open = streets.pieces[index].open != [false, false];
                if used[index] || !open || (!rings && passes(streets, start)) {
                    continue;
                }
                let mut runs = vec![first];
                used[index] = true;
                let mut last = first;
                while passes(streets, streets.end(last)) && streets.end(last) != start {
                    let onward = |run: &Run| run.piece() != last.piece();
                    let Some(next) = streets.around(streets.end(last)).find(onward) else {
                        break;
                    };
                    if std::mem::replace(&mut used[next.piece()], true) {
                        break;
                    }
                    runs.push(next);
                    last = next;
                }
                let length = runs
                    .iter()
                    .map(|run| streets.pieces[run.piece()].length)
                    .sum();
                chains.push(Chain {
                    ends: [start, streets.end(last)],
                    runs,
                    groups: [0, 0],
                    length,
                    inside: false,
                    yields: [false, false],
                });
            }
        }
    }
    chains
}

/// Gives the signals and signs along a street to the junctions they stand for.
fn place_furniture(
    streets: &Streets<'_>,
    chain: &mut Chain,
    signals: &mut [bool],
    report: &mut Report,
) {
    let furniture = &streets.extract.furniture;
    let mut along = 0.0;
    let mut before: Option<Point> = None;
    for (index, &run) in chain.runs.iter().enumerate() {
        let open = [streets.is_open(run), streets.is_open(run.reversed())];
        for (at, node) in streets.nodes(run).enumerate() {
            let point = streets.point(node);
            along += before.map_or(0.0, |before| before.distance(point));
            before = Some(point);
            let Some(found) = furniture.get(&node) else {
                continue;
            };
            let end = (node == chain.ends[0] && index == 0 && at == 0)
                || (node == chain.ends[1] && chain.length - along < 1e-6);
            if end {
                signals[node as usize] |= found.signal.is_some();
                continue;
            }
            if at == 0 {
                continue; // seen as the last node of the run before
            }
            // Distance to the junction ahead, travelling along and against the chain.
            let ahead = [chain.length - along, along];
            let facing = |facing: Facing| match facing {
                Facing::Unsaid if open == [true, true] => usize::from(ahead[1] < ahead[0]),
                Facing::Unsaid => usize::from(!open[0]),
                Facing::Forward => usize::from(run.against()),
                Facing::Backward => usize::from(!run.against()),
            };
            if let Some(signal) = found.signal {
                let side = facing(signal);
                if ahead[side] <= SIGNAL_DISTANCE && open[side] {
                    signals[chain.ends[1 - side] as usize] = true;
                } else {
                    report.signals_without_junction += 1;
                }
            }
            if let Some(sign) = found.yields {
                let side = facing(sign);
                if ahead[side] <= SIGN_DISTANCE {
                    chain.yields[side] = true;
                }
            }
        }
    }
}

/// Sets of nodes that grow together, with the box around each and the streets that meet there.
struct Sets {
    parent: Vec<u32>,
    boxes: Vec<(Point, Point)>,
    arms: Vec<usize>,
}

impl Sets {
    fn new(count: usize) -> Self {
        Self {
            parent: (0..count as u32).collect(),
            boxes: Vec::new(),
            arms: vec![0; count],
        }
    }

    fn root(&mut self, mut node: u32) -> u32 {
        while self.parent[node as usize] != node {
            let grandparent = self.parent[self.parent[node as usize] as usize];
            self.parent[node as usize] = grandparent;
            node = grandparent;
        }
        node
    }

    /// Unites two sets over a street between them if the result is not too large.
    fn unite(&mut self, one: u32, two: u32, diagonal_max: f64) -> bool {
        let (a, b) = (self.root(one), self.root(two));
        if a == b {
            return true;
        }
        let (low, high) = (a.min(b), a.max(b));
        let ((p, q), (r, s)) = (self.boxes[a as usize], self.boxes[b as usize]);
        let corners = (
            Point::new(p.x.min(r.x), p.y.min(r.y)),
            Point::new(q.x.max(s.x), q.y.max(s.y)),
        );
        let arms = (self.arms[a as usize] + self.arms[b as usize]).saturating_sub(2);
        if corners.0.distance(corners.1) > diagonal_max || arms > ARMS_MAX {
            return false;
        }
        self.parent[high as usize] = low;
        self.boxes[low as usize] = corners;
        self.arms[low as usize] = arms;
        true
    }
}

fn unite(
    streets: &Streets<'_>,
    chains: &mut [Chain],
    signals: &[bool],
    options: &Options,
    sets: &mut Sets,
) {
    sets.boxes = streets
        .extract
        .points
        .iter()
        .map(|&point| (point, point))
        .collect();
    for chain in chains.iter() {
        sets.arms[chain.ends[0] as usize] += 1;
        sets.arms[chain.ends[1] as usize] += 1;
    }
    let radius = options.junction_radius;
    // The rings of small roundabouts.
    let mut rings = Sets::new(streets.extract.points.len());
    rings.boxes.clone_from(&sets.boxes);
    let is_ring = |chain: &Chain| streets.road(chain.runs[0]).roundabout;
    for chain in chains.iter().filter(|chain| is_ring(chain)) {
        rings.unite(chain.ends[0], chain.ends[1], f64::INFINITY);
    }
    let mut perimeter = vec![0.0; streets.extract.points.len()];
    for chain in chains.iter().filter(|chain| is_ring(chain)) {
        perimeter[rings.root(chain.ends[0]) as usize] += chain.length;
    }

    let mut order: Vec<usize> = (0..chains.len()).collect();
    order.sort_by(|&a, &b| {
        chains[a]
            .length
            .total_cmp(&chains[b].length)
            .then(a.cmp(&b))
    });
    for index in order {
        let chain = &chains[index];
        let [one, two] = chain.ends;
        let dead_end = |node: u32| streets.around(node).count() == 1;
        if one == two || dead_end(one) || dead_end(two) {
            continue;
        }
        let class = streets.road(chain.runs[0]).class;
        let reach = if chain.length <= TOO_SHORT {
            TOO_SHORT
        } else if is_ring(chain) {
            let mini = perimeter[rings.root(one) as usize] < MINI_ROUNDABOUT;
            if mini && radius > 0.0 {
                f64::INFINITY
            } else {
                0.0
            }
        } else if matches!(class, RoadClass::Motorway | RoadClass::MotorwayLink) {
            0.0
        } else if signals[one as usize] && signals[two as usize] {
            2.0 * radius
        } else {
            radius
        };
        if chain.length <= reach {
            let diagonal = (4.0 * radius).max(3.0 * TOO_SHORT);
            sets.unite(one, two, diagonal);
        }
    }
    for chain in chains {
        let [one, two] = chain.ends;
        let joined = one != two && sets.root(one) == sets.root(two);
        chain.inside = joined && chain.length <= (5.0 * radius).max(2.0 * TOO_SHORT);
    }
}

fn gather(
    streets: &Streets<'_>,
    mut chains: Vec<Chain>,
    signals: &[bool],
    sets: &mut Sets,
    report: &mut Report,
) -> Junctions {
    let mut nodes: Vec<u32> = chains.iter().flat_map(|chain| chain.ends).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of = vec![u32::MAX; streets.extract.points.len()];
    for &node in &nodes {
        let root = sets.root(node) as usize; // the lowest member, so it is met first
        if group_of[root] == u32::MAX {
            group_of[root] = groups.len() as u32;
            groups.push(Group::default());
        }
        group_of[node as usize] = group_of[root];
        let group = &mut groups[group_of[root] as usize];
        group.nodes.push(node);
        group.signal |= signals[node as usize];
    }
    for group in &mut groups {
        let sum = group
            .nodes
            .iter()
            .fold(Point::default(), |sum, &node| sum + streets.point(node));
        group.centre = sum * (1.0 / group.nodes.len() as f64);
        if let [node] = group.nodes[..] {
            group.dead_end = streets.around(node).count() == 1;
        } else {
            report.junctions_clustered += 1;
        }
    }
    for chain in &mut chains {
        chain.groups = chain.ends.map(|node| group_of[node as usize]);
    }
    Junctions { groups, chains }
}
