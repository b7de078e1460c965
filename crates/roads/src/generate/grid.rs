//! Regular grids of signalised junctions, laid out as the published benchmark scenarios are, so
//! that the engine can be measured on any number of them.

use serde::{Deserialize, Serialize};

use super::path::hermite;
use crate::builder::{
    Builder, LaneSpec, LinkSpec, MovementKey, MovementSpec, SignalSpec, TurnSpec, aspects,
};
use crate::error::Error;
use crate::geometry::{self, Point};
use crate::model::{Direction, JunctionControl, JunctionId, LinkId, Network, Phase, RoadClass};

/// The largest grid that is built: junctions with a signal.
const MOST_JUNCTIONS: u64 = 250_000;

/// What a grid is to look like. Defaults are those of the published Hangzhou scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridSpec {
    /// Junctions from west to east.
    pub columns: u32,
    /// Junctions from south to north.
    pub rows: u32,
    /// Metres between neighbours from west to east.
    pub spacing_x: f64,
    /// Metres between neighbours from south to north.
    pub spacing_y: f64,
    /// Lanes of each link, 1 to 6. With three or more, the innermost turns left, the outermost
    /// turns right and the others go straight.
    pub lanes: u32,
    /// Width of a lane, metres.
    pub lane_width: f64,
    /// By how much links are cut back from the centre of a junction, metres.
    pub junction_width: f64,
    /// Speed limit, m/s.
    pub speed_limit: f64,
    /// Duration of each green phase of the plan, seconds.
    pub green: f64,
    /// Duration of phase 0, in which only right turns go, seconds.
    pub yellow: f64,
}

impl Default for GridSpec {
    fn default() -> Self {
        Self {
            columns: 4,
            rows: 4,
            spacing_x: 800.0,
            spacing_y: 600.0,
            lanes: 3,
            lane_width: 4.0,
            junction_width: 15.0,
            speed_limit: 11.111,
            green: 30.0,
            yellow: 5.0,
        }
    }
}

impl GridSpec {
    fn check(&self) -> Result<(), Error> {
        let junctions = u64::from(self.columns) * u64::from(self.rows);
        if junctions > MOST_JUNCTIONS {
            return Err(Error::Limit {
                what: "number of junctions of the grid",
                found: junctions,
                limit: MOST_JUNCTIONS,
            });
        }
        let fault = |what: &str| {
            let id = format!("{}x{}", self.columns, self.rows);
            Err(Error::element("grid", &id, what))
        };
        if junctions == 0 {
            return fault("needs at least one column and one row");
        }
        if !(1..=6).contains(&self.lanes) {
            return fault("needs 1 to 6 lanes");
        }
        let lengths = [
            self.spacing_x,
            self.spacing_y,
            self.lane_width,
            self.junction_width,
            self.speed_limit,
            self.green,
            self.yellow,
        ];
        if !lengths.iter().all(|x| x.is_finite() && *x > 0.0) {
            return fault("needs lengths, speeds and times greater than zero");
        }
        if self.spacing_x.min(self.spacing_y) <= 2.0 * self.junction_width {
            return fault("needs junctions further apart than twice their width");
        }
        Ok(())
    }
}

