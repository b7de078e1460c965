//! Closures held against a network: names become lanes, and what cannot be is refused.

use std::collections::{BTreeMap, BTreeSet};

use roads::{LaneId, LinkId, Network};
use serde::Serialize;

use super::definition::Closure;
use crate::error::Error;

/// One closure on a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Work {
    /// The link.
    pub link: LinkId,
    /// Its lanes that are shut.
    pub lanes: Vec<LaneId>,
    /// Seconds from the start of the run.
    pub from: f64,
    /// Seconds from the start of the run; `None` for no end.
    pub until: Option<f64>,
    /// Speed limit of the link meanwhile, m/s.
    pub speed_limit: Option<f64>,
}

impl Work {
    /// Whether it is in force at a time, seconds.
    pub fn holds_at(&self, time: f64) -> bool {
        time >= self.from && self.until.is_none_or(|until| time < until)
    }
}

/// Closures on a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Works {
    /// One by one, in the order given.
    pub works: Vec<Work>,
}

impl Works {
    /// Holds closures against a network.
    ///
    /// # Errors
    /// When a link or lane does not exist, a time or speed is out of range, or nothing is closed.
    pub fn new(network: &Network, closures: &[Closure]) -> Result<Self, Error> {
        let works = closures
            .iter()
            .enumerate()
            .map(|(index, closure)| work(network, closure, index))
            .collect::<Result<_, _>>()?;
        Ok(Self { works })
    }

    /// Lanes shut for good, from the beginning.
    pub fn of_lanes(network: &Network, lanes: &[LaneId]) -> Self {
        let mut by_link: BTreeMap<LinkId, Vec<LaneId>> = BTreeMap::new();
        for &lane in lanes {
            let link = network.lanes[lane.index()].link;
            by_link.entry(link).or_default().push(lane);
        }
        let works = by_link
            .into_iter()
            .map(|(link, lanes)| Work {
                link,
                lanes,
                from: 0.0,
                until: None,
                speed_limit: None,
            })
            .collect();
        Self { works }
    }

    /// Whether all of them hold from the beginning to `horizon`, seconds.
    pub fn hold_throughout(&self, horizon: f64) -> bool {
        self.works
            .iter()
            .all(|work| work.from <= 0.0 && work.until.is_none_or(|until| until >= horizon))
    }

    /// All lanes that are shut at some time.
    pub fn lanes(&self) -> BTreeSet<LaneId> {
        let lanes = self.works.iter().flat_map(|work| work.lanes.iter());
        lanes.copied().collect()
    }

    /// The links that are touched.
    pub fn links(&self) -> BTreeSet<LinkId> {
        self.works.iter().map(|work| work.link).collect()
    }
}

fn work(network: &Network, closure: &Closure, index: usize) -> Result<Work, Error> {
    let field = |name: &str| format!("closures[{index}].{name}");
    let Some(link) = network.link_named(&closure.link) else {
        return Err(Error::Unknown {
            what: "link",
            name: closure.link.clone(),
        });
    };
    let span = network.links[link.index()].lanes;
    let lanes: BTreeSet<LaneId> = if closure.lanes.is_empty() && closure.speed_limit.is_none() {
        (span.start..span.end).map(LaneId).collect()
    } else {
        closure
            .lanes
            .iter()
            .map(|&lane| {
                if (lane as usize) < span.len() {
                    return Ok(LaneId(span.start + lane));
                }
                Err(Error::value(
                    field("lanes"),
                    format!(
                        "link {:?} has no lane {lane}; it has {}, numbered from 0",
                        closure.link,
                        span.len()
                    ),
                ))
            })
            .collect::<Result<_, _>>()?
    };
    if !(closure.from.is_finite() && closure.from >= 0.0) {
        let message = format!("{} is no number of seconds, zero or more", closure.from);
        return Err(Error::value(field("from"), message));
    }
    if let Some(until) = closure.until
        && !(until.is_finite() && until > closure.from)
    {
        let message = format!("{until} must be more than from, {}", closure.from);
        return Err(Error::value(field("until"), message));
    }
    if let Some(limit) = closure.speed_limit
        && !(limit.is_finite() && limit > 0.0)
    {
        let message = format!("{limit} must be a speed in m/s, more than zero");
        return Err(Error::value(field("speed_limit"), message));
    }
    Ok(Work {
        link,
        lanes: lanes.into_iter().collect(),
        from: closure.from,
        until: closure.until,
        speed_limit: closure.speed_limit,
    })
}
