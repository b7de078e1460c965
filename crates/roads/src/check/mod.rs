//! Names every fault of a network, its plans and its demand by element, with a remedy.
//!
//! Readers refuse what cannot be built; this finds what can be built and still is wrong: lanes that
//! lead nowhere, links nobody can reach, plans that never show green or show it to two at once,
//! routes that cannot be driven.

mod demand;
mod geometry;
mod graph;
mod signals;

use std::fmt;

use serde::Serialize;

use crate::demand::Demand;
use crate::model::Network;

pub(crate) use graph::Graph;

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Traffic cannot run as described.
    Error,
    /// Traffic runs, but probably not as meant.
    Warning,
}

/// Something wrong with an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of element: `junction`, `link`, `lane`, `turn`, `movement`, `signal`, `flow`, …
    pub element: &'static str,
    /// Its name.
    pub id: String,
    /// What is wrong with it.
    pub message: String,
    /// What would mend it.
    pub remedy: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(
            f,
            "{severity}: {} {:?} {}; {}",
            self.element, self.id, self.message, self.remedy
        )
    }
}

/// Collects faults.
#[derive(Debug, Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn error(
        &mut self,
        element: &'static str,
        id: impl Into<String>,
        message: impl Into<String>,
        remedy: &'static str,
    ) {
        self.push(Severity::Error, element, id.into(), message.into(), remedy);
    }

    fn warning(
        &mut self,
        element: &'static str,
        id: impl Into<String>,
        message: impl Into<String>,
        remedy: &'static str,
    ) {
        self.push(
            Severity::Warning,
            element,
            id.into(),
            message.into(),
            remedy,
        );
    }

    fn push(
        &mut self,
        severity: Severity,
        element: &'static str,
        id: String,
        message: String,
        remedy: &'static str,
    ) {
        self.0.push(Fault {
            severity,
            element,
            id,
            message,
            remedy,
        });
    }
}

/// Checks a network and, if given, demand on it. Errors come first.
pub fn check(network: &Network, demand: Option<&Demand>) -> Vec<Fault> {
    check_until(network, demand, None)
}

/// As [`check`], for a run of `horizon` seconds: flows that begin later are faults.
pub fn check_until(network: &Network, demand: Option<&Demand>, horizon: Option<f64>) -> Vec<Fault> {
    let mut faults = Faults::default();
    let graph = Graph::new(network);
    geometry::check(network, &mut faults);
    graph::check(network, &graph, &mut faults);
    signals::check(network, &mut faults);
    if let Some(demand) = demand {
        demand::check(network, &graph, demand, horizon, &mut faults);
    }
    let mut faults = faults.0;
    faults.sort_by_key(|fault| fault.severity);
    faults
}

#[cfg(test)]
mod tests;
