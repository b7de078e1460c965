//! The local plane of a SUMO network: its own coordinates, or, where the projection is known,
//! metres about the middle of the network with a place on the globe.

use crate::geometry::Point;
use crate::model::Georeference;

use super::file::RawNetwork;
use super::projection::TransverseMercator;

/// How a file's coordinates become local ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plane {
    /// As they are.
    AsGiven,
    /// Back through the projection to degrees, and out again about the network's middle: SUMO's
    /// own origin may lie hundreds of kilometres away, and its north is the grid's.
    Projected {
        /// The file's projection.
        projection: TransverseMercator,
        /// What was added to projected coordinates.
        offset: Point,
        /// The new origin.
        reference: Georeference,
    },
}

impl Plane {
    /// The plane of a file.
    pub(super) fn of(file: &RawNetwork<'_>) -> Self {
        let Some(location) = &file.location else {
            return Self::AsGiven;
        };
        let Some(projection) = TransverseMercator::parse(&location.projection) else {
            return Self::AsGiven;
        };
        let middle = match location.corners {
            Some((low, high)) => low.lerp(high, 0.5),
            None => match file.junctions.first() {
                Some(junction) => junction.point,
                None => return Self::AsGiven,
            },
        };
        let (longitude, latitude) = projection.to_degrees(middle - location.offset);
        if !(longitude.is_finite() && latitude.abs() < 85.0) {
            return Self::AsGiven;
        }
        Self::Projected {
            projection,
            offset: location.offset,
            reference: Georeference {
                longitude,
                latitude,
            },
        }
    }

    /// Where on the globe the local origin lies.
    pub(super) const fn georeference(&self) -> Option<Georeference> {
        match self {
            Self::AsGiven => None,
            Self::Projected { reference, .. } => Some(*reference),
        }
    }

    /// What SUMO adds to the coordinates of its projection, if they have one.
    pub(super) const fn offset(&self) -> Option<Point> {
        match self {
            Self::AsGiven => None,
            Self::Projected { offset, .. } => Some(*offset),
        }
    }

    /// A point of the file in the local plane.
    pub(super) fn local(&self, point: Point) -> Point {
        match self {
            Self::AsGiven => point,
            Self::Projected {
                projection,
                offset,
                reference,
            } => {
                let (longitude, latitude) = projection.to_degrees(point - *offset);
                reference.to_local(longitude, latitude)
            }
        }
    }

    /// A line of the file in the local plane, without points that stand on one another.
    pub(super) fn line(&self, points: &[Point]) -> Vec<Point> {
        /// Points nearer than this are one, metres. Files are written to the centimetre.
        const SAME: f64 = 1e-3;
        let mut line: Vec<Point> = Vec::with_capacity(points.len());
        for &point in points {
            let point = self.local(point);
            if line.last().is_none_or(|last| {
                let apart = last.distance(point);
                apart > SAME || apart.is_nan()
            }) {
                line.push(point);
            }
        }
        line
    }
}
