//! The rules of the house, as a test: which crate may use which, what every file looks like, and
//! what nothing in the repository contains. The rules are those of ARCHITECTURE.md and
//! CONTRIBUTING.md; change them there first.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The layers, bottom first. A crate uses only crates of lower layers.
const LAYERS: &[&[&str]] = &[
    &["city"],
    &["roads", "ledger", "decide"],
    &["pool", "pay", "sim", "synthetic"],
    &["lake"],
    &["cluster"], // an engine for the lake's plans
    &["services", "policy", "ops", "economy", "signals"],
    &["plants", "missions"],
    &["server"],
    &["citybrain", "cityflow-python"],
];

/// Traffic can be used alone: these crates know nothing of cities, records or pages.
const TRAFFIC_ALONE: &[(&str, &[&str])] = &[("roads", &[]), ("sim", &["roads"])];

/// Heavy dependencies, and the only crates that may name them.
const ROOMS: &[(&str, &[&str])] = &[
    ("datafusion", &["lake", "cluster"]),
    ("datafusion-postgres", &["lake"]),
    ("deltalake", &["lake", "cluster"]),
    ("object_store", &["pool", "lake", "cluster"]),
    ("rusqlite", &["pool"]),
    ("axum", &["server"]),
    ("hyper", &["server", "citybrain", "lake"]), // lake: for its features only, see there
    ("tower-http", &["server", "lake"]),         // as above
    ("anyhow", &["citybrain"]),
    ("clap", &["citybrain"]),
    ("pyo3", &["cityflow-python"]),
];

/// Most lines in one source file.
const LINES_MAX: usize = 800;

/// Folders that hold no source of ours.
const NOT_OURS: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    "scenarios",
    "artifacts",
    "corpus",
    "test-results",
];

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    here.canonicalize().unwrap()
}

/// The workspace's packages: name → (its own folder, names of what it depends on).
fn packages() -> BTreeMap<String, (PathBuf, Vec<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let package = |package: &Value| {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let uses = package["dependencies"].as_array().unwrap();
        let uses = uses
            .iter()
            .map(|dependency| text(&dependency["name"]))
            .collect();
        (
            text(&package["name"]),
            (manifest.parent().unwrap().to_owned(), uses),
        )
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(package)
        .collect()
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// Every file of ours below `folder`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let hidden = name.starts_with('.') && name != ".ci";
        if path.is_symlink() || hidden || NOT_OURS.contains(&name) {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every text file of ours: path from the root, and contents.
fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&root(), &mut found);
    let text = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?; // what is not text has no rules
        Some((
            path.strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned(),
            text,
        ))
    };
    found.into_iter().filter_map(text).collect()
}

/// Whether the name of the file at `path` ends in one of `extensions`.
fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension))
}

/// Fails with all `faults`, if there are any.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn arrows_point_down() {
    let packages = packages();
    let mut faults = Vec::new();
    for (name, (_, uses)) in &packages {
        let Some(own) = layer(name) else {
            faults.push(format!(
                "crate `{name}` has no layer: give it one in LAYERS"
            ));
            continue;
        };
        for used in uses.iter().filter(|used| packages.contains_key(*used)) {
            if layer(used).is_some_and(|other| other >= own) {
                faults.push(format!("`{name}` uses `{used}`, which is not below it"));
            }
        }
    }
    none(&faults);
}

#[test]
fn traffic_can_be_used_alone() {
    let packages = packages();
    let mut faults = Vec::new();
    for (name, allowed) in TRAFFIC_ALONE {
        let Some((_, uses)) = packages.get(*name) else {
            continue;
        };
        for used in uses.iter().filter(|used| packages.contains_key(*used)) {
            if !allowed.contains(&used.as_str()) {
                faults.push(format!("`{name}` uses `{used}`"));
            }
        }
    }
    none(&faults);
}

