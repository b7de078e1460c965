//! Where history's files are: a folder, or an object store.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, parse_url_opts};

use crate::error::Error;
use crate::faults::Faults;
use crate::pool::HistoryUrl;
use crate::runtime::Runtime;

/// Where history's files are.
#[derive(Debug)]
pub(crate) enum Place {
    /// Below this folder.
    Folder(PathBuf),
    /// Below this prefix.
    Store {
        store: Arc<dyn ObjectStore>,
        prefix: Key,
        runtime: Arc<Runtime>,
    },
}

impl Place {
    pub(crate) fn open(url: &HistoryUrl, runtime: &Arc<Runtime>) -> Result<Self, Error> {
        match url {
            HistoryUrl::Folder(folder) => Ok(Self::Folder(folder.clone())),
            HistoryUrl::Store { url, options } => {
                let fault = |source| Error::Store {
                    what: "open",
                    file: url.clone(),
                    source,
                };
                let address = url::Url::parse(url).map_err(|source| {
                    fault(object_store::Error::Generic {
                        store: "address",
                        source: Box::new(source),
                    })
                })?;
                let (store, prefix) =
                    parse_url_opts(&address, options.iter().cloned()).map_err(fault)?;
                Ok(Self::Store {
                    store: Arc::from(store),
                    prefix,
                    runtime: Arc::clone(runtime),
                })
            }
        }
    }

    /// Writes a new file, durably; [`Self::sync`] makes its name durable too.
    pub(crate) fn put(&self, path: &str, bytes: Vec<u8>, faults: &Faults) -> Result<(), Error> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(path);
                put_file(&path, &bytes, faults).map_err(Error::io("write", path))
            }
            Self::Store {
                store,
                prefix,
                runtime,
            } => {
                let (store, key, file) = (Arc::clone(store), below(prefix, path), path.to_owned());
                let put = async move { store.put(&key, Bytes::from(bytes).into()).await };
                runtime.wait(put)?.map_err(|source| Error::Store {
                    what: "write",
                    file,
                    source,
                })?;
                Ok(())
            }
        }
    }

    /// Makes the names of files in the folders of `paths` durable.
    pub(crate) fn sync<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Result<(), Error> {
        let Self::Folder(root) = self else {
            return Ok(());
        };
        let mut folders: Vec<&Path> = paths
            .flat_map(|path| Path::new(path).ancestors().skip(1))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in folders {
            let folder = root.join(folder);
            File::open(&folder)
                .and_then(|folder| folder.sync_all())
                .map_err(Error::io("sync", &folder))?;
        }
        Ok(())
    }

    /// The whole of a file.
    pub(crate) fn get(&self, path: &str) -> Result<Bytes, Error> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(path);
                fs::read(&path)
                    .map(Bytes::from)
                    .map_err(Error::io("read", path))
            }
            Self::Store {
                store,
                prefix,
                runtime,
            } => {
                let (store, key, file) = (Arc::clone(store), below(prefix, path), path.to_owned());
                let get = async move { store.get(&key).await?.bytes().await };
                runtime.wait(get)?.map_err(|source| Error::Store {
                    what: "read",
                    file,
                    source,
                })
            }
        }
    }
}

fn put_file(path: &Path, bytes: &[u8], faults: &Faults) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create_new(path)?;
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    file.write_all(first)?;
    faults.pass("history-middle")?;
    file.write_all(rest)?;
    faults.pass("history-before-sync")?;
    file.sync_all()
}

fn below(prefix: &Key, path: &str) -> Key {
    prefix.parts().chain(Key::from(path).parts()).collect()
}
