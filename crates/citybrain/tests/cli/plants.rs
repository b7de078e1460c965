//! `citybrain traffic … --plant sumo` and `citybrain traffic drive`, with SUMO and Python.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Place, root, shown};

/// `SUMO_HOME`, where `script/setup` has put it; none, with a note, where it is missing.
fn sumo_home() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let answer = Command::new(cache.join("citybrain/venv/bin/python3"))
        .args(["-c", "import sumo; print(sumo.SUMO_HOME)"])
        .output();
    let home = answer.ok().filter(|answer| answer.status.success());
    if home.is_none() {
        eprintln!("skipped: no SUMO here (script/setup test installs it)");
    }
    home.map(|answer| PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()))
}

/// A junction with five minutes of traffic, as a SUMO configuration.
fn crossroads(place: &Place) {
    let network = root().join("crates/roads/tests/data/crossroads.net.xml");
    place.write(
        "crossroads.net.xml",
        &std::fs::read_to_string(network).unwrap(),
    );
    let flow = |from: &str, to: &str| {
        format!(
            r#"<flow id="{from}-{to}" from="{from}_in" to="{to}_out" begin="0" end="300" period="20"/>"#
        )
    };
    let flows = [
        ("east", "west"),
        ("west", "east"),
        ("north", "south"),
        ("south", "north"),
    ]
    .map(|(from, to)| flow(from, to));
    place.write(
        "crossroads.rou.xml",
        &format!("<routes>{}</routes>", flows.concat()),
    );
    place.write(
        "crossroads.sumocfg",
        r#"<configuration><net-file value="crossroads.net.xml"/><route-files value="crossroads.rou.xml"/>
           <begin value="0"/><end value="300"/></configuration>"#,
    );
}

