//! `citybrain up`: a city or any other scenario on the Command centre.

use crate::cli::up::UpArgs;
use crate::error::{Error, Outcome};
use crate::printer::Printer;
use crate::settings::Layers;

/// Serves it.
pub(crate) fn up(_args: &UpArgs, _layers: Layers, _printer: Printer) -> Outcome {
    Err(Error::internal("the Command centre is being built"))
}
