//! The replay files of the `cityflow` module, for its viewer: the network once, then a line a
//! step with each vehicle's place and each road's lights.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use roads::{LaneId, Network, geometry};
use serde_json::json;
use sim::{Place, VehicleView, World};

/// An open replay file.
#[derive(Debug)]
pub(crate) struct Replay {
    file: BufWriter<File>,
    line: String,
}

impl Replay {
    pub(crate) fn create(path: &str) -> std::io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(File::create(path)?),
            line: String::new(),
        })
    }

    /// Writes the line of one step.
    pub(crate) fn record(&mut self, world: &World, names: &[String]) -> std::io::Result<()> {
        self.line.clear();
        let network = world.network();
        for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
            let (shape, moved) = path_of(network, &vehicle);
            let point = geometry::point_at(shape, vehicle.distance);
            let direction = geometry::direction_at(shape, vehicle.distance);
            let point = point + direction.right() * moved;
            let angle = direction.y.atan2(direction.x);
            let name = &names[vehicle.id.0 as usize];
            let change = i32::from(moved > 0.0) - i32::from(moved < 0.0);
            let length = vehicle.length;
            // Writing to a string cannot fail.
            let _ = write!(
                self.line,
                "{:.3} {:.3} {angle:.4} {name} {change} {length:.1} 2.0,",
                point.x, point.y
            );
        }
        self.line.push(';');
        for link in &network.links {
            if network.junctions[link.to.index()].boundary {
                continue;
            }
            self.line.push_str(&link.id);
            for lane in link.lanes.range() {
                let lane = &network.lanes[LaneId::from(lane).index()];
                let go = lane
                    .outgoing
                    .iter()
                    .all(|&movement| world.aspect(movement).is_green());
                self.line
                    .push_str(match (network.junctions[link.to.index()].signal, go) {
                        (None, _) => " i",
                        (Some(_), true) => " g",
                        (Some(_), false) => " r",
                    });
            }
            self.line.push(',');
        }
        writeln!(self.file, "{}", self.line)?;
        self.file.flush()
    }
}

fn path_of<'n>(network: &'n Network, vehicle: &VehicleView) -> (&'n [roads::Point], f64) {
    match vehicle.place {
        Place::Lane(lane) => (&network.lanes[lane.index()].shape, vehicle.lateral),
        Place::Movement(movement) => (&network.movements[movement.index()].shape, 0.0),
    }
}

/// Writes the network for the viewer.
pub(crate) fn write_network(network: &Network, path: &str) -> std::io::Result<()> {
    let nodes: Vec<_> = network
        .junctions
        .iter()
        .map(|junction| {
            let ends: Vec<f64> = junction
                .movements
                .range()
                .flat_map(|movement| &network.movements[movement].shape)
                .flat_map(|point| [point.x, point.y])
                .collect();
            json!({
                "id": junction.id,
                "point": [junction.point.x, junction.point.y],
                "virtual": junction.boundary,
                "width": junction.width,
                "outline": ends,
            })
        })
        .collect();
    let edges: Vec<_> = network
        .links
        .iter()
        .map(|link| {
            let lanes = &network.lanes[link.lanes.range()];
            json!({
                "id": link.id,
                "from": network.junctions[link.from.index()].id,
                "to": network.junctions[link.to.index()].id,
                "points": link.shape.iter().map(|point| [point.x, point.y]).collect::<Vec<_>>(),
                "nLane": lanes.len(),
                "laneWidths": lanes.iter().map(|lane| lane.width).collect::<Vec<_>>(),
            })
        })
        .collect();
    let file = BufWriter::new(File::create(path)?);
    serde_json::to_writer(
        file,
        &json!({ "static": { "nodes": nodes, "edges": edges } }),
    )?;
    Ok(())
}
