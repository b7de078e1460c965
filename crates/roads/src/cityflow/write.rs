//! Writes networks and demand, and says what the format cannot hold.
//!
//! The format draws lanes itself, as strips to the right of a road's line that is cut back by the
//! junctions' widths. A network made that way is written as it is and reads back the same. For any
//! other, roads are written as the inner edges of their lanes from stop line to stop line and
//! junctions without width; paths through junctions are always written point by point where they
//! are not the ones the format would draw.

use std::io::{self, Write};

use crate::demand::Demand;
use crate::geometry::{self, Point};
use crate::issue::{Issue, Issues};
use crate::model::{
    Aspect, Direction, DrivingSide, Junction, JunctionControl, JunctionId, Link, Movement,
    MovementId, Network, Signal, Turn,
};

/// Lanes that come out more than this longer or shorter are reported, metres.
const TOLERANCE: f64 = 0.01;

/// Writes a network and returns what the format could not hold.
///
/// # Errors
/// When the writer fails.
pub fn write_network(network: &Network, out: &mut impl Write) -> io::Result<Vec<Issue>> {
    let mut writer = NetworkWriter {
        network,
        as_drawn: is_drawn_by_format(network),
        issues: Issues::default(),
    };
    writer.note_whole_network();
    out.write_all(b"{\"intersections\":[")?;
    for index in 0..network.junctions.len() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        writer.junction(JunctionId::from(index), out)?;
    }
    out.write_all(b"\n],\"roads\":[")?;
    for (index, link) in network.links.iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        writer.link(link, out)?;
    }
    out.write_all(b"\n]}\n")?;
    Ok(writer.issues.into_vec())
}

/// Lane shapes as the format draws them: strips beside a line.
fn drawn_lanes<'l>(
    network: &'l Network,
    link: &'l Link,
    line: &'l [Point],
) -> impl Iterator<Item = Vec<Point>> + 'l {
    let mut offset = 0.0;
    network.lanes[link.lanes.range()].iter().map(move |lane| {
        let middle = f64::midpoint(offset, offset + lane.width);
        offset += lane.width;
        geometry::offset_right(line, middle)
    })
}

/// Whether every lane lies where the format would draw it.
fn is_drawn_by_format(network: &Network) -> bool {
    network.links.iter().all(|link| {
        let width = |junction: JunctionId| network.junctions[junction.index()].width;
        let line = geometry::trimmed(&link.shape, width(link.from), width(link.to));
        drawn_lanes(network, link, &line)
            .zip(&network.lanes[link.lanes.range()])
            .all(|(drawn, lane)| {
                (geometry::length(&drawn) - lane.length).abs() < TOLERANCE
                    && drawn.len() == lane.shape.len()
                    && drawn
                        .iter()
                        .zip(&lane.shape)
                        .all(|(one, two)| one.distance(*two) < TOLERANCE)
            })
    })
}

/// The path the format draws where a lane link has no points.
fn drawn_path(network: &Network, movement: &Movement) -> Vec<Point> {
    let width = network.junctions[movement.junction.index()].width;
    let (from, to) = (
        &network.lanes[movement.from.index()],
        &network.lanes[movement.to.index()],
    );
    let uncut = |lane: &crate::model::Lane| {
        let link = &network.links[lane.link.index()];
        drawn_lanes(network, link, &link.shape)
            .nth(lane.index as usize)
            .unwrap_or_default()
    };
    let (start, end) = (uncut(from), uncut(to));
    let end_width = {
        let link = &network.links[to.link.index()];
        network.junctions[link.from.index()].width
    };
    let back = geometry::length(&start) - width;
    geometry::bezier(
        geometry::point_at(&start, back),
        geometry::direction_at(&start, back),
        geometry::point_at(&end, end_width),
        geometry::direction_at(&end, end_width),
        width >= 5.0,
        end_width >= 5.0,
    )
}

/// Movements of one turn that are shown the same all through the plan: one road link.
struct RoadLink<'n> {
    turn: &'n Turn,
    movements: Vec<MovementId>,
    /// By phase: green.
    green: Vec<bool>,
}

struct NetworkWriter<'n> {
    network: &'n Network,
    as_drawn: bool,
    issues: Issues,
}

