//! A network out of an `init`: lanes and movements as they are told, with places that mean nothing.

use std::collections::HashMap;

use roads::builder::{
    Builder, LaneSpec, LinkSpec, MovementKey, MovementSpec, SignalSpec, TurnSpec,
};
use roads::model::{Crossing, JunctionControl, Precedence, RoadClass, Span};
use roads::{Aspect, JunctionId, LinkId, MovementId, Network, Point};

use super::message::{Init, Junction, Lane, VERSION, aspect};
use crate::error::Error;

/// Lanes of a plant.
const LANES_MAX: usize = 200_000;
/// Junctions of a plant.
const JUNCTIONS_MAX: usize = 50_000;
/// Movements of a junction.
const MOVEMENTS_MAX: usize = 256;
/// Phases of a junction.
const PHASES_MAX: usize = 256;
/// Length of every movement, metres; where two meet is taken to be halfway.
const ACROSS: f64 = 20.0;
/// Distance between things that have no place, so that no paths meet by chance, metres.
const APART: f64 = 1_000.0;

/// Where a lane was put: its link, and its place in it.
pub(super) type Places = HashMap<String, (LinkId, u32)>;

/// Builds the network that a plant tells of. Lanes and signals have its names.
///
/// # Errors
/// Names what is wrong in the message.
pub fn build(init: &Init) -> Result<Network, Error> {
    Ok(build_placed(init)?.0)
}

/// The same, and where its lanes were put.
pub(super) fn build_placed(init: &Init) -> Result<(Network, Places), Error> {
    if init.version != VERSION {
        return Err(wrong(&format!(
            "speaks version {} of the protocol; version {VERSION} is understood",
            init.version
        )));
    }
    if !(init.tick.is_finite() && init.tick > 0.0) {
        return Err(wrong(&format!(
            "has a tick of {} s; it must be above zero",
            init.tick
        )));
    }
    let limits = [
        ("lanes", init.lanes.len(), LANES_MAX),
        ("junctions", init.junctions.len(), JUNCTIONS_MAX),
    ];
    for (what, found, limit) in limits {
        if found > limit {
            return Err(wrong(&format!(
                "has {found} {what}, more than the limit of {limit}"
            )));
        }
    }
    let mut builder = Builder::new(init.network.clone());
    let ids: Vec<JunctionId> = init
        .junctions
        .iter()
        .enumerate()
        .map(|(index, junction)| {
            let point = Point::new(0.0, index as f64 * APART);
            builder.junction(
                junction.id.clone(),
                point,
                0.0,
                false,
                JunctionControl::ByTurn,
            )
        })
        .collect();
    let places = lanes(init, &mut builder, &ids)?;
    for (junction, &id) in init.junctions.iter().zip(&ids) {
        signal(junction, id, &places, &mut builder)?;
    }
    let steered = |junction: &Junction| {
        let mut letters = junction.phases.iter().flat_map(|phase| phase.state.chars());
        letters.any(|letter| aspect(letter).is_some_and(Aspect::is_green))
    };
    if !init.junctions.iter().any(steered) {
        return Err(wrong(
            "has nothing to control; name at least one junction with a phase that shows a movement green, as in {\"id\": \"J\", \"movements\": [{\"from\": \"a\", \"to\": \"b\"}], \"phases\": [{\"state\": \"G\", \"duration\": 30}]}",
        ));
    }
    let mut network = builder.finish()?;
    cross(init, &mut network)?;
    Ok((network, places))
}

fn wrong(message: &str) -> Error {
    Error::Malformed {
        from: "the plant",
        message: message.to_owned(),
    }
}

/// Adds the roads with their lanes: from the junction that a movement leads out of to the one that
/// a movement leads into, or from and to nowhere.
fn lanes(init: &Init, builder: &mut Builder, ids: &[JunctionId]) -> Result<Places, Error> {
    let mut ends: HashMap<&str, (Option<JunctionId>, Option<JunctionId>)> = HashMap::new();
    let mut roads: Vec<(&str, Vec<&Lane>)> = Vec::new();
    let mut road_of: HashMap<&str, usize> = HashMap::new();
    let mut place_of: HashMap<&str, usize> = HashMap::new();
    for lane in &init.lanes {
        let road = lane.road.as_deref().unwrap_or(&lane.id);
        let place = *place_of.entry(road).or_insert_with(|| {
            roads.push((road, Vec::new()));
            roads.len() - 1
        });
        roads[place].1.push(lane);
        if road_of.insert(&lane.id, place).is_some() {
            return Err(wrong(&format!("has the lane {:?} twice", lane.id)));
        }
    }
    for (junction, &id) in init.junctions.iter().zip(ids) {
        for movement in &junction.movements {
            for (lane, into) in [(&movement.from, true), (&movement.to, false)] {
                let Some(&place) = road_of.get(lane.as_str()) else {
                    return Err(wrong(&format!(
                        "has a movement at {:?} over the lane {lane:?}, which it does not name",
                        junction.id
                    )));
                };
                let ends = ends.entry(roads[place].0).or_default();
                let end = if into { &mut ends.1 } else { &mut ends.0 };
                if end.is_some_and(|known| known != id) {
                    return Err(wrong(&format!(
                        "has the road {:?} at two junctions at the same end",
                        roads[place].0
                    )));
                }
                *end = Some(id);
            }
        }
    }
    let mut places = Places::new();
    for (index, (road, lanes)) in roads.iter().enumerate() {
        let (from, to) = ends.get(road).copied().unwrap_or_default();
        let mut nowhere = |which: &str| {
            let point = Point::new(APART, index as f64 * APART);
            let id = format!("{which} {road}");
            builder.junction(id, point, 0.0, true, JunctionControl::ByTurn)
        };
        let (from, to) = (
            from.unwrap_or_else(|| nowhere("before")),
            to.unwrap_or_else(|| nowhere("after")),
        );
        let y = index as f64 * APART;
        let spec = |lane: &&Lane| LaneSpec {
            width: 3.2,
            speed_limit: lane.speed,
            shape: vec![Point::new(0.0, y), Point::new(lane.length, y)],
            length: Some(lane.length),
        };
        let link = builder.link(LinkSpec {
            id: (*road).to_owned(),
            name: None,
            from,
            to,
            shape: vec![Point::new(0.0, y), Point::new(1.0, y)],
            lanes: lanes.iter().map(spec).collect(),
            class: RoadClass::default(),
            elevated: false,
        })?;
        for (number, lane) in lanes.iter().enumerate() {
            places.insert(lane.id.clone(), (link, number as u32));
        }
    }
    Ok(places)
}

