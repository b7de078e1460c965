//! How many incidents are found, and how often there is an alarm without one, in our simulator: a
//! grid with signals, a detector in the middle of each link, an interval of one signal cycle. An
//! incident is half an hour in which everybody crawls past on a link, or in which some of its lanes
//! are shut.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests stop at what they did not expect, and print figures for docs/benchmarks.md"
)]

use std::sync::Arc;

use observe::incident::{DeviateSettings, Deviates, Reading, Score, State, Usual};
use roads::generate::{GridDemandSpec, GridSpec, GridStart, grid, grid_demand};
use roads::{LaneId, LinkId, Network};
use sim::{Config, Rules, World};

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

/// What happens on a link.
#[derive(Clone, Copy, Debug)]
enum Incident {
    /// It is passed at this speed, m/s.
    Crawl(f64),
    /// So many of its three lanes are shut, from the outermost.
    Shut(usize),
}

impl Incident {
    fn begin_or_end(self, world: &mut World, network: &Network, link: LinkId, begins: bool) {
        match self {
            Self::Crawl(speed) => {
                let limit = begins.then_some(speed);
                world.set_speed_limit(link, limit).unwrap();
            }
            Self::Shut(count) => {
                let lanes = network.links[link.index()].lanes.range();
                for lane in lanes.rev().take(count).map(LaneId::from) {
                    if begins {
                        world.close_lane(lane).unwrap();
                    } else {
                        world.open_lane(lane).unwrap();
                    }
                }
            }
        }
    }
}

/// One day's readings, by cycle and link, with an incident on a link or none.
fn day(
    network: &Arc<Network>,
    seed: u64,
    incident: Option<(LinkId, Incident)>,
) -> Vec<Vec<Reading>> {
    let spec = GridDemandSpec {
        vehicles: 2000,
        horizon: (CYCLE * CYCLES) as f64,
        start: GridStart::Boundary,
        seed,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(network, &spec).unwrap());
    let config = Config {
        rules: Rules::Street,
        seed: seed as u32,
        ..Config::default()
    };
    let mut world = World::new(Arc::clone(network), demand, config).unwrap();
    let mut readings = Vec::new();
    for cycle in 0..CYCLES {
        if let Some((link, kind)) = incident
            && (cycle == BEGINS || cycle == ENDS)
        {
            kind.begin_or_end(&mut world, network, link, cycle == BEGINS);
        }
        let mut sums = vec![(0.0, 0.0, 0.0); network.links.len()];
        for _ in 0..CYCLE {
            world.step();
            for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
                let sim::Place::Lane(lane) = vehicle.place else {
                    continue;
                };
                let lane = &network.lanes[lane.index()];
                let from_loop = vehicle.distance - lane.length * AT;
                if (0.0..vehicle.length + LOOP).contains(&from_loop) {
                    let sum = &mut sums[lane.link.index()];
                    sum.0 += 1.0;
                    sum.1 += vehicle.speed;
                    sum.2 += 1.0;
                }
            }
        }
        readings.push(
            sums.iter()
                .zip(&network.links)
                .map(|(&(covered, speeds, n), link)| Reading {
                    occupancy: covered / (CYCLE * link.lanes.len()) as f64,
                    speed: (n > 0.0).then(|| speeds / n),
                })
                .collect(),
        );
    }
    readings
}

/// What is usual by cycle and link, from days without an incident.
fn usual(network: &Arc<Network>) -> Vec<Vec<Usual>> {
    let mut usual = vec![vec![Usual::default(); network.links.len()]; CYCLES];
    for seed in 0..6 {
        for (usual, readings) in usual.iter_mut().zip(day(network, seed, None)) {
            for (usual, reading) in usual.iter_mut().zip(&readings) {
                usual.learn(reading);
            }
        }
    }
    usual
}

/// Takes a day's readings; cycles from begin to alarm, and alarms of all links.
fn judged(
    network: &Network,
    usual: &[Vec<Usual>],
    readings: &[Vec<Reading>],
    incident: Option<LinkId>,
) -> (Option<usize>, usize) {
    let mut detectors = vec![Deviates::new(DeviateSettings::default()); network.links.len()];
    let (mut found, mut alarms) = (None, 0);
    for (cycle, readings) in readings.iter().enumerate() {
        for (index, reading) in readings.iter().enumerate() {
            let state = detectors[index].take(reading, &usual[cycle][index]);
            let here = LinkId::from(index);
            // It fills its own link, then those that lead to it.
            let beside = incident.is_some_and(|link| {
                here == link || network.links[index].to == network.links[link.index()].from
            });
            if state == State::Confirmed {
                alarms += 1;
                if beside && (BEGINS..ENDS).contains(&cycle) {
                    found.get_or_insert(cycle + 1 - BEGINS);
                }
            }
        }
    }
    (found, alarms)
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
    let usual = usual(&network);
    let inner: Vec<LinkId> = (0..network.links.len())
        .map(LinkId::from)
        .filter(|link| {
            let link = &network.links[link.index()];
            let edge = |j: roads::JunctionId| network.junctions[j.index()].boundary;
            !edge(link.from) && !edge(link.to)
        })
        .collect();
    let mut quiet = Score::default();
    for seed in 100..106 {
        let readings = day(&network, seed, None);
        quiet.quiet += readings.iter().map(Vec::len).sum::<usize>();
        quiet.false_alarms += judged(&network, &usual, &readings, None).1;
    }
    println!(
        "{} alarms in {} decisions without an incident",
        quiet.false_alarms, quiet.quiet
    );
    assert!(
        quiet.quiet > 3000 && quiet.false_alarm_rate() <= 0.02,
        "{quiet:?}"
    );
    let kinds = [
        Incident::Crawl(2.0),
        Incident::Crawl(4.0),
        Incident::Shut(1),
        Incident::Shut(2),
        Incident::Shut(3),
    ];
    for kind in kinds {
        let mut score = Score::default();
        for number in 0..12_u64 {
            let link = inner[number as usize * 3 % inner.len()];
            let readings = day(&network, 200 + number, Some((link, kind)));
            score.incidents += 1;
            if let Some(cycles) = judged(&network, &usual, &readings, Some(link)).0 {
                score.detected += 1;
                score.mean_delay_s += (cycles * CYCLE) as f64;
            }
        }
        score.mean_delay_s /= score.detected.max(1) as f64;
        println!(
            "{kind:?}: {} of {} found, {:.0} s after it began",
            score.detected, score.incidents, score.mean_delay_s
        );
        if let Incident::Crawl(speed) = kind {
            assert!(speed > 2.0 || score.detection_rate() >= 0.9, "{score:?}");
        }
    }
}
