//! Offsets with the widest two-way green waves.
//!
//! The problem is that of J. D. C. Little, *The synchronization of traffic signals by mixed-integer
//! linear programming*, Operations Research 14 (1966), and MAXBAND (Little, Kelson, Gartner,
//! Transportation Research Record 795, 1981), with the common cycle, the splits and the speeds
//! given: choose the offsets so that `b + k·b̄` is greatest, b the outbound band, b̄ the inbound one,
//! k the weight of inbound traffic. Both directions must have a band; where that cannot be, the
//! wider one-way band is taken.
//!
//! It is solved exactly, to the second, without a solver. Fix where in the cycle the outbound band
//! starts (anywhere: only differences matter) and where the inbound one does, w. A signal lets both
//! through if some offset puts its outbound green over the one band and its inbound green over the
//! other: two arcs on the circle of offsets, of lengths G − b and Ḡ − b̄, that must meet. For each
//! w and b that gives each signal's widest b̄, and the corridor's is the least of them. So C · G · n
//! small steps look at everything, and no loop variables are needed: the circle closes by itself.

use serde::Serialize;

/// A green in a signal's cycle, seconds from the cycle's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Window {
    /// When it begins.
    pub start: f64,
    /// How long it is.
    pub length: f64,
}

/// A signal of a corridor as the bands see it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stop {
    /// Green of those who drive outbound.
    pub out: Window,
    /// Green of those who drive inbound.
    pub back: Window,
    /// Seconds that the band takes from the first signal to this one, outbound.
    pub out_at: f64,
    /// Seconds that the band takes from the last signal to this one, inbound.
    pub back_at: f64,
}

/// The widest bands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Bands {
    /// Cycle, seconds.
    pub cycle: f64,
    /// Outbound band, seconds.
    pub out: f64,
    /// Inbound band, seconds.
    pub back: f64,
    /// When in the cycle the outbound band passes the first signal.
    pub out_start: f64,
    /// When in the cycle the inbound band passes the last signal.
    pub back_start: f64,
    /// Offset of each signal, seconds: its cycle begins so long after the corridor's.
    pub offsets: Vec<f64>,
}

/// The place of a time on the circle of a cycle, from 0 up to it.
fn on_circle(time: f64, cycle: f64) -> f64 {
    let place = time.rem_euclid(cycle);
    if place >= cycle { 0.0 } else { place }
}

/// The offsets with the greatest `out + weight · back`, and of these the most even one, both at
/// least a second; the wider one-way band where there is no such. Bands are found to the second.
/// Empty where there are no stops or no cycle.
pub fn bands(stops: &[Stop], cycle: f64, weight: f64) -> Bands {
    let usable = cycle.is_finite() && cycle >= 1.0;
    let (Some(widest_out), Some(widest_back), true) = (
        least(stops, |stop| stop.out.length),
        least(stops, |stop| stop.back.length),
        usable,
    ) else {
        return Bands::default();
    };
    let mut best: Option<(f64, f64, f64, f64)> = None; // value, out, back, start of back
    for start in 0..cycle.floor() as u32 {
        let start = f64::from(start);
        for out in 1..=widest_out.floor() as u32 {
            let out = f64::from(out);
            let back = stops
                .iter()
                .map(|stop| widest_back_at(stop, cycle, out, start))
                .fold(widest_back, f64::min)
                .floor();
            if back < 1.0 {
                continue;
            }
            let value = out + weight * back;
            let even = |out: f64, back: f64| out.min(back);
            let better = best.is_none_or(|(known, known_out, known_back, _)| {
                value > known + 1e-9
                    || (value > known - 1e-9 && even(out, back) > even(known_out, known_back))
            });
            if better {
                best = Some((value, out, back, start));
            }
        }
    }
    let Some((_, out, back, start)) = best else {
        return one_way(stops, cycle, widest_out, weight * widest_back);
    };
    Bands {
        cycle,
        out,
        back,
        out_start: 0.0,
        back_start: start,
        offsets: stops
            .iter()
            .map(|stop| offset(stop, cycle, out, back, start))
            .collect(),
    }
}

/// Offsets for one direction only: outbound if its band counts for more.
fn one_way(stops: &[Stop], cycle: f64, out: f64, back: f64) -> Bands {
    let outbound = out >= back;
    let offset = |stop: &Stop| {
        let (window, at, band) = if outbound {
            (stop.out, stop.out_at, out)
        } else {
            (stop.back, stop.back_at, stop.back.length.min(out.max(back)))
        };
        let (first, slack) = arc(window, at, 0.0, band.floor(), cycle);
        on_circle(first + slack / 2.0, cycle)
    };
    let offsets: Vec<f64> = stops.iter().map(offset).collect();
    let (out, back) = widths(stops, cycle, &offsets);
    Bands {
        cycle,
        out,
        back,
        out_start: 0.0,
        back_start: 0.0,
        offsets,
    }
}

fn least(stops: &[Stop], length: fn(&Stop) -> f64) -> Option<f64> {
    stops.iter().map(length).reduce(f64::min)
}

/// The offsets at which a stop's green covers the outbound band: from the first, over so many
/// seconds. The band starts at 0 at the first signal.
fn arc(window: Window, at: f64, band_start: f64, band: f64, cycle: f64) -> (f64, f64) {
    // offset + start ≤ band_start + at, and offset + start + length ≥ band_start + at + band.
    let last = band_start + at - window.start;
    let slack = (window.length - band).max(0.0);
    (on_circle(last - slack, cycle), slack)
}

