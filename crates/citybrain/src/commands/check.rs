//! `citybrain check`: every fault of a city's definition files at once, and what they change and
//! break against another revision.

use std::io::Write;
use std::path::{Path, PathBuf};

use city::evolution::{self, Change, Class};
use city::{City, Definitions, Fault};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::cli::city::CheckArgs;
use crate::commands::revision;
use crate::error::{Exit, Outcome};
use crate::printer::{Printer, flush_left};
use crate::settings::Layers;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    city: &'a PathBuf,
    faults: &'a [Fault],
    #[serde(flatten)]
    comparison: Option<Comparison<'a>>,
}

/// What `--json` prints besides with `--against`.
#[derive(Serialize)]
struct Comparison<'a> {
    against: &'a str,
    changes: &'a [Change],
}

/// Prints the faults, and the changes if they are asked for.
pub(crate) fn check(args: &CheckArgs, layers: &Layers, printer: Printer) -> Outcome {
    let folder = match &args.city {
        Some(folder) => folder.clone(),
        None => layers.settings()?.up.city,
    };
    let (city, mut faults) = Definitions::read(&folder);
    faults.extend(decide::definitions::check(&city));
    Fault::sort(&mut faults);
    let changes = match &args.against {
        Some(revision) => Some(compare(&folder, revision, &city, printer)?),
        None => None,
    };
    if printer.json {
        let comparison = args.against.as_deref().zip(changes.as_deref());
        printer.json(&Report {
            city: &folder,
            faults: &faults,
            comparison: comparison.map(|(against, changes)| Comparison { against, changes }),
        })?;
    } else {
        print_faults(&folder, &faults)?;
        if let (Some(revision), Some(changes)) = (&args.against, &changes) {
            print_changes(revision, changes, printer)?;
        }
    }
    let breaks = |change: &Change| change.class == Class::Breaking;
    let broken = changes.is_some_and(|changes| changes.iter().any(breaks));
    Ok(if faults.is_empty() && !broken {
        Exit::Success
    } else {
        Exit::Findings
    })
}

/// What changes from `revision` to the city in `folder`.
fn compare(
    folder: &Path,
    revision: &str,
    city: &City,
    printer: Printer,
) -> Result<Vec<Change>, crate::error::Error> {
    let files = revision::files(folder, revision)?;
    let (old, faults) = Definitions::from_files(folder, files).check();
    if !faults.is_empty() {
        let count = faults.len();
        printer.note(format!(
            "{revision} has faults of its own ({count}): what is not right there is taken for new"
        ));
    }
    Ok(evolution::compare(&old, city))
}

fn print_faults(folder: &Path, faults: &[Fault]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for fault in faults {
        writeln!(out, "{:?}", miette::Report::new(fault.clone()))?;
    }
    match faults.len() {
        0 => writeln!(out, "{}: no faults", folder.display()),
        1 => writeln!(out, "{}: 1 fault", folder.display()),
        count => writeln!(out, "{}: {count} faults", folder.display()),
    }
}

fn print_changes(revision: &str, changes: &[Change], printer: Printer) -> std::io::Result<()> {
    let breaking = changes
        .iter()
        .filter(|change| change.class == Class::Breaking);
    let (breaking, all) = (breaking.count(), changes.len());
    if all > 0 {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        for change in changes {
            let affects: Vec<String> = change.affects.iter().map(ToString::to_string).collect();
            let whom = if affects.is_empty() {
                String::new()
            } else {
                format!("for {}", affects.join(", "))
            };
            let what = format!("{}: {}", change.what, change.message);
            table.add_row([change.class.to_string(), what, whom]);
        }
        flush_left(&mut table);
        let text = table.to_string();
        for line in text.lines() {
            printer.line(line.trim_end())?;
        }
    }
    printer.line(match all {
        0 => format!("against {revision}: no changes"),
        _ => format!(
            "against {revision}: {breaking} breaking, {} compatible",
            all - breaking
        ),
    })
}
