//! `citybrain schema`: the JSON Schema of each kind of definition file.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::cli::city::SchemaArgs;
use crate::error::{Error, Exit, Outcome, nearest};
use crate::output::to_file;
use crate::printer::{Printer, properties};

/// A kind as lists print it.
#[derive(Serialize)]
struct Kind {
    kind: &'static str,
    files: &'static str,
}

/// Prints or writes schemas, or lists the kinds.
pub(crate) fn schema(args: &SchemaArgs, printer: Printer) -> Outcome {
    match (&args.kind, &args.out) {
        (None, None) => list(printer)?,
        (Some(kind), None) => printer.json(&of(kind)?)?,
        (Some(kind), Some(folder)) => write(kind, folder, printer)?,
        (None, Some(folder)) => {
            for kind in city::KINDS {
                write(kind.name, folder, printer)?;
            }
        }
    }
    Ok(Exit::Success)
}

fn list(printer: Printer) -> std::io::Result<()> {
    let kinds: Vec<Kind> = city::KINDS
        .iter()
        .map(|kind| Kind {
            kind: kind.name,
            files: kind.pattern,
        })
        .collect();
    if printer.json {
        return printer.json(&kinds);
    }
    let rows = kinds.iter().map(|kind| (kind.kind, kind.files.to_owned()));
    printer.line(properties(rows).trim_fmt())
}

fn of(kind: &str) -> Result<serde_json::Value, Error> {
    city::schema(kind).map_err(|error| Error::Option {
        message: error.to_string(),
        help: nearest(kind, city::KINDS.iter().map(|kind| kind.name)),
    })
}

fn write(kind: &str, folder: &Path, printer: Printer) -> Result<(), Error> {
    let path = folder.join(format!("{kind}.schema.json"));
    let text = serde_json::to_string_pretty(&of(kind)?).map_err(Error::internal)? + "\n";
    std::fs::create_dir_all(folder).map_err(|error| Error::output(folder, error))?;
    to_file(&path, |out| out.write_all(text.as_bytes()))?;
    printer.note(path.display());
    Ok(())
}
