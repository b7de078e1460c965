//! `citybrain roads check`: every fault of a network and of the demand on it.

use crate::cli::roads::CheckArgs;
use crate::error::{Error, Outcome};
use crate::printer::Printer;

/// Does it.
pub(crate) fn check(_args: &CheckArgs, _printer: Printer) -> Outcome {
    Err(Error::internal("being built"))
}
