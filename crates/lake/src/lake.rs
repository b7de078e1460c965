//! The front door: history and its tables, shared by the keeper and all sessions.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use datafusion::execution::cache::cache_manager::{
    CacheManager, CacheManagerConfig, FileMetadataCache,
};
use pool::{HistoryUrl, Moment, Table, Tables};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::engine::Engine;
use crate::error::Error;
use crate::history::place::Place;
use crate::history::{Held, InForce, MaintainOptions, Maintained, conform, stored_schema};
use crate::history::{Layer, Overlay, View};
use crate::questions::limits::{FOOTER_BYTES_MAX, QUESTIONS_AT_ONCE};
use crate::questions::{Reach, Secret, Session, StatusCounts, TableGrant, Who};

/// The moment that a text names, RFC 3339.
pub fn moment(text: &str) -> Option<Moment> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(|at| Moment(at.as_microsecond()))
}

/// History, opened.
pub struct Lake {
    place: Place,
    tables: RwLock<Arc<Tables>>,
    held: Mutex<BTreeMap<String, Arc<Held>>>,
    secret: Secret,
    counts: StatusCounts,
    footers: Arc<FileMetadataCache>,
    turns: Arc<Semaphore>,
    engine: RwLock<Option<Arc<dyn Engine>>>,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens history; a table's log is read when it is first needed. Identifiers in answers are
    /// tokenised with keys made from `secret`.
    pub async fn open(
        history: &HistoryUrl,
        tables: Arc<Tables>,
        secret: Secret,
    ) -> Result<Arc<Self>, Error> {
        let place = Place::open(history)?;
        place.check().await?;
        Ok(Arc::new(Self {
            place,
            tables: RwLock::new(tables),
            held: Mutex::default(),
            secret,
            counts: StatusCounts::default(),
            footers: footers()?,
            turns: Arc::new(Semaphore::new(QUESTIONS_AT_ONCE)),
            engine: RwLock::default(),
        }))
    }

    /// Takes other definitions into force.
    pub fn use_tables(&self, tables: Arc<Tables>) {
        *self
            .tables
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = tables;
    }

    /// From now on, sessions that are opened have their questions worked out by `engine`; in this
    /// process, if there is none.
    pub fn use_engine(&self, engine: Option<Arc<dyn Engine>>) {
        *self
            .engine
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = engine;
    }

    pub(crate) fn engine(&self) -> Option<Arc<dyn Engine>> {
        self.engine
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// The tables in force.
    pub fn tables(&self) -> Arc<Tables> {
        Arc::clone(
            &self
                .tables
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }

    /// What `who` may ask: the own department's datasets, what is shared with all, and `grants`.
    pub async fn session(
        self: &Arc<Self>,
        who: Who,
        grants: Vec<TableGrant>,
    ) -> Result<Session, Error> {
        self.session_as_of(who, grants, None).await
    }

    /// The same, of the records as they were at a moment.
    #[expect(
        clippy::unused_async,
        reason = "callers wait, so that opening may come to read tables' logs"
    )]
    pub async fn session_as_of(
        self: &Arc<Self>,
        who: Who,
        grants: Vec<TableGrant>,
        as_of: Option<Moment>,
    ) -> Result<Session, Error> {
        Session::open(Arc::clone(self), who, grants, as_of, Reach::All)
    }

    /// A session that sees what `grants` give and nothing else: neither what is its own nor what is
    /// shared with all.
    pub(crate) fn granted_session(
        self: &Arc<Self>,
        who: Who,
        grants: Vec<TableGrant>,
        as_of: Option<Moment>,
    ) -> Result<Session, Error> {
        Session::open(Arc::clone(self), who, grants, as_of, Reach::Grants)
    }

    /// The number of a table's newest change that questions see. It grows with each change.
    pub async fn version(&self, table: &str) -> Result<u64, Error> {
        Ok(self.held(table).await?.view().newest())
    }

    /// The records in force of `department/dataset` as history's files have them; none while it has
    /// never been written.
    pub async fn in_force(&self, name: &str) -> Result<Option<InForce>, Error> {
        let held = self.held(name).await?;
        let written = held.delta.lock().await.is_some();
        Ok(written.then(|| InForce::new(self.place.clone(), held)))
    }

    /// One round of upkeep of all tables that hold something. What fails is logged and passed by.
    pub async fn maintain(
        &self,
        options: &MaintainOptions,
        now: Moment,
    ) -> BTreeMap<String, Maintained> {
        let mut done = BTreeMap::new();
        for table in self.tables().iter() {
            let name = table.name();
            let result = match self.held(&name).await {
                Ok(held) => crate::history::maintain(&self.place, &held, options, now).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(maintained) if maintained != Maintained::default() => {
                    done.insert(name, maintained);
                }
                Ok(_) => {}
                Err(error) => tracing::error!(table = name, %error, "upkeep of history failed"),
            }
        }
        done
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(crate) fn counts(&self) -> &StatusCounts {
        &self.counts
    }

    /// Forgets counts that were worked out, for measurements.
    pub fn forget_counts(&self) {
        self.counts.forget();
    }

    pub(crate) fn footers(&self) -> Arc<FileMetadataCache> {
        Arc::clone(&self.footers)
    }

    /// Waits until a question may be worked on.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.map_err(|error| {
            tracing::error!(%error, "no question is taken any more");
            Error::Hidden
        })
    }

    /// The table `department/dataset`, opened.
    pub(crate) async fn held(&self, name: &str) -> Result<Arc<Held>, Error> {
        let tables = self.tables();
        let table = tables.get(name).ok_or_else(|| Error::NoTable {
            name: name.to_owned(),
        })?;
        let mut all = self.held.lock().await;
        let before = match all.get(name) {
            Some(held) if held.table.version == table.version => return Ok(Arc::clone(held)),
            Some(held) => Some(held.view()),
            None => None,
        };
        let held = Held::open(&self.place, Arc::clone(table)).await?;
        if let Some(before) = before {
            let overlay = carried(table, &before.overlay, held.buckets())?;
            held.change(|view| View {
                files: Arc::clone(&view.files),
                overlay: Arc::new(overlay.after(view.taken, overlay.buckets)),
                taken: view.taken,
            });
        }
        let held = Arc::new(held);
        all.insert(name.to_owned(), Arc::clone(&held));
        Ok(held)
    }
}

/// A cache of files' footers for all sessions.
fn footers() -> Result<Arc<FileMetadataCache>, Error> {
    let config = CacheManagerConfig::default().with_metadata_cache_limit(FOOTER_BYTES_MAX);
    let manager = CacheManager::try_new(&config).map_err(|error| Error::asked(&error))?;
    Ok(manager.get_file_metadata_cache())
}

/// An overlay, brought to another version of its table's definition.
fn carried(table: &Table, overlay: &Overlay, buckets: u32) -> Result<Overlay, Error> {
    let schema = stored_schema(table);
    let layer = |layer: &Arc<Layer>| {
        let rows = conform(&layer.rows, &schema)?;
        Ok(Arc::new(Layer {
            first: layer.first,
            last: layer.last,
            rows,
            deletes: layer.deletes.clone(),
            moved: layer.moved.clone(),
        }))
    };
    let layers = overlay
        .layers
        .iter()
        .map(layer)
        .collect::<Result<_, arrow::error::ArrowError>>();
    let layers = layers.map_err(|error| Error::table(table, "take a new definition", error))?;
    Ok(Overlay::new(layers, buckets))
}
