//! Claim T2 on a generated town, and on the published Hangzhou network where it is there.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests stop at what they did not expect, and print figures for docs/benchmarks.md"
)]

mod support;

use std::sync::Arc;

use observe::penetration::{Outcome, Probing, penetration};
use observe::truth::Traffic;
use observe::{Options, Roads, matched};
use roads::generate::{
    CitySpec, DemandSpec, GridDemandSpec, GridSpec, GridStart, city, city_demand, grid,
    grid_demand, read_spec,
};
use roads::{Demand, Network};
use sim::Rules;

use support::Simulated;

fn study(
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    rules: Rules,
    days: u32,
    horizon: f64,
    probings: &[Probing],
) -> Vec<Outcome> {
    let roads = Roads::of(network);
    let matcher = matched::matcher(network, 5.0).unwrap();
    let mut day = |day: u32| -> Result<Box<dyn Traffic>, String> {
        Ok(Box::new(Simulated::new(
            network, demand, rules, day, horizon,
        )))
    };
    penetration(
        days,
        &mut day,
        &roads,
        &matcher,
        probings,
        &Options::default(),
    )
    .unwrap()
}

fn probing(share: f64, every_s: f64, seed: u64) -> Probing {
    Probing {
        share,
        every_s,
        sigma_m: 5.0,
        seed,
    }
}

#[test]
fn when_every_vehicle_is_a_probe_matching_alone_costs_less_than_two_per_cent() {
    let network = Arc::new(grid(&GridSpec::default()).unwrap());
    let spec = GridDemandSpec {
        vehicles: 900,
        horizon: 900.0,
        start: GridStart::Boundary,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(&network, &spec).unwrap());
    let probings = [1.0, 5.0, 10.0].map(|every| probing(1.0, every, 1));
    for outcome in study(&network, &demand, Rules::Benchmark, 1, 1500.0, &probings) {
        assert_eq!(outcome.probe_vehicles, outcome.vehicles);
        assert!(
            outcome.period.error.abs() < 0.02,
            "every {} s: {:?}",
            outcome.probing.every_s,
            outcome.period
        );
    }
}

#[test]
#[ignore = "minutes; prints the figures of docs/benchmarks.md"]
fn five_per_cent_on_hangzhou() {
    let Some(folder) = support::scenarios() else {
        println!("skipped: no published scenarios here (set CITYBRAIN_SCENARIOS)");
        return;
    };
    let folder = folder.join("hangzhou-4x4");
    let network = Arc::new(roads::read::network(&folder.join("roadnet.json")).unwrap());
    for flow in ["flow.json", "flow_peak.json"] {
        let (demand, _) = roads::read::demand(&folder.join(flow), &network).unwrap();
        let mut probings: Vec<Probing> = (0..5).map(|seed| probing(0.05, 5.0, seed)).collect();
        probings.extend([probing(0.05, 1.0, 0), probing(0.05, 10.0, 0)]);
        let found = study(
            &network,
            &Arc::new(demand),
            Rules::Benchmark,
            20,
            3600.0,
            &probings,
        );
        report(flow, &found);
    }
}

#[test]
#[ignore = "minutes; prints the figures of docs/benchmarks.md"]
fn five_per_cent_in_the_demonstration_city() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cities/hangzhou/traffic");
    let streets: CitySpec = read_spec(&folder.join("network.yaml")).unwrap();
    let (network, _) = city(&streets).unwrap();
    let trips: DemandSpec = read_spec(&folder.join("demand.yaml")).unwrap();
    let demand = city_demand(&network, &trips).unwrap();
    let (network, demand) = (Arc::new(network), Arc::new(demand));
    let mut probings: Vec<Probing> = (0..5).map(|seed| probing(0.05, 5.0, seed)).collect();
    probings.extend([probing(0.05, 1.0, 0), probing(0.05, 10.0, 0)]);
    let found = study(&network, &demand, Rules::Street, 3, 3600.0, &probings);
    report("demonstration city", &found);
}

fn report(name: &str, found: &[Outcome]) {
    for outcome in found {
        let Probing {
            share,
            every_s,
            seed,
            ..
        } = outcome.probing;
        println!(
            "{name} share {share} every {every_s} s seed {seed}: period full {:.4} probes {:.4} \
             ({:.4}–{:.4}) error {:+.2} %, days rms {:.2} %, within 2 % on {} of {} days; {} probes of {}",
            outcome.period.full,
            outcome.period.probes.value,
            outcome.period.probes.low,
            outcome.period.probes.high,
            outcome.period.error * 100.0,
            outcome.rms_day_error * 100.0,
            outcome
                .days
                .iter()
                .filter(|day| day.error.abs() <= 0.02)
                .count(),
            outcome.days.len(),
            outcome.probe_vehicles,
            outcome.vehicles
        );
    }
}
