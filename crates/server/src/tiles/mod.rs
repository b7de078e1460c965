//! Vector tiles of the network: made when first asked for, kept compressed.

mod clip;
mod plan;

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use mvt::{GeomEncoder, GeomType, Tile};
use roads::Network;
use rustc_hash::FxHashMap;

use crate::config::Ground;
use crate::geo::Projection;
use clip::{Frame, TilePoint};
use plan::{Kind, Layer, Shape, Value};

/// The largest zoom for which tiles are made.
pub(crate) const ZOOM_MAX: u8 = 22;
/// Coordinates across a tile.
const EXTENT: f64 = 4096.0;
/// By how much shapes reach over the edge of a tile, so that wide lines join without a seam.
const BUFFER: f64 = 256.0;
/// How far a thinned line may lie from the true one: half a pixel of a tile drawn 512 wide.
const TOLERANCE: f64 = 4.0;
/// Polygons smaller than this (in squared tile coordinates) are left out: a pixel.
const AREA_MIN: f64 = 64.0;

/// The address of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TileId {
    zoom: u8,
    x: u32,
    y: u32,
}

impl TileId {
    /// A tile, if the zoom has it.
    pub(crate) fn new(zoom: u8, x: u32, y: u32) -> Option<Self> {
        let across = 1_u64 << zoom.min(63);
        (zoom <= ZOOM_MAX && u64::from(x) < across && u64::from(y) < across).then_some(Self {
            zoom,
            x,
            y,
        })
    }
}

/// The tiles of one network.
#[derive(Debug)]
pub(crate) struct Tiles {
    layers: Vec<Layer>,
    version: String,
    cache: Mutex<Cache>,
    cached_max: usize,
}

/// Tiles in the order in which they were made; the oldest go first.
#[derive(Debug, Default)]
struct Cache {
    tiles: FxHashMap<TileId, Bytes>,
    order: VecDeque<TileId>,
}

impl Tiles {
    /// Prepares the shapes of a network.
    pub(crate) fn new(
        network: &Network,
        ground: &[Ground],
        projection: &Projection,
        cached_max: usize,
    ) -> Self {
        let layers = plan::layers(network, ground, projection);
        Self {
            version: version(&layers),
            layers,
            cache: Mutex::default(),
            cached_max,
        }
    }

    /// Changes whenever the tiles do.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// A tile in gzip; empty when nothing lies there.
    ///
    /// # Errors
    /// When the encoder refuses a shape.
    pub(crate) fn tile(&self, id: TileId) -> Result<Bytes, mvt::Error> {
        let cached = {
            let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.tiles.get(&id).cloned()
        };
        if let Some(tile) = cached {
            return Ok(tile);
        }
        let tile = compressed(&self.encode(id)?);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.tiles.insert(id, tile.clone()).is_none() {
            cache.order.push_back(id);
            if cache.order.len() > self.cached_max
                && let Some(oldest) = cache.order.pop_front()
            {
                cache.tiles.remove(&oldest);
            }
        }
        Ok(tile)
    }

    /// A tile as the format has it, not compressed.
    fn encode(&self, id: TileId) -> Result<Vec<u8>, mvt::Error> {
        let across = f64::from(1_u32 << id.zoom);
        let low = [f64::from(id.x) / across, f64::from(id.y) / across];
        let margin = BUFFER / EXTENT / across;
        let side = 1.0 / across;
        let mut tile = Tile::new(EXTENT as u32);
        for source in &self.layers {
            let mut layer = tile.create_layer(source.name);
            for shape in &source.shapes {
                let outside = (0..2).any(|axis| {
                    shape.high[axis] < low[axis] - margin
                        || shape.low[axis] > low[axis] + side + margin
                });
                if outside || shape.zoom_min > id.zoom {
                    continue;
                }
                let points: Vec<TilePoint> = shape
                    .points
                    .iter()
                    .map(|point| {
                        [
                            (point[0] - low[0]) * across * EXTENT,
                            (point[1] - low[1]) * across * EXTENT,
                        ]
                    })
                    .collect();
                layer = add(layer, shape, &points)?;
            }
            if layer.num_features() > 0 {
                tile.add_layer(layer)?;
            }
        }
        tile.to_bytes()
    }
}

