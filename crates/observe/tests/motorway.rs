//! How many incidents the California algorithms find on a motorway of our simulator, how often
//! there is an alarm without one, and how long it takes: three lanes without signals, a station of
//! loops on each half kilometre, intervals of 30 s. Lanes of a link are shut, or everybody crawls
//! past, for half an hour.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

#[path = "support/incidents.rs"]
mod incidents;

use std::sync::Arc;

use observe::incident::{
    California, CaliforniaThresholds, CaliforniaWaves, Score, State, WaveThresholds,
};
use roads::builder::{Builder, LaneSpec, LinkSpec, MovementSpec, TurnSpec};
use roads::generate::Random;
use roads::model::{Direction, JunctionControl, RoadClass};
use roads::{Demand, Flow, LaneId, LinkId, Network, Point, VehicleType};

use incidents::{scored, told, world};

const LINKS: usize = 10;
const LINK_M: f64 = 500.0;
const GAP_M: f64 = 2.0;
const LANES: usize = 3;
const SPEED: f64 = 25.0;
const INTERVAL: usize = 30;
const INTERVALS: usize = 120;
/// The incident: on this link, from this interval on, for half an hour.
const WHERE: usize = 6;
const BEGINS: usize = 40;
const ENDS: usize = 100;
/// Vehicles an hour on all lanes.
const FLOW: f64 = 4200.0;
/// A loop of this length at this share of the lane.
const LOOP: f64 = 2.0;
const AT: f64 = 0.6;

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Incident {
    Nothing,
    /// The road's end is slow, as every day, and a queue grows from there: no incident.
    Bottleneck,
    /// So many lanes are shut, from the outermost.
    Shut(usize),
    /// All lanes are passed at this speed, m/s.
    Crawl(f64),
}

fn motorway() -> Network {
    let mut builder = Builder::new("motorway");
    let at = |x: f64, lane: usize| Point::new(x, -3.5 * lane as f64);
    let ends: Vec<_> = (0..=LINKS)
        .map(|number| {
            let edge = number == 0 || number == LINKS;
            let point = Point::new(number as f64 * (LINK_M + GAP_M), 0.0);
            let name = format!("j{number}");
            builder.junction(name, point, GAP_M, edge, JunctionControl::ByPriority)
        })
        .collect();
    let links: Vec<LinkId> = (0..LINKS)
        .map(|number| {
            let from = number as f64 * (LINK_M + GAP_M) + GAP_M / 2.0;
            let line = |lane| vec![at(from, lane), at(from + LINK_M, lane)];
            let lane = |lane| LaneSpec {
                width: 3.5,
                speed_limit: SPEED,
                shape: line(lane),
                length: None,
            };
            let link = LinkSpec {
                id: format!("m{number}"),
                name: None,
                from: ends[number],
                to: ends[number + 1],
                shape: line(0),
                lanes: (0..LANES).map(lane).collect(),
                class: RoadClass::Motorway,
                elevated: false,
            };
            builder.link(link).unwrap()
        })
        .collect();
    for number in 1..LINKS {
        let x = number as f64 * (LINK_M + GAP_M);
        let straight = |lane: usize| MovementSpec {
            from_lane: lane as u32,
            to_lane: lane as u32,
            shape: vec![at(x - GAP_M / 2.0, lane), at(x + GAP_M / 2.0, lane)],
            length: None,
            speed_limit: Some(SPEED),
        };
        builder.turn(TurnSpec {
            junction: ends[number],
            from: links[number - 1],
            to: links[number],
            direction: Direction::Straight,
            movements: (0..LANES).map(straight).collect(),
        });
    }
    builder.finish().unwrap()
}

/// Vehicles that come at random.
fn demand(network: &Network, seed: u64) -> Demand {
    let mut random = Random::new(seed, 3);
    let mut time = 0.0;
    let mut flows = Vec::new();
    while time < (INTERVAL * INTERVALS) as f64 {
        time -= (1.0 - random.unit()).ln() * 3600.0 / FLOW;
        flows.push(Flow {
            id: None,
            vehicle_type: 0,
            route: 0,
            interval: 1.0,
            start: time.floor(),
            end: Some(time.floor()),
        });
    }
    Demand {
        types: vec![VehicleType::default()],
        routes: vec![(0..network.links.len()).map(LinkId::from).collect()],
        flows,
    }
}

