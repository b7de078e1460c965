//! Help at each level, with examples.

use crate::support::{Place, snapshot};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["up"],
    &["check"],
    &["schema"],
    &["roads"],
    &["roads", "info"],
    &["roads", "check"],
    &["roads", "convert"],
    &["roads", "generate"],
    &["roads", "route"],
    &["traffic"],
    &["traffic", "run"],
    &["traffic", "compare"],
    &["traffic", "event"],
    &["traffic", "match"],
    &["traffic", "index"],
    &["traffic", "rank"],
    &["traffic", "penetration"],
    &["cluster"],
    &["cluster", "scheduler"],
    &["cluster", "executor"],
    &["bench"],
    &["ledger"],
    &["ledger", "verify"],
    &["ledger", "show"],
    &["ledger", "prove"],
    &["ledger", "check-proof"],
    &["ledger", "witness"],
    &["ledger", "keygen"],
    &["bench", "engine"],
    &["bench", "ledger"],
    &["bench", "probes"],
    &["config"],
    &["completions"],
    &["-h"],
    &["help"],
    &["help", "traffic"],
];

#[test]
fn every_command_has_help_with_examples() {
    let place = Place::new();
    for command in COMMANDS {
        let mut args = command.to_vec();
        if command.first() != Some(&"help") && command.first() != Some(&"-h") {
            args.push("--help");
        }
        let help = place.succeeds(&args);
        assert!(
            help.contains("Examples:\n  citybrain "),
            "{command:?}: {help}"
        );
        assert!(help.contains("Usage: citybrain"), "{command:?}: {help}");
    }
}

#[test]
fn the_front_page() {
    snapshot!("help", Place::new().run(&["--help"]));
}

#[test]
fn no_command_is_wrong_usage_and_shows_help() {
    let output = Place::new().run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Examples:"));
}

#[test]
fn each_shell_has_completions() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.succeeds(&["completions", shell]);
        assert!(
            script.contains("max-pressure") && script.contains("traffic"),
            "{shell}"
        );
    }
}

#[test]
fn the_version_is_printed() {
    let version = Place::new().succeeds(&["--version"]);
    assert_eq!(
        version.trim(),
        concat!("citybrain ", env!("CARGO_PKG_VERSION"))
    );
}
