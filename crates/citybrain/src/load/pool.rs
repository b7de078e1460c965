//! The city's data, opened for a command: definitions, pool, ledger, exchange and lake of one data
//! folder.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use city::{City, Definitions};
use cluster::Cluster;
use lake::{Keeper, KeeperOptions, Lake, Secret};
use ledger::{Algorithm, LocalSigner, Log, SecretKey};
use pool::exchange::{self, Exchange};
use pool::{Clock, HistoryUrl, Pool, StateUrl};
use server::clock::WallClock;

use crate::env;
use crate::error::Error;
use crate::settings;

/// The folder of the ledger, below the data folder.
const LEDGER: &str = "ledger";
/// The folder of secret keys, below the data folder.
pub(crate) const KEYS: &str = "keys";
/// The ledger's signing key, in the keys' folder.
const LEDGER_KEY: &str = "ledger.key";
/// The ledger's public key, for `citybrain ledger verify`.
const LEDGER_PUBLIC_KEY: &str = "ledger.pub";
/// The secret behind the hashes of subjects, in the keys' folder.
const SUBJECT_KEY: &str = "subjects.key";

/// Everything that serves the city's data, opened.
pub(crate) struct Bureau {
    pub(crate) city: Arc<City>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) lake: Arc<Lake>,
    /// Keeps the index of transfers; ends when it is dropped.
    pub(crate) exchange_keeper: exchange::Keeper,
    pub(crate) ledger_folder: PathBuf,
    /// The ledger's public key, for those who check.
    pub(crate) ledger_key: String,
}

/// The definitions of the city at `folder`: those that are right. Faults are logged.
pub(crate) fn definitions(folder: &Path) -> Result<Arc<City>, Error> {
    let (city, faults) = Definitions::read(folder);
    if city.settings().is_none() {
        return Err(Error::Refused {
            message: format!("there is no city in {}: it has no right city.yaml", folder.display()),
            help: Some("name the city's folder with --city or the option pool.city; `citybrain check` names its faults".to_owned()),
        });
    }
    if !faults.is_empty() {
        tracing::warn!(
            faults = faults.len(),
            "definitions with faults are left out; `citybrain check` names them"
        );
    }
    Ok(Arc::new(city))
}

/// The pool alone, for loading and looking.
pub(crate) fn pool(settings: &settings::Pool, city: &City) -> Result<Arc<Pool>, Error> {
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    Pool::open(options(settings), city, clock)
        .map_err(|error| cannot("open the pool", &settings.data, error))
}

/// How the pool is opened.
pub(crate) fn options(settings: &settings::Pool) -> pool::Options {
    let mut options = pool::Options::new(&settings.data);
    options.shards = u32::try_from(settings.shards).unwrap_or(pool::SHARDS);
    if !settings.state.is_empty() {
        options.state = StateUrl::Postgres(settings.state.clone());
    }
    options.history = history(settings);
    options
}

/// Where history is, with the object store's options out of the environment.
pub(crate) fn history(settings: &settings::Pool) -> HistoryUrl {
    if settings.history.is_empty() {
        return HistoryUrl::Folder(settings.data.join("history"));
    }
    HistoryUrl::Store {
        url: settings.history.clone(),
        options: env::object_store(),
    }
}

/// The cluster that answers questions, if one is named.
fn cluster(settings: &settings::Pool) -> Result<Option<Arc<dyn lake::Engine>>, Error> {
    if settings.cluster.is_empty() {
        return Ok(None);
    }
    let partitions = usize::try_from(settings.cluster_partitions).unwrap_or(1);
    match Cluster::new(&settings.cluster, partitions) {
        Ok(cluster) => Ok(Some(Arc::new(cluster))),
        Err(error) => Err(Error::Refused {
            message: error.to_string(),
            help: Some("the option pool.cluster, or --cluster, names it".to_owned()),
        }),
    }
}

