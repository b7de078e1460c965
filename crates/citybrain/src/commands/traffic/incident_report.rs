//! What `citybrain traffic incidents` prints.

use comfy_table::Table;
use observe::incident::{Comparison, Incident, Score, Settings};
use roads::Network;
use serde::Serialize;

use super::incidents::Work;
use crate::cli::traffic_incidents::IncidentArgs;
use crate::error::{Exit, Outcome};
use crate::printer::{Printer, grouped, table};

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    network: &'a str,
    /// `simulation` or `observations`.
    source: &'static str,
    settings: &'a Settings,
    /// Intervals that were judged.
    intervals: usize,
    /// Decisions that were made: detectors and algorithms in all intervals.
    decisions: usize,
    /// Traversals that were left out: parked, or faster than anything drives.
    refused: u64,
    /// Incidents that were found.
    found: usize,
    /// The newest first.
    incidents: Vec<Shown<'a>>,
    /// How many of those that are known were found; none where none are known.
    score: Option<Scored>,
    known: Vec<KnownShown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    /// The link's name.
    id: &'a str,
    street: Option<&'a str>,
    #[serde(flatten)]
    incident: &'a Incident,
}

#[derive(Serialize)]
struct Scored {
    #[serde(flatten)]
    score: Score,
    detection_rate: f64,
    false_alarm_rate: f64,
}

#[derive(Serialize)]
struct KnownShown<'a> {
    id: &'a str,
    from: f64,
    until: f64,
    /// Seconds from its begin to the first alarm; none where there was none.
    found_after_s: Option<f64>,
}

/// Prints what was found, of files where it was observed.
pub(super) fn print(args: &IncidentArgs, work: &Work, observed: bool, printer: Printer) -> Outcome {
    let mut found: Vec<&Incident> = work.detection.over().chain(work.detection.open()).collect();
    found.sort_by(|a, b| b.found.total_cmp(&a.found).then(a.link.cmp(&b.link)));
    let count = found.len();
    found.truncate(args.top as usize);
    let known = work.scorer.score().incidents > 0;
    if printer.json {
        let name = |link: roads::LinkId| work.network.links[link.index()].id.as_str();
        printer.json(&Report {
            version: env!("CARGO_PKG_VERSION"),
            network: &work.network.name,
            source: if observed {
                "observations"
            } else {
                "simulation"
            },
            settings: work.detection.settings(),
            intervals: work.intervals,
            decisions: work.decisions,
            refused: work.refused,
            found: count,
            incidents: found
                .iter()
                .map(|incident| Shown {
                    id: name(incident.link),
                    street: work.network.links[incident.link.index()].name.as_deref(),
                    incident,
                })
                .collect(),
            score: known.then(|| scored(work.scorer.score())),
            known: work
                .scorer
                .each()
                .map(|(known, found_after_s)| KnownShown {
                    id: name(known.link),
                    from: known.from,
                    until: known.until,
                    found_after_s,
                })
                .collect(),
        })?;
        return Ok(Exit::Success);
    }
    printer.line(shown(&work.network, &found).trim_fmt())?;
    printer.note(format_args!(
        "{} of {count} incidents shown; {} decisions in {} intervals of {} s; {} traversals refused",
        found.len(),
        grouped(work.decisions as u64),
        grouped(work.intervals as u64),
        args.interval,
        grouped(work.refused)
    ));
    if known {
        printer.line(told(&work.scorer.score()))?;
    }
    Ok(Exit::Success)
}

fn scored(score: Score) -> Scored {
    Scored {
        score,
        detection_rate: score.detection_rate(),
        false_alarm_rate: score.false_alarm_rate(),
    }
}

fn told(score: &Score) -> String {
    format!(
        "{} of {} known incidents found ({:.0} %), after {:.0} s on average; {} false alarms in {} decisions without an incident ({:.3} %), {} away from one meanwhile",
        score.detected,
        score.incidents,
        score.detection_rate() * 100.0,
        score.mean_delay_s,
        score.false_alarms,
        grouped(score.quiet as u64),
        score.false_alarm_rate() * 100.0,
        score.elsewhere
    )
}

/// `07:15:30`, with the day before it from the second on.
fn clock(seconds: f64) -> String {
    let all = seconds.round() as u64;
    let (day, second) = (all / 86_400, all % 86_400);
    let time = format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    if day == 0 {
        time
    } else {
        format!("day {} {time}", day + 1)
    }
}

fn shown(network: &Network, incidents: &[&Incident]) -> Table {
    let mut table = table([
        "link",
        "street",
        "by",
        "lanes",
        "since",
        "found",
        "until",
        "occupancy %",
        "km/h",
        "against",
    ]);
    let speed = |speed: Option<f64>| {
        speed.map_or_else(|| "–".to_owned(), |speed| format!("{:.0}", speed * 3.6))
    };
    for incident in incidents {
        let link = &network.links[incident.link.index()];
        let evidence = &incident.evidence;
        let lanes: Vec<String> = evidence.lanes.iter().map(u32::to_string).collect();
        table.add_row([
            link.id.clone(),
            link.name.clone().unwrap_or_default(),
            incident.method.name().to_owned(),
            if lanes.is_empty() {
                "all".to_owned()
            } else {
                lanes.join(",")
            },
            clock(incident.since),
            clock(incident.found),
            incident.until.map_or_else(|| "open".to_owned(), clock),
            format!(
                "{:.0} ({:.0})",
                evidence.occupancy * 100.0,
                evidence.usual_occupancy * 100.0
            ),
            format!(
                "{} ({})",
                speed(evidence.speed),
                speed(evidence.usual_speed)
            ),
            match evidence.against {
                Comparison::Days => "earlier days",
                Comparison::Recent => "before",
                Comparison::Downstream => "downstream",
            }
            .to_owned(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_by_the_clock_with_its_day() {
        assert_eq!(clock(25_290.0), "07:01:30");
        assert_eq!(clock(2.0 * 86_400.0 + 59.6), "day 3 00:01:00");
    }
}
