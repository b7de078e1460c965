//! Brings a load's rows into the order of files and shards: by subject, then key.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray, UInt32Array};
use arrow::compute::take_record_batch;
use rayon::prelude::*;

use crate::codec::{Columns, TableCodec};
use crate::error::Error;
use crate::state::{key_fits, last_of_each, part_of};

/// A load's rows in order.
#[derive(Debug)]
pub(crate) struct Sorted {
    /// Bucket by bucket, each by subject and key; no key twice.
    pub(crate) batch: RecordBatch,
    /// The rows of each bucket that has any.
    pub(crate) buckets: Vec<(u32, Range<usize>)>,
    /// Rows of `batch` over all buckets by subject and key.
    pub(crate) rows: Arc<Vec<u32>>,
    /// How many rows a later one with the same key made void.
    pub(crate) doubled: u64,
}

/// Bytes of the subject that are compared at once.
const HEAD: usize = 16;

struct Place {
    head: u128,
    row: u32,
}

struct Keys<'a> {
    subjects: &'a StringArray,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys<'_> {
    fn key(&self, row: u32) -> &[u8] {
        let row = row as usize;
        if self.ends.is_empty() {
            return &[];
        }
        let begin = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[begin..self.ends[row]]
    }

    fn whole(&self, row: u32) -> (&str, &[u8]) {
        (self.subjects.value(row as usize), self.key(row))
    }
}

/// The rows of `batch` in order. Input that is in order already is found so, and not copied.
pub(crate) fn sorted(codec: &TableCodec, batch: RecordBatch) -> Result<Sorted, Error> {
    let before = batch.num_rows();
    let order = order(codec, &batch)?;
    let buckets = codec.table.buckets;
    let ordered = match &order {
        None => batch,
        Some(order) => taken(&batch, order)?,
    };
    let doubled = (before - ordered.num_rows()) as u64;
    let count = ordered.num_rows() as u32;
    if buckets <= 1 {
        let all = vec![(0, 0..count as usize)];
        return Ok(Sorted {
            batch: ordered,
            buckets: all,
            rows: Arc::new((0..count).collect()),
            doubled,
        });
    }
    let subjects = Columns::new(codec, &ordered)?;
    let mut by_bucket: Vec<Vec<u32>> = (0..buckets).map(|_| Vec::new()).collect();
    let mut bucket_of = Vec::with_capacity(count as usize);
    for row in 0..count {
        let bucket = part_of(subjects.subject(row as usize).as_bytes(), buckets);
        by_bucket[bucket as usize].push(row);
        bucket_of.push(bucket);
    }
    let mut ranges = Vec::new();
    let mut next = Vec::with_capacity(buckets as usize);
    let mut begin = 0;
    for (bucket, rows) in by_bucket.iter().enumerate() {
        next.push(begin as u32);
        if !rows.is_empty() {
            ranges.push((bucket as u32, begin..begin + rows.len()));
        }
        begin += rows.len();
    }
    let place = |bucket: &u32| {
        let place = next[*bucket as usize];
        next[*bucket as usize] += 1;
        place
    };
    let rows = bucket_of.iter().map(place).collect();
    let batch = taken(&ordered, &by_bucket.concat())?;
    Ok(Sorted {
        batch,
        buckets: ranges,
        rows: Arc::new(rows),
        doubled,
    })
}

/// The rows in order of subject and key, the last of each key; none if that is all, as it is.
fn order(codec: &TableCodec, batch: &RecordBatch) -> Result<Option<Vec<u32>>, Error> {
    let columns = Columns::new(codec, batch)?;
    let count = batch.num_rows();
    let mut keys = Keys {
        subjects: columns.subjects(),
        bytes: Vec::new(),
        ends: Vec::new(),
    };
    if !columns.key_is_empty() {
        keys.ends.reserve(count);
        for row in 0..count {
            let begin = keys.bytes.len();
            columns.put_key(row, &mut keys.bytes);
            key_fits(keys.bytes.len() - begin)?;
            keys.ends.push(keys.bytes.len());
        }
    }
    let alone = codec.table.key_begins_with_subject(); // else the same key may stand under two subjects
    let in_order = (1..count as u32).all(|row| keys.whole(row - 1) < keys.whole(row));
    if in_order && alone {
        return Ok(None);
    }
    let mut places: Vec<Place> = if alone {
        (0..count as u32)
            .map(|row| Place {
                head: head(keys.subjects.value(row as usize)),
                row,
            })
            .collect()
    } else {
        let last = last_of_each(codec, batch)?;
        if in_order && last.len() == count {
            return Ok(None);
        }
        last.into_iter()
            .map(|row| Place {
                head: head(keys.subjects.value(row as usize)),
                row,
            })
            .collect()
    };
    if !in_order {
        places.par_sort_unstable_by(|one, other| {
            let heads = one.head.cmp(&other.head);
            heads
                .then_with(|| keys.whole(one.row).cmp(&keys.whole(other.row)))
                .then(one.row.cmp(&other.row))
        });
    }
    let mut rows: Vec<u32> = Vec::with_capacity(places.len());
    for place in places {
        match rows.last_mut() {
            Some(last) if keys.whole(*last) == keys.whole(place.row) => *last = place.row,
            _ => rows.push(place.row),
        }
    }
    Ok(Some(rows))
}

#[inline]
fn head(subject: &str) -> u128 {
    let bytes = subject.as_bytes();
    let mut head = [0; HEAD];
    let length = bytes.len().min(HEAD);
    head[..length].copy_from_slice(&bytes[..length]);
    u128::from_be_bytes(head)
}

fn taken(batch: &RecordBatch, rows: &[u32]) -> Result<RecordBatch, Error> {
    Ok(take_record_batch(batch, &UInt32Array::from(rows.to_vec()))?)
}
