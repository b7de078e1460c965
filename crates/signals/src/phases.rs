//! What a signal's plan means for control: which of its phases serve traffic, which only clear
//! the junction, which movements go together, and what the plan itself shows at a time.
//!
//! Plans differ by source. CityFlow files have a clearance phase 0 and green phases after it;
//! SUMO programs put a yellow phase after each green one; generated plans may have green phases
//! only. Controllers and the safety envelope work on what is common to all: *green phases*.

use roads::{Aspect, Direction, MovementId, Network, SignalId};

/// Index of a phase in its signal's plan.
pub type PhaseIndex = u32;

/// Seconds that a green phase gets in a plan that states no durations.
const FALLBACK_GREEN: f64 = 30.0;

/// Two movements that a phase of the plan shows protected green although both go straight on and
/// cross: nobody would give way. The envelope shows both red in that phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The phase.
    pub phase: PhaseIndex,
    /// One movement.
    pub a: MovementId,
    /// The other.
    pub b: MovementId,
}

/// A crossing of two movements of the signal, which come from different lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meeting {
    /// Position of the one in the signal's movements.
    pub(crate) a: usize,
    /// Position of the other.
    pub(crate) b: usize,
    /// Distance of the point along the one, metres.
    pub(crate) at_a: f64,
    /// Distance of the point along the other, metres.
    pub(crate) at_b: f64,
}

/// A signal's plan, made ready for control.
#[derive(Clone, Debug)]
pub struct SignalPhases {
    /// Per position in the signal's movements: its group.
    pub(crate) group_of: Vec<u32>,
    /// Number of groups.
    pub(crate) groups: usize,
    /// Per phase and group: what is shown, with yellow as red and faults mended.
    pub(crate) aspects: Vec<Vec<Aspect>>,
    /// Per phase: `aspects` is exactly what the plan says.
    pub(crate) verbatim: Vec<bool>,
    /// Per group: green in every phase of the plan.
    pub(crate) free: Vec<bool>,
    /// Crossings between its movements.
    pub(crate) meetings: Vec<Meeting>,
    green: Vec<PhaseIndex>,
    clearance: Option<PhaseIndex>,
    faults: Vec<Fault>,
    /// Per phase: when it ends in the cycle, and the green phase to ask for while it runs.
    schedule: Vec<(f64, PhaseIndex)>,
    offset: f64,
}

impl SignalPhases {
    /// Reads the plans of all signals of a network.
    pub fn of_network(network: &Network) -> Vec<Self> {
        let mut position = vec![u32::MAX; network.movements.len()];
        (0..network.signals.len())
            .map(|signal| Self::of_signal(network, SignalId::from(signal), &mut position))
            .collect()
    }

    /// Green phases, in the order of the plan: those with some green and no yellow that are not
    /// pure clearance. A phase with both green and yellow counts only if it alone serves some
    /// movement.
    pub fn green(&self) -> &[PhaseIndex] {
        &self.green
    }

    /// The phase that the plan itself has for clearing the junction: no yellow, and green only
    /// for movements that are green in every phase.
    pub fn clearance(&self) -> Option<PhaseIndex> {
        self.clearance
    }

    /// What is wrong with the plan.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether the movement at this position of the signal's movements is green in the phase and
    /// not in all of them.
    pub fn serves(&self, phase: PhaseIndex, position: usize) -> bool {
        let group = self.group_of[position] as usize;
        !self.free[group] && self.aspects[phase as usize][group].is_green()
    }

    /// The green phase that the plan asks for at a time in seconds: during yellow and clearance
    /// phases the green phase that follows. `None` if there is none.
    pub fn planned(&self, time: f64) -> Option<PhaseIndex> {
        let &(cycle, _) = self.schedule.last()?;
        let into = (time - self.offset).rem_euclid(cycle);
        self.schedule
            .iter()
            .find(|(end, _)| into < *end)
            .or(self.schedule.first())
            .map(|&(_, phase)| phase)
    }

