//! `citybrain client token`: a token for one call, for programs that cannot sign themselves.

use pool::exchange::Call;
use serde::Serialize;

use super::{audience, city, now, signer};
use crate::cli::exchange::ClientTokenArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::Printer;
use crate::settings::Layers;

/// What `--json` prints.
#[derive(Serialize)]
struct Made<'a> {
    client: &'a str,
    purpose: &'a str,
    token: String,
}

/// Signs a token and prints it.
pub(crate) fn token(args: &ClientTokenArgs, layers: &Layers, printer: Printer) -> Outcome {
    let folder = layers.settings()?.pool.city;
    let city = city(&folder);
    let audience = audience(&city, &folder)?;
    let body = match &args.body {
        Some(path) => std::fs::read(path).map_err(|error| Error::Input {
            what: "the body of a call",
            path: path.clone(),
            source: error.into(),
            help: None,
        })?,
        None => Vec::new(),
    };
    let call = Call {
        method: &args.method,
        target: &args.target,
        body: &body,
    };
    let signer = signer(&args.client, args.key_file.as_deref(), &city)?;
    let token = signer.token(
        audience,
        &args.purpose,
        args.reference.as_deref(),
        call,
        now(),
    );
    if printer.json {
        printer.json(&Made {
            client: &args.client,
            purpose: &args.purpose,
            token,
        })?;
    } else {
        printer.line(token)?;
    }
    Ok(Exit::Success)
}
