//! SUMO's vehicle classes: which of them this model moves, which lanes cars may use, and what a
//! vehicle of a class is like when its type does not say.

use crate::demand::VehicleType;

/// Whether a lane with these permissions is open to passenger cars.
///
/// As in SUMO, a lane without permissions is open to all, and a list of what is allowed closes it
/// to everybody else.
pub(super) fn open_to_cars(allow: Option<&str>, disallow: Option<&str>) -> bool {
    let names = |list: &str, class: &str| list.split_ascii_whitespace().any(|word| word == class);
    match (allow, disallow) {
        (Some(allow), _) if !allow.trim().is_empty() => {
            names(allow, "passenger") || names(allow, "all")
        }
        (_, Some(disallow)) => !names(disallow, "passenger") && !names(disallow, "all"),
        _ => true,
    }
}

/// The vehicle that SUMO takes for a class where the type does not say otherwise; `None` for
/// classes that do not drive on roads among cars.
pub(super) fn defaults(class: &str) -> Option<VehicleType> {
    // length, width, acceleration, deceleration, top speed in km/h
    let (length, width, acceleration, deceleration, top) = match class {
        "ignoring" | "private" | "authority" | "army" | "vip" | "passenger" | "hov" | "taxi"
        | "evehicle" | "custom1" | "custom2" => (5.0, 1.8, 2.6, 4.5, 200.0),
        "emergency" | "delivery" => (6.5, 2.16, 2.6, 4.5, 200.0),
        "bus" => (12.0, 2.5, 1.2, 4.0, 100.0),
        "coach" => (14.0, 2.6, 2.0, 4.0, 100.0),
        "truck" => (7.1, 2.4, 1.3, 4.0, 130.0),
        "trailer" => (16.5, 2.55, 1.1, 4.0, 130.0),
        "motorcycle" => (2.2, 0.9, 6.0, 10.0, 200.0),
        "moped" => (2.1, 0.78, 1.1, 7.0, 60.0),
        _ => return None,
    };
    Some(VehicleType {
        id: class.to_owned(),
        length,
        width,
        max_acceleration: acceleration,
        max_deceleration: deceleration,
        usual_acceleration: acceleration,
        usual_deceleration: deceleration,
        min_gap: 2.5,
        max_speed: top / 3.6,
        headway: 1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_read_as_sumo_reads_them() {
        assert!(open_to_cars(None, None));
        assert!(open_to_cars(Some("all"), None));
        assert!(open_to_cars(Some("bus passenger"), None));
        assert!(!open_to_cars(Some("bus taxi"), None));
        assert!(open_to_cars(None, Some("tram pedestrian")));
        assert!(!open_to_cars(None, Some("passenger bus")));
        assert!(!open_to_cars(None, Some("all")));
    }

    #[test]
    fn people_and_trains_are_not_cars() {
        for class in ["pedestrian", "bicycle", "tram", "rail", "ship", "scooter"] {
            assert!(defaults(class).is_none(), "{class}");
        }
    }
}
