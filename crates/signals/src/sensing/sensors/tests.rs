//! The sensors have the faults that they are said to have.

use roads::generate::{GridSpec, grid};

use super::*;

fn network() -> Network {
    grid(&GridSpec {
        columns: 1,
        rows: 1,
        ..GridSpec::default()
    })
    .unwrap()
}

/// Lets vehicles drive over all held lanes, one after the other, and sums what was said of them.
fn drive(sensing: &str, vehicles: u64) -> (Sensors, Vec<u32>, Readings) {
    let network = network();
    let sensing: Sensing = sensing.parse().unwrap();
    let mut sensors = Sensors::new(&network, &sensing, 1, 1.0);
    let held = network.lanes_at_signals();
    let mut counts = vec![0; sensors.loops.len()];
    let mut readings = Readings::default();
    let mut last = Readings::default();
    for vehicle in 0..vehicles {
        for share in [0.0, 0.5, 0.999, 2.0] {
            let mut scene = Scene::default();
            scene.clear();
            for (index, lane) in network.lanes.iter().enumerate() {
                let here = SceneVehicle {
                    vehicle: vehicle * 1_000 + index as u64,
                    to_stop_line: lane.length * (1.0 - share),
                    speed: 0.0,
                    length: 5.0,
                };
                scene.lane((held[index] && share < 1.0).then_some(here));
            }
            sensors.sample(&scene, &mut readings);
            for (sum, reading) in counts.iter_mut().zip(&readings.loops) {
                *sum += reading.count;
            }
            if share < 1.0 {
                last.clone_from(&readings);
            }
        }
    }
    (sensors, counts, last)
}

#[test]
fn loops_without_faults_count_everybody_once() {
    let (sensors, counts, last) = drive("detectors:0,at:40/entry", 50);
    assert_eq!(sensors.loops.len(), 3 * 12);
    assert!(counts.iter().all(|&count| count == 50), "{counts:?}");
    // Everybody stands just before the stop line.
    for (it, reading) in sensors.loops.iter().zip(&last.loops) {
        assert!(
            it.at > 0.0 || (reading.occupancy - 1.0).abs() < 1e-9,
            "{it:?} {reading:?}"
        );
    }
}

#[test]
fn loops_miss_and_double_as_many_as_is_said_each_its_own_share() {
    let vehicles = 2_000;
    let (_, counts, _) = drive("detectors:0.1,noise:0.2", vehicles);
    let shares: Vec<f64> = counts
        .iter()
        .map(|&count| f64::from(count) / vehicles as f64)
        .collect();
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    assert!((mean - 0.9 * 1.2).abs() < 0.02, "{mean}");
    let spread = |share: &f64| (share - mean).abs() > 0.02;
    assert!(shares.iter().any(spread), "loops differ: {shares:?}");
}

#[test]
fn stuck_loops_say_nothing_or_all_the_time() {
    let (_, counts, last) = drive("detectors:0,stuck:1", 20);
    assert!(counts.iter().all(|&count| count == 0));
    let on = last.loops.iter().filter(|it| it.occupancy >= 1.0).count();
    let off = last.loops.iter().filter(|it| it.occupancy <= 0.0).count();
    assert!(on > 2 && off > 2 && on + off == counts.len(), "{on} {off}");
}

/// So many vehicles on the first held lane for some ticks; what each tick said.
fn stand(sensing: &str, vehicles: u64, ticks: usize) -> Vec<Readings> {
    let network = network();
    let sensing: Sensing = sensing.parse().unwrap();
    let mut sensors = Sensors::new(&network, &sensing, 4, 1.0);
    let held = network.lanes_at_signals();
    let first = held.iter().position(|&held| held).unwrap();
    let mut scene = Scene::default();
    scene.clear();
    for index in 0..network.lanes.len() {
        let here = (0..vehicles).filter(|_| index == first);
        scene.lane(here.map(|vehicle| SceneVehicle {
            vehicle,
            to_stop_line: 0.01 * vehicle as f64,
            speed: 0.0,
            length: 5.0,
        }));
    }
    let sample = |_| {
        let mut readings = Readings::default();
        sensors.sample(&scene, &mut readings);
        readings
    };
    (0..ticks).map(sample).collect()
}

#[test]
fn a_probe_stays_a_probe_and_their_share_is_as_said() {
    let said = stand("probes:0.1", 5_000, 3);
    let share = said[0].probes.len() as f64 / 5_000.0;
    assert!((share - 0.1).abs() < 0.015, "{share}");
    assert_eq!(said[0].probes, said[1].probes);
    let names: Vec<u32> = said[2].probes.iter().map(|report| report.probe).collect();
    assert!(
        names
            .iter()
            .enumerate()
            .all(|(at, &name)| at == name as usize)
    );
}

#[test]
fn probes_report_as_often_and_as_exactly_as_said() {
    let said = stand("probes:1,error:5,every:4", 4_000, 4);
    let all: Vec<&Report> = said.iter().flat_map(|readings| &readings.probes).collect();
    assert_eq!(all.len(), 4_000);
    // In the order in which they were first heard of.
    let off = |report: &&Report| report.to_stop_line - 0.01 * f64::from(report.probe);
    let far: Vec<f64> = all.iter().filter(|it| it.probe > 2_500).map(off).collect();
    let spread = far.iter().map(|off| off * off).sum::<f64>() / far.len() as f64;
    assert!((spread.sqrt() - 5.0).abs() < 0.4, "{}", spread.sqrt());
}

#[test]
fn cameras_see_the_share_within_their_range_with_the_noise_that_is_said() {
    let said = stand("cameras:0.9,noise:0.1,range:20", 5_000, 400);
    let counts: Vec<f64> = said
        .iter()
        .map(|readings| readings.cameras[0].count)
        .collect();
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    // Those within 20 m.
    assert!((mean / 2_001.0 - 0.9).abs() < 0.02, "{mean}");
    let spread = counts.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 400.0;
    assert!(
        (spread.sqrt() / mean - 0.1).abs() < 0.015,
        "{}",
        spread.sqrt() / mean
    );
}
