//! What a file holds for cars: roads, the places of their nodes, turn restrictions.
//!
//! Two passes over the bytes: ways and relations first, then the nodes that the ways need, so
//! that a country's buildings cost nothing.

use rustc_hash::{FxHashMap, FxHashSet};

use super::pbf::{self, Deltas, Fault, MemberKind, Members, Tags, Visitor, Wanted};
use super::restrictions::{Restriction, Via};
use super::tags::{self, Road};
use super::{Options, Report, side};
use crate::geometry::Point;
use crate::model::{DrivingSide, Georeference};

/// Most nodes of one way (the database allows 2,000).
const WAY_NODES_MAX: u64 = 100_000;
/// Most ways that may meet at one node; reality stays below ten.
const NODE_WAYS_MAX: u64 = 12;
/// Largest extent of the data, degrees: beyond it the local plane is no map any more.
const EXTENT_MAX: f64 = 12.0;

/// What stands at a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Furniture {
    /// Traffic signals, for traffic along and against the way (both where not stated).
    pub(super) signal: Option<Facing>,
    /// A give-way or stop sign.
    pub(super) yields: Option<Facing>,
}

/// For which direction of its way a signal or sign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facing {
    Forward,
    Backward,
    Unsaid,
}

/// A way that cars use: a run of nodes without gaps.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) id: i64,
    /// Index in [`Extract::roads`].
    pub(super) road: u32,
    /// Indices in [`Extract::points`], at least two.
    pub(super) nodes: Vec<u32>,
}

/// Everything that the later steps need.
#[derive(Debug)]
pub(super) struct Extract {
    pub(super) ways: Vec<Way>,
    pub(super) roads: Vec<Road>,
    pub(super) node_ids: Vec<i64>,
    /// Local plane; mirrored in x where people drive on the left, so that all that follows may
    /// think of right-hand traffic.
    pub(super) points: Vec<Point>,
    pub(super) furniture: FxHashMap<u32, Furniture>,
    pub(super) restrictions: Vec<Restriction>,
    pub(super) georeference: Georeference,
    pub(super) driving_side: DrivingSide,
}

/// First pass.
struct Ways<'a> {
    options: &'a Options,
    report: &'a mut Report,
    seen: FxHashSet<i64>,
    found: Vec<(i64, u32, std::ops::Range<usize>)>,
    refs: Vec<i64>,
    roads: Vec<Road>,
    restrictions: Vec<Restriction>,
}

impl Visitor for Ways<'_> {
    fn way(&mut self, id: i64, tags: &Tags<'_>, nodes: Deltas<'_>) -> Result<(), Fault> {
        let Some(class) = tags::class(tags) else {
            return Ok(());
        };
        if !self.options.classes.contains(&class) || !self.seen.insert(id) {
            return Ok(());
        }
        let Some(road) = tags::road(tags, class) else {
            self.report.ways_closed_to_cars += 1;
            return Ok(());
        };
        let start = self.refs.len();
        for node in nodes.take(WAY_NODES_MAX as usize + 1) {
            // Doubled nodes are a common slip.
            if self.refs.len() == start || self.refs.last() != Some(&node) {
                self.refs.push(node);
            }
        }
        let count = (self.refs.len() - start) as u64;
        limit("the number of nodes of a way", count, WAY_NODES_MAX)?;
        let road = match self.roads.last() {
            // Neighbours in the file are often parts of one street.
            Some(last) if *last == road => self.roads.len() - 1,
            _ => {
                self.roads.push(road);
                self.roads.len() - 1
            }
        };
        self.found.push((id, road as u32, start..self.refs.len()));
        let options = self.options;
        limit(
            "the number of roads",
            self.found.len() as u64,
            options.ways_max,
        )?;
        limit(
            "the number of nodes of roads",
            self.refs.len() as u64,
            options.nodes_max,
        )
    }

    fn relation(&mut self, tags: &Tags<'_>, members: Members<'_>) -> Result<(), Fault> {
        if !tags.is("type", "restriction") && !tags.is("type", "restriction:motorcar") {
            return Ok(());
        }
        let Some(kind) = [
            "restriction",
            "restriction:motorcar",
            "restriction:motor_vehicle",
        ]
        .into_iter()
        .find_map(|key| tags.get(key)) else {
            return Ok(()); // conditional, or for other vehicles
        };
        let excepted = tags.get("except").unwrap_or("");
        if excepted
            .split(';')
            .any(|kind| matches!(kind.trim(), "motorcar" | "motor_vehicle"))
        {
            return Ok(());
        }
        let only = match kind.split('_').next() {
            Some("no") => false,
            Some("only") => true,
            _ => return Ok(()),
        };
        let mut restriction = Restriction {
            only,
            from: Vec::new(),
            via: Via::Ways(Vec::new()),
            to: Vec::new(),
        };
        for (role, kind, id) in members.take(64) {
            match (role, kind) {
                ("from", MemberKind::Way) => restriction.from.push(id),
                ("to", MemberKind::Way) => restriction.to.push(id),
                ("via", MemberKind::Node) => restriction.via = Via::Node(id),
                ("via", MemberKind::Way) => {
                    if let Via::Ways(ways) = &mut restriction.via {
                        ways.push(id);
                    }
                }
                _ => {}
            }
        }
        if !restriction.from.is_empty() && !restriction.to.is_empty() {
            self.restrictions.push(restriction);
        }
        let found = self.restrictions.len() as u64;
        limit(
            "the number of turn restrictions",
            found,
            self.options.ways_max,
        )
    }
}

