//! Plants and controllers over JSON lines, in Python, some of which are killed, stopped, or lie.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use plants::lines::{FromPlant, Init, LinesPlant, ProcessBrain, build, describe};
use plants::{Driver, What};
use proptest::prelude::*;
use roads::SignalId;
use roads::generate::{GridSpec, grid};
use signals::{Plant, Protocol, SimPlant};

use crate::support::{
    Clocked, FALLBACK_MAX, Record, aspect, driven, example, keeps_the_envelope, limits, names,
    process_brain, python, signal, time_to_fall_back, watch,
};

/// The documentation's plant, made to keep its own record of what it shows, second by second, and
/// to do wrong: at 100 s it does what its argument says.
fn plant(folder: &Path, wrong: &str, patience: Duration) -> LinesPlant {
    LinesPlant::start(&command(folder, wrong), patience).unwrap()
}

fn command(folder: &Path, wrong: &str) -> Vec<String> {
    let text = example(0)
        .replacen(
            "say = lambda",
            "import os\nwrong = sys.argv[1]\nrecord = open(sys.argv[2], 'a')\nopen(sys.argv[2] + '.pid', 'w').write(str(os.getpid()))\nsay = lambda",
            1,
        )
        .replacen("random.random() < 0.2", "random.Random(f'{t} {lane}').random() < 0.2", 1)
        .replacen(
            "    say({\"type\": \"obs\", \"t\": t, \"signals\": {\"J\": {\"state\": state}},\n         \"lanes\": {lane: {\"count\": n, \"waiting\": n} for lane, n in queue.items()}})\n",
            LYING,
            1,
        )
        .replacen("    for letter, lane", "    print(t, state, file=record, flush=True)\n    for letter, lane", 1);
    assert!(
        text.contains("file=record") && text.contains("conflict"),
        "{text}"
    );
    let record = folder.join("record.txt").display().to_string();
    python(folder, "plant.py", &text, &[wrong, &record])
}

/// What it says instead, and what it does, between 100 s and 160 s.
const LYING: &str = r#"
    said, lanes = state, {lane: {"count": n, "waiting": n} for lane, n in queue.items()}
    if 100 <= t < 160:
        if wrong == "conflict": said = "GG"
        if wrong == "phase": said = {"Gr": "rG", "rG": "Gr"}.get(state, "Gr")
        if wrong == "letters": said = "?"
        if wrong == "counts": lanes["north"] = {"count": -3, "waiting": 1e30}
        if wrong == "nonsense" and t == 100: print("}{", flush=True)
    if wrong == "stuck" and t >= 100: lanes["north"] = {"count": 7, "waiting": 7}
    if wrong == "stuck a while" and 100 <= t < 450: lanes["north"] = {"count": 7, "waiting": 7}
    if wrong == "stuck at nothing" and t >= 100: lanes = {}
    if wrong == "dies at once" and t > 0: sys.exit(7)
    say({"type": "obs", "t": t, "signals": {"J": {"state": said}}, "lanes": lanes})
"#;

fn process(folder: &Path) -> u32 {
    let text = fs::read_to_string(folder.join("record.txt.pid")).unwrap();
    text.parse().unwrap()
}

/// The plant's own record, without what came before `since` seconds of a new start.
fn record(folder: &Path) -> Vec<Record> {
    let text = fs::read_to_string(folder.join("record.txt")).unwrap();
    let mut runs: Vec<Record> = Vec::new();
    for line in text.lines() {
        let (time, state) = line.split_once(' ').unwrap();
        let (time, state): (f64, Vec<_>) =
            (time.parse().unwrap(), state.bytes().map(aspect).collect());
        if runs
            .last()
            .is_none_or(|run| run.last().is_some_and(|last| last.0 >= time))
        {
            runs.push(Vec::new());
        }
        runs.last_mut().unwrap().push((time, vec![state]));
    }
    runs
}

fn until_end(driver: &mut Driver<LinesPlant>) {
    while !driver.plant().has_ended() {
        driver.step().unwrap();
    }
}

#[test]
fn the_documentations_plant_is_driven_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let command = python(folder.path(), "plant.py", &example(0), &[]);
    assert!(example(0).lines().count() <= 20, "20 lines");
    let plant = LinesPlant::start(&command, Duration::from_secs(5)).unwrap();
    let mut driver = driven(plant, "max-pressure");
    until_end(&mut driver);
    assert_eq!(driver.events(), []);
    assert!((driver.plant().time() - 599.0).abs() < 1e-9);
}

#[test]
fn the_plants_own_record_keeps_the_envelope() {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = driven(
        plant(folder.path(), "no", Duration::from_secs(5)),
        "max-pressure",
    );
    until_end(&mut driver);
    assert_eq!(driver.events(), []);
    let network = driver.plant().network().clone();
    keeps_the_envelope(&network, &record(folder.path())[0], 200.0);
}

