//! What the tests of incidents have in common: the world, and how alarms are scored.

use std::sync::Arc;

use observe::incident::Score;
use roads::{Demand, Network};
use sim::{Config, Rules, World};

/// A world of streets.
pub(crate) fn world(network: &Arc<Network>, demand: Demand, seed: u64) -> World {
    let config = Config {
        rules: Rules::Street,
        seed: seed as u32,
        ..Config::default()
    };
    World::new(Arc::clone(network), Arc::new(demand), config).expect("a world of a sound scenario")
}

/// The score of incidents that were found so many seconds after they began, or not at all.
pub(crate) fn scored(delays_s: &[Option<f64>]) -> Score {
    let mut score = Score {
        incidents: delays_s.len(),
        ..Score::default()
    };
    let mut sum = 0.0;
    for delay in delays_s.iter().flatten() {
        score.detected += 1;
        sum += delay;
    }
    score.mean_delay_s = sum / score.detected.max(1) as f64;
    score
}

/// How many were found and how soon, in words.
pub(crate) fn told(score: &Score) -> String {
    format!(
        "{} of {} found, {:.0} s after it began",
        score.detected, score.incidents, score.mean_delay_s
    )
}
