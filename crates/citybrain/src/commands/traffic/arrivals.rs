//! Travel time of each vehicle, found by watching the world from outside.

use sim::World;

/// When each vehicle was created and whether it has been seen on the network.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    /// Per vehicle: time of its creation, seconds.
    created: Vec<f64>,
    /// Per vehicle: number of the look at which it was last seen; 0 for never.
    seen: Vec<u64>,
    /// Vehicles seen at the last look.
    running: Vec<u32>,
    next: Vec<u32>,
    looks: u64,
    travel_times: Vec<f64>,
}

impl Arrivals {
    /// Looks at the world; to be called after every step.
    ///
    /// A vehicle that was seen at the last look and is not seen now has finished.
    pub(super) fn look(&mut self, world: &World) {
        let time = world.time();
        let interval = world.config().interval;
        self.looks += 1;
        self.next.clear();
        for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
            let index = vehicle.id.0 as usize;
            if index >= self.created.len() {
                // Vehicles are numbered in the order of creation, so those before it that have
                // not been seen yet wait to enter since now at the latest.
                self.created.resize(index + 1, time - interval);
                self.seen.resize(index + 1, 0);
            }
            self.seen[index] = self.looks;
            self.next.push(vehicle.id.0);
        }
        for &vehicle in &self.running {
            let index = vehicle as usize;
            if self.seen[index] != self.looks {
                self.travel_times.push(time - self.created[index]);
            }
        }
        std::mem::swap(&mut self.running, &mut self.next);
        let known = (world.metrics(time).vehicles as usize).max(self.created.len());
        self.created.resize(known, time - interval);
        self.seen.resize(known, 0);
    }

    /// Travel times of all vehicles that have finished, seconds from creation, in the order of
    /// their finish.
    pub(super) fn into_travel_times(self) -> Vec<f64> {
        self.travel_times
    }
}
