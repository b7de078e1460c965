//! Every environment variable the program reads, in one place.
//!
//! Options of `citybrain.toml` each have a variable of their own, named by
//! [`of_option`]; the others are listed here.

/// Prefix of the variables that set options.
pub(crate) const PREFIX: &str = "CITYBRAIN_";

/// Path of the configuration file, when `--config` is not given.
pub(crate) const CONFIG: &str = "CITYBRAIN_CONFIG";

/// What to log, when neither `--log` nor the option's own variable is given.
pub(crate) const RUST_LOG: &str = "RUST_LOG";

/// When set and not empty, no colour unless `--color always`.
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// Folder of a SUMO installation; its `bin/sumo` is used before the one on `PATH`.
pub(crate) const SUMO_HOME: &str = "SUMO_HOME";

/// Variables of this program that are no options.
pub(crate) const NOT_OPTIONS: [&str; 3] =
    [CONFIG, "CITYBRAIN_SCENARIOS", "CITYBRAIN_DCAT_AP_SHAPES"];

/// What each variable does, for the reference page.
pub(crate) const DESCRIBED: [(&str, &str); 5] = [
    (
        "AWS_*",
        "keys, endpoint and region of the object store that the option `pool.history` names",
    ),
    (CONFIG, "configuration file, when `--config` is not given"),
    (
        RUST_LOG,
        "what to log, when neither `--log` nor `CITYBRAIN_LOG_FILTER` is given",
    ),
    (
        NO_COLOR,
        "when set and not empty: no colour, unless `--color always`",
    ),
    (
        SUMO_HOME,
        "folder of the SUMO installation that `bench engine --sumo` and `traffic … --plant sumo` run",
    ),
];

/// The variables of an object store that speaks S3, as all tools for it name them.
pub(crate) const OBJECT_STORE: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_ALLOW_HTTP",
];

/// What is set of [`OBJECT_STORE`], with the names that the library gives them.
pub(crate) fn object_store() -> Vec<(String, String)> {
    let set = |name: &&str| Some((name.to_ascii_lowercase(), read(name)?));
    OBJECT_STORE.iter().filter_map(set).collect()
}

/// The variable of an option: `traffic.lane-change` is `CITYBRAIN_TRAFFIC_LANE_CHANGE`.
pub(crate) fn of_option(key: &str) -> String {
    let name: String = key
        .chars()
        .map(|c| match c {
            '.' | '-' => '_',
            c => c.to_ascii_uppercase(),
        })
        .collect();
    format!("{PREFIX}{name}")
}

/// A variable's value; `None` when unset or not Unicode.
pub(crate) fn read(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Names and values of all variables that begin with [`PREFIX`].
pub(crate) fn all_of_ours() -> Vec<(String, String)> {
    let mut found: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX) && !NOT_OPTIONS.contains(&name.as_str()))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::of_option;

    #[test]
    fn an_option_names_its_variable() {
        assert_eq!(
            of_option("traffic.lane-change"),
            "CITYBRAIN_TRAFFIC_LANE_CHANGE"
        );
    }
}
