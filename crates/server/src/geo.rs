//! From the network's local plane to the globe and to Web Mercator.
//!
//! Web Mercator coordinates are those of the unit square: x from 0 at 180° W to 1 at 180° E, y from
//! 0 at 85.05° N to 1 at 85.05° S.

use std::f64::consts::PI;

use roads::model::Georeference;
use roads::{Network, Point};

/// Where networks that do not know their place on the globe are put: the middle of Hangzhou.
pub const DEFAULT_CENTRE: Georeference = Georeference {
    longitude: 120.155,
    latitude: 30.274,
};

/// The latitude at which the unit square ends, degrees.
pub const LATITUDE_MAX: f64 = 85.051_128_779_806_59;

/// A rectangle in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Western edge.
    pub west: f64,
    /// Southern edge.
    pub south: f64,
    /// Eastern edge.
    pub east: f64,
    /// Northern edge.
    pub north: f64,
}

impl Bounds {
    /// Bounds from `[west, south, east, north]`.
    ///
    /// # Errors
    /// A message that says which number is wrong.
    pub fn from_array(array: [f64; 4]) -> Result<Self, String> {
        let [west, south, east, north] = array;
        if !array.iter().all(|value| value.is_finite()) {
            return Err("bounds must be four finite numbers".to_owned());
        }
        if !(-90.0..=90.0).contains(&south) || !(-90.0..=90.0).contains(&north) || south > north {
            return Err(format!(
                "south {south} and north {north} must be latitudes, the smaller one first"
            ));
        }
        if west > east || west < -540.0 || east > 540.0 {
            return Err(format!(
                "west {west} and east {east} must be longitudes, the smaller one first"
            ));
        }
        Ok(Self {
            west,
            south,
            east,
            north,
        })
    }

    /// `[west, south, east, north]`.
    pub const fn to_array(self) -> [f64; 4] {
        [self.west, self.south, self.east, self.north]
    }
}

/// A point of the unit square from degrees; latitudes beyond the square end at its edge.
pub fn mercator(longitude: f64, latitude: f64) -> [f64; 2] {
    let latitude = latitude.clamp(-LATITUDE_MAX, LATITUDE_MAX).to_radians();
    [
        longitude / 360.0 + 0.5,
        (1.0 - (latitude.tan() + 1.0 / latitude.cos()).ln() / PI) / 2.0,
    ]
}

/// The place of a network on the globe.
#[derive(Clone, Copy, Debug)]
pub struct Projection {
    reference: Georeference,
    shift: Point,
}

impl Projection {
    /// The network's own place, or, without one, its middle at [`DEFAULT_CENTRE`].
    pub fn of(network: &Network) -> Self {
        network.georeference.map_or_else(
            || {
                let (low, high) = extent(network);
                Self {
                    reference: DEFAULT_CENTRE,
                    shift: (low + high) * -0.5,
                }
            },
            |reference| Self {
                reference,
                shift: Point::default(),
            },
        )
    }

    /// Longitude and latitude of a point of the local plane.
    pub fn degrees(&self, point: Point) -> [f64; 2] {
        let (longitude, latitude) = self.reference.to_degrees(point + self.shift);
        [longitude, latitude]
    }

    /// The point of the local plane at a longitude and latitude.
    pub fn local(&self, [longitude, latitude]: [f64; 2]) -> Point {
        self.reference.to_local(longitude, latitude) - self.shift
    }

    /// Web Mercator of a point of the local plane.
    pub fn mercator(&self, point: Point) -> [f64; 2] {
        let [longitude, latitude] = self.degrees(point);
        mercator(longitude, latitude)
    }

    /// The rectangle around a network, in degrees.
    pub fn bounds(&self, network: &Network) -> Bounds {
        let (low, high) = extent(network);
        let [west, south] = self.degrees(low);
        let [east, north] = self.degrees(high);
        Bounds {
            west,
            south,
            east,
            north,
        }
    }
}

/// The corners of the rectangle around all lanes, metres.
fn extent(network: &Network) -> (Point, Point) {
    let mut low = Point::new(f64::INFINITY, f64::INFINITY);
    let mut high = Point::new(f64::NEG_INFINITY, f64::NEG_INFINITY);
    for point in network.lanes.iter().flat_map(|lane| &lane.shape) {
        low = Point::new(low.x.min(point.x), low.y.min(point.y));
        high = Point::new(high.x.max(point.x), high.y.max(point.y));
    }
    if low.is_finite() && high.is_finite() {
        (low, high)
    } else {
        (Point::default(), Point::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_square_has_greenwich_on_the_equator_in_its_middle() {
        let [x, y] = mercator(0.0, 0.0);
        assert!((x - 0.5).abs() < 1e-15 && (y - 0.5).abs() < 1e-15);
        let [x, y] = mercator(180.0, LATITUDE_MAX);
        assert!((x - 1.0).abs() < 1e-12 && y.abs() < 1e-12);
        // Hangzhou, by the formula in another form: y = 1/2 - ln(tan(π/4 + φ/2)) / 2π.
        let [_, y] = mercator(120.155, 30.274);
        let other = 0.5 - (PI / 4.0 + 30.274_f64.to_radians() / 2.0).tan().ln() / (2.0 * PI);
        assert!((y - other).abs() < 1e-12);
    }

    #[test]
    fn bounds_are_checked() {
        assert!(Bounds::from_array([120.0, 30.0, 121.0, 31.0]).is_ok());
        for bad in [
            [f64::NAN, 30.0, 121.0, 31.0],
            [120.0, 31.0, 121.0, 30.0],
            [121.0, 30.0, 120.0, 31.0],
            [120.0, -100.0, 121.0, 31.0],
            [-1e9, 30.0, 1e9, 31.0],
        ] {
            assert!(Bounds::from_array(bad).is_err(), "{bad:?}");
        }
    }
}
