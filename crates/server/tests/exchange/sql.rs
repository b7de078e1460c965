//! Questions in SQL over HTTP: forms, limits, accounts, and ways around.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::ipc::reader::StreamReader;
use pool::Write;
use pool::exchange::{Entry, Step};
use serde_json::{Value as Json, json};

use crate::server::{Answer, Server};
use crate::sharing::{every_use, generous_town, town_with};
use crate::support::{Town, client, files, town_of};

const SQL: &str = "/exchange/v1/sql";
const PURPOSE: &str = "matter/property-tax";

impl Server {
    /// A question of a client's, for a purpose.
    fn ask_for(&self, client: &str, purpose: &str, accept: &str, body: &str) -> Answer {
        let token = self.token_for(client, purpose, "POST", SQL, body.as_bytes());
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", accept),
        ];
        let mut answer = self.call("POST", SQL, &headers, body.as_bytes());
        if answer.header("transfer-encoding").is_some() {
            answer.body = dechunked(&answer.body);
        }
        answer
    }

    fn ask(&self, question: &str) -> Answer {
        let body = json!({ "sql": question }).to_string();
        self.ask_for("tax-systems", PURPOSE, "application/json", &body)
    }
}

fn dechunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}

fn generous() -> Server {
    Server::of(generous_town(), |router, _| router, None)
}

