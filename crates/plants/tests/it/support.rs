//! Where the counterparts are, and how their records are read and checked.

use std::cell::Cell;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plants::lines::ProcessBrain;
use plants::sumo::{Scenario, Settings};
use plants::{Driver, Event, ThreadBrain, Watch, What};
use roads::{Aspect, Network, SignalId};
use signals::{Command, Detail, Limits, Observation, Plant, Protocol};

use crate::envelope::{Expected, check};

/// The folder of programs that `script/setup` has made.
fn own_programs() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("citybrain/venv/bin"))
}

/// SUMO; none where it is not installed, and then it says so.
pub(crate) fn sumo() -> Option<Settings> {
    let own = own_programs().map(|folder| folder.join("python3"));
    let home = own.filter(|python| python.is_file()).and_then(|python| {
        let answer = process::Command::new(python)
            .args(["-c", "import sumo; print(sumo.SUMO_HOME)"])
            .output()
            .ok()?;
        Some(PathBuf::from(
            String::from_utf8_lossy(&answer.stdout).trim(),
        ))
    });
    let found = plants::sumo::find(&home.into_iter().collect::<Vec<_>>());
    if found.is_none() {
        println!("skipped: no SUMO here (script/setup test installs it)");
    }
    found.map(Settings::new)
}

/// A junction of four streets with crossings for people and a bus lane, with traffic for ten
/// minutes, in `folder`. SUMO keeps a record of its signals there.
pub(crate) fn crossroads(folder: &Path) -> Scenario {
    let network = folder.join("crossroads.net.xml");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../roads/tests/data");
    fs::copy(data.join("crossroads.net.xml"), &network).unwrap();
    let mut routes = String::from("<routes>\n");
    let streets = ["east", "north", "south", "west"];
    for from in streets {
        for to in streets.into_iter().filter(|&to| to != from) {
            writeln!(
                routes,
                r#"<flow id="{from}-{to}" from="{from}_in" to="{to}_out" begin="0" end="600" probability="0.06"/>"#
            )
            .unwrap();
        }
    }
    routes.push_str("</routes>\n");
    let demand = folder.join("crossroads.rou.xml");
    fs::write(&demand, routes).unwrap();
    let record = folder.join("record.add.xml");
    fs::write(
        &record,
        format!(
            r#"<additional><timedEvent type="SaveTLSStates" source="centre" dest="{}"/></additional>"#,
            folder.join("signals.xml").display()
        ),
    )
    .unwrap();
    let mut scenario = Scenario::of_files(&network, &[demand], 0.0, Some(600.0));
    scenario.additional.push(record);
    scenario
}

/// What a signal's movements showed, second by second, by SUMO's own record.
pub(crate) fn record_of_sumo(folder: &Path, scenario: &Scenario) -> Record {
    let import = scenario.import().unwrap();
    let links = &import.names.signal_links[0];
    let text = fs::read_to_string(folder.join("signals.xml")).unwrap();
    let attribute = |line: &str, name: &str| {
        let start = line.find(&format!(" {name}=\""))? + name.len() + 3;
        let length = line[start..].find('"')?;
        Some(line[start..start + length].to_owned())
    };
    // The last line may be torn, if SUMO was killed while it wrote.
    text.lines()
        .filter(|line| line.contains("<tlsState") && line.contains("/>"))
        .map(|line| {
            let time = attribute(line, "time").unwrap().parse().unwrap();
            let state = attribute(line, "state").unwrap();
            let aspects = links
                .iter()
                .map(|&link| aspect(state.as_bytes()[link as usize]));
            (time, vec![aspects.collect()])
        })
        .collect()
}

/// What signals showed, second by second.
pub(crate) type Record = Vec<(f64, Vec<Vec<Aspect>>)>;

pub(crate) fn aspect(letter: u8) -> Aspect {
    match letter {
        b'G' => Aspect::Protected,
        b'g' => Aspect::Permissive,
        b'y' => Aspect::Yellow,
        b'r' => Aspect::Red,
        other => panic!("the letter {:?}", char::from(other)),
    }
}

/// That the record of the first signal keeps what the envelope promises: no conflicting greens, no
/// short yellow or green, full clearances, nobody forgotten.
pub(crate) fn keeps_the_envelope(network: &Network, record: &Record, red: f64) {
    assert!(record.len() > 100, "a record of {} seconds", record.len());
    let changes = record.windows(2).filter(|two| two[0].1 != two[1].1).count();
    assert!(changes > 6, "the signal hardly changed: {changes} times");
    let expected = Expected {
        green: |_| 6.0,
        red,
        tick: 1.0,
    };
    check(network, 0, record, &expected).unwrap();
}

/// Limits of a street where nobody walks, as the records are checked against.
pub(crate) fn limits() -> Limits {
    Limits::without_pedestrians()
}

/// How long the watchdog waits in tests.
pub(crate) fn watch() -> Watch {
    Watch {
        brain_patience: Duration::from_millis(1_200),
        brain_rest: Duration::from_millis(300),
        lost_after: Duration::from_secs(20),
        plant_rest: Duration::from_millis(100),
        ..Watch::default()
    }
}

/// A controller of ours on its thread.
pub(crate) fn brain(network: &Network, name: &'static str) -> ThreadBrain {
    let network = network.clone();
    let build = move || {
        let demand = roads::Demand::default();
        signals::controllers::by_name(name, &network, &demand, &Protocol::street())
    };
    ThreadBrain::new(Box::new(build)).unwrap()
}

