//! `citybrain cluster scheduler`.

use std::time::Duration;

use cluster::SchedulerOptions;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::cluster::SchedulerArgs;
use crate::error::{Exit, Outcome};
use crate::printer::Printer;

/// Runs a scheduler until it is stopped.
pub(crate) fn scheduler(args: &SchedulerArgs, printer: Printer) -> Outcome {
    super::warn_of(args.listen);
    let mut options = SchedulerOptions::new(args.listen);
    options.advertise.clone_from(&args.advertise);
    options.executor_timeout = Duration::from_secs(args.executor_timeout);
    super::runtime()?.block_on(async {
        let mut told = signal(SignalKind::terminate())?;
        let stop = async move {
            tokio::select! {
                _ = told.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        let mut printed = Ok(());
        let ready = |address| printed = printer.line(format_args!("scheduler on http://{address}"));
        let ended = cluster::schedule(options, ready, stop).await;
        ended.map_err(|error| super::failed(&error))?;
        printed?;
        Ok(Exit::Success)
    })
}
