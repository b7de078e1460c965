//! The live stream: what it sends, and that it is right.

use std::collections::BTreeMap;

use crate::client::{Server, Vehicle, config};
use tokio_tungstenite::tungstenite::Message;

/// Metres in the side of the Web Mercator square at the latitude of Hangzhou's centre.
fn square() -> f64 {
    40_030_228.884 * 30.274_f64.to_radians().cos()
}

fn metres(a: &Vehicle, b: &Vehicle) -> f64 {
    (a.point[0] - b.point[0]).hypot(a.point[1] - b.point[1]) * square()
}

#[tokio::test]
async fn a_new_client_gets_everything_at_once() {
    let server = Server::start(config()).await;
    let mut live = server.live("").await;
    let status = live.text("status").await;
    assert!(status["clock"].as_str().unwrap().starts_with("07:"));
    let scenario = server.get("/api/v1/scenario").await.json();
    let mut again = server.live("").await;
    let links = again.binary(2).await;
    let count = u32::from_le_bytes(links[4..8].try_into().unwrap());
    assert_eq!(
        u64::from(count),
        scenario["network"]["links"].as_u64().unwrap()
    );
    assert_eq!(links.len(), 8 + 8 * count as usize);
    let signals = again.binary(3).await;
    let count = u32::from_le_bytes(signals[4..8].try_into().unwrap()) as usize;
    assert_eq!(signals.len(), 8 + 8 * count);
    for group in signals[8..].chunks(8) {
        assert!(group[4] <= 3, "an aspect from red to protected");
    }
    server.stop().await;
}

#[tokio::test]
async fn vehicles_move_smoothly_along_the_road() {
    let mut config = config();
    config.speed = 10.0;
    let server = Server::start(config).await;
    server.control(&serde_json::json!({"speed": 60})).await;
    let mut live = server.live("").await;
    while live.vehicles().await.all.len() < 60 {}
    server.control(&serde_json::json!({"speed": 2})).await;
    let mut last: BTreeMap<u32, Vehicle> = BTreeMap::new();
    let (mut compared, mut moved, mut t) = (0, 0.0_f64, None);
    for frame in 0..40 {
        let vehicles = live.vehicles().await;
        let now: BTreeMap<u32, Vehicle> = vehicles
            .all
            .iter()
            .map(|vehicle| (vehicle.id, *vehicle))
            .collect();
        assert_eq!(now.len(), vehicles.all.len(), "each vehicle once");
        if frame > 5 {
            let passed = vehicles.t - t.unwrap();
            assert!(passed >= 0.0, "time never runs back");
            for (id, vehicle) in &now {
                if let Some(before) = last.get(id) {
                    let distance = metres(vehicle, before);
                    compared += 1;
                    moved += distance;
                    // 11.111 m/s along the road, and a lane's width sideways in a change.
                    assert!(
                        distance <= 11.2 * passed + 1.5 + 4.0 * passed,
                        "vehicle {id} jumped {distance} m in {passed} s"
                    );
                    if distance > 0.5 && vehicle.speed > 3.0 {
                        let angle = f64::from(vehicle.heading) / 256.0 * std::f64::consts::TAU;
                        let (dx, dy) = (
                            vehicle.point[0] - before.point[0],
                            before.point[1] - vehicle.point[1],
                        );
                        let along = (dx * angle.cos() + dy * angle.sin()) * square() / distance;
                        assert!(along > 0.6, "vehicle {id} drives where it points: {along}");
                    }
                }
                assert!((4.0..=6.0).contains(&vehicle.length));
            }
        }
        t = Some(vehicles.t);
        last = now;
    }
    assert!(compared > 500, "{compared} positions compared");
    assert!(moved > 100.0, "they do move: {moved} m");
    server.stop().await;
}

#[tokio::test]
async fn a_view_leaves_out_what_is_outside() {
    let server = Server::start(config()).await;
    let mut live = server.live("").await;
    while live.vehicles().await.all.len() < 30 {}
    server.control(&serde_json::json!({"paused": true})).await;
    let all = server.live("").await.vehicles().await.all;
    // The western half; the margin is a fifth of the view's width.
    live.say(r#"{"type":"view","bounds":[120.15,30.0,120.154,31.0]}"#)
        .await;
    let edge = server::geo::mercator(120.154 + 0.004 * 0.2 + 1e-6, 30.0)[0];
    let mut west = live.vehicles().await.all;
    for _ in 0..10 {
        if west.len() < all.len() {
            break;
        }
        west = live.vehicles().await.all;
    }
    assert!(!west.is_empty() && west.len() < all.len());
    assert!(west.iter().all(|vehicle| vehicle.point[0] <= edge));
    let elsewhere = server.live("?bounds=10,10,11,11").await.vehicles().await;
    assert!(elsewhere.all.is_empty());
    live.say(r#"{"type":"view","bounds":[5,5]}"#).await;
    assert!(live.text("problem").await["detail"].is_string());
    server.stop().await;
}

#[tokio::test]
async fn a_slow_client_gets_the_newest_state_and_no_backlog() {
    let server = Server::start(config()).await;
    let mut slow = server.live("").await;
    let first = slow.vehicles().await.t;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    // Reads as fast as it can now: what was buffered on the way, then the present.
    let mut frames = 0;
    loop {
        let t = slow.vehicles().await.t;
        let status = server.get("/api/v1/scenario").await.json()["status"]["t"]
            .as_f64()
            .unwrap();
        frames += 1;
        if t > first + 120.0 && (t - status).abs() < 120.0 {
            break;
        }
        assert!(frames < 60, "still behind after {frames} frames");
    }
    server.stop().await;
}

#[tokio::test]
async fn when_the_server_stops_it_says_goodbye() {
    let server = Server::start(config()).await;
    let mut live = server.live("").await;
    live.vehicles().await;
    let farewell = tokio::spawn(async move {
        loop {
            if let Message::Close(frame) = live.next().await {
                return frame;
            }
        }
    });
    server.stop().await;
    let frame = farewell.await.unwrap().unwrap();
    assert_eq!(u16::from(frame.code), 1001);
}

#[tokio::test]
async fn at_the_horizon_the_run_starts_again() {
    let mut config = config();
    config.scenario.horizon = 60.0;
    let server = Server::start(config).await;
    let mut live = server.live("").await;
    live.text("restart").await;
    let status = live.text("status").await;
    assert!(status["run"].as_u64().unwrap() >= 2);
    assert!(status["t"].as_f64().unwrap() < 60.0);
    server.stop().await;
}
