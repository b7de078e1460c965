//! `citybrain cluster executor`.

use cluster::ExecutorOptions;

use crate::cli::cluster::ExecutorArgs;
use crate::error::{Exit, Outcome};
use crate::load::pool as bureau;
use crate::printer::Printer;
use crate::settings::Layers;

/// Runs an executor until it is stopped.
pub(crate) fn executor(args: &ExecutorArgs, mut layers: Layers, printer: Printer) -> Outcome {
    let data = args.data.as_ref().map(|path| path.display().to_string());
    layers.flag("pool.data", "--data", data)?;
    let settings = layers.settings()?.pool;
    super::warn_of(args.listen);
    let scratch = tempfile::tempdir()?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let options = ExecutorOptions {
        scheduler: args.scheduler.clone(),
        listen: args.listen,
        advertise: args.advertise.clone(),
        slots: args.slots.map_or(processors, usize::from),
        memory_bytes: args.memory_mib << 20,
        work_dir: args
            .work_dir
            .clone()
            .unwrap_or_else(|| scratch.path().to_owned()),
        history: bureau::history(&settings),
    };
    super::runtime()?.block_on(async {
        let mut printed = Ok(());
        let ready = |address| printed = printer.line(format_args!("executor on {address}"));
        let ended = cluster::execute(options, ready).await;
        ended.map_err(|error| super::failed(&error))?;
        printed?;
        Ok(Exit::Success)
    })
}
