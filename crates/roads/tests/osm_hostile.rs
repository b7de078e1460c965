//! Files that are broken, or meant to break the reader: each gives an error that says what is
//! wrong, none a panic or a storm of allocations.

mod osm_map;

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use osm_map::{Map, Message, blob, header};
use proptest::prelude::*;
use roads::osm::{self, Options};

fn message(bytes: &[u8]) -> String {
    match osm::parse(bytes, Path::new("broken.osm.pbf"), &Options::default()) {
        Ok((network, _)) => format!("a network of {} links", network.links.len()),
        Err(error) => error.to_string(),
    }
}

fn street() -> Map {
    Map::at(24.94, 60.17)
        .node(1, 0.0, 0.0, "highway=traffic_signals")
        .node(2, -100.0, 0.0, "")
        .node(3, 100.0, 0.0, "")
        .node(4, 0.0, 100.0, "")
        .way(
            10,
            &[2, 1, 3],
            "highway=primary lanes=4 turn:lanes:forward=left|through",
        )
        .way(20, &[1, 4], "highway=residential name=Side")
        .restriction("no_left_turn", 10, "n1", 20)
}

/// A blob that says of itself what it likes.
fn stated(kind: &[u8], size: u64, body: &[u8]) -> Vec<u8> {
    let mut header = Message::default();
    header.bytes(1, kind);
    header.number(3, size);
    let length = (header.0.len() as u32).to_be_bytes();
    [&length[..], &header.0, body].concat()
}

/// A data blob from the fields of its message.
fn data(fields: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut body = Message::default();
    fields(&mut body);
    stated(b"OSMData", body.0.len() as u64, &body.0)
}

fn with_header(tail: &[u8]) -> Vec<u8> {
    [&header(&["OsmSchema-V0.6", "DenseNodes"]), tail].concat()
}

/// A map of one way, of which node 1 lies in the middle of the map.
fn way(nodes: &[i64], other: (f64, f64)) -> Map {
    Map::at(24.94, 60.17)
        .node(1, 0.0, 0.0, "")
        .node(2, other.0, other.1, "")
        .way(10, nodes, "highway=primary")
}

/// A block with one element in it whose tags name strings that are not there.
fn without_strings(field: u64, values: u64, element: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = Message::default();
    message.number(1, 14); // zigzag of 7 in a node
    message.bytes(2, &[1]);
    message.bytes(3, &vec![99; values as usize]);
    element(&mut message);
    let mut group = Message::default();
    group.bytes(field, &message.0);
    let mut table = Message::default();
    table.bytes(1, b"");
    table.bytes(1, b"highway");
    let mut block = Message::default();
    block.bytes(1, &table.0);
    block.bytes(2, &group.0);
    with_header(&blob("OSMData", &block.0, false))
}

/// Three dense nodes with only two latitudes.
fn without_coordinates() -> Vec<u8> {
    let mut dense = Message::default();
    dense.bytes(1, &[2, 2, 2]);
    dense.bytes(8, &[2, 2]);
    dense.bytes(9, &[2, 2, 2]);
    let mut group = Message::default();
    group.bytes(2, &dense.0);
    let mut road = Message::default();
    road.number(1, 10);
    road.bytes(2, &[1]);
    road.bytes(3, &[2]);
    road.bytes(8, &[2, 2, 2]);
    group.bytes(3, &road.0);
    let mut table = Message::default();
    for string in ["", "highway", "primary"] {
        table.bytes(1, string.as_bytes());
    }
    let mut block = Message::default();
    block.bytes(1, &table.0);
    block.bytes(2, &group.0);
    with_header(&blob("OSMData", &block.0, false))
}

