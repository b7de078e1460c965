//! The OpenStreetMap PBF file format: framing, decompression and the elements inside.
//!
//! Read without copying, straight from the wire format. The crates that do this through generated
//! protobuf types allocate a struct for each (possibly empty) message, so that a file of 100 kB
//! can ask for gigabytes, and stop the program on unknown member types or overflowing ids; a
//! reader of files from strangers must do neither. Here every size is checked before it is used.

use std::fmt;
use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::input::shown;

/// Largest header of a blob, bytes (a limit of the format).
const HEADER_BYTES_MAX: u64 = 64 * 1024;
/// Largest blob, packed or unpacked, bytes (a limit of the format).
const BLOB_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Most strings in a block; writers put 8,000 elements in a block, so real ones stay far below.
const STRINGS_MAX: u64 = 1 << 20;
/// Most unpacked bytes of all blobs for each byte of the file (zlib reaches a thousand, real files
/// stay below ten), on top of a few whole blobs.
const EXPANSION_MAX: u64 = 100;
/// What the limit of a blob's unpacked size is called.
const UNPACKED: &str = "the size of a decompressed blob in bytes";
/// File features that must be understood, and are.
const FEATURES: [&[u8]; 2] = [b"OsmSchema-V0.6", b"DenseNodes"];

/// What is wrong with the bytes of a file.
#[derive(Debug)]
pub(super) enum Fault {
    /// Not well-formed; where (byte of the file) and how.
    Malformed(u64, String),
    /// The file as a whole is not what is needed; how.
    Unfit(String),
    /// A limit was passed: what, found, allowed.
    Limit(&'static str, u64, u64),
}

type Result<T> = std::result::Result<T, Fault>;

/// Which elements a pass over the file wants; the others are not even decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Ways and relations.
    WaysAndRelations,
    /// Nodes.
    Nodes,
}

/// Receives the elements of a file. An error ends the pass.
pub(super) trait Visitor {
    /// A node with its longitude and latitude in degrees.
    fn node(&mut self, _id: i64, _degrees: (f64, f64), _tags: &Tags<'_>) -> Result<()> {
        Ok(())
    }
    /// A way with its nodes.
    fn way(&mut self, _id: i64, _tags: &Tags<'_>, _nodes: Deltas<'_>) -> Result<()> {
        Ok(())
    }
    /// A relation with its members.
    fn relation(&mut self, _tags: &Tags<'_>, _members: Members<'_>) -> Result<()> {
        Ok(())
    }
}

/// Passes all wanted elements of a file to a visitor.
pub(super) fn visit(bytes: &[u8], wanted: Wanted, visitor: &mut impl Visitor) -> Result<()> {
    let mut rest = bytes;
    let mut unpacked = Unpacked::new(bytes.len());
    let mut blobs = 0_u64;
    while !rest.is_empty() {
        let at = (bytes.len() - rest.len()) as u64;
        let fault = |what: &str| Fault::Malformed(at, what.to_owned());
        let (size, after) = rest
            .split_first_chunk::<4>()
            .ok_or_else(|| fault("ends inside a blob's size; the file is cut off"))?;
        let size = u64::from(u32::from_be_bytes(*size));
        if size > HEADER_BYTES_MAX {
            return Err(if blobs == 0 {
                Fault::Unfit(not_pbf(bytes).to_owned())
            } else {
                Fault::Limit(
                    "the size of a blob's header in bytes",
                    size,
                    HEADER_BYTES_MAX,
                )
            });
        }
        let (header, after) = split(after, size)
            .ok_or_else(|| fault("ends inside a blob's header; the file is cut off"))?;
        let (kind, size) = blob_header(header)
            .ok_or_else(|| fault("has a blob header without type or size; fetch the file anew"))?;
        if size > BLOB_BYTES_MAX {
            return Err(Fault::Limit(
                "the size of a blob in bytes",
                size,
                BLOB_BYTES_MAX,
            ));
        }
        let (blob, after) =
            split(after, size).ok_or_else(|| fault("ends inside a blob; the file is cut off"))?;
        rest = after;
        match (kind, blobs) {
            (b"OSMHeader", _) => check_features(content(blob, at, &mut unpacked)?, at)?,
            (_, 0) => return Err(fault("does not begin with an OSMHeader blob")),
            (b"OSMData", _) => visit_block(content(blob, at, &mut unpacked)?, at, wanted, visitor)?,
            _ => {} // other kinds are to be ignored, says the format
        }
        blobs += 1;
    }
    if blobs == 0 {
        let what = "is empty; an OpenStreetMap extract begins with an OSMHeader blob";
        return Err(Fault::Unfit(what.to_owned()));
    }
    Ok(())
}

