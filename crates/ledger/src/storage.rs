//! The file operations of a log, behind a trait: tests put faults between any two of them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// File operations in one folder. Paths are relative to it and use `/`.
pub trait Storage: Send + Sync {
    /// Takes the folder for this process alone, until the storage is dropped. `false` when another
    /// has it.
    fn take(&self) -> io::Result<bool>;
    /// Gives it back.
    fn release(&self);
    /// The whole file; `NotFound` when it is not there.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// The names in a folder, in any order; none when the folder is not there.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Opens a file to read and write, and makes it when missing, with the folders it is in.
    fn open(&self, path: &str) -> io::Result<Box<dyn StoredFile>>;
    /// Opens a file that is there, to read; `NotFound` when it is not.
    fn open_to_read(&self, path: &str) -> io::Result<Box<dyn StoredFile>>;
    /// Puts a whole file in its place, or leaves the old one there. Not durable until
    /// [`Storage::sync`].
    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()>;
    /// Makes a file that was put durable, and its name.
    fn sync(&self, path: &str) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
    /// Removes a file; one that is not there is no error.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Removes a folder and all in it; one that is not there is no error.
    fn remove_folder(&self, folder: &str) -> io::Result<()>;
}

/// An open file. Shared between threads: positions are given with each call.
pub trait StoredFile: Send + Sync {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Fills `buffer` from `offset` on; `UnexpectedEof` when the file is too short.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts it to `length`.
    fn cut(&self, length: u64) -> io::Result<()>;
    /// Makes all that was written durable.
    fn sync(&self) -> io::Result<()>;
}

/// The file that a process locks to have a log for itself.
const LOCK: &str = "lock";

/// A folder on the disk.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    lock: std::sync::Mutex<Option<File>>,
}

impl Disk {
    /// The folder at this path; it need not be there yet.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            lock: std::sync::Mutex::new(None),
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

impl Storage for Disk {
    fn take(&self) -> io::Result<bool> {
        fs::create_dir_all(&self.folder)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.at(LOCK))?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = self
                    .lock
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                *lock = Some(file);
                Ok(true)
            }
            Err(fs::TryLockError::WouldBlock) => Ok(false),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn release(&self) {
        // Closing the file gives the lock back.
        *self
            .lock
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.at(path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.at(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn StoredFile>> {
        let path = self.at(path);
        make_parent(&path)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        Ok(Box::new(file))
    }

    fn open_to_read(&self, path: &str) -> io::Result<Box<dyn StoredFile>> {
        Ok(Box::new(File::open(self.at(path))?))
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.at(path);
        let mut partial = path.clone().into_os_string();
        partial.push(".partial");
        if let Err(error) = fs::write(&partial, bytes) {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            make_parent(&path)?;
            fs::write(&partial, bytes)?;
        }
        fs::rename(&partial, &path)
    }

    fn sync(&self, path: &str) -> io::Result<()> {
        File::open(self.at(path))?.sync_data()
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        File::open(self.at(folder))?.sync_all()
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        missing_is_fine(fs::remove_file(self.at(path)))
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        missing_is_fine(fs::remove_dir_all(self.at(folder)))
    }
}

impl StoredFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
