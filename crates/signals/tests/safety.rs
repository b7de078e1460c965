//! The safety envelope against controllers that do everything wrong.

mod support;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use roads::{Network, SignalId};
use signals::{
    Controller, Envelope, Limits, Observation, PhaseIndex, Protocol, Runner, Wish, Wishes,
    controllers,
};
use support::{Expected, Recorder, check};

/// What an adversary does for a while.
#[derive(Clone, Debug)]
enum Mood {
    Random,
    Flip(PhaseIndex, PhaseIndex),
    Stubborn(PhaseIndex),
    Keep,
    Silent,
    OutOfRange(PhaseIndex),
    Late(f64),
    Future(f64),
    NotANumber,
    Infinite,
}

/// A controller that follows a list of moods, each for so many decisions.
struct Adversary {
    script: Vec<(u32, Mood)>,
    place: usize,
    left: u32,
    random: u64,
}

impl Adversary {
    fn new(script: Vec<(u32, Mood)>, seed: u64) -> Self {
        Self {
            left: script[0].0,
            script,
            place: 0,
            random: seed | 1,
        }
    }

    fn draw(&mut self) -> u32 {
        // Xorshift, so that a failing case can be run again from its seed.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 33) as u32
    }
}

impl Controller for Adversary {
    fn name(&self) -> &'static str {
        "adversary"
    }

    fn interval(&self) -> Option<f64> {
        Some(0.5)
    }

    fn decide(&mut self, seen: &Observation, wishes: &mut Wishes) {
        if self.left == 0 {
            self.place = (self.place + 1) % self.script.len();
            self.left = self.script[self.place].0;
        }
        self.left = self.left.saturating_sub(1);
        let mood = self.script[self.place].1.clone();
        for signal in (0..seen.phase.len()).map(SignalId::from) {
            let wish = match mood {
                Mood::Random => Wish::Phase(self.draw() % 10),
                Mood::Flip(a, b) => Wish::Phase(if self.left.is_multiple_of(2) { a } else { b }),
                Mood::Stubborn(phase) | Mood::OutOfRange(phase) => Wish::Phase(phase),
                Mood::Keep => Wish::Keep,
                Mood::Silent => Wish::Silent,
                Mood::Late(_) | Mood::Future(_) | Mood::NotANumber | Mood::Infinite => {
                    Wish::Phase(self.draw() % 9)
                }
            };
            wishes.set(signal, wish);
        }
        wishes.answers = match mood {
            Mood::Late(seconds) => seen.time - seconds,
            Mood::Future(seconds) => seen.time + seconds,
            Mood::NotANumber => f64::NAN,
            Mood::Infinite => f64::NEG_INFINITY,
            _ => seen.time,
        };
    }
}

fn moods() -> impl Strategy<Value = Mood> {
    let phase = 0..9_u32;
    prop_oneof![
        3 => Just(Mood::Random),
        2 => (phase.clone(), phase.clone()).prop_map(|(a, b)| Mood::Flip(a, b)),
        3 => phase.prop_map(Mood::Stubborn),
        1 => Just(Mood::Keep),
        2 => Just(Mood::Silent),
        1 => (9..u32::MAX).prop_map(Mood::OutOfRange),
        1 => (0.0..1e4_f64).prop_map(Mood::Late),
        1 => (0.1..1e4_f64).prop_map(Mood::Future),
        1 => Just(Mood::NotANumber),
        1 => Just(Mood::Infinite),
    ]
}

fn scripts() -> impl Strategy<Value = Vec<(u32, Mood)>> {
    prop::collection::vec((1..200_u32, moods()), 1..12)
}

/// The four-arm junctions here have 3 lanes of 4 m in each direction: 24 m to cross on foot, in
/// two stages of 12 m; 5 + 12 / 1.2 = 15 s for the movements that go straight on.
fn pedestrians(straight: bool) -> f64 {
    if straight { 15.0 } else { 6.0 }
}

/// Two lanes of 4 m in each direction: 16 m are crossed at once; 5 + 16 / 1.2 s.
fn pedestrians_of_two_lanes(straight: bool) -> f64 {
    if straight { 5.0 + 16.0 / 1.2 } else { 6.0 }
}

fn run(network: &Arc<Network>, script: Vec<(u32, Mood)>, seed: u64, tick: f64) -> Recorder {
    let plant = Recorder::new(Arc::clone(network), tick);
    let adversary = Box::new(Adversary::new(script, seed));
    let mut runner = Runner::new(plant, adversary, &Protocol::street()).expect("a sound protocol");
    runner.run_until(1_500.0).expect("a plant that never fails");
    runner.into_plant()
}

