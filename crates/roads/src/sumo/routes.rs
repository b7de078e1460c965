//! Vehicle types, routes and distributions of them, by the names demand files give them.

use rustc_hash::FxHashMap;

use crate::demand::VehicleType;
use crate::error::Error;
use crate::input::shown;
use crate::issue::Issues;
use crate::model::{LinkId, Network};

use super::distribution::Distribution;
use super::vehicle_class;
use super::xml::Tag;

/// A way's place in the list of routes, or why it cannot be driven.
pub(super) type Way = Result<u32, &'static str>;

/// A type: a place in the list of types, or the class that is not a car's.
pub(super) type Kind = Result<u32, String>;

/// One thing, or several to deal out.
#[derive(Clone, Debug)]
pub(super) enum Choice<T> {
    /// Always the same.
    One(T),
    /// In turns.
    Several(Distribution<T>),
}

impl<T: Clone> Choice<T> {
    /// The next one.
    pub(super) fn deal(&mut self) -> Option<T> {
        match self {
            Self::One(one) => Some(one.clone()),
            Self::Several(several) => several.deal().cloned(),
        }
    }
}

/// Why a way that passes an unknown edge cannot be driven.
pub(super) const CLOSED: &str =
    "is left out: its route passes an edge that is not in the network or not open to cars";

/// What has a name so far.
pub(super) struct Book<'n> {
    links: FxHashMap<&'n str, LinkId>,
    top_speed: f64,
    links_per_route: usize,
    /// Kinds of vehicle that can drive.
    pub(super) types: Vec<VehicleType>,
    /// Ways that can be driven.
    pub(super) routes: Vec<Vec<LinkId>>,
    route_of: FxHashMap<Vec<LinkId>, u32>,
    kinds: FxHashMap<String, Choice<Kind>>,
    ways: FxHashMap<String, Choice<Way>>,
}

impl<'n> Book<'n> {
    /// With nothing but SUMO's own default type.
    pub(super) fn new(network: &'n Network, links_per_route: usize) -> Self {
        let links = network
            .links
            .iter()
            .enumerate()
            .map(|(index, link)| (link.id.as_str(), LinkId::from(index)))
            .collect();
        let top_speed = network
            .lanes
            .iter()
            .map(|lane| lane.speed_limit)
            .fold(0.0, f64::max);
        Self {
            links,
            top_speed,
            links_per_route,
            types: Vec::new(),
            routes: Vec::new(),
            route_of: FxHashMap::default(),
            kinds: FxHashMap::default(),
            ways: FxHashMap::default(),
        }
    }

    fn known_type(&mut self, mut kind: VehicleType) -> u32 {
        // Nobody may drive faster than the highest limit, and a desired speed far above it only
        // makes the engine look further ahead.
        if self.top_speed > 0.0 {
            kind.max_speed = kind.max_speed.min(self.top_speed);
        }
        self.types.push(kind);
        self.types.len() as u32 - 1
    }

    /// Reads a `<vType>` and returns its name.
    pub(super) fn add_type(&mut self, tag: &Tag<'_>, issues: &mut Issues) -> Result<String, Error> {
        let id = tag.need("id")?.into_owned();
        let class = tag.text("vClass").unwrap_or("passenger");
        let kind = match vehicle_class::defaults(class) {
            None => Err(class.to_owned()),
            Some(defaults) => {
                let kind = vehicle_type(tag, &id, &defaults)?;
                note_unmodelled(tag, &id, issues);
                Ok(self.known_type(kind))
            }
        };
        if self.kinds.insert(id.clone(), Choice::One(kind)).is_some() {
            return Err(tag.fault("is given twice"));
        }
        Ok(id)
    }

    /// Makes a distribution of types.
    pub(super) fn add_type_distribution(
        &mut self,
        tag: &Tag<'_>,
        members: Vec<(String, f64)>,
    ) -> Result<(), Error> {
        let members = members
            .into_iter()
            .map(|(name, weight)| match self.kinds.get_mut(&name) {
                Some(choice) => choice
                    .deal()
                    .map(|kind| (kind, weight))
                    .ok_or_else(|| tag.fault("is empty")),
                None => Err(tag.fault(format!(
                    "names the type {:?}, which is not defined before it",
                    shown(&name)
                ))),
            })
            .collect::<Result<_, _>>()?;
        let id = tag.need("id")?.into_owned();
        let choice = distribution(tag, members)?;
        if self.kinds.insert(id, choice).is_some() {
            return Err(tag.fault("is given twice"));
        }
        Ok(())
    }

    /// The type of this name; SUMO's default type, with a note, where there is none.
    pub(super) fn kind(&mut self, name: Option<&str>, issues: &mut Issues) -> Option<Kind> {
        let name = name.unwrap_or("DEFAULT_VEHTYPE");
        if let Some(choice) = self.kinds.get_mut(name) {
            return choice.deal();
        }
        let class = match name {
            "DEFAULT_BIKETYPE" => "bicycle",
            "DEFAULT_PEDTYPE" => "pedestrian",
            "DEFAULT_RAILTYPE" => "rail",
            "DEFAULT_TAXITYPE" => "taxi",
            "DEFAULT_CONTAINERTYPE" => "container",
            _ => "passenger",
        };
        if !name.starts_with("DEFAULT_") {
            issues.add(
                "type",
                name,
                "is not defined in the files read; its vehicles are ordinary cars",
            );
        }
        let kind = match vehicle_class::defaults(class) {
            Some(mut kind) => {
                name.clone_into(&mut kind.id);
                Ok(self.known_type(kind))
            }
            None => Err(class.to_owned()),
        };
        self.kinds
            .insert(name.to_owned(), Choice::One(kind.clone()));
        Some(kind)
    }

