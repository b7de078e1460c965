//! The options in force, each with where it comes from: defaults, `citybrain.toml`, environment,
//! command line, later ones over earlier ones.
//!
//! The defaults are not in this file: they are the commented `citybrain.toml` of the repository,
//! which is built into the program. So the documentation cannot differ from what runs.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::cli::Global;
use crate::env;
use crate::error::{Error, nearest};

/// The commented defaults.
pub(crate) const DEFAULTS: &str = include_str!("../../../citybrain.toml");

/// The file that is read when there is one in the current folder.
const FILE_NAME: &str = "citybrain.toml";

/// Largest configuration file that is read, bytes.
const FILE_SIZE_MAX: u64 = 1 << 20;

/// Longest time to simulate, seconds: a year.
const HORIZON_MAX: f64 = 31_536_000.0;

/// Largest factor on the demand.
const SCALE_MAX: f64 = 1000.0;

/// Most that is read again of messages with positions, seconds: a week.
const REPLAY_MAX: f64 = 604_800.0;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The program's defaults.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// The command line.
    Flag(String),
}

impl Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// All options by key (`traffic.horizon`), with their origins.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    values: BTreeMap<String, (Value, Origin)>,
}

impl Layers {
    /// Defaults, file, environment and global flags.
    pub(crate) fn load(global: &Global) -> Result<Self, Error> {
        let mut layers = Self::defaults()?;
        let (path, required) = file(global);
        layers.read_file(&path, required)?;
        layers.read_environment()?;
        for (key, text) in &global.set {
            let value = layers.parse(key, text, &Origin::Flag(format!("--set {key}")))?;
            layers.put(key, value, Origin::Flag(format!("--set {key}")))?;
        }
        layers.flag("log.filter", "--log", global.log.clone())?;
        layers.flag(
            "output.color",
            "--color",
            global.color.map(|color| color.word().to_owned()),
        )?;
        Ok(layers)
    }

    fn defaults() -> Result<Self, Error> {
        let table: Table = DEFAULTS
            .parse()
            .map_err(|error| Error::internal(format!("the built-in citybrain.toml: {error}")))?;
        let values = flatten(&table)
            .into_iter()
            .map(|(key, value)| (key, (value, Origin::Default)))
            .collect();
        Ok(Self { values })
    }