impl<'n> NetworkWriter<'n> {
    fn note_whole_network(&mut self) {
        let network = self.network;
        let name = &network.name;
        if network.georeference.is_some() {
            let message = "loses its place on the globe";
            self.issues.add("network", name, message);
        }
        if network.driving_side == DrivingSide::Left {
            let message =
                "is driven on the left; its lanes are drawn mirrored to the right of their roads";
            self.issues.add("network", name, message);
        }
        for junction in &network.junctions {
            if junction.control == JunctionControl::ByPriority && !junction.crossings.is_empty() {
                let message = "loses its own right of way; straight goes before left before right";
                self.issues.add("junction", &junction.id, message);
            }
        }
        for (index, movement) in network.movements.iter().enumerate() {
            if movement.speed_limit.is_some() {
                let name = network.movement_name(MovementId::from(index));
                let message = "loses the speed limit of its path";
                self.issues.add("movement", &name, message);
            }
            if (geometry::length(&movement.shape) - movement.length).abs() > TOLERANCE {
                let name = network.movement_name(MovementId::from(index));
                let message = "loses its own length; the length of its path is used";
                self.issues.add("movement", &name, message);
            }
        }
    }

    fn junction(&mut self, id: JunctionId, out: &mut impl Write) -> io::Result<()> {
        let network = self.network;
        let junction = &network.junctions[id.index()];
        let width = if self.as_drawn { junction.width } else { 0.0 };
        write!(out, "{{\"id\":{},\"point\":", text(&junction.id))?;
        point(out, junction.point)?;
        write!(out, ",\"width\":{},\"roads\":[", number(width))?;
        let mut roads = junction.incoming.iter().chain(&junction.outgoing);
        separated(out, &mut roads, |out, link| {
            write!(out, "{}", text(&network.links[link.index()].id))
        })?;
        out.write_all(b"],\"roadLinks\":[")?;
        let signal = junction.signal.map(|id| &network.signals[id.index()]);
        let signal = signal.filter(|signal| !signal.phases.is_empty());
        let road_links = self.road_links(junction, signal);
        separated(out, &mut road_links.iter(), |out, road_link| {
            self.road_link(road_link, out)
        })?;
        out.write_all(b"],\"trafficLight\":{\"roadLinkIndices\":[")?;
        separated(out, &mut (0..road_links.len()), |out, index| {
            write!(out, "{index}")
        })?;
        out.write_all(b"],\"lightphases\":[")?;
        if let Some(signal) = signal {
            self.note_signal(junction, signal);
            let mut phases = signal.phases.iter().enumerate();
            separated(out, &mut phases, |out, (index, phase)| {
                write!(
                    out,
                    "{{\"time\":{},\"availableRoadLinks\":[",
                    number(phase.duration)
                )?;
                let mut green = road_links
                    .iter()
                    .enumerate()
                    .filter(|(_, road_link)| road_link.green.get(index) == Some(&true));
                separated(out, &mut green, |out, (number, _)| write!(out, "{number}"))?;
                out.write_all(b"]}")
            })?;
        }
        write!(out, "]}},\"virtual\":{}}}", junction.boundary)
    }

