//! Delta Sharing: what its own Python client takes, and what nobody gets.

use std::process::Command;

use pool::exchange::{Entry, Step};
use serde_json::{Value as Json, json};

use crate::schemathesis::program;
use crate::server::{Answer, Server};
use crate::support::{DAY, SECOND, TITLES, Town, files, town_of};

const PROFILE: &str = "/exchange/v1/delta-sharing/profile";
const TABLE: &str = "/delta-sharing/shares/housing/schemas/default/tables/titles";

/// An agreement about titles that allows every use.
pub(crate) fn every_use() -> String {
    TITLES.replace(
        "uses: [look-up, batch, subscribe]",
        "uses: [look-up, batch, subscribe, query, bulk]",
    )
}

/// A town in which tax may use titles in every way.
pub(crate) fn generous_town() -> Town {
    town_with(&every_use())
}

/// A town with its records, and this agreement about titles in force.
pub(crate) fn town_with(titles: &str) -> Town {
    let town = Town::new();
    town.exchange.reload(town_of(&files(titles))).unwrap();
    town.agree("titles-for-tax");
    town
}

fn generous() -> Server {
    Server::of(generous_town(), |router, _| router, None)
}

impl Server {
    /// A profile of tax's.
    fn profile(&self) -> Json {
        let answer = self.signed("tax-systems", "POST", PROFILE, "application/json", b"");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    fn shared(&self, method: &str, target: &str, bearer: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {bearer}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        self.call(method, target, &headers, body.as_bytes())
    }

    /// A query of titles.
    fn query(&self, bearer: &str, body: &Json) -> Answer {
        let target = format!("{TABLE}/query");
        self.shared("POST", &target, bearer, &body.to_string())
    }
}

fn bearer(profile: &Json) -> &str {
    profile["bearerToken"].as_str().unwrap()
}

/// The lines of an answer.
fn lines(answer: &Answer) -> Vec<Json> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = std::str::from_utf8(&answer.body).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The path and query of the first file of an answer.
fn address(answer: &Answer) -> String {
    let lines = lines(answer);
    let url = lines[2]["file"]["url"].as_str().unwrap();
    format!("/{}", url.splitn(4, '/').nth(3).unwrap())
}

/// The transfers in bulk that the ledger has, as agreement, fields and records.
fn transfers(server: &Server) -> Vec<(String, Vec<String>, u64)> {
    let entries = server.town.entries().into_iter();
    entries
        .filter_map(|entry| match entry {
            Entry::Transfer(it) if it.way == "bulk" => Some((it.agreement, it.fields, it.records)),
            _ => None,
        })
        .collect()
}

/// The last denial that the ledger has.
fn denial(server: &Server) -> (String, String) {
    let last = server.town.entries().pop();
    match last {
        Some(Entry::Denial(denied)) => (denied.denied, denied.detail),
        other => panic!("{other:?}"),
    }
}

fn error(answer: &Answer) -> (u16, String) {
    let content = answer.json();
    assert!(content["message"].is_string(), "{content}");
    (
        answer.status,
        content["errorCode"].as_str().unwrap().to_owned(),
    )
}

const PYTHON: &str = r##"
import json, sys
import delta_sharing
profile = sys.argv[1]
client = delta_sharing.SharingClient(profile)
out = {
    "shares": [share.name for share in client.list_shares()],
    "tables": [[table.share, table.schema, table.name] for table in client.list_all_tables()],
}
titles = profile + "#housing.default.titles"
frame = delta_sharing.load_as_pandas(titles)
out["columns"] = {name: str(kind) for name, kind in frame.dtypes.items()}
out["rows"] = json.loads(frame.sort_values("number").to_json(orient="records"))
out["limited"] = len(delta_sharing.load_as_pandas(titles, limit=1))
out["metadata"] = json.loads(delta_sharing.get_table_metadata(titles).schema_string)
out["version"] = delta_sharing.get_table_version(titles)
try:
    delta_sharing.load_as_pandas(profile + "#registry.default.persons")
    out["foreign"] = "taken"
except Exception as error:
    out["foreign"] = str(error)
print(json.dumps(out))
"##;

#[test]
fn the_python_client_takes_what_is_granted_and_nothing_else() {
    let Some(python) = program("python3") else {
        println!("skipped: there is no Python (script/setup test installs delta-sharing)");
        return;
    };
    let server = generous();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tax.share");
    let mut profile = server.profile();
    // It was asked for by another name than Python reaches the server by.
    profile["endpoint"] = format!("http://{}/delta-sharing/", server.address).into();
    std::fs::write(&file, profile.to_string()).unwrap();
    let output = Command::new(python)
        .args(["-c", PYTHON])
        .arg(&file)
        .env_remove("http_proxy")
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr);
    if wrong.contains("No module named 'delta_sharing'") {
        println!("skipped: Python has no package delta-sharing (script/setup test installs it)");
        return;
    }
    assert!(output.status.success(), "{wrong}");
    let out: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(out["shares"], json!(["housing"]));
    assert_eq!(out["tables"], json!([["housing", "default", "titles"]]));
    // Of T1, T2 (void) and T3 the valid ones; neither status nor the sensitive note.
    let rows = out["rows"].as_array().unwrap();
    let numbers: Vec<&Json> = rows.iter().map(|row| &row["number"]).collect();
    assert_eq!(numbers, [&json!("T1"), &json!("T3")], "{rows:?}");
    assert_eq!(rows[1]["area"], 60);
    assert!(
        rows.iter()
            .all(|row| row["owner"].as_str().unwrap().starts_with("tok_")),
        "identifiers are tokens, as in SQL: {rows:?}"
    );
    assert_eq!(rows[0].as_object().unwrap().len(), 3, "{rows:?}");
    assert_eq!(out["limited"], 1);
    assert_eq!(
        out["metadata"]["fields"][2],
        json!({"name": "area", "type": "long", "nullable": true, "metadata": {}})
    );
    assert!(out["version"].as_u64().unwrap() > 0);
    let foreign = out["foreign"].as_str().unwrap();
    assert!(
        foreign.contains("persons-for-tax") && foreign.contains("403"),
        "{foreign}"
    );

