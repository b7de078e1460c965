//! The report of `citybrain traffic compare`: one HTML file that needs nothing else.

use std::fmt::Write;

use super::plots::{self, Line, Plot, escape};
use super::simulate::Run;
use super::summary::{self, Row};
use crate::error::Error;

/// Width of a bar of the travel-time distribution, seconds.
const BIN_SECONDS: f64 = 30.0;

/// How our reports look.
pub(crate) const STYLE: &str = "
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 960px; padding: 0 1rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #ccc; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
caption { text-align: left; color: #555; padding-bottom: .4rem; }
figure { margin: 1.5rem 0; } figcaption { color: #555; }
ul.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .3rem 0; padding: 0; font-size: .9rem; }
ul.legend span { display: inline-block; width: 1.2rem; height: .25rem; margin-right: .4rem; vertical-align: middle; }
svg { max-width: 100%; height: auto; }
pre { background: #f4f4f4; padding: .8rem; overflow-x: auto; }
";

/// What the report says about where it comes from.
pub(super) struct About {
    /// Name of the network.
    pub(super) network: String,
    /// Whom the network's data is from.
    pub(super) attribution: Option<String>,
    /// The command that makes this report again.
    pub(super) command: String,
    /// Settings of the runs, by name.
    pub(super) settings: Vec<(&'static str, String)>,
}

/// Writes the report of all runs; `rows` has one entry for each controller.
pub(super) fn html(about: &About, runs: &[Run], rows: &[Row]) -> Result<String, Error> {
    let mut page = String::new();
    let title = format!("{}: {} controllers compared", about.network, rows.len());
    let title = escape(&title);
    // Writing to a `String` cannot fail.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    results(&mut page, rows);
    figures(&mut page, runs, rows)?;
    origin(&mut page, about, runs);
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(page)
}

fn results(page: &mut String, rows: &[Row]) {
    page.push_str("<h2>Results</h2>\n<div class=\"wide\" tabindex=\"0\"><table>\n<caption>");
    page.push_str(summary::EXPLANATION);
    page.push_str("</caption>\n<thead><tr>");
    for name in summary::HEADER {
        let _ = write!(page, "<th scope=\"col\">{}</th>", escape(name));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        for cell in row.cells() {
            let _ = write!(page, "<td>{}</td>", escape(&cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn figures(page: &mut String, runs: &[Run], rows: &[Row]) -> Result<(), Error> {
    let over_time = |value: fn(&super::simulate::Sample) -> Option<f64>| -> Vec<Line> {
        let line = |row: &Row| Line {
            name: row.name(),
            points: mean_series(runs, row, value),
        };
        rows.iter().map(line).collect()
    };
    let running = over_time(|sample| Some(sample.running as f64));
    let finished = over_time(|sample| Some(sample.throughput as f64));
    let speed = over_time(|sample| sample.mean_speed);
    let waiting = over_time(|sample| Some(sample.waiting_to_enter as f64));
    let times: Vec<Line> = rows
        .iter()
        .map(|row| Line {
            name: row.name(),
            points: distribution(runs, row),
        })
        .collect();
    let plots = [
        (
            "Running vehicles",
            "time, s",
            "vehicles on the network",
            &running,
        ),
        (
            "Cumulative throughput",
            "time, s",
            "vehicles that have finished",
            &finished,
        ),
        (
            "Mean speed",
            "time, s",
            "mean speed of running vehicles, m/s",
            &speed,
        ),
        (
            "Vehicles that wait to enter",
            "time, s",
            "vehicles outside",
            &waiting,
        ),
        (
            "Travel times",
            "travel time of finished vehicles, s (bars of 30 s)",
            "share of finished vehicles, %",
            &times,
        ),
    ];
    page.push_str("<h2>Plots</h2>\n");
    for (title, x, y, lines) in plots {
        let svg = plots::draw(&Plot { title, x, y, lines })?;
        let legend = plots::legend(lines);
        let _ = write!(
            page,
            "<figure>\n<figcaption>{title}</figcaption>\n{legend}\n{svg}\n</figure>\n"
        );
    }
    Ok(())
}

/// The mean over all seeds of a quantity at each time of the series.
fn mean_series(
    runs: &[Run],
    row: &Row,
    value: fn(&super::simulate::Sample) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let runs: Vec<&Run> = runs.iter().filter(|run| row.covers(run)).collect();
    let Some(first) = runs.first() else {
        return Vec::new();
    };
    (0..first.series.len())
        .filter_map(|index| {
            let values: Vec<f64> = runs
                .iter()
                .filter_map(|run| run.series.get(index).and_then(value))
                .collect();
            (!values.is_empty()).then(|| (first.series[index].time, crate::measure::mean(&values)))
        })
        .collect()
}

/// The outline of the histogram of travel times over all seeds: percent of finished vehicles.
fn distribution(runs: &[Run], row: &Row) -> Vec<(f64, f64)> {
    let times = || {
        runs.iter()
            .filter(|run| row.covers(run))
            .flat_map(|run| &run.travel_times)
    };
    let mut bins: Vec<u64> = Vec::new();
    for time in times() {
        let bin = (time / BIN_SECONDS) as usize;
        if bin >= bins.len() {
            bins.resize(bin + 1, 0);
        }
        bins[bin] += 1;
    }
    let total = bins.iter().sum::<u64>().max(1) as f64;
    let mut points = vec![(0.0, 0.0)];
    for (bin, count) in bins.iter().enumerate() {
        let share = 100.0 * *count as f64 / total;
        points.push((bin as f64 * BIN_SECONDS, share));
        points.push(((bin + 1) as f64 * BIN_SECONDS, share));
    }
    points
}

fn origin(page: &mut String, about: &About, runs: &[Run]) {
    let _ = write!(
        page,
        "<h2>How it was made</h2>\n<p>City Brain {}. The command that makes it again:</p>\n<pre>{}</pre>\n",
        env!("CARGO_PKG_VERSION"),
        escape(&about.command)
    );
    page.push_str("<table>\n<caption>Settings</caption>\n<tbody>\n");
    for (name, value) in &about.settings {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td></tr>",
            escape(name),
            escape(value)
        );
    }
    page.push_str("</tbody>\n</table>\n");
    let cpu: f64 = runs.iter().map(|run| run.cost.cpu_seconds).sum();
    let updates: u64 = runs.iter().map(|run| run.results.vehicle_updates).sum();
    let _ = writeln!(
        page,
        "<p>{} runs moved {} vehicle updates in {cpu:.2} CPU-seconds.</p>",
        runs.len(),
        crate::printer::grouped(updates)
    );
    if let Some(attribution) = &about.attribution {
        let _ = writeln!(page, "<p>Network data: {}.</p>", escape(attribution));
    }
}
