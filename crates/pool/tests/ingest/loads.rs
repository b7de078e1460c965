//! Files are taken exactly once, whatever interrupts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pool::ingest::{LoadOptions, Mode, load};
use pool::sources::file::Source;

use crate::town::{Town, citizen, people_csv};

/// Cards with notes so long that the file has several batches.
fn many_cards(count: usize) -> String {
    let note = "n".repeat(50_000);
    let mut csv = "number,holder,note\n".to_owned();
    for at in 0..count {
        csv.push_str(&format!("card-{at},{},{note}{at}\n", citizen(1)));
    }
    csv
}

#[test]
fn a_file_is_loaded_once_unless_asked_for_again() {
    let town = Town::new();
    let path = town.write("people.csv", people_csv(1..=10, "p"));
    let first = town.load("people", &path, Mode::Upsert).unwrap();
    assert_eq!(
        (first.counts.accepted, first.replaced, first.already),
        (10, 0, false)
    );
    let second = town.load("people", &path, Mode::Upsert).unwrap();
    assert_eq!((second.counts.accepted, second.already), (10, true));
    let again = LoadOptions {
        again: true,
        ..LoadOptions::default()
    };
    let third = town.load_with("people", &path, &again).unwrap();
    assert_eq!(
        (third.counts.accepted, third.replaced, third.already),
        (10, 10, false)
    );
    let other = town.write("people.csv", people_csv(1..=11, "p"));
    assert_eq!(
        town.load("people", &other, Mode::Upsert).unwrap().replaced,
        10
    );
    assert_eq!(town.count("people"), 11);
}

#[test]
fn a_load_that_was_stopped_goes_on_behind_its_last_batch() {
    let town = Town::new();
    let path = town.write("cards.csv", many_cards(1_500));
    let source = Source::file(&path).unwrap();
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        load(
            &town.pool,
            &town.table("cards"),
            &source,
            &LoadOptions::default(),
            &|_| panic!("stopped on purpose"),
        )
        .map(drop)
    }));
    assert!(stopped.is_err());
    let after_one = town.count("cards");
    assert!(after_one > 0 && after_one < 1_500, "{after_one}");
    let town = town.reopened();
    let summary = town.load("cards", &path, Mode::Upsert).unwrap();
    assert_eq!(
        (summary.resumed, summary.counts.records, summary.replaced),
        (1, 1_500, 0)
    );
    assert_eq!(town.count("cards"), 1_500);
}

#[test]
fn a_batch_whose_acknowledgement_was_lost_is_not_written_twice() {
    let town = Town::new();
    let path = town.write("cards.csv", many_cards(1_500));
    town.load("cards", &path, Mode::Upsert).unwrap();
    let newest = *town.pool.newest().borrow();
    town.pool
        .meta()
        .execute(
            "UPDATE load_job SET batches = 0, finished = NULL, summary = '{}'",
            &[],
        )
        .unwrap();
    let town = town.reopened();
    let summary = town.load("cards", &path, Mode::Upsert).unwrap();
    assert_eq!(*town.pool.newest().borrow(), newest, "nothing was written");
    assert_eq!(
        (summary.counts.accepted, town.count("cards")),
        (1_500, 1_500)
    );
}

#[test]
fn only_new_records_are_inserted_and_others_quarantined() {
    let town = Town::new();
    town.load(
        "people",
        &town.write("a.csv", people_csv(1..=5, "p")),
        Mode::Insert,
    )
    .unwrap();
    let mut csv = people_csv(4..=8, "p");
    csv = csv.replace("p5,", "other,");
    let summary = town
        .load("people", &town.write("b.csv", csv), Mode::Insert)
        .unwrap();
    assert_eq!(
        (
            summary.counts.accepted,
            summary.unchanged,
            summary.counts.quarantined
        ),
        (4, 1, 1)
    );
    assert_eq!(town.count("people"), 8);
    assert_eq!(town.value("people", &citizen(5), "name").unwrap(), "p5");
}

