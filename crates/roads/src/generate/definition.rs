//! Reads the definition files of generated networks and demand, which are YAML.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::Error;

/// The largest definition file, bytes.
const LARGEST: u64 = 4 << 20;

/// Reads a definition ([`CitySpec`](super::CitySpec), [`DemandSpec`](super::DemandSpec), …) from
/// a YAML file.
///
/// # Errors
/// When the file cannot be read or is not such a definition.
pub fn read_spec<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > LARGEST {
        return Err(Error::Limit {
            what: "size of the definition file in bytes",
            found: size,
            limit: LARGEST,
        }
        .in_file(path));
    }
    parse_spec(&std::fs::read_to_string(path).map_err(io)?, path)
}

/// Reads a definition from YAML text; `path` is for messages.
///
/// # Errors
/// With the line and column, when the text is not such a definition.
pub fn parse_spec<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, Error> {
    serde_saphyr::from_str(text).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |place| {
            (place.line() as usize, place.column() as usize)
        });
        Error::Syntax {
            path: path.to_owned(),
            line,
            column,
            message: error.to_string(),
        }
    })
}
