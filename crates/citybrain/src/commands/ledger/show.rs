//! `citybrain ledger show`: the newest checkpoint, and entries.

use ledger::note::NoteSignature;
use ledger::{Folder, leaf_hash};
use serde::Serialize;
use serde_json::Value;

use super::keys;
use crate::cli::ledger::ShowArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped, properties};

/// An entry, as `--json` prints it: one on each line.
#[derive(Serialize)]
struct Shown {
    index: u64,
    leaf_hash: String,
    /// What it says, if it is JSON; else its bytes, what is no text of them replaced.
    entry: Value,
}

impl Shown {
    fn of(index: u64, entry: &[u8]) -> Self {
        let text = || Value::String(String::from_utf8_lossy(entry).into_owned());
        Self {
            index,
            leaf_hash: leaf_hash(entry).to_string(),
            entry: serde_json::from_slice(entry).unwrap_or_else(|_| text()),
        }
    }
}

/// The newest checkpoint, as `--json` prints it.
#[derive(Serialize)]
struct Newest<'a> {
    origin: &'a str,
    size: u64,
    root: String,
    checkpoint: String,
}

/// Prints.
pub(crate) fn show(args: &ShowArgs, printer: Printer) -> Outcome {
    let unreadable = |error| keys::unreadable(&args.folder, error);
    let folder = Folder::open(&args.folder).map_err(unreadable)?;
    let size = folder.checkpoint().size;
    let (mut at, to) = match (args.index, args.tail) {
        (Some(index), _) if index >= size => return Err(no_entry(index, size)),
        (Some(index), _) => (index, index + 1),
        (_, Some(tail)) => (size.saturating_sub(tail), size),
        (None, None) => {
            newest(&folder, printer)?;
            return Ok(Exit::Success);
        }
    };
    while at < to {
        for entry in folder.entries(at).map_err(unreadable)? {
            if at < to {
                print(at, &entry, printer)?;
            }
            at += 1;
        }
    }
    Ok(Exit::Success)
}

/// The error that there is no such entry.
pub(super) fn no_entry(index: u64, size: u64) -> Error {
    Error::Refused {
        message: format!("there is no entry {index}: {} are published", grouped(size)),
        help: Some("entries are counted from 0, and published within seconds".to_owned()),
    }
}

fn newest(folder: &Folder, printer: Printer) -> std::io::Result<()> {
    let checkpoint = folder.checkpoint();
    if printer.json {
        return printer.json(&Newest {
            origin: &checkpoint.origin,
            size: checkpoint.size,
            root: checkpoint.root.to_string(),
            checkpoint: folder.note().to_string(),
        });
    }
    let signers: Vec<&str> = folder
        .note()
        .signatures
        .iter()
        .map(NoteSignature::name)
        .collect();
    let rows = [
        ("origin", checkpoint.origin.clone()),
        ("entries", grouped(checkpoint.size)),
        ("root", checkpoint.root.to_string()),
        ("signed by", signers.join(", ")),
    ];
    printer.line(properties(rows).trim_fmt())
}

fn print(index: u64, entry: &[u8], printer: Printer) -> std::io::Result<()> {
    if printer.json {
        return printer.json_line(&Shown::of(index, entry));
    }
    // Control characters would reach the terminal.
    let text = String::from_utf8_lossy(entry);
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    printer.line(format_args!("{index}  {text}"))
}
