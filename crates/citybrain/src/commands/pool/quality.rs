//! `citybrain pool quality`: how good the datasets' records are.

use pool::quality::{self, Quality, age_seconds_max};
use serde::Serialize;

use super::open::{open, refused, table};
use crate::cli::pool::QualityArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped, table as grid};
use crate::settings::Layers;

/// Measures of one dataset that are printed.
const HISTORY: usize = 20;

/// A measure with how old it is.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    quality: Quality,
    /// Seconds since the load.
    age_seconds: i64,
    /// Whether it is older than the dataset's cycle allows; unknown if the dataset is gone.
    late: Option<bool>,
}

/// Prints it.
pub(crate) fn quality(args: &QualityArgs, layers: Layers, printer: Printer) -> Outcome {
    let pool = open(&args.place, layers)?;
    let wrong = |error| refused("the pool", error);
    let measures = match &args.dataset {
        Some(name) => {
            let table = table(&pool, name)?;
            quality::history(pool.meta(), &table.dataset, HISTORY).map_err(wrong)?
        }
        None => quality::latest(pool.meta()).map_err(wrong)?,
    };
    let now = pool.clock().now();
    let tables = pool.tables();
    let line = |quality: Quality| {
        let age_seconds = now.seconds() - quality.at.seconds();
        let cycle = tables
            .get(&quality.dataset)
            .map(|table| table.definition.updates);
        Line {
            late: cycle.map(|cycle| age_seconds > age_seconds_max(cycle)),
            age_seconds,
            quality,
        }
    };
    let lines: Vec<Line> = measures.into_iter().map(line).collect();
    if printer.json {
        printer.json(&lines)?;
    } else {
        print(&lines, args.dataset.is_some(), printer)?;
    }
    Ok(Exit::Success)
}

fn print(lines: &[Line], over_time: bool, printer: Printer) -> Result<(), Error> {
    if lines.is_empty() {
        printer.line("nothing has been loaded yet")?;
        return Ok(());
    }
    let first = if over_time { "measured" } else { "dataset" };
    let mut grid = grid([
        first, "records", "complete", "valid", "unique", "sound", "age",
    ]);
    let share = |share: Option<f64>| {
        share.map_or_else(|| "–".to_owned(), |share| format!("{:.2} %", share * 100.0))
    };
    for line in lines {
        let quality = &line.quality;
        let name = if over_time {
            quality.at.rfc3339()
        } else {
            quality.dataset.clone()
        };
        let late = if line.late == Some(true) && !over_time {
            " late"
        } else {
            ""
        };
        grid.add_row([
            name,
            grouped(quality.records),
            share(quality.completeness),
            share(quality.validity),
            share(quality.uniqueness),
            share(quality.integrity),
            format!("{}{late}", age(line.age_seconds)),
        ]);
    }
    printer.line(grid.trim_fmt())?;
    Ok(())
}

/// A time in the unit that fits.
fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
