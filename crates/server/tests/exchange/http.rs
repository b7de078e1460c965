//! What each call is answered, in bytes and statuses.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::server::Server;

const LOOK_UP: &str = "/exchange/v1/look-up";

fn titles() -> Json {
    json!({"dataset": "housing/titles", "subject": "P1"})
}

#[test]
fn a_look_up_is_answered_once_for_each_token() {
    let server = Server::start();
    let body = titles().to_string();
    let bearer = format!(
        "Bearer {}",
        server.token("tax-systems", "POST", LOOK_UP, body.as_bytes())
    );
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let answer = server.call("POST", LOOK_UP, &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.json()["records"][0]["values"],
        json!({"number": "T1", "owner": "P1", "area": 80})
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let again = server.call("POST", LOOK_UP, &headers, body.as_bytes());
    assert_eq!((again.status, again.problem().as_str()), (401, "token"));
    assert_eq!(
        again.header("www-authenticate"),
        Some(
            r#"Bearer realm="exchange", error="invalid_token", error_description="the token has been used before; each is good for one call""#
        )
    );
}

#[test]
fn a_token_is_for_one_method_one_address_and_one_body() {
    let server = Server::start();
    let body = titles().to_string();
    let call = |token: &str, target: &str, body: &str| {
        let bearer = format!("Bearer {token}");
        server
            .call(
                "POST",
                target,
                &[
                    ("authorization", &bearer),
                    ("content-type", "application/json"),
                ],
                body.as_bytes(),
            )
            .status
    };
    let token = |target: &str| server.token("tax-systems", "POST", target, body.as_bytes());
    assert_eq!(
        call(&token(LOOK_UP), LOOK_UP, &body.replace("P1", "P2")),
        401
    );
    assert_eq!(
        call(&token(LOOK_UP), "/exchange/v1/look-up?x=1", &body),
        401
    );
    assert_eq!(call(&token("/exchange/v1/batch"), LOOK_UP, &body), 401);
    assert_eq!(
        call(
            &token("/exchange/v1/look-up?x=1"),
            "/exchange/v1/look-up?x=1",
            &body
        ),
        200
    );
    let none = server.call(
        "POST",
        LOOK_UP,
        &[("content-type", "application/json")],
        body.as_bytes(),
    );
    assert_eq!(
        (none.status, none.header("www-authenticate")),
        (401, Some(r#"Bearer realm="exchange""#))
    );
}

#[test]
fn every_no_is_a_problem_with_its_status() {
    let server = Server::start();
    let cases = [
        (
            json!({"dataset": "persons", "key": {"id": "P1"}, "fields": ["district"]}),
            403,
            "agreement",
        ),
        (
            json!({"dataset": "nothing", "key": {"id": "P1"}}),
            404,
            "dataset",
        ),
        (
            json!({"dataset": "titles", "key": {"number": "T1"}, "fields": ["x"]}),
            422,
            "field",
        ),
        (
            json!({"dataset": "titles", "key": {"number": 7}}),
            422,
            "request",
        ),
        (json!({"dataset": "titles"}), 422, "request"),
        (
            json!({"dataset": "titles", "subjekt": "P1"}),
            422,
            "request",
        ),
        (json!([]), 422, "request"),
    ];
    for (body, status, kind) in cases {
        let answer = server.post(LOOK_UP, &body);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (status, kind),
            "{body}"
        );
    }
    let missing = server
        .post(
            LOOK_UP,
            &json!({"dataset": "persons", "key": {"id": "P1"}, "fields": ["district"]}),
        )
        .json();
    assert_eq!(missing["missing"]["contact"], "data@registry.example.org");
    assert_eq!(
        missing["missing"]["lacks"],
        json!([{"fields": ["district"]}])
    );
    let signed =
        |kind: &str, body: &[u8]| server.signed("tax-systems", "POST", LOOK_UP, kind, body);
    assert_eq!(signed("text/plain", b"{}").status, 415);
    assert_eq!(signed("application/json", b"{").status, 400);
    assert_eq!(signed("application/json", &vec![b' '; 70_000]).status, 413);
    assert_eq!(server.get(LOOK_UP).status, 405);
    assert_eq!(
        (
            server.get("/exchange/v1/x").status,
            server.get("/exchange/v1/x").problem().as_str()
        ),
        (404, "not-found")
    );
}

#[test]
fn a_rate_that_is_used_up_says_when_to_come_back() {
    let server = Server::start();
    let answers: Vec<u16> = (0..12)
        .map(|_| server.post(LOOK_UP, &titles()).status)
        .collect();
    assert_eq!(answers, [[200; 10].as_slice(), &[429; 2]].concat());
    let answer = server.post(LOOK_UP, &titles());
    assert_eq!(
        (answer.problem().as_str(), answer.header("retry-after")),
        ("rate", Some("1"))
    );
}

#[test]
fn batches_and_links_are_answered() {
    let server = Server::start();
    let batch = server.post(
        "/exchange/v1/batch",
        &json!({"dataset": "titles", "keys": [{"number": "T1"}, {"number": "T9"}]}),
    );
    assert_eq!(
        batch.json()["items"][0]["records"][0]["values"]["area"],
        80,
        "{batch:?}"
    );
    assert_eq!(batch.json()["items"][1]["records"], json!([]));
    let ask = json!({"dataset": "titles", "key": {"number": "T1"}, "follow": [{"field": "owner", "fields": ["name"]}]});
    let link = server.post("/exchange/v1/link", &ask);
    assert_eq!(
        link.json()["links"][0]["to"]["records"][0]["values"],
        json!({"name": "王芳"}),
        "{link:?}"
    );
}

/// The id of the next event.
fn next_id(lines: &mut impl Iterator<Item = String>) -> String {
    lines
        .find_map(|line| line.strip_prefix("id: ").map(str::to_owned))
        .unwrap()
}

#[test]
fn changes_are_streamed_and_resumed_with_the_last_events_id() {
    let server = Server::start();
    let target = "/exchange/v1/changes?dataset=titles";
    let follow = |last: Option<&str>| {
        let bearer = format!("Bearer {}", server.token("tax-systems", "GET", target, b""));
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(last.map(|last| ("last-event-id", last)));
        BufReader::new(server.open("GET", target, &headers, b""))
            .lines()
            .map_while(Result::ok)
    };
    let mut first = follow(Some("0"));
    let begin = next_id(&mut first);
    server.town.put_titles(&[("T1", "P1", 81, "valid")]);
    server.town.put_titles(&[("T1", "P1", 82, "valid")]);
    let (one, two) = (next_id(&mut first), next_id(&mut first));
    drop(first);
    let mut again = follow(Some(&begin));
    assert_eq!(
        (next_id(&mut again), next_id(&mut again)),
        (one.clone(), two.clone())
    );
    let mut rest = follow(Some(&one));
    let data = rest.find(|line| line.starts_with("data: ")).unwrap();
    let data: Json = serde_json::from_str(&data[6..]).unwrap();
    assert_eq!(data["changes"][0]["values"]["area"], 82);
    let wrong = follow(Some("x")).next().unwrap();
    assert!(wrong.contains("422"), "{wrong}");
}

#[test]
fn a_department_pushes_its_own_records_once_and_no_others() {
    let server = Server::start();
    let (target, kind) = (
        "/exchange/v1/records/housing/titles",
        "application/x-ndjson",
    );
    let body = b"{\"number\":\"T8\",\"owner\":\"11010519491231002X\",\"area\":5,\"status\":\"valid\"}\n{\"number\":\"T9\",\"owner\":\"11010519491231002X\",\"area\":\"x\"}\n";
    let push = |client: &str, key: &str, body: &[u8]| {
        let bearer = format!("Bearer {}", server.token(client, "POST", target, body));
        server.call(
            "POST",
            target,
            &[
                ("authorization", &bearer),
                ("content-type", kind),
                ("idempotency-key", key),
            ],
            body,
        )
    };
    let answer = push("housing-systems", "first", body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let report = answer.json();
    assert_eq!(
        (
            &report["accepted"],
            &report["quarantined"],
            &report["repeated"]
        ),
        (&json!(1), &json!(1), &json!(false))
    );
    assert_eq!(
        push("housing-systems", "first", body).json()["repeated"],
        true
    );
    let seen = server.post(
        LOOK_UP,
        &json!({"dataset": "titles", "key": {"number": "T8"}}),
    );
    assert_eq!(
        seen.json()["records"][0]["values"]["area"],
        5,
        "visible when it is acknowledged"
    );
    assert_eq!(push("tax-systems", "x", body).status, 403);
    assert_eq!(push("housing-office", "x", body).status, 403);
    assert_eq!(
        server
            .signed("housing-systems", "POST", target, "text/csv", body)
            .status,
        415
    );
}

#[test]
fn an_x_road_client_reads_as_itself_and_not_as_another() {
    let server = Server::start();
    let target = "/r1/town/GOV/housing/pool/titles";
    let body = json!({"subject": "P1"}).to_string();
    let call = |named: &str| {
        let bearer = format!(
            "Bearer {}",
            server.token("tax-systems", "POST", target, body.as_bytes())
        );
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("x-road-client", named),
            ("x-road-id", "m-1"),
        ];
        server.call("POST", target, &headers, body.as_bytes())
    };
    let answer = call("town/GOV/tax/systems");
    assert_eq!(
        (answer.status, answer.header("x-road-id")),
        (200, Some("m-1")),
        "{answer:?}"
    );
    assert_eq!(
        answer.header("x-road-service"),
        Some("town/GOV/housing/pool/titles")
    );
    assert_eq!(answer.json()["records"][0]["values"]["number"], "T1");
    assert_eq!(call("town/GOV/registry/systems").status, 403);
    assert_eq!(call("elsewhere/GOV/tax/systems").status, 403);
    assert_eq!(call("tax").status, 400);
}

#[test]
fn what_was_answered_can_be_proven() {
    let server = Server::start();
    let entry = server.post(LOOK_UP, &titles()).json()["ledger"]["entry"]
        .as_u64()
        .unwrap();
    server.town.exchange.ledger().publish().unwrap();
    let checkpoint = server.get("/exchange/v1/ledger/checkpoint");
    assert_eq!(
        (checkpoint.status, checkpoint.header("content-type")),
        (200, Some("text/plain; charset=utf-8")),
        "{checkpoint:?}"
    );
    let proof = server.get(&format!("/exchange/v1/ledger/proof/{entry}"));
    assert_eq!(proof.status, 200, "{proof:?}");
    let content = proof.json();
    assert!(
        content["entry"].is_null(),
        "what an entry says is not public"
    );
    let hash = |value: &Json| value.as_str().unwrap().parse::<ledger::Hash>().unwrap();
    let hashes: Vec<ledger::Hash> = content["inclusion"]
        .as_array()
        .unwrap()
        .iter()
        .map(hash)
        .collect();
    let size = content["size"].as_u64().unwrap();
    let root = server.town.exchange.ledger().root(size).unwrap();
    ledger::verify_inclusion(&hash(&content["leaf_hash"]), entry, size, &hashes, &root).unwrap();
    assert_eq!(server.get("/exchange/v1/ledger/proof/999999").status, 404);
    assert_eq!(server.get("/exchange/v1/ledger/proof/x").status, 404);
    let width = server.town.exchange.ledger().size();
    let tile = server.get(&format!("/exchange/v1/ledger/tile/0/000.p/{width}"));
    assert_eq!((tile.status, tile.body.len() as u64), (200, width * 32));
    assert_eq!(
        server.get("/exchange/v1/ledger/tile/entries/000").status,
        404
    );
}

#[test]
fn the_desk_lists_agreements_and_takes_signed_steps() {
    let server = Server::start();
    let step = |statement: &str| {
        let body = json!({"statement": statement}).to_string();
        server.call(
            "POST",
            "/exchange/v1/agreements/steps",
            &[("content-type", "application/json")],
            body.as_bytes(),
        )
    };
    let revocation = server.town.sign(
        "housing-office",
        "titles-for-tax",
        pool::exchange::Step::Revoke,
    );
    let answer = step(&revocation);
    assert_eq!(
        (answer.status, &answer.json()["standing"]),
        (200, &json!("revoked")),
        "{answer:?}"
    );
    assert_eq!(step(&revocation).status, 409);
    assert_eq!(step("x").status, 422);
    assert_eq!(server.post(LOOK_UP, &titles()).status, 403, "at once");
    let listed = server.get("/exchange/v1/agreements").json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let catalogue = server.get("/exchange/v1/catalogue").json();
    assert_eq!(
        (
            catalogue["datasets"].as_array().unwrap().len(),
            &catalogue["city"]
        ),
        (4, &json!("town"))
    );
}

#[test]
fn a_client_that_sends_nothing_is_not_waited_for_for_ever() {
    use std::io::{Read, Write};
    let server = Server::start();
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
        .write_all(
            b"POST /exchange/v1/look-up HTTP/1.1\r\nhost: town\r\ncontent-length: 10\r\n\r\n{",
        )
        .unwrap();
    let began = Instant::now();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(began.elapsed() < Duration::from_secs(20));
}