#[test]
fn a_plant_that_lies_is_believed_and_not_obeyed() {
    // What it says, and what is noticed. What it shows in truth goes by our commands throughout.
    let lies: [(&str, &[&str]); 5] = [
        ("conflict", &["conflict", "trusted"]),
        ("phase", &["astray", "trusted"]),
        ("letters", &["conflict", "trusted"]),
        ("counts", &["detector wrong", "detector right"]),
        ("stuck", &["detector wrong"]),
    ];
    for (lie, expected) in lies {
        let folder = tempfile::tempdir().unwrap();
        let mut driver = driven(
            plant(folder.path(), lie, Duration::from_secs(5)),
            "max-pressure",
        );
        driver.run_until(99.0).unwrap();
        assert_eq!(names(driver.events()), [] as [&str; 0], "{lie}");
        until_end(&mut driver);
        assert_eq!(names(driver.events()), expected, "{lie}");
        if expected.len() == 2 {
            assert_eq!(driver.safety().in_fallback, 0, "{lie}: it recovers");
        }
        let first = driver.events()[0].time;
        if lie != "stuck" {
            assert!(
                (99.0..=102.0).contains(&first),
                "{lie} was noticed at {first}"
            );
        }
        let network = driver.plant().network().clone();
        no_conflict(&network, &record(folder.path())[0]);
    }
}

/// That no two greens were shown together. A plant that misreports makes us clear and begin anew
/// from what it reports, so its true greens may be cut short, but they never conflict.
fn no_conflict(network: &roads::Network, record: &Record) {
    assert!(record.len() > 500);
    for (time, shown) in record {
        let greens = shown[0].iter().filter(|aspect| aspect.is_green()).count();
        assert!(greens <= 1, "{} conflicting greens at {time}", network.name);
    }
}

#[test]
fn a_detector_that_is_stuck_leaves_the_signal_in_its_envelope_and_recovers() {
    let stuck: [(&str, &[&str]); 3] = [
        ("stuck", &["detector wrong"]),
        ("stuck a while", &["detector wrong", "detector right"]),
        // Nobody can tell it from an empty road; the longest red serves who is there all the same.
        ("stuck at nothing", &[]),
    ];
    for (wrong, expected) in stuck {
        let folder = tempfile::tempdir().unwrap();
        let patience = Duration::from_secs(5);
        let mut driver = driven(plant(folder.path(), wrong, patience), "max-pressure");
        until_end(&mut driver);
        assert_eq!(names(driver.events()), expected, "{wrong}");
        if let Some(first) = driver.events().first() {
            // It may have counted seven before, by chance.
            assert!((380.0..=440.0).contains(&first.time), "{wrong}: {first:?}");
        }
        assert_eq!(driver.safety().fallbacks, 0, "{wrong}");
        let network = driver.plant().network().clone();
        keeps_the_envelope(&network, &record(folder.path())[0], 200.0);
    }
}

#[test]
fn a_plant_that_dies_at_once_whenever_it_is_started_is_not_started_in_a_storm() {
    let folder = tempfile::tempdir().unwrap();
    let first = plant(folder.path(), "no", Duration::from_secs(5));
    let again = command(folder.path(), "dies at once");
    let starts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&starts);
    let mut driver = driven(first, "max-pressure").with_revival(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        LinesPlant::start(&again, Duration::from_secs(5))
    }));
    driver.run_until(50.0).unwrap();
    signal(process(folder.path()), "KILL");
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        driver.step().unwrap();
    }
    // Rests of 0, 0.1, 0.2, 0.4, 0.8 and 1.6 s come before the sixth start.
    let starts = starts.load(Ordering::SeqCst);
    assert!((2..=7).contains(&starts), "{starts} starts in four seconds");
    let rests: Vec<f64> = driver
        .events()
        .iter()
        .filter_map(|event| match event.what {
            What::PlantGone { again_in, .. } => Some(again_in),
            _ => None,
        })
        .collect();
    assert!(rests.windows(2).all(|two| two[1] >= two[0]), "{rests:?}");
    assert!(rests.len() >= 3 && rests[2] > 0.15, "{rests:?}");
}

#[test]
fn a_plant_that_is_stopped_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let plant = plant(folder.path(), "no", Duration::from_millis(200));
    let mut driver = driven(plant, "max-pressure");
    driver.run_until(100.0).unwrap();
    let process = process(folder.path());
    signal(process, "STOP");
    for _ in 0..4 {
        driver.step().unwrap();
    }
    signal(process, "CONT");
    until_end(&mut driver);
    assert_eq!(names(driver.events()), ["plant late", "plant back"]);
    let network = driver.plant().network().clone();
    keeps_the_envelope(&network, &record(folder.path())[0], 200.0);
}

