//! Where SUMO is, for every command that runs it.

use std::path::PathBuf;

use crate::env;
use crate::error::Error;

/// What to do when there is no SUMO.
pub(crate) const INSTALL: &str = "install it with `pip install eclipse-sumo`, or set SUMO_HOME";

/// What to do when SUMO does not take a scenario.
const MEND: &str =
    "mend what SUMO names in the scenario's files; `sumo -c FILE` alone says the same";

/// The program `sumo`: of `SUMO_HOME`, of the Python package, or on `PATH`.
pub(crate) fn program() -> Result<PathBuf, Error> {
    let homes: Vec<PathBuf> = env::read(env::SUMO_HOME)
        .map(PathBuf::from)
        .into_iter()
        .collect();
    plants::sumo::find(&homes).ok_or_else(|| Error::Program {
        message: "there is no SUMO here".to_owned(),
        help: Some(INSTALL.to_owned()),
    })
}

/// The first line of `sumo --version`.
pub(crate) fn version(program: &std::path::Path) -> Result<String, Error> {
    plants::sumo::version(program).map_err(|error| failed(&error))
}

/// That SUMO failed, in its own words; what helps depends on whether it is missing or dislikes what
/// it is to run.
pub(crate) fn failed(error: &plants::Error) -> Error {
    let message = error.to_string();
    match error {
        plants::Error::Start { .. } => Error::Program {
            message,
            help: Some(INSTALL.to_owned()),
        },
        plants::Error::Refused { .. } => Error::Refused {
            message,
            help: Some(MEND.to_owned()),
        },
        error => plant_failed(error),
    }
}

/// That a plant failed: by what it was given, or by itself.
pub(crate) fn plant_failed(error: &plants::Error) -> Error {
    let message = error.to_string();
    let help = None;
    match error {
        plants::Error::Mismatch(_)
        | plants::Error::Malformed { .. }
        | plants::Error::Refused { .. }
        | plants::Error::File { .. }
        | plants::Error::Roads(_) => Error::Refused { message, help },
        _ => Error::Program { message, help },
    }
}