/// What to say of a file that is in another format.
fn not_pbf(bytes: &[u8]) -> &'static str {
    if bytes.trim_ascii_start().starts_with(b"<") {
        "is XML, not OpenStreetMap PBF; convert it to .osm.pbf"
    } else {
        "is not OpenStreetMap PBF, which begins with an OSMHeader blob"
    }
}

fn split(bytes: &[u8], at: u64) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(at).ok()?)
}

fn blob_header(bytes: &[u8]) -> Option<(&[u8], u64)> {
    let (mut kind, mut size) = (None, None);
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(value)) => kind = Some(value),
            (3, Value::Number(value)) => size = Some(value),
            _ => {}
        }
    }
    Some((kind?, size?))
}

/// Decompressed blobs, one after the other in the same memory.
struct Unpacked {
    buffer: Vec<u8>,
    /// Bytes of all blobs so far, and how many there may be.
    total: u64,
    total_max: u64,
}

impl Unpacked {
    fn new(file_bytes: usize) -> Self {
        Self {
            buffer: Vec::new(),
            total: 0,
            total_max: 4 * BLOB_BYTES_MAX + EXPANSION_MAX * file_bytes as u64,
        }
    }

    fn unpack(&mut self, packed: &[u8], stated: Option<u64>, at: u64) -> Result<&[u8]> {
        let fault = |what: String| Fault::Malformed(at, what);
        self.buffer.clear();
        ZlibDecoder::new(packed)
            .take(stated.unwrap_or(BLOB_BYTES_MAX).min(BLOB_BYTES_MAX) + 1)
            .read_to_end(&mut self.buffer)
            .map_err(|error| {
                fault(format!(
                    "has a blob that is not whole zlib data ({error}); fetch the file anew"
                ))
            })?;
        let size = self.buffer.len() as u64;
        if size > BLOB_BYTES_MAX {
            return Err(Fault::Limit(UNPACKED, size, BLOB_BYTES_MAX));
        }
        if let Some(stated) = stated.filter(|&stated| stated != size) {
            let more_or_less = if size > stated { "more" } else { "less" };
            return Err(fault(format!(
                "has a blob that unpacks to {more_or_less} than the {stated} bytes it states; \
                 fetch the file anew"
            )));
        }
        self.total += size;
        if self.total > self.total_max {
            let what = "the size of all decompressed blobs in bytes";
            return Err(Fault::Limit(what, self.total, self.total_max));
        }
        Ok(&self.buffer)
    }
}

/// The content of a blob, decompressed where needed.
fn content<'a>(blob: &'a [u8], at: u64, unpacked: &'a mut Unpacked) -> Result<&'a [u8]> {
    let fault = |what: String| Fault::Malformed(at, what);
    let (mut stated, mut packed) = (None, None);
    for field in Fields(blob) {
        match field.ok_or_else(|| fault("has a broken blob".to_owned()))? {
            (1, Value::Bytes(raw)) => return Ok(raw),
            (2, Value::Number(size)) => {
                if size > BLOB_BYTES_MAX {
                    return Err(Fault::Limit(UNPACKED, size, BLOB_BYTES_MAX));
                }
                stated = Some(size);
            }
            (3, Value::Bytes(bytes)) => packed = Some(bytes),
            (4..=7, Value::Bytes(_)) => {
                let what = "has a blob compressed with a method other than zlib; \
                            write the file anew with zlib, the format's usual one";
                return Err(fault(what.to_owned()));
            }
            _ => {}
        }
    }
    match packed {
        Some(packed) => unpacked.unpack(packed, stated, at),
        None => Err(fault(
            "has a blob without data, neither raw nor zlib".to_owned(),
        )),
    }
}

