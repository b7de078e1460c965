//! What leads where: lanes that end, links that cannot be reached or left.

use crate::model::{LaneId, LinkId, Network};

use super::Faults;

/// The links a vehicle can go on to from each link, and which links lie on a common circle.
#[derive(Debug)]
pub(crate) struct Graph {
    /// By link: links its turns lead to (those that have movements).
    pub(crate) next: Vec<Vec<LinkId>>,
    /// By link: the strongly connected component it belongs to.
    pub(crate) component: Vec<u32>,
}

impl Graph {
    /// The graph of a network's turns.
    pub(crate) fn new(network: &Network) -> Self {
        let mut next = vec![Vec::new(); network.links.len()];
        for turn in &network.turns {
            if !turn.movements.is_empty() {
                next[turn.from.index()].push(turn.to);
            }
        }
        let component = components(&next);
        Self { next, component }
    }

    /// By link: whether it can be reached from one of `starts` (which count as reached).
    pub(crate) fn reached_from(&self, starts: impl Iterator<Item = LinkId>) -> Vec<bool> {
        flood(&self.next, starts)
    }

    /// The number of the largest component.
    fn largest(&self) -> Option<u32> {
        let mut sizes = vec![0_u32; self.component.len()];
        for &component in &self.component {
            sizes[component as usize] += 1;
        }
        (0..sizes.len() as u32).max_by_key(|&component| sizes[component as usize])
    }
}

fn flood(next: &[Vec<LinkId>], starts: impl Iterator<Item = LinkId>) -> Vec<bool> {
    let mut reached = vec![false; next.len()];
    let mut open: Vec<LinkId> = Vec::new();
    for link in starts {
        if !std::mem::replace(&mut reached[link.index()], true) {
            open.push(link);
        }
    }
    while let Some(link) = open.pop() {
        for &link in &next[link.index()] {
            if !std::mem::replace(&mut reached[link.index()], true) {
                open.push(link);
            }
        }
    }
    reached
}

/// Strongly connected components by Tarjan's algorithm, without recursion.
pub(super) fn components(next: &[Vec<LinkId>]) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let mut order = vec![NONE; next.len()];
    let mut low = vec![0_u32; next.len()];
    let mut component = vec![NONE; next.len()];
    let (mut count, mut found) = (0, 0);
    let mut path = Vec::new(); // links whose component is not known yet
    let mut calls: Vec<(usize, usize)> = Vec::new(); // link, next of its successors
    for root in 0..next.len() {
        if order[root] != NONE {
            continue;
        }
        calls.push((root, 0));
        while let Some((link, successor)) = calls.pop() {
            if successor == 0 {
                order[link] = count;
                low[link] = count;
                count += 1;
                path.push(link);
            } else {
                let child = next[link][successor - 1].index();
                if component[child] == NONE {
                    low[link] = low[link].min(low[child]);
                }
            }
            if let Some(child) = next[link].get(successor) {
                calls.push((link, successor + 1));
                let child = child.index();
                if order[child] == NONE {
                    calls.push((child, 0));
                } else if component[child] == NONE {
                    low[link] = low[link].min(order[child]);
                }
            } else if low[link] == order[link] {
                while let Some(member) = path.pop() {
                    component[member] = found;
                    if member == link {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    component
}

pub(super) fn check(network: &Network, graph: &Graph, faults: &mut Faults) {
    dead_ends(network, graph, faults);
    unreachable(network, graph, faults);
}

fn dead_ends(network: &Network, graph: &Graph, faults: &mut Faults) {
    for turn in &network.turns {
        if turn.movements.is_empty() {
            let name = format!(
                "{} → {}",
                network.links[turn.from.index()].id,
                network.links[turn.to.index()].id
            );
            let message = "has no movement from a lane to a lane";
            faults.error("turn", name, message, "add lane links or remove it");
        }
    }
    for (index, link) in network.links.iter().enumerate() {
        let end = &network.junctions[link.to.index()];
        if end.boundary {
            continue;
        }
        if graph.next[index].is_empty() {
            let message = format!("leads nowhere: no turn leaves it at junction {:?}", end.id);
            let remedy = "add a turn, or make the junction a boundary";
            faults.error("link", &link.id, message, remedy);
            continue;
        }
        for lane in link.lanes.range() {
            if network.lanes[lane].outgoing.is_empty() {
                let message = format!(
                    "is left dangling: nothing leads on from it at junction {:?}",
                    end.id
                );
                let remedy = "add a movement from it or remove the lane";
                let name = network.lane_name(LaneId::from(lane));
                faults.warning("lane", name, message, remedy);
            }
        }
    }
}

fn unreachable(network: &Network, graph: &Graph, faults: &mut Faults) {
    let links = || network.links.iter().enumerate();
    let boundary =
        |junction: crate::model::JunctionId| network.junctions[junction.index()].boundary;
    let entries: Vec<LinkId> = links()
        .filter(|(_, link)| boundary(link.from))
        .map(|(index, _)| LinkId::from(index))
        .collect();
    let exits: Vec<LinkId> = links()
        .filter(|(_, link)| boundary(link.to))
        .map(|(index, _)| LinkId::from(index))
        .collect();
    let largest = graph.largest();
    let in_largest = || {
        links()
            .filter(|(index, _)| Some(graph.component[*index]) == largest)
            .map(|(index, _)| LinkId::from(index))
    };
    let reached = if entries.is_empty() {
        graph.reached_from(in_largest())
    } else {
        graph.reached_from(entries.iter().copied())
    };
    let mut back = vec![Vec::new(); network.links.len()];
    for (from, next) in graph.next.iter().enumerate() {
        for to in next {
            back[to.index()].push(LinkId::from(from));
        }
    }
    let left = if exits.is_empty() {
        flood(&back, in_largest())
    } else {
        flood(&back, exits.iter().copied())
    };
    for (index, link) in links() {
        if !reached[index] {
            let message = if entries.is_empty() {
                "cannot be reached from most of the network"
            } else {
                "cannot be reached from any boundary of the network"
            };
            let remedy = "join it to the network by turns or remove it";
            faults.warning("link", &link.id, message, remedy);
        } else if !left[index] && !graph.next[index].is_empty() {
            let message = if exits.is_empty() {
                "has no way back to most of the network"
            } else {
                "has no way out of the network"
            };
            let remedy = "add turns that lead on, or a boundary";
            faults.warning("link", &link.id, message, remedy);
        }
    }
}
