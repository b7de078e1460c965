//! How a log is opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::outside::{Alarm, Signer, Stamper, Witness};
use crate::storage::{Disk, Storage};

/// Tells the time: microseconds since 1970-01-01T00:00:00Z.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Hears alarms. Called from the log's own threads: it has to return at once.
pub type OnAlarm = Arc<dyn Fn(&Alarm) + Send + Sync>;

/// How a log is opened.
#[derive(Clone)]
pub struct Options {
    /// The log's folder, for messages; made when missing.
    pub folder: PathBuf,
    /// The file operations on that folder.
    pub storage: Arc<dyn Storage>,
    /// Who signs checkpoints. The name of its key is the log's origin.
    pub signer: Arc<dyn Signer>,
    /// Who cosigns them.
    pub witness: Option<Arc<dyn Witness>>,
    /// Who says when they were there.
    pub stamper: Option<Arc<dyn Stamper>>,
    /// Who hears of trouble; it is logged as well.
    pub on_alarm: Option<OnAlarm>,
    /// Tiles and a checkpoint are published this long after the last ones, if there is news.
    /// `None`: only when [`crate::Log::publish`] is called, and no thread is started for it.
    pub publish_every: Option<Duration>,
    /// Or as soon as so many entries wait to be published.
    pub publish_entries: u64,
    /// A time stamp is asked for this long after the last one.
    pub stamp_every: Duration,
    /// A segment is closed when it has so many bytes, and removed once its entries stand in
    /// bundles that are on the disk.
    pub segment_bytes: u64,
    /// Entries that may wait to be written; beyond that [`crate::Error::Busy`].
    pub queue_entries: usize,
    /// Threads that write and sync groups of entries. With several, a group need not wait for the
    /// disk to be done with the ones before, and the disk takes many flushes for little more than
    /// one; with one, the order of file operations is the same in every run.
    pub committers: usize,
}

impl Options {
    /// The usual ones, for a log in `folder`.
    pub fn new(folder: &Path, signer: Arc<dyn Signer>) -> Self {
        Self {
            folder: folder.to_owned(),
            storage: Arc::new(Disk::new(folder)),
            signer,
            witness: None,
            stamper: None,
            on_alarm: None,
            publish_every: Some(Duration::from_secs(1)),
            publish_entries: 65_536,
            stamp_every: Duration::from_mins(10),
            segment_bytes: 64 << 20,
            queue_entries: 65_536,
            committers: 4,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("folder", &self.folder)
            .field("origin", &self.signer.key().name())
            .finish_non_exhaustive()
    }
}
