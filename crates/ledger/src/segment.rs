//! Segments: the files in which entries become durable. A header, then one frame after the other:
//! length, checksum, entry. The checksum runs on from frame to frame, so that neither a torn frame
//! nor a stale one left from an attempt that failed can pass for the next.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use crate::error::Error;
use crate::storage::{Storage, StoredFile};
use crate::tile::ENTRY_BYTES_MAX;

/// The folder of segments.
pub(crate) const FOLDER: &str = "segments";

/// What a segment begins with; the last character is the version.
const MAGIC: [u8; 8] = *b"CBLEDGR1";

/// Bytes of a header: magic, index of the first entry, checksum of both.
pub(crate) const HEADER_BYTES: usize = 20;

/// Bytes before an entry: its length and the checksum so far, 4 bytes each, little end first.
pub(crate) const FRAME_BYTES: usize = 8;

/// Where the frames of a segment begin.
#[derive(Debug, Default)]
struct Index {
    starts: Vec<u32>,
    end: u32,
}

/// One segment.
pub(crate) struct Segment {
    /// The index of its first entry.
    pub(crate) first: u64,
    /// The file, to read and write.
    pub(crate) file: Box<dyn StoredFile>,
    /// The same file once more for each thread that syncs it. The system tells of a failed write
    /// once for each time a file was opened: two threads that share one could each think that the
    /// other's failure was not theirs.
    syncers: RwLock<Vec<Arc<dyn StoredFile>>>,
    index: RwLock<Index>,
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({})", self.path())
    }
}

/// The checksum of `bytes` after what gave `sum`.
fn checksum(sum: u32, parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(sum);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// Adds a frame to `buffer` and gives the checksum after it.
pub(crate) fn push_frame(buffer: &mut Vec<u8>, sum: u32, entry: &[u8]) -> u32 {
    let length = (entry.len() as u32).to_le_bytes();
    let sum = checksum(sum, &[&length, entry]);
    buffer.extend_from_slice(&length);
    buffer.extend_from_slice(&sum.to_le_bytes());
    buffer.extend_from_slice(entry);
    sum
}

fn header(first: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..16].copy_from_slice(&first.to_le_bytes());
    let sum = checksum(0, &[&header[..16]]);
    header[16..].copy_from_slice(&sum.to_le_bytes());
    header
}

/// The checksum that the first frame of a segment runs on from.
pub(crate) fn first_sum(first: u64) -> u32 {
    checksum(0, &[&header(first)])
}

/// A segment's name in its folder, from the index of its first entry.
pub(crate) fn path(first: u64) -> String {
    format!("{FOLDER}/{first:020}")
}

/// The frames of a segment's bytes.
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    sum: u32,
}

impl<'a> Frames<'a> {
    /// Of the segment that begins with entry `first`; `None` when the header is not whole.
    pub(crate) fn of(bytes: &'a [u8], first: u64) -> Option<Self> {
        (bytes.get(..HEADER_BYTES)? == header(first)).then(|| Self {
            bytes,
            at: HEADER_BYTES,
            sum: first_sum(first),
        })
    }

    /// Where the last whole frame ended.
    pub(crate) fn end(&self) -> usize {
        self.at
    }

    /// The checksum so far.
    pub(crate) fn checksum(&self) -> u32 {
        self.sum
    }
}

impl<'a> Iterator for Frames<'a> {
    /// Where the frame begins, and the entry in it.
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (frame, rest) = self.bytes[self.at..].split_at_checked(FRAME_BYTES)?;
        let (length, sum) = frame.split_at(4);
        let count = u32::from_le_bytes(length.try_into().ok()?) as usize;
        if count > ENTRY_BYTES_MAX {
            return None;
        }
        let entry = rest.get(..count)?;
        let expected = checksum(self.sum, &[length, entry]);
        if expected.to_le_bytes() != sum {
            return None;
        }
        let start = self.at;
        self.at += FRAME_BYTES + count;
        self.sum = expected;
        Some((start, entry))
    }
}

/// A segment as it was found.
pub(crate) struct Found {
    pub(crate) segment: Segment,
    /// Bytes up to the end of the last whole frame.
    pub(crate) end: u64,
    /// Bytes after it.
    pub(crate) torn: u64,
    /// The checksum so far.
    pub(crate) sum: u32,
}

impl Segment {
    fn new(storage: &dyn Storage, first: u64, index: Index) -> io::Result<Self> {
        let file = storage.open(&path(first))?;
        Ok(Self {
            first,
            file,
            syncers: RwLock::default(),
            index: RwLock::new(index),
        })
    }

    /// Begins a segment, durable with its name. What an attempt that failed left is overwritten.
    pub(crate) fn create(storage: &dyn Storage, first: u64, syncers: usize) -> io::Result<Self> {
        let index = Index {
            starts: Vec::new(),
            end: HEADER_BYTES as u32,
        };
        let segment = Self::new(storage, first, index)?;
        segment.file.cut(0)?;
        segment.file.write_at(&header(first), 0)?;
        segment.file.sync()?;
        storage.sync_folder(FOLDER)?;
        segment.open_syncers(storage, syncers)?;
        Ok(segment)
    }

    /// Opens the file anew for each thread that syncs it.
    pub(crate) fn open_syncers(&self, storage: &dyn Storage, count: usize) -> io::Result<()> {
        let opened: io::Result<Vec<Arc<dyn StoredFile>>> = (0..count)
            .map(|_| storage.open(&self.path()).map(Arc::from))
            .collect();
        *self.syncers.write().unwrap_or_else(PoisonError::into_inner) = opened?;
        Ok(())
    }

