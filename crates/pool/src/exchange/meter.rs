//! How much of an agreement's rate is used: calls a second with short bursts, records a day.
//!
//! Calls are metered by the generic cell rate algorithm, which needs one number: the moment at
//! which the bucket would be empty again. It is changed by compare-and-swap, so calls do not wait
//! for each other. Records of the day are a count; the exchange writes it down every few seconds,
//! so a crash can forget that much and no more.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use crate::clock::Moment;

/// How many seconds' worth of calls may come at once.
const BURST_SECONDS: i64 = 2;

/// Nanoseconds in a second.
const SECOND_NS: i64 = 1_000_000_000;

/// What is used of one agreement's rate.
#[derive(Debug)]
pub struct Meter {
    per_second: AtomicU32,
    per_day: AtomicU64,
    empty_at_ns: AtomicI64,
    day: AtomicI64,
    records: AtomicU64,
}

impl Meter {
    /// A meter of which nothing is used.
    pub fn new(per_second: u32, per_day: u64) -> Self {
        Self {
            per_second: AtomicU32::new(per_second.max(1)),
            per_day: AtomicU64::new(per_day),
            empty_at_ns: AtomicI64::new(i64::MIN / 4),
            day: AtomicI64::new(i64::MIN),
            records: AtomicU64::new(0),
        }
    }

    /// Sets other limits; what is used stays used.
    pub fn set(&self, per_second: u32, per_day: u64) {
        self.per_second.store(per_second.max(1), Ordering::Relaxed);
        self.per_day.store(per_day, Ordering::Relaxed);
    }

    /// Calls a second.
    pub fn per_second(&self) -> u32 {
        self.per_second.load(Ordering::Relaxed)
    }

    /// Records a day.
    pub fn per_day(&self) -> u64 {
        self.per_day.load(Ordering::Relaxed)
    }

    /// Takes one call.
    ///
    /// # Errors
    /// After how many microseconds there will be room for it.
    pub fn call(&self, now: Moment) -> Result<(), i64> {
        let gap = SECOND_NS / i64::from(self.per_second());
        let now = now.0.saturating_mul(1000);
        let room = BURST_SECONDS * SECOND_NS - gap;
        let mut empty_at = self.empty_at_ns.load(Ordering::Relaxed);
        loop {
            let from = empty_at.max(now);
            let wait = from - now - room;
            if wait > 0 {
                return Err(wait / 1000 + 1);
            }
            let taken = self.empty_at_ns.compare_exchange_weak(
                empty_at,
                from + gap,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match taken {
                Ok(_) => return Ok(()),
                Err(other) => empty_at = other,
            }
        }
    }

    /// Takes `count` records on `day`; `false`, and none is taken, if that is more than are left.
    pub fn records(&self, count: u64, day: i64) -> bool {
        self.turn(day);
        let before = self.records.fetch_add(count, Ordering::Relaxed);
        if before.saturating_add(count) > self.per_day() {
            self.records.fetch_sub(count, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Whether a record is left on `day`.
    pub fn has_records(&self, day: i64) -> bool {
        self.turn(day);
        self.records.load(Ordering::Relaxed) < self.per_day()
    }

    /// Day and records used on it, to be written down.
    pub fn used(&self) -> (i64, u64) {
        (
            self.day.load(Ordering::Relaxed),
            self.records.load(Ordering::Relaxed),
        )
    }

    /// Puts back what was written down.
    pub fn restore(&self, day: i64, records: u64) {
        self.day.store(day, Ordering::Relaxed);
        self.records.store(records, Ordering::Relaxed);
    }

    fn turn(&self, day: i64) {
        let known = self.day.load(Ordering::Relaxed);
        if known < day
            && self
                .day
                .compare_exchange(known, day, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.records.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_twice_the_rate_and_then_the_rate_holds() {
        let meter = Meter::new(10, 100);
        let taken = |now: i64| {
            (0..1000)
                .take_while(|_| meter.call(Moment(now)).is_ok())
                .count()
        };
        assert_eq!(taken(0), 20);
        assert_eq!(
            meter.call(Moment(0)),
            Err(100_001),
            "the next in a tenth of a second"
        );
        assert_eq!(taken(100_001), 1);
        assert_eq!(taken(1_000_000), 9);
        assert_eq!(taken(60_000_000), 20, "a minute later no more than a burst");
    }

    #[test]
    fn records_are_counted_by_the_day() {
        let meter = Meter::new(10, 100);
        assert!(meter.records(60, 1));
        assert!(!meter.records(41, 1), "none is taken of too many");
        assert!(meter.records(40, 1));
        assert!(!meter.has_records(1));
        assert_eq!(meter.used(), (1, 100));
        assert!(meter.has_records(2) && meter.records(100, 2));
    }

    #[test]
    fn what_was_written_down_counts_after_a_restart() {
        let meter = Meter::new(10, 100);
        meter.restore(7, 99);
        assert!(meter.records(1, 7));
        assert!(!meter.records(1, 7));
    }
}