fn check_features(header: &[u8], at: u64) -> Result<()> {
    for field in Fields(header) {
        let broken = || {
            Fault::Malformed(
                at,
                "has a broken header block; fetch the file anew".to_owned(),
            )
        };
        if let (4, Value::Bytes(feature)) = field.ok_or_else(broken)?
            && !FEATURES.contains(&feature)
        {
            let feature = String::from_utf8_lossy(feature);
            let what = format!(
                "asks for the feature {:?}, which is not supported; write the file anew without it",
                shown(&feature)
            );
            return Err(Fault::Malformed(at, what));
        }
    }
    Ok(())
}

/// The strings, scale and origin that the elements of a block share.
struct Block<'a> {
    strings: Vec<&'a [u8]>,
    granularity: f64,
    offset: (f64, f64),
}

impl<'a> Block<'a> {
    fn string(&self, index: u64) -> Option<&'a [u8]> {
        self.strings.get(usize::try_from(index).ok()?).copied()
    }

    fn degrees(&self, longitude: i64, latitude: i64) -> (f64, f64) {
        (
            1e-9 * (self.offset.0 + self.granularity * longitude as f64),
            1e-9 * (self.offset.1 + self.granularity * latitude as f64),
        )
    }
}

/// The byte of the file at which the blob begins that is being read.
#[derive(Clone, Copy)]
struct Place(u64);

impl Place {
    fn fault(self, what: String) -> Fault {
        Fault::Malformed(self.0, what)
    }

    fn broken(self) -> Fault {
        self.fault("has a broken block; fetch the file anew".to_owned())
    }

    fn without_strings(self, element: fmt::Arguments<'_>) -> Fault {
        self.fault(format!(
            "has {element} with broken tags; each needs a key and a value from the block's strings"
        ))
    }
}

