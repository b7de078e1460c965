//! Files that are broken, or meant to break the reader: each gives an error that says what is
//! wrong, none a panic or a storm of allocations.

mod osm_map;

use std::path::Path;

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

#[test]
fn messages_say_what_is_wrong() {
    let valid = street().bytes();
    let with = |tail: Vec<u8>| [header(&["OsmSchema-V0.6"]), tail].concat();
    let mut lost = Message::default();
    lost.bytes(1, b"OSMData");
    let mut huge = Message::default();
    huge.bytes(1, b"OSMData");
    huge.number(3, u64::MAX);
    let framed =
        |header: Message| [(header.0.len() as u32).to_be_bytes().to_vec(), header.0].concat();
    let mut strings = Message::default();
    let mut table = Message::default();
    for _ in 0..=1 << 20 {
        table.bytes(1, b"");
    }
    strings.bytes(1, &table.0);
    let mut packed = Message::default();
    packed.bytes(7, b"zstd");
    let mut zstd = Message::default();
    zstd.bytes(1, b"OSMData");
    zstd.number(3, packed.0.len() as u64);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", vec![]),
        ("text", b"<osm version='0.6'/>".to_vec()),
        ("three bytes", vec![0, 0, 0]),
        ("header only", header(&["OsmSchema-V0.6", "DenseNodes"])),
        ("history", header(&["HistoricalInformation"])),
        ("data first", blob("OSMData", &street().block(), true)),
        ("cut in a blob", valid[..valid.len() - 1].to_vec()),
        ("no size", with(framed(lost))),
        ("huge size", with(framed(huge))),
        ("bomb", with(blob("OSMData", &vec![0; 33 << 20], true))),
        ("a million strings", with(blob("OSMData", &strings.0, true))),
        ("zstd", with([framed(zstd), packed.0].concat())),
        ("noise", with(blob("OSMData", &[0xff; 64], false))),
        ("other blob", with(blob("Else", b"?", false))),
        ("no roads", Map::at(0.0, 0.0).node(1, 0.0, 0.0, "").bytes()),
        (
            "one node",
            Map::at(0.0, 0.0)
                .node(1, 0.0, 0.0, "")
                .way(1, &[1, 1], "highway=primary")
                .bytes(),
        ),
        (
            "a star",
            (1..=20)
                .fold(Map::at(0.0, 0.0).node(100, 0.0, 0.0, ""), |map, arm| {
                    let angle = arm as f64 * 0.3;
                    map.node(arm, 100.0 * angle.cos(), 100.0 * angle.sin(), "")
                        .way(arm, &[100, arm], "highway=primary")
                })
                .bytes(),
        ),
        (
            "the globe",
            Map::at(0.0, 0.0)
                .node(1, 0.0, 0.0, "")
                .node(2, 9e6, 0.0, "")
                .way(1, &[1, 2], "highway=primary")
                .bytes(),
        ),
        ("valid", valid),
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
        "the number of roads is 2, more than the limit of 1"
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