/// One hour's occupancies, by interval and station.
fn hour(network: &Arc<Network>, seed: u64, incident: Incident) -> Vec<Vec<f64>> {
    let mut world = world(network, demand(network, seed), seed);
    let link = LinkId::from(WHERE);
    let lanes = network.links[WHERE].lanes.range();
    let outer: Vec<LaneId> = lanes.rev().map(LaneId::from).collect();
    let mut all = Vec::new();
    for interval in 0..INTERVALS {
        let begins = interval == BEGINS;
        if begins || interval == ENDS {
            match incident {
                Incident::Nothing => {}
                Incident::Bottleneck => {
                    let (last, limit) = (LinkId::from(LINKS - 1), begins.then_some(6.0));
                    world.set_speed_limit(last, limit).unwrap();
                }
                Incident::Shut(count) => {
                    for &lane in &outer[..count] {
                        if begins {
                            world.close_lane(lane).unwrap();
                        } else {
                            world.open_lane(lane).unwrap();
                        }
                    }
                }
                Incident::Crawl(speed) => {
                    let limit = begins.then_some(speed);
                    world.set_speed_limit(link, limit).unwrap();
                }
            }
        }
        let mut covered = [0.0; LINKS];
        for _ in 0..INTERVAL {
            world.step();
            for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
                let sim::Place::Lane(lane) = vehicle.place else {
                    continue;
                };
                let from_loop = vehicle.distance - LINK_M * AT;
                // Where it was within the second counts as well.
                let long = vehicle.length + LOOP;
                let over = (from_loop.min(long) - (from_loop - vehicle.speed).max(0.0)).max(0.0);
                let share = if vehicle.speed > 0.1 {
                    over / vehicle.speed
                } else {
                    f64::from(u8::from((0.0..long).contains(&from_loop)))
                };
                covered[network.lanes[lane.index()].link.index()] += share.min(1.0);
            }
        }
        let full = (INTERVAL * LANES) as f64;
        all.push(covered.iter().map(|covered| covered / full).collect());
    }
    all
}

/// Runs both algorithms over an hour: the first alarm near the incident since it began, in
/// intervals, and decisions and alarms of all sections while there was none, which is `quiet_all`
/// the time.
fn judged(hour: &[Vec<f64>], eight: bool, quiet_all: bool) -> (Option<usize>, usize, usize) {
    let thresholds = CaliforniaThresholds::default();
    let mut sevens = vec![California::new(thresholds).unwrap(); LINKS - 1];
    let wave = CaliforniaWaves::new(thresholds, WaveThresholds::default()).unwrap();
    let mut eights = vec![wave; LINKS - 1];
    let (mut found, mut quiet, mut alarms) = (None, 0, 0);
    // The road is empty at first.
    for (interval, stations) in hour.iter().enumerate().skip(10) {
        for section in 0..LINKS - 1 {
            let (up, down) = (stations[section], stations[section + 1]);
            let state = if eight {
                eights[section].take(up, down)
            } else {
                sevens[section].take(up, down)
            };
            let alarm = state == State::Confirmed;
            let near = (WHERE - 2..=WHERE).contains(&section);
            if quiet_all || interval < BEGINS {
                quiet += 1;
                alarms += usize::from(alarm);
            } else if interval < ENDS && near && alarm && found.is_none() {
                found = Some(interval + 1 - BEGINS);
            }
        }
    }
    (found, quiet, alarms)
}

#[test]
fn what_shuts_lanes_is_found_within_minutes_and_neither_free_traffic_nor_a_queue_gives_an_alarm() {
    let network = Arc::new(motorway());
    let kinds = [
        Incident::Nothing,
        Incident::Bottleneck,
        Incident::Shut(1),
        Incident::Shut(2),
        Incident::Shut(3),
        Incident::Crawl(8.0),
        Incident::Crawl(3.0),
    ];
    for kind in kinds {
        let quiet_all = matches!(kind, Incident::Nothing | Incident::Bottleneck);
        let hours: Vec<_> = (0..6).map(|seed| hour(&network, seed, kind)).collect();
        for (name, eight) in [("7", false), ("8", true)] {
            let (mut delays, mut quiet, mut false_alarms) = (Vec::new(), 0, 0);
            for hour in &hours {
                let (found, decisions, alarms) = judged(hour, eight, quiet_all);
                quiet += decisions;
                false_alarms += alarms;
                if !quiet_all {
                    delays.push(found.map(|intervals| (intervals * INTERVAL) as f64));
                }
            }
            let score = Score {
                quiet,
                false_alarms,
                ..scored(&delays)
            };
            println!(
                "{kind:?}, algorithm {name}: {}; {false_alarms} alarms in {quiet} decisions without one",
                told(&score)
            );
            assert!(score.false_alarm_rate() <= 0.01, "{kind:?} {score:?}");
            if score.incidents > 0 {
                assert!(score.detection_rate() >= 0.8, "{kind:?} {score:?}");
                assert!(score.mean_delay_s < 600.0, "{kind:?} {score:?}");
            }
        }
    }
}
