//! SUMO's configuration files (`.sumocfg`): which network and demand belong together, and when
//! the simulation begins and ends.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::input::{self, Input, shown};
use crate::limits::Limits;

use super::xml::{Node, Xml};

/// Most bytes of a value: room for a thousand names of files.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// A configuration. Paths are as seen from where the configuration file was named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// The network file.
    pub network: PathBuf,
    /// Demand files, in order.
    pub routes: Vec<PathBuf>,
    /// Additional files, in order.
    pub additional: Vec<PathBuf>,
    /// Start of the simulation, seconds.
    pub begin: f64,
    /// End of the simulation, seconds.
    pub end: Option<f64>,
    /// Length of a step, seconds.
    pub step: f64,
}

/// Reads a configuration file.
///
/// # Errors
/// When it cannot be read, is not a SUMO configuration, or names no network.
pub fn read_configuration(path: &Path) -> Result<Configuration, Error> {
    parse_configuration(&input::bytes(path, &Limits::default())?, path)
}

/// Reads a configuration from the bytes of a file; `path` says in which folder the files it names
/// are, and is for messages.
///
/// # Errors
/// As [`read_configuration`].
pub fn parse_configuration(bytes: &[u8], path: &Path) -> Result<Configuration, Error> {
    let limits = Limits::default();
    let bytes = input::plain(bytes, path, &limits)?;
    let input = Input::new(&bytes, path)?;
    let mut xml = Xml::new(input, &limits);
    let mut found = Configuration {
        step: 1.0,
        ..Configuration::default()
    };
    let mut network = None;
    let files = |value: &str| -> Vec<PathBuf> {
        value
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| path.parent().unwrap_or(Path::new("")).join(name))
            .collect()
    };
    let mut first = true;
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        if std::mem::take(&mut first) && !matches!(tag.name, "configuration" | "sumoConfiguration")
        {
            return Err(tag.fault("is not a SUMO configuration, which begins with <configuration>"));
        }
        let Some(value) = tag.text("value").or_else(|| tag.text("v")) else {
            continue;
        };
        if value.len() > VALUE_BYTES_MAX {
            return Err(tag.fault(format!(
                "has a value of {} bytes, more than the limit of {VALUE_BYTES_MAX}",
                value.len()
            )));
        }
        let time = || {
            super::xml::seconds(value).ok_or_else(|| {
                tag.fault(format!(
                    "has the value {:?}, which is not a time in seconds",
                    shown(value)
                ))
            })
        };
        match tag.name {
            "net-file" | "n" => network = files(value).into_iter().next(),
            "route-files" | "r" => found.routes = files(value),
            "additional-files" | "a" => found.additional = files(value),
            "begin" | "b" => found.begin = time()?,
            "end" | "e" => found.end = Some(time()?).filter(|&end| end >= 0.0),
            "step-length" => {
                found.step = time()?;
                if found.step <= 0.0 {
                    return Err(tag.fault("needs a length of a step greater than zero"));
                }
            }
            _ => {}
        }
    }
    found.network =
        network.ok_or_else(|| input.fault(0, "names no network; add <net-file value=\"…\"/>"))?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_files_beside_itself() {
        let text = r#"<configuration><input><net-file value="a.net.xml"/>
            <route-files value="b.rou.xml, c.rou.xml.gz"/></input>
            <time><begin value="7:00:00"/><end value="28800"/></time></configuration>"#;
        let found = parse_configuration(text.as_bytes(), Path::new("dir/x.sumocfg")).unwrap();
        assert_eq!(found.network, Path::new("dir/a.net.xml"));
        assert_eq!(
            found.routes,
            [Path::new("dir/b.rou.xml"), Path::new("dir/c.rou.xml.gz")]
        );
        assert_eq!((found.begin, found.end), (25_200.0, Some(28_800.0)));
        assert!((found.step - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_value_beyond_the_limit_is_refused_and_not_repeated() {
        let text = format!(
            r#"<configuration><n value="{}"/></configuration>"#,
            "x".repeat(65_537)
        );
        let error = parse_configuration(text.as_bytes(), Path::new("x.sumocfg")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "x.sumocfg:1:16: <n> has a value of 65537 bytes, more than the limit of 65536"
        );
    }

    #[test]
    fn a_configuration_without_a_network_is_refused() {
        let error = parse_configuration(b"<configuration/>", Path::new("x.sumocfg")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "x.sumocfg:1:1: names no network; add <net-file value=\"…\"/>"
        );
    }
}
