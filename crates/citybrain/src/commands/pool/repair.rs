//! `citybrain pool repair`: looks for damage in keyed state, and makes damaged files anew out of
//! history and the outbox.

use std::path::PathBuf;
use std::sync::Arc;

use lake::{Lake, Secret};
use pool::{Damage, Repair, Repaired};
use serde::Serialize;
use server::clock::WallClock;

use crate::cli::pool::RepairArgs;
use crate::error::{Error, Exit, Outcome};
use crate::load::pool as bureau;
use crate::printer::{Printer, grouped};
use crate::settings::{self, Layers};

/// What a pool's folder has for certain, if its state is not in PostgreSQL.
const META: &str = "meta.sqlite";

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    damaged: Vec<Damage>,
    /// Whether it is whole now.
    whole: bool,
    records: u64,
    entries: u64,
    set_aside: Vec<PathBuf>,
}

/// Looks, and repairs unless it is only to look.
pub(crate) fn repair(args: &RepairArgs, mut layers: Layers, printer: Printer) -> Outcome {
    let text = |path: &PathBuf| path.display().to_string();
    layers.flag("pool.data", "--data", args.place.data.as_ref().map(text))?;
    layers.flag("pool.city", "--city", args.place.city.as_ref().map(text))?;
    let settings = layers.settings()?.pool;
    let city = bureau::definitions(&settings.city)?;
    let cannot = |error| bureau::cannot("repair the pool", &settings.data, error);
    if !settings.data.is_dir() {
        return Err(Error::Refused {
            message: format!("there is no data folder {}", settings.data.display()),
            help: Some("name it with --data or the option pool.data".to_owned()),
        });
    }
    if settings.state.is_empty() && !settings.data.join(META).exists() {
        return Err(Error::Refused {
            message: format!("there is no pool in {}", settings.data.display()),
            help: Some("name its folder with --data or the option pool.data".to_owned()),
        });
    }
    printer.note("looking through keyed state");
    let clock = Arc::new(WallClock);
    let repair = Repair::open(bureau::options(&settings), &city, clock).map_err(cannot)?;
    let damaged = repair.damages().to_vec();
    for damage in &damaged {
        printer.note(format_args!(
            "{} is damaged: {}",
            damage.path.display(),
            damage.detail
        ));
    }
    let whole = damaged.is_empty();
    let repaired = if whole || args.check {
        Repaired::default()
    } else {
        rebuilt(repair, &settings, printer)?
    };
    let report = Report {
        whole: whole || !args.check,
        damaged,
        records: repaired.records,
        entries: repaired.entries,
        set_aside: repaired.set_aside,
    };
    print(&report, printer)?;
    Ok(if report.whole {
        Exit::Success
    } else {
        Exit::Findings
    })
}

/// Makes the damaged files anew.
fn rebuilt(
    mut repair: Repair,
    settings: &settings::Pool,
    printer: Printer,
) -> Result<Repaired, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let put = |error| {
        bureau::cannot(
            "put rebuilt files in their places in",
            &settings.data,
            error,
        )
    };
    repair.begin().map_err(put)?;
    let history = bureau::history(settings);
    let secret = Secret::of(&settings.data.join(bureau::KEYS)).map_err(|error| {
        bureau::cannot("read the secret of questions in", &settings.data, error)
    })?;
    let cannot = |error| bureau::cannot("read history of", &settings.data, error);
    runtime.block_on(async {
        let lake = Lake::open(&history, repair.tables(), secret)
            .await
            .map_err(cannot)?;
        let tables = repair.tables();
        let bar = printer.bar(
            tables.iter().count() as u64,
            "{bar:30} {pos}/{len} datasets  {msg}",
        );
        for table in tables.iter() {
            bar.set_message(table.name());
            let in_force = lake.in_force(&table.name()).await.map_err(cannot)?;
            if let Some(records) = in_force {
                repair.as_of(table, records.taken());
                records
                    .read(|batch, from| repair.take(table, batch, from))
                    .await
                    .map_err(cannot)?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok::<_, Error>(())
    })?;
    repair.finish().map_err(put)
}

fn print(report: &Report, printer: Printer) -> std::io::Result<()> {
    if printer.json {
        return printer.json(report);
    }
    match (report.damaged.len(), report.set_aside.is_empty()) {
        (0, _) => printer.line("nothing is damaged"),
        (damaged, true) => printer.line(format_args!(
            "{damaged} damaged; without --check they are rebuilt"
        )),
        (damaged, false) => {
            printer.line(format_args!(
                "{damaged} rebuilt: {} records from history, {} entries of the outbox",
                grouped(report.records),
                grouped(report.entries)
            ))?;
            for path in &report.set_aside {
                printer.line(format_args!("set aside: {}", path.display()))?;
            }
            Ok(())
        }
    }
}
