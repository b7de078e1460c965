//! `citybrain traffic index`: congestion indices from observations or a simulated run.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use comfy_table::Table;
use observe::areas::{self, District, Group};
use observe::class_index::ClassTable;
use observe::estimate::{Borrowing, LinkObs, estimate};
use observe::index::{Estimate, Measured, Options, SeenVehicles, measure, measure_seen};
use observe::table::CELLS_MAX;
use observe::{Bin, Observations, Roads, Window, files, truth};
use roads::Network;
use serde::Serialize;

use super::scenario;
use super::times::{minute, window};
use super::watched::Watched;
use crate::cli::traffic_index::IndexArgs;
use crate::error::{Error, Exit, Outcome};
use crate::load;
use crate::output::to_file;
use crate::printer::{Printer, grouped, table};
use crate::settings::Layers;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    network: &'a str,
    /// `simulation`, `table` or `observations`.
    source: &'static str,
    /// Seed of simulation and bootstrap.
    seed: u32,
    rows: usize,
    refused: u64,
    groups: usize,
    /// Worst first.
    measured: &'a [Measured],
}

/// What was observed.
struct Seen {
    network: Arc<Network>,
    roads: Roads,
    rows: Vec<LinkObs>,
    /// What they were made of, if that is known.
    table: Option<Observations>,
    refused: u64,
    source: &'static str,
}

/// Measures and prints.
pub(crate) fn index(args: &IndexArgs, mut layers: Layers, printer: Printer) -> Outcome {
    districts_have_use(args)?;
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    layers.flag("traffic.control", "--control", args.control.clone())?;
    layers.flag("traffic.seed", "--seed", args.seed.map(i64::from))?;
    let settings = layers.settings()?;
    let seed = settings.traffic.seed as u32;
    let options = options(args, u64::from(seed))?;
    let seen = if args.table.is_some() || args.traversals.is_some() || args.counts.is_some() {
        observed(args, printer)?
    } else {
        simulated(args, &settings, seed, printer)?
    };
    if let Some(path) = &args.out {
        to_file(path, |out| files::write_rows(&seen.rows, &seen.roads, out))?;
    }
    let groups = groups(args, &seen)?;
    let mut measured = measured(args, &seen, &groups, &options)?;
    measured.sort_by(|a, b| {
        b.tti
            .value
            .total_cmp(&a.tti.value)
            .then_with(|| a.id.cmp(&b.id))
    });
    if measured.is_empty() {
        return Err(Error::Refused {
            message: "nothing was observed there and then".to_owned(),
            help: Some("see --window, --by and the observations".to_owned()),
        });
    }
    let count = measured.len();
    measured.truncate(args.top as usize);
    if printer.json {
        printer.json(&Report {
            version: env!("CARGO_PKG_VERSION"),
            network: &seen.network.name,
            source: seen.source,
            seed,
            rows: seen.rows.len(),
            refused: seen.refused,
            groups: count,
            measured: &measured,
        })?;
    } else {
        printer.line(shown(&measured).trim_fmt())?;
        printer.note(format_args!(
            "{} rows from {}; free flow {}, weight {}; {} of {} shown; {} observations refused",
            grouped(seen.rows.len() as u64),
            seen.source,
            options.free_flow,
            options.weight,
            measured.len(),
            grouped(count as u64),
            grouped(seen.refused)
        ));
    }
    Ok(Exit::Success)
}

/// The indices, with intervals that know the vehicles where they are known.
fn measured(
    args: &IndexArgs,
    seen: &Seen,
    groups: &[Group],
    options: &Options,
) -> Result<Vec<Measured>, Error> {
    let Some(table) = &seen.table else {
        return measure(&seen.rows, &seen.roads, groups, options).map_err(refused);
    };
    let vehicles = SeenVehicles {
        table,
        borrowing: borrowing(args),
        since: Bin(0),
    };
    let options = std::slice::from_ref(options);
    let all = measure_seen(&seen.rows, &vehicles, &seen.roads, groups, options);
    let first = all.map_err(refused)?.into_iter().next();
    Ok(first.unwrap_or_default())
}

fn options(args: &IndexArgs, seed: u64) -> Result<Options, Error> {
    Ok(Options {
        free_flow: args.free_flow.parse().map_err(refused)?,
        weight: args.weight.parse().map_err(refused)?,
        window: match &args.window {
            Some(text) => window(text)?,
            None => Window::default(),
        },
        expansion: args.expansion,
        replicates: args.replicates as usize,
        seed,
        class_table: match &args.class_table {
            Some(path) => {
                let bytes = bytes_of(path, areas::FILE_BYTES_MAX)?;
                Some(ClassTable::parse(&bytes, path).map_err(refused)?)
            }
            None => None,
        },
        ..Options::default()
    })
}

/// Refuses polygons that nothing would be made of.
fn districts_have_use(args: &IndexArgs) -> Result<(), Error> {
    match &args.districts {
        Some(path) if args.by != "district" => Err(Error::Refused {
            message: format!(
                "--districts {} has no use with --by {}",
                path.display(),
                args.by
            ),
            help: Some("add --by district, or leave --districts out".to_owned()),
        }),
        _ => Ok(()),
    }
}

fn borrowing(args: &IndexArgs) -> Borrowing {
    if args.no_borrowing {
        Borrowing::None
    } else {
        Borrowing::Credibility
    }
}

