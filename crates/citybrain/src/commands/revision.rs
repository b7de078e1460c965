//! The files of a city folder as a revision of its git repository has them, without checking it out.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use city::KINDS;

use crate::error::Error;

/// Path from the city folder, and contents; those of files that are no definitions are left out.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// The files below `folder` in `revision`.
pub(crate) fn files(folder: &Path, revision: &str) -> Result<Files, Error> {
    // What begins with `-` would be an option of git's.
    if revision.is_empty() || revision.starts_with('-') {
        return Err(Error::Option {
            message: format!("{revision:?} is no revision"),
            help: Some("name a commit, a branch or a tag, such as `main` or `HEAD~1`".to_owned()),
        });
    }
    let commit = format!("{revision}^{{commit}}");
    let resolved = git(folder, &["rev-parse", "--verify", "--quiet", &commit])?;
    let commit = text(&resolved.stdout).trim().to_owned();
    if !resolved.status.success() || commit.is_empty() {
        let reason = text(&resolved.stderr);
        let message = match reason.trim() {
            "" => format!("there is no revision {revision:?} of {}", folder.display()),
            reason => format!("git cannot look into {}: {reason}", folder.display()),
        };
        return Err(Error::Refused {
            message,
            help: Some("name a commit, a branch or a tag, such as `main` or `HEAD~1`".to_owned()),
        });
    }
    let listing = git(folder, &["ls-tree", "-r", "-z", &commit, "."])?;
    let entries: Vec<Entry> = listing
        .stdout
        .split(|byte| *byte == 0)
        .filter_map(Entry::read)
        .collect();
    if entries.is_empty() {
        return Err(Error::Refused {
            message: format!("{revision} has no files in {}", folder.display()),
            help: Some(
                "compare with a revision in which the city exists under the same path".to_owned(),
            ),
        });
    }
    contents(folder, entries)
}

/// One file of a revision.
struct Entry {
    blob: String,
    path: String,
}

impl Entry {
    /// Reads `mode type object<tab>path`; links and submodules are no files.
    fn read(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (about, path) = line.split_once('\t')?;
        let mut about = about.split(' ');
        let (mode, kind, blob) = (about.next()?, about.next()?, about.next()?);
        let plain = kind == "blob" && mode != "120000";
        plain.then(|| Self {
            blob: blob.to_owned(),
            path: path.to_owned(),
        })
    }

    fn is_definition(&self) -> bool {
        KINDS.iter().any(|kind| kind.claims(&self.path))
    }
}

/// Reads all definitions through one `git cat-file`.
fn contents(folder: &Path, entries: Vec<Entry>) -> Result<Files, Error> {
    let mut child = command(folder, &["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| missing(&error))?;
    let (Some(mut asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Error::internal("git has no standard input and output"));
    };
    let blobs: Vec<String> = entries
        .iter()
        .filter(|entry| entry.is_definition())
        .map(|entry| entry.blob.clone())
        .collect();
    // From a thread of its own: git answers before it has read everything.
    let asking =
        std::thread::spawn(move || blobs.iter().try_for_each(|blob| writeln!(asks, "{blob}")));
    let mut answers = BufReader::new(answers);
    let mut files = Files::new();
    for entry in entries {
        let bytes = if entry.is_definition() {
            answer(&mut answers).map_err(|error| failed(&error))?
        } else {
            Vec::new()
        };
        files.push((entry.path, bytes));
    }
    let asked = asking.join();
    let ended = child.wait().map_err(|error| failed(&error))?;
    match asked {
        Ok(Ok(())) if ended.success() => Ok(files),
        _ => Err(failed(&"it ended early")),
    }
}

/// Reads `object type size`, so many bytes, and the end of the line.
fn answer(from: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut head = String::new();
    from.read_line(&mut head)?;
    let size = head
        .trim_end()
        .rsplit(' ')
        .next()
        .and_then(|size| size.parse::<u64>().ok());
    let size =
        size.ok_or_else(|| std::io::Error::other(format!("it says {:?}", head.trim_end())))?;
    let mut bytes = Vec::new();
    from.by_ref().take(size + 1).read_to_end(&mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(args);
    command
}

fn git(folder: &Path, args: &[&str]) -> Result<Output, Error> {
    command(folder, args)
        .output()
        .map_err(|error| missing(&error))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn missing(error: &std::io::Error) -> Error {
    Error::Program {
        message: format!("cannot run git: {error}"),
        help: Some("install git, or check without --against".to_owned()),
    }
}

fn failed(reason: &impl std::fmt::Display) -> Error {
    Error::Program {
        message: format!("git did not give the files of the revision: {reason}"),
        help: Some("see whether `git fsck` finds the repository sound".to_owned()),
    }
}
