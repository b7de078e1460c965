//! When a mission will be at its scene, as far as the city can know at its order.

use roads::LinkId;
use roads::route::Milliseconds;
use sim::{BlueLight, World};

use crate::live::LiveTimes;
use crate::mission::{Arm, ambulance};
use crate::units::Place;

/// How a vehicle picks up speed, m/s²: the demand's usual.
const ACCELERATION: f64 = 2.5;

/// Share of the mean wait under the signals' own plans that a vehicle waits which no signal waits
/// for: controllers that adapt keep it shorter. Fitted: docs/benchmarks.md, "When an ambulance is
/// there".
const WAIT_SHARE: f64 = 0.7;

/// Seconds from the order to the scene, which is on the last link of the route, at the speed that
/// an [`ambulance`] may drive. Without priority it comes through the queues of now and waits at
/// signals; with it the signals let both go before it comes.
pub fn forecast(
    world: &World,
    times: &LiveTimes,
    (route, scene): (&[LinkId], Place),
    arm: Arm,
    light: &BlueLight,
) -> f64 {
    let network = world.network();
    let lit = (arm != Arm::Ordinary).then_some(light);
    let max_speed = ambulance(world, lit).max_speed;
    let factor = lit.map_or(1.0, |light| light.speed_factor);
    let cleared = arm == Arm::Priority;
    let at_limit = |link: LinkId| seconds(times.drive().links[link.index()]).max(1e-3);
    let desired = |link: LinkId| {
        let limit = network.links[link.index()].length / at_limit(link);
        (limit * factor).min(max_speed).max(1.0)
    };
    // It starts from a stand.
    let begins = route
        .first()
        .map_or(0.0, |&link| desired(link) / (2.0 * ACCELERATION));
    let links = route.iter().enumerate().map(|(place, &link)| {
        let length = network.links[link.index()].length;
        let driven = if place + 1 == route.len() {
            scene.at.clamp(0.0, length)
        } else {
            length
        };
        let queue = if cleared { 0 } else { times.queue(link) };
        let passed = driven / length.max(f64::MIN_POSITIVE);
        driven / desired(link) + seconds(queue) * passed
    });
    let turns = route.windows(2).map(|pair| {
        let (drive, wait) = times.turn(pair[0], pair[1]).unwrap_or_default();
        let share = if cleared { 0.0 } else { WAIT_SHARE };
        seconds(drive) + seconds(wait) * share
    });
    begins + links.sum::<f64>() + turns.sum::<f64>()
}

fn seconds(time: Milliseconds) -> f64 {
    time as f64 / 1000.0
}
