//! What the tags of a way say to a car: class, directions, lanes, speeds, turn markings, access.

use super::pbf::Tags;
use crate::model::RoadClass;

/// Most lanes in one direction; a greater number is a mistake in the data and is cut to this.
const LANES_MAX: usize = 10;
/// Lowest and highest speed limit that is believed, km/h.
const SPEED_RANGE: (f64, f64) = (5.0, 140.0);
const KMH: f64 = 1.0 / 3.6;
const MPH: f64 = 0.447_04;

/// Arrows painted on a lane, a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrows(u8);

impl Arrows {
    pub(super) const LEFT: Self = Self(1);
    pub(super) const SLIGHT_LEFT: Self = Self(2);
    pub(super) const THROUGH: Self = Self(4);
    pub(super) const SLIGHT_RIGHT: Self = Self(8);
    pub(super) const RIGHT: Self = Self(16);
    pub(super) const REVERSE: Self = Self(32);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn parse(text: &str) -> Self {
        let one = |word: &str| match word.trim() {
            "left" | "sharp_left" => Self::LEFT,
            "slight_left" => Self::SLIGHT_LEFT,
            "through" => Self::THROUGH,
            "slight_right" => Self::SLIGHT_RIGHT,
            "right" | "sharp_right" => Self::RIGHT,
            "reverse" => Self::REVERSE,
            _ => Self::default(), // none, merge_to_left, merge_to_right
        };
        text.split(';')
            .fold(Self::default(), |all, word| Self(all.0 | one(word).0))
    }

    /// The same arrows seen in a mirror.
    const fn mirrored(self) -> Self {
        let Self(bits) = self;
        let kept = bits & (Self::THROUGH.0 | Self::REVERSE.0);
        Self(
            kept | (bits & Self::LEFT.0) << 4
                | (bits & Self::RIGHT.0) >> 4
                | (bits & Self::SLIGHT_LEFT.0) << 2
                | (bits & Self::SLIGHT_RIGHT.0) >> 2,
        )
    }
}

/// One direction of a way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Carriageway {
    /// Lanes open to cars, at least one.
    pub(super) lanes: usize,
    /// Speed limit, m/s.
    pub(super) speed_limit: f64,
    /// Arrows, one for each lane, innermost first; empty when nothing is known.
    pub(super) arrows: Vec<Arrows>,
}

/// A way as a car sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Road {
    pub(super) class: RoadClass,
    pub(super) name: Option<String>,
    pub(super) elevated: bool,
    pub(super) roundabout: bool,
    /// In the direction in which the way was drawn.
    pub(super) forward: Option<Carriageway>,
    /// Against it.
    pub(super) backward: Option<Carriageway>,
}

impl Road {
    /// The road in a mirror: what was on the left is on the right.
    pub(super) fn mirror(&mut self) {
        for side in [&mut self.forward, &mut self.backward]
            .into_iter()
            .flatten()
        {
            side.arrows.reverse();
            for arrows in &mut side.arrows {
                *arrows = arrows.mirrored();
            }
        }
    }
}

/// The class of a way, if it is a road.
pub(super) fn class(tags: &Tags<'_>) -> Option<RoadClass> {
    if tags.is("area", "yes") {
        return None;
    }
    Some(match tags.get("highway")? {
        "motorway" => RoadClass::Motorway,
        "motorway_link" => RoadClass::MotorwayLink,
        "trunk" => RoadClass::Trunk,
        "trunk_link" => RoadClass::TrunkLink,
        "primary" => RoadClass::Primary,
        "primary_link" => RoadClass::PrimaryLink,
        "secondary" => RoadClass::Secondary,
        "secondary_link" => RoadClass::SecondaryLink,
        "tertiary" => RoadClass::Tertiary,
        "tertiary_link" => RoadClass::TertiaryLink,
        "unclassified" | "road" => RoadClass::Unclassified,
        "residential" => RoadClass::Residential,
        "living_street" => RoadClass::LivingStreet,
        "service" => match tags.get("service") {
            Some("driveway" | "parking_aisle" | "drive-through" | "emergency_access") => {
                return None;
            }
            _ => RoadClass::Service,
        },
        _ => return None,
    })
}

/// Whether cars may use the way (or pass the node) at all.
pub(super) fn open_to_cars(tags: &Tags<'_>) -> bool {
    ["motorcar", "motor_vehicle", "vehicle", "access"]
        .into_iter()
        .find_map(|key| tags.get(key))
        .is_none_or(|value| !closed(value))
}

fn closed(value: &str) -> bool {
    matches!(
        value,
        "no" | "private" | "agricultural" | "forestry" | "emergency" | "military" | "bus" | "psv"
    )
}

