//! `citybrain bench probes`: how fast and how well positions are matched to links.

mod feed;

use roads::Network;
use roads::generate::{GridSpec, grid};
use roads::matching::evaluate::{
    NEAR_M, SAMPLE_M, Score, Seen, Trip, TripSpec, observed, traces, trips,
};
use roads::matching::{Counts, Fix, Matched, Matcher, Settings};
use serde::Serialize;

use crate::cli::probes::{ProbesArgs, Row};
use crate::error::{Error, Exit, Outcome};
use crate::load;
use crate::load::matching::{Prepared, prepare, refused};
use crate::measure::{Stopwatch, peak_memory};
use crate::output::to_file;
use crate::printer::{Printer, bytes, grouped, table};

/// Signals along a side of the grid that is measured where no network is given.
const SIDE: u32 = 30;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// Figures of a debug build say little.
    optimised: bool,
    network: About,
    table: TableReport,
    trips: Trips,
    /// How near a sample of one path must be to the other, and how far samples are apart, metres.
    near_m: f64,
    sample_m: f64,
    rows: Vec<Measured>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<feed::Fed>,
    peak_rss_bytes: u64,
}

#[derive(Serialize)]
struct About {
    name: String,
    junctions: usize,
    links: usize,
    length_km: f64,
}

#[derive(Serialize)]
struct TableReport {
    reach_m: f64,
    pairs: usize,
    bytes: usize,
    /// Lines of the network and the table.
    prepare_cpu_s: f64,
    prepare_s: f64,
    /// The table came from its file.
    read: bool,
}

#[derive(Serialize)]
struct Trips {
    count: usize,
    least_m: f64,
    share_of_limit: f64,
    seed: u64,
    length_km: f64,
}

/// One way of seeing the trips.
#[derive(Serialize)]
struct Measured {
    interval_s: f64,
    sigma_m: f64,
    positions: usize,
    /// Matching alone, links and times included, one thread.
    positions_per_cpu_second: f64,
    precision: f64,
    recall: f64,
    /// By length of links, their direction included.
    link_precision: f64,
    link_recall: f64,
    /// Mean absolute error of travel times of whole links, as a share of them.
    travel_time_error: f64,
    counts: Counts,
    settings: Settings,
}

/// Measures and prints.
pub(crate) fn probes(args: &ProbesArgs, printer: Printer) -> Outcome {
    if cfg!(debug_assertions) {
        printer.note("note: this is a development build; measure with a release build");
    }
    let network = match &args.network {
        Some(path) => load::network(path, printer)?,
        None => {
            let spec = GridSpec {
                columns: SIDE,
                rows: SIDE,
                ..GridSpec::default()
            };
            grid(&spec).map_err(Error::internal)?.into()
        }
    };
    let prepared = prepare(&network, &args.table, printer)?;
    let spec = TripSpec {
        count: args.trips as usize,
        least_m: args.least,
        share_of_limit: args.share,
        seed: args.seed,
    };
    let made = trips(&network, &prepared.map, &spec).map_err(refused)?;
    let mut seen = Vec::new();
    let mut rows = Vec::new();
    for row in &args.rows {
        let fixes = observed(&made, row.interval_s, row.sigma_m, args.seed);
        printer.note(format_args!(
            "every {} s, noise of {} m",
            row.interval_s, row.sigma_m
        ));
        let (measured, matched) = measure(&prepared, *row, &made, &fixes, args.least_cpu)?;
        rows.push(measured);
        seen.push(Seen {
            interval_s: row.interval_s,
            sigma_m: row.sigma_m,
            fixes,
            matched,
        });
    }
    if let Some(path) = &args.write_traces {
        let measured = serde_json::to_value(&rows).map_err(Error::internal)?;
        let all = traces(&network, &prepared.map, &made, &seen, measured);
        let all = all.ok_or_else(|| Error::Refused {
            message: "--write-traces: the network has no place on the globe".to_owned(),
            help: Some("take one that has, such as an OpenStreetMap extract".to_owned()),
        })?;
        to_file(path, |out| Ok(serde_json::to_writer(out, &all)?))?;
    }
    let stream = (args.stream > 0)
        .then(|| feed::feed(&network, &prepared, &made, args, printer))
        .transpose()?;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        optimised: !cfg!(debug_assertions),
        network: about(&network),
        table: TableReport {
            reach_m: prepared.table.reach_m(),
            pairs: prepared.table.pairs(),
            bytes: prepared.table.bytes(),
            prepare_cpu_s: prepared.cpu_s,
            prepare_s: prepared.wall_s,
            read: prepared.read,
        },
        trips: Trips {
            count: made.len(),
            least_m: args.least,
            share_of_limit: args.share,
            seed: args.seed,
            length_km: made.iter().map(Trip::length).sum::<f64>() / 1e3,
        },
        near_m: NEAR_M,
        sample_m: SAMPLE_M,
        rows,
        stream,
        peak_rss_bytes: peak_memory(),
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(Exit::Success)
}

