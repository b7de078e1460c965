//! A closure as a file states it.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::yaml;

/// Most closures in one file.
const CLOSURES_MAX: usize = 10_000;
/// The largest file, bytes.
const LARGEST: usize = 4 << 20;

/// Lanes of one link that are shut, or a work zone on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// The link's name in the network.
    pub link: String,
    /// Positions of the lanes, 0 the innermost. Empty: the whole link is shut, or none of it if
    /// there is a speed limit.
    #[serde(default)]
    pub lanes: Vec<u32>,
    /// Seconds from the start of the run.
    #[serde(default)]
    pub from: f64,
    /// Seconds from the start of the run; without it as long as the run goes on.
    #[serde(default)]
    pub until: Option<f64>,
    /// Speed limit on the link's other lanes meanwhile, m/s.
    #[serde(default)]
    pub speed_limit: Option<f64>,
    /// What for.
    #[serde(default)]
    pub note: Option<String>,
}

/// A file of closures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorksFile {
    /// The closures.
    pub closures: Vec<Closure>,
}

impl WorksFile {
    /// Reads YAML (and JSON, which is YAML).
    ///
    /// # Errors
    /// With the place, when the text is too large, or no list of closures.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let file: Self = yaml::read(text, "closures", LARGEST)?;
        if file.closures.len() > CLOSURES_MAX {
            return Err(Error::value(
                "closures",
                format!("there are {}; at most {CLOSURES_MAX}", file.closures.len()),
            ));
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_yaml_or_json_and_unknown_keys_are_faults() {
        let yaml = "closures:\n  - { link: a, lanes: [1], from: 60, until: 600 }\n  - link: b\n";
        let file = WorksFile::parse(yaml).unwrap();
        assert_eq!(file.closures.len(), 2);
        assert_eq!(file.closures[0].until, Some(600.0));
        assert!(file.closures[1].lanes.is_empty());
        let json = r#"{"closures": [{"link": "a", "speed_limit": 8}]}"#;
        let file = WorksFile::parse(json).unwrap();
        assert_eq!(file.closures[0].speed_limit, Some(8.0));
        let error = WorksFile::parse("closures:\n  - { link: a, lane: 1 }\n").unwrap_err();
        assert!(error.to_string().contains("lane"), "{error}");
    }
}
