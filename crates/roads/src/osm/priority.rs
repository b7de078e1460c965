//! Who goes first where paths cross and no signal protects: roads of a lower class, side roads
//! and signs give way; entries give way to a roundabout; then the rank of the turns decides.

use super::links::Plans;
use super::turns::heading_at_end;
use crate::model::{
    Direction, Junction, JunctionControl, MovementId, Network, Precedence, RoadClass,
};

/// Two approaches face one another if their headings differ by more than this, degrees.
const OPPOSITE: f64 = 135.0;

/// How important a road is where it meets others.
const fn importance(class: RoadClass) -> i32 {
    match class {
        RoadClass::Motorway => 80,
        RoadClass::Trunk => 70,
        RoadClass::Primary => 60,
        RoadClass::Secondary => 50,
        RoadClass::Tertiary => 40,
        // A slip road gives way to the road that it joins, and to its equals.
        RoadClass::MotorwayLink => 55,
        RoadClass::TrunkLink => 45,
        RoadClass::PrimaryLink => 38,
        RoadClass::SecondaryLink => 35,
        RoadClass::TertiaryLink => 32,
        RoadClass::Unclassified | RoadClass::Residential => 30,
        RoadClass::LivingStreet => 20,
        RoadClass::Service => 10,
    }
}

/// A movement as a rule of priority sees it.
struct Claim {
    approach: usize,
    importance: i32,
    direction: Direction,
}

/// States at every crossing who goes first, and sets the rule of every junction.
///
/// `plans` are the plans of the network's links, in order. Coordinates are those of right-hand
/// traffic; `mirrored` says that they will be mirrored, so that the rule of turns, which is made
/// for right-hand traffic, must be written out at the crossings.
pub(super) fn rule(network: &mut Network, plans: &Plans, mirrored: bool) {
    for index in 0..network.junctions.len() {
        let junction = &network.junctions[index];
        let approaches: Vec<i32> = junction
            .incoming
            .iter()
            .map(|link| claim_of(network, plans, junction, link.index()))
            .collect();
        let equals = approaches.windows(2).all(|pair| pair[0] == pair[1]);
        let by_turn = (equals || junction.signal.is_some()) && !mirrored;
        let signalised = junction.signal.is_some();
        let span = junction.crossings.range();
        if by_turn {
            network.junctions[index].control = JunctionControl::ByTurn;
            continue;
        }
        let claim = |movement: MovementId| {
            let movement = &network.movements[movement.index()];
            let approach = network.lanes[movement.from.index()].link;
            let place = junction.incoming.iter().position(|&link| link == approach);
            let importance = place.map_or(0, |place| approaches[place]);
            Claim {
                approach: approach.index(),
                importance: if signalised { 0 } else { importance },
                direction: movement.direction,
            }
        };
        let decided: Vec<Precedence> = network.crossings[span.clone()]
            .iter()
            .map(|crossing| decide(&claim(crossing.a), &claim(crossing.b), plans))
            .collect();
        for (crossing, precedence) in network.crossings[span].iter_mut().zip(decided) {
            crossing.precedence = precedence;
        }
        network.junctions[index].control = JunctionControl::ByPriority;
    }
}

fn claim_of(network: &Network, plans: &Plans, junction: &Junction, link: usize) -> i32 {
    let plan = &plans.links[link];
    let mut claim = importance(plan.class);
    if plan.roundabout {
        claim += 200;
    }
    if plan.yields {
        claim -= 100;
    }
    // The stem of a T gives way to the bar.
    let straight = network.turns[junction.turns.range()]
        .iter()
        .any(|turn| turn.from.index() == link && turn.direction == Direction::Straight);
    if !straight && junction.incoming.len() > 2 {
        claim -= 5;
    }
    claim
}

fn decide(a: &Claim, b: &Claim, plans: &Plans) -> Precedence {
    if a.approach == b.approach {
        return Precedence::Equal; // they follow one another
    }
    match a.importance.cmp(&b.importance) {
        std::cmp::Ordering::Greater => return Precedence::A,
        std::cmp::Ordering::Less => return Precedence::B,
        std::cmp::Ordering::Equal => {}
    }
    match a.direction.rank().cmp(&b.direction.rank()) {
        std::cmp::Ordering::Greater => return Precedence::A,
        std::cmp::Ordering::Less => return Precedence::B,
        std::cmp::Ordering::Equal => {}
    }
    // Equals: whoever comes from the right; facing one another, whoever is there first.
    let heading = |claim: &Claim| heading_at_end(&plans.links[claim.approach].line);
    let angle = super::polyline::turn_angle(heading(a), heading(b));
    if angle.abs() > OPPOSITE {
        Precedence::Equal
    } else if angle > 0.0 {
        Precedence::B // it goes to our left, so it comes from our right
    } else {
        Precedence::A
    }
}
