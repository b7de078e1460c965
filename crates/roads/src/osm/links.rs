//! Streets become links: cut where the number of lanes changes, one link for each direction.

use super::Options;
use super::junctions::{Chain, Junctions};
use super::polyline;
use super::streets::{Run, Streets};
use super::tags::{Arrows, Carriageway, Road};
use crate::geometry::{self, Point};
use crate::model::RoadClass;

/// Arrows painted this far before the junction still count when nearer ones are unknown, metres.
const ARROWS_DISTANCE: f64 = 60.0;
/// A street that comes back to its own junction is cut in the middle if longer than this, metres.
const LOOP_LENGTH_MIN: f64 = 12.0;

/// Dead ends shorter than this are left out, metres: no car fits.
const STUB_LENGTH_MIN: f64 = 10.0;

/// A junction of the network to be.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// In [`Junctions::groups`]; `None` where only the number of lanes changes.
    pub(super) group: Option<u32>,
    pub(super) centre: Point,
    /// The node of the file that it is named after, and a number where that is not unique.
    pub(super) name: String,
}

/// A link of the network to be.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The middle of the road from junction to junction, in the direction of travel.
    pub(super) line: Vec<Point>,
    pub(super) length: f64,
    pub(super) class: RoadClass,
    pub(super) name: Option<String>,
    pub(super) elevated: bool,
    pub(super) roundabout: bool,
    pub(super) lanes: usize,
    /// Lanes in the opposite direction on the same road.
    pub(super) opposite: usize,
    pub(super) speed_limit: f64,
    /// Arrows at its end, one for each lane, innermost first, or none.
    pub(super) arrows: Vec<Arrows>,
    /// A sign at its end says to give way.
    pub(super) yields: bool,
    /// The first and the last run, to search turns with.
    pub(super) first: Run,
    pub(super) last: Run,
    /// Way of the file, to name it after.
    pub(super) way: i64,
    /// The link of the same road in the opposite direction.
    pub(super) twin: Option<u32>,
}

impl Plan {
    /// Lane width, metres.
    pub(super) const fn lane_width(&self) -> f64 {
        match self.class {
            RoadClass::Motorway | RoadClass::MotorwayLink => 3.75,
            RoadClass::Trunk | RoadClass::TrunkLink | RoadClass::Primary => 3.5,
            RoadClass::PrimaryLink
            | RoadClass::Secondary
            | RoadClass::SecondaryLink
            | RoadClass::Tertiary
            | RoadClass::TertiaryLink => 3.25,
            _ => 3.0,
        }
    }

    /// Half the width of the whole road, metres.
    pub(super) fn half_width(&self) -> f64 {
        0.5 * self.lane_width() * (self.lanes + self.opposite) as f64
    }
}

/// Junctions and links to be.
#[derive(Debug, Default)]
pub(super) struct Plans {
    pub(super) nodes: Vec<Node>,
    pub(super) links: Vec<Plan>,
}

/// Makes links of all streets that do not lie inside a junction.
pub(super) fn plan(streets: &Streets<'_>, junctions: &Junctions, options: &Options) -> Plans {
    let mut plans = Plans::default();
    for (index, group) in junctions.groups.iter().enumerate() {
        let lowest = group.nodes.first().copied().unwrap_or_default();
        plans.nodes.push(Node {
            group: Some(index as u32),
            centre: group.centre,
            name: streets.extract.node_ids[lowest as usize].to_string(),
        });
    }
    for chain in &junctions.chains {
        let stub = chain
            .groups
            .iter()
            .any(|&group| junctions.groups[group as usize].dead_end);
        let length_min = if stub { STUB_LENGTH_MIN } else { 1.0 };
        if !chain.inside && chain.length >= length_min {
            add_chain(streets, chain, options, &mut plans);
        }
    }
    plans
}

/// A stretch of a street with the same lanes all along, in metres along the street.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: f64,
    to: f64,
    lanes: [usize; 2],
}

/// The carriageways of a run's road: in the direction of the run, and against it, where open.
fn sides<'a>(streets: &Streets<'a>, run: Run) -> [Option<&'a Carriageway>; 2] {
    let road: &'a Road = streets.road(run);
    let along = |run: Run| {
        let side = if run.against() {
            &road.backward
        } else {
            &road.forward
        };
        side.as_ref().filter(|_| streets.is_open(run))
    };
    [along(run), along(run.reversed())]
}

fn stretches(streets: &Streets<'_>, chain: &Chain, options: &Options) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut along = 0.0;
    for &run in &chain.runs {
        let lanes = sides(streets, run).map(|side| side.map_or(0, |side| side.lanes));
        let to = along + streets.pieces[run.piece()].length;
        match stretches.last_mut() {
            Some(last) if last.lanes == lanes => last.to = to,
            _ => stretches.push(Stretch {
                from: along,
                to,
                lanes,
            }),
        }
        along = to;
    }
    // Short stretches join a neighbour, the longer one; the shortest first.
    let length = |stretch: &Stretch| stretch.to - stretch.from;
    while stretches.len() > 1 {
        let Some((at, shortest)) = stretches
            .iter()
            .enumerate()
            .min_by(|(_, a), (_, b)| length(a).total_cmp(&length(b)))
        else {
            break;
        };
        if length(shortest) >= options.link_length_min {
            break;
        }
        let (from, to) = (shortest.from, shortest.to);
        let before = at
            .checked_sub(1)
            .map_or(-1.0, |before| length(&stretches[before]));
        let after = stretches.get(at + 1).map_or(-1.0, &length);
        if before >= after {
            stretches[at - 1].to = to;
        } else {
            stretches[at + 1].from = from;
        }
        stretches.remove(at);
        stretches.dedup_by(|next, kept| {
            let same = next.lanes == kept.lanes;
            if same {
                kept.to = next.to;
            }
            same
        });
    }
    if chain.groups[0] == chain.groups[1] && stretches.len() == 1 {
        // A loop: no link may come back to the junction that it left.
        let mut second = stretches[0];
        let middle = f64::midpoint(second.from, second.to);
        stretches[0].to = middle;
        second.from = middle;
        stretches.push(second);
    }
    stretches
}

