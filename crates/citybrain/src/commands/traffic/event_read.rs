//! From the command line, or a file, to the definition of an event.

use std::path::{Path, PathBuf};

use roads::Network;
use schemes::event::{CarParkDefinition, EventDefinition, EventsFile, GateDefinition, Sited};

use super::closing::{FILE_BYTES_MAX, closure, help, link_and_more};
use crate::cli::traffic_event::EventArgs;
use crate::error::{Error, nearest};
use crate::load;

/// A definition and where it comes from.
pub(super) struct Read {
    /// The event.
    pub(super) definition: EventDefinition,
    /// What stands before a field's name in messages: `events[0].` of a file.
    pub(super) before: String,
    file: Option<PathBuf>,
}

impl Read {
    /// Why it cannot be planned.
    pub(super) fn refused(&self, error: schemes::Error, network: &Network) -> Error {
        let help = help(&error, network);
        match &self.file {
            Some(path) => Error::Input {
                what: "a file of events",
                path: path.clone(),
                source: error.into(),
                help: help.or_else(described),
            },
            None => Error::Refused {
                message: format!("the event cannot be planned: {error}"),
                help,
            },
        }
    }
}

fn described() -> Option<String> {
    Some("docs/schemes.md describes them".to_owned())
}

/// The event that the command line describes, or names in a file.
pub(super) fn read(args: &EventArgs, network: &Network) -> Result<Read, Error> {
    let mut read = match &args.place.file {
        Some(path) => from_file(path, args.who.event.as_deref())?,
        None => from_flags(args, network)?,
    };
    let definition = &mut read.definition;
    if let Some(visitors) = args.who.visitors {
        definition.visitors = Sited::nowhere(visitors);
    }
    if let Some(per_car) = args.who.per_car {
        definition.per_car = Some(Sited::nowhere(per_car));
    }
    if let Some(guided) = args.who.guided {
        definition.guided = Some(Sited::nowhere(guided));
    }
    let checked = read.definition.check(&read.before);
    checked.map_err(|error| read.refused(error, network))?;
    Ok(read)
}

fn from_file(path: &Path, wanted: Option<&str>) -> Result<Read, Error> {
    let wrong = |source: Box<dyn std::error::Error + Send + Sync>| Error::Input {
        what: "a file of events",
        path: path.to_owned(),
        source,
        help: described(),
    };
    let text = load::text(path, FILE_BYTES_MAX).map_err(|error| wrong(error.into()))?;
    let file = EventsFile::parse(&text).map_err(|error| wrong(error.into()))?;
    let fits = |id: &str| wanted.is_none_or(|wanted| wanted == id);
    let found = file
        .events
        .iter()
        .position(|event| fits(&event.value.id))
        .map(|index| (index, file.events[index].value.clone()));
    let Some((index, definition)) = found else {
        let name = wanted.unwrap_or_default().to_owned();
        let known = file.events.iter().map(|event| event.value.id.as_str());
        return Err(Error::Name {
            what: "event",
            help: nearest(&name, known),
            name,
            path: path.to_owned(),
        });
    };
    Ok(Read {
        definition,
        before: format!("events[{index}]."),
        file: Some(path.to_owned()),
    })
}

fn from_flags(args: &EventArgs, network: &Network) -> Result<Read, Error> {
    let (place, who) = (&args.place, &args.who);
    let here = Sited::<f64>::nowhere;
    let seconds = |given: Option<f64>| here(given.unwrap_or_default());
    let gates = |texts: &[String], flag: &str| -> Result<Vec<GateDefinition>, Error> {
        let gate = |text: &String| {
            let (link, share) = link_and_more(text, network);
            let share = share.map(|share| {
                let share = share.trim().parse().ok();
                let share = share.filter(|share: &f64| share.is_finite() && *share >= 0.0);
                let message = "after the colon stands a number, zero or more";
                share.ok_or_else(|| wrong(flag, text, message, "LINK or LINK:SHARE"))
            });
            Ok(GateDefinition {
                link: Sited::nowhere(link.to_owned()),
                share: share.transpose()?.map(here),
            })
        };
        texts.iter().map(gate).collect()
    };
    let car_park = |text: &String| {
        let wrong = |message| wrong("--car-park", text, message, "LINK:CARS");
        let (link, room) = link_and_more(text, network);
        let room = room.ok_or_else(|| wrong("the number of cars it has room for is missing"))?;
        let room: u32 = room.trim().parse().map_err(|_error| {
            wrong("after the colon stands a whole number from 0 to 4294967295")
        })?;
        Ok(CarParkDefinition {
            id: None,
            link: Some(Sited::nowhere(link.to_owned())),
            at: None,
            lonlat: None,
            exit: None,
            capacity: Sited::nowhere(room),
        })
    };
    let close = |text: &String| closure("--close", text, (0.0, None), network).map(Sited::nowhere);
    Ok(Read {
        definition: EventDefinition {
            id: "event".to_owned(),
            link: place.link.clone().map(Sited::nowhere),
            at: place.at.map(Sited::nowhere),
            lonlat: place.lonlat.map(Sited::nowhere),
            radius: who.radius.map(here),
            start: seconds(who.start),
            end: seconds(who.end),
            coming: who.coming.map(here),
            leaving: who.leaving.map(here),
            origins: gates(&who.origin, "--origin")?,
            exits: gates(&who.exit, "--exit")?,
            car_parks: who
                .car_park
                .iter()
                .map(car_park)
                .collect::<Result<_, Error>>()?,
            closures: who.close.iter().map(close).collect::<Result<_, Error>>()?,
            ..EventDefinition::default()
        },
        before: String::new(),
        file: None,
    })
}

fn wrong(flag: &str, text: &str, message: &str, form: &str) -> Error {
    Error::Option {
        message: format!("{flag} {text:?}: {message}"),
        help: Some(format!("write {form}")),
    }
}
