//! Shards that are damaged: how they are found, and how new ones are made beside them and put in
//! their places. Until that last step the damaged files stay where they are, so a rebuilding that
//! was stopped is begun anew.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{RecordBatch, TimestampMicrosecondArray};
use serde::Serialize;

use super::change::Change;
use super::rows::Parted;
use super::shard::Shard;
use super::sqlite;
use crate::clock::Moment;
use crate::codec::TableCodec;
use crate::error::Error;
use crate::faults::Faults;

/// What SQLite keeps beside a file.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// What is wrong with a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Its file.
    pub path: PathBuf,
    /// What was found.
    pub detail: String,
    #[serde(skip)]
    number: u32,
}

/// Looks through the shards in `folder`, of which none may be in use. `oldest` is the first entry
/// that the outbox still has, `head` the last.
pub(crate) fn inspect(
    folder: &Path,
    shards: u32,
    (oldest, head): (u64, u64),
) -> Result<Vec<Damage>, Error> {
    let mut damages = Vec::new();
    for number in 0..shards {
        let path = folder.join(sqlite::file(number));
        let found = if path.exists() {
            look(&path, shards, oldest)?
        } else if head > 0 {
            Some("it is gone".to_owned())
        } else {
            None
        };
        if let Some(detail) = found {
            damages.push(Damage {
                path,
                detail,
                number,
            });
        }
    }
    Ok(damages)
}

fn look(path: &Path, shards: u32, oldest: u64) -> Result<Option<String>, Error> {
    let looked = Shard::open(path, shards, 1).and_then(|(shard, _)| {
        shard.check()?;
        Ok(shard.settled())
    });
    match looked {
        Ok(settled) if settled + 1 < oldest => Ok(Some(format!(
            "it has entries up to {settled} only, and the outbox begins at {oldest}"
        ))),
        Ok(_) => Ok(None),
        Err(Error::Damaged { detail, .. }) => Ok(Some(detail)),
        Err(error) => Err(error),
    }
}

/// New shards in the making.
#[derive(Debug)]
pub(crate) struct Rebuild {
    folder: PathBuf,
    shards: u32,
    parts: Vec<(Damage, Shard)>,
}

impl Rebuild {
    /// Makes new files beside the damaged ones in `folder`.
    pub(crate) fn begin(folder: &Path, shards: u32, damages: &[Damage]) -> Result<Self, Error> {
        let mut parts = Vec::new();
        if !damages.is_empty() {
            fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        }
        for damage in damages {
            let path = unfinished(&damage.path);
            for file in files(&path) {
                match fs::remove_file(&file) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(Error::io("remove", &file)(error));
                    }
                    _ => {}
                }
            }
            parts.push((damage.clone(), Shard::open(&path, shards, 1)?.0));
        }
        Ok(Self {
            folder: folder.to_owned(),
            shards,
            parts,
        })
    }

    /// Takes records of history, each in force since its moment; says how many belong here.
    pub(crate) fn take(
        &self,
        codec: &Arc<TableCodec>,
        batch: RecordBatch,
        from: &TimestampMicrosecondArray,
    ) -> Result<u64, Error> {
        let change = Change {
            seq: 0,
            at: Moment(0), // each row has its own
            codec: Arc::clone(codec),
            deletes: None,
            rows: Arc::new((0..batch.num_rows() as u32).collect()),
            batch,
            moved: Arc::default(),
            bulk: false,
        };
        let parted = Parted::of(&change, self.shards)?;
        let take = |(damage, shard): &(Damage, Shard)| {
            shard.fill(damage.number as usize, &change, &parted, from)
        };
        self.parts.iter().map(take).sum()
    }

    /// Applies an entry of the outbox.
    pub(crate) fn apply(&self, change: Change) -> Result<(), Error> {
        let parted = [Parted::of(&change, self.shards)?];
        let change = [change];
        for (damage, shard) in &self.parts {
            shard.apply(damage.number as usize, &change, &parted, &Faults::default())?;
        }
        Ok(())
    }

    /// Puts the new files in the places of the damaged ones, which go to `aside`. The new ones have
    /// all entries up to `head`; of `loads` history had the records. Says where the old ones are.
    pub(crate) fn finish(
        self,
        head: u64,
        loads: &[u64],
        aside: &Path,
    ) -> Result<Vec<PathBuf>, Error> {
        fs::create_dir_all(aside).map_err(Error::io("make the folder", aside))?;
        let mut set_aside = Vec::new();
        for (damage, shard) in self.parts {
            shard.has_all(head, loads)?;
            drop(shard); // its log is empty, and goes with the last connection
            for file in files(&damage.path) {
                let Some(name) = file.file_name() else {
                    continue;
                };
                let to = aside.join(name);
                match fs::rename(&file, &to) {
                    Ok(()) => set_aside.push(to),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(Error::io("set aside", &file)(error)),
                }
            }
            fs::rename(unfinished(&damage.path), &damage.path)
                .map_err(Error::io("put in its place", &damage.path))?;
        }
        let sync = File::open(&self.folder).and_then(|folder| folder.sync_all());
        sync.map_err(Error::io("sync", &self.folder))?;
        Ok(set_aside)
    }
}

/// The name of a shard that is not whole yet.
fn unfinished(path: &Path) -> PathBuf {
    with_ending(path, ".unfinished")
}

/// A database's file and those that SQLite keeps beside it; the log first, so that the file is
/// never without it.
fn files(path: &Path) -> Vec<PathBuf> {
    let beside = BESIDE.iter().map(|ending| with_ending(path, ending));
    beside.chain([path.to_owned()]).collect()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
