//! Joins the elements of a SUMO network file to a [`Network`].
//!
//! Edges open to passenger cars become links; their lanes are turned round, because SUMO counts
//! from the outermost and the model from the innermost. A connection becomes a movement whose
//! path is the chain of internal lanes it leads through. Right of way comes from the junctions'
//! matrices (see `right_of_way`), signals from the programs (see `signals`).

use rustc_hash::{FxHashMap, FxHashSet};

use crate::builder::{
    Builder, LaneSpec, LinkSpec, MovementKey, MovementSpec, POINTS_PER_JUNCTION, TurnSpec,
};
use crate::error::Error;
use crate::geometry::{self, Point};
use crate::input::{Input, shown};
use crate::issue::Issues;
use crate::model::{
    Direction, DrivingSide, JunctionControl, JunctionId, LaneId, LinkId, RoadClass,
};

use super::file::{CONNECTIONS_PER_JUNCTION, RawConnection, RawEdge, RawNetwork};
use super::plane::Plane;
use super::{Import, Names, right_of_way, signals};

/// Points of all movements: a file could name one long internal lane a million times.
const MOVEMENT_POINTS: usize = 20_000_000;

/// An edge that became a link.
#[derive(Debug)]
struct Kept {
    link: LinkId,
    /// Raw junction at its end.
    to: usize,
    /// Raw junction at its start.
    from: usize,
    /// By SUMO's lane number: ours, where the lane is open to cars.
    lanes: Vec<Option<u32>>,
}

/// By edge and by junction of the file: what it became.
type Parts = (Vec<Option<Kept>>, Vec<Option<JunctionId>>);

/// A movement as it stands between the file and the builder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Position in the file's connections.
    pub(super) connection: usize,
    /// The junction it passes, in the network.
    pub(super) junction: JunctionId,
    /// Where the builder has it.
    pub(super) key: MovementKey,
}

/// The file with what refers to what.
pub(super) struct Joiner<'f, 'a> {
    pub(super) input: Input<'a>,
    pub(super) file: &'f RawNetwork<'a>,
    edge_named: FxHashMap<&'f str, usize>,
    junction_named: FxHashMap<&'f str, usize>,
    /// By (edge, SUMO lane): the connections that leave it, in file order.
    leaving: FxHashMap<(usize, u32), Vec<usize>>,
    /// Number of a connection in its junction's matrix.
    pub(super) number: Vec<Option<u32>>,
    plane: Plane,
    issues: Issues,
}

/// Joins a file's elements.
pub(super) fn join<'a>(
    input: Input<'a>,
    file: &RawNetwork<'a>,
    name: String,
) -> Result<Import, Error> {
    let mut joiner = Joiner::new(input, file)?;
    joiner.number_connections()?;
    let mut builder = Builder::new(name);
    if file.left_hand {
        builder.network_mut().driving_side = DrivingSide::Left;
    }
    builder.network_mut().georeference = joiner.plane.georeference();
    let (kept, junctions) = joiner.add_links(&mut builder)?;
    let placed = joiner.add_movements(&mut builder, &kept, &junctions)?;
    let signal_links = signals::add(&mut builder, &joiner, &placed)?;
    let mut network = builder
        .finish()
        .map_err(|error| error.in_file(input.path))?;

    let connection_of: FxHashMap<(LaneId, LaneId), usize> = placed
        .iter()
        .filter_map(|placed| {
            let connection = file.connections.get(placed.connection)?;
            let lane = |edge: &str, lane: u32| {
                let kept = kept.get(*joiner.edge_named.get(edge)?)?.as_ref()?;
                let index = (*kept.lanes.get(lane as usize)?)?;
                Some(LaneId(network.links[kept.link.index()].lanes.start + index))
            };
            let from = lane(&connection.from, connection.from_lane)?;
            let to = lane(&connection.to, connection.to_lane)?;
            Some(((from, to), placed.connection))
        })
        .collect();
    let raw_junction: Vec<usize> = network
        .junctions
        .iter()
        .map(|junction| joiner.junction_named[junction.id.as_str()])
        .collect();
    right_of_way::settle(&mut network, |junction, movement| {
        let requests = &file.junctions.get(*raw_junction.get(junction)?)?.requests;
        let connection = *connection_of.get(&(movement.from, movement.to))?;
        Some((requests.as_slice(), (*joiner.number.get(connection)?)?))
    });

    let mut lanes = vec![String::new(); network.lanes.len()];
    for (edge, kept) in file.edges.iter().zip(&kept) {
        let Some(kept) = kept else { continue };
        let first = network.links[kept.link.index()].lanes.start;
        for (number, ours) in kept.lanes.iter().enumerate() {
            if let Some(ours) = ours {
                lanes[(first + ours) as usize] = format!("{}_{number}", edge.id);
            }
        }
    }
    Ok(Import {
        network,
        names: Names {
            lanes,
            offset: joiner.plane.offset(),
            signal_links,
        },
        issues: joiner.issues.into_vec(),
    })
}

