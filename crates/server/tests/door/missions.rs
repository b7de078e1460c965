//! Missions of the running world: sent, followed to the scene, bounded, and never left behind.

use crate::client::{Answer, Server, config};
use missions::{Place, Unit, Units};
use roads::LinkId;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/missions";
/// Bit of a vehicle's flags: it is on a mission.
const EMERGENCY: u8 = 2;

async fn send(server: &Server, body: &Value) -> Answer {
    server
        .post(PATH, "application/json", &body.to_string())
        .await
}

/// A link to start from and one to go to, past several signals.
async fn way(server: &Server) -> (Value, Value) {
    let path = server.get("/api/v1/corridors/path?from=0&to=3").await;
    let path = path.json();
    let links = path["links"].as_array().unwrap();
    (links[0].clone(), links.last().unwrap().clone())
}

async fn mission(server: &Server, id: &Value) -> Value {
    let answer = server.get(&format!("{PATH}/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn an_ambulance_is_followed_through_the_running_city_to_the_scene_and_signals_hold_for_it() {
    let mut config = config();
    config.speed = 20.0;
    config.head_start = 120.0;
    let server = Server::start(config).await;
    let (from, scene) = way(&server).await;
    let mut live = server.live("").await;
    let sent = send(&server, &json!({"scene": scene, "from": from})).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let sent = sent.json();
    assert_eq!(sent["state"], "dispatched");
    assert_eq!(sent["priority"], true);
    assert_eq!(sent["scene"], scene);
    assert!(sent["ordered"].as_f64().unwrap() >= 120.0);
    assert!(sent["estimate"].as_f64().unwrap() > 10.0, "{sent}");
    let (mut held, mut places, mut shortest) = (0, 0, usize::MAX);
    let arrived = loop {
        let all = live.text("missions").await;
        let one = all["missions"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(one["id"], sent["id"]);
        held += usize::from(!one["held"].as_array().unwrap().is_empty());
        places += usize::from(one["place"].is_array());
        match one["state"].as_str().unwrap() {
            "dispatched" => {}
            "on-the-way" => {
                let first = shortest == usize::MAX;
                shortest = shortest.min(one["to_go"].as_u64().unwrap() as usize);
                if !first {
                    continue;
                }
                // Over a stream of its own: no message of missions is to be passed over.
                let frame = server.live("").await.vehicles().await;
                let marked: Vec<_> = frame
                    .all
                    .iter()
                    .filter(|vehicle| vehicle.flags & EMERGENCY != 0)
                    .collect();
                assert_eq!(marked.len(), 1);
                assert_eq!(one["vehicle"], marked[0].id);
            }
            _ => break one,
        }
    };
    assert!(held > 0, "no signal was held for it");
    assert!(places > 0, "it was nowhere");
    assert!(shortest < sent["route"].as_array().unwrap().len());
    assert_eq!(arrived["state"], "at-scene");
    assert_eq!(arrived["held"], json!([]), "what is over holds nothing");
    let measured = arrived["time_to_scene"].as_f64().unwrap();
    let (at, ordered) = (&arrived["arrived"], &arrived["ordered"]);
    let taken = at.as_f64().unwrap() - ordered.as_f64().unwrap();
    assert!((measured - taken).abs() < 1e-9, "{measured} {taken}");
    assert!((10.0..600.0).contains(&measured), "{measured}");
    // The unit is busy at the scene for a while, and then free.
    let cleared = loop {
        let all = live.text("missions").await;
        let one = all["missions"][0].clone();
        if one["state"] != "at-scene" {
            break one;
        }
    };
    assert_eq!(cleared["state"], "cleared");
    assert_eq!(cleared["reason"], "done");
    assert!(cleared["ended"].as_f64().unwrap() - at.as_f64().unwrap() >= 120.0);
    let again = server.delete(&format!("{PATH}/{}", sent["id"])).await;
    assert_eq!(again.json(), cleared, "what is over stays as it is");
    server.stop().await;
}

#[tokio::test]
async fn missions_are_bounded_called_off_and_refused_with_a_reason() {
    let mut config = config();
    config.limits.missions_max = 2;
    config.head_start = 60.0;
    let server = Server::start(config).await;
    server.control(&json!({"paused": true})).await;
    let (from, scene) = way(&server).await;
    let wanted = json!({"scene": scene, "from": from, "priority": false});
    let first = send(&server, &wanted).await.json();
    assert_eq!(first["priority"], false);
    let second = send(&server, &wanted).await.json();
    assert_ne!(first["vehicle"], second["vehicle"]);
    let problem = send(&server, &wanted).await.problem(409);
    assert_eq!(problem["limit"], "missions_max");
    let list = server.get(PATH).await.json();
    assert_eq!(list["missions_max"], 2);
    assert_eq!(list["missions"].as_array().unwrap().len(), 2);
    let ended = server.delete(&format!("{PATH}/{}", first["id"])).await;
    let ended = ended.json();
    assert_eq!(
        (&ended["state"], &ended["reason"]),
        (&json!("cancelled"), &json!("asked"))
    );
    assert_eq!(mission(&server, &first["id"]).await, ended);
    let third = send(&server, &wanted).await;
    assert_eq!(third.status, 201, "there is room again");
    for number in ["99", "x", "-1"] {
        server.get(&format!("{PATH}/{number}")).await.problem(404);
        let ended = server.delete(&format!("{PATH}/{number}")).await;
        ended.problem(404);
    }
    for (body, pointer) in [
        (json!({"from": from}), "/scene"),
        (
            json!({"from": from, "scene": scene, "place": [0, 0]}),
            "/scene",
        ),
        (json!({"from": from, "place": [0, 0]}), "/place"),
        (json!({"from": from, "place": [1e9, 1e300]}), "/place"),
        (json!({"from": from, "scene": 4_000_000}), "/scene"),
        (json!({"from": 4_000_000, "scene": scene}), "/from"),
        (json!({"scene": scene}), "/from"),
    ] {
        let problem = send(&server, &body).await.problem(422);
        let errors = problem["errors"].as_array().unwrap();
        assert!(
            errors.iter().any(|fault| fault["pointer"] == pointer),
            "{body}: {problem}"
        );
    }
    send(&server, &json!({"scene": scene, "colour": "blue"}))
        .await
        .problem(422);
    let host = server.address;
    for (method, path) in [("POST", PATH), ("DELETE", "/api/v1/missions/2")] {
        let body = wanted.to_string();
        let foreign = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             origin: https://elsewhere.example\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        server.send(&foreign).await.problem(403);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_place_is_the_street_nearest_to_it() {
    let server = Server::start(config()).await;
    server.control(&json!({"paused": true})).await;
    let (from, scene) = way(&server).await;
    let link = server.get(&format!("/api/v1/links/{scene}")).await.json();
    let sent = send(&server, &json!({"place": link["centre"], "from": from})).await;
    let sent = sent.json();
    // The link itself or the one of the other direction, as the middle of the road is both's.
    let found = server
        .get(&format!("/api/v1/links/{}", sent["scene"]))
        .await
        .json();
    for (axis, name) in ["longitude", "latitude"].into_iter().enumerate() {
        let away = found["centre"][axis].as_f64().unwrap() - link["centre"][axis].as_f64().unwrap();
        assert!(
            away.abs() < 1e-4,
            "{away} {name} between {found} and {link}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn each_unit_goes_once_and_when_all_are_out_that_is_said() {
    let mut config = config();
    let network = std::sync::Arc::clone(&config.scenario.network);
    let enters =
        |link: &LinkId| network.junctions[network.links[link.index()].from.index()].boundary;
    let links = (0..network.links.len()).map(LinkId::from).filter(enters);
    let units = links.take(2).enumerate().map(|(number, link)| Unit {
        id: format!("unit-{number}"),
        abilities: vec!["ambulance".to_owned()],
        place: Place { link, at: 0.0 },
    });
    config.units = Units {
        units: units.collect(),
    };
    let server = Server::start(config).await;
    server.control(&json!({"paused": true})).await;
    let (_, scene) = way(&server).await;
    let first = send(&server, &json!({"scene": scene})).await.json();
    let second = send(&server, &json!({"scene": scene})).await.json();
    let mut names = [&first["unit"], &second["unit"]].map(|name| name.as_str().unwrap());
    names.sort_unstable();
    assert_eq!(names, ["unit-0", "unit-1"]);
    assert!(first["estimate"].as_f64() <= second["estimate"].as_f64());
    let problem = send(&server, &json!({"scene": scene})).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("out"));
    server.delete(&format!("{PATH}/{}", first["id"])).await;
    let back = send(&server, &json!({"scene": scene})).await.json();
    assert_eq!(back["unit"], first["unit"], "it is free again");
    server.stop().await;
}

#[tokio::test]
async fn restart_demand_and_controller_leave_no_dead_mission_behind() {
    let mut config = config();
    config.head_start = 60.0;
    config.speed = 10.0;
    let server = Server::start(config).await;
    let (from, scene) = way(&server).await;
    let wanted = json!({"scene": scene, "from": from});
    for (change, reason) in [
        (json!({"restart": true}), "restart"),
        (json!({"demand": 1.25}), "demand"),
    ] {
        let sent = send(&server, &wanted).await.json();
        let status = server.control(&change).await;
        let ended = mission(&server, &sent["id"]).await;
        assert_eq!(ended["state"], "cancelled");
        assert_eq!(ended["reason"], reason);
        assert_ne!(ended["run"], status["run"], "it was of the run before");
        let mut live = server.live("").await;
        let frame = live.vehicles().await;
        assert!(frame.all.iter().all(|one| one.flags & EMERGENCY == 0));
    }
    // A new controller takes over under the mission, which goes on and has signals held for it.
    let sent = send(&server, &wanted).await.json();
    server.control(&json!({"controller": "max-pressure"})).await;
    let mut live = server.live("").await;
    let mut held = 0;
    let last = loop {
        let all = live.text("missions").await;
        let one = all["missions"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(one["id"], sent["id"]);
        held += usize::from(!one["held"].as_array().unwrap().is_empty());
        if one["state"] == "at-scene" || !one["ended"].is_null() {
            break one;
        }
    };
    assert_eq!(last["state"], "at-scene", "{last}");
    assert!(held > 0, "priority stands before the new controller too");
    server.stop().await;
}

/// Closes all lanes of a link but one.
async fn close_all_but(server: &Server, link: &Value, open: u64) {
    for lane in lanes_of(link).filter(|&lane| lane != open) {
        let answer = server.put(&format!("/api/v1/closures/{lane}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn lanes_of(link: &Value) -> std::ops::Range<u64> {
    let first = link["first_lane"].as_u64().unwrap();
    first..first + link["lanes"].as_u64().unwrap()
}

#[tokio::test]
async fn who_cannot_get_onto_the_road_any_more_is_called_off() {
    let server = Server::start(config()).await;
    server.control(&json!({"paused": true})).await;
    let (from, scene) = way(&server).await;
    let entered = server.get(&format!("/api/v1/links/{from}")).await.json();
    assert!(lanes_of(&entered).count() > 1, "the grid has several lanes");
    let mut ended = 0;
    for open in lanes_of(&entered) {
        let sent = send(&server, &json!({"scene": scene, "from": from})).await;
        let sent = sent.json();
        close_all_but(&server, &entered, open).await;
        let one = mission(&server, &sent["id"]).await;
        if one["state"] == "cancelled" {
            assert_eq!(one["reason"], "closure");
            ended += 1;
        } else {
            assert_eq!(one["route"], sent["route"], "its own lane is open");
        }
        for lane in lanes_of(&entered) {
            server.delete(&format!("/api/v1/closures/{lane}")).await;
        }
    }
    assert!(ended > 0, "no closure had any effect");
    server.stop().await;
}

#[tokio::test]
async fn lanes_closed_on_its_way_leave_no_ambulance_standing_for_ever() {
    let mut config = config();
    config.speed = 5.0;
    let server = Server::start(config).await;
    let (from, scene) = way(&server).await;
    let sent = send(&server, &json!({"scene": scene, "from": from})).await;
    let sent = sent.json();
    let mut live = server.live("").await;
    loop {
        let all = live.text("missions").await;
        if all["missions"][0]["state"] == "on-the-way" {
            break;
        }
    }
    let route = sent["route"].as_array().unwrap();
    let before = &route[route.len() - 2];
    let link = server.get(&format!("/api/v1/links/{before}")).await.json();
    close_all_but(&server, &link, lanes_of(&link).start).await;
    server.control(&json!({"speed": 60})).await;
    let last = loop {
        let all = live.text("missions").await;
        let one = all["missions"][0].clone();
        if one["state"] == "at-scene" || !one["ended"].is_null() {
            break one;
        }
    };
    let arrived = last["state"] == "at-scene";
    assert!(arrived || last["reason"] == "closure", "{last}");
    server.stop().await;
}

#[tokio::test]
async fn a_fork_of_the_running_city_has_its_missions_too() {
    let mut config = config();
    config.head_start = 60.0;
    let server = Server::start(config).await;
    server.control(&json!({"paused": true})).await;
    let (from, scene) = way(&server).await;
    let sent = send(&server, &json!({"scene": scene, "from": from})).await;
    let sent = sent.json();
    let plan = json!({"controller": "plan"});
    let body = json!({"left": plan, "right": plan, "seconds": 300, "speed": 10});
    let started = server
        .post("/api/v1/comparisons", "application/json", &body.to_string())
        .await
        .json();
    let query = format!("?comparison={}&side=right", started["id"]);
    let mut half = server.live(&query).await;
    let seen = loop {
        let frame = half.vehicles().await;
        let found = frame.all.iter().find(|one| one.flags & EMERGENCY != 0);
        if let Some(found) = found {
            break *found;
        }
    };
    assert_eq!(sent["vehicle"], seen.id);
    let waiting = mission(&server, &sent["id"]).await;
    assert_eq!(
        waiting["state"], "dispatched",
        "the paused city is untouched"
    );
    server.stop().await;
}
