//! A queue of which only chances are known: how likely it is that so many wait.
//!
//! The mean alone would let every queue that is short in the mean go in one green; but some are
//! longer and leave vehicles over. So the whole distribution is kept, as for the queue of a signal
//! with random arrivals: Olszewski, *Modeling of queue probability distribution at traffic
//! signals*, Transportation and Traffic Theory, 1990.

/// Longest queue that is told apart.
const LONGEST: usize = 128;
/// A chance that is not kept.
const NEVER: f64 = 1e-5;

/// How likely it is that so many wait.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Backlog {
    chances: Vec<f64>,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { chances: vec![1.0] }
    }
}

impl Backlog {
    /// So many wait, for certain; between two numbers it is either.
    pub(super) fn set(&mut self, vehicles: f64) {
        let vehicles = vehicles.clamp(0.0, (LONGEST - 1) as f64);
        let share = vehicles.fract();
        self.chances.clear();
        self.chances.resize(vehicles as usize, 0.0);
        self.chances.push(1.0 - share);
        if share > 0.0 {
            self.chances.push(share);
        }
    }

    /// How many wait in the mean.
    pub(super) fn mean(&self) -> f64 {
        let waits = |(many, chance): (usize, &f64)| many as f64 * chance;
        self.chances.iter().enumerate().map(waits).sum()
    }

    /// The chances that at least one waits, at least two, and so on.
    pub(super) fn at_least(&self) -> impl Iterator<Item = f64> + '_ {
        let mut left = 1.0;
        self.chances
            .iter()
            .take(self.chances.len() - 1)
            .map(move |chance| {
                left -= chance;
                left
            })
    }

    /// How likely it is that somebody waits.
    pub(super) fn any(&self) -> f64 {
        1.0 - self.chances[0]
    }

    /// So many come; below one it is the chance that one comes. One who finds nobody goes on at once
    /// if his way is open, as it is for the share `open`. Returns how many do, in the mean, and how
    /// many find nobody and stay.
    pub(super) fn arrive(&mut self, vehicles: f64, open: f64) -> (f64, f64) {
        if vehicles <= 0.0 {
            return (0.0, 0.0);
        }
        let (whole, share) = (vehicles.floor(), vehicles.fract());
        let first = if open > 0.0 && whole < 1.0 {
            self.chances[0] * share
        } else {
            0.0
        };
        let alone = first * open;
        let more = std::iter::repeat_n(0.0, whole as usize);
        self.chances.splice(0..0, more);
        self.chances.push(0.0);
        for many in (1..self.chances.len()).rev() {
            let come = self.chances[many - 1] * share;
            self.chances[many] = self.chances[many] * (1.0 - share) + come;
        }
        self.chances[0] *= 1.0 - share;
        self.chances[0] += alone;
        self.chances[1] -= alone;
        self.tidy();
        (alone, first - alone)
    }

    /// One goes, with this likelihood, but not more often than somebody waits. Returns how likely
    /// that is.
    pub(super) fn serve_at(&mut self, chance: f64) -> f64 {
        let any = self.any();
        if any <= 0.0 {
            return 0.0;
        }
        let goes = (chance / any).clamp(0.0, 1.0);
        let mut last = 0.0;
        for many in (0..self.chances.len()).rev() {
            let gone = if many > 0 {
                self.chances[many] * goes
            } else {
                0.0
            };
            self.chances[many] += last - gone;
            last = gone;
        }
        any * goes
    }

    /// One goes, if somebody waits. Returns how likely that is.
    pub(super) fn serve(&mut self) -> f64 {
        let empty = self.chances.remove(0);
        match self.chances.first_mut() {
            Some(first) => *first += empty,
            None => self.chances.push(empty),
        }
        1.0 - empty
    }

    /// No more than so many wait.
    pub(super) fn at_most(&mut self, vehicles: f64) {
        let most = vehicles.max(0.0) as usize;
        if most + 1 >= self.chances.len() {
            return;
        }
        let kept: f64 = self.chances[..=most].iter().sum();
        if kept < NEVER {
            self.set(most as f64);
        } else {
            self.chances.truncate(most + 1);
            self.chances.iter_mut().for_each(|chance| *chance /= kept);
        }
    }

    fn tidy(&mut self) {
        let mut beyond = 0.0;
        while self.chances.len() > LONGEST
            || (self.chances.len() > 1 && self.chances.last().is_some_and(|&last| last < NEVER))
        {
            beyond += self.chances.pop().unwrap_or(0.0);
        }
        if let Some(last) = self.chances.last_mut() {
            *last += beyond;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_is_short_in_the_mean_may_be_left_over_after_a_green() {
        let mut backlog = Backlog::default();
        for _ in 0..40 {
            assert!(backlog.arrive(0.1, 0.0).0 <= 0.0);
        }
        assert!((backlog.mean() - 4.0).abs() < 1e-2, "{}", backlog.mean());
        let gone: f64 = (0..4).map(|_| backlog.serve()).sum();
        assert!((gone + backlog.mean() - 4.0).abs() < 1e-2);
        assert!(backlog.mean() > 0.5, "{backlog:?}");
    }

    #[test]
    fn what_is_seen_bounds_it_and_the_rest_stays_as_likely_as_it_was() {
        let mut backlog = Backlog::default();
        for _ in 0..3 {
            backlog.arrive(0.5, 0.0);
        }
        assert_eq!(backlog.chances, [0.125, 0.375, 0.375, 0.125]);
        assert_eq!(backlog.at_least().collect::<Vec<_>>(), [0.875, 0.5, 0.125]);
        backlog.at_most(1.9);
        assert_eq!(backlog.chances, [0.25, 0.75]);
        backlog.set(2.5);
        assert_eq!(backlog.chances, [0.0, 0.0, 0.5, 0.5]);
        backlog.at_most(0.0);
        assert_eq!(backlog, Backlog::default());
    }

    #[test]
    fn who_finds_nobody_before_him_in_green_goes_at_once() {
        let mut backlog = Backlog::default();
        assert!((backlog.arrive(0.5, 1.0).0 - 0.5).abs() < 1e-9);
        assert_eq!(backlog, Backlog::default());
        backlog.set(1.0);
        assert!(backlog.arrive(0.5, 1.0).0.abs() < 1e-9);
        assert_eq!(backlog.chances, [0.0, 0.5, 0.5]);
    }
}
