//! When and where missions are: the peak of the demand, and places drawn from a seed.

use roads::route::Tree;
use roads::{Demand, LinkId, Network};

use rand_mt::Mt64;

use super::{Spec, Start};
use crate::dispatch::Dispatcher;
use crate::error::Error;
use crate::live::LiveTimes;
use crate::mission::Order;
use crate::units::Place;

/// Seconds between two looks for the peak.
const LOOK: f64 = 30.0;
/// Missions pass this many signals at least: shorter ones have little to clear.
const FEWEST_SIGNALS: usize = 2;
/// And take this many milliseconds on the empty road at least.
const SHORTEST: u64 = 60_000;
/// Tries to draw a mission before giving up.
const TRIES: usize = 10_000;

/// Between which seconds the streets are fullest, as long as half of the demand.
pub(super) fn peak(start: Start<'_>, demand: &Demand, spec: &Spec) -> Result<(f64, f64), Error> {
    let mut base = start()?;
    let last = demand
        .flows
        .iter()
        .map(|flow| flow.end.unwrap_or(spec.horizon).max(flow.start))
        .fold(0.0, f64::max);
    let until = spec.horizon.min(last).max(2.0 * LOOK);
    let mut running = Vec::new();
    let mut time = base.plant().world().time();
    while time < until {
        time += LOOK;
        base.run_until(time)?;
        running.push(base.plant().world().metrics(until).running);
    }
    let half = (running.len() / 2).max(1);
    let sums = running
        .windows(half)
        .map(|window| window.iter().sum::<u64>());
    let best = sums
        .enumerate()
        .max_by_key(|&(index, sum)| (sum, std::cmp::Reverse(index)))
        .map_or(0, |(index, _)| index);
    Ok(((best + 1) as f64 * LOOK, (best + half) as f64 * LOOK))
}

/// A mission that was drawn.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    /// What is to be done.
    pub(super) order: Order,
    /// The unit that goes, where units were given, and its name.
    pub(super) unit: Option<(usize, String)>,
}

/// Draws moments and places.
#[derive(Debug)]
pub(super) struct Draw {
    random: Mt64,
    /// Links on which a mission may begin.
    starts: Vec<LinkId>,
    /// Links on which a scene may be.
    scenes: Vec<LinkId>,
    tree: Tree,
    dispatcher: Dispatcher,
}

impl Draw {
    /// Ready to draw on a network.
    ///
    /// # Errors
    /// When it has no link to start from or to go to.
    pub(super) fn new(network: &Network, times: &LiveTimes, spec: &Spec) -> Result<Self, Error> {
        let inside = |link: &LinkId| {
            let link = &network.links[link.index()];
            !network.junctions[link.from.index()].boundary && !link.elevated
        };
        let leads_on = |link: &LinkId| !times.graph().from(*link).is_empty();
        let is_reached = |link: &LinkId| !times.graph().into(*link).is_empty();
        let all = || (0..network.links.len()).map(LinkId::from);
        let starts: Vec<LinkId> = all().filter(inside).filter(leads_on).collect();
        let scenes: Vec<LinkId> = all().filter(inside).filter(is_reached).collect();
        if starts.is_empty() || scenes.is_empty() {
            return Err(Error::Experiment(
                "the network has no link inside its edge from which a way leads on".to_owned(),
            ));
        }
        Ok(Self {
            random: Mt64::new(spec.seed),
            starts,
            scenes,
            tree: Tree::new(),
            dispatcher: Dispatcher::new(),
        })
    }

    /// A number from 0 up to 1.
    fn share(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick(&mut self, count: usize) -> usize {
        ((self.share() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Moments between two seconds, in order, whole seconds.
    pub(super) fn moments(&mut self, count: usize, (from, to): (f64, f64)) -> Vec<f64> {
        let mut moments: Vec<f64> = (0..count)
            .map(|_| (from + self.share() * (to - from)).floor())
            .collect();
        moments.sort_by(f64::total_cmp);
        moments
    }

    /// The next mission under the traffic of now; `others` begin at the same moment, elsewhere.
    ///
    /// # Errors
    /// When none can be found that is long enough.
    pub(super) fn next(
        &mut self,
        network: &Network,
        times: &LiveTimes,
        spec: &Spec,
        id: u64,
        others: &[Drawn],
    ) -> Result<Drawn, Error> {
        if let Some((from, scene)) = spec.between {
            let way = self.dispatcher.way(times, from.link, scene.link);
            let route = way
                .filter(|way| way.len() > 1)
                .ok_or_else(|| Error::NoWay {
                    from: network.links[from.link.index()].id.clone(),
                    to: network.links[scene.link.index()].id.clone(),
                })?;
            return Ok(self.drawn(id, route, scene, None));
        }
        for _ in 0..TRIES {
            let place = self.pick(self.scenes.len());
            let link = self.scenes[place];
            let at = (0.2 + 0.6 * self.share()) * network.links[link.index()].length;
            let scene = Place { link, at };
            if let Some((units, ability)) = &spec.units {
                let gone = others.iter().filter_map(|other| other.unit.as_ref());
                let free = |unit: usize| gone.clone().all(|(other, _)| *other != unit);
                let found = self.dispatcher.nearest(times, units, ability, scene, free);
                if let Some(found) = found.filter(|found| found.route.len() > 1) {
                    let name = units.units[found.unit].id.clone();
                    let unit = Some((found.unit, name));
                    return Ok(self.drawn(id, found.route, scene, unit));
                }
                continue;
            }
            let place = self.pick(self.starts.len());
            let from = self.starts[place];
            let taken = others.iter().any(|other| other.order.route[0] == from);
            if taken || from == link {
                continue;
            }
            self.tree.grow_to(times.graph(), times.free(), link);
            if self.tree.cost(from).is_none_or(|cost| cost < SHORTEST) {
                continue;
            }
            let route = self.dispatcher.way(times, from, link);
            if let Some(route) = route.filter(|route| signals_on(network, route) >= FEWEST_SIGNALS)
            {
                return Ok(self.drawn(id, route, scene, None));
            }
        }
        Err(Error::Experiment(format!(
            "no mission past {FEWEST_SIGNALS} signals was found in {TRIES} tries; name one with a start and a scene"
        )))
    }

    fn drawn(
        &mut self,
        id: u64,
        route: Vec<LinkId>,
        scene: Place,
        unit: Option<(usize, String)>,
    ) -> Drawn {
        Drawn {
            order: Order {
                id,
                severity: 1 + self.pick(3) as u8,
                route,
                scene,
            },
            unit,
        }
    }
}

/// How many junctions with signals a route passes.
fn signals_on(network: &Network, route: &[LinkId]) -> usize {
    let passed = route.iter().take(route.len() - 1);
    let held = |link: &&LinkId| {
        let end = network.links[link.index()].to;
        network.junctions[end.index()].signal.is_some()
    };
    passed.filter(held).count()
}
