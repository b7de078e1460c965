//! The time–space diagram of a corridor: greens of its signals, the bands, and who drove where when.

use plotters::prelude::*;
use roads::SignalId;
use schemes::corridor::{Coordination, Corridor, Trajectory, Window};
use serde::Serialize;

use super::plots::escape;
use super::report::STYLE;
use crate::error::Error;

/// Size of the picture, pixels.
const SIZE: (u32, u32) = (960, 560);
/// Most vehicles drawn.
const VEHICLES_MAX: usize = 400;
const OUT: RGBColor = RGBColor(0, 114, 178);
const BACK: RGBColor = RGBColor(213, 94, 0);
const RED: RGBColor = RGBColor(180, 30, 30);

/// Everything that the picture shows, for other programs to draw.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Diagram {
    /// Seconds that are shown.
    from_s: f64,
    until_s: f64,
    cycle_s: f64,
    length_m: f64,
    signals: Vec<SignalGreens>,
    /// The bands: at each signal when one passes, seconds; repeated every cycle.
    bands: Vec<Band>,
    trajectories: Vec<Trajectory>,
}

#[derive(Clone, Debug, Serialize)]
struct SignalGreens {
    signal: String,
    distance_m: f64,
    /// Greens that begin in the time shown: from and until, seconds.
    out_s: Vec<(f64, f64)>,
    back_s: Vec<(f64, f64)>,
}

#[derive(Clone, Debug, Serialize)]
struct Band {
    outbound: bool,
    width_s: f64,
    /// Distance of each signal and when the band begins there.
    edge: Vec<(f64, f64)>,
}

impl Diagram {
    /// Puts it together for a window of time, seconds.
    pub(super) fn new(
        corridor: &Corridor,
        plan: &Coordination,
        (from, until): (f64, f64),
        trajectories: Vec<Trajectory>,
        name: impl Fn(SignalId) -> String,
    ) -> Self {
        let cycle = plan.bands.cycle.max(1.0);
        let greens = |window: Window, offset: f64| {
            let first = from + (offset + window.start - from).rem_euclid(cycle) - cycle;
            let mut at = first;
            let mut greens = Vec::new();
            while at < until {
                greens.push((at.max(from), (at + window.length).min(until)));
                at += cycle;
            }
            greens.retain(|(start, end)| start < end);
            greens
        };
        let signals = corridor
            .stations
            .iter()
            .zip(&plan.signals)
            .map(|(station, plan)| SignalGreens {
                signal: name(station.signal),
                distance_m: station.distance,
                out_s: greens(plan.stop.out, plan.offset),
                back_s: greens(plan.stop.back, plan.offset),
            })
            .collect();
        let band = |outbound: bool| {
            let (start, width_s) = if outbound {
                (plan.bands.out_start, plan.bands.out)
            } else {
                (plan.bands.back_start, plan.bands.back)
            };
            let edge = corridor.stations.iter().zip(&plan.signals);
            Band {
                outbound,
                width_s,
                edge: edge
                    .map(|(station, plan)| {
                        let at = if outbound {
                            plan.stop.out_at
                        } else {
                            plan.stop.back_at
                        };
                        (station.distance, start + at)
                    })
                    .collect(),
            }
        };
        Self {
            from_s: from,
            until_s: until,
            cycle_s: cycle,
            length_m: corridor.stations.last().map_or(0.0, |last| last.distance),
            signals,
            bands: vec![band(true), band(false)],
            trajectories,
        }
    }
}

/// The picture as an SVG element.
pub(super) fn svg(diagram: &Diagram, corridor: &str) -> Result<String, Error> {
    let mut svg = String::new();
    render(diagram, &mut svg)
        .map_err(|error| Error::internal(format!("drawing the diagram: {error}")))?;
    let label = format!(
        r#"<svg role="img" aria-label="Time–space diagram of {}" "#,
        escape(corridor)
    );
    Ok(svg.replacen("<svg ", &label, 1))
}

