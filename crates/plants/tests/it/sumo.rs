//! SUMO as a plant: what is told is what is shown, what is seen is what is there.

use std::collections::BTreeMap;
use std::fs;

use plants::Error;
use plants::sumo::{Own, Scenario, Sensing, SumoPlant, run_alone};
use roads::{LaneId, SignalId};
use signals::sensing::{Scene, Sensed};
use signals::{Detail, Observation, Plant, SeenVehicle, SignalPhases};

use crate::support::{crossroads, driven, keeps_the_envelope, record_of_sumo, sumo};

#[test]
fn sumo_shows_what_it_is_told_and_its_record_keeps_the_envelope() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
    let mut driver = driven(plant, "advanced-max-pressure");
    let mut shown = Vec::new();
    for _ in 0..600 {
        driver.step().unwrap();
        assert!(driver.plant().shown(SignalId(0), &mut shown));
        let told: Vec<_> = driver.envelope().shown(SignalId(0)).collect();
        assert_eq!(shown, told, "at {}", driver.plant().time());
    }
    assert_eq!(driver.events(), []);
    while driver.plant().expected() > 0 {
        driver.step().unwrap();
    }
    let safety = driver.safety();
    let network = driver.plant().network().clone();
    let outcome = driver.into_plant().finish().unwrap();
    assert_eq!((safety.fallbacks, safety.reasons.stale), (0, 0));
    assert!(
        outcome.finished > 300 && outcome.unfinished == 0,
        "{outcome:?}"
    );
    assert!(outcome.mean_trip > outcome.mean_duration && outcome.mean_duration > 30.0);
    keeps_the_envelope(&network, &record_of_sumo(folder.path(), &scenario), 200.0);
}

#[test]
fn every_vehicle_is_seen_where_sumo_has_it() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut scenario = crossroads(folder.path());
    let positions = folder.path().join("positions.xml");
    let configuration = folder.path().join("scenario.sumocfg");
    let text = format!(
        r#"<configuration><net-file value="{}"/><route-files value="{}"/><fcd-output value="{}"/></configuration>"#,
        scenario.network.display(),
        scenario.routes[0].display(),
        positions.display()
    );
    fs::write(&configuration, text).unwrap();
    scenario.configuration = Some(configuration);
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
    let mut driver = driven(plant, "max-pressure");
    let lanes = scenario.import().unwrap().names.lanes;
    let mut seen_at: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut seen = Observation::default();
    for _ in 0..200 {
        driver.step().unwrap();
        let plant = driver.plant();
        plant.observe(Detail::Vehicles, &mut seen).unwrap();
        let here = seen_at.entry(plant.time() as i64 - 1).or_default();
        for (index, name) in lanes.iter().enumerate() {
            let lane = &plant.network().lanes[index];
            let vehicles = seen.vehicles_on(LaneId::from(index));
            assert_eq!(vehicles.len(), seen.count[index] as usize);
            let waiting = vehicles
                .iter()
                .filter(|vehicle| vehicle.speed < 0.1)
                .count();
            assert_eq!(waiting, seen.waiting[index] as usize);
            for vehicle in vehicles {
                let position = lane.length - vehicle.to_stop_line;
                here.push(format!("{name} {position:.1} {:.1}", vehicle.speed));
            }
        }
        here.sort();
    }
    driver.into_plant().finish().unwrap();
    let mut there_at: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let text = fs::read_to_string(&positions).unwrap();
    let mut time = 0;
    for line in text.lines() {
        let attribute = |name: &str| {
            let start = line.find(&format!(" {name}=\""))? + name.len() + 3;
            line[start..].split('"').next()
        };
        if line.contains("<timestep") {
            time = attribute("time").unwrap().parse::<f64>().unwrap() as i64;
        } else if let Some(lane) = attribute("lane").filter(|lane| !lane.starts_with(':')) {
            let number = |name| attribute(name).unwrap().parse::<f64>().unwrap();
            let (position, speed) = (number("pos"), number("speed"));
            there_at
                .entry(time)
                .or_default()
                .push(format!("{lane} {position:.1} {speed:.1}"));
        }
    }
    let mut vehicles = 0;
    for (time, here) in &seen_at {
        let mut there = there_at.remove(time).unwrap_or_default();
        there.sort();
        assert_eq!(close(here), close(&there), "at {time}");
        vehicles += here.len();
    }
    assert!(vehicles > 1_000, "{vehicles}");
}

