//! Which lanes go where: painted arrows where the map has them, else the usual order of lanes.
//!
//! Two promises: every lane leads somewhere, and every exit has a lane.

use super::tags::Arrows;
use crate::model::Direction;

/// A way out of a junction, seen from the end of one link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exit {
    pub(super) direction: Direction,
    /// Angle by which one turns, degrees, left positive.
    pub(super) angle: f64,
    /// Lanes of the link that it leads into.
    pub(super) lanes: usize,
    /// It is a continuation of the same road, as far as one can tell: smaller is likelier.
    pub(super) otherness: f64,
}

/// The lanes (innermost first) that lead to each exit; exits are ordered from left to right.
pub(super) fn assign(lanes: usize, arrows: &[Arrows], exits: &[Exit]) -> Vec<Vec<usize>> {
    let main = (0..exits.len())
        .filter(|&exit| exits[exit].direction == Direction::Straight)
        .min_by(|&a, &b| exits[a].otherness.total_cmp(&exits[b].otherness));
    let usual = usual(lanes, exits, main);
    if arrows.len() == lanes && exits.len() > 1 && lanes > 0 {
        painted(lanes, arrows, exits, main, &usual)
    } else {
        usual
    }
}

/// Lanes without arrows: left from the innermost, right from the outermost, straight on from the
/// rest, shared where there are few.
fn usual(lanes: usize, exits: &[Exit], main: Option<usize>) -> Vec<Vec<usize>> {
    let all = || (0..lanes).collect::<Vec<_>>();
    if lanes == 1 || exits.len() == 1 {
        return exits.iter().map(|_| all()).collect();
    }
    let Some(main) = main else {
        let count = exits.len();
        let share = |exit: usize| {
            let (start, end) = (exit * lanes / count, ((exit + 1) * lanes).div_ceil(count));
            (start..end).collect()
        };
        return (0..count).map(share).collect();
    };
    let through_lanes = exits[main].lanes;
    let wanted = |side: &[Exit]| {
        let widest = side.iter().map(|exit| exit.lanes).max().unwrap_or(0);
        let fork = !side.is_empty() && side.iter().all(|exit| !exit.direction.is_turn());
        if side.is_empty() {
            0
        } else if fork {
            widest.min(lanes - 1)
        } else if lanes >= 5 && widest >= 2 {
            2
        } else {
            1
        }
    };
    let (left, right) = (wanted(&exits[..main]), wanted(&exits[main + 1..]));
    let (mut start, mut end) = (0, lanes);
    let turns_left = exits[..main].iter().any(|exit| exit.direction.is_turn());
    if turns_left && lanes >= 3 && left + right < lanes {
        start = left; // those who wait to turn left do not hold up the others
    }
    if end - start > through_lanes && left > start && left < end {
        start = left;
    }
    if end - start > through_lanes && right > 0 && lanes - right > start {
        end = lanes - right;
    }
    (0..exits.len())
        .map(|exit| match exit.cmp(&main) {
            std::cmp::Ordering::Less => (0..left.max(1)).collect(),
            std::cmp::Ordering::Equal => (start..end).collect(),
            std::cmp::Ordering::Greater => (lanes - right.max(1)..lanes).collect(),
        })
        .collect()
}

fn painted(
    lanes: usize,
    arrows: &[Arrows],
    exits: &[Exit],
    main: Option<usize>,
    usual: &[Vec<usize>],
) -> Vec<Vec<usize>> {
    let mut to: Vec<Vec<usize>> = vec![Vec::new(); exits.len()];
    let leads = |exit: usize, arrows: Arrows| {
        let Exit {
            direction, angle, ..
        } = exits[exit];
        let before_main = main.is_some_and(|main| exit < main);
        let after_main = main.is_some_and(|main| exit > main);
        match direction {
            Direction::Straight if Some(exit) == main => arrows.has(Arrows::THROUGH),
            Direction::Straight if before_main => arrows.has(Arrows::SLIGHT_LEFT),
            Direction::Straight if after_main => arrows.has(Arrows::SLIGHT_RIGHT),
            Direction::Straight => false,
            Direction::Left => {
                arrows.has(Arrows::LEFT) || (angle < 75.0 && arrows.has(Arrows::SLIGHT_LEFT))
            }
            Direction::Right => {
                arrows.has(Arrows::RIGHT) || (angle > -75.0 && arrows.has(Arrows::SLIGHT_RIGHT))
            }
            Direction::UTurn => arrows.has(Arrows::REVERSE),
        }
    };
    for (lane, &arrows) in arrows.iter().enumerate() {
        for (exit, lanes) in to.iter_mut().enumerate() {
            if leads(exit, arrows) {
                lanes.push(lane);
            }
        }
    }
    // Arrows and angles may disagree (`left` at a fork): by order from left to right.
    for (lane, &arrows) in arrows.iter().enumerate() {
        if to.iter().any(|lanes| lanes.contains(&lane)) {
            continue;
        }
        let bare = |exit: &usize| to[*exit].is_empty();
        let left = arrows.has(Arrows::LEFT) || arrows.has(Arrows::SLIGHT_LEFT);
        let right = arrows.has(Arrows::RIGHT) || arrows.has(Arrows::SLIGHT_RIGHT);
        let exit = if left {
            (0..exits.len()).find(bare)
        } else if right {
            (0..exits.len()).rev().find(bare)
        } else {
            (0..exits.len())
                .filter(bare)
                .min_by(|&a, &b| exits[a].angle.abs().total_cmp(&exits[b].angle.abs()))
        };
        if let Some(exit) = exit {
            to[exit].push(lane);
        }
    }
    for exit in 0..exits.len() {
        if to[exit].is_empty() {
            to[exit].clone_from(&usual[exit]);
        }
    }
    // A lane that still leads nowhere goes where its nearest neighbour goes.
    for lane in 0..lanes {
        if to.iter().any(|lanes| lanes.contains(&lane)) {
            continue;
        }
        let distance = |exit: &usize| {
            let away = to[*exit].iter().map(|&other| other.abs_diff(lane));
            (away.min().unwrap_or(usize::MAX), Some(*exit) != main)
        };
        if let Some(exit) = (0..exits.len()).min_by_key(distance) {
            to[exit].push(lane);
            to[exit].sort_unstable();
        }
    }
    to
}

