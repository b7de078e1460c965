//! SUMO with a tampered wire: what its detectors count or its signals show is changed on the way to
//! us. What is checked is SUMO's own record.

use std::path::Path;
use std::sync::Arc;

use plants::sumo::{Scenario, Sensing, Settings, SumoPlant};
use plants::{Doubt, Driver, What};
use roads::{Aspect, LaneId, Network, SignalId};
use signals::{Command, Detail, Observation, Plant};

use crate::support::{Record, crossroads, driven, keeps_the_envelope, names, record_of_sumo, sumo};

/// When the wire is tampered with, seconds.
const FROM: f64 = 100.0;
/// When it is mended.
const UNTIL: f64 = 160.0;

/// What a tampered wire makes of what a signal shows.
type Shown = fn(&mut Vec<Aspect>);
/// What it makes of what is seen, from a lane on.
type Seen = fn(&mut Observation, LaneId);

/// SUMO behind a tampered wire.
struct Tampered {
    plant: SumoPlant,
    lane: LaneId,
    seen: Seen,
    shown: Shown,
    until: f64,
}

impl Tampered {
    fn is_on(&self) -> bool {
        (FROM..self.until).contains(&self.plant.time())
    }
}

impl Plant for Tampered {
    fn network(&self) -> &Arc<Network> {
        self.plant.network()
    }

    fn time(&self) -> f64 {
        self.plant.time()
    }

    fn tick(&self) -> f64 {
        self.plant.tick()
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), signals::Error> {
        self.plant.observe(detail, seen)?;
        if self.is_on() {
            (self.seen)(seen, self.lane);
        }
        Ok(())
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), signals::Error> {
        self.plant.show(command)
    }

    fn shown(&self, signal: SignalId, aspects: &mut Vec<Aspect>) -> bool {
        let told = self.plant.shown(signal, aspects);
        if self.is_on() {
            (self.shown)(aspects);
        }
        told
    }

    fn advance(&mut self) -> Result<(), signals::Error> {
        self.plant.advance()
    }
}

fn as_it_is(_: &mut Observation, _: LaneId) {}

fn as_shown(_: &mut Vec<Aspect>) {}

/// A run of ten minutes behind a wire that is tampered with.
fn run(
    settings: &Settings,
    folder: &Path,
    seen: Seen,
    shown: Shown,
    until: f64,
) -> (Driver<Tampered>, Scenario) {
    let scenario = crossroads(folder);
    let plant = SumoPlant::start(&scenario, settings, Sensing::Detectors).unwrap();
    let lanes = scenario.import().unwrap().names.lanes;
    let lane = lanes.iter().position(|lane| lane == "north_in_1").unwrap();
    let tampered = Tampered {
        plant,
        lane: LaneId::from(lane),
        seen,
        shown,
        until,
    };
    let mut driver = driven(tampered, "max-pressure");
    driver.run_until(FROM - 1.0).unwrap();
    assert_eq!(names(driver.events()), [] as [&str; 0]);
    driver.run_until(700.0).unwrap();
    (driver, scenario)
}

fn record(driver: Driver<Tampered>, folder: &Path, scenario: &Scenario) -> (Arc<Network>, Record) {
    let network = Arc::clone(driver.plant().network());
    driver.into_plant().plant.finish().unwrap();
    (network, record_of_sumo(folder, scenario))
}

#[test]
fn a_detector_that_is_stuck_is_doubted_and_its_lane_served_in_turn_until_it_counts_again() {
    let Some(settings) = sumo() else { return };
    let stuck: Seen = |seen, lane| {
        (seen.count[lane.index()], seen.waiting[lane.index()]) = (9, 9);
    };
    let folder = tempfile::tempdir().unwrap();
    let (driver, scenario) = run(&settings, folder.path(), stuck, as_shown, 600.0);
    assert_eq!(
        names(driver.events()),
        ["detector wrong", "detector right"],
        "{:?}",
        driver.events()
    );
    let What::DetectorWrong { lane, doubt } = &driver.events()[0].what else {
        panic!("{:?}", driver.events())
    };
    assert_eq!(
        lane,
        &driver.plant().network().lane_name(driver.plant().lane)
    );
    assert_eq!(*doubt, Doubt::Stuck);
    let [wrong, right] = [0, 1].map(|event| driver.events()[event].time);
    // It may have counted nine before, by chance.
    assert!((380.0..=480.0).contains(&wrong), "doubted at {wrong}");
    assert!((600.0..=605.0).contains(&right), "believed at {right}");
    assert_eq!(driver.safety().fallbacks, 0, "the signal stays the brain's");
    let (network, record) = record(driver, folder.path(), &scenario);
    keeps_the_envelope(&network, &record, 250.0);
}