/// All of it.
pub(crate) async fn bureau(
    settings: &settings::Pool,
    city: Arc<City>,
    pool: Arc<Pool>,
) -> Result<Bureau, Error> {
    let keys = settings.data.join(KEYS);
    let ledger_folder = settings.data.join(LEDGER);
    let origin = city
        .settings()
        .map_or("city", |settings| settings.value.id.as_str());
    let key = ledger_key(
        &keys.join(LEDGER_KEY),
        &format!("{origin}.citybrain/ledger"),
    )?;
    let ledger_key = key.verifier().to_string();
    publish_key(&keys.join(LEDGER_PUBLIC_KEY), &ledger_key)?;
    let signer =
        LocalSigner::new(key).map_err(|error| cannot("use the ledger's key of", &keys, error))?;
    let clock = Arc::clone(pool.clock());
    let options = ledger::Options::new(&ledger_folder, Arc::new(signer));
    let log = Log::open(options, Arc::new(move || clock.now().0))
        .map_err(|error| cannot("open the ledger", &ledger_folder, error))?;
    let options = exchange::Options {
        demonstration: settings.demonstration,
        subject_secret: secret(&keys.join(SUBJECT_KEY))?,
    };
    let exchange = Exchange::open(
        &options,
        Arc::clone(&pool),
        Arc::new(log),
        Arc::clone(&city),
    )
    .map_err(|error| cannot("open the exchange over", &settings.data, error))?;
    let exchange_keeper = exchange
        .keeper()
        .map_err(|error| cannot("open the exchange over", &settings.data, error))?;
    let secret = Secret::of(&keys)
        .map_err(|error| cannot("read the secret of questions in", &keys, error))?;
    let lake = Lake::open(pool.history(), pool.tables(), secret)
        .await
        .map_err(|error| cannot("open history of", &settings.data, error))?;
    if let Some(cluster) = cluster(settings)? {
        lake.use_engine(Some(cluster));
    }
    Ok(Bureau {
        city,
        pool,
        exchange,
        lake,
        exchange_keeper,
        ledger_folder,
        ledger_key,
    })
}

/// What carries the outbox into history.
pub(crate) fn keeper(bureau: &Bureau, settings: &settings::Pool) -> Result<Keeper, Error> {
    let options = KeeperOptions {
        refresh_every: Duration::from_secs_f64(settings.refresh_every),
        ..KeeperOptions::default()
    };
    let feed: Arc<dyn lake::Feed> = Arc::clone(&bureau.pool) as _;
    Keeper::new(Arc::clone(&bureau.lake), feed, options)
        .map_err(|error| cannot("read the outbox of", &settings.data, error))
}

/// The ledger's key at `path`, made if there is none.
fn ledger_key(path: &Path, origin: &str) -> Result<SecretKey, Error> {
    match fs::read_to_string(path) {
        Ok(text) => text
            .parse()
            .map_err(|error| cannot("use the key", path, error)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = SecretKey::generate(origin, Algorithm::Log)
                .map_err(|error| cannot("make the key", path, error))?;
            write_private(path, format!("{}\n", key.to_secret_text()).as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(cannot("read the key", path, error)),
    }
}

/// Writes the public key for those who check, if it is not there.
fn publish_key(path: &Path, key: &str) -> Result<(), Error> {
    if path.exists() {
        return Ok(());
    }
    write_whole(path, format!("{key}\n").as_bytes(), 0o644)
}

/// 32 secret bytes at `path`, made if there are none.
fn secret(path: &Path) -> Result<[u8; 32], Error> {
    match fs::read(path) {
        Ok(bytes) => bytes.try_into().map_err(|bytes: Vec<u8>| {
            let error =
                std::io::Error::other(format!("it has {} bytes and should have 32", bytes.len()));
            cannot("use the key", path, error)
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            rand::fill(&mut bytes)
                .map_err(|error| cannot("make the key", path, std::io::Error::other(error)))?;
            write_private(path, &bytes)?;
            Ok(bytes)
        }
        Err(error) => Err(cannot("read the key", path, error)),
    }
}

/// Writes a file that only its owner reads.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_whole(path, bytes, 0o600)
}

/// Writes a file that is there whole or not at all, whenever the process dies. The pool's lock
/// keeps others from doing the same.
fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let wrong = |error| Error::output(path, error);
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(wrong)?;
    let unfinished = path.with_extension("unfinished");
    // Left by a process that died; it may have another mode.
    let _ = fs::remove_file(&unfinished);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&unfinished)
        .map_err(wrong)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&unfinished, path))
        .and_then(|()| fs::File::open(folder)?.sync_all())
        .map_err(wrong)
}

pub(crate) fn cannot(what: &str, path: &Path, error: impl std::error::Error) -> Error {
    Error::Program {
        message: format!(
            "cannot {what} {}: {}",
            path.display(),
            ::pool::chain(&error)
        ),
        help: Some(
            "the option pool.data names the folder; one program at a time can have it open"
                .to_owned(),
        ),
    }
}
