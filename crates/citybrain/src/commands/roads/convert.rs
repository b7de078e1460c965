//! `citybrain roads convert`: a network, and demand along with it, in another format.

use crate::cli::roads::ConvertArgs;
use crate::error::{Error, Outcome};
use crate::printer::Printer;

/// Does it.
pub(crate) fn convert(_args: &ConvertArgs, _printer: Printer) -> Outcome {
    Err(Error::internal("being built"))
}
