//! Emergency missions in SUMO: SUMO drives the vehicle, the vehicle tells the signals, the signals
//! clear its way and stay safe.

use plants::sumo::{Guest, Journey, Sensing, Settings, SumoPlant};
use roads::Demand;
use signals::priority::{self, Claim, Desk};
use signals::{Plant, Protocol, Runner, controllers};

use crate::support::{crossroads, keeps_the_envelope, limits, record_of_sumo, sumo};

/// How a mission goes through the crossroads.
#[derive(Clone, Copy, PartialEq)]
enum Arm {
    Ordinary,
    BlueLight,
    Told,
    BlueLightTold,
}

fn guest(plant: &SumoPlant, name: String, blue_light: bool) -> Guest {
    let link = |id: &str| plant.network().link_named(id).unwrap();
    Guest {
        name,
        route: vec![link("west_in"), link("east_out")],
        stops_at: 50.0,
        blue_light,
    }
}

/// Seconds from call to arrival of five missions, one after the other, summed.
fn seconds(settings: &Settings, arm: Arm) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let plant = SumoPlant::start(&scenario, settings, Sensing::Vehicles).unwrap();
    let network = plant.network().clone();
    let street = Protocol::street();
    let controller =
        controllers::by_name("max-pressure", &network, &Demand::default(), &street).unwrap();
    let limits = limits().into();
    let mut runner = Runner::with_limits(plant, controller, &street, &limits).unwrap();
    let desk = Desk::new();
    runner
        .give_priority(&limits, desk.clone(), priority::Settings::default())
        .unwrap();
    let mut sum = 0.0;
    for number in 0..5_u32 {
        runner.run_until(60.0 + 90.0 * f64::from(number)).unwrap();
        let name = format!("mission {number}");
        let blue_light = matches!(arm, Arm::BlueLight | Arm::BlueLightTold);
        let own = guest(runner.plant(), name.clone(), blue_light);
        let called = runner.plant().time();
        runner.plant_mut().send(own).unwrap();
        let arrived = loop {
            match runner.plant().journey(&name).unwrap() {
                Journey::Arrived(at) => break at,
                _ => assert!(runner.plant().time() < called + 85.0, "it is stuck"),
            }
            let report = runner.plant().report(&name, Claim::Mission { severity: 1 });
            if let (Some(report), Arm::Told | Arm::BlueLightTold) = (report, arm) {
                desk.report(1, report);
            }
            runner.step().unwrap();
        };
        desk.withdraw(1);
        sum += arrived - called;
    }
    runner.run_until(600.0).unwrap();
    drop(runner);
    keeps_the_envelope(&network, &record_of_sumo(folder.path(), &scenario), 200.0);
    sum
}

#[test]
fn signals_clear_the_way_of_a_vehicle_that_sumo_drives() {
    let Some(settings) = sumo() else { return };
    let ordinary = seconds(&settings, Arm::Ordinary);
    let told = seconds(&settings, Arm::Told);
    let lit = seconds(&settings, Arm::BlueLight);
    let both = seconds(&settings, Arm::BlueLightTold);
    println!("ordinary {ordinary} told {told} blue light {lit} both {both}");
    assert!(told < ordinary, "{told} s, {ordinary} s untold");
    assert!(lit < ordinary, "{lit} s, {ordinary} s without the light");
    assert!(both <= lit, "{both} s, {lit} s untold");
}

#[test]
fn a_vehicle_of_ours_tells_where_it_is_and_where_it_goes() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    for sensing in [Sensing::Vehicles, Sensing::Detectors] {
        let mut plant = SumoPlant::start(&scenario, &settings, sensing).unwrap();
        let own = guest(&plant, "ambulance".to_owned(), true);
        let route = own.route.clone();
        plant.send(own.clone()).unwrap();
        let again = plant.send(own.clone()).unwrap_err().to_string();
        assert!(again.contains("another name"), "{again}");
        let backwards = Guest {
            name: "backwards".to_owned(),
            route: route.iter().rev().copied().collect(),
            ..own
        };
        let refused = plant.send(backwards).unwrap_err().to_string();
        assert!(refused.contains("no turn leads from"), "{refused}");
        assert_eq!(plant.journey("backwards"), None);
        assert_eq!(plant.journey("ambulance"), Some(Journey::Leaving));
        let claim = Claim::Mission { severity: 2 };
        assert_eq!(plant.report("ambulance", claim), None);
        let mut told: Vec<(usize, f64)> = Vec::new();
        while !matches!(plant.journey("ambulance"), Some(Journey::Arrived(_))) {
            plant.advance().unwrap();
            assert!(plant.time() < 120.0);
            if let Some(report) = plant.report("ambulance", claim) {
                assert!(route.ends_with(&report.route), "{report:?}");
                assert!(report.lane.is_none_or(|lane| {
                    plant.network().lanes[lane.index()].link == report.route[0]
                }));
                told.push((report.route.len(), report.to_end));
            }
        }
        // Nearer with every report, until it is on the next link.
        let nearer = |a: &(usize, f64), b: &(usize, f64)| a.0 > b.0 || a.1 >= b.1;
        assert!(told.is_sorted_by(nearer), "{told:?}");
        assert_eq!((told[0].0, told[told.len() - 1].0), (2, 1), "{told:?}");
        assert_eq!(plant.report("ambulance", claim), None);
    }
}