#[test]
fn a_list_of_keys_deletes_and_needs_nothing_else() {
    let town = Town::new();
    town.load(
        "people",
        &town.write("a.csv", people_csv(1..=5, "p")),
        Mode::Upsert,
    )
    .unwrap();
    let keys = format!(
        "citizen_number\n{}\n{}\n{}\nnobody\n",
        citizen(2),
        citizen(3),
        citizen(99)
    );
    let summary = town
        .load("people", &town.write("gone.csv", keys), Mode::Delete)
        .unwrap();
    assert_eq!(
        (summary.deleted, summary.absent, summary.counts.quarantined),
        (2, 1, 1)
    );
    assert_eq!(town.count("people"), 3);

    let cards = format!("number,holder\na,{0}\nb,{0}\n", citizen(1));
    town.load("cards", &town.write("cards.csv", cards), Mode::Upsert)
        .unwrap();
    let summary = town
        .load(
            "cards",
            &town.write("gone-cards.csv", "number\nb\nc\n"),
            Mode::Delete,
        )
        .unwrap();
    assert_eq!(
        (summary.deleted, summary.absent),
        (1, 1),
        "the subject was looked up"
    );
    assert_eq!(town.count("cards"), 1);
}

#[test]
fn compressed_files_and_other_separators_are_read() {
    use std::io::Write;
    let town = Town::new();
    let csv = people_csv(1..=100, "p").replace(',', "\t");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(csv.as_bytes()).unwrap();
    let path = town.write("people.csv.gz", gzip.finish().unwrap());
    assert_eq!(
        town.load("people", &path, Mode::Upsert)
            .unwrap()
            .counts
            .accepted,
        100
    );
    let zstd = zstd::encode_all(people_csv(101..=200, "p").as_bytes(), 1).unwrap();
    let path = town.write("people.csv.zst", zstd);
    assert_eq!(
        town.load("people", &path, Mode::Upsert)
            .unwrap()
            .counts
            .accepted,
        100
    );
}

#[test]
fn each_load_leaves_a_measure_of_quality() {
    let town = Town::new();
    town.load(
        "people",
        &town.write("a.csv", people_csv(1..=10, "p")),
        Mode::Upsert,
    )
    .unwrap();
    let mut cards = "number,holder,note\n".to_owned();
    for at in 0..8 {
        cards.push_str(&format!("card-{at},{},\n", citizen(at + 5)));
    }
    cards.push_str(&format!("card-0,{},\n,,\n", citizen(5)));
    town.load("cards", &town.write("cards.csv", cards), Mode::Upsert)
        .unwrap();
    let measures = pool::quality::latest(town.pool.meta()).unwrap();
    let of = |dataset: &str| {
        measures
            .iter()
            .find(|quality| quality.dataset == dataset)
            .unwrap()
            .clone()
    };
    let (people, cards) = (of("people"), of("cards"));
    assert_eq!(
        (people.records, people.completeness, people.validity),
        (10, Some(1.0), Some(1.0))
    );
    assert_eq!(cards.records, 10);
    // Persons 5 to 10 are there, 11 and 12 are not.
    assert_eq!(cards.integrity, Some(0.75));
    assert_eq!(cards.uniqueness, Some(0.9));
    assert_eq!(cards.validity, Some(0.9));
    assert!(cards.measures.complete["note"].abs() < f64::EPSILON);
    assert_eq!(
        pool::quality::history(town.pool.meta(), "cards", 10)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn rules_that_warn_are_counted_and_stop_nothing() {
    let town = Town::new();
    let csv = people_csv(1..=3, "p").replace("1200.50", "0");
    let summary = town
        .load("people", &town.write("a.csv", csv), Mode::Upsert)
        .unwrap();
    assert_eq!(
        (
            summary.counts.accepted,
            summary.counts.warnings["has-income"]
        ),
        (3, 3)
    );
}