    /// The turns of a junction, split where a phase shows their movements different aspects.
    fn road_links(&self, junction: &Junction, signal: Option<&'n Signal>) -> Vec<RoadLink<'n>> {
        let network = self.network;
        let place_of: rustc_hash::FxHashMap<MovementId, usize> = signal
            .map(|signal| signal.movements.iter().copied().zip(0..).collect())
            .unwrap_or_default();
        let mut road_links: Vec<RoadLink<'n>> = Vec::new();
        for turn in &network.turns[junction.turns.range()] {
            let first = road_links.len();
            for index in turn.movements.range() {
                let movement = MovementId::from(index);
                let green: Vec<bool> = signal
                    .map(|signal| {
                        let place = place_of.get(&movement);
                        let shown = |phase: &crate::model::Phase| {
                            // What no signal controls may always go.
                            place.is_none_or(|&place| {
                                phase.aspects.get(place).is_some_and(|a| a.is_green())
                            })
                        };
                        signal.phases.iter().map(shown).collect()
                    })
                    .unwrap_or_default();
                let same = road_links[first..]
                    .iter_mut()
                    .find(|road_link| road_link.green == green);
                match same {
                    Some(road_link) => road_link.movements.push(movement),
                    None => road_links.push(RoadLink {
                        turn,
                        movements: vec![movement],
                        green,
                    }),
                }
            }
            if turn.movements.is_empty() {
                road_links.push(RoadLink {
                    turn,
                    movements: Vec::new(),
                    green: Vec::new(),
                });
            }
        }
        road_links
    }

    fn note_signal(&mut self, junction: &Junction, signal: &Signal) {
        let issues = &mut self.issues;
        if signal.offset != 0.0 {
            issues.add("signal", &signal.id, "loses the offset of its plan");
        }
        if signal.junctions.len() > 1 {
            let message = "is written once for each of its junctions";
            issues.add("signal", &signal.id, message);
        } else if signal.id != junction.id {
            issues.add("signal", &signal.id, "gets the name of its junction");
        }
        let shows = |aspect| {
            signal
                .phases
                .iter()
                .any(|phase| phase.aspects.contains(&aspect))
        };
        if shows(Aspect::Yellow) {
            issues.add("signal", &signal.id, "shows red in place of yellow");
        }
        if shows(Aspect::Permissive) {
            let message = "loses the difference between permissive and protected green";
            issues.add("signal", &signal.id, message);
        }
        let extras = |phase: &crate::model::Phase| {
            phase.minimum.is_some() || phase.maximum.is_some() || phase.name.is_some()
        };
        if signal.phases.iter().any(extras) {
            let message = "loses names, least and longest durations of its phases";
            issues.add("signal", &signal.id, message);
        }
    }

    fn road_link(&self, road_link: &RoadLink<'_>, out: &mut impl Write) -> io::Result<()> {
        let network = self.network;
        let (kind, direction) = match road_link.turn.direction {
            Direction::Straight => ("go_straight", 0),
            Direction::Left | Direction::UTurn => ("turn_left", 1),
            Direction::Right => ("turn_right", 2),
        };
        write!(
            out,
            "{{\"type\":\"{kind}\",\"startRoad\":{},\"endRoad\":{},\"direction\":{direction},\"laneLinks\":[",
            text(&network.links[road_link.turn.from.index()].id),
            text(&network.links[road_link.turn.to.index()].id),
        )?;
        separated(out, &mut road_link.movements.iter(), |out, movement| {
            let movement = &network.movements[movement.index()];
            write!(
                out,
                "{{\"startLaneIndex\":{},\"endLaneIndex\":{},\"points\":[",
                network.lanes[movement.from.index()].index,
                network.lanes[movement.to.index()].index
            )?;
            if !(self.as_drawn && drawn_path(network, movement) == movement.shape) {
                separated(out, &mut movement.shape.iter(), |out, at| point(out, *at))?;
            }
            out.write_all(b"]}")
        })?;
        out.write_all(b"]}")
    }

    fn link(&mut self, link: &Link, out: &mut impl Write) -> io::Result<()> {
        let network = self.network;
        let line = if self.as_drawn {
            link.shape.clone()
        } else {
            self.inner_edge(link)
        };
        if !self.as_drawn {
            for (drawn, lane) in
                drawn_lanes(network, link, &line).zip(&network.lanes[link.lanes.range()])
            {
                if (geometry::length(&drawn) - lane.length).abs() > TOLERANCE {
                    let name = format!("{}_{}", link.id, lane.index);
                    let message = "changes its length by more than a centimetre";
                    self.issues.add("lane", &name, message);
                }
            }
        }
        write!(out, "{{\"id\":{},\"points\":[", text(&link.id))?;
        separated(out, &mut line.iter(), |out, at| point(out, *at))?;
        out.write_all(b"],\"lanes\":[")?;
        let mut lanes = network.lanes[link.lanes.range()].iter();
        separated(out, &mut lanes, |out, lane| {
            write!(
                out,
                "{{\"width\":{},\"maxSpeed\":{}}}",
                number(lane.width),
                number(lane.speed_limit)
            )
        })?;
        write!(
            out,
            "],\"startIntersection\":{},\"endIntersection\":{}}}",
            text(&network.junctions[link.from.index()].id),
            text(&network.junctions[link.to.index()].id)
        )
    }

    /// The inner edge of a link's first lane, from stop line to stop line.
    fn inner_edge(&self, link: &Link) -> Vec<Point> {
        match self.network.lanes[link.lanes.range()].first() {
            Some(lane) => geometry::offset_right(&lane.shape, -lane.width / 2.0),
            None => link.shape.clone(),
        }
    }
}

/// Writes demand and returns what the format could not hold.
///
/// Times are written as whole seconds, which with steps of a second changes nothing.
///
/// # Errors
/// When the writer fails.
pub fn write_demand(
    network: &Network,
    demand: &Demand,
    out: &mut impl Write,
) -> io::Result<Vec<Issue>> {
    let mut issues = Issues::default();
    out.write_all(b"[")?;
    let mut first = true;
    for (index, flow) in demand.flows.iter().enumerate() {
        let name = flow.id.clone().unwrap_or_else(|| index.to_string());
        let (Some(kind), Some(route)) = (
            demand.types.get(flow.vehicle_type as usize),
            demand.routes.get(flow.route as usize),
        ) else {
            issues.add("flow", &name, "is left out: it has no type or no route");
            continue;
        };
        if flow.id.is_some() {
            issues.add("flow", &name, "loses its name");
        }
        let (start, end) = (flow.start.ceil(), flow.end.map(f64::floor));
        if start > flow.start || end.is_some_and(|end| Some(end) != flow.end) {
            let message = "starts and ends at whole seconds";
            issues.add("flow", &name, message);
        }
        out.write_all(if first { b"\n" } else { b",\n" })?;
        first = false;
        write!(
            out,
            "{{\"vehicle\":{{\"length\":{},\"width\":{},\"maxPosAcc\":{},\"maxNegAcc\":{},\"usualPosAcc\":{},\"usualNegAcc\":{},\"minGap\":{},\"maxSpeed\":{},\"headwayTime\":{}}},\"route\":[",
            number(kind.length),
            number(kind.width),
            number(kind.max_acceleration),
            number(kind.max_deceleration),
            number(kind.usual_acceleration),
            number(kind.usual_deceleration),
            number(kind.min_gap),
            number(kind.max_speed),
            number(kind.headway),
        )?;
        separated(out, &mut route.iter(), |out, link| {
            let id = network.links.get(link.index()).map_or("", |link| &link.id);
            write!(out, "{}", text(id))
        })?;
        write!(
            out,
            "],\"interval\":{},\"startTime\":{start},\"endTime\":{}}}",
            number(flow.interval),
            end.unwrap_or(-1.0)
        )?;
    }
    out.write_all(b"\n]\n")?;
    Ok(issues.into_vec())
}

fn separated<W: Write, T>(
    out: &mut W,
    items: &mut impl Iterator<Item = T>,
    mut each: impl FnMut(&mut W, T) -> io::Result<()>,
) -> io::Result<()> {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        each(out, item)?;
    }
    Ok(())
}

