//! What a run of `pool generate` wrote, so that the next one of the same options goes on with it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use synthetic::Faults;

use crate::error::Error;
use crate::output;

/// Its name in the folder. Not `.json`, so that a load of the folder leaves it alone.
const NAME: &str = "generated.manifest";

/// What the records hang on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Parameters {
    pub(super) version: String,
    pub(super) persons: u64,
    pub(super) seed: u64,
    pub(super) today: String,
    /// As text: a number may come back changed in its last digit.
    pub(super) fault_share: String,
}

/// A file that is whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Done {
    /// The hash of the dataset's definition.
    pub(super) definition: String,
    pub(super) records: u64,
    pub(super) bytes: u64,
    #[serde(default)]
    pub(super) faults: Faults,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Contents {
    demonstration: String,
    parameters: Parameters,
    files: BTreeMap<String, Done>,
}

/// The list of files in a folder that are whole.
#[derive(Debug)]
pub(super) struct Manifest {
    folder: PathBuf,
    contents: Mutex<Contents>,
}

impl Manifest {
    /// The list of what is in `folder`. Files of a run with other parameters are taken away.
    pub(super) fn open(folder: &Path, parameters: &Parameters) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|error| Error::output(folder, error))?;
        let path = folder.join(NAME);
        let old = std::fs::read(&path).ok();
        let old: Option<Contents> = old.and_then(|text| serde_json::from_slice(&text).ok());
        let files = match old {
            Some(old) if old.parameters == *parameters => old.files,
            Some(old) => {
                for name in old.files.keys().filter(|name| is_ours(name)) {
                    // What is gone already need not be taken away.
                    let _ = std::fs::remove_file(folder.join(name));
                }
                BTreeMap::new()
            }
            None => BTreeMap::new(),
        };
        let contents = Contents {
            demonstration: synthetic::MARK.1.to_owned(),
            parameters: parameters.clone(),
            files,
        };
        let manifest = Self {
            folder: folder.to_owned(),
            contents: Mutex::new(contents),
        };
        manifest.save()?;
        Ok(manifest)
    }

    /// The file `name`, if it is there, whole and of this definition.
    pub(super) fn done(&self, name: &str, definition: &str) -> Option<Done> {
        let contents = self.contents.lock().ok()?;
        let done = contents.files.get(name)?;
        let size = std::fs::metadata(self.folder.join(name)).ok()?.len();
        (done.definition == definition && done.bytes == size).then(|| done.clone())
    }

    /// Notes that the file `name` is whole.
    pub(super) fn add(&self, name: &str, done: Done) -> Result<(), Error> {
        if let Ok(mut contents) = self.contents.lock() {
            contents.files.insert(name.to_owned(), done);
        }
        self.save()
    }

    fn save(&self) -> Result<(), Error> {
        // The lock is held while the file is written: two files cannot be noted at once.
        let Ok(contents) = self.contents.lock() else {
            return Ok(());
        };
        output::to_file(&self.folder.join(NAME), |out| {
            serde_json::to_writer_pretty(&mut *out, &*contents)?;
            writeln!(out)
        })
    }
}

/// Whether a name in a manifest is that of a file two levels down, as ours are, and leads nowhere
/// else.
fn is_ours(name: &str) -> bool {
    let mut parts = name.split('/');
    let plain =
        |part: Option<&str>| part.is_some_and(|part| !part.is_empty() && !part.starts_with('.'));
    !name.contains('\\') && plain(parts.next()) && plain(parts.next()) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(seed: u64) -> Parameters {
        Parameters {
            version: "1".to_owned(),
            persons: 1000,
            seed,
            today: "2026-11-25".to_owned(),
            fault_share: "0".to_owned(),
        }
    }

    #[test]
    fn files_are_kept_for_the_same_parameters_and_taken_away_for_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("health/births.csv");
        std::fs::create_dir_all(folder.path().join("health")).unwrap();
        std::fs::write(&path, "four").unwrap();
        let done = Done {
            definition: "abc".to_owned(),
            records: 1,
            bytes: 4,
            faults: Faults::default(),
        };
        let manifest = Manifest::open(folder.path(), &parameters(7)).unwrap();
        manifest.add("health/births.csv", done.clone()).unwrap();
        let again = Manifest::open(folder.path(), &parameters(7)).unwrap();
        assert_eq!(again.done("health/births.csv", "abc"), Some(done));
        assert_eq!(again.done("health/births.csv", "another"), None);
        std::fs::write(&path, "three").unwrap();
        assert_eq!(again.done("health/births.csv", "abc"), None);
        let other = Manifest::open(folder.path(), &parameters(8)).unwrap();
        assert_eq!(other.done("health/births.csv", "abc"), None);
        assert!(!path.exists());
    }

    #[test]
    fn a_manifest_names_no_file_outside_its_folder() {
        assert!(is_ours("health/births.csv"));
        for name in [
            "../x",
            "/etc/passwd",
            "a/../../b",
            "a/b/c",
            "a",
            "a/.b",
            "..\\a/b",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