impl<'f, 'a> Joiner<'f, 'a> {
    fn new(input: Input<'a>, file: &'f RawNetwork<'a>) -> Result<Self, Error> {
        let mut edge_named = FxHashMap::default();
        for (index, edge) in file.edges.iter().enumerate() {
            if edge_named.insert(edge.id.as_ref(), index).is_some() {
                return Err(input.fault(
                    edge.at,
                    format!("<edge> {:?} is given twice", shown(&edge.id)),
                ));
            }
        }
        let mut junction_named = FxHashMap::default();
        for (index, junction) in file.junctions.iter().enumerate() {
            if junction_named.insert(junction.id.as_ref(), index).is_some() {
                return Err(input.fault(
                    junction.at,
                    format!("<junction> {:?} is given twice", shown(&junction.id)),
                ));
            }
        }
        let mut joiner = Self {
            input,
            file,
            edge_named,
            junction_named,
            leaving: FxHashMap::default(),
            number: vec![None; file.connections.len()],
            plane: Plane::of(file),
            issues: Issues::default(),
        };
        let mut seen = FxHashSet::default();
        for (index, connection) in file.connections.iter().enumerate() {
            let from = joiner.lane_of(connection, &connection.from, connection.from_lane)?;
            let to = joiner.lane_of(connection, &connection.to, connection.to_lane)?;
            if joiner.file.edges[from].is_link
                && !seen.insert((from, connection.from_lane, to, connection.to_lane))
            {
                return Err(joiner.fault(connection, "is given twice"));
            }
            joiner
                .leaving
                .entry((from, connection.from_lane))
                .or_default()
                .push(index);
        }
        Ok(joiner)
    }

    /// An error about a connection.
    pub(super) fn fault(&self, connection: &RawConnection<'_>, message: &str) -> Error {
        self.input.fault(
            connection.at,
            format!(
                "<connection> from {:?} to {:?} {message}",
                shown(&connection.from),
                shown(&connection.to)
            ),
        )
    }

    fn lane_of(
        &self,
        connection: &RawConnection<'_>,
        edge: &str,
        lane: u32,
    ) -> Result<usize, Error> {
        let Some(&index) = self.edge_named.get(edge) else {
            let message = format!("names the edge {:?}, which does not exist", shown(edge));
            return Err(self.fault(connection, &message));
        };
        let lanes = self.file.edges[index].lanes.len();
        if lane as usize >= lanes {
            let message = format!(
                "names lane {lane} of edge {:?}, which has {lanes}",
                shown(edge)
            );
            return Err(self.fault(connection, &message));
        }
        Ok(index)
    }

    /// The edge and number of a lane named `<edge>_<number>`.
    fn lane_named(&self, id: &str) -> Option<(usize, u32)> {
        let (edge, lane) = id.rsplit_once('_')?;
        let edge = *self.edge_named.get(edge)?;
        let lane = lane.parse::<u32>().ok()?;
        ((lane as usize) < self.file.edges[edge].lanes.len()).then_some((edge, lane))
    }

