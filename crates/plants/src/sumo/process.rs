//! The program `sumo`: where it is, how it is started, and that it never outlives us.

use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::scenario::Scenario;
use crate::clock::Deadline;
use crate::error::Error;
use crate::traci::Connection;
use crate::traci::names::{self, Domain};

/// How long SUMO may take to read a scenario before it answers.
const START_PATIENCE: Duration = Duration::from_mins(2);
/// How long SUMO may take to end when it has hung up.
const END_PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at whether it has.
const LOOK: Duration = Duration::from_millis(20);
/// How many ports are tried before it is given up.
const PORTS_MAX: u32 = 8;
/// What SUMO's words have in common where it could not have its port, or somebody else called there.
const OF_SOCKET: &str = "tcpip::Socket";
/// How much of what SUMO complains of is repeated, bytes.
const COMPLAINT_MAX: u64 = 2_000;

/// How SUMO is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program; see [`find`].
    pub program: PathBuf,
    /// Seed of its random numbers.
    pub seed: u32,
    /// How long it may take to answer when it runs.
    pub patience: Duration,
    /// How far back from a stop line vehicles are seen where the last lane is shorter, metres; 0
    /// to see them on their own lanes alone.
    pub reach: f64,
    /// Files to load besides the scenario's.
    pub additional: Vec<PathBuf>,
}

impl Settings {
    /// With seed 0, ten seconds for an answer and 80 m of sight.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            seed: 0,
            patience: Duration::from_secs(10),
            reach: 80.0,
            additional: Vec::new(),
        }
    }
}

/// The program `sumo`: of the `homes` (folders of installations, as `SUMO_HOME` names one), of the
/// Python package `eclipse-sumo`, or on the path.
pub fn find(homes: &[PathBuf]) -> Option<PathBuf> {
    let package = Command::new("python3")
        .args(["-c", "import sumo; print(sumo.SUMO_HOME)"])
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|answer| answer.status.success())
        .map(|answer| PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()));
    homes
        .iter()
        .cloned()
        .chain(package)
        .map(|home| home.join("bin").join("sumo"))
        .find(|program| program.is_file())
        .or_else(|| {
            let program = PathBuf::from("sumo");
            version(&program).is_ok().then_some(program)
        })
}

/// The first line of `sumo --version`.
///
/// # Errors
/// When it cannot be started.
pub fn version(program: &Path) -> Result<String, Error> {
    let answer = Command::new(program)
        .arg("--version")
        .output()
        .map_err(|source| cannot_start(program, source))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    Ok(text.lines().next().unwrap_or("SUMO").trim().to_owned())
}

fn cannot_start(program: &Path, source: std::io::Error) -> Error {
    Error::Start {
        program: program.display().to_string(),
        source,
    }
}

/// A running SUMO, and the folder of what it writes. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    folder: TempDir,
}

