//! Which way vehicles go: routes as links, and the choice of the movement at the end of a lane.

use std::sync::Arc;

use roads::{Demand, LinkId, Network};

use crate::map::{Map, NONE};

/// A route in the table, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Index in the table.
    Way(u32),
    /// The route cannot be driven, or has too few links.
    None,
}

/// All routes in use, links one after another.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    /// Shared between forks; copied when a route is added to one of them.
    table: Arc<Vec<Box<[u32]>>>,
    /// For each route of the demand its place in the table.
    of_demand: Arc<Vec<u32>>,
}

impl Routes {
    /// Resolves the routes of a demand.
    pub(crate) fn new(network: &Network, demand: &Demand, map: &Map, fewest: usize) -> Self {
        let mut finder = Finder::default();
        let mut table = Vec::with_capacity(demand.routes.len());
        let mut of_demand = Vec::with_capacity(demand.routes.len());
        for anchors in &demand.routes {
            match finder.fill(network, map, anchors, fewest) {
                Some(links) => {
                    of_demand.push(table.len() as u32);
                    table.push(links);
                }
                None => of_demand.push(NONE),
            }
        }
        Self {
            table: Arc::new(table),
            of_demand: Arc::new(of_demand),
        }
    }

    pub(crate) fn of_demand(&self, route: u32) -> Route {
        match self.of_demand[route as usize] {
            NONE => Route::None,
            index => Route::Way(index),
        }
    }

    /// Links of a route.
    #[inline]
    pub(crate) fn links(&self, route: u32) -> &[u32] {
        &self.table[route as usize]
    }

    /// Adds a route.
    pub(crate) fn add(&mut self, links: Box<[u32]>) -> u32 {
        let table = Arc::make_mut(&mut self.table);
        table.push(links);
        table.len() as u32 - 1
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Routes from `start` on, for saving.
    pub(crate) fn since(&self, start: usize) -> Vec<Vec<u32>> {
        self.table
            .iter()
            .skip(start)
            .map(|links| links.to_vec())
            .collect()
    }
}

/// Fills the gaps between the anchors of a route.
#[derive(Default)]
pub(crate) struct Finder {
    /// Made when the first gap is met; most routes have none.
    shortest: Option<roads::route::Shortest>,
}

impl Finder {
    /// The links to pass, or `None` when the anchors cannot be joined or there are fewer links
    /// than `fewest`.
    pub(crate) fn fill(
        &mut self,
        network: &Network,
        map: &Map,
        anchors: &[LinkId],
        fewest: usize,
    ) -> Option<Box<[u32]>> {
        let mut links: Vec<u32> = Vec::with_capacity(anchors.len());
        for &anchor in anchors {
            let Some(&last) = links.last() else {
                links.push(anchor.0);
                continue;
            };
            if last == anchor.0 {
                continue;
            }
            let adjacent = map
                .lanes_of(network, LinkId(last))
                .any(|lane| map.leads_to(map.way(lane), anchor.0));
            if adjacent {
                links.push(anchor.0);
                continue;
            }
            let finder = self
                .shortest
                .get_or_insert_with(|| roads::route::Shortest::new(network));
            let path = finder.path(LinkId(last), anchor)?;
            links.extend(path.iter().skip(1).map(|link| link.0));
        }
        (links.len() >= fewest).then(|| links.into_boxed_slice())
    }
}

/// The movement that a vehicle takes from a lane on the `leg`-th link of its route; [`NONE`] when
/// the lane does not lead on, or the route ends there.
///
/// Traffic model, section 5: links to the next road, where that is not the last one only those
/// whose end lane leads on in turn; of these the one whose end lane's index is nearest.
pub(crate) fn movement(
    map: &Map,
    lane: u32,
    links: &[u32],
    leg: u32,
    usable: impl Fn(u32) -> bool,
) -> u32 {
    let way = map.way(lane);
    let Some(&next) = links.get(leg as usize + 1) else {
        return NONE;
    };
    let after = links.get(leg as usize + 2).copied();
    let mut best = NONE;
    let mut nearest = u32::MAX;
    for &movement in map.leaving(way) {
        let end = map.way(map.way(movement).to);
        if end.link != next || !usable(map.way(movement).to) {
            continue;
        }
        if after.is_some_and(|after| !map.leads_to(end, after)) {
            continue;
        }
        let apart = end.index.abs_diff(way.index);
        if apart < nearest {
            nearest = apart;
            best = movement;
        }
    }
    best
}
