//! Tests of detection over a network's detectors.

use std::path::Path;

use roads::generate::{GridSpec, grid};
use roads::{LinkId, Network};

use super::*;
use crate::facts::Roads;

fn network() -> Network {
    grid(&GridSpec::default()).unwrap()
}

const USUAL: Reading = Reading {
    occupancy: 0.1,
    speed: Some(9.0),
};
const FULL: Reading = Reading {
    occupancy: 0.6,
    speed: Some(1.5),
};
const NOBODY: Reading = Reading {
    occupancy: 0.0,
    speed: None,
};

/// Intervals with these readings at one station; incidents open after each.
fn run(detection: &mut Detection, station: Station, readings: &[Reading]) -> Vec<usize> {
    let interval = detection.settings().interval_s;
    let take = |(number, reading): (usize, &Reading)| {
        let begin = 25_200.0 + number as f64 * interval;
        detection.take(begin, &[(station, *reading)]);
        detection.open().count()
    };
    readings.iter().enumerate().map(take).collect()
}

#[test]
fn an_incident_opens_with_its_evidence_and_closes_when_all_is_usual_again() {
    let network = network();
    let mut detection = Detection::new(&network, Settings::default()).unwrap();
    let station = Station::lane(LinkId(3), 1);
    let mut readings = vec![USUAL; 20];
    readings.extend([FULL; 4]);
    readings.extend([USUAL; 3]);
    let open = run(&mut detection, station, &readings);
    // Full at the 21st interval, certain at the 22nd; over with the second usual one.
    assert_eq!(open[19..], [0, 0, 1, 1, 1, 1, 0, 0], "{open:?}");
    assert_eq!(detection.time(), Some(25_200.0 + 27.0 * INTERVAL_S));
    let incident = detection.over().next().unwrap();
    assert_eq!(
        (incident.link, incident.method),
        (LinkId(3), Method::Deviates)
    );
    let at = |intervals: f64| 25_200.0 + intervals * INTERVAL_S;
    assert!((incident.since - at(20.0)).abs() < 1e-9 && (incident.found - at(22.0)).abs() < 1e-9);
    assert!(
        (incident.until.unwrap() - at(24.0)).abs() < 1e-9,
        "{incident:?}"
    );
    let evidence = &incident.evidence;
    assert_eq!(
        (evidence.against, &evidence.lanes[..]),
        (Comparison::Recent, &[1][..])
    );
    assert!((evidence.usual_occupancy - 0.1).abs() < 1e-9 && evidence.speed == Some(1.5));
}

#[test]
fn a_lane_that_nobody_passes_any_more_is_an_incident_and_a_quiet_one_is_not() {
    let network = network();
    let mut detection = Detection::new(&network, Settings::default()).unwrap();
    let mut readings = vec![USUAL; 20];
    readings.extend([NOBODY; 12]);
    let open = run(&mut detection, Station::lane(LinkId(3), 0), &readings);
    assert_eq!(
        open.iter().position(|&open| open == 1),
        Some(21),
        "{open:?}"
    );
    assert_eq!(open.last(), Some(&1), "it stays while nobody passes");
    let mut quiet = Detection::new(&network, Settings::default()).unwrap();
    let now_and_then: Vec<Reading> = (0..60)
        .map(|number| if number % 4 == 0 { USUAL } else { NOBODY })
        .collect();
    let open = run(&mut quiet, Station::lane(LinkId(3), 0), &now_and_then);
    assert!(open.iter().all(|&open| open == 0), "{open:?}");
}

#[test]
fn earlier_days_say_what_is_usual_at_this_time_of_day() {
    let network = network();
    let mut detection = Detection::new(&network, Settings::default()).unwrap();
    let station = Station::link(LinkId(5));
    let peak = |number: usize| if number == 10 { FULL } else { USUAL };
    for day in 0..4 {
        for number in 0..20 {
            let begin = f64::from(day) * 86_400.0 + number as f64 * INTERVAL_S;
            let judged = detection.take(begin, &[(station, peak(number))]);
            assert!(judged.alarms.is_empty(), "day {day}, {number}");
        }
    }
    // The peak is no news; the same an hour later is.
    let begin = 4.0 * 86_400.0 + 10.0 * INTERVAL_S;
    detection.take(begin, &[(station, FULL)]);
    detection.take(begin + INTERVAL_S, &[(station, FULL)]);
    assert_eq!(detection.open().count(), 0);
    let judged = detection.take(begin + 2.0 * INTERVAL_S, &[(station, FULL)]);
    assert_eq!(judged.alarms[0].evidence.against, Comparison::Days);
}