/// The blocks of Python of the documentation.
fn example(number: usize) -> String {
    let text = std::fs::read_to_string(root().join("docs/plants.md")).unwrap();
    let block = text.split("```python\n").nth(number + 1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn controllers_are_compared_in_sumo_with_sumos_own() {
    let Some(home) = sumo_home() else { return };
    let place = Place::new();
    crossroads(&place);
    let output = place
        .command(&[
            "traffic",
            "compare",
            "--plant",
            "sumo",
            "-n",
            "crossroads.sumocfg",
            "--control",
            "max-pressure",
            "--sensing",
            "full",
            "--sensing",
            "cameras:0.9,noise:0.1",
            "--seeds",
            "1,2",
            "--json",
        ])
        .env("SUMO_HOME", home)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["summary"].as_array().unwrap().iter();
    let names: Vec<[&Value; 2]> = rows.map(|row| [&row["control"], &row["sensing"]]).collect();
    assert_eq!(
        names,
        [
            ["sumo-plan", "own"],
            ["sumo-actuated", "own"],
            ["max-pressure", "full"],
            ["max-pressure", "cameras:0.9,noise:0.1"]
        ]
    );
    for run in report["runs"].as_array().unwrap() {
        assert_eq!(run["finished"], 60, "{run}");
        assert!(run["mean_trip"].as_f64().unwrap() > 20.0, "{run}");
        assert_eq!(run["event_count"], 0, "{run}");
        let estimated = run["sensing"].as_str().unwrap().starts_with("cameras");
        assert_eq!(run["sensing_errors"].is_object(), estimated, "{run}");
    }
    let ours = &report["summary"][2];
    assert!(ours["against_plan"].is_f64() && ours["against_actuated"].is_f64());
}

#[test]
fn what_only_sumo_can_do_is_refused_elsewhere() {
    let place = Place::with_grid();
    let output = place.run(&["traffic", "run", "-n", "grid.json", "--detectors"]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    assert!(
        shown(&output).contains("add --plant sumo"),
        "{}",
        shown(&output)
    );
    let twice = "traffic run -n a.sumocfg --plant sumo --detectors --sensing probes:0.1";
    let output = place.run(&twice.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    assert!(shown(&output).contains("give one of them"), "{output:?}");
}

#[test]
fn a_plant_in_python_is_started_and_driven_to_its_end() {
    let place = Place::new();
    place.write("plant.py", &example(0));
    let report = place.json(
        0,
        &[
            "traffic",
            "drive",
            "--plant",
            "python3 plant.py",
            "--control",
            "max-pressure",
            "--json",
        ],
    );
    assert_eq!(report["seconds"], 599.0);
    assert_eq!(report["event_count"], 0);
    assert_eq!(report["safety"]["fallbacks"], 0);
}

#[test]
fn a_simulator_that_starts_us_is_answered_on_standard_output() {
    let place = Place::new();
    let mut child = place
        .command(&["traffic", "drive", "--stdio", "--control", "max-pressure"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut say = |message: Value| writeln!(input, "{message}").unwrap();
    let lane = |id: &str| json!({"id": id, "length": 100, "speed": 10});
    say(json!({
        "type": "init",
        "lanes": [lane("a"), lane("b"), lane("c"), lane("d")],
        "junctions": [{
            "id": "J",
            "movements": [{"from": "a", "to": "b"}, {"from": "c", "to": "d"}],
            "phases": [{"state": "Gr", "duration": 30}, {"state": "rG", "duration": 30}],
        }],
    }));
    let mut states = Vec::new();
    for t in 0..40 {
        let waiting = json!({"c": {"count": 5, "waiting": 5}});
        say(json!({"type": "obs", "t": t, "lanes": waiting}));
        let answer: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["t"], f64::from(t));
        states.push(answer["states"]["J"].as_str().unwrap().to_owned());
    }
    assert_eq!(states[0], "rr", "it begins with everything red");
    assert_eq!(states[39], "rG", "those who wait are served: {states:?}");
    assert!(!states.contains(&"GG".to_owned()));
    say(json!({"type": "end"}));
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_scenario_that_sumo_refuses_is_refused_in_sumos_own_words() {
    let Some(home) = sumo_home() else { return };
    let place = Place::new();
    crossroads(&place);
    place.write(
        "refused.add.xml",
        r#"<additional><laneAreaDetector id="d" lane="no_such_lane" pos="0" length="5" period="60" file="NUL"/></additional>"#,
    );
    place.write(
        "refused.sumocfg",
        r#"<configuration><net-file value="crossroads.net.xml"/><route-files value="crossroads.rou.xml"/>
           <additional-files value="refused.add.xml"/><begin value="0"/><end value="300"/></configuration>"#,
    );
    let output = place
        .command(&["traffic", "run", "--plant", "sumo", "-n", "refused.sumocfg"])
        .env("SUMO_HOME", home)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    let text = shown(&output);
    assert!(
        text.contains("SUMO refused") && text.contains("no_such_lane"),
        "{text}"
    );
    assert!(!text.contains("pip install"), "{text}");
}

#[test]
fn what_is_written_wrong_for_a_plant_is_an_input_fault() {
    let place = Place::with_grid();
    place.write(
        "cabinets.json",
        r#"[{"signal": "nowhere", "address": "127.0.0.1:9", "community": "city", "phases": [2]}]"#,
    );
    let output = place.run(&[
        "traffic",
        "drive",
        "--ntcip",
        "cabinets.json",
        "-n",
        "grid.json",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert!(
        shown(&output).contains("no such signal"),
        "{}",
        shown(&output)
    );
    place.write(
        "empty.py",
        "print('{\"type\": \"init\", \"lanes\": [], \"junctions\": []}', flush=True)\ninput()\n",
    );
    let output = place.run(&["traffic", "drive", "--plant", "python3 empty.py"]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert!(
        shown(&output).contains("nothing to control"),
        "{}",
        shown(&output)
    );
}

#[test]
fn a_controller_of_anothers_that_breaks_is_told_of_and_is_no_success() {
    let place = Place::new();
    place.write("plant.py", &example(0));
    let breaks = example(1).replacen(
        "    elif message[\"type\"] == \"obs\":\n",
        "    elif message[\"type\"] == \"obs\":\n        assert message[\"t\"] < 100\n",
        1,
    );
    assert!(breaks.contains("assert"), "{breaks}");
    place.write("controller.py", &breaks);
    let output = place.run(&[
        "traffic",
        "drive",
        "--plant",
        "python3 plant.py",
        "--control-program",
        "python3 controller.py",
        "--json",
    ]);
    assert_eq!(output.status.code(), Some(5), "{}", shown(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["seconds"], 599.0, "the run goes on");
    let failures = &report["controller_failures"];
    assert_eq!(failures["first"], 100.0, "{failures}");
    assert!(failures["died"].as_u64() >= Some(1), "{failures}");
    assert_eq!(failures["silent_since"], 100.0, "{failures}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("has not answered since 100 s"), "{text}");
}