/// The widest inbound band that a stop lets through, with an outbound band of `out` and an inbound
/// one that starts at `start`; less than 0 if none.
fn widest_back_at(stop: &Stop, cycle: f64, out: f64, start: f64) -> f64 {
    // The last offsets at which either band's start is just in green.
    let (out_first, out_slack) = arc(stop.out, stop.out_at, 0.0, out, cycle);
    let back_last = on_circle(start + stop.back_at - stop.back.start, cycle);
    // An offset x in the outbound arc leaves inbound: length − (how far x is before back_last).
    // The best is the one in the arc that is at or before back_last by the least.
    let end = out_first + out_slack;
    let behind_end = on_circle(back_last - end, cycle);
    let inside = on_circle(back_last - out_first, cycle) <= out_slack;
    let lag = if inside { 0.0 } else { behind_end };
    stop.back.length - lag
}

/// An offset at which both bands get through, in the middle of those there are.
fn offset(stop: &Stop, cycle: f64, out: f64, back: f64, start: f64) -> f64 {
    let (out_first, out_slack) = arc(stop.out, stop.out_at, 0.0, out, cycle);
    let (back_first, back_slack) = arc(stop.back, stop.back_at, start, back, cycle);
    // Where the second arc begins, seen from the first's beginning; it may begin before that.
    let ahead = on_circle(back_first - out_first, cycle);
    let spans = [
        (ahead, ahead + back_slack),
        (ahead - cycle, ahead - cycle + back_slack),
    ];
    let common = spans
        .into_iter()
        .map(|(from, to)| (from.max(0.0), to.min(out_slack)))
        .max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
    let middle = common.map_or(0.0, |(from, to)| f64::midpoint(from, to));
    on_circle(out_first + middle, cycle)
}

/// The widest bands that given offsets leave in either direction, seconds: the longest time in the
/// cycle at which who starts meets green at every stop.
pub fn widths(stops: &[Stop], cycle: f64, offsets: &[f64]) -> (f64, f64) {
    let green = |window: Window, offset: f64, time: f64| {
        on_circle(time - offset - window.start, cycle) < window.length - 1e-9
    };
    let run = |passes: &dyn Fn(f64) -> bool| {
        let seconds = cycle.max(0.0).floor() as u32;
        let (mut longest, mut now) = (0_u32, 0_u32);
        for second in 0..2 * seconds {
            // The middle of a second stands for it.
            now = if passes(f64::from(second) + 0.5) {
                now + 1
            } else {
                0
            };
            longest = longest.max(now.min(seconds));
        }
        f64::from(longest)
    };
    let all = |direction: fn(&Stop) -> (Window, f64), time: f64| {
        stops.iter().zip(offsets).all(|(stop, &offset)| {
            let (window, at) = direction(stop);
            green(window, offset, time + at)
        })
    };
    (
        run(&|time| all(|stop| (stop.out, stop.out_at), time)),
        run(&|time| all(|stop| (stop.back, stop.back_at), time)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(start: f64, length: f64, out_at: f64, back_at: f64) -> Stop {
        let window = Window { start, length };
        Stop {
            out: window,
            back: window,
            out_at,
            back_at,
        }
    }

    #[test]
    fn half_a_cycle_apart_two_signals_have_full_bands_both_ways() {
        // Little's textbook case: travel of half a cycle, so the signals alternate.
        let stops = [stop(5.0, 30.0, 0.0, 30.0), stop(5.0, 30.0, 30.0, 0.0)];
        let found = bands(&stops, 60.0, 1.0);
        assert!((found.out - 30.0).abs() < 1e-9, "{found:?}");
        assert!((found.back - 30.0).abs() < 1e-9, "{found:?}");
        let apart = on_circle(found.offsets[1] - found.offsets[0], 60.0);
        assert!((apart - 30.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_quarter_of_a_cycle_apart_they_share_half_of_the_green() {
        // b + b̄ is at most 2 G − (the gap that a quarter leaves): 60 − 30 = 30 of 60 s of green.
        let stops = [stop(0.0, 30.0, 0.0, 15.0), stop(0.0, 30.0, 15.0, 0.0)];
        let found = bands(&stops, 60.0, 1.0);
        assert!((found.out + found.back - 30.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn what_is_found_is_what_the_offsets_leave_and_no_other_offsets_leave_more() {
        let stops = [
            stop(3.0, 21.0, 0.0, 29.0),
            stop(9.0, 27.0, 17.0, 12.0),
            stop(0.0, 18.0, 29.0, 0.0),
        ];
        let cycle = 50.0;
        let found = bands(&stops, cycle, 1.0);
        let (out, back) = widths(&stops, cycle, &found.offsets);
        assert!(
            out + 1e-9 >= found.out && back + 1e-9 >= found.back,
            "{found:?} {out} {back}"
        );
        let mut most: f64 = 0.0;
        for a in 0..50 {
            for b in 0..50 {
                let offsets = [0.0, f64::from(a), f64::from(b)];
                let (out, back) = widths(&stops, cycle, &offsets);
                if out.min(back) >= 1.0 {
                    most = most.max(out + back);
                }
            }
        }
        assert!(
            (most - (out + back)).abs() < 1e-9,
            "{most} against {out} + {back}"
        );
    }

    #[test]
    fn nothing_comes_of_nothing() {
        assert_eq!(bands(&[], 60.0, 1.0), Bands::default());
        assert_eq!(
            bands(&[stop(0.0, 10.0, 0.0, 0.0)], f64::NAN, 1.0),
            Bands::default()
        );
    }
}