/// The lanes of vehicles; positions and speeds are rounded in SUMO's file and are compared as a sum.
fn close(vehicles: &[String]) -> (Vec<&str>, i64) {
    let parts = |vehicle: &String| {
        let numbers = vehicle
            .split(' ')
            .skip(1)
            .map(|number| number.parse::<f64>().unwrap());
        numbers.sum::<f64>()
    };
    let lanes = vehicles
        .iter()
        .map(|vehicle| vehicle.split(' ').next().unwrap());
    let sum: f64 = vehicles.iter().map(parts).sum();
    (lanes.collect(), (sum / 10.0).round() as i64)
}

#[test]
fn detectors_see_no_more_than_is_there() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Detectors).unwrap();
    let mut driver = driven(plant, "max-pressure");
    let mut seen = Observation::default();
    let mut most = 0;
    for _ in 0..400 {
        driver.step().unwrap();
        let plant = driver.plant();
        plant.observe(Detail::Vehicles, &mut seen).unwrap();
        most = most.max(seen.count.iter().sum::<u32>());
        assert!(u64::from(seen.count.iter().sum::<u32>()) <= plant.expected());
        // Whom they count is placed within their zones.
        for (index, lane) in plant.network().lanes.iter().enumerate() {
            let lane_id = LaneId::from(index);
            let sight = seen.sight_on(lane_id, lane.length);
            assert!(
                sight <= 100.0 + 1e-6
                    && seen.vehicles_on(lane_id).len() == seen.count[index] as usize
            );
            let within =
                |vehicle: &SeenVehicle| (0.0..=sight + 1e-6).contains(&vehicle.to_stop_line);
            assert!(seen.vehicles_on(lane_id).iter().all(within), "{seen:?}");
        }
    }
    assert!(most > 10, "{most}");
    assert_eq!(driver.events(), [], "no detector is doubted");
    assert_eq!(driver.plant().sensing(), Sensing::Detectors);
}

#[test]
fn places_of_whom_detectors_count_are_near_where_they_are() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    // The same run, seen in two ways: a plan needs no eyes.
    let queues = [Sensing::Vehicles, Sensing::Detectors].map(|sensing| {
        let plant = SumoPlant::start(&scenario, &settings, sensing).unwrap();
        let mut driver = driven(plant, "fixed-time");
        let mut seen = Observation::default();
        let mut queues = Vec::new();
        for _ in 0..300 {
            driver.step().unwrap();
            driver.plant().observe(Detail::Vehicles, &mut seen).unwrap();
            for (index, lane) in driver.plant().network().lanes.iter().enumerate() {
                if lane.outgoing.is_empty() {
                    continue;
                }
                let vehicles = seen.vehicles_on(LaneId::from(index)).iter();
                let near = vehicles.filter(|vehicle| vehicle.to_stop_line <= 40.0);
                queues.push(near.count() as f64);
            }
        }
        driver.into_plant().finish().unwrap();
        queues
    });
    let [there, placed] = queues;
    let off = there.iter().zip(&placed).map(|(a, b)| (a - b).powi(2));
    let off = off.sum::<f64>() / there.len() as f64;
    let size = there.iter().map(|count| count * count).sum::<f64>() / there.len() as f64;
    assert!(size > 1.0, "{size}");
    assert!(off < 0.1 * size, "{off} of {size}");
}

#[test]
fn sensors_take_their_samples_of_who_is_where_in_sumo() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
    let sensing = "detectors:0.1+probes:0.1".parse().unwrap();
    let plant = Sensed::new(plant, &sensing, 1).unwrap();
    let mut driver = driven(plant, "brain");
    let (mut scene, mut lengths) = (Scene::default(), BTreeMap::new());
    while driver.plant().inner().expected() > 0 {
        driver.step().unwrap();
        assert!(driver.plant().scene(&mut scene).unwrap());
        // Nobody is in two places, and everybody stays who he is.
        let mut here: Vec<u64> = scene.vehicles.iter().map(|it| it.vehicle).collect();
        here.sort_unstable();
        assert!(here.windows(2).all(|two| two[0] != two[1]), "{here:?}");
        for vehicle in &scene.vehicles {
            let known = *lengths.entry(vehicle.vehicle).or_insert(vehicle.length);
            assert!(
                known > 3.0 && known.to_bits() == vehicle.length.to_bits(),
                "{vehicle:?}"
            );
        }
    }
    assert_eq!(driver.events(), [], "nothing that is believed is doubted");
    let errors = driver.plant().errors().unwrap();
    assert!(errors.count_rmse < 0.5 * errors.count_blind, "{errors:?}");
    let outcome = driver.into_plant().into_inner().finish().unwrap();
    assert_eq!(outcome.finished as usize, lengths.len());
    // By detectors alone they cannot be told apart.
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Detectors).unwrap();
    let error = Sensed::new(plant, &sensing, 1).unwrap_err();
    assert!(error.to_string().contains("tell vehicles apart"), "{error}");
}

