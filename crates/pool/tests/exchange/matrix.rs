//! Callers × datasets × fields × purposes × uses × moments, against agreements made up at random:
//! the exchange's answer is that of a model of a dozen lines which knows nothing of its code.

use std::sync::{Arc, OnceLock};

use city::City;
use city::kinds::{Agreement, Dataset, Rate, Sensitivity, Share, Use};
use city::{ContentHash, Reference};
use jiff::civil::{Date, date};
use pool::exchange::{Ask, Basis, Grants, InForce, Meters};
use pool::{Moment, TableId, Tables};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::support::{TITLES, files, town_of};

const DEPARTMENTS: [&str; 3] = ["tax", "housing", "registry"];
const DATASETS: [&str; 4] = ["titles", "persons", "streets", "secrets"];
const PURPOSES: [&str; 3] = ["matter/a", "policy/b", "operation/c"];
const USES: [Use; 5] = [
    Use::LookUp,
    Use::Batch,
    Use::Subscribe,
    Use::Query,
    Use::Bulk,
];

fn world() -> &'static (Arc<City>, Tables) {
    static WORLD: OnceLock<(Arc<City>, Tables)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let city = town_of(&files(TITLES));
        let mut count = 0;
        let tables = Tables::of(&city, |_| {
            count += 1;
            Ok(TableId(count))
        });
        (city, tables.unwrap())
    })
}

fn dataset(id: &str) -> (&'static Dataset, &'static str) {
    let definition = world().0.get::<Dataset>(id).unwrap();
    (&definition.value, definition.department.as_deref().unwrap())
}

fn names(id: &str) -> Vec<String> {
    dataset(id)
        .0
        .fields
        .iter()
        .map(|field| field.name.clone())
        .collect()
}

/// A day around which terms begin and end.
fn day() -> impl Strategy<Value = Date> {
    (1_i8..=28).prop_map(|day| date(2026, 6, day))
}

fn agreement() -> impl Strategy<Value = InForce> {
    (select(&DATASETS[..]), select(&DEPARTMENTS[..]))
        .prop_flat_map(|(dataset, consumer)| {
            let fields = names(dataset);
            let count = fields.len();
            let parts = (
                subsequence(fields, 1..=count),
                subsequence(PURPOSES.to_vec(), 1..=3),
                subsequence(USES.to_vec(), 1..=5),
                (day(), day()),
                0..u32::MAX,
            );
            (Just((dataset, consumer)), parts)
        })
        .prop_map(
            |((dataset, consumer), (fields, purposes, uses, term, number))| {
                let template: Agreement = world()
                    .0
                    .get::<Agreement>("titles-for-tax")
                    .unwrap()
                    .value
                    .clone();
                let agreement = Agreement {
                    id: serde_json::from_value(format!("a{number}").into()).unwrap(),
                    consumer: Reference::new(consumer),
                    dataset: Reference::new(dataset),
                    fields,
                    rows: None,
                    purposes: purposes.into_iter().map(str::to_owned).collect(),
                    from: term.0.min(term.1),
                    until: term.0.max(term.1),
                    uses,
                    rate: Rate {
                        per_second: 1,
                        per_day: 1,
                    },
                    ..template
                };
                InForce::new(
                    agreement,
                    self::dataset(dataset).1,
                    ContentHash::of(&number.to_le_bytes()),
                )
            },
        )
}

#[derive(Clone, Debug)]
struct Question {
    consumer: &'static str,
    dataset: &'static str,
    usage: Use,
    purpose: &'static str,
    fields: Option<Vec<String>>,
    /// In the town's time.
    day: Date,
    hour: i8,
}

fn question() -> impl Strategy<Value = Question> {
    (
        select(&DATASETS[..]),
        select(&DEPARTMENTS[..]),
        select(&USES[..]),
        select(&PURPOSES[..]),
        day(),
        0_i8..24,
    )
        .prop_flat_map(|(dataset, consumer, usage, purpose, day, hour)| {
            let fields = names(dataset);
            let count = fields.len();
            prop::option::of(subsequence(fields, 1..=count)).prop_map(move |fields| Question {
                consumer,
                dataset,
                usage,
                purpose,
                fields,
                day,
                hour,
            })
        })
}

/// The model: which sets of fields may be answered.
fn allowed(question: &Question, agreements: &[InForce]) -> Vec<Vec<String>> {
    let (definition, provider) = dataset(question.dataset);
    let wanted = |granted: Vec<String>| match &question.fields {
        None => Some(granted),
        Some(fields) => fields
            .iter()
            .all(|field| granted.contains(field))
            .then(|| fields.clone()),
    };
    if question.consumer == provider {
        return wanted(names(question.dataset)).into_iter().collect();
    }
    if definition.share == Share::NotShared {
        return Vec::new();
    }
    let covering = agreements
        .iter()
        .filter(|one| covers(question, &one.agreement));
    let mut sets: Vec<Vec<String>> = covering
        .filter_map(|one| wanted(one.agreement.fields.clone()))
        .collect();
    if definition.share == Share::Unconditional && question.usage != Use::Bulk {
        let open = definition.fields.iter().filter(|field| {
            matches!(
                field.sensitivity,
                Sensitivity::Public | Sensitivity::Internal
            )
        });
        sets.extend(wanted(open.map(|field| field.name.clone()).collect()));
    }
    sets
}

fn covers(question: &Question, agreement: &Agreement) -> bool {
    agreement.consumer.id() == question.consumer
        && agreement.dataset.id() == question.dataset
        && agreement
            .purposes
            .iter()
            .any(|purpose| purpose == question.purpose)
        && agreement.uses.contains(&question.usage)
        && (agreement.from..=agreement.until).contains(&question.day)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_exchange_allows_what_the_model_allows_and_nothing_else(
        agreements in prop::collection::vec(agreement(), 0..30),
        questions in prop::collection::vec(question(), 1..30),
    ) {
        let (city, tables) = world();
        let grants = Grants::compile(city, tables, &agreements, &Arc::new(Meters::default()));
        for question in questions {
            let offer = grants.offer(tables.get(question.dataset).unwrap().id).unwrap();
            let fields = question.fields.as_ref().map(|fields| offer.fields(fields.iter().map(String::as_str)).unwrap());
            // The town is eight hours ahead of UTC.
            let at = question.day.at(question.hour, 59, 59, 0).to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).unwrap();
            let now = Moment(at.timestamp().as_microsecond());
            let ask = Ask { consumer: question.consumer, usage: question.usage, purpose: question.purpose, fields: fields.as_ref(), now };
            let answer = offer.authorise(&ask);
            let model = allowed(&question, &agreements);
            match answer {
                Ok(granted) => {
                    let fields = offer.names_of(&granted.fields);
                    prop_assert!(model.iter().any(|set| sorted(set) == sorted(&fields)), "{question:?}: {fields:?} not in {model:?}");
                    if let Basis::Agreement(grant) = &granted.basis {
                        let largest = agreements_of(&question, &agreements).map(|one| one.agreement.fields.len()).max();
                        prop_assert!(question.fields.is_some() || Some(grant.fields.len()) == largest, "not the one that gives most");
                    }
                }
                Err(denial) => prop_assert!(model.is_empty(), "{question:?}: {denial}, but {model:?}"),
            }
        }
    }
}

fn agreements_of<'a>(
    question: &'a Question,
    agreements: &'a [InForce],
) -> impl Iterator<Item = &'a InForce> {
    agreements
        .iter()
        .filter(move |one| covers(question, &one.agreement))
}

fn sorted(names: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names
}
