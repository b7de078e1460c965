//! Closures on whole networks: what is closed is closed, everything else goes on.

#![expect(
    clippy::unwrap_used,
    reason = "tests stop at what they did not expect, and say what they skip"
)]

use std::path::PathBuf;
use std::sync::Arc;

use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};
use roads::{Demand, LaneId, Network};
use schemes::closure::{Closure, LiveWorks, Which, Works, diverted, lane_area, rebuilt, share};
use signals::{Protocol, Runner, SimPlant, controllers};
use sim::{Config, Rules, World};

fn scenario() -> (Arc<Network>, Arc<Demand>) {
    let spec = GridSpec {
        columns: 3,
        rows: 3,
        ..GridSpec::default()
    };
    let network = Arc::new(grid(&spec).unwrap());
    let demand = GridDemandSpec {
        vehicles: 600,
        horizon: 900.0,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(&network, &demand).unwrap());
    (network, demand)
}

fn run(network: &Arc<Network>, demand: &Arc<Demand>, rules: Rules, control: &str) -> sim::Metrics {
    let config = Config {
        rules,
        ..Config::default()
    };
    let protocol = Protocol::literature();
    let controller = controllers::by_name(control, network, demand, &protocol).unwrap();
    let plant = SimPlant::new(Arc::clone(network), Arc::clone(demand), config).unwrap();
    let mut runner = Runner::new(plant, controller, &protocol).unwrap();
    runner.run_until(3_600.0).unwrap();
    runner.plant().world().metrics(3_600.0)
}

#[test]
fn without_closures_the_network_the_demand_and_the_run_are_the_same_to_the_bit() {
    let (network, demand) = scenario();
    let (left, remarked) = rebuilt(&network, &Works::default());
    assert_eq!(remarked, schemes::closure::Remarked::default());
    let left = Arc::new(left);
    assert_eq!(format!("{network:?}"), format!("{left:?}"));
    let (same, diversion) = diverted(&network, &left, &demand, 3_600.0, false);
    assert!(Arc::ptr_eq(&same, &demand));
    assert_eq!(diversion.unchanged, 600);

    // And a running world under works that close nothing.
    let world = || World::new(Arc::clone(&network), Arc::clone(&demand), Config::default());
    let (mut plain, mut managed) = (world().unwrap(), world().unwrap());
    let mut works = LiveWorks::new(&network, Works::default());
    for _ in 0..900 {
        plain.step();
        works.act(&mut managed).unwrap();
        managed.step();
    }
    assert!(plain.metrics(900.0).running > 0);
    assert_eq!(plain.save(), managed.save());
}

#[test]
fn every_turn_of_a_road_that_keeps_a_lane_can_still_be_made_and_the_signals_fit() {
    let (network, demand) = scenario();
    for which in [Which::Outermost, Which::Innermost] {
        let shared = share(&network, &demand, 3_600.0, 0.2, which).unwrap();
        assert!((shared.share - 0.2).abs() < 0.01, "{}", shared.share);
        let area: f64 = shared
            .lanes
            .iter()
            .map(|&lane| lane_area(&network, lane))
            .sum();
        assert!((area / shared.total - shared.share).abs() < 1e-9);
        let works = Works::of_lanes(&network, &shared.lanes);
        let (left, remarked) = rebuilt(&network, &works);
        assert_eq!(remarked.lanes, shared.lanes.len());
        assert_eq!(remarked.turns_lost, 0);
        assert_eq!(left.turns.len(), network.turns.len());
        assert_eq!(left.lanes.len() + shared.lanes.len(), network.lanes.len());
        assert!(left.links.iter().all(|link| !link.lanes.is_empty()));
        for (index, signal) in left.signals.iter().enumerate() {
            let own = &network.signals[index];
            for phase in &signal.phases {
                assert_eq!(phase.aspects.len(), signal.movements.len());
            }
            // Whoever had green in a phase has it still.
            for (place, movement) in signal.movements.iter().enumerate() {
                let turn = left.movements[movement.index()].turn;
                let before = own
                    .movements
                    .iter()
                    .position(|id| network.movements[id.index()].turn == turn)
                    .unwrap();
                for (now, was) in signal.phases.iter().zip(&own.phases) {
                    assert_eq!(now.aspects[place], was.aspects[before]);
                }
            }
        }
        assert!(
            roads::check::check(&left, Some(&demand))
                .iter()
                .all(|fault| fault.severity != roads::check::Severity::Error)
        );
    }
}

#[test]
fn with_a_fifth_of_the_lane_area_shut_everybody_still_arrives() {
    let (network, demand) = scenario();
    let shared = share(&network, &demand, 3_600.0, 0.2, Which::Outermost).unwrap();
    let works = Works::of_lanes(&network, &shared.lanes);
    let left = Arc::new(rebuilt(&network, &works).0);
    for rules in [Rules::Benchmark, Rules::Street] {
        let (demand, diversion) =
            diverted(&network, &left, &demand, 3_600.0, rules == Rules::Street);
        assert_eq!((diversion.diverted, diversion.refused), (0, 0));
        let metrics = run(&left, &demand, rules, "brain");
        assert_eq!(metrics.invalid_flows, 0);
        assert_eq!(
            metrics.throughput, metrics.vehicles,
            "{rules:?}: {metrics:?}"
        );
    }
}

