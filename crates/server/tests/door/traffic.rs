//! The live congestion index, of the run and of probes that send positions.

use serde_json::{Value, json};

use crate::client::{Answer, Server, config};

/// A drive at 5.5 m/s eastwards along the row of the grid's first signals, a position a second.
fn drive(vehicle: &str, from: f64, seconds: u32) -> String {
    let lines = (0..seconds).map(|second| {
        let line = json!({
            "vehicle": vehicle, "seq": second + 1, "t": 25_200 + second,
            "x": from + 5.5 * f64::from(second), "y": -6.0
        });
        format!("{line}\n")
    });
    lines.collect::<Vec<_>>().concat()
}

async fn post(server: &Server, body: &str) -> Answer {
    server
        .post("/api/v1/traffic/probes", "application/x-ndjson", body)
        .await
}

async fn index(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("/api/v1/traffic/index{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn the_runs_own_index_is_there_by_city_and_link() {
    let server = Server::start(config()).await;
    let mut live = server.live("").await;
    while live.text("status").await["t"].as_f64().unwrap() < 400.0 {}
    let city = index(&server, "").await;
    assert_eq!(city["source"], "run");
    let figures = &city["measured"][0];
    assert_eq!(figures["scope"], "city");
    let tti = figures["tti"]["value"].as_f64().unwrap();
    assert!((1.0..40.0).contains(&tti), "{tti}");
    assert!(figures["tti"]["low"].as_f64().unwrap() <= tti);
    assert!(city["time"].as_f64().unwrap() >= 25_200.0);
    assert!(!city["series"].as_array().unwrap().is_empty());
    let links = index(&server, "?by=link&top=3&free_flow=static&weight=one").await;
    let links = links["measured"].as_array().unwrap();
    assert_eq!(links.len(), 3);
    let worst = |place: usize| links[place]["tti"]["value"].as_f64().unwrap();
    assert!(worst(0) >= worst(1) && worst(1) >= worst(2));
    let number = links[0]["link"].as_u64().unwrap();
    let link = server.get(&format!("/api/v1/links/{number}")).await.json();
    assert_eq!(link["id"], links[0]["id"]);
    server.stop().await;
}

#[tokio::test]
async fn districts_that_are_known_have_an_index_of_their_own() {
    let square = |name: &str, west: f64, east: f64| {
        let ring = [[west, -1e4], [east, -1e4], [east, 1e4], [west, 1e4]];
        json!({"type": "Feature", "properties": {"name": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]}})
    };
    let file = json!({"type": "FeatureCollection",
        "features": [square("west", -1e4, 150.0), square("east", 150.0, 1e4)]});
    let path = std::path::Path::new("districts.geojson");
    let found = observe::areas::parse_districts(file.to_string().as_bytes(), path, None);
    let mut config = config();
    config.districts = found.unwrap();
    let server = Server::start(config).await;
    let scenario = server.get("/api/v1/scenario").await.json();
    assert_eq!(scenario["districts"], 2);
    let mut live = server.live("").await;
    while live.text("status").await["t"].as_f64().unwrap() < 400.0 {}
    let districts = index(&server, "?by=district").await;
    let measured = districts["measured"].as_array().unwrap();
    let mut names: Vec<_> = measured
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["east", "west"], "{districts}");
    server.stop().await;
}

#[tokio::test]
async fn positions_sent_become_an_index_and_sent_again_change_nothing() {
    let server = Server::start(config()).await;
    let first: String = (0..4)
        .map(|v| drive(&format!("taxi {v}"), -290.0, 180))
        .collect();
    let answer = post(&server, &first).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let taken = answer.json();
    assert_eq!(
        (&taken["received"], &taken["repeated"], &taken["vehicles"]),
        (&json!(720), &json!(0), &json!(4))
    );
    assert_eq!(post(&server, &first).await.json()["repeated"], 720);
    // The trips end when their vehicles have been silent for five minutes of the senders' clock.
    let later =
        json!({"vehicle": "taxi 9", "seq": 1, "t": 26_000, "x": 0.0, "y": -6.0}).to_string();
    assert_eq!(post(&server, &later).await.status, 200);
    let found = index(&server, "?source=probes").await;
    let tti = found["measured"][0]["tti"]["value"].as_f64().unwrap();
    assert!((tti - 11.111 / 5.5).abs() < 0.15, "{found}");
    assert_eq!(found["probes"]["received"], 1441);
    server.stop().await;
}

