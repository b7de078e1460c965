//! The reference page of the command line (`docs/cli.md`), written out of the definitions that
//! the program itself uses, so that the two cannot differ.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::{env, settings};

const INTRODUCTION: &str = "\
# The command line

This page is written by `citybrain reference` out of the program's own definitions; a test fails
when it is out of date.

Results go to standard output, as a table or, with `--json`, as JSON. Notes, progress, logs and
errors go to standard error; `--quiet` leaves out notes and progress. A reader that closes the pipe
early (`| head`) is no error.

## Exit codes

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | done, and the input has faults (`check`, `roads check`, `roads route` without a way) |
| 2 | the command line or an option is wrong |
| 3 | an input cannot be read or used |
| 4 | a fault of the program |
| 5 | something outside failed: port in use, output not writable, SUMO missing |

## Environment

Each option of `citybrain.toml` has a variable: `CITYBRAIN_`, then section and name in capitals
(`traffic.lane-change` is `CITYBRAIN_TRAFFIC_LANE_CHANGE`). Besides:

| variable | meaning |
| --- | --- |
";

/// The whole page, in Markdown.
pub(crate) fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (name, meaning) in env::DESCRIBED {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    let _ = write!(
        page,
        "\n## Options\n\n`citybrain.toml` with every option and its default. Flags win over the \
         environment, the environment over the file.\n\n```toml\n{}```\n\n## Commands\n",
        settings::DEFAULTS
    );
    let mut root = Cli::command().term_width(100);
    root.build();
    describe(&root, &mut page);
    page
}

/// A section for the command and for each one below it. Writing to a `String` cannot fail.
fn describe(command: &Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or("citybrain");
    let help = command.clone().render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(
        page,
        "\n### `{name}`\n\n```text\n{}\n```\n",
        help.join("\n").trim_end()
    );
    for below in command.get_subcommands() {
        if !below.is_hide_set() && below.get_name() != "help" {
            describe(below, page);
        }
    }
}
