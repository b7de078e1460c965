//! The network compiled for the engine: flat tables that never change while a world runs.
//!
//! A *row* is a place where vehicles queue up one behind the other: a lane or a movement. Rows
//! are numbered by *block*. A block is what belongs to one junction: the lanes that end there,
//! then its movements. So everything that vehicles at a junction need to know of one another lies
//! together, an occupancy word tells which rows of a block hold vehicles, and blocks can be dealt
//! out to threads.

use crate::kind::{Kind, TURN_SPEED};
use roads::model::{JunctionControl, Precedence};
use roads::{LaneId, LinkId, MovementId, Network};

/// No row, vehicle, link or movement.
pub(crate) const NONE: u32 = u32::MAX;

/// A lane or a movement, with what a vehicle on it needs at every step.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Metres.
    pub(crate) length: f64,
    /// m/s; 10,000 inside junctions under the benchmark's rules, which know no limit there.
    pub(crate) limit: f64,
    /// Junction block it belongs to.
    pub(crate) block: u32,
    /// Bit in the block's occupancy words.
    pub(crate) bit: u32,
    /// For a movement the row of the lane it starts from; for a lane [`NONE`].
    pub(crate) from: u32,
    /// For a movement the row of the lane it leads to; for a lane [`NONE`].
    pub(crate) to: u32,
    /// Rows of the movements that leave a lane, as a run in [`Map::leaving`]; for a movement its
    /// crossings, as a run in [`Map::crossings`].
    pub(crate) start: u32,
    /// End of that run.
    pub(crate) end: u32,
    /// Index of the movement or lane in the network.
    pub(crate) source: u32,
    /// Link of a lane; for a movement [`NONE`].
    pub(crate) link: u32,
    /// Index of a lane in its link.
    pub(crate) index: u32,
    /// For a movement: vehicles slow down for it.
    pub(crate) turn: bool,
    /// For a movement: movements from other lanes cross it or end where it does.
    pub(crate) crossed: bool,
    /// For a lane: it ends at a junction with a signal.
    pub(crate) signalised: bool,
}

impl Way {
    #[inline]
    pub(crate) const fn is_lane(&self) -> bool {
        self.to == NONE
    }
}

/// A crossing as seen from one of its movements; sorted by `at` for each movement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossing {
    /// Distance along this movement.
    pub(crate) at: f64,
    /// Distance along the other.
    pub(crate) foe_at: f64,
    /// Row of the other movement.
    pub(crate) foe: u32,
    /// Bit of the other movement in the block's occupancy words.
    pub(crate) foe_bit: u32,
    /// Who goes first: positive this movement, negative the other, zero neither.
    pub(crate) rank: i8,
}

/// What belongs to one junction.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// First row; lanes first, then movements.
    pub(crate) rows: u32,
    /// One past the last row.
    pub(crate) rows_end: u32,
    /// First row that is a movement.
    pub(crate) movements: u32,
    /// First of its words in the occupancy bit set.
    pub(crate) word: u32,
    /// How many words it has.
    pub(crate) words: u32,
    /// Rows of the lanes that start here, as a run in [`Map::departing`].
    pub(crate) departing: u32,
    /// End of that run.
    pub(crate) departing_end: u32,
    /// Length of its longest movement, metres.
    pub(crate) longest: f64,
}

/// The compiled network.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) ways: Vec<Way>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) leaving: Vec<u32>,
    arriving: Vec<u32>,
    /// Per row: where a lane's run in [`Map::arriving`] starts and ends.
    arriving_runs: Vec<(u32, u32)>,
    pub(crate) departing: Vec<u32>,
    pub(crate) crossings: Vec<Crossing>,
    /// For each movement row its crossings' bits, in the layout of the block's words; runs start
    /// at [`Map::conflict_start`].
    pub(crate) conflicts: Vec<u64>,
    pub(crate) conflict_start: Vec<u32>,
    /// Row of each lane of the network.
    pub(crate) lane_rows: Vec<u32>,
    /// Row of each movement of the network.
    pub(crate) movement_rows: Vec<u32>,
    /// Lanes beside which there is another of the same link, in the layout of the occupancy words.
    pub(crate) beside: Vec<u64>,
    /// Number of occupancy words.
    pub(crate) words: usize,
}