    /// Makes durable what was written, for thread number `syncer`.
    pub(crate) fn sync(&self, syncer: usize) -> io::Result<()> {
        let syncers = self.syncers.read().unwrap_or_else(PoisonError::into_inner);
        let file = syncers.get(syncer).cloned();
        drop(syncers);
        file.map_or_else(|| self.file.sync(), |file| file.sync())
    }

    /// Cuts the file to `offset`, durably, and forgets what the system still has to tell of
    /// earlier failures.
    pub(crate) fn cut(&self, storage: &dyn Storage, offset: u64, syncers: usize) -> io::Result<()> {
        let fresh = storage.open(&self.path())?;
        fresh.cut(offset)?;
        fresh.sync()?;
        self.open_syncers(storage, syncers)
    }

    /// Reads what is there; `None` when not even the header is whole.
    pub(crate) fn find(storage: &dyn Storage, first: u64) -> Result<Option<Found>, Error> {
        let path = path(first);
        let bytes = storage
            .read(&path)
            .map_err(|error| Error::file("read", &path, &error))?;
        let Some(mut frames) = Frames::of(&bytes, first) else {
            return Ok(None);
        };
        let starts = frames.by_ref().map(|(start, _)| start as u32).collect();
        let (end, sum) = (frames.end(), frames.checksum());
        let index = Index {
            starts,
            end: end as u32,
        };
        let segment =
            Self::new(storage, first, index).map_err(|error| Error::file("open", &path, &error))?;
        Ok(Some(Found {
            segment,
            end: end as u64,
            torn: (bytes.len() - end) as u64,
            sum,
        }))
    }

    /// Its name in its folder.
    pub(crate) fn path(&self) -> String {
        path(self.first)
    }

    fn read_index(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index after its last entry.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.read_index().starts.len() as u64
    }

    /// Notes frames that were written: where they begin, and where the last of them ends.
    pub(crate) fn grown(&self, starts: &[u32], end: u64) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.starts.extend_from_slice(starts);
        index.end = end as u32;
    }

    /// Notes that frames from entry `next` on were cut off.
    pub(crate) fn shrunk(&self, next: u64, end: u64) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.starts.truncate((next - self.first) as usize);
        index.end = end as u32;
    }

    /// The bytes of the frames `from..to`, with where each begins in them.
    pub(crate) fn read(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Error> {
        let index = self.read_index();
        let (from, to) = ((from - self.first) as usize, (to - self.first) as usize);
        let Some(starts) = index.starts.get(from..to) else {
            return Err(Error::damaged(self.path(), "it ends before the entry"));
        };
        let Some(&start) = starts.first() else {
            return Ok(Vec::new());
        };
        let end = index.starts.get(to).copied().unwrap_or(index.end);
        let starts = starts.to_vec();
        drop(index);
        let mut bytes = vec![0; (end - start) as usize];
        self.file
            .read_at(&mut bytes, u64::from(start))
            .map_err(|error| Error::file("read", self.path(), &error))?;
        let ends = starts.iter().skip(1).copied().chain([end]);
        let entry = |(from, to): (&u32, u32)| {
            let (from, to) = ((from - start) as usize, (to - start) as usize);
            bytes[from + FRAME_BYTES..to].to_vec()
        };
        Ok(starts.iter().zip(ends).map(entry).collect())
    }
}

/// The segments in a folder, by the index of their first entry.
pub(crate) fn list(storage: &dyn Storage) -> Result<Vec<u64>, Error> {
    let names = storage
        .list(FOLDER)
        .map_err(|error| Error::file("list", FOLDER, &error))?;
    let mut firsts: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(first: u64, entries: &[&[u8]]) -> Vec<u8> {
        let mut bytes = header(first).to_vec();
        let mut sum = first_sum(first);
        for entry in entries {
            sum = push_frame(&mut bytes, sum, entry);
        }
        bytes
    }

    #[test]
    fn frames_end_where_they_are_torn() {
        let bytes = segment(7, &[b"one", b"", b"three"]);
        let ends = [20, 31, 39, 52];
        for length in 0..bytes.len() {
            let Some(frames) = Frames::of(&bytes[..length], 7) else {
                assert!(length < HEADER_BYTES);
                continue;
            };
            let whole = ends.iter().filter(|end| **end <= length).count() - 1;
            assert_eq!(frames.count(), whole, "{length} bytes");
        }
        assert!(Frames::of(&bytes, 8).is_none(), "another segment's header");
    }

    #[test]
    fn a_changed_byte_ends_the_frames() {
        let bytes = segment(0, &[b"one", b"two", b"three"]);
        for place in HEADER_BYTES..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0x40;
            assert!(Frames::of(&changed, 0).unwrap().count() < 3, "byte {place}");
        }
    }

    #[test]
    fn a_stale_frame_after_another_beginning_does_not_count() {
        let mut bytes = segment(0, &[b"one", b"two"]);
        let stale = segment(0, &[b"uno", b"due"]);
        bytes.truncate(31);
        bytes.extend_from_slice(&stale[31..]);
        assert_eq!(Frames::of(&bytes, 0).unwrap().count(), 1);
    }

    #[test]
    fn zeros_are_no_frames() {
        let mut bytes = segment(0, &[b"one"]);
        bytes.extend_from_slice(&[0; 100]);
        assert_eq!(Frames::of(&bytes, 0).unwrap().count(), 1);
    }
}
