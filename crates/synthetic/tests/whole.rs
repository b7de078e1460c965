//! A whole city of 2,000 persons: its records are right, agree with each other, and are the same
//! on any number of threads.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use city::kinds::{Dataset, FieldFormat, RuleSeverity};
use city::numbers::{check_citizen_number, check_credit_code, citizen_number_birth_date};
use city::{City, Definitions};
use decide::{Judgement, Rule, Value};
use synthetic::{Format, Generator, Population};

const PERSONS: u64 = 2_000;
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 25);

fn hangzhou() -> City {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cities/hangzhou");
    Definitions::read(folder).0
}

struct Whole {
    city: City,
    generator: Generator,
    records: BTreeMap<String, RecordBatch>,
}

static WHOLE: LazyLock<Whole> = LazyLock::new(|| {
    let city = hangzhou();
    let population = Arc::new(Population::plan(PERSONS, 7, TODAY).unwrap());
    let generator = Generator::new(&city, population).unwrap();
    let all = |source| {
        let batches: Vec<RecordBatch> = (0..synthetic::Source::parts(source))
            .flat_map(|part| generator.batches(source, part))
            .map(Result::unwrap)
            .collect();
        let whole = concat_batches(source.schema(), &batches).unwrap();
        (source.dataset().to_owned(), whole)
    };
    let records = generator.sources().iter().map(all).collect();
    Whole {
        city,
        generator,
        records,
    }
});

/// The column `name` of a dataset as texts, without what is missing.
fn texts(dataset: &str, name: &str) -> Vec<String> {
    let column = WHOLE.records[dataset].column_by_name(name).unwrap();
    let texts = column.as_string::<i32>();
    texts.iter().flatten().map(str::to_owned).collect()
}

fn value(column: &dyn Array, row: usize) -> Value<'_> {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => Value::text(column.as_string::<i32>().value(row)),
        DataType::Int64 => Value::number(column.as_primitive::<Int64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            let digits = column.as_primitive::<Decimal128Type>().value(row);
            Value::decimal(digits, scale.cast_unsigned())
        }
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(..) => {
            Value::Datetime(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        other => panic!("{other}"),
    }
}

fn datasets() -> impl Iterator<Item = (&'static Dataset, &'static RecordBatch)> {
    let of = |definition: &'static city::Definition<Dataset>| {
        (&definition.value, &WHOLE.records[&definition.id])
    };
    WHOLE.city.all::<Dataset>().map(of)
}

#[test]
fn every_dataset_has_records_and_its_own_columns() {
    let empty: Vec<&str> = datasets()
        .filter(|(_, records)| records.num_rows() == 0)
        .map(|(dataset, _)| dataset.id.as_str())
        .collect();
    // Rare at 2,000 persons: six in a thousand of a few dozen enterprises.
    let rare = [
        "credit-penalties",
        "high-tech-certificates",
        "tax-arrears",
        "presale-permits",
        "judgment-defaulting-enterprises",
    ];
    assert!(empty.iter().all(|id| rare.contains(id)), "{empty:?}");
    for (dataset, records) in datasets() {
        let names: Vec<&str> = dataset
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        let schema = records.schema();
        let columns: Vec<&str> = schema
            .fields()
            .iter()
            .map(|one| one.name().as_str())
            .collect();
        assert_eq!(names, columns, "{}", dataset.id);
        assert!(schema.metadata().contains_key("demonstration"));
    }
}

