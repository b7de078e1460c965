//! `citybrain traffic event`: what a big event does to the roads under each controller, and what to
//! do about it.

use std::sync::Arc;

use roads::{LinkId, Network};
use schemes::LinkWatch;
use schemes::event::{Event, EventDone, Loads, Stage, Staged};
use serde::Serialize;
use signals::Controller;
use signals::controllers::{Timings, Webster};

use super::closing::{Closed, applied};
use super::event_advice::{Advice, advice};
use super::event_print::print;
use super::event_read;
use super::paired::{self, AS_BEFORE, Figures, watched};
use super::scenario::{self, About, Scenario};
use super::simulate::named;
use super::summary::Figure;
use crate::cli::traffic_event::EventArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::Printer;
use crate::settings::Layers;

/// Timings that are recomputed for the event.
const WEBSTER: &str = "webster";
/// Seconds after the last is to leave until which is run at least.
const AFTER: f64 = 1_800.0;

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub(super) version: &'static str,
    pub(super) network: &'a str,
    #[serde(skip)]
    pub(super) event: &'a Event,
    /// The event with the names of its links.
    #[serde(rename = "event")]
    described: Described<'a>,
    /// What it is called.
    pub(super) title: &'a str,
    /// Visitors that come by car.
    pub(super) visitors: u32,
    /// Visitors in a car.
    pub(super) per_car: f64,
    /// Share of all drivers with guidance while the event is on.
    pub(super) guided: f64,
    /// What is closed with the event.
    pub(super) closed: Option<&'a Closed>,
    /// By controller, with and without the event, over all seeds.
    pub(super) summary: Vec<Row>,
    pub(super) runs: Vec<Case>,
    pub(super) recommendation: Advice,
    pub(super) settings: &'a About,
}

/// An event for those who know links by their names.
#[derive(Serialize)]
struct Described<'a> {
    id: &'a str,
    start: f64,
    end: f64,
    cars: u32,
    without_room: u32,
    parks: Vec<ParkOf<'a>>,
    around: Vec<&'a str>,
    stages: [Stage; 2],
}

#[derive(Serialize)]
struct ParkOf<'a> {
    id: &'a str,
    link: &'a str,
    exit: &'a str,
    capacity: Option<u32>,
    cars: u32,
}

impl<'a> Described<'a> {
    fn new(event: &'a Event, network: &'a Network) -> Self {
        let name = move |link: LinkId| network.links[link.index()].id.as_str();
        let parks = event.parks.iter().map(|park| ParkOf {
            id: &park.id,
            link: name(park.link),
            exit: name(park.exit),
            capacity: park.capacity,
            cars: park.cars,
        });
        Self {
            id: &event.id,
            start: event.start,
            end: event.end,
            cars: event.cars,
            without_room: event.without_room,
            parks: parks.collect(),
            around: event.around.iter().map(|&link| name(link)).collect(),
            stages: event.stages,
        }
    }
}

/// A controller with or without the event, with one seed.
#[derive(Serialize)]
pub(super) struct Case {
    pub(super) control: String,
    pub(super) event: bool,
    pub(super) seed: u32,
    #[serde(flatten)]
    pub(super) figures: Figures,
    /// Delay of those who do not visit, hours.
    pub(super) others_delay_h: f64,
    /// What the event adds to it under this controller and seed, hours.
    pub(super) others_added_h: Option<f64>,
    /// Delay of visitors, coming and leaving, hours.
    pub(super) visitors_delay_h: Option<f64>,
    /// The same for one way of one car, seconds.
    pub(super) visitor_delay_s: Option<f64>,
    /// The longest queue, and the link where it was.
    pub(super) longest_queue: u32,
    pub(super) longest_queue_link: String,
    pub(super) visitor: Option<EventDone>,
    #[serde(skip)]
    pub(super) watch: LinkWatch,
}

/// A controller with or without the event, over all seeds.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) control: String,
    pub(super) event: bool,
    pub(super) mean_speed: Figure,
    pub(super) delay_h: Figure,
    pub(super) others_delay_h: Figure,
    pub(super) visitor_delay_s: Option<Figure>,
    /// Seconds from the start of the event until the last visitor is in; negative before it. None
    /// when some never are, with some seed.
    pub(super) last_in_s: Option<Figure>,
    /// Seconds from the end until the links around are clear; none when they never are, with some
    /// seed.
    pub(super) clear_s: Option<Figure>,
    pub(super) longest_queue: Figure,
    pub(super) waiting_to_enter: Figure,
}

