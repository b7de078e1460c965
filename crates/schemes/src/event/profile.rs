//! When people come to an event and leave it: a rate that changes over time.

use serde::{Deserialize, Serialize};

/// Points of a profile, at most.
pub(super) const POINTS_MAX: usize = 1_000;
/// From this share of the greatest rate on it is busy.
const BUSY: f64 = 0.5;

/// The rate at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfilePoint {
    /// Minutes from the start of the event (those who come), or from its end (those who leave).
    pub minute: f64,
    /// The rate, as a multiple of anything.
    pub factor: f64,
}

/// A rate that runs straight from point to point and is zero outside them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Seconds and rate, in the order of time.
    points: Vec<(f64, f64)>,
    /// Share of all that has passed at each point.
    upto: Vec<f64>,
}

impl Profile {
    /// Of points in minutes.
    ///
    /// # Errors
    /// What is wrong with them and what would be right.
    pub fn new(points: &[ProfilePoint]) -> Result<Self, String> {
        if !(2..=POINTS_MAX).contains(&points.len()) {
            return Err(format!(
                "a profile has 2 to {POINTS_MAX} points, not {}",
                points.len()
            ));
        }
        for point in points {
            let fits = point.minute.is_finite() && point.factor.is_finite();
            if !(fits && point.factor >= 0.0) {
                return Err(format!(
                    "minute {} has the factor {}; factors are zero or more",
                    point.minute, point.factor
                ));
            }
        }
        if let Some(two) = points.windows(2).find(|two| two[0].minute >= two[1].minute) {
            return Err(format!(
                "minute {} stands before minute {}; put the points in the order of time",
                two[0].minute, two[1].minute
            ));
        }
        let points: Vec<(f64, f64)> = points
            .iter()
            .map(|point| (point.minute * 60.0, point.factor))
            .collect();
        let mut upto = vec![0.0];
        let mut sum = 0.0;
        for two in points.windows(2) {
            sum += (two[1].0 - two[0].0) * f64::midpoint(two[0].1, two[1].1);
            upto.push(sum);
        }
        if !sum.is_finite() {
            return Err("the sum over all points is no number; write smaller ones".to_owned());
        }
        if sum <= 0.0 {
            return Err("all factors are zero; somebody has to come".to_owned());
        }
        for share in &mut upto {
            *share /= sum;
        }
        Ok(Self { points, upto })
    }

    /// Those who come over `window` seconds before the start: from nothing to the most at two
    /// thirds of it (60 min of 90), as many until one third (30 min), then fewer until the start.
    pub fn coming(window: f64) -> Self {
        let at = |share: f64, factor: f64| (-share * window, factor);
        Self::of(vec![
            at(1.0, 0.0),
            at(2.0 / 3.0, 1.0),
            at(1.0 / 3.0, 1.0),
            at(0.0, 0.15),
        ])
    }

    /// Those who leave over `window` seconds after the end: the most from a tenth to a half of it,
    /// then fewer.
    pub fn leaving(window: f64) -> Self {
        let at = |share: f64, factor: f64| (share * window, factor);
        Self::of(vec![at(0.0, 0.4), at(0.1, 1.0), at(0.5, 1.0), at(1.0, 0.0)])
    }

    fn of(points: Vec<(f64, f64)>) -> Self {
        let minutes: Vec<ProfilePoint> = points
            .iter()
            .map(|&(seconds, factor)| ProfilePoint {
                minute: seconds / 60.0,
                factor,
            })
            .collect();
        Self::new(&minutes).unwrap_or(Self {
            points: vec![(0.0, 1.0), (1.0, 1.0)],
            upto: vec![0.0, 1.0],
        })
    }

    /// First and last moment, seconds.
    pub fn span(&self) -> (f64, f64) {
        let first = self.points.first().map_or(0.0, |point| point.0);
        let last = self.points.last().map_or(0.0, |point| point.0);
        (first, last)
    }

    /// The moment by which this share of all has passed, seconds.
    pub fn moment(&self, share: f64) -> f64 {
        let after = self.upto.partition_point(|&upto| upto <= share);
        let Some(&(until, rate_until)) = self.points.get(after) else {
            return self.span().1;
        };
        let (from, rate) = self.points[after - 1];
        let length = until - from;
        let part = (share - self.upto[after - 1]) / (self.upto[after] - self.upto[after - 1]);
        // The share of the piece that has passed grows with the square of time where the rate
        // changes: rate·x + (rate_until − rate)·x²/2 = part·(rate + rate_until)/2, x from 0 to 1.
        let (slope, goal) = (
            rate_until - rate,
            part.max(0.0) * f64::midpoint(rate, rate_until),
        );
        // Where the rate is zero, too, that would be 0 / 0.
        if goal <= 0.0 {
            return from;
        }
        let x = 2.0 * goal / (rate + (rate * rate + 2.0 * slope * goal).max(0.0).sqrt());
        from + length * x.clamp(0.0, 1.0)
    }

