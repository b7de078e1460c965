//! `citybrain completions`: a script that lets a shell complete commands and options.

use std::io::Write;

use clap::CommandFactory;

use crate::cli::{Cli, city::CompletionsArgs};
use crate::error::{Exit, Outcome};

/// Prints the script.
pub(crate) fn completions(args: &CompletionsArgs) -> Outcome {
    // Into memory first: clap_complete panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "citybrain", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(Exit::Success)
}