/// Runs the scenario with and without the event, and prints what differs and what to do.
pub(crate) fn event(args: &EventArgs, mut layers: Layers, printer: Printer) -> Outcome {
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    let settings = layers.settings()?;
    let mut open = scenario::read(&args.scenario, &settings, printer)?;
    let read = event_read::read(args, &open.network)?;
    let (definition, before) = (&read.definition, read.before.as_str());
    let network = Arc::clone(&open.network);
    let refused = |error| read.refused(error, &network);
    let works = definition.closed(&network, before).map_err(refused)?;
    let last = definition.end.value + definition.departures(before).map_err(refused)?.span().1;
    go_on_until(&mut open, last + AFTER, printer);
    let (mut busy, closed) = if works.works.is_empty() {
        (open.clone(), None)
    } else {
        let (busy, closed) = applied(&open, &works);
        printer.note(closed.note());
        (busy, Some(closed))
    };
    let streets = open.config.rules == sim::Rules::Street;
    let traffic = (busy.demand.as_ref(), busy.horizon);
    let event = Event::new(&busy.network, traffic, streets, definition, before).map_err(refused)?;
    let guided = definition.guided.map_or(0.0, |guided| guided.value);
    busy.schemes.event = Some(event.clone());
    busy.schemes.guided = (guided > 0.0).then_some(guided);
    printer.note(format_args!(
        "note: {} cars over {} ways to {} car parks; working out what links can carry",
        event.cars,
        event.routes.len(),
        event.parks.len()
    ));
    let plans = Plans::new(&open, &busy, &event);
    let runs = runs(args, (&open, &busy), &event, &plans, printer)?;
    let summary = summary(&runs, &event);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        network: &open.network.name,
        title: definition.name.as_deref().unwrap_or(&definition.id),
        visitors: definition.visitors.value,
        per_car: definition.per_car(),
        guided,
        closed: closed.as_ref(),
        recommendation: advice(&busy, &event, &plans, (&summary, &runs), definition),
        described: Described::new(&event, &open.network),
        event: &event,
        summary,
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

/// Lets a scenario go on at least until this second.
fn go_on_until(scenario: &mut Scenario, until: f64, printer: Printer) {
    if scenario.horizon >= until {
        return;
    }
    printer.note(format_args!(
        "note: the run goes on until second {until:.0} instead of {:.0}, half an hour after the \
         last visitors leave",
        scenario.horizon
    ));
    scenario.horizon = until;
    scenario.protocol.horizon = until;
    scenario.about.horizon = until;
    scenario.about.protocol.horizon = until;
    scenario.about.demand_vehicles = scenario.demand.vehicles_before(until);
}

/// Timings by Webster's formula, and what links are to carry under them.
pub(super) struct Plans {
    /// Without the event.
    before: Vec<Timings>,
    /// On the roads that are left with the event, for the usual traffic.
    pub(super) usual: Vec<Timings>,
    /// While visitors come, and while they leave.
    pub(super) loads: [Loads; 2],
}

impl Plans {
    fn new(open: &Scenario, busy: &Scenario, event: &Event) -> Self {
        let webster = |scenario: &Scenario| {
            paired::timings(&scenario.network, &scenario.demand, &scenario.protocol)
        };
        let loads = |stage| Loads::new(&busy.network, &busy.demand, &busy.protocol, event, stage);
        Self {
            before: webster(open),
            usual: webster(busy),
            loads: event.stages.map(loads),
        }
    }
}

fn runs(
    args: &EventArgs,
    (open, busy): (&Scenario, &Scenario),
    event: &Event,
    plans: &Plans,
    printer: Printer,
) -> Result<Vec<Case>, Error> {
    let mut runs = Vec::new();
    let mut cases: Vec<(&str, bool)> = Vec::new();
    for control in &args.control {
        for case in [(control.as_str(), false), (control.as_str(), true)] {
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
    }
    if args.control.iter().any(|control| control == WEBSTER) {
        cases.push((AS_BEFORE, true));
    }
    for (control, is_on) in cases {
        for &seed in &args.seeds {
            let scenario = if is_on { busy } else { open };
            let built: Option<Box<dyn Controller>> = match control {
                AS_BEFORE => Some(Box::new(Webster::with_timings(plans.before.clone()))),
                WEBSTER if is_on => {
                    let [coming, leaving] = &plans.loads;
                    let timings = (&coming.timings, &leaving.timings);
                    let staged = Staged::new(event, &plans.usual, timings.0, timings.1);
                    Some(Box::new(staged))
                }
                _ => named(scenario, control)?,
            };
            let mut case = case(scenario, (control, is_on), built, seed, printer)?;
            case.others_added_h = added(&case, &runs);
            runs.push(case);
        }
    }
    Ok(runs)
}

/// What the event adds to the delay of others, against the same controller and seed without it.
fn added(case: &Case, runs: &[Case]) -> Option<f64> {
    let control = match case.control.as_str() {
        AS_BEFORE => WEBSTER,
        other => other,
    };
    let without = |run: &&Case| !run.event && run.control == control && run.seed == case.seed;
    let without = runs.iter().find(without).filter(|_| case.event)?;
    Some(case.others_delay_h - without.others_delay_h)
}

fn case(
    scenario: &Scenario,
    (control, is_on): (&str, bool),
    built: Option<Box<dyn Controller>>,
    seed: u32,
    printer: Printer,
) -> Result<Case, Error> {
    let title = if is_on {
        format!("{control}, event")
    } else {
        control.to_owned()
    };
    let (figures, watch, schemes) = watched(scenario, &title, built, seed, printer)?;
    let visitor = schemes.and_then(|done| done.event);
    let others_delay_h = visitor
        .as_ref()
        .map_or(figures.delay_h, |done| done.others.delay / 3_600.0);
    let queues = watch.links().iter().enumerate();
    let (link, longest) = queues
        .rev()
        .max_by_key(|(_, link)| link.longest_queue)
        .map_or((0, 0), |(index, link)| (index, link.longest_queue));
    let ways = |done: &EventDone| f64::from(done.set_out + done.left).max(1.0);
    Ok(Case {
        control: control.to_owned(),
        event: is_on,
        seed,
        figures,
        others_delay_h,
        others_added_h: None,
        visitors_delay_h: visitor.as_ref().map(|done| done.visitors.delay / 3_600.0),
        visitor_delay_s: visitor
            .as_ref()
            .map(|done| done.visitors.delay / ways(done)),
        longest_queue: longest,
        longest_queue_link: scenario.network.links[link].id.clone(),
        visitor,
        watch,
    })
}

fn summary(runs: &[Case], event: &Event) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for run in runs {
        if rows
            .iter()
            .any(|row| row.control == run.control && row.event == run.event)
        {
            continue;
        }
        let own = |other: &&Case| other.control == run.control && other.event == run.event;
        let own: Vec<&Case> = runs.iter().filter(own).collect();
        let figure = |value: &dyn Fn(&Case) -> f64| {
            Figure::of(&own.iter().map(|case| value(case)).collect::<Vec<_>>())
        };
        let all = |value: &dyn Fn(&Case) -> Option<f64>| {
            let values: Option<Vec<f64>> = own.iter().map(|case| value(case)).collect();
            values.map(|values| Figure::of(&values))
        };
        let done = |case: &Case, value: fn(&EventDone) -> Option<f64>| {
            case.visitor.as_ref().and_then(value)
        };
        rows.push(Row {
            control: run.control.clone(),
            event: run.event,
            mean_speed: figure(&|case| case.figures.mean_speed),
            delay_h: figure(&|case| case.figures.delay_h),
            others_delay_h: figure(&|case| case.others_delay_h),
            visitor_delay_s: all(&|case| case.visitor_delay_s),
            last_in_s: all(&|case| done(case, |done| done.last_in).map(|at| at - event.start)),
            clear_s: all(&|case| done(case, |done| done.clear)),
            longest_queue: figure(&|case| f64::from(case.longest_queue)),
            waiting_to_enter: figure(&|case| case.figures.waiting_to_enter as f64),
        });
    }
    rows
}