/// Headings of links: east, north, west, south.
const HEADINGS: [(i64, i64); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// The turns of the four approaches in the order in which the published networks list them.
const TURNS: [[Direction; 3]; 4] = {
    use Direction::{Left, Right, Straight};
    [
        [Straight, Left, Right],
        [Right, Straight, Left],
        [Right, Straight, Left],
        [Left, Right, Straight],
    ]
};

/// The green phases: which approaches (by heading) may do what, right turns apart.
const PHASES: [(&str, &[usize], &[Direction]); 8] = {
    use Direction::{Left, Straight};
    [
        ("west-east straight", &[0, 2], &[Straight]),
        ("south-north straight", &[1, 3], &[Straight]),
        ("west-east left", &[0, 2], &[Left]),
        ("south-north left", &[1, 3], &[Left]),
        ("from the west", &[0], &[Straight, Left]),
        ("from the east", &[2], &[Straight, Left]),
        ("from the south", &[1], &[Straight, Left]),
        ("from the north", &[3], &[Straight, Left]),
    ]
};

/// Builds a grid: `columns` × `rows` signalised junctions with a ring of boundary junctions
/// around them.
///
/// Names, order and geometry are those of the published scenarios: `grid` with the default
/// specification is the Hangzhou network.
///
/// # Errors
/// When the specification is out of range.
pub fn grid(spec: &GridSpec) -> Result<Network, Error> {
    spec.check()?;
    let mut plan = Plan {
        spec,
        builder: Builder::new(format!("grid-{}x{}", spec.columns, spec.rows)),
        junctions: Vec::new(),
        links: Vec::new(),
    };
    plan.add_junctions();
    plan.add_links()?;
    plan.add_turns();
    plan.builder.finish()
}

/// A grid on its way to a network. Places are counted from 0 to `columns + 1` and `rows + 1`;
/// the outermost are the boundary.
struct Plan<'a> {
    spec: &'a GridSpec,
    builder: Builder,
    /// By place; `None` at the four corners.
    junctions: Vec<Option<JunctionId>>,
    /// By place and heading; `None` where there is no link.
    links: Vec<[Option<LinkId>; 4]>,
}

