//! Fastest ways when travel times change over the day: A* from link to link, exact, led by
//! landmarks.

use std::sync::Arc as Shared;

use super::cost::Milliseconds;
use super::graph::LinkGraph;
use super::profile::TravelTimes;
use super::router::Route;
use super::tree::Tree;
use super::workspace::Workspace;
use crate::model::LinkId;

/// How many landmarks guide a search.
const LANDMARKS: usize = 12;
/// No way.
const FAR: u32 = u32::MAX;

/// Finds fastest ways for a given time of departure.
///
/// The search is Dijkstra's algorithm led by lower bounds (triangle inequalities over landmarks,
/// with the least time each link ever takes), so its answers are exact as long as later entry
/// never means earlier exit, which [`TravelTimes`] sees to.
#[derive(Clone, Debug)]
pub struct TimedRouter {
    graph: Shared<LinkGraph>,
    times: Shared<TravelTimes>,
    landmarks: Shared<Landmarks>,
    workspace: Workspace,
    settled: usize,
}

impl TimedRouter {
    /// Prepares for these times.
    ///
    /// # Panics
    /// When `times` are those of another network.
    pub fn new(graph: Shared<LinkGraph>, times: TravelTimes) -> Self {
        let links = times.base().links.len();
        assert_eq!(graph.link_count(), links, "times of this network");
        Self {
            landmarks: Shared::new(Landmarks::new(&graph, &times)),
            graph,
            times: Shared::new(times),
            workspace: Workspace::default(),
            settled: 0,
        }
    }

    /// Takes over newer times. The landmarks stay unless some link has become faster than ever
    /// before.
    pub fn set_times(&mut self, times: TravelTimes) {
        let least = times.least();
        let known = &self.landmarks.least;
        let faster = |new: &[Milliseconds], old: &[Milliseconds]| {
            new.len() != old.len() || new.iter().zip(old).any(|(new, old)| new < old)
        };
        if faster(&least.links, &known.links) || faster(&least.turns, &known.turns) {
            self.landmarks = Shared::new(Landmarks::new(&self.graph, &times));
        }
        self.times = Shared::new(times);
    }

    /// The fastest way for who reaches the end of `from` at `departure` (milliseconds of the
    /// day); `None` when there is none or no such link.
    pub fn path(&mut self, from: LinkId, to: LinkId, departure: Milliseconds) -> Option<Route> {
        self.search(from, to, departure, true)
    }

    /// The same without guidance: for comparison.
    pub fn path_unguided(
        &mut self,
        from: LinkId,
        to: LinkId,
        departure: Milliseconds,
    ) -> Option<Route> {
        self.search(from, to, departure, false)
    }

    /// How many links the last search looked at.
    pub const fn settled(&self) -> usize {
        self.settled
    }

    fn search(
        &mut self,
        from: LinkId,
        to: LinkId,
        departure: Milliseconds,
        guided: bool,
    ) -> Option<Route> {
        self.settled = 0;
        if !self.graph.contains(from) || !self.graph.contains(to) {
            return None;
        }
        let workspace = &mut self.workspace;
        let aim = guided.then(|| self.landmarks.towards(to));
        let rest = |link: LinkId| {
            aim.as_ref()
                .map_or(Some(0), |aim| self.landmarks.bound(link, aim))
        };
        workspace.begin(self.graph.link_count());
        // Labels hold moments, keys hold moments plus the bound of the rest.
        workspace.offer(from.0, departure, departure + rest(from)?, None);
        while let Some((key, here)) = workspace.next() {
            let Some(time) = workspace.cost(here) else {
                continue;
            };
            if rest(LinkId(here)).is_none_or(|rest| time + rest != key) {
                continue; // reached earlier since it was queued
            }
            self.settled += 1;
            if here == to.0 {
                let mut links = vec![from];
                workspace.trace(here, &mut links, LinkId);
                return Some(Route {
                    links,
                    cost: time - departure,
                });
            }
            for arc in self.graph.from(LinkId(here)) {
                let entry = time + self.times.base().turns[arc.turn.index()];
                let exit = self.times.leave(arc.link, entry);
                if let Some(rest) = rest(arc.link) {
                    workspace.offer(arc.link.0, exit, exit + rest, Some(here));
                }
            }
        }
        None
    }
}

/// Least times between every link and a few far-off ones.
#[derive(Clone, Debug)]
struct Landmarks {
    least: super::cost::Costs,
    /// By link: to and from each landmark, milliseconds; [`FAR`] where there is no way.
    to_and_from: Vec<[[u32; LANDMARKS]; 2]>,
    count: usize,
}

/// What is to be known of a destination: its times to and from each landmark.
type Aim = [[u32; LANDMARKS]; 2];

impl Landmarks {
    fn new(graph: &LinkGraph, times: &TravelTimes) -> Self {
        let links = graph.link_count();
        let mut landmarks = Self {
            least: times.least(),
            to_and_from: vec![[[FAR; LANDMARKS]; 2]; links],
            count: 0,
        };
        let mut tree = Tree::new();
        // The first is far from the first link that leads anywhere, each next one far from all
        // before.
        let start = (0..links)
            .map(LinkId::from)
            .find(|&link| !graph.from(link).is_empty());
        let mut nearest = vec![Milliseconds::MAX; links];
        let mut next = start.map(|start| {
            tree.grow_from(graph, &landmarks.least, start);
            let reach = |link: &LinkId| tree.cost(*link).unwrap_or(0);
            (0..links)
                .map(LinkId::from)
                .max_by_key(reach)
                .unwrap_or(start)
        });
        while let Some(landmark) = next {
            let place = landmarks.count;
            tree.grow_to(graph, &landmarks.least, landmark);
            landmarks.record(&tree, 0, place, &mut nearest);
            tree.grow_from(graph, &landmarks.least, landmark);
            landmarks.record(&tree, 1, place, &mut nearest);
            landmarks.count += 1;
            next = (0..links)
                .max_by_key(|&link| match nearest[link] {
                    Milliseconds::MAX => 0, // cut off from all landmarks
                    time => time,
                })
                .filter(|&link| nearest[link] > 0 && landmarks.count < LANDMARKS)
                .map(LinkId::from);
        }
        landmarks
    }

    fn record(&mut self, tree: &Tree, side: usize, place: usize, nearest: &mut [Milliseconds]) {
        for (link, row) in self.to_and_from.iter_mut().enumerate() {
            if let Some(cost) = tree.cost(LinkId::from(link)) {
                row[side][place] = u32::try_from(cost).unwrap_or(FAR);
                nearest[link] = nearest[link].min(cost);
            }
        }
    }

    fn towards(&self, to: LinkId) -> Aim {
        self.to_and_from[to.index()]
    }

    /// The least time from a link to the destination may take, milliseconds; `None` when there
    /// is certainly no way. Never more than what it does take, and never falls by more than a
    /// step costs.
    fn bound(&self, link: LinkId, aim: &Aim) -> Option<Milliseconds> {
        let here = &self.to_and_from[link.index()];
        let mut bound = 0;
        for place in 0..self.count {
            // To the landmark: here → landmark is at most here → there → landmark.
            let (near, far) = (aim[0][place], here[0][place]);
            if near != FAR && far != FAR {
                bound = bound.max(far.saturating_sub(near));
            }
            // From the landmark: landmark → there is at most landmark → here → there.
            let (near, far) = (here[1][place], aim[1][place]);
            if near != FAR && far != FAR {
                bound = bound.max(far.saturating_sub(near));
            }
            if near != FAR && far == FAR {
                return None; // the landmark reaches here but not there
            }
        }
        Some(Milliseconds::from(bound))
    }
}
