//! Sources whose clock does not begin at 0: SUMO's scenarios keep the time of day.

use roads::{Demand, Network};

/// The minute of the first departure, seconds; 0 of no demand.
pub(super) fn first_minute(demand: &Demand) -> f64 {
    let first = demand
        .flows
        .iter()
        .map(|flow| flow.start)
        .fold(f64::INFINITY, f64::min);
    if first.is_finite() {
        (first / 60.0).floor().max(0.0) * 60.0
    } else {
        0.0
    }
}

/// The demand on a clock whose 0 is `begin`. Vehicles before it are left out.
pub(super) fn shifted(mut demand: Demand, begin: f64) -> Demand {
    demand.flows.retain_mut(|flow| {
        if flow.start < begin {
            flow.start += ((begin - flow.start) / flow.interval - 1e-9).ceil() * flow.interval;
        }
        let drives = flow.end.is_none_or(|end| end >= flow.start);
        flow.start -= begin;
        flow.end = flow.end.map(|end| end - begin);
        drives
    });
    demand
}

/// Lets the plans of signals go on as they would have at `begin`.
pub(super) fn shift_signals(network: &mut Network, begin: f64) {
    for signal in &mut network.signals {
        let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
        if cycle > 0.0 {
            signal.offset = (signal.offset - begin).rem_euclid(cycle);
        }
    }
}

#[cfg(test)]
mod tests {
    use roads::Flow;

    use super::*;

    fn flow(start: f64, end: f64) -> Flow {
        Flow {
            id: None,
            vehicle_type: 0,
            route: 0,
            interval: 10.0,
            start,
            end: Some(end),
        }
    }

    #[test]
    fn vehicles_before_the_beginning_are_left_out() {
        let flows = vec![flow(90.0, 125.0), flow(0.0, 50.0), flow(130.0, 130.0)];
        let demand = Demand {
            flows,
            ..Demand::default()
        };
        assert!(first_minute(&demand).abs() < 1e-9);
        let shifted = shifted(demand, 105.0);
        let times: Vec<_> = shifted
            .flows
            .iter()
            .map(|flow| (flow.start, flow.end))
            .collect();
        assert_eq!(times, [(5.0, Some(20.0)), (25.0, Some(25.0))]);
    }
}