fn about(network: &Network) -> About {
    About {
        name: network.name.clone(),
        junctions: network.junctions.len(),
        links: network.links.len(),
        length_km: network.total_link_length() / 1e3,
    }
}

/// Noise as small as this is matched as if it were so large: lines are not exact either.
const SIGMA_LEAST_M: f64 = 3.0;

/// Settings for positions with this noise.
fn settings(sigma_m: f64) -> Settings {
    Settings::for_noise(sigma_m.max(SIGMA_LEAST_M))
}

fn measure(
    prepared: &Prepared,
    row: Row,
    made: &[Trip],
    fixes: &[Vec<Fix>],
    least_cpu: f64,
) -> Result<(Measured, Vec<Matched>), Error> {
    let matcher = prepared.matcher(settings(row.sigma_m))?;
    let all = |matcher: &Matcher| -> Vec<Matched> {
        fixes
            .iter()
            .map(|trace| matcher.match_trace(trace))
            .collect()
    };
    let matched = all(&matcher);
    let positions: usize = fixes.iter().map(Vec::len).sum();
    let watch = Stopwatch::start();
    let mut rounds = 0_usize;
    while watch.cpu().as_secs_f64() < least_cpu {
        std::hint::black_box(all(&matcher));
        rounds += 1;
    }
    let cpu = watch.cpu().as_secs_f64();
    let (mut score, mut counts) = (Score::default(), Counts::default());
    for (trip, matched) in made.iter().zip(&matched) {
        score.add(&prepared.map, trip, &matched.passages);
        counts.add(&matched.counts);
    }
    let measured = Measured {
        interval_s: row.interval_s,
        sigma_m: row.sigma_m,
        positions,
        positions_per_cpu_second: (positions * rounds) as f64 / cpu,
        precision: score.precision(),
        recall: score.recall(),
        link_precision: score.link_precision(),
        link_recall: score.link_recall(),
        travel_time_error: score.time_error(),
        counts,
        settings: *matcher.settings(),
    };
    Ok((measured, matched))
}

fn print(report: &Report, printer: Printer) -> std::io::Result<()> {
    let mut rows = table([
        "positions every",
        "noise m",
        "positions",
        "per CPU-second",
        "precision",
        "recall",
        "link precision",
        "link recall",
        "time error",
    ]);
    for one in &report.rows {
        rows.add_row([
            format!("{} s", one.interval_s),
            one.sigma_m.to_string(),
            grouped(one.positions as u64),
            grouped(one.positions_per_cpu_second as u64),
            format!("{:.4}", one.precision),
            format!("{:.4}", one.recall),
            format!("{:.4}", one.link_precision),
            format!("{:.4}", one.link_recall),
            format!("{:.1} %", one.travel_time_error * 100.0),
        ]);
    }
    printer.line(rows.trim_fmt())?;
    printer.line(format_args!(
        "{}: {} junctions, {} links, {:.0} km; table up to {:.0} m: {} pairs, {}, {:.1} CPU-seconds",
        report.network.name,
        grouped(report.network.junctions as u64),
        grouped(report.network.links as u64),
        report.network.length_km,
        report.table.reach_m,
        grouped(report.table.pairs as u64),
        bytes(report.table.bytes as u64),
        report.table.prepare_cpu_s,
    ))?;
    for one in report.stream.iter().flat_map(|fed| &fed.forms) {
        printer.line(format_args!(
            "end to end from {}: {} positions a minute ({} a CPU-second), {} link times on {} links",
            one.form,
            grouped(one.positions_per_minute as u64),
            grouped(one.positions_per_cpu_second as u64),
            grouped(one.link_times),
            grouped(one.links as u64),
        ))?;
    }
    Ok(())
}
