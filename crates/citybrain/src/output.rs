//! Files that appear whole or not at all: they are written under another name and renamed at the
//! end, so that neither a kill nor a full disk leaves half a file that looks like a whole one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Where a file is written, and what it is called in the end.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    path: PathBuf,
    partial: PathBuf,
}

impl Output {
    /// A file to be called `path`. Links are followed; what is there and no plain file (a device,
    /// a pipe) is written to itself: a rename would put a file in its place.
    pub(crate) fn new(path: &Path) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let special = std::fs::metadata(&path).is_ok_and(|found| !found.is_file());
        let partial = if special {
            path.clone()
        } else {
            let mut name = path.clone().into_os_string();
            name.push(".partial");
            PathBuf::from(name)
        };
        Self { path, partial }
    }

    /// Where it is written until it is whole.
    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives the file its name.
    pub(crate) fn finish(&self) -> io::Result<()> {
        if self.partial == self.path {
            return Ok(());
        }
        std::fs::rename(&self.partial, &self.path)
    }

    /// Takes away what was written.
    fn discard(&self) {
        if self.partial != self.path {
            // The disk may be gone; the error that led here says so.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// Writes a file through a buffer.
pub(crate) fn to_file<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
) -> Result<T, Error> {
    let output = Output::new(path);
    let attempt = || {
        let mut out = BufWriter::new(File::create(output.partial())?);
        let result = write(&mut out)?;
        out.flush()?;
        output.finish()?;
        Ok(result)
    };
    attempt().map_err(|error: io::Error| {
        output.discard();
        Error::output(path, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        to_file(&path, |out| out.write_all(b"old")).unwrap();
        let failed = to_file(&path, |out| {
            out.write_all(b"new")?;
            Err::<(), _>(io::Error::other("full"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_pipes_pipes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("link"));
        std::fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        to_file(&link, |out| out.write_all(b"new")).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");

        let (_listener, socket) = (
            std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap(),
            folder.path().join("s"),
        );
        assert_eq!(
            Output::new(&socket).partial(),
            socket.canonicalize().unwrap()
        );
        let dev_null = Path::new("/dev/null");
        assert_eq!(Output::new(dev_null).partial(), dev_null);
    }
}