#[test]
fn a_plant_that_is_killed_or_talks_nonsense_is_started_anew() {
    for (wrong, at) in [("no", 150.0), ("nonsense", 99.0)] {
        let folder = tempfile::tempdir().unwrap();
        let first = plant(folder.path(), wrong, Duration::from_secs(5));
        let again = command(folder.path(), "no");
        let mut driver = driven(first, "max-pressure").with_revival(Box::new(move || {
            LinesPlant::start(&again, Duration::from_secs(5))
        }));
        driver.run_until(at).unwrap();
        if wrong == "no" {
            signal(process(folder.path()), "KILL");
        }
        while driver.events().len() < 2 {
            driver.step().unwrap();
        }
        assert_eq!(
            names(driver.events()),
            ["plant gone", "plant back"],
            "{wrong}"
        );
        until_end(&mut driver);
        let network = driver.plant().network().clone();
        let runs = record(folder.path());
        assert_eq!(runs.len(), 2, "{wrong}");
        for run in &runs {
            if run.len() > 100 {
                keeps_the_envelope(&network, run, 200.0);
            }
        }
        // It begins with everything red for as long as clearing takes, whatever it was before.
        assert!(
            !runs[1][0].1[0].iter().any(|aspect| aspect.is_green()),
            "{wrong}"
        );
    }
}

#[test]
fn a_plant_that_is_killed_without_a_way_back_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = driven(
        plant(folder.path(), "no", Duration::from_secs(5)),
        "max-pressure",
    );
    driver.run_until(50.0).unwrap();
    signal(process(folder.path()), "KILL");
    let error = (0..3).find_map(|_| driver.step().err()).unwrap();
    assert!(error.to_string().contains("gone"), "{error}");
}

