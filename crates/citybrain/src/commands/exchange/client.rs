//! `citybrain client list` and `key`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use city::kinds::{Client, Role};
use pool::exchange::Signer;
use serde::Serialize;

use super::city;
use crate::cli::exchange::{ClientKeyArgs, ClientListArgs};
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, flush_left, table};
use crate::settings::Layers;

/// A client as lists print it.
#[derive(Serialize)]
struct Row<'a> {
    client: &'a str,
    department: &'a str,
    title: &'a str,
    roles: &'a [Role],
    demonstration: bool,
    public_key: &'a str,
}

/// Prints the client systems of a city.
pub(crate) fn list(args: &ClientListArgs, layers: &Layers, printer: Printer) -> Outcome {
    let folder = match &args.city {
        Some(folder) => folder.clone(),
        None => layers.settings()?.pool.city,
    };
    let city = city(&folder);
    let rows: Vec<Row<'_>> = city
        .all::<Client>()
        .map(|definition| Row {
            client: &definition.id,
            department: definition.department.as_deref().unwrap_or_default(),
            title: &definition.value.title.en,
            roles: &definition.value.roles,
            demonstration: definition.value.demonstration,
            public_key: &definition.value.public_key,
        })
        .collect();
    if printer.json {
        printer.json(&rows)?;
        return Ok(Exit::Success);
    }
    let mut lines = table(["client", "department", "roles", ""]);
    for row in &rows {
        let roles: Vec<String> = row
            .roles
            .iter()
            .map(|role| format!("{role:?}").to_lowercase())
            .collect();
        let mark = if row.demonstration {
            "demonstration"
        } else {
            ""
        };
        lines.add_row([row.client, row.department, &roles.join(" "), mark]);
    }
    flush_left(&mut lines);
    printer.line(lines.trim_fmt())?;
    Ok(Exit::Success)
}

/// Makes a private key, or derives a demonstration's.
pub(crate) fn key(args: &ClientKeyArgs, printer: Printer) -> Outcome {
    let public = match (&args.demonstration, &args.out) {
        (Some(client), _) => Signer::demonstration(client, 0)
            .map_err(Error::internal)?
            .public_key(),
        (None, Some(path)) => {
            let pem = Signer::new_pem().map_err(Error::internal)?;
            write_private(path, &pem)?;
            printer.note(format_args!(
                "the private key is in {}; the public one is for the client's definition",
                path.display()
            ));
            Signer::from_pem("", &pem, 0)
                .map_err(Error::internal)?
                .public_key()
        }
        (None, None) => String::new(),
    };
    if printer.json {
        printer.json(&serde_json::json!({ "public_key": public }))?;
    } else {
        printer.line(format_args!("public_key: {public}"))?;
    }
    Ok(Exit::Success)
}

/// Writes a file that only its owner can read, and that was not there before.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
    });
    written.map_err(|error| Error::output(path, error))
}
