//! The segments that are still there: entries that are durable and perhaps not yet published.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::leaves::read_hashes;
use super::report::{Kind, Report};
use crate::error::Error;
use crate::hash::{Hash, leaf_hash};
use crate::segment::{self, Frames};
use crate::storage::Disk;
use crate::tile::{TILE_WIDTH, TilePath};

/// Compares what is in segments with the tiles of the tree of `size` entries, and counts what
/// comes after it.
pub(super) fn verify(folder: &Path, size: u64, report: &mut Report) -> Result<(), Error> {
    let firsts = segment::list(&Disk::new(folder))?;
    let mut tiles: HashMap<u64, Option<Vec<Hash>>> = HashMap::new();
    let mut end = None;
    for (place, &first) in firsts.iter().enumerate() {
        let path = segment::path(first);
        let bytes = fs::read(folder.join(&path)).map_err(|error| Error::file("read", &path, &error))?;
        if let Some(end) = end.filter(|end| *end != first) {
            let reason = format!("it begins with entry {first}, the one before ends at {end}");
            report.find(Kind::SegmentDamaged, Some(first), &path, reason);
        }
        let last = place + 1 == firsts.len();
        let Some(mut frames) = Frames::of(&bytes, first) else {
            if !last {
                report.find(Kind::SegmentDamaged, Some(first), &path, "its header is not whole");
            }
            continue;
        };
        let mut index = first;
        for (_, entry) in frames.by_ref() {
            if index < size {
                let tile = index / TILE_WIDTH;
                let hashes = tiles.entry(tile).or_insert_with(|| {
                    let width = TILE_WIDTH.min(size - tile * TILE_WIDTH);
                    read_hashes(folder, TilePath::hashes(0, tile, width))
                });
                let published = hashes
                    .as_ref()
                    .and_then(|hashes| hashes.get((index % TILE_WIDTH) as usize));
                if published.is_some_and(|published| *published != leaf_hash(entry)) {
                    let reason = format!("entry {index} is not what was published");
                    report.find(Kind::SegmentDamaged, Some(index), &path, reason);
                }
            } else {
                report.pending += 1;
            }
            index += 1;
        }
        let torn = bytes.len() - frames.end();
        // The log may be writing the last one this moment; what is published has to be whole.
        if torn > 0 && (!last || index < size) {
            let reason = format!("from entry {index} on, {torn} bytes are no entries");
            report.find(Kind::SegmentDamaged, Some(index), &path, reason);
        }
        end = Some(index);
    }
    Ok(())
}
