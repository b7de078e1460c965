//! Which files SUMO is to run, and from when to when.

use std::path::{Path, PathBuf};

use roads::sumo::{Configuration, Import, import, read_configuration};

use crate::error::Error;

/// A SUMO scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The configuration file, if it has one: SUMO reads its other options itself.
    pub configuration: Option<PathBuf>,
    /// The network file.
    pub network: PathBuf,
    /// Demand files.
    pub routes: Vec<PathBuf>,
    /// Additional files.
    pub additional: Vec<PathBuf>,
    /// Start, seconds of SUMO's clock.
    pub begin: f64,
    /// When the scenario says it ends, seconds of SUMO's clock.
    pub end: Option<f64>,
    /// Length of a step, seconds.
    pub step: f64,
}

impl Scenario {
    /// That of a `.sumocfg` file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(configuration: &Path) -> Result<Self, Error> {
        let Configuration {
            network,
            routes,
            additional,
            begin,
            end,
            step,
        } = read_configuration(configuration)?;
        Ok(Self {
            configuration: Some(configuration.to_owned()),
            network,
            routes,
            additional,
            begin,
            end,
            step,
        })
    }

    /// A network with demand, in steps of a second.
    pub fn of_files(network: &Path, routes: &[PathBuf], begin: f64, end: Option<f64>) -> Self {
        Self {
            configuration: None,
            network: network.to_owned(),
            routes: routes.to_vec(),
            additional: Vec::new(),
            begin,
            end,
            step: 1.0,
        }
    }

    /// Reads the network, with SUMO's names of its elements.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn import(&self) -> Result<Import, Error> {
        Ok(import(&self.network)?)
    }
}
