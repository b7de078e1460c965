//! A plan for each signal, since the map has none: approaches that face one another go together,
//! left turns that would wait for two or more oncoming lanes go by themselves.
//!
//! No two protected greens ever conflict; where a permitted turn crosses or joins a stream of
//! higher rank it is shown permissive green.

use crate::model::{
    Aspect, Direction, JunctionId, LinkId, MovementId, Network, Phase, RoadClass, Signal, SignalId,
};

/// Clearance between two greens, seconds.
const YELLOW: f64 = 3.0;
const ALL_RED: f64 = 2.0;
/// Green of a phase that serves left turns only, seconds.
const LEFT_GREEN: f64 = 12.0;
/// Shortest green when actuated, seconds.
const GREEN_MIN: f64 = 7.0;
/// Longest green of a plan, seconds.
const GREEN_MAX: f64 = 45.0;
/// Approaches face one another above this angle, and run side by side below the other, degrees.
const FACING: f64 = 130.0;
const ABREAST: f64 = 30.0;

/// Gives a junction a signal with a plan; `false` where no two of its approaches conflict.
pub(super) fn add(network: &mut Network, junction: JunctionId) -> bool {
    let Some(phases) = Design::new(network, junction).phases() else {
        return false;
    };
    let id = SignalId::from(network.signals.len());
    let place = &mut network.junctions[junction.index()];
    place.signal = Some(id);
    let movements = place.movements;
    network.signals.push(Signal {
        id: place.id.clone(),
        junctions: vec![junction],
        movements: (movements.start..movements.end).map(MovementId).collect(),
        phases,
        offset: 0.0,
    });
    true
}

struct Approach {
    link: LinkId,
    heading: crate::geometry::Point,
    movements: Vec<usize>,
}

/// What a plan is made from; movements are counted from the junction's first.
struct Design<'a> {
    network: &'a Network,
    first: usize,
    count: usize,
    approaches: Vec<Approach>,
    /// By twice the movement: movements of other approaches whose paths meet its path.
    conflicts: Vec<Vec<usize>>,
}

impl<'a> Design<'a> {
    fn new(network: &'a Network, junction: JunctionId) -> Self {
        let place = &network.junctions[junction.index()];
        let first = place.movements.start as usize;
        let count = place.movements.len();
        let mut approaches: Vec<Approach> = Vec::new();
        let mut approach_of = vec![0; count];
        for (movement, approach) in approach_of.iter_mut().enumerate() {
            let from = &network.lanes[network.movements[first + movement].from.index()];
            let known = approaches.iter().position(|known| known.link == from.link);
            *approach = known.unwrap_or_else(|| {
                approaches.push(Approach {
                    link: from.link,
                    heading: super::turns::heading_at_end(&from.shape),
                    movements: Vec::new(),
                });
                approaches.len() - 1
            });
            approaches[*approach].movements.push(movement);
        }
        let mut conflicts = vec![Vec::new(); count];
        for crossing in &network.crossings[place.crossings.range()] {
            let (a, b) = (crossing.a.index() - first, crossing.b.index() - first);
            if approach_of[a] != approach_of[b] {
                conflicts[a].push(b);
                conflicts[b].push(a);
            }
        }
        Self {
            network,
            first,
            count,
            approaches,
            conflicts,
        }
    }

    fn direction(&self, movement: usize) -> Direction {
        self.network.movements[self.first + movement].direction
    }

    /// Who gives way to whom inside a phase; turning back gives way to all.
    fn rank(&self, movement: usize) -> u8 {
        match self.direction(movement) {
            Direction::UTurn => 0,
            direction => direction.rank(),
        }
    }

    fn class(&self, approach: usize) -> RoadClass {
        self.network.links[self.approaches[approach].link.index()].class
    }

    fn lanes(&self, approach: usize) -> usize {
        self.network.links[self.approaches[approach].link.index()]
            .lanes
            .len()
    }

    /// Whether two approaches may have green together: they face one another or run side by
    /// side, and of each two paths that meet one gives way.
    fn go_together(&self, a: usize, b: usize) -> bool {
        let angle = self.angle(a, b);
        !(ABREAST..=FACING).contains(&angle)
            && self.approaches[a].movements.iter().all(|&one| {
                self.conflicts[one].iter().all(|&other| {
                    !self.approaches[b].movements.contains(&other)
                        || self.rank(one) != self.rank(other)
                })
            })
    }

    fn angle(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (self.approaches[a].heading, self.approaches[b].heading);
        super::polyline::turn_angle(a, b).abs()
    }

    /// Approaches that go together, the most important first.
    fn stages(&self) -> Vec<Vec<usize>> {
        let count = self.approaches.len();
        let mut stages: Vec<Vec<usize>> = (0..count).map(|approach| vec![approach]).collect();
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for a in 0..count {
            for b in a + 1..count {
                let angle = self.angle(a, b);
                pairs.push((angle.min(180.0 - angle), a, b));
            }
        }
        pairs.sort_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        for (_, a, b) in pairs {
            let place = |approach| stages.iter().position(|stage| stage.contains(&approach));
            let (Some(one), Some(two)) = (place(a), place(b)) else {
                continue;
            };
            let together = |&x: &usize| stages[two].iter().all(|&y| self.go_together(x, y));
            if one != two && stages[one].iter().all(together) {
                let joined = stages.remove(one.max(two));
                stages[one.min(two)].extend(joined);
            }
        }
        let class = |stage: &Vec<usize>| stage.iter().map(|&a| self.class(a)).min();
        stages.sort_by_key(class);
        stages
    }

