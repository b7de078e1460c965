//! Corridors on whole networks: the offsets that the bands ask for let traffic through with fewer
//! stops.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::sync::Arc;

use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};
use roads::{Demand, Network};
use schemes::LinkWatch;
use schemes::corridor::{Corridor, CorridorsFile, coordinate, widths};
use signals::controllers::Webster;
use signals::{Protocol, Runner, SimPlant};
use sim::Config;

fn scenario() -> (Arc<Network>, Arc<Demand>, Vec<String>) {
    let spec = GridSpec {
        columns: 5,
        rows: 1,
        spacing_x: 420.0,
        ..GridSpec::default()
    };
    let network = Arc::new(grid(&spec).unwrap());
    let demand = GridDemandSpec {
        vehicles: 1_500,
        horizon: 3_600.0,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(&network, &demand).unwrap());
    let names = (1..=5)
        .map(|column| format!("intersection_{column}_1"))
        .collect();
    (network, demand, names)
}

fn delay(network: &Arc<Network>, demand: &Arc<Demand>, corridor: &Corridor, plan: Webster) -> f64 {
    let protocol = Protocol::literature();
    let plant = SimPlant::new(Arc::clone(network), Arc::clone(demand), Config::default()).unwrap();
    let mut runner = Runner::new(plant, Box::new(plan), &protocol).unwrap();
    let mut watch = LinkWatch::new(network);
    for _ in 0..3_600 {
        runner.step().unwrap();
        watch.look(runner.plant().world());
    }
    let links = corridor
        .out_links()
        .into_iter()
        .chain(corridor.back_links());
    watch.sum(links).delay
}

#[test]
fn a_coordinated_corridor_has_wide_bands_and_less_delay_than_the_same_plan_without_offsets() {
    let (network, demand, names) = scenario();
    let corridor = Corridor::through(&network, "avenue", &names).unwrap();
    assert_eq!(corridor.stations.len(), 5);
    assert_eq!((corridor.out.len(), corridor.back.len()), (4, 4));
    for station in &corridor.stations {
        for turn in [station.out, station.back] {
            assert_eq!(
                network.turns[turn.index()].direction,
                roads::Direction::Straight
            );
        }
    }
    let protocol = Protocol::literature();
    let plan = coordinate(&network, &demand, &protocol, &corridor, (None, None)).unwrap();
    println!("{:?} without {:?}", plan.bands, plan.without);
    let stops: Vec<_> = plan.signals.iter().map(|signal| signal.stop).collect();
    let (out, back) = widths(&stops, plan.bands.cycle, &plan.bands.offsets);
    assert!(out >= plan.bands.out && back >= plan.bands.back);
    assert!(out + back > plan.without.0 + plan.without.1);
    let with = delay(&network, &demand, &corridor, plan.controller());
    let without = delay(&network, &demand, &corridor, plan.without_offsets());
    println!(
        "delay {:.2} h with offsets, {:.2} h without",
        with / 3600.0,
        without / 3600.0
    );
    assert!(with < without, "{with} {without}");
}

#[test]
fn corridors_are_read_and_what_cannot_be_one_is_refused() {
    let (network, _, names) = scenario();
    let text = format!(
        "corridors:\n  - {{ id: avenue, junctions: [{}] }}\n",
        names.join(", ")
    );
    let file = CorridorsFile::parse(&text).unwrap();
    assert_eq!(file.corridors[0].junctions.len(), 5);
    assert!(CorridorsFile::parse("corridors: [{ id: a, signals: [] }]").is_err());
    let refuse = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Corridor::through(&network, "x", &names)
            .unwrap_err()
            .to_string()
    };
    assert!(refuse(&["intersection_1_1"]).contains("from 2"));
    assert!(refuse(&["intersection_1_1", "nowhere"]).contains("nowhere"));
    assert!(refuse(&["intersection_1_1", "intersection_0_1"]).contains("no signal"));
    assert!(Corridor::along(&network, "no such street").is_err());
}