#[test]
fn a_detector_that_is_stuck_at_nothing_starves_nobody() {
    let Some(settings) = sumo() else { return };
    let empty: Seen = |seen, _| {
        seen.count.fill(0);
        seen.waiting.fill(0);
    };
    let folder = tempfile::tempdir().unwrap();
    let (driver, scenario) = run(&settings, folder.path(), empty, as_shown, f64::INFINITY);
    let (network, record) = record(driver, folder.path(), &scenario);
    // No street is forgotten though it says that nobody is there.
    keeps_the_envelope(&network, &record, 250.0);
}

#[test]
fn a_detector_that_counts_what_cannot_be_is_doubted_at_once() {
    let Some(settings) = sumo() else { return };
    let impossible: Seen = |seen, lane| seen.count[lane.index()] = 4_000_000;
    let folder = tempfile::tempdir().unwrap();
    let (driver, scenario) = run(&settings, folder.path(), impossible, as_shown, UNTIL);
    assert_eq!(
        names(driver.events()),
        ["detector wrong", "detector right"],
        "{:?}",
        driver.events()
    );
    let first = driver.events()[0].time;
    assert!((FROM..=FROM + 2.0).contains(&first), "doubted at {first}");
    let (network, record) = record(driver, folder.path(), &scenario);
    keeps_the_envelope(&network, &record, 250.0);
}

#[test]
fn a_sumo_that_lies_about_its_signals_is_believed_and_comes_back() {
    let Some(settings) = sumo() else { return };
    let all_green: Shown = |aspects| aspects.fill(Aspect::Protected);
    let all_red: Shown = |aspects| aspects.fill(Aspect::Red);
    let meaningless: Shown = Vec::clear;
    for (lie, expected) in [
        (all_green, "conflict"),
        (all_red, "astray"),
        (meaningless, "astray"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (driver, scenario) = run(&settings, folder.path(), as_it_is, lie, UNTIL);
        assert_eq!(names(driver.events()), [expected, "trusted"]);
        let [first, back] = [0, 1].map(|event| driver.events()[event].time);
        assert!((FROM..=FROM + 2.0).contains(&first), "noticed at {first}");
        assert!(back < UNTIL + 60.0, "trusted at {back}");
        assert_eq!(driver.safety().in_fallback, 0, "it recovers");
        let (network, record) = record(driver, folder.path(), &scenario);
        no_conflict(&network, &record);
    }
}

/// That no two conflicting greens were shown. A plant that misreports makes us clear and begin anew
/// from what it reports, so its true greens may be cut short, but they never conflict.
fn no_conflict(network: &Network, record: &Record) {
    assert!(record.len() > 500);
    let signal = &network.signals[0];
    let place = |movement| signal.movements.iter().position(|&known| known == movement);
    let crossings = &network.crossings[network.junctions[signal.junctions[0].index()]
        .crossings
        .range()];
    let phases = &signal.phases;
    let mut pairs = 0;
    for crossing in crossings {
        let (Some(a), Some(b)) = (place(crossing.a), place(crossing.b)) else {
            continue;
        };
        // What the plan shows together may be green together.
        let planned = phases
            .iter()
            .any(|phase| phase.aspects[a].is_green() && phase.aspects[b].is_green());
        if planned {
            continue;
        }
        pairs += 1;
        for (time, shown) in record {
            assert!(
                !(shown[0][a].is_green() && shown[0][b].is_green()),
                "movements {a} and {b} are green together at {time}"
            );
        }
    }
    assert!(pairs > 4, "{pairs} pairs that conflict");
}
