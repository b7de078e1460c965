//! A network as matching sees it: lines that vehicles drive along, what follows what, and which
//! lines are near a point.

use xxhash_rust::xxh3::Xxh3;

use super::grid::{Grid, Near};
use crate::error::Error;
use crate::geometry::{self, Point};
use crate::model::{Direction, Junction, Link, LinkId, Network};

/// Most links that may leave or enter one junction: their set is a word of bits.
pub const DEGREE_MAX: usize = 64;
/// Coordinates are smaller, metres: the Earth is.
const COORDINATE_MAX_M: f64 = 5e7;
/// Two roads between the same junctions whose middles are nearer are the two directions of one.
const SAME_ROAD_M: f64 = 30.0;

/// A network prepared for matching. Made once and shared; nothing in it changes.
#[derive(Clone, Debug)]
pub struct Map {
    pub(super) ways: Vec<Way>,
    /// Points of the lines, one after the other, and how far along its line each lies.
    points: Vec<Point>,
    along: Vec<f32>,
    first_point: Vec<u32>,
    /// Links by the junction they leave and enter, in the order of the links.
    pub(super) out: Rows,
    pub(super) into: Rows,
    grid: Grid,
    fingerprint: u64,
}

/// What a step of the matcher needs of a link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Length of its line, metres.
    pub(super) length: f32,
    /// Speed limit, m/s.
    pub(super) speed: f32,
    /// Its place among the links that leave its start.
    pub(super) place: u8,
    /// Which links at its end can be driven on to, by their places.
    pub(super) drivable: u64,
    /// Which links at its end lead back over the same road.
    pub(super) back: u64,
}

/// Link numbers of each junction.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    first: Vec<u32>,
    links: Vec<u32>,
}

impl Rows {
    fn new<'n>(network: &'n Network, row: impl Fn(&'n Junction) -> &'n [LinkId]) -> Self {
        let (mut first, mut links) = (vec![0], Vec::new());
        for junction in &network.junctions {
            let start = links.len();
            links.extend(row(junction).iter().map(|link| link.0));
            links[start..].sort_unstable();
            first.push(links.len() as u32);
        }
        Self { first, links }
    }

    #[inline]
    pub(super) fn of(&self, junction: u32) -> &[u32] {
        let junction = junction as usize;
        &self.links[self.first[junction] as usize..self.first[junction + 1] as usize]
    }

    pub(super) fn junctions(&self) -> usize {
        self.first.len() - 1
    }
}

impl Map {
    /// Prepares a network.
    ///
    /// # Errors
    /// When a line is no line (coordinates that are not numbers, no length), a junction has
    /// more than [`DEGREE_MAX`] links on one side, or the lines have too many points.
    pub fn new(network: &Network) -> Result<Self, Error> {
        let (mut points, mut along, mut first_point) = (Vec::new(), Vec::new(), vec![0_u32]);
        for link in &network.links {
            let line = middle_line(network, link);
            let mut at = 0.0;
            for (index, point) in line.iter().enumerate() {
                if index > 0 {
                    at += point.distance(line[index - 1]);
                }
                along.push(at as f32);
            }
            let inside = |point: &Point| point.x.abs().max(point.y.abs()) < COORDINATE_MAX_M;
            if !(line.len() >= 2 && at.is_finite() && line.iter().all(inside)) {
                let message = "has no line to match positions to; its shape needs two points or \
                               more, all of them on Earth";
                return Err(Error::element("link", &link.id, message));
            }
            points.extend(line);
            first_point.push(points.len() as u32);
        }
        for junction in &network.junctions {
            let links = junction.incoming.len().max(junction.outgoing.len());
            if links > DEGREE_MAX {
                return Err(Error::Limit {
                    what: "the number of links at a junction, for matching,",
                    found: links as u64,
                    limit: DEGREE_MAX as u64,
                });
            }
        }
        let out = Rows::new(network, |junction| &junction.outgoing);
        let into = Rows::new(network, |junction| &junction.incoming);
        let mut map = Self {
            ways: Vec::new(),
            grid: Grid::new(&points, &along, &first_point)?,
            points,
            along,
            first_point,
            out,
            into,
            fingerprint: 0,
        };
        map.ways = ways(network, &map);
        map.fingerprint = map.hash();
        Ok(map)
    }

    /// A number that is the same for the same lines and junctions, and hardly ever for others.
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// How many links there are.
    pub fn link_count(&self) -> usize {
        self.ways.len()
    }

    /// How many junctions there are.
    pub fn junction_count(&self) -> usize {
        self.out.junctions()
    }

    /// Length of a link's line, metres.
    pub fn length(&self, link: LinkId) -> f64 {
        self.ways
            .get(link.index())
            .map_or(0.0, |way| f64::from(way.length))
    }

