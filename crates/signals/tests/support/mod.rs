//! Networks, a plant that records, and a check of the record that knows nothing of the envelope's
//! inside.

use std::sync::Arc;

use roads::generate::{GridSpec, grid};
use roads::{Aspect, Direction, MovementId, Network};
use signals::{Command, Detail, Error, Observation, Plant};

/// One junction with four arms of `lanes` lanes, and the eight green phases of the literature.
pub(crate) fn crossroads(lanes: u32) -> Network {
    let spec = GridSpec {
        columns: 1,
        rows: 1,
        lanes,
        ..GridSpec::default()
    };
    grid(&spec).expect("a junction of ordinary size")
}

/// Which way an approach runs: along x or along y.
fn runs_along_x(network: &Network, movement: MovementId) -> bool {
    let lane = network.movements[movement.index()].from;
    let shape = &network.lanes[lane.index()].shape;
    let run = shape[shape.len() - 1] - shape[0];
    run.x.abs() > run.y.abs()
}

/// What a phase shows an approach along x (or not) to go in a direction.
type Show<'a> = &'a dyn Fn(bool, Direction) -> Aspect;

/// Gives the first signal a plan: per phase its seconds and what each movement is shown, by
/// whether its approach runs along x and by its direction.
pub(crate) fn with_plan(mut network: Network, phases: &[(f64, Show<'_>)]) -> Network {
    let movements = network.signals[0].movements.clone();
    let plan = phases
        .iter()
        .map(|(duration, show)| roads::model::Phase {
            name: None,
            duration: *duration,
            minimum: None,
            maximum: None,
            aspects: movements
                .iter()
                .map(|&id| {
                    let direction = network.movements[id.index()].direction;
                    show(runs_along_x(&network, id), direction)
                })
                .collect(),
        })
        .collect();
    network.signals[0].phases = plan;
    network
}

/// A plan as SUMO's generator writes it: left turns give way in the main phases and have one of
/// their own after them, with explicit yellow phases.
pub(crate) fn permissive_lefts() -> Network {
    use Aspect::{Permissive, Protected, Red, Yellow};
    use Direction::{Left, Right};
    let main = |along: bool| {
        move |x: bool, direction: Direction| match (x == along, direction) {
            (false, _) => Red,
            (true, Left | Right) => Permissive,
            (true, _) => Protected,
        }
    };
    let main_yellow = |along: bool| {
        move |x: bool, direction: Direction| match (x == along, direction) {
            (false, _) => Red,
            (true, Left) => Permissive,
            (true, _) => Yellow,
        }
    };
    let left = |along: bool, aspect: Aspect| {
        move |x: bool, direction: Direction| match (x == along, direction) {
            (true, Left) => aspect,
            _ => Red,
        }
    };
    with_plan(
        crossroads(3),
        &[
            (33.0, &main(true)),
            (3.0, &main_yellow(true)),
            (6.0, &left(true, Protected)),
            (3.0, &left(true, Yellow)),
            (33.0, &main(false)),
            (3.0, &main_yellow(false)),
            (6.0, &left(false, Protected)),
            (3.0, &left(false, Yellow)),
        ],
    )
}

/// Left turns first protected, then giving way beside the straight movements, then everybody of
/// one approach alone: movements that stay green from phase to phase change what kind of green.
pub(crate) fn protected_then_permissive() -> Network {
    use Aspect::{Permissive, Protected, Red};
    use Direction::{Left, Straight};
    let lefts = |along: bool| {
        move |x: bool, direction: Direction| match (x == along, direction) {
            (true, Left) => Protected,
            _ => Red,
        }
    };
    let all = |along: bool| {
        move |x: bool, direction: Direction| match (x == along, direction) {
            (false, _) => Red,
            (true, Straight) => Protected,
            (true, _) => Permissive,
        }
    };
    with_plan(
        crossroads(3),
        &[
            (10.0, &lefts(true)),
            (30.0, &all(true)),
            (10.0, &lefts(false)),
            (30.0, &all(false)),
        ],
    )
}

/// Phases that hold one another: straight on, to the right, both, and the other street. From the
/// second to the third nobody has to wait, so a movement could get green the moment its yellow ends.
pub(crate) fn nested_greens() -> Network {
    use Aspect::{Protected, Red};
    use Direction::{Right, Straight};
    let only = |direction: Direction| {
        move |x: bool, to: Direction| {
            if x && to == direction { Protected } else { Red }
        }
    };
    with_plan(
        crossroads(3),
        &[
            (20.0, &only(Straight)),
            (20.0, &only(Right)),
            (20.0, &|x, to| match (x, to) {
                (true, Straight | Right) => Protected,
                _ => Red,
            }),
            (20.0, &|x, to| match (x, to) {
                (false, Straight) => Protected,
                _ => Red,
            }),
        ],
    )
}

/// Two green phases and nothing between them.
pub(crate) fn bare_greens() -> Network {
    use Aspect::{Permissive, Protected, Red};
    let main = |along: bool| {
        move |x: bool, direction: Direction| match (x == along, direction) {
            (false, _) => Red,
            (true, Direction::Straight) => Protected,
            (true, _) => Permissive,
        }
    };
    with_plan(crossroads(2), &[(40.0, &main(true)), (25.0, &main(false))])
}

/// A plan whose second phase shows everybody protected green at once.
pub(crate) fn hostile_plan() -> Network {
    use Aspect::{Protected, Red};
    let only = |along: bool| move |x: bool, _| if x == along { Protected } else { Red };
    with_plan(
        crossroads(3),
        &[
            (20.0, &only(true)),
            (20.0, &|_, _| Protected),
            (20.0, &only(false)),
        ],
    )
}

/// A plant without traffic that remembers what it was told to show.
pub(crate) struct Recorder {
    network: Arc<Network>,
    time: f64,
    tick: f64,
    shown: Vec<Vec<Aspect>>,
    /// Time and what each signal's movements were shown from then on.
    pub(crate) record: Vec<(f64, Vec<Vec<Aspect>>)>,
}

impl Recorder {
    pub(crate) fn new(network: Arc<Network>, tick: f64) -> Self {
        let dark = |signal: &roads::model::Signal| vec![Aspect::Red; signal.movements.len()];
        Self {
            shown: network.signals.iter().map(dark).collect(),
            network,
            time: 0.0,
            tick,
            record: Vec::new(),
        }
    }
}

impl Plant for Recorder {
    fn network(&self) -> &Arc<Network> {
        &self.network
    }

    fn time(&self) -> f64 {
        self.time
    }

    fn tick(&self) -> f64 {
        self.tick
    }

    fn observe(&self, _: Detail, seen: &mut Observation) -> Result<(), Error> {
        seen.time = self.time;
        Ok(())
    }

    fn show(&mut self, command: Command<'_>) -> Result<(), Error> {
        let signal = command.signal().index();
        if let Some(phase) = command.phase() {
            assert_eq!(
                self.network.signals[signal].phases[phase].aspects,
                command.aspects(),
                "a phase and the aspects that go with it"
            );
        }
        self.shown[signal] = command.aspects().to_vec();
        Ok(())
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.record.push((self.time, self.shown.clone()));
        self.time += self.tick;
        Ok(())
    }
}

/// Whether some phase of the signal's plan declares these two movements green together, each at
/// least as strongly as shown.
fn declared(network: &Network, signal: usize, a: (usize, Aspect), b: (usize, Aspect)) -> bool {
    let strong = |declared: Aspect, shown: Aspect| {
        declared == Aspect::Protected
            || (declared == Aspect::Permissive && shown == Aspect::Permissive)
    };
    network.signals[signal]
        .phases
        .iter()
        .any(|phase| strong(phase.aspects[a.0], a.1) && strong(phase.aspects[b.0], b.1))
}

/// Crossings of the signal's movements from different lanes, as positions in the signal and
/// distances along the paths.
fn crossings(network: &Network, signal: usize) -> Vec<(usize, usize, f64, f64)> {
    let signal = &network.signals[signal];
    let place = |id: MovementId| signal.movements.iter().position(|&other| other == id);
    let from = |id: MovementId| network.movements[id.index()].from;
    network
        .crossings
        .iter()
        .filter(|crossing| from(crossing.a) != from(crossing.b))
        .filter_map(|c| Some((place(c.a)?, place(c.b)?, c.at_a, c.at_b)))
        .collect()
}

/// What a record is held against.
pub(crate) struct Expected {
    /// Shortest green, seconds, by whether the movement goes straight on.
    pub(crate) green: fn(bool) -> f64,
    /// Longest red of a movement that some phase without yellow serves.
    pub(crate) red: f64,
    pub(crate) tick: f64,
}

#[derive(Clone, Copy)]
struct Since {
    aspect: Aspect,
    start: f64,
    green: Option<Aspect>,
    /// It had this aspect when the record began.
    first: bool,
}

/// Checks one signal's record. The message says what was broken, where and when.
pub(crate) fn check(
    network: &Network,
    signal: usize,
    record: &[(f64, Vec<Vec<Aspect>>)],
    expected: &Expected,
) -> Result<(), String> {
    let meets = crossings(network, signal);
    let movements = &network.signals[signal].movements;
    let straight =
        |i: usize| network.movements[movements[i].index()].direction == Direction::Straight;
    let servable: Vec<bool> = (0..movements.len())
        .map(|i| {
            network.signals[signal].phases.iter().any(|phase| {
                phase.aspects[i].is_green() && !phase.aspects.contains(&Aspect::Yellow)
            })
        })
        .collect();
    let mut state: Vec<Since> = record[0].1[signal]
        .iter()
        .map(|&aspect| Since {
            aspect,
            start: record[0].0,
            green: aspect.is_green().then_some(aspect),
            first: true,
        })
        .collect();
    for (time, shown) in record {
        let shown = &shown[signal];
        for &(a, b, _, _) in &meets {
            let both = shown[a].is_green() && shown[b].is_green();
            if both && !declared(network, signal, (a, shown[a]), (b, shown[b])) {
                return Err(format!("{a} and {b} conflict and are green at {time}"));
            }
        }
        for (i, &now) in shown.iter().enumerate() {
            let was = state[i];
            let lasted = time - was.start;
            if was.aspect.is_green() && now == Aspect::Red {
                return Err(format!("{i} went from green to red at {time}"));
            }
            if was.aspect == Aspect::Yellow && now.is_green() {
                return Err(format!("{i} went from yellow to green at {time}"));
            }
            if was.aspect == Aspect::Red && now == Aspect::Yellow {
                return Err(format!("{i} went from red to yellow at {time}"));
            }
            if was.aspect.is_green() && !now.is_green() {
                let least = (expected.green)(straight(i));
                if lasted < least - 1e-6 {
                    return Err(format!("{i} was green for {lasted} s at {time}"));
                }
            }
            if was.aspect == Aspect::Yellow && now == Aspect::Red {
                let least = yellow(network, movements[i]);
                if !(least - 1e-6..6.0 + expected.tick + 1e-6).contains(&lasted) {
                    return Err(format!("{i} was yellow for {lasted} s at {time}"));
                }
            }
            if now == Aspect::Red && was.aspect == Aspect::Red && servable[i] {
                let so_far = lasted + expected.tick;
                if so_far > expected.red + 1e-6 {
                    return Err(format!("{i} has been red for {so_far} s at {time}"));
                }
            }
        }
        check_clearance(network, signal, *time, shown, &state, &meets)?;
        for (since, &now) in state.iter_mut().zip(shown) {
            let same = since.aspect == now || (since.aspect.is_green() && now.is_green());
            if !same {
                since.start = *time;
                since.first = false;
            }
            since.aspect = now;
            if now.is_green() {
                since.green = Some(now);
            }
        }
    }
    Ok(())
}

/// A second to react and braking at ten feet per second squared; three seconds at least.
fn yellow(network: &Network, movement: MovementId) -> f64 {
    let lane = network.movements[movement.index()].from;
    (1.0 + network.lanes[lane.index()].speed_limit / 6.1).clamp(3.0, 6.0)
}

/// When a movement starts, all that it meets must have cleared: the last vehicle's rear (6 m,
/// 10 m/s straight on, 7 m/s turning) is past the point where the paths meet before the first of
/// those that start gets there at 11.1 m/s; a second at least.
fn check_clearance(
    network: &Network,
    signal: usize,
    time: f64,
    shown: &[Aspect],
    state: &[Since],
    meets: &[(usize, usize, f64, f64)],
) -> Result<(), String> {
    let movements = &network.signals[signal].movements;
    let speed = |i: usize| {
        let movement = &network.movements[movements[i].index()];
        let usual: f64 = match movement.direction {
            Direction::Straight => 10.0,
            _ => 7.0,
        };
        usual.min(network.lanes[movement.from.index()].speed_limit)
    };
    for &(a, b, at_a, at_b) in meets {
        for (old, new, at_old, at_new) in [(a, b, at_a, at_b), (b, a, at_b, at_a)] {
            let starts = shown[new].is_green() && !state[new].aspect.is_green();
            let Some(green) = state[old].green else {
                continue;
            };
            if !starts
                || shown[old].is_green()
                || declared(network, signal, (old, green), (new, shown[new]))
            {
                continue;
            }
            let needs = ((at_old + 6.0) / speed(old) - at_new / 11.1).max(1.0);
            let has = if state[old].aspect == Aspect::Red && shown[old] == Aspect::Red {
                time - state[old].start
            } else {
                0.0
            };
            if has < needs - 1e-6 {
                return Err(format!(
                    "{new} starts at {time}, {has} s after {old} which needs {needs} s"
                ));
            }
        }
    }
    Ok(())
}
