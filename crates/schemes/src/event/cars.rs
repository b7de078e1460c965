//! An event held against a network and its traffic: each car with its times, its car park and its
//! ways.
//!
//! Nothing is drawn: moments are the middles of equal shares of the profile, and car parks, entries
//! and exits get their turn by their shares. So every controller and every seed has the same cars.

use roads::{Demand, LinkId, Network, VehicleType};
use serde::Serialize;
use signals::controllers::most_common_type;

use super::definition::EventDefinition;
use super::place::{self, Spot};
use super::profile::Profile;
use super::ways::{Turns, Ways};
use crate::error::Error;

/// A car park.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Park {
    /// Its name.
    pub id: String,
    /// The link at whose end cars drive in.
    pub link: LinkId,
    /// The link at whose start they come out.
    pub exit: LinkId,
    /// How many cars it has room for; `None` along streets, where nobody counts.
    pub capacity: Option<u32>,
    /// How many are to park there.
    pub cars: u32,
}

/// A car that comes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Arrival {
    /// When it sets out, seconds.
    pub set_out: f64,
    /// When it is there if nothing is in its way, seconds.
    pub due: f64,
    /// Index in [`Event::parks`].
    pub park: u32,
    /// Index in [`Event::routes`].
    pub route: u32,
}

/// A car that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Departure {
    /// When, seconds, if it is there by then.
    pub time: f64,
    /// Index in [`Event::parks`].
    pub park: u32,
    /// Index in [`Event::routes`].
    pub route: u32,
}

/// The busy time of those who come, or of those who leave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// Whether visitors come; else they leave.
    pub coming: bool,
    /// When the first come or leave, seconds.
    pub first: f64,
    /// When the last come or leave, seconds.
    pub last: f64,
    /// From when the rate is at least half its most, seconds.
    pub from: f64,
    /// Until when, seconds.
    pub until: f64,
}

/// An event on a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Its name in the file.
    pub id: String,
    /// When it starts, seconds.
    pub start: f64,
    /// When it ends, seconds.
    pub end: f64,
    /// Cars that come.
    pub cars: u32,
    /// Cars for which there is no room in any car park; they do not come.
    pub without_room: u32,
    /// Where they park, the nearest first.
    pub parks: Vec<Park>,
    /// Links that are watched until they are clear.
    pub around: Vec<LinkId>,
    /// Ways.
    #[serde(skip)]
    pub routes: Vec<Vec<LinkId>>,
    /// Who comes, by the time of setting out.
    #[serde(skip)]
    pub arrivals: Vec<Arrival>,
    /// Who leaves, by time.
    #[serde(skip)]
    pub departures: Vec<Departure>,
    /// What they drive: the demand's most common vehicle.
    #[serde(skip)]
    pub kind: VehicleType,
    /// The busy times: coming and leaving.
    pub stages: [Stage; 2],
}

impl Event {
    /// Holds an event against a network and the traffic on it until `horizon`, seconds; whoever
    /// stands in a place's way is named with `before` in front of the field. `lane_changes` says
    /// whether vehicles change lanes where their route demands it (street rules).
    ///
    /// # Errors
    /// When a link does not exist, a place is none, or no way leads there or away.
    pub fn new(
        network: &Network,
        (demand, horizon): (&Demand, f64),
        lane_changes: bool,
        definition: &EventDefinition,
        before: &str,
    ) -> Result<Self, Error> {
        definition.check(before)?;
        let spot = place::spot(network, &definition.place(), before)?;
        let mut parks = parks(network, definition, spot, before)?;
        let (entries, exits) = gates(network, (demand, horizon), definition, before)?;
        let (start, end) = (definition.start.value, definition.end.value);
        let (coming, leaving) = (definition.arrivals(before)?, definition.departures(before)?);
        let mut ways = Ways::new(network, lane_changes);
        if definition.car_parks.is_empty() && parks.len() > 1 {
            // Streets that nobody can reach, or leave, are no places to park.
            parks.retain(|park| {
                ways.reaches(park, &entries, true) && ways.reaches(park, &exits, false)
            });
            if let Some(radius) = definition.radius.filter(|_| parks.is_empty()) {
                let message = format!("no street within {} m can be reached", radius.value);
                return Err(radius.wrong(format!("{before}radius"), message));
            }
        }
        let room = parks.iter().try_fold(0_u32, |sum, park| {
            park.capacity.map(|capacity| sum.saturating_add(capacity))
        });
        let wanted = definition.cars();
        let cars = room.map_or(wanted, |room| wanted.min(room));
        let order = fill(network, &mut parks, cars);

        let into = ways.between(&parks, &entries, true, before)?;
        let out = ways.between(&parks, &exits, false, before)?;
        let mut arrivals: Vec<Arrival> = coming
            .moments(cars)
            .zip(&order)
            .zip(into.turns(&order))
            .map(|((moment, &park), way)| Arrival {
                set_out: (start + moment - way.seconds).max(0.0),
                due: start + moment,
                park,
                route: way.route,
            })
            .collect();
        arrivals.sort_by(|a, b| a.set_out.total_cmp(&b.set_out));
        let leaving_order = by_turns(&parks, cars);
        let departures = leaving
            .moments(cars)
            .zip(&leaving_order)
            .zip(out.turns(&leaving_order))
            .map(|((moment, &park), way)| Departure {
                time: end + moment,
                park,
                route: way.route,
            })
            .collect();
        Ok(Self {
            id: definition.id.clone(),
            start,
            end,
            cars,
            without_room: wanted - cars,
            around: around(network, &parks, spot, definition.around()),
            parks,
            routes: ways.routes,
            arrivals,
            departures,
            kind: most_common_type(demand, horizon),
            stages: [stage(true, &coming, start), stage(false, &leaving, end)],
        })
    }
}