impl Process {
    /// Starts SUMO on a scenario; with a port it waits there for us before the first step.
    pub(super) fn start(
        scenario: &Scenario,
        settings: &Settings,
        port: Option<u16>,
        end: Option<f64>,
    ) -> Result<Self, Error> {
        let failed = |source| cannot_start(&settings.program, source);
        let folder = tempfile::tempdir().map_err(failed)?;
        let complaints = File::create(folder.path().join(COMPLAINTS)).map_err(failed)?;
        let mut command = Command::new(&settings.program);
        match &scenario.configuration {
            Some(file) => command.arg("--configuration-file").arg(file),
            None => command
                .arg("--net-file")
                .arg(&scenario.network)
                .arg("--route-files")
                .arg(joined(&scenario.routes)),
        };
        let additional = [&scenario.additional[..], &settings.additional[..]].concat();
        if !additional.is_empty() {
            command.arg("--additional-files").arg(joined(&additional));
        }
        command
            .args(["--begin", &scenario.begin.to_string()])
            .args(["--end", &end.unwrap_or(-1.0).to_string()])
            .args(["--step-length", &scenario.step.to_string()])
            .args(["--seed", &settings.seed.to_string()])
            .args([
                "--no-step-log",
                "--no-warnings",
                "--duration-log.statistics",
            ])
            .arg("--tripinfo-output")
            .arg(folder.path().join(TRIPS))
            .arg("--statistic-output")
            .arg(folder.path().join(STATISTICS));
        if let Some(port) = port {
            command.args(["--remote-port", &port.to_string(), "--num-clients", "1"]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(complaints)
            .spawn()
            .map_err(failed)?;
        Ok(Self { child, folder })
    }

    /// Starts SUMO on a scenario and connects to it. Between our choice of a port and SUMO's listening
    /// there another program, or another SUMO of ours, may take it; then both try another.
    pub(super) fn call(
        scenario: &Scenario,
        settings: &Settings,
    ) -> Result<(Self, Connection), Error> {
        let mut tries = 1;
        loop {
            let port = free_port()?;
            let mut process = Self::start(scenario, settings, Some(port), None)?;
            let error = match process.connect(port) {
                Ok(Some(connection)) => return Ok((process, connection)),
                Ok(None) => Error::Gone {
                    who: "SUMO".to_owned(),
                    message: "another SUMO answers at its port".to_owned(),
                },
                Err(error) => {
                    let error = process.refusal(error);
                    if !process.words().contains(OF_SOCKET) {
                        return Err(error);
                    }
                    error
                }
            };
            if tries == PORTS_MAX {
                return Err(error);
            }
            tries += 1;
        }
    }

    /// Connects to it; none if it is not this SUMO that answers at its port.
    fn connect(&mut self, port: u16) -> Result<Option<Connection>, Error> {
        let mut connection = Connection::open(port, START_PATIENCE, || self.check())?;
        match connection.get(Domain::Simulation, names::VAR_OPTION, "tripinfo-output") {
            Ok(trips) => {
                let own = self.trips().display().to_string();
                return Ok((trips.as_text() == Some(&own)).then_some(connection));
            }
            // Older ones do not tell their options.
            Err(Error::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        self.check()?;
        Ok(Some(connection))
    }

    /// The process, to signal to.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// That it still runs.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.gone(&format!("it ended with {status}"))),
            Err(error) => Err(self.gone(&error.to_string())),
        }
    }

    /// Waits for its end.
    pub(super) fn wait(&mut self) -> Result<(), Error> {
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.gone(&format!("it ended with {status}"))),
            Err(error) => Err(self.gone(&error.to_string())),
        }
    }

    /// What an error means that came before SUMO ran: if it has ended by itself, it has refused
    /// what it was to run, and its own words say why.
    pub(super) fn refusal(&mut self, error: Error) -> Error {
        if !error.is_loss() {
            return error;
        }
        // It hangs up before it ends.
        let deadline = Deadline::after(END_PATIENCE);
        let status = loop {
            match self.child.try_wait() {
                Ok(None) if deadline.left().is_some() => std::thread::sleep(LOOK),
                Ok(status) => break status,
                Err(_) => break None,
            }
        };
        let words = self.words();
        match (status, error) {
            (Some(status), _) if status.code().is_some() && !words.is_empty() => Error::Refused {
                who: "SUMO",
                message: words,
            },
            (Some(status), _) => self.gone(&format!("it ended with {status}")),
            (None, Error::Gone { message, .. }) => self.gone(&message),
            (None, error) => self.gone(&error.to_string()),
        }
    }

    /// The beginning of what it complains of; empty if it does not.
    fn words(&self) -> String {
        let mut words = Vec::new();
        if let Ok(file) = File::open(self.folder.path().join(COMPLAINTS)) {
            // Without its words a message says less; that is all.
            let _ = file.take(COMPLAINT_MAX).read_to_end(&mut words);
        }
        String::from_utf8_lossy(&words).trim().to_owned()
    }

    /// That it is gone, with its own words.
    pub(super) fn gone(&self, how: &str) -> Error {
        Error::Gone {
            who: "SUMO".to_owned(),
            message: format!("{how}; {}", self.words())
                .trim_end_matches("; ")
                .to_owned(),
        }
    }

    pub(super) fn trips(&self) -> PathBuf {
        self.folder.path().join(TRIPS)
    }

    pub(super) fn statistics(&self) -> PathBuf {
        self.folder.path().join(STATISTICS)
    }
}

const TRIPS: &str = "trips.xml";
const STATISTICS: &str = "statistics.xml";
const COMPLAINTS: &str = "stderr.txt";

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn joined(files: &[PathBuf]) -> String {
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    names.join(",")
}

/// A port of this machine that nobody listens on now.
fn free_port() -> Result<u16, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| Error::Start {
            program: "a port for SUMO".to_owned(),
            source,
        })
}
