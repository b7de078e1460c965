//! The configuration file of the `cityflow` module.

use std::path::Path;
use std::sync::Arc;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use roads::{Demand, Network};
use serde::Deserialize;

/// The file, with that module's names and defaults.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    pub(crate) interval: f64,
    pub(crate) seed: u32,
    #[serde(default)]
    pub(crate) dir: String,
    pub(crate) roadnet_file: String,
    pub(crate) flow_file: String,
    #[serde(default)]
    pub(crate) rl_traffic_light: bool,
    #[serde(default)]
    pub(crate) lane_change: bool,
    #[serde(default)]
    pub(crate) save_replay: bool,
    #[serde(default)]
    pub(crate) roadnet_log_file: String,
    #[serde(default)]
    pub(crate) replay_log_file: String,
}

impl Settings {
    pub(crate) fn read(path: &str) -> PyResult<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| PyOSError::new_err(format!("{path}: {error}")))?;
        serde_json::from_str(&text)
            .map_err(|error| PyValueError::new_err(format!("{path}: {error}")))
    }
}

/// A network and its demand, in any format that `roads` reads.
pub(crate) fn load(network: &Path, demand: &Path) -> PyResult<(Arc<Network>, Arc<Demand>)> {
    let fault = |error: roads::Error| PyValueError::new_err(error.to_string());
    let network = roads::read::network(network).map_err(fault)?;
    let (demand, _left_out) = roads::read::demand(demand, &network).map_err(fault)?;
    Ok((Arc::new(network), Arc::new(demand)))
}
