//! Where a vehicle is between two steps of the engine.
//!
//! The engine says where each vehicle stands at the end of a step; in a step of one second it may
//! have passed from a lane through a junction into the next lane, or changed lanes. A [`Trail`] is
//! the way it took, found backwards from where it stands; a share of the step is the same share of
//! that way, so that a vehicle never leaves the road or jumps.

use roads::Network;
use sim::Place;

use super::snapshot::Mover;
use super::tracks::{NO_LINK, PlaceIndex, Spot, Tracks};

/// Places a vehicle may pass in one step.
const PLACES_MAX: usize = 8;
/// Metres of whole places a vehicle may pass in one step: more than the fastest one drives.
const PASSED_MAX: f32 = 200.0;

/// The way a vehicle took during a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trail {
    /// The places in reverse, the last one first; `count` are in use.
    places: [PlaceIndex; PLACES_MAX],
    count: usize,
    /// Start on the first place, metres.
    start: f32,
    /// Length of the whole way, metres.
    total: f32,
    /// Lateral shift at the start and at the end, metres outwards of the trail's own places.
    lateral: [f32; 2],
}

impl Trail {
    /// The way from `before` to `after`; `None` when no way joins them.
    pub(crate) fn between(
        network: &Network,
        tracks: &Tracks,
        before: &Mover,
        after: &Mover,
    ) -> Option<Self> {
        let mut search = Search {
            network,
            tracks,
            before,
            places: [0; PLACES_MAX],
            count: 0,
        };
        search.places[0] = after.place;
        search.count = 1;
        if !search.reaches(0.0) {
            return None;
        }
        let (places, count) = (search.places, search.count);
        let first = places[count - 1];
        let (start, shift) = if first == before.place {
            (before.distance, before.lateral)
        } else {
            // It stood on the lane beside: the same share of this one's length.
            let scale = tracks.length(first) / tracks.length(before.place);
            (
                before.distance * scale,
                before.lateral - tracks.shift_between(before.place, first),
            )
        };
        let passed: f32 = places[1..count]
            .iter()
            .map(|&place| tracks.length(place))
            .sum();
        Some(Self {
            places,
            count,
            start,
            total: passed + after.distance - start,
            lateral: [shift, after.lateral],
        })
    }

    /// The way of a vehicle that was not there before: straight on to where it stands.
    pub(crate) fn entering(after: &Mover, interval: f32) -> Self {
        let start = (after.distance - after.speed * interval).max(0.0);
        let mut places = [0; PLACES_MAX];
        places[0] = after.place;
        Self {
            places,
            count: 1,
            start,
            total: after.distance - start,
            lateral: [after.lateral; 2],
        }
    }

    /// Where the vehicle is after a share (0 to 1) of the step.
    pub(crate) fn spot(&self, tracks: &Tracks, share: f32) -> Spot {
        let lateral = self.lateral[0] + (self.lateral[1] - self.lateral[0]) * share;
        let mut distance = self.start + self.total * share;
        let mut index = self.count - 1;
        while index > 0 {
            let length = tracks.length(self.places[index]);
            if distance <= length {
                break;
            }
            distance -= length;
            index -= 1;
        }
        tracks.spot(self.places[index], distance, lateral)
    }
}

/// A search backwards along the lanes and movements.
struct Search<'a> {
    network: &'a Network,
    tracks: &'a Tracks,
    before: &'a Mover,
    places: [PlaceIndex; PLACES_MAX],
    count: usize,
}

