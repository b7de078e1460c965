//! `citybrain traffic match`: a file of positions to links, with times.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rayon::prelude::*;
use roads::matching::evaluate::lines;
use roads::matching::{Counts, Fix, Map, Matcher, Passage, Settings, Stream, StreamSettings};
use roads::{Network, Point};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::probes::MatchArgs;
use crate::error::{Error, Exit, Outcome};
use crate::load::matching::{prepare, refused};
use crate::load::probes::{self, Probes};
use crate::load::{self};
use crate::output::to_file;
use crate::printer::{Printer, grouped, table};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    network: String,
    vehicles: usize,
    /// Lines that are no positions.
    faulty: u64,
    faults: Vec<String>,
    settings: Settings,
    counts: Counts,
    /// Left out where they are written to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    passages: Option<Vec<Line>>,
}

/// A vehicle on a link.
#[derive(Serialize)]
struct Line {
    vehicle: String,
    link: String,
    entered: f64,
    left: f64,
    /// It drove the whole link: the difference is a travel time.
    whole: bool,
    from_m: f64,
    to_m: f64,
    /// It begins a chain; what follows joins end to start.
    starts: bool,
}

/// All vehicles' passages, by vehicle.
type Passages = Vec<Vec<Passage>>;

/// Matches and prints or writes.
pub(crate) fn match_file(args: &MatchArgs, printer: Printer) -> Outcome {
    let network = load::network(&args.network, printer)?;
    let probes = probes::read(&args.positions, &network)?;
    for fault in &probes.faults {
        printer.note(format_args!("note: {fault}"));
    }
    let prepared = prepare(&network, &args.table, printer)?;
    let matcher = prepared.matcher(Settings::for_noise(args.sigma))?;
    let (passages, counts) = if args.live {
        live(args, &matcher, &probes)?
    } else {
        whole(&matcher, &probes)
    };
    if let Some(path) = &args.out {
        write(path, &network, matcher.map(), &probes, &passages)?;
    }
    let report = Report {
        network: network.name.clone(),
        vehicles: probes.vehicles.len(),
        faulty: probes.faulty,
        faults: probes.faults.clone(),
        settings: *matcher.settings(),
        counts,
        passages: args
            .out
            .is_none()
            .then(|| rows(&network, &probes, &passages).collect()),
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(if report.faulty == 0 {
        Exit::Success
    } else {
        Exit::Findings
    })
}

/// Each vehicle's positions, in the order of time, as one trace.
fn whole(matcher: &Matcher, probes: &Probes) -> (Passages, Counts) {
    let mut traces: Vec<Vec<Fix>> = vec![Vec::new(); probes.vehicles.len()];
    for position in &probes.positions {
        traces[position.vehicle as usize].push(position.fix);
    }
    let matched: Vec<_> = traces
        .par_iter_mut()
        .map(|trace| {
            trace.sort_by(|a, b| a.time.total_cmp(&b.time));
            matcher.match_trace(trace)
        })
        .collect();
    let mut counts = Counts::default();
    let passages = matched.into_iter().map(|one| {
        counts.add(&one.counts);
        one.passages
    });
    (passages.collect(), counts)
}

/// All positions in the order of the file, as a stream.
fn live(args: &MatchArgs, matcher: &Matcher, probes: &Probes) -> Result<(Passages, Counts), Error> {
    /// Positions that are handed over at once.
    const BATCH: usize = 10_000;
    let settings = StreamSettings {
        lag: args.lag as usize,
        wait_s: args.wait,
        ..StreamSettings::default()
    };
    let mut stream = Stream::new(matcher.clone(), settings).map_err(refused)?;
    let mut passages: Passages = vec![Vec::new(); probes.vehicles.len()];
    let mut keep = |settled: Vec<(u32, Passage)>| {
        for (vehicle, passage) in settled {
            passages[vehicle as usize].push(passage);
        }
    };
    for batch in probes.positions.chunks(BATCH) {
        keep(stream.take(batch));
    }
    keep(stream.finish());
    Ok((passages, stream.counts().positions))
}

fn rows<'a>(
    network: &'a Network,
    probes: &'a Probes,
    passages: &'a Passages,
) -> impl Iterator<Item = Line> + 'a {
    let by_vehicle = probes.vehicles.iter().zip(passages);
    by_vehicle.flat_map(move |(vehicle, passages)| {
        passages.iter().map(move |passage| Line {
            vehicle: vehicle.clone(),
            link: network.links[passage.traversal.link.index()].id.clone(),
            entered: rounded(passage.traversal.entered),
            left: rounded(passage.traversal.left),
            whole: passage.traversal.whole,
            from_m: rounded(passage.from_m),
            to_m: rounded(passage.to_m),
            starts: passage.starts,
        })
    })
}

