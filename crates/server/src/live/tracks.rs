//! The paths that vehicles move along, prepared for drawing: every lane and movement as a polyline
//! in map units with the distance at each vertex.
//!
//! *Map units* are Web Mercator (unit square) from the network's origin, times 2²⁰, so that `f32`
//! resolves centimetres across a city; y grows to the south. A *place* is a lane, or a movement
//! after all lanes.

use roads::model::DrivingSide;
use roads::{LaneId, MovementId, Network};
use sim::Place;

use crate::geo::Projection;

/// Map units in the side of the Web Mercator square.
pub(crate) const MAP_UNITS: f64 = 1_048_576.0;

/// Index of a lane, or of a movement after all lanes.
pub(crate) type PlaceIndex = u32;

#[derive(Clone, Copy, Debug)]
struct Vertex {
    x: f32,
    y: f32,
    /// Distance from the start of the place, metres by the place's own length.
    at: f32,
}

/// Where and in which direction something stands, in map units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    /// To the east.
    pub(crate) x: f32,
    /// To the south.
    pub(crate) y: f32,
    /// Unit vector of the direction of travel, y to the south.
    pub(crate) forward: [f32; 2],
}

/// All lanes and movements of a network as drawn paths.
#[derive(Debug)]
pub(crate) struct Tracks {
    origin: [f64; 2],
    starts: Vec<u32>,
    vertices: Vec<Vertex>,
    lengths: Vec<f32>,
    links: Vec<u32>,
    lanes: usize,
    /// Map units in a metre, with the sign of the outer side: positive when it is on the right.
    outwards: f32,
    /// Distance of each lane's centre from the link's inner edge, metres.
    offsets: Vec<f32>,
}

/// The value of [`Tracks::link`] inside a junction.
pub(crate) const NO_LINK: u32 = u32::MAX;

impl Tracks {
    /// Prepares the paths of a network.
    pub(crate) fn new(network: &Network, projection: &Projection) -> Self {
        let bounds = projection.bounds(network);
        let (longitude, latitude) = (
            f64::midpoint(bounds.west, bounds.east),
            f64::midpoint(bounds.south, bounds.north),
        );
        let origin = crate::geo::mercator(longitude, latitude);
        let circumference = 6_371_008.8 * 2.0 * std::f64::consts::PI;
        let unit = MAP_UNITS / (circumference * latitude.to_radians().cos());
        let mut tracks = Self {
            origin,
            starts: vec![0],
            vertices: Vec::new(),
            lengths: Vec::new(),
            links: Vec::new(),
            lanes: network.lanes.len(),
            outwards: match network.driving_side {
                DrivingSide::Right => unit as f32,
                DrivingSide::Left => -unit as f32,
            },
            offsets: Vec::with_capacity(network.lanes.len()),
        };
        for lane in &network.lanes {
            tracks.add(&lane.shape, lane.length, lane.link.0, projection);
        }
        for movement in &network.movements {
            tracks.add(&movement.shape, movement.length, NO_LINK, projection);
        }
        for link in &network.links {
            let mut edge = 0.0;
            for lane in &network.lanes[link.lanes.range()] {
                tracks.offsets.push((edge + lane.width / 2.0) as f32);
                edge += lane.width;
            }
        }
        tracks
    }

    fn add(&mut self, shape: &[roads::Point], length: f64, link: u32, projection: &Projection) {
        let drawn = roads::geometry::length(shape);
        let scale = if drawn > 0.0 { length / drawn } else { 1.0 };
        let mut at = 0.0;
        for (i, &point) in shape.iter().enumerate() {
            if i > 0 {
                at += point.distance(shape[i - 1]) * scale;
            }
            let [x, y] = projection.mercator(point);
            self.vertices.push(Vertex {
                x: ((x - self.origin[0]) * MAP_UNITS) as f32,
                y: ((y - self.origin[1]) * MAP_UNITS) as f32,
                at: at as f32,
            });
        }
        self.starts.push(self.vertices.len() as u32);
        self.lengths.push(length as f32);
        self.links.push(link);
    }

    /// Web Mercator coordinates from which map units count.
    pub(crate) const fn origin(&self) -> [f64; 2] {
        self.origin
    }

    /// A point of the Web Mercator square in map units.
    pub(crate) fn map_units(&self, mercator: [f64; 2]) -> [f32; 2] {
        [
            ((mercator[0] - self.origin[0]) * MAP_UNITS) as f32,
            ((mercator[1] - self.origin[1]) * MAP_UNITS) as f32,
        ]
    }

    /// The index of a place.
    pub(crate) const fn place(&self, place: Place) -> PlaceIndex {
        match place {
            Place::Lane(lane) => lane.0,
            Place::Movement(movement) => self.lanes as u32 + movement.0,
        }
    }

    /// The lane or movement of an index.
    pub(crate) const fn at(&self, place: PlaceIndex) -> Place {
        if (place as usize) < self.lanes {
            Place::Lane(LaneId(place))
        } else {
            Place::Movement(MovementId(place - self.lanes as u32))
        }
    }

    /// The link of a lane, [`NO_LINK`] for a movement.
    #[inline]
    pub(crate) fn link(&self, place: PlaceIndex) -> u32 {
        self.links[place as usize]
    }

    /// Length of a place, metres.
    #[inline]
    pub(crate) fn length(&self, place: PlaceIndex) -> f32 {
        self.lengths[place as usize]
    }

    /// How far lane `to` lies outwards of lane `from` of the same link, metres.
    pub(crate) fn shift_between(&self, from: PlaceIndex, to: PlaceIndex) -> f32 {
        self.offsets[to as usize] - self.offsets[from as usize]
    }

    /// The point at `distance` metres along a place (kept within its ends), `lateral` metres
    /// outwards of it.
    pub(crate) fn spot(&self, place: PlaceIndex, distance: f32, lateral: f32) -> Spot {
        let range = self.starts[place as usize] as usize..self.starts[place as usize + 1] as usize;
        let vertices = &self.vertices[range];
        // The first vertex beyond the distance ends the segment.
        let end = vertices
            .partition_point(|vertex| vertex.at <= distance)
            .clamp(1, vertices.len() - 1);
        let (a, b) = (vertices[end - 1], vertices[end]);
        let length = b.at - a.at;
        let share = if length > 0.0 {
            ((distance - a.at) / length).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let norm = (dx * dx + dy * dy).sqrt();
        let forward = if norm > 0.0 {
            [dx / norm, dy / norm]
        } else {
            [1.0, 0.0]
        };
        // With y to the south the right-hand normal of (x, y) is (-y, x).
        let shift = lateral * self.outwards;
        Spot {
            x: a.x + dx * share - forward[1] * shift,
            y: a.y + dy * share + forward[0] * shift,
            forward,
        }
    }
}
