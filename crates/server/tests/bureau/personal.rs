//! Pages that show personal data: only in a demonstration, and only to whom it concerns.

use pool::Value;
use pool::ingest::{Bad, Code, Fault};
use pool::quarantine::{self, Origin};
use serde_json::json;

use crate::server::Server;
use crate::support::titles_of;

/// A citizen number that nobody has.
const OWNER: &str = "11010519491231002X";

#[test]
fn a_person_sees_who_has_read_what_and_by_which_law_and_nothing_of_others() {
    let server = Server::start();
    let exchange = &server.town.exchange;
    exchange
        .look_up_wait(&server.town.tax(), &titles_of("P1"))
        .unwrap();
    while exchange.index_transfers().unwrap() > 0 {}
    let ask =
        |number: &str| server.post_as("tax", "/my-data", &[("kind", "person"), ("number", number)]);
    let page = ask("P1");
    assert_eq!(page.status, 200);
    page.says(&[
        "Readings (1)",
        "The tax law",
        "matter/property-tax",
        "number, owner, area",
        "/bureau/ledger/",
    ]);
    ask("P2").says(&["Readings (0)", "No department has read anything"]);
    let wrong = ask("P9");
    wrong.says(&["role=\"alert\"", "the last one checks the others"]);
    ask("11010119900101001X").says(&["There is a problem"]);
    assert_eq!(
        server
            .call("GET", "/my-data?number=P1", &[], "")
            .body
            .matches("Readings")
            .count(),
        0
    );
}

#[test]
fn a_demonstration_lets_a_department_read_and_be_refused() {
    let server = Server::start();
    let attempt = |purpose: &str| {
        let form = [("kind", "person"), ("number", "P1"), ("purpose", purpose)];
        server.post_as("tax", "/my-data/readings", &form)
    };
    server.get("/my-data").says(&["Made-up numbers"]);
    attempt("").says(&["tax has just read records", "Readings (1)"]);
    attempt("none").says(&["tax was refused", "operation/curiosity", "Readings (2)"]);
}

/// Puts a title without a whole number for its area into the quarantine.
fn hold(server: &Server) {
    let record = json!({"number": "T9", "owner": OWNER, "area": "wide", "status": "valid"});
    let bad = Bad {
        raw: record.to_string().into_bytes(),
        record: record.as_object().cloned(),
        place: 7,
        key: None,
        faults: vec![Fault {
            field: "area".to_owned(),
            ..Fault::of_record(Code::NotInteger, "it is no whole number", "write digits")
        }],
    };
    let exchange = &server.town.exchange;
    let origin = Origin {
        dataset: "titles",
        load: "load-1",
        source: "titles.csv",
        at: exchange.now(),
        bytes_max: 1 << 20,
    };
    assert_eq!(
        quarantine::put(exchange.pool().meta(), &origin, &[bad]).unwrap(),
        1
    );
}

#[test]
fn a_quarantined_record_is_corrected_by_the_department_that_holds_it() {
    let server = Server::start();
    hold(&server);
    server
        .get_as("housing", "/bureau/quarantine")
        .says(&["The titles", "not-integer"]);
    let others = server.get_as("tax", "/bureau/quarantine?dataset=titles");
    assert!(
        !others.body.contains("T9"),
        "raw records are the holder's alone"
    );
    server
        .get_as("housing", "/bureau/quarantine?dataset=titles")
        .says(&["T9", "titles.csv:7"]);
    let refused = server.get_as("tax", "/bureau/quarantine/1");
    assert_eq!(refused.status, 403);
    refused.says(&["Act as: housing"]);
    server
        .get_as("housing", "/bureau/quarantine/1")
        .says(&["wide", "write digits"]);
    let correct = |department: &str, area: &str| {
        let json =
            json!({"number": "T9", "owner": OWNER, "area": area, "status": "valid"}).to_string();
        server.post_as(
            department,
            "/bureau/quarantine/1/correct",
            &[("json", &json)],
        )
    };
    assert_eq!(correct("tax", "90").status, 403);
    let still = correct("housing", "large");
    assert_eq!(still.status, 200);
    still.says(&["It is still not right", "large"]);
    assert_eq!(correct("housing", "90").status, 303);
    let pool = server.town.exchange.pool();
    let table = pool.table("titles").unwrap();
    let record = pool
        .get(&table, &[Value::Text("T9".into())])
        .unwrap()
        .unwrap();
    assert_eq!(record.values[2], Value::Integer(90));
    assert_eq!(
        correct("housing", "91").status,
        409,
        "it does not wait any more"
    );
}

#[test]
fn a_quarantined_record_is_discarded_or_tried_again() {
    let server = Server::start();
    hold(&server);
    let replay = server.post_as(
        "housing",
        "/bureau/quarantine/replay",
        &[("dataset", "titles"), ("code", "not-integer")],
    );
    assert_eq!(
        replay.header("location"),
        Some("/bureau/quarantine?dataset=titles&code=not-integer&replayed=0-1"),
        "{replay:?}"
    );
    assert_eq!(
        server
            .post_as("tax", "/bureau/quarantine/replay", &[("dataset", "titles")])
            .status,
        403
    );
    assert_eq!(
        server
            .post_as("tax", "/bureau/quarantine/1/discard", &[("note", "x")])
            .status,
        403
    );
    assert_eq!(
        server
            .post_as(
                "housing",
                "/bureau/quarantine/1/discard",
                &[("note", "a test")]
            )
            .status,
        303
    );
    server
        .get_as("housing", "/bureau/quarantine/1")
        .says(&["discarded", "a test"]);
}

#[test]
fn a_question_is_answered_as_a_table_and_as_a_file_and_recorded() {
    let server = Server::start();
    let ask = |department: &str, sql: &str, format: &str| {
        let form = [
            ("sql", sql),
            ("purpose", "analysis/test"),
            ("format", format),
        ];
        server.post_as(department, "/bureau/sql", &form)
    };
    let sql = "SELECT * FROM (VALUES ('east', 3), ('west', 5)) AS t(side, homes)";
    let page = ask("housing", sql, "");
    assert_eq!(page.status, 200);
    page.says(&["2 rows", "<td>east</td>", "class=\"bar c0\"", " ms"]);
    let file = ask("housing", sql, "csv");
    assert_eq!(file.body.trim(), "side,homes\neast,3\nwest,5");
    assert_eq!(
        file.header("content-disposition"),
        Some("attachment; filename=\"answer.csv\"")
    );
    let before = server.town.exchange.ledger().size();
    ask("housing", "SELECT count(*) AS n FROM housing.titles", "").says(&["What was read"]);
    assert_eq!(server.town.exchange.ledger().size(), before + 1);
    let refused = ask("tax", "SELECT count(*) FROM registry.secrets", "");
    refused.says(&["role=\"alert\"", "Not answered"]);
    ask("tax", "DROP TABLE x", "").says(&["Not answered"]);
    ask("tax", "SELECT '<b>' AS x", "").says(&["&#60;b&#62;"]);
}

#[test]
fn the_console_says_what_may_be_seen() {
    let server = Server::start();
    let page = server.get_as("tax", "/bureau/sql");
    page.says(&["registry.streets"]);
    assert!(!page.body.contains("registry.secrets"));
    assert!(
        !page.body.contains("housing.titles"),
        "its agreement is for look-ups"
    );
    server
        .get_as("housing", "/bureau/sql")
        .says(&["housing.titles"]);
}
