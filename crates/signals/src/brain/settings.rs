//! What the look-ahead can be set to, and how it believes that queues discharge.

/// How far and how widely it looks ahead.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How far ahead, seconds.
    pub horizon: f64,
    /// Most sequences kept at each slot of a signal's search.
    pub beam: usize,
    /// How often all signals are searched in a decision, each knowing what the others planned the
    /// time before.
    pub sweeps: usize,
    /// Most work in a decision, in units of one lane looked at or one vehicle moved over a stop
    /// line; `None` for no bound. Shared out evenly: with less, beams are narrower, and with too
    /// little for the narrowest the signal follows advanced max pressure.
    pub work: Option<u64>,
    /// Seconds that a vehicle left in red at the horizon is taken to wait still.
    pub red_at_horizon: f64,
    /// Share of the time saved here that a vehicle is taken to lose again at the next signal.
    pub lost_onward: f64,
    /// What a change of phase costs beyond the delay it causes, vehicle seconds: next to nothing,
    /// so that a phase is kept when nothing speaks against it.
    pub change: f64,
    /// Half-life of what is learnt of turns and inflows, seconds.
    pub memory: f64,
    /// How queues discharge; by default as the protocol's vehicles do: [`Discharge::default`] under
    /// the literature's, [`Discharge::street`] and what is measured under a street's.
    pub discharge: Option<Discharge>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            horizon: 90.0,
            beam: 64,
            sweeps: 2,
            work: None,
            red_at_horizon: 10.0,
            lost_onward: 0.1,
            change: 0.01,
            memory: 600.0,
            discharge: None,
        }
    }
}

/// How a queue discharges over the stop line, seconds. The default is what passenger cars of the
/// published scenarios do in the engine (`tests/brain.rs` compares).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Discharge {
    /// From green until the first waiting vehicle crosses.
    pub reaction: f64,
    /// Between two that follow each other.
    pub headway: f64,
    /// More between the first two of a standing queue.
    pub second: f64,
    /// After the end of green, while those cross who can no longer stop.
    pub run_out: f64,
    /// What the first of a standing queue loses beyond the stop line by picking up speed.
    pub pick_up: f64,
}

impl Default for Discharge {
    fn default() -> Self {
        Self {
            reaction: 0.7,
            headway: 2.45,
            second: 1.1,
            run_out: 1.0,
            pick_up: 2.8,
        }
    }
}

impl Discharge {
    /// Cars in a street: 1,900 an hour and lane (base saturation flow of the Highway Capacity Manual
    /// 7, chapter 19).
    pub fn street() -> Self {
        Self {
            headway: 3_600.0 / 1_900.0,
            ..Self::default()
        }
    }
}
