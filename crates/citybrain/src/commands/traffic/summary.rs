//! The table of `citybrain traffic compare`: one row for each controller, over all its seeds.

use serde::Serialize;

use super::simulate::Run;
use crate::measure::{deviation, mean};

/// The columns.
pub(super) const HEADER: [&str; 7] = [
    "controller",
    "sensing",
    "att_engine s",
    "att_lit s",
    "att_finished s",
    "throughput",
    "mean speed m/s",
];

/// What the columns mean.
pub(super) const EXPLANATION: &str = "att_engine: mean time from creation to finish or end of \
    the run, waiting outside counts. att_lit: the literature's time on lanes before signals. \
    att_finished: mean of finished vehicles. throughput: vehicles that finished. mean speed: \
    distance driven by all vehicles over time spent, waiting outside counts. Mean ± standard \
    deviation over seeds.";

/// Mean and standard deviation over seeds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Figure {
    /// Mean.
    pub(super) mean: f64,
    /// Standard deviation (n − 1); none of one seed.
    pub(super) deviation: Option<f64>,
}

impl Figure {
    /// Of one value a seed.
    pub(super) fn of(samples: &[f64]) -> Self {
        Self {
            mean: mean(samples),
            deviation: deviation(samples),
        }
    }

    /// In another unit.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self {
            mean: self.mean * factor,
            deviation: self.deviation.map(|deviation| deviation * factor.abs()),
        }
    }

    /// With so many decimals.
    pub(super) fn show(self, decimals: usize) -> String {
        match self.deviation {
            Some(deviation) => format!("{:.decimals$} ± {deviation:.decimals$}", self.mean),
            None => format!("{:.decimals$}", self.mean),
        }
    }
}

/// A controller over all its seeds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// The controller.
    pub(super) control: String,
    /// What it saw with.
    pub(super) sensing: String,
    /// How many runs.
    pub(super) runs: usize,
    att_engine: Figure,
    att_lit: Figure,
    att_finished: Figure,
    throughput: Figure,
    mean_speed: Figure,
}

impl Row {
    /// Sums up the runs of a controller that saw with the same.
    pub(super) fn of(control: &str, sensing: &str, runs: &[Run]) -> Self {
        let own = |run: &&Run| run.control == control && run.sensing == sensing;
        let runs: Vec<&Run> = runs.iter().filter(own).collect();
        let figure = |value: fn(&Run) -> f64| {
            let samples: Vec<f64> = runs.iter().map(|run| value(run)).collect();
            Figure::of(&samples)
        };
        Self {
            control: control.to_owned(),
            sensing: sensing.to_owned(),
            runs: runs.len(),
            att_engine: figure(|run| run.results.att_engine),
            att_lit: figure(|run| run.results.att_lit),
            att_finished: figure(|run| run.results.att_finished),
            throughput: figure(|run| run.results.throughput as f64),
            mean_speed: figure(|run| run.results.mean_speed),
        }
    }

    /// Whether it sums up this run, too.
    pub(super) fn covers(&self, run: &Run) -> bool {
        run.control == self.control && run.sensing == self.sensing
    }

    /// Its name in plots.
    pub(super) fn name(&self) -> String {
        match self.sensing.as_str() {
            "full" | "none" => self.control.clone(),
            sensing => format!("{}, {sensing}", self.control),
        }
    }

    /// Its cells, in the order of [`HEADER`].
    pub(super) fn cells(&self) -> [String; 7] {
        [
            self.control.clone(),
            self.sensing.clone(),
            self.att_engine.show(2),
            self.att_lit.show(2),
            self.att_finished.show(2),
            self.throughput.show(0),
            self.mean_speed.show(2),
        ]
    }
}
