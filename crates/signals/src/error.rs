//! What can be wrong with a request to control signals.

/// Everything that can go wrong in this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no controller of this name.
    #[error("no controller is called {name:?}; there are {known}")]
    Controller {
        /// The name asked for.
        name: String,
        /// The names there are, joined by commas.
        known: String,
    },
    /// A limit of the safety envelope is out of range.
    #[error("signal {signal:?}: {message}")]
    Limits {
        /// The signal's name; `*` for the limits of all signals.
        signal: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The protocol is out of range.
    #[error("protocol: {0}")]
    Protocol(String),
    /// What is to be seen with is not understood, or the plant cannot be seen that way.
    #[error("sensing: {0}")]
    Sensing(String),
    /// The plant refused or failed.
    #[error("plant: {0}")]
    Plant(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<sim::Error> for Error {
    fn from(error: sim::Error) -> Self {
        Self::Plant(Box::new(error))
    }
}
