//! Prepares map matching: lines of the network, and the table of distances, from its file or anew.

use std::sync::Arc;
use std::time::Instant;

use roads::Network;
use roads::matching::{Map, Matcher, Settings, Table};

use crate::cli::probes::TableArgs;
use crate::error::Error;
use crate::measure::Stopwatch;
use crate::output::to_file;
use crate::printer::{Printer, bytes};

/// A network to match on, and what preparing it took.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// The network's lines.
    pub(crate) map: Arc<Map>,
    /// Distances between its junctions.
    pub(crate) table: Arc<Table>,
    /// CPU seconds for both.
    pub(crate) cpu_s: f64,
    /// Seconds for both.
    pub(crate) wall_s: f64,
    /// The table came from its file.
    pub(crate) read: bool,
}

impl Prepared {
    /// A matcher with these settings.
    pub(crate) fn matcher(&self, settings: Settings) -> Result<Matcher, Error> {
        let matcher = Matcher::new(Arc::clone(&self.map), Arc::clone(&self.table), settings);
        matcher.map_err(refused)
    }
}

/// What the crate refuses, as a command's error.
pub(crate) fn refused(error: roads::Error) -> Error {
    Error::Refused {
        message: error.to_string(),
        help: None,
    }
}

/// Prepares a network.
pub(crate) fn prepare(
    network: &Network,
    args: &TableArgs,
    printer: Printer,
) -> Result<Prepared, Error> {
    let (watch, began) = (Stopwatch::start(), Instant::now());
    let map = Arc::new(Map::new(network).map_err(refused)?);
    let kept = args.table.as_ref().filter(|path| path.exists());
    // A file that is no table of this network is somebody's: it is not written over.
    let known = match kept {
        Some(path) => Some(Table::read(path, &map).map_err(|error| Error::Input {
            what: "a table of distances",
            path: path.clone(),
            source: Box::new(error),
            help: Some("name another file, or take this one away".to_owned()),
        })?),
        None => None,
    };
    let known = known.filter(|table| table.reach_m() + 1.0 > args.reach);
    let read = known.is_some();
    let table = match known {
        Some(table) => table,
        None => build(&map, args.reach, printer)?,
    };
    let prepared = Prepared {
        map,
        table: Arc::new(table),
        cpu_s: watch.cpu().as_secs_f64(),
        wall_s: began.elapsed().as_secs_f64(),
        read,
    };
    if let (false, Some(path)) = (read, &args.table) {
        to_file(path, |out| prepared.table.write(out))?;
    }
    Ok(prepared)
}

fn build(map: &Map, reach: f64, printer: Printer) -> Result<Table, Error> {
    let bar = printer.bar(
        map.junction_count() as u64,
        "distances {bar:30} {pos}/{len} junctions  {eta} left",
    );
    let table = Table::build(map, reach, &|done| bar.set_position(done as u64)).map_err(refused)?;
    bar.finish_and_clear();
    printer.note(format_args!(
        "table of distances: {} pairs of junctions up to {:.0} m, {}",
        crate::printer::grouped(table.pairs() as u64),
        table.reach_m(),
        bytes(table.bytes() as u64)
    ));
    Ok(table)
}
