//! What must hold of every index, whatever the table: the property tests of the indices'
//! definitions.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use observe::areas;
use observe::estimate::Source;
use observe::index::{harmonic, measure};
use observe::{Bin, FreeFlow, LinkFacts, LinkObs, Options, Roads, Weight};
use proptest::prelude::*;
use roads::LinkId;
use roads::geometry::Point;
use roads::model::RoadClass;

/// Length, speed, free speed, weight.
fn links(slow: bool) -> impl Strategy<Value = Vec<(f64, f64, f64, f64)>> {
    let link = (1.0..5000.0, 0.05..1.0_f64, 1.0..35.0, 0.1..5000.0).prop_map(
        move |(length, share, free, w)| {
            let v = if slow {
                free * share
            } else {
                free * share * 3.0
            };
            (length, v, free, w)
        },
    );
    prop::collection::vec(link, 1..40)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

fn facts(id: usize, length_m: f64, limit: f64) -> LinkFacts {
    LinkFacts {
        id: format!("l{id}"),
        length_m,
        class: RoadClass::Primary,
        lanes: 2,
        limit,
        static_speed: limit * 0.8,
        street: None,
        middle: Point::new(0.0, 0.0),
    }
}

fn row(link: usize, length_m: f64, speed: f64, n: f64) -> LinkObs {
    LinkObs {
        link: LinkId::from(link),
        bin: Bin(30),
        n,
        vehicles: None,
        speed,
        time_s: length_m / speed,
        se_s: 0.05 * length_m / speed,
        low_s: 0.0,
        high_s: 0.0,
        borrowed: 0.0,
        speed_percentiles: None,
        source: Source::Probes,
    }
}

/// Each link of the list as `parts` links of equal length, through the front door.
fn table(list: &[(f64, f64, f64, f64)], parts: usize) -> (Roads, Vec<LinkObs>) {
    let mut links = Vec::new();
    let mut rows = Vec::new();
    for &(length, v, free, w) in list {
        for _ in 0..parts {
            let length = length / parts as f64;
            rows.push(row(links.len(), length, v, w));
            links.push(facts(links.len(), length, free));
        }
    }
    (Roads::new(links), rows)
}

fn city(list: &[(f64, f64, f64, f64)], parts: usize, options: &Options) -> observe::Measured {
    let (roads, rows) = table(list, parts);
    let groups = [areas::city(&roads, "city")];
    measure(&rows, &roads, &groups, options).unwrap().remove(0)
}

proptest! {
    #[test]
    fn no_index_is_below_one_while_nobody_drives_faster_than_free_flow(list in links(true)) {
        let (tti, _) = harmonic(list.iter().copied()).unwrap();
        prop_assert!(tti >= 1.0 - 1e-12, "{}", tti);
        for weight in Weight::ALL {
            let options = Options { weight, replicates: 0, ..Options::default() };
            prop_assert!(city(&list, 1, &options).tti.value >= 1.0 - 1e-12);
        }
    }

    #[test]
    fn the_index_is_free_of_the_scale_of_weights(list in links(false), scale in 1e-3..1e3) {
        let scaled = list.iter().map(|&(l, v, free, w)| (l, v, free, w * scale));
        let (tti, speed) = harmonic(list.iter().copied()).unwrap();
        let (scaled_tti, scaled_speed) = harmonic(scaled).unwrap();
        prop_assert!(close(tti, scaled_tti) && close(speed, scaled_speed));
    }

    #[test]
    fn splitting_links_changes_neither_index_nor_speed(list in links(false), parts in 2_usize..5) {
        for weight in [Weight::Vkt, Weight::Vehicles, Weight::One] {
            for free_flow in [FreeFlow::Limit, FreeFlow::Top4HourlyMean] {
                let options = Options { weight, free_flow, replicates: 0, ..Options::default() };
                let (whole, split) = (city(&list, 1, &options), city(&list, parts, &options));
                prop_assert!(close(whole.tti.value, split.tti.value));
                prop_assert!(close(whole.speed_kmh.value, split.speed_kmh.value));
                prop_assert!(close(whole.delay_hours.value, split.delay_hours.value));
                prop_assert!(close(whole.congested_km_share.value, split.congested_km_share.value));
            }
        }
    }

    #[test]
    fn the_mean_of_ratios_does_not_survive_a_split(length in 100.0..1000.0_f64) {
        // Why the form is harmonic: a slow short link and a fast long one, the long one split.
        let list = [(length, 2.0, 10.0, 1.0), (length * 9.0, 10.0, 10.0, 1.0)];
        let mean = |list: &[(f64, f64, f64, f64)]| {
            list.iter().map(|&(_, v, free, _)| free / v).sum::<f64>() / list.len() as f64
        };
        let split = [list[0], (length * 4.5, 10.0, 10.0, 1.0), (length * 4.5, 10.0, 10.0, 1.0)];
        prop_assert!((mean(&list) - mean(&split)).abs() > 0.1);
        let (a, b) = (harmonic(list).unwrap(), harmonic(split).unwrap());
        prop_assert!(close(a.0, b.0) && close(a.1, b.1));
    }

    #[test]
    fn speed_and_index_say_the_same(list in links(false)) {
        let (tti, speed) = harmonic(list.iter().copied()).unwrap();
        let way: f64 = list.iter().map(|&(l, _, _, w)| l * w).sum();
        let time: f64 = list.iter().map(|&(l, v, _, w)| l / v * w).sum();
        prop_assert!(close(speed, way / time));
        let free: f64 = list.iter().map(|&(l, _, free, w)| l / free * w).sum();
        // The cap is DiDi's.
        prop_assert!(close(tti, (way / speed / free).min(40.0)));
        let measured = city(&list, 1, &Options { replicates: 0, ..Options::default() });
        prop_assert!(close(measured.tti.value, tti) && close(measured.speed_kmh.value, speed * 3.6));
        prop_assert!(close(measured.tomtom_percent.value, 100.0 * (tti - 1.0)));
    }

    #[test]
    fn the_figure_lies_in_its_interval_and_the_seed_alone_decides(list in links(true), seed in any::<u64>()) {
        let options = Options { replicates: 40, seed, ..Options::default() };
        let one = city(&list, 1, &options);
        for figure in [one.tti, one.speed_kmh, one.delay_hours, one.congested_km_share] {
            prop_assert!(figure.low <= figure.value && figure.value <= figure.high);
        }
        prop_assert_eq!(one, city(&list, 1, &options));
    }
}

#[test]
fn links_without_speed_free_flow_or_weight_are_left_out_and_the_index_is_capped() {
    let good = (100.0, 5.0, 10.0, 1.0);
    let with = [
        good,
        (100.0, 0.0, 10.0, 1.0),
        (100.0, 5.0, 0.0, 1.0),
        (100.0, 5.0, 10.0, 0.0),
    ];
    assert_eq!(harmonic(with), harmonic([good]));
    assert_eq!(harmonic([(100.0, 0.0, 10.0, 1.0)]), None);
    let (tti, _) = harmonic([(100.0, 0.01, 10.0, 1.0)]).unwrap();
    assert!((tti - 40.0).abs() < 1e-12);
}

#[test]
fn days_are_drawn_where_there_are_enough_and_give_a_planning_time() {
    let roads = Roads::new(vec![facts(0, 1000.0, 10.0)]);
    // Nineteen days at 8 m/s and one at 2 m/s: its time is the 95th percentile's neighbour.
    let mut rows: Vec<LinkObs> = (0..20)
        .map(|day| LinkObs {
            bin: Bin(day * 96 + 30),
            ..row(0, 1000.0, if day < 18 { 8.0 } else { 2.0 }, 10.0)
        })
        .collect();
    rows.sort_by_key(|row| row.bin);
    let groups = [areas::city(&roads, "city")];
    let measured = measure(&rows, &roads, &groups, &Options::default())
        .unwrap()
        .remove(0);
    assert_eq!(measured.intervals, observe::index::Basis::Days);
    assert_eq!(measured.pti_basis, Some(observe::index::PtiBasis::Days));
    assert!((measured.pti.unwrap().value - 5.0).abs() < 1e-9);
    assert!(measured.tti.low < measured.tti.value && measured.tti.value < measured.tti.high);
    // 18 days of 125 s and two of 500 s, against 100 s.
    assert!((measured.tti.value - (18.0 * 1.25 + 2.0 * 5.0) / 20.0).abs() < 1e-9);
    let share = measured.profile.recurrent_share.unwrap();
    assert!(share.abs() < 1e-12, "two days of twenty are not recurrent");
}