    /// The line that vehicles are taken to drive along: the middle of the link's lanes.
    pub fn line(&self, link: LinkId) -> &[Point] {
        let range = |index: usize| self.first_point.get(index).map(|&at| at as usize);
        match (range(link.index()), range(link.index() + 1)) {
            (Some(start), Some(end)) => &self.points[start..end],
            _ => &[],
        }
    }

    /// Part of a link's line, from one distance along it to another, metres; both ends included.
    pub fn part(&self, link: LinkId, from: f64, to: f64) -> Vec<Point> {
        let line = self.line(link);
        let start = self
            .first_point
            .get(link.index())
            .map_or(0, |&at| at as usize);
        let along = &self.along[start..start + line.len()];
        let mut part = vec![geometry::point_at(line, from)];
        for (point, &at) in line.iter().zip(along) {
            if f64::from(at) > from && f64::from(at) < to {
                part.push(*point);
            }
        }
        part.push(geometry::point_at(line, to));
        part
    }

    /// The links within `radius` metres of a point, each with its nearest place, the nearest
    /// `most` of them first.
    #[inline]
    pub(super) fn near(&self, point: Point, radius: f64, most: usize, found: &mut Vec<Near>) {
        self.grid.near(point, radius, most, found);
    }

    /// Whether a point lies within `margin` metres of the rectangle around all lines.
    pub fn covers(&self, point: Point, margin: f64) -> bool {
        self.grid.covers(point, margin)
    }

    fn hash(&self) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(&(self.junction_count() as u64).to_le_bytes());
        for way in &self.ways {
            hash.update(&way.from.to_le_bytes());
            hash.update(&way.to.to_le_bytes());
            hash.update(&way.length.to_bits().to_le_bytes());
        }
        for point in &self.points {
            hash.update(&point.x.to_bits().to_le_bytes());
            hash.update(&point.y.to_bits().to_le_bytes());
        }
        hash.digest()
    }
}

/// The reference line of a link, moved to the middle of its lanes.
fn middle_line(network: &Network, link: &Link) -> Vec<Point> {
    let lanes = &network.lanes[link.lanes.range()];
    let length = geometry::length(&link.shape);
    let half = length * 0.5;
    let reference = geometry::point_at(&link.shape, half);
    let right = geometry::direction_at(&link.shape, half).right();
    let sum = lanes.iter().fold(Point::default(), |sum, lane| {
        sum + geometry::point_at(&lane.shape, geometry::length(&lane.shape) * 0.5)
    });
    let offset = (sum * (1.0 / lanes.len().max(1) as f64) - reference).dot(right);
    let width: f64 = lanes.iter().map(|lane| lane.width).sum();
    // Lines with a bend in the middle measure falsely: nobody drives outside the lanes.
    let offset = if offset.is_finite() {
        offset.clamp(-0.5 * width, 0.5 * width)
    } else {
        0.0
    };
    let moved = geometry::offset_right(&link.shape, offset);
    let sound = moved.iter().all(|point| point.is_finite())
        && (geometry::length(&moved) - length).abs() < 0.2 * length + 10.0;
    if sound { moved } else { link.shape.clone() }
}

fn ways(network: &Network, map: &Map) -> Vec<Way> {
    let place = |link: LinkId| {
        let from = network.links[link.index()].from.0;
        let row = map.out.of(from);
        row.iter().position(|&other| other == link.0).unwrap_or(0) as u8
    };
    let mut ways: Vec<Way> = network
        .links
        .iter()
        .enumerate()
        .map(|(index, link)| {
            let lanes = &network.lanes[link.lanes.range()];
            let limits = lanes.iter().map(|lane| lane.speed_limit);
            let end = map.first_point[index + 1] as usize - 1;
            Way {
                from: link.from.0,
                to: link.to.0,
                length: map.along[end],
                speed: limits.fold(1.0, f64::max) as f32,
                place: place(LinkId::from(index)),
                drivable: 0,
                back: same_road_back(network, map, LinkId::from(index)),
            }
        })
        .collect();
    for turn in network
        .turns
        .iter()
        .filter(|turn| !turn.movements.is_empty())
    {
        let bit = 1 << ways[turn.to.index()].place;
        let way = &mut ways[turn.from.index()];
        way.drivable |= bit;
        if turn.direction == Direction::UTurn {
            way.back |= bit;
        }
    }
    ways
}

/// The links at the end of `link` that are the other direction of the same road.
fn same_road_back(network: &Network, map: &Map, link: LinkId) -> u64 {
    let middle = |link: LinkId| {
        let line = map.line(link);
        geometry::point_at(line, geometry::length(line) * 0.5)
    };
    let own = &network.links[link.index()];
    let mut back = 0;
    for (place, &other) in map.out.of(own.to.0).iter().enumerate() {
        if network.links[other as usize].to == own.from
            && middle(LinkId(other)).distance(middle(link)) < SAME_ROAD_M
        {
            back |= 1 << place;
        }
    }
    back
}
