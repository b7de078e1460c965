//! `citybrain cluster …`: processes of their own answer what one process answers, from a folder and
//! from an object store, and one of them may be killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, root};

/// Seconds after which the scheduler gives a silent executor's tasks to another.
const TIMEOUT: &str = "10";

/// A process that ends with the test, and what it said first.
struct Running(Child, String);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended by itself
        let _ = self.0.wait();
    }
}

fn start(mut command: Command) -> Running {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    Running(child, line.trim().to_owned())
}

/// A pool with vehicles, asked alone and by a cluster.
struct City {
    place: Place,
    /// Where history is, as options and environment.
    history: Option<String>,
    environment: Vec<(&'static str, String)>,
}

impl City {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command.args(["--data", "data"]);
        if let Some(history) = &self.history {
            command.args(["--set", &format!("pool.history={history}")]);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn filled(self) -> Self {
        let mut lines = "plate,citizen_number,vin,kind,energy,brand,registered_on,inspection_valid_until,status\n".to_owned();
        let kinds = ["car", "van", "truck"];
        for at in 0..300 {
            lines.push_str(&format!(
                "浙A{:05},11010519491231002X,LSVAA4182E2184847,{},petrol,Red Flag,2024-02-{:02},2027-01-01,valid\n",
                10_000 + at,
                kinds[at % kinds.len()],
                1 + at % 28
            ));
        }
        self.place.write("vehicles.csv", &lines);
        let city = root().join("cities/hangzhou");
        let loaded = self
            .command(&[
                "pool",
                "load",
                "vehicles.csv",
                "--city",
                city.to_str().unwrap(),
            ])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&loaded.stderr).into_owned();
        assert!(matches!(loaded.status.code(), Some(0 | 1)), "{said}");
        self
    }

    /// The answer as CSV, its lines in order.
    fn ask(&self, question: &str, cluster: Option<&str>) -> String {
        let city = root().join("cities/hangzhou");
        let mut command = self.command(&["pool", "sql", question, "--format", "csv"]);
        command.arg("--city").arg(city);
        if let Some(url) = cluster {
            command.args(["--cluster", url, "--set", "pool.cluster-partitions=4"]);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{question}\n{said}");
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    }

    fn executor(&self, url: &str) -> Running {
        let args = ["cluster", "executor", "--scheduler", url, "--slots", "1"];
        let executor = start(self.command(&args));
        assert!(
            executor.1.starts_with("executor on 127.0.0.1:"),
            "{}",
            executor.1
        );
        executor
    }
}

fn scheduler(place: &Place) -> (Running, String) {
    let args = [
        "cluster",
        "scheduler",
        "--listen",
        "127.0.0.1:0",
        "--executor-timeout",
        TIMEOUT,
    ];
    let scheduler = start(place.command(&args));
    let url = scheduler.1.trim_start_matches("scheduler on ").to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    (scheduler, url)
}

const QUESTIONS: [&str; 3] = [
    "SELECT kind, count(*) FROM traffic_police.vehicles GROUP BY kind",
    "SELECT a.kind, count(*), max(b.registered_on) FROM traffic_police.vehicles a JOIN traffic_police.vehicles b ON a.registered_on = b.registered_on GROUP BY a.kind",
    "SELECT department, dataset, status, records FROM pool.records",
];

/// Slow, because an executor that is killed is only missed after its timeout.
#[test]
fn a_killed_executor_changes_no_answer() {
    let city = City {
        place: Place::new(),
        history: None,
        environment: Vec::new(),
    }
    .filled();
    let alone: Vec<String> = QUESTIONS.iter().map(|ask| city.ask(ask, None)).collect();
    assert!(alone[0].contains("car,100"), "{}", alone[0]);
    let (mut scheduler, url) = scheduler(&city.place);
    let (mut first, second) = (city.executor(&url), city.executor(&url));
    for (question, alone) in QUESTIONS.iter().zip(&alone) {
        assert_eq!(&city.ask(question, Some(&url)), alone, "{question}");
    }
    // One is killed while there is work, and again the answer is the same.
    let long = "SELECT a.kind, count(*) FROM traffic_police.vehicles a JOIN traffic_police.vehicles b ON a.kind = b.kind JOIN traffic_police.vehicles c ON b.kind = c.kind WHERE a.plate < c.plate GROUP BY a.kind";
    let expected = city.ask(long, None);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| city.ask(long, Some(&url)));
        std::thread::sleep(Duration::from_millis(700));
        first.0.kill().unwrap();
        assert_eq!(asked.join().unwrap(), expected);
    });
    assert_eq!(city.ask(QUESTIONS[1], Some(&url)), alone[1]);
    // Told to stop, the others end well.
    for part in [second.0.id(), scheduler.0.id()] {
        let told = Command::new("kill").arg(part.to_string()).status().unwrap();
        assert!(told.success());
    }
    let mut second = second;
    for part in [&mut second.0, &mut scheduler.0] {
        let until = Instant::now() + Duration::from_secs(30);
        let ended = loop {
            if let Some(ended) = part.try_wait().unwrap() {
                break ended;
            }
            assert!(Instant::now() < until, "it does not stop");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(ended.code(), Some(0));
    }
}

