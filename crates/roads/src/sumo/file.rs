//! What stands in a SUMO network file, element by element, before it is joined to a network.

use std::borrow::Cow;

use crate::error::Error;
use crate::geometry::Point;
use crate::input::{Input, shown};
use crate::limits::Limits;
use crate::model::Aspect;

use super::vehicle_class::open_to_cars;
use super::xml::{Node, Tag, Xml};

/// A lane of an edge.
#[derive(Debug)]
pub(super) struct RawLane {
    pub(super) at: usize,
    /// SUMO's number: 0 is the outermost.
    pub(super) index: u32,
    pub(super) speed: f64,
    pub(super) length: f64,
    pub(super) width: f64,
    pub(super) shape: Vec<Point>,
    pub(super) open_to_cars: bool,
}

/// An edge: a link, or a part of a junction's inside.
#[derive(Debug)]
pub(super) struct RawEdge<'a> {
    pub(super) at: usize,
    pub(super) id: Cow<'a, str>,
    pub(super) from: Option<Cow<'a, str>>,
    pub(super) to: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) kind: Option<Cow<'a, str>>,
    /// A link; otherwise an internal edge, a crossing or a walking area.
    pub(super) is_link: bool,
    /// Internal edge of a junction (not a crossing or a walking area).
    pub(super) is_internal: bool,
    pub(super) lanes: Vec<RawLane>,
}

/// A way from one lane to another.
#[derive(Debug)]
pub(super) struct RawConnection<'a> {
    pub(super) at: usize,
    pub(super) from: Cow<'a, str>,
    pub(super) to: Cow<'a, str>,
    pub(super) from_lane: u32,
    pub(super) to_lane: u32,
    pub(super) via: Option<Cow<'a, str>>,
    pub(super) signal: Option<Cow<'a, str>>,
    pub(super) link_index: Option<u32>,
    pub(super) direction: Option<char>,
}

/// A row of a junction's right of way: bits from the right, one for each of its connections.
#[derive(Debug)]
pub(super) struct RawRequest<'a> {
    pub(super) response: Cow<'a, str>,
    pub(super) foes: Cow<'a, str>,
}

/// A junction.
#[derive(Debug)]
pub(super) struct RawJunction<'a> {
    pub(super) at: usize,
    pub(super) id: Cow<'a, str>,
    pub(super) point: Point,
    pub(super) incoming_lanes: Vec<String>,
    /// By connection number; `None` where the file has no row.
    pub(super) requests: Vec<Option<RawRequest<'a>>>,
}

/// A phase of a signal program.
#[derive(Debug)]
pub(super) struct RawPhase<'a> {
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) duration: f64,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) state: Vec<Aspect>,
}

/// A signal program.
#[derive(Debug)]
pub(super) struct RawProgram<'a> {
    pub(super) at: usize,
    pub(super) id: Cow<'a, str>,
    pub(super) program: Cow<'a, str>,
    pub(super) offset: f64,
    pub(super) phases: Vec<RawPhase<'a>>,
}

/// Where the coordinates come from.
#[derive(Debug)]
pub(super) struct RawLocation {
    /// What was added to the projected coordinates.
    pub(super) offset: Point,
    /// Corners of the network: least and greatest coordinates.
    pub(super) corners: Option<(Point, Point)>,
    /// The projection, in PROJ's notation.
    pub(super) projection: String,
}

/// A whole network file.
#[derive(Debug, Default)]
pub(super) struct RawNetwork<'a> {
    pub(super) left_hand: bool,
    pub(super) location: Option<RawLocation>,
    pub(super) edges: Vec<RawEdge<'a>>,
    pub(super) junctions: Vec<RawJunction<'a>>,
    pub(super) connections: Vec<RawConnection<'a>>,
    pub(super) programs: Vec<RawProgram<'a>>,
}

/// Connections of one junction: a row of its right of way has one bit for each.
pub(super) const CONNECTIONS_PER_JUNCTION: u32 = 4096;

