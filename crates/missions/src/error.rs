//! What can be wrong with a mission.

/// Everything that can go wrong in this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Units that cannot be used.
    #[error("units: {0}")]
    Units(String),
    /// There is no way to where the mission should go.
    #[error("there is no way from link {from:?} to link {to:?}")]
    NoWay {
        /// Where the unit stands.
        from: String,
        /// Where the scene is.
        to: String,
    },
    /// The experiment cannot be run as asked.
    #[error("{0}")]
    Experiment(String),
    /// The engine refused.
    #[error("traffic engine: {0}")]
    Engine(#[from] sim::Error),
    /// Control refused.
    #[error("signal control: {0}")]
    Signals(#[from] signals::Error),
}