/// The questions that the ledger has, as agreement, fields and records.
fn questions(server: &Server) -> Vec<(String, String, u64)> {
    let entries = server.town.entries().into_iter();
    entries
        .filter_map(|entry| match entry {
            Entry::Transfer(it) if it.way == "query" => {
                Some((it.agreement, it.fields.join(" "), it.records))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn an_answer_comes_in_each_form() {
    let server = generous();
    let body =
        json!({"sql": "SELECT number, area FROM housing.titles ORDER BY number"}).to_string();
    let ask = |accept: &str| server.ask_for("tax-systems", PURPOSE, accept, &body);
    let json = ask("application/json");
    assert_eq!(json.status, 200, "{json:?}");
    assert_eq!(
        json.json(),
        json!([{"number": "T1", "area": 80}, {"number": "T3", "area": 60}])
    );
    assert_eq!(json.header("cache-control"), Some("no-store"));
    assert_eq!(ask("*/*").header("content-type"), Some("application/json"));
    let text = |answer: Answer| String::from_utf8(answer.body).unwrap();
    assert_eq!(text(ask("text/csv")), "number,area\nT1,80\nT3,60\n");
    assert_eq!(
        text(ask("application/x-ndjson")),
        "{\"number\":\"T1\",\"area\":80}\n{\"number\":\"T3\",\"area\":60}\n"
    );
    let arrow = ask("application/vnd.apache.arrow.stream");
    let reader = StreamReader::try_new(Cursor::new(arrow.body), None).unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    let none = ask("image/png");
    assert_eq!((none.status, none.problem().as_str()), (406, "request"));
}

#[test]
fn the_ledger_tells_how_many_records_left() {
    let server = generous();
    assert_eq!(server.ask("SELECT * FROM housing.titles").status, 200);
    assert_eq!(
        server.ask("SELECT max(area) FROM housing.titles").status,
        200
    );
    assert_eq!(
        server
            .ask("SELECT area FROM housing.titles WHERE area > 1000")
            .status,
        200
    );
    assert_eq!(server.ask("SELECT 1").status, 200, "reads nothing");
    assert_eq!(
        server.ask("SELECT nonsense FROM housing.titles").status,
        422,
        "is not begun"
    );
    let agreement = || "titles-for-tax".to_owned();
    assert_eq!(
        questions(&server),
        [
            (agreement(), "area number owner".to_owned(), 2),
            (agreement(), "area".to_owned(), 1),
            (agreement(), "area".to_owned(), 0),
        ]
    );
}

#[test]
fn questions_are_taken_out_of_the_agreements_rate() {
    let titles = every_use().replace("per_day: 1000", "per_day: 3");
    let server = Server::of(town_with(&titles), |router, _| router, None);
    assert_eq!(server.ask("SELECT * FROM housing.titles").status, 200);
    let too_many = server.ask("SELECT * FROM housing.titles");
    assert_eq!(
        (too_many.status, too_many.problem().as_str()),
        (429, "quota")
    );
    assert!(too_many.header("retry-after").is_some());
    assert_eq!(
        server.ask("SELECT count(*) FROM housing.titles").status,
        200,
        "one is left"
    );
    assert_eq!(
        server.ask("SELECT count(*) FROM housing.titles").status,
        429
    );
    // Calls a second: five, and a burst of ten.
    let server = generous();
    let answered = (0..30)
        .filter(|_| server.ask("SELECT count(*) FROM housing.titles").status == 200)
        .count();
    assert_eq!(answered, 10);
    let denied = server.town.entries().into_iter().any(
        |entry| matches!(entry, Entry::Denial(denied) if denied.denied == "rate" && denied.way == "query"),
    );
    assert!(denied);
}

#[test]
fn all_agreements_for_the_purpose_together_let_see() {
    let mut files = files(&every_use());
    let void = "\
id: void-titles-for-tax
title: {zh: 注销房产, en: Void titles for tax}
consumer: tax
dataset: titles
fields: [number, status]
rows: status = \"void\"
purposes: [matter/property-tax]
legal_basis: [{zh: 税法, en: The tax law}]
from: 2026-01-01
until: 2026-12-31
uses: [query]
rate: {per_second: 5, per_day: 1000}
";
    files.push((
        "departments/housing/agreements/void-titles-for-tax.yaml".to_owned(),
        void.to_owned(),
    ));
    let town = Town::new();
    town.exchange.reload(town_of(&files)).unwrap();
    for agreement in ["titles-for-tax", "void-titles-for-tax"] {
        town.agree(agreement);
    }
    let server = Server::of(town, |router, _| router, None);
    let question = "SELECT number, area, status FROM housing.titles ORDER BY number";
    let answer = server.ask(question);
    assert_eq!(
        answer.json(),
        json!([
            {"number": "T1", "area": 80},
            {"number": "T2", "status": "void"},
            {"number": "T3", "area": 60},
        ]),
        "each row as its own agreement shows it"
    );
    let mut entries = questions(&server);
    entries.sort();
    let entry = |agreement: &str, fields: &str| (agreement.to_owned(), fields.to_owned(), 3);
    assert_eq!(
        entries,
        [
            entry("titles-for-tax", "area number"),
            entry("void-titles-for-tax", "number status"),
        ]
    );
    let step = server
        .town
        .sign("housing-office", "titles-for-tax", Step::Revoke);
    server.town.exchange.step(&step).unwrap();
    assert_eq!(
        server.ask("SELECT * FROM housing.titles").json(),
        json!([{"number": "T2", "status": "void"}])
    );
}

#[test]
fn who_may_not_ask_is_told_why() {
    let server = generous();
    let body = json!({"sql": "SELECT 1"}).to_string();
    let none = server.call(
        "POST",
        SQL,
        &[("content-type", "application/json")],
        body.as_bytes(),
    );
    assert_eq!((none.status, none.problem().as_str()), (401, "token"));
    let office = server.ask_for("tax-office", PURPOSE, "*/*", &body);
    assert_eq!((office.status, office.problem().as_str()), (403, "role"));
    // Another purpose, another department, another dataset: the table is not there at all.
    let titles = json!({"sql": "SELECT * FROM housing.titles"}).to_string();
    for (client, purpose) in [
        ("tax-systems", "analysis/curiosity"),
        ("registry-systems", PURPOSE),
    ] {
        let answer = server.ask_for(client, purpose, "*/*", &titles);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (422, "question"),
            "{client}"
        );
    }
    assert_eq!(server.ask("SELECT * FROM registry.persons").status, 422);
    assert_eq!(server.ask("DROP TABLE housing.titles").status, 403);
    assert_eq!(questions(&server), []);
}

#[test]
fn requests_are_bounded() {
    let server = generous();
    let ask = |body: &str| server.ask_for("tax-systems", PURPOSE, "*/*", body).status;
    assert_eq!(ask("{"), 400);
    assert_eq!(ask("{}"), 422);
    assert_eq!(ask(r#"{"sql": "SELECT 1", "x": 1}"#), 422);
    assert_eq!(ask(r#"{"sql": "SELECT 1", "as_of": "soon"}"#), 422);
    assert_eq!(
        ask(r#"{"sql": "SELECT 1", "as_of": "2026-06-01T00:00:00Z"}"#),
        200
    );
    let long = json!({"sql": format!("SELECT '{}'", "x".repeat(40_000))}).to_string();
    assert_eq!(ask(&long), 422);
    assert_eq!(ask(&"x".repeat(300_000)), 413);
    let chain = json!({"sql": format!("SELECT {}", vec!["1"; 2_000].join("+"))}).to_string();
    let refused = server.ask_for("tax-systems", PURPOSE, "*/*", &chain);
    assert_eq!((refused.status, refused.problem().as_str()), (422, "limit"));
}

const CORPUS: &str = include_str!("../../../lake/tests/it/escapes.txt");
/// What must not stand in any answer or message.
const HIDDEN: [&str; 6] = [
    "HIDDENNUMBER",
    "secret illness",
    "MR ",
    "gongshu",
    "parquet",
    "/history",
];

/// The town for which the corpus is written, and parks, which sees a part of it.
fn corpus_town() -> Town {
    let mut files = files(&every_use());
    files.retain(|(path, _)| !path.contains("registry") && !path.contains("titles"));
    let department = |id: &str| {
        format!(
            "id: {id}\ntitle: {{zh: 市局, en: Bureau}}\nshort: {{zh: 局, en: {id}}}\nkind: bureau\nresponsible_for:\n  - {{zh: 事, en: things}}\ncontact: {{email: data@{id}.example.org, fictitious: true}}\n"
        )
    };
    let persons = "\
id: persons
title: {zh: 人, en: Persons}
description: {zh: 一人, en: One person}
subject: person
subject_field: number
key: [number]
share: conditional
share_note: {zh: 协议, en: By agreement}
updates: daily
fields:
  - {name: number, title: {zh: 号, en: Number}, type: text, max_length: 18, sensitivity: personal}
  - {name: name, title: {zh: 名, en: Name}, type: text, sensitivity: personal}
  - {name: born, title: {zh: 生日, en: Born}, type: date, sensitivity: personal}
  - {name: district, title: {zh: 区, en: District}, type: text, one_of: [xihu, gongshu, yuhang]}
  - {name: points, title: {zh: 分, en: Points}, type: integer}
  - {name: illness, title: {zh: 病, en: Illness}, type: text, sensitivity: sensitive}
  - {name: status, title: {zh: 状态, en: Status}, type: text, one_of: [living, moved, dead]}
";
    let titles = "\
id: land-titles
title: {zh: 产权, en: Titles}
description: {zh: 一件, en: One title}
subject: person
subject_field: owner
key: [title_number]
share: unconditional
updates: daily
fields:
  - {name: title_number, title: {zh: 证号, en: Title number}, type: text}
  - {name: owner, title: {zh: 人, en: Owner}, type: text, max_length: 18, sensitivity: personal}
  - {name: area, title: {zh: 面积, en: Area}, type: integer}
  - {name: status, title: {zh: 状态, en: Status}, type: text, one_of: [current, seized]}
";
    let agreement = "\
id: persons-for-tax
title: {zh: 人口, en: Persons for tax}
consumer: tax
dataset: persons
fields: [number, points]
rows: district = \"yuhang\"
purposes: [matter/property-tax]
legal_basis: [{zh: 税法, en: The tax law}]
from: 2026-01-01
until: 2026-12-31
uses: [query]
rate: {per_second: 10000, per_day: 100000000}
";
    let civil = "departments/civil-affairs";
    files.extend([
        (
            format!("{civil}/department.yaml"),
            department("civil-affairs"),
        ),
        (format!("{civil}/datasets/persons.yaml"), persons.to_owned()),
        (
            format!("{civil}/agreements/persons-for-tax.yaml"),
            agreement.to_owned(),
        ),
        (
            format!("{civil}/clients/civil-affairs-office.yaml"),
            client("civil-affairs-office", "propose, approve"),
        ),
        (
            "departments/housing/datasets/land-titles.yaml".to_owned(),
            titles.to_owned(),
        ),
    ]);
    let named = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    // As in the lake's tests, these datasets say no more than the corpus needs.
    let (city, _) = city::Definitions::from_files("town", named).check();
    let town = Town::of(&Arc::new(city));
    let text = |values: [&str; 2]| -> ArrayRef { Arc::new(StringArray::from_iter_values(values)) };
    let number = |values: [i64; 2]| -> ArrayRef { Arc::new(Int64Array::from_iter_values(values)) };
    put(
        &town,
        "persons",
        vec![
            text(["HIDDENNUMBER1", "B"]),
            text(["MR HIDDENNUMBER1", "MR B"]),
            Arc::new(Date32Array::from(vec![7_000, 7_000])),
            text(["gongshu", "yuhang"]),
            number([77, 2]),
            text(["secret illness", "secret illness"]),
            text(["living", "living"]),
        ],
    );
    put(
        &town,
        "land-titles",
        vec![
            text(["T1", "T2"]),
            text(["HIDDENNUMBER2", "HIDDENNUMBER3"]),
            number([1, 2]),
            text(["current", "current"]),
        ],
    );
    town.agree("persons-for-tax");
    town
}

fn put(town: &Town, dataset: &str, columns: Vec<ArrayRef>) {
    let table = town.exchange.pool().table(dataset).unwrap();
    let batch = RecordBatch::try_new(Arc::clone(&table.columns), columns).unwrap();
    let write = Write {
        table,
        batch,
        deletes: None,
        source: "test".to_owned(),
        idempotency_key: None,
    };
    town.exchange.pool().write(write).unwrap();
}

#[test]
fn no_way_around_the_barrier_leads_through_http() {
    let server = Server::of(corpus_town(), |router, _| router, None);
    let mut faults = Vec::new();
    let lines = CORPUS
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let mut tried = 0;
    for line in lines {
        let (expected, question) = line.split_once('|').unwrap();
        let (expected, question) = (expected.trim(), question.trim());
        tried += 1;
        let answer = server.ask(question);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let answered = answer.status == 200 && serde_json::from_str::<Json>(&text).is_ok();
        if answer.status >= 500 {
            faults.push(format!("{question}\n  {text}"));
        }
        for hidden in HIDDEN {
            // A message may repeat what the question itself says.
            if text.contains(hidden) && !question.contains(hidden) {
                faults.push(format!("{question}\n  shows {hidden}: {text}"));
            }
        }
        let met = match expected {
            // What JSON cannot say is told after it was answered.
            "answered" => answered || text.contains("cannot be written in this form"),
            "either" => true,
            _ => !answered,
        };
        if !met {
            faults.push(format!(
                "{question}\n  expected {expected}: {} {text}",
                answer.status
            ));
        }
    }
    assert!(tried > 60, "only {tried} ways were tried");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
