//! Puts a network together: readers hand in junctions, links and turns in any order; the builder
//! lays them out contiguously, joins them up and finds the crossings.

use crate::error::Error;
use crate::geometry::{self, Point};
use crate::model::{
    Aspect, Crossing, Direction, Junction, JunctionControl, JunctionId, Lane, LaneId, Link, LinkId,
    Movement, MovementId, Network, Phase, Precedence, RoadClass, Signal, SignalId, Span, Turn,
    TurnId,
};

/// A lane as a reader knows it.
#[derive(Clone, Debug)]
pub struct LaneSpec {
    /// Width, metres.
    pub width: f64,
    /// Speed limit, m/s.
    pub speed_limit: f64,
    /// Centre line in the direction of travel, already cut back at junctions.
    pub shape: Vec<Point>,
    /// Length, metres, where the source states one that differs from the shape's.
    pub length: Option<f64>,
}

/// A link as a reader knows it, lanes innermost first.
#[derive(Clone, Debug)]
pub struct LinkSpec {
    /// Unique name.
    pub id: String,
    /// Street name.
    pub name: Option<String>,
    /// Start junction.
    pub from: JunctionId,
    /// End junction.
    pub to: JunctionId,
    /// Reference line.
    pub shape: Vec<Point>,
    /// Lanes, innermost first, at least one.
    pub lanes: Vec<LaneSpec>,
    /// Kind of road.
    pub class: RoadClass,
    /// On a viaduct.
    pub elevated: bool,
}

/// A movement as a reader knows it.
#[derive(Clone, Debug)]
pub struct MovementSpec {
    /// Index of the lane in the turn's `from` link.
    pub from_lane: u32,
    /// Index of the lane in the turn's `to` link.
    pub to_lane: u32,
    /// Path through the junction, at least two points.
    pub shape: Vec<Point>,
    /// Length, metres, where the source states one that differs from the shape's.
    pub length: Option<f64>,
    /// Speed limit on the path, m/s.
    pub speed_limit: Option<f64>,
}

/// A turn as a reader knows it.
#[derive(Clone, Debug)]
pub struct TurnSpec {
    /// The junction it passes.
    pub junction: JunctionId,
    /// Link it comes from.
    pub from: LinkId,
    /// Link it goes to.
    pub to: LinkId,
    /// Which way it goes.
    pub direction: Direction,
    /// Its movements, in file order.
    pub movements: Vec<MovementSpec>,
}

/// Where a movement stood in the reader's input: the `turn`-th turn handed in, its
/// `movement`-th movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MovementKey {
    /// Number of the turn, as [`Builder::turn`] returned it.
    pub turn: usize,
    /// Position in [`TurnSpec::movements`].
    pub movement: usize,
}

/// A phase as a reader knows it: an aspect for each of the signal's movements.
#[derive(Clone, Debug)]
pub struct SignalSpec {
    /// Unique name.
    pub id: String,
    /// Junctions it controls.
    pub junctions: Vec<JunctionId>,
    /// Movements it controls.
    pub movements: Vec<MovementKey>,
    /// Its plan.
    pub phases: Vec<Phase>,
    /// Shift of the plan, seconds.
    pub offset: f64,
}

/// Collects the parts of a network and lays them out.
#[derive(Debug, Default)]
pub struct Builder {
    network: Network,
    turns: Vec<TurnSpec>,
    signals: Vec<SignalSpec>,
}

impl Builder {
    /// Starts an empty network.
    pub fn new(name: impl Into<String>) -> Self {
        let network = Network {
            name: name.into(),
            ..Network::default()
        };
        Self {
            network,
            turns: Vec::new(),
            signals: Vec::new(),
        }
    }

    /// The network so far: names, georeference and junctions may be set on it directly.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// Adds a junction; its links, turns and signal are filled in by [`Builder::finish`].
    pub fn junction(
        &mut self,
        id: impl Into<String>,
        point: Point,
        width: f64,
        boundary: bool,
        control: JunctionControl,
    ) -> JunctionId {
        let index = self.network.junctions.len();
        self.network.junctions.push(Junction {
            id: id.into(),
            point,
            width,
            boundary,
            control,
            ..Junction::default()
        });
        JunctionId::from(index)
    }

