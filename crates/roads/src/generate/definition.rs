//! Reads the definition files of generated networks and demand, which are YAML.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::input::{self, Input};
use crate::limits::Limits;

/// The largest definition file, bytes.
const LARGEST: u64 = 4 << 20;

/// Reads a definition ([`CitySpec`](super::CitySpec), [`DemandSpec`](super::DemandSpec), …) from
/// a YAML file.
///
/// # Errors
/// When the file cannot be read or is not such a definition.
pub fn read_spec<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let limits = Limits {
        file_bytes: LARGEST,
        ..Limits::default()
    };
    let bytes = input::bytes(path, &limits)?;
    parse_spec(Input::new(&bytes, path)?.text, path)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::GridSpec;

    #[test]
    fn a_definition_that_is_too_large_is_refused_by_what_is_read() {
        let folder = std::env::temp_dir().join(format!("citybrain-spec-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("grid.yaml");
        std::fs::write(&path, "columns: 3\n").unwrap();
        assert_eq!(read_spec::<GridSpec>(&path).unwrap().columns, 3);
        std::fs::write(&path, "#".repeat(LARGEST as usize + 1)).unwrap();
        let fault = read_spec::<GridSpec>(&path).unwrap_err().to_string();
        assert!(fault.contains("size of the file"), "{fault}");
        // Of a device no size is known, and it never ends.
        #[cfg(target_os = "linux")]
        {
            let fault = read_spec::<GridSpec>(Path::new("/dev/zero")).unwrap_err();
            assert!(
                matches!(fault, Error::InFile { .. } | Error::Limit { .. }),
                "{fault}"
            );
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
