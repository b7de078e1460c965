//! On which side people drive, guessed from where on the globe a file lies.

use crate::model::DrivingSide;

/// Boxes (west, south, east, north, in degrees) that hold countries with traffic on the left and
/// little else. Coarse near borders: the reader's options can state the side.
const LEFT: [(f64, f64, f64, f64); 32] = [
    (-11.0, 49.9, -5.3, 60.9),    // Ireland, west of Great Britain
    (-5.4, 50.0, 1.8, 60.9),      // Great Britain
    (14.1, 35.7, 14.7, 36.2),     // Malta
    (32.2, 34.5, 34.7, 35.8),     // Cyprus
    (129.6, 30.9, 132.2, 34.0),   // Japan: Kyushu
    (132.2, 32.5, 142.2, 41.6),   // Japan: Shikoku, Honshu
    (139.3, 41.3, 145.9, 45.6),   // Japan: Hokkaido
    (122.9, 24.0, 131.4, 29.0),   // Japan: Okinawa
    (112.0, -44.0, 154.0, -10.6), // Australia
    (166.0, -48.0, 179.0, -34.0), // New Zealand
    (176.8, -19.3, 180.0, -16.0), // Fiji
    (68.2, 6.5, 88.0, 26.4),      // India, south and west
    (69.9, 23.8, 80.5, 32.5),     // India, north-west
    (80.0, 26.3, 88.2, 28.2),     // Nepal's plains, Bihar
    (88.0, 20.6, 92.3, 26.6),     // Bangladesh
    (61.5, 24.8, 70.0, 30.5),     // Pakistan
    (68.0, 29.0, 75.3, 35.5),     // Pakistan, north
    (79.4, 5.8, 82.0, 9.9),       // Sri Lanka
    (97.9, 13.0, 102.3, 20.0),    // Thailand
    (99.0, 6.6, 101.0, 13.2),     // Thailand, south
    (99.6, 1.1, 104.5, 6.6),      // Malaysia, Singapore
    (95.0, -11.0, 119.5, 6.0),    // Indonesia, west; Borneo
    (118.7, -11.0, 156.0, 2.0),   // Indonesia, east; Papua New Guinea
    (113.8, 22.13, 114.45, 22.5), // Hong Kong
    (113.5, 22.1, 113.6, 22.22),  // Macau
    (16.4, -35.0, 33.0, -17.5),   // South Africa, Namibia, Botswana, Zimbabwe
    (22.0, -18.0, 35.0, -8.3),    // Zambia, Malawi
    (32.5, -27.0, 41.0, -10.5),   // Mozambique
    (30.9, -11.5, 41.9, 4.2),     // Tanzania, Kenya, Uganda
    (57.2, -20.6, 57.9, -19.9),   // Mauritius
    (-78.5, 17.6, -76.1, 18.6),   // Jamaica
    (-61.95, 10.0, -59.3, 13.5),  // Trinidad, Barbados
];

/// The side on which people drive at a longitude and latitude in degrees.
pub(super) fn guess((longitude, latitude): (f64, f64)) -> DrivingSide {
    let left = LEFT.iter().any(|&(west, south, east, north)| {
        (west..=east).contains(&longitude) && (south..=north).contains(&latitude)
    });
    if left {
        DrivingSide::Left
    } else {
        DrivingSide::Right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_on_both_sides() {
        for (name, place, side) in [
            ("Valletta", (14.51, 35.90), DrivingSide::Left),
            ("London", (-0.12, 51.5), DrivingSide::Left),
            ("Hong Kong", (114.17, 22.3), DrivingSide::Left),
            ("Tokyo", (139.7, 35.7), DrivingSide::Left),
            ("Singapore", (103.8, 1.35), DrivingSide::Left),
            ("Delhi", (77.2, 28.6), DrivingSide::Left),
            ("Hangzhou", (120.15, 30.27), DrivingSide::Right),
            ("Shenzhen", (114.06, 22.54), DrivingSide::Right),
            ("Helsinki", (24.94, 60.17), DrivingSide::Right),
            ("Seoul", (127.0, 37.55), DrivingSide::Right),
            ("Paris", (2.35, 48.85), DrivingSide::Right),
            ("Monaco", (7.42, 43.73), DrivingSide::Right),
        ] {
            assert_eq!(guess(place), side, "{name}");
        }
    }
}