    let fields = ["number", "owner", "area"].map(str::to_owned).to_vec();
    let bulk = |records| ("titles-for-tax".to_owned(), fields.clone(), records);
    assert_eq!(transfers(&server), [bulk(2), bulk(1)]);
    let (kind, detail) = denial(&server);
    assert_eq!(kind, "agreement");
    assert!(
        detail.contains("to bulk `persons`") || detail.contains("persons"),
        "{detail}"
    );
}

#[test]
fn a_profile_is_for_thirty_days_and_its_token_is_not_kept() {
    let server = generous();
    let profile = server.profile();
    assert_eq!(profile["shareCredentialsVersion"], 1);
    assert_eq!(profile["endpoint"], "http://town/delta-sharing/");
    assert_eq!(profile["expirationTime"], "2026-07-01T04:00:02Z");
    let token = bearer(&profile);
    let issued = server.town.entries().pop();
    let Some(Entry::Profile(issued)) = issued else {
        panic!("{issued:?}");
    };
    assert_eq!(issued.bearer, pool::exchange::evidence_of(token));
    assert!(token.starts_with(&issued.profile));
    let secret = token.split_once('.').unwrap().1;
    for file in walk(&server.town.folder()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{}", file.display());
    }
    assert_eq!(
        server
            .shared("GET", "/delta-sharing/shares", token, "")
            .status,
        200
    );
    for wrong in [
        "",
        "x",
        &token[1..],
        &format!("{token}x"),
        &token.replace('.', ".."),
    ] {
        let answer = server.shared("GET", "/delta-sharing/shares", wrong, "");
        assert_eq!(error(&answer), (401, "TOKEN".to_owned()), "{wrong}");
    }
    assert_eq!(server.get("/delta-sharing/shares").status, 401);
    server.town.clock.advance(30 * DAY);
    let late = server.shared("GET", "/delta-sharing/shares", token, "");
    assert_eq!(error(&late), (401, "TOKEN".to_owned()));
    assert!(late.json()["message"].as_str().unwrap().contains("expired"));
    assert_eq!(denial(&server).0, "token");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn without_an_agreement_for_use_in_bulk_there_is_no_profile() {
    let server = Server::start();
    let answer = server.signed("tax-systems", "POST", PROFILE, "application/json", b"");
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (403, "agreement")
    );
    assert!(answer.json()["detail"].as_str().unwrap().contains("`bulk`"));
    assert_eq!(denial(&server).0, "agreement");
    let office = server.signed("tax-office", "POST", PROFILE, "application/json", b"");
    assert_eq!((office.status, office.problem().as_str()), (403, "role"));
}