/// Lanes in one direction and the speed limit in km/h where the map does not say.
const fn defaults(class: RoadClass) -> (usize, f64) {
    match class {
        RoadClass::Motorway => (2, 100.0),
        RoadClass::Trunk => (2, 80.0),
        RoadClass::MotorwayLink | RoadClass::TrunkLink => (1, 60.0),
        RoadClass::Primary
        | RoadClass::PrimaryLink
        | RoadClass::Secondary
        | RoadClass::SecondaryLink
        | RoadClass::Tertiary
        | RoadClass::TertiaryLink
        | RoadClass::Unclassified => (1, 50.0),
        RoadClass::Residential => (1, 40.0),
        RoadClass::LivingStreet | RoadClass::Service => (1, 20.0),
    }
}

/// What a way's tags say; `None` when cars cannot use it.
pub(super) fn road(tags: &Tags<'_>, class: RoadClass) -> Option<Road> {
    if !open_to_cars(tags) {
        return None;
    }
    let roundabout = matches!(tags.get("junction"), Some("roundabout" | "circular"));
    let implied = roundabout || matches!(class, RoadClass::Motorway | RoadClass::MotorwayLink);
    let (mut forward, mut backward) = match tags.get("oneway") {
        Some("yes" | "true" | "1") => (true, false),
        Some("-1" | "reverse") => (false, true),
        Some("no" | "false" | "0" | "alternating") => (true, true),
        Some("reversible") => return None, // nobody knows which way it is open
        _ => (true, !implied),
    };
    let shut = |way: &str| {
        ["motor_vehicle", "vehicle", "access"]
            .iter()
            .any(|key| tags.get(&format!("{key}:{way}")).is_some_and(closed))
    };
    forward &= !shut("forward");
    backward &= !shut("backward");
    if !(forward || backward) {
        return None;
    }
    let lanes = lane_counts(tags, class, forward, backward);
    let side = |open: bool, way: &str, count: usize| {
        open.then(|| carriageway(tags, class, way, count, !(forward && backward)))
    };
    let layer = tags
        .get("layer")
        .and_then(|layer| layer.parse().ok())
        .unwrap_or(0_i32);
    let bridge = tags.get("bridge").is_some_and(|value| value != "no");
    Some(Road {
        class,
        name: tags
            .get("name")
            .or_else(|| tags.get("ref"))
            .map(str::to_owned),
        elevated: bridge || layer > 0,
        roundabout,
        forward: side(forward, "forward", lanes.0),
        backward: side(backward, "backward", lanes.1),
    })
}

fn count(tags: &Tags<'_>, key: &str) -> Option<usize> {
    let text = tags.get(key)?;
    // "2.5" and "2;3" occur: the whole lanes of the first number.
    let number = text.split(';').next()?.trim().parse::<f64>().ok()?;
    (number.is_finite() && number >= 0.0).then(|| (number as usize).min(2 * LANES_MAX))
}

/// Painted lanes forward and backward, those for buses included.
fn lane_counts(tags: &Tags<'_>, class: RoadClass, forward: bool, backward: bool) -> (usize, usize) {
    let usual = defaults(class).0;
    let listed = |way: &str, alone: bool| {
        let key = format!("turn:lanes:{way}");
        let list = tags
            .get(&key)
            .or_else(|| tags.get("turn:lanes").filter(|_| alone));
        list.map(|list| list.split('|').count())
    };
    let total = count(tags, "lanes").filter(|&total| total > 0);
    let said = |way: &str, alone: bool| {
        count(tags, &format!("lanes:{way}"))
            .filter(|&lanes| lanes > 0)
            .or_else(|| listed(way, alone))
    };
    let clamp = |lanes: usize| lanes.clamp(1, LANES_MAX);
    if !(forward && backward) {
        let way = if forward { "forward" } else { "backward" };
        let one = total.or_else(|| said(way, true)).unwrap_or(usual);
        return if forward {
            (clamp(one), 0)
        } else {
            (0, clamp(one))
        };
    }
    let shared = count(tags, "lanes:both_ways").unwrap_or(0);
    let total = total.map(|total| total.saturating_sub(shared));
    let (ahead, back) = match (said("forward", false), said("backward", false), total) {
        (Some(ahead), Some(back), _) => (ahead, back),
        (Some(ahead), None, Some(total)) => (ahead, total.saturating_sub(ahead)),
        (None, Some(back), Some(total)) => (total.saturating_sub(back), back),
        (Some(ahead), None, None) => (ahead, usual),
        (None, Some(back), None) => (usual, back),
        (None, None, Some(total)) => (total.div_ceil(2), total / 2),
        (None, None, None) => (usual, usual),
    };
    (clamp(ahead), clamp(back))
}

