//! Which files a load is of, and into which dataset each goes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pool::ingest::limits::FILES_MAX;
use pool::sources::file::format_of;
use pool::{Pool, Table};

use super::open::table;
use crate::error::Error;

/// A file or object, and its dataset.
pub(super) struct Input {
    pub(super) address: String,
    pub(super) table: Arc<Table>,
}

/// What is meant by the names on the command line, referenced datasets before those that refer to
/// them.
pub(super) fn inputs(
    pool: &Pool,
    names: &[String],
    dataset: Option<&str>,
) -> Result<Vec<Input>, Error> {
    let mut inputs = Vec::new();
    for name in names {
        let path = Path::new(name);
        if path.is_dir() {
            for file in files(path)? {
                let address = file.display().to_string();
                let table = table(pool, &named(dataset, &address)?)?;
                inputs.push(Input { address, table });
            }
        } else {
            let table = table(pool, &named(dataset, name)?)?;
            inputs.push(Input {
                address: name.clone(),
                table,
            });
        }
        if inputs.len() > FILES_MAX {
            return Err(Error::Refused {
                message: format!("{name} has more than {FILES_MAX} files"),
                help: Some("load it in parts".to_owned()),
            });
        }
    }
    Ok(in_order(pool, inputs))
}

/// The dataset of a file: as given, or as the file is called.
fn named(dataset: Option<&str>, address: &str) -> Result<String, Error> {
    if let Some(dataset) = dataset {
        return Ok(dataset.to_owned());
    }
    let name = address.rsplit('/').next().unwrap_or(address);
    if format_of(name).is_none() {
        return Err(Error::Refused {
            message: format!("the format of {address} cannot be told from its name"),
            help: Some("it should end in .csv, .jsonl, .parquet or .arrow".to_owned()),
        });
    }
    Ok(name.split('.').next().unwrap_or(name).to_owned())
}

/// The files of `<folder>/<dataset>.*` and `<folder>/<department>/<dataset>.*`, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>, Error> {
        let wrong = |error: std::io::Error| Error::Input {
            what: "a folder of records",
            path: folder.to_owned(),
            source: error.into(),
            help: None,
        };
        let entries = std::fs::read_dir(folder).map_err(wrong)?;
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()
            .map_err(wrong)?;
        paths.sort();
        Ok(paths)
    };
    let is_data = |path: &PathBuf| {
        path.is_file() && path.to_str().is_some_and(|name| format_of(name).is_some())
    };
    let mut found = Vec::new();
    for path in list(folder)? {
        if path.is_dir() {
            found.extend(list(&path)?.into_iter().filter(is_data));
        } else if is_data(&path) {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(Error::Refused {
            message: format!("{} has no files of records", folder.display()),
            help: Some(
                "they are DIR/<department>/<dataset>.csv, .jsonl, .parquet or .arrow".to_owned(),
            ),
        });
    }
    Ok(found)
}

/// Referenced datasets first, so that references can be looked up when their records come.
fn in_order(pool: &Pool, mut inputs: Vec<Input>) -> Vec<Input> {
    let mut ordered = Vec::with_capacity(inputs.len());
    let mut done = BTreeSet::new();
    while !inputs.is_empty() {
        let here: BTreeSet<String> = inputs
            .iter()
            .map(|input| input.table.dataset.clone())
            .collect();
        let ready = |input: &Input| {
            input
                .table
                .definition
                .fields
                .iter()
                .filter_map(|field| field.references.as_ref())
                .all(|reference| {
                    let id = reference.dataset.id();
                    id == input.table.dataset
                        || done.contains(id)
                        || !here.contains(id)
                        || pool.tables().get(id).is_none()
                })
        };
        let (now, later): (Vec<Input>, Vec<Input>) = inputs.into_iter().partition(ready);
        if now.is_empty() {
            ordered.extend(later); // they refer to each other
            break;
        }
        done.extend(now.iter().map(|input| input.table.dataset.clone()));
        ordered.extend(now);
        inputs = later;
    }
    ordered
}