#[test]
fn lists_have_what_may_be_taken_page_by_page() {
    let server = generous();
    let profile = server.profile();
    let get = |path: &str| {
        server.shared(
            "GET",
            &format!("/delta-sharing{path}"),
            bearer(&profile),
            "",
        )
    };
    let json = |path: &str| {
        let answer = get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    };
    assert_eq!(json("/shares"), json!({"items": [{"name": "housing"}]}));
    assert_eq!(
        json("/shares/Housing"),
        json!({"share": {"name": "housing"}})
    );
    assert_eq!(
        json("/shares/housing/schemas"),
        json!({"items": [{"name": "default", "share": "housing"}]})
    );
    let tables = json!({"items": [{"name": "titles", "schema": "default", "share": "housing"}]});
    assert_eq!(json("/shares/housing/schemas/DEFAULT/tables"), tables);
    assert_eq!(json("/shares/housing/all-tables?maxResults=5"), tables);
    assert_eq!(
        json("/shares?maxResults=0"),
        json!({"items": [], "nextPageToken": "0"})
    );
    assert_eq!(json("/shares?pageToken=1"), json!({"items": []}));
    assert_eq!(get("/shares?pageToken=x").status, 400);
    assert_eq!(get("/shares?maxResults=-1").status, 400);
    for nothing in [
        "/shares/registry",
        "/shares/tax",
        "/shares/housing/schemas/x/tables",
    ] {
        assert_eq!(get(nothing).status, 404, "{nothing}");
    }
}

