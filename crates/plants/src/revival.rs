//! How a lost plant is found again: at once the first time, and ever more rarely where what is
//! found is lost again at once, so that a plant that cannot live is not started in a storm.

use std::time::Duration;

use crate::clock::Deadline;
use crate::driver::Watch;
use crate::error::Error;

/// Finds a lost plant again: starts it anew, or calls it.
pub type Revive<P> = Box<dyn FnMut() -> Result<P, Error> + Send>;

/// The way back to a plant, and how often it has failed of late.
pub(crate) struct Revival<P> {
    revive: Revive<P>,
    /// The plant is lost; when it is looked for next.
    again: Option<Deadline>,
    /// Until when the plant that was found last has to live to be taken for sound.
    proving: Option<Deadline>,
    /// Plants in a row that were lost at once or not found at all.
    failures: u32,
}

impl<P> Revival<P> {
    pub(crate) const fn new(revive: Revive<P>) -> Self {
        Self {
            revive,
            again: None,
            proving: None,
            failures: 0,
        }
    }

    /// Whether the plant is lost.
    pub(crate) const fn is_lost(&self) -> bool {
        self.again.is_some()
    }

    /// How long it is until the lost plant is looked for; `None` when it is time.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.again.as_ref().and_then(Deadline::left)
    }

    /// The plant is lost. Says how long it rests.
    pub(crate) fn lost(&mut self, watch: &Watch) -> Duration {
        let sound = self.proving.is_none_or(|proving| proving.left().is_none());
        self.failures = if sound { 0 } else { self.failures + 1 };
        self.rest(watch)
    }

    /// Looks for the plant.
    ///
    /// # Errors
    /// When it cannot be started or called.
    pub(crate) fn find(&mut self) -> Result<P, Error> {
        (self.revive)()
    }

    /// It was not found. Says how long it rests.
    pub(crate) fn failed(&mut self, watch: &Watch) -> Duration {
        self.failures += 1;
        self.rest(watch)
    }

    /// It was found.
    pub(crate) fn found(&mut self, watch: &Watch) {
        self.again = None;
        self.proving = Some(Deadline::after(watch.plant_proven));
    }

    fn rest(&mut self, watch: &Watch) -> Duration {
        let doubled = |times: u32| watch.plant_rest.saturating_mul(2_u32.saturating_pow(times));
        let rest = match self.failures {
            0 => Duration::ZERO,
            failures => doubled(failures - 1).min(watch.plant_rest_max),
        };
        self.again = Some(Deadline::after(rest));
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_lost_again_at_once_is_looked_for_ever_more_rarely_up_to_a_bound() {
        let watch = Watch {
            plant_rest: Duration::from_millis(500),
            plant_rest_max: Duration::from_secs(3),
            ..Watch::default()
        };
        let mut revival = Revival::new(Box::new(|| Ok(())));
        let mut rests = Vec::new();
        for _ in 0..4 {
            rests.push(revival.lost(&watch).as_secs_f64());
            assert!(revival.is_lost());
            revival.find().unwrap();
            revival.found(&watch);
        }
        rests.push(revival.lost(&watch).as_secs_f64());
        rests.push(revival.failed(&watch).as_secs_f64());
        assert_eq!(rests, [0.0, 0.5, 1.0, 2.0, 3.0, 3.0]);
        assert!(revival.left().is_some());
    }

    #[test]
    fn who_has_lived_long_enough_is_looked_for_at_once() {
        let watch = Watch {
            plant_proven: Duration::ZERO,
            ..Watch::default()
        };
        let mut revival = Revival::new(Box::new(|| Ok(())));
        for _ in 0..3 {
            assert_eq!(revival.lost(&watch), Duration::ZERO);
            revival.found(&watch);
        }
    }
}
