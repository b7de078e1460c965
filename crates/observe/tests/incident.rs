//! How many incidents are found, and how often there is an alarm without one, in our simulator: a
//! grid with signals, a detector in the middle of each link, an interval of one signal cycle. An
//! incident is half an hour in which everybody crawls past on a link, or in which vehicles stand in
//! some of its lanes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests stop at what they did not expect, and print figures for docs/benchmarks.md"
)]

#[path = "support/incidents.rs"]
mod incidents;

use std::sync::Arc;

use observe::incident::{DeviateSettings, Deviates, Reading, Score, Silence, State, Usual};
use roads::generate::{GridDemandSpec, GridSpec, GridStart, grid, grid_demand};
use roads::{LaneId, LinkId, Network};
use sim::{VehicleId, World};

use incidents::{scored, told, world};

/// One cycle of the grid's plan: eight phases of 30 s and 5 s of yellow.
const CYCLE: usize = 245;
const CYCLES: usize = 12;
/// The incident: from this cycle on, for half an hour.
const BEGINS: usize = 4;
const ENDS: usize = 11;
/// A loop of this length, metres.
const LOOP: f64 = 4.0;
/// It lies at this share of the lane.
const AT: f64 = 0.6;
/// A vehicle that has broken down stands a little further.
const STANDS: f64 = 0.7;

/// What happens on a link.
#[derive(Clone, Copy, Debug)]
enum Incident {
    /// It is passed at this speed, m/s.
    Crawl(f64),
    /// In so many of its three lanes, from the outermost, a vehicle has broken down.
    Standing(usize),
}

/// Holds a vehicle that has come to its place in each of the lanes.
fn hold(world: &mut World, network: &Network, link: LinkId, held: &mut [Option<VehicleId>]) {
    let lanes = network.links[link.index()].lanes.range();
    for (lane, held) in lanes.rev().map(LaneId::from).zip(held) {
        let place = network.lanes[lane.index()].length * STANDS;
        let here = |vehicle: &sim::VehicleView| {
            let on = matches!(vehicle.place, sim::Place::Lane(on) if on == lane);
            on && !vehicle.shadow && vehicle.distance >= place
        };
        if held.is_none() {
            *held = world.vehicles().find(here).map(|vehicle| vehicle.id);
        }
        // One that is taken away makes room for the next to stand.
        if held.is_some_and(|id| world.set_vehicle_speed(id, 0.0).is_err()) {
            *held = None;
        }
    }
}

/// One day's readings, by cycle: those of all links, then those of all lanes; with an incident on a
/// link or none.
fn day(
    network: &Arc<Network>,
    vehicles: usize,
    seed: u64,
    incident: Option<(LinkId, Incident)>,
) -> Vec<Vec<Reading>> {
    let spec = GridDemandSpec {
        vehicles,
        horizon: (CYCLE * CYCLES) as f64,
        start: GridStart::Boundary,
        seed,
        ..GridDemandSpec::default()
    };
    let mut world = world(network, grid_demand(network, &spec).unwrap(), seed);
    let mut readings = Vec::new();
    let mut held = [None; 3];
    for cycle in 0..CYCLES {
        let active = (BEGINS..ENDS).contains(&cycle);
        if let Some((link, Incident::Crawl(speed))) = incident {
            let limit = active.then_some(speed);
            world.set_speed_limit(link, limit).unwrap();
        }
        let links = network.links.len();
        let mut sums = vec![(0.0, 0.0); links + network.lanes.len()];
        for _ in 0..CYCLE {
            if let Some((link, Incident::Standing(lanes))) = incident
                && active
            {
                hold(&mut world, network, link, &mut held[..lanes]);
            }
            world.step();
            for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
                let sim::Place::Lane(place) = vehicle.place else {
                    continue;
                };
                let lane = &network.lanes[place.index()];
                let from_loop = vehicle.distance - lane.length * AT;
                if (0.0..vehicle.length + LOOP).contains(&from_loop) {
                    for at in [lane.link.index(), links + place.index()] {
                        sums[at].0 += 1.0;
                        sums[at].1 += vehicle.speed;
                    }
                }
            }
        }
        let each = sums.iter().enumerate().map(|(at, &(covered, speeds))| {
            let lanes = network.links.get(at).map_or(1, |link| link.lanes.len());
            Reading {
                occupancy: covered / (CYCLE * lanes) as f64,
                speed: (covered > 0.0).then(|| speeds / covered),
            }
        });
        readings.push(each.collect());
    }
    readings
}

