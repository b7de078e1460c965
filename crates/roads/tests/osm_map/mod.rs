//! Writes small OpenStreetMap PBF files, so that tests can say what is on the map.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Degrees of a metre to the north.
const DEGREE: f64 = 1.0 / 111_195.08;

type Tags = Vec<(String, String)>;
/// Role, kind (0 a node, 1 a way) and id.
type Member = (String, u64, i64);

/// A map in the making; positions in metres around a place.
#[derive(Clone)]
pub(crate) struct Map {
    origin: (f64, f64),
    nodes: Vec<(i64, f64, f64, Tags)>,
    ways: Vec<(i64, Vec<i64>, Tags)>,
    relations: Vec<(i64, Vec<Member>, Tags)>,
}

fn tags(text: &str) -> Tags {
    text.split_whitespace()
        .map(|pair| pair.split_once('=').expect("key=value"))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

impl Map {
    /// An empty map around a longitude and latitude.
    pub(crate) fn at(longitude: f64, latitude: f64) -> Self {
        Self {
            origin: (longitude, latitude),
            nodes: Vec::new(),
            ways: Vec::new(),
            relations: Vec::new(),
        }
    }

    /// Adds a node; tags as `key=value key=value`.
    pub(crate) fn node(mut self, id: i64, x: f64, y: f64, text: &str) -> Self {
        self.nodes.push((id, x, y, tags(text)));
        self
    }

    /// Adds a way.
    pub(crate) fn way(mut self, id: i64, nodes: &[i64], text: &str) -> Self {
        self.ways.push((id, nodes.to_vec(), tags(text)));
        self
    }

    /// Adds a turn restriction from a way over a node (`n1`) or way (`w1`) to a way.
    pub(crate) fn restriction(mut self, kind: &str, from: i64, via: &str, to: i64) -> Self {
        let (letter, id) = via.split_at(1);
        let members = vec![
            ("from".to_owned(), 1, from),
            (
                "via".to_owned(),
                u64::from(letter == "w"),
                id.parse().expect("a number after the letter"),
            ),
            ("to".to_owned(), 1, to),
        ];
        let tags = tags(&format!("type=restriction restriction={kind}"));
        let id = 1 + self.relations.len().cast_signed() as i64;
        self.relations.push((id, members, tags));
        self
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = header(&["OsmSchema-V0.6", "DenseNodes"]);
        file.extend(blob("OSMData", &self.block(), true));
        file
    }

    /// The data block, not yet in a blob.
    pub(crate) fn block(&self) -> Vec<u8> {
        let mut strings = vec![String::new()];
        let mut index = |text: &str| {
            strings
                .iter()
                .position(|known| known == text)
                .unwrap_or_else(|| {
                    strings.push(text.to_owned());
                    strings.len() - 1
                }) as u64
        };
        let mut dense = Message::default();
        let (mut ids, mut lats, mut lons, mut pairs) = (vec![], vec![], vec![], vec![]);
        for (id, x, y, tags) in &self.nodes {
            let scale = DEGREE / self.origin.1.to_radians().cos();
            ids.push(*id);
            lons.push(((self.origin.0 + x * scale) * 1e7).round() as i64);
            lats.push(((self.origin.1 + y * DEGREE) * 1e7).round() as i64);
            for (key, value) in tags {
                pairs.extend([index(key), index(value)]);
            }
            pairs.push(0);
        }
        dense.bytes(1, &deltas(&ids));
        dense.bytes(8, &deltas(&lats));
        dense.bytes(9, &deltas(&lons));
        dense.bytes(10, &packed(&pairs));

        let mut group = Message::default();
        group.bytes(2, &dense.0);
        for (id, nodes, tags) in &self.ways {
            let mut way = Message::default();
            way.number(1, *id as u64);
            let keys: Vec<u64> = tags.iter().map(|(key, _)| index(key)).collect();
            let values: Vec<u64> = tags.iter().map(|(_, value)| index(value)).collect();
            way.bytes(2, &packed(&keys));
            way.bytes(3, &packed(&values));
            way.bytes(8, &deltas(nodes));
            group.bytes(3, &way.0);
        }
        for (id, members, tags) in &self.relations {
            let mut relation = Message::default();
            relation.number(1, *id as u64);
            let keys: Vec<u64> = tags.iter().map(|(key, _)| index(key)).collect();
            let values: Vec<u64> = tags.iter().map(|(_, value)| index(value)).collect();
            relation.bytes(2, &packed(&keys));
            relation.bytes(3, &packed(&values));
            let roles: Vec<u64> = members.iter().map(|(role, _, _)| index(role)).collect();
            let ids: Vec<i64> = members.iter().map(|(_, _, id)| *id).collect();
            let kinds: Vec<u64> = members.iter().map(|(_, kind, _)| *kind).collect();
            relation.bytes(8, &packed(&roles));
            relation.bytes(9, &deltas(&ids));
            relation.bytes(10, &packed(&kinds));
            group.bytes(4, &relation.0);
        }
        let mut table = Message::default();
        for string in &strings {
            table.bytes(1, string.as_bytes());
        }
        let mut block = Message::default();
        block.bytes(1, &table.0);
        block.bytes(2, &group.0);
        block.0
    }
}

/// The blob with which a file begins.
pub(crate) fn header(features: &[&str]) -> Vec<u8> {
    let mut header = Message::default();
    for feature in features {
        header.bytes(4, feature.as_bytes());
    }
    blob("OSMHeader", &header.0, false)
}

/// A blob with its size and header.
pub(crate) fn blob(kind: &str, content: &[u8], compress: bool) -> Vec<u8> {
    let mut body = Message::default();
    if compress {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).expect("memory takes all");
        body.number(2, content.len() as u64);
        body.bytes(3, &encoder.finish().expect("memory takes all"));
    } else {
        body.bytes(1, content);
    }
    let mut header = Message::default();
    header.bytes(1, kind.as_bytes());
    header.number(3, body.0.len() as u64);
    let mut file = (header.0.len() as u32).to_be_bytes().to_vec();
    file.extend(header.0);
    file.extend(body.0);
    file
}

/// A protobuf message in the making.
#[derive(Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    /// Adds a number.
    pub(crate) fn number(&mut self, field: u64, value: u64) {
        varint(&mut self.0, field << 3);
        varint(&mut self.0, value);
    }

    /// Adds bytes, a string or a message.
    pub(crate) fn bytes(&mut self, field: u64, value: &[u8]) {
        varint(&mut self.0, field << 3 | 2);
        varint(&mut self.0, value.len() as u64);
        self.0.extend(value);
    }
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn packed(values: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &value in values {
        varint(&mut bytes, value);
    }
    bytes
}

fn deltas(values: &[i64]) -> Vec<u8> {
    let mut before = 0;
    let mut bytes = Vec::new();
    for &value in values {
        let delta: i64 = value - before;
        varint(&mut bytes, ((delta << 1) ^ (delta >> 63)) as u64);
        before = value;
    }
    bytes
}
