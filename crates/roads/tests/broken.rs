//! Every file in `tests/broken` is wrong in one way. The readers must say so: this test goes over
//! the folder and keeps what they say. A new file only has to be put there; its name's beginning
//! says which reader it is for.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Write;
use std::path::Path;

use roads::read;

/// What the reader of a file's kind says about it.
fn verdict(path: &Path) -> String {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let name = path.file_name().unwrap().to_string_lossy();
    let verdict = if name.starts_with("cityflow_demand") {
        let network = roads::cityflow::read_network(&data.join("two_roads.json")).unwrap();
        roads::cityflow::read_demand(path, &network).err()
    } else if name.starts_with("cityflow_net") {
        roads::cityflow::read_network(path).err()
    } else if name.starts_with("sumo_demand") {
        let network = roads::sumo::read_network(&data.join("two_edges.net.xml")).unwrap();
        roads::sumo::read_demand(path, &network).err()
    } else if name.starts_with("sumo_net") {
        roads::sumo::read_network(path).err()
    } else if name.contains("configuration") {
        read::scenario(path).err()
    } else {
        read::network(path).err()
    };
    let text = verdict.map_or_else(|| "NO ERROR".to_owned(), |error| error.to_string());
    let folder = path.parent().unwrap().to_string_lossy().into_owned();
    text.replace(&format!("{folder}/"), "")
}

#[test]
fn every_broken_file_is_refused_with_its_place_and_remedy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut all = String::new();
    for path in &paths {
        let text = verdict(path);
        let name = path.file_name().unwrap().to_string_lossy();
        assert_ne!(text, "NO ERROR", "{name} was read without a word");
        writeln!(all, "{name}\n    {text}").unwrap();
    }
    insta::assert_snapshot!(all);
}