/// To the millisecond or millimetre.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn write(
    path: &Path,
    network: &Network,
    map: &Map,
    probes: &Probes,
    passages: &Passages,
) -> Result<(), Error> {
    let lines = || rows(network, probes, passages);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => to_file(path, |out| {
            let mut rows = csv::Writer::from_writer(out);
            for line in lines() {
                rows.serialize(line).map_err(io::Error::other)?;
            }
            rows.flush()
        }),
        Some("geojson") => to_file(path, |out| geojson(out, network, map, probes, passages)),
        Some("ndjson" | "jsonl") => to_file(path, |out| {
            for line in lines() {
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        }),
        Some("json") => to_file(path, |out| {
            Ok(serde_json::to_writer_pretty(
                out,
                &lines().collect::<Vec<_>>(),
            )?)
        }),
        _ => Err(Error::Option {
            message: format!("--out {}: cannot tell the form to write", path.display()),
            help: Some("let the name end in .csv, .geojson, .ndjson or .json".to_owned()),
        }),
    }
}

/// One line for each passage.
fn geojson(
    out: &mut BufWriter<File>,
    network: &Network,
    map: &Map,
    probes: &Probes,
    passages: &Passages,
) -> io::Result<()> {
    let place = |point: &Point| -> Value {
        let rounded = |value: f64, factor: f64| (value * factor).round() / factor;
        match network.georeference {
            Some(reference) => {
                let (longitude, latitude) = reference.to_degrees(*point);
                json!([rounded(longitude, 1e7), rounded(latitude, 1e7)])
            }
            None => json!([rounded(point.x, 1e3), rounded(point.y, 1e3)]),
        }
    };
    let head =
        json!({ "attribution": network.attribution, "type": "FeatureCollection" }).to_string();
    write!(
        out,
        "{},\"features\":[",
        head.strip_suffix('}').unwrap_or(&head)
    )?;
    let all = passages.iter().flatten();
    for (index, (line, passage)) in rows(network, probes, passages).zip(all).enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let alone = Passage {
            starts: true,
            ..*passage
        };
        let points: Vec<Value> = lines(map, &[alone]).iter().flatten().map(place).collect();
        let feature = json!({
            "type": "Feature",
            "geometry": { "type": "LineString", "coordinates": points },
            "properties": line,
        });
        write!(out, "{comma}\n{feature}")?;
    }
    out.write_all(b"\n]}\n")
}

fn print(report: &Report, printer: Printer) -> io::Result<()> {
    if let Some(passages) = &report.passages {
        let mut rows = table(["vehicle", "link", "entered s", "left s", "seconds", "whole"]);
        for one in passages {
            rows.add_row([
                one.vehicle.clone(),
                one.link.clone(),
                format!("{:.1}", one.entered),
                format!("{:.1}", one.left),
                format!("{:.1}", one.left - one.entered),
                if one.whole { "yes" } else { "no" }.to_owned(),
            ]);
        }
        printer.line(rows.trim_fmt())?;
    }
    let counts = &report.counts;
    printer.line(format_args!(
        "{} positions of {} vehicles: {} matched in {} chains; left out: {} off the road, {} that fit no \
         way, {} outside, {} late, {} repeated, {} without numbers, {} faulty lines",
        grouped(counts.positions),
        grouped(report.vehicles as u64),
        grouped(counts.observed),
        grouped(counts.chains),
        grouped(counts.off_road),
        grouped(counts.misfits),
        grouped(counts.outside),
        grouped(counts.late),
        grouped(counts.repeated),
        grouped(counts.not_numbers),
        grouped(report.faulty),
    ))
}