    /// Numbers connections as the rows of the junctions' matrices do: by the junction's list of
    /// incoming lanes, then in file order.
    fn number_connections(&mut self) -> Result<(), Error> {
        for junction in &self.file.junctions {
            let mut next = 0;
            for id in &junction.incoming_lanes {
                let Some(lane) = self.lane_named(id) else {
                    let message = format!(
                        "<junction> {:?} names the incoming lane {:?}, which does not exist",
                        shown(&junction.id),
                        shown(id)
                    );
                    return Err(self.input.fault(junction.at, message));
                };
                if !self.file.edges[lane.0].is_link {
                    continue; // a crossing for people on foot; these come last
                }
                for &connection in self.leaving.get(&lane).map_or(&[][..], Vec::as_slice) {
                    // Ways from a pavement to where people walk have no row.
                    let to = self.file.connections[connection].to.as_ref();
                    if self.file.edges[self.edge_named[to]].is_link {
                        self.number[connection] = Some(next);
                        next += 1;
                    }
                }
                if next > CONNECTIONS_PER_JUNCTION {
                    let message = format!(
                        "<junction> {:?} has more than the limit of {CONNECTIONS_PER_JUNCTION} connections",
                        shown(&junction.id)
                    );
                    return Err(self.input.fault(junction.at, message));
                }
            }
        }
        Ok(())
    }

    /// Adds the junctions and links that cars can use.
    fn add_links(&mut self, builder: &mut Builder) -> Result<Parts, Error> {
        let file = self.file;
        let mut ends = vec![None; file.edges.len()];
        let mut used = vec![false; file.junctions.len()];
        for (place, edge) in ends.iter_mut().zip(&file.edges) {
            if !edge.is_link {
                continue;
            }
            let (from, to) = (self.end_of(edge, "from")?, self.end_of(edge, "to")?);
            if !self.is_open(edge)? {
                continue;
            }
            *place = Some((from, to));
            used[from] = true;
            used[to] = true;
        }
        let mut with_movement = vec![false; file.junctions.len()];
        for connection in &file.connections {
            if self.is_drivable(connection)
                && let Some((_, to)) = ends[self.edge_named[connection.from.as_ref()]]
            {
                with_movement[to] = true;
            }
        }
        let mut junctions = vec![None; file.junctions.len()];
        for (index, junction) in file.junctions.iter().enumerate() {
            if !used[index] {
                continue;
            }
            let point = self.plane.local(junction.point);
            if !point.is_finite() {
                let message = format!(
                    "<junction> {:?} lies outside the projection",
                    shown(&junction.id)
                );
                return Err(self.input.fault(junction.at, message));
            }
            junctions[index] = Some(builder.junction(
                junction.id.as_ref(),
                point,
                0.0,
                !with_movement[index],
                JunctionControl::ByPriority,
            ));
        }
        let mut kept = Vec::with_capacity(file.edges.len());
        for (edge, ends) in file.edges.iter().zip(&ends) {
            kept.push(match *ends {
                Some((from, to)) => match (junctions[from], junctions[to]) {
                    (Some(start), Some(end)) => {
                        let (link, lanes) = self.add_link(builder, edge, start, end)?;
                        Some(Kept {
                            link,
                            to,
                            from,
                            lanes,
                        })
                    }
                    _ => None,
                },
                None => None,
            });
        }
        Ok((kept, junctions))
    }

    fn end_of(&self, edge: &RawEdge<'_>, which: &str) -> Result<usize, Error> {
        let fault = |message: String| {
            self.input
                .fault(edge.at, format!("<edge> {:?} {message}", shown(&edge.id)))
        };
        let id = match which {
            "from" => &edge.from,
            _ => &edge.to,
        };
        let Some(id) = id else {
            return Err(fault(format!(
                "has no attribute {which}; add the junction's id"
            )));
        };
        self.junction_named
            .get(id.as_ref())
            .copied()
            .ok_or_else(|| {
                fault(format!(
                    "names the junction {:?} in {which}, which does not exist",
                    shown(id)
                ))
            })
    }

