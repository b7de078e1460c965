//! `citybrain traffic close`: what closing lanes costs, and what signals should do meanwhile.

use roads::{LinkId, SignalId};
use schemes::LinkWatch;
use schemes::closure::{Shared, Works, rebuilt, share};
use serde::Serialize;
use signals::Controller;
use signals::controllers::{Timings, Webster};

use super::closing::{self, Closed, applied};
use super::paired::{self, AS_BEFORE, Figures, watched};
use super::scenario::{self, About, Scenario};
use super::simulate::named;
use crate::cli::traffic_schemes::CloseArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped, table};
use crate::settings::Layers;

/// Cycles that differ by less than this are the same, seconds.
const SAME_CYCLE: f64 = 0.5;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    network: &'a str,
    closed: &'a Closed,
    runs: Vec<Case>,
    /// Links whose delay changes, the most first, under the last controller.
    links: Vec<LinkCost>,
    /// Signals at the links that are touched: Webster's timings before and after.
    signals: Vec<Retimed>,
    /// The controller under which the closure costs least.
    best: String,
    settings: &'a About,
}

/// A controller with all lanes open, or with the closure.
#[derive(Serialize)]
struct Case {
    control: String,
    closed: bool,
    seed: u32,
    #[serde(flatten)]
    figures: Figures,
    schemes: Option<schemes::Done>,
    #[serde(skip)]
    watch: LinkWatch,
}

#[derive(Serialize)]
struct LinkCost {
    link: String,
    name: Option<String>,
    delay_open_h: f64,
    delay_closed_h: f64,
    speed_open: Option<f64>,
    speed_closed: Option<f64>,
    queue_open: u32,
    queue_closed: u32,
}

/// A signal's timings by Webster's formula.
#[derive(Serialize)]
struct Retimed {
    signal: String,
    load_before: f64,
    load_after: f64,
    cycle_before_s: f64,
    cycle_after_s: f64,
    phases: Vec<PhaseTime>,
}

#[derive(Serialize)]
struct PhaseTime {
    phase: u32,
    before_s: f64,
    after_s: f64,
}

/// Runs the scenario with all lanes open and with the closure, and prints what differs.
pub(crate) fn close(args: &CloseArgs, mut layers: Layers, printer: Printer) -> Outcome {
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    layers.flag("traffic.seed", "--seed", args.seed.map(i64::from))?;
    let settings = layers.settings()?;
    let open = scenario::read(&args.scenario, &settings, printer)?;
    let seed = settings.traffic.seed as u32;
    let works = works(args, &open)?;
    let (closed, about) = applied(&open, &works);
    printer.note(about.note());

    let mut runs = Vec::new();
    for control in &args.control {
        for (scenario, is_closed) in [(&open, false), (&closed, true)] {
            let built = named(scenario, control)?;
            runs.push(case(scenario, control, built, is_closed, seed, printer)?);
        }
    }
    let (before, after) = timings(&open, &closed, &works);
    if about.throughout && args.control.iter().any(|control| control == "webster") {
        let as_before: Box<dyn Controller> = Box::new(Webster::with_timings(before.clone()));
        let built = Some(as_before);
        runs.push(case(&closed, AS_BEFORE, built, true, seed, printer)?);
    }
    let best = runs.iter().filter(|case| case.closed);
    let best = best.max_by(|a, b| a.figures.mean_speed.total_cmp(&b.figures.mean_speed));
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        network: &open.network.name,
        links: costs(&open, args, &runs),
        signals: retimed(&open, &works, &before, &after),
        best: best.map_or_else(String::new, |case| case.control.clone()),
        closed: &about,
        runs,
        settings: &open.about,
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, args.links, printer)?;
    }
    Ok(Exit::Success)
}

fn works(args: &CloseArgs, open: &Scenario) -> Result<Works, Error> {
    let network = &open.network;
    if let Some(path) = &args.what.file {
        return closing::from_file(path, network);
    }
    if let Some(wanted) = args.what.share {
        let which = args.which.into();
        let Shared { lanes, .. } = share(network, &open.demand, open.horizon, wanted, which)
            .map_err(|error| Error::Refused {
                message: error.to_string(),
                help: None,
            })?;
        return Ok(Works::of_lanes(network, &lanes));
    }
    closing::from_links(&args.what.link, (args.from, args.until), network)
}

fn case(
    scenario: &Scenario,
    control: &str,
    built: Option<Box<dyn Controller>>,
    closed: bool,
    seed: u32,
    printer: Printer,
) -> Result<Case, Error> {
    let (figures, watch, schemes) = watched(scenario, control, built, seed, printer)?;
    Ok(Case {
        control: control.to_owned(),
        closed,
        seed,
        figures,
        schemes,
        watch,
    })
}

/// Webster's timings with all lanes open, and on the network that is left.
fn timings(open: &Scenario, closed: &Scenario, works: &Works) -> (Vec<Timings>, Vec<Timings>) {
    let of = |network: &roads::Network, demand: &roads::Demand| {
        paired::timings(network, demand, &open.protocol)
    };
    let before = of(&open.network, &open.demand);
    // While lanes are shut by time the running network is as it was: the timings are for the time
    // meanwhile.
    let left = rebuilt(&open.network, works).0;
    (before, of(&left, &closed.demand))
}

