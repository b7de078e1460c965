//! A demonstration city's data: made-up records, loaded like anybody's files. Nothing in it is real.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use city::City;
use jiff::civil::Date;
use pool::Pool;
use pool::ingest::{self, LoadOptions};
use pool::sources::file::Source;
use serde::{Deserialize, Serialize};
use synthetic::{Format, Generator, Population};

use crate::error::Error;
use crate::printer::{Printer, grouped};
use crate::settings;

/// Says what the data folder was filled with, and whether that is done.
const MARK: &str = "demonstration.json";
/// Where the made-up files are until they are loaded, below the data folder.
const FILES: &str = "generated";

/// What a data folder was filled with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Mark {
    persons: i64,
    seed: i64,
    /// The day on which it was made up: the same day makes the same records.
    today: Date,
    done: bool,
}

/// Fills an empty pool with made-up records; goes on where an earlier attempt was stopped. Does
/// nothing with a pool that holds records of other origin.
pub(crate) fn fill(
    pool: &Arc<Pool>,
    city: &City,
    settings: &settings::Pool,
    printer: Printer,
) -> Result<(), Error> {
    let path = settings.data.join(MARK);
    let mark = match read(&path)? {
        Some(mark) if mark.done => return Ok(()),
        Some(mark) => mark,
        None if *pool.newest().borrow() > 0 => return Ok(()),
        None => Mark {
            persons: settings.persons,
            seed: settings.seed,
            today: today(pool),
            done: false,
        },
    };
    write(&path, &mark)?;
    printer.note(format_args!(
        "making up {} persons and what {} departments know of them (some tens of seconds, once)",
        mark.persons,
        city.all::<city::kinds::Department>().count()
    ));
    let population = Population::plan(
        mark.persons.unsigned_abs(),
        mark.seed.unsigned_abs(),
        mark.today,
    )
    .map_err(Error::internal)?;
    let generator = Generator::new(city, Arc::new(population)).map_err(Error::internal)?;
    let folder = settings.data.join(FILES);
    let bar = printer.bar(
        generator.sources().len() as u64,
        "{bar:30} {pos}/{len} datasets, {elapsed}  {msg}",
    );
    let tables = pool.tables();
    let (mut accepted, mut quarantined) = (0, 0);
    for source in generator.sources() {
        bar.set_message(source.dataset().to_owned());
        for part in 0..source.parts() {
            let file = folder.join(format!("{}-{part}.arrow", source.dataset()));
            make(&generator, source, part, &file)?;
            let Some(table) = tables.get(source.dataset()) else {
                continue;
            };
            let wrong = |error| refused(&file, error);
            let read = Source::file(&file).map_err(wrong)?;
            let loaded = ingest::load(pool, table, &read, &LoadOptions::default(), &|_| {})
                .map_err(wrong)?;
            accepted += loaded.counts.accepted;
            quarantined += loaded.counts.quarantined;
            fs::remove_file(&file).map_err(|error| Error::output(&file, error))?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    printer.note(format_args!(
        "the city's data are there: {} records, {} in quarantine",
        grouped(accepted),
        grouped(quarantined)
    ));
    // What is left of it is empty folders.
    let _ = fs::remove_dir_all(&folder);
    write(&path, &Mark { done: true, ..mark })
}

/// Writes a part, under another name until it is whole.
fn make(
    generator: &Generator,
    source: &synthetic::Source,
    part: u32,
    path: &Path,
) -> Result<(), Error> {
    if path.exists() {
        return Ok(());
    }
    let wrong = |error: std::io::Error| Error::output(path, error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(wrong)?;
    }
    let unfinished: PathBuf = path.with_extension("unfinished");
    let out = BufWriter::new(File::create(&unfinished).map_err(wrong)?);
    generator
        .write(source, part, Format::Arrow, 0.0, out, |_| {})
        .map_err(|error| Error::output(path, error))?;
    fs::rename(&unfinished, path).map_err(wrong)
}

fn read(path: &Path) -> Result<Option<Mark>, Error> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::Refused {
            message: format!("cannot use {}: {error}", path.display()),
            help: Some("it says what the data folder was filled with; remove the data folder to begin anew".to_owned()),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::output(path, error)),
    }
}

fn write(path: &Path, mark: &Mark) -> Result<(), Error> {
    let wrong = |error: std::io::Error| Error::output(path, error);
    let text = serde_json::to_string_pretty(mark).map_err(Error::internal)?;
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text + "\n").map_err(wrong)?;
    fs::rename(&unfinished, path).map_err(wrong)
}

/// The day that it is at Greenwich; the records must not lie in the future anywhere.
fn today(pool: &Pool) -> Date {
    let now = jiff::Timestamp::from_second(pool.clock().now().seconds()).unwrap_or_default();
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn refused(path: &Path, error: ingest::Error) -> Error {
    Error::Input {
        what: "made-up records",
        path: path.to_owned(),
        source: Box::new(error),
        help: Some("remove the data folder to begin anew".to_owned()),
    }
}
