//! `citybrain config`: every option in force and where it comes from.

use serde::Serialize;

use crate::env;
use crate::error::{Exit, Outcome};
use crate::printer::{Printer, flush_left, properties};
use crate::settings::Layers;

#[derive(Serialize)]
struct Row<'a> {
    option: &'a str,
    value: &'a toml::Value,
    origin: String,
    variable: String,
}

/// Prints the options.
pub(crate) fn config(layers: &Layers, printer: Printer) -> Outcome {
    let rows: Vec<Row> = layers
        .iter()
        .map(|(option, value, origin)| Row {
            option,
            value,
            origin: origin.to_string(),
            variable: env::of_option(option),
        })
        .collect();
    if printer.json {
        printer.json(&rows)?;
    } else {
        let mut table = properties([]);
        for row in &rows {
            table.add_row([
                row.option.to_owned(),
                row.value.to_string(),
                row.origin.clone(),
            ]);
        }
        flush_left(&mut table);
        printer.line(table.trim_fmt())?;
    }
    Ok(Exit::Success)
}
