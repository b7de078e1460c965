//! Whatever the bytes, a reader gives an error or a network that can be checked and written: none
//! panics, none takes the machine's memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod osm_map;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use osm_map::{Map, blob, header};
use proptest::prelude::*;
use roads::{Demand, Error, Network, check, cityflow, geojson, osm, read, sumo};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// All that may be done with a network that was read.
fn use_network(network: &Network) {
    let _ = check::check(network, None);
    cityflow::write_network(network, &mut Vec::new()).unwrap();
    geojson::write_network(network, &mut Vec::new()).unwrap();
}

fn use_demand(network: &Network, demand: &Demand) {
    let _ = demand.vehicles_before(3600.0);
    let _ = check::check_until(network, Some(demand), Some(3600.0));
    cityflow::write_demand(network, demand, &mut Vec::new()).unwrap();
}

/// A reader, fed with bytes; what it makes of them is used.
type Reader = fn(&[u8]);

fn cityflow_network(bytes: &[u8]) {
    if let Ok(network) = cityflow::parse_network(bytes, Path::new("a/roadnet.json")) {
        use_network(&network);
    }
}

fn cityflow_demand(bytes: &[u8]) {
    let network = cityflow::read_network(&data("two_roads.json")).unwrap();
    if let Ok(demand) = cityflow::parse_demand(bytes, Path::new("flow.json"), &network) {
        use_demand(&network, &demand);
    }
}

fn sumo_network(bytes: &[u8]) {
    if let Ok(network) = sumo::parse_network(bytes, Path::new("a.net.xml")) {
        use_network(&network);
    }
}

fn sumo_demand(bytes: &[u8]) {
    let network = sumo::read_network(&data("tee.net.xml")).unwrap();
    if let Ok((demand, _)) = sumo::parse_demand(bytes, Path::new("a.rou.xml"), &network) {
        use_demand(&network, &demand);
    }
}

fn sumo_configuration(bytes: &[u8]) {
    let _ = sumo::parse_configuration(bytes, Path::new("a.sumocfg"));
}

fn osm_file(bytes: &[u8]) {
    let parsed = osm::parse(bytes, Path::new("a.osm.pbf"), &osm::Options::default());
    if let Ok((network, _)) = parsed {
        use_network(&network);
    }
}

/// A data block without compression, so that changed bytes reach the elements in it.
fn osm_block(block: &[u8]) {
    osm_file(&[header(&["OsmSchema-V0.6"]), blob("OSMData", block, false)].concat());
}

fn small_map() -> Map {
    Map::at(24.94, 60.17)
        .node(1, 0.0, 0.0, "highway=traffic_signals")
        .node(2, -100.0, 0.0, "")
        .node(3, 100.0, 0.0, "")
        .node(4, 0.0, 100.0, "")
        .node(5, 0.0, -100.0, "highway=give_way direction=forward")
        .way(
            10,
            &[2, 1],
            "highway=primary lanes=4 turn:lanes:forward=left|through",
        )
        .way(11, &[1, 3], "highway=primary lanes=2")
        .way(20, &[5, 1, 4], "highway=residential maxspeed=30")
        .restriction("no_left_turn", 10, "n1", 20)
}

/// Readers with files that they read without an error.
fn readers() -> Vec<(Reader, Vec<u8>)> {
    let file = |name| std::fs::read(data(name)).unwrap();
    vec![
        (cityflow_network, file("two_roads.json")),
        (cityflow_demand, file("two_roads_flow.json")),
        (sumo_network, file("two_edges.net.xml")),
        (sumo_network, file("tee.net.xml")),
        (sumo_network, file("crossroads.net.xml")),
        (sumo_demand, file("tee.rou.xml")),
        (sumo_configuration, file("tee.sumocfg")),
        (osm_file, small_map().bytes()),
        (osm_block, small_map().block()),
    ]
}

