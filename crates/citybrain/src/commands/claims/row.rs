//! A row of the table of claims.

use serde::Serialize;

/// A claim, what was reported, and what was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// Which claim.
    pub(super) claim: &'static str,
    /// The scenario it was tried on.
    pub(super) scenario: String,
    /// What the original system is reported to have done.
    pub(super) reported: &'static str,
    /// What was measured, in words with units.
    pub(super) measured: String,
    /// The figure that is held against the bar; none where the claim could not be tried.
    pub(super) value: Option<f64>,
    /// What it has to reach, or must not exceed.
    pub(super) bar: f64,
    /// Whether the bar is the most that the value may be, and not the least.
    pub(super) at_most: bool,
    /// Where the number comes from: what was run, with what.
    pub(super) source: String,
    /// Whether the claim is reached.
    pub(super) passed: bool,
}

impl Row {
    /// The bar with its side.
    pub(super) fn bar(&self) -> String {
        let side = if self.at_most { '≤' } else { '≥' };
        format!("{side} {:.3}", self.bar)
    }

    /// `pass` or `FAIL`.
    pub(super) const fn verdict(&self) -> &'static str {
        if self.passed { "pass" } else { "FAIL" }
    }
}

/// A plot for the report.
pub(super) struct Figure {
    /// Its title.
    pub(super) title: String,
    /// The vertical axis.
    pub(super) y: &'static str,
    /// Its lines over time.
    pub(super) lines: Vec<crate::commands::traffic::plots::Line>,
}
