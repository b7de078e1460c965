//! The exports that there are: made when they are asked for, used again, deleted.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use aws_lc_rs::digest::{SHA256, digest};
use futures::StreamExt;
use pool::{Moment, Table};
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::{OnceCell, Semaphore};

use super::parts::{self, Part, file_name};
use super::signature::{Address, Seal, Unopened};
use super::{ADDRESS_LIFE, BOUNDS, EXPORTS_AT_ONCE, EXPORTS_BYTES_MAX, KEPT_FOR, REUSED_FOR};
use crate::error::Error;
use crate::hex;
use crate::lake::Lake;
use crate::questions::{Answer, Session, TableGrant, Who, sql_table};

/// Batches that wait for the writer.
const BATCHES_WAITING: usize = 4;

/// What somebody wants to take.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who.
    pub who: Who,
    /// `department/dataset`.
    pub table: String,
    /// What agreements let be seen of it.
    pub grants: Vec<TableGrant>,
    /// What tells these agreements from their earlier and later versions.
    pub terms: Vec<String>,
    /// As of which moment; now, if it does not say.
    pub as_of: Option<Moment>,
    /// How many rows are enough; all, if it does not say.
    pub limit: Option<u64>,
}

/// An export: files that may be fetched.
#[derive(Debug)]
pub struct Export {
    /// Its name.
    pub id: String,
    /// For whom it was made, and of what.
    pub wanted: Wanted,
    /// The number of the table's newest change when it was begun.
    pub version: u64,
    /// The columns.
    pub schema: SchemaRef,
    /// Its files.
    pub parts: Vec<Part>,
    /// When it was begun.
    pub made_at: Moment,
    folder: PathBuf,
}

impl Export {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// All bytes.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    fn ends(&self) -> Moment {
        after(self.made_at, KEPT_FOR)
    }
}

/// An export that is made, or will be.
struct Slot {
    id: String,
    made_at: Moment,
    export: OnceCell<Arc<Export>>,
}

/// All exports.
pub struct Exports {
    lake: Arc<Lake>,
    folder: PathBuf,
    seal: Seal,
    turns: Semaphore,
    /// The newest of what is wanted, by what that is.
    newest: Mutex<HashMap<String, Arc<Slot>>>,
    /// All that are kept, by name.
    kept: Mutex<HashMap<String, Arc<Export>>>,
}

impl std::fmt::Debug for Exports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exports").finish_non_exhaustive()
    }
}

fn after(moment: Moment, time: Duration) -> Moment {
    let time = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Moment(moment.0.saturating_add(time))
}

