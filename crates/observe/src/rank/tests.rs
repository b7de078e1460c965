//! Tests of `rank`.

use super::*;

fn city(name: &str, index: f64, half: f64) -> CityIndex {
    CityIndex {
        city: name.to_owned(),
        period: "2018-Q2".to_owned(),
        index,
        low: (half > 0.0).then_some(index - half),
        high: (half > 0.0).then_some(index + half),
    }
}

fn panel(count: usize, half: f64) -> Vec<CityIndex> {
    (0..count)
        .map(|i| city(&format!("c{i:03}"), 2.0 / (1.0 + i as f64 * 0.006), half))
        .collect()
}

#[test]
fn a_rank_comes_with_its_number_and_percentile() {
    let ranking = rank(&panel(100, 0.0), 100, 1).unwrap();
    let place = &ranking.places[56];
    assert_eq!((place.rank, place.of, ranking.ranked), (57, 100, 100));
    assert!((place.percentile - 100.0 * 56.0 / 99.0).abs() < 1e-9);
    assert_eq!((place.rank_low, place.rank_high), (57, 57));
    let alone = rank(&panel(1, 0.0), 10, 1).unwrap_err().to_string();
    assert!(alone.contains("no rank"), "{alone}");
}

#[test]
fn wide_intervals_make_wide_ranks() {
    let narrow = rank(&panel(50, 0.002), 400, 2).unwrap();
    let wide = rank(&panel(50, 0.05), 400, 2).unwrap();
    let width = |ranking: &Ranking| {
        let place = &ranking.places[25];
        place.rank_high - place.rank_low
    };
    assert!(width(&narrow) <= 1, "{}", width(&narrow));
    assert!(width(&wide) >= 5, "{}", width(&wide));
    assert_eq!(wide, rank(&panel(50, 0.05), 400, 2).unwrap());
}

#[test]
fn equal_cities_share_a_rank() {
    let cities = [
        city("a", 2.0, 0.0),
        city("b", 2.0, 0.0),
        city("c", 1.5, 0.0),
    ];
    let ranking = rank(&cities, 0, 0).unwrap();
    let ranks: Vec<usize> = ranking.places.iter().map(|place| place.rank).collect();
    assert_eq!(ranks, [1, 1, 3]);
}

#[test]
fn fifth_of_sixty_and_fifty_seventh_of_a_hundred_are_compared_by_percentile() {
    let mut before = panel(60, 0.01);
    let mut after = panel(100, 0.01);
    // The city of interest: 5th before, 57th after.
    "x".clone_into(&mut before[4].city);
    "x".clone_into(&mut after[56].city);
    let moved = compare(&before, &after, 200, 3).unwrap();
    let x = moved.iter().find(|moved| moved.city == "x").unwrap();
    assert_eq!((x.rank, x.of), ([5, 57], [60, 100]));
    assert!(x.percentile[0] < 8.0 && x.percentile[1] > 50.0);
    assert!(x.better > 0.99 && x.common == 59, "{x:?}");
}

#[test]
fn a_hundred_thousand_cities_are_compared_in_moments() {
    // With a search through all cities for each this takes minutes.
    let before = panel(CITIES_MAX, 0.0);
    let after: Vec<CityIndex> = before
        .iter()
        .rev()
        .map(|known| city(&known.city, known.index, 0.0))
        .collect();
    let moved = compare(&before, &after, 0, 1).unwrap();
    assert_eq!(moved.len(), CITIES_MAX);
    assert!(moved.iter().all(|one| one.rank[0] == one.rank[1]));
}

#[test]
fn what_is_no_ranking_is_refused() {
    let twice = [city("a", 2.0, 0.0), city("a", 1.0, 0.0)];
    assert!(rank(&twice, 0, 0).unwrap_err().to_string().contains('a'));
    let wrong = [city("a", f64::NAN, 0.0), city("b", 1.0, 0.0)];
    assert!(rank(&wrong, 0, 0).is_err());
    assert!(
        compare(
            &panel(2, 0.0),
            &[city("y", 1.0, 0.0), city("z", 2.0, 0.0)],
            0,
            0
        )
        .is_err()
    );
}