fn visit_block(bytes: &[u8], at: u64, wanted: Wanted, visitor: &mut impl Visitor) -> Result<()> {
    let place = Place(at);
    let broken = || place.broken();
    let mut block = Block {
        strings: Vec::new(),
        granularity: 100.0,
        offset: (0.0, 0.0),
    };
    for field in Fields(bytes) {
        match field.ok_or_else(broken)? {
            (1, Value::Bytes(table)) => {
                for string in Fields(table) {
                    if let (1, Value::Bytes(string)) = string.ok_or_else(broken)? {
                        if block.strings.len() as u64 >= STRINGS_MAX {
                            let what = "the number of strings in a block";
                            return Err(Fault::Limit(what, STRINGS_MAX + 1, STRINGS_MAX));
                        }
                        block.strings.push(string);
                    }
                }
            }
            (17, Value::Number(value)) => block.granularity = value.cast_signed() as f64,
            (19, Value::Number(value)) => block.offset.1 = value.cast_signed() as f64,
            (20, Value::Number(value)) => block.offset.0 = value.cast_signed() as f64,
            _ => {}
        }
    }
    for field in Fields(bytes) {
        if let (2, Value::Bytes(group)) = field.ok_or_else(broken)? {
            for element in Fields(group) {
                match (element.ok_or_else(broken)?, wanted) {
                    ((1, Value::Bytes(node)), Wanted::Nodes) => {
                        visit_node(node, &block, visitor, place)?;
                    }
                    ((2, Value::Bytes(dense)), Wanted::Nodes) => {
                        visit_dense(dense, &block, visitor, place)?;
                    }
                    ((3, Value::Bytes(way)), Wanted::WaysAndRelations) => {
                        visit_way(way, &block, visitor, place)?;
                    }
                    ((4, Value::Bytes(relation)), Wanted::WaysAndRelations) => {
                        visit_relation(relation, &block, visitor, place)?;
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

fn visit_node(
    bytes: &[u8],
    block: &Block<'_>,
    visitor: &mut impl Visitor,
    place: Place,
) -> Result<()> {
    let (mut id, mut lon, mut lat) = (0, 0, 0);
    let (mut keys, mut values): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields(bytes) {
        match field.ok_or_else(|| place.broken())? {
            (1, Value::Number(value)) => id = zigzag(value),
            (2, Value::Bytes(packed)) => keys = packed,
            (3, Value::Bytes(packed)) => values = packed,
            (8, Value::Number(value)) => lat = zigzag(value),
            (9, Value::Number(value)) => lon = zigzag(value),
            _ => {}
        }
    }
    let tags = Tags::new(block, keys, values)
        .ok_or_else(|| place.without_strings(format_args!("node {id}")))?;
    visitor.node(id, block.degrees(lon, lat), &tags)
}

fn visit_dense(
    bytes: &[u8],
    block: &Block<'_>,
    visitor: &mut impl Visitor,
    place: Place,
) -> Result<()> {
    let empty: &[u8] = &[];
    let (mut ids, mut lons, mut lats, mut tags) = (empty, empty, empty, empty);
    for field in Fields(bytes) {
        match field.ok_or_else(|| place.broken())? {
            (1, Value::Bytes(packed)) => ids = packed,
            (8, Value::Bytes(packed)) => lats = packed,
            (9, Value::Bytes(packed)) => lons = packed,
            (10, Value::Bytes(packed)) => tags = packed,
            _ => {}
        }
    }
    let (mut lats, mut lons) = (Deltas::new(lats), Deltas::new(lons));
    let mut tags = Varints(tags);
    let mut pairs = Vec::new();
    for id in Deltas::new(ids) {
        let (Some(lat), Some(lon)) = (lats.next(), lons.next()) else {
            return Err(place.fault(format!("has node {id} without coordinates")));
        };
        pairs.clear();
        while let Some(key) = tags.next().filter(|&key| key != 0) {
            pairs.push((key, tags.next().ok_or_else(|| place.broken())?));
        }
        let tags = Tags::of_pairs(block, pairs.iter().copied())
            .ok_or_else(|| place.without_strings(format_args!("node {id}")))?;
        visitor.node(id, block.degrees(lon, lat), &tags)?;
    }
    Ok(())
}

fn visit_way(
    bytes: &[u8],
    block: &Block<'_>,
    visitor: &mut impl Visitor,
    place: Place,
) -> Result<()> {
    let mut id = 0;
    let empty: &[u8] = &[];
    let (mut keys, mut values, mut refs) = (empty, empty, empty);
    for field in Fields(bytes) {
        match field.ok_or_else(|| place.broken())? {
            (1, Value::Number(value)) => id = value.cast_signed(),
            (2, Value::Bytes(packed)) => keys = packed,
            (3, Value::Bytes(packed)) => values = packed,
            (8, Value::Bytes(packed)) => refs = packed,
            _ => {}
        }
    }
    let tags = Tags::new(block, keys, values)
        .ok_or_else(|| place.without_strings(format_args!("way {id}")))?;
    visitor.way(id, &tags, Deltas::new(refs))
}

fn visit_relation(
    bytes: &[u8],
    block: &Block<'_>,
    visitor: &mut impl Visitor,
    place: Place,
) -> Result<()> {
    let empty: &[u8] = &[];
    let mut id = 0;
    let (mut keys, mut values) = (empty, empty);
    let (mut roles, mut ids, mut kinds) = (empty, empty, empty);
    for field in Fields(bytes) {
        match field.ok_or_else(|| place.broken())? {
            (1, Value::Number(value)) => id = value.cast_signed(),
            (2, Value::Bytes(packed)) => keys = packed,
            (3, Value::Bytes(packed)) => values = packed,
            (8, Value::Bytes(packed)) => roles = packed,
            (9, Value::Bytes(packed)) => ids = packed,
            (10, Value::Bytes(packed)) => kinds = packed,
            _ => {}
        }
    }
    let members = Members {
        strings: &block.strings,
        roles: Varints(roles),
        ids: Deltas::new(ids),
        kinds: Varints(kinds),
    };
    let tags = Tags::new(block, keys, values)
        .ok_or_else(|| place.without_strings(format_args!("relation {id}")))?;
    visitor.relation(&tags, members)
}

/// The tags of an element. Strings that are not UTF-8 are passed over.
pub(super) struct Tags<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Tags<'a> {
    /// Tags from their packed keys and values; `None` where these do not match.
    fn new(block: &Block<'a>, keys: &[u8], values: &[u8]) -> Option<Self> {
        if Varints(keys).count() != Varints(values).count() {
            return None;
        }
        Self::of_pairs(block, Varints(keys).zip(Varints(values)))
    }

    /// Tags from pairs of strings; `None` where one is not in the table.
    fn of_pairs(block: &Block<'a>, indices: impl Iterator<Item = (u64, u64)>) -> Option<Self> {
        let mut pairs = Vec::new();
        for (key, value) in indices {
            let (key, value) = (block.string(key)?, block.string(value)?);
            if let (Ok(key), Ok(value)) = (std::str::from_utf8(key), std::str::from_utf8(value)) {
                pairs.push((key, value));
            }
        }
        Some(Self { pairs })
    }

    /// The tags of an element that is not in a file.
    #[cfg(test)]
    pub(super) fn from_pairs(pairs: &[(&'a str, &'a str)]) -> Self {
        Self {
            pairs: pairs.to_vec(),
        }
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.pairs
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| *value)
    }

    /// Whether the key has this value.
    pub(super) fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }
}

fn string<'a>(strings: &[&'a [u8]], index: u64) -> Option<&'a str> {
    let bytes = strings.get(usize::try_from(index).ok()?)?;
    std::str::from_utf8(bytes).ok()
}

