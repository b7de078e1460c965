//! What an asker may know of a failure in another process. Engines pass failures on as text, with
//! whatever stands in them; so what may be known is marked where it arises, and only what is marked
//! is shown.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hex;

/// What stands around a failure that may be known.
const MARK: &str = "citybrain-may-know:";
const END: char = ';';

/// A failure on its way.
#[derive(Serialize, Deserialize)]
enum Failure {
    Question(String),
    Memory(String),
    Away(String),
}

/// A failure of the plan proper, marked as far as its asker may know it; any other as it is.
pub fn told(error: DataFusionError) -> DataFusionError {
    let root = error.find_root();
    if let DataFusionError::External(inner) = root
        && let Some(Error::Away { table }) = inner.downcast_ref::<Error>()
    {
        let failure = Failure::Away(table.clone());
        return marked(&failure).unwrap_or(error);
    }
    let passed_on = match root {
        DataFusionError::External(inner) => !inner.is::<regex::Error>(),
        DataFusionError::IoError(_) => true,
        DataFusionError::ArrowError(inner, _) => matches!(
            inner.as_ref(),
            ArrowError::ExternalError(_) | ArrowError::IoError(..)
        ),
        _ => false,
    };
    if passed_on {
        return error; // the engine knows what to do about it
    }
    let failure = match Error::asked(&error) {
        Error::Question { message } => Failure::Question(message),
        Error::Limit { message, .. } => Failure::Memory(message),
        _ => return error,
    };
    marked(&failure).unwrap_or(error)
}

fn marked(failure: &Failure) -> Option<DataFusionError> {
    let text = serde_json::to_vec(failure).ok()?;
    let digits = hex::digits(&text);
    Some(DataFusionError::Execution(format!("{MARK}{digits}{END}")))
}

/// The failure that a text marks, if it marks one.
pub fn heard(text: &str) -> Option<Error> {
    let (_, after) = text.split_once(MARK)?;
    let (digits, _) = after.split_once(END)?;
    Some(match serde_json::from_slice(&hex::bytes(digits)?).ok()? {
        Failure::Question(message) => Error::Question { message },
        Failure::Memory(message) => Error::Limit {
            name: "MEMORY_BYTES_MAX",
            message,
        },
        Failure::Away(table) => Error::Away { table },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_known_arrives_through_any_wrapping() {
        let error = told(DataFusionError::ArrowError(
            Box::new(ArrowError::DivideByZero),
            None,
        ));
        let wrapped = format!("Job x failed: Task failed: {:?}", format!("{error:?}"));
        let heard = heard(&wrapped).unwrap();
        assert_eq!(heard.to_string(), "Arrow error: Divide by zero error");
    }

    #[test]
    fn a_table_that_cannot_be_read_is_named() {
        let text = format!("{:?}", told(Error::away("housing/titles")));
        assert!(matches!(heard(&text), Some(Error::Away { table }) if table == "housing/titles"));
    }

    #[test]
    fn what_may_not_be_known_is_not_marked() {
        let error = told(DataFusionError::Internal("/var/secret".to_owned()));
        assert!(heard(&format!("{error:?}")).is_none());
        let error = std::io::Error::other("/var/secret");
        assert!(heard(&format!("{:?}", told(DataFusionError::IoError(error)))).is_none());
        assert!(heard("citybrain-may-know:zz;").is_none());
    }
}
