//! Every resource answers what docs/live-protocol.md says.

use std::io::Read;

use crate::client::{Server, config};
use serde_json::Value;

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn the_scenario_says_what_runs() {
    let server = Server::start(config()).await;
    let scenario = server.get("/api/v1/scenario").await.json();
    assert_eq!(scenario["city"]["title"]["zh"], "网格");
    assert_eq!(scenario["network"]["signals"], 4);
    assert_eq!(
        scenario["demand_levels"],
        serde_json::json!([0.5, 0.75, 1.0, 1.25, 1.5])
    );
    let controllers = scenario["controllers"].as_array().unwrap();
    assert!(controllers.iter().any(|one| one["id"] == "max-pressure"));
    let bounds: Vec<f64> = serde_json::from_value(scenario["network"]["bounds"].clone()).unwrap();
    // Without a place of its own it lies in the middle of Hangzhou.
    assert!((f64::midpoint(bounds[0], bounds[2]) - 120.155).abs() < 1e-6);
    assert!((f64::midpoint(bounds[1], bounds[3]) - 30.274).abs() < 1e-6);
    for key in [
        "t",
        "clock",
        "running",
        "mean_speed",
        "delay_index",
        "real_time_factor",
        "safety",
    ] {
        assert!(keys(&scenario["status"]).contains(&key), "{key}");
    }
    server.stop().await;
}