    fn read_file(&mut self, path: &Path, required: bool) -> Result<(), Error> {
        let wrong = |error: &dyn Display| {
            Error::Option {
            message: format!("cannot use {}: {error}", path.display()),
            help: Some("`citybrain config` prints all options; the citybrain.toml of the repository explains them".to_owned()),
        }
        };
        match std::fs::metadata(path) {
            Err(_) if !required => return Ok(()),
            Err(error) => return Err(wrong(&error)),
            Ok(_) => {}
        }
        // Devices and pipes have no size to look at.
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(FILE_SIZE_MAX + 1).read_to_string(&mut text))
            .map_err(|error| wrong(&error))?;
        if text.len() as u64 > FILE_SIZE_MAX {
            return Err(wrong(&format!("it is larger than {FILE_SIZE_MAX} bytes")));
        }
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| wrong(&error))?;
        for (key, value) in flatten(&table) {
            self.put(&key, value, Origin::File(path.to_owned()))?;
        }
        Ok(())
    }

    fn read_environment(&mut self) -> Result<(), Error> {
        let keys: Vec<String> = self.values.keys().cloned().collect();
        for (name, text) in env::all_of_ours() {
            let origin = Origin::Environment(name.clone());
            let Some(key) = keys.iter().find(|key| env::of_option(key) == name) else {
                let names: Vec<String> = keys.iter().map(|key| env::of_option(key)).collect();
                return Err(Error::Option {
                    message: format!("the environment variable {name} sets no option"),
                    help: nearest(&name, names.iter().map(String::as_str)),
                });
            };
            let value = self.parse(key, &text, &origin)?;
            self.put(key, value, origin)?;
        }
        let filter_given = !matches!(
            self.origin("log.filter"),
            Some(Origin::Default | Origin::File(_))
        );
        if !filter_given
            && let Some(filter) = env::read(env::RUST_LOG).filter(|text| !text.is_empty())
        {
            self.put(
                "log.filter",
                Value::String(filter),
                Origin::Environment(env::RUST_LOG.to_owned()),
            )?;
        }
        Ok(())
    }

    /// Sets an option from a flag, if the flag was given.
    pub(crate) fn flag(
        &mut self,
        key: &str,
        flag: &str,
        value: Option<impl Into<Value>>,
    ) -> Result<(), Error> {
        match value {
            Some(value) => self.put(key, value.into(), Origin::Flag(flag.to_owned())),
            None => Ok(()),
        }
    }

    /// Key, value and origin of each option.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value, &Origin)> {
        self.values
            .iter()
            .map(|(key, (value, origin))| (key.as_str(), value, origin))
    }

    fn origin(&self, key: &str) -> Option<&Origin> {
        self.values.get(key).map(|(_, origin)| origin)
    }

    fn known(&self, key: &str, origin: &Origin) -> Result<&Value, Error> {
        self.values
            .get(key)
            .map(|(value, _)| value)
            .ok_or_else(|| Error::Option {
                message: format!("there is no option {key:?} ({origin})"),
                help: nearest(key, self.values.keys().map(String::as_str))
                    .or_else(|| Some("`citybrain config` prints all options".to_owned())),
            })
    }

    /// Sets an option; its type must be its default's.
    fn put(&mut self, key: &str, value: Value, origin: Origin) -> Result<(), Error> {
        let before = self.known(key, &origin)?;
        let value = match (before, value) {
            (Value::Float(_), Value::Integer(number)) => Value::Float(number as f64),
            (before, value) if before.same_type(&value) => value,
            (before, value) => return Err(wrong_type(key, before, &value.to_string(), &origin)),
        };
        self.values.insert(key.to_owned(), (value, origin));
        Ok(())
    }

    /// Reads a text as a value of the option's type.
    fn parse(&self, key: &str, text: &str, origin: &Origin) -> Result<Value, Error> {
        let before = self.known(key, origin)?;
        scalar(before, text).ok_or_else(|| wrong_type(key, before, text, origin))
    }

    /// All options as the types that commands use, checked.
    pub(crate) fn settings(&self) -> Result<Settings, Error> {
        let mut root = Table::new();
        for (key, (value, _)) in &self.values {
            let (section, name) = key.split_once('.').unwrap_or(("", key));
            let section = root
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(name.to_owned(), value.clone());
            }
        }
        let settings: Settings =
            root.try_into()
                .map_err(|error: toml::de::Error| Error::Option {
                    message: format!("the configuration is wrong: {}", error.message()),
                    help: Some(
                        "`citybrain config` prints what is in force and where it comes from"
                            .to_owned(),
                    ),
                })?;
        self.check(&settings)?;
        Ok(settings)
    }

    fn check(&self, settings: &Settings) -> Result<(), Error> {
        let Settings {
            traffic,
            protocol,
            compare,
            up,
            pool,
            probes,
            ..
        } = settings;
        let not_negative = |number: f64| number.is_finite() && number >= 0.0;
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let controllers = crate::control::names();
        let is_controller = |name: &String| controllers.contains(&name.as_str());
        let seed = |seed: &i64| u32::try_from(*seed).is_ok();
        let rules = [
            (
                "traffic.horizon",
                positive(traffic.horizon) && traffic.horizon <= HORIZON_MAX,
                "greater than zero and at most 31536000 (a year)",
            ),
            (
                "traffic.scale",
                positive(traffic.scale) && traffic.scale <= SCALE_MAX,
                "greater than zero and at most 1000",
            ),
            (
                "traffic.metrics-every",
                traffic.metrics_every >= 1.0,
                "at least 1",
            ),
            (
                "traffic.threads",
                (1..=256).contains(&traffic.threads),
                "from 1 to 256",
            ),
            (
                "traffic.trips",
                (1..=10_000_000).contains(&traffic.trips),
                "from 1 to 10000000",
            ),
            ("traffic.seed", seed(&traffic.seed), "from 0 to 4294967295"),
            (
                "traffic.control",
                is_controller(&traffic.control),
                "a controller",
            ),
            (
                "protocol.action",
                not_negative(protocol.action),
                "zero or more",
            ),
            (
                "protocol.yellow",
                not_negative(protocol.yellow),
                "zero or more",
            ),
            (
                "protocol.phases",
                (0..=64).contains(&protocol.phases),
                "from 0 to 64",
            ),
            (
                "compare.control",
                compare.control.iter().all(is_controller),
                "controllers",
            ),
            (
                "compare.control",
                !compare.control.is_empty(),
                "at least one controller",
            ),
            (
                "compare.seeds",
                compare.seeds.iter().all(seed),
                "from 0 to 4294967295",
            ),
            (
                "compare.seeds",
                !compare.seeds.is_empty(),
                "at least one seed",
            ),
            (
                "up.speed",
                server::SPEED_RANGE.contains(&up.speed),
                "from 0.1 to 60",
            ),
            (
                "pool.shards",
                (1..=256).contains(&pool.shards),
                "from 1 to 256",
            ),
            (
                "pool.persons",
                (1_000..=16_000_000).contains(&pool.persons),
                "from 1000 to 16000000",
            ),
            ("pool.seed", pool.seed >= 0, "zero or more"),
            (
                "pool.state",
                pool.state.is_empty()
                    || pool.state.starts_with("postgres://")
                    || pool.state.starts_with("postgresql://"),
                "empty, or postgres://USER:PASSWORD@HOST/DATABASE",
            ),
            (
                "pool.history",
                pool.history.is_empty() || pool.history.starts_with("s3://"),
                "empty, or s3://BUCKET/PREFIX",
            ),
            (
                "pool.cluster",
                pool.cluster.is_empty() || pool.cluster.starts_with("http://"),
                "empty, or http://HOST:PORT",
            ),
            (
                "pool.cluster-partitions",
                (1..=4_096).contains(&pool.cluster_partitions),
                "from 1 to 4096",
            ),
            (
                "pool.sql-listen",
                pool.sql_listen.is_empty()
                    || pool.sql_listen.parse::<std::net::SocketAddr>().is_ok(),
                "empty, or ADDRESS:PORT, for example 127.0.0.1:5433",
            ),
            (
                "pool.sql-key",
                pool.sql_key.is_empty() == pool.sql_certificate.is_empty(),
                "given with pool.sql-certificate, or empty like it",
            ),
            (
                "pool.refresh-every",
                positive(pool.refresh_every),
                "greater than zero",
            ),
            (
                "probes.nats",
                probes.nats.is_empty() || ::pool::sources::nats::is_address(&probes.nats),
                "empty, or nats://HOST:4222, or tls://HOST:4222",
            ),
            (
                "probes.subject",
                is_subject(&probes.subject),
                "words with dots between them, * for any word, > at the end for any that follow",
            ),
            (
                "probes.stream",
                probes.stream.is_empty() || is_name(&probes.stream),
                "empty, or a name without blanks, dots, * and >",
            ),
            (
                "probes.consumer",
                is_name(&probes.consumer),
                "a name without blanks, dots, * and >",
            ),
            (
                "probes.replay",
                (0.0..=REPLAY_MAX).contains(&probes.replay),
                "from 0 to 604800 (a week)",
            ),
            ("up.control", is_controller(&up.control), "a controller"),
            (
                "up.listen",
                up.listen.parse::<std::net::SocketAddr>().is_ok(),
                "ADDRESS:PORT, for example 127.0.0.1:8080",
            ),
        ];
        for (key, holds, wanted) in rules {
            if !holds {
                let (value, origin) = &self.values[key];
                return Err(Error::Option {
                    message: format!("the option {key} is {value} ({origin}); it must be {wanted}"),
                    help: wanted
                        .contains("controller")
                        .then(|| format!("controllers: {}", controllers.join(", "))),
                });
            }
        }
        Ok(())
    }
}

