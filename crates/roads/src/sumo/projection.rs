//! From the plane of a SUMO network back to longitude and latitude: the transverse Mercator
//! projection (of which UTM is one), by Krüger's series.

use crate::geometry::Point;

/// A transverse Mercator projection of the WGS 84 (or GRS 80) ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TransverseMercator {
    /// Central meridian, degrees east.
    longitude: f64,
    /// Scale on the central meridian.
    scale: f64,
    /// Added to x, metres.
    false_easting: f64,
    /// Added to y, metres.
    false_northing: f64,
}

/// Half the larger axis of the ellipsoid, metres.
const SEMI_MAJOR: f64 = 6_378_137.0;
/// Its flattening.
const FLATTENING: f64 = 1.0 / 298.257_223_563;

impl TransverseMercator {
    /// The projection that a PROJ string describes, if it is one of this family.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            text.split_ascii_whitespace()
                .find_map(|word| word.strip_prefix('+')?.strip_prefix(key)?.strip_prefix('='))
        };
        let number = |key: &str| value(key).and_then(|text| text.parse::<f64>().ok());
        match value("proj")? {
            "utm" => {
                let zone = number("zone").filter(|zone| (1.0..=60.0).contains(zone))?;
                let south = text.split_ascii_whitespace().any(|word| word == "+south");
                Some(Self {
                    longitude: zone * 6.0 - 183.0,
                    scale: 0.9996,
                    false_easting: 500_000.0,
                    false_northing: if south { 10_000_000.0 } else { 0.0 },
                })
            }
            "tmerc" if number("lat_0").unwrap_or(0.0) == 0.0 => Some(Self {
                longitude: number("lon_0")?,
                scale: number("k").or_else(|| number("k_0")).unwrap_or(1.0),
                false_easting: number("x_0").unwrap_or(0.0),
                false_northing: number("y_0").unwrap_or(0.0),
            }),
            _ => None,
        }
    }

    /// Longitude and latitude in degrees of a point of the projection's plane.
    pub(super) fn to_degrees(self, point: Point) -> (f64, f64) {
        let n = FLATTENING / (2.0 - FLATTENING);
        let (n2, n3) = (n * n, n * n * n);
        let radius = SEMI_MAJOR / (1.0 + n) * (1.0 + n2 / 4.0 + n2 * n2 / 64.0);
        let beta = [
            n / 2.0 - 2.0 / 3.0 * n2 + 37.0 / 96.0 * n3,
            n2 / 48.0 + n3 / 15.0,
            17.0 / 480.0 * n3,
        ];
        let delta = [
            2.0 * n - 2.0 / 3.0 * n2 - 2.0 * n3,
            7.0 / 3.0 * n2 - 8.0 / 5.0 * n3,
            56.0 / 15.0 * n3,
        ];
        let xi = (point.y - self.false_northing) / (self.scale * radius);
        let eta = (point.x - self.false_easting) / (self.scale * radius);
        let (mut xi_sphere, mut eta_sphere) = (xi, eta);
        for (factor, beta) in [2.0, 4.0, 6.0].into_iter().zip(beta) {
            xi_sphere -= beta * (factor * xi).sin() * (factor * eta).cosh();
            eta_sphere -= beta * (factor * xi).cos() * (factor * eta).sinh();
        }
        let conformal = (xi_sphere.sin() / eta_sphere.cosh()).asin();
        let mut latitude = conformal;
        for (factor, delta) in [2.0, 4.0, 6.0].into_iter().zip(delta) {
            latitude += delta * (factor * conformal).sin();
        }
        let longitude = eta_sphere.sinh().atan2(xi_sphere.cos());
        (
            self.longitude + longitude.to_degrees(),
            latitude.to_degrees(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utm_is_turned_back_into_degrees() {
        let utm = TransverseMercator::parse("+proj=utm +zone=17 +ellps=WGS84").unwrap();
        let (longitude, latitude) = utm.to_degrees(Point::new(630_084.3, 4_833_438.5));
        // The CN Tower in Toronto: 43°38′33.24″ N, 79°23′13.7″ W.
        assert!((latitude - 43.642_567).abs() < 1e-5, "{latitude}");
        assert!((longitude + 79.387_139).abs() < 1e-5, "{longitude}");
    }

    #[test]
    fn a_meridian_arc_has_its_length() {
        let utm = TransverseMercator::parse("+proj=utm +zone=32").unwrap();
        // A quarter of a meridian is 10,001,965.729 m on this ellipsoid.
        let (longitude, latitude) = utm.to_degrees(Point::new(500_000.0, 0.9996 * 10_001_965.729));
        assert!((latitude - 90.0).abs() < 1e-7, "{latitude}");
        assert!((longitude - 9.0).abs() < 1e-9 || latitude > 89.999_999);
    }

    #[test]
    fn other_projections_are_not_guessed() {
        for text in ["!", "-", "+proj=merc", "+proj=utm", "+proj=utm +zone=99"] {
            assert_eq!(TransverseMercator::parse(text), None, "{text}");
        }
    }
}