    /// Whether cars may use at least one lane; counts the lanes they may not.
    fn is_open(&mut self, edge: &RawEdge<'_>) -> Result<bool, Error> {
        if edge.lanes.is_empty() {
            let message = format!(
                "<edge> {:?} has no lanes; add at least one",
                shown(&edge.id)
            );
            return Err(self.input.fault(edge.at, message));
        }
        let closed = edge.lanes.iter().filter(|lane| !lane.open_to_cars).count();
        if closed == edge.lanes.len() {
            self.issues
                .add("edge", &edge.id, "is left out: it is not open to cars");
            return Ok(false);
        }
        if closed > 0 {
            self.issues.add_many(
                "lane",
                &format!("{}_*", edge.id),
                closed as u64,
                "is left out: it is not open to cars",
            );
        }
        Ok(true)
    }

    /// Whether cars may go this way.
    fn is_drivable(&self, connection: &RawConnection<'_>) -> bool {
        let open = |edge: &str, lane: u32| {
            let edge = &self.file.edges[self.edge_named[edge]];
            edge.is_link && edge.lanes[lane as usize].open_to_cars
        };
        open(&connection.from, connection.from_lane) && open(&connection.to, connection.to_lane)
    }

    fn add_link(
        &self,
        builder: &mut Builder,
        edge: &RawEdge<'_>,
        from: JunctionId,
        to: JunctionId,
    ) -> Result<(LinkId, Vec<Option<u32>>), Error> {
        let mut number_of = vec![None; edge.lanes.len()];
        let mut lanes = Vec::with_capacity(edge.lanes.len());
        for lane in edge.lanes.iter().rev().filter(|lane| lane.open_to_cars) {
            let fault = |message: &str| {
                let id = format!("{}_{}", edge.id, lane.index);
                self.input
                    .fault(lane.at, format!("<lane> {:?} {message}", shown(&id)))
            };
            if lane.length <= 0.0 {
                return Err(fault("has no length; it must be greater than zero"));
            }
            if lane.speed <= 0.0 {
                return Err(fault("has no speed; it must be greater than zero"));
            }
            let shape = self.plane.line(&lane.shape);
            if shape.len() < 2 {
                return Err(fault("needs a shape of at least two points that differ"));
            }
            number_of[lane.index as usize] = Some(lanes.len() as u32);
            lanes.push(LaneSpec {
                width: lane.width,
                speed_limit: lane.speed,
                shape,
                length: Some(lane.length),
            });
        }
        let inner_edge = lanes.first().map_or_else(Vec::new, |lane| {
            let side = if self.file.left_hand { 0.5 } else { -0.5 };
            geometry::offset_right(&lane.shape, lane.width * side)
        });
        let spec = LinkSpec {
            id: edge.id.clone().into_owned(),
            name: edge.name.as_ref().map(|name| name.clone().into_owned()),
            from,
            to,
            shape: inner_edge,
            lanes,
            class: class_of(edge.kind.as_deref()),
            elevated: false,
        };
        let link = builder
            .link(spec)
            .map_err(|error| self.input.fault(edge.at, error.to_string()))?;
        Ok((link, number_of))
    }

    /// Adds the ways cars can go through junctions.
    fn add_movements(
        &self,
        builder: &mut Builder,
        kept: &[Option<Kept>],
        junctions: &[Option<JunctionId>],
    ) -> Result<Vec<Placed>, Error> {
        let mut through: Vec<Vec<usize>> = vec![Vec::new(); junctions.len()];
        for (index, connection) in self.file.connections.iter().enumerate() {
            let from = kept[self.edge_named[connection.from.as_ref()]].as_ref();
            let to = kept[self.edge_named[connection.to.as_ref()]].as_ref();
            let (Some(from), Some(to)) = (from, to) else {
                continue;
            };
            if from.to != to.from {
                return Err(self.fault(connection, "joins edges that do not meet in a junction"));
            }
            if self.is_drivable(connection) {
                through[from.to].push(index);
            }
        }
        let mut placed = Vec::new();
        let mut points = 0;
        for (connections, junction) in through.iter_mut().zip(junctions) {
            let Some(junction) = *junction else { continue };
            connections.sort_by_key(|&index| (self.number[index].unwrap_or(u32::MAX), index));
            points += self.add_turns(builder, kept, junction, connections, &mut placed)?;
            if points > MOVEMENT_POINTS {
                return Err(Error::Limit {
                    what: "number of points of movements",
                    found: points as u64,
                    limit: MOVEMENT_POINTS as u64,
                }
                .in_file(self.input.path));
            }
        }
        Ok(placed)
    }

