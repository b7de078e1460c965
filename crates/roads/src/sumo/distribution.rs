//! Deals members of a distribution out in proportion to their weights, without chance: the same
//! file gives the same demand.

/// A distribution that is dealt from.
#[derive(Clone, Debug)]
pub(super) struct Distribution<T> {
    members: Vec<(T, f64)>,
    dealt: Vec<u32>,
}

impl<T> Distribution<T> {
    /// From members with weights; `None` when no weight is greater than zero.
    pub(super) fn new(members: Vec<(T, f64)>) -> Option<Self> {
        members
            .iter()
            .any(|(_, weight)| *weight > 0.0)
            .then(|| Self {
                dealt: vec![0; members.len()],
                members,
            })
    }

    /// The next member: the one that has had least of its share (Sainte-Laguë's rule).
    pub(super) fn deal(&mut self) -> Option<&T> {
        let share = |(index, (_, weight)): (usize, &(T, f64))| {
            let dealt = f64::from(self.dealt.get(index).copied().unwrap_or(0));
            (*weight > 0.0).then(|| (index, (dealt + 0.5) / weight))
        };
        let (index, _) = self
            .members
            .iter()
            .enumerate()
            .filter_map(share)
            .min_by(|one, two| one.1.total_cmp(&two.1))?;
        if let Some(dealt) = self.dealt.get_mut(index) {
            *dealt = dealt.saturating_add(1);
        }
        self.members.get(index).map(|(member, _)| member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_dealt_in_proportion() {
        let mut distribution =
            Distribution::new(vec![('a', 0.7), ('b', 0.2), ('c', 0.1), ('d', 0.0)]).unwrap();
        let dealt: String = (0..20)
            .filter_map(|_| distribution.deal().copied())
            .collect();
        let count = |c| dealt.chars().filter(|&d| d == c).count();
        assert_eq!((count('a'), count('b'), count('c')), (14, 4, 2));
        assert!(Distribution::new(vec![('a', 0.0)]).is_none());
    }
}