    /// Adds a link with its lanes.
    ///
    /// # Errors
    /// When it has no lane, a shape of fewer than two points, a number that is not finite, a lane
    /// without length, or an end that is not a junction.
    pub fn link(&mut self, spec: LinkSpec) -> Result<LinkId, Error> {
        let fault = |what: &str| Error::element("link", &spec.id, what);
        let index = self.network.links.len();
        if spec.lanes.is_empty() {
            return Err(fault("has no lanes; add at least one"));
        }
        if spec.from.index() >= self.network.junctions.len()
            || spec.to.index() >= self.network.junctions.len()
        {
            return Err(fault("starts or ends at a junction that does not exist"));
        }
        if spec.shape.len() < 2 || !spec.shape.iter().all(|point| point.is_finite()) {
            return Err(fault(
                "needs a shape of at least two points with finite coordinates",
            ));
        }
        let start = self.network.lanes.len() as u32;
        let mut total = 0.0;
        for (i, lane) in spec.lanes.iter().enumerate() {
            let lane_fault = |what: &str| Error::element("lane", &format!("{}_{i}", spec.id), what);
            if lane.shape.len() < 2 || !lane.shape.iter().all(|point| point.is_finite()) {
                return Err(lane_fault("needs a shape of at least two points"));
            }
            let length = lane.length.unwrap_or_else(|| geometry::length(&lane.shape));
            if !(length.is_finite() && length > 0.0) {
                return Err(lane_fault("has no length; it must be greater than zero"));
            }
            if !(lane.speed_limit.is_finite() && lane.speed_limit > 0.0) {
                return Err(lane_fault("needs a speed limit greater than zero"));
            }
            if !(lane.width.is_finite() && lane.width > 0.0) {
                return Err(lane_fault("needs a width greater than zero"));
            }
            total += length;
            self.network.lanes.push(Lane {
                link: LinkId::from(index),
                index: i as u32,
                width: lane.width,
                speed_limit: lane.speed_limit,
                length,
                shape: lane.shape.clone(),
                outgoing: Vec::new(),
                incoming: Vec::new(),
            });
        }
        let end = self.network.lanes.len() as u32;
        self.network.junctions[spec.from.index()]
            .outgoing
            .push(LinkId::from(index));
        self.network.junctions[spec.to.index()]
            .incoming
            .push(LinkId::from(index));
        self.network.links.push(Link {
            length: total / spec.lanes.len() as f64,
            id: spec.id,
            name: spec.name,
            from: spec.from,
            to: spec.to,
            shape: spec.shape,
            lanes: Span { start, end },
            class: spec.class,
            elevated: spec.elevated,
        });
        Ok(LinkId::from(index))
    }

    /// Adds a turn with its movements and returns its number for [`MovementKey`].
    pub fn turn(&mut self, spec: TurnSpec) -> usize {
        self.turns.push(spec);
        self.turns.len() - 1
    }

    /// Adds a signal.
    pub fn signal(&mut self, spec: SignalSpec) {
        self.signals.push(spec);
    }

    /// Lays everything out, finds the crossings and hands the network over.
    ///
    /// # Errors
    /// When a turn names a junction, link or lane that does not exist, a movement has no length,
    /// a signal controls a movement that does not exist or a movement twice, or a phase has
    /// another number of aspects than the signal has movements.
    pub fn finish(mut self) -> Result<Network, Error> {
        let places = self.lay_out_turns()?;
        self.find_crossings()?;
        self.place_signals(&places)?;
        Ok(self.network)
    }

    fn lay_out_turns(&mut self) -> Result<Vec<u32>, Error> {
        let network = &mut self.network;
        let mut order: Vec<usize> = (0..self.turns.len()).collect();
        order.sort_by_key(|&turn| self.turns[turn].junction);
        let mut first_movement = vec![0; self.turns.len()];
        let mut turns = order.into_iter().peekable();
        for junction in 0..network.junctions.len() {
            let turn_start = network.turns.len() as u32;
            let movement_start = network.movements.len() as u32;
            while let Some(number) =
                turns.next_if(|&turn| self.turns[turn].junction.index() == junction)
            {
                first_movement[number] = network.movements.len() as u32;
                add_turn(network, &self.turns[number])?;
            }
            network.junctions[junction].turns = Span {
                start: turn_start,
                end: network.turns.len() as u32,
            };
            network.junctions[junction].movements = Span {
                start: movement_start,
                end: network.movements.len() as u32,
            };
        }
        if turns.next().is_some() {
            return Err(Error::element(
                "turn",
                "",
                "passes a junction that does not exist",
            ));
        }
        Ok(first_movement)
    }

    fn find_crossings(&mut self) -> Result<(), Error> {
        let network = &mut self.network;
        for junction in &mut network.junctions {
            let start = network.crossings.len() as u32;
            let span = junction.movements;
            within_limits(junction, &network.movements[span.range()], start)?;
            for a in span.start..span.end {
                for b in a + 1..span.end {
                    let (one, two) = (
                        &network.movements[a as usize],
                        &network.movements[b as usize],
                    );
                    if let Some((at_a, at_b)) = geometry::first_meeting(&one.shape, &two.shape) {
                        // Where the source states another length than the shape's, scale.
                        let scale_a = one.length / geometry::length(&one.shape);
                        let scale_b = two.length / geometry::length(&two.shape);
                        let exact = |scale: f64| {
                            if (scale - 1.0).abs() < 1e-9 || !scale.is_finite() {
                                1.0
                            } else {
                                scale
                            }
                        };
                        network.crossings.push(Crossing {
                            a: MovementId(a),
                            b: MovementId(b),
                            at_a: at_a * exact(scale_a),
                            at_b: at_b * exact(scale_b),
                            precedence: Precedence::Equal,
                        });
                    }
                }
            }
            junction.crossings = Span {
                start,
                end: network.crossings.len() as u32,
            };
        }
        Ok(())
    }

