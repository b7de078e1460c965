//! What can be wrong with a plant, with the facts needed to mend it.

use std::time::Duration;

/// Everything that can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not there or could not be started.
    #[error("{program} could not be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It has ended, or closed the connection.
    #[error("{who} is gone: {message}")]
    Gone {
        /// Who.
        who: String,
        /// How one can tell.
        message: String,
    },
    /// It has not answered in time, and may still do so.
    #[error("{who} has not answered for {waited:?}")]
    Late {
        /// Who.
        who: String,
        /// For how long.
        waited: Duration,
    },
    /// It sent something that makes no sense.
    #[error("{from} {message}")]
    Malformed {
        /// Who.
        from: &'static str,
        /// What.
        message: String,
    },
    /// It refused a command.
    #[error("{who} refused: {message}")]
    Refused {
        /// Who.
        who: &'static str,
        /// Why, in its own words.
        message: String,
    },
    /// What it runs is not what we have read.
    #[error("{0}")]
    Mismatch(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A network or configuration could not be read.
    #[error(transparent)]
    Roads(#[from] roads::Error),
    /// Control failed.
    #[error(transparent)]
    Signals(signals::Error),
}

impl From<Error> for signals::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Signals(error) => error,
            error => Self::Plant(Box::new(error)),
        }
    }
}

impl From<signals::Error> for Error {
    /// What one of our plants said through its trait is what it was before.
    fn from(error: signals::Error) -> Self {
        match error {
            signals::Error::Plant(source) => match source.downcast::<Self>() {
                Ok(own) => *own,
                Err(source) => Self::Signals(signals::Error::Plant(source)),
            },
            error => Self::Signals(error),
        }
    }
}

impl Error {
    /// Whether it may still answer.
    pub const fn is_late(&self) -> bool {
        matches!(self, Self::Late { .. })
    }

    /// Whether another start may help: it is gone, or what it says makes no sense.
    pub const fn is_loss(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Malformed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_what_it_was_however_often_it_goes_through_the_trait() {
        let gone = || Error::Gone {
            who: "the plant".to_owned(),
            message: "it has ended".to_owned(),
        };
        let mut error = gone();
        for _ in 0..3 {
            error = Error::from(signals::Error::from(error));
        }
        assert!(error.is_loss(), "{error:?}");
        assert_eq!(error.to_string(), gone().to_string());
        let other = Error::from(signals::Error::Protocol("too short".to_owned()));
        assert!(matches!(other, Error::Signals(_)), "{other:?}");
        let back = signals::Error::from(other);
        assert!(matches!(back, signals::Error::Protocol(_)), "{back:?}");
    }
}