fn point(out: &mut impl Write, point: Point) -> io::Result<()> {
    write!(
        out,
        "{{\"x\":{},\"y\":{}}}",
        number(point.x),
        number(point.y)
    )
}

fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A number in the fewest digits that the fast readers of this format (ours and the original
/// one's, which both divide the digits by a power of ten) turn back into exactly the same.
fn number(value: f64) -> String {
    let same = |text: &String| {
        serde_json::from_str::<f64>(text).is_ok_and(|read| read.to_bits() == value.to_bits())
    };
    let shortest = format!("{value}");
    if same(&shortest) {
        return shortest;
    }
    // With many digits, digits and power of ten are both rounded: look among the neighbours. What
    // such a reader once read is among them; of other numbers two in a thousand are not.
    (12_u8..=20)
        .flat_map(|places| neighbours(value, places))
        .find(same)
        .unwrap_or(shortest)
}

/// The decimal numbers with so many places that are nearest to a value, as far as their digits
/// fit 64 bits.
fn neighbours(value: f64, places: u8) -> Vec<String> {
    let digits = value.abs() * 10_f64.powi(i32::from(places));
    if digits >= 1e19 {
        return Vec::new();
    }
    let places = usize::from(places);
    [digits, digits.next_up(), digits.next_down()]
        .into_iter()
        .map(|digits| {
            let sign = if value < 0.0 { "-" } else { "" };
            let digits = format!("{:0>width$}", digits as u64, width = places + 1);
            let (whole, rest) = digits.split_at(digits.len() - places);
            format!("{sign}{whole}.{rest}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_were_read_come_back_the_same() {
        let texts = [
            "0",
            "4",
            "-11.111",
            "-3.7199999999999998",
            "6.4559999999999995",
            "1e-9",
            "123456789.125",
            "0.30000000000000004",
            "99999999999999999999.5",
            "-0.0",
        ];
        for text in texts {
            let value: f64 = serde_json::from_str(text).unwrap();
            let written = number(value);
            let back: f64 = serde_json::from_str(&written).unwrap();
            assert_eq!(back.to_bits(), value.to_bits(), "{text} became {written}");
        }
    }
}
