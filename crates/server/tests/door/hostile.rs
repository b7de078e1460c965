//! Bad input is refused with a reason, and the server goes on.

use crate::client::{Server, config};
use server::Error;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const JSON: &str = "application/json";

#[tokio::test]
async fn silent_connections_give_their_place_up() {
    let mut config = config();
    config.limits.connections_max = 2;
    config.limits.silence_max = std::time::Duration::from_millis(300);
    let server = Server::start(config).await;
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(
            tokio::net::TcpStream::connect(server.address)
                .await
                .unwrap(),
        );
    }
    // Waits until the silent ones are closed.
    assert_eq!(server.get("/healthz").await.status, 200);
    for mut stream in silent {
        let mut byte = [0];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut byte);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), read);
        assert!(matches!(ended.await.unwrap(), Ok(0) | Err(_)));
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_of_other_sites_steer_nothing() {
    let server = Server::start(config()).await;
    let from = |origin: &str| {
        let address = server.address;
        format!(
            "POST /api/v1/control HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             origin: {origin}\r\ncontent-type: {JSON}\r\ncontent-length: 16\r\n\r\n\
             {{\"paused\": true}}"
        )
    };
    for origin in ["https://elsewhere.example", "null"] {
        let problem = server.send(&from(origin)).await.problem(403);
        assert!(problem["detail"].as_str().unwrap().contains("steer"));
    }
    let own = format!("http://{}", server.address);
    assert_eq!(server.send(&from(&own)).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn bad_bodies_are_refused_by_name() {
    let server = Server::start(config()).await;
    let path = "/api/v1/control";
    let huge = format!(r#"{{"controller": "{}"}}"#, "x".repeat(1_000_000));
    assert_eq!(
        server.post(path, JSON, &huge).await.problem(413)["limit"],
        "body_bytes_max"
    );
    server.post(path, JSON, "{").await.problem(400);
    server
        .post(path, JSON, &"[".repeat(10_000))
        .await
        .problem(422);
    server.post(path, JSON, "").await.problem(400);
    server.post(path, JSON, "[]").await.problem(422);
    server.post(path, "text/plain", "{}").await.problem(415);
    server.post(path, JSON, r#"{"sped": 3}"#).await.problem(422);
    server
        .post(path, JSON, r#"{"speed": "fast"}"#)
        .await
        .problem(422);
    let problem = server
        .post(
            path,
            JSON,
            r#"{"controller": "magic", "speed": 1e9, "demand": -1}"#,
        )
        .await
        .problem(422);
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/controller", "/demand", "/speed"]);
    assert!(
        problem["detail"].as_str().unwrap().contains("max-pressure"),
        "names what there is"
    );
    assert_eq!(server.get("/readyz").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn bad_addresses_are_not_found() {
    let server = Server::start(config()).await;
    for path in [
        "/api/v1/links/999999",
        "/api/v1/links/-1",
        "/api/v1/links/99999999999999999999",
        "/api/v1/links/x%00",
        "/api/v1/signals/4",
        "/api/v1/nothing",
        "/api/v2/scenario",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/.vite/manifest.json",
        "/assets/none.js",
    ] {
        server.get(path).await.problem(404);
    }
    let request = format!(
        "DELETE /api/v1/scenario HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        server.address
    );
    server.send(&request).await.problem(405);
    assert_eq!(server.send("nonsense\r\n\r\n").await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn the_stream_refuses_bad_bounds_and_other_sites() {
    let server = Server::start(config()).await;
    for query in [
        "?bounds=1,2,3",
        "?bounds=a,b,c,d",
        "?bounds=NaN,0,1,1",
        "?bounds=0,80,1,-80",
        "?bounds=0,0,1e308,1",
        "?colour=red",
    ] {
        server
            .get(&format!("/api/v1/live{query}"))
            .await
            .problem(400);
    }
    // No WebSocket at all.
    assert!((400..500).contains(&server.get("/api/v1/live").await.status));
    // Another site's page does not even hear which comparisons there are.
    for query in ["", "?comparison=99"] {
        let mut request = format!("ws://{}/api/v1/live{query}", server.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("origin", "https://elsewhere.example".parse().unwrap());
        let refused = tokio_tungstenite::connect_async(request).await.unwrap_err();
        assert!(refused.to_string().contains("403"), "{refused}");
    }
    server.stop().await;
}

#[tokio::test]
async fn faulty_messages_are_answered_and_then_end_the_stream() {
    let mut config = config();
    config.limits.live_messages_per_second_max = 1_000;
    let server = Server::start(config).await;
    let mut live = server.live("").await;
    for text in [
        "",
        "{",
        "null",
        r#"{"type":"view"}"#,
        r#"{"type":"view","bounds":[1e999,0,1,1]}"#,
    ] {
        live.say(text).await;
        assert!(live.text("problem").await["detail"].is_string());
    }
    for _ in 0..6 {
        live.say("again").await;
    }
    let code = loop {
        if let Message::Close(Some(frame)) = live.next().await {
            break u16::from(frame.code);
        }
    };
    assert_eq!(code, 1008);
    server.stop().await;
}

#[tokio::test]
async fn idle_clients_fill_the_places_and_no_more() {
    let mut config = config();
    config.limits.live_clients_max = 20;
    let server = Server::start(config).await;
    let mut clients = Vec::new();
    let mut refused = 0;
    for _ in 0..50 {
        match server.try_live("").await {
            Ok(client) => clients.push(client),
            Err(error) => {
                assert!(error.to_string().contains("429"), "{error}");
                refused += 1;
            }
        }
    }
    assert_eq!((clients.len(), refused), (20, 30));
    let upgrade = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
    let request = format!(
        "GET /api/v1/live HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\n{upgrade}\r\n\r\n",
        server.address
    );
    // The connection stays open after a refusal, so only the head is awaited.
    let answer = tokio::time::timeout(
        std::time::Duration::from_secs(2),
        server.send(&request.replace("connection: upgrade", "connection: upgrade, close")),
    )
    .await
    .unwrap();
    assert_eq!(answer.problem(429)["limit"], "live_clients_max");
    assert_eq!(
        server.get("/readyz").await.status,
        200,
        "others are still served"
    );
    drop(clients.pop());
    // The place is free as soon as the server has noticed.
    let mut again = None;
    for _ in 0..50 {
        again = server.try_live("").await.ok();
        if again.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(again.is_some());
    server.stop().await;
}

#[tokio::test]
async fn a_configuration_that_contradicts_itself_does_not_start() {
    let start = |change: fn(&mut server::Config)| async move {
        let mut config = config();
        change(&mut config);
        server::serve(config, |_| {}, std::future::pending())
            .await
            .unwrap_err()
            .to_string()
    };
    assert!(
        start(|config| config.controller = "magic".to_owned())
            .await
            .contains("plan")
    );
    assert!(
        start(|config| config.demand_level = 9.0)
            .await
            .contains("1.5")
    );
    assert!(start(|config| config.speed = 0.0).await.contains("60"));
    assert!(
        start(|config| config.scenario.horizon = f64::NAN)
            .await
            .contains("horizon")
    );
    let occupied = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config();
    config.listen = occupied.local_addr().unwrap();
    let error = server::serve(config, |_| {}, std::future::pending())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Listen { .. }), "{error}");
}

/// A controller on the menu whose making panics.
fn with_a_trap(mut config: server::Config) -> server::Config {
    config.controllers.push(server::ControllerChoice {
        id: "trap".to_owned(),
        title: server::Title::new("陷阱", "Trap"),
        about: server::Title::new("出错", "It fails"),
        build: std::sync::Arc::new(|_, _, _| panic!("this test's controller fails")),
    });
    config
}

#[tokio::test]
async fn a_command_that_panics_is_answered_with_500_and_the_city_goes_on() {
    let server = Server::start(with_a_trap(config())).await;
    let problem = server
        .post("/api/v1/control", JSON, r#"{"controller": "trap"}"#)
        .await
        .problem(500);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("the city goes on"), "{detail}");
    assert_eq!(server.get("/readyz").await.status, 200);
    let status = server.control(&serde_json::json!({"speed": 10})).await;
    assert_eq!(status["controller"], "plan");
    assert_eq!(status["run"], 2, "what may be half changed starts again");
    let mut live = server.live("").await;
    let begun = live.text("status").await["t"].as_f64().unwrap();
    while live.text("status").await["t"].as_f64().unwrap() <= begun {}
    let metrics = server.get("/metrics").await.text();
    assert!(metrics.contains("panics_total 1"), "{metrics}");
    server.stop().await;
}

#[tokio::test]
async fn questions_that_panic_leave_the_run_alone_however_many_there_are() {
    let server = Server::start(with_a_trap(config())).await;
    let body = r#"{"left": {"controller": "trap"}, "right": {"controller": "plan"}, "seconds": 300, "speed": 10}"#;
    for _ in 0..10 {
        server
            .post("/api/v1/comparisons", JSON, body)
            .await
            .problem(500);
    }
    let status = server.control(&serde_json::json!({"paused": true})).await;
    assert_eq!(status["run"], 1);
    server.stop().await;
}

#[tokio::test]
async fn a_path_that_is_no_text_is_told_as_a_problem() {
    let server = Server::start(config()).await;
    for path in [
        "/api/v1/links/%ff",
        "/api/v1/signals/%ff",
        "/api/v1/missions/%ff",
        "/api/v1/comparisons/%ff",
        "/api/v1/tiles/%ff/0/0.mvt",
    ] {
        server.get(path).await.problem(400);
    }
    let closed = server.put("/api/v1/closures/%ff").await;
    let problem = closed.problem(400);
    assert!(problem["detail"].as_str().unwrap().contains("UTF-8"));
    server.stop().await;
}
