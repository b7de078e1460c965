//! The segments that are still there: entries that are durable and perhaps not yet published.

use std::fs;
use std::path::Path;

use super::leaves::TileLeaves;
use super::report::{Kind, Report};
use crate::error::Error;
use crate::hash::leaf_hash;
use crate::segment::{self, Frames};
use crate::storage::Disk;
use crate::tile::TILE_WIDTH;

/// Compares what is in segments with the tiles of the tree of `size` entries, and counts what
/// comes after it.
pub(super) fn verify(folder: &Path, size: u64, report: &mut Report) -> Result<(), Error> {
    let firsts = segment::list(&Disk::new(folder))?;
    let mut published: Option<TileLeaves> = None;
    let mut end = None;
    for (place, &first) in firsts.iter().enumerate() {
        let path = segment::path(first);
        let bytes =
            fs::read(folder.join(&path)).map_err(|error| Error::file("read", &path, &error))?;
        if let Some(end) = end.filter(|end| *end != first) {
            let reason = format!("it begins with entry {first}, the one before ends at {end}");
            report.find(Kind::SegmentDamaged, Some(first), &path, reason);
        }
        let last = place + 1 == firsts.len();
        let Some(mut frames) = Frames::of(&bytes, first) else {
            if !last {
                report.find(
                    Kind::SegmentDamaged,
                    Some(first),
                    &path,
                    "its header is not whole",
                );
            }
            continue;
        };
        let mut index = first;
        for (_, entry) in frames.by_ref() {
            if index < size {
                let tile = index / TILE_WIDTH;
                if published.as_ref().is_none_or(|known| known.index != tile) {
                    published = Some(TileLeaves::read(folder, tile, size));
                }
                let place = (index % TILE_WIDTH) as usize;
                let same = |known: &TileLeaves| known.says(place, &leaf_hash(entry));
                if !published.as_ref().is_some_and(same) {
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
