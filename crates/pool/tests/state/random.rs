//! Random writes, deletes and loads, against a map.

use pool::{Options, Pool, Table, Value};
use proptest::prelude::*;
use std::sync::Arc;

use crate::server::on_both;
use crate::town::*;

#[derive(Clone, Debug)]
enum Step {
    Write(&'static str, Vec<(u8, u8, u8)>),
    Delete(&'static str, Vec<(u8, u8, u8)>),
    Load(&'static str, Vec<(u8, u8, u8)>),
    Settle,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let table = || prop_oneof![Just("persons"), Just("months"), Just("titles")];
    let rows = || prop::collection::vec((0..6_u8, 0..3_u8, any::<u8>()), 1..12);
    let step = prop_oneof![
        6 => (table(), rows()).prop_map(|(table, rows)| Step::Write(table, rows)),
        3 => (table(), rows()).prop_map(|(table, rows)| Step::Delete(table, rows)),
        3 => (table(), rows()).prop_map(|(table, rows)| Step::Load(table, rows)),
        1 => Just(Step::Settle),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

fn rows(table: &Table, rows: &[(u8, u8, u8)]) -> Vec<Vec<Value>> {
    let row = |(one, two, three): &(u8, u8, u8)| match table.dataset.as_str() {
        "persons" => person(&format!("p{one}"), (*three).into()),
        "months" => month(&format!("p{one}"), (*two).into(), (*three).into()),
        _ => title(
            &format!("t{one}"),
            (*two).into(),
            &format!("p{}", three % 4),
            (*three).into(),
        ),
    };
    rows.iter().map(row).collect()
}

fn run(options: &Options, steps: &[Step]) {
    let history = options.data.join("history");
    let mut pool: Option<Arc<Pool>> = Some(open(options.clone()));
    for step in steps {
        let here = Arc::clone(pool.as_ref().unwrap());
        let table = |name: &str| here.table(name).unwrap();
        match step {
            Step::Write(name, some) => drop(
                here.write(write(&table(name), &rows(&table(name), some)))
                    .unwrap(),
            ),
            Step::Delete(name, some) => drop(
                here.write(deletes(&table(name), &rows(&table(name), some)))
                    .unwrap(),
            ),
            Step::Load(name, some) => drop(
                here.load(write(&table(name), &rows(&table(name), some)))
                    .unwrap(),
            ),
            Step::Settle => here.settle().unwrap(),
            Step::Reopen => {
                drop((pool.take(), here));
                pool = Some(open(options.clone()));
            }
        }
    }
    let pool = pool.unwrap();
    Replayed::default().is_state_of(&pool, &history);
    let titles = pool.table("titles").unwrap();
    let by_subject: usize = (0..4)
        .map(|n| {
            pool.of_subject(&titles, &format!("p{n}"), 99)
                .unwrap()
                .len()
        })
        .sum();
    assert_eq!(
        by_subject as u64,
        pool.count(&titles).unwrap(),
        "each title has one owner"
    );
}

#[test]
fn random_writes_leave_what_the_outbox_says() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&steps(), |steps| {
            on_both(|options| run(&options, &steps));
            Ok(())
        })
        .unwrap();
}

fn any_person() -> impl Strategy<Value = Vec<Value>> {
    let or_null =
        |strategy: BoxedStrategy<Value>| prop_oneof![1 => Just(Value::Null), 4 => strategy];
    let digits = -10_i128.pow(18) + 1..10_i128.pow(18);
    let word = prop_oneof![Just("north".to_owned()), Just("east".to_owned()), ".{0,9}"];
    (
        or_null((-700_000..2_900_000_i32).prop_map(Value::Date).boxed()),
        or_null(word.prop_map(|word| Value::Text(word.into())).boxed()),
        or_null(digits.clone().prop_map(money).boxed()),
        or_null(
            digits
                .prop_map(|digits| Value::Decimal { digits, scale: 3 })
                .boxed(),
        ),
        or_null(any::<i64>().prop_map(Value::Integer).boxed()),
        or_null(any::<bool>().prop_map(Value::Boolean).boxed()),
        or_null(
            prop_oneof![
                any::<i64>(),
                (-1_000_000_000..9_000_000_000_i64).prop_map(|s| s * 1_000_000)
            ]
            .prop_map(Value::Datetime)
            .boxed(),
        ),
        or_null(
            any::<String>()
                .prop_map(|text| Value::Text(text.into()))
                .boxed(),
        ),
    )
        .prop_map(|(a, b, c, d, e, f, g, h)| vec![Value::Null, a, b, c, d, e, f, g, h])
}

#[test]
fn any_record_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let pool = open(Options::new(folder.path()));
    let persons = pool.table("persons").unwrap();
    let config = ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let rows = prop::collection::vec(any_person(), 1..40);
    runner
        .run(&(rows, any::<bool>()), |(mut rows, bulk)| {
            for (nth, row) in rows.iter_mut().enumerate() {
                row[0] = text(&format!("p{nth}"));
            }
            let write = write(&persons, &rows);
            let done = if bulk {
                pool.load(write)
            } else {
                pool.write(write)
            };
            done.unwrap();
            for row in &rows {
                prop_assert_eq!(&pool.get(&persons, &row[..1]).unwrap().unwrap().values, row);
            }
            Ok(())
        })
        .unwrap();
}
