//! Ramp metering: how many vehicles a ramp may let onto an expressway.
//!
//! The control law is ALINEA (M. Papageorgiou, H. Hadj-Salem, J.-M. Blosseville, *ALINEA: a local
//! feedback control law for on-ramp metering*, Transportation Research Record 1320, 1991):
//! `r(k) = r(k−1) + K (ô − o(k−1))`, with r the vehicles an hour that the ramp may release, o the
//! occupancy just beyond the merge over the last interval, and ô the occupancy at which most get
//! through. Where the ramp is nearly full, the meter opens (queue override), so that it does not
//! spill back into the street.
//!
//! A meter releases one vehicle at a green, and is dark (open) while the rate is at its greatest.

use roads::model::RoadClass;
use roads::{LaneId, LinkId, Network};
use serde::{Deserialize, Serialize};
use sim::{VehicleId, World};

use crate::error::Error;
use crate::roadway::Roadway;

/// The law's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alinea {
    /// K, vehicles an hour for each percent of occupancy: 70 in the paper.
    pub gain: f64,
    /// ô, a share between 0 and 1; `None`: what follows from the speed limit ([`critical`]).
    pub target: Option<f64>,
    /// Seconds between two changes of the rate.
    pub interval: f64,
    /// Fewest vehicles an hour and lane.
    pub least: f64,
    /// Most vehicles an hour and lane: from there on the meter is open.
    pub most: f64,
    /// Share of the ramp's room for standing vehicles from which on the meter opens.
    pub override_at: f64,
}

impl Default for Alinea {
    fn default() -> Self {
        Self {
            gain: 70.0,
            target: None,
            interval: 30.0,
            least: 240.0,
            most: 1_200.0,
            override_at: 0.7,
        }
    }
}

impl Alinea {
    /// Whether it can be run.
    ///
    /// # Errors
    /// With the field that is out of range.
    pub fn check(&self) -> Result<(), Error> {
        let positive = [
            ("gain", self.gain),
            ("interval", self.interval),
            ("least", self.least),
            ("most", self.most - self.least),
        ];
        for (field, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                let message = format!("{value} must be more than zero (most: more than least)");
                return Err(Error::value(field, message));
            }
        }
        let share = |value: f64| value > 0.0 && value <= 1.0;
        if !self.target.is_none_or(share) || !share(self.override_at) {
            let message = "target and override_at are shares, more than 0 and at most 1";
            return Err(Error::value("target", message));
        }
        Ok(())
    }

    /// The next rate of a ramp with so many lanes, vehicles an hour.
    pub fn next(&self, rate: f64, occupancy: f64, target: f64, lanes: f64) -> f64 {
        let wanted = rate + self.gain * 100.0 * (target - occupancy);
        wanted.clamp(self.least * lanes, self.most * lanes)
    }
}

/// Room that a standing vehicle takes, metres.
const SPACING: f64 = 7.5;
/// Length over which occupancy is taken beyond the merge, metres.
const ZONE: f64 = 120.0;
/// Length of a car, gap at a standstill (metres) and headway (seconds): the traffic model's.
const CAR: (f64, f64, f64) = (5.0, 2.0, 1.0);
/// A vehicle nearer than this to the stop line is the next to be let go, metres.
const AT_LINE: f64 = 8.0;

/// The occupancy at which most vehicles get through at this speed limit, m/s: all follow one
/// another at the headway that they wish for.
pub fn critical(limit: f64) -> f64 {
    let (length, gap, headway) = CAR;
    length / (length + gap + limit * headway)
}

/// A ramp where it meets the carriageway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ramp {
    /// The ramp's link.
    pub link: LinkId,
    /// The carriageway's link beyond the merge.
    pub beyond: LinkId,
}

/// The on-ramps of a network: links of a lower class (ramps, or streets where a ramp has no class
/// of its own) that end without a signal where a motorway or trunk road goes on, and turn onto it.
pub fn ramps(network: &Network) -> Vec<Ramp> {
    let class = |link: LinkId| network.links[link.index()].class;
    let fast = |link: LinkId| matches!(class(link), RoadClass::Motorway | RoadClass::Trunk);
    let mut found: Vec<Ramp> = Vec::new();
    for turn in network.turns.iter().filter(|turn| fast(turn.to)) {
        let junction = &network.junctions[turn.junction.index()];
        if junction.signal.is_some() || fast(turn.from) {
            continue;
        }
        let merges = network.turns[junction.turns.range()]
            .iter()
            .any(|other| other.to == turn.to && fast(other.from));
        if merges && !found.iter().any(|ramp| ramp.link == turn.from) {
            found.push(Ramp {
                link: turn.from,
                beyond: turn.to,
            });
        }
    }
    found
}

/// How a ramp's meter stands.
#[derive(Clone, Debug, Serialize)]
pub struct MeterState {
    /// The ramp.
    pub ramp: Ramp,
    /// Vehicles an hour that it may release.
    pub rate: f64,
    /// Seconds for which it was not open.
    pub metered: f64,
    /// Intervals in which the queue opened it.
    pub overrides: u64,
    #[serde(skip)]
    lanes: Vec<Gate>,
    #[serde(skip)]
    beyond: Vec<LaneId>,
    #[serde(skip)]
    target: f64,
    #[serde(skip)]
    sum: f64,
    #[serde(skip)]
    samples: f64,
}

#[derive(Clone, Debug)]
struct Gate {
    lane: LaneId,
    length: f64,
    credit: f64,
    open: bool,
    front: Option<VehicleId>,
}

