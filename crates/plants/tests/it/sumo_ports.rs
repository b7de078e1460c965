//! Ports of SUMO: several start at once, others take what was free, and nobody drives another's.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plants::sumo::{Sensing, Settings, SumoPlant};
use signals::Plant;

use crate::support::{crossroads, sumo};

#[test]
fn six_that_start_at_once_each_drive_their_own() {
    let Some(settings) = sumo() else { return };
    for round in 0..2 {
        let ends: Vec<f64> = std::thread::scope(|scope| {
            let plants: Vec<_> = (0..6)
                .map(|number| {
                    let mut settings = settings.clone();
                    settings.seed = number;
                    scope.spawn(move || {
                        let folder = tempfile::tempdir().unwrap();
                        let scenario = crossroads(folder.path());
                        let mut plant =
                            SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
                        for _ in 0..=number {
                            plant.advance().unwrap();
                        }
                        plant.time()
                    })
                })
                .collect();
            plants
                .into_iter()
                .map(|plant| plant.join().unwrap())
                .collect()
        });
        assert_eq!(ends, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "round {round}");
    }
}

/// A program that calls SUMO with its first command line changed by `change`, a program for `sed`,
/// and with every later one as it is.
fn changed_once(folder: &Path, settings: &Settings, change: &str) -> Settings {
    let script = folder.join("sumo.sh");
    let text = format!(
        r#"#!/bin/sh
if [ ! -e "{folder}/called" ]; then
    : > "{folder}/called"
    exec "{program}" $(printf '%s\n' "$@" | sed '{change}')
fi
: > "{folder}/called again"
exec "{program}" "$@"
"#,
        folder = folder.display(),
        program = settings.program.display(),
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    Settings {
        program: script,
        ..settings.clone()
    }
}

/// It starts after all, at the second try, and drives.
fn starts_at_the_second_try(change: &str) {
    let Some(settings) = sumo() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = crossroads(folder.path());
    let settings = changed_once(folder.path(), &settings, change);
    let mut plant = SumoPlant::start(&scenario, &settings, Sensing::Vehicles).unwrap();
    assert!(folder.path().join("called again").exists());
    plant.advance().unwrap();
    assert!(plant.time() > 0.0);
}

#[test]
fn where_another_program_has_taken_the_port_another_is_tried() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    starts_at_the_second_try(&format!("/^--remote-port$/{{n;s/.*/{port}/}}"));
}

#[test]
fn where_another_sumo_answers_at_the_port_another_is_tried() {
    starts_at_the_second_try("s/trips.xml$/of-another.xml/");
}
