//! `citybrain check`, `schema` and `completions`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `citybrain check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain check
  citybrain check cities/hangzhou
  citybrain check cities/hangzhou --json
  citybrain check --against main         what the files change and break, and for whom

Exit code 1 when there is a fault, or a change that breaks something.")]
pub(crate) struct CheckArgs {
    /// The city's folder (default: option up.city, cities/hangzhou)
    pub(crate) city: Option<PathBuf>,
    /// Compare with this revision of the folder's git repository
    #[arg(long, value_name = "REV")]
    pub(crate) against: Option<String>,
}

/// `citybrain schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain schema                       the kinds there are
  citybrain schema department            one schema, on standard output
  citybrain schema --out schemas         all of them, one file each")]
pub(crate) struct SchemaArgs {
    /// Kind of definition
    pub(crate) kind: Option<String>,
    /// Write <KIND>.schema.json into this folder instead of printing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `citybrain completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain completions bash > /etc/bash_completion.d/citybrain
  citybrain completions zsh > ~/.zfunc/_citybrain
  citybrain completions fish > ~/.config/fish/completions/citybrain.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}