/// Meters at some ramps.
#[derive(Clone, Debug)]
pub struct Metering {
    law: Alinea,
    meters: Vec<MeterState>,
    next: f64,
    before: Option<f64>,
}

impl Metering {
    /// Meters at these ramps, all open.
    ///
    /// # Errors
    /// When the law is out of range.
    pub fn new(network: &Network, ramps: &[Ramp], law: Alinea) -> Result<Self, Error> {
        law.check()?;
        let lanes = |link: LinkId| network.links[link.index()].lanes.range().map(LaneId::from);
        let meters = ramps
            .iter()
            .map(|ramp| {
                let gates: Vec<Gate> = lanes(ramp.link)
                    .filter(|lane| !network.lanes[lane.index()].outgoing.is_empty())
                    .map(|lane| Gate {
                        lane,
                        length: network.lanes[lane.index()].length,
                        credit: 0.0,
                        open: true,
                        front: None,
                    })
                    .collect();
                let limit = network.lanes_of(ramp.beyond).iter();
                let limit = limit.map(|lane| lane.speed_limit).fold(0.0, f64::max);
                MeterState {
                    rate: law.most * gates.len() as f64,
                    lanes: gates,
                    beyond: lanes(ramp.beyond).collect(),
                    target: law.target.unwrap_or_else(|| critical(limit)),
                    ramp: ramp.clone(),
                    metered: 0.0,
                    overrides: 0,
                    sum: 0.0,
                    samples: 0.0,
                }
            })
            .collect();
        Ok(Self {
            law,
            meters,
            next: law.interval,
            before: None,
        })
    }

    /// How the meters stand.
    pub fn meters(&self) -> &[MeterState] {
        &self.meters
    }

    /// Watches and sets the meters; to be called before every step.
    ///
    /// # Errors
    /// When the world refuses.
    pub fn act(&mut self, road: &mut impl Roadway) -> Result<(), Error> {
        let now = road.world().time();
        let passed = now - self.before.replace(now).unwrap_or(now);
        for meter in &mut self.meters {
            meter.sum += occupancy(road.world(), &meter.beyond);
            meter.samples += 1.0;
        }
        if now >= self.next {
            self.next += self.law.interval;
            for meter in &mut self.meters {
                meter.decide(&self.law, road.world());
            }
        }
        for meter in &mut self.meters {
            meter.show(&self.law, road, passed)?;
        }
        Ok(())
    }
}

impl MeterState {
    fn decide(&mut self, law: &Alinea, world: &World) {
        let occupancy = self.sum / self.samples.max(1.0);
        (self.sum, self.samples) = (0.0, 0.0);
        let lanes = self.lanes.len() as f64;
        self.rate = law.next(self.rate, occupancy, self.target, lanes);
        let full = self.lanes.iter().any(|gate| {
            let room = (gate.length / SPACING).max(1.0);
            f64::from(world.lane_count(gate.lane)) >= law.override_at * room
        });
        if full {
            self.overrides += u64::from(self.rate < law.most * lanes);
            self.rate = law.most * lanes;
        }
    }

    fn show(&mut self, law: &Alinea, road: &mut impl Roadway, passed: f64) -> Result<(), Error> {
        let each = self.rate / self.lanes.len().max(1) as f64;
        let free = each >= law.most;
        if !free {
            self.metered += passed;
        }
        for gate in &mut self.lanes {
            let first = road.world().lane_vehicles(gate.lane).next();
            let at_line = first.filter(|vehicle| gate.length - vehicle.distance < AT_LINE);
            let front = at_line.map(|vehicle| vehicle.id);
            gate.credit = (gate.credit + each / 3_600.0 * passed).min(1.0);
            let gone = gate.open && gate.front.is_some() && gate.front != front;
            if gone {
                gate.credit -= 1.0;
            }
            let open = free || (front.is_some() && gate.credit >= 1.0 - 1e-9);
            gate.front = front;
            if open != gate.open {
                road.set_meter(gate.lane, open)?;
                gate.open = open;
            }
        }
        Ok(())
    }
}

/// Mean share of the first metres of lanes that vehicles stand on.
fn occupancy(world: &World, lanes: &[LaneId]) -> f64 {
    let of = |&lane: &LaneId| {
        let zone = ZONE.min(world.network().lanes[lane.index()].length);
        let covered =
            |front: f64, length: f64| (front.min(zone) - (front - length).max(0.0)).max(0.0);
        let vehicles = world.lane_vehicles(lane).filter(|vehicle| !vehicle.shadow);
        vehicles
            .map(|vehicle| covered(vehicle.distance, vehicle.length))
            .sum::<f64>()
            / zone
    };
    lanes.iter().map(of).sum::<f64>() / lanes.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_above_the_target_rises_below_it_and_stays_within_bounds() {
        let law = Alinea::default();
        assert!((law.next(900.0, 0.20, 0.18, 1.0) - 760.0).abs() < 1e-9);
        assert!((law.next(900.0, 0.17, 0.18, 1.0) - 970.0).abs() < 1e-9);
        assert!((law.next(900.0, 0.60, 0.18, 1.0) - 240.0).abs() < 1e-9);
        assert!((law.next(900.0, 0.00, 0.18, 2.0) - 2_160.0).abs() < 1e-9);
    }

    #[test]
    fn a_law_out_of_range_is_refused_by_field() {
        let law = Alinea {
            interval: 0.0,
            ..Alinea::default()
        };
        assert!(law.check().unwrap_err().to_string().contains("interval"));
        let law = Alinea {
            target: Some(2.0),
            ..Alinea::default()
        };
        assert!(law.check().is_err());
    }
}
