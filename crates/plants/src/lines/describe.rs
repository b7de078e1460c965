//! A network and an observation of ours, told to another's controller.

use std::collections::BTreeMap;

use roads::{LaneId, Network};
use signals::{Detail, Limits, Observation, SignalPhases};

use super::message::{
    Init, Junction, Lane, LaneSeen, Movement, Obs, Phase, Shown, VERSION, letter,
};

/// What there is to control in a network.
pub fn describe(network: &Network, tick: f64, limits: Option<Limits>) -> Init {
    let lane_name = |lane: LaneId| network.lane_name(lane);
    let lanes = network.lanes.iter().enumerate().map(|(index, lane)| Lane {
        id: lane_name(LaneId::from(index)),
        road: Some(network.links[lane.link.index()].id.clone()),
        length: lane.length,
        speed: lane.speed_limit,
    });
    let mut place = vec![usize::MAX; network.movements.len()];
    let plans = SignalPhases::of_network(network);
    let junctions = network.signals.iter().zip(&plans).map(|(signal, plan)| {
        for (position, movement) in signal.movements.iter().enumerate() {
            place[movement.index()] = position;
        }
        let crossings = signal
            .junctions
            .iter()
            .flat_map(|id| &network.crossings[network.junctions[id.index()].crossings.range()]);
        let conflicts = crossings
            .map(|crossing| [place[crossing.a.index()], place[crossing.b.index()]])
            .filter(|pair| {
                pair.iter()
                    .all(|&position| position < signal.movements.len())
            })
            .collect();
        let junction = Junction {
            id: signal.id.clone(),
            movements: signal
                .movements
                .iter()
                .map(|movement| &network.movements[movement.index()])
                .map(|movement| Movement {
                    from: lane_name(movement.from),
                    to: lane_name(movement.to),
                    direction: movement.direction,
                })
                .collect(),
            conflicts: Some(conflicts),
            phases: signal
                .phases
                .iter()
                .zip(0..)
                .map(|(phase, index)| Phase {
                    usable: plan.green().contains(&index),
                    state: phase.aspects.iter().map(|&aspect| letter(aspect)).collect(),
                    duration: phase.duration,
                })
                .collect(),
            offset: signal.offset,
        };
        for movement in &signal.movements {
            place[movement.index()] = usize::MAX;
        }
        junction
    });
    Init {
        version: VERSION,
        network: network.name.clone(),
        tick,
        lanes: lanes.collect(),
        junctions: junctions.collect(),
        limits,
    }
}

/// An observation of a network. Lanes that are empty are left out.
pub fn observed(network: &Network, detail: Detail, seen: &Observation) -> Obs {
    let mut lanes = BTreeMap::new();
    for index in 0..network.lanes.len() {
        let lane = LaneId::from(index);
        let (count, waiting) = (
            seen.count.get(index).copied().unwrap_or(0),
            seen.waiting.get(index).copied().unwrap_or(0),
        );
        if count == 0 {
            continue;
        }
        let vehicles = (detail == Detail::Vehicles).then(|| {
            let vehicles = seen.vehicles_on(lane).iter();
            vehicles.map(|v| [v.to_stop_line, v.speed]).collect()
        });
        lanes.insert(
            network.lane_name(lane),
            LaneSeen {
                count,
                waiting,
                vehicles,
            },
        );
    }
    let signals = network.signals.iter().enumerate().map(|(index, signal)| {
        let shown = Shown {
            state: None,
            phase: seen.phase.get(index).copied().flatten(),
            elapsed: seen.elapsed.get(index).copied().unwrap_or(0.0),
            clearing: seen.clearing.get(index).copied().unwrap_or(false),
        };
        (signal.id.clone(), shown)
    });
    Obs {
        t: seen.time,
        lanes,
        signals: signals.collect(),
    }
}
