//! What to do about a big event, in plain words and as figures: which controller, which timings,
//! which links carry no more, how many have to come by other means.

use roads::{Network, SignalId};
use schemes::LinkFigures;
use schemes::event::{Event, EventDefinition, LinkLoad};
use serde::Serialize;
use signals::controllers::Timings;

use super::event::{Case, Plans, Row};
use super::scenario::Scenario;
use crate::control::PLAN;
use crate::printer::grouped;

/// Seconds by which a phase has to change to count.
const SAME_PHASE: f64 = 0.5;
/// Links that a sentence names.
const NAMED: usize = 3;

/// What to do.
#[derive(Serialize)]
pub(super) struct Advice {
    /// The controller under which everybody together loses least.
    pub(super) control: String,
    /// Cars that come and can be carried without a link that is over capacity for them.
    pub(super) cars_carried: u32,
    /// Cars that at least must not come: what visitors put on the fullest link over its capacity.
    pub(super) cars_too_many_at_least: f64,
    /// Visitors that should come by other means than car, for no link at all to be over capacity.
    pub(super) visitors_by_other_means: u32,
    /// Links that visitors use, the fullest first, while they come and while they leave.
    pub(super) links: Vec<Loaded>,
    /// Signals on visitors' ways whose timings change.
    pub(super) signals: Vec<Retimed>,
    /// The same in words.
    pub(super) words: Vec<String>,
}

/// A link that visitors use.
#[derive(Serialize)]
pub(super) struct Loaded {
    pub(super) link: String,
    pub(super) name: Option<String>,
    /// `coming` or `leaving`.
    pub(super) stage: &'static str,
    pub(super) flow_per_hour: f64,
    pub(super) visitors_per_hour: f64,
    pub(super) saturation_flow_per_hour: f64,
    /// Flow over saturation flow of the fullest lane.
    pub(super) load: f64,
    /// The same over what its green leaves; more than 1 is over capacity.
    pub(super) degree_of_saturation: f64,
    pub(super) vehicles_over_capacity: f64,
    pub(super) vehicles_over_capacity_without_event: f64,
    /// Under the recommended controller, first seed.
    pub(super) delay_h: f64,
    pub(super) longest_queue: u32,
}

/// A signal's timings by Webster's formula.
#[derive(Serialize)]
pub(super) struct Retimed {
    pub(super) signal: String,
    pub(super) usual: Shown,
    pub(super) coming: Shown,
    pub(super) leaving: Shown,
}

#[derive(Serialize)]
pub(super) struct Shown {
    pub(super) load: f64,
    pub(super) cycle_s: f64,
    /// Phases in turn with their seconds, the change before each included.
    pub(super) phases: Vec<(u32, f64)>,
}

/// What comes of everything.
pub(super) fn advice(
    busy: &Scenario,
    event: &Event,
    plans: &Plans,
    (summary, runs): (&[Row], &[Case]),
    definition: &EventDefinition,
) -> Advice {
    let with = || summary.iter().filter(|row| row.event);
    let best = with().min_by(|a, b| a.delay_h.mean.total_cmp(&b.delay_h.mean));
    let control = best.map_or_else(String::new, |row| row.control.clone());
    let shown = runs.iter().find(|run| run.event && run.control == control);
    let figures = shown.map_or(&[][..], |run| run.watch.links());
    let network = &busy.network;
    let carried = plans.loads.iter().map(|loads| loads.room_for).min();
    let cars_carried = carried.unwrap_or(event.cars);
    let left_over = definition.cars().saturating_sub(cars_carried);
    let by_other_means = (f64::from(left_over) * definition.per_car()).round() as u32;
    let visitors_by_other_means = by_other_means.min(definition.visitors.value);
    let mut words = Vec::new();
    if let Some(best) = best {
        words.push(which_controller(best, summary));
        words.push(when(best));
    }
    words.extend(rooms(event, definition));
    words.extend(over_capacity(network, plans));
    let least = plans
        .loads
        .iter()
        .flat_map(|loads| &loads.links)
        .map(|load| load.over - load.over_without)
        .fold(0.0, f64::max);
    words.push(other_means(
        event,
        cars_carried,
        (least, visitors_by_other_means),
        definition,
    ));
    words.extend(stuck(best, shown));
    let mut links: Vec<Loaded> = plans
        .loads
        .iter()
        .flat_map(|loads| {
            let stage = stage(loads.stage.coming);
            loads.links.iter().map(move |load| (stage, load))
        })
        .map(|(stage, load)| loaded(network, stage, load, figures))
        .collect();
    links.sort_by(|a, b| b.degree_of_saturation.total_cmp(&a.degree_of_saturation));
    Advice {
        control,
        cars_carried,
        cars_too_many_at_least: least,
        visitors_by_other_means,
        links,
        signals: retimed(network, event, plans),
        words,
    }
}

const fn stage(coming: bool) -> &'static str {
    if coming { "coming" } else { "leaving" }
}

fn which_controller(best: &Row, summary: &[Row]) -> String {
    let mut text = format!(
        "use {}: with the event everybody together loses {:.1} h, least of all",
        best.control, best.delay_h.mean
    );
    let plan = |event: bool| {
        let row = summary
            .iter()
            .find(|row| row.control == PLAN && row.event == event);
        row.map(|row| row.delay_h.mean)
    };
    if let Some((with, without)) = plan(true).zip(plan(false)) {
        text +=
            &format!("; under the plan in force {with:.1} h, and {without:.1} h without the event");
    }
    text
}

