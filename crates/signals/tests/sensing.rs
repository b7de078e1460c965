//! Sensing: sensors have the faults that they are said to have, estimates hold against the truth,
//! and nothing of the demand comes through that a city cannot know.

#![expect(
    clippy::unwrap_used,
    reason = "the tests' helpers fail as the tests do"
)]

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};
use roads::{Demand, Network};
use signals::brain::{Brain, Settings};
use signals::sensing::{Cameras, Detectors, Probes, Scene, Sensed, Sensing, SensingErrors};
use signals::{
    Command, Controller, Detail, Error, Observation, Plant, Protocol, Runner, SimPlant, Wishes,
};
use sim::Config;

/// Every way to see.
const MODES: [&str; 7] = [
    "detectors",
    "detectors:0.1",
    "detectors:0.1,noise:0.05,stuck:0.05,at:60/entry",
    "probes:0.1",
    "probes:0.3,error:5,every:3",
    "cameras:0.9,noise:0.1",
    "detectors:0.1+probes:0.1+cameras:0.9,noise:0.1",
];

fn network() -> Arc<Network> {
    let spec = GridSpec {
        columns: 3,
        rows: 3,
        ..GridSpec::default()
    };
    Arc::new(grid(&spec).unwrap())
}

fn demand(network: &Network, vehicles: usize, horizon: f64) -> Arc<Demand> {
    let spec = GridDemandSpec {
        vehicles,
        horizon,
        ..GridDemandSpec::default()
    };
    Arc::new(grid_demand(network, &spec).unwrap())
}

fn plant(network: &Arc<Network>, demand: &Arc<Demand>) -> SimPlant {
    SimPlant::new(Arc::clone(network), Arc::clone(demand), Config::default()).unwrap()
}

/// Everything that was seen and said.
type Record = Arc<Mutex<Vec<(Observation, Wishes)>>>;

/// A controller whose every decision is written down.
struct Recorded(Brain, Record);

impl Controller for Recorded {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn detail(&self) -> Detail {
        self.0.detail()
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        self.0.decide(seen, wishes);
        self.1.lock().unwrap().push((seen.clone(), wishes.clone()));
    }
}

/// Runs brain for so many seconds; what it saw and said, and how wrong the estimates were.
fn run(
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    sensing: &str,
    seed: u64,
    until: f64,
) -> (Vec<(Observation, Wishes)>, Option<SensingErrors>) {
    let record = Record::default();
    let protocol = Protocol::literature();
    let brain = Brain::new(network, &protocol, Settings::default());
    let recorded = Recorded(brain, Arc::clone(&record));
    let plant = Sensed::new(plant(network, demand), &sensing.parse().unwrap(), seed).unwrap();
    let mut runner = Runner::new(plant, Box::new(recorded), &protocol).unwrap();
    runner.run_until(until).unwrap();
    let errors = runner.plant().errors();
    let record = std::mem::take(&mut *record.lock().unwrap());
    (record, errors)
}

#[test]
fn seen_in_full_everything_is_as_without_sensors() {
    let network = network();
    let demand = demand(&network, 300, 300.0);
    let mut bare = plant(&network, &demand);
    let mut sensed = Sensed::new(bare.clone(), &Sensing::default(), 0).unwrap();
    let (mut one, mut other) = (Observation::default(), Observation::default());
    for _ in 0..120 {
        bare.advance().unwrap();
        sensed.advance().unwrap();
    }
    bare.observe(Detail::Vehicles, &mut one).unwrap();
    sensed.observe(Detail::Vehicles, &mut other).unwrap();
    assert!(one == other && !one.vehicles.is_empty());
    assert!(sensed.errors().is_none());
}

#[test]
fn a_seed_gives_the_same_run_on_any_number_of_threads_and_another_seed_another() {
    let network = network();
    let demand = demand(&network, 400, 400.0);
    for mode in &MODES[1..] {
        let with = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| run(&network, &demand, mode, seed, 300.0).0)
        };
        let one = with(1, 1);
        assert_eq!(one.len(), 20);
        assert!(one == with(4, 1), "{mode} on four threads");
        assert!(one != with(1, 2), "{mode} with another seed");
    }
}

#[test]
fn estimates_hold_against_the_truth_as_well_as_each_way_to_see_allows() {
    let network = network();
    let demand = demand(&network, 1_200, 1_200.0);
    // The most by which a lane's vehicles may be wrong, root mean square, as a share of what one
    // would be wrong by who believed that there are none.
    for (mode, most) in [
        ("detectors", 0.35),
        ("detectors:0.1", 0.6),
        ("cameras:0.9,noise:0.1", 0.7),
        ("probes:0.1", 0.95),
    ] {
        let errors = run(&network, &demand, mode, 5, 1_200.0).1.unwrap();
        assert!(errors.count_mean > 0.5, "{mode}: {errors:?}");
        let blind = errors.count_blind;
        assert!(
            errors.count_rmse < most * blind,
            "{mode}: {errors:?}, blind {blind}"
        );
    }
}

#[test]
fn the_share_of_probes_is_learnt() {
    let network = network();
    let demand = demand(&network, 1_800, 1_200.0);
    for share in [0.05, 0.3, 0.6] {
        let mode = format!("probes:{share}");
        let errors = run(&network, &demand, &mode, 3, 1_200.0).1.unwrap();
        let learnt = errors.penetration.unwrap();
        assert!(
            (learnt / share).ln().abs() < 0.7,
            "{learnt} learnt of {share}"
        );
    }
}