#[test]
fn a_query_is_charged_recorded_and_bounded() {
    let server = Server::of(
        town_with(&every_use().replace("per_day: 1000", "per_day: 5")),
        |router, _| router,
        None,
    );
    let profile = server.profile();
    let token = bearer(&profile);
    let all = server.query(token, &json!({}));
    let told = lines(&all);
    assert_eq!(told[0], json!({"protocol": {"minReaderVersion": 1}}));
    assert_eq!(told[1]["metaData"]["numFiles"], 1);
    assert_eq!(told[2]["file"]["stats"], r#"{"numRecords":2}"#);
    let version = all.header("delta-table-version").unwrap().to_owned();
    let limited = server.query(
        token,
        &json!({"limitHint": 1, "predicateHints": ["area > 1"]}),
    );
    assert_eq!(lines(&limited)[2]["file"]["stats"], r#"{"numRecords":1}"#);
    let counts: Vec<u64> = transfers(&server)
        .iter()
        .map(|transfer| transfer.2)
        .collect();
    assert_eq!(counts, [2, 1]);
    // The same version and agreement: the same file.
    let again = server.query(token, &json!({"version": version.parse::<u64>().unwrap()}));
    assert_eq!(lines(&again)[2]["file"]["id"], told[2]["file"]["id"]);
    let used_up = server.query(token, &json!({}));
    assert_eq!(error(&used_up), (429, "QUOTA".to_owned()));
    assert!(used_up.header("retry-after").is_some());
    assert_eq!(denial(&server).0, "quota");
    assert_eq!(transfers(&server).len(), 3);
}

#[test]
fn what_is_not_served_is_refused_in_plain_words() {
    let server = generous();
    let profile = server.profile();
    let token = bearer(&profile);
    for (body, word) in [
        (json!({"version": 1_000_000}), "timestamp"),
        (json!({"startingVersion": 0}), "/exchange/v1/changes"),
        (json!({"timestamp": "soon"}), "timestamp"),
        (json!({"limitHint": -1}), "limitHint"),
    ] {
        let answer = server.query(token, &body);
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        let content = answer.json();
        let message = content["message"].as_str().unwrap();
        assert!(message.contains(word) || word == "limitHint", "{message}");
    }
    let get = |path: &str| server.shared("GET", &format!("{TABLE}{path}"), token, "");
    assert_eq!(get("/changes?startingVersion=0").status, 400);
    assert_eq!(
        get("/version?startingTimestamp=2026-01-01T00:00:00Z").status,
        400
    );
    assert!(get("/version").header("delta-table-version").is_some());
    let unknown = TABLE.replace("titles", "titels");
    assert_eq!(
        server
            .shared("GET", &format!("{unknown}/metadata"), token, "")
            .status,
        404
    );
    let foreign = "/delta-sharing/shares/registry/schemas/default/tables/persons/query";
    let foreign = server.shared("POST", foreign, token, "{}");
    assert_eq!(error(&foreign), (403, "AGREEMENT".to_owned()));
    assert!(
        foreign.json()["message"]
            .as_str()
            .unwrap()
            .contains("persons-for-tax")
    );
    assert_eq!(denial(&server).0, "agreement");
    // What is shared with all is not shared in bulk.
    let streets = "/delta-sharing/shares/registry/schemas/default/tables/streets/query";
    assert_eq!(server.shared("POST", streets, token, "{}").status, 403);
}

#[test]
fn records_can_be_taken_as_of_a_moment_and_versions_grow() {
    let server = generous();
    let profile = server.profile();
    let token = bearer(&profile);
    let version = |answer: &Answer| -> u64 {
        answer
            .header("delta-table-version")
            .unwrap()
            .parse()
            .unwrap()
    };
    let before = server.query(token, &json!({}));
    let moment = server.town.exchange.now().rfc3339();
    server.town.clock.advance(60 * SECOND);
    server.town.put_titles(&[("T9", "P9", 10, "valid")]);
    let mut after = server.query(token, &json!({}));
    for _ in 0..200 {
        if version(&after) > version(&before) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        server.town.clock.advance(SECOND);
        after = server.query(token, &json!({}));
    }
    assert!(version(&after) > version(&before), "{after:?}");
    let rows = |answer: &Answer| lines(answer)[2]["file"]["stats"].clone();
    assert_eq!(rows(&before), r#"{"numRecords":2}"#);
    assert_eq!(rows(&after), r#"{"numRecords":3}"#);
    server.town.clock.advance(10 * SECOND);
    let then = server.query(token, &json!({"timestamp": moment}));
    assert_eq!(rows(&then), r#"{"numRecords":2}"#);
    // Noon in the town, by its own clock, when the first records came.
    let then = server.query(token, &json!({"timestamp": "2026-06-01 12:00:30"}));
    assert_eq!(rows(&then), r#"{"numRecords":2}"#);
}

#[test]
fn an_address_is_good_for_its_file_and_its_time() {
    let server = generous();
    let profile = server.profile();
    let address = address(&server.query(bearer(&profile), &json!({})));
    let whole = server.get(&address);
    assert_eq!(whole.status, 200, "{}", whole.head);
    assert_eq!(&whole.body[..4], b"PAR1");
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let range = |range: &str| server.call("GET", &address, &[("range", range)], b"");
    let part = range("bytes=0-3");
    assert_eq!((part.status, &part.body[..]), (206, &b"PAR1"[..]));
    let size = whole.body.len();
    assert_eq!(
        part.header("content-range"),
        Some(format!("bytes 0-3/{size}").as_str())
    );
    assert_eq!(range("bytes=-4").body, b"PAR1");
    assert_eq!(range(&format!("bytes={size}-")).status, 416);
    let head = server.call("HEAD", &address, &[], b"");
    assert_eq!(
        head.header("content-length"),
        Some(size.to_string().as_str())
    );

    let (path, query) = address.split_once('?').unwrap();
    let (until, signature) = query.split_once('&').unwrap();
    let number: i64 = until.strip_prefix("until=").unwrap().parse().unwrap();
    let other = signature.replace(['0', '1', '2', '3'], "f");
    for tampered in [
        format!("{path}?until={}&{signature}", number + 1),
        format!("{path}?{until}&{other}"),
        format!("{path}?{until}&signature="),
        format!("{}1?{query}", path.strip_suffix('0').unwrap()),
        address.replacen("/files/", "/files/0", 1),
    ] {
        let answer = server.get(&tampered);
        assert_eq!(error(&answer), (403, "ADDRESS".to_owned()), "{tampered}");
    }
    assert_eq!(server.get(path).status, 400);
    let up = format!("/delta-sharing/files/..%2f..%2fmeta.sqlite/x/0?{query}");
    assert_eq!(server.get(&up).status, 403);

    server.town.clock.advance(15 * 60 * SECOND);
    let late = server.get(&address);
    assert_eq!(error(&late), (403, "ADDRESS".to_owned()));
    server.town.clock.advance(40 * 60 * SECOND);
    server.data.exports.delete_old(server.town.exchange.now());
    let left = walk(&server.town.folder().join("exports"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn revoking_profile_or_agreement_ends_a_transfer_at_once() {
    let server = generous();
    let (one, two) = (server.profile(), server.profile());
    let of_one = address(&server.query(bearer(&one), &json!({})));
    let of_two = address(&server.query(bearer(&two), &json!({})));
    let id = bearer(&one).split_once('.').unwrap().0;
    let target = format!("{PROFILE}/{id}");
    let stranger = server.signed(
        "housing-systems",
        "DELETE",
        &target,
        "application/json",
        b"",
    );
    assert_eq!(stranger.status, 422, "{stranger:?}");
    let revoked = server.signed("tax-systems", "DELETE", &target, "application/json", b"");
    assert_eq!(revoked.status, 204, "{revoked:?}");
    let answer = server.query(bearer(&one), &json!({}));
    assert_eq!(error(&answer), (401, "TOKEN".to_owned()));
    assert_eq!(error(&server.get(&of_one)), (403, "TOKEN".to_owned()));
    assert_eq!(server.get(&of_two).status, 200);

    let town = &server.town;
    let step = town.sign("housing-office", "titles-for-tax", Step::Revoke);
    town.exchange.step(&step).unwrap();
    assert_eq!(error(&server.get(&of_two)), (403, "AGREEMENT".to_owned()));
    let answer = server.query(bearer(&two), &json!({}));
    assert_eq!(error(&answer), (403, "AGREEMENT".to_owned()));
    assert_eq!(denial(&server).0, "agreement");
}