#[tokio::test]
async fn a_post_that_is_wrong_is_refused_as_a_whole_with_its_line() {
    let server = Server::start(config()).await;
    let good = r#"{"vehicle": "a", "t": 25200, "x": 0, "y": 0}"#;
    for (line, remedy) in [
        ("nonsense", "line 2"),
        (r#"{"vehicle": "a", "t": 1}"#, "lon and lat"),
        (r#"{"vehicle": "", "t": 1, "x": 0, "y": 0}"#, "1 to 128"),
        (
            r#"{"vehicle": "a", "t": 1, "lon": 120.1, "lat": 30.2}"#,
            "x and y",
        ),
    ] {
        let answer = post(&server, &format!("{good}\n{line}\n")).await;
        assert_eq!(answer.status, 400, "{line}");
        assert!(answer.text().contains(remedy), "{line}: {}", answer.text());
    }
    assert_eq!(index(&server, "").await["probes"]["received"], 0);
    for (query, status) in [
        ("?by=moon", 400),
        ("?top=0", 400),
        ("?by=district", 400),
        ("?what=1", 400),
    ] {
        // Districts are refused once there is something to measure; before, the answer is empty.
        let answer = server.get(&format!("/api/v1/traffic/index{query}")).await;
        assert!(
            answer.status == status || query == "?by=district",
            "{query}"
        );
    }
    server.stop().await;
}

/// Hands in its messages, over and over the ones that are asked for.
struct Bringer {
    messages: std::sync::Mutex<Vec<Vec<u8>>>,
}

impl server::Feed for Bringer {
    fn name(&self) -> String {
        "a test".to_owned()
    }

    fn run(&self, door: &server::Door) {
        door.disconnected("it has not begun");
        door.connected();
        let messages = std::mem::take(&mut *self.messages.lock().unwrap());
        let numbered: Vec<_> = (1..).zip(&messages).collect();
        let messages = numbered.iter().map(|(number, body)| server::Message {
            number: Some(*number),
            body,
        });
        door.take(&messages.collect::<Vec<_>>());
        door.lost(3);
        door.rest(std::time::Duration::from_hours(1));
        assert!(door.is_stopping());
    }
}

async fn feed_of(server: &Server, ready: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let found = index(server, "").await["probes"]["feeds"][0].clone();
        if ready(&found) {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the feed brings nothing");
}

#[tokio::test]
async fn a_feeds_right_records_are_taken_and_its_wrong_ones_counted_with_their_reasons() {
    let mut config = config();
    let wrong = "nonsense\n\n{\"vehicle\": \"plate 4711\", \"t\": -1, \"x\": 0, \"y\": 0}\n";
    let messages = vec![
        drive("taxi 1", -290.0, 180).into_bytes(),
        [wrong.to_owned(), drive("taxi 2", -290.0, 10)]
            .concat()
            .into_bytes(),
        vec![0xff, b'\n', 0],
        drive("taxi 1", -290.0, 20).into_bytes(),
        "\n".repeat((16 << 20) + 1).into_bytes(),
        "7\n".repeat(200_001).into_bytes(),
        Vec::new(),
    ];
    let messages = std::sync::Mutex::new(messages);
    config.feeds.push(std::sync::Arc::new(Bringer { messages }));
    let server = Server::start(config).await;
    let feed = feed_of(&server, |feed| feed["lost"] == 3).await;
    assert_eq!(feed["name"], "a test");
    assert_eq!(
        (&feed["state"], &feed["error"]),
        (&json!("connected"), &Value::Null)
    );
    assert_eq!(feed["messages"], 7);
    assert_eq!(
        (&feed["accepted"], &feed["repeated"]),
        (&json!(190), &json!(20))
    );
    // Two lines of the second message, two of the third, the fifth as a whole, the sixth's.
    assert_eq!(feed["refused"], 2 + 2 + 1 + 200_001);
    let count = |name: &str| feed[name].as_u64().unwrap();
    assert_eq!(
        count("received"),
        count("accepted") + count("repeated") + count("refused")
    );
    let reasons = feed["quarantine"].as_array().unwrap();
    let of = |message: u64, line: Value| {
        let found = reasons
            .iter()
            .find(|one| one["message"] == message && one["line"] == line);
        found.unwrap_or_else(|| panic!("{feed}"))["reason"]
            .as_str()
            .unwrap()
    };
    assert!(of(2, json!(1)).contains("vehicle"));
    assert!(of(2, json!(3)).contains("from 0"));
    assert!(of(3, json!(1)).contains("vehicle"));
    assert!(of(5, Value::Null).contains("at most"));
    assert!(of(6, Value::Null).contains("200000"));
    assert!(
        !feed.to_string().contains("4711"),
        "names are nobody's business"
    );
    let probes = &index(&server, "").await["probes"];
    assert_eq!(
        (&probes["vehicles"], &probes["received"]),
        (&json!(2), &json!(210))
    );
    server.stop().await; // and the feed with it
}

/// Panics at once.
struct Broken;

impl server::Feed for Broken {
    fn name(&self) -> String {
        "broken".to_owned()
    }

    fn run(&self, _door: &server::Door) {
        panic!("this test's feed fails");
    }
}

#[tokio::test]
async fn a_feed_that_panics_is_told_of_and_posts_are_still_taken() {
    let mut config = config();
    config.feeds.push(std::sync::Arc::new(Broken));
    let server = Server::start(config).await;
    let feed = feed_of(&server, |feed| feed["state"] == "failed").await;
    assert!(
        feed["error"]
            .as_str()
            .unwrap()
            .contains("start the server again")
    );
    assert_eq!(post(&server, &drive("taxi", -290.0, 3)).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn incidents_are_looked_for_interval_by_interval_and_forgotten_when_the_run_begins_again() {
    let server = Server::start(config()).await;
    let incidents = async |query: &str| {
        let path = format!("/api/v1/traffic/incidents{query}");
        server.get(&path).await
    };
    let mut live = server.live("").await;
    while live.text("status").await["t"].as_f64().unwrap() < 400.0 {}
    let found = incidents("?over=5").await.json();
    let time = found["time"].as_f64().unwrap();
    assert!(time >= 25_200.0 + 3.0 * 120.0, "{found}");
    assert!((time % 120.0).abs() < 1e-9, "{found}");
    assert_eq!(
        found["methods"],
        json!(["california8", "deviates", "silence"])
    );
    assert!(found["open"].is_array() && found["over"].is_array());
    let wrong = incidents("?over=1001").await;
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.text().contains("it must be 0 to 1000"),
        "{}",
        wrong.text()
    );
    let again = json!({"restart": true, "paused": true}).to_string();
    let answer = server
        .post("/api/v1/control", "application/json", &again)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(incidents("").await.json()["time"], Value::Null);
    server.stop().await;
}
