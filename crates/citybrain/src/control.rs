//! The controllers one can name on the command line: those of the crate `signals`.

use clap::builder::{PossibleValue, PossibleValuesParser};
use roads::{Demand, Network};
use signals::{Controller, Protocol};

use crate::error::{Error, nearest};

/// The network's own plan. The plant runs it by itself, as the controller of a junction does that
/// hears of no brain: exactly as the file says, without a controller or an envelope in between.
pub(crate) const PLAN: &str = "plan";

/// Names of all controllers.
pub(crate) fn names() -> Vec<&'static str> {
    signals::controllers::all().map(|info| info.name).collect()
}

/// Reads the name of a controller, and suggests the nearest for one that does not exist.
pub(crate) fn parser() -> PossibleValuesParser {
    PossibleValuesParser::new(
        signals::controllers::all().map(|info| PossibleValue::new(info.name).help(info.about_en)),
    )
}

/// Builds a controller.
pub(crate) fn build(
    name: &str,
    network: &Network,
    demand: &Demand,
    protocol: &Protocol,
) -> Result<Box<dyn Controller>, Error> {
    signals::controllers::by_name(name, network, demand, protocol).map_err(|error| Error::Option {
        message: error.to_string(),
        help: match error {
            signals::Error::Controller { .. } => nearest(name, names()),
            _ => None,
        },
    })
}
