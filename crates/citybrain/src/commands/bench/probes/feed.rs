//! From end to end: positions of a whole city as they would come, as bytes, through the stream
//! matcher to travel times of links.

use std::io::Write;
use std::time::Instant;

use rayon::prelude::*;
use roads::Network;
use roads::matching::evaluate::{Trip, observed};
use roads::matching::{Fix, Passage, Position, Stream, StreamCounts, StreamSettings};
use serde::Serialize;

use super::settings;
use crate::cli::probes::ProbesArgs;
use crate::error::Error;
use crate::load::matching::{Prepared, refused};
use crate::load::probes::{Line, Plane, RECORD_BYTES, record};
use crate::measure::Stopwatch;
use crate::printer::Printer;

/// How the fleet is seen: seconds between two positions of a vehicle, noise in metres.
const INTERVAL_S: f64 = 10.0;
const SIGMA_M: f64 = 10.0;
/// Seconds within which the vehicles set out.
const SPREAD_S: f64 = 1_800.0;
/// Positions that come in one message.
const BATCH: usize = 2_000;

/// What `--json` prints of it.
#[derive(Serialize)]
pub(super) struct Fed {
    /// Threads that worked.
    threads: usize,
    vehicles: usize,
    interval_s: f64,
    sigma_m: f64,
    settings: StreamSettings,
    pub(super) forms: Vec<Form>,
}

/// One form of input.
#[derive(Serialize)]
pub(super) struct Form {
    pub(super) form: &'static str,
    bytes: usize,
    positions: usize,
    wall_s: f64,
    cpu_s: f64,
    pub(super) positions_per_minute: f64,
    pub(super) positions_per_cpu_second: f64,
    /// Travel times of whole links.
    pub(super) link_times: u64,
    /// Links that have one.
    pub(super) links: usize,
    /// Vehicles at the same time, at most, as seen between batches.
    vehicles_most: u64,
    counts: StreamCounts,
}

/// Feeds both forms.
pub(super) fn feed(
    network: &Network,
    prepared: &Prepared,
    made: &[Trip],
    args: &ProbesArgs,
    printer: Printer,
) -> Result<Fed, Error> {
    let fixes = observed(made, INTERVAL_S, SIGMA_M, args.seed);
    let (positions, vehicles) = fleet(&fixes, args.stream as usize);
    let plane = Plane(network.georeference);
    let mut forms = Vec::new();
    for form in ["JSON lines", "binary records"] {
        printer.note(format_args!(
            "{} positions from end to end as {form}",
            positions.len()
        ));
        let batches: Vec<Vec<u8>> = positions
            .chunks(BATCH)
            .map(|batch| encode(batch, plane, form))
            .collect();
        forms.push(run(prepared, plane, &batches, form, network.links.len())?);
    }
    Ok(Fed {
        threads: rayon::current_num_threads(),
        vehicles,
        interval_s: INTERVAL_S,
        sigma_m: SIGMA_M,
        settings: StreamSettings::default(),
        forms,
    })
}

/// So many positions of vehicles that drive the trips again and again, in the order of time.
fn fleet(fixes: &[Vec<Fix>], count: usize) -> (Vec<Position<u32>>, usize) {
    let mut positions = Vec::with_capacity(count);
    let mut vehicles = 0_u32;
    while positions.len() < count {
        // Steps of the golden ratio fill the half hour evenly.
        let start = (f64::from(vehicles) * 0.618_033_988_749_895).fract() * SPREAD_S;
        for fix in &fixes[vehicles as usize % fixes.len()] {
            let fix = Fix {
                time: fix.time + start,
                ..*fix
            };
            positions.push(Position {
                vehicle: vehicles,
                fix,
            });
        }
        vehicles += 1;
    }
    positions.truncate(count);
    positions.sort_by(|a, b| {
        a.fix
            .time
            .total_cmp(&b.fix.time)
            .then(a.vehicle.cmp(&b.vehicle))
    });
    (positions, vehicles as usize)
}

