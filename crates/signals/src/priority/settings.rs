//! How much priority does, and how long.

use crate::brain::Discharge;

/// What priority reckons with. Times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How queues discharge.
    pub discharge: Discharge,
    /// Added to the time in which the queue before a vehicle is reckoned to be gone.
    pub margin: f64,
    /// A green that serves a vehicle is kept if the vehicle needs it this soon after it could be
    /// had anew.
    pub keep: f64,
    /// No green is asked for earlier than this before the vehicle comes.
    pub longest_lead: f64,
    /// A vehicle that has not passed after this long in green lets others go first.
    pub longest_hold: f64,
    /// For so long, then.
    pub stand_back: f64,
    /// Most green paid back to one phase afterwards.
    pub longest_payback: f64,
    /// A tram or bus has priority from this lateness on.
    pub late_enough: f64,
    /// By how much its green is extended at most.
    pub extension: f64,
    /// How much earlier than it comes its green may begin.
    pub early: f64,
    /// Least time between two favours to trams and buses at a signal.
    pub between_favours: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            discharge: Discharge::default(),
            margin: 2.0,
            keep: 6.0,
            longest_lead: 60.0,
            longest_hold: 60.0,
            stand_back: 20.0,
            longest_payback: 30.0,
            late_enough: 60.0,
            extension: 10.0,
            early: 8.0,
            between_favours: 60.0,
        }
    }
}
