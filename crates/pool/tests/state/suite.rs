//! What holds of keyed state wherever it lies.

use std::sync::Arc;

use pool::{Payload, Value, Write};

use crate::server::on_both;
use crate::town::*;

#[test]
fn what_was_written_is_found_by_key_and_by_subject() {
    on_both(|options| {
        let pool = open(options);
        let (persons, months) = (
            pool.table("persons").unwrap(),
            pool.table("registry/months").unwrap(),
        );
        let receipt = pool
            .write(write(&persons, &[person("a", 5), person("b", 6)]))
            .unwrap();
        assert_eq!(
            (
                receipt.seq,
                receipt.rows,
                receipt.replaced,
                receipt.repeated
            ),
            (1, 2, 0, false)
        );
        pool.write(write(
            &months,
            &[month("a", 2, 1), month("a", -1, 2), month("b", 1, 3)],
        ))
        .unwrap();
        let record = pool.get(&persons, &[text("a")]).unwrap().unwrap();
        assert_eq!(record.values, person("a", 5));
        assert_eq!(
            (record.from, record.version),
            (pool.clock().now(), persons.version)
        );
        assert!(pool.get(&persons, &[text("c")]).unwrap().is_none());
        let of_a: Vec<_> = pool
            .of_subject(&months, "a", 10)
            .unwrap()
            .into_iter()
            .map(|record| record.values)
            .collect();
        assert_eq!(of_a, [month("a", -1, 2), month("a", 2, 1)]);
        assert_eq!(pool.of_subject(&months, "a", 1).unwrap().len(), 1);
        assert_eq!(
            pool.get(&months, &[text("a"), Value::Integer(2)])
                .unwrap()
                .unwrap()
                .values,
            month("a", 2, 1)
        );
        assert_eq!(
            (pool.count(&persons).unwrap(), pool.count(&months).unwrap()),
            (2, 3)
        );
    });
}

#[test]
fn missing_values_come_back_as_missing() {
    on_both(|options| {
        let pool = open(options);
        let persons = pool.table("persons").unwrap();
        let mut row = vec![Value::Null; 9];
        row[0] = text("nobody");
        pool.write(write(&persons, std::slice::from_ref(&row)))
            .unwrap();
        assert_eq!(
            pool.get(&persons, &[text("nobody")])
                .unwrap()
                .unwrap()
                .values,
            row
        );
    });
}

#[test]
fn replacing_and_deleting_are_counted() {
    on_both(|options| {
        let pool = open(options);
        let persons = pool.table("persons").unwrap();
        pool.write(write(&persons, &[person("a", 1), person("b", 1)]))
            .unwrap();
        let receipt = pool
            .write(write(
                &persons,
                &[person("a", 2), person("c", 2), person("a", 3)],
            ))
            .unwrap();
        assert_eq!((receipt.rows, receipt.replaced, receipt.doubled), (2, 1, 1));
        assert_eq!(
            pool.get(&persons, &[text("a")]).unwrap().unwrap().values,
            person("a", 3),
            "the last wins"
        );
        let receipt = pool
            .write(deletes(&persons, &[person("a", 0), person("z", 0)]))
            .unwrap();
        assert_eq!((receipt.rows, receipt.replaced), (2, 1));
        assert!(pool.get(&persons, &[text("a")]).unwrap().is_none());
        assert_eq!(pool.count(&persons).unwrap(), 2);
    });
}