    fn add_turns(
        &self,
        builder: &mut Builder,
        kept: &[Option<Kept>],
        junction: JunctionId,
        connections: &[usize],
        placed: &mut Vec<Placed>,
    ) -> Result<usize, Error> {
        let mut points = 0;
        let mut turns: Vec<(TurnSpec, Vec<usize>)> = Vec::new();
        let mut turn_of: FxHashMap<(LinkId, LinkId), usize> = FxHashMap::default();
        for &index in connections {
            let connection = &self.file.connections[index];
            let from = kept[self.edge_named[connection.from.as_ref()]].as_ref();
            let to = kept[self.edge_named[connection.to.as_ref()]].as_ref();
            let (Some(from), Some(to)) = (from, to) else {
                continue;
            };
            let (Some(from_lane), Some(to_lane)) = (
                from.lanes[connection.from_lane as usize],
                to.lanes[connection.to_lane as usize],
            ) else {
                continue;
            };
            let mut movement = self.path(connection)?;
            points += movement.shape.len();
            if points > POINTS_PER_JUNCTION {
                let message = format!(
                    "is one of a junction whose paths have more than the limit of {POINTS_PER_JUNCTION} points"
                );
                return Err(self.fault(connection, &message));
            }
            movement.from_lane = from_lane;
            movement.to_lane = to_lane;
            let place = *turn_of.entry((from.link, to.link)).or_insert_with(|| {
                turns.push((
                    TurnSpec {
                        junction,
                        from: from.link,
                        to: to.link,
                        direction: direction_of(connection.direction, &movement.shape),
                        movements: Vec::new(),
                    },
                    Vec::new(),
                ));
                turns.len() - 1
            });
            let (turn, members) = &mut turns[place];
            turn.movements.push(movement);
            members.push(index);
        }
        for (spec, members) in turns {
            let turn = builder.turn(spec);
            placed.extend(
                members
                    .into_iter()
                    .enumerate()
                    .map(|(movement, connection)| Placed {
                        connection,
                        junction,
                        key: MovementKey { turn, movement },
                    }),
            );
        }
        Ok(points)
    }

    /// The path of a connection: along its internal lanes, or straight across where there are none.
    fn path(&self, connection: &RawConnection<'_>) -> Result<MovementSpec, Error> {
        /// More internal lanes in a row than any real junction has.
        const LONGEST_CHAIN: usize = 16;
        let mut shape: Vec<Point> = Vec::new();
        let mut length = 0.0;
        let mut speed_limit: Option<f64> = None;
        let mut via = connection.via.as_deref();
        let mut steps = 0;
        while let Some(id) = via {
            steps += 1;
            if steps > LONGEST_CHAIN {
                return Err(self.fault(
                    connection,
                    &format!("goes via more than {LONGEST_CHAIN} lanes in a row, or in a circle"),
                ));
            }
            let Some((edge, number)) = self.lane_named(id) else {
                let message = format!("goes via the lane {:?}, which does not exist", shown(id));
                return Err(self.fault(connection, &message));
            };
            if !self.file.edges[edge].is_internal {
                let message = format!(
                    "goes via the lane {:?}, which is not inside a junction",
                    shown(id)
                );
                return Err(self.fault(connection, &message));
            }
            let lane = &self.file.edges[edge].lanes[number as usize];
            shape.extend_from_slice(&lane.shape);
            length += lane.length.max(0.0);
            if lane.speed > 0.0 {
                speed_limit = Some(speed_limit.map_or(lane.speed, |s| s.min(lane.speed)));
            }
            via = self
                .leaving
                .get(&(edge, number))
                .and_then(|next| next.first())
                .and_then(|&next| self.file.connections[next].via.as_deref());
        }
        let mut shape = self.plane.line(&shape);
        if shape.len() < 2 {
            shape = self.straight_across(connection);
            length = length.max(geometry::length(&shape));
        }
        Ok(MovementSpec {
            from_lane: 0,
            to_lane: 0,
            length: Some(if length > 0.0 {
                length
            } else {
                geometry::length(&shape)
            }),
            shape,
            speed_limit,
        })
    }