/// Pairs of lanes that a turn joins: `from` lanes onto the lanes `window` of the other link.
///
/// In order, without crossing; every lane of both sides is in at least one pair.
pub(super) fn connect(from: &[usize], window: std::ops::Range<usize>) -> Vec<(u32, u32)> {
    let (count, lanes) = (from.len(), window.len());
    let most = if lanes == 0 { 0 } else { count.max(lanes) };
    (0..most)
        .map(|at| {
            let to = window.start + at * lanes / most;
            (from[at * count / most] as u32, to as u32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(angle: f64, lanes: usize) -> Exit {
        let direction = match angle {
            angle if angle > 30.0 => Direction::Left,
            angle if angle < -30.0 => Direction::Right,
            _ => Direction::Straight,
        };
        Exit {
            direction,
            angle,
            lanes,
            otherness: angle.abs(),
        }
    }

    fn crossing() -> Vec<Exit> {
        vec![exit(90.0, 2), exit(0.0, 2), exit(-90.0, 2)]
    }

    #[test]
    fn the_usual_order_of_lanes() {
        assert_eq!(assign(1, &[], &crossing()), [[0], [0], [0]]);
        assert_eq!(assign(2, &[], &crossing()), [vec![0], vec![0, 1], vec![1]]);
        assert_eq!(assign(3, &[], &crossing()), [vec![0], vec![1, 2], vec![2]]);
        assert_eq!(assign(4, &[], &crossing()), [vec![0], vec![1, 2], vec![3]]);
        let tee = [exit(90.0, 1), exit(-90.0, 1)];
        assert_eq!(assign(2, &[], &tee), [[0], [1]]);
        assert_eq!(assign(3, &[], &tee), [[0, 1], [1, 2]]);
        let narrow = [exit(90.0, 1), exit(0.0, 1), exit(-90.0, 1)];
        assert_eq!(assign(2, &[], &narrow), [[0], [1], [1]]);
    }

    #[test]
    fn an_off_ramp_takes_the_outer_lane() {
        let fork = [exit(0.0, 2), exit(-15.0, 1)];
        assert_eq!(assign(3, &[], &fork), [vec![0, 1], vec![2]]);
        assert_eq!(assign(2, &[], &fork), [vec![0, 1], vec![1]]);
    }

    #[test]
    fn arrows_decide_where_painted() {
        let arrows = [Arrows::LEFT, Arrows::LEFT, Arrows::THROUGH];
        let to = assign(3, &arrows, &crossing());
        assert_eq!(
            to,
            [vec![0, 1], vec![2], vec![2]],
            "nobody painted a right arrow"
        );
        // Arrows for a junction that the map draws as a fork.
        let fork = [exit(20.0, 1), exit(-5.0, 1)];
        assert_eq!(
            assign(2, &[Arrows::LEFT, Arrows::THROUGH], &fork),
            [[0], [1]]
        );
    }

    #[test]
    fn nothing_is_left_over() {
        let kinds = [
            Arrows::default(),
            Arrows::LEFT,
            Arrows::THROUGH,
            Arrows::RIGHT,
            Arrows::REVERSE,
            Arrows::SLIGHT_LEFT,
        ];
        let angles = [170.0, 100.0, 40.0, 20.0, 0.0, -20.0, -60.0, -120.0];
        for lanes in 1..=5_usize {
            for first in kinds {
                for second in kinds {
                    for subset in 1_u32..256 {
                        let exits: Vec<Exit> = (0..8)
                            .filter(|bit| subset >> bit & 1 == 1)
                            .map(|bit: usize| exit(angles[bit], 1 + bit % 3))
                            .collect();
                        let arrows: Vec<Arrows> = (0..lanes)
                            .map(|lane| if lane == 0 { first } else { second })
                            .collect();
                        let to = assign(lanes, &arrows, &exits);
                        assert!(to.iter().all(|lanes| !lanes.is_empty()));
                        for lane in 0..lanes {
                            assert!(to.iter().any(|lanes| lanes.contains(&lane)));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn lanes_join_in_order_and_completely() {
        assert_eq!(connect(&[0, 1], 0..2), [(0, 0), (1, 1)]);
        assert_eq!(connect(&[1, 2], 0..3), [(1, 0), (1, 1), (2, 2)]);
        assert_eq!(connect(&[0, 1, 2], 0..2), [(0, 0), (1, 0), (2, 1)]);
        assert_eq!(connect(&[2], 1..2), [(2, 1)]);
    }
}
