//! What a search needs besides its graph, kept from one search to the next so that a search
//! allocates nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// No node.
const NONE: u32 = u32::MAX;

/// Labels and queue of a label-setting search. Keys are costs as ordered whole numbers; equal
/// keys leave the queue in the order of their nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    /// Per node: the search that last reached it, the best cost so far, where from.
    labels: Vec<Label>,
    search: u32,
    queue: BinaryHeap<Reverse<(u64, u32)>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Label {
    search: u32,
    parent: u32,
    cost: u64,
}

impl Workspace {
    /// Forgets the last search; there are `nodes` nodes.
    pub(crate) fn begin(&mut self, nodes: usize) {
        self.queue.clear();
        if self.labels.len() != nodes || self.search == u32::MAX {
            self.labels.clear();
            self.labels.resize(nodes, Label::default());
            self.search = 0;
        }
        self.search += 1;
    }

    /// The best cost of a node so far.
    #[inline]
    pub(crate) fn cost(&self, node: u32) -> Option<u64> {
        let label = self.labels.get(node as usize)?;
        (label.search == self.search).then_some(label.cost)
    }

    /// Offers a node a cost; the queue is ordered by `key`. Only a lower cost is taken.
    #[inline]
    pub(crate) fn offer(&mut self, node: u32, cost: u64, key: u64, parent: Option<u32>) -> bool {
        if self.cost(node).is_some_and(|known| known <= cost) {
            return false;
        }
        self.labels[node as usize] = Label {
            search: self.search,
            parent: parent.unwrap_or(NONE),
            cost,
        };
        self.queue.push(Reverse((key, node)));
        true
    }

    /// The node with the lowest key, and that key.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<(u64, u32)> {
        self.queue.pop().map(|Reverse(entry)| entry)
    }

    /// The nodes from the start of the search to `node`, without the start, appended to `way`.
    pub(crate) fn trace<T>(&self, node: u32, way: &mut Vec<T>, make: impl Fn(u32) -> T) {
        let begin = way.len();
        let mut here = node;
        loop {
            let parent = self.labels[here as usize].parent;
            if parent == NONE {
                break;
            }
            way.push(make(here));
            here = parent;
        }
        way[begin..].reverse();
    }
}