    /// Whether a type always gives the same kind of vehicle.
    pub(super) fn is_one_kind(&self, name: Option<&str>) -> bool {
        !matches!(
            name.and_then(|name| self.kinds.get(name)),
            Some(Choice::Several(_))
        )
    }

    /// A list of edges between blanks as a way.
    pub(super) fn way(&mut self, tag: &Tag<'_>, edges: &str) -> Result<Way, Error> {
        let mut links = Vec::new();
        for edge in edges.split_ascii_whitespace() {
            if links.len() >= self.links_per_route {
                return Err(tag.fault(format!(
                    "has a route of more than the limit of {} edges",
                    self.links_per_route
                )));
            }
            match self.links.get(edge) {
                Some(&link) => links.push(link),
                None => return Ok(Err(CLOSED)),
            }
        }
        if links.is_empty() {
            return Err(tag.fault("has a route without edges; name at least one"));
        }
        links.dedup();
        let routes = &mut self.routes;
        Ok(Ok(*self.route_of.entry(links).or_insert_with_key(
            |links| {
                routes.push(links.clone());
                routes.len() as u32 - 1
            },
        )))
    }

    /// Reads a `<route>`'s edges.
    pub(super) fn route(&mut self, tag: &Tag<'_>, issues: &mut Issues) -> Result<Way, Error> {
        if tag.text("repeat").is_some_and(|repeat| repeat != "0") {
            issues.add(
                "route",
                tag.text("id").unwrap_or_default(),
                "is driven once; it should be repeated",
            );
        }
        match tag.text("edges") {
            Some(edges) => self.way(tag, edges),
            None => Err(tag.fault("has no attribute edges; name the edges to pass")),
        }
    }

    /// Names a way or a distribution of ways.
    pub(super) fn add_way(&mut self, tag: &Tag<'_>, way: Choice<Way>) -> Result<(), Error> {
        let id = tag.need("id")?.into_owned();
        if self.ways.insert(id, way).is_some() {
            return Err(tag.fault("is given twice"));
        }
        Ok(())
    }

    /// The way of this name.
    pub(super) fn way_named(&mut self, tag: &Tag<'_>, name: &str) -> Result<Choice<Way>, Error> {
        match self.ways.get_mut(name) {
            // A dealt-out member, not a copy of the deck: vehicles take turns.
            Some(choice) if tag.name != "flow" => choice
                .deal()
                .map(Choice::One)
                .ok_or_else(|| tag.fault("has an empty distribution of routes")),
            Some(choice) => Ok(choice.clone()),
            None => Err(tag.fault(format!(
                "names the route {:?}, which is not defined before it",
                shown(name)
            ))),
        }
    }
}

/// Members as one choice.
pub(super) fn distribution<T>(tag: &Tag<'_>, members: Vec<(T, f64)>) -> Result<Choice<T>, Error> {
    /// Each vehicle of a distribution looks at all its members.
    const MEMBERS: usize = 10_000;
    if members.len() > MEMBERS {
        return Err(tag.fault(format!(
            "has {} members, more than the limit of {MEMBERS}",
            members.len()
        )));
    }
    if members
        .iter()
        .any(|(_, weight)| !(weight.is_finite() && *weight >= 0.0))
    {
        return Err(tag.fault("has a probability below zero"));
    }
    Distribution::new(members)
        .map(Choice::Several)
        .ok_or_else(|| tag.fault("is empty; give it members with probabilities above zero"))
}

/// A type's own figures over its class's.
///
/// The strongest and the usual braking are both SUMO's `decel`: its cars brake for signals and for
/// one another with that, and use `emergencyDecel` only when a mistake has been made.
fn vehicle_type(tag: &Tag<'_>, id: &str, defaults: &VehicleType) -> Result<VehicleType, Error> {
    let or = |name: &str, default: f64| Ok::<_, Error>(tag.number(name)?.unwrap_or(default));
    let acceleration = or("accel", defaults.usual_acceleration)?;
    let deceleration = or("decel", defaults.usual_deceleration)?;
    let kind = VehicleType {
        id: id.to_owned(),
        length: or("length", defaults.length)?,
        width: or("width", defaults.width)?,
        max_acceleration: acceleration,
        max_deceleration: deceleration,
        usual_acceleration: acceleration,
        usual_deceleration: deceleration,
        min_gap: or("minGap", defaults.min_gap)?,
        max_speed: or("maxSpeed", defaults.max_speed)?,
        headway: or("tau", defaults.headway)?,
    };
    kind.check().map_err(|message| tag.fault(message))?;
    Ok(kind)
}

fn note_unmodelled(tag: &Tag<'_>, id: &str, issues: &mut Issues) {
    if let Some(model) = tag.text("carFollowModel")
        && !model.starts_with("Krauss")
    {
        issues.add(
            "type",
            id,
            "has its own car following model; the engine's is used with its accel, decel and tau",
        );
    }
    if let Some(factor) = tag.text("speedFactor") {
        let mean = factor
            .trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '(')
            .split([',', ')'])
            .next()
            .and_then(|text| text.parse::<f64>().ok());
        if mean.is_none_or(|mean| (mean - 1.0).abs() > 1e-9) {
            issues.add(
                "type",
                id,
                "has a speedFactor other than 1; speed limits are kept as they are",
            );
        }
    }
}