/// From files.
fn observed(args: &IndexArgs, printer: Printer) -> Result<Seen, Error> {
    let network = load::network(&args.scenario.network, printer)?;
    let roads = Roads::of(&network);
    if let Some(path) = &args.table {
        let rows = files::read_rows(open(path)?, path, &roads).map_err(refused)?;
        return Ok(Seen {
            network,
            roads,
            rows,
            table: None,
            refused: 0,
            source: "table",
        });
    }
    let mut table = Observations::new(&roads, CELLS_MAX);
    if let Some(path) = &args.traversals {
        let mut take = |seen, _| {
            table.traversal(&seen);
            Ok(())
        };
        files::each_traversal(open(path)?, path, &roads, &mut take).map_err(refused)?;
    }
    if let Some(path) = &args.counts {
        let mut take = |count, _| {
            table.count(&count);
            Ok(())
        };
        files::each_count(open(path)?, path, &roads, &mut take).map_err(refused)?;
    }
    let rows = estimate(&table, &roads, borrowing(args)).map_err(refused)?;
    Ok(Seen {
        network,
        roads,
        rows,
        refused: table.refused(),
        table: Some(table),
        source: "observations",
    })
}

/// From a run in which every vehicle is seen.
fn simulated(
    args: &IndexArgs,
    settings: &crate::settings::Settings,
    seed: u32,
    printer: Printer,
) -> Result<Seen, Error> {
    let scenario = scenario::read(&args.scenario, settings, printer)?;
    let start = f64::from(minute(&args.at)?) * 60.0;
    let roads = Roads::of(&scenario.network);
    let mut table = Observations::new(&roads, CELLS_MAX);
    let mut run = Watched::new(&scenario, &settings.traffic.control, seed, start)?;
    let bar = super::progress::progress(printer, &scenario, "index");
    truth::follow(&mut run, &roads, &mut |seen| {
        bar.set_position((seen.left - start) as u64);
        table.traversal(seen);
    })
    .map_err(|message| Error::Refused {
        message,
        help: None,
    })?;
    bar.finish_and_clear();
    let rows = estimate(&table, &roads, borrowing(args)).map_err(refused)?;
    Ok(Seen {
        network: Arc::clone(&scenario.network),
        roads,
        rows,
        refused: table.refused(),
        table: Some(table),
        source: "simulation",
    })
}

fn groups(args: &IndexArgs, seen: &Seen) -> Result<Vec<Group>, Error> {
    let groups = match (args.by.as_str(), &args.districts) {
        ("link", _) => areas::links(&seen.roads),
        ("corridor", _) => areas::corridors(&seen.roads),
        ("district", Some(path)) => areas::districts(&seen.roads, &districts(path, &seen.network)?),
        _ => vec![areas::city(&seen.roads, &seen.network.name)],
    };
    if groups.is_empty() {
        return Err(Error::Refused {
            message: format!("the network has no {}", args.by),
            help: Some("its streets have no names: use --by link, district or city".to_owned()),
        });
    }
    Ok(groups)
}

/// Reads a file of districts.
pub(crate) fn districts(path: &Path, network: &Network) -> Result<Vec<District>, Error> {
    let bytes = bytes_of(path, areas::FILE_BYTES_MAX)?;
    let place = network.georeference.as_ref();
    areas::parse_districts(&bytes, path, place).map_err(refused)
}

pub(super) fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|source| unreadable(path, source))
}

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    refused(observe::Error::Io {
        path: path.to_owned(),
        source,
    })
}

fn bytes_of(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let read = load::bytes(path, limit).map_err(|source| unreadable(path, source))?;
    read.ok_or_else(|| {
        refused(observe::Error::Limit {
            what: "number of bytes of the file",
            found: limit + 1,
            limit,
        })
    })
}

/// An error of the library as the command's.
pub(super) fn refused(error: observe::Error) -> Error {
    refused_by("docs/congestion.md", error)
}

/// An error of the library as that of a command which `document` describes.
pub(super) fn refused_by(document: &str, error: observe::Error) -> Error {
    let help = match &error {
        observe::Error::Io { .. } => "see that the file is there and yours to read".to_owned(),
        _ => format!("{document} says what files and options hold"),
    };
    Error::Refused {
        message: error.to_string(),
        help: Some(help),
    }
}

/// A figure with its interval.
pub(super) fn with_interval(figure: &Estimate, digits: usize) -> String {
    format!(
        "{:.digits$} ({:.digits$}–{:.digits$})",
        figure.value, figure.low, figure.high
    )
}

fn shown(measured: &[Measured]) -> Table {
    let mut table = table([
        "where",
        "TTI",
        "TomTom %",
        "PTI",
        "km/h",
        "free km/h",
        "congested km %",
        "hours lost",
        "seen km %",
        "borrowed %",
    ]);
    for one in measured {
        table.add_row([
            format!("{} {}", one.scope, one.id),
            with_interval(&one.tti, 3),
            format!("{:.1}", one.tomtom_percent.value),
            one.pti
                .map_or_else(String::new, |pti| format!("{:.2}", pti.value)),
            with_interval(&one.speed_kmh, 1),
            format!("{:.1}", one.free_speed_kmh),
            format!("{:.1}", one.congested_km_share.value * 100.0),
            format!("{:.1}", one.delay_hours.value),
            format!("{:.0}", one.km_seen_share * 100.0),
            format!("{:.0}", one.borrowed * 100.0),
        ]);
    }
    table
}
