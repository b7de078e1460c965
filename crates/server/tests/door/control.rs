//! Steering has the effect it promises.

use std::time::Duration;

use crate::client::{Server, config};
use serde_json::json;
use server::Config;

#[tokio::test]
async fn a_paused_run_stands_still_and_goes_on() {
    let server = Server::start(config()).await;
    let paused = server.control(&json!({"paused": true})).await;
    assert_eq!(paused["paused"], true);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let status = server.get("/api/v1/scenario").await.json()["status"].clone();
    assert_eq!(status["t"], paused["t"]);
    server.control(&json!({"paused": false, "speed": 30})).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let status = server.control(&json!({})).await;
    assert_eq!(status["speed"], 30.0);
    assert!(status["t"].as_f64().unwrap() > paused["t"].as_f64().unwrap() + 10.0);
    server.stop().await;
}

#[tokio::test]
async fn another_controller_takes_over_where_the_world_stands() {
    let server = Server::start(config()).await;
    let mut live = server.live("").await;
    while live.text("status").await["t"].as_f64().unwrap() < 60.0 {}
    let status = server.control(&json!({"controller": "max-pressure"})).await;
    assert_eq!(status["controller"], "max-pressure");
    assert_eq!(status["run"], 1);
    assert!(status["t"].as_f64().unwrap() >= 60.0);
    assert!(status["running"].as_u64().unwrap() > 0);
    let changes = server.get("/api/v1/history").await.json()["changes"].clone();
    assert_eq!(changes[1][1], "max-pressure");
    while live.text("status").await["t"].as_f64().unwrap() < 180.0 {}
    let signal = server.get("/api/v1/signals/1").await.json();
    assert_eq!(signal["controller"], "max-pressure");
    server.stop().await;
}

#[tokio::test]
async fn every_controller_on_the_menu_runs() {
    let server = Server::start(config()).await;
    let scenario = server.get("/api/v1/scenario").await.json();
    for controller in scenario["controllers"].as_array().unwrap() {
        let status = server
            .control(&json!({"controller": controller["id"]}))
            .await;
        assert_eq!(status["controller"], controller["id"]);
        let before = status["t"].as_f64().unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let after = server.control(&json!({})).await["t"].as_f64().unwrap();
        assert!(after > before || after < 60.0, "{controller} goes on");
    }
    assert_eq!(server.get("/readyz").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn another_demand_starts_again_with_more_vehicles() {
    let server = Server::start(config()).await;
    let mut live = server.live("").await;
    let mut created = Vec::new();
    for level in [0.5, 1.5] {
        let status = server.control(&json!({"demand": level})).await;
        assert_eq!(status["demand"], level);
        assert!(status["t"].as_f64().unwrap() < 20.0, "from the start");
        live.text("restart").await;
        let vehicles = loop {
            let status = live.text("status").await;
            if status["t"].as_f64().unwrap() > 240.0 {
                let count = |key: &str| status[key].as_u64().unwrap();
                let all = count("running") + count("finished") + count("waiting_to_enter");
                break all as f64 / status["t"].as_f64().unwrap();
            }
        };
        created.push(vehicles);
    }
    let ratio = created[1] / created[0];
    assert!((2.5..3.5).contains(&ratio), "three times as many: {ratio}");
    server.stop().await;
}

#[tokio::test]
async fn a_head_start_shows_traffic_at_once() {
    let config = Config {
        head_start: 120.0,
        ..config()
    };
    let server = Server::start(config).await;
    let scenario = server.get("/api/v1/scenario").await.json();
    let status = &scenario["status"];
    assert!(status["t"].as_f64().unwrap() >= 120.0, "{status}");
    assert!(status["running"].as_u64().unwrap() > 0, "{status}");
    let status = server
        .control(&json!({"restart": true, "paused": true}))
        .await;
    assert_eq!(status["t"], 0.0);
    server.stop().await;
}

#[tokio::test]
async fn a_restart_begins_at_second_zero() {
    let server = Server::start(config()).await;
    let mut live = server.live("").await;
    while live.text("status").await["t"].as_f64().unwrap() < 60.0 {}
    let status = server
        .control(&json!({"restart": true, "paused": true}))
        .await;
    assert_eq!(status["t"], 0.0);
    assert_eq!(status["run"], 2);
    assert_eq!(status["running"], 0);
    live.text("restart").await;
    assert!(live.vehicles().await.all.is_empty());
    server.stop().await;
}
