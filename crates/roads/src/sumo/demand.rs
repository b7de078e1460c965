//! Demand from SUMO's route files: vehicles, trips and flows.
//!
//! A vehicle or trip becomes a flow of one. Types keep `length`, `width`, `minGap`, `maxSpeed`
//! (never above the network's highest limit), `accel`, `decel` and `tau`, with SUMO's defaults for
//! their class; `sigma`, `speedDev` and lane-changing parameters have no counterpart.

use std::path::Path;

use rustc_hash::FxHashSet;

use crate::demand::{Demand, Flow};
use crate::error::Error;
use crate::input::{self, Input};
use crate::issue::{Issue, Issues};
use crate::limits::Limits;
use crate::model::Network;

use super::flow::{Departures, departures};
use super::routes::{Book, CLOSED, Choice, Way, distribution};
use super::xml::{Node, Tag, Xml};

/// The interval and life of a flow of one vehicle, seconds: long enough for any step.
const SINGLE_INTERVAL: f64 = 3600.0;
const SINGLE_LIFE: f64 = 1800.0;
/// Vehicles that flows with a distribution may make in all: each becomes a flow of its own.
const MOST_TAKEN_APART: u64 = 1_000_000;

/// Reads a demand file against its network.
///
/// # Errors
/// When the file cannot be read, is not SUMO demand, contradicts itself, or passes a limit. What
/// the model has no place for, or the network no road, is listed beside the demand instead.
pub fn read_demand(path: &Path, network: &Network) -> Result<(Demand, Vec<Issue>), Error> {
    parse_demand(&input::bytes(path, &Limits::default())?, path, network)
}

/// Reads demand from the bytes of a file, plain or gzip; `path` is for messages.
///
/// # Errors
/// As [`read_demand`].
pub fn parse_demand(
    bytes: &[u8],
    path: &Path,
    network: &Network,
) -> Result<(Demand, Vec<Issue>), Error> {
    let mut reader = DemandReader::new(network, Limits::default(), 0.0);
    reader.add(bytes, path)?;
    Ok(reader.finish())
}

/// Reads one demand out of several files that know each other's names.
pub(crate) struct DemandReader<'n> {
    book: Book<'n>,
    limits: Limits,
    begin: f64,
    demand: Demand,
    /// Vehicles of flows that had to be taken apart.
    taken_apart: u64,
    names: FxHashSet<String>,
    issues: Issues,
}

/// What stands inside a vehicle, trip or flow.
#[derive(Default)]
struct Inside {
    way: Option<Choice<Way>>,
    stops: u64,
}

impl<'n> DemandReader<'n> {
    /// For a network and a simulation that begins at `begin` seconds.
    pub(crate) fn new(network: &'n Network, limits: Limits, begin: f64) -> Self {
        Self {
            book: Book::new(network, limits.links_per_route),
            limits,
            begin,
            demand: Demand::default(),
            taken_apart: 0,
            names: FxHashSet::default(),
            issues: Issues::default(),
        }
    }

    /// The demand of all files added, and what was left out.
    pub(crate) fn finish(mut self) -> (Demand, Vec<Issue>) {
        self.demand.types = self.book.types;
        self.demand.routes = self.book.routes;
        (self.demand, self.issues.into_vec())
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, bytes: &[u8], path: &Path) -> Result<(), Error> {
        let bytes = input::plain(bytes, path, &self.limits)?;
        let input = Input::new(&bytes, path)?;
        let limits = self.limits;
        let mut xml = Xml::new(input, &limits);
        let Some(Node::Open(root)) = xml.next()? else {
            return Err(input.fault(0, "is empty; SUMO demand begins with <routes>"));
        };
        if !matches!(root.name, "routes" | "additional" | "trips") {
            return Err(root.fault("is not SUMO demand, which begins with <routes>"));
        }
        while let Some(node) = xml.next()? {
            if let Node::Open(tag) = node {
                self.element(&mut xml, &tag)?;
            }
        }
        Ok(())
    }