impl Plan<'_> {
    fn place(&self, column: i64, row: i64) -> Option<usize> {
        let (columns, rows) = (
            i64::from(self.spec.columns) + 2,
            i64::from(self.spec.rows) + 2,
        );
        ((0..columns).contains(&column) && (0..rows).contains(&row))
            .then(|| (column * rows + row) as usize)
    }

    fn is_edge(&self, column: i64, row: i64) -> (bool, bool) {
        (
            column == 0 || column == i64::from(self.spec.columns) + 1,
            row == 0 || row == i64::from(self.spec.rows) + 1,
        )
    }

    fn places(&self) -> impl Iterator<Item = (i64, i64)> + use<> {
        let rows = i64::from(self.spec.rows) + 2;
        (0..i64::from(self.spec.columns) + 2)
            .flat_map(move |column| (0..rows).map(move |row| (column, row)))
    }

    fn add_junctions(&mut self) {
        for (column, row) in self.places() {
            let (at_side, at_end) = self.is_edge(column, row);
            if at_side && at_end {
                self.junctions.push(None);
                continue;
            }
            let boundary = at_side || at_end;
            let point = Point::new(
                (column - 1) as f64 * self.spec.spacing_x,
                (row - 1) as f64 * self.spec.spacing_y,
            );
            let width = if boundary {
                0.0
            } else {
                self.spec.junction_width
            };
            let id = self.builder.junction(
                format!("intersection_{column}_{row}"),
                point,
                width,
                boundary,
                JunctionControl::ByTurn,
            );
            self.junctions.push(Some(id));
        }
    }

    fn add_links(&mut self) -> Result<(), Error> {
        for (place, (column, row)) in self.places().enumerate() {
            let mut links = [None; 4];
            for (heading, (dx, dy)) in HEADINGS.into_iter().enumerate() {
                let to = self.place(column + dx, row + dy);
                let (Some(from), Some(to)) = (
                    self.junctions[place],
                    to.and_then(|place| self.junctions[place]),
                ) else {
                    continue;
                };
                let network = self.builder.network_mut();
                let (start, end) = (
                    &network.junctions[from.index()],
                    &network.junctions[to.index()],
                );
                if start.boundary && end.boundary {
                    continue;
                }
                let shape = vec![start.point, end.point];
                let cut = geometry::trimmed(&shape, start.width, end.width);
                let lanes = (0..self.spec.lanes)
                    .map(|lane| LaneSpec {
                        width: self.spec.lane_width,
                        speed_limit: self.spec.speed_limit,
                        shape: geometry::offset_right(
                            &cut,
                            (f64::from(lane) + 0.5) * self.spec.lane_width,
                        ),
                        length: None,
                    })
                    .collect();
                links[heading] = Some(self.builder.link(LinkSpec {
                    id: format!("road_{column}_{row}_{heading}"),
                    name: None,
                    from,
                    to,
                    shape,
                    lanes,
                    class: RoadClass::Primary,
                    elevated: false,
                })?);
            }
            self.links.push(links);
        }
        Ok(())
    }

    fn add_turns(&mut self) {
        for (place, (column, row)) in self.places().enumerate() {
            let Some(junction) = self.junctions[place] else {
                continue;
            };
            if self.is_edge(column, row) != (false, false) {
                continue;
            }
            // Each movement with the heading of its approach and its direction.
            let mut keys: Vec<(MovementKey, usize, Direction)> = Vec::new();
            for (heading, (dx, dy)) in HEADINGS.into_iter().enumerate() {
                let approach = self
                    .place(column - dx, row - dy)
                    .and_then(|place| self.links[place][heading]);
                for direction in TURNS[heading] {
                    let leaving = match direction {
                        Direction::Left => (heading + 1) % 4,
                        Direction::Right => (heading + 3) % 4,
                        Direction::Straight | Direction::UTurn => heading,
                    };
                    let (Some(from), Some(to)) = (approach, self.links[place][leaving]) else {
                        continue;
                    };
                    let movements = self.movements(from, to, heading, leaving, direction);
                    let count = movements.len();
                    let turn = self.builder.turn(TurnSpec {
                        junction,
                        from,
                        to,
                        direction,
                        movements,
                    });
                    keys.extend(
                        (0..count)
                            .map(|movement| (MovementKey { turn, movement }, heading, direction)),
                    );
                }
            }
            self.add_signal(junction, &keys, format!("intersection_{column}_{row}"));
        }
    }

    /// All movements of a turn: from each lane that makes it to every lane of the next link.
    fn movements(
        &mut self,
        from: LinkId,
        to: LinkId,
        heading: usize,
        leaving: usize,
        direction: Direction,
    ) -> Vec<MovementSpec> {
        let lanes = self.spec.lanes;
        let makers = match direction {
            Direction::Left => 0..1,
            Direction::Right => lanes - 1..lanes,
            Direction::Straight | Direction::UTurn if lanes < 3 => 0..lanes,
            Direction::Straight | Direction::UTurn => 1..lanes - 1,
        };
        let way = |(dx, dy): (i64, i64)| Point::new(dx as f64, dy as f64);
        let network = self.builder.network_mut();
        let (from, to) = (network.lanes_of(from), network.lanes_of(to));
        makers
            .flat_map(|from_lane| (0..lanes).map(move |to_lane| (from_lane, to_lane)))
            .filter_map(|(from_lane, to_lane)| {
                let start = from[from_lane as usize].shape.last()?;
                let end = to[to_lane as usize].shape.first()?;
                Some(MovementSpec {
                    from_lane,
                    to_lane,
                    shape: hermite(
                        *start,
                        way(HEADINGS[heading]),
                        *end,
                        way(HEADINGS[leaving]),
                        self.spec.junction_width,
                    ),
                    length: None,
                    speed_limit: None,
                })
            })
            .collect()
    }

    fn add_signal(
        &mut self,
        junction: JunctionId,
        keys: &[(MovementKey, usize, Direction)],
        id: String,
    ) {
        let phase = |name: &str, duration: f64, approaches: &[usize], directions: &[Direction]| {
            let green = |i: usize| {
                let (_, heading, direction) = keys[i];
                direction == Direction::Right
                    || (approaches.contains(&heading) && directions.contains(&direction))
            };
            Phase {
                name: Some(name.to_owned()),
                duration,
                minimum: None,
                maximum: None,
                aspects: aspects(keys.len(), green),
            }
        };
        let mut phases = vec![phase("clearance", self.spec.yellow, &[], &[])];
        for (name, approaches, directions) in PHASES {
            phases.push(phase(name, self.spec.green, approaches, directions));
        }
        self.builder.signal(SignalSpec {
            id,
            junctions: vec![junction],
            movements: keys.iter().map(|(key, ..)| *key).collect(),
            phases,
            offset: 0.0,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn scenarios() -> PathBuf {
        std::env::var_os("CITYBRAIN_SCENARIOS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/scenarios"),
            PathBuf::from,
        )
    }

    fn assert_same_as(spec: &GridSpec, scenario: &str) {
        let file = scenarios().join(scenario).join("roadnet.json");
        if !file.exists() {
            eprintln!("skipped: {} is not here", file.display());
            return;
        }
        let (ours, theirs) = (
            grid(spec).unwrap(),
            crate::cityflow::read_network(&file).unwrap(),
        );
        let near = |a: &[Point], b: &[Point]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.distance(*b) < 1e-3)
        };
        for (a, b) in ours.junctions.iter().zip(&theirs.junctions) {
            assert_eq!(
                (&a.id, a.boundary, &a.incoming),
                (&b.id, b.boundary, &b.incoming)
            );
        }
        assert_eq!(ours.links.len(), theirs.links.len());
        for (a, b) in ours.links.iter().zip(&theirs.links) {
            assert_eq!((&a.id, a.from, a.to), (&b.id, b.from, b.to));
        }
        for (a, b) in ours.lanes.iter().zip(&theirs.lanes) {
            assert!(near(&a.shape, &b.shape), "{:?} {:?}", a.shape, b.shape);
            assert_eq!((&a.outgoing, &a.incoming), (&b.outgoing, &b.incoming));
        }
        assert_eq!(ours.movements.len(), theirs.movements.len());
        for (a, b) in ours.movements.iter().zip(&theirs.movements) {
            assert_eq!((a.from, a.to, a.direction), (b.from, b.to, b.direction));
            assert!(near(&a.shape, &b.shape), "{:?} {:?}", a.shape, b.shape);
        }
        assert_eq!(ours.crossings.len(), theirs.crossings.len());
        assert_eq!(ours.signals.len(), theirs.signals.len());
        for (a, b) in ours.signals.iter().zip(&theirs.signals) {
            assert_eq!((&a.id, &a.movements), (&b.id, &b.movements));
            for (a, b) in a.phases.iter().zip(&b.phases) {
                assert_eq!((a.duration, &a.aspects), (b.duration, &b.aspects));
            }
        }
    }

    #[test]
    fn the_default_grid_is_the_published_hangzhou_network() {
        assert_same_as(&GridSpec::default(), "hangzhou-4x4");
    }

    #[test]
    fn a_grid_of_four_by_three_is_the_published_jinan_network() {
        let spec = GridSpec {
            rows: 3,
            spacing_x: 400.0,
            spacing_y: 800.0,
            ..GridSpec::default()
        };
        assert_same_as(&spec, "jinan-3x4");
    }

    #[test]
    fn every_number_of_lanes_leads_everywhere() {
        for lanes in 1..=6 {
            let spec = GridSpec {
                columns: 2,
                rows: 1,
                lanes,
                ..GridSpec::default()
            };
            let network = grid(&spec).unwrap();
            assert_eq!(network.links.len(), 14);
            for lane in &network.lanes {
                let end = network.links[lane.link.index()].to;
                let boundary = network.junctions[end.index()].boundary;
                assert_eq!(lane.outgoing.is_empty(), boundary);
            }
        }
    }

    #[test]
    fn what_cannot_be_built_is_refused() {
        let broken = [
            GridSpec {
                columns: 0,
                ..GridSpec::default()
            },
            GridSpec {
                lanes: 0,
                ..GridSpec::default()
            },
            GridSpec {
                columns: 1_000_000,
                rows: 1_000_000,
                ..GridSpec::default()
            },
            GridSpec {
                spacing_x: 30.0,
                ..GridSpec::default()
            },
            GridSpec {
                speed_limit: f64::NAN,
                ..GridSpec::default()
            },
        ];
        for spec in broken {
            assert!(grid(&spec).is_err(), "{spec:?}");
        }
    }
}
