//! Logs through `tracing` to standard error.

use tracing_subscriber::EnvFilter;

use crate::error::Error;
use crate::settings::Log;

/// Ballista quotes whole plans, a question's constants included, when it is asked to say more than
/// warnings: logs hold no personal data.
const QUOTING: [&str; 3] = [
    "ballista_scheduler=warn",
    "ballista_executor=warn",
    "ballista_core=warn",
];

/// Starts logging.
pub(crate) fn start(log: &Log, color: bool) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| Error::Option {
        message: format!("the log filter {:?} is wrong: {error}", log.filter),
        help: Some("write levels, for all or by crate: warn, debug, sim=trace,info".to_owned()),
    })?;
    let filter = QUOTING
        .iter()
        .filter_map(|quiet| quiet.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(color);
    match log.format {
        crate::settings::LogFormat::Text => lines.init(),
        crate::settings::LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
