//! All vehicles of one moment, found by their number in constant time.

use roads::MovementId;
use sim::{VehicleView, World};

use super::tracks::{PlaceIndex, Tracks};

/// What is kept of a vehicle between two steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mover {
    /// The vehicle's number in its world.
    pub(crate) id: u32,
    /// Lane or movement.
    pub(crate) place: PlaceIndex,
    /// Front bumper from the start of the place, metres.
    pub(crate) distance: f32,
    /// m/s.
    pub(crate) speed: f32,
    /// Metres outwards of the place's centre line.
    pub(crate) lateral: f32,
    /// Metres.
    pub(crate) length: f32,
    /// The movement at the end of the lane, or the one it is on.
    pub(crate) movement: Option<MovementId>,
}

impl Mover {
    /// What is kept of a view.
    pub(crate) fn of(view: &VehicleView, tracks: &Tracks) -> Self {
        Self {
            id: view.id.0,
            place: tracks.place(view.place),
            distance: view.distance as f32,
            speed: view.speed as f32,
            lateral: view.lateral as f32,
            length: view.length as f32,
            movement: view.movement,
        }
    }
}

/// All vehicles of one moment. Copies in the target lane of a lane change are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    time: f64,
    movers: Vec<Mover>,
    slots: Vec<u32>, // by vehicle number; may be stale, so the mover's own number decides
}

impl Snapshot {
    /// Takes the world as it stands.
    pub(crate) fn capture(&mut self, world: &World, tracks: &Tracks) {
        let movers = world
            .vehicles()
            .filter(|view| !view.shadow)
            .map(|view| Mover::of(&view, tracks));
        self.fill(world.time(), movers);
    }

    /// Takes these vehicles.
    pub(crate) fn fill(&mut self, time: f64, movers: impl Iterator<Item = Mover>) {
        self.time = time;
        self.movers.clear();
        for mover in movers {
            let number = mover.id as usize;
            if number >= self.slots.len() {
                self.slots.resize(number + 1, 0);
            }
            self.slots[number] = self.movers.len() as u32;
            self.movers.push(mover);
        }
    }

    /// Simulated seconds.
    pub(crate) const fn time(&self) -> f64 {
        self.time
    }

    /// The vehicles, place by place.
    pub(crate) fn movers(&self) -> &[Mover] {
        &self.movers
    }

    /// The vehicle with this number, if it was there.
    #[inline]
    pub(crate) fn find(&self, id: u32) -> Option<&Mover> {
        let slot = *self.slots.get(id as usize)?;
        self.movers
            .get(slot as usize)
            .filter(|mover| mover.id == id)
    }
}