    /// A small set of phases `among` the given that serves every movement they serve, in the
    /// order given (greedy; the first wins ties).
    pub fn cover(&self, among: &[PhaseIndex]) -> Vec<PhaseIndex> {
        let mut open: Vec<bool> = self.free.iter().map(|free| !free).collect();
        let mut chosen = vec![false; among.len()];
        loop {
            let gain = |phase: PhaseIndex| {
                (0..self.groups)
                    .filter(|&group| open[group] && self.is_green(phase, group))
                    .count()
            };
            let best = (0..among.len())
                .filter(|&i| !chosen[i])
                .map(|i| (gain(among[i]), i))
                .max_by_key(|&(gain, i)| (gain, std::cmp::Reverse(i)));
            match best {
                Some((gain, i)) if gain > 0 => {
                    chosen[i] = true;
                    for (group, open) in open.iter_mut().enumerate() {
                        *open &= !self.is_green(among[i], group);
                    }
                }
                _ => break,
            }
        }
        (0..among.len())
            .filter(|&i| chosen[i])
            .map(|i| among[i])
            .collect()
    }

    pub(crate) fn is_green(&self, phase: PhaseIndex, group: usize) -> bool {
        self.aspects[phase as usize][group].is_green()
    }

    fn of_signal(network: &Network, id: SignalId, position: &mut [u32]) -> Self {
        let signal = &network.signals[id.index()];
        for (i, movement) in signal.movements.iter().enumerate() {
            position[movement.index()] = i as u32;
        }
        let meetings = meetings(network, id, position);
        for movement in &signal.movements {
            position[movement.index()] = u32::MAX;
        }
        // What each phase shows each movement, with faults mended.
        let mut shown: Vec<Vec<Aspect>> = signal.phases.iter().map(|p| p.aspects.clone()).collect();
        let mut faults = Vec::new();
        for (index, aspects) in shown.iter_mut().enumerate() {
            aspects.resize(signal.movements.len(), Aspect::Red);
            let found: Vec<Meeting> = meetings
                .iter()
                .filter(|meeting| both_go_straight_on(network, id, aspects, meeting))
                .copied()
                .collect();
            for meeting in found {
                aspects[meeting.a] = Aspect::Red;
                aspects[meeting.b] = Aspect::Red;
                faults.push(Fault {
                    phase: index as PhaseIndex,
                    a: signal.movements[meeting.a],
                    b: signal.movements[meeting.b],
                });
            }
        }
        let (group_of, groups) = group(&shown, signal.movements.len());
        let mut first = vec![0; groups];
        for (movement, &group) in group_of.iter().enumerate().rev() {
            first[group as usize] = movement;
        }
        let free: Vec<bool> = first
            .iter()
            .map(|&movement| shown.iter().all(|aspects| aspects[movement].is_green()))
            .collect();
        let by_group: Vec<Vec<Aspect>> = shown
            .iter()
            .map(|aspects| first.iter().map(|&movement| aspects[movement]).collect())
            .collect();
        let verbatim = signal
            .phases
            .iter()
            .zip(&shown)
            .map(|(phase, shown)| &phase.aspects == shown && !shown.contains(&Aspect::Yellow))
            .collect();
        let (green, clearance) = classify(&by_group, &free);
        let durations: Vec<f64> = signal.phases.iter().map(|phase| phase.duration).collect();
        Self {
            group_of,
            groups,
            verbatim,
            free,
            meetings,
            schedule: schedule(&durations, &green),
            green,
            clearance,
            faults,
            offset: if signal.offset.is_finite() {
                signal.offset
            } else {
                0.0
            },
            aspects: by_group
                .into_iter()
                .map(|aspects| aspects.into_iter().map(without_yellow).collect())
                .collect(),
        }
    }
}

fn without_yellow(aspect: Aspect) -> Aspect {
    if aspect == Aspect::Yellow {
        Aspect::Red
    } else {
        aspect
    }
}

