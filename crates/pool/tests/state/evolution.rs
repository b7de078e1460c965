//! Definitions change, records stay.

use pool::{Error, Pool, Value};

use crate::server::on_both;
use crate::town::*;

const MORE: &str = "  - {name: hobby, title: {zh: 爱好, en: Hobby}, type: text}\n";

#[test]
fn a_new_field_reads_as_missing_and_a_dropped_one_is_gone() {
    on_both(|options| {
        let pool = open(options.clone());
        let persons = pool.table("persons").unwrap();
        let old = persons.version;
        pool.write(write(&persons, &[person("a", 1)])).unwrap();
        let less = super::town::persons(MORE).replace(
            "  - {name: children, title: {zh: 项, en: children}, type: integer}\n",
            "",
        );
        pool.use_city(&town_with(&less)).unwrap();
        let persons = pool.table("persons").unwrap();
        let record = pool.get(&persons, &[text("a")]).unwrap().unwrap();
        let mut wanted = person("a", 1);
        wanted.remove(5);
        wanted.push(Value::Null);
        assert_eq!((record.values, record.version), (wanted.clone(), old));
        let mut other = wanted.clone();
        other[0] = text("b");
        other[8] = text("chess");
        pool.write(write(&persons, std::slice::from_ref(&other)))
            .unwrap();
        let record = pool.get(&persons, &[text("b")]).unwrap().unwrap();
        assert_eq!((record.values, record.version), (other, persons.version));
        assert_eq!(
            pool.scan(&persons)
                .unwrap()
                .map(|batch| batch.unwrap().num_rows())
                .sum::<usize>(),
            2
        );
        assert_eq!(
            pool.entries_after(0, 9).unwrap().len(),
            2,
            "old entries are read with the new columns"
        );
        drop(pool);
        let pool = open(options);
        let persons = pool.table("persons").unwrap();
        let mut back = person("b", 1);
        back[5] = Value::Null;
        assert_eq!(
            pool.get(&persons, &[text("b")]).unwrap().unwrap().values,
            back
        );
        assert_eq!(
            pool.get(&persons, &[text("a")]).unwrap().unwrap().values,
            person("a", 1)
        );
    });
}

#[test]
fn another_key_is_refused_while_there_are_records() {
    on_both(|options| {
        let pool = open(options.clone());
        let persons = pool.table("persons").unwrap();
        let other =
            town_with(&super::town::persons("").replace("key: [person]", "key: [person, name]"));
        pool.write(write(&persons, &[person("a", 1)])).unwrap();
        let error = pool.use_city(&other).unwrap_err();
        assert!(
            matches!(&error, Error::Definitions(what) if what.contains("its key was (person) and is (person, name)")),
            "{error}"
        );
        pool.write(deletes(&persons, &[person("a", 1)])).unwrap();
        pool.use_city(&other).unwrap();
        drop(pool);
        Pool::open(options, &other, clock()).unwrap();
    });
}
