//! Tests of `fleet`.

use super::*;
use crate::config::{Config, ScenarioSource, Title};
use crate::live::counters::Counters;
use crate::live::mission::Sending;
use crate::live::run::{Run, choice_of};
use crate::live::watching::Watch;
use crate::testing;

/// An empty crossing, under its own plan.
fn run(rules: sim::Rules) -> Run {
    let network = Arc::new(testing::crossing());
    let roads = Arc::new(observe::Roads::of(&network));
    let demand = Arc::new(roads::Demand::default());
    let title = Title::new("路口", "Crossing");
    let mut config = Config::new(ScenarioSource::new("crossing", title, network, demand));
    config.engine.rules = rules;
    let watch = Watch::new(&config.scenario.network, roads, Vec::new(), 0.0).unwrap();
    Run::new(config, Arc::new(Counters::default()), watch)
        .unwrap()
        .0
}

fn send(run: &mut Run, from: &str, scene: &str, priority: bool) -> MissionFacts {
    let link = |name: &str| run.network.link_named(name).unwrap();
    let sending = Sending {
        scene: link(scene),
        at: Some(100.0),
        from: Some(link(from)),
    };
    run.dispatch(&sending, priority).unwrap()
}

fn step(run: &mut Run) {
    let tracks = Arc::clone(&run.tracks);
    run.state.step(&tracks, 3600.0).unwrap();
}

#[test]
fn priority_stands_aside_once_its_missions_are_over_and_comes_back_with_the_next() {
    let mut run = run(sim::Rules::Street);
    for _ in 0..2 {
        send(&mut run, "in0", "out2", true);
        send(&mut run, "in1", "out3", false);
        assert!(run.state.fleet.desk.is_some());
        let mut seconds = 0;
        while run.state.fleet.desk.is_some() {
            step(&mut run);
            seconds += 1;
            assert!(seconds < 300, "it stands there for ever");
        }
        let first = &run.state.fleet.afoot[0];
        assert!(first.mission.is_over(), "its mission was under way");
        run.state.fleet.end_all(Reason::Asked, 0.0);
    }
}

#[test]
fn a_fork_keeps_no_books_that_nobody_reads() {
    let mut run = run(sim::Rules::Street);
    send(&mut run, "in0", "out2", false);
    let choice = choice_of(&run.config, "plan").unwrap();
    let mut fork = run.state.fork(&run.config, &choice).unwrap();
    for _ in 0..10 {
        fork.step(&run.tracks, 3600.0).unwrap();
    }
    let one = &fork.fleet.afoot[0];
    assert_eq!(one.mission.progress().stage, Stage::Driving);
    assert_eq!(one.facts.state, MissionState::Dispatched);
    fork.fleet.look(&fork.runner);
    assert_eq!(fork.fleet.afoot[0].facts.state, MissionState::OnTheWay);
}

#[test]
fn a_scene_on_the_stations_own_link_is_a_short_mission() {
    for rules in [sim::Rules::Street, sim::Rules::Benchmark] {
        let mut run = run(rules);
        let facts = send(&mut run, "in0", "in0", true);
        assert_eq!(facts.route.len(), 1);
        assert!((3.0..30.0).contains(&facts.estimate), "{}", facts.estimate);
        let mut seconds = 0;
        while !run.state.fleet.afoot[0].mission.is_over() {
            step(&mut run);
            seconds += 1;
            assert!(seconds < 60, "{rules:?}: it does not arrive");
        }
        let arrived = run.state.fleet.afoot[0].mission.progress();
        let taken = arrived.arrived.unwrap() - arrived.ordered;
        assert!((taken - facts.estimate).abs() < 6.0, "{rules:?}: {taken}");
    }
}
