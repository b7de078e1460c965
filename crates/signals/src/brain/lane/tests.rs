//! Lanes of one way and of several under patterns of green.

use super::*;

fn cars(times: &[f64]) -> Vec<Arrival> {
    let car = |&time: &f64| Arrival { time, weight: 1.0 };
    times.iter().map(car).collect()
}

fn crossings(arrivals: &[Arrival], start: Start, shows: &[Show]) -> Vec<f64> {
    let mut lane = LaneQueue::default();
    lane.start(arrivals, &[Serve::all(1.0)], start);
    let mut node = *lane.node(0);
    let mut times = Vec::new();
    for (index, &show) in shows.iter().enumerate() {
        let slot = Slot {
            start: 15.0 * index as f64,
            end: 15.0 * (index + 1) as f64,
        };
        lane.pass(&mut node, show, slot, &mut |crossing| {
            times.push(crossing.time);
        });
    }
    times
}

#[test]
fn a_queue_starts_slowly_and_then_runs_at_saturation_headway() {
    let times = crossings(&cars(&[0.0; 4]), Start::default(), &[Show::Fresh(1, 5.0)]);
    let expected = [5.7, 9.25, 11.7, 14.15];
    assert_eq!(times.len(), expected.len(), "{times:?}");
    for (time, expected) in times.iter().zip(expected) {
        assert!((time - expected).abs() < 1e-9, "{times:?}");
    }
}

#[test]
fn who_arrives_in_green_crosses_at_once_and_who_arrives_in_red_waits() {
    let shows = [Show::Red, Show::Fresh(1, 20.0), Show::Still(1)];
    let times = crossings(&cars(&[3.0, 31.0]), Start::default(), &shows);
    assert_eq!(times, [20.7, 31.0]);
}

#[test]
fn nobody_crosses_when_there_is_no_room_beyond() {
    let start = Start {
        room: 2.0,
        ..Start::default()
    };
    let times = crossings(&cars(&[0.0; 5]), start, &[Show::Fresh(1, 0.0); 1]);
    assert_eq!(times.len(), 2);
}

/// A lane of two ways, a level for each and one for both; so many of ten go the first.
fn two_ways(first: f64) -> [Serve; 3] {
    let only = |level: usize, share: f64| {
        let mut serve = Serve::all(1.0);
        (serve.ways, serve.share) = (1 << level, share);
        serve.freed[level] = 0.0;
        serve
    };
    [
        only(0, first / 10.0),
        only(1, 1.0 - first / 10.0),
        Serve::all(1.0),
    ]
}

fn passed(levels: &[Serve], stuck: u8, shows: &[Show]) -> Vec<usize> {
    let mut lane = LaneQueue::default();
    let start = Start {
        stuck,
        ..Start::default()
    };
    lane.start(&cars(&[0.0; 40]), levels, start);
    let mut node = *lane.node(0);
    let pass = |(index, &show): (usize, &Show)| {
        let slot = Slot {
            start: 15.0 * index as f64,
            end: 15.0 * (index + 1) as f64,
        };
        let mut count = 0;
        lane.pass(&mut node, show, slot, &mut |_| count += 1);
        count
    };
    shows.iter().enumerate().map(pass).collect()
}

#[test]
fn a_green_for_some_ways_lasts_until_somebody_wants_another() {
    // Of four vehicles three go the first way: three pass before one does not.
    let levels = two_ways(7.5);
    let shows = [
        Show::Fresh(1, 0.0),
        Show::Still(1),
        Show::Fresh(2, 30.0),
        Show::Fresh(1, 45.0),
    ];
    // He goes first in the other green, and the next wants the first way again.
    assert_eq!(passed(&levels, 0, &shows), [3, 0, 1, 4]);
    assert_eq!(
        passed(&levels, 1, &shows[..2]),
        [0, 0],
        "who is first is known"
    );
    let open = [Show::Fresh(1, 0.0), Show::Still(3)];
    assert_eq!(
        passed(&levels, 0, &open),
        [3, 6],
        "all ways let everybody go"
    );
}

#[test]
fn a_pattern_is_worked_out_once() {
    let mut lane = LaneQueue::default();
    lane.start(&cars(&[0.0, 1.0]), &[Serve::all(1.0)], Start::default());
    let slot = Slot {
        start: 0.0,
        end: 15.0,
    };
    let (mut first, mut second) = (0, 0);
    let a = lane.child(0, Show::Fresh(1, 5.0), slot, &mut first);
    let b = lane.child(0, Show::Fresh(1, 5.0), slot, &mut second);
    assert_eq!(a, b);
    assert_eq!((first, second), (3, 1), "two vehicles moved, then none");
    let red = lane.child(0, Show::Red, slot, &mut first);
    assert!(lane.node(red).score > lane.node(a).score);
}