    fn element<'a>(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<(), Error> {
        match tag.name {
            "vType" => {
                self.book.add_type(tag, &mut self.issues)?;
                xml.skip()
            }
            "vTypeDistribution" => self.type_distribution(xml, tag),
            "route" => {
                let way = self.book.route(tag, &mut self.issues)?;
                self.book.add_way(tag, Choice::One(way))?;
                xml.skip()
            }
            "routeDistribution" => {
                let way = self.route_distribution(xml, tag)?;
                self.book.add_way(tag, way)
            }
            "vehicle" | "trip" | "flow" => {
                let inside = self.inside(xml, tag)?;
                self.traffic(tag, inside)
            }
            "interval" => Ok(()), // a frame around flows
            "person" | "personFlow" | "container" | "containerFlow" => {
                let id = tag.text("id").unwrap_or_default();
                let message = "is left out: only road vehicles are modelled";
                let element = if tag.name.starts_with("person") {
                    "person"
                } else {
                    "container"
                };
                self.issues.add(element, id, message);
                xml.skip()
            }
            other => {
                let message = "is left out: it is not part of the demand of road vehicles";
                self.issues.add("tag", other, message);
                xml.skip()
            }
        }
    }

    fn type_distribution<'a>(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<(), Error> {
        let mut members = listed(tag, "vTypes")?;
        let depth = xml.depth();
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(child) if child.name == "vType" && xml.depth() == depth + 1 => {
                    let weight = child.number("probability")?.unwrap_or(1.0);
                    members.push((self.book.add_type(&child, &mut self.issues)?, weight));
                }
                Node::Close if xml.depth() < depth => break,
                _ => {}
            }
        }
        self.book.add_type_distribution(tag, members)
    }

    fn route_distribution<'a>(
        &mut self,
        xml: &mut Xml<'a>,
        tag: &Tag<'a>,
    ) -> Result<Choice<Way>, Error> {
        let mut members = Vec::new();
        for (name, weight) in listed(tag, "routes")? {
            if let Some(way) = self.book.way_named(tag, &name)?.deal() {
                members.push((way, weight));
            }
        }
        let depth = xml.depth();
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(child) if child.name == "route" && xml.depth() == depth + 1 => {
                    let weight = child.number("probability")?.unwrap_or(1.0);
                    let way = match child.text("refId") {
                        Some(name) => match self.book.way_named(&child, name)?.deal() {
                            Some(way) => way,
                            None => continue,
                        },
                        None => self.book.route(&child, &mut self.issues)?,
                    };
                    members.push((way, weight));
                }
                Node::Close if xml.depth() < depth => break,
                _ => {}
            }
        }
        distribution(tag, members)
    }

    /// Reads what stands inside a vehicle, trip or flow.
    fn inside<'a>(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<Inside, Error> {
        let mut inside = Inside::default();
        let depth = xml.depth();
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(child) if xml.depth() == depth + 1 => match child.name {
                    "route" => {
                        let way = self.book.route(&child, &mut self.issues)?;
                        inside.way = Some(Choice::One(way));
                    }
                    "routeDistribution" => {
                        inside.way = Some(self.route_distribution(xml, &child)?);
                    }
                    "stop" => inside.stops += 1,
                    _ => {}
                },
                Node::Close if xml.depth() < depth => break,
                _ => {}
            }
        }
        if inside.way.is_none() {
            inside.way = self.way_of(tag)?;
        }
        Ok(inside)
    }

    /// The way a vehicle's attributes name; `None` where they name no edges.
    fn way_of(&mut self, tag: &Tag<'_>) -> Result<Option<Choice<Way>>, Error> {
        if let Some(name) = tag.text("route") {
            return self.book.way_named(tag, name).map(Some);
        }
        let (Some(from), Some(to)) = (tag.text("from"), tag.text("to")) else {
            return Ok(None);
        };
        let mut edges = from.to_owned();
        for more in [tag.text("via").unwrap_or_default(), to] {
            edges.push(' ');
            edges.push_str(more);
        }
        let way = self.book.way(tag, &edges)?;
        Ok(Some(Choice::One(way)))
    }

    /// Adds a vehicle, trip or flow, or says why not.
    fn traffic(&mut self, tag: &Tag<'_>, inside: Inside) -> Result<(), Error> {
        let element = match tag.name {
            "vehicle" => "vehicle",
            "trip" => "trip",
            _ => "flow",
        };
        let id = tag.need("id")?.into_owned();
        if !self.names.insert(id.clone()) {
            return Err(tag.fault("is given twice; vehicles, trips and flows share their names"));
        }
        let Some(mut way) = inside.way else {
            let what = "is left out: it names no edges (junctions, districts and positions are not understood)";
            self.issues.add(element, &id, what);
            return Ok(());
        };
        let times = if element == "flow" {
            match departures(tag, self.begin, &mut self.issues)? {
                Some(times) => times,
                None => return Ok(()),
            }
        } else {
            match self.departure(tag, element, &id)? {
                Some(times) => times,
                None => return Ok(()),
            }
        };
        if inside.stops > 0 {
            let message = "has stops on its way; they are left out";
            self.issues.add(element, &id, message);
        }
        if [
            "departLane",
            "departPos",
            "departSpeed",
            "arrivalPos",
            "arrivalSpeed",
        ]
        .iter()
        .any(|name| tag.text(name).is_some())
        {
            let message = "says where on its first or last edge it starts or stops, or how fast; that is left to the engine";
            self.issues.add(element, &id, message);
        }
        let kind = tag.text("type");
        if times.count > 1 && !matches!((&way, self.book.is_one_kind(kind)), (Choice::One(_), true))
        {
            self.taken_apart += times.count;
            if self.taken_apart > MOST_TAKEN_APART {
                return Err(tag.fault(format!(
                    "has a distribution and too many vehicles: flows with distributions may have {MOST_TAKEN_APART} in all"
                )));
            }
            for index in 0..times.count {
                let one = Departures {
                    start: times.at(index),
                    interval: SINGLE_INTERVAL,
                    count: 1,
                };
                self.push(tag, element, &format!("{id}.{index}"), kind, &mut way, one)?;
            }
            return Ok(());
        }
        self.push(tag, element, &id, kind, &mut way, times)
    }

    /// When a vehicle or trip departs; `None`, with an issue, when not by the clock.
    fn departure(
        &mut self,
        tag: &Tag<'_>,
        element: &'static str,
        id: &str,
    ) -> Result<Option<Departures>, Error> {
        let start = match tag.text("depart") {
            None => return Err(tag.fault("has no attribute depart; add seconds")),
            Some("triggered" | "containerTriggered" | "split") => {
                let message = "is left out: it departs when something else happens";
                self.issues.add(element, id, message);
                return Ok(None);
            }
            Some("now" | "begin") => self.begin,
            Some(_) => tag.time("depart")?.unwrap_or(self.begin),
        };
        if start < 0.0 {
            return Err(tag.fault("departs before time 0; give seconds from 0 up"));
        }
        Ok(Some(Departures {
            start,
            interval: SINGLE_INTERVAL,
            count: 1,
        }))
    }

    fn push(
        &mut self,
        tag: &Tag<'_>,
        element: &'static str,
        id: &str,
        kind: Option<&str>,
        way: &mut Choice<Way>,
        times: Departures,
    ) -> Result<(), Error> {
        if self.demand.flows.len() >= self.limits.flows {
            return Err(tag.fault(format!(
                "is one more than the limit of {} flows",
                self.limits.flows
            )));
        }
        let vehicle_type = match self.book.kind(kind, &mut self.issues) {
            Some(Ok(index)) => index,
            Some(Err(class)) => {
                let message = format!("is left out: a {class} is not a road vehicle");
                self.issues.add_many(element, id, times.count, message);
                return Ok(());
            }
            None => return Err(tag.fault("has an empty distribution of types")),
        };
        let route = match way.deal() {
            Some(Ok(route)) => route,
            Some(Err(reason)) => {
                self.issues.add_many(element, id, times.count, reason);
                return Ok(());
            }
            None => {
                self.issues.add_many(element, id, times.count, CLOSED);
                return Ok(());
            }
        };
        let single = times.count == 1;
        self.demand.flows.push(Flow {
            id: Some(id.to_owned()),
            vehicle_type,
            route,
            interval: if single {
                SINGLE_INTERVAL
            } else {
                times.interval
            },
            start: times.start,
            end: Some(if single {
                times.start + SINGLE_LIFE
            } else {
                times.end()
            }),
        });
        Ok(())
    }
}

/// Members that a distribution lists by name in an attribute, with their `probabilities`.
fn listed(tag: &Tag<'_>, attribute: &str) -> Result<Vec<(String, f64)>, Error> {
    let weights: Vec<f64> = match tag.text("probabilities") {
        None => Vec::new(),
        Some(text) => text
            .split_ascii_whitespace()
            .map(|word| word.parse::<f64>().ok().filter(|n| n.is_finite()))
            .collect::<Option<_>>()
            .ok_or_else(|| tag.fault("has probabilities that are not numbers"))?,
    };
    Ok(tag
        .text(attribute)
        .unwrap_or_default()
        .split_ascii_whitespace()
        .enumerate()
        .map(|(index, name)| (name.to_owned(), weights.get(index).copied().unwrap_or(1.0)))
        .collect())
}
