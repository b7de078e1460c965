//! How long links take at which time of day.

use super::cost::{Costs, Milliseconds, milliseconds};
use crate::model::LinkId;

/// Travel times of links over the day.
///
/// A link's time is known at the middle of each time slice and linear in between, constant before
/// the first and after the last. Whoever enters later never leaves earlier (first in, first out):
/// where measured times fall faster than time passes, they are held up until they do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TravelTimes {
    /// Constant costs: turns, and links without a profile.
    base: Costs,
    slice: Milliseconds,
    slices: usize,
    /// By link: where its times begin in `times`; `u32::MAX` without a profile.
    rows: Vec<u32>,
    times: Vec<u32>,
}

/// No profile.
const NONE: u32 = u32::MAX;

impl TravelTimes {
    /// The same times all day.
    pub fn constant(costs: Costs) -> Self {
        Self {
            rows: vec![NONE; costs.links.len()],
            base: costs,
            slice: 1,
            slices: 0,
            times: Vec::new(),
        }
    }

    /// Times by slice of `slice_seconds`: `seconds(link, slice)` is the time in a slice, `None`
    /// where nothing is known, which counts as the time in `base`.
    ///
    /// A slice is taken to last at least a second, and at most a day.
    pub fn by_slice(
        base: Costs,
        slice_seconds: f64,
        slices: usize,
        seconds: impl Fn(LinkId, usize) -> Option<f64>,
    ) -> Self {
        let slice = milliseconds(slice_seconds).max(1_000);
        let mut times = Self {
            rows: Vec::with_capacity(base.links.len()),
            base,
            slice,
            slices,
            times: Vec::new(),
        };
        for link in (0..times.base.links.len()).map(LinkId::from) {
            let known: Vec<Option<f64>> = (0..slices).map(|slice| seconds(link, slice)).collect();
            if known.iter().all(Option::is_none) {
                times.rows.push(NONE);
                continue;
            }
            times.rows.push(times.times.len() as u32);
            let mut least = 0;
            for value in known {
                let value = value.map_or(times.base.links[link.index()], milliseconds);
                let value = value.max(least);
                least = value.saturating_sub(slice);
                times.times.push(value as u32); // at most a day, which fits
            }
        }
        times
    }

    /// The costs that hold all day: those of turns, and of links of which no times are known.
    pub const fn base(&self) -> &Costs {
        &self.base
    }

    /// When one leaves a link that one enters at `time`.
    pub fn leave(&self, link: LinkId, time: Milliseconds) -> Milliseconds {
        let row = self.rows[link.index()];
        if row == NONE {
            return time + self.base.links[link.index()];
        }
        let values = &self.times[row as usize..row as usize + self.slices];
        let half = self.slice / 2;
        if time <= half {
            return time + Milliseconds::from(values[0]);
        }
        let place = ((time - half) / self.slice) as usize;
        let Some(&next) = values.get(place + 1) else {
            return time + Milliseconds::from(values[self.slices - 1]);
        };
        let (value, next) = (i64::from(values[place]), i64::from(next));
        let into = ((time - half) % self.slice).cast_signed();
        let change = ((next - value) * into).div_euclid(self.slice.cast_signed());
        time + (value + change).cast_unsigned()
    }

    /// The least time each link ever takes.
    pub fn least(&self) -> Costs {
        let links = self
            .rows
            .iter()
            .zip(&self.base.links)
            .map(|(&row, &base)| {
                if row == NONE {
                    return base;
                }
                let values = &self.times[row as usize..row as usize + self.slices];
                values
                    .iter()
                    .copied()
                    .min()
                    .map_or(base, Milliseconds::from)
            })
            .collect();
        Costs {
            links,
            turns: self.base.turns.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_link(seconds: &[f64]) -> TravelTimes {
        let base = Costs {
            links: vec![10_000],
            turns: Vec::new(),
        };
        TravelTimes::by_slice(base, 60.0, seconds.len(), |_, slice| Some(seconds[slice]))
    }

    #[test]
    fn times_are_linear_between_the_middles_of_slices() {
        let times = one_link(&[20.0, 40.0]);
        let takes = |time| times.leave(LinkId(0), time) - time;
        assert_eq!(takes(0), 20_000);
        assert_eq!(takes(30_000), 20_000);
        assert_eq!(takes(60_000), 30_000);
        assert_eq!(takes(90_000), 40_000);
        assert_eq!(takes(900_000), 40_000);
        assert_eq!(times.least().links, [20_000]);
    }

    proptest! {
        #[test]
        fn who_enters_later_never_leaves_earlier(
            seconds in prop::collection::vec(0.0..2_000.0, 1..8),
            mut moments in prop::collection::vec(0..600_000_u64, 2..40),
        ) {
            let times = one_link(&seconds);
            moments.sort_unstable();
            let least = times.least().links[0];
            for pair in moments.windows(2) {
                let (first, second) = (times.leave(LinkId(0), pair[0]), times.leave(LinkId(0), pair[1]));
                prop_assert!(first <= second);
                prop_assert!(first >= pair[0] + least);
            }
        }
    }
}
