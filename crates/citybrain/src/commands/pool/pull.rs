//! `citybrain pool pull`: what is new in a department's database or among its messages.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use pool::sources::{Definition, Follow, Pulled, follow};

use super::open::{open, refused};
use crate::cli::pool::PullArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped, properties};
use crate::settings::Layers;

/// Largest source file that is read, bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Pulls.
pub(crate) fn pull(args: &PullArgs, layers: Layers, printer: Printer) -> Outcome {
    let definition = definition(args)?;
    let pool = open(&args.place, layers)?;
    let stopped = stopped()?;
    let bar = if printer.progress() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    let progress = |pulled: &Pulled| {
        bar.set_message(format!(
            "{} records, {} quarantined",
            grouped(pulled.counts.records),
            grouped(pulled.counts.quarantined)
        ));
    };
    let options = Follow {
        once: !args.follow,
        stop: &|| stopped.load(Ordering::Relaxed),
        progress: &progress,
    };
    let pulled = follow(&pool, &definition, &options);
    bar.finish_and_clear();
    let pulled = pulled.map_err(|error| refused(&args.source.display().to_string(), error))?;
    pool.settle()
        .map_err(|error| refused("the pool", error.into()))?;
    if printer.json {
        printer.json(&pulled)?;
    } else {
        let rows = vec![
            ("dataset", pulled.dataset.clone()),
            ("records", grouped(pulled.counts.records)),
            ("accepted", grouped(pulled.counts.accepted)),
            ("quarantined", grouped(pulled.counts.quarantined)),
        ];
        printer.line(properties(rows).trim_fmt())?;
    }
    Ok(if pulled.counts.quarantined == 0 {
        Exit::Success
    } else {
        Exit::Findings
    })
}

fn definition(args: &PullArgs) -> Result<Definition, Error> {
    let wrong = |error: Box<dyn std::error::Error + Send + Sync>| Error::Input {
        what: "a source of records",
        path: args.source.clone(),
        source: error,
        help: Some("`citybrain pool pull --help` shows one".to_owned()),
    };
    let mut text = String::new();
    let file = std::fs::File::open(&args.source).map_err(|error| wrong(error.into()))?;
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| wrong(error.into()))?;
    let definition: Definition = toml::from_str(&text).map_err(|error| wrong(error.into()))?;
    definition
        .check(&args.source.display().to_string())
        .map_err(|error| wrong(error.into()))?;
    Ok(definition)
}

/// Becomes true with Ctrl-C or a polite request to end.
fn stopped() -> Result<Arc<AtomicBool>, Error> {
    let stopped = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let flag = Arc::clone(&stopped);
    std::thread::spawn(move || {
        runtime.block_on(async {
            let Ok(mut ends) =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            else {
                return;
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = ends.recv() => {}
            }
            flag.store(true, Ordering::Relaxed);
        });
    });
    Ok(stopped)
}