#[test]
fn heavy_dependencies_stay_in_their_rooms() {
    let mut faults = Vec::new();
    for (name, (_, uses)) in packages() {
        for (heavy, rooms) in ROOMS {
            if uses.iter().any(|used| used == heavy) && !rooms.contains(&name.as_str()) {
                faults.push(format!(
                    "`{name}` uses `{heavy}`, which belongs in {rooms:?}"
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_crate_says_what_it_knows() {
    let mut faults = Vec::new();
    for (name, (folder, _)) in packages() {
        let front = ["src/lib.rs", "src/main.rs"].map(|file| folder.join(file));
        let Some(front) = front.iter().find(|file| file.exists()) else {
            faults.push(format!("`{name}` has neither lib.rs nor main.rs"));
            continue;
        };
        let text = fs::read_to_string(front).unwrap();
        let header: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        let header = header.join("\n").to_lowercase();
        for words in ["*knows*", "*does not know*"] {
            if !header.contains(words) {
                faults.push(format!(
                    "{}: the header does not say `{words}`",
                    front.display()
                ));
            }
        }
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        if manifest.contains("description = \"\"") {
            faults.push(format!("`{name}` has no description in its Cargo.toml"));
        }
    }
    none(&faults);
}

#[test]
fn source_files_are_short_and_open_with_their_reason() {
    let mut faults = Vec::new();
    for (path, text) in texts() {
        let source = path.starts_with("crates/") && path.contains("/src/");
        if !(source && has_extension(&path, &["rs"])) {
            continue;
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{path}: {lines} lines, more than {LINES_MAX}"));
        }
        if !text.starts_with("//!") {
            faults.push(format!(
                "{path}: does not open with `//!` and why it exists"
            ));
        }
    }
    none(&faults);
}

#[test]
fn nothing_is_left_undone() {
    let todo = ["TO", "DO"].concat();
    let fixme = ["FIX", "ME"].concat();
    let mut faults = Vec::new();
    for (path, text) in texts() {
        if !has_extension(&path, &["rs", "ts", "py", "css", "html", "yaml", "toml"]) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let place = format!("{path}:{}", number + 1);
            let after = line.split_once(&todo).map(|(_, after)| after);
            if after.is_some_and(|after| !after.starts_with("(#")) || line.contains(&fixme) {
                faults.push(format!(
                    "{place}: write the number of an issue: `{todo}(#12)`"
                ));
            }
            let macros = ["todo!", "unimplemented!"].map(|name| [name, "("].concat());
            if has_extension(&path, &["rs"]) && macros.iter().any(|name| line.contains(name)) {
                faults.push(format!("{place}: unfinished code"));
            }
        }
    }
    none(&faults);
}

/// Parts of words are joined here so that this file does not contain what it looks for.
#[test]
fn nothing_names_a_machine_or_a_registry() {
    let machine = [
        ["/work", "/main"],
        ["/work", "/shared"],
        ["/ro", "ot/"],
        ["/home", "/"],
        ["C:\\", "Users"],
    ];
    let registry = [
        ["crates", ".io"],
        ["npm", "js.org"],
        ["npmmir", "ror"],
        ["py", "pi.org"],
        ["python", "hosted.org"],
    ];
    let mut faults = Vec::new();
    for (path, text) in texts() {
        let lock = path.ends_with("Cargo.lock"); // written by cargo, which names its registry
        for words in &machine {
            let words = words.concat();
            if let Some(line) = line_with(&text, &words) {
                faults.push(format!("{path}:{line}: a path of one machine, `{words}`"));
            }
        }
        for words in registry.iter().filter(|_| !lock) {
            let words = words.concat();
            if let Some(line) = line_with(&text, &words) {
                faults.push(format!(
                    "{path}:{line}: the host of a package registry, `{words}`"
                ));
            }
        }
    }
    none(&faults);
}

/// The number of the first line that contains `words` as a path or host of its own.
fn line_with(text: &str, words: &str) -> Option<usize> {
    let own = |line: &str| {
        line.match_indices(words).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            // `work/home/x` is a relative path; `registry.npm…` is a host all the same
            !words.starts_with('/') || before.is_none_or(|c| !c.is_alphanumeric() && c != '.')
        })
    };
    text.lines().position(own).map(|line| line + 1)
}