fn meetings(network: &Network, id: SignalId, position: &[u32]) -> Vec<Meeting> {
    let mut found = Vec::new();
    for junction in &network.signals[id.index()].junctions {
        let span = network.junctions[junction.index()].crossings;
        for crossing in &network.crossings[span.range()] {
            let (a, b) = (
                position[crossing.a.index()] as usize,
                position[crossing.b.index()] as usize,
            );
            let lane = |movement: MovementId| network.movements[movement.index()].from;
            let controlled = a != u32::MAX as usize && b != u32::MAX as usize;
            if controlled && lane(crossing.a) != lane(crossing.b) {
                found.push(Meeting {
                    a,
                    b,
                    at_a: crossing.at_a,
                    at_b: crossing.at_b,
                });
            }
        }
    }
    found
}

fn both_go_straight_on(
    network: &Network,
    id: SignalId,
    aspects: &[Aspect],
    meeting: &Meeting,
) -> bool {
    let movements = &network.signals[id.index()].movements;
    let movement = |position: usize| &network.movements[movements[position].index()];
    let (a, b) = (movement(meeting.a), movement(meeting.b));
    let link = |lane: roads::LaneId| network.lanes[lane.index()].link;
    aspects[meeting.a] == Aspect::Protected
        && aspects[meeting.b] == Aspect::Protected
        && a.direction == Direction::Straight
        && b.direction == Direction::Straight
        && link(a.from) != link(b.from)
        && link(a.to) != link(b.to)
}

/// Movements that every phase shows the same form a group.
fn group(shown: &[Vec<Aspect>], movements: usize) -> (Vec<u32>, usize) {
    let mut known: Vec<usize> = Vec::new(); // one movement of each group
    let group_of = (0..movements)
        .map(|movement| {
            let same = |&other: &usize| shown.iter().all(|row| row[other] == row[movement]);
            known.iter().position(same).unwrap_or_else(|| {
                known.push(movement);
                known.len() - 1
            }) as u32
        })
        .collect();
    (group_of, known.len())
}

/// Green phases and the clearance phase, if there is one.
fn classify(aspects: &[Vec<Aspect>], free: &[bool]) -> (Vec<PhaseIndex>, Option<PhaseIndex>) {
    let serves = |phase: &[Aspect], group: usize| phase[group].is_green() && !free[group];
    let mut green: Vec<PhaseIndex> = Vec::new();
    let mut clearance = None;
    for (index, phase) in aspects.iter().enumerate() {
        if phase.contains(&Aspect::Yellow) {
            continue;
        }
        if (0..phase.len()).any(|group| serves(phase, group)) {
            green.push(index as PhaseIndex);
        } else if clearance.is_none() {
            clearance = Some(index as PhaseIndex);
        }
    }
    for group in 0..free.len() {
        let served = |phase: &PhaseIndex| serves(&aspects[*phase as usize], group);
        if !green.iter().any(served)
            && let Some(phase) = aspects.iter().position(|phase| serves(phase, group))
        {
            green.push(phase as PhaseIndex);
        }
    }
    green.sort_unstable();
    if green.is_empty() {
        // Everything that is ever green always is: one such phase says it all.
        let any = |phase: &Vec<Aspect>| phase.iter().any(|aspect| aspect.is_green());
        green.extend(
            aspects
                .iter()
                .position(any)
                .map(|phase| phase as PhaseIndex),
        );
        clearance = None;
    }
    (green, clearance)
}

