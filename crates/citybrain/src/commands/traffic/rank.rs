//! `citybrain traffic rank`: cities by their indices, with the number ranked.

use std::path::Path;

use observe::rank::{CityIndex, Moved, Ranking, compare, rank as ranked, read_cities};
use serde::Serialize;

use super::index::{open, refused};
use crate::cli::traffic_index::RankArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, table};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    #[serde(flatten)]
    ranking: Ranking,
    /// Against the earlier period, if there is one.
    moved: Option<Vec<Moved>>,
}

/// Ranks and prints.
pub(crate) fn rank(args: &RankArgs, printer: Printer) -> Outcome {
    let (before, after) = match &args.before {
        Some(path) => (Some(read(path)?), read(&args.file)?),
        None => periods(read(&args.file)?)?,
    };
    let replicates = args.replicates as usize;
    let mut ranking = ranked(&after, replicates, args.seed).map_err(refused)?;
    let mut moved = match &before {
        Some(before) => Some(compare(before, &after, replicates, args.seed).map_err(refused)?),
        None => None,
    };
    if let Some(city) = &args.city {
        ranking.places.retain(|place| place.city == *city);
        if ranking.places.is_empty() {
            return Err(Error::Name {
                what: "city",
                name: city.clone(),
                path: args.file.clone(),
                help: None,
            });
        }
        if let Some(moved) = &mut moved {
            moved.retain(|moved| moved.city == *city);
        }
    }
    if printer.json {
        printer.json(&Report {
            version: env!("CARGO_PKG_VERSION"),
            ranking,
            moved,
        })?;
        return Ok(Exit::Success);
    }
    let mut places = table(["city", "rank", "of", "95 %", "percentile", "index"]);
    for place in &ranking.places {
        places.add_row([
            place.city.clone(),
            place.rank.to_string(),
            place.of.to_string(),
            format!("{}–{}", place.rank_low, place.rank_high),
            format!("{:.0}", place.percentile),
            format!("{:.3}", place.index),
        ]);
    }
    printer.line(places.trim_fmt())?;
    if let Some(moved) = &moved {
        let mut changes = table(["city", "before", "after", "in common", "P(better)"]);
        for city in moved {
            changes.add_row([
                city.city.clone(),
                format!("{} of {}", city.rank[0], city.of[0]),
                format!("{} of {}", city.rank[1], city.of[1]),
                format!(
                    "{} → {} of {}",
                    city.rank_in_common[0], city.rank_in_common[1], city.common
                ),
                format!("{:.2}", city.better),
            ]);
        }
        printer.line("")?;
        printer.line(changes.trim_fmt())?;
    }
    printer.note("rank 1 is the most congested; percentile is the share of the others that are more congested");
    Ok(Exit::Success)
}

fn read(path: &Path) -> Result<Vec<CityIndex>, Error> {
    read_cities(open(path)?, path).map_err(refused)
}

/// A file of two periods is a comparison; of one, a ranking.
fn periods(all: Vec<CityIndex>) -> Result<(Option<Vec<CityIndex>>, Vec<CityIndex>), Error> {
    let mut names: Vec<String> = Vec::new();
    for city in &all {
        if !names.contains(&city.period) {
            names.push(city.period.clone());
        }
    }
    match names.as_slice() {
        [] | [_] => Ok((None, all)),
        [first, _] => {
            let (before, after) = all.into_iter().partition(|city| city.period == *first);
            Ok((Some(before), after))
        }
        _ => Err(Error::Refused {
            message: format!("the file has {} periods: {}", names.len(), names.join(", ")),
            help: Some(
                "give two, the earlier first, or one file for each with --before".to_owned(),
            ),
        }),
    }
}