fn limit(what: &'static str, found: u64, limit: u64) -> Result<(), Fault> {
    if found > limit {
        return Err(Fault::Limit(what, found, limit));
    }
    Ok(())
}

/// Second pass.
struct Nodes<'a> {
    options: &'a Options,
    ids: &'a [i64],
    degrees: Vec<(f64, f64)>,
    furniture: FxHashMap<u32, Furniture>,
    blocked: FxHashSet<u32>,
    /// A node that is nowhere on the globe.
    off_globe: Option<i64>,
}

impl Visitor for Nodes<'_> {
    fn node(&mut self, id: i64, degrees: (f64, f64), tags: &Tags<'_>) -> Result<(), Fault> {
        let Ok(index) = self.ids.binary_search(&id) else {
            return Ok(());
        };
        let on_globe = degrees.0.abs() <= 180.0 && degrees.1.abs() < 89.0;
        if !on_globe {
            self.off_globe = Some(id); // not a number fails the comparison, too
            return Ok(());
        }
        let bounds = self.options.bounds;
        if bounds.is_some_and(|bounds| !bounds.contains(degrees)) {
            return Ok(());
        }
        self.degrees[index] = degrees;
        if tags.is_empty() {
            return Ok(());
        }
        let index = index as u32;
        let facing = |key: &str| match tags.get(key) {
            Some("forward") => Facing::Forward,
            Some("backward") => Facing::Backward,
            _ => Facing::Unsaid,
        };
        match tags.get("highway") {
            Some("traffic_signals") => {
                let facing = match facing("traffic_signals:direction") {
                    Facing::Unsaid => facing("direction"),
                    said => said,
                };
                self.furniture.entry(index).or_default().signal = Some(facing);
            }
            Some("give_way" | "stop") => {
                self.furniture.entry(index).or_default().yields = Some(facing("direction"));
            }
            _ => {}
        }
        let barrier = tags.get("barrier").unwrap_or("");
        let solid = matches!(
            barrier,
            "bollard" | "block" | "jersey_barrier" | "log" | "debris" | "chain" | "cycle_barrier"
        );
        let said = ["motorcar", "motor_vehicle", "vehicle", "access"]
            .iter()
            .any(|key| tags.get(key).is_some());
        if !barrier.is_empty() && (!tags::open_to_cars(tags) || (solid && !said)) {
            self.blocked.insert(index);
        }
        Ok(())
    }
}

