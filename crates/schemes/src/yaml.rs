//! Reading a file's text: one bound and one way of telling the fault for all definitions.

use serde::Deserialize;

use crate::error::Error;

/// Reads YAML (and JSON, which is YAML) of at most so many bytes; `field` is what the file lists.
pub(crate) fn read<'de, T: Deserialize<'de>>(
    text: &'de str,
    field: &str,
    bytes_max: usize,
) -> Result<T, Error> {
    if text.len() > bytes_max {
        let message = format!("the file has {} bytes; at most {bytes_max}", text.len());
        return Err(Error::value(field, message));
    }
    serde_saphyr::from_str(text).map_err(|error| Error::syntax(&error))
}
