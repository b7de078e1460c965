//! `citybrain ledger keygen`: makes a key.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ledger::{Algorithm, SecretKey};
use serde::Serialize;

use crate::cli::ledger::KeygenArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::Printer;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    key: String,
    secret: &'a Path,
    public: PathBuf,
}

/// Makes a key, writes both halves and prints the public one.
pub(crate) fn keygen(args: &KeygenArgs, printer: Printer) -> Outcome {
    let algorithm = if args.witness {
        Algorithm::Cosignature
    } else {
        Algorithm::Log
    };
    let key = SecretKey::generate(&args.name, algorithm).map_err(|error| Error::Option {
        message: error.to_string(),
        help: Some("names are like city.example/ledger".to_owned()),
    })?;
    let mut public = args.out.clone().into_os_string();
    public.push(".vkey");
    let public = PathBuf::from(public);
    let text = key.verifier().to_string();
    write_new(&args.out, &key.to_secret_text(), 0o600)?;
    write_new(&public, &text, 0o644)?;
    if printer.json {
        printer.json(&Report {
            key: text,
            secret: &args.out,
            public,
        })?;
    } else {
        printer.line(text)?;
        printer.note(format_args!(
            "the secret key is in {}: whoever reads it can sign",
            args.out.display()
        ));
    }
    Ok(Exit::Success)
}

/// Writes a file that is not there yet: a key that is lost under another cannot be made again.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        writeln!(file, "{text}")?;
        file.sync_all()
    };
    write().map_err(|error| Error::output(path, error))
}
