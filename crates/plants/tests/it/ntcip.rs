//! A controller behind Debian's `snmpd`, which holds the objects of NTCIP 1202 and hands them to a
//! small program that plays the controller: two phases, its own yellow and clearance, a backup
//! timer. These tests run in real time, for that is what such a controller goes by.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plants::lines::{Init, build};
use plants::ntcip::{ASTRAY_AFTER, Cabinet, NtcipPlant};
use plants::{Driver, Error, ThreadBrain, Watch};
use roads::{Network, SignalId};
use signals::{Controller, Limits, Observation, Plant, Protocol, Wish, Wishes, Yellow};

use crate::support::{names, signal, watch};

/// The controller: `pass_persist` in, a record of what it shows out.
const CONTROLLER: &str = r#"
import os, sys, threading, time
ASC = ".1.3.6.1.4.1.1206.4.2.1."
MAX, BACKUP, DETECTORS = ASC + "1.1.0", ASC + "3.3.0", ASC + "2.4.1.2.1"
STATUS = {ASC + "1.4.1.%d.1" % column: name for column, name in ((2, "red"), (3, "yellow"), (4, "green"))}
CONTROL = {ASC + "1.5.1.%d.1" % column: name for column, name in ((2, "omit"), (4, "hold"), (5, "force"), (6, "call"))}
told, backup, heard = dict.fromkeys(CONTROL.values(), 0), 0, time.time()
phase, colour, since = 2, "green", time.time()
record = open(sys.argv[1], "a")
bit = lambda number: 1 << number - 1
def step():
    global phase, colour, since, told
    now = time.time()
    free = backup and now - heard > backup
    if free: told = dict.fromkeys(told, 0)
    age, other = now - since, 6 - phase
    if colour == "green":
        ends = age > 5 if free else age > 2 and told["force"] & bit(phase) and not told["hold"] & bit(phase) and told["call"] & bit(other) and not told["omit"] & bit(other)
        if ends: colour, since = "yellow", now
    elif colour == "yellow" and age > 2: colour, since = "red", now
    elif colour == "red" and age > 1: phase, colour, since = other, "green", now
    print("%.1f" % now, phase, colour, "own" if free else "told", file=record, flush=True)
def run():
    while True:
        with lock: step()
        time.sleep(0.1)
lock = threading.Lock()
threading.Thread(target=run, daemon=True).start()
def value(oid):
    if oid == MAX: return 8
    if oid == BACKUP: return backup
    if oid == DETECTORS: return 1
    if oid in CONTROL: return told[CONTROL[oid]]
    if oid in STATUS:
        if STATUS[oid] == "red": return (bit(2) | bit(4)) & ~(0 if colour == "red" else bit(phase))
        return bit(phase) if STATUS[oid] == colour else 0
while True:
    line = sys.stdin.readline()
    if not line: break
    command = line.strip()
    if not command: continue
    with lock:
        if command == "PING": print("PONG")
        elif command == "get":
            oid = sys.stdin.readline().strip()
            print("NONE" if value(oid) is None else "%s\ninteger\n%d" % (oid, value(oid)))
        elif command == "set":
            oid, number = sys.stdin.readline().strip(), int(sys.stdin.readline().split()[1])
            if oid == BACKUP: backup = number
            elif oid in CONTROL: told[CONTROL[oid]], heard = number, time.time()
            print("DONE" if oid == BACKUP or oid in CONTROL else "not-writable")
        else:
            sys.stdin.readline()
            print("NONE")
        sys.stdout.flush()
"#;

struct Agent {
    child: Child,
    cabinet: Cabinet,
}

impl Agent {
    /// Starts `snmpd` with the controller behind it; none where it is not installed.
    fn start(folder: &Path) -> Option<Self> {
        let program = "/usr/sbin/snmpd";
        if !Path::new(program).exists() {
            println!("skipped: no snmpd here (script/setup test installs it)");
            return None;
        }
        let controller = folder.join("controller.py");
        fs::write(&controller, CONTROLLER).unwrap();
        let port = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let configuration = folder.join("agent.conf");
        let text = format!(
            "agentaddress udp:127.0.0.1:{port}\nrwcommunity city 127.0.0.1\n\
             pass_persist .1.3.6.1.4.1.1206.4.2.1 /usr/bin/env python3 -u {} {}\n",
            controller.display(),
            folder.join("record.txt").display()
        );
        fs::write(&configuration, text).unwrap();
        let child = Command::new(program)
            .args(["-f", "-C", "-Lf", "/dev/null", "-I", "-systemstats_linux"])
            .arg("-c")
            .arg(&configuration)
            .arg("-p")
            .arg(folder.join("snmpd.pid"))
            .env("SNMP_PERSISTENT_DIR", folder.join("persistent"))
            .env("MIBS", "")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let cabinet = Cabinet {
            signal: "J".to_owned(),
            address: ([127, 0, 0, 1], port).into(),
            community: "city".to_owned(),
            phases: vec![2, 4],
            detectors: [(1, "north_0".to_owned())].into(),
        };
        Some(Self { child, cabinet })
    }