/// Whether a text is a NATS subject that can be listened to.
fn is_subject(text: &str) -> bool {
    let words = text.split('.').count();
    text.split('.').enumerate().all(|(at, word)| match word {
        "*" => true,
        ">" => at + 1 == words,
        word => is_name(word),
    })
}

/// Whether a text is a name of a stream or consumer, or a word of a subject.
fn is_name(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || ".*>/\\".contains(c);
    !text.is_empty() && !text.contains(odd)
}

/// The configuration file, and whether it must be there.
fn file(global: &Global) -> (PathBuf, bool) {
    if let Some(path) = &global.config {
        return (path.clone(), true);
    }
    if let Some(path) = env::read(env::CONFIG).filter(|path| !path.is_empty()) {
        return (PathBuf::from(path), true);
    }
    (PathBuf::from(FILE_NAME), false)
}

/// `section.name` and value of every option of a file. What is not in a section keeps its name,
/// and is refused as unknown later.
fn flatten(table: &Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (section, value) in table {
        match value {
            Value::Table(options) => flat.extend(
                options
                    .iter()
                    .map(|(name, value)| (format!("{section}.{name}"), value.clone())),
            ),
            value => flat.push((section.clone(), value.clone())),
        }
    }
    flat
}

/// A text as a value of the same type as `like`.
fn scalar(like: &Value, text: &str) -> Option<Value> {
    Some(match like {
        Value::String(_) => Value::String(text.to_owned()),
        Value::Integer(_) => Value::Integer(text.parse().ok()?),
        Value::Float(_) => Value::Float(text.parse().ok()?),
        Value::Boolean(_) => Value::Boolean(crate::cli::values::switch(text).ok()?),
        Value::Array(items) => Value::Array(
            text.split(',')
                .map(|item| scalar(items.first()?, item.trim()))
                .collect::<Option<_>>()?,
        ),
        Value::Datetime(_) | Value::Table(_) => return None,
    })
}