    /// The moments of `count` people, seconds, in the order of time: each in the middle of his share.
    pub fn moments(&self, count: u32) -> impl Iterator<Item = f64> + '_ {
        (0..count).map(move |k| self.moment((f64::from(k) + 0.5) / f64::from(count)))
    }

    /// From when to when the rate is at least half the greatest, seconds.
    pub fn busy(&self) -> (f64, f64) {
        let most = self.points.iter().map(|point| point.1).fold(0.0, f64::max);
        let least = BUSY * most;
        let (mut from, mut until) = (f64::INFINITY, f64::NEG_INFINITY);
        for two in self.points.windows(2) {
            let ((t0, r0), (t1, r1)) = (two[0], two[1]);
            for (time, rate) in two {
                if *rate >= least {
                    from = from.min(*time);
                    until = until.max(*time);
                }
            }
            if (r0 < least) != (r1 < least) {
                let crossing = t0 + (t1 - t0) * (least - r0) / (r1 - r0);
                from = from.min(crossing);
                until = until.max(crossing);
            }
        }
        (from, until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(minute: f64, factor: f64) -> ProfilePoint {
        ProfilePoint { minute, factor }
    }

    #[test]
    fn all_come_and_in_proportion_to_the_rate() {
        for profile in [
            Profile::coming(5_400.0),
            Profile::leaving(3_000.0),
            Profile::new(&[point(0.0, 1.0), point(10.0, 0.0), point(20.0, 3.0)]).unwrap(),
        ] {
            let (first, last) = profile.span();
            let moments: Vec<f64> = profile.moments(3_001).collect();
            assert_eq!(moments.len(), 3_001);
            assert!(moments.is_sorted());
            assert!(moments.iter().all(|at| (first..=last).contains(at)));
            // Whoever has come by each point is the integral of the rate up to it.
            for (at, upto) in profile.points.iter().zip(&profile.upto) {
                let come = moments.iter().filter(|moment| **moment <= at.0).count();
                assert!((come as f64 - upto * 3_001.0).abs() <= 1.0, "{at:?} {come}");
            }
        }
    }

    #[test]
    fn the_peak_of_ninety_minutes_is_between_an_hour_and_half_an_hour_before() {
        let profile = Profile::coming(5_400.0);
        let within = |from: f64, until: f64| {
            let share = profile
                .moments(10_000)
                .filter(|at| (from..until).contains(at))
                .count();
            share as f64 / 10_000.0
        };
        let peak = within(-3_600.0, -1_800.0);
        assert!(peak > within(-5_400.0, -3_600.0) && peak > within(-1_800.0, 0.0));
        assert!((0.4..0.6).contains(&peak), "{peak}");
        let (from, until) = profile.busy();
        assert!((from - -4_500.0).abs() < 1.0, "{from}");
        assert!((-1_000.0..-600.0).contains(&until), "{until}");
    }

    #[test]
    fn where_nobody_comes_for_a_moment_that_moment_is_known() {
        let profile = Profile::new(&[point(0.0, 1.0), point(10.0, 0.0), point(20.0, 1.0)]).unwrap();
        let moments: Vec<f64> = profile.moments(1).collect();
        assert_eq!(moments, [600.0]);
    }

    #[test]
    fn profiles_that_cannot_be_say_what_would_be_right() {
        let wrong = |points: &[ProfilePoint]| Profile::new(points).unwrap_err();
        assert!(wrong(&[point(0.0, 1.0)]).contains("2 to"));
        assert!(wrong(&[point(0.0, 1.0), point(0.0, 1.0)]).contains("order of time"));
        assert!(wrong(&[point(0.0, -1.0), point(1.0, 1.0)]).contains("zero or more"));
        assert!(wrong(&[point(0.0, 0.0), point(1.0, 0.0)]).contains("all factors are zero"));
        assert!(wrong(&[point(f64::NAN, 1.0), point(1.0, 1.0)]).contains("NaN"));
        assert!(wrong(&[point(0.0, 1e308), point(1.0, 1e308)]).contains("smaller"));
    }
}