    /// Left turns of a stage that are better served by themselves: they have lanes of their own
    /// and two or more oncoming lanes to cross.
    fn own_phase(&self, stage: &[usize]) -> Vec<usize> {
        let left = |movement: usize| {
            matches!(self.direction(movement), Direction::Left | Direction::UTurn)
        };
        let exclusive = |movement: usize| {
            let lane =
                &self.network.lanes[self.network.movements[self.first + movement].from.index()];
            let mut all = lane.outgoing.iter();
            all.all(|other| left(other.index() - self.first))
        };
        let oncoming = |movement: usize| {
            let mut lanes: Vec<_> = self.conflicts[movement]
                .iter()
                .filter(|&&other| self.direction(other) == Direction::Straight)
                .filter(|other| {
                    stage
                        .iter()
                        .any(|&a| self.approaches[a].movements.contains(other))
                })
                .map(|&other| self.network.movements[self.first + other].from)
                .collect();
            lanes.sort_unstable();
            lanes.dedup();
            lanes.len()
        };
        let all = stage
            .iter()
            .flat_map(|&approach| &self.approaches[approach].movements);
        all.copied()
            .filter(|&movement| left(movement) && exclusive(movement) && oncoming(movement) >= 2)
            .collect()
    }

    /// The greens of the plan: which movements, for how long.
    fn greens(&self) -> Vec<(String, Vec<usize>, f64)> {
        let mut greens = Vec::new();
        for (number, stage) in self.stages().iter().enumerate() {
            let alone = self.own_phase(stage);
            let rest: Vec<usize> = stage
                .iter()
                .flat_map(|&approach| &self.approaches[approach].movements)
                .copied()
                .filter(|movement| !alone.contains(movement))
                .collect();
            let seconds = stage
                .iter()
                .map(|&approach| {
                    let base = match self.class(approach) {
                        RoadClass::Motorway | RoadClass::Trunk => 32.0,
                        RoadClass::Primary => 27.0,
                        RoadClass::Secondary => 22.0,
                        RoadClass::Tertiary | RoadClass::MotorwayLink | RoadClass::TrunkLink => {
                            17.0
                        }
                        _ => 12.0,
                    };
                    base + 3.0 * self.lanes(approach) as f64
                })
                .fold(0.0, f64::max);
            if !rest.is_empty() {
                greens.push((
                    format!("stage {}", number + 1),
                    rest,
                    seconds.min(GREEN_MAX),
                ));
            }
            if !alone.is_empty() {
                greens.push((format!("stage {} left", number + 1), alone, LEFT_GREEN));
            }
        }
        greens
    }

    fn phases(&self) -> Option<Vec<Phase>> {
        if self.conflicts.iter().all(Vec::is_empty) {
            return None;
        }
        let greens = self.greens();
        if greens.len() < 2 {
            return None;
        }
        let shown: Vec<Vec<Aspect>> = greens.iter().map(|green| self.aspects(&green.1)).collect();
        let mut phases = Vec::with_capacity(3 * greens.len());
        for (number, (name, _, seconds)) in greens.into_iter().enumerate() {
            let now = &shown[number];
            let next = &shown[(number + 1) % shown.len()];
            let clearing = |gone: Aspect| {
                let aspects = now.iter().zip(next).map(|(now, next)| match (now, next) {
                    (Aspect::Protected, Aspect::Protected) => Aspect::Protected,
                    (now, next) if now.is_green() && next.is_green() => Aspect::Permissive,
                    (now, _) if now.is_green() => gone,
                    _ => Aspect::Red,
                });
                aspects.collect::<Vec<_>>()
            };
            let phase = |name: String, duration: f64, aspects: Vec<Aspect>, fixed: bool| Phase {
                name: Some(name),
                duration,
                minimum: (!fixed).then_some(GREEN_MIN),
                maximum: (!fixed).then_some(2.0 * duration),
                aspects,
            };
            let (yellow, red) = (clearing(Aspect::Yellow), clearing(Aspect::Red));
            phases.push(phase(name.clone(), seconds, now.clone(), false));
            phases.push(phase(format!("{name} yellow"), YELLOW, yellow, true));
            phases.push(phase(format!("{name} all red"), ALL_RED, red, true));
        }
        Some(phases)
    }

    /// What is shown while these movements have green.
    fn aspects(&self, green: &[usize]) -> Vec<Aspect> {
        (0..self.count)
            .map(|movement| {
                if !green.contains(&movement) {
                    Aspect::Red
                } else if self.conflicts[movement]
                    .iter()
                    .any(|other| green.contains(other) && self.rank(*other) >= self.rank(movement))
                {
                    Aspect::Permissive
                } else {
                    Aspect::Protected
                }
            })
            .collect()
    }
}