impl Map {
    /// Compiles a network. `street` says whether movements keep their speed limits.
    pub(crate) fn new(network: &Network, street: bool) -> Self {
        let lanes = network.lanes.len();
        let mut map = Self {
            ways: Vec::with_capacity(lanes + network.movements.len()),
            blocks: Vec::with_capacity(network.junctions.len()),
            leaving: Vec::new(),
            arriving: Vec::new(),
            arriving_runs: Vec::new(),
            departing: Vec::new(),
            crossings: Vec::with_capacity(network.crossings.len() * 2),
            conflicts: Vec::new(),
            conflict_start: Vec::new(),
            lane_rows: vec![NONE; lanes],
            movement_rows: vec![NONE; network.movements.len()],
            beside: Vec::new(),
            words: 0,
        };
        for junction in 0..network.junctions.len() {
            map.add_block(network, junction, street);
        }
        map.join(network);
        map.find_lanes_beside(network);
        map.add_crossings(network);
        map
    }

    fn add_block(&mut self, network: &Network, index: usize, street: bool) {
        let junction = &network.junctions[index];
        let rows = self.ways.len() as u32;
        let signalised = junction.signal.is_some();
        for &link in &junction.incoming {
            for lane in network.links[link.index()].lanes.range() {
                self.lane_rows[lane] = self.ways.len() as u32;
                let source = &network.lanes[lane];
                self.ways.push(Way {
                    length: source.length,
                    limit: source.speed_limit,
                    block: index as u32,
                    bit: self.ways.len() as u32 - rows,
                    from: NONE,
                    to: NONE,
                    start: 0,
                    end: 0,
                    source: lane as u32,
                    link: link.0,
                    index: source.index,
                    turn: false,
                    crossed: false,
                    signalised,
                });
            }
        }
        let movements = self.ways.len() as u32;
        let mut longest: f64 = 0.0;
        for movement in junction.movements.range() {
            self.movement_rows[movement] = self.ways.len() as u32;
            let source = &network.movements[movement];
            longest = longest.max(source.length);
            self.ways.push(Way {
                length: source.length,
                limit: source.speed_limit.filter(|_| street).unwrap_or(10_000.0),
                block: index as u32,
                bit: self.ways.len() as u32 - rows,
                from: NONE,
                to: NONE,
                start: 0,
                end: 0,
                source: movement as u32,
                link: NONE,
                index: 0,
                turn: source.direction.is_turn(),
                crossed: false,
                signalised,
            });
        }
        let rows_end = self.ways.len() as u32;
        let words = (rows_end - rows).div_ceil(64);
        self.blocks.push(Block {
            rows,
            rows_end,
            movements,
            word: self.words as u32,
            words,
            departing: 0,
            departing_end: 0,
            longest,
        });
        self.words += words as usize;
    }

    /// Fills in what refers across blocks.
    fn join(&mut self, network: &Network) {
        for (index, movement) in network.movements.iter().enumerate() {
            let row = self.movement_rows[index] as usize;
            self.ways[row].from = self.lane_rows[movement.from.index()];
            self.ways[row].to = self.lane_rows[movement.to.index()];
        }
        for (index, lane) in network.lanes.iter().enumerate() {
            let start = self.leaving.len() as u32;
            self.leaving.extend(
                lane.outgoing
                    .iter()
                    .map(|id| self.movement_rows[id.index()]),
            );
            let way = &mut self.ways[self.lane_rows[index] as usize];
            way.start = start;
            way.end = self.leaving.len() as u32;
        }
        self.arriving_runs = vec![(0, 0); self.ways.len()];
        for (index, lane) in network.lanes.iter().enumerate() {
            let start = self.arriving.len() as u32;
            self.arriving.extend(
                lane.incoming
                    .iter()
                    .map(|id| self.movement_rows[id.index()]),
            );
            let run = (start, self.arriving.len() as u32);
            self.arriving_runs[self.lane_rows[index] as usize] = run;
        }
        for (block, junction) in self.blocks.iter_mut().zip(&network.junctions) {
            block.departing = self.departing.len() as u32;
            for link in &junction.outgoing {
                let lanes = network.links[link.index()].lanes.range();
                self.departing
                    .extend(lanes.map(|lane| self.lane_rows[lane]));
            }
            block.departing_end = self.departing.len() as u32;
        }
    }

    fn find_lanes_beside(&mut self, network: &Network) {
        self.beside = vec![0; self.words];
        for link in network.links.iter().filter(|link| link.lanes.len() > 1) {
            for lane in link.lanes.range() {
                let way = &self.ways[self.lane_rows[lane] as usize];
                let word = self.blocks[way.block as usize].word + way.bit / 64;
                self.beside[word as usize] |= 1 << (way.bit % 64);
            }
        }
    }