    fn straight_across(&self, connection: &RawConnection<'_>) -> Vec<Point> {
        /// Shortest path, metres: stop lines that touch.
        const SHORTEST: f64 = 0.1;
        let line = |edge: &str, lane: u32| {
            let edge = &self.file.edges[self.edge_named[edge]];
            self.plane.line(&edge.lanes[lane as usize].shape)
        };
        let from = line(&connection.from, connection.from_lane);
        let to = line(&connection.to, connection.to_lane);
        let out = geometry::direction_at(&from, f64::INFINITY);
        let (Some(&start), Some(&end)) = (from.last(), to.first()) else {
            return Vec::new();
        };
        if start.distance(end) < SHORTEST {
            return vec![start, start + out * SHORTEST];
        }
        geometry::bezier(
            start,
            out,
            end,
            geometry::direction_at(&to, 0.0),
            false,
            false,
        )
    }
}

/// The kind of road that a SUMO edge type names, as netconvert writes it for OpenStreetMap data.
fn class_of(kind: Option<&str>) -> RoadClass {
    let kind = kind.unwrap_or_default();
    let kind = kind.strip_prefix("highway.").unwrap_or(kind);
    match kind.split('|').next().unwrap_or_default() {
        "motorway" => RoadClass::Motorway,
        "motorway_link" => RoadClass::MotorwayLink,
        "trunk" => RoadClass::Trunk,
        "trunk_link" => RoadClass::TrunkLink,
        "primary" => RoadClass::Primary,
        "primary_link" => RoadClass::PrimaryLink,
        "secondary" => RoadClass::Secondary,
        "secondary_link" => RoadClass::SecondaryLink,
        "tertiary" => RoadClass::Tertiary,
        "tertiary_link" => RoadClass::TertiaryLink,
        "residential" => RoadClass::Residential,
        "living_street" => RoadClass::LivingStreet,
        "service" => RoadClass::Service,
        _ => RoadClass::Unclassified,
    }
}

/// Which way a connection goes: as the file says, else by how far its path turns.
fn direction_of(letter: Option<char>, shape: &[Point]) -> Direction {
    match letter {
        Some('s') => Direction::Straight,
        Some('l' | 'L') => Direction::Left,
        Some('r' | 'R') => Direction::Right,
        Some('t' | 'T') => Direction::UTurn,
        _ => {
            let start = geometry::direction_at(shape, 0.0);
            let end = geometry::direction_at(shape, f64::INFINITY);
            let angle = start.cross(end).atan2(start.dot(end)).to_degrees();
            match angle {
                a if a.abs() <= 30.0 => Direction::Straight,
                a if a.abs() > 160.0 => Direction::UTurn,
                a if a > 0.0 => Direction::Left,
                _ => Direction::Right,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_that_is_not_given_is_seen_from_the_path() {
        let shape = |x, y| [Point::new(0.0, 0.0), Point::new(0.0, 1.0), Point::new(x, y)];
        assert_eq!(direction_of(None, &shape(0.1, 9.0)), Direction::Straight);
        assert_eq!(direction_of(None, &shape(-9.0, 1.0)), Direction::Left);
        assert_eq!(direction_of(None, &shape(9.0, 1.0)), Direction::Right);
        assert_eq!(direction_of(None, &shape(0.1, -9.0)), Direction::UTurn);
        assert_eq!(direction_of(Some('T'), &shape(9.0, 1.0)), Direction::UTurn);
    }

    #[test]
    fn road_classes_come_from_openstreetmap_types() {
        assert_eq!(
            class_of(Some("highway.primary|railway.tram")),
            RoadClass::Primary
        );
        assert_eq!(class_of(None), RoadClass::Unclassified);
    }
}
