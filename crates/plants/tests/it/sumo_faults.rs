//! What happens when a brain or SUMO itself is killed, stopped or hangs. The record that is checked
//! is SUMO's own.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use plants::sumo::{Scenario, Sensing, Settings, SumoPlant};
use plants::{Driver, ThreadBrain};
use roads::{Network, SignalId};
use signals::{Controller, Observation, Plant, Protocol, Wish, Wishes};

use crate::support::{
    Clocked, FALLBACK_MAX, crossroads, driven, keeps_the_envelope, limits, names, process_brain,
    record_of_sumo, signal, sumo, time_to_fall_back, watch,
};

/// SUMO under the documentation's controller, a process of its own.
fn driven_by_process(
    folder: &Path,
    scenario: &Scenario,
    settings: &Settings,
) -> (Driver<Clocked<SumoPlant>>, impl Fn() -> u32 + use<>) {
    let plant = SumoPlant::start(scenario, settings, Sensing::Vehicles).unwrap();
    let (brain, process) = process_brain(folder, plant.network().clone(), plant.tick());
    let plant = Clocked::new(plant);
    let protocol = Protocol::street();
    let driver = Driver::new(plant, Box::new(brain), &protocol, limits().into(), watch()).unwrap();
    (driver, process)
}

/// Ends the run and checks SUMO's record.
fn check_record(plant: SumoPlant, folder: &Path, scenario: &Scenario) {
    let network = plant.network().clone();
    plant.finish().unwrap();
    keeps_the_envelope(&network, &record_of_sumo(folder, scenario), 250.0);
}

#[test]
fn a_brain_killed_in_mid_cycle_is_replaced_and_the_junction_stays_safe() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let (mut driver, process) = driven_by_process(folder.path(), &scenario, &settings);
    driver.run_until(103.0).unwrap();
    assert_eq!(driver.safety().fallbacks, 0);
    signal(process(), "KILL");
    let (wall, plants) = time_to_fall_back(&mut driver);
    assert!(wall < FALLBACK_MAX && plants <= 2.0, "{wall:?}, {plants} s");
    // Another is started in wall time, of which the plant's takes none.
    let start = Instant::now();
    while driver.envelope().in_fallback(SignalId(0)) {
        driver.step().unwrap();
        assert!(start.elapsed() < Duration::from_secs(30));
    }
    driver.run_until(driver.plant().time() + 200.0).unwrap();
    assert_eq!(names(driver.events()), ["brain gone", "brain back"]);
    assert!(!driver.envelope().in_fallback(SignalId(0)));
    let safety = driver.safety();
    assert_eq!((safety.fallbacks, safety.reasons.recoveries), (1, 1));
    check_record(driver.into_plant().plant, folder.path(), &scenario);
}

#[test]
fn a_brain_stopped_in_mid_cycle_falls_silent_and_comes_back() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let (mut driver, process) = driven_by_process(folder.path(), &scenario, &settings);
    driver.run_until(103.0).unwrap();
    let stopped = process();
    signal(stopped, "STOP");
    let (wall, plants) = time_to_fall_back(&mut driver);
    assert!(wall < FALLBACK_MAX && plants <= 2.0, "{wall:?}, {plants} s");
    signal(stopped, "CONT");
    let start = Instant::now();
    while driver.envelope().in_fallback(SignalId(0)) {
        driver.step().unwrap();
        assert!(start.elapsed() < Duration::from_secs(30));
    }
    driver.run_until(driver.plant().time() + 200.0).unwrap();
    assert_eq!(names(driver.events()), ["brain late", "brain back"]);
    check_record(driver.into_plant().plant, folder.path(), &scenario);
}

/// A controller of ours that hangs or panics the first time that it decides after 100 s.
struct Flawed {
    inner: Box<dyn Controller>,
    flaw: fn(),
}

static HANGS: AtomicU32 = AtomicU32::new(0);
static PANICS: AtomicU32 = AtomicU32::new(0);

fn hang() {
    if HANGS.fetch_add(1, Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_hours(1));
    }
}

/// Without the panic hook, which may take seconds to print where it came from.
fn panic_once() {
    if PANICS.fetch_add(1, Ordering::SeqCst) == 0 {
        std::panic::resume_unwind(Box::new("a flaw, on purpose"));
    }
}

impl Controller for Flawed {
    fn name(&self) -> &'static str {
        "flawed"
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        if seen.time > 100.0 {
            (self.flaw)();
        }
        self.inner.decide(seen, wishes);
    }
}