    fn add_crossings(&mut self, network: &Network) {
        let mut of_movement: Vec<Vec<Crossing>> = vec![Vec::new(); network.movements.len()];
        for junction in &network.junctions {
            for crossing in &network.crossings[junction.crossings.range()] {
                let (a, b) = (
                    &network.movements[crossing.a.index()],
                    &network.movements[crossing.b.index()],
                );
                let rank = match (junction.control, crossing.precedence) {
                    (JunctionControl::ByTurn, _) => {
                        a.direction.rank().cmp(&b.direction.rank()) as i8
                    }
                    (JunctionControl::ByPriority, Precedence::Equal) => 0,
                    (JunctionControl::ByPriority, Precedence::A) => 1,
                    (JunctionControl::ByPriority, Precedence::B) => -1,
                };
                let mut add = |me: MovementId, foe: MovementId, at, foe_at, rank| {
                    let foe = self.movement_rows[foe.index()];
                    let foe_bit = self.ways[foe as usize].bit;
                    let entry = Crossing {
                        at,
                        foe_at,
                        foe,
                        foe_bit,
                        rank,
                    };
                    of_movement[me.index()].push(entry);
                };
                add(crossing.a, crossing.b, crossing.at_a, crossing.at_b, rank);
                add(crossing.b, crossing.a, crossing.at_b, crossing.at_a, -rank);
            }
        }
        self.conflict_start = vec![0; self.ways.len()];
        for (movement, mut crossings) in of_movement.into_iter().enumerate() {
            let row = self.movement_rows[movement] as usize;
            crossings.sort_by(|one, other| one.at.total_cmp(&other.at));
            let words = self.blocks[self.ways[row].block as usize].words as usize;
            let start = self.conflicts.len();
            self.conflict_start[row] = start as u32;
            self.conflicts.resize(start + words, 0);
            for crossing in &crossings {
                self.conflicts[start + crossing.foe_bit as usize / 64] |=
                    1 << (crossing.foe_bit % 64);
            }
            let from = self.ways[row].from;
            self.ways[row].crossed = crossings
                .iter()
                .any(|crossing| self.ways[crossing.foe as usize].from != from);
            self.ways[row].start = self.crossings.len() as u32;
            self.crossings.extend(crossings);
            self.ways[row].end = self.crossings.len() as u32;
        }
    }

    /// Per block the time within which any vehicle on its approach has passed any crossing,
    /// starting from rest and turning, seconds. A vehicle that needs longer to get there passes
    /// after it, whoever has precedence, and need not be looked at.
    pub(crate) fn notice(&self, kinds: &[Kind], dt: f64) -> Vec<f64> {
        if dt.total_cmp(&1.0).is_ne() {
            // The model's count of steps to a crossing is right for steps of one second only.
            return vec![f64::INFINITY; self.blocks.len()];
        }
        let seconds = |block: &Block| {
            let slowest = kinds.iter().map(|kind| {
                let target = kind.max_speed.min(TURN_SPEED);
                target / kind.usual_acceleration + (kind.approach + block.longest) / target + 4.0
            });
            slowest.fold(0.0, f64::max)
        };
        self.blocks.iter().map(seconds).collect()
    }

    #[inline]
    pub(crate) fn way(&self, row: u32) -> &Way {
        &self.ways[row as usize]
    }

    /// Rows of the movements that leave a lane, in file order.
    #[inline]
    pub(crate) fn leaving(&self, lane: &Way) -> &[u32] {
        &self.leaving[lane.start as usize..lane.end as usize]
    }

    /// Rows of the movements that lead to a lane.
    #[inline]
    pub(crate) fn arriving(&self, lane: u32) -> &[u32] {
        let (start, end) = self.arriving_runs[lane as usize];
        &self.arriving[start as usize..end as usize]
    }

    /// Crossings of a movement, by distance.
    #[inline]
    pub(crate) fn crossings(&self, movement: &Way) -> &[Crossing] {
        &self.crossings[movement.start as usize..movement.end as usize]
    }

    /// Whether any movement of a lane leads to a link.
    #[inline]
    pub(crate) fn leads_to(&self, lane: &Way, link: u32) -> bool {
        self.leaving(lane)
            .iter()
            .any(|&row| self.way(self.way(row).to).link == link)
    }

    pub(crate) fn lane_row(&self, lane: LaneId) -> u32 {
        self.lane_rows[lane.index()]
    }

    pub(crate) fn movement_row(&self, movement: MovementId) -> u32 {
        self.movement_rows[movement.index()]
    }

    /// Rows of the lanes of a link, innermost first.
    pub(crate) fn lanes_of<'a>(
        &'a self,
        network: &'a Network,
        link: LinkId,
    ) -> impl Iterator<Item = u32> + 'a {
        network.links[link.index()]
            .lanes
            .range()
            .map(|lane| self.lane_rows[lane])
    }
}
