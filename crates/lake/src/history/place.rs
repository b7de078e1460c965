//! Where history is: a folder or an S3-compatible object store, as Delta and DataFusion see it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use deltalake::DeltaResult;
use deltalake::logstore::{
    LogStore, LogStoreFactory, LogStoreRef, ObjectStoreRef, StorageConfig, default_logstore,
    logstore_factories, logstore_with,
};
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use pool::{HistoryUrl, Table};
use url::Url;

use super::folder::{Folder, make_folder};
use crate::error::Error;

/// The address under which DataFusion reads history. It tells nothing of where that is.
pub(crate) const INSIDE: &str = "history://pool/";

/// The place of history.
#[derive(Clone)]
pub(crate) struct Place {
    /// The whole machine, or the whole bucket.
    root: ObjectStoreRef,
    /// Where history begins.
    base: Url,
    /// Only history: paths begin with the department.
    pub(crate) objects: ObjectStoreRef,
    /// The folder, if it is one.
    pub(crate) folder: Option<PathBuf>,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl Place {
    /// Opens the place, and makes the folder if there is none.
    pub(crate) fn open(url: &HistoryUrl) -> Result<Self, Error> {
        match url {
            HistoryUrl::Folder(folder) => {
                let wrong = |reason: String| Error::Place {
                    place: folder.display().to_string(),
                    reason,
                };
                make_folder(folder).map_err(|error| wrong(error.to_string()))?;
                let folder = folder
                    .canonicalize()
                    .map_err(|error| wrong(error.to_string()))?;
                let base = Url::from_directory_path(&folder)
                    .map_err(|()| wrong("not an absolute path".into()))?;
                Self::of(Arc::new(Folder::root()), base, Some(folder))
            }
            HistoryUrl::Store { url, options } => {
                let wrong = |reason: String| Error::Place {
                    place: url.clone(),
                    reason,
                };
                let mut base = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
                if base.scheme() != "s3" {
                    return Err(wrong(format!("{}:// is not known", base.scheme())));
                }
                if !base.path().ends_with('/') {
                    base.set_path(&format!("{}/", base.path()));
                }
                let store = object_store::aws::AmazonS3Builder::new().with_url(base.as_str());
                let given = |store: object_store::aws::AmazonS3Builder,
                             (key, value): &(String, String)| {
                    let key = key
                        .to_lowercase()
                        .parse()
                        .map_err(|error: object_store::Error| wrong(error.to_string()))?;
                    Ok::<_, Error>(store.with_config(key, value))
                };
                let store = options.iter().try_fold(store, given)?;
                // A log entry is committed by a put that must not replace another's.
                let store =
                    store.with_conditional_put(object_store::aws::S3ConditionalPut::ETagMatch);
                let store = store.build().map_err(|error| wrong(error.to_string()))?;
                Self::of(Arc::new(store), base, None)
            }
        }
    }

    fn of(root: ObjectStoreRef, base: Url, folder: Option<PathBuf>) -> Result<Self, Error> {
        register(&base);
        let prefix = Path::from_url_path(base.path()).map_err(|error| Error::Place {
            place: base.to_string(),
            reason: error.to_string(),
        })?;
        let objects: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(Arc::clone(&root), prefix));
        Ok(Self {
            root,
            base,
            objects,
            folder,
        })
    }

    /// Where a table lies below history: `department/dataset`.
    pub(crate) fn path(table: &Table) -> String {
        table.name()
    }

    /// The log of a table.
    pub(crate) fn log(&self, table: &Table) -> Result<LogStoreRef, Error> {
        let failed = |error: deltalake::DeltaTableError| Error::table(table, "open", error);
        let location = self.base.join(&format!("{}/", Self::path(table)));
        let location = location.map_err(|error| Error::table(table, "open", error))?;
        let nothing: HashMap<String, String> = HashMap::new();
        let config = StorageConfig::parse_options(nothing).map_err(failed)?;
        logstore_with(Arc::clone(&self.root), &location, config).map_err(failed)
    }

    /// Whether something can be put only if it is not there yet. Without this two writers could
    /// take the same number in the log, and one would be lost.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        use object_store::{ObjectStoreExt, PutMode, PutOptions, PutPayload};
        if self.folder.is_some() {
            return Ok(());
        }
        let wrong = |reason: String| Error::Place {
            place: self.base.to_string(),
            reason,
        };
        let probe = Path::from("_probe/conditional-put");
        let create = || PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        let put = |_: u8| {
            self.objects
                .put_opts(&probe, PutPayload::from_static(b"1"), create())
        };
        let _ = self.objects.delete(&probe).await; // left by an earlier run, or not there
        put(1).await.map_err(|error| wrong(error.to_string()))?;
        let again = put(2).await;
        let _ = self.objects.delete(&probe).await; // it has done its work
        match again {
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(()),
            Ok(_) => Err(wrong("the store overwrote an object that was to be created only if absent (If-None-Match: *); history needs conditional puts".into())),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

/// Logs on stores that can put an object only if it is not there.
struct Conditional;

impl LogStoreFactory for Conditional {
    fn with_options(
        &self,
        prefixed: ObjectStoreRef,
        root: ObjectStoreRef,
        location: &Url,
        options: &StorageConfig,
    ) -> DeltaResult<Arc<dyn LogStore>> {
        Ok(default_logstore(prefixed, root, location, options))
    }
}

/// Makes `deltalake` know the address's scheme.
fn register(base: &Url) {
    if let Ok(scheme) = Url::parse(&format!("{}://", base.scheme())) {
        logstore_factories()
            .entry(scheme)
            .or_insert_with(|| Arc::new(Conditional));
    }
}