#[test]
fn probes_do_not_make_it_believe_in_vehicles_that_are_not_there() {
    let network = network();
    let demand = demand(&network, 1_200, 1_200.0);
    for (share, most) in [(0.1, 0.3), (0.3, 0.6)] {
        let mode = format!("probes:{share}");
        let errors = run(&network, &demand, &mode, 7, 1_200.0).1.unwrap();
        let bias = errors.count_bias;
        assert!(bias.abs() < most, "{mode}: {errors:?}");
    }
}

#[test]
fn an_estimate_is_shown_in_shares_of_vehicles_and_what_is_seen_in_whole_ones() {
    let network = network();
    let demand = demand(&network, 400, 400.0);
    let (seen, _) = run(&network, &demand, "probes:0.1", 1, 300.0);
    let (last, _) = seen.last().unwrap();
    let broken = |here: &&signals::ExpectedVehicle| here.weight < 0.9;
    assert!(last.expected.iter().filter(broken).count() > 20);
    assert!(last.expected.iter().all(|here| here.weight > 0.0));
    assert_eq!(last.first_expected.len(), network.lanes.len() + 1);
    let (full, _) = run(&network, &demand, "full", 1, 60.0);
    let (last, _) = full.last().unwrap();
    assert!(last.expected.is_empty() && !last.vehicles.is_empty());
    let whole: usize = (0..network.lanes.len())
        .map(|lane| last.expected_on(lane.into()).count())
        .sum();
    assert_eq!(whole, last.vehicles.len());
}

/// A plant that is one lane's worth of scenes and nothing else.
struct Blind(SimPlant);

impl Plant for Blind {
    fn network(&self) -> &Arc<Network> {
        self.0.network()
    }

    fn time(&self) -> f64 {
        self.0.time()
    }

    fn tick(&self) -> f64 {
        self.0.tick()
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), Error> {
        self.0.observe(detail, seen)
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), Error> {
        self.0.show(command)
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.0.advance()
    }
}

#[test]
fn a_plant_that_cannot_tell_vehicles_apart_is_seen_in_full_or_not_at_all() {
    let network = network();
    let demand = demand(&network, 10, 10.0);
    let blind = || Blind(plant(&network, &demand));
    assert!(!blind().scene(&mut Scene::default()).unwrap());
    assert!(Sensed::new(blind(), &Sensing::default(), 0).is_ok());
    let refused = Sensed::new(blind(), &"probes:0.1".parse().unwrap(), 0);
    let message = refused.err().unwrap().to_string();
    assert!(
        message.contains("probes:0.1") && message.contains("full"),
        "{message}"
    );
}

#[test]
fn what_is_not_understood_is_refused_with_what_would_be_right() {
    for (text, remedy) in [
        ("", "there are full, detectors"),
        ("radar", "there are full, detectors"),
        ("probes", "probes:0.1"),
        ("probes:0", "from 0.001 to 1"),
        ("probes:1.5", "from 0.001 to 1"),
        ("probes:ten", "from 0.001 to 1"),
        ("probes:NaN", "from 0.001 to 1"),
        ("probes:0.1+probes:0.2", "say it once"),
        ("probes:0.1,noise:0.1", "it has error, every"),
        ("detectors:0.7", "from 0 to 0.5"),
        ("detectors:0.1,loss:0.1", "say it once"),
        ("detectors,at:0", "from 1 to 10000"),
        ("detectors,noise", "KEY:VALUE"),
        ("cameras:0.9,noise:0.1,noise:0.2", "say it once"),
        ("cameras:0.9,range:1", "from 10 to 10000"),
        ("full+probes:0.1", "leave it or the others out"),
        ("full:1", "takes no value"),
        ("seed:1", "there are full, detectors"),
        ("probes:0.1+seed:x", "seed:1"),
    ] {
        let message = text.parse::<Sensing>().unwrap_err().to_string();
        assert!(message.contains(remedy), "{text}: {message}");
    }
}

fn any_sensing() -> impl Strategy<Value = Sensing> {
    let share = || 0.0_f64..=0.5;
    let at = prop_oneof![Just(f64::INFINITY), 1.0_f64..500.0];
    let detectors = (
        share(),
        share(),
        share(),
        proptest::collection::vec(at, 1..4),
    )
        .prop_map(|(loss, noise, stuck, at)| Detectors {
            loss,
            noise,
            stuck,
            at,
        });
    let probes =
        (0.001_f64..=1.0, 0.0_f64..100.0, 0.1_f64..300.0).prop_map(|(share, error, every)| {
            Probes {
                share,
                error,
                every,
            }
        });
    let cameras =
        (0.001_f64..=1.0, 0.0_f64..1.0, 10.0_f64..1e4).prop_map(|(share, noise, range)| Cameras {
            share,
            noise,
            range,
        });
    let option = proptest::option::of::<BoxedStrategy<u64>>;
    (
        proptest::option::of(detectors),
        proptest::option::of(probes),
        proptest::option::of(cameras),
        option(any::<u64>().boxed()),
    )
        .prop_map(|(detectors, probes, cameras, seed)| Sensing {
            detectors,
            probes,
            cameras,
            seed,
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(sensing in any_sensing()) {
        prop_assert_eq!(&sensing.to_string().parse::<Sensing>().unwrap(), &sensing);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z0-9:.,+/-]{0,40}") {
        let _ = text.parse::<Sensing>();
    }
}