fn wrong_type(key: &str, like: &Value, found: &str, origin: &Origin) -> Error {
    let wanted = match like {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list",
        Value::Datetime(_) | Value::Table(_) => "something else",
    };
    Error::Option {
        message: format!("the option {key} is {found} ({origin}); it must be {wanted}"),
        help: Some(format!("for example {like}")),
    }
}

/// The options of `citybrain.toml`, where each is explained.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    pub(crate) log: Log,
    pub(crate) output: Output,
    pub(crate) traffic: Traffic,
    pub(crate) protocol: Protocol,
    pub(crate) compare: Compare,
    pub(crate) up: Up,
    pub(crate) pool: Pool,
    pub(crate) probes: Probes,
}

/// `[probes]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Probes {
    pub(crate) nats: String,
    pub(crate) subject: String,
    pub(crate) stream: String,
    pub(crate) consumer: String,
    pub(crate) replay: f64,
}

/// `[pool]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Pool {
    pub(crate) city: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) state: String,
    pub(crate) shards: i64,
    pub(crate) history: String,
    pub(crate) cluster: String,
    pub(crate) cluster_partitions: i64,
    pub(crate) demonstration: bool,
    pub(crate) persons: i64,
    pub(crate) seed: i64,
    pub(crate) sql_listen: String,
    pub(crate) sql_certificate: String,
    pub(crate) sql_key: String,
    pub(crate) nats: String,
    pub(crate) refresh_every: f64,
}

/// `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Log {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

/// `log.format`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// `[output]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Output {
    pub(crate) color: Color,
}

/// `output.color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl From<crate::cli::Color> for Color {
    fn from(color: crate::cli::Color) -> Self {
        match color {
            crate::cli::Color::Auto => Self::Auto,
            crate::cli::Color::Always => Self::Always,
            crate::cli::Color::Never => Self::Never,
        }
    }
}

/// `[traffic]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Traffic {
    pub(crate) control: String,
    pub(crate) horizon: f64,
    pub(crate) seed: i64,
    pub(crate) threads: i64,
    pub(crate) lane_change: bool,
    pub(crate) rules: Rules,
    pub(crate) scale: f64,
    pub(crate) trips: i64,
    pub(crate) metrics_every: f64,
}

/// `traffic.rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rules {
    Auto,
    Benchmark,
    Street,
}

/// `[protocol]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Protocol {
    pub(crate) action: f64,
    pub(crate) yellow: f64,
    pub(crate) phases: i64,
}

/// `[compare]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Compare {
    pub(crate) control: Vec<String>,
    pub(crate) seeds: Vec<i64>,
}

/// `[up]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Up {
    pub(crate) city: PathBuf,
    pub(crate) listen: String,
    pub(crate) control: String,
    pub(crate) speed: f64,
    pub(crate) open: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_file_is_complete_and_valid() {
        let settings = Layers::defaults().unwrap().settings().unwrap();
        assert!((settings.traffic.horizon - 3600.0).abs() < 1e-9);
    }

    #[test]
    fn a_text_takes_the_type_of_the_default() {
        let layers = Layers::defaults().unwrap();
        let origin = Origin::Flag("--set".to_owned());
        let parse = |key, text| layers.parse(key, text, &origin);
        assert_eq!(parse("traffic.seed", "7").unwrap(), Value::Integer(7));
        assert_eq!(parse("traffic.horizon", "7").unwrap(), Value::Float(7.0));
        assert_eq!(
            parse("traffic.lane-change", "off").unwrap(),
            Value::Boolean(false)
        );
        assert_eq!(
            parse("compare.seeds", "1, 2").unwrap(),
            Value::Array(vec![Value::Integer(1), Value::Integer(2)])
        );
        assert!(parse("traffic.seed", "seven").is_err());
        assert!(parse("traffic.sed", "7").is_err());
    }

    #[test]
    fn a_later_layer_wins_and_keeps_its_origin() {
        let mut layers = Layers::defaults().unwrap();
        layers
            .flag("traffic.horizon", "--horizon", Some(60.0))
            .unwrap();
        let (_, value, origin) = layers
            .iter()
            .find(|(key, ..)| *key == "traffic.horizon")
            .unwrap();
        assert_eq!(value, &Value::Float(60.0));
        assert_eq!(origin, &Origin::Flag("--horizon".to_owned()));
    }

    #[test]
    fn a_value_out_of_range_names_its_origin() {
        let mut layers = Layers::defaults().unwrap();
        layers
            .flag("traffic.threads", "--threads", Some(0))
            .unwrap();
        let message = layers.settings().unwrap_err().to_string();
        assert!(
            message.contains("traffic.threads") && message.contains("--threads"),
            "{message}"
        );
    }
}
