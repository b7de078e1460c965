//! What holds of the outbox and of the database that it lies in.

use std::thread;

use pool::{Error, Options, Pool, Write, values};

use crate::server::on_both;
use crate::town::*;

#[test]
fn a_write_that_is_sent_again_is_done_once() {
    on_both(|options| {
        let pool = open(options);
        let persons = pool.table("persons").unwrap();
        let keyed = |income| Write {
            idempotency_key: Some("k1".to_owned()),
            ..write(&persons, &[person("a", income)])
        };
        pool.write(write(&persons, &[person("a", 0)])).unwrap();
        let first = pool.write(keyed(1)).unwrap();
        pool.write(write(&persons, &[person("a", 2)])).unwrap();
        let again = pool.write(keyed(1)).unwrap();
        assert_eq!(
            (again.seq, again.rows, again.replaced, again.repeated),
            (first.seq, 1, 1, true)
        );
        assert_eq!(
            pool.get(&persons, &[text("a")]).unwrap().unwrap().values,
            person("a", 2)
        );
        let error = pool.write(keyed(9)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the idempotency key `k1` was used for other content: give each write a key of its own"
        );
        let load = || Write {
            idempotency_key: Some("k2".to_owned()),
            ..write(&persons, &[person("b", 1)])
        };
        assert!(!pool.load(load()).unwrap().repeated);
        assert!(pool.load(load()).unwrap().repeated);
        assert_eq!(pool.entries_after(0, 99).unwrap().len(), 4);
    });
}

#[test]
fn writers_at_the_same_time_are_committed_together_and_in_order() {
    on_both(|options| {
        let pool = open(options.clone());
        let persons = pool.table("persons").unwrap();
        thread::scope(|scope| {
            for thread in 0..8 {
                let (pool, persons) = (&pool, &persons);
                scope.spawn(move || {
                    for n in 0..25 {
                        let receipt = pool
                            .write(write(
                                persons,
                                &[person("all", n), person(&format!("{thread}/{n}"), n)],
                            ))
                            .unwrap();
                        assert!(*pool.newest().borrow() >= receipt.seq);
                        assert!(
                            pool.get(persons, &[text(&format!("{thread}/{n}"))])
                                .unwrap()
                                .is_some(),
                            "visible at once"
                        );
                    }
                });
            }
        });
        assert_eq!(pool.count(&persons).unwrap(), 201);
        Replayed::default().is_state_of(&pool, &options.data.join("history"));
    });
}

#[test]
fn entries_that_all_have_taken_are_trimmed_and_asking_for_them_is_an_error() {
    on_both(|options| {
        let pool = open(options.clone());
        let persons = pool.table("persons").unwrap();
        for n in 0..5 {
            pool.write(write(&persons, &[person("a", n)])).unwrap();
        }
        pool.consumed("stream", 2).unwrap();
        pool.settle().unwrap();
        assert_eq!(
            pool.entries_after(0, 9).unwrap().len(),
            5,
            "history waits for them"
        );
        pool.consumed("history", 4).unwrap();
        pool.consumed("history", 3).unwrap();
        assert_eq!(
            pool.cursor("history").unwrap(),
            4,
            "a cursor never goes back"
        );
        pool.settle().unwrap();
        assert!(matches!(
            pool.entries_after(0, 9),
            Err(Error::Trimmed {
                asked: 0,
                oldest: 3
            })
        ));
        assert_eq!(pool.entries_after(2, 9).unwrap().len(), 3);
        pool.consumed("stream", 5).unwrap();
        pool.consumed("history", 5).unwrap();
        pool.settle().unwrap();
        assert!(pool.entries_after(5, 9).unwrap().is_empty());
        assert!(matches!(
            pool.entries_after(4, 9),
            Err(Error::Trimmed {
                asked: 4,
                oldest: 6
            })
        ));
        drop(pool);
        let pool = open(options);
        assert_eq!(
            pool.write(write(&persons, &[person("b", 1)])).unwrap().seq,
            6,
            "numbers go on"
        );
        assert_eq!(pool.count(&persons).unwrap(), 2);
    });
}

