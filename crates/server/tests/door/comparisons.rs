//! Two futures of one second: the same under the same controller, measured and bounded.

use std::time::Duration;

use crate::client::{Server, config};
use serde_json::{Value, json};

/// Starts a comparison of two controllers for five simulated minutes.
async fn compare(server: &Server, left: &Value, right: &Value) -> Value {
    let body = json!({"left": left, "right": right, "seconds": 300, "speed": 60});
    let answer = server
        .post("/api/v1/comparisons", "application/json", &body.to_string())
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Waits until a comparison is over.
async fn finished(server: &Server, id: &Value) -> Value {
    for _ in 0..300 {
        let report = server
            .get(&format!("/api/v1/comparisons/{id}"))
            .await
            .json();
        if report["state"] != "running" {
            assert_eq!(report["state"], "finished");
            return report;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the comparison does not end");
}

async fn run_until(server: &Server, t: f64) {
    let mut live = server.live("").await;
    while live.text("status").await["t"].as_f64().unwrap() < t {}
}

#[tokio::test]
async fn both_halves_begin_at_the_same_second_and_equal_controllers_stay_equal() {
    let server = Server::start(config()).await;
    run_until(&server, 120.0).await;
    let plan = json!({"controller": "plan"});
    let started = compare(&server, &plan, &plan).await;
    assert_eq!(started["left"]["rows"], started["right"]["rows"]);
    assert!(started["from"].as_f64().unwrap() >= 120.0);
    let report = finished(&server, &started["id"]).await;
    let rows = report["left"]["rows"].as_array().unwrap();
    assert_eq!(report["left"]["rows"], report["right"]["rows"]);
    assert_eq!(rows.len(), 31, "one every ten seconds, both ends included");
    let column = |name: &str| {
        let columns = report["columns"].as_array().unwrap();
        columns.iter().position(|one| one == name).unwrap()
    };
    let last = rows.last().unwrap();
    assert_eq!(last[column("t")], report["until"]);
    assert!(last[column("finished")].as_f64().unwrap() > 0.0);
    assert!(last[column("delay_per_vehicle")].as_f64().unwrap() > 0.0);
    assert_eq!(rows[0][column("delay_per_vehicle")], 0.0);
    server.stop().await;
}

#[tokio::test]
async fn another_controller_or_a_closed_lane_makes_another_future_and_leaves_the_city_alone() {
    let server = Server::start(config()).await;
    run_until(&server, 120.0).await;
    let plan = json!({"controller": "plan"});
    let other = json!({"controller": "max-pressure"});
    let started = compare(&server, &plan, &other).await;
    assert_eq!(started["left"]["rows"][0], started["right"]["rows"][0]);
    let report = finished(&server, &started["id"]).await;
    assert_ne!(
        report["left"]["rows"].as_array().unwrap().last(),
        report["right"]["rows"].as_array().unwrap().last()
    );
    let scenario = server.get("/api/v1/scenario").await.json();
    assert_eq!(scenario["status"]["controller"], "plan");

    let links = scenario["network"]["links"].as_u64().unwrap();
    let mut busiest = (0.0, 0);
    for link in 0..links {
        let report = server.get(&format!("/api/v1/links/{link}")).await.json();
        let flow = report["flow_per_hour"].as_f64().unwrap();
        if report["lanes"].as_u64().unwrap() > 1 && flow > busiest.0 {
            busiest = (flow, report["first_lane"].as_u64().unwrap());
        }
    }
    let closed = json!({"controller": "plan", "close_lanes": [busiest.1]});
    let started = compare(&server, &plan, &closed).await;
    assert_eq!(started["right"]["closed_lanes"], json!([busiest.1]));
    let report = finished(&server, &started["id"]).await;
    assert_ne!(report["left"]["rows"], report["right"]["rows"]);
    let closures = server.get("/api/v1/closures").await.json();
    assert_eq!(closures["closures"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn comparisons_are_streamed_bounded_and_ended() {
    let mut config = config();
    config.limits.comparisons_max = 1;
    let server = Server::start(config).await;
    let request = json!({
        "left": {"controller": "plan"}, "right": {"controller": "brain"},
        "seconds": 1800, "speed": 1,
    });
    let post = async |body: &Value| {
        server
            .post("/api/v1/comparisons", "application/json", &body.to_string())
            .await
    };
    let first = post(&request).await.json();
    let problem = post(&request).await.problem(429);
    assert_eq!(problem["limit"], "comparisons_max");
    for (side, controller) in [("left", "plan"), ("right", "brain")] {
        let query = format!("?comparison={}&side={side}", first["id"]);
        let mut half = server.live(&query).await;
        let status = half.text("status").await;
        assert_eq!(status["controller"], controller);
        half.vehicles().await;
    }
    let list = server.get("/api/v1/comparisons").await.json();
    assert_eq!(list["comparisons"].as_array().unwrap().len(), 1);
    assert_eq!(list["running_max"], 1);
    let path = format!("/api/v1/comparisons/{}", first["id"]);
    assert_eq!(server.delete(&path).await.status, 204);
    server.get(&path).await.problem(404);
    assert_eq!(post(&request).await.status, 201, "there is room again");
    for (pointer, value) in [
        ("/left/controller", json!("nobody")),
        ("/seconds", json!(7200)),
        ("/speed", json!(0)),
        ("/right/close_lanes", json!([4_000_000])),
    ] {
        let mut wrong = request.clone();
        match wrong.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => wrong["right"]["close_lanes"] = value,
        }
        let problem = post(&wrong).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_corridor_is_recorded_from_when_it_is_first_asked_for() {
    let server = Server::start(config()).await;
    run_until(&server, 120.0).await;
    let path = server.get("/api/v1/corridors/path?from=0&to=1").await;
    assert_eq!(path.status, 200, "{}", path.text());
    let corridor = path.json();
    assert!(corridor["signals"].as_array().unwrap().len() >= 2);
    let links: Vec<String> = corridor["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    let address = format!("/api/v1/corridors/diagram?links={}", links.join(","));
    let first = server.get(&address).await.json();
    let began = first["began"].as_f64().unwrap();
    run_until(&server, began + 90.0).await;
    let later = server.get(&address).await.json();
    assert_eq!(later["began"], first["began"]);
    let frames = later["frames"].as_array().unwrap();
    assert!(frames.len() >= 90, "{} frames", frames.len());
    let length = later["length"].as_f64().unwrap();
    let mut seen = 0;
    for frame in frames {
        for pair in frame[1].as_array().unwrap().chunks(2) {
            let metres = pair[1].as_f64().unwrap();
            assert!(
                (-0.1..=length + 0.1).contains(&metres),
                "{metres} of {length}"
            );
            seen += 1;
        }
    }
    assert!(seen > 0, "nobody drove along it");
    for stop in later["stops"].as_array().unwrap() {
        let aspects = stop["aspects"].as_array().unwrap();
        assert!(aspects.len() >= 2, "{stop} has not changed in 90 s");
        assert!(
            aspects
                .windows(2)
                .all(|pair| pair[0][0].as_f64() < pair[1][0].as_f64())
        );
    }
    let since = later["t"].as_f64().unwrap();
    let rest = server.get(&format!("{address}&since={since}")).await.json();
    let rest = rest["frames"].as_array().unwrap();
    assert!(rest.iter().all(|frame| frame[0].as_f64().unwrap() > since));
    let odd = server.get("/api/v1/corridors/diagram?links=0,0").await;
    odd.problem(400);
    server
        .get(&format!(
            "/api/v1/corridors/diagram?links={},{}",
            links[1], links[0]
        ))
        .await
        .problem(422);
    server
        .get("/api/v1/corridors/path?from=0&to=9999")
        .await
        .problem(404);
    server.stop().await;
}

#[tokio::test]
async fn a_lane_is_closed_and_opened_but_not_the_last_of_its_link() {
    let server = Server::start(config()).await;
    let scenario = server.get("/api/v1/scenario").await.json();
    let mut wide = None;
    for link in 0..scenario["network"]["links"].as_u64().unwrap() {
        let report = server.get(&format!("/api/v1/links/{link}")).await.json();
        if report["lanes"].as_u64().unwrap() > 1 {
            wide = Some(report);
            break;
        }
    }
    let link = wide.expect("a link of several lanes");
    let first = link["first_lane"].as_u64().unwrap();
    let lanes = link["lanes"].as_u64().unwrap();
    for lane in first..first + lanes - 1 {
        let answer = server.put(&format!("/api/v1/closures/{lane}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let last = first + lanes - 1;
    server
        .put(&format!("/api/v1/closures/{last}"))
        .await
        .problem(409);
    server.control(&json!({"restart": true})).await;
    let kept = server.get("/api/v1/closures").await.json();
    let kept = kept["closures"].as_array().unwrap();
    assert_eq!(kept.len() as u64, lanes - 1, "a restart opens nothing");
    assert_eq!(kept[0]["link"], link["index"]);
    let opened = server
        .delete(&format!("/api/v1/closures/{first}"))
        .await
        .json();
    assert_eq!(
        opened["closures"].as_array().unwrap().len() as u64,
        lanes - 2
    );
    let report = server
        .get(&format!("/api/v1/links/{}", link["index"]))
        .await
        .json();
    assert_eq!(
        report["closed_lanes"].as_array().unwrap().len() as u64,
        lanes - 2
    );
    server.put("/api/v1/closures/99999999").await.problem(404);
    server.stop().await;
}

#[tokio::test]
async fn an_ambulance_sets_out_twice_from_the_same_second_and_arrives() {
    let server = Server::start(config()).await;
    run_until(&server, 120.0).await;
    let path = server
        .get("/api/v1/corridors/path?from=0&to=3")
        .await
        .json();
    let links = path["links"].as_array().unwrap();
    let (from, scene) = (&links[0], links.last().unwrap());
    let post = async |body: Value| {
        let (path, kind) = ("/api/v1/traffic/missions", "application/json");
        server.post(path, kind, &body.to_string()).await
    };
    let wrong = post(json!({"scene": scene, "seconds": 300, "speed": 60})).await;
    let problem = wrong.problem(422);
    assert_eq!(
        problem["errors"][0]["pointer"], "/from",
        "there are no units"
    );
    let sent = post(json!({"scene": scene, "from": from, "seconds": 600, "speed": 60})).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let report = finished(&server, &sent.json()["id"]).await;
    for (side, arm) in [("left", "blue-light"), ("right", "priority")] {
        let mission = &report[side]["mission"];
        assert_eq!(mission["arm"], arm);
        assert_eq!(mission["stage"], "arrived", "{mission}");
        assert_eq!(mission["ordered"], report["from"]);
        assert!(mission["arrived"].as_f64() > mission["ordered"].as_f64());
        assert!(mission["others_delay"].as_f64().unwrap() > 0.0);
        assert_eq!(mission["route"].as_array().unwrap().last(), Some(scene));
    }
    let units = server.get("/api/v1/traffic/units").await.json();
    assert_eq!(units["units"], json!([]));
    server.stop().await;
}
