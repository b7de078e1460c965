//! `citybrain roads generate`: a network made up, a grid or a city from its description.

use crate::cli::roads::GenerateArgs;
use crate::error::{Error, Outcome};
use crate::printer::Printer;

/// Does it.
pub(crate) fn generate(_args: &GenerateArgs, _printer: Printer) -> Outcome {
    Err(Error::internal("being built"))
}