#[tokio::test]
async fn links_and_signals_tell_their_state_and_history() {
    let server = Server::start(config()).await;
    let mut live = server.live("").await;
    while live.text("status").await["t"].as_f64().unwrap() < 190.0 {}

    let history = server.get("/api/v1/history").await.json();
    let columns = history["columns"].as_array().unwrap().len();
    let rows = history["rows"].as_array().unwrap();
    assert!(rows.len() >= 3);
    for (minute, row) in rows.iter().enumerate() {
        assert_eq!(row.as_array().unwrap().len(), columns);
        assert!((row[0].as_f64().unwrap() - 60.0 * (minute + 1) as f64).abs() < 1e-6);
        assert!(
            row[5].as_f64().unwrap() >= 1.0,
            "the delay index is at least 1"
        );
    }
    assert_eq!(history["changes"][0][1], "plan");

    let scenario = server.get("/api/v1/scenario").await.json();
    let links = scenario["network"]["links"].as_u64().unwrap();
    let mut passed = 0.0;
    for index in 0..links {
        let link = server.get(&format!("/api/v1/links/{index}")).await.json();
        assert_eq!(link["index"], index);
        assert!(link["history"].as_array().unwrap().len() >= 3);
        passed += link["flow_per_hour"].as_f64().unwrap();
        if let Some(speed) = link["speed"].as_f64() {
            assert!(speed <= link["free_speed"].as_f64().unwrap() * 1.001);
        }
    }
    assert!(passed > 0.0, "somebody has passed a stop line");

    let signal = server.get("/api/v1/signals/0").await.json();
    let phases = signal["phases"].as_array().unwrap();
    let groups: Vec<u64> = signal["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["index"].as_u64().unwrap())
        .collect();
    assert!(
        phases
            .iter()
            .any(|phase| !phase["green"].as_array().unwrap().is_empty())
    );
    for phase in phases {
        for group in phase["green"].as_array().unwrap() {
            assert!(groups.contains(&group.as_u64().unwrap()));
        }
    }
    assert!(signal["phase"].is_u64());
    assert!(signal["history"].as_array().unwrap().len() >= 2);
    server.stop().await;
}

#[tokio::test]
async fn tiles_hold_the_network_and_are_kept_by_browsers() {
    let server = Server::start(config()).await;
    let bounds = server.get("/api/v1/scenario").await.json()["network"]["bounds"].clone();
    let [x, y] = server::geo::mercator(
        bounds[0].as_f64().unwrap() + 1e-4,
        bounds[1].as_f64().unwrap() + 1e-4,
    );
    let across = f64::from(1_u32 << 14);
    let path = format!(
        "/api/v1/tiles/14/{}/{}.mvt",
        (x * across) as u32,
        (y * across) as u32
    );
    let plain = server.get(&path).await;
    assert_eq!(plain.status, 200);
    assert_eq!(
        plain.header("content-type"),
        "application/vnd.mapbox-vector-tile"
    );
    assert!(plain.body.windows(5).any(|window| window == b"links"));
    let packed = server.get_with(&path, "accept-encoding: gzip, br").await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain.body);
    let etag = plain.header("etag");
    assert!(!etag.is_empty());
    let again = server
        .get_with(&path, &format!("if-none-match: {etag}"))
        .await;
    assert_eq!(again.status, 304);
    for bad in [
        "23/0/0.mvt",
        "3/8/0.mvt",
        "3/0/8.mvt",
        "-1/0/0.mvt",
        "x/y/z.mvt",
        "3/0/0",
        "3/0/0.png",
    ] {
        server
            .get(&format!("/api/v1/tiles/{bad}"))
            .await
            .problem(404);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_description_has_every_resource() {
    let server = Server::start(config()).await;
    let description = server.get("/api/v1/openapi.json").await.json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    let paths = keys(&description["paths"]);
    for path in [
        "/api/v1/scenario",
        "/api/v1/history",
        "/api/v1/links/{index}",
        "/api/v1/signals/{index}",
        "/api/v1/control",
        "/api/v1/tiles/{z}/{x}/{y}",
        "/api/v1/live",
        "/api/v1/comparisons",
        "/api/v1/comparisons/{id}",
        "/api/v1/corridors",
        "/api/v1/corridors/path",
        "/api/v1/corridors/diagram",
        "/api/v1/closures",
        "/api/v1/closures/{lane}",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    // Every reference leads somewhere.
    let schemas = keys(&description["components"]["schemas"]);
    let text = description.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains(&name), "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn health_readiness_and_metrics_answer() {
    let server = Server::start(config()).await;
    assert_eq!(server.get("/healthz").await.text(), "ok\n");
    assert_eq!(server.get("/readyz").await.text(), "ready\n");
    let mut live = server.live("").await;
    live.vehicles().await;
    let metrics = server.get("/metrics").await.text();
    let value = |name: &str| -> f64 {
        let line = metrics
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} in {metrics}"))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(value("citybrain_steps_total") > 0.0);
    assert!((value("citybrain_live_clients") - 1.0).abs() < 1e-9);
    assert!(value("citybrain_real_time_factor") >= 0.0);
    server.stop().await;
}

#[tokio::test]
async fn the_page_speaks_both_languages_and_works_without_scripts() {
    let server = Server::start(config()).await;
    let chinese = server
        .get_with("/", "accept-language: zh-CN,zh;q=0.9")
        .await;
    assert_eq!(chinese.status, 200);
    assert!(chinese.text().contains(r#"<html lang="zh-Hans">"#));
    assert!(chinese.text().contains("平均速度"));
    let english = server.get("/?lang=en").await;
    assert!(english.text().contains(r#"<html lang="en">"#));
    assert!(english.text().contains("Mean speed"));
    assert!(english.header("set-cookie").contains("lang=en"));
    assert!(english.text().contains(r#"http-equiv="refresh""#));
    let policy = english.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("http"), "nothing from elsewhere: {policy}");
    assert_eq!(english.header("x-content-type-options"), "nosniff");
    assert_eq!(english.header("referrer-policy"), "no-referrer");
    // What the page refers to is here, if it has been built.
    for reference in english.text().split("=\"/assets/").skip(1) {
        let name = reference.split('"').next().unwrap();
        let file = server.get(&format!("/assets/{name}")).await;
        assert_eq!(file.status, 200, "{name}");
        assert!(file.header("cache-control").contains("immutable"));
    }
    let missing = server.get_with("/nothing", "accept: text/html").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("没有这个页面"));
    server.stop().await;
}