/// Links and how much traffic each has.
type Gates = Vec<(LinkId, f64)>;

/// Where visitors come from, and where they go.
fn gates(
    network: &Network,
    (demand, horizon): (&Demand, f64),
    definition: &EventDefinition,
    before: &str,
) -> Result<(Gates, Gates), Error> {
    let (entries, exits) = place::gates(network, demand, horizon);
    let origins = place::given(network, &definition.origins, &format!("{before}origins"))?;
    let goals = place::given(network, &definition.exits, &format!("{before}exits"))?;
    Ok((
        if origins.is_empty() { entries } else { origins },
        if goals.is_empty() { exits } else { goals },
    ))
}

fn stage(coming: bool, profile: &Profile, zero: f64) -> Stage {
    let ((first, last), (from, until)) = (profile.span(), profile.busy());
    Stage {
        coming,
        first: zero + first,
        last: zero + last,
        from: zero + from,
        until: zero + until,
    }
}

/// The car parks, the nearest to the place first; the streets around it where none is named.
fn parks(
    network: &Network,
    definition: &EventDefinition,
    spot: Spot,
    before: &str,
) -> Result<Vec<Park>, Error> {
    let street = |link: LinkId| Park {
        id: network.links[link.index()].id.clone(),
        link,
        exit: link,
        capacity: None,
        cars: 0,
    };
    if definition.car_parks.is_empty() {
        let Some(radius) = definition.radius.filter(|radius| radius.value > 0.0) else {
            return Ok(vec![street(place::link_of(network, spot, before)?)]);
        };
        let streets = place::streets_within(network, spot.point, radius.value);
        if streets.is_empty() {
            let message = format!("no street has its middle within {} m", radius.value);
            return Err(radius.wrong(format!("{before}radius"), message));
        }
        return Ok(streets.into_iter().map(street).collect());
    }
    let mut parks = Vec::with_capacity(definition.car_parks.len());
    for (index, park) in definition.car_parks.iter().enumerate() {
        let field = format!("{before}car_parks[{index}].");
        let own = place::spot(network, &park.place(), &field)?;
        let link = place::link_of(network, own, &field)?;
        let exit = park.exit.as_ref();
        let exit = exit.map(|exit| place::named(network, exit, &format!("{field}exit")));
        let id = park.id.clone();
        let id = id.unwrap_or_else(|| network.links[link.index()].id.clone());
        let away = own.point.distance(spot.point);
        let park = Park {
            id,
            link,
            exit: exit.transpose()?.unwrap_or(link),
            capacity: Some(park.capacity.value),
            cars: 0,
        };
        parks.push((away, park));
    }
    parks.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(parks.into_iter().map(|(_, park)| park).collect())
}

/// Who parks where, in the order of arrival: the nearest car park fills first, then the next; along
/// streets everybody by their length.
fn fill(network: &Network, parks: &mut [Park], cars: u32) -> Vec<u32> {
    if parks.iter().any(|park| park.capacity.is_none()) {
        let length = |park: &Park| network.links[park.link.index()].length;
        let mut turns = Turns::new(parks.iter().map(length).collect());
        let order: Vec<u32> = (0..cars).map(|_| turns.next() as u32).collect();
        for &park in &order {
            parks[park as usize].cars += 1;
        }
        return order;
    }
    let mut order = Vec::with_capacity(cars as usize);
    for (index, park) in parks.iter_mut().enumerate() {
        let room = park.capacity.unwrap_or(u32::MAX);
        park.cars = room.min(cars - order.len() as u32);
        order.extend((0..park.cars).map(|_| index as u32));
    }
    order
}

/// From where the cars leave, one after the other: from all car parks by how many are there.
fn by_turns(parks: &[Park], cars: u32) -> Vec<u32> {
    let mut turns = Turns::new(parks.iter().map(|park| f64::from(park.cars)).collect());
    (0..cars).map(|_| turns.next() as u32).collect()
}

/// Links whose middle is near the place or one of its car parks, and those of the car parks.
fn around(network: &Network, parks: &[Park], spot: Spot, metres: f64) -> Vec<LinkId> {
    let mut points = vec![spot.point];
    points.extend(parks.iter().map(|park| place::middle(network, park.link)));
    let own = |link: LinkId| parks.iter().any(|p| p.link == link || p.exit == link);
    let near = |link: LinkId| {
        let middle = place::middle(network, link);
        points.iter().any(|point| point.distance(middle) <= metres)
    };
    let links = place::links(network)
        .filter(|&link| own(link) || (!network.links[link.index()].elevated && near(link)));
    links.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_car_park_fills_first_and_none_has_more_than_its_room() {
        let park = |capacity| Park {
            id: String::new(),
            link: LinkId(0),
            exit: LinkId(0),
            capacity: Some(capacity),
            cars: 0,
        };
        let network = roads::generate::grid(&roads::generate::GridSpec::default()).unwrap();
        let mut parks = [park(3), park(0), park(5)];
        let order = fill(&network, &mut parks, 6);
        assert_eq!(order, [0, 0, 0, 2, 2, 2]);
        assert_eq!(parks.map(|park| park.cars), [3, 0, 3]);
    }
}
