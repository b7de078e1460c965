//! `citybrain ledger prove`: a proof that an entry stands in the ledger.

use std::io::Write;

use ledger::Folder;

use super::{keys, show};
use crate::cli::ledger::ProveArgs;
use crate::error::{Error, Exit, Outcome};
use crate::output;
use crate::printer::Printer;

/// Writes the proof.
pub(crate) fn prove(args: &ProveArgs, printer: Printer) -> Outcome {
    let unreadable = |error| keys::unreadable(&args.folder, error);
    let key = args.key.as_ref().map(|key| keys::public("--key", key));
    let key = key.transpose()?;
    let folder = Folder::open(&args.folder).map_err(unreadable)?;
    let size = folder.checkpoint().size;
    if args.index >= size {
        return Err(show::no_entry(args.index, size));
    }
    let proof = folder.prove(args.index, key.as_ref()).map_err(unreadable)?;
    if let Some(key) = &key {
        proof.verify(key, &[]).map_err(|error| Error::Refused {
            message: format!("the proof of entry {} does not hold: {error}", args.index),
            help: Some("`citybrain ledger verify` names what is wrong".to_owned()),
        })?;
    }
    let Some(out) = &args.out else {
        printer.json(&proof)?;
        return Ok(Exit::Success);
    };
    output::to_file(out, |file| {
        serde_json::to_writer_pretty(&mut *file, &proof)?;
        writeln!(file)
    })?;
    printer.note(format_args!(
        "{}: proof of entry {} with {} hashes; check it with `citybrain ledger check-proof`",
        out.display(),
        args.index,
        proof.inclusion.len()
    ));
    Ok(Exit::Success)
}
