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
        // A step counts what ends in it as ended at its beginning.
        let ended = time - interval;
        for &vehicle in &self.running {
            let index = vehicle as usize;
            if self.seen[index] != self.looks {
                self.travel_times.push(ended - self.created[index]);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};

    use super::*;

    #[test]
    fn travel_times_are_those_the_engine_counts() {
        let spec = GridSpec {
            columns: 2,
            rows: 2,
            ..GridSpec::default()
        };
        let network = grid(&spec).unwrap();
        let spec = GridDemandSpec {
            vehicles: 200,
            horizon: 600.0,
            ..GridDemandSpec::default()
        };
        let demand = grid_demand(&network, &spec).unwrap();
        let config = sim::Config::default();
        let mut world = World::new(Arc::new(network), Arc::new(demand), config).unwrap();
        let mut arrivals = Arrivals::default();
        for _ in 0..900 {
            world.step();
            arrivals.look(&world);
        }
        let metrics = world.metrics(900.0);
        let times = arrivals.into_travel_times();
        assert!(metrics.throughput > 100, "{metrics:?}");
        assert_eq!(times.len() as u64, metrics.throughput);
        let mean = crate::measure::mean(&times);
        assert!(
            (mean - metrics.att_finished).abs() < 1e-6,
            "{mean} {}",
            metrics.att_finished
        );
    }
}