/// What is usual by cycle and link, from days without an incident.
fn usual(network: &Arc<Network>, vehicles: usize) -> Vec<Vec<Usual>> {
    let detectors = network.links.len() + network.lanes.len();
    let mut usual = vec![vec![Usual::default(); detectors]; CYCLES];
    for seed in 0..6 {
        for (usual, readings) in usual.iter_mut().zip(day(network, vehicles, seed, None)) {
            for (usual, reading) in usual.iter_mut().zip(&readings) {
                usual.learn(reading);
            }
        }
    }
    usual
}

/// Takes a day's readings, by deviates and those of lanes by silence as well; cycles from begin to
/// alarm, and alarms of all links.
fn judged(
    network: &Network,
    usual: &[Vec<Usual>],
    readings: &[Vec<Reading>],
    incident: Option<LinkId>,
) -> (Option<usize>, usize) {
    let links = network.links.len();
    let all = links + network.lanes.len();
    let mut deviates = vec![Deviates::new(DeviateSettings::default()); all];
    let mut silences = vec![Silence::new(1e-3).unwrap(); network.lanes.len()];
    let (mut found, mut alarms) = (None, 0);
    for (cycle, readings) in readings.iter().enumerate() {
        for (index, reading) in readings.iter().enumerate() {
            let usual = &usual[cycle][index];
            let mut alarm = deviates[index].take(reading, usual) == State::Confirmed;
            let mut here = LinkId::from(index);
            if let Some(lane) = index.checked_sub(links) {
                here = network.lanes[lane].link;
                alarm |= silences[lane].take(reading, usual) == State::Confirmed;
            }
            // It fills its own link, then those that lead to it.
            let beside = incident.is_some_and(|link| {
                here == link || network.links[here.index()].to == network.links[link.index()].from
            });
            if alarm {
                alarms += 1;
                if beside && (BEGINS..ENDS).contains(&cycle) {
                    found.get_or_insert(cycle + 1 - BEGINS);
                }
            }
        }
    }
    (found, alarms)
}

/// Finds, prints and judges at a demand of so many vehicles.
fn measured(network: &Arc<Network>, inner: &[LinkId], vehicles: usize) {
    let usual = usual(network, vehicles);
    let mut quiet = Score::default();
    for seed in 100..106 {
        let readings = day(network, vehicles, seed, None);
        quiet.quiet += readings.iter().map(Vec::len).sum::<usize>();
        quiet.false_alarms += judged(network, &usual, &readings, None).1;
    }
    println!(
        "{} alarms in {} decisions without an incident",
        quiet.false_alarms, quiet.quiet
    );
    assert!(
        quiet.quiet > 3000 && quiet.false_alarm_rate() <= 0.002,
        "{quiet:?}"
    );
    let kinds = [
        Incident::Crawl(2.0),
        Incident::Crawl(4.0),
        Incident::Standing(1),
        Incident::Standing(2),
        Incident::Standing(3),
    ];
    for kind in kinds {
        let delay = |number: u64| {
            let link = inner[number as usize * 3 % inner.len()];
            let readings = day(network, vehicles, 200 + number, Some((link, kind)));
            let cycles = judged(network, &usual, &readings, Some(link)).0;
            cycles.map(|cycles| (cycles * CYCLE) as f64)
        };
        let score = scored(&(0..12).map(delay).collect::<Vec<_>>());
        println!("{vehicles} vehicles, {kind:?}: {}", told(&score));
        if matches!(kind, Incident::Crawl(2.0) | Incident::Standing(2 | 3)) {
            assert!(score.detection_rate() >= 0.9, "{kind:?} {score:?}");
        }
    }
}

#[test]
fn most_incidents_are_found_and_alarms_without_one_are_rare() {
    let spec = GridSpec {
        columns: 3,
        rows: 3,
        spacing_x: 400.0,
        spacing_y: 400.0,
        ..GridSpec::default()
    };
    let network = Arc::new(grid(&spec).unwrap());
    let inner: Vec<LinkId> = (0..network.links.len())
        .map(LinkId::from)
        .filter(|link| {
            let link = &network.links[link.index()];
            let edge = |j: roads::JunctionId| network.junctions[j.index()].boundary;
            !edge(link.from) && !edge(link.to)
        })
        .collect();
    for vehicles in [2000, 4000] {
        measured(&network, &inner, vehicles);
    }
}
