//! What all pages have in common, and those that anybody may see.

use std::io::{BufRead, BufReader};

use crate::server::Server;
use crate::support::{Town, titles_of};

/// Pages that show no personal data.
const OPEN: [&str; 12] = [
    "/bureau",
    "/bureau/catalogue",
    "/bureau/datasets/titles",
    "/bureau/datasets/secrets",
    "/bureau/agreements",
    "/bureau/agreements/matrix",
    "/bureau/agreements/titles-for-tax",
    "/bureau/transfers",
    "/bureau/ledger",
    "/bureau/ledger/0",
    "/bureau/quarantine",
    "/bureau/catalogue?q=nothing+like+it",
];
/// Pages that do.
const PERSONAL: [&str; 3] = ["/my-data", "/bureau/sql", "/bureau/quarantine/1"];

#[test]
fn every_page_is_in_chinese_and_in_english_and_strict_about_scripts() {
    let server = Server::start();
    for address in OPEN.into_iter().chain(["/my-data", "/bureau/sql"]) {
        let english = server.get(address);
        assert_eq!(english.status, 200, "{address}: {english:?}");
        english.says(&[
            "<html lang=\"en\">",
            "Data bureau",
            "All records are made up",
        ]);
        let chinese = server.call("GET", address, &[("accept-language", "zh-CN")], "");
        chinese.says(&["<html lang=\"zh-Hans\">", "数据局", "所有记录均为虚构"]);
        for page in [&english, &chinese] {
            let policy = page.header("content-security-policy").unwrap();
            assert!(
                policy.contains("script-src 'self'") && !policy.contains("unsafe"),
                "{policy}"
            );
            assert!(
                !page.body.contains(" style="),
                "{address} has an inline style"
            );
            assert!(
                !page.body.contains(" onclick="),
                "{address} has an inline script"
            );
            assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        }
    }
    let chosen = server.get("/bureau?lang=zh");
    chosen.says(&["zh-Hans"]);
    assert!(chosen.header("set-cookie").unwrap().starts_with("lang=zh;"));
}

#[test]
fn outside_of_a_demonstration_nobody_sees_personal_data_or_changes_anything() {
    let server = Server::of(Town::new(), false);
    for address in OPEN {
        let page = server.get(address);
        assert_eq!(page.status, 200, "{address}");
        assert!(!page.body.contains("made up</"), "{address}");
        assert!(
            !page.body.contains("name=\"department\" value"),
            "{address}"
        );
    }
    for address in PERSONAL {
        let page = server.get(address);
        assert_eq!(page.status, 403, "{address}");
        page.says(&["no login yet", "<html lang=\"en\">"]);
    }
    let posts: [(&str, &[(&str, &str)]); 8] = [
        (
            "/bureau/acting",
            &[("department", "tax"), ("back", "/bureau")],
        ),
        (
            "/bureau/agreements/titles-for-tax/steps",
            &[("step", "revoke"), ("version", "x")],
        ),
        ("/bureau/quarantine/1/correct", &[("json", "{}")]),
        ("/bureau/quarantine/1/discard", &[]),
        ("/bureau/quarantine/replay", &[("dataset", "titles")]),
        ("/bureau/sql", &[("sql", "SELECT 1")]),
        ("/my-data", &[("kind", "person"), ("number", "P1")]),
        ("/my-data/readings", &[("kind", "person"), ("number", "P1")]),
    ];
    for (address, form) in posts {
        assert_eq!(
            server.post_as("housing", address, form).status,
            403,
            "{address}"
        );
    }
    let page = server.get("/bureau/agreements/titles-for-tax");
    page.says(&["citybrain agreement revoke titles-for-tax"]);
    assert!(
        server
            .town
            .exchange
            .agreements()
            .unwrap()
            .iter()
            .all(|one| one.steps.len() == 2)
    );
}

#[test]
fn what_pages_of_other_sites_send_is_refused() {
    let server = Server::start();
    let body = "department=housing&back=%2Fbureau";
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for origin in ["https://evil.example", "null"] {
        let answer = server.call("POST", "/bureau/acting", &[("origin", origin), kind], body);
        assert_eq!(answer.status, 403, "{origin}");
    }
    let ours = server.post_as(
        "tax",
        "/bureau/acting",
        &[("department", "housing"), ("back", "//evil.example")],
    );
    assert_eq!(
        (ours.status, ours.header("location")),
        (303, Some("/bureau"))
    );
    assert!(
        ours.header("set-cookie")
            .unwrap()
            .starts_with("acting=housing;")
    );
    let nobody = server.post_as(
        "tax",
        "/bureau/acting",
        &[("department", "nobody"), ("back", "/bureau")],
    );
    assert_eq!(nobody.status, 422);
}

