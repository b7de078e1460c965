//! Corridors of a network: streets that go straight on through several signals, found by their
//! names, and ways between two signals that somebody picks.

use std::collections::BTreeSet;

use roads::route::Shortest;
use roads::{Direction, LinkId, Network, SignalId};
use rustc_hash::FxHashMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::live::corridor::LINKS_MAX;
use crate::live::heads::street;

/// Signals that a street must pass to count as a corridor.
const SIGNALS_MIN: usize = 3;
/// Corridors offered.
const OFFERED_MAX: usize = 60;

/// A way through a network along which signals can be looked at together.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct CorridorFacts {
    /// The street's name, or of a picked way the names of its first and last street.
    pub(crate) name: String,
    /// Direction from its start to its end, degrees clockwise from north.
    pub(crate) bearing: f64,
    /// Metres.
    pub(crate) length: f64,
    /// Indices of its links, in the direction of travel.
    pub(crate) links: Vec<u32>,
    /// Indices of the signals it passes.
    pub(crate) signals: Vec<u32>,
}

/// The corridors of a network.
pub(crate) struct Catalogue {
    streets: Vec<CorridorFacts>,
    /// By link, the signal at its end.
    ends: Vec<Option<SignalId>>,
    shortest: Shortest,
}

impl Catalogue {
    /// Finds the streets of a network.
    pub(crate) fn new(network: &Network) -> Self {
        let ends = signals_at_ends(network);
        Self {
            streets: streets(network, &ends),
            ends,
            shortest: Shortest::new(network),
        }
    }

    /// Streets that pass several signals, those with most first.
    pub(crate) fn streets(&self) -> &[CorridorFacts] {
        &self.streets
    }

    /// The shortest way from one signal to another, beginning before the first: `None` when there
    /// is none, or it has more links than a corridor may.
    pub(crate) fn between(
        &self,
        network: &Network,
        from: SignalId,
        to: SignalId,
    ) -> Option<CorridorFacts> {
        let mut shortest = self.shortest.clone();
        let starts = network
            .turns
            .iter()
            .filter(|turn| self.ends[turn.from.index()] == Some(from))
            .map(|turn| turn.to);
        let starts: BTreeSet<LinkId> = starts.collect();
        let goals = (0..network.links.len())
            .filter(|&link| self.ends[link] == Some(to))
            .map(LinkId::from);
        let goals: Vec<LinkId> = goals.collect();
        let length = |links: &[LinkId]| {
            links
                .iter()
                .map(|link| network.links[link.index()].length)
                .sum::<f64>()
        };
        let mut best: Option<Vec<LinkId>> = None;
        for &start in &starts {
            for &goal in &goals {
                if let Some(way) = shortest.path(start, goal)
                    && best.as_ref().is_none_or(|best| length(&way) < length(best))
                {
                    best = Some(way);
                }
            }
        }
        let mut links = best?;
        if let Some(before) = before(network, links[0]) {
            links.insert(0, before);
        }
        (links.len() <= LINKS_MAX).then(|| facts(network, &self.ends, links))
    }
}

/// The link from which one drives straight into another.
fn before(network: &Network, link: LinkId) -> Option<LinkId> {
    let straight =
        |turn: &&roads::model::Turn| turn.to == link && turn.direction == Direction::Straight;
    Some(network.turns.iter().find(straight)?.from)
}

/// By link, the signal that controls turns at its end.
fn signals_at_ends(network: &Network) -> Vec<Option<SignalId>> {
    let mut ends = vec![None; network.links.len()];
    for (index, signal) in network.signals.iter().enumerate() {
        for movement in &signal.movements {
            let lane = network.movements[movement.index()].from;
            let link = network.lanes[lane.index()].link;
            ends[link.index()] = Some(SignalId::from(index));
        }
    }
    ends
}

fn streets(network: &Network, ends: &[Option<SignalId>]) -> Vec<CorridorFacts> {
    // Where a street goes on straight under its name, and where it comes from.
    let mut onward: FxHashMap<LinkId, LinkId> = FxHashMap::default();
    let mut entered: BTreeSet<LinkId> = BTreeSet::new();
    for turn in &network.turns {
        let name = |link: LinkId| network.links[link.index()].name.as_deref();
        let same = name(turn.from).is_some() && name(turn.from) == name(turn.to);
        let new = !onward.contains_key(&turn.from) && !entered.contains(&turn.to);
        if same && new && turn.direction == Direction::Straight {
            onward.insert(turn.from, turn.to);
            entered.insert(turn.to);
        }
    }
    let mut found: Vec<CorridorFacts> = (0..network.links.len())
        .map(LinkId::from)
        .filter(|link| onward.contains_key(link) && !entered.contains(link))
        .map(|first| {
            let way = std::iter::successors(Some(first), |link| onward.get(link).copied());
            facts(network, ends, way.take(LINKS_MAX).collect())
        })
        .filter(|street| street.signals.len() >= SIGNALS_MIN)
        .collect();
    found.sort_by(|a, b| {
        let order = b.signals.len().cmp(&a.signals.len());
        order.then_with(|| a.links.cmp(&b.links))
    });
    found.truncate(OFFERED_MAX);
    found
}

fn facts(network: &Network, ends: &[Option<SignalId>], links: Vec<LinkId>) -> CorridorFacts {
    let of = |link: &LinkId| &network.links[link.index()];
    let name = |link: &LinkId| street(network, *link);
    let (first, last) = (links.first().map(name), links.last().map(name));
    let point = |link: Option<&LinkId>, end: bool| {
        let shape = &of(link?).shape;
        if end { shape.last() } else { shape.first() }.copied()
    };
    let bearing = match (point(links.first(), false), point(links.last(), true)) {
        (Some(a), Some(b)) => (b.x - a.x).atan2(b.y - a.y).to_degrees().rem_euclid(360.0),
        _ => 0.0,
    };
    let mut signals: Vec<u32> = links
        .iter()
        .filter_map(|link| ends[link.index()])
        .map(|signal| signal.0)
        .collect();
    signals.dedup();
    CorridorFacts {
        name: match (first, last) {
            (Some(first), Some(last)) if first != last => format!("{first} – {last}"),
            (first, _) => first.unwrap_or_default(),
        },
        bearing,
        length: links.iter().map(|link| of(link).length).sum(),
        links: links.iter().map(|link| link.0).collect(),
        signals,
    }
}