fn schedule(durations: &[f64], green: &[PhaseIndex]) -> Vec<(f64, PhaseIndex)> {
    let Some(&first) = green.first() else {
        return Vec::new();
    };
    let usable = |seconds: f64| seconds.is_finite() && seconds > 0.0;
    let stated = durations.iter().any(|&seconds| usable(seconds));
    let mut end = 0.0;
    durations
        .iter()
        .enumerate()
        .filter_map(|(index, &seconds)| {
            let index = index as PhaseIndex;
            let seconds = if stated { seconds } else { FALLBACK_GREEN };
            let next = green
                .iter()
                .copied()
                .find(|&phase| phase >= index)
                .unwrap_or(first);
            usable(seconds).then(|| {
                end += seconds;
                (end, next)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use roads::generate::{GridSpec, grid};
    use roads::model::Phase;

    use super::*;

    fn crossroads() -> Network {
        let spec = GridSpec {
            columns: 1,
            rows: 1,
            ..GridSpec::default()
        };
        grid(&spec).unwrap()
    }

    /// The first signal's plan read anew, with phases given by a letter for each of the first
    /// movements: G and g green, y yellow, r red; the rest red.
    fn read(plan: &[(f64, &str)]) -> SignalPhases {
        let mut network = crossroads();
        let count = network.signals[0].movements.len();
        network.signals[0].phases = plan
            .iter()
            .map(|(duration, letters)| Phase {
                name: None,
                duration: *duration,
                minimum: None,
                maximum: None,
                aspects: letters
                    .chars()
                    .chain("r".chars().cycle())
                    .take(count)
                    .map(|letter| match letter {
                        'G' => Aspect::Protected,
                        'g' => Aspect::Permissive,
                        'y' => Aspect::Yellow,
                        _ => Aspect::Red,
                    })
                    .collect(),
            })
            .collect();
        SignalPhases::of_network(&network).remove(0)
    }

    #[test]
    fn a_benchmark_plan_has_a_clearance_phase_and_eight_greens() {
        let phases = &SignalPhases::of_network(&crossroads())[0];
        assert_eq!(phases.green(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(phases.clearance(), Some(0));
        assert_eq!(phases.cover(phases.green()), [1, 2, 3, 4]);
        assert_eq!(
            phases.groups, 9,
            "eight served in turn, and the right turns"
        );
        assert_eq!(phases.free.iter().filter(|free| **free).count(), 1);
        assert!(phases.faults().is_empty());
    }

    #[test]
    fn yellow_phases_are_no_greens_and_belong_to_the_green_after_them() {
        let phases = read(&[(30.0, "GGr"), (3.0, "yyr"), (20.0, "rrG"), (3.0, "rry")]);
        assert_eq!(phases.green(), [0, 2]);
        assert_eq!(phases.clearance(), None);
        let planned = [0.0, 29.9, 30.0, 33.0, 52.9, 53.0, 56.0].map(|time| phases.planned(time));
        assert_eq!(planned, [0, 0, 2, 2, 2, 0, 0].map(Some));
    }

    #[test]
    fn a_movement_served_only_beside_a_yellow_is_still_served() {
        let phases = read(&[(30.0, "Grr"), (5.0, "yrG"), (30.0, "rGr")]);
        assert_eq!(phases.green(), [0, 1, 2]);
        assert!(!phases.is_green(1, phases.group_of[0] as usize));
    }

    #[test]
    fn a_plan_of_one_phase_shows_it() {
        let phases = read(&[(90.0, "GGg")]);
        assert_eq!(phases.green(), [0]);
        assert_eq!(phases.planned(1_000.0), Some(0));
    }

    #[test]
    fn plans_that_serve_nobody_have_no_greens() {
        assert!(read(&[]).green().is_empty());
        assert!(read(&[(10.0, "rrr")]).green().is_empty());
        assert_eq!(read(&[(10.0, "rrr")]).planned(3.0), None);
    }

    #[test]
    fn a_plan_without_durations_still_goes_round() {
        let phases = read(&[(0.0, "Grr"), (0.0, "rGr")]);
        assert_eq!(phases.planned(0.0), Some(0));
        assert_eq!(phases.planned(30.0), Some(1));
        assert_eq!(phases.planned(60.0), Some(0));
    }

    #[test]
    fn everybody_green_at_once_is_a_fault() {
        let all = "G".repeat(36);
        let phases = read(&[(30.0, &all)]);
        assert!(!phases.faults().is_empty());
        let signal = &crossroads().signals[0];
        for fault in phases.faults() {
            for movement in [fault.a, fault.b] {
                let place = signal.movements.iter().position(|&id| id == movement);
                let group = phases.group_of[place.unwrap()] as usize;
                assert!(!phases.is_green(fault.phase, group), "{movement:?}");
            }
        }
    }
}