#[test]
fn a_record_that_goes_to_another_subject_leaves_the_first() {
    on_both(|options| {
        let pool = open(options);
        let titles = pool.table("titles").unwrap();
        pool.write(write(
            &titles,
            &[title("t1", 1, "ann", 50), title("t1", 2, "ann", 60)],
        ))
        .unwrap();
        let receipt = pool
            .write(write(&titles, &[title("t1", 1, "bob", 50)]))
            .unwrap();
        assert_eq!(receipt.replaced, 1);
        assert_eq!(pool.of_subject(&titles, "ann", 9).unwrap().len(), 1);
        assert_eq!(pool.of_subject(&titles, "bob", 9).unwrap().len(), 1);
        assert_eq!(pool.count(&titles).unwrap(), 2);
        let key = [text("t1"), Value::Integer(1)];
        assert_eq!(
            pool.get(&titles, &key).unwrap().unwrap().values,
            title("t1", 1, "bob", 50)
        );
        let moved = pool.entries_after(1, 9).unwrap().remove(0).moved;
        assert_eq!(moved, [(0, "ann".to_owned())]);
        // A delete that names the wrong subject still deletes.
        pool.write(deletes(&titles, &[title("t1", 1, "ann", 0)]))
            .unwrap();
        assert!(pool.get(&titles, &key).unwrap().is_none());
        assert!(pool.of_subject(&titles, "bob", 9).unwrap().is_empty());
        // And again to somebody, by a load, within which it moves once more.
        pool.load(write(
            &titles,
            &[
                title("t1", 2, "cat", 1),
                title("t2", 1, "cat", 1),
                title("t1", 2, "dan", 2),
            ],
        ))
        .unwrap();
        assert!(pool.of_subject(&titles, "ann", 9).unwrap().is_empty());
        assert_eq!(pool.of_subject(&titles, "cat", 9).unwrap().len(), 1);
        assert_eq!(pool.of_subject(&titles, "dan", 9).unwrap().len(), 1);
        pool.check().unwrap();
    });
}

#[test]
fn batches_that_do_not_fit_are_refused() {
    on_both(|options| {
        let pool = open(options);
        let (persons, months) = (
            pool.table("persons").unwrap(),
            pool.table("months").unwrap(),
        );
        let refused = |write: Write| pool.write(write).unwrap_err().to_string();
        let other = Write {
            table: Arc::clone(&months),
            ..write(&persons, &[person("a", 1)])
        };
        assert_eq!(
            refused(other),
            "registry/months: column 1 is `born_on`, Date32, and must be `month`, Int64"
        );
        let mut row = month("a", 1, 1);
        row[2] = Value::Null;
        assert_eq!(
            refused(write(&months, &[row])),
            "registry/months: row 0: `paid` is missing, and every record must have it"
        );
        let mut row = person("a", 1);
        row[0] = Value::Null;
        assert_eq!(
            refused(deletes(&persons, &[row])),
            "registry/persons: row 0: `person` is missing, and every record must have it"
        );
        let long = person(&"x".repeat(1_001), 1);
        assert_eq!(
            refused(write(&persons, &[long])),
            "bytes of a subject: 1001 is more than the limit of 1000"
        );
        let many = vec![month("a", 1, 1); 100_001];
        assert_eq!(
            refused(write(&months, &many)),
            "rows of a write: 100001 is more than the limit of 100000"
        );
        let error = pool.get(&months, &[text("a")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "registry/months: the key is (person, month), not (a text)"
        );
        assert_eq!(
            pool.table("pets").unwrap_err().to_string(),
            "no dataset `pets`"
        );
        assert_eq!(*pool.newest().borrow(), 0, "nothing was written");
    });
}

#[test]
fn a_load_is_sorted_into_files_that_the_outbox_names() {
    on_both(|options| {
        let pool = open(options.clone());
        let months = pool.table("months").unwrap();
        pool.write(write(&months, &[month("p7", 3, 0)])).unwrap();
        let mut rows: Vec<_> = (0..6_000_i64)
            .map(|n| month(&format!("p{}", n % 500), n / 500, n.into()))
            .collect();
        rows.push(month("p7", 3, 99));
        let receipt = pool.load(write(&months, &rows)).unwrap();
        assert_eq!(
            (receipt.seq, receipt.rows, receipt.replaced, receipt.doubled),
            (2, 6_000, 1, 1)
        );
        assert_eq!(
            pool.get(&months, &[text("p7"), Value::Integer(3)])
                .unwrap()
                .unwrap()
                .values,
            month("p7", 3, 99)
        );
        let entry = pool.entries_after(1, 9).unwrap().remove(0);
        assert_eq!(entry.replaced, Some(1));
        let Payload::Files(files) = entry.payload else {
            panic!("not files")
        };
        assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 6_000);
        assert_eq!(
            files.iter().map(|file| file.bucket).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4]
        );
        assert!(files.iter().all(|file| file.subject_min < file.subject_max));
        let mut replayed = Replayed::default();
        replayed.is_state_of(&pool, &options.data.join("history"));
        drop(pool);
        replayed.is_state_of(&open(options.clone()), &options.data.join("history"));
    });
}