fn carriageway(
    tags: &Tags<'_>,
    class: RoadClass,
    way: &str,
    painted: usize,
    alone: bool,
) -> Carriageway {
    let list = |key: &str| {
        tags.get(&format!("{key}:{way}"))
            .or_else(|| tags.get(key).filter(|_| alone))
            .map(|list| list.split('|').collect::<Vec<_>>())
            .filter(|list| list.len() == painted)
    };
    // Lanes that cars may not use.
    let mut open = vec![true; painted];
    for key in ["access:lanes", "vehicle:lanes", "motor_vehicle:lanes"] {
        for (lane, value) in list(key).into_iter().flatten().enumerate() {
            open[lane] &= !closed(value);
        }
    }
    for key in ["bus:lanes", "psv:lanes"] {
        for (lane, value) in list(key).into_iter().flatten().enumerate() {
            open[lane] &= value != "designated";
        }
    }
    let mut arrows: Vec<Arrows> = list("turn:lanes")
        .into_iter()
        .flatten()
        .map(Arrows::parse)
        .collect();
    let mut lanes = open.iter().filter(|&&open| open).count();
    if lanes == painted {
        // No list of lanes; some streets only count their bus lanes.
        let counted = ["lanes:bus", "lanes:psv"].iter().find_map(|key| {
            count(tags, &format!("{key}:{way}")).or_else(|| count(tags, key).filter(|_| alone))
        });
        lanes -= counted.unwrap_or(0).min(painted);
        if lanes != painted {
            arrows.clear(); // which lane is the buses' is not known
        }
    } else if !arrows.is_empty() {
        let mut open = open.iter();
        arrows.retain(|_| open.next().copied().unwrap_or(false));
    }
    if lanes == 0 {
        // All lanes for buses, yet open to cars: believe the access tags.
        lanes = 1;
        arrows.clear();
    }
    if arrows.iter().all(|arrows| arrows.is_empty()) {
        arrows.clear();
    }
    Carriageway {
        lanes,
        speed_limit: speed(tags, way).unwrap_or(defaults(class).1 * KMH),
        arrows,
    }
}

/// The speed limit in one direction, m/s, if the tags state one.
fn speed(tags: &Tags<'_>, way: &str) -> Option<f64> {
    let text = tags
        .get(&format!("maxspeed:{way}"))
        .or_else(|| tags.get("maxspeed"))
        .and_then(parse_speed);
    text.or_else(|| {
        [
            "maxspeed:type",
            "source:maxspeed",
            "zone:maxspeed",
            "zone:traffic",
        ]
        .into_iter()
        .find_map(|key| parse_speed(tags.get(key)?))
    })
}

fn parse_speed(text: &str) -> Option<f64> {
    let text = text.split(';').next()?.trim();
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let limit = match number.parse::<f64>() {
        Ok(number) => match unit.trim() {
            "" | "km/h" | "kmh" | "kph" => number * KMH,
            "mph" => number * MPH,
            "knots" => number * 0.514_444,
            _ => return None,
        },
        Err(_) => zone_speed(text)? * KMH,
    };
    let range = (SPEED_RANGE.0 * KMH)..=(SPEED_RANGE.1 * KMH);
    range.contains(&limit).then_some(limit)
}