fn encode(batch: &[Position<u32>], plane: Plane, form: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for position in batch {
        let Fix { time, point } = position.fix;
        let names = if plane.0.is_some() {
            ("lon", "lat")
        } else {
            ("x", "y")
        };
        let (one, two) = plane
            .0
            .map_or((point.x, point.y), |at| at.to_degrees(point));
        if form == "JSON lines" {
            // Writing to memory does not fail.
            let _ = writeln!(
                bytes,
                "{{\"vehicle\":{},\"t\":{time:.3},\"{}\":{one:.7},\"{}\":{two:.7}}}",
                position.vehicle, names.0, names.1
            );
        } else {
            bytes.extend_from_slice(&u64::from(position.vehicle).to_le_bytes());
            for number in [time, one, two] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
    }
    bytes
}

/// A position, or why there is none.
type Decoded = Result<Position<u64>, String>;

fn decode(bytes: &[u8], plane: Plane, form: &str) -> Result<Vec<Position<u64>>, String> {
    if form == "JSON lines" {
        let line = |line: &[u8]| -> Decoded {
            let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
            let (name, fix) = line.position(plane)?;
            let vehicle = name
                .parse()
                .map_err(|_error| format!("{name} is no number"))?;
            Ok(Position { vehicle, fix })
        };
        let lines: Vec<&[u8]> = bytes
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .collect();
        lines.into_par_iter().map(line).collect()
    } else {
        let one = |bytes: &[u8]| -> Decoded {
            let (vehicle, [time, one, two]) = record(bytes).ok_or("a record is cut off")?;
            let point = plane.of_pair(one, two);
            Ok(Position {
                vehicle,
                fix: Fix { time, point },
            })
        };
        bytes.chunks(RECORD_BYTES).map(one).collect()
    }
}

/// Sum and number of the travel times of a link.
type Times = (f64, u64);

fn run(
    prepared: &Prepared,
    plane: Plane,
    batches: &[Vec<u8>],
    form: &'static str,
    links: usize,
) -> Result<Form, Error> {
    let matcher = prepared.matcher(settings(SIGMA_M))?;
    let mut stream: Stream<u64> =
        Stream::new(matcher, StreamSettings::default()).map_err(refused)?;
    let mut times: Vec<Times> = vec![(0.0, 0); links];
    let mut keep = |settled: Vec<(u64, Passage)>| {
        for (_, passage) in settled
            .iter()
            .filter(|(_, passage)| passage.traversal.whole)
        {
            let (sum, count) = &mut times[passage.traversal.link.index()];
            *sum += passage.traversal.left - passage.traversal.entered;
            *count += 1;
        }
    };
    let (watch, began) = (Stopwatch::start(), Instant::now());
    let (mut positions, mut vehicles_most) = (0, 0);
    for (index, batch) in batches.iter().enumerate() {
        let decoded = decode(batch, plane, form).map_err(Error::internal)?;
        positions += decoded.len();
        keep(stream.take(&decoded));
        if index.is_multiple_of(64) {
            let newest = decoded.last().map_or(0.0, |last| last.fix.time);
            keep(stream.forget_before(newest - stream.matcher().settings().gap_s));
            vehicles_most = vehicles_most.max(stream.counts().vehicles);
        }
    }
    keep(stream.finish());
    let (wall_s, cpu_s) = (began.elapsed().as_secs_f64(), watch.cpu().as_secs_f64());
    Ok(Form {
        form,
        bytes: batches.iter().map(Vec::len).sum(),
        positions,
        wall_s,
        cpu_s,
        positions_per_minute: positions as f64 / wall_s * 60.0,
        positions_per_cpu_second: positions as f64 / cpu_s,
        link_times: times.iter().map(|&(_, count)| count).sum(),
        links: times.iter().filter(|&&(_, count)| count > 0).count(),
        vehicles_most,
        counts: stream.counts(),
    })
}