fn holds(
    network: Network,
    green: fn(bool) -> f64,
    (script, seed, tick): (Vec<(u32, Mood)>, u64, f64),
) -> Result<(), TestCaseError> {
    let network = Arc::new(network);
    let envelope =
        Envelope::new(&network, &Limits::default().into(), 0.0, tick).expect("default limits");
    let recorder = run(&network, script, seed, tick);
    for signal in 0..network.signals.len() {
        let expected = Expected {
            green,
            red: envelope
                .starvation_bound(SignalId::from(signal))
                .expect("a bound by default"),
            tick,
        };
        if let Err(fault) = check(&network, signal, &recorder.record, &expected) {
            return Err(TestCaseError::fail(fault));
        }
    }
    Ok(())
}

/// The demonstration city: arterials, ramps, three-armed and skewed junctions.
fn city() -> Network {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = folder.join("../../cities/hangzhou/traffic/network.yaml");
    let spec: roads::generate::CitySpec =
        roads::generate::read_spec(&file).expect("the city's definition");
    roads::generate::city(&spec).expect("a city").0
}

fn attacks() -> impl Strategy<Value = (Vec<(u32, Mood)>, u64, f64)> {
    let ticks = prop_oneof![Just(0.5), Just(1.0), Just(2.0)];
    (scripts(), any::<u64>(), ticks)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn four_arms_with_a_clearance_phase_are_safe(attack in attacks()) {
        holds(support::crossroads(3), pedestrians, attack)?;
    }

    #[test]
    fn permissive_lefts_with_explicit_yellow_are_safe(attack in attacks()) {
        holds(support::permissive_lefts(), pedestrians, attack)?;
    }

    #[test]
    fn greens_that_change_their_kind_are_safe(attack in attacks()) {
        holds(support::protected_then_permissive(), pedestrians, attack)?;
    }

    #[test]
    fn phases_that_hold_one_another_are_safe(attack in attacks()) {
        holds(support::nested_greens(), pedestrians, attack)?;
    }

    #[test]
    fn shared_lanes_and_bare_greens_are_safe(attack in attacks()) {
        holds(support::bare_greens(), pedestrians_of_two_lanes, attack)?;
    }

    #[test]
    fn a_plan_that_shows_everybody_green_is_mended(attack in attacks()) {
        let network = Arc::new(support::hostile_plan());
        let recorder = run(&network, attack.0, attack.1, attack.2);
        let crossing = |signal: usize, shown: &[roads::Aspect]| {
            let movements = &network.signals[signal].movements;
            let straight = |i: usize| {
                network.movements[movements[i].index()].direction == roads::Direction::Straight
            };
            let place = |id| movements.iter().position(|&other| other == id);
            let link = |i: usize| {
                let lane = network.movements[movements[i].index()].from;
                network.lanes[lane.index()].link
            };
            let to = |i: usize| {
                let lane = network.movements[movements[i].index()].to;
                network.lanes[lane.index()].link
            };
            network.crossings.iter().any(|c| {
                let (Some(a), Some(b)) = (place(c.a), place(c.b)) else { return false };
                straight(a) && straight(b) && link(a) != link(b) && to(a) != to(b)
                    && shown[a].is_green() && shown[b].is_green()
            })
        };
        for (time, shown) in &recorder.record {
            prop_assert!(!crossing(0, &shown[0]), "at {}", time);
        }
    }

    #[test]
    fn any_plan_at_all_is_safe(
        attack in attacks(),
        plan in prop::collection::vec((0.0..60.0_f64, prop::collection::vec(0..4_u8, 36)), 1..7),
    ) {
        let mut network = support::crossroads(3);
        let count = network.signals[0].movements.len();
        prop_assert_eq!(count, 36);
        network.signals[0].phases = plan
            .into_iter()
            .map(|(duration, aspects)| roads::model::Phase {
                name: None,
                duration,
                minimum: None,
                maximum: None,
                aspects: aspects
                    .into_iter()
                    .map(|aspect| match aspect {
                        0 => roads::Aspect::Red,
                        1 => roads::Aspect::Yellow,
                        2 => roads::Aspect::Permissive,
                        _ => roads::Aspect::Protected,
                    })
                    .collect(),
            })
            .collect();
        // Movements that straight-on faults leave without any green are never served.
        let network = Arc::new(network);
        let recorder = run(&network, attack.0, attack.1, attack.2);
        let expected = Expected {
            green: pedestrians,
            red: f64::INFINITY,
            tick: attack.2,
        };
        if let Err(fault) = check(&network, 0, &recorder.record, &expected) {
            return Err(TestCaseError::fail(fault));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_demonstration_city_is_safe(attack in attacks()) {
        let network = city();
        prop_assert!(network.signals.len() > 50);
        holds(network, |_| 6.0, attack)?;
    }
}

fn phases_shown(network: &Network, recorder: &Recorder, from: f64, to: f64) -> Vec<usize> {
    let mut seen = Vec::new();
    for (time, shown) in &recorder.record {
        let phase = network.signals[0]
            .phases
            .iter()
            .position(|phase| phase.aspects == shown[0]);
        if let Some(phase) = phase
            && (from..to).contains(time)
            && seen.last() != Some(&phase)
        {
            seen.push(phase);
        }
    }
    seen
}

#[test]
fn silence_leads_to_the_own_plan_within_the_timeout_and_a_voice_back() {
    let network = Arc::new(support::crossroads(3));
    let plant = Recorder::new(Arc::clone(&network), 1.0);
    // Decisions come every second here: 100 of phase 1, 400 of silence, then phase 2 for good.
    let script = vec![
        (100, Mood::Stubborn(1)),
        (400, Mood::Silent),
        (100_000, Mood::Stubborn(2)),
    ];
    let adversary = Box::new(Adversary::new(script, 1));
    let mut runner = Runner::new(plant, adversary, &Protocol::street()).unwrap();
    runner.run_until(99.0 + 30.0).unwrap();
    assert_eq!(runner.safety().fallbacks, 0);
    runner.run_until(99.0 + 33.0).unwrap();
    assert_eq!(runner.safety().fallbacks, 1);
    assert!(runner.envelope().in_fallback(SignalId(0)));
    runner.run_until(500.0).unwrap();
    assert!(runner.envelope().in_fallback(SignalId(0)));
    runner.run_until(502.0).unwrap();
    assert!(!runner.envelope().in_fallback(SignalId(0)));
    assert_eq!(runner.safety().reasons.recoveries, 1);
    runner.run_until(640.0).unwrap();
    let recorder = runner.into_plant();
    // The plan: 5 s of clearance and eight greens of 30 s, a cycle of 245 s.
    let shown = phases_shown(&network, &recorder, 132.0, 400.0);
    for phase in 1..=8 {
        assert!(shown.contains(&phase), "{phase} is missing in {shown:?}");
    }
    let obeys = |(time, shown): &&(f64, Vec<Vec<roads::Aspect>>)| {
        (530.0..630.0).contains(time) && shown[0] == network.signals[0].phases[2].aspects
    };
    let seconds = recorder.record.iter().filter(obeys).count();
    assert!(seconds > 50, "phase 2 was shown for {seconds} s of 100");
}

#[test]
fn answers_to_old_questions_count_as_silence() {
    for mood in [
        Mood::Late(31.0),
        Mood::Late(1e9),
        Mood::Future(1.0),
        Mood::NotANumber,
        Mood::Infinite,
        Mood::OutOfRange(9),
        Mood::OutOfRange(0), // the clearance phase: it exists, but serves nobody
    ] {
        let network = Arc::new(support::crossroads(3));
        let plant = Recorder::new(Arc::clone(&network), 1.0);
        let adversary = Box::new(Adversary::new(vec![(1, mood.clone())], 7));
        let mut runner = Runner::new(plant, adversary, &Protocol::street()).unwrap();
        runner.run_until(30.0).unwrap();
        assert_eq!(runner.safety().fallbacks, 0, "{mood:?}");
        runner.run_until(35.0).unwrap();
        let safety = runner.safety();
        assert_eq!(safety.fallbacks, 1, "{mood:?}");
        assert_eq!(safety.in_fallback, 1, "{mood:?}");
        assert!(
            safety.reasons.stale + safety.reasons.refused > 30,
            "{mood:?}"
        );
    }
}

#[test]
fn a_slow_answer_is_taken_while_it_is_fresh_enough() {
    let network = Arc::new(support::crossroads(3));
    let plant = Recorder::new(Arc::clone(&network), 1.0);
    let adversary = Box::new(Adversary::new(vec![(1, Mood::Late(20.0))], 7));
    let mut runner = Runner::new(plant, adversary, &Protocol::street()).unwrap();
    runner.run_until(300.0).unwrap();
    assert_eq!(runner.safety().fallbacks, 0);
    assert_eq!(runner.safety().reasons.stale, 0);
}

#[test]
fn nobody_waits_longer_than_three_minutes_at_an_ordinary_junction() {
    for network in [
        support::crossroads(3),
        support::permissive_lefts(),
        support::protected_then_permissive(),
        support::bare_greens(),
    ] {
        let envelope = Envelope::new(&network, &Limits::default().into(), 0.0, 1.0).unwrap();
        assert_eq!(envelope.starvation_bound(SignalId(0)), Some(180.0));
    }
}

fn longest_green(limits: Limits, phase: PhaseIndex) -> (f64, signals::Safety) {
    let network = Arc::new(support::crossroads(3));
    let plant = Recorder::new(Arc::clone(&network), 1.0);
    let adversary = Box::new(Adversary::new(vec![(1, Mood::Stubborn(phase))], 1));
    let street = Protocol::street();
    let mut runner =
        Runner::with_limits(plant, adversary, &street, &limits.into()).expect("sound limits");
    runner.run_until(900.0).expect("a plant that never fails");
    let mut longest: f64 = 0.0;
    let mut start = None;
    for (time, shown) in &runner.plant().record {
        if shown[0] == network.signals[0].phases[phase as usize].aspects {
            longest = longest.max(time - *start.get_or_insert(*time) + 1.0);
        } else {
            start = None;
        }
    }
    (longest, runner.safety())
}

#[test]
fn a_green_that_would_never_end_ends_at_its_maximum() {
    let limits = Limits {
        maximum_green: Some(60.0),
        starvation: None,
        ..Limits::default()
    };
    let (longest, safety) = longest_green(limits, 1);
    assert!((60.0..=61.0).contains(&longest), "{longest}");
    assert!(safety.reasons.maximum_green > 3, "{safety:?}");
    assert_eq!(safety.reasons.starvation, 0, "{safety:?}");
}

#[test]
fn a_green_ends_early_enough_to_serve_all_who_wait() {
    let (longest, safety) = longest_green(Limits::default(), 1);
    assert!((60.0..110.0).contains(&longest), "{longest}");
    assert!(safety.reasons.starvation > 3, "{safety:?}");
}

#[test]
fn the_literature_shows_phases_as_they_are() {
    let network = Arc::new(support::crossroads(3));
    let plant = Recorder::new(Arc::clone(&network), 1.0);
    let protocol = Protocol::literature();
    let controller =
        controllers::by_name("fixed-time", &network, &roads::Demand::default(), &protocol).unwrap();
    let mut runner = Runner::new(plant, controller, &protocol).unwrap();
    runner.run_until(120.0).unwrap();
    assert_eq!(runner.safety().overrides, 0);
    let phase_at = |second: usize| {
        let shown = &runner.plant().record[second].1[0];
        let phases = &network.signals[0].phases;
        phases.iter().position(|phase| &phase.aspects == shown)
    };
    // The first phase is an action interval shorter, as the reference has it.
    let expected = [
        (0, 1),
        (14, 1),
        (15, 0),
        (19, 0),
        (20, 2),
        (44, 2),
        (45, 0),
        (49, 0),
        (50, 3),
        (75, 0),
        (80, 4),
        (104, 4),
        (105, 0),
        (110, 1),
    ];
    for (second, phase) in expected {
        assert_eq!(phase_at(second), Some(phase), "second {second}");
    }
}

#[test]
fn limits_out_of_range_are_refused() {
    let network = support::crossroads(3);
    let build = |limits: Limits| Envelope::new(&network, &limits.into(), 0.0, 1.0);
    let wrong = [
        Limits {
            minimum_green: f64::NAN,
            ..Limits::default()
        },
        Limits {
            maximum_green: Some(0.0),
            ..Limits::default()
        },
        Limits {
            timeout: f64::INFINITY,
            ..Limits::default()
        },
        Limits {
            clearance_phase: true,
            ..Limits::default()
        },
        Limits::literature(0.0),
        Limits::literature(-5.0),
    ];
    for limits in wrong {
        assert!(build(limits.clone()).is_err(), "{limits:?}");
    }
    let mut table = signals::LimitsTable::default();
    table.signals.insert("nowhere".into(), Limits::default());
    assert!(Envelope::new(&network, &table, 0.0, 1.0).is_err());
}

#[test]
fn every_controller_runs_and_is_never_overridden_for_nonsense() {
    for network in [
        support::crossroads(3),
        support::crossroads(1),
        support::permissive_lefts(),
        support::protected_then_permissive(),
        support::bare_greens(),
        support::hostile_plan(),
    ] {
        let network = Arc::new(network);
        for info in controllers::all() {
            for protocol in [
                Protocol::literature(),
                Protocol::literature_short(),
                Protocol::street(),
            ] {
                let demand = roads::Demand::default();
                let controller =
                    controllers::by_name(info.name, &network, &demand, &protocol).unwrap();
                let plant = Recorder::new(Arc::clone(&network), 1.0);
                let mut runner = Runner::new(plant, controller, &protocol).unwrap();
                runner.run_until(600.0).unwrap();
                let safety = runner.safety();
                assert_eq!(safety.fallbacks, 0, "{} {safety:?}", info.name);
                assert_eq!(safety.reasons.refused, 0, "{} {safety:?}", info.name);
                assert_eq!(safety.reasons.stale, 0, "{} {safety:?}", info.name);
            }
        }
    }
}

/// Letters of what a plant may report: r, y, g and G, for each movement.
fn reports(movements: usize) -> impl Strategy<Value = Vec<roads::Aspect>> {
    use roads::Aspect::{Permissive, Protected, Red, Yellow};
    let aspect = prop::sample::select(vec![Red, Yellow, Permissive, Protected]);
    prop::collection::vec(aspect, movements)
}

/// Longer than any yellow: what a plant showed wrongly is over by then.
const LONGEST_YELLOW: f64 = 7.0;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever a plant says it shows, from conflicting greens on, the envelope ends it by yellow
    /// and red, and adds no green to it before that has cleared.
    #[test]
    fn what_a_plant_shows_of_its_own_is_led_back_to_the_plan(
        report in reports(36),
        wishes in prop::collection::vec(0..9_u32, 40),
        at in 0..100_u32,
    ) {
        let network = Arc::new(support::permissive_lefts());
        let limits = Limits::without_pedestrians().into();
        let mut envelope = Envelope::new(&network, &limits, 0.0, 1.0).expect("sound limits");
        let signal = SignalId(0);
        let (mut record, mut before) = (Vec::new(), Vec::new());
        for second in 0..400_u32 {
            let now = f64::from(second);
            if second == at {
                envelope.adopt(signal, &report, now);
                before = report.clone();
            }
            let mut said = Wishes::new(1);
            said.clear(now);
            said.set(signal, Wish::Phase(wishes[second as usize / 10]));
            envelope.hear(&said, now);
            envelope.tick(now);
            envelope.commands(|_| Ok(())).expect("nobody refuses");
            let shown: Vec<_> = envelope.shown(signal).collect();
            if let Some((a, b)) = envelope.conflict(signal, &shown) {
                // Only what the plant showed itself, in the tick in which it said so.
                prop_assert!(second >= at && now < f64::from(at) + LONGEST_YELLOW);
                // A group is as green as the greenest of its movements was said to be.
                let new = second > at && [a, b].iter().any(|&place| !before[place].is_green());
                prop_assert!(!new, "{a} or {b} turned green into a conflict at {now}");
            }
            record.push((now, vec![shown.clone()]));
            before = shown;
        }
        // From a moment on in which nothing is yellow; greens have begun before it.
        let expected = Expected { green: |_| 0.0, red: 400.0, tick: 1.0 };
        let settled = |(now, shown): &(f64, Vec<Vec<roads::Aspect>>)| {
            *now >= f64::from(at) + LONGEST_YELLOW && !shown[0].contains(&roads::Aspect::Yellow)
        };
        let start = record.iter().position(settled).expect("it settles");
        let after = record.split_off(start);
        check(&network, 0, &after, &expected).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn a_signal_that_is_taken_from_its_controller_follows_its_plan_until_it_is_spoken_for() {
    let network = Arc::new(support::bare_greens());
    let limits = Limits::without_pedestrians().into();
    let mut envelope = Envelope::new(&network, &limits, 0.0, 1.0).expect("sound limits");
    let signal = SignalId(0);
    let mut said = Wishes::new(1);
    for second in 0..50_u32 {
        let now = f64::from(second);
        said.clear(now);
        said.set(signal, Wish::Phase(0));
        if second < 20 {
            envelope.hear(&said, now);
        } else if second == 20 {
            envelope.fall_back(signal);
            assert!(envelope.in_fallback(signal));
        }
        envelope.tick(now);
    }
    // The plan shows its second phase from 40 s on.
    assert_eq!(envelope.phase(signal), Some(1));
    let safety = envelope.safety();
    assert_eq!((safety.fallbacks, safety.in_fallback), (1, 1));
    said.clear(50.0);
    said.set(signal, Wish::Phase(0));
    envelope.hear(&said, 50.0);
    assert!(!envelope.in_fallback(signal));
    assert_eq!(envelope.safety().reasons.recoveries, 1);
}
