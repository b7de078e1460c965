//! A table of history in memory: its log, its files and its overlay, as questions see them.

use std::sync::{Arc, RwLock, RwLockReadGuard};

use deltalake::DeltaTable;
use pool::Table;
use tokio::sync::Mutex;

use super::log::{self, HistoryFile};
use super::overlay::{Keys, Layer, Overlay};
use crate::error::Error;
use crate::history::place::Place;

/// What a question sees of a table: always files and overlay that belong together.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) files: Arc<Vec<HistoryFile>>,
    pub(crate) overlay: Arc<Overlay>,
    /// Up to which entry the files are.
    pub(crate) taken: u64,
}

impl View {
    /// Up to which entry it shows changes.
    pub(crate) fn newest(&self) -> u64 {
        let layers = self.overlay.layers.last();
        layers.map_or(self.taken, |layer| layer.last.max(self.taken))
    }
}

/// A table of history.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) table: Arc<Table>,
    pub(crate) keys: Arc<Keys>,
    /// The log; none while the table has never been written. Whoever changes the table holds it.
    pub(crate) delta: Mutex<Option<DeltaTable>>,
    view: RwLock<Arc<View>>,
}

impl Held {
    /// Reads the table's log, if there is one.
    pub(crate) async fn open(place: &Place, table: Arc<Table>) -> Result<Self, Error> {
        let keys = Keys::new(&table).map_err(|error| Error::table(&table, "encode keys", error))?;
        let delta = log::open(place, &table).await?;
        let view = match &delta {
            Some(delta) => {
                let buckets = log::buckets(delta, &table).await?;
                View {
                    files: Arc::new(log::files(delta, &table)?),
                    taken: log::taken(delta, &table).await?,
                    overlay: Arc::new(Overlay::new(Vec::new(), buckets)),
                }
            }
            None => View {
                overlay: Arc::new(Overlay::new(Vec::new(), table.buckets)),
                ..View::default()
            },
        };
        Ok(Self {
            table,
            keys: Arc::new(keys),
            delta: Mutex::new(delta),
            view: RwLock::new(Arc::new(view)),
        })
    }

    /// What there is now.
    pub(crate) fn view(&self) -> Arc<View> {
        let view: RwLockReadGuard<'_, Arc<View>> = self
            .view
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(&view)
    }

    /// Puts another view in the place of the present one. The keeper and upkeep may both do so.
    pub(crate) fn change(&self, other: impl FnOnce(&View) -> View) {
        let mut view = self
            .view
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *view = Arc::new(other(&view));
    }

    /// In how many buckets the table's files are: as many as the definition said when it was made,
    /// until upkeep divides it anew.
    pub(crate) fn buckets(&self) -> u32 {
        self.view().overlay.buckets
    }

    /// Lays changes over what there is.
    pub(crate) fn lay(&self, layer: Layer) {
        self.change(|view| View {
            files: Arc::clone(&view.files),
            overlay: Arc::new(view.overlay.with(layer)),
            taken: view.taken,
        });
    }

    /// Reads again what the log says, after a commit that left so many buckets and took entries up
    /// to `seq`, if it took any.
    pub(crate) fn show_committed(
        &self,
        delta: &DeltaTable,
        buckets: u32,
        seq: Option<u64>,
    ) -> Result<(), Error> {
        let files = Arc::new(log::files(delta, &self.table)?);
        self.change(|before| {
            let taken = seq.unwrap_or(before.taken);
            View {
                files,
                overlay: Arc::new(before.overlay.after(taken, buckets)),
                taken,
            }
        });
        Ok(())
    }

    /// After a commit that failed: it may have come about all the same, so the log is read again.
    pub(crate) async fn reread(&self, place: &Place) -> Option<DeltaTable> {
        let read = async {
            let Some(delta) = log::open(place, &self.table).await? else {
                return Ok(None);
            };
            let taken = log::taken(&delta, &self.table).await?;
            let buckets = log::buckets(&delta, &self.table).await?;
            self.show_committed(&delta, buckets, Some(taken))?;
            Ok::<_, Error>(Some(delta))
        };
        read.await.unwrap_or_else(|error| {
            tracing::error!(%error, "history cannot be read again after a failed commit");
            None
        })
    }

    /// The log, made if there is none, with all columns.
    pub(crate) async fn log(
        &self,
        place: &Place,
        delta: Option<DeltaTable>,
    ) -> Result<DeltaTable, Error> {
        let delta = match delta {
            Some(delta) => delta,
            None => log::create(place, &self.table).await?,
        };
        log::widen(delta, &self.table).await
    }
}