#[test]
fn a_network_that_sumo_does_not_have_is_refused() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    // SUMO gets a network in which two links have changed places.
    let text = fs::read_to_string(&scenario.network).unwrap();
    let swapped = text
        .replace("linkIndex=\"4\"", "linkIndex=\"x\"")
        .replace("linkIndex=\"11\"", "linkIndex=\"4\"")
        .replace("linkIndex=\"x\"", "linkIndex=\"11\"");
    assert_ne!(text, swapped);
    let other = folder.path().join("other.net.xml");
    fs::write(&other, swapped).unwrap();
    let configuration = folder.path().join("other.sumocfg");
    let text = format!(
        r#"<configuration><net-file value="{}"/><route-files value="{}"/></configuration>"#,
        other.display(),
        scenario.routes[0].display()
    );
    fs::write(&configuration, text).unwrap();
    let scenario = Scenario {
        configuration: Some(configuration),
        additional: Vec::new(),
        ..scenario
    };
    let error = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("signal \"centre\": link"), "{message}");
    assert!(message.contains("its network is another"), "{message}");
}

#[test]
fn the_program_in_force_is_read_and_not_the_files() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut scenario = crossroads(folder.path());
    let program = folder.path().join("program.add.xml");
    fs::write(
        &program,
        r#"<additional><tlLogic id="centre" type="static" programID="evening" offset="10">
            <phase duration="50" state="rrrgGGgrrrggGGgGrGr" minDur="9"/>
            <phase duration="4" state="rrryyyyrrryyyyyrrrr"/>
            <phase duration="30" state="gGgrrrrgGgrrrrrrGrG"/>
            <phase duration="4" state="yyyrrrryyyrrrrrrrrr"/>
        </tlLogic></additional>"#,
    )
    .unwrap();
    scenario.additional.push(program);
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
    // People cross here, and the limits are a street's with people on foot.
    assert!(plant.limits().of("centre").pedestrians.is_some());
    assert!(plant.limits().default.pedestrians.is_none());
    let signal = &plant.network().signals[0];
    let durations: Vec<f64> = signal.phases.iter().map(|phase| phase.duration).collect();
    assert_eq!(durations, [50.0, 4.0, 30.0, 4.0]);
    assert_eq!(signal.phases[0].minimum, Some(9.0));
    // And it stands where SUMO has it: the plan's phase is the one that SUMO shows.
    let mut shown = Vec::new();
    assert!(plant.shown(SignalId(0), &mut shown));
    let phases = SignalPhases::of_network(plant.network());
    let planned = phases[0].planned(0.0).unwrap();
    assert_eq!(shown, signal.phases[planned as usize].aspects);
}

#[test]
fn sumo_runs_alone_to_compare_with() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let plan = run_alone(&scenario, &settings, Own::Plan).unwrap();
    let actuated = run_alone(&scenario, &settings, Own::Actuated).unwrap();
    assert_eq!(plan.finished, actuated.finished);
    assert!(
        (plan.mean_trip - actuated.mean_trip).abs() > 1.0,
        "{plan:?} {actuated:?}"
    );
}

#[test]
fn a_scenario_that_sumo_refuses_is_refused_in_sumos_own_words() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    fs::write(
        &scenario.routes[0],
        r#"<routes><trip id="lost" from="north_in" to="nowhere" depart="0"/></routes>"#,
    )
    .unwrap();
    let errors = [
        SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap_err(),
        run_alone(&scenario, &settings, Own::Plan).unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(error, Error::Refused { who: "SUMO", .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
