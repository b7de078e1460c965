//! Vehicle types with the constants that car following derives from them.

use roads::VehicleType;

/// Turning vehicles slow down to this, m/s (traffic model, section 1; not configurable there).
pub(crate) const TURN_SPEED: f64 = 8.3333;
/// A vehicle that gives way stops this far before the crossing, metres.
pub(crate) const YIELD_DISTANCE: f64 = 5.0;
/// Keeps divisions by a speed defined.
pub(crate) const EPSILON: f64 = 1e-8;

/// A vehicle type, compiled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kind {
    pub(crate) source: VehicleType,
    pub(crate) length: f64,
    pub(crate) max_acceleration: f64,
    pub(crate) max_deceleration: f64,
    pub(crate) usual_acceleration: f64,
    pub(crate) usual_deceleration: f64,
    pub(crate) min_gap: f64,
    pub(crate) max_speed: f64,
    pub(crate) headway: f64,
    /// From this distance on, a vehicle heeds the junction ahead and vehicles beyond it, metres.
    pub(crate) approach: f64,
    /// With at least this gap no leader slows the vehicle down, whatever its speed, metres.
    pub(crate) free_gap: f64,
    /// `max_deceleration == usual_deceleration`: the weaker of two equal bounds can be left out.
    pub(crate) even: bool,
}

impl Kind {
    /// Compiles a type for steps of `dt` seconds among vehicles that brake with at most
    /// `strongest` m/s².
    pub(crate) fn new(source: &VehicleType, dt: f64, strongest: f64) -> Self {
        let vmax = source.max_speed;
        let mut kind = Self {
            length: source.length,
            max_acceleration: source.max_acceleration,
            max_deceleration: source.max_deceleration,
            usual_acceleration: source.usual_acceleration,
            usual_deceleration: source.usual_deceleration,
            min_gap: source.min_gap,
            max_speed: vmax,
            headway: source.headway,
            approach: vmax * vmax / source.usual_deceleration / 2.0 + vmax * dt * 2.0,
            free_gap: 0.0,
            even: source
                .max_deceleration
                .total_cmp(&source.usual_deceleration)
                .is_eq(),
            source: source.clone(),
        };
        // Each of the three speeds of the follow rule is at least vmax when the leader stands
        // still and the gap is this large; all of them grow with the leader's speed.
        let weakest = source.max_deceleration.min(source.usual_deceleration);
        let headway = vmax * (source.headway + dt / 2.0);
        let braking = vmax * vmax / (2.0 * weakest) + vmax * dt + source.min_gap;
        let last_step = (vmax + strongest * dt) * dt / 2.0 + source.min_gap;
        kind.free_gap = headway.max(braking).max(last_step) + 1.0;
        kind
    }

    /// Distance in which a vehicle at speed `v` can stop, metres.
    #[inline]
    pub(crate) fn brake_distance(&self, v: f64) -> f64 {
        0.5 * v * v / self.max_deceleration
    }

    /// Whether a vehicle at speed `v`, `distance` before a crossing (negative: beyond it), can
    /// still give way, or has cleared it.
    #[inline]
    pub(crate) fn can_yield(&self, v: f64, distance: f64) -> bool {
        (distance > 0.0 && self.brake_distance(v) < distance - YIELD_DISTANCE)
            || (distance < 0.0 && distance + self.length < 0.0)
    }

    /// Speed at which to go on so as to stop within `distance` metres.
    #[inline]
    pub(crate) fn stop_before(&self, v: f64, distance: f64, dt: f64) -> f64 {
        let faster = v + self.usual_acceleration * dt;
        let needed = (v + faster) * dt / 2.0 + faster * faster / self.usual_deceleration / 2.0;
        if needed < distance {
            return faster;
        }
        let steps = 2.0 * distance / (v + EPSILON) / dt;
        if steps >= 1.0 {
            v - v / steps.trunc()
        } else {
            v - v / steps
        }
    }

    /// Steps until a vehicle at speed `v` has driven `distance`, on a movement that is a turn or
    /// not. Right for steps of one second only, as in the published simulator.
    pub(crate) fn steps_to_reach(&self, v: f64, distance: f64, turn: bool, dt: f64) -> i64 {
        if distance <= 0.0 {
            return 0;
        }
        let target = if turn { TURN_SPEED } else { self.max_speed };
        let a = self.usual_acceleration;
        if v > target {
            return (distance / v).ceil() as i64;
        }
        let until_target = if target <= v {
            0.0
        } else {
            let steps = ((target - v) / a / dt).floor();
            let reached = v + steps * a / dt;
            let first = (v + reached) * (steps * dt) / 2.0;
            first
                + if reached < target {
                    (reached + target) * dt / 2.0
                } else {
                    0.0
                }
        };
        if until_target > distance {
            (((v * v + 2.0 * a * distance).sqrt() - v) / a / dt).ceil() as i64
        } else {
            ((target - v) / a / dt).ceil() as i64
                + ((distance - until_target) / target / dt).ceil() as i64
        }
    }
}

/// The smaller of two numbers, neither of which is NaN: one instruction, where `f64::min` takes
/// several to heed NaN.
#[inline]
pub(crate) fn lesser(one: f64, other: f64) -> f64 {
    if one < other { one } else { other }
}

/// The largest speed at which a follower (`v`, braking `b`) stays clear of a leader (`lead`,
/// braking `lead_b`) that starts to brake now, `gap` ahead, keeping `keep` metres; −100 when none.
#[inline]
pub(crate) fn clear_speed(
    lead: f64,
    lead_b: f64,
    v: f64,
    b: f64,
    gap: f64,
    dt: f64,
    keep: f64,
) -> f64 {
    let c = v * dt / 2.0 + keep - 0.5 * lead * lead / lead_b - gap;
    let a = 0.5 / b;
    let h = 0.5 * dt;
    let root = h * h - 4.0 * a * c;
    if h * h < 4.0 * a * c {
        return -100.0;
    }
    let one = 0.5 / a * (root.sqrt() - h);
    let two = 2.0 * lead - lead_b * dt + 2.0 * (gap - keep) / dt;
    lesser(one, two)
}