#[test]
fn a_brain_killed_or_stopped_before_a_plant_in_python_is_replaced() {
    for (how, expected) in [("KILL", "brain gone"), ("STOP", "brain late")] {
        let folder = tempfile::tempdir().unwrap();
        let plant = plant(folder.path(), "no", Duration::from_secs(5));
        let (brain, process) = process_brain(folder.path(), plant.network().clone(), 1.0);
        let plant = Clocked::new(plant);
        let protocol = Protocol::street();
        let mut driver =
            Driver::new(plant, Box::new(brain), &protocol, limits().into(), watch()).unwrap();
        driver.run_until(103.0).unwrap();
        assert_eq!(driver.safety().fallbacks, 0);
        signal(process(), how);
        let (wall, plants) = time_to_fall_back(&mut driver);
        assert!(wall < FALLBACK_MAX && plants <= 2.0, "{wall:?}, {plants} s");
        // A plant of a millisecond a second needs longer in its own time than by the wall.
        while driver.envelope().in_fallback(SignalId(0)) {
            driver.step().unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        while !driver.plant().plant.has_ended() {
            driver.step().unwrap();
        }
        assert_eq!(names(driver.events()), [expected, "brain back"]);
        let failures = driver.brain_failures();
        assert_eq!(failures.died > 0, how == "KILL", "{failures:?}");
        assert!(
            failures
                .first
                .is_some_and(|first| (103.0..=105.0).contains(&first))
        );
        assert_eq!(failures.silent_since, None, "{failures:?}");
        let network = driver.plant().network().clone();
        keeps_the_envelope(&network, &record(folder.path())[0], 200.0);
    }
}

#[test]
fn the_documentations_controller_drives_our_simulator() {
    let spec = GridSpec {
        columns: 2,
        rows: 2,
        ..GridSpec::default()
    };
    let network = Arc::new(grid(&spec).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let command = python(folder.path(), "controller.py", &example(1), &[]);
    let config = sim::Config::default();
    let demand = Arc::new(roads::Demand::default());
    let plant = SimPlant::new(network.clone(), demand, config).unwrap();
    let brain = ProcessBrain::start(&command, network, 1.0).unwrap();
    let protocol = Protocol::street();
    let mut driver =
        Driver::new(plant, Box::new(brain), &protocol, limits().into(), watch()).unwrap();
    driver.run_until(120.0).unwrap();
    assert_eq!(driver.events(), []);
    assert_eq!(driver.safety().fallbacks, 0);
}

#[test]
fn a_network_is_the_same_after_it_has_been_told() {
    let spec = GridSpec {
        columns: 2,
        rows: 1,
        ..GridSpec::default()
    };
    let network = grid(&spec).unwrap();
    let told = describe(&network, 1.0, None);
    let line = serde_json::to_string(&FromPlant::Init(told.clone())).unwrap();
    let FromPlant::Init(heard) = serde_json::from_str(&line).unwrap() else {
        panic!("{line}")
    };
    assert_eq!(heard, told);
    let built = build(&heard).unwrap();
    assert_eq!(built.signals.len(), network.signals.len());
    for (ours, theirs) in built.signals.iter().zip(&network.signals) {
        let plan = |signal: &roads::model::Signal| {
            let phases = signal.phases.iter();
            let parts = phases.map(|phase| (phase.aspects.clone(), phase.duration.to_bits()));
            parts.collect::<Vec<_>>()
        };
        assert_eq!(plan(ours), plan(theirs));
    }
    let again = describe(&built, 1.0, None);
    let sorted = |init: &Init| -> Vec<Vec<[usize; 2]>> {
        let pairs = init.junctions.iter().map(|junction| {
            let mut pairs = junction.conflicts.clone().unwrap();
            for pair in &mut pairs {
                pair.sort_unstable();
            }
            pairs.sort_unstable();
            pairs
        });
        pairs.collect()
    };
    assert_eq!(sorted(&again), sorted(&told));
}

#[test]
fn what_is_wrong_in_an_init_is_named() {
    let wrong = [
        (
            r#"{"version": 2, "lanes": [], "junctions": []}"#,
            "version 2",
        ),
        (r#"{"tick": 0, "lanes": [], "junctions": []}"#, "tick of 0"),
        (
            r#"{"lanes": [], "junctions": [{"id": "J", "movements": [{"from": "a", "to": "b"}], "phases": []}]}"#,
            "the lane \"a\", which it does not name",
        ),
        (
            r#"{"lanes": [{"id": "a", "length": 9, "speed": 9}, {"id": "b", "length": 9, "speed": 9}],
                "junctions": [{"id": "J", "movements": [{"from": "a", "to": "b"}],
                               "phases": [{"state": "Gx", "duration": 3}]}]}"#,
            "the state \"Gx\" in phase 0 of \"J\"",
        ),
        (
            r#"{"lanes": [{"id": "a", "length": 9, "speed": 9}, {"id": "b", "length": 9, "speed": 9}],
                "junctions": [{"id": "J", "movements": [{"from": "a", "to": "b"}], "conflicts": [[0, 4]],
                               "phases": [{"state": "G", "duration": 3}]}]}"#,
            "conflict [0, 4]",
        ),
        (
            r#"{"lanes": [], "junctions": []}"#,
            "nothing to control; name at least one junction",
        ),
        (
            r#"{"lanes": [{"id": "a", "length": 9, "speed": 9}, {"id": "b", "length": 9, "speed": 9}],
                "junctions": [{"id": "J", "movements": [{"from": "a", "to": "b"}], "phases": []}]}"#,
            "nothing to control",
        ),
        (
            r#"{"lanes": [{"id": "a", "length": 9, "speed": 9}, {"id": "b", "length": 9, "speed": 9}],
                "junctions": [{"id": "J", "movements": [{"from": "a", "to": "b"}],
                               "phases": [{"state": "r", "duration": 3}]}]}"#,
            "nothing to control",
        ),
    ];
    for (text, expected) in wrong {
        let error = build(&serde_json::from_str(text).unwrap()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

proptest! {
    #[test]
    fn any_init_is_built_or_refused(
        lengths in prop::collection::vec(any::<f64>(), 0..4),
        movements in prop::collection::vec((0_usize..5, 0_usize..5), 0..5),
        conflicts in prop::option::of(prop::collection::vec(any::<[u8; 2]>(), 0..3)),
        states in prop::collection::vec("[Ggry?]{0,5}", 0..3),
        duration in any::<f64>(),
        offset in any::<f64>(),
    ) {
        let lane = |index: usize| format!("l{index}");
        let init = Init {
            version: 1,
            network: String::new(),
            tick: 1.0,
            lanes: lengths.iter().enumerate().map(|(index, &length)| plants::lines::Lane {
                id: lane(index), road: None, length, speed: length,
            }).collect(),
            junctions: vec![plants::lines::Junction {
                id: "J".to_owned(),
                movements: movements.iter().map(|&(from, to)| plants::lines::Movement {
                    from: lane(from), to: lane(to), direction: roads::Direction::Left,
                }).collect(),
                conflicts: conflicts.map(|pairs| pairs.iter().map(|pair| pair.map(usize::from)).collect()),
                phases: states.iter().map(|state| plants::lines::Phase { state: state.clone(), duration, usable: true }).collect(),
                offset,
            }],
            limits: None,
        };
        if let Ok(network) = build(&init) {
            let limits = limits().into();
            let mut envelope = signals::Envelope::new(&network, &limits, 0.0, 1.0).unwrap();
            envelope.tick(5.0);
        }
    }
}
