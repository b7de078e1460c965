//! The demonstration city: arterials and collectors in a bent grid round a lake, a river with
//! bridges, an elevated ring with ramps, and signals at every junction of streets.
//!
//! The definition file says what there is ([`CitySpec`]); [`city`] draws it.

mod build;
mod curve;
mod plan;
mod ring;
mod signals;
mod spec;
mod streets;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use spec::{
    At, CitySpec, Edge, GroundKind, GroundSpec, Name, RingSpec, SignalsSpec, Standard, Standards,
    StreetClass, StreetSpec, WaveSpec,
};

use self::plan::Plan;
use crate::builder::Builder;
use crate::error::Error;
use crate::geometry::{Point, offset_right};
use crate::model::{Georeference, JunctionControl, Network, Precedence, RoadClass};

/// The most streets of a city, and the most points of a line.
const MOST: usize = 2_000;

/// A piece of ground to draw under the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ground {
    /// What is on it.
    pub kind: GroundKind,
    /// Its name.
    pub name: Name,
    /// Outline in the network's plane; the last point is joined to the first.
    pub outline: Vec<Point>,
}

/// Draws a city and builds its network.
///
/// # Errors
/// When the specification is out of range or what it draws cannot be built; the message names
/// the street, ring or ground and what would be right.
pub fn city(spec: &CitySpec) -> Result<(Network, Vec<Ground>), Error> {
    check(spec)?;
    let warp = curve::Warp::new(spec);
    let grounds = grounds(spec, &warp)?;
    let mut plan = Plan::default();
    let mut pieces = streets::pieces(spec, &warp, &grounds, &mut plan)?;
    if let Some(ring) = &spec.ring {
        ring::add(spec, ring, &warp, &mut pieces, &mut plan)?;
    }
    streets::edges(spec, &pieces, &mut plan);
    let mut builder = Builder::new(spec.name.to_string());
    let network = builder.network_mut();
    network.attribution = Some(spec.attribution.clone());
    network.georeference = Some(spec.georeference);
    let turns = build::build(&plan, &mut builder)?;
    signals::add(spec, &plan, &pieces, &turns, &mut builder)?;
    let mut network = builder.finish()?;
    give_precedence(&mut network);
    Ok((network, grounds))
}

/// On the ring those on the carriageway go before those on a ramp.
fn give_precedence(network: &mut Network) {
    for junction in &network.junctions {
        if junction.control != JunctionControl::ByPriority {
            continue;
        }
        for crossing in &mut network.crossings[junction.crossings.range()] {
            let from_ramp = |movement: crate::model::MovementId| {
                let lane = network.movements[movement.index()].from;
                let link = network.lanes[lane.index()].link;
                network.links[link.index()].class == RoadClass::TrunkLink
            };
            crossing.precedence = match (from_ramp(crossing.a), from_ramp(crossing.b)) {
                (false, true) => Precedence::A,
                (true, false) => Precedence::B,
                _ => Precedence::Equal,
            };
        }
    }
}

fn check(spec: &CitySpec) -> Result<(), Error> {
    let longest = spec.streets.iter().map(|street| street.line.len());
    let grounds = spec.grounds.iter().map(|ground| ground.line.len());
    let ring = spec.ring.iter().map(|ring| ring.line.len());
    let most = longest.chain(grounds).chain(ring).max().unwrap_or(0);
    for (what, found) in [
        ("number of streets", spec.streets.len()),
        ("number of points of a line", most),
    ] {
        if found > MOST {
            return Err(Error::Limit {
                what,
                found: found as u64,
                limit: MOST as u64,
            });
        }
    }
    let fault = |what: &str| Err(Error::element("city", &spec.name.en, what));
    if !(spec.rotation.is_finite() && spec.bend.is_finite()) {
        return fault("needs a rotation and bend that are finite numbers");
    }
    for (number, street) in spec.streets.iter().enumerate() {
        let twice = spec.streets[..number]
            .iter()
            .any(|other| other.id == street.id);
        if twice {
            return Err(Error::element("street", &street.id, "is given twice"));
        }
    }
    let standards = &spec.standards;
    let all = [
        standards.trunk,
        standards.off_ramp,
        standards.on_ramp,
        standards.primary,
        standards.secondary,
        standards.tertiary,
    ];
    let good = |standard: &Standard| {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        (1..=8).contains(&standard.lanes)
            && positive(standard.lane_width)
            && positive(standard.speed_limit)
    };
    if !all.iter().all(good) {
        return fault("needs standards of 1 to 8 lanes, widths and speeds greater than zero");
    }
    let signals = &spec.signals;
    let times = [
        signals.cycle,
        signals.yellow,
        signals.all_red,
        signals.minimum_green,
    ];
    let good = |x: &f64| x.is_finite() && (0.0..=600.0).contains(x);
    if !times.iter().all(good) || !(0.0..=1.0).contains(&signals.left_share) {
        return fault("needs signal times between 0 and 600 seconds and a left share of 0 to 1");
    }
    Ok(())
}

fn standard_of(standards: &Standards, class: StreetClass) -> Standard {
    match class {
        StreetClass::Primary => standards.primary,
        StreetClass::Secondary => standards.secondary,
        StreetClass::Tertiary => standards.tertiary,
    }
}

fn grounds(spec: &CitySpec, warp: &curve::Warp) -> Result<Vec<Ground>, Error> {
    let mut grounds = Vec::with_capacity(spec.grounds.len());
    for ground in &spec.grounds {
        let least = if ground.width.is_some() { 2 } else { 3 };
        let finite = ground.line.iter().all(|at| Point::from(*at).is_finite());
        let width = ground.width.unwrap_or(0.0);
        if ground.line.len() < least || !finite || !(width.is_finite() && width >= 0.0) {
            let what = format!("needs a line of at least {least} points with finite coordinates");
            return Err(Error::element("ground", &ground.name.en, what));
        }
        let outline = if ground.width.is_some() {
            let middle = warp.draw(&ground.line, false);
            let mut outline = offset_right(&middle, width / 2.0);
            outline.extend(offset_right(&middle, -width / 2.0).into_iter().rev());
            outline
        } else {
            warp.draw(&ground.line, true)
        };
        grounds.push(Ground {
            kind: ground.kind,
            name: ground.name.clone(),
            outline: curve::simplified(&outline, 0.5),
        });
    }
    Ok(grounds)
}

/// The grounds as a GeoJSON feature collection of polygons with the properties `kind`, `name_zh`
/// and `name_en`.
pub fn grounds_geojson(grounds: &[Ground], georeference: Georeference) -> Value {
    let features: Vec<Value> = grounds
        .iter()
        .map(|ground| {
            let mut ring: Vec<[f64; 2]> = ground
                .outline
                .iter()
                .map(|&point| {
                    let (longitude, latitude) = georeference.to_degrees(point);
                    let rounded = |x: f64| (x * 1e7).round() / 1e7;
                    [rounded(longitude), rounded(latitude)]
                })
                .collect();
            ring.extend(ring.first().copied()); // GeoJSON closes its rings
            json!({
                "type": "Feature",
                "properties": {
                    "kind": ground.kind,
                    "name_zh": ground.name.zh,
                    "name_en": ground.name.en,
                },
                "geometry": { "type": "Polygon", "coordinates": [ring] },
            })
        })
        .collect();
    json!({ "type": "FeatureCollection", "features": features })
}

#[cfg(test)]
mod tests;