fn add_chain(streets: &Streets<'_>, chain: &Chain, options: &Options, plans: &mut Plans) {
    if chain.groups[0] == chain.groups[1] && chain.length < LOOP_LENGTH_MIN {
        return;
    }
    let mut line: Vec<Point> = Vec::new();
    for &run in &chain.runs {
        line.extend(streets.nodes(run).map(|node| streets.point(node)));
        line.dedup();
    }
    if line.len() < 2 {
        return;
    }
    let stretches = stretches(streets, chain, options);
    let last = stretches.len() - 1;
    let mut from = chain.groups[0];
    for (number, stretch) in stretches.iter().enumerate() {
        let to = if number == last {
            chain.groups[1]
        } else {
            let way = streets.way(chain.runs[0]).id;
            let start = streets.extract.node_ids[chain.ends[0] as usize];
            plans.nodes.push(Node {
                group: None,
                centre: geometry::point_at(&line, stretch.to),
                name: format!("{way}@{start}+{:.0}.{number}", stretch.to),
            });
            plans.nodes.len() as u32 - 1
        };
        let part = polyline::between(&line, stretch.from, stretch.to);
        add_stretch(streets, chain, stretch, &part, [from, to], plans);
        from = to;
    }
}

fn add_stretch(
    streets: &Streets<'_>,
    chain: &Chain,
    stretch: &Stretch,
    line: &[Point],
    ends: [u32; 2],
    plans: &mut Plans,
) {
    // The runs that it covers, with the length covered.
    let mut covered: Vec<(Run, f64)> = Vec::new();
    let mut along = 0.0;
    for &run in &chain.runs {
        let to = along + streets.pieces[run.piece()].length;
        let share = to.min(stretch.to) - along.max(stretch.from);
        if share > 1e-9 {
            covered.push((run, share));
        }
        along = to;
    }
    let line = polyline::simplified(line);
    let both = stretch.lanes[0] > 0 && stretch.lanes[1] > 0;
    for side in 0..2 {
        if stretch.lanes[side] == 0 {
            continue;
        }
        let (mut line, mut runs) = (line.clone(), covered.clone());
        if side == 1 {
            line.reverse();
            runs.reverse();
            for (run, _) in &mut runs {
                *run = run.reversed();
            }
        }
        let at_end = if side == 0 {
            stretch.to + 1e-6 >= chain.length
        } else {
            stretch.from <= 1e-6
        };
        let index = plans.links.len() as u32;
        let twin = both.then(|| if side == 0 { index + 1 } else { index - 1 });
        let Some(plan) = describe(streets, &runs, line, stretch.lanes[side]) else {
            continue;
        };
        plans.links.push(Plan {
            from: ends[side],
            to: ends[1 - side],
            opposite: stretch.lanes[1 - side],
            yields: at_end && chain.yields[side],
            twin,
            ..plan
        });
    }
}

/// What the runs of a link say together: the longest decides, speeds are averaged.
fn describe(
    streets: &Streets<'_>,
    runs: &[(Run, f64)],
    line: Vec<Point>,
    lanes: usize,
) -> Option<Plan> {
    let &(longest, _) = runs.iter().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let (&(first, _), &(last, _)) = (runs.first()?, runs.last()?);
    let total: f64 = runs.iter().map(|(_, share)| share).sum();
    let (mut time, mut elevated) = (0.0, 0.0);
    for &(run, share) in runs {
        let limit = sides(streets, run)[0].map_or(1.0, |side| side.speed_limit);
        time += share / limit;
        if streets.road(run).elevated {
            elevated += share;
        }
    }
    let mut arrows = Vec::new();
    let mut to_end = 0.0;
    for &(run, share) in runs.iter().rev() {
        let known = sides(streets, run)[0].map_or(&[][..], |side| &side.arrows);
        if known.len() == lanes {
            arrows = known.to_vec();
            break;
        }
        to_end += share;
        if to_end > ARROWS_DISTANCE {
            break;
        }
    }
    let road = streets.road(longest);
    let named = |(run, _): &(Run, f64)| streets.road(*run).name.clone();
    Some(Plan {
        from: 0,
        to: 0,
        length: geometry::length(&line),
        line,
        class: road.class,
        name: road.name.clone().or_else(|| runs.iter().find_map(named)),
        elevated: 2.0 * elevated > total,
        roundabout: road.roundabout,
        lanes,
        opposite: 0,
        speed_limit: total / time,
        arrows,
        yields: false,
        first,
        last,
        way: streets.way(longest).id,
        twin: None,
    })
}