impl Exports {
    /// Exports in `folder`, which is theirs alone: what an earlier process left there is deleted.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(lake: Arc<Lake>, folder: &Path) -> Result<Arc<Self>, Error> {
        let prepared = match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => private_folder(folder),
        };
        prepared.map_err(|source| Error::Export {
            table: folder.display().to_string(),
            action: "kept here",
            source,
        })?;
        Ok(Arc::new(Self {
            lake,
            folder: folder.to_owned(),
            seal: Seal::new()?,
            turns: Semaphore::new(EXPORTS_AT_ONCE),
            newest: Mutex::default(),
            kept: Mutex::default(),
        }))
    }

    /// The number of a table's newest change.
    ///
    /// # Errors
    /// When there is no such table, or its log cannot be read.
    pub async fn version(&self, table: &str) -> Result<u64, Error> {
        self.lake.version(table).await
    }

    /// The columns that an export would have.
    ///
    /// # Errors
    /// When nothing of the table may be seen.
    pub async fn schema(&self, wanted: &Wanted) -> Result<SchemaRef, Error> {
        let table = self.table(wanted)?;
        let plan = self.session(wanted)?.whole(&table, None).await?;
        Ok(Arc::new(plan.schema().as_arrow().clone()))
    }

    /// What is wanted, as files: those that there are, or new ones.
    ///
    /// # Errors
    /// When it passes a limit, or history or the folder cannot be used.
    pub async fn get(self: &Arc<Self>, wanted: Wanted, now: Moment) -> Result<Arc<Export>, Error> {
        let this = Arc::clone(self);
        // What fails is logged there.
        let _ = tokio::task::spawn_blocking(move || this.delete_old(now)).await;
        let table = self.table(&wanted)?;
        let version = self.lake.version(&wanted.table).await?;
        let slot = self.slot(&name(&wanted, &table, version), now);
        let make = || async {
            // Fails only when the semaphore is closed, which nobody does.
            let _turn = self
                .turns
                .acquire()
                .await
                .map_err(|_closed| Error::Hidden)?;
            let session = self.session(&wanted)?;
            let export = self.make(&session, &table, &wanted, version, &slot).await?;
            let export = Arc::new(export);
            self.kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(export.id.clone(), Arc::clone(&export));
            Ok::<_, Error>(export)
        };
        slot.export.get_or_try_init(make).await.cloned()
    }

    /// An address of a file, and its signature.
    pub fn address(
        &self,
        export: &Export,
        profile: &str,
        part: usize,
        now: Moment,
    ) -> (Address, String) {
        let address = Address {
            profile: profile.to_owned(),
            export: export.id.clone(),
            part,
            until: after(now, ADDRESS_LIFE).min(export.ends()).seconds(),
        };
        let signature = self.seal.sign(&address);
        (address, signature)
    }

    /// The file that an address names.
    ///
    /// # Errors
    /// When the address was not signed here, or is no longer good.
    pub fn file(
        &self,
        address: &Address,
        signature: &str,
        now: Moment,
    ) -> Result<(Arc<Export>, PathBuf), Unopened> {
        if !self.seal.has_signed(address, signature) {
            return Err(Unopened::Signature);
        }
        if now.seconds() >= address.until {
            return Err(Unopened::Expired);
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let export = kept.get(&address.export).ok_or(Unopened::Gone)?;
        let path = export.folder.join(file_name(address.part));
        Ok((Arc::clone(export), path))
    }

    /// Deletes exports whose time is over. A file that is being read stays until it is read.
    pub fn delete_old(&self, now: Moment) {
        let mut old = Vec::new();
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, export| {
                let kept = now < export.ends();
                if !kept {
                    old.push(export.folder.clone());
                }
                kept
            });
        self.newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, slot| now < after(slot.made_at, KEPT_FOR));
        for folder in old {
            if let Err(error) = fs::remove_dir_all(&folder) {
                tracing::error!(%error, folder = %folder.display(), "an old export cannot be deleted");
            }
        }
    }

    fn table(&self, wanted: &Wanted) -> Result<Arc<Table>, Error> {
        let tables = self.lake.tables();
        let table = tables.get(&wanted.table).ok_or_else(|| Error::NoTable {
            name: wanted.table.clone(),
        })?;
        Ok(Arc::clone(table))
    }

    /// A session that sees what may be taken.
    fn session(&self, wanted: &Wanted) -> Result<Session, Error> {
        let (who, grants) = (wanted.who.clone(), wanted.grants.clone());
        self.lake.granted_session(who, grants, wanted.as_of)
    }

    /// Where the newest of what is wanted is, or will be.
    fn slot(&self, name: &str, now: Moment) -> Arc<Slot> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = newest.get(name)
            && now < after(slot.made_at, REUSED_FOR)
        {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot {
            id: format!("{name}-{:x}", now.0),
            made_at: now,
            export: OnceCell::new(),
        });
        newest.insert(name.to_owned(), Arc::clone(&slot));
        slot
    }

    async fn make(
        &self,
        session: &Session,
        table: &Table,
        wanted: &Wanted,
        version: u64,
        slot: &Slot,
    ) -> Result<Export, Error> {
        self.check_room()?;
        let plan = session.whole(table, wanted.limit).await?;
        let answer = session.answer_within(plan, BOUNDS).await?;
        let schema = Arc::clone(answer.schema());
        let folder = self.folder.join(&slot.id);
        let failed = |source: io::Error| Error::Export {
            table: wanted.table.clone(),
            action: "written",
            source,
        };
        // One that failed before may have left something.
        let _ = fs::remove_dir_all(&folder);
        private_folder(&folder).map_err(failed)?;
        let written = write(answer, &folder).await;
        let parts = match written {
            Ok(parts) => parts,
            Err(error) => {
                let _ = fs::remove_dir_all(&folder); // the first error tells more
                return Err(match error {
                    Failure::Question(error) => error,
                    Failure::File(error) => failed(error),
                });
            }
        };
        Ok(Export {
            id: slot.id.clone(),
            wanted: wanted.clone(),
            version,
            schema,
            parts,
            made_at: slot.made_at,
            folder,
        })
    }

    fn check_room(&self) -> Result<(), Error> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: u64 = kept.values().map(|export| export.bytes()).sum();
        if bytes < EXPORTS_BYTES_MAX {
            return Ok(());
        }
        Err(Error::Limit {
            name: "EXPORTS_BYTES_MAX",
            message: format!(
                "exports take {bytes} bytes, and {EXPORTS_BYTES_MAX} are allowed; they are deleted within {} minutes",
                KEPT_FOR.as_secs() / 60
            ),
        })
    }
}

enum Failure {
    Question(Error),
    File(io::Error),
}

/// Writes an answer's batches into files as they come.
async fn write(answer: Answer, folder: &Path) -> Result<Vec<Part>, Failure> {
    let (schema, folder) = (Arc::clone(answer.schema()), folder.to_owned());
    let (sender, mut receiver) = mpsc::channel(BATCHES_WAITING);
    let writing =
        tokio::task::spawn_blocking(move || parts::write(&schema, &mut receiver, &folder));
    let sent = send(answer, sender).await;
    let written = writing
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    sent.map_err(Failure::Question)?;
    written.map_err(Failure::File)
}

async fn send(mut answer: Answer, sender: Sender<RecordBatch>) -> Result<(), Error> {
    while let Some(batch) = answer.next().await {
        if sender.send(batch?).await.is_err() {
            return Ok(()); // the writer has failed, and says why
        }
    }
    Ok(())
}

/// What tells an export from others, as 32 hexadecimal digits.
fn name(wanted: &Wanted, table: &Table, version: u64) -> String {
    let Wanted {
        who, terms, as_of, ..
    } = wanted;
    let text = format!(
        "{:?} {} {version} {:?} {:?} {terms:?} {as_of:?} {:?}",
        wanted.table, table.version, who.department, who.purpose, wanted.limit
    );
    let hash = digest(&SHA256, text.as_bytes());
    hex::digits(hash.as_ref().get(..16).unwrap_or_default())
}

/// A folder that only its owner may look into.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl Session {
    /// The plan that shows all of a table, or so many of its rows.
    async fn whole(
        &self,
        table: &Table,
        limit: Option<u64>,
    ) -> Result<datafusion::logical_expr::LogicalPlan, Error> {
        let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
        let (department, dataset) = sql_table(table);
        self.understand(&format!(
            r#"SELECT * FROM "{department}"."{dataset}"{limit}"#
        ))
        .await
    }
}