#[test]
fn a_link_wholly_shut_is_gone_round_and_who_starts_on_it_is_refused_by_name() {
    let (network, demand) = scenario();
    let link = "road_1_2_0".to_owned();
    let id = network.link_named(&link).unwrap();
    let closure = Closure {
        link,
        ..Closure::default()
    };
    let works = Works::new(&network, &[closure]).unwrap();
    assert!(works.hold_throughout(3_600.0));
    let (left, remarked) = rebuilt(&network, &works);
    assert_eq!(remarked.links_shut, 1);
    let left = Arc::new(left);
    let (other, diversion) = diverted(&network, &left, &demand, 3_600.0, false);
    assert!(diversion.diverted > 0);
    assert_eq!(
        diversion.unchanged + diversion.diverted + diversion.refused,
        600
    );
    assert!(other.routes.iter().all(|route| {
        route.first() == Some(&id) || route.last() == Some(&id) || !route.contains(&id)
    }));
    let metrics = run(&left, &other, Rules::Benchmark, "max-pressure");
    assert_eq!(metrics.throughput, metrics.vehicles, "{metrics:?}");
}

#[test]
fn lanes_are_shut_and_opened_by_time_and_traffic_goes_round() {
    let (network, demand) = scenario();
    let id = network.link_named("road_1_2_0").unwrap();
    let closure = Closure {
        link: "road_1_2_0".to_owned(),
        from: 200.0,
        until: Some(700.0),
        ..Closure::default()
    };
    let works = Works::new(&network, &[closure]).unwrap();
    let mut live = LiveWorks::new(&network, works);
    let config = Config {
        signals: sim::Signals::Plan,
        ..Config::default()
    };
    let mut world = World::new(Arc::clone(&network), Arc::clone(&demand), config).unwrap();
    let lanes = || network.links[id.index()].lanes.range().map(LaneId::from);
    let mut entered = (0, 0);
    let mut known = std::collections::HashSet::new();
    for _ in 0..3_600 {
        live.act(&mut world).unwrap();
        let now = world.time();
        let shut = (200.0..700.0).contains(&now);
        assert!(lanes().all(|lane| world.is_closed(lane) == shut), "{now}");
        world.step();
        for vehicle in lanes().flat_map(|lane| world.lane_vehicles(lane)) {
            if known.insert(vehicle.id) {
                // Those inside the junction when it was shut still come in.
                if shut && now > 220.0 {
                    entered.0 += 1;
                } else {
                    entered.1 += 1;
                }
            }
        }
    }
    assert_eq!(entered.0, 0);
    assert!(entered.1 > 0);
    assert!(live.counts().diverted > 0);
    assert_eq!(live.counts().closed, 0);
}

#[test]
fn what_cannot_be_closed_is_refused_with_the_remedy() {
    let (network, demand) = scenario();
    let refuse = |closure: Closure| Works::new(&network, &[closure]).unwrap_err().to_string();
    let road = || Closure {
        link: "road_1_2_0".to_owned(),
        ..Closure::default()
    };
    assert!(
        refuse(Closure {
            link: "nowhere".to_owned(),
            ..road()
        })
        .contains("nowhere")
    );
    assert!(
        refuse(Closure {
            lanes: vec![7],
            ..road()
        })
        .contains("numbered from 0")
    );
    assert!(
        refuse(Closure {
            until: Some(-1.0),
            ..road()
        })
        .contains("until")
    );
    assert!(
        refuse(Closure {
            speed_limit: Some(0.0),
            ..road()
        })
        .contains("speed_limit")
    );
    for wrong in [0.0, 1.0, f64::NAN, 0.9] {
        let error = share(&network, &demand, 3_600.0, wrong, Which::Outermost).unwrap_err();
        assert!(error.to_string().contains("share"), "{error}");
    }
}

/// Mean network speed: distance over time in the network, waiting to enter included, m/s.
fn speed(metrics: &sim::Metrics) -> f64 {
    metrics.distance / metrics.time_spent
}

#[test]
fn on_hangzhou_the_brain_with_a_fifth_shut_beats_fixed_time_with_all_lanes_open() {
    let given = std::env::var_os("CITYBRAIN_SCENARIOS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/scenarios");
    let Some(root) = given
        .into_iter()
        .chain([beside])
        .find(|path| path.join("hangzhou-4x4").is_dir())
    else {
        println!("skipped: no published scenarios here (set CITYBRAIN_SCENARIOS)");
        return;
    };
    for flow in ["flow.json", "flow_peak.json"] {
        let folder = root.join("hangzhou-4x4");
        let network =
            Arc::new(roads::cityflow::read_network(&folder.join("roadnet.json")).unwrap());
        let demand = roads::cityflow::read_demand(&folder.join(flow), &network).unwrap();
        let demand = Arc::new(demand);
        let shared = share(&network, &demand, 3_600.0, 0.2, Which::Outermost).unwrap();
        let works = Works::of_lanes(&network, &shared.lanes);
        let left = Arc::new(rebuilt(&network, &works).0);
        let (other, diversion) = diverted(&network, &left, &demand, 3_600.0, false);
        println!("{flow}: {:.4} of the area, {diversion:?}", shared.share);
        let open = |control: &str| run(&network, &demand, Rules::Benchmark, control);
        let closed = |control: &str| run(&left, &other, Rules::Benchmark, control);
        let mut brain = 0.0;
        for control in [
            "fixed-time",
            "plan",
            "webster",
            "advanced-max-pressure",
            "brain",
        ] {
            let (one, two) = (open(control), closed(control));
            println!(
                "{control:24} open {:.3} m/s ({} of {}), closed {:.3} m/s ({} of {})",
                speed(&one),
                one.throughput,
                one.vehicles,
                speed(&two),
                two.throughput,
                two.vehicles,
            );
            brain = speed(&two);
        }
        let ratio = brain / speed(&open("fixed-time"));
        println!("ratio {ratio:.3}");
        assert!(ratio >= 1.15, "{flow}: {ratio}");
    }
}