#[test]
fn every_error_rule_holds_for_every_record() {
    let mut broken = BTreeMap::new();
    for (dataset, records) in datasets() {
        let fields = decide::definitions::fields_of(dataset);
        for quality in dataset
            .quality
            .iter()
            .filter(|rule| rule.severity == RuleSeverity::Error)
        {
            let rule = Rule::condition(&quality.rule, &fields).unwrap();
            for row in 0..records.num_rows() {
                let row: Vec<Value> = records
                    .columns()
                    .iter()
                    .map(|column| value(column, row))
                    .collect();
                if rule.judge(&row) == Judgement::Breaks {
                    *broken
                        .entry(format!("{} {}", dataset.id, quality.rule))
                        .or_insert(0) += 1;
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn formats_lists_and_lengths_are_kept() {
    for (dataset, records) in datasets() {
        for (field, column) in dataset.fields.iter().zip(records.columns()) {
            let Some(texts) = column.as_string_opt::<i32>() else {
                continue;
            };
            for text in texts.iter().flatten() {
                let here = format!("{}.{}: {text}", dataset.id, field.name);
                match field.format {
                    Some(FieldFormat::CitizenNumber) => {
                        assert_eq!(check_citizen_number(text), Ok(()), "{here}");
                    }
                    Some(FieldFormat::CreditCode) => {
                        assert_eq!(check_credit_code(text), Ok(()), "{here}");
                    }
                    Some(FieldFormat::Month) => {
                        assert!(text.len() == 7 && text.as_bytes()[4] == b'-', "{here}");
                    }
                    _ => {}
                }
                let listed =
                    field.one_of.is_empty() || field.one_of.iter().any(|word| word == text);
                assert!(listed, "{here}");
                let most = field.max_length.unwrap_or(500) as usize;
                assert!(text.chars().count() <= most, "{here}");
            }
        }
    }
}

#[test]
fn every_key_is_there_once_and_subjects_ascend() {
    for (dataset, records) in datasets() {
        let column = |name: &String| records.column_by_name(name).unwrap();
        let keys: Vec<_> = dataset.key.iter().map(column).collect();
        let mut seen = HashSet::new();
        for row in 0..records.num_rows() {
            let key: Vec<String> = keys
                .iter()
                .map(|column| value(column, row).to_string())
                .collect();
            assert!(seen.insert(key.clone()), "{}: {key:?}", dataset.id);
        }
        let source = WHOLE.generator.source(dataset.id.as_str()).unwrap();
        if source.is_core() {
            let subjects = texts(dataset.id.as_str(), &dataset.subject_field);
            assert!(subjects.is_sorted(), "{}", dataset.id);
        }
    }
}

#[test]
fn every_reference_finds_its_record() {
    let mut known: HashMap<(String, String), HashSet<String>> = HashMap::new();
    for (dataset, records) in datasets() {
        for (field, column) in dataset.fields.iter().zip(records.columns()) {
            let Some(reference) = &field.references else {
                continue;
            };
            let target = (reference.dataset.id().to_owned(), reference.field.clone());
            let there = known
                .entry(target.clone())
                .or_insert_with(|| texts(&target.0, &target.1).into_iter().collect());
            for text in column.as_string::<i32>().iter().flatten() {
                let here = format!("{}.{} {text} → {target:?}", dataset.id, field.name);
                assert!(there.contains(text), "{here}");
            }
        }
    }
}

#[test]
fn people_are_as_old_as_people_are() {
    let residents = &WHOLE.records["residents"];
    let born = residents
        .column_by_name("birth_date")
        .unwrap()
        .as_primitive::<Date32Type>();
    let numbers = texts("residents", "citizen_number");
    assert_eq!(numbers.len() as u64, PERSONS);
    let mut ages = [0_u32; 3];
    for (row, number) in numbers.iter().enumerate() {
        let date = citizen_number_birth_date(number).unwrap();
        let days = date
            .since(jiff::civil::date(1970, 1, 1))
            .unwrap()
            .get_days();
        assert_eq!(days, born.value(row));
        match TODAY.since((jiff::Unit::Year, date)).unwrap().get_years() {
            0..=14 => ages[0] += 1,
            15..=59 => ages[1] += 1,
            60..=110 => ages[2] += 1,
            other => panic!("{other} years old"),
        }
        // The seventeenth digit tells the sex.
        let odd = number.as_bytes()[16] % 2 == 1;
        let male = residents
            .column_by_name("sex")
            .unwrap()
            .as_string::<i32>()
            .value(row)
            == "male";
        assert_eq!(odd, male);
    }
    let share = |count: u32| count * 100 / PERSONS as u32;
    assert!((8..=25).contains(&share(ages[0])), "{ages:?}");
    assert!((50..=75).contains(&share(ages[1])), "{ages:?}");
    assert!((10..=30).contains(&share(ages[2])), "{ages:?}");
}

#[test]
fn headcounts_count_the_insured() {
    let months = &WHOLE.records["social-insurance-months"];
    let column = |batch: &RecordBatch, name: &str| batch.column_by_name(name).unwrap().clone();
    let (employers, month) = (column(months, "credit_code"), column(months, "month"));
    let mut insured: HashMap<(String, String), i64> = HashMap::new();
    for row in 0..months.num_rows() {
        let key = |array: &Arc<dyn Array>| array.as_string::<i32>().value(row).to_owned();
        *insured.entry((key(&employers), key(&month))).or_default() += 1;
    }
    let counts = &WHOLE.records["enterprise-headcounts"];
    let (firms, month) = (column(counts, "credit_code"), column(counts, "month"));
    let number = column(counts, "headcount");
    for row in 0..counts.num_rows() {
        let key = |array: &Arc<dyn Array>| array.as_string::<i32>().value(row).to_owned();
        let stated = number.as_primitive::<Int64Type>().value(row);
        let counted = insured.remove(&(key(&firms), key(&month))).unwrap_or(0);
        assert_eq!(stated, counted, "{} {}", key(&firms), key(&month));
    }
    assert!(
        insured.is_empty(),
        "insured where nobody is counted: {insured:?}"
    );
}

#[test]
fn a_marriage_stands_with_both_and_the_dead_stand_nowhere_later() {
    let numbers = texts("marriages", "citizen_number");
    let spouses = texts("marriages", "spouse_citizen_number");
    let of: HashMap<&String, &String> = numbers.iter().zip(&spouses).collect();
    assert!(
        numbers
            .iter()
            .zip(&spouses)
            .all(|(one, other)| of[other] == one)
    );
    let deaths = &WHOLE.records["deaths"];
    let dead: BTreeMap<String, i32> = texts("deaths", "citizen_number")
        .into_iter()
        .zip(
            deaths
                .column_by_name("died_on")
                .unwrap()
                .as_primitive::<Date32Type>()
                .iter()
                .flatten(),
        )
        .collect();
    assert!(!dead.is_empty());
    let months = &WHOLE.records["social-insurance-months"];
    let people = months
        .column_by_name("citizen_number")
        .unwrap()
        .as_string::<i32>();
    let month = months.column_by_name("month").unwrap().as_string::<i32>();
    for row in 0..months.num_rows() {
        if let Some(died) = dead.get(people.value(row)) {
            let first: jiff::civil::Date = format!("{}-01", month.value(row)).parse().unwrap();
            let days = first
                .since(jiff::civil::date(1970, 1, 1))
                .unwrap()
                .get_days();
            assert!(days <= *died, "{} paid for after death", people.value(row));
        }
    }
}

/// The bytes of some files, made on `threads` threads.
fn made(threads: usize) -> Vec<Vec<u8>> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let population = Arc::new(Population::plan(PERSONS, 11, TODAY).unwrap());
        let generator = Generator::new(&WHOLE.city, population).unwrap();
        let file = |name: &&str| {
            let source = generator.source(name).unwrap();
            let mut out = Vec::new();
            generator
                .write(source, 0, Format::Parquet, 0.0, &mut out, |_| {})
                .unwrap();
            out
        };
        let names = [
            "residents",
            "title-deeds",
            "enterprise-headcounts",
            "tax-payments",
            "city-cases",
        ];
        names.iter().map(file).collect()
    })
}

#[test]
fn one_seed_gives_one_city_on_any_number_of_threads() {
    let alone = made(1);
    assert!(alone == made(4));
    let other = Population::plan(PERSONS, 12, TODAY).unwrap();
    let first = |population: &Population| population.citizen_number(0).unwrap();
    assert_ne!(
        first(&other),
        first(&Population::plan(PERSONS, 11, TODAY).unwrap())
    );
}

#[test]
fn every_format_holds_every_record() {
    let source = WHOLE.generator.source("public-security/residents").unwrap();
    let write = |format, rate| {
        let mut out = Vec::new();
        let written = WHOLE
            .generator
            .write(source, 0, format, rate, &mut out, |_| {})
            .unwrap();
        (written, out)
    };
    let (written, csv) = write(Format::Csv, 0.0);
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!((written.records, written.faults.total()), (PERSONS, 0));
    assert_eq!(csv.lines().count() as u64, PERSONS + 1);
    assert!(csv.starts_with("citizen_number,name,sex,birth_date,"));
    let (_, lines) = write(Format::JsonLines, 0.0);
    let lines = String::from_utf8(lines).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(first["birth_date"].as_str().unwrap().len() == 10);
    let (_, bytes) = write(Format::Arrow, 0.0);
    let reader =
        arrow::ipc::reader::FileReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
    let rows: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows as u64, PERSONS);
    for format in [
        Format::Parquet,
        Format::Csv,
        Format::JsonLines,
        Format::Arrow,
    ] {
        assert_eq!(write(format, 0.0).1, write(format, 0.0).1, "{format:?}");
    }
}

#[test]
fn wrong_records_are_as_many_as_it_says() {
    let source = WHOLE.generator.source("residents").unwrap();
    let mut out = Vec::new();
    let written = WHOLE
        .generator
        .write(source, 0, Format::Csv, 0.05, &mut out, |_| {})
        .unwrap();
    let faults = written.faults;
    assert!((60..=140).contains(&faults.total()), "{faults:?}");
    assert_eq!(written.records, PERSONS + faults.duplicates);
    let text = String::from_utf8(out).unwrap();
    let numbers: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    let given: Vec<&&str> = numbers.iter().filter(|number| !number.is_empty()).collect();
    let wrong = given
        .iter()
        .filter(|number| check_citizen_number(number).is_err())
        .count() as u64;
    assert_eq!(wrong, faults.check_characters);
    let distinct: BTreeSet<&&&str> = given.iter().collect();
    assert_eq!((given.len() - distinct.len()) as u64, faults.duplicates);
    assert!(text.matches("-02-30").count() as u64 <= faults.values && faults.values > 0);
    assert!(faults.words > 0 && faults.missing > 0);
}
