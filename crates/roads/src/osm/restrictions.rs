//! Turn restrictions: from which way, over which node, a car may not (or only) go into which way.

use rustc_hash::FxHashMap;

/// What a restriction goes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// A node.
    Node(i64),
    /// Ways, in order.
    Ways(Vec<i64>),
}

/// A restriction as the file states it, in the file's ids.
#[derive(Clone, Debug)]
pub(super) struct Restriction {
    /// `only_…`; otherwise `no_…`.
    pub(super) only: bool,
    pub(super) from: Vec<i64>,
    pub(super) via: Via,
    pub(super) to: Vec<i64>,
}

/// Restrictions, ready to be asked.
#[derive(Debug, Default)]
pub(super) struct Restrictions {
    /// By way and node.
    at_nodes: FxHashMap<(i64, u32), Rule>,
    /// Over ways, by the way they come from.
    over_ways: FxHashMap<i64, Vec<OverWays>>,
}

#[derive(Debug, Default)]
struct Rule {
    no: Vec<i64>,
    only: Vec<i64>,
}

/// A restriction over one or more ways.
#[derive(Debug)]
struct OverWays {
    only: bool,
    via: Vec<i64>,
    to: Vec<i64>,
    /// It has been seen to lie inside one junction, where it is applied.
    applied: std::cell::Cell<bool>,
}

impl Restrictions {
    /// Prepares restrictions; `node_ids` is sorted, and a node's index is its place in it.
    pub(super) fn new(restrictions: &[Restriction], node_ids: &[i64]) -> Self {
        let mut ready = Self::default();
        for restriction in restrictions {
            for &from in &restriction.from {
                match &restriction.via {
                    Via::Node(node) => {
                        let Ok(node) = node_ids.binary_search(node) else {
                            continue;
                        };
                        let rule = ready.at_nodes.entry((from, node as u32)).or_default();
                        let list = if restriction.only {
                            &mut rule.only
                        } else {
                            &mut rule.no
                        };
                        list.extend(&restriction.to);
                    }
                    Via::Ways(ways) if !ways.is_empty() => {
                        ready.over_ways.entry(from).or_default().push(OverWays {
                            only: restriction.only,
                            via: ways.clone(),
                            to: restriction.to.clone(),
                            applied: std::cell::Cell::new(false),
                        });
                    }
                    Via::Ways(_) => {}
                }
            }
        }
        ready
    }

    /// Whether one may go from a way over a node into a way.
    pub(super) fn allow(&self, from: i64, node: u32, to: i64) -> bool {
        self.at_nodes.get(&(from, node)).is_none_or(|rule| {
            !rule.no.contains(&to) && (rule.only.is_empty() || rule.only.contains(&to))
        })
    }

    /// Whether one may pass these ways one after another (the ways inside a junction, with the
    /// one before and the one after).
    pub(super) fn allow_path(&self, ways: &[i64]) -> bool {
        let mut allowed = true;
        for (at, from) in ways.iter().enumerate() {
            for rule in self.over_ways.get(from).into_iter().flatten() {
                let after = &ways[at + 1..];
                let over = after.len() > rule.via.len() && after.starts_with(&rule.via);
                if over {
                    rule.applied.set(true);
                    let there = rule.to.contains(&after[rule.via.len()]);
                    allowed &= there == rule.only;
                }
            }
        }
        allowed
    }

    /// How many restrictions over ways were never met inside one junction, and so not applied.
    pub(super) fn not_applied(&self) -> usize {
        let rules = self.over_ways.values().flatten();
        rules.filter(|rule| !rule.applied.get()).count()
    }

    /// How many there are over nodes.
    pub(super) fn at_nodes(&self) -> usize {
        self.at_nodes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restriction(only: bool, via: Via) -> Restrictions {
        let restriction = Restriction {
            only,
            from: vec![1],
            via,
            to: vec![2],
        };
        Restrictions::new(&[restriction], &[10, 20])
    }

    #[test]
    fn no_and_only_over_a_node() {
        let no = restriction(false, Via::Node(20));
        assert!(!no.allow(1, 1, 2));
        assert!(no.allow(1, 1, 3));
        assert!(no.allow(1, 0, 2), "another node");
        let only = restriction(true, Via::Node(20));
        assert!(only.allow(1, 1, 2));
        assert!(!only.allow(1, 1, 3));
    }

    #[test]
    fn over_ways() {
        let no = restriction(false, Via::Ways(vec![7, 8]));
        assert_eq!(no.not_applied(), 1);
        assert!(!no.allow_path(&[1, 7, 8, 2]));
        assert_eq!(no.not_applied(), 0);
        assert!(no.allow_path(&[1, 7, 8, 3]));
        assert!(no.allow_path(&[1, 2]));
        let only = restriction(true, Via::Ways(vec![7]));
        assert!(only.allow_path(&[1, 7, 2]));
        assert!(!only.allow_path(&[1, 7, 3]));
        assert!(only.allow_path(&[1, 9]));
    }
}