/// Reads all elements.
pub(super) fn parse<'a>(input: Input<'a>, limits: &'a Limits) -> Result<RawNetwork<'a>, Error> {
    let mut xml = Xml::new(input, limits);
    let mut file = RawNetwork::default();
    let Some(Node::Open(root)) = xml.next()? else {
        return Err(input.fault(0, "is empty; a SUMO network begins with <net>"));
    };
    if root.name != "net" {
        return Err(root.fault("is not a SUMO network, which begins with <net>"));
    }
    file.left_hand = root.text("lefthand") == Some("true");
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        match tag.name {
            "location" => file.location = Some(location(&tag)?),
            "edge" => file.edges.push(edge(&mut xml, &tag)?),
            "junction" => {
                if let Some(junction) = junction(&mut xml, &tag)? {
                    file.junctions.push(junction);
                }
            }
            "connection" => file.connections.push(connection(&tag)?),
            "tlLogic" => file.programs.push(program(&mut xml, &tag)?),
            _ => xml.skip()?,
        }
    }
    Ok(file)
}

/// Reads the tags directly inside the one just opened, and passes over what is deeper.
fn children<'a>(
    xml: &mut Xml<'a>,
    mut each: impl FnMut(&Tag<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let depth = xml.depth();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) if xml.depth() == depth + 1 => each(&tag)?,
            Node::Close if xml.depth() < depth => break,
            _ => {}
        }
    }
    Ok(())
}

fn location(tag: &Tag<'_>) -> Result<RawLocation, Error> {
    let one = |points: Option<Vec<Point>>| points.and_then(|points| points.first().copied());
    let corners = tag.text("convBoundary").and_then(|text| {
        let numbers: Vec<f64> = text.split(',').filter_map(|n| n.parse().ok()).collect();
        match numbers.as_slice() {
            &[x0, y0, x1, y1] => Some((Point::new(x0, y0), Point::new(x1, y1))),
            _ => None,
        }
    });
    Ok(RawLocation {
        offset: one(tag.shape("netOffset")?).unwrap_or_default(),
        corners: corners.filter(|(low, high)| low.is_finite() && high.is_finite()),
        projection: tag.text("projParameter").unwrap_or("!").to_owned(),
    })
}

fn edge<'a>(xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<RawEdge<'a>, Error> {
    let function = tag.text("function").unwrap_or("normal");
    let mut edge = RawEdge {
        at: tag.at,
        id: tag.need("id")?,
        from: tag.owned("from")?,
        to: tag.owned("to")?,
        name: tag.owned("name")?,
        kind: tag.owned("type")?,
        is_link: matches!(function, "normal" | "connector"),
        is_internal: function == "internal",
        lanes: Vec::new(),
    };
    let (edge_allow, edge_disallow) = (
        tag.text("allow").map(str::to_owned),
        tag.text("disallow").map(str::to_owned),
    );
    children(xml, |tag| {
        if tag.name != "lane" {
            return Ok(());
        }
        let index = tag.need_count("index")?;
        if index as usize != edge.lanes.len() {
            return Err(tag.fault(format!(
                "has index {index} where {} comes next; number the lanes of an edge from 0 up",
                edge.lanes.len()
            )));
        }
        let (allow, disallow) = (tag.text("allow"), tag.text("disallow"));
        let open = if allow.is_some() || disallow.is_some() {
            open_to_cars(allow, disallow)
        } else {
            open_to_cars(edge_allow.as_deref(), edge_disallow.as_deref())
        };
        edge.lanes.push(RawLane {
            at: tag.at,
            index,
            speed: tag.need_number("speed")?,
            length: tag.need_number("length")?,
            width: tag.number("width")?.filter(|&w| w > 0.0).unwrap_or(3.2),
            shape: tag
                .shape("shape")?
                .ok_or_else(|| tag.fault("has no attribute shape; add its points"))?,
            open_to_cars: open,
        });
        Ok(())
    })?;
    Ok(edge)
}

