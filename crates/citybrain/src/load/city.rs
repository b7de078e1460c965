//! The streets of a city as code: `traffic/network.yaml` and `traffic/demand.yaml` of its folder.

use std::path::Path;
use std::sync::Arc;

use city::Definitions;
use roads::generate::{self, CitySpec, DemandSpec};

use super::{Loaded, input};
use crate::error::Error;

/// Where a city keeps its streets unless `city.yaml` says otherwise.
const NETWORK: &str = "traffic/network.yaml";

/// Where a city keeps its demand unless `city.yaml` says otherwise.
const DEMAND: &str = "traffic/demand.yaml";

/// What to do about a folder that cannot be served.
const HELP: &str = "`citybrain check` names the faults of a city's folder";

/// Whether a folder is a city's.
pub(super) fn is_city(path: &Path) -> bool {
    path.join("city.yaml").is_file()
}

/// The city at `folder`, or what is wrong with it.
pub(crate) fn demonstration(folder: &Path) -> Result<Loaded, Error> {
    if !is_city(folder) {
        return Err(Error::Refused {
            message: format!(
                "there is no city in {}: it has no city.yaml",
                folder.display()
            ),
            help: Some(
                "name the city's folder, or another scenario with --network and --demand"
                    .to_owned(),
            ),
        });
    }
    read(folder)
}

/// Draws the city's streets and the trips on them.
pub(super) fn read(folder: &Path) -> Result<Loaded, Error> {
    let (city, _) = Definitions::read(folder);
    let settings = city.settings();
    let files = settings.and_then(|city| city.value.traffic.as_ref());
    let network_file = folder.join(files.map_or(NETWORK, |files| files.network.as_str()));
    let demand_file = folder.join(files.map_or(DEMAND, |files| files.demand.as_str()));

    let wrong = |error| input("a city's network", &network_file, error, HELP);
    let spec: CitySpec = generate::read_spec(&network_file).map_err(wrong)?;
    let (network, grounds) = generate::city(&spec).map_err(wrong)?;
    let wrong = |error| input("a city's demand", &demand_file, error, HELP);
    let trips: DemandSpec = generate::read_spec(&demand_file).map_err(wrong)?;
    let demand = generate::city_demand(&network, &trips).map_err(wrong)?;
    let name = folder.file_name().map_or_else(
        || "city".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let title = settings.map_or_else(
        || (spec.name.zh.clone(), spec.name.en.clone()),
        |city| (city.value.title.zh.clone(), city.value.title.en.clone()),
    );
    Ok(Loaded {
        name,
        title,
        demand: Some(Arc::new(demand)),
        grounds,
        begin: time_of_day(&trips.starts_at).unwrap_or(0.0),
        ..Loaded::of(network, false)
    })
}

/// Seconds after midnight of `hh:mm`.
fn time_of_day(text: &str) -> Option<f64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(f64::from(hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::time_of_day;

    #[test]
    fn a_time_of_day_is_hours_and_minutes() {
        assert_eq!(time_of_day("07:30"), Some(27_000.0));
        assert_eq!(time_of_day("24:00"), None);
        assert_eq!(time_of_day(""), None);
    }
}