/// Reads the bytes of a file.
pub(super) fn read(bytes: &[u8], options: &Options, report: &mut Report) -> Result<Extract, Fault> {
    let mut first = Ways {
        options,
        report,
        seen: FxHashSet::default(),
        found: Vec::new(),
        refs: Vec::new(),
        roads: Vec::new(),
        restrictions: Vec::new(),
    };
    pbf::visit(bytes, Wanted::WaysAndRelations, &mut first)?;
    let Ways {
        found: ways,
        refs,
        mut roads,
        restrictions,
        ..
    } = first;

    let mut node_ids = refs.clone();
    node_ids.sort_unstable();
    node_ids.dedup();
    let mut second = Nodes {
        options,
        ids: &node_ids,
        degrees: vec![(f64::NAN, f64::NAN); node_ids.len()],
        furniture: FxHashMap::default(),
        blocked: FxHashSet::default(),
        off_globe: None,
    };
    pbf::visit(bytes, Wanted::Nodes, &mut second)?;
    let Nodes {
        mut degrees,
        furniture,
        blocked,
        off_globe,
        ..
    } = second;
    for index in blocked {
        degrees[index as usize] = (f64::NAN, f64::NAN);
    }

    let (georeference, centre) = centre(&degrees, off_globe)?;
    let driving_side = options.driving_side.unwrap_or_else(|| side::guess(centre));
    let sign = match driving_side {
        DrivingSide::Right => 1.0,
        DrivingSide::Left => {
            roads.iter_mut().for_each(Road::mirror);
            -1.0
        }
    };
    let points: Vec<Point> = degrees
        .iter()
        .map(|&(longitude, latitude)| {
            let point = georeference.to_local(longitude, latitude);
            Point::new(point.x * sign, point.y)
        })
        .collect();

    report.ways_read = ways.len();
    let ways = without_gaps(&ways, &refs, &node_ids, &points, report);
    check_degrees(&ways, points.len())?;
    Ok(Extract {
        ways,
        roads,
        node_ids,
        points,
        furniture,
        restrictions,
        georeference,
        driving_side,
    })
}

/// The centre of the nodes' bounding box.
fn centre(
    degrees: &[(f64, f64)],
    off_globe: Option<i64>,
) -> Result<(Georeference, (f64, f64)), Fault> {
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for &(longitude, latitude) in degrees.iter().filter(|(longitude, _)| !longitude.is_nan()) {
        low = (low.0.min(longitude), low.1.min(latitude));
        high = (high.0.max(longitude), high.1.max(latitude));
    }
    if low.0 > high.0 {
        let what = match off_globe {
            _ if degrees.is_empty() => {
                "has no road that cars may use; keep the ways with a highway tag".to_owned()
            }
            None => "has roads, but none of their nodes in it (or within the bounds); \
                     extract the ways together with their nodes"
                .to_owned(),
            Some(id) => format!(
                "has no road on the globe: node {id} lies outside longitude -180 to 180 and \
                 latitude -89 to 89"
            ),
        };
        return Err(Fault::Unfit(what));
    }
    let extent = (high.0 - low.0).max(high.1 - low.1);
    if extent > EXTENT_MAX {
        let what = "the extent of the roads in degrees";
        return Err(Fault::Limit(what, extent.ceil() as u64, EXTENT_MAX as u64));
    }
    let (longitude, latitude) = (f64::midpoint(low.0, high.0), f64::midpoint(low.1, high.1));
    let georeference = Georeference {
        longitude,
        latitude,
    };
    Ok((georeference, (longitude, latitude)))
}

/// Ways cut at nodes that are missing, out of bounds or blocked.
fn without_gaps(
    ways: &[(i64, u32, std::ops::Range<usize>)],
    refs: &[i64],
    node_ids: &[i64],
    points: &[Point],
    report: &mut Report,
) -> Vec<Way> {
    let mut whole = Vec::with_capacity(ways.len());
    for (id, road, range) in ways {
        let nodes = refs.get(range.clone()).unwrap_or_default();
        let mut run: Vec<u32> = Vec::with_capacity(nodes.len());
        let mut keep = |run: &mut Vec<u32>| {
            if run.len() >= 2 {
                whole.push(Way {
                    id: *id,
                    road: *road,
                    nodes: std::mem::take(run),
                });
            }
            run.clear();
        };
        for node in nodes {
            match node_ids.binary_search(node) {
                Ok(index) if points[index].is_finite() => {
                    if run.last() != Some(&(index as u32)) {
                        run.push(index as u32);
                    }
                }
                _ => {
                    report.nodes_missing += 1;
                    keep(&mut run);
                }
            }
        }
        keep(&mut run);
    }
    whole
}

/// Refuses a file in which more ways meet at a node than any street can have.
fn check_degrees(ways: &[Way], nodes: usize) -> Result<(), Fault> {
    let mut met = vec![0_u32; nodes];
    for node in ways.iter().flat_map(|way| &way.nodes) {
        met[*node as usize] += 1;
    }
    let most = met.into_iter().max().unwrap_or(0);
    limit(
        "the number of roads that meet at a node",
        u64::from(most),
        NODE_WAYS_MAX,
    )
}
