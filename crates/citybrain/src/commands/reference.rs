//! `citybrain reference`: prints `docs/cli.md`.

use crate::error::{Exit, Outcome};
use crate::printer::Printer;

/// Prints the page.
pub(crate) fn reference(printer: Printer) -> Outcome {
    printer.line(crate::reference::page().trim_end())?;
    Ok(Exit::Success)
}
