//! Writes a network as GeoJSON (RFC 7946), for maps and geographic information systems.
//!
//! One feature each for links, lanes, movements, junctions and signals, told apart by the property
//! `kind`. Coordinates are longitude and latitude where the network has a place on the globe, and
//! otherwise metres of its local plane, which the member `coordinates` says.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::geometry::Point;
use crate::model::{LaneId, MovementId, Network};

/// Which elements to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each element is wanted or not, on its own"
)]
pub struct Layers {
    /// Links, as lines.
    pub links: bool,
    /// Lanes, as lines.
    pub lanes: bool,
    /// Movements, as lines.
    pub movements: bool,
    /// Junctions, as points.
    pub junctions: bool,
    /// Signals, as points.
    pub signals: bool,
}

impl Default for Layers {
    fn default() -> Self {
        Self {
            links: true,
            lanes: true,
            movements: true,
            junctions: true,
            signals: true,
        }
    }
}

/// Writes all elements of a network.
///
/// # Errors
/// When the writer fails.
pub fn write_network(network: &Network, out: &mut impl Write) -> io::Result<()> {
    write_layers(network, Layers::default(), out)
}

/// Writes the chosen elements of a network.
///
/// # Errors
/// When the writer fails.
pub fn write_layers(network: &Network, layers: Layers, out: &mut impl Write) -> io::Result<()> {
    let mut writer = Writer {
        network,
        out,
        first: true,
    };
    let head = json!({
        "name": network.name,
        "attribution": network.attribution,
        "coordinates": match network.georeference {
            Some(_) => "longitude and latitude, degrees (WGS 84)",
            None => "metres of a local plane, x to the east and y to the north",
        },
    });
    let head = head.to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    write!(
        writer.out,
        "{head},\"type\":\"FeatureCollection\",\"features\":["
    )?;
    if layers.links {
        writer.links()?;
    }
    if layers.lanes {
        writer.lanes()?;
    }
    if layers.movements {
        writer.movements()?;
    }
    if layers.junctions {
        writer.junctions()?;
    }
    if layers.signals {
        writer.signals()?;
    }
    writer.out.write_all(b"\n]}\n")
}

struct Writer<'n, W: Write> {
    network: &'n Network,
    out: &'n mut W,
    first: bool,
}

impl<W: Write> Writer<'_, W> {
    fn feature(&mut self, geometry: &Value, properties: &Value) -> io::Result<()> {
        let comma = if std::mem::take(&mut self.first) {
            ""
        } else {
            ","
        };
        write!(
            self.out,
            "{comma}\n{{\"type\":\"Feature\",\"geometry\":{geometry},\"properties\":{properties}}}"
        )
    }

    fn position(&self, point: Point) -> Value {
        let rounded = |value: f64, factor: f64| {
            let value = (value * factor).round() / factor;
            if value == 0.0 { 0.0 } else { value } // not −0
        };
        match self.network.georeference {
            Some(reference) => {
                let (longitude, latitude) = reference.to_degrees(point);
                json!([rounded(longitude, 1e7), rounded(latitude, 1e7)])
            }
            None => json!([rounded(point.x, 1e3), rounded(point.y, 1e3)]),
        }
    }

    fn line(&self, points: &[Point]) -> Value {
        let positions: Vec<Value> = points.iter().map(|&point| self.position(point)).collect();
        json!({"type": "LineString", "coordinates": positions})
    }

    fn point(&self, point: Point) -> Value {
        json!({"type": "Point", "coordinates": self.position(point)})
    }

    fn links(&mut self) -> io::Result<()> {
        let network = self.network;
        for link in &network.links {
            let lanes = &network.lanes[link.lanes.range()];
            let limit = lanes
                .iter()
                .map(|lane| lane.speed_limit)
                .fold(0.0, f64::max);
            let properties = json!({
                "kind": "link",
                "id": link.id,
                "name": link.name,
                "from": network.junctions[link.from.index()].id,
                "to": network.junctions[link.to.index()].id,
                "lanes": lanes.len(),
                "length_m": link.length,
                "speed_limit_m_s": limit,
                "class": link.class,
                "elevated": link.elevated,
            });
            self.feature(&self.line(&link.shape), &properties)?;
        }
        Ok(())
    }

    fn lanes(&mut self) -> io::Result<()> {
        let network = self.network;
        for (index, lane) in network.lanes.iter().enumerate() {
            let properties = json!({
                "kind": "lane",
                "id": network.lane_name(LaneId::from(index)),
                "link": network.links[lane.link.index()].id,
                "index": lane.index,
                "width_m": lane.width,
                "length_m": lane.length,
                "speed_limit_m_s": lane.speed_limit,
            });
            self.feature(&self.line(&lane.shape), &properties)?;
        }
        Ok(())
    }

    fn movements(&mut self) -> io::Result<()> {
        let network = self.network;
        for (index, movement) in network.movements.iter().enumerate() {
            let properties = json!({
                "kind": "movement",
                "id": network.movement_name(MovementId::from(index)),
                "junction": network.junctions[movement.junction.index()].id,
                "direction": movement.direction,
                "length_m": movement.length,
                "speed_limit_m_s": movement.speed_limit,
            });
            self.feature(&self.line(&movement.shape), &properties)?;
        }
        Ok(())
    }

    fn junctions(&mut self) -> io::Result<()> {
        let network = self.network;
        for junction in &network.junctions {
            let signal = junction.signal.map(|id| &network.signals[id.index()].id);
            let properties = json!({
                "kind": "junction",
                "id": junction.id,
                "boundary": junction.boundary,
                "control": junction.control,
                "signal": signal,
                "incoming": junction.incoming.len(),
                "outgoing": junction.outgoing.len(),
            });
            self.feature(&self.point(junction.point), &properties)?;
        }
        Ok(())
    }

    fn signals(&mut self) -> io::Result<()> {
        let network = self.network;
        for signal in &network.signals {
            let junctions: Vec<_> = signal
                .junctions
                .iter()
                .map(|id| &network.junctions[id.index()])
                .collect();
            let sum = junctions
                .iter()
                .fold(Point::default(), |sum, junction| sum + junction.point);
            let middle = sum * (1.0 / junctions.len().max(1) as f64);
            let names: Vec<_> = junctions.iter().map(|junction| &junction.id).collect();
            let cycle: f64 = signal.phases.iter().map(|phase| phase.duration).sum();
            let properties = json!({
                "kind": "signal",
                "id": signal.id,
                "junctions": names,
                "movements": signal.movements.len(),
                "phases": signal.phases.len(),
                "cycle_s": cycle,
                "offset_s": signal.offset,
            });
            self.feature(&self.point(middle), &properties)?;
        }
        Ok(())
    }
}