#[test]
fn what_is_out_of_range_is_refused() {
    let network = network();
    let wrong = [
        Settings {
            interval_s: 0.0,
            ..Settings::default()
        },
        Settings {
            recent: 2,
            ..Settings::default()
        },
        Settings {
            silence: 1.0,
            ..Settings::default()
        },
        Settings {
            deviates: DeviateSettings {
                persistence: 0,
                ..DeviateSettings::default()
            },
            ..Settings::default()
        },
    ];
    for settings in wrong {
        assert!(
            Detection::new(&network, settings.clone()).is_err(),
            "{settings:?}"
        );
    }
}

#[test]
fn a_score_counts_what_is_found_what_is_false_and_what_is_elsewhere() {
    let network = network();
    let link = network.link_named("road_1_1_0").unwrap();
    let before = network.junctions[network.links[link.index()].from.index()].incoming[0];
    let far = network.link_named("road_3_3_2").unwrap();
    let known = |from, until| Known { link, from, until };
    let mut scorer = Scorer::new(
        &network,
        &[known(1000.0, 2000.0), known(9000.0, 9900.0)],
        300.0,
    );
    let judged = |links: &[LinkId]| Judged {
        decisions: 10,
        alarms: links
            .iter()
            .map(|&link| Alarm {
                station: Station::link(link),
                method: Method::Deviates,
                since: 0.0,
                evidence: Evidence {
                    lanes: Vec::new(),
                    occupancy: 0.5,
                    speed: None,
                    against: Comparison::Recent,
                    usual_occupancy: 0.1,
                    usual_speed: None,
                },
            })
            .collect(),
    };
    scorer.take(100.0, 200.0, &judged(&[link]));
    scorer.take(1100.0, 1200.0, &judged(&[far]));
    scorer.take(1200.0, 1300.0, &judged(&[before, link]));
    scorer.take(2200.0, 2300.0, &judged(&[link]));
    scorer.take(3000.0, 3100.0, &judged(&[]));
    let score = scorer.score();
    assert_eq!((score.incidents, score.detected), (2, 1));
    assert_eq!(
        (score.quiet, score.false_alarms, score.elsewhere),
        (20, 1, 1)
    );
    assert!((score.mean_delay_s - 300.0).abs() < 1e-9);
}

#[test]
fn counts_and_probes_become_the_same_readings() {
    let network = network();
    let roads = Roads::of(&network);
    let length = roads.links[roads.named("road_1_1_0").unwrap().index()].length_m;
    let path = Path::new("c.csv");
    let readings = |intervals: &Intervals| {
        let mut all = Vec::new();
        let mut take = |begin: f64, seen: &[(Station, Reading)]| {
            all.extend(
                seen.iter()
                    .map(|&(station, reading)| (begin, station, reading)),
            );
            Ok(())
        };
        intervals.each(&roads, &mut take).unwrap();
        all
    };
    // 30 vehicles at 10 m/s in 120 s on three lanes.
    let mut counted = Intervals::new(120.0, 1.0).unwrap();
    let text = "link,at,vehicles,speed\nroad_1_1_0,30,10,10\nroad_1_1_0,90,20,10\n";
    counted.read_counts(text.as_bytes(), path, &roads).unwrap();
    let by_counts = readings(&counted);
    let expected = 30.0 * VEHICLE_M / 10.0 / (120.0 * 3.0);
    assert_eq!(by_counts.len(), 1);
    assert!(
        (by_counts[0].2.occupancy - expected).abs() < 1e-9,
        "{by_counts:?}"
    );
    assert!((by_counts[0].2.speed.unwrap() - 10.0).abs() < 1e-9);
    // 30 probes at 10 m/s over the whole link within the interval, then nobody, then one.
    let mut text = "vehicle,link,entered,left\n".to_owned();
    for vehicle in 0..30 {
        text += &format!("{vehicle},road_1_1_0,1,{}\n", 1.0 + length / 10.0);
    }
    text += "99,road_1_1_0,300,330\n";
    let mut probed = Intervals::new(120.0, 1.0).unwrap();
    probed
        .read_traversals(text.as_bytes(), path, &roads)
        .unwrap();
    let by_probes = readings(&probed);
    assert_eq!(by_probes.len(), 3, "{by_probes:?}");
    assert!(
        (by_probes[0].2.occupancy - expected).abs() < 1e-9,
        "{by_probes:?}"
    );
    assert_eq!(
        (by_probes[1].2.occupancy, by_probes[1].2.speed),
        (0.0, None)
    );
    // Occupancy of lanes makes that of the link.
    let mut lanes = Intervals::new(120.0, 1.0).unwrap();
    let text = "link,at,vehicles,lane,occupancy\nroad_1_1_0,60,4,0,0.2\nroad_1_1_0,60,0,1,0\n";
    lanes.read_counts(text.as_bytes(), path, &roads).unwrap();
    let by_lanes = readings(&lanes);
    assert_eq!(by_lanes.len(), 3);
    assert!((by_lanes[0].2.occupancy - 0.1).abs() < 1e-9, "{by_lanes:?}");
    let text = "link,at,vehicles\nroad_1_1_0,60,4\n";
    let refused = lanes
        .read_counts(text.as_bytes(), path, &roads)
        .unwrap_err();
    assert!(
        refused.to_string().starts_with("c.csv:2: speed is missing"),
        "{refused}"
    );
}

