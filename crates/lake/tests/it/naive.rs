//! Guarded answers against a reference of a few lines: rows are filtered and fields masked in
//! plain Rust, then the question's own condition is applied.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::guard::grant;
use crate::support::{Person, person, persons, town};

/// A condition in SQL and in Rust. A missing value makes it unknown, which lets nothing pass.
#[derive(Clone, Debug)]
enum Condition {
    District(&'static str),
    PointsAbove(i64),
    PointsMissing,
    Not(Box<Condition>),
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
}

impl Condition {
    fn sql(&self) -> String {
        match self {
            Self::District(name) => format!("district = '{name}'"),
            Self::PointsAbove(least) => format!("points > {least}"),
            Self::PointsMissing => "points IS NULL".to_owned(),
            Self::Not(inner) => format!("NOT ({})", inner.sql()),
            Self::Both(left, right) => format!("({} AND {})", left.sql(), right.sql()),
            Self::Either(left, right) => format!("({} OR {})", left.sql(), right.sql()),
        }
    }

    fn holds(&self, person: &Person) -> Option<bool> {
        match self {
            Self::District(name) => person.district.as_ref().map(|district| district == name),
            Self::PointsAbove(least) => person.points.map(|points| points > *least),
            Self::PointsMissing => Some(person.points.is_none()),
            Self::Not(inner) => inner.holds(person).map(|holds| !holds),
            Self::Both(left, right) => match (left.holds(person), right.holds(person)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Either(left, right) => match (left.holds(person), right.holds(person)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["xihu", "yuhang", "gongshu"]).prop_map(Condition::District),
        (-2_i64..6).prop_map(Condition::PointsAbove),
        Just(Condition::PointsMissing),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|inner| Condition::Not(Box::new(inner))),
            (inner.clone(), inner.clone())
                .prop_map(|(left, right)| Condition::Both(Box::new(left), Box::new(right))),
            (inner.clone(), inner)
                .prop_map(|(left, right)| Condition::Either(Box::new(left), Box::new(right))),
        ]
    })
}

fn people() -> impl Strategy<Value = Vec<Person>> {
    let one = (
        prop::option::weighted(0.8, prop::sample::select(vec!["xihu", "yuhang", "gongshu"])),
        prop::option::weighted(0.8, -2_i64..6),
    );
    prop::collection::vec(one, 0..40).prop_map(|all| {
        let person = |(at, (district, points)): (usize, (Option<&str>, Option<i64>))| Person {
            district: district.map(str::to_owned),
            points,
            ..person(&format!("P{at:02}"), "", 0)
        };
        all.into_iter().enumerate().map(person).collect()
    })
}

/// A grant of both fields or of one, and its row filter.
fn grants() -> impl Strategy<Value = Vec<(Vec<&'static str>, Option<Condition>)>> {
    let fields = prop::sample::select(vec![
        vec!["points"],
        vec!["district"],
        vec!["district", "points"],
    ]);
    prop::collection::vec((fields, prop::option::weighted(0.8, condition())), 1..4)
}

/// What the session may see of a person, by the book.
fn seen(person: &Person, grants: &[(Vec<&str>, Option<Condition>)]) -> Option<Person> {
    let passing: Vec<_> = grants
        .iter()
        .filter(|(_, rows)| {
            rows.as_ref()
                .is_none_or(|rows| rows.holds(person) == Some(true))
        })
        .collect();
    if passing.is_empty() {
        return None;
    }
    let may = |field: &str| passing.iter().any(|(fields, _)| fields.contains(&field));
    let mut person = person.clone();
    if !may("district") {
        person.district = None;
    }
    if !may("points") {
        person.points = None;
    }
    Some(person)
}

#[test]
fn guarded_answers_are_those_of_the_reference() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 40,
        ..Config::default()
    });
    let cases = (people(), people(), grants(), condition());
    let result = runner.run(&cases, |(first, second, grants, asked)| {
        runtime.block_on(async {
            let mut town = town().await;
            let table = town.table("persons");
            // Some rows lie in files, some in an overlay that replaces some of them.
            town.feed
                .write("persons", persons(&table, &first), &vec![true; first.len()]);
            town.keeper.flush().await.unwrap();
            town.feed.write(
                "persons",
                persons(&table, &second),
                &vec![true; second.len()],
            );
            town.keeper.step().await.unwrap();
            let mut all = first.clone();
            for person in &second {
                all.retain(|old| old.number != person.number);
                all.push(person.clone());
            }

            let given: Vec<_> = grants
                .iter()
                .map(|(fields, rows)| grant(fields, rows.as_ref().map(Condition::sql).as_deref()))
                .collect();
            let both = ["district", "points"]
                .iter()
                .all(|field| grants.iter().any(|(fields, _)| fields.contains(field)));
            let session = town.session("housing", given).await;
            let visible: Vec<Person> = all
                .iter()
                .filter_map(|person| seen(person, &grants))
                .collect();
            let count = session
                .query("SELECT count(*) FROM civil_affairs.persons")
                .await
                .unwrap()
                .collect()
                .await
                .unwrap();
            let count = arrow::util::display::array_value_to_string(count[0].column(0), 0).unwrap();
            prop_assert_eq!(count, visible.len().to_string());
            if !both {
                return Ok(());
            }
            let question = format!(
                "SELECT district, points FROM civil_affairs.persons WHERE {}",
                asked.sql()
            );
            let answer = session
                .query(&question)
                .await
                .unwrap()
                .collect()
                .await
                .unwrap();
            let mut ours = Vec::new();
            for batch in &answer {
                for row in 0..batch.num_rows() {
                    let text = |at: usize| {
                        arrow::util::display::array_value_to_string(batch.column(at), row).unwrap()
                    };
                    ours.push((text(0), text(1)));
                }
            }
            let text = |person: &Person| {
                (
                    person.district.clone().unwrap_or_default(),
                    person
                        .points
                        .map(|points| points.to_string())
                        .unwrap_or_default(),
                )
            };
            let mut theirs: Vec<_> = visible
                .iter()
                .filter(|person| asked.holds(person) == Some(true))
                .map(text)
                .collect();
            ours.sort();
            theirs.sort();
            prop_assert_eq!(ours, theirs, "{}", question);
            Ok(())
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
