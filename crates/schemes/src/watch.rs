//! What happens on each link while a world runs: who drives, how fast, who waits.

use roads::{LinkId, Network};
use serde::Serialize;
use sim::{Place, WAITING_SPEED, World};

/// A link over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LinkFigures {
    /// Metres driven on it by all vehicles.
    pub distance: f64,
    /// Seconds spent on it by all vehicles, those that wait to enter there included.
    pub time: f64,
    /// Of these, seconds more than at the speed limit.
    pub delay: f64,
    /// Most vehicles that stood on it or waited to enter at the same time.
    pub longest_queue: u32,
}

impl LinkFigures {
    /// Mean speed, m/s; `None` when nobody was there.
    pub fn speed(&self) -> Option<f64> {
        (self.time > 0.0).then(|| self.distance / self.time)
    }
}

/// Watches all links.
#[derive(Clone, Debug)]
pub struct LinkWatch {
    links: Vec<LinkFigures>,
    queue: Vec<u32>,
}

impl LinkWatch {
    /// Of a network.
    pub fn new(network: &Network) -> Self {
        let links = network.links.len();
        Self {
            links: vec![LinkFigures::default(); links],
            queue: vec![0; links],
        }
    }

    /// What was seen so far, by link.
    pub fn links(&self) -> &[LinkFigures] {
        &self.links
    }

    /// Looks at the world after a step. Junctions' insides are not counted.
    pub fn look(&mut self, world: &World) {
        let dt = world.config().interval;
        let network = world.network();
        self.queue.fill(0);
        for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
            let Place::Lane(lane) = vehicle.place else {
                continue;
            };
            let lane = &network.lanes[lane.index()];
            let link = &mut self.links[lane.link.index()];
            link.distance += vehicle.speed * dt;
            link.time += dt;
            link.delay += dt * (1.0 - vehicle.speed / lane.speed_limit).max(0.0);
            self.queue[lane.link.index()] += u32::from(vehicle.speed < WAITING_SPEED);
        }
        for (lane, _) in world.waiting_vehicles() {
            let link = network.lanes[lane.index()].link.index();
            self.links[link].time += dt;
            self.links[link].delay += dt;
            self.queue[link] += 1;
        }
        for (link, &queue) in self.links.iter_mut().zip(&self.queue) {
            link.longest_queue = link.longest_queue.max(queue);
        }
    }

    /// Several links as one.
    pub fn sum(&self, links: impl IntoIterator<Item = LinkId>) -> LinkFigures {
        links.into_iter().map(|link| self.links[link.index()]).fold(
            LinkFigures::default(),
            |sum, one| LinkFigures {
                distance: sum.distance + one.distance,
                time: sum.time + one.time,
                delay: sum.delay + one.delay,
                longest_queue: sum.longest_queue.max(one.longest_queue),
            },
        )
    }
}