/// What kind of element a relation's member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    Node,
    Way,
    Other,
}

/// The members of a relation: role, kind and id.
pub(super) struct Members<'a> {
    strings: &'a [&'a [u8]],
    roles: Varints<'a>,
    ids: Deltas<'a>,
    kinds: Varints<'a>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, MemberKind, i64);

    fn next(&mut self) -> Option<Self::Item> {
        let role = string(self.strings, self.roles.next()?).unwrap_or("");
        let kind = match self.kinds.next()? {
            0 => MemberKind::Node,
            1 => MemberKind::Way,
            _ => MemberKind::Other,
        };
        Some((role, kind, self.ids.next()?))
    }
}

const fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Packed numbers. Ends early where they are broken.
struct Varints<'a>(&'a [u8]);

impl Iterator for Varints<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        varint(&mut self.0)
    }
}

/// Packed signed differences, summed up; wraps around on overflow.
pub(super) struct Deltas<'a> {
    packed: Varints<'a>,
    sum: i64,
}

impl<'a> Deltas<'a> {
    const fn new(packed: &'a [u8]) -> Self {
        Self {
            packed: Varints(packed),
            sum: 0,
        }
    }
}

impl Iterator for Deltas<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.sum = self.sum.wrapping_add(zigzag(self.packed.next()?));
        Some(self.sum)
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    *bytes = &[];
    None // longer than ten bytes
}

/// The value of a field of a protobuf message.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The fields of a protobuf message: number and value; `None` inside once it is broken.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => {
                self.skip(8)?;
                Value::Fixed
            }
            2 => {
                let size = varint(&mut self.0)?;
                Value::Bytes(self.skip(size)?)
            }
            5 => {
                self.skip(4)?;
                Value::Fixed
            }
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn skip(&mut self, size: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = split(self.0, size)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_wire_format() {
        assert_eq!(Varints(&[0x96, 0x01, 0x00]).collect::<Vec<_>>(), [150, 0]);
        assert_eq!(Varints(&[0xff; 11]).next(), None);
        let deltas: Vec<i64> = Deltas::new(&[0x02, 0x04, 0x01]).collect();
        assert_eq!(deltas, [1, 3, 2]);
    }

    #[test]
    fn a_field_longer_than_its_message_is_broken() {
        let fields: Vec<_> = Fields(&[0x0a, 0x05, 0x00])
            .map(|field| field.is_some())
            .collect();
        assert_eq!(fields, [false]);
    }
}