#[test]
fn what_is_not_there_is_a_page_that_says_so() {
    let server = Server::start();
    for address in [
        "/bureau/datasets/none",
        "/bureau/agreements/none",
        "/bureau/ledger/999999",
    ] {
        let page = server.get(address);
        assert_eq!(page.status, 404, "{address}");
        page.says(&["There is no such page", "<nav"]);
    }
    assert_eq!(server.get("/bureau/ledger?index=x").status, 422);
    assert_eq!(server.get("/bureau/ledger/x").status, 422);
    let found = server.get("/bureau/ledger?index=1");
    assert_eq!(
        (found.status, found.header("location")),
        (303, Some("/bureau/ledger/1"))
    );
}

#[test]
fn datasets_are_found_by_what_is_said_about_them() {
    let server = Server::start();
    let found = |query: &str| server.get(&format!("/bureau/catalogue?{query}"));
    found("q=titles").says(&["/bureau/datasets/titles", "1 datasets"]);
    found("q=KEEPER").says(&["/bureau/datasets/streets"]);
    found("share=not-shared").says(&["/bureau/datasets/secrets", "1 datasets"]);
    found("department=registry").says(&["3 datasets"]);
    found("department=registry&q=titles").says(&["0 datasets", "None fits"]);
    found("q=%22%3E%3Cscript%3E").says(&["0 datasets", "&#34;&#62;&#60;script&#62;"]);
}

#[test]
fn a_datasets_page_shows_its_fields_and_users_and_no_record() {
    let server = Server::start();
    let page = server.get("/bureau/datasets/titles");
    page.says(&[
        "housing.titles",
        "valid · void",
        "/bureau/datasets/persons",
        "matter/property-tax",
        "The tax law",
        "never loaded",
    ]);
    for secret in ["T1", "P1", "private", "王芳"] {
        assert!(!page.body.contains(secret), "{secret} is a record's");
    }
    server
        .get("/bureau/datasets/persons")
        .says(&["Referred to by", "<code>owner</code>"]);
}

#[test]
fn transfers_come_to_the_page_and_to_its_stream() {
    let server = Server::start();
    let exchange = &server.town.exchange;
    while exchange.index_transfers().unwrap() > 0 {}
    let stream = server.open(
        "GET",
        "/bureau/transfers/stream?after=0",
        &[("cookie", "lang=en")],
        "",
    );
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    exchange
        .look_up_wait(&server.town.tax(), &titles_of("P1"))
        .unwrap();
    let curious = server.town.caller("tax-systems", "operation/curiosity");
    exchange
        .look_up_wait(&curious, &titles_of("P1"))
        .unwrap_err();
    while exchange.index_transfers().unwrap() > 0 {}
    let mut event = || {
        let line = lines.find(|line| line.starts_with("data:")).unwrap();
        serde_json::from_str::<serde_json::Value>(line[5..].trim()).unwrap()
    };
    let (read, denied) = (event(), event());
    assert_eq!(
        (&read["consumer"], &read["dataset"], &read["denied"]),
        (&"tax".into(), &"The titles".into(), &"".into())
    );
    assert_ne!(denied["denied"], "");
    let page = server.get("/bureau/transfers");
    page.says(&[
        "matter/property-tax",
        "operation/curiosity",
        "class=\"denied\"",
    ]);
    let denials = server.get("/bureau/transfers?denied=1");
    assert!(!denials.body.contains("matter/property-tax"));
    server
        .get("/bureau/transfers?consumer=housing")
        .says(&["There is none yet that fits"]);
    server.get("/bureau").says(&["Recent denials"]);
}

#[test]
fn an_entry_of_the_ledger_is_shown_with_what_a_browser_needs_to_check_it() {
    let server = Server::start();
    let ledger = server.town.exchange.ledger();
    server
        .get("/bureau/ledger/0")
        .says(&["No checkpoint covers it yet"]);
    ledger.publish().unwrap();
    let page = server.get("/bureau/ledger/0");
    page.says(&[
        "<ledger-proof index=\"0\" key=\"town+00000000+AQ==\" entry=\"",
        "tax-office",
        "/bureau/agreements/titles-for-tax",
    ]);
    server
        .get("/bureau/ledger")
        .says(&["housing-office", "Cosigned by the witness"]);
}