fn flawed(network: &Network, flaw: fn()) -> ThreadBrain {
    let network = network.clone();
    let build = move || {
        let demand = roads::Demand::default();
        let protocol = Protocol::street();
        let inner = signals::controllers::by_name("max-pressure", &network, &demand, &protocol)?;
        Ok(Box::new(Flawed { inner, flaw }) as Box<dyn Controller>)
    };
    ThreadBrain::new(Box::new(build)).unwrap()
}

#[test]
fn a_controller_that_hangs_or_panics_is_left_behind() {
    let Some(settings) = sumo() else { return };
    let flaws: [(fn(), &[&str]); 2] = [
        (hang, &["brain late", "brain back"]),
        (panic_once, &["brain gone", "brain back"]),
    ];
    for (flaw, expected) in flaws {
        let folder = tempfile::tempdir().unwrap();
        let scenario = crossroads(folder.path());
        let plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
        let brain = Box::new(flawed(plant.network(), flaw));
        let plant = Clocked::new(plant);
        let protocol = Protocol::street();
        let mut driver = Driver::new(plant, brain, &protocol, limits().into(), watch()).unwrap();
        driver.run_until(100.0).unwrap();
        // It decides every five seconds: what counts is from the decision that fails on, without
        // the step of SUMO's that follows it.
        while driver.events().is_empty() {
            let (start, inside) = (Instant::now(), driver.plant().inside());
            driver.step().unwrap();
            let waited = driver.plant().less(start.elapsed(), inside);
            assert!(waited < FALLBACK_MAX, "{waited:?}");
        }
        assert!(driver.envelope().in_fallback(SignalId(0)));
        let failed = driver.events()[0].time;
        assert!(driver.plant().time() - failed <= 2.0, "since {failed} s");
        while driver.envelope().in_fallback(SignalId(0)) {
            driver.step().unwrap();
        }
        driver.run_until(driver.plant().time() + 200.0).unwrap();
        assert_eq!(names(driver.events()), expected);
        check_record(driver.into_plant().plant, folder.path(), &scenario);
    }
}

/// A controller that wishes for the wrong thing, always.
struct Hostile(u32);

impl Controller for Hostile {
    fn name(&self) -> &'static str {
        "hostile"
    }

    fn interval(&self) -> Option<f64> {
        Some(1.0)
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        for signal in 0..seen.phase.len() {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            wishes.set(SignalId::from(signal), Wish::Phase(self.0 >> 29));
        }
    }
}

#[test]
fn a_hostile_controller_cannot_make_sumo_show_anything_unsafe() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
    let build = || Ok(Box::new(Hostile(1)) as Box<dyn Controller>);
    let brain = Box::new(ThreadBrain::new(Box::new(build)).unwrap());
    let protocol = Protocol::street();
    let mut driver = Driver::new(plant, brain, &protocol, limits().into(), watch()).unwrap();
    driver.run_until(600.0).unwrap();
    assert!(driver.safety().reasons.refused > 0);
    check_record(driver.into_plant(), folder.path(), &scenario);
}

#[test]
fn a_sumo_that_is_stopped_is_waited_for() {
    let Some(mut settings) = sumo() else { return };
    settings.patience = Duration::from_millis(200);
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
    let mut driver = driven(plant, "advanced-max-pressure");
    driver.run_until(103.0).unwrap();
    let process = driver.plant().process();
    signal(process, "STOP");
    for _ in 0..5 {
        driver.step().unwrap();
    }
    assert!(driver.plant().time() < 104.5, "its time stands still");
    signal(process, "CONT");
    driver.run_until(400.0).unwrap();
    assert_eq!(names(driver.events()), ["plant late", "plant back"]);
    assert_eq!(driver.safety().fallbacks, 0);
    check_record(driver.into_plant(), folder.path(), &scenario);
}

#[test]
fn a_sumo_that_is_killed_is_started_anew() {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
    let again = (scenario.clone(), settings.clone());
    let mut driver = driven(plant, "advanced-max-pressure").with_revival(Box::new(move || {
        SumoPlant::start(&again.0, &again.1, Sensing::Vehicles)
    }));
    driver.run_until(203.0).unwrap();
    signal(driver.plant().process(), "KILL");
    while names(driver.events()).len() < 2 {
        driver.step().unwrap();
    }
    assert_eq!(names(driver.events()), ["plant gone", "plant back"]);
    assert!(driver.plant().time() < 5.0, "a new run");
    driver.run_until(300.0).unwrap();
    check_record(driver.into_plant(), folder.path(), &scenario);
}
