//! The progress bar of a simulated run.

use indicatif::ProgressBar;

use super::scenario::Scenario;
use super::simulate::Sample;
use crate::printer::{Printer, grouped};

/// A progress bar over the simulated seconds; hidden where nobody watches.
pub(super) fn progress(printer: Printer, scenario: &Scenario, control: &str) -> ProgressBar {
    let bar = printer.bar(
        scenario.horizon as u64,
        "{prefix} {bar:30} {pos:>5}/{len} s  {msg}  {eta} left",
    );
    bar.set_prefix(control.to_owned());
    bar
}

/// Moves it on.
pub(super) fn show(bar: &ProgressBar, sample: &Sample) {
    bar.set_position(sample.time as u64);
    bar.set_message(format!("{} vehicles", grouped(sample.running)));
}