fn junction<'a>(xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<Option<RawJunction<'a>>, Error> {
    if tag.text("type") == Some("internal") {
        xml.skip()?;
        return Ok(None);
    }
    let mut junction = RawJunction {
        at: tag.at,
        id: tag.need("id")?,
        point: Point::new(tag.need_number("x")?, tag.need_number("y")?),
        incoming_lanes: tag
            .text("incLanes")
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect(),
        requests: Vec::new(),
    };
    children(xml, |tag| {
        if tag.name != "request" {
            return Ok(());
        }
        let index = tag.need_count("index")?;
        if index >= CONNECTIONS_PER_JUNCTION {
            return Err(tag.fault(format!(
                "has index {index}, more than the limit of {CONNECTIONS_PER_JUNCTION} connections in a junction"
            )));
        }
        let bits = |name: &str| {
            let bits = tag.long(name).unwrap_or_default();
            match bits.bytes().find(|bit| !matches!(bit, b'0' | b'1')) {
                None => Ok(bits),
                Some(_) => Err(tag.fault(format!(
                    "has {name}={:?}, which is not a row of 0 and 1",
                    shown(&bits)
                ))),
            }
        };
        let index = index as usize;
        if junction.requests.len() <= index {
            junction.requests.resize_with(index + 1, || None);
        }
        if let Some(place) = junction.requests.get_mut(index) {
            *place = Some(RawRequest {
                response: bits("response")?,
                foes: bits("foes")?,
            });
        }
        Ok(())
    })?;
    Ok(Some(junction))
}

fn connection<'a>(tag: &Tag<'a>) -> Result<RawConnection<'a>, Error> {
    Ok(RawConnection {
        at: tag.at,
        from: tag.need("from")?,
        to: tag.need("to")?,
        from_lane: tag.need_count("fromLane")?,
        to_lane: tag.need_count("toLane")?,
        via: tag.owned("via")?,
        signal: tag.owned("tl")?,
        link_index: tag.count("linkIndex")?,
        direction: tag.text("dir").and_then(|text| text.chars().next()),
    })
}

fn program<'a>(xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<RawProgram<'a>, Error> {
    let mut program = RawProgram {
        at: tag.at,
        id: tag.need("id")?,
        program: tag.owned("programID")?.unwrap_or_default(),
        offset: match tag.text("offset") {
            None | Some("begin") => 0.0,
            Some(_) => tag.time("offset")?.unwrap_or(0.0),
        },
        phases: Vec::new(),
    };
    children(xml, |tag| {
        if tag.name != "phase" {
            return Ok(());
        }
        let text = tag
            .long("state")
            .ok_or_else(|| tag.fault("has no attribute state; add a letter for each connection"))?;
        if text.len() > CONNECTIONS_PER_JUNCTION as usize {
            return Err(tag.fault(format!(
                "has a state of more than the limit of {CONNECTIONS_PER_JUNCTION} letters"
            )));
        }
        let state = text
            .chars()
            .map(|letter| {
                aspect(letter).ok_or_else(|| {
                    tag.fault(format!(
                        "has the letter {letter:?} in its state; known are r u y Y g G s o O"
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        let duration = tag
            .time("duration")?
            .ok_or_else(|| tag.fault("has no attribute duration; add seconds"))?;
        if duration < 0.0 {
            return Err(tag.fault("has a duration below zero; give seconds from 0 up"));
        }
        program.phases.push(RawPhase {
            name: tag.owned("name")?,
            duration,
            minimum: tag.time("minDur")?,
            maximum: tag.time("maxDur")?,
            state,
        });
        Ok(())
    })?;
    Ok(program)
}

/// What a letter of a phase's state shows.
///
/// `s` (a green arrow to turn on red after a stop) and `o` (blinking: give way) are permissive;
/// `O` (switched off, on the road with priority) is protected; `u` (red and yellow) is red.
pub const fn aspect(letter: char) -> Option<Aspect> {
    Some(match letter {
        'r' | 'R' | 'u' => Aspect::Red,
        'y' | 'Y' => Aspect::Yellow,
        'g' | 's' | 'o' => Aspect::Permissive,
        'G' | 'O' => Aspect::Protected,
        _ => return None,
    })
}
