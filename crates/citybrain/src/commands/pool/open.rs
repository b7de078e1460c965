//! The pool of a command: opened where its options say; and what to say when it refuses.

use std::path::Path;
use std::sync::Arc;

use pool::ingest;
use pool::{Pool, Table, chain};

use crate::cli::pool::Place;
use crate::error::Error;
use crate::load::pool as bureau;
use crate::settings::Layers;

/// Opens the pool.
pub(super) fn open(place: &Place, mut layers: Layers) -> Result<Arc<Pool>, Error> {
    let text = |path: &std::path::PathBuf| path.display().to_string();
    layers.flag("pool.data", "--data", place.data.as_ref().map(text))?;
    layers.flag("pool.city", "--city", place.city.as_ref().map(text))?;
    let settings = layers.settings()?.pool;
    let city = bureau::definitions(&settings.city)?;
    bureau::pool(&settings, &city)
}

/// The table of a dataset, or the nearest name there is.
pub(super) fn table(pool: &Pool, name: &str) -> Result<Arc<Table>, Error> {
    let tables = pool.tables();
    tables.get(name).map(Arc::clone).ok_or_else(|| Error::Refused {
        message: format!("there is no dataset {name:?}"),
        help: crate::error::nearest(name, tables.iter().map(|table| table.dataset.as_str()))
            .or_else(|| Some("datasets are files of the city's folder: departments/<department>/datasets/<id>.yaml".to_owned())),
    })
}

/// What to say when records of `source` cannot be taken.
pub(super) fn refused(source: &str, error: ingest::Error) -> Error {
    use ingest::Error as E;
    match error {
        E::Server { .. } => Error::Program {
            message: chain(&error),
            help: None,
        },
        E::Pool(error) => Error::Program {
            message: chain(&error),
            help: Some(
                "what was acknowledged stays; give the same command again to go on".to_owned(),
            ),
        },
        E::Unreadable { .. }
        | E::Open { .. }
        | E::ColumnType { .. }
        | E::ColumnZone { .. }
        | E::ColumnMissing { .. }
        | E::Limit { .. }
        | E::Format { .. }
        | E::Definition { .. } => Error::Input {
            what: "records",
            path: Path::new(source).to_owned(),
            source: Box::new(error),
            help: None,
        },
        _ => Error::Refused {
            message: error.to_string(),
            help: None,
        },
    }
}