fn retimed(open: &Scenario, works: &Works, before: &[Timings], after: &[Timings]) -> Vec<Retimed> {
    let network = &open.network;
    let mut touched: Vec<SignalId> = works
        .links()
        .iter()
        .flat_map(|link| {
            let link = &network.links[link.index()];
            [link.from, link.to]
        })
        .filter_map(|junction| network.junctions[junction.index()].signal)
        .collect();
    touched.sort_unstable();
    touched.dedup();
    let row = |signal: SignalId| {
        let (was, now) = (&before[signal.index()], &after[signal.index()]);
        let mut phases: Vec<u32> = was.slots.iter().map(|(phase, _)| *phase).collect();
        phases.extend(now.slots.iter().map(|(phase, _)| *phase));
        phases.sort_unstable();
        phases.dedup();
        Retimed {
            signal: network.signals[signal.index()].id.clone(),
            load_before: was.load,
            load_after: now.load,
            cycle_before_s: was.cycle,
            cycle_after_s: now.cycle,
            phases: phases
                .into_iter()
                .map(|phase| PhaseTime {
                    phase,
                    before_s: was.seconds(phase),
                    after_s: now.seconds(phase),
                })
                .collect(),
        }
    };
    touched.into_iter().map(row).collect()
}

/// What the closure costs on each link, under the last controller.
fn costs(open: &Scenario, args: &CloseArgs, runs: &[Case]) -> Vec<LinkCost> {
    let last = args.control.last();
    let find = |closed: bool| {
        runs.iter()
            .find(|case| Some(&case.control) == last && case.closed == closed)
    };
    let (Some(before), Some(after)) = (find(false), find(true)) else {
        return Vec::new();
    };
    let mut costs: Vec<LinkCost> = open
        .network
        .links
        .iter()
        .enumerate()
        .map(|(index, link)| {
            let id = LinkId::from(index);
            let (was, now) = (
                before.watch.links()[id.index()],
                after.watch.links()[id.index()],
            );
            LinkCost {
                link: link.id.clone(),
                name: link.name.clone(),
                delay_open_h: was.delay / 3_600.0,
                delay_closed_h: now.delay / 3_600.0,
                speed_open: was.speed(),
                speed_closed: now.speed(),
                queue_open: was.longest_queue,
                queue_closed: now.longest_queue,
            }
        })
        .filter(|cost| (cost.delay_closed_h - cost.delay_open_h).abs() > 1e-9)
        .collect();
    let more = |cost: &LinkCost| cost.delay_closed_h - cost.delay_open_h;
    costs.sort_by(|a, b| more(b).total_cmp(&more(a)));
    costs
}

fn print(report: &Report, links: usize, printer: Printer) -> std::io::Result<()> {
    let closed = report.closed;
    if let Some(diversion) = &closed.diversion {
        printer.line(format_args!(
            "vehicles: {} as before, {} another way ({:+.0} m each), {} refused",
            grouped(diversion.unchanged as u64),
            grouped(diversion.diverted as u64),
            diversion.detour / (diversion.diverted as f64).max(1.0),
            grouped(diversion.refused as u64),
        ))?;
        for refusal in diversion.refusals.iter().take(5) {
            printer.line(format_args!(
                "  refused: flow {} ({} vehicles): {}",
                refusal.flow, refusal.vehicles, refusal.reason
            ))?;
        }
    }
    let mut lines = table([
        "controller",
        "lanes",
        "mean speed m/s",
        "att_engine s",
        "delay h",
        "throughput",
        "waiting",
    ]);
    for case in &report.runs {
        lines.add_row([
            case.control.clone(),
            if case.closed { "closed" } else { "open" }.to_owned(),
            format!("{:.2}", case.figures.mean_speed),
            format!("{:.1}", case.figures.att_engine),
            format!("{:.1}", case.figures.delay_h),
            case.figures.throughput.to_string(),
            case.figures.waiting_to_enter.to_string(),
        ]);
    }
    printer.line(lines.trim_fmt())?;
    print_links(report, links, printer)?;
    print_signals(report, printer)?;
    printer.line(format_args!(
        "with the closure, traffic is fastest under {}",
        report.best
    ))
}

fn print_links(report: &Report, links: usize, printer: Printer) -> std::io::Result<()> {
    let mut lines = table([
        "link",
        "delay h open",
        "closed",
        "m/s open",
        "closed",
        "queue open",
        "closed",
    ]);
    let speed = |speed: Option<f64>| speed.map_or_else(|| "-".to_owned(), |v| format!("{v:.1}"));
    for cost in report.links.iter().take(links) {
        lines.add_row([
            cost.link.clone(),
            format!("{:.2}", cost.delay_open_h),
            format!("{:.2}", cost.delay_closed_h),
            speed(cost.speed_open),
            speed(cost.speed_closed),
            cost.queue_open.to_string(),
            cost.queue_closed.to_string(),
        ]);
    }
    printer.line(lines.trim_fmt())
}

fn print_signals(report: &Report, printer: Printer) -> std::io::Result<()> {
    let mut lines = table(["signal", "load", "then", "cycle s", "then", "phases s"]);
    for signal in &report.signals {
        let changed = signal
            .phases
            .iter()
            .any(|phase| (phase.before_s - phase.after_s).abs() >= SAME_CYCLE);
        if !changed {
            continue;
        }
        let phases: Vec<String> = signal
            .phases
            .iter()
            .map(|phase| {
                format!(
                    "{}: {:.0}→{:.0}",
                    phase.phase, phase.before_s, phase.after_s
                )
            })
            .collect();
        lines.add_row([
            signal.signal.clone(),
            format!("{:.2}", signal.load_before),
            format!("{:.2}", signal.load_after),
            format!("{:.0}", signal.cycle_before_s),
            format!("{:.0}", signal.cycle_after_s),
            phases.join(", "),
        ]);
    }
    if lines.row_count() == 0 {
        return printer.line("by Webster's formula no signal's timings change");
    }
    printer.line(lines.trim_fmt())
}