fn render(diagram: &Diagram, svg: &mut String) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let margin = (diagram.length_m * 0.04).max(1.0);
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(
            diagram.from_s..diagram.until_s,
            -margin..diagram.length_m + margin,
        )?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(BLACK.mix(0.5))
        .x_desc("time, s")
        .y_desc("from the first signal, m")
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    for band in diagram.bands.iter().filter(|band| band.width_s > 0.0) {
        let color = if band.outbound { OUT } else { BACK };
        for points in repeated(diagram, band) {
            chart.draw_series([Polygon::new(points, color.mix(0.18).filled())])?;
        }
    }
    for way in diagram.trajectories.iter().take(VEHICLES_MAX) {
        let color = if way.outbound { OUT } else { BACK };
        let style = color.mix(0.6).stroke_width(1);
        chart.draw_series(LineSeries::new(way.points.iter().copied(), style))?;
    }
    for signal in &diagram.signals {
        // Outbound above the signal's line, inbound below.
        for (greens, side) in [(&signal.out_s, 0.25), (&signal.back_s, -0.25)] {
            let y = signal.distance_m + side * margin;
            for (from, until) in reds(diagram, greens) {
                let style = RED.stroke_width(3);
                chart.draw_series([PathElement::new(vec![(from, y), (until, y)], style)])?;
            }
        }
    }
    area.present()
}

/// The band in each cycle that is shown, cut at the edges of the picture.
fn repeated(diagram: &Diagram, band: &Band) -> Vec<Vec<(f64, f64)>> {
    let latest = band.edge.iter().map(|(_, at)| *at).fold(0.0, f64::max);
    let first = ((diagram.from_s - latest - band.width_s) / diagram.cycle_s).floor();
    let last = (diagram.until_s / diagram.cycle_s).ceil();
    let inside = |time: f64| time.clamp(diagram.from_s, diagram.until_s);
    let mut all = Vec::new();
    let mut turn = first;
    while turn <= last {
        let shift = turn * diagram.cycle_s;
        let begins = band.edge.iter().map(|&(y, at)| (inside(at + shift), y));
        let ends = band.edge.iter().rev();
        let ends = ends.map(|&(y, at)| (inside(at + shift + band.width_s), y));
        let points: Vec<(f64, f64)> = begins.chain(ends).collect();
        let seen = points
            .iter()
            .any(|(x, _)| *x > diagram.from_s && *x < diagram.until_s);
        if seen {
            all.push(points);
        }
        turn += 1.0;
    }
    all
}

/// What is left between greens.
fn reds(diagram: &Diagram, greens: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut reds = Vec::new();
    let mut at = diagram.from_s;
    for &(from, until) in greens {
        if from > at {
            reds.push((at, from));
        }
        at = until;
    }
    if at < diagram.until_s {
        reds.push((at, diagram.until_s));
    }
    reds
}

/// The picture with its explanation, as a page.
pub(super) fn page(diagram: &Diagram, corridor: &str, svg: &str) -> String {
    let title = format!("{}: time–space diagram", escape(corridor));
    let rows = diagram.signals.iter().map(|signal| {
        let name = escape(&signal.signal);
        format!(
            "<tr><td>{name}</td><td>{:.0}</td></tr>\n",
            signal.distance_m
        )
    });
    let signals = rows.collect::<Vec<_>>().concat();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
         <p>Blue: outbound, bands and vehicles. Orange: inbound. Red bars: red for outbound above \
         and inbound below each signal's place. Cycle {:.0} s.</p>\n<figure>\n{svg}\n</figure>\n\
         <table>\n<thead><tr><th scope=\"col\">signal</th><th scope=\"col\">at, m</th></tr></thead>\n\
         <tbody>\n{signals}</tbody>\n</table>\n</main>\n</body>\n</html>\n",
        diagram.cycle_s
    )
}
