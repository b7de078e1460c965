//! Which rows of a change go to which part.

use xxhash_rust::xxh3::xxh3_64;

use super::change::Change;
use crate::codec::Columns;
use crate::error::Error;

/// The part of `count` that a subject or key is in: the same for ever.
#[inline]
pub(crate) fn part_of(bytes: &[u8], count: u32) -> u32 {
    (xxh3_64(bytes) % u64::from(count)) as u32
}

/// A locator to set or remove.
#[derive(Debug)]
pub(super) struct Location {
    pub(super) key: std::ops::Range<usize>,
    pub(super) row: u32,
}

/// What one change means for each part.
#[derive(Debug)]
pub(super) struct Parted {
    /// Rows by part of the subject, in order.
    pub(super) rows: Vec<Vec<u32>>,
    /// Positions in `moved` by part of the subject before.
    pub(super) moved: Vec<Vec<usize>>,
    /// Locators by part of the key, in order of keys.
    pub(super) locations: Vec<Vec<Location>>,
    /// The bytes that locators' keys are in.
    pub(super) keys: Vec<u8>,
}

impl Parted {
    pub(super) fn of(change: &Change, parts: u32) -> Result<Self, Error> {
        let columns = Columns::new(&change.codec, &change.batch)?;
        let lists = || (0..parts).map(|_| Vec::new()).collect::<Vec<_>>();
        let mut rows = lists();
        for row in change.rows.iter().copied() {
            let part = part_of(columns.subject(row as usize).as_bytes(), parts);
            rows[part as usize].push(row);
        }
        let mut moved = (0..parts).map(|_| Vec::new()).collect::<Vec<_>>();
        for (at, (_, before)) in change.moved.iter().enumerate() {
            moved[part_of(before.as_bytes(), parts) as usize].push(at);
        }
        let mut locations: Vec<Vec<Location>> = (0..parts).map(|_| Vec::new()).collect();
        let mut keys = Vec::new();
        if !change.codec.table.key_begins_with_subject() {
            for row in change.rows.iter().copied() {
                let begin = keys.len();
                columns.put_key(row as usize, &mut keys);
                let part = part_of(&keys[begin..], parts);
                locations[part as usize].push(Location {
                    key: begin..keys.len(),
                    row,
                });
            }
            for part in &mut locations {
                part.sort_unstable_by(|one, other| {
                    keys[one.key.clone()].cmp(&keys[other.key.clone()])
                });
            }
        }
        Ok(Self {
            rows,
            moved,
            locations,
            keys,
        })
    }

    /// Whether a part has anything to do.
    pub(super) fn touches(&self, part: usize) -> bool {
        !(self.rows[part].is_empty()
            && self.moved[part].is_empty()
            && self.locations[part].is_empty())
    }
}
