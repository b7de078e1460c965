//! `citybrain client …`, `agreement …` and `exchange …`: what departments' offices and programmers
//! do with the exchange. Commands that change or read something ask a running server.

mod agreements;
mod client;
mod look_up;
mod share_profile;
mod token;

use std::path::Path;

use city::kinds::Client;
use city::{City, Definitions};
use pool::exchange::Signer;
use pool::{Clock, Moment};
use server::clock::WallClock;

use crate::error::{Error, nearest};
use crate::printer::Printer;
use crate::settings::Layers;

pub(crate) use agreements::{
    list as agreement_list, matrix as agreement_matrix, step as agreement_step,
};
pub(crate) use client::{key as client_key, list as client_list};
pub(crate) use look_up::look_up;
pub(crate) use share_profile::share_profile as client_share_profile;
pub(crate) use token::token as client_token;

/// The city's definitions.
fn city(folder: &Path) -> City {
    let (city, _) = Definitions::read(folder);
    city
}

/// Now.
fn now() -> Moment {
    WallClock.now()
}

/// The server to ask.
fn server(given: Option<&String>, layers: &Layers) -> Result<String, Error> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    let listen = layers.settings()?.up.listen;
    let reachable = listen
        .replace("0.0.0.0", "127.0.0.1")
        .replace("[::]", "[::1]");
    Ok(format!("http://{reachable}"))
}

/// For whom tokens are: the city's id.
fn audience<'a>(city: &'a City, folder: &Path) -> Result<&'a str, Error> {
    let id = city.settings().map(|settings| settings.value.id.as_str());
    id.ok_or_else(|| Error::Refused {
        message: format!(
            "there is no city in {}, and a token needs its id",
            folder.display()
        ),
        help: Some("set the option pool.city".to_owned()),
    })
}

/// Prints why a server said no.
fn said_no(status: u16, content: &serde_json::Value, printer: Printer) -> std::io::Result<()> {
    if printer.json {
        return printer.json(content);
    }
    let reason = content["detail"].as_str().unwrap_or("no reason was given");
    printer.line(format_args!("{status}: {reason}"))
}

/// Who signs: with the key in a file, or with a demonstration's.
fn signer(client: &str, key: Option<&Path>, city: &City) -> Result<Signer, Error> {
    let run = now().0.unsigned_abs();
    if let Some(path) = key {
        let unusable = |source: Box<dyn std::error::Error + Send + Sync>| Error::Input {
            what: "a private key",
            path: path.to_owned(),
            source,
            help: Some("`citybrain client key --out FILE` makes one".to_owned()),
        };
        let pem = std::fs::read_to_string(path).map_err(|error| unusable(error.into()))?;
        return Signer::from_pem(client, &pem, run).map_err(|error| unusable(error.into()));
    }
    let definition = city.get::<Client>(client).ok_or_else(|| Error::Refused {
        message: format!("there is no client {client:?}"),
        help: nearest(
            client,
            city.all::<Client>().map(|client| client.id.as_str()),
        ),
    })?;
    if !definition.demonstration {
        return Err(Error::Option {
            message: format!(
                "{client} is no client of a demonstration, so its private key is needed"
            ),
            help: Some("name its file, which `citybrain client key` made".to_owned()),
        });
    }
    Signer::demonstration(client, run).map_err(Error::internal)
}
