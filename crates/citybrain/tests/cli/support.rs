//! A fresh folder and a clean environment for each test, and snapshots of what was printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of real scenarios; `None`, with a note, where it is missing.
pub(crate) fn scenarios() -> Option<PathBuf> {
    let folder = std::env::var_os("CITYBRAIN_SCENARIOS")
        .map_or_else(|| root().join("../shared/scenarios"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there is no {}", folder.display());
    None
}

/// A fresh folder to run commands in.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary with these arguments, in this folder, without our variables.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_citybrain"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CITYBRAIN_") || name == "RUST_LOG" || name == "NO_COLOR" {
                command.env_remove(name.as_ref());
            }
        }
        command.args(args).current_dir(self.0.path());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs it, expects this exit code and returns its JSON.
    pub(crate) fn json(&self, exit: i32, args: &[&str]) -> Value {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(exit), "{}", shown(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)))
    }

    /// Runs it and expects success.
    pub(crate) fn succeeds(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}\n{}",
            shown(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// A grid of 2 × 2 signals and 300 vehicles: `grid.json` and `flow.json`.
    pub(crate) fn with_grid() -> Self {
        let place = Self::new();
        place.succeeds(&[
            "roads",
            "generate",
            "--grid",
            "2x2",
            "--spacing",
            "300",
            "--out",
            "grid.json",
            "--demand-out",
            "flow.json",
            "--vehicles",
            "900",
        ]);
        place
    }
}

/// Exit code and both outputs, as snapshots hold them.
pub(crate) fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n")
    };
    format!(
        "exit code: {}\n----- stdout -----\n{}\n----- stderr -----\n{}",
        output
            .status
            .code()
            .map_or_else(|| "none".to_owned(), |code| code.to_string()),
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// A snapshot of a run; what differs between machines and runs is replaced.
macro_rules! snapshot {
    ($name:expr, $output:expr) => {
        insta::with_settings!({
            omit_expression => true,
            prepend_module_to_snapshot => false,
            filters => vec![
                (r"(?m)/\S*/\.tmp[A-Za-z0-9]+", "[FOLDER]"),
                (r"\(os error \d+\)", "(os error)"),
                (r"[\d.]+ CPU-seconds, [\d.]+ million a second", "[CPU] CPU-seconds, [SPEED] million a second"),
                (r"[\d.]+ s wall, [\d.]+ s CPU in all, [\d.]+ MB peak memory", "[COST]"),
            ]
        }, { insta::assert_snapshot!($name, $crate::support::shown(&$output)) })
    };
}
pub(crate) use snapshot;
