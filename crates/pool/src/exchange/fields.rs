//! A set of a table's fields, as bits: which were asked for, which are granted.

/// Most fields of a dataset that a set can hold; a dataset has at most 200.
pub(crate) const FIELDS_MAX: usize = 256;

/// Positions in a table's columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldSet([u64; FIELDS_MAX / 64]);

impl FieldSet {
    /// Puts a field in. Beyond [`FIELDS_MAX`] there are none.
    pub fn insert(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Whether a field is in it.
    pub fn contains(&self, at: usize) -> bool {
        self.0
            .get(at / 64)
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Whether all of these are in `others`.
    pub fn within(&self, others: &Self) -> bool {
        self.0
            .iter()
            .zip(others.0)
            .all(|(own, other)| own & !other == 0)
    }

    /// Those of these that are not in `others`.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let mut rest = *self;
        rest.0
            .iter_mut()
            .zip(others.0)
            .for_each(|(own, other)| *own &= !other);
        rest
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Their positions, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.0;
        (0..words.len()).flat_map(move |word| {
            let mut bits = words[word];
            std::iter::from_fn(move || {
                (bits != 0).then(|| {
                    let bit = bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    word * 64 + bit
                })
            })
        })
    }
}

impl FromIterator<usize> for FieldSet {
    fn from_iter<T: IntoIterator<Item = usize>>(fields: T) -> Self {
        let mut set = Self::default();
        fields.into_iter().for_each(|at| set.insert(at));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let places = [0, 1, 63, 64, 127, 199];
        let set: FieldSet = places.into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), places);
        assert_eq!(set.len(), places.len());
        assert!(set.contains(64) && !set.contains(65) && !set.contains(5000));
        let fewer: FieldSet = [1, 199].into_iter().collect();
        assert!(fewer.within(&set) && !set.within(&fewer));
        assert_eq!(set.without(&fewer).len(), 4);
        assert!(FieldSet::default().is_empty());
    }
}
