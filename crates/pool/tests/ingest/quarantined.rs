//! The quarantine keeps what came until somebody corrects or discards it; on both databases.

use std::sync::Arc;

use pool::ingest::{Code, LoadOptions, Mode, load};
use pool::quarantine::{self, Correction, Filter, State};
use pool::sources::file::Source;
use pool::{Moment, Pool, StandingClock, Value};

use crate::server::on_both;
use crate::town::{PEOPLE, citizen, people_csv, town_with};

const WAITING: Filter = Filter {
    dataset: None,
    load: None,
    code: None,
    state: Some(State::Waiting),
    after: 0,
};

fn clock() -> Arc<StandingClock> {
    Arc::new(StandingClock::at(Moment(1_790_000_000_000_000)))
}

/// Loads people of whom the third has a wrong birthday and the fifth too many children.
fn load_some(pool: &Arc<Pool>, folder: &std::path::Path) {
    let mut csv = people_csv(1..=5, "p");
    csv = csv
        .replace("p3,female,1950-01-01", "p3,female,1950-02-30")
        .replace("p5,female,1950-01-01,0", "p5,female,1950-01-01,50");
    let path = folder.join("people.csv");
    std::fs::write(&path, csv).unwrap();
    let source = Source::file(&path).unwrap();
    let summary = load(
        pool,
        &pool.table("people").unwrap(),
        &source,
        &LoadOptions::default(),
        &|_| {},
    )
    .unwrap();
    assert_eq!(
        (summary.counts.accepted, summary.counts.quarantined),
        (3, 2)
    );
}

fn corrected(series: u32) -> String {
    format!(
        "{{\"citizen_number\": \"{}\", \"name\": \"mended\", \"born_on\": \"1950-02-28\"}}",
        citizen(series)
    )
}

#[test]
fn a_record_can_be_corrected_once() {
    on_both(|options| {
        let folder = options.data.clone();
        let clock = clock();
        let pool = Pool::open(options, &town_with(PEOPLE), Arc::clone(&clock) as _).unwrap();
        load_some(&pool, &folder);
        let waiting = quarantine::list(pool.meta(), &WAITING, 10).unwrap();
        assert_eq!(waiting.len(), 2);
        let held = &waiting[0];
        assert_eq!((held.place, held.faults[0].code), (4, Code::NoSuchDate));
        assert!(held.raw.contains("1950-02-30"), "{}", held.raw);
        assert_eq!(held.record.as_ref().unwrap()["name"], "p3");

        let still = quarantine::correct(&pool, held.id, "{\"name\": 1}", "", false).unwrap();
        assert!(matches!(still, Correction::Wrong { .. }), "{still:?}");
        let taken = quarantine::correct(&pool, held.id, &corrected(3), "wang", false).unwrap();
        assert!(matches!(taken, Correction::Taken { .. }), "{taken:?}");
        let again = quarantine::correct(&pool, held.id, &corrected(3), "wang", false).unwrap_err();
        assert!(again.to_string().contains("corrected already"), "{again}");
        let table = pool.table("people").unwrap();
        let record = pool
            .get(&table, &[Value::Text(citizen(3).into())])
            .unwrap()
            .unwrap();
        assert_eq!(record.values[1], Value::Text("mended".into()));
        let counts = quarantine::counts(pool.meta()).unwrap();
        assert_eq!(
            counts
                .iter()
                .map(|count| (count.state.as_str(), count.records))
                .collect::<Vec<_>>(),
            [("corrected", 1), ("waiting", 1)]
        );
    });
}