impl Search<'_> {
    /// Whether the last place found is where the vehicle was, or a way from there leads to it.
    fn reaches(&mut self, passed: f32) -> bool {
        let place = self.places[self.count - 1];
        if self.is_start(place) {
            return true;
        }
        if self.count == PLACES_MAX || passed > PASSED_MAX {
            return false;
        }
        match self.tracks.at(place) {
            Place::Movement(movement) => {
                let from = self.network.movements[movement.index()].from;
                self.extended(Place::Lane(from), passed)
            }
            Place::Lane(lane) => {
                let network = self.network;
                network.lanes[lane.index()]
                    .incoming
                    .iter()
                    .any(|&movement| self.extended(Place::Movement(movement), passed))
            }
        }
    }

    fn extended(&mut self, to: Place, passed: f32) -> bool {
        let place = self.tracks.place(to);
        self.places[self.count] = place;
        self.count += 1;
        let found = self.reaches(passed + self.tracks.length(place));
        if !found {
            self.count -= 1;
        }
        found
    }

    fn is_start(&self, place: PlaceIndex) -> bool {
        let link = self.tracks.link(place);
        place == self.before.place
            || (link != NO_LINK && link == self.tracks.link(self.before.place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::Projection;
    use crate::live::tracks::MAP_UNITS;
    use crate::testing;
    use roads::{LaneId, MovementId};

    fn mover(place: PlaceIndex, distance: f32) -> Mover {
        Mover {
            id: 0,
            place,
            distance,
            speed: 10.0,
            lateral: 0.0,
            length: 5.0,
            movement: None,
        }
    }

    /// Metres between two spots on the ground at the origin's latitude.
    fn metres(a: Spot, b: Spot) -> f64 {
        let scale = 40_030_228.884 * 30.274_f64.to_radians().cos() / MAP_UNITS;
        (f64::from(a.x - b.x).hypot(f64::from(a.y - b.y))) * scale
    }

    struct Fixture {
        network: Network,
        tracks: Tracks,
    }

    fn fixture() -> Fixture {
        let network = testing::crossing();
        let tracks = Tracks::new(&network, &Projection::of(&network));
        Fixture { network, tracks }
    }

    #[test]
    fn a_vehicle_on_its_lane_moves_evenly() {
        let Fixture { network, tracks } = fixture();
        let (before, after) = (mover(0, 20.0), mover(0, 30.0));
        let trail = Trail::between(&network, &tracks, &before, &after).unwrap();
        let start = trail.spot(&tracks, 0.0);
        for tenth in 0..=10_u8 {
            let share = f32::from(tenth) / 10.0;
            let gone = metres(trail.spot(&tracks, share), start);
            assert!(
                (gone - f64::from(tenth)).abs() < 0.02,
                "{gone} at {tenth}/10"
            );
        }
    }

    #[test]
    fn a_vehicle_through_a_junction_follows_its_path() {
        let Fixture { network, tracks } = fixture();
        for (index, movement) in network.movements.iter().enumerate() {
            let before = mover(movement.from.0, tracks.length(movement.from.0) - 3.0);
            let after = mover(movement.to.0, 4.0);
            let trail = Trail::between(&network, &tracks, &before, &after).unwrap();
            assert_eq!(trail.count, 3);
            let expected = 3.0 + 4.0 + movement.length as f32;
            assert!((trail.total - expected).abs() < 1e-3);
            // In the middle it is on the movement, at the same distance along it.
            let middle = trail.spot(&tracks, 0.5);
            let place = tracks.place(Place::Movement(MovementId::from(index)));
            let on_path = tracks.spot(place, expected / 2.0 - 3.0, 0.0);
            assert!(metres(middle, on_path) < 0.02);
            // No jump anywhere: a hundredth of the step is about a hundredth of the way.
            let mut last = trail.spot(&tracks, 0.0);
            for percent in 1..=100_u8 {
                let spot = trail.spot(&tracks, f32::from(percent) / 100.0);
                assert!(metres(spot, last) < f64::from(expected) / 100.0 + 0.05);
                last = spot;
            }
        }
    }

    #[test]
    fn a_lane_change_slides_sideways_without_a_jump() {
        let Fixture { network, tracks } = fixture();
        let link = &network.links[network.lanes[0].link.index()];
        assert!(link.lanes.len() >= 2, "the fixture has two lanes to a link");
        let (inner, outer) = (link.lanes.start, link.lanes.start + 1);
        let width = tracks.shift_between(inner, outer);
        assert!(width > 2.0);
        let before = Mover {
            lateral: 0.8 * width,
            ..mover(inner, 50.0)
        };
        let after = mover(outer, 60.0);
        let trail = Trail::between(&network, &tracks, &before, &after).unwrap();
        let start = tracks.spot(inner, 50.0, 0.8 * width);
        assert!(metres(trail.spot(&tracks, 0.0), start) < 0.05);
        let end = tracks.spot(outer, 60.0, 0.0);
        assert!(metres(trail.spot(&tracks, 1.0), end) < 0.02);
        let half = metres(trail.spot(&tracks, 0.5), end);
        assert!(
            (half - f64::from(5.0_f32.hypot(0.1 * width))).abs() < 0.1,
            "{half}"
        );
    }

    #[test]
    fn a_lane_change_and_a_junction_in_one_step_are_one_way() {
        let Fixture { network, tracks } = fixture();
        let movement = &network.movements[0];
        let link = network.lanes[movement.from.index()].link;
        let beside = network.links[link.index()]
            .lanes
            .range()
            .map(LaneId::from)
            .find(|&lane| lane != movement.from)
            .unwrap();
        let before = mover(beside.0, tracks.length(beside.0) - 2.0);
        let after = mover(tracks.place(Place::Movement(MovementId(0))), 6.0);
        let trail = Trail::between(&network, &tracks, &before, &after).unwrap();
        let start = tracks.spot(beside.0, tracks.length(beside.0) - 2.0, 0.0);
        assert!(metres(trail.spot(&tracks, 0.0), start) < 0.1);
    }

    #[test]
    fn there_is_no_way_between_places_far_apart() {
        let Fixture { network, tracks } = fixture();
        let movement = &network.movements[0];
        // Against the direction of travel.
        let (before, after) = (mover(movement.to.0, 5.0), mover(movement.from.0, 90.0));
        assert!(Trail::between(&network, &tracks, &before, &after).is_none());
    }
}
