//! City folders made to harm give faults: no panic, no endless reading, no storm of memory.

use std::fs;
use std::path::Path;

use city::{Code, Definitions, Fault};
use proptest::prelude::*;

fn faults_of(folder: &Path) -> Vec<Fault> {
    Definitions::read(folder).1
}

fn has(faults: &[Fault], code: Code, words: &str) -> bool {
    faults
        .iter()
        .any(|fault| fault.code == code && fault.message.contains(words))
}

#[test]
fn a_folder_that_does_not_exist_names_the_nearest() {
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir(scratch.path().join("hangzhou")).unwrap();
    let faults = faults_of(&scratch.path().join("hangzou"));
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].code, Code::Unreadable);
    assert!(
        faults[0].help.as_ref().unwrap().ends_with("/hangzhou`?"),
        "{faults:?}"
    );
}

#[test]
fn a_file_in_place_of_the_folder_is_a_fault() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("city");
    fs::write(&file, "").unwrap();
    assert!(has(&faults_of(&file), Code::Unreadable, "not a folder"));
}

#[test]
fn folders_without_their_file_or_named_like_it_are_faults() {
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir_all(scratch.path().join("departments/parks")).unwrap();
    fs::create_dir_all(scratch.path().join("departments/roads/department.yaml")).unwrap();
    let faults = faults_of(scratch.path());
    assert!(
        has(&faults, Code::MissingFile, "`department.yaml`"),
        "{faults:?}"
    );
    assert!(has(&faults, Code::Unreadable, "not a file"), "{faults:?}");
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_not_followed() {
    let scratch = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(scratch.path(), scratch.path().join("departments")).unwrap();
    std::os::unix::fs::symlink("city.yaml", scratch.path().join("city.yaml")).unwrap();
    let faults = faults_of(scratch.path());
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults
            .iter()
            .all(|fault| fault.message.contains("links are not followed"))
    );
}

#[cfg(unix)]
#[test]
fn a_socket_is_not_read() {
    let scratch = tempfile::tempdir().unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(scratch.path().join("city.yaml")).unwrap();
    assert!(has(
        &faults_of(scratch.path()),
        Code::Unreadable,
        "not a plain file"
    ));
}

#[test]
fn a_file_without_end_is_read_to_the_limit_only() {
    let scratch = tempfile::tempdir().unwrap();
    let file = fs::File::create(scratch.path().join("city.yaml")).unwrap();
    file.set_len(100 << 30).unwrap(); // sparse: takes no disk
    assert!(has(
        &faults_of(scratch.path()),
        Code::Limit,
        "larger than 1024 KiB"
    ));
}

#[test]
fn deep_folders_are_a_fault() {
    let scratch = tempfile::tempdir().unwrap();
    let deep: std::path::PathBuf = std::iter::repeat_n("d", 200).collect();
    fs::create_dir_all(scratch.path().join(deep)).unwrap();
    assert!(has(
        &faults_of(scratch.path()),
        Code::Limit,
        "nested more than"
    ));
}

/// Bytes that look like YAML more often than chance would have it.
fn yaml_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("id: "),
        Just("title:"),
        Just("kind"),
        Just(": "),
        Just("\n"),
        Just("  "),
        Just("- "),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just("\""),
        Just("'"),
        Just("&a "),
        Just("*a"),
        Just("!!str "),
        Just("? "),
        Just("|\n"),
        Just(">-\n"),
        Just("#"),
        Just("---\n"),
        Just("%YAML 1.2\n"),
        Just("公安局"),
        Just("\t"),
        Just("\u{feff}"),
        Just("\r\n"),
        Just("~"),
        Just("1e999"),
        Just("2026-02-30"),
        Just("calendar:\n  holidays:\n  - from: "),
        Just("systems:\n  - "),
        Just("contact:\n"),
        Just("\\"),
        Just("\u{0}"),
        Just("zh: "),
    ];
    let text = prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![text, prop::collection::vec(any::<u8>(), 0..400)]
}

/// A right file with some bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let right = include_bytes!("../../../cities/hangzhou/city.yaml");
    prop::collection::vec((0..right.len(), any::<u8>()), 1..6).prop_map(move |changes| {
        let mut bytes = right.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_it_panic(
        city in prop_oneof![yaml_like(), damaged()],
        department in yaml_like(),
    ) {
        let files = [("city.yaml", city), ("departments/parks/department.yaml", department)];
        let (_, faults) = Definitions::from_files("t", files).check();
        for fault in &faults {
            // Every fault can be printed with its source, whatever the bytes around it are.
            let report = format!("{:?}", miette::Report::new(fault.clone()));
            prop_assert!(!report.is_empty());
            prop_assert!((fault.line == 0) == (fault.column == 0));
            prop_assert!(!fault.message.is_empty());
        }
    }
}