    fn connect(&self, network: &Arc<Network>) -> NtcipPlant {
        let start = Instant::now();
        loop {
            match NtcipPlant::connect(network.clone(), std::slice::from_ref(&self.cabinet)) {
                Ok(plant) => return plant,
                Err(error) => assert!(start.elapsed() < Duration::from_secs(10), "{error}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn network() -> Arc<Network> {
    let text = r#"{
        "lanes": [{"id": "north", "length": 100, "speed": 10}, {"id": "east", "length": 100, "speed": 10},
                  {"id": "south", "length": 100, "speed": 10}, {"id": "west", "length": 100, "speed": 10}],
        "junctions": [{"id": "J",
            "movements": [{"from": "north", "to": "south"}, {"from": "east", "to": "west"}],
            "phases": [{"state": "Gr", "duration": 20}, {"state": "rG", "duration": 20}]}]}"#;
    let init: Init = serde_json::from_str(text).unwrap();
    Arc::new(build(&init).unwrap())
}

/// Wishes for the one phase and the other, eight seconds each.
struct Alternate;

impl Controller for Alternate {
    fn name(&self) -> &'static str {
        "alternate"
    }

    fn interval(&self) -> Option<f64> {
        Some(1.0)
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        assert_eq!((seen.count[0], seen.count[1]), (1, 0), "its detectors");
        wishes.set(SignalId(0), Wish::Phase((seen.time / 8.0) as u32 % 2));
    }
}

/// What the controller showed, by its own record: when each green of a phase began, whether it
/// was told to, and that one phase has cleared before the next begins.
fn greens(folder: &Path) -> Vec<(f64, u8, bool)> {
    let text = fs::read_to_string(folder.join("record.txt")).unwrap();
    let mut found: Vec<(f64, u8, bool)> = Vec::new();
    let mut last = (0, "red".to_owned());
    for line in text.lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let [time, phase, colour, whose] = parts[..] else {
            continue; // torn by the end of the test
        };
        let (time, phase): (f64, u8) = (time.parse().unwrap(), phase.parse().unwrap());
        if colour == "green" && last != (phase, "green".to_owned()) {
            assert!(
                last.1 == "red",
                "phase {phase} began before the other had cleared"
            );
            found.push((time, phase, whose == "told"));
        }
        last = (phase, colour.to_owned());
    }
    found
}

fn driver(plant: NtcipPlant) -> Driver<NtcipPlant> {
    let limits = Limits {
        minimum_green: 3.0,
        yellow: Yellow::Fixed(2.0),
        ..Limits::without_pedestrians()
    };
    let build = || Ok(Box::new(Alternate) as Box<dyn Controller>);
    let brain = Box::new(ThreadBrain::new(Box::new(build)).unwrap());
    let watch = Watch {
        astray_after: ASTRAY_AFTER,
        ..watch()
    };
    Driver::new(plant, brain, &Protocol::street(), limits.into(), watch).unwrap()
}

#[test]
fn a_controller_behind_snmpd_does_what_it_is_told_and_its_own_way_when_it_hears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(agent) = Agent::start(folder.path()) else {
        return;
    };
    let network = network();
    let mut driver = driver(agent.connect(&network));
    driver.run_until(34.0).unwrap();
    assert_eq!(names(driver.events()), [] as [&str; 0]);
    assert_eq!(driver.plant().silent().count(), 0);
    let told = greens(folder.path());
    // Eight seconds each, as wished for, and not the five of its own plan.
    assert!(told.len() >= 4, "{told:?}");
    for two in told[1..].windows(2) {
        let seconds = two[1].0 - two[0].0;
        assert!(
            (6.5..10.0).contains(&seconds),
            "{seconds} s from green to green"
        );
        assert!(two[0].2, "told, not its own way: {told:?}");
    }
    // We fall silent, as if killed; it goes back to its own plan by itself.
    drop(driver);
    std::thread::sleep(Duration::from_secs(8));
    let text = fs::read_to_string(folder.path().join("record.txt")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let own = lines.iter().position(|line| line.ends_with("own"));
    let time = |line: &str| line.split(' ').next().unwrap().parse::<f64>().unwrap();
    let silent = time(lines[lines.len() - 2]) - time(lines[own.unwrap()]);
    assert!(silent > 5.0, "its own way only for {silent} s of 8");
    greens(folder.path());
}

#[test]
fn a_controller_that_does_not_answer_holds_nobody_up_and_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(agent) = Agent::start(folder.path()) else {
        return;
    };
    let network = network();
    let mut driver = driver(agent.connect(&network));
    driver.run_until(3.0).unwrap();
    signal(agent.child.id(), "STOP");
    let start = Instant::now();
    driver.run_until(8.0).unwrap();
    assert!(
        start.elapsed() < Duration::from_millis(6_500),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(driver.plant().silent().count(), 1);
    signal(agent.child.id(), "CONT");
    driver.run_until(11.0).unwrap();
    assert_eq!(driver.plant().silent().count(), 0);
    let mut shown = Vec::new();
    assert!(driver.plant().shown(SignalId(0), &mut shown));
    greens(folder.path());
}

#[test]
fn a_cabinet_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Some(agent) = Agent::start(folder.path()) else {
        return;
    };
    let network = network();
    drop(agent.connect(&network));
    let faults: [(&dyn Fn(&mut Cabinet), &str); 4] = [
        (&|cabinet| cabinet.signal = "K".to_owned(), "no such signal"),
        (
            &|cabinet| cabinet.phases = vec![2],
            "1 phases are named for its 2 movements",
        ),
        (
            &|cabinet| cabinet.phases = vec![2, 9],
            "phase 9 is named; its controller has 1 to 8",
        ),
        (
            &|cabinet| cabinet.community = "nobody".to_owned(),
            "its controller at 127.0.0.1",
        ),
    ];
    for (spoil, expected) in faults {
        let mut cabinet = agent.cabinet.clone();
        spoil(&mut cabinet);
        let error = NtcipPlant::connect(network.clone(), &[cabinet])
            .err()
            .unwrap();
        assert!(error.to_string().contains(expected), "{error}");
        // What is written wrong is told apart from a controller that is not there.
        let gone = expected.contains("127.0.0.1");
        assert_eq!(matches!(error, Error::Gone { .. }), gone, "{error:?}");
        assert_eq!(matches!(error, Error::Mismatch(_)), !gone, "{error:?}");
    }
}
