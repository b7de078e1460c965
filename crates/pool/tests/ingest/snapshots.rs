//! Whole tables: what is new, changed and gone is found, and no more is written than that.

use std::collections::BTreeMap;

use pool::ingest::{Error, LoadOptions, Mode};
use proptest::prelude::*;

use crate::town::{Town, citizen};

fn csv(cards: &BTreeMap<u8, u8>) -> String {
    let mut csv = "number,holder,note\n".to_owned();
    for (card, note) in cards {
        csv.push_str(&format!(
            "card-{card},{},note {note}\n",
            citizen(u32::from(*card) % 3)
        ));
    }
    csv
}

fn shown(cards: &BTreeMap<u8, u8>) -> BTreeMap<String, String> {
    cards
        .iter()
        .map(|(card, note)| {
            (
                format!("card-{card}"),
                format!("card-{card}|{}|note {note}", citizen(u32::from(*card) % 3)),
            )
        })
        .collect()
}

fn everything_may_go() -> LoadOptions {
    LoadOptions {
        mode: Mode::Snapshot,
        allow_deletes: true,
        ..LoadOptions::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn after_a_snapshot_the_table_is_the_file(
        before in proptest::collection::btree_map(any::<u8>(), 0_u8..3, 1..40),
        after in proptest::collection::btree_map(any::<u8>(), 0_u8..3, 0..40),
    ) {
        let town = Town::new();
        town.load("cards", &town.write("a.csv", csv(&before)), Mode::Upsert).unwrap();
        let summary = town.load_with("cards", &town.write("b.csv", csv(&after)), &everything_may_go()).unwrap();
        prop_assert_eq!(town.all("cards"), shown(&after));
        let gone = before.keys().filter(|card| !after.contains_key(card)).count() as u64;
        let same = before.iter().filter(|(card, note)| after.get(card) == Some(note)).count() as u64;
        let changed = before.iter().filter(|(card, note)| after.get(card).is_some_and(|other| other != *note)).count() as u64;
        prop_assert_eq!((summary.deleted, summary.unchanged, summary.replaced), (gone, same, changed));
    }
}

#[test]
fn a_snapshot_that_has_lost_most_of_the_table_is_refused() {
    let town = Town::new();
    let all: BTreeMap<u8, u8> = (0..20).map(|card| (card, 0)).collect();
    town.load("cards", &town.write("a.csv", csv(&all)), Mode::Upsert)
        .unwrap();
    let few: BTreeMap<u8, u8> = (0..17).map(|card| (card, 1)).collect();
    let path = town.write("b.csv", csv(&few));
    let error = town.load("cards", &path, Mode::Snapshot).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Deletes {
                missing: 3,
                there: 20,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(town.all("cards"), shown(&all), "nothing was changed");
    town.load_with("cards", &path, &everything_may_go())
        .unwrap();
    assert_eq!(town.all("cards"), shown(&few));
}

#[test]
fn a_record_that_is_wrong_in_a_snapshot_stays_as_it_was() {
    let town = Town::new();
    let all: BTreeMap<u8, u8> = (0..20).map(|card| (card, 0)).collect();
    town.load("cards", &town.write("a.csv", csv(&all)), Mode::Upsert)
        .unwrap();
    let holder = citizen(7 % 3);
    let wrong = csv(&all).replace(&format!("card-7,{holder}"), "card-7,");
    let summary = town
        .load("cards", &town.write("b.csv", wrong), Mode::Snapshot)
        .unwrap();
    assert_eq!(
        (
            summary.counts.quarantined,
            summary.deleted,
            summary.unchanged
        ),
        (1, 0, 19)
    );
    assert_eq!(town.all("cards"), shown(&all));

    let unknown = csv(&all).replace("card-7,", ",");
    let error = town
        .load("cards", &town.write("c.csv", unknown), Mode::Snapshot)
        .unwrap_err();
    assert!(
        matches!(error, Error::UnknownKeys { unknown: 1, .. }),
        "{error}"
    );
}

#[test]
fn a_snapshot_that_was_stopped_ends_as_if_it_had_not_been() {
    let town = Town::new();
    let before: BTreeMap<u8, u8> = (0..100).map(|card| (card, 0)).collect();
    let after: BTreeMap<u8, u8> = (50..150).map(|card| (card, 1)).collect();
    town.load("cards", &town.write("a.csv", csv(&before)), Mode::Upsert)
        .unwrap();
    let path = town.write("b.csv", csv(&after));
    town.load_with("cards", &path, &everything_may_go())
        .unwrap();
    let newest = *town.pool.newest().borrow();
    town.pool.meta().execute("UPDATE load_job SET batches = 0, finished = NULL, summary = '{}' WHERE mode = 'snapshot'", &[]).unwrap();
    let town = town.reopened();
    let summary = town
        .load_with("cards", &path, &everything_may_go())
        .unwrap();
    assert_eq!((summary.unchanged, summary.deleted), (100, 0));
    assert_eq!(*town.pool.newest().borrow(), newest, "nothing was written");
    assert_eq!(town.all("cards"), shown(&after));
}