#[test]
fn what_is_older_than_the_pools_record_is_not_taken_unless_forced() {
    on_both(|options| {
        let folder = options.data.clone();
        let clock = clock();
        let pool = Pool::open(options, &town_with(PEOPLE), Arc::clone(&clock) as _).unwrap();
        load_some(&pool, &folder);
        let held = quarantine::list(pool.meta(), &WAITING, 10).unwrap();
        clock.advance(1_000_000);
        let path = folder.join("newer.csv");
        std::fs::write(&path, people_csv(3..=3, "newer")).unwrap();
        load(
            &pool,
            &pool.table("people").unwrap(),
            &Source::file(&path).unwrap(),
            &LoadOptions::default(),
            &|_| {},
        )
        .unwrap();
        let late = quarantine::correct(&pool, held[0].id, &corrected(3), "", false).unwrap();
        assert!(matches!(late, Correction::Outdated { .. }), "{late:?}");
        let forced = quarantine::correct(&pool, held[0].id, &corrected(3), "", true).unwrap();
        assert!(matches!(forced, Correction::Taken { .. }), "{forced:?}");
    });
}

#[test]
fn records_are_replayed_when_their_rule_has_changed() {
    on_both(|options| {
        let folder = options.data.clone();
        let clock = clock();
        let pool = Pool::open(options, &town_with(PEOPLE), Arc::clone(&clock) as _).unwrap();
        load_some(&pool, &folder);
        let same = quarantine::replay(&pool, &Filter::default(), "").unwrap();
        assert_eq!((same.taken, same.wrong), (0, 2));
        pool.use_city(&town_with(
            &PEOPLE.replace("children in [0..20]", "children in [0..99]"),
        ))
        .unwrap();
        let replayed = quarantine::replay(&pool, &Filter::default(), "the rule was wrong").unwrap();
        assert_eq!((replayed.taken, replayed.wrong), (1, 1));
        assert_eq!(pool.count(&pool.table("people").unwrap()).unwrap(), 4);
        let again = quarantine::replay(&pool, &Filter::default(), "").unwrap();
        assert_eq!((again.taken, again.wrong), (0, 1));
    });
}

#[test]
fn what_is_discarded_is_forgotten_and_counted() {
    on_both(|options| {
        let folder = options.data.clone();
        let pool = Pool::open(options, &town_with(PEOPLE), clock()).unwrap();
        load_some(&pool, &folder);
        let ids: Vec<u64> = quarantine::list(pool.meta(), &WAITING, 10)
            .unwrap()
            .iter()
            .map(|held| held.id)
            .collect();
        assert_eq!(
            quarantine::discard(pool.meta(), &ids, pool.clock().now(), "nobody wants them")
                .unwrap(),
            2
        );
        assert_eq!(
            quarantine::discard(pool.meta(), &ids, pool.clock().now(), "").unwrap(),
            0
        );
        let held = quarantine::get(pool.meta(), ids[0]).unwrap().unwrap();
        assert_eq!(
            (held.state, held.raw.as_str(), held.record),
            (State::Discarded, "", None)
        );
        let bytes = pool
            .meta()
            .query("SELECT records, bytes FROM quarantine_held", &[])
            .unwrap();
        assert_eq!(
            (
                bytes[0].get::<i64>(0).unwrap(),
                bytes[0].get::<i64>(1).unwrap()
            ),
            (0, 0)
        );
    });
}

#[test]
fn a_full_quarantine_stops_the_load_and_loses_nothing() {
    on_both(|options| {
        let folder = options.data.clone();
        let pool = Pool::open(options, &town_with(PEOPLE), clock()).unwrap();
        let table = pool.table("people").unwrap();
        let path = folder.join("people.csv");
        std::fs::write(&path, people_csv(1..=20, "p").replace("female", "f")).unwrap();
        let source = Source::file(&path).unwrap();
        let small = LoadOptions {
            mode: Mode::Upsert,
            quarantine_bytes_max: 2_000,
            ..LoadOptions::default()
        };
        let error = load(&pool, &table, &source, &small, &|_| {}).unwrap_err();
        assert!(error.to_string().contains("quarantine holds"), "{error}");
        assert!(
            quarantine::list(pool.meta(), &WAITING, 10)
                .unwrap()
                .is_empty(),
            "all or none of a batch"
        );
        let summary = load(&pool, &table, &source, &LoadOptions::default(), &|_| {}).unwrap();
        assert_eq!(summary.counts.quarantined, 20);
        assert_eq!(
            quarantine::list(pool.meta(), &WAITING, 100).unwrap().len(),
            20
        );
    });
}
