//! The demonstration city in the repository is right, and its files carry the editor's hint.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use city::kinds::{Department, Organisation};
use city::{Definitions, KINDS};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

#[test]
fn the_demonstration_city_has_no_faults() {
    let (city, faults) = Definitions::read(root().join("cities/hangzhou"));
    let faults: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {fault}", fault.location()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(city.count("department"), 59);
    let settings = city.settings().unwrap();
    assert_eq!(settings.time_zone, "Asia/Shanghai");
    let operator = city.resolve(&settings.operator).unwrap();
    assert_eq!(operator.title.in_language("zh-CN"), "杭州市数据资源管理局");
}

#[test]
fn every_contact_is_fictitious_and_every_department_runs_a_system() {
    let (city, _) = Definitions::read(root().join("cities/hangzhou"));
    for department in city.all::<Department>() {
        assert!(department.contact.fictitious, "{}", department.id);
        assert_eq!(department.contact.phone, None, "{}", department.id);
        assert!(!department.systems.is_empty(), "{}", department.id);
    }
    let courts = city
        .all::<Department>()
        .filter(|d| d.kind == Organisation::Court);
    assert_eq!(courts.count(), 1);
}

#[test]
fn the_calendar_knows_holidays_and_the_days_worked_for_them() {
    let (city, _) = Definitions::read(root().join("cities/hangzhou"));
    let calendar = &city.settings().unwrap().calendar;
    for (date, works) in [
        ("2026-02-13", true),  // a Friday
        ("2026-02-14", true),  // a Saturday worked for the festival
        ("2026-02-17", false), // the festival, a Tuesday
        ("2026-02-21", false), // the festival, a Saturday
        ("2026-03-07", false), // a Saturday
    ] {
        assert_eq!(
            calendar.is_working_day(date.parse().unwrap()),
            works,
            "{date}"
        );
    }
}

/// The first line of each definition tells editors where its schema is.
#[test]
fn every_definition_carries_the_editor_hint() {
    let root = root();
    let mut seen = 0;
    for city in std::fs::read_dir(root.join("cities")).unwrap() {
        let city = city.unwrap().path();
        for file in definitions_in(&city) {
            let inside = file.strip_prefix(&city).unwrap().to_str().unwrap();
            let Some(kind) = KINDS.iter().find(|kind| kind.claims(inside)) else {
                continue;
            };
            let text = std::fs::read_to_string(&file).unwrap();
            let first = text.lines().next().unwrap();
            let hint = first
                .strip_prefix("# yaml-language-server: $schema=")
                .unwrap_or_else(|| panic!("{}: no hint in the first line", file.display()));
            let schema = file.parent().unwrap().join(hint).canonicalize();
            let expected = root.join(format!("schemas/{}.schema.json", kind.name));
            assert_eq!(schema.ok(), Some(expected), "{}: {hint}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 60, "only {seen} definitions found");
}

fn definitions_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(definitions_in(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files
}