#[test]
fn a_full_outbox_refuses_and_names_who_is_behind() {
    on_both(|options| {
        let pool = open(Options {
            outbox_bytes_max: 1,
            ..options
        });
        let persons = pool.table("persons").unwrap();
        pool.write(write(&persons, &[person("a", 1)])).unwrap();
        let error = pool.write(write(&persons, &[person("a", 2)])).unwrap_err();
        assert!(
            matches!(&error, Error::OutboxFull { consumer, .. } if consumer == "history"),
            "{error}"
        );
        pool.consumed("history", 1).unwrap();
        pool.settle().unwrap();
        pool.write(write(&persons, &[person("a", 2)])).unwrap();
    });
}

#[test]
fn the_meta_database_takes_the_same_statements() {
    on_both(|options| {
        let pool = open(options);
        let meta = pool.meta();
        meta.execute("CREATE TABLE note (id BIGINT PRIMARY KEY, word TEXT, share DOUBLE PRECISION, yes BIGINT)", &[]).unwrap();
        let insert = "INSERT INTO note (id, word, share, yes) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET word = excluded.word";
        meta.execute(insert, &values![1_i64, "it's $1", 0.5, true])
            .unwrap();
        meta.execute(insert, &values![1_i64, None::<&str>, 0.5, true])
            .unwrap();
        let failed: Result<(), Error> = meta.transaction(|tx| {
            tx.execute(insert, &values![2_i64, "x", 1.0, false])?;
            Err(Error::NoTable("undone".to_owned()))
        });
        assert!(failed.is_err());
        let rows = meta
            .query(
                "SELECT id, word, share, yes FROM note WHERE id >= $1 ORDER BY id",
                &values![0_i64],
            )
            .unwrap();
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!(row.get::<Option<String>>(1).unwrap(), None);
        assert_eq!(
            (
                row.get::<i64>(0).unwrap(),
                row.get::<f64>(2).unwrap(),
                row.get::<bool>(3).unwrap()
            ),
            (1, 0.5, true)
        );
        assert_eq!(
            row.get::<String>(0).unwrap_err().to_string(),
            "column 0 is an integer, and was to be a text"
        );
        let error = meta.query("SELECT nothing FROM note", &[]).unwrap_err();
        assert!(
            error.to_string().contains("SELECT nothing FROM note"),
            "{error}"
        );
        assert_eq!(
            meta.query("SELECT id FROM note", &[]).unwrap().len(),
            1,
            "it goes on after a fault"
        );
    });
}

#[test]
fn a_second_process_is_kept_out() {
    on_both(|options| {
        let pool = open(options.clone());
        let again = Pool::open(options.clone(), &town(), clock());
        assert!(matches!(again, Err(Error::InUse { .. })));
        drop(pool);
        open(options);
    });
}

#[test]
fn other_tables_are_written_beside_a_load() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(folder.path());
    let pool = open(options.clone());
    let (persons, months) = (
        pool.table("persons").unwrap(),
        pool.table("months").unwrap(),
    );
    let rows: Vec<_> = (0..200_000_i64)
        .map(|n| month(&format!("p{n}"), 1, n.into()))
        .collect();
    let load = write(&months, &rows);
    let (loaded, beside) = thread::scope(|scope| {
        let loading = scope.spawn(|| pool.load(load).unwrap().seq);
        let mut written = Vec::new();
        while !loading.is_finished() {
            let receipt = pool.write(write(&persons, &[person("a", written.len() as i128)]));
            written.push((receipt.unwrap().seq, *pool.newest().borrow()));
        }
        (loading.join().unwrap(), written)
    });
    let early = |(seq, newest): &&(u64, u64)| *seq > loaded && *newest < loaded;
    let early = beside.iter().filter(early).count();
    assert!(
        early > 0,
        "{} writes, none between a load's commit and its end",
        beside.len()
    );
    assert_eq!(*pool.newest().borrow(), beside.len() as u64 + 1);
    Replayed::default().is_state_of(&pool, &options.data.join("history"));
}
