//! Publishing: entries that are durable become tiles, tiles a signed checkpoint, and that a
//! cosigned and a time-stamped one. Each step waits for nothing but the one before it, and none
//! holds up an append.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::builder::{Builder, Edge, LiveTiles};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::commit::Committer;
use crate::error::Error;
use crate::hash::Hash;
use crate::note::{Note, NoteSignature};
use crate::notes::{self, CHECKPOINT, CHECKPOINTS, COSIGNED};
use crate::options::{Clock, Options};
use crate::outside::{Alarm, Party, Witness, WitnessRefusal, WitnessRequest};
use crate::segment;
use crate::storage::Storage;
use crate::tile::{TILE_WIDTH, TileNodes, TilePath};
use crate::tree;
use crate::watch::{self, Watch};

/// Entries read from a segment at a time.
const READ_ENTRIES: u64 = 4096;

/// Entries put into tiles before the next checkpoint is signed, when there is much to catch up.
const ROUND_ENTRIES: u64 = 1 << 18;

/// The folder of time stamps.
const STAMPS: &str = "timestamps";

/// The newest checkpoint.
#[derive(Debug, Default)]
struct Latest {
    size: u64,
    note: Option<Note>,
}

/// How far each step has come.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) tiled: AtomicU64,
    pub(crate) signed: AtomicU64,
    pub(crate) witnessed: AtomicU64,
    pub(crate) stamped: AtomicU64,
}

/// Publishes a log.
pub(crate) struct Publisher {
    options: Options,
    clock: Clock,
    committer: Arc<Committer>,
    builder: Mutex<Builder>,
    edge: RwLock<Arc<Edge>>,
    latest: Mutex<Latest>,
    stamped_at_us: Mutex<Option<i64>>,
    unsynced: Mutex<Vec<TilePath>>,
    pub(crate) marks: Arc<Marks>,
    disk: Watch,
    signer: Watch,
    witness: Watch,
    stamper: Watch,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Publisher({:?})", self.marks)
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole between any two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Publisher {
    /// The publisher of a log whose first entries are in durable tiles up to `first`.
    pub(crate) fn new(
        options: &Options,
        clock: &Clock,
        committer: Arc<Committer>,
        first: u64,
        marks: Arc<Marks>,
    ) -> Result<Self, Error> {
        let builder = Builder::resume(&*options.storage, first)?;
        let watch = |party| Watch::new(party, clock, options.on_alarm.as_ref());
        marks.tiled.store(first, Ordering::Release);
        Ok(Self {
            edge: RwLock::new(builder.edge()),
            builder: Mutex::new(builder),
            options: options.clone(),
            clock: Clock::clone(clock),
            committer,
            latest: Mutex::default(),
            stamped_at_us: Mutex::default(),
            unsynced: Mutex::default(),
            marks,
            disk: watch(Party::Publisher),
            signer: watch(Party::Signer),
            witness: watch(Party::Witness),
            stamper: watch(Party::Stamper),
        })
    }

    fn storage(&self) -> &dyn Storage {
        &*self.options.storage
    }

    /// The tiles that are not full.
    pub(crate) fn edge(&self) -> Arc<Edge> {
        let edge = self.edge.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&edge)
    }