#[test]
fn a_cluster_reads_history_from_an_object_store() {
    let Some(weed) = weed() else {
        return;
    };
    let city = City {
        place: Place::new(),
        history: Some("s3://history/town".to_owned()),
        environment: vec![
            (
                "AWS_ENDPOINT_URL",
                format!("http://127.0.0.1:{}", weed.port),
            ),
            ("AWS_ACCESS_KEY_ID", "any".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "any".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ],
    }
    .filled();
    let (_scheduler, url) = scheduler(&city.place);
    let _executors = (city.executor(&url), city.executor(&url));
    for question in QUESTIONS {
        assert_eq!(
            city.ask(question, Some(&url)),
            city.ask(question, None),
            "{question}"
        );
    }
}

/// SeaweedFS, with a bucket.
struct Weed {
    _server: Running,
    port: u16,
    _folder: tempfile::TempDir,
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The server's program: where `script/setup test` puts it, or on the path.
fn weed_program() -> Option<std::path::PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(std::path::PathBuf::from)
        .or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let own = cache.map(|cache| cache.join("citybrain/venv/bin/weed"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<_> = std::env::split_paths(&path)
        .map(|folder| folder.join("weed"))
        .collect();
    own.into_iter().chain(on_path).find(|file| file.exists())
}

fn weed() -> Option<Weed> {
    let Some(program) = weed_program() else {
        eprintln!("skipped: there is no SeaweedFS (script/setup test installs it)");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let ports = [
        "master.port",
        "master.port.grpc",
        "volume.port",
        "volume.port.grpc",
        "filer.port",
        "filer.port.grpc",
        "s3.port.grpc",
    ];
    let mut command = Command::new(program);
    command
        .arg("server")
        .arg(format!("-dir={}", folder.path().display()))
        .args([
            "-ip=127.0.0.1",
            "-s3",
            "-filer",
            "-volume.max=20",
            "-master.volumeSizeLimitMB=64",
        ])
        .arg(format!("-s3.port={port}"))
        .args(ports.map(|name| format!("-{name}={}", free_port())))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = Running(command.spawn().unwrap(), String::new());
    let until = Instant::now() + Duration::from_mins(1);
    while !bucket(port) {
        assert!(
            Instant::now() < until,
            "SeaweedFS did not take a bucket within a minute"
        );
        std::thread::sleep(Duration::from_millis(300));
    }
    Some(Weed {
        _server: server,
        port,
        _folder: folder,
    })
}

/// Makes the bucket, if the server answers.
fn bucket(port: u16) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let request = format!(
        "PUT /history HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let mut text = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut text).is_ok()
        && text.starts_with("HTTP/1.1 200")
}