/// Broken files, each small enough to keep.
fn broken_files() -> Vec<(&'static str, Vec<u8>)> {
    let valid = street().bytes();
    let start = header(&["OsmSchema-V0.6", "DenseNodes"]).len();
    let block = street().block();
    vec![
        ("empty", vec![]),
        ("not_a_pbf", b"ways and nodes\n".to_vec()),
        ("xml", b"<osm version='0.6'></osm>\n".to_vec()),
        ("three_bytes", vec![0, 0, 0]),
        ("cut_in_the_header", valid[..start - 20].to_vec()),
        ("cut_in_a_blob_header", valid[..start + 7].to_vec()),
        ("cut_in_a_blob", valid[..valid.len() - 1].to_vec()),
        ("header_only", with_header(&[])),
        ("unknown_feature", header(&["HistoricalInformation"])),
        ("broken_header_block", blob("OSMHeader", &[0xff; 8], false)),
        ("data_first", blob("OSMData", &block, true)),
        (
            "huge_blob_header",
            with_header(&[0x7f, 0xff, 0xff, 0xff, 0x0a]),
        ),
        ("huge_blob", with_header(&stated(b"OSMData", u64::MAX, &[]))),
        ("no_blob_size", with_header(b"\0\0\0\x09\x0a\x07OSMData")),
        (
            "bad_zlib",
            with_header(&data(|blob| {
                blob.number(2, 64);
                blob.bytes(3, &[0xab; 64]);
            })),
        ),
        (
            "unknown_compression",
            with_header(&data(|blob| {
                blob.number(2, 64);
                blob.bytes(7, b"\x28\xb5\x2f\xfd");
            })),
        ),
        (
            "declared_bomb",
            with_header(&data(|blob| {
                blob.number(2, 1 << 40);
                blob.bytes(3, &zlib(&block));
            })),
        ),
        (
            "unpacks_to_more",
            with_header(&data(|blob| {
                blob.number(2, 10);
                blob.bytes(3, &zlib(&block));
            })),
        ),
        (
            "unpacks_to_less",
            with_header(&data(|blob| {
                blob.number(2, 1 << 20);
                blob.bytes(3, &zlib(&block));
            })),
        ),
        ("no_data", with_header(&data(|blob| blob.number(2, 0)))),
        ("noise", with_header(&blob("OSMData", &[0xff; 64], false))),
        (
            "string_out_of_range",
            without_strings(3, 1, |way| way.bytes(8, &[2, 2])),
        ),
        (
            "key_without_value",
            without_strings(3, 0, |way| way.bytes(8, &[2, 2])),
        ),
        ("node_without_coordinates", without_coordinates()),
        (
            "unknown_blobs_only",
            with_header(&blob("Else", b"?", false)),
        ),
        (
            "no_roads",
            Map::at(24.94, 60.17).node(1, 0.0, 0.0, "").bytes(),
        ),
        ("nodes_missing", way(&[8, 9], (100.0, 0.0)).bytes()),
        (
            "off_the_globe",
            Map::at(200.0, 60.17)
                .node(1, 0.0, 0.0, "")
                .node(2, 100.0, 0.0, "")
                .way(10, &[1, 2], "highway=primary")
                .bytes(),
        ),
        ("one_node", way(&[1], (100.0, 0.0)).bytes()),
        ("one_place", way(&[1, 2, 1], (0.0, 0.0)).bytes()),
        ("the_globe", way(&[1, 2], (4e6, 0.0)).bytes()),
        (
            "a_star",
            (1..=20)
                .fold(Map::at(0.0, 0.0).node(100, 0.0, 0.0, ""), |map, arm| {
                    let angle = arm as f64 * 0.3;
                    map.node(arm, 100.0 * angle.cos(), 100.0 * angle.sin(), "")
                        .way(arm, &[100, arm], "highway=primary")
                })
                .bytes(),
        ),
    ]
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// The files stand in `tests/broken`, whose test keeps what the reader says of them. One that is
/// not there yet is written.
#[test]
fn broken_files_are_kept() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    for (name, bytes) in broken_files() {
        let path = folder.join(format!("osm_{name}.osm.pbf"));
        if !path.exists() {
            std::fs::write(&path, &bytes).expect("the folder of tests can be written to");
        }
        let kept = std::fs::read(&path).expect("the file is there");
        assert_eq!(message(&kept), message(&bytes), "{name} is kept otherwise");
    }
}

