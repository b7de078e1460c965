//! A folder as an object store that keeps what it was given through a power cut: each object is
//! written aside, made durable, and only then gets its name. `object_store`'s own leaves this to
//! the operating system, and a torn log entry would make a Delta table unreadable.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result,
};

/// What the names of files begin with that are not whole yet.
const UNFINISHED: &str = ".unfinished-";
/// The store's name in its errors.
const NAME: &str = "folder";

/// A folder, durably.
#[derive(Debug)]
pub(crate) struct Folder {
    local: Arc<LocalFileSystem>,
    /// Makes names of unfinished files different within the process.
    unfinished: AtomicU64,
}

impl Folder {
    /// All files of the machine, by absolute path.
    pub(crate) fn root() -> Self {
        Self {
            local: Arc::new(LocalFileSystem::new()),
            unfinished: AtomicU64::new(0),
        }
    }

    fn write(
        target: &FilePath,
        aside: &FilePath,
        payload: &PutPayload,
        mode: &PutMode,
    ) -> std::io::Result<()> {
        if let Some(folder) = target.parent() {
            make_folder(folder)?;
        }
        let mut file = File::create(aside)?;
        for part in payload {
            file.write_all(part)?;
        }
        file.sync_all()?;
        drop(file);
        match mode {
            PutMode::Create => {
                let linked = fs::hard_link(aside, target);
                fs::remove_file(aside)?;
                linked?;
            }
            _ => fs::rename(aside, target)?,
        }
        sync_folder(target)
    }
}

/// Removes files below `folder` that never became whole, because their process died, and that were
/// last written before `before`. Says how many.
pub(crate) fn sweep(folder: &FilePath, before: SystemTime) -> std::io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            removed += sweep(&entry.path(), before)?;
            continue;
        }
        let unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        if unfinished && entry.metadata()?.modified()? < before {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Makes `folder` and what is above it, durably.
pub(crate) fn make_folder(folder: &FilePath) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_folder(folder)
}

/// Makes the entry of `file` in its folder durable.
pub(crate) fn sync_folder(file: &FilePath) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

impl std::fmt::Display for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(NAME)
    }
}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let target = self.local.path_to_filesystem(location)?;
        let number = self.unfinished.fetch_add(1, Ordering::Relaxed);
        let name = format!("{UNFINISHED}{}-{number}", std::process::id());
        let aside: PathBuf = target.with_file_name(name);
        let path = location.to_string();
        let done = tokio::task::spawn_blocking(move || {
            Self::write(&target, &aside, &payload, &options.mode)
        });
        let done = done.await.map_err(|error| Error::Generic {
            store: NAME,
            source: error.into(),
        })?;
        match done {
            Ok(()) => Ok(PutResult {
                e_tag: None,
                version: None,
            }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Error::AlreadyExists {
                path,
                source: error.into(),
            }),
            Err(error) => Err(Error::Generic {
                store: NAME,
                source: error.into(),
            }),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.local.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.local.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.local.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.local.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.local.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.local.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.local.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.local.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.local.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_never_became_whole_goes_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("_current=true/_bucket=0");
        fs::create_dir_all(&below).unwrap();
        for name in [".unfinished-1-1", "part-1.parquet"] {
            fs::write(below.join(name), "x").unwrap();
        }
        let written = fs::metadata(below.join(".unfinished-1-1"));
        let written = written.unwrap().modified().unwrap();
        assert_eq!(
            sweep(folder.path(), written).unwrap(),
            0,
            "somebody may be at it"
        );
        let later = written + Duration::from_secs(1);
        assert_eq!(sweep(folder.path(), later).unwrap(), 1);
        assert!(below.join("part-1.parquet").exists());
    }
}