#[test]
fn a_deviate_needs_both_a_full_and_a_slow_detector_twice() {
    let mut usual = Usual::default();
    for i in 0..10 {
        usual.learn(&Reading {
            occupancy: 0.10 + 0.01 * f64::from(i % 3),
            speed: Some(9.0 + 0.2 * f64::from(i % 2)),
        });
    }
    let reading = |occupancy, speed| Reading { occupancy, speed };
    let mut detector = Deviates::new(DeviateSettings::default());
    assert_eq!(detector.take(&reading(0.5, Some(9.0)), &usual), State::Free);
    assert_eq!(detector.take(&reading(0.1, Some(2.0)), &usual), State::Free);
    assert_eq!(
        detector.take(&reading(0.5, Some(2.0)), &usual),
        State::Tentative
    );
    assert_eq!(detector.take(&reading(0.9, None), &usual), State::Confirmed);
    assert_eq!(detector.take(&reading(0.1, Some(9.0)), &usual), State::Free);
    let mut new = Deviates::new(DeviateSettings::default());
    assert_eq!(
        new.take(&reading(0.9, Some(0.5)), &Usual::default()),
        State::Free
    );
}

#[test]
fn one_lane_after_another_without_a_signal_is_a_section_for_california() {
    // Two roads in a row: a junction of two links, no signal.
    let mut network = network();
    for junction in &mut network.junctions {
        junction.signal = None;
    }
    network.turns.retain(|turn| turn.from == LinkId(0));
    let to = network.turns[0].to;
    network.turns.retain(|turn| turn.to == to);
    let settings = Settings {
        methods: vec![Method::California7],
        ..Settings::default()
    };
    let mut detection = Detection::new(&network, settings).unwrap();
    let reading = |occupancy| Reading {
        occupancy,
        speed: Some(5.0),
    };
    let mut take = |number: f64, up, down| {
        let seen = [
            (Station::lane(LinkId(0), 0), reading(up)),
            (Station::lane(to, 0), reading(down)),
        ];
        detection.take(number * INTERVAL_S, &seen).alarms
    };
    assert!(take(0.0, 0.12, 0.1).is_empty() && take(1.0, 0.5, 0.05).is_empty());
    let alarms = take(2.0, 0.5, 0.05);
    assert_eq!(alarms.len(), 1);
    assert_eq!(
        (alarms[0].station, alarms[0].since),
        (Station::link(LinkId(0)), INTERVAL_S)
    );
    assert_eq!(alarms[0].evidence.against, Comparison::Downstream);
    assert!((alarms[0].evidence.usual_occupancy - 0.05).abs() < 1e-9);
}

#[test]
fn files_of_years_with_nothing_in_between_and_parked_vehicles_are_taken_in_moments() {
    let network = network();
    let roads = Roads::of(&network);
    let mut intervals = Intervals::new(1.0, 1.0).unwrap();
    let text = "vehicle,link,entered,left\n\
                1,road_1_1_0,10,40\n\
                1,road_1_1_0,50,90000\n\
                1,road_1_1_0,3000000000,3000000030\n";
    let path = Path::new("t.csv");
    intervals
        .read_traversals(text.as_bytes(), path, &roads)
        .unwrap();
    assert_eq!(intervals.refused(), 1, "the one that parks");
    let mut count = 0;
    let mut take = |_: f64, _: &[(Station, Reading)]| {
        count += 1;
        Ok(())
    };
    intervals.each(&roads, &mut take).unwrap();
    assert_eq!(count, 62);
}
