//! Strongly connected parts of a directed graph: places from which one can get to one another.

/// A directed graph: the successors of each element, stored one after another.
#[derive(Debug, Default)]
pub(super) struct Graph {
    start: Vec<u32>,
    successors: Vec<u32>,
}

impl Graph {
    /// Starts a graph without elements.
    pub(super) fn new() -> Self {
        Self {
            start: vec![0],
            successors: Vec::new(),
        }
    }

    /// Adds the next element with its successors.
    pub(super) fn push(&mut self, successors: impl IntoIterator<Item = u32>) {
        self.successors.extend(successors);
        self.start.push(self.successors.len() as u32);
    }

    fn len(&self) -> usize {
        self.start.len() - 1
    }

    fn successors(&self, element: u32) -> &[u32] {
        let element = element as usize;
        &self.successors[self.start[element] as usize..self.start[element + 1] as usize]
    }

    /// The number of its strongly connected part, for each element (Tarjan's algorithm, without
    /// recursion).
    pub(super) fn components(&self) -> Vec<u32> {
        const NEW: u32 = u32::MAX;
        let count = self.len();
        let mut order = vec![NEW; count];
        let mut low = vec![0_u32; count];
        let mut component = vec![NEW; count];
        let mut open = Vec::new();
        let mut path: Vec<(u32, usize)> = Vec::new();
        let (mut clock, mut components) = (0, 0);
        for root in 0..count as u32 {
            if order[root as usize] != NEW {
                continue;
            }
            path.push((root, 0));
            while let Some((element, next)) = path.last_mut() {
                let at = *element as usize;
                if *next == 0 {
                    order[at] = clock;
                    low[at] = clock;
                    clock += 1;
                    open.push(*element);
                }
                if let Some(&successor) = self.successors(*element).get(*next) {
                    *next += 1;
                    let to = successor as usize;
                    if order[to] == NEW {
                        path.push((successor, 0));
                    } else if component[to] == NEW {
                        low[at] = low[at].min(order[to]);
                    }
                    // An element without successors is left at once; others come back here.
                    continue;
                }
                path.pop();
                if low[at] == order[at] {
                    while let Some(member) = open.pop() {
                        component[member as usize] = components;
                        if member as usize == at {
                            break;
                        }
                    }
                    components += 1;
                }
                if let Some((parent, _)) = path.last() {
                    let parent = *parent as usize;
                    low[parent] = low[parent].min(low[at]);
                }
            }
        }
        component
    }

    /// Whether each element is in the strongly connected part with the greatest weight.
    pub(super) fn heaviest(&self, weight: impl Fn(usize) -> f64) -> Vec<bool> {
        let component = self.components();
        let mut weights = vec![0.0; component.len()];
        for (element, &part) in component.iter().enumerate() {
            weights[part as usize] += weight(element);
        }
        let mut best = 0;
        for (part, &weight) in weights.iter().enumerate() {
            if weight > weights[best] {
                best = part;
            }
        }
        component
            .iter()
            .map(|&part| part as usize == best)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rings_and_a_bridge() {
        let mut graph = Graph::new();
        for successors in [vec![1], vec![2], vec![0, 3], vec![4], vec![3], vec![]] {
            graph.push(successors);
        }
        let component = graph.components();
        assert_eq!(component[0], component[1]);
        assert_eq!(component[0], component[2]);
        assert_eq!(component[3], component[4]);
        assert_ne!(component[0], component[3]);
        assert_ne!(component[5], component[3]);
        let kept = graph.heaviest(|element| if element == 4 { 9.0 } else { 1.0 });
        assert_eq!(kept, [false, false, false, true, true, false]);
    }

    #[test]
    fn a_long_way_does_not_exhaust_the_stack() {
        let mut graph = Graph::new();
        let count = 200_000;
        for element in 0..count {
            graph.push([(element + 1) % count]);
        }
        assert!(graph.components().iter().all(|&part| part == 0));
    }
}