fn when(best: &Row) -> String {
    let inside = best.last_in_s.map_or_else(
        || "not every visitor gets in".to_owned(),
        |at| {
            let (minutes, side) = (
                at.mean / 60.0,
                if at.mean < 0.0 { "before" } else { "after" },
            );
            format!(
                "the last visitor is in {:.0} min {side} the start",
                minutes.abs()
            )
        },
    );
    let clear = best.clear_s.map_or_else(
        || "the links around are not clear when the run ends".to_owned(),
        |at| {
            format!(
                "the links around are clear {:.0} min after the end",
                at.mean / 60.0
            )
        },
    );
    format!("with it {inside}, and {clear}")
}

fn rooms(event: &Event, definition: &EventDefinition) -> Option<String> {
    (event.without_room > 0).then(|| {
        format!(
            "the car parks have room for {} of {} cars: {} cars find none and were left out",
            grouped(event.cars.into()),
            grouped(definition.cars().into()),
            grouped(event.without_room.into())
        )
    })
}

fn over_capacity(network: &Network, plans: &Plans) -> Vec<String> {
    let of = |loads: &schemes::event::Loads| {
        let time = if loads.stage.coming { "come" } else { "leave" };
        let links = loads.links.iter();
        let mut over: Vec<&LinkLoad> = links.filter(|load| load.is_over()).collect();
        if over.is_empty() {
            return format!(
                "while visitors {time}, every link they use can carry its traffic with timings \
                 recomputed for it"
            );
        }
        over.sort_by(|a, b| b.over.total_cmp(&a.over));
        let already = over.iter().filter(|load| load.is_over_without()).count();
        let names: Vec<String> = over
            .iter()
            .take(NAMED)
            .map(|load| {
                let id = &network.links[load.link.index()].id;
                format!("{id} by {:.0} vehicles", load.over)
            })
            .collect();
        let already = match already {
            0 => String::new(),
            count => format!("; {count} of them without visitors, too"),
        };
        format!(
            "while visitors {time}, {} links they use are over capacity even with timings \
             recomputed for it{already}: {}{}",
            over.len(),
            names.join(", "),
            if over.len() > NAMED { ", …" } else { "" }
        )
    };
    plans.loads.iter().map(of).collect()
}

fn other_means(
    event: &Event,
    carried: u32,
    (least, by_other_means): (f64, u32),
    definition: &EventDefinition,
) -> String {
    if by_other_means == 0 {
        return format!(
            "all {} visitors can come by car",
            grouped(definition.visitors.value.into())
        );
    }
    if carried == event.cars {
        return format!(
            "the roads carry the {} cars that find room; {} visitors must come by other means than \
             car",
            grouped(event.cars.into()),
            grouped(by_other_means.into())
        );
    }
    format!(
        "{least:.0} cars at least must not come, those over the fullest link; for no link at all to be \
         over capacity, all but {} of {} cars: then {} of {} visitors come by other means than car, \
         or at other times",
        grouped(carried.into()),
        grouped(definition.cars().into()),
        grouped(by_other_means.into()),
        grouped(definition.visitors.value.into())
    )
}

/// What the figures on paper do not see: queues that stand.
fn stuck(best: Option<&Row>, shown: Option<&Case>) -> Option<String> {
    let (best, shown) = best.zip(shown)?;
    (best.last_in_s.is_none() || best.clear_s.is_none()).then(|| {
        format!(
            "that is on paper; in the run not everybody gets through: the longest queue is {} \
             vehicles on {}. Let fewer come, or look at what is closed there",
            shown.longest_queue, shown.longest_queue_link
        )
    })
}

fn loaded(
    network: &Network,
    stage: &'static str,
    load: &LinkLoad,
    figures: &[LinkFigures],
) -> Loaded {
    let link = &network.links[load.link.index()];
    let seen = figures.get(load.link.index()).copied().unwrap_or_default();
    Loaded {
        link: link.id.clone(),
        name: link.name.clone(),
        stage,
        flow_per_hour: load.flow,
        visitors_per_hour: load.visitors,
        saturation_flow_per_hour: load.saturation,
        load: load.load,
        degree_of_saturation: load.degree,
        vehicles_over_capacity: load.over,
        vehicles_over_capacity_without_event: load.over_without,
        delay_h: seen.delay / 3_600.0,
        longest_queue: seen.longest_queue,
    }
}

/// The signals on visitors' ways whose timings change, those with the greatest load first.
fn retimed(network: &Network, event: &Event, plans: &Plans) -> Vec<Retimed> {
    let mut touched: Vec<SignalId> = event
        .routes
        .iter()
        .flatten()
        .filter_map(|link| {
            let end = network.links[link.index()].to;
            network.junctions[end.index()].signal
        })
        .collect();
    touched.sort_unstable();
    touched.dedup();
    let [coming, leaving] = &plans.loads;
    let changes = |one: &Timings, other: &Timings| {
        let phases = one.slots.iter().chain(&other.slots);
        phases
            .map(|(phase, _)| *phase)
            .any(|phase| (one.seconds(phase) - other.seconds(phase)).abs() >= SAME_PHASE)
    };
    let shown = |timings: &Timings| Shown {
        load: timings.load,
        cycle_s: timings.cycle,
        phases: timings.slots.clone(),
    };
    let mut rows: Vec<Retimed> = touched
        .into_iter()
        .map(|signal| {
            let at = signal.index();
            (
                signal,
                &plans.usual[at],
                &coming.timings[at],
                &leaving.timings[at],
            )
        })
        .filter(|(_, usual, coming, leaving)| changes(usual, coming) || changes(usual, leaving))
        .map(|(signal, usual, coming, leaving)| Retimed {
            signal: network.signals[signal.index()].id.clone(),
            usual: shown(usual),
            coming: shown(coming),
            leaving: shown(leaving),
        })
        .collect();
    let most = |row: &Retimed| row.coming.load.max(row.leaving.load);
    rows.sort_by(|a, b| most(b).total_cmp(&most(a)));
    rows
}
