//! Where SUMO is, for every command that runs it.

use std::path::PathBuf;

use crate::env;
use crate::error::Error;

/// What to do when there is no SUMO.
pub(crate) const INSTALL: &str = "install it with `pip install eclipse-sumo`, or set SUMO_HOME";

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

/// That SUMO failed, in its own words.
pub(crate) fn failed(error: &plants::Error) -> Error {
    Error::Program {
        message: error.to_string(),
        help: Some(INSTALL.to_owned()),
    }
}
