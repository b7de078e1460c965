//! What a command ends with: an exit code, and an error that says what to do about it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use miette::Diagnostic;

/// What the process tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Success = 0,
    /// Done, and the input has faults.
    Findings = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// An input cannot be read or used.
    Input = 3,
    /// A fault of the program.
    Internal = 4,
    /// Something outside failed: port in use, output not writable, a program missing.
    Outside = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a command returns.
pub(crate) type Outcome = Result<Exit, Error>;

/// Anything a command can fail with.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Error {
    /// A network, a demand or a description of one cannot be used.
    #[error("cannot use {} as {what}", path.display())]
    #[diagnostic(code(citybrain::input))]
    Input {
        /// What it was to be: `a network`, `demand`, …
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// A name that does not exist in the input.
    #[error("there is no {what} {name:?} in {}", path.display())]
    #[diagnostic(code(citybrain::name))]
    Name {
        /// What was looked for: `link`, …
        what: &'static str,
        /// The name given.
        name: String,
        /// Where it was looked for.
        path: PathBuf,
        /// The nearest names there are.
        #[help]
        help: Option<String>,
    },
    /// What was asked for cannot be done with this input.
    #[error("{message}")]
    #[diagnostic(code(citybrain::refused))]
    Refused {
        /// Why not.
        message: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// An option in the file, the environment or a flag is wrong.
    #[error("{message}")]
    #[diagnostic(code(citybrain::option))]
    Option {
        /// Which option, where it comes from and what is wrong.
        message: String,
        /// What is right.
        #[help]
        help: Option<String>,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    #[diagnostic(
        code(citybrain::output),
        help("see that the folder exists, is yours to write to and has room")
    )]
    Output {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The page cannot be served.
    #[error("cannot serve the Command centre on {address}")]
    #[diagnostic(code(citybrain::serve))]
    Serve {
        /// Where.
        address: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// Another program is missing or failed.
    #[error("{message}")]
    #[diagnostic(code(citybrain::program))]
    Program {
        /// What happened.
        message: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// Standard output is closed or full.
    #[error("cannot write to standard output")]
    #[diagnostic(code(citybrain::stdout))]
    Stdout(#[from] std::io::Error),
    /// A fault of the program.
    #[error("{message}")]
    #[diagnostic(
        code(citybrain::internal),
        help("this is a fault of the program: please report it with the command that led to it")
    )]
    Internal {
        /// What happened.
        message: String,
    },
}

impl Error {
    /// An [`Error::Output`].
    pub(crate) fn output(
        path: &Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Output {
            path: path.to_owned(),
            source: source.into(),
        }
    }

    /// An [`Error::Internal`].
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal {
            message: error.to_string(),
        }
    }

    /// The code the process ends with.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Input { .. } | Self::Name { .. } | Self::Refused { .. } => Exit::Input,
            Self::Option { .. } => Exit::Usage,
            Self::Output { .. } | Self::Serve { .. } | Self::Program { .. } | Self::Stdout(_) => {
                Exit::Outside
            }
            Self::Internal { .. } => Exit::Internal,
        }
    }

    /// Whether the reader of our output has gone away, as `citybrain … | head` does. That is no
    /// error: the reader has all it wants.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Stdout(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// The names nearest to `name`, as a remedy: `did you mean "a" or "b"?`.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut near: Vec<(f64, &str)> = known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    // Those that are nearly as near as the nearest, three at most.
    let best = near.first().map_or(0.0, |(likeness, _)| *likeness);
    near.retain(|(likeness, _)| *likeness > best - 0.03);
    near.truncate(3);
    if near.is_empty() {
        return None;
    }
    let names: Vec<String> = near.iter().map(|(_, name)| format!("{name:?}")).collect();
    Some(format!("did you mean {}?", names.join(" or ")))
}
