//! The catalogue's export against shapes of DCAT-AP 3, by `pyshacl` (PyPI): our own always, the
//! official ones where `CITYBRAIN_DCAT_AP_SHAPES` names their folder (docs/bureau.md says which).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::Server;

/// The program, where `script/setup` or the path has it.
fn program() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let own = cache.map(|cache| cache.join("citybrain/venv/bin/pyshacl"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("pyshacl"));
    own.into_iter()
        .chain(on_path)
        .find(|program| program.is_file())
}

/// Our own shapes.
fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bureau/dcat-ap.ttl")
}

/// Whether shapes find nothing, and what they say; `options` are pySHACL's.
fn conforms(program: &Path, shapes: &Path, options: &[&str], file: &Path) -> (bool, String) {
    let mut command = Command::new(program);
    command.arg("-s").arg(shapes).args(options);
    if file.extension().is_some_and(|kind| kind == "jsonld") {
        command.args(["-df", "json-ld"]);
    }
    command.arg(file);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), format!("{said}{wrong}"))
}

#[test]
fn the_shapes_find_nothing_in_turtle_and_json_ld_and_something_in_what_is_not_right() {
    let server = Server::start();
    let turtle = server.get("/bureau/catalogue.ttl");
    assert_eq!(
        turtle.header("content-type"),
        Some("text/turtle; charset=utf-8")
    );
    let json = server.get("/bureau/catalogue.jsonld");
    assert_eq!(json.header("content-type"), Some("application/ld+json"));
    let Some(program) = program() else {
        println!("skipped: pyshacl is not installed (script/setup installs it)");
        return;
    };
    let folder = server.town.folder();
    let check = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        conforms(&program, &own(), &[], &file)
    };
    for (name, text) in [("right.ttl", &turtle.body), ("right.jsonld", &json.body)] {
        let (right, said) = check(name, text);
        assert!(right, "{name}: {said}");
    }
    for (name, from, to) in [
        (
            "title.ttl",
            "dct:title \"The titles\"@en",
            "dct:alternative \"The titles\"@en",
        ),
        (
            "access.ttl",
            "access-right/RESTRICTED",
            "access-right/SECRET",
        ),
        ("publisher.ttl", "foaf:Agent", "foaf:Person"),
        ("url.ttl", "dcat:accessURL", "dcat:landingPage"),
        ("term.ttl", " a dct:Frequency", " a dct:Standard"),
        ("label.ttl", "skos:prefLabel", "skos:altLabel"),
        ("scheme.ttl", "skos:inScheme", "skos:related"),
        ("service.ttl", "dcat:endpointURL", "dcat:landingPage"),
    ] {
        assert!(turtle.body.contains(from), "{from}: {}", turtle.body);
        assert!(
            !check(name, &turtle.body.replace(from, to)).0,
            "{name} passes"
        );
    }
}

/// The official shapes whose violations count, and those that are looked at for the record alone:
/// what is recommended only cannot all be known.
const OFFICIAL: [&str; 4] = [
    "shapes.ttl",
    "range.ttl",
    "mdr-vocabularies.shape.ttl",
    "deprecateduris.ttl",
];

#[test]
fn the_official_shapes_find_no_violation() {
    let Some(folder) = std::env::var_os("CITYBRAIN_DCAT_AP_SHAPES").map(PathBuf::from) else {
        println!("skipped: no official shapes of DCAT-AP here (set CITYBRAIN_DCAT_AP_SHAPES)");
        return;
    };
    let Some(program) = program() else {
        println!("skipped: pyshacl is not installed (script/setup installs it)");
        return;
    };
    let present: Vec<&str> = OFFICIAL
        .into_iter()
        .filter(|name| folder.join(name).is_file())
        .collect();
    assert!(
        present.contains(&"shapes.ttl"),
        "{} has no shapes.ttl",
        folder.display()
    );
    let server = Server::start();
    let turtle = server.get("/bureau/catalogue.ttl").body;
    let file = server.town.folder().join("catalogue.ttl");
    std::fs::write(&file, &turtle).unwrap();
    for name in &present {
        let (right, said) = conforms(&program, &folder.join(name), &["--allow-warnings"], &file);
        assert!(right, "{name}: {said}");
    }
    std::fs::write(&file, turtle.replace("dct:title", "dct:alternative")).unwrap();
    let shapes = folder.join("shapes.ttl");
    let (right, _) = conforms(&program, &shapes, &["--allow-warnings"], &file);
    assert!(!right, "a catalogue without titles passes");
}
