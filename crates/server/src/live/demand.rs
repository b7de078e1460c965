//! More or less traffic out of one demand, the same every time.

use roads::{Demand, Flow};

/// Seconds between a vehicle and its copies.
const COPY_GAP: f64 = 5.0;

/// The demand at another level: 0.5 keeps about every other vehicle, 1.5 adds a copy of every
/// other one.
///
/// Flows of several vehicles keep their start and end and get `interval ÷ level`. Flows of one
/// vehicle (the form in which counted traffic comes) are taken in the order of their start; a
/// carry-over is raised by `level` for each and as many copies are made as it has whole units,
/// so that any stretch of time has its share. The first copy starts with the original, others
/// [`COPY_GAP`] seconds after one another. No chance is involved.
pub fn scaled(demand: &Demand, level: f64) -> Demand {
    let mut order: Vec<usize> = (0..demand.flows.len()).collect();
    order.sort_by(|&a, &b| demand.flows[a].start.total_cmp(&demand.flows[b].start));
    let mut copies = vec![1_u32; demand.flows.len()];
    let mut carried = 0.5; // rounds instead of cutting off
    for index in order {
        if is_single(&demand.flows[index]) {
            carried += level;
            copies[index] = carried as u32;
            carried -= f64::from(copies[index]);
        }
    }
    let mut flows = Vec::with_capacity((demand.flows.len() as f64 * level) as usize + 1);
    for (flow, &count) in demand.flows.iter().zip(&copies) {
        if is_single(flow) {
            flows.extend((0..count).map(|copy| {
                let delay = COPY_GAP * f64::from(copy);
                Flow {
                    id: flow.id.as_ref().map(|id| copy_name(id, copy)),
                    start: flow.start + delay,
                    end: flow.end.map(|end| end + delay),
                    ..flow.clone()
                }
            }));
        } else {
            flows.push(Flow {
                interval: flow.interval / level,
                ..flow.clone()
            });
        }
    }
    Demand {
        types: demand.types.clone(),
        routes: demand.routes.clone(),
        flows,
    }
}

fn is_single(flow: &Flow) -> bool {
    flow.end.is_some_and(|end| end - flow.start < flow.interval)
}

fn copy_name(id: &str, copy: u32) -> String {
    if copy == 0 {
        id.to_owned()
    } else {
        format!("{id}+{copy}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(start: f64) -> Flow {
        Flow {
            id: Some(format!("v{start}")),
            vehicle_type: 0,
            route: 0,
            interval: 1.0,
            start,
            end: Some(start),
        }
    }

    #[test]
    fn half_keeps_every_other_counted_vehicle() {
        let demand = Demand {
            flows: (0..10).map(|i| single(f64::from(i) * 10.0)).collect(),
            ..Demand::default()
        };
        let half = scaled(&demand, 0.5);
        let starts: Vec<f64> = half.flows.iter().map(|flow| flow.start).collect();
        assert_eq!(starts, [0.0, 20.0, 40.0, 60.0, 80.0]);
    }

    #[test]
    fn one_and_a_half_adds_a_copy_of_every_other_vehicle() {
        let demand = Demand {
            flows: (0..100).map(|i| single(f64::from(i) * 10.0)).collect(),
            ..Demand::default()
        };
        let more = scaled(&demand, 1.5);
        assert_eq!(more.vehicles_before(1e9), 150);
        assert_eq!(scaled(&demand, 1.0), demand);
        let mut names: Vec<_> = more.flows.iter().map(|flow| flow.id.clone()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 150, "copies have names of their own");
    }

    #[test]
    fn streams_get_another_headway() {
        let stream = Flow {
            interval: 6.0,
            end: Some(3599.0),
            ..single(0.0)
        };
        let demand = Demand {
            flows: vec![stream],
            ..Demand::default()
        };
        assert_eq!(demand.vehicles_before(3600.0), 600);
        assert_eq!(scaled(&demand, 0.75).vehicles_before(3600.0), 450);
        assert_eq!(scaled(&demand, 1.25).vehicles_before(3600.0), 750);
    }
}