/// Cuts a shape to the tile and adds what is left of it to the layer.
fn add(layer: mvt::Layer, shape: &Shape, points: &[TilePoint]) -> Result<mvt::Layer, mvt::Error> {
    let frame = Frame {
        low: -BUFFER,
        high: EXTENT + BUFFER,
    };
    let geometry = match shape.kind {
        Kind::Point => {
            let mut encoder = GeomEncoder::new(GeomType::Point);
            for point in points {
                encoder.add_point(point[0].round(), point[1].round())?;
            }
            encoder.encode()?
        }
        Kind::Line => {
            let mut encoder = GeomEncoder::new(GeomType::Linestring);
            let mut parts = 0;
            for part in clip::line(&clip::simplified(points, TOLERANCE), frame) {
                let part = rounded(&part);
                if part.len() >= 2 {
                    if parts > 0 {
                        encoder.complete_geom()?;
                    }
                    parts += 1;
                    for point in part {
                        encoder.add_point(point[0], point[1])?;
                    }
                }
            }
            if parts == 0 {
                return Ok(layer);
            }
            encoder.encode()?
        }
        Kind::Polygon => {
            let mut ring = rounded(&clip::ring(points, frame));
            if ring.first() == ring.last() {
                ring.pop();
            }
            let area = clip::doubled_area(&ring);
            if ring.len() < 3 || area.abs() < 2.0 * AREA_MIN {
                return Ok(layer);
            }
            if area < 0.0 {
                ring.reverse();
            }
            let mut encoder = GeomEncoder::new(GeomType::Polygon);
            for point in ring {
                encoder.add_point(point[0], point[1])?;
            }
            encoder.encode()?
        }
    };
    let mut feature = layer.into_feature(geometry);
    feature.set_id(shape.id);
    for (key, value) in &shape.properties {
        match value {
            Value::Text(text) => feature.add_tag_string(key, text),
            Value::Whole(number) => feature.add_tag_uint(key, *number),
            Value::Number(number) => feature.add_tag_double(key, *number),
            Value::Truth(truth) => feature.add_tag_bool(key, *truth),
        }
    }
    Ok(feature.into_layer())
}

/// On the grid of the tile, without repeated points.
fn rounded(points: &[TilePoint]) -> Vec<TilePoint> {
    let mut rounded: Vec<TilePoint> = points
        .iter()
        .map(|point| [point[0].round(), point[1].round()])
        .collect();
    rounded.dedup();
    rounded
}

fn compressed(tile: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(tile.len() / 2), Compression::default());
    // Writing to memory cannot fail; an empty tile would be the answer.
    let written = encoder.write_all(tile).and_then(|()| encoder.finish());
    Bytes::from(written.unwrap_or_default())
}

/// A fingerprint of all shapes (64-bit FNV-1a), so that browsers notice another network.
fn version(layers: &[Layer]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    add(env!("CARGO_PKG_VERSION").as_bytes());
    for layer in layers {
        add(layer.name.as_bytes());
        for shape in &layer.shapes {
            add(&shape.id.to_le_bytes());
            for (key, value) in &shape.properties {
                add(key.as_bytes());
                add(format!("{value:?}").as_bytes());
            }
            for coordinate in shape.points.iter().flatten() {
                add(&coordinate.to_le_bytes());
            }
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use roads::Point;
    use std::io::Read;

    fn tiles() -> Tiles {
        let network = testing::crossing();
        let projection = Projection::of(&network);
        let ground = Ground {
            kind: crate::config::GroundKind::Water,
            ring: vec![
                Point::new(-150.0, 50.0),
                Point::new(-50.0, 50.0),
                Point::new(-50.0, 150.0),
                Point::new(-150.0, 150.0),
                Point::new(-150.0, 50.0),
            ],
        };
        Tiles::new(&network, &[ground], &projection, 2)
    }

    fn tile_at(zoom: u8) -> TileId {
        let [x, y] = crate::geo::mercator(120.155, 30.274);
        let across = f64::from(1_u32 << zoom);
        TileId::new(zoom, (x * across) as u32, (y * across) as u32).unwrap()
    }

    fn contains(haystack: &[u8], needle: &str) -> bool {
        haystack
            .windows(needle.len())
            .any(|window| window == needle.as_bytes())
    }

    #[test]
    fn layers_appear_at_their_zoom() {
        let tiles = tiles();
        let low = tiles.encode(tile_at(12)).unwrap();
        let high = tiles.encode(tile_at(16)).unwrap();
        assert!(contains(&low, "links") && contains(&low, "signals"));
        assert!(!contains(&low, "stoplines") && !contains(&low, "lanes\""));
        for layer in [
            "ground",
            "junctions",
            "links",
            "lanes",
            "stoplines",
            "signals",
        ] {
            assert!(contains(&high, layer), "{layer} at zoom 16");
        }
    }

    #[test]
    fn tiles_elsewhere_are_empty_and_tiles_that_do_not_exist_have_no_id() {
        let tiles = tiles();
        assert!(
            tiles
                .encode(TileId::new(14, 0, 0).unwrap())
                .unwrap()
                .is_empty()
        );
        assert!(TileId::new(23, 0, 0).is_none());
        assert!(TileId::new(3, 8, 0).is_none());
        assert!(TileId::new(200, 0, 0).is_none());
        assert!(TileId::new(0, 0, 0).is_some());
    }

    #[test]
    fn the_cache_keeps_to_its_limit_and_gives_the_same_bytes() {
        let tiles = tiles();
        let first = tiles.tile(tile_at(16)).unwrap();
        for zoom in 10..16 {
            tiles.tile(tile_at(zoom)).unwrap();
        }
        assert_eq!(tiles.cache.lock().unwrap().tiles.len(), 2);
        assert_eq!(tiles.tile(tile_at(16)).unwrap(), first);
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&first[..])
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, tiles.encode(tile_at(16)).unwrap());
    }
}