    /// Something about the tree as it is in tiles now.
    pub(crate) fn tree<T>(
        &self,
        ask: impl FnOnce(&TileNodes<'_, LiveTiles<'_>>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let edge = self.edge();
        let tiles = LiveTiles {
            storage: self.storage(),
            edge: &edge,
        };
        ask(&TileNodes::new(&tiles))
    }

    /// Checks the entries against the last checkpoint that was signed, and takes up from there.
    pub(crate) fn take_up(&self) -> Result<(), Error> {
        let Some(note) = notes::last(self.storage(), CHECKPOINTS)? else {
            return Ok(());
        };
        let signed = Checkpoint::parse(&note.text)?;
        let found = self.edge().size;
        if signed.size > found {
            let signed = signed.size;
            return Err(Error::Shortened { signed, found });
        }
        let root = self.tree(|nodes| tree::root(nodes, signed.size))?;
        if root != signed.root {
            return Err(Error::Diverged {
                size: signed.size,
                signed: signed.root,
                found: root,
            });
        }
        self.marks.signed.store(signed.size, Ordering::Release);
        if let Some(cosigned) = notes::last(self.storage(), COSIGNED)? {
            let size = Checkpoint::parse(&cosigned.text)?.size;
            self.marks.witnessed.store(size, Ordering::Release);
        }
        let newest = self.storage().read(CHECKPOINT).ok();
        let newest = newest.and_then(|bytes| String::from_utf8(bytes).ok());
        let newest: Option<Note> = newest.and_then(|text| text.parse().ok());
        // The one in its place may have a cosignature as well.
        let note = match newest.filter(|newest| newest.text == note.text) {
            Some(newest) => newest,
            None => self.put_checkpoint(&note)?,
        };
        *held(&self.latest) = Latest {
            size: signed.size,
            note: Some(note),
        };
        Ok(())
    }

    fn put_checkpoint(&self, note: &Note) -> Result<Note, Error> {
        self.storage()
            .put(CHECKPOINT, note.to_string().as_bytes())
            .map_err(|error| Error::file("write", CHECKPOINT, &error))?;
        Ok(note.clone())
    }

    /// Puts entries into tiles. Whether there are more.
    pub(crate) fn tile(&self) -> Result<bool, Error> {
        let mut builder = held(&self.builder);
        let tiled = self.tile_into(&mut builder);
        match &tiled {
            Ok(_) => self.disk.here(),
            Err(error) => {
                let backlog = self.committer.durable() - self.marks.tiled.load(Ordering::Acquire);
                self.disk.away(backlog, &error.to_string());
            }
        }
        tiled
    }

    fn tile_into(&self, builder: &mut Builder) -> Result<bool, Error> {
        let durable = self.committer.durable();
        let until = durable.min(builder.size() + ROUND_ENTRIES);
        while builder.size() < until {
            let from = builder.size();
            let segment = self.committer.segment_of(from).ok_or_else(|| {
                Error::damaged(segment::FOLDER, format!("no segment holds entry {from}"))
            })?;
            let to = until.min(segment.end()).min(from + READ_ENTRIES);
            for entry in segment.read(from, to)? {
                builder.push(self.storage(), &entry)?;
            }
        }
        builder.write_partial(self.storage())?;
        held(&self.unsynced).extend(builder.take_unsynced());
        *self.edge.write().unwrap_or_else(PoisonError::into_inner) = builder.edge();
        self.marks.tiled.store(builder.size(), Ordering::Release);
        Ok(until < durable)
    }

    /// Signs what is in tiles, if there is news. `false` when the signer is away.
    pub(crate) fn sign(&self) -> Result<bool, Error> {
        let edge = self.edge();
        let mut latest = held(&self.latest);
        if edge.size <= latest.size {
            return Ok(true);
        }
        let tiles = LiveTiles {
            storage: self.storage(),
            edge: &edge,
        };
        let checkpoint = Checkpoint {
            origin: self.options.signer.key().name().to_owned(),
            size: edge.size,
            root: tree::root(&TileNodes::new(&tiles), edge.size)?,
        };
        let note = match checkpoint.sign(&*self.options.signer) {
            Ok(note) => note,
            Err(outage) => {
                let backlog = self.committer.durable() - latest.size;
                self.signer.away(backlog, &outage.to_string());
                return Ok(false);
            }
        };
        self.signer.here();
        notes::add(self.storage(), CHECKPOINTS, &note)?;
        let note = self.put_checkpoint(&note)?;
        *latest = Latest {
            size: edge.size,
            note: Some(note),
        };
        self.marks.signed.store(edge.size, Ordering::Release);
        Ok(true)
    }

    /// The newest checkpoint.
    pub(crate) fn latest(&self) -> Option<(u64, Note)> {
        let latest = held(&self.latest);
        latest.note.clone().map(|note| (latest.size, note))
    }

    /// The newest checkpoint that is cosigned, and it is of this log.
    pub(crate) fn cosigned(&self) -> Result<Option<SignedCheckpoint>, Error> {
        let Some(note) = notes::last(self.storage(), COSIGNED)? else {
            return Ok(None);
        };
        SignedCheckpoint::of(note, self.options.signer.key()).map(Some)
    }

    /// Asks the witness for its cosignature on the newest checkpoint, if it has not given it.
    /// `false` when there is something left to do.
    pub(crate) fn cosign(&self) -> Result<bool, Error> {
        let Some(witness) = &self.options.witness else {
            return Ok(true);
        };
        let Some((size, note)) = self.latest() else {
            return Ok(true);
        };
        let mut old = self.marks.witnessed.load(Ordering::Acquire);
        if old >= size {
            return Ok(true);
        }
        let mut answer = self.ask(&**witness, old, size, &note)?;
        if let Err(WitnessRefusal::Elsewhere { size: known }) = answer
            && known <= size
        {
            old = known;
            answer = self.ask(&**witness, old, size, &note)?;
        }
        let line = match answer {
            Ok(line) => line,
            Err(WitnessRefusal::Away(outage)) => {
                self.witness.away(size - old, &outage.to_string());
                return Ok(false);
            }
            Err(refusal) => {
                let reason = refusal.to_string();
                self.witness.away(size - old, &reason);
                watch::raise(self.options.on_alarm.as_ref(), &Alarm::Forked { reason });
                return Ok(false);
            }
        };
        self.take_cosignature(&**witness, size, note, &line)?;
        self.witness.here();
        Ok(true)
    }

    fn ask(
        &self,
        witness: &dyn Witness,
        old_size: u64,
        size: u64,
        note: &Note,
    ) -> Result<Result<String, WitnessRefusal>, Error> {
        let request = WitnessRequest {
            old_size,
            consistency: self.tree(|nodes| tree::consistency(nodes, old_size, size))?,
            checkpoint: note.to_string(),
        };
        Ok(witness.cosign(&request))
    }

    fn take_cosignature(
        &self,
        witness: &dyn Witness,
        size: u64,
        mut note: Note,
        line: &str,
    ) -> Result<(), Error> {
        note.signatures.push(line.parse::<NoteSignature>()?);
        if note.cosigned(witness.key())?.is_none() {
            let reason = format!("it is not by the witness {}", witness.key().name());
            return Err(Error::note("the cosignature", reason));
        }
        notes::add(self.storage(), COSIGNED, &note)?;
        self.marks.witnessed.store(size, Ordering::Release);
        let mut latest = held(&self.latest);
        if latest.size == size {
            latest.note = Some(self.put_checkpoint(&note)?);
        }
        Ok(())
    }

    /// Asks the time-stamp authority about the newest checkpoint, if it is time. `false` when it
    /// is away.
    pub(crate) fn stamp(&self) -> Result<bool, Error> {
        let (Some(stamper), Some((size, note))) = (&self.options.stamper, self.latest()) else {
            return Ok(true);
        };
        let stamped = self.marks.stamped.load(Ordering::Acquire);
        let now = (self.clock)();
        let every = i64::try_from(self.options.stamp_every.as_micros()).unwrap_or(i64::MAX);
        let early = held(&self.stamped_at_us).is_some_and(|at| now.saturating_sub(at) < every);
        if stamped >= size || early {
            return Ok(true);
        }
        let digest = Hash::of(&[note.text.as_bytes()]);
        match stamper.stamp(&digest.0) {
            Ok(token) => {
                let name = format!("{STAMPS}/{size:020}");
                self.storage()
                    .put(&name, &token)
                    .and_then(|()| self.storage().sync(&name))
                    .map_err(|error| Error::file("write", &name, &error))?;
                *held(&self.stamped_at_us) = Some(now);
                self.marks.stamped.store(size, Ordering::Release);
                self.stamper.here();
                Ok(true)
            }
            Err(outage) => {
                self.stamper.away(size - stamped, &outage.to_string());
                Ok(false)
            }
        }
    }

    /// Removes segments whose entries all stand in full bundles, once these are durable.
    pub(crate) fn sweep(&self) -> Result<(), Error> {
        loop {
            let segments = &self.committer.segments;
            let oldest = {
                let segments = segments.read().unwrap_or_else(PoisonError::into_inner);
                let full = self.marks.tiled.load(Ordering::Acquire) / TILE_WIDTH * TILE_WIDTH;
                let closed = segments.len() > 1 && segments[0].end() <= full;
                closed.then(|| Arc::clone(&segments[0]))
            };
            let Some(oldest) = oldest else { return Ok(()) };
            self.sync_tiles()?;
            // Readers that look for it from now on read the bundles.
            segments
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(0);
            // One after the other: a crash may bring back the last one removed, but leaves no gap.
            self.storage()
                .remove(&oldest.path())
                .and_then(|()| self.storage().sync_folder(segment::FOLDER))
                .map_err(|error| Error::file("remove", oldest.path(), &error))?;
        }
    }

    fn sync_tiles(&self) -> Result<(), Error> {
        let paths = std::mem::take(&mut *held(&self.unsynced));
        let synced = paths.iter().try_for_each(|path| {
            let name = path.to_string();
            self.storage()
                .sync(&name)
                .map_err(|error| Error::file("sync", name, &error))
        });
        let mut folders: Vec<String> = Vec::new();
        for path in &paths {
            let mut folder = path.folder();
            // A new folder's own name is durable once its parent is.
            while !folder.is_empty() && !folders.contains(&folder) {
                let parent = folder.rsplit_once('/').map(|(parent, _)| parent.to_owned());
                folders.push(folder);
                folder = parent.unwrap_or_default();
            }
        }
        let synced = synced.and_then(|()| {
            folders
                .iter()
                .map(String::as_str)
                .chain([""])
                .try_for_each(|folder| {
                    self.storage()
                        .sync_folder(folder)
                        .map_err(|error| Error::file("sync", folder, &error))
                })
        });
        if synced.is_err() {
            held(&self.unsynced).extend(paths);
        }
        synced
    }
}