    fn place_signals(&mut self, first_movement: &[u32]) -> Result<(), Error> {
        let network = &mut self.network;
        let mut controlled = vec![false; network.movements.len()];
        for spec in std::mem::take(&mut self.signals) {
            let fault = |what: &str| Error::element("signal", &spec.id, what);
            let mut movements = Vec::with_capacity(spec.movements.len());
            for key in &spec.movements {
                let exists = self
                    .turns
                    .get(key.turn)
                    .is_some_and(|turn| key.movement < turn.movements.len());
                if !exists {
                    return Err(fault("controls a movement that does not exist"));
                }
                let id = first_movement[key.turn] + key.movement as u32;
                if std::mem::replace(&mut controlled[id as usize], true) {
                    return Err(fault("controls a movement that is already controlled"));
                }
                movements.push(MovementId(id));
            }
            for phase in &spec.phases {
                if phase.aspects.len() != movements.len() {
                    return Err(fault(
                        "has a phase with another number of aspects than movements",
                    ));
                }
                if !(phase.duration.is_finite() && phase.duration >= 0.0) {
                    return Err(fault(
                        "has a phase whose duration is not a number of seconds",
                    ));
                }
            }
            let id = SignalId::from(network.signals.len());
            for &junction in &spec.junctions {
                let Some(junction) = network.junctions.get_mut(junction.index()) else {
                    return Err(fault("controls a junction that does not exist"));
                };
                junction.signal = Some(id);
            }
            network.signals.push(Signal {
                id: spec.id,
                junctions: spec.junctions,
                movements,
                phases: spec.phases,
                offset: spec.offset,
            });
        }
        Ok(())
    }
}

/// Every pair of a junction's movements is looked at, so their number is bounded.
const MOVEMENTS_PER_JUNCTION: usize = 1024;
/// Every pair of their segments may be looked at.
pub(crate) const POINTS_PER_JUNCTION: usize = 32_768;
/// Crossings of the whole network.
const CROSSINGS: u32 = 1 << 25;

fn within_limits(junction: &Junction, movements: &[Movement], crossings: u32) -> Result<(), Error> {
    let points: usize = movements.iter().map(|movement| movement.shape.len()).sum();
    let limits = [
        ("movements", movements.len(), MOVEMENTS_PER_JUNCTION),
        ("points in its movements", points, POINTS_PER_JUNCTION),
    ];
    for (what, found, limit) in limits {
        if found > limit {
            let message = format!("has {found} {what}, more than the limit of {limit}");
            return Err(Error::element("junction", &junction.id, message));
        }
    }
    if crossings > CROSSINGS {
        return Err(Error::Limit {
            what: "number of crossings",
            found: u64::from(crossings),
            limit: u64::from(CROSSINGS),
        });
    }
    Ok(())
}

/// What messages call the turn from one link to another.
pub(crate) fn turn_name(from: &str, to: &str) -> String {
    format!("{from} → {to}")
}

fn add_turn(network: &mut Network, spec: &TurnSpec) -> Result<(), Error> {
    let links = network.links.len();
    if spec.from.index() >= links || spec.to.index() >= links {
        return Err(Error::element(
            "turn",
            "",
            "joins a link that does not exist",
        ));
    }
    let name = turn_name(
        &network.links[spec.from.index()].id,
        &network.links[spec.to.index()].id,
    );
    let fault = |what: &str| Error::element("turn", &name, what);
    let turn = TurnId::from(network.turns.len());
    let start = network.movements.len() as u32;
    let (from, to) = (
        network.links[spec.from.index()].lanes,
        network.links[spec.to.index()].lanes,
    );
    for movement in &spec.movements {
        if movement.from_lane as usize >= from.len() || movement.to_lane as usize >= to.len() {
            return Err(fault("has a movement between lanes that do not exist"));
        }
        if movement.shape.len() < 2 || !movement.shape.iter().all(|point| point.is_finite()) {
            return Err(fault("has a movement whose path has fewer than two points"));
        }
        let length = movement
            .length
            .unwrap_or_else(|| geometry::length(&movement.shape));
        if !(length.is_finite() && length > 0.0) {
            return Err(fault(
                "has a movement without a length in metres; give its path points that differ",
            ));
        }
        let id = MovementId::from(network.movements.len());
        let (from, to) = (
            LaneId(from.start + movement.from_lane),
            LaneId(to.start + movement.to_lane),
        );
        network.lanes[from.index()].outgoing.push(id);
        network.lanes[to.index()].incoming.push(id);
        network.movements.push(Movement {
            turn,
            junction: spec.junction,
            from,
            to,
            direction: spec.direction,
            length,
            shape: movement.shape.clone(),
            speed_limit: movement.speed_limit,
        });
    }
    network.turns.push(Turn {
        junction: spec.junction,
        from: spec.from,
        to: spec.to,
        direction: spec.direction,
        movements: Span {
            start,
            end: network.movements.len() as u32,
        },
    });
    Ok(())
}

/// Aspects for a phase that lists which of `count` movements have green.
pub fn aspects(count: usize, green: impl Fn(usize) -> bool) -> Vec<Aspect> {
    (0..count)
        .map(|i| {
            if green(i) {
                Aspect::Protected
            } else {
                Aspect::Red
            }
        })
        .collect()
}