/// A plant under a controller of ours.
pub(crate) fn driven<P: Plant>(plant: P, name: &'static str) -> Driver<P> {
    let brain = Box::new(brain(plant.network(), name));
    Driver::new(plant, brain, &Protocol::street(), limits().into(), watch()).unwrap()
}

/// Sends a signal to a process of ours, by its name: `STOP`, `CONT`, `KILL`.
pub(crate) fn signal(process: u32, name: &str) {
    let status = process::Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// What happened, by name, without how one could tell.
pub(crate) fn names(events: &[Event]) -> Vec<&'static str> {
    let name = |event: &Event| match event.what {
        What::BrainLate => "brain late",
        What::BrainGone { .. } => "brain gone",
        What::BrainBack => "brain back",
        What::PlantLate => "plant late",
        What::PlantGone { .. } => "plant gone",
        What::PlantBack => "plant back",
        What::Astray { .. } => "astray",
        What::Conflict { .. } => "conflict",
        What::Trusted { .. } => "trusted",
        What::DetectorWrong { .. } => "detector wrong",
        What::DetectorRight { .. } => "detector right",
    };
    events.iter().map(name).collect()
}

/// Steps until the first signal is in fallback, and says how long that took: by the wall, without
/// what the plant takes for its own steps, and by the plant's clock.
pub(crate) fn time_to_fall_back<P: Plant>(driver: &mut Driver<Clocked<P>>) -> (Duration, f64) {
    let (start, time) = (Instant::now(), driver.plant().time());
    let inside = driver.plant().inside();
    while !driver.envelope().in_fallback(SignalId(0)) {
        driver.step().unwrap();
        assert!(start.elapsed() < Duration::from_mins(1), "no fallback");
    }
    let wall = start.elapsed();
    let wall = driver.plant().less(wall, inside);
    (wall, driver.plant().time() - time)
}

/// A plant whose own time is taken: on a busy machine a step of SUMO's may last for seconds, and
/// that is no delay of the watchdog's, whose clock is the plant's.
pub(crate) struct Clocked<P> {
    pub(crate) plant: P,
    inside: Cell<Duration>,
}

impl<P> Clocked<P> {
    pub(crate) fn new(plant: P) -> Self {
        let inside = Cell::new(Duration::ZERO);
        Self { plant, inside }
    }

    /// How long has been waited for the plant so far.
    pub(crate) fn inside(&self) -> Duration {
        self.inside.get()
    }

    /// What is left of a time without what has been waited for the plant since it was `inside`.
    pub(crate) fn less(&self, time: Duration, inside: Duration) -> Duration {
        let plants_own = self.inside().checked_sub(inside).unwrap();
        time.checked_sub(plants_own).unwrap()
    }

    fn add(&self, start: Instant) {
        self.inside.set(self.inside.get() + start.elapsed());
    }
}

impl<P: Plant> Plant for Clocked<P> {
    fn network(&self) -> &Arc<Network> {
        self.plant.network()
    }

    fn time(&self) -> f64 {
        self.plant.time()
    }

    fn tick(&self) -> f64 {
        self.plant.tick()
    }

    fn observe(&self, detail: Detail, seen: &mut Observation) -> Result<(), signals::Error> {
        let start = Instant::now();
        let result = self.plant.observe(detail, seen);
        self.add(start);
        result
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), signals::Error> {
        self.plant.show(command)
    }

    fn shown(&self, signal: SignalId, aspects: &mut Vec<Aspect>) -> bool {
        self.plant.shown(signal, aspects)
    }

    fn advance(&mut self) -> Result<(), signals::Error> {
        let start = Instant::now();
        let result = self.plant.advance();
        self.add(start);
        result
    }
}

/// Longest that a junction may wait for a brain that is gone.
pub(crate) const FALLBACK_MAX: Duration = Duration::from_secs(2);

/// The documentation's controller as a process of its own, and how to find that.
pub(crate) fn process_brain(
    folder: &Path,
    network: Arc<Network>,
    tick: f64,
) -> (ProcessBrain, impl Fn() -> u32 + use<>) {
    let note = folder.join("brain.pid");
    let text = format!(
        "import os\nopen({:?}, 'w').write(str(os.getpid()))\n{}",
        note.display().to_string(),
        example(1)
    );
    let command = python(folder, "controller.py", &text, &[]);
    let brain = ProcessBrain::start(&command, network, tick).unwrap();
    // On a busy machine Python takes its time; what is tested begins when it is there.
    let start = Instant::now();
    while fs::read_to_string(&note).map_or(0, |text| text.len()) == 0 {
        assert!(start.elapsed() < Duration::from_mins(1), "no controller");
        std::thread::sleep(Duration::from_millis(20));
    }
    let process = move || fs::read_to_string(&note).unwrap().parse().unwrap();
    (brain, process)
}

/// A block of Python of the documentation.
pub(crate) fn example(number: usize) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plants.md");
    let text = fs::read_to_string(docs).unwrap();
    let block = text.split("```python\n").nth(number + 1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

/// Python on a program text.
pub(crate) fn python(folder: &Path, name: &str, text: &str, arguments: &[&str]) -> Vec<String> {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    let mut command = vec!["python3".to_owned(), file.display().to_string()];
    command.extend(arguments.iter().map(|&argument| argument.to_owned()));
    command
}