fn signal(
    junction: &Junction,
    id: JunctionId,
    places: &Places,
    builder: &mut Builder,
) -> Result<(), Error> {
    let count = junction.movements.len();
    let limits = [
        ("movements", count, MOVEMENTS_MAX),
        ("phases", junction.phases.len(), PHASES_MAX),
    ];
    for (what, found, limit) in limits {
        if found > limit {
            return Err(wrong(&format!(
                "has {found} {what} at {:?}, more than the limit of {limit}",
                junction.id
            )));
        }
    }
    let mut phases = Vec::with_capacity(junction.phases.len());
    for (number, phase) in junction.phases.iter().enumerate() {
        let aspects: Option<Vec<Aspect>> = phase.state.chars().map(aspect).collect();
        let aspects = aspects.filter(|aspects| aspects.len() == count).ok_or_else(|| {
            wrong(&format!(
                "has the state {:?} in phase {number} of {:?}; it needs {count} letters of G, g, y and r",
                phase.state, junction.id
            ))
        })?;
        phases.push(roads::model::Phase {
            name: None,
            duration: phase.duration,
            minimum: None,
            maximum: None,
            aspects,
        });
    }
    let mut movements = Vec::with_capacity(count);
    for (number, movement) in junction.movements.iter().enumerate() {
        let (from, to) = (places[&movement.from], places[&movement.to]);
        // Each path on a line of its own.
        let x = number as f64 * APART;
        let turn = builder.turn(TurnSpec {
            junction: id,
            from: from.0,
            to: to.0,
            direction: movement.direction,
            movements: vec![MovementSpec {
                from_lane: from.1,
                to_lane: to.1,
                shape: vec![Point::new(x, 0.0), Point::new(x, ACROSS)],
                length: Some(ACROSS),
                speed_limit: None,
            }],
        });
        movements.push(MovementKey { turn, movement: 0 });
    }
    builder.signal(SignalSpec {
        id: junction.id.clone(),
        junctions: vec![id],
        movements,
        phases,
        offset: junction.offset,
    });
    Ok(())
}

/// Puts the crossings in: those that are told, or all pairs that no phase shows green together.
fn cross(init: &Init, network: &mut Network) -> Result<(), Error> {
    for junction in &mut network.junctions {
        junction.crossings = Span::default();
    }
    network.crossings.clear();
    for (index, junction) in init.junctions.iter().enumerate() {
        let start = network.crossings.len() as u32;
        let movements = &network.signals[index].movements;
        let mut pairs: Vec<(MovementId, MovementId)> = Vec::new();
        let mut add = |a: usize, b: usize| {
            let (a, b) = (movements.get(a)?, movements.get(b)?);
            if a != b {
                pairs.push((*a.min(b), *a.max(b)));
            }
            Some(())
        };
        match &junction.conflicts {
            Some(conflicts) => {
                for &[a, b] in conflicts {
                    add(a, b).ok_or_else(|| {
                        wrong(&format!(
                            "has the conflict [{a}, {b}] at {:?}, which has {} movements",
                            junction.id,
                            movements.len()
                        ))
                    })?;
                }
            }
            None => {
                let phases = &network.signals[index].phases;
                for a in 0..movements.len() {
                    for b in a + 1..movements.len() {
                        let together = phases.iter().any(|phase| {
                            phase.aspects[a].is_green() && phase.aspects[b].is_green()
                        });
                        if !together {
                            add(a, b);
                        }
                    }
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        network
            .crossings
            .extend(pairs.iter().map(|&(a, b)| Crossing {
                a,
                b,
                at_a: ACROSS / 2.0,
                at_b: ACROSS / 2.0,
                precedence: Precedence::Equal,
            }));
        network.junctions[index].crossings = Span {
            start,
            end: network.crossings.len() as u32,
        };
    }
    Ok(())
}
