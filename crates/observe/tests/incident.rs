//! How many incidents are found, and how often there is an alarm without one, in our simulator: a
//! grid with signals, a detector in the middle of each link, an interval of one signal cycle.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

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

/// One day's readings, by cycle and link; two of three lanes of `closed` are shut in between.
fn day(network: &Arc<Network>, seed: u64, closed: Option<LinkId>) -> Vec<Vec<Reading>> {
    let spec = GridDemandSpec {
        vehicles: 3600,
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
        if let Some(link) = closed {
            let lanes = network.links[link.index()].lanes.range();
            for lane in lanes.skip(1).map(LaneId::from) {
                if cycle == BEGINS {
                    world.close_lane(lane).unwrap();
                } else if cycle == ENDS {
                    world.open_lane(lane).unwrap();
                }
            }
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

#[test]
fn most_incidents_are_found_and_alarms_without_one_are_rare() {
    let network = Arc::new(grid(&GridSpec::default()).unwrap());
    let mut usual = vec![vec![Usual::default(); network.links.len()]; CYCLES];
    for seed in 0..8 {
        for (cycle, readings) in day(&network, seed, None).iter().enumerate() {
            for (link, reading) in readings.iter().enumerate() {
                usual[cycle][link].learn(reading);
            }
        }
    }
    let inner: Vec<LinkId> = (0..network.links.len())
        .map(LinkId::from)
        .filter(|link| {
            let link = &network.links[link.index()];
            let edge = |j: roads::JunctionId| network.junctions[j.index()].boundary;
            !edge(link.from) && !edge(link.to)
        })
        .collect();
    let mut score = Score::default();
    let mut delays = 0.0;
    for number in 0..12_u64 {
        let link = inner[number as usize * 3 % inner.len()];
        let closed = (number % 2 == 0).then_some(link);
        let readings = day(&network, 100 + number, closed);
        let mut detectors = vec![Deviates::new(DeviateSettings::default()); network.links.len()];
        let mut found = None;
        for (cycle, readings) in readings.iter().enumerate() {
            for (index, reading) in readings.iter().enumerate() {
                let state = detectors[index].take(reading, &usual[cycle][index]);
                let here = LinkId::from(index);
                // It fills its own link, then those that lead to it.
                let beside = closed.is_some_and(|link| {
                    here == link || network.links[index].to == network.links[link.index()].from
                });
                if closed.is_none() {
                    score.quiet += 1;
                    score.false_alarms += usize::from(state == State::Confirmed);
                } else if beside && state == State::Confirmed && cycle >= BEGINS {
                    found.get_or_insert(cycle);
                }
            }
        }
        score.incidents += usize::from(closed.is_some());
        if let (Some(cycle), true) = (found, closed.is_some()) {
            score.detected += 1;
            delays += ((cycle + 1 - BEGINS) * CYCLE) as f64;
        }
    }
    score.mean_delay_s = delays / score.detected.max(1) as f64;
    println!(
        "{score:?}: detection rate {:.2}, false alarm rate {:.4}",
        score.detection_rate(),
        score.false_alarm_rate()
    );
    assert!(score.incidents == 6 && score.quiet > 4000);
    assert!(score.detection_rate() >= 0.6, "{score:?}");
    assert!(score.false_alarm_rate() <= 0.02, "{score:?}");
}
