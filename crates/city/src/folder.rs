//! Reads the files of a city folder from disk. The only part of the crate that touches a disk.
//!
//! It follows no links, opens nothing but plain files, and stops at the limits of
//! [`crate::limits`], so that a folder made to harm (a link in a circle, a pipe that never ends, a
//! file without end) gives a fault.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::fault::{Code, Fault};
use crate::kind::KINDS;
use crate::limits::{FILE_BYTES_MAX, FILES_MAX, FOLDER_DEPTH_MAX};
use crate::suggest::nearest;

/// The files of a folder.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Path from the folder with `/`, and the bytes of those that are definitions.
    pub(crate) files: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) faults: Vec<Fault>,
}

/// Lists `folder` and reads the definitions in it.
pub(crate) fn list(folder: &Path) -> Listing {
    let mut listing = Listing::default();
    let reason = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {
            listing.descend(folder, "", 0);
            return listing;
        }
        Ok(_) => "it is a file, not a folder".to_owned(),
        Err(error) => explain(&error),
    };
    let message = format!("the city folder cannot be read: {reason}");
    let fault = Fault::of_file(Code::Unreadable, folder, message).maybe_help(sibling(folder));
    listing.faults.push(fault);
    listing
}

/// The folder beside a missing one whose name is like it.
fn sibling(folder: &Path) -> Option<String> {
    let parent = match folder.parent()? {
        parent if parent.as_os_str().is_empty() => Path::new("."),
        parent => parent,
    };
    let entries = fs::read_dir(parent).ok()?.take(FILES_MAX).flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names: Vec<String> = folders
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let wanted = folder.file_name()?.to_str()?;
    let near = nearest(wanted, names.iter().map(String::as_str))?;
    Some(format!(
        "did you mean `{}`?",
        folder.with_file_name(near).display()
    ))
}

impl Listing {
    fn descend(&mut self, folder: &Path, inside: &str, depth: usize) {
        if depth > FOLDER_DEPTH_MAX {
            let message = format!("folders are nested more than {FOLDER_DEPTH_MAX} deep");
            return self
                .faults
                .push(Fault::of_file(Code::Limit, folder, message));
        }
        let mut names = Vec::new();
        match fs::read_dir(folder) {
            Ok(entries) => names.extend(entries.flatten().take(FILES_MAX + 1)),
            Err(error) => return self.unreadable(folder, &explain(&error), None),
        }
        names.sort_by_key(fs::DirEntry::file_name);
        self.missing(folder, inside, &names);
        for entry in names {
            if self.files.len() >= FILES_MAX {
                let message = format!("the folder holds more than {FILES_MAX} files");
                return self
                    .faults
                    .push(Fault::of_file(Code::Limit, folder, message));
            }
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let help = "rename it with letters that UTF-8 knows".to_owned();
                self.unreadable(&path, "its name is not UTF-8", Some(help));
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let inside = if inside.is_empty() {
                name.to_owned()
            } else {
                format!("{inside}/{name}")
            };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && KINDS.iter().any(|kind| kind.claims(&inside)) => {
                    let help = "put a file of this name in its place".to_owned();
                    self.unreadable(&path, "it is a folder, not a file", Some(help));
                }
                Ok(kind) if kind.is_dir() => self.descend(&path, &inside, depth + 1),
                Ok(kind) if kind.is_file() => self.file(&path, inside),
                Ok(kind) if kind.is_symlink() => {
                    let help = "put the file itself in its place".to_owned();
                    self.unreadable(
                        &path,
                        "it is a link, and links are not followed",
                        Some(help),
                    );
                }
                Ok(_) => self.unreadable(&path, "it is not a plain file", None),
                Err(error) => self.unreadable(&path, &explain(&error), None),
            }
        }
    }

    /// Definitions that a folder is there for and does not hold: `departments/parks/` without its
    /// `department.yaml`. A folder with other files says more by those.
    fn missing(&mut self, folder: &Path, inside: &str, names: &[fs::DirEntry]) {
        if inside.is_empty() || !names.is_empty() {
            return;
        }
        for kind in KINDS {
            let Some((_, name)) = kind.pattern.rsplit_once('/') else {
                continue;
            };
            let fixed = !name.contains(['{', '*']);
            if fixed && kind.claims(&format!("{inside}/{name}")) {
                let message = format!("the folder is empty; it should hold `{name}`");
                let help = format!("add `{name}`, or remove the folder");
                self.faults
                    .push(Fault::of_file(Code::MissingFile, folder, message).help(help));
            }
        }
    }

    fn file(&mut self, path: &Path, inside: String) {
        if !KINDS.iter().any(|kind| kind.claims(&inside)) {
            return self.files.push((inside, None));
        }
        let mut bytes = Vec::new();
        let read =
            File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) => self.files.push((inside, Some(bytes))),
            Err(error) => self.unreadable(path, &explain(&error), None),
        }
    }

    fn unreadable(&mut self, path: &Path, reason: &str, help: Option<String>) {
        let message = format!("cannot be read: {reason}");
        self.faults
            .push(Fault::of_file(Code::Unreadable, path, message).maybe_help(help));
    }
}

/// What the operating system says, in a few words.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