/// Limits that are written as words, km/h.
fn zone_speed(text: &str) -> Option<f64> {
    let (country, zone) = text.split_once(':').unwrap_or(("", text));
    Some(match (country, zone) {
        ("RU" | "UA" | "BY" | "KZ", "urban") => 60.0,
        ("RU" | "UA" | "BY" | "KZ", "motorway") => 110.0,
        ("GB", "nsl_single") => 96.6,
        ("GB", "nsl_dual" | "motorway") => 112.7,
        ("DE" | "AT" | "CH" | "IT" | "FR" | "", "none") => 130.0,
        ("DE" | "AT", "rural") | (_, "trunk") => 100.0,
        ("RU" | "UA" | "BY" | "KZ" | "IT" | "PL" | "ES" | "CZ", "rural") => 90.0,
        (_, "urban") => 50.0,
        (_, "rural") => 80.0,
        (_, "motorway") => 120.0,
        (_, "living_street") => 20.0,
        (_, "walk") => 7.0,
        _ => {
            let digits = zone
                .trim_start_matches("zone")
                .trim_start_matches([':', ' ']);
            return digits.parse::<f64>().ok(); // `DE:zone30`, `FI:zone:30`; not `signals`
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Option<Road> {
        let tags = Tags::from_pairs(pairs);
        road(&tags, class(&tags)?)
    }

    fn lanes(pairs: &[(&str, &str)]) -> (usize, usize) {
        let road = of(pairs).unwrap();
        let lanes = |side: Option<Carriageway>| side.map_or(0, |side| side.lanes);
        (lanes(road.forward), lanes(road.backward))
    }

    #[test]
    fn directions_are_stated_or_implied() {
        assert_eq!(lanes(&[("highway", "residential")]), (1, 1));
        assert_eq!(
            lanes(&[("highway", "residential"), ("oneway", "-1")]),
            (0, 1)
        );
        assert_eq!(lanes(&[("highway", "motorway")]), (2, 0));
        assert_eq!(
            lanes(&[("highway", "tertiary"), ("junction", "roundabout")]),
            (1, 0)
        );
        assert_eq!(lanes(&[("highway", "motorway"), ("oneway", "no")]), (2, 2));
        let shut = [("highway", "residential"), ("motor_vehicle:backward", "no")];
        assert_eq!(lanes(&shut), (1, 0));
    }

    #[test]
    fn lanes_are_counted_from_what_there_is() {
        let primary = ("highway", "primary");
        assert_eq!(lanes(&[primary, ("lanes", "4")]), (2, 2));
        assert_eq!(lanes(&[primary, ("lanes", "3")]), (2, 1));
        assert_eq!(
            lanes(&[primary, ("lanes", "5"), ("lanes:forward", "3")]),
            (3, 2)
        );
        assert_eq!(lanes(&[primary, ("lanes", "1")]), (1, 1));
        assert_eq!(
            lanes(&[primary, ("turn:lanes:forward", "left|through|right")]),
            (3, 1)
        );
        assert_eq!(
            lanes(&[primary, ("oneway", "yes"), ("lanes", "99999")]),
            (10, 0)
        );
        assert_eq!(lanes(&[primary, ("lanes", "NaN")]), (1, 1));
        assert_eq!(
            lanes(&[
                primary,
                ("oneway", "yes"),
                ("lanes", "3"),
                ("lanes:bus", "1")
            ]),
            (2, 0)
        );
    }

    #[test]
    fn a_bus_lane_takes_its_arrow_with_it() {
        let road = of(&[
            ("highway", "primary"),
            ("oneway", "yes"),
            ("lanes", "3"),
            ("turn:lanes", "left|through|through;right"),
            ("bus:lanes", "||designated"),
        ]);
        let side = road.unwrap().forward.unwrap();
        assert_eq!(side.lanes, 2);
        assert_eq!(side.arrows, [Arrows::LEFT, Arrows::THROUGH]);
    }

    #[test]
    fn a_mirror_swaps_left_and_right() {
        let mut road = of(&[
            ("highway", "primary"),
            ("oneway", "yes"),
            ("turn:lanes", "left;through|slight_right"),
        ])
        .unwrap();
        road.mirror();
        let side = road.forward.unwrap();
        assert_eq!(
            side.arrows,
            [
                Arrows::SLIGHT_LEFT,
                Arrows(Arrows::THROUGH.0 | Arrows::RIGHT.0)
            ]
        );
    }

    #[test]
    fn speed_limits_in_all_their_spellings() {
        let kmh = |text| parse_speed(text).map(|speed| (speed * 3.6).round());
        assert_eq!(kmh("50"), Some(50.0));
        assert_eq!(kmh("30 mph"), Some(48.0));
        assert_eq!(kmh("RU:urban"), Some(60.0));
        assert_eq!(kmh("DE:zone30"), Some(30.0));
        assert_eq!(kmh("DE:zone:30"), Some(30.0));
        assert_eq!(kmh("none"), Some(130.0));
        assert_eq!(kmh("walk"), Some(7.0));
        for odd in [
            "signals",
            "variable",
            "",
            "-5",
            "NaN",
            "1e9",
            "0",
            "99999",
            "50 furlongs",
        ] {
            assert_eq!(kmh(odd), None, "{odd}");
        }
    }

    #[test]
    fn closed_roads_are_no_roads() {
        assert!(of(&[("highway", "residential"), ("access", "private")]).is_none());
        assert!(of(&[("highway", "primary"), ("motor_vehicle", "no")]).is_none());
        let bus = [
            ("highway", "primary"),
            ("access", "no"),
            ("motor_vehicle", "yes"),
        ];
        assert!(of(&bus).is_some());
        assert!(of(&[("highway", "footway")]).is_none());
        assert!(of(&[("highway", "primary"), ("oneway", "reversible")]).is_none());
    }
}
