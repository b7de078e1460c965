//! Which lanes to close so that a share of all lane area is shut: busiest roads first, never a
//! road's last lane.

use roads::{Demand, LaneId, Network};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Which lane of a road goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The outermost: works at the kerb.
    #[default]
    Outermost,
    /// The innermost: works in the middle of the road.
    Innermost,
}

/// Lanes that make up a share of all lane area.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shared {
    /// The lanes to close.
    pub lanes: Vec<LaneId>,
    /// Their area over that of all lanes.
    pub share: f64,
    /// Their area, m².
    pub area: f64,
    /// Area of all lanes, m².
    pub total: f64,
    /// Links that lose a lane.
    pub links: usize,
}

/// Area of a lane, length times width, m².
pub fn lane_area(network: &Network, lane: LaneId) -> f64 {
    let lane = &network.lanes[lane.index()];
    lane.length * lane.width
}

/// Vehicles of a demand over each link until `horizon`, seconds.
pub fn demand_of_links(network: &Network, demand: &Demand, horizon: f64) -> Vec<f64> {
    let mut of_route = vec![0.0; demand.routes.len()];
    for flow in &demand.flows {
        if let Some(count) = of_route.get_mut(flow.route as usize) {
            *count += flow.vehicles_before(horizon) as f64;
        }
    }
    let mut shortest = roads::route::Shortest::new(network);
    let mut of_link = vec![0.0; network.links.len()];
    for (anchors, &count) in demand.routes.iter().zip(&of_route) {
        if count > 0.0
            && let Some(links) = shortest.fill(anchors)
        {
            for link in links {
                of_link[link.index()] += count;
            }
        }
    }
    of_link
}

/// Chooses lanes to close: one of each road, the roads with the most vehicles first (the longer
/// where they have as many), then a second of each, and so on, never a road's last lane; it stops
/// where the area shut is nearest to `wanted`.
///
/// # Errors
/// When `wanted` is no share between 0 and 1, or more than can be closed.
pub fn share(
    network: &Network,
    demand: &Demand,
    horizon: f64,
    wanted: f64,
    which: Which,
) -> Result<Shared, Error> {
    if !(wanted > 0.0 && wanted < 1.0) {
        let message = format!("{wanted} must be more than 0 and less than 1, for example 0.2");
        return Err(Error::value("share", message));
    }
    let busy = demand_of_links(network, demand, horizon);
    let mut order: Vec<usize> = (0..network.links.len()).collect();
    order.sort_by(|&a, &b| {
        let length = |link: usize| network.links[link].length;
        (busy[b].total_cmp(&busy[a])).then(length(b).total_cmp(&length(a)))
    });
    let area = |lane: usize| lane_area(network, LaneId::from(lane));
    let total: f64 = (0..network.lanes.len()).map(area).sum();
    let most = network.links.iter().map(|link| link.lanes.len()).max();
    let mut candidates = Vec::new();
    for round in 0..most.unwrap_or(0).saturating_sub(1) {
        for &link in &order {
            let lanes = network.links[link].lanes;
            if lanes.len() > round + 1 {
                candidates.push(match which {
                    Which::Outermost => LaneId(lanes.end - 1 - round as u32),
                    Which::Innermost => LaneId(lanes.start + round as u32),
                });
            }
        }
    }
    let (mut lanes, mut shut) = (Vec::new(), 0.0);
    for lane in candidates {
        let more = lane_area(network, lane);
        if (shut + more) / total - wanted > wanted - shut / total {
            break;
        }
        shut += more;
        lanes.push(lane);
        if shut / total >= wanted {
            break;
        }
    }
    let reached = shut / total;
    let all: f64 = network
        .links
        .iter()
        .flat_map(|link| link.lanes.range().skip(1))
        .map(area)
        .sum();
    if all / total < wanted && reached < wanted {
        let message = format!(
            "{wanted} cannot be closed: without a road's last lane there is {:.3} of the lane area",
            all / total
        );
        return Err(Error::value("share", message));
    }
    let mut links: Vec<_> = lanes
        .iter()
        .map(|lane| network.lanes[lane.index()].link)
        .collect();
    links.sort_unstable();
    links.dedup();
    Ok(Shared {
        share: reached,
        area: shut,
        total,
        links: links.len(),
        lanes,
    })
}