/// A change to a file.
#[derive(Clone, Debug)]
enum Change {
    /// Another byte.
    Byte(usize, u8),
    /// A stretch is taken out.
    Cut(usize, usize),
    /// A stretch comes a second time, elsewhere.
    Copy(usize, usize, usize),
    /// A number gives way to another.
    Number(usize, &'static str),
    /// What stands between two quotes gives way to what stands between two others.
    Text(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    const NUMBERS: [&str; 12] = [
        "0",
        "-1",
        "1e308",
        "-1e308",
        "1e-320",
        "NaN",
        "inf",
        "4294967295",
        "4294967296",
        "18446744073709551616",
        "0.5",
        "",
    ];
    let place = any::<usize>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (place(), 0_usize..80).prop_map(|(at, length)| Change::Cut(at, length)),
        (place(), 0_usize..200, place()).prop_map(|(at, length, to)| Change::Copy(at, length, to)),
        (place(), prop::sample::select(&NUMBERS[..]))
            .prop_map(|(at, number)| Change::Number(at, number)),
        (place(), place()).prop_map(|(from, to)| Change::Text(from, to)),
    ]
}

/// The number that begins first at or after a place.
fn number_after(bytes: &[u8], at: usize) -> Option<std::ops::Range<usize>> {
    let start = at + bytes.get(at..)?.iter().position(u8::is_ascii_digit)?;
    let length = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    Some(start..start + length)
}

/// What stands between the first two quotes at or after a place.
fn quoted_after(bytes: &[u8], at: usize) -> Option<std::ops::Range<usize>> {
    let is_quote = |byte: &u8| *byte == b'"';
    let start = at + bytes.get(at..)?.iter().position(is_quote)? + 1;
    let length = bytes[start..].iter().position(is_quote)?;
    Some(start..start + length)
}

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        let size = bytes.len().max(1);
        let stretch = |at: usize, length: usize| {
            let start = (at % size).min(bytes.len());
            start..(start + length).min(bytes.len())
        };
        match *change {
            Change::Byte(at, byte) => {
                for place in stretch(at, 1) {
                    bytes[place] = byte;
                }
            }
            Change::Cut(at, length) => {
                bytes.drain(stretch(at, length));
            }
            Change::Copy(at, length, to) => {
                let copy = bytes[stretch(at, length)].to_vec();
                let to = stretch(to, 0);
                bytes.splice(to, copy);
            }
            Change::Number(at, number) => {
                if let Some(range) = number_after(&bytes, at % size) {
                    bytes.splice(range, number.bytes());
                }
            }
            Change::Text(from, to) => {
                let text = quoted_after(&bytes, from % size).map(|range| bytes[range].to_vec());
                if let (Some(text), Some(range)) = (text, quoted_after(&bytes, to % size)) {
                    bytes.splice(range, text);
                }
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for (reader, _) in readers() {
            reader(&bytes);
        }
    }

    #[test]
    fn changed_files_are_survived(changes in prop::collection::vec(change(), 1..6)) {
        for (reader, valid) in readers() {
            reader(&changed(&valid, &changes));
        }
    }

    #[test]
    fn packed_files_changed_are_survived(changes in prop::collection::vec(change(), 1..4)) {
        for (reader, valid) in readers() {
            reader(&changed(&packed(&valid), &changes));
        }
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_small_files_are_read() {
    let network = cityflow::read_network(&data("two_roads.json")).unwrap();
    cityflow::read_demand(&data("two_roads_flow.json"), &network).unwrap();
    let network = sumo::read_network(&data("tee.net.xml")).unwrap();
    sumo::read_demand(&data("tee.rou.xml"), &network).unwrap();
    sumo::read_configuration(&data("tee.sumocfg")).unwrap();
    let path = Path::new("a.osm.pbf");
    let options = osm::Options::default();
    let (network, _) = osm::parse(&small_map().bytes(), path, &options).unwrap();
    assert!(!network.movements.is_empty());
    for (reader, valid) in readers() {
        reader(&valid);
    }
}

/// A folder for the files of one test.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// What is opened by the name's ending: every reader through the one door.
fn open(path: &Path) -> Result<(), Error> {
    let name = path.file_name().unwrap().to_string_lossy();
    if name.contains("flow") {
        let network = cityflow::read_network(&data("two_roads.json"))?;
        read::demand(path, &network).map(|_| ())
    } else if name.contains(".rou.") {
        let network = sumo::read_network(&data("tee.net.xml"))?;
        read::demand(path, &network).map(|_| ())
    } else if name.contains("config") || name.contains("sumocfg") {
        read::scenario(path).map(|_| ())
    } else {
        read::network(path).map(|_| ())
    }
}

/// Beginnings of files that would go on with as many brackets as there is room for.
const BEGINNINGS: [(&str, &str, &str); 7] = [
    ("roadnet.json", "{\"intersections\":[", "["),
    ("flow.json", "[", "["),
    ("config.json", "{\"roadnetFile\":[", "["),
    ("bomb.net.xml", "<net>", "<param>"),
    ("bomb.rou.xml", "<routes>", "<param>"),
    ("bomb.sumocfg", "<configuration>", "<input>"),
    ("bomb.osm.pbf", "\0\0\0\x0d\n\tOSMHeader\x18\0", "\0"),
];

#[test]
fn files_of_gigabytes_are_refused_by_their_length() {
    const LENGTH: u64 = 64 << 30;
    for (name, beginning, bracket) in BEGINNINGS {
        let path = scratch("gigabytes").join(name);
        let mut file = File::create(&path).unwrap();
        write!(file, "{beginning}{}", bracket.repeat(1000)).unwrap();
        file.set_len(LENGTH).unwrap(); // a hole: it takes no room on the disk
        let error = open(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        let expected = format!(
            "{}: size of the file in bytes is {LENGTH}, more than the limit of {}",
            path.display(),
            1 << 30
        );
        assert_eq!(error, expected);
    }
}

#[test]
fn brackets_without_end_are_refused_where_they_get_too_deep() {
    const DEEPEST: &str = "nested deeper than the limit of 64";
    for (name, beginning, bracket) in BEGINNINGS {
        if name.ends_with("pbf") {
            continue;
        }
        let path = scratch("brackets").join(name);
        let text = format!("{beginning}{}", bracket.repeat((16 << 20) / bracket.len()));
        std::fs::write(&path, text).unwrap();
        let error = open(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains(DEEPEST), "{error}");
    }
}

#[test]
fn a_gigabyte_of_brackets_in_a_small_gzip_file_is_not_unpacked() {
    for (name, beginning, bracket) in BEGINNINGS {
        if name.ends_with("pbf") || name.starts_with("config") {
            continue; // the one has a compression of its own, the other is not read compressed
        }
        // Many compressed pieces make one file, which is quicker than to compress a gigabyte.
        let piece = packed(bracket.repeat((1 << 20) / bracket.len()).as_bytes());
        let mut bytes = packed(beginning.as_bytes());
        (0..1024).for_each(|_| bytes.extend_from_slice(&piece));
        let path = scratch("gzip").join(format!("{name}.gz"));
        std::fs::write(&path, &bytes).unwrap();
        let error = open(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        let limit = (1 << 20) + 100 * bytes.len();
        let expected = format!(
            "{}: size of the decompressed file in bytes is {}, more than the limit of {limit}",
            path.display(),
            limit + 1
        );
        assert_eq!(error, expected);
    }
}