#[test]
fn large_things_are_refused_with_their_size() {
    let mut strings = Message::default();
    let mut table = Message::default();
    for _ in 0..=1 << 20 {
        table.bytes(1, b"");
    }
    strings.bytes(1, &table.0);
    let bomb = with_header(&data(|blob| blob.bytes(3, &zlib(&vec![0; 33 << 20]))));
    // All zeros would not be a block; an unknown field of that many zeros is.
    let mut padding = Message::default();
    padding.bytes(100, &vec![0; (32 << 20) - 16]);
    let many = with_header(&blob("OSMData", &padding.0, true).repeat(8));
    let cases = [
        ("a blob", bomb),
        ("many blobs", many),
        ("strings", with_header(&blob("OSMData", &strings.0, true))),
        ("valid", street().bytes()),
    ];
    let mut all = String::new();
    for (name, bytes) in cases {
        all.extend([name, ": ", &message(&bytes), "\n"]);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn limits_of_the_options_hold() {
    let options = Options {
        ways_max: 1,
        ..Options::default()
    };
    let error = osm::parse(&street().bytes(), Path::new("x"), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "x: the number of roads is 2, more than the limit of 1"
    );
}

#[test]
fn a_file_cut_anywhere_is_survived() {
    let bytes = street().bytes();
    for end in 0..bytes.len() {
        let _ = message(&bytes[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes of the data block changed at random, framing left whole so that they are reached.
    #[test]
    fn changed_bytes_are_survived(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..12)) {
        let mut block = street().block();
        for (at, byte) in changes {
            let at = at % block.len();
            block[at] = byte;
        }
        let file = [header(&["OsmSchema-V0.6"]), blob("OSMData", &block, false)].concat();
        let _ = message(&file);
    }

    /// Random maps: whatever the streets, each lane leads somewhere.
    #[test]
    fn random_maps_become_networks(
        places in prop::collection::vec((0_i32..12, 0_i32..12), 4..14),
        streets in prop::collection::vec((0_usize..14, 0_usize..14, 0_usize..14, 0_usize..8), 1..14),
        scale in prop::sample::select(vec![0.0, 0.5, 4.0, 15.0, 80.0]),
    ) {
        const KINDS: [&str; 8] = [
            "highway=primary lanes=5",
            "highway=residential",
            "highway=residential oneway=yes",
            "highway=motorway lanes=3",
            "highway=motorway_link",
            "highway=tertiary junction=roundabout",
            "highway=secondary oneway=-1 turn:lanes=left|through;right|reverse",
            "highway=trunk lanes=3 bridge=yes",
        ];
        let mut map = Map::at(24.94, 60.17);
        for (id, &(x, y)) in (0_i64..).zip(&places) {
            let tags = if id % 3 == 0 { "highway=traffic_signals" } else { "" };
            map = map.node(id, f64::from(x) * scale, f64::from(y) * scale, tags);
        }
        let node = |index: usize| (index % places.len()).cast_signed() as i64;
        for (id, &(a, b, c, kind)) in (0_i64..).zip(&streets) {
            map = map.way(id, &[node(a), node(b), node(c)], KINDS[kind]);
        }
        for connectivity in [osm::Connectivity::Everything, osm::Connectivity::ThroughGates] {
            let options = Options { connectivity, ..Options::default() };
            let parsed = osm::parse(&map.bytes(), Path::new("random"), &options);
            let Ok((network, _)) = parsed else { continue };
            for (index, lane) in network.lanes.iter().enumerate() {
                let to = &network.junctions[network.links[lane.link.index()].to.index()];
                prop_assert!(to.boundary || !lane.outgoing.is_empty(), "{}", network.lane_name(index.into()));
                prop_assert!(lane.length > 0.0);
            }
        }
    }
}
