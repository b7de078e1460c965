//! Real extracts, where `script/scenario` has fetched them: counts that a person would expect, and
//! networks on which a simulation can run.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: figures and skipped tests are shown, and failing is panicking"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use roads::geometry;
use roads::model::{Aspect, DrivingSide, Network, RoadClass};
use roads::osm::{self, Options, Report};

/// The file of a scenario, or `None` with a note when it has not been fetched.
fn extract(name: &str) -> Option<PathBuf> {
    let file = format!("{name}/{name}.osm.pbf");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let path = root.join(&file);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: scenarios/{file} is not there; fetch it with `script/scenario {name}`");
    None
}

/// Seconds that this thread has computed, so that a busy machine does not fail a test.
fn computed() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat
        .split(' ')
        .next()
        .and_then(|text| text.parse::<f64>().ok());
    nanoseconds.map_or(0.0, |nanoseconds| nanoseconds * 1e-9)
}

fn read(path: &Path) -> (Network, Report) {
    let start = Instant::now();
    let (network, report) = osm::read_with_report(path, &Options::default()).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{}: {seconds:.2} s; {} junctions, {} boundaries, {} links, {:.0} km, {} lanes, {} movements, \
         {} crossings, {} signals\n{report:#?}",
        network.name,
        network.junctions.len(),
        network
            .junctions
            .iter()
            .filter(|junction| junction.boundary)
            .count(),
        network.links.len(),
        network.total_link_length() / 1000.0,
        network.lanes.len(),
        network.movements.len(),
        network.crossings.len(),
        network.signals.len(),
    );
    (network, report)
}

fn assert_drivable(network: &Network) {
    for (index, lane) in network.lanes.iter().enumerate() {
        let link = &network.links[lane.link.index()];
        let boundary = network.junctions[link.to.index()].boundary;
        let name = network.lane_name(index.into());
        assert!(
            boundary || !lane.outgoing.is_empty(),
            "lane {name} leads nowhere"
        );
        assert!(lane.length > 0.4, "lane {name} is {} m long", lane.length);
        assert!((1.0..45.0).contains(&lane.speed_limit), "lane {name}");
    }
    for (index, movement) in network.movements.iter().enumerate() {
        let name = network.movement_name(index.into());
        assert!(
            movement.length > 0.3 && movement.length < 250.0,
            "{name}: {} m",
            movement.length
        );
        let end = movement.shape.last().unwrap();
        let start = network.lanes[movement.to.index()].shape[0];
        assert!(end.distance(start) < 1.0, "{name} does not end at its lane");
    }
    assert_strongly_connected(network);
    let faults = roads::check::check(network, None);
    for fault in faults.iter().take(20) {
        println!("{fault:?}");
    }
    let errors = faults
        .iter()
        .filter(|fault| fault.severity == roads::check::Severity::Error);
    assert_eq!(errors.count(), 0, "of {} faults", faults.len());
    for signal in &network.signals {
        assert_plan(network, signal);
    }
}

/// From any link every other can be reached, where one may turn back at a boundary, or leave by
/// one gate and come back by another.
fn assert_strongly_connected(network: &Network) {
    let count = network.links.len();
    let mut next = vec![Vec::new(); count];
    for turn in &network.turns {
        next[turn.from.index()].push(turn.to.index());
    }
    for junction in network
        .junctions
        .iter()
        .filter(|junction| junction.boundary)
    {
        for from in &junction.incoming {
            next[from.index()].extend(junction.outgoing.iter().map(|to| to.index()));
        }
    }
    let gates = network
        .junctions
        .iter()
        .filter(|junction| junction.boundary);
    let ins: Vec<usize> = gates
        .clone()
        .filter(|gate| gate.incoming.is_empty())
        .flat_map(|gate| gate.outgoing.iter().map(|link| link.index()))
        .collect();
    for gate in gates.filter(|gate| gate.outgoing.is_empty()) {
        for link in &gate.incoming {
            next[link.index()].extend(&ins);
        }
    }
    let mut back = vec![Vec::new(); count];
    for (from, all) in next.iter().enumerate() {
        for &to in all {
            back[to].push(from);
        }
    }
    for (graph, what) in [(&next, "be reached"), (&back, "reach the others")] {
        let mut seen = vec![false; count];
        let mut open = vec![0];
        while let Some(link) = open.pop() {
            if !std::mem::replace(&mut seen[link], true) {
                open.extend(&graph[link]);
            }
        }
        if let Some(link) = seen.iter().position(|&seen| !seen) {
            panic!("link {} cannot {what}", network.links[link].id);
        }
    }
}

/// Every movement gets green, no protected greens conflict, every green is cleared.
fn assert_plan(network: &Network, signal: &roads::model::Signal) {
    let name = &signal.id;
    assert!(signal.phases.len() >= 6, "{name}");
    for (index, movement) in signal.movements.iter().enumerate() {
        let shown = |phase: usize| signal.phases[phase % signal.phases.len()].aspects[index];
        let phases = signal.phases.len();
        assert!(
            (0..phases).any(|phase| shown(phase).is_green()),
            "{name} never gives green to {}",
            network.movement_name(*movement)
        );
        for phase in 0..phases {
            if shown(phase).is_green() {
                assert_ne!(
                    shown(phase + 1),
                    Aspect::Red,
                    "{name}: green to red without yellow"
                );
            }
        }
    }
    for junction in &signal.junctions {
        for crossing in &network.crossings[network.junctions[junction.index()].crossings.range()] {
            let link = |movement: roads::MovementId| {
                network.lanes[network.movements[movement.index()].from.index()].link
            };
            if link(crossing.a) == link(crossing.b) {
                continue;
            }
            let place = |m| {
                signal
                    .movements
                    .iter()
                    .position(|&other| other == m)
                    .unwrap()
            };
            let (a, b) = (place(crossing.a), place(crossing.b));
            for phase in &signal.phases {
                let both = [phase.aspects[a], phase.aspects[b]];
                assert_ne!(both, [Aspect::Protected; 2], "{name}: conflicting greens");
            }
        }
    }
}

/// The innermost lane lies on the side of the opposite direction: the left in right-hand traffic.
fn assert_side(network: &Network) {
    let sign = match network.driving_side {
        DrivingSide::Right => 1.0,
        DrivingSide::Left => -1.0,
    };
    let mut seen = 0;
    for link in &network.links {
        let lanes = &network.lanes[link.lanes.range()];
        if let [inner, outer, ..] = lanes {
            let half =
                |lane: &roads::model::Lane| geometry::point_at(&lane.shape, lane.length / 2.0);
            let heading = geometry::direction_at(&inner.shape, inner.length / 2.0);
            let outwards = half(outer) - half(inner);
            seen += usize::from(outwards.dot(heading.right()) * sign > 0.0);
        }
    }
    let wide = network
        .links
        .iter()
        .filter(|link| link.lanes.len() > 1)
        .count();
    assert!(
        seen * 100 >= wide * 99,
        "{seen} of {wide} links have lane 0 inside"
    );
}

#[test]
fn helsinki() {
    let Some(path) = extract("helsinki") else {
        return;
    };
    let (network, report) = read(&path);
    assert_eq!(network.driving_side, DrivingSide::Right);
    assert_eq!(
        network.attribution.as_deref(),
        Some("© OpenStreetMap contributors (ODbL)")
    );
    // SUMO's import of the same file finds 35 signals, and 366 links with those that lead nowhere.
    assert!((30..=45).contains(&network.signals.len()));
    assert!((250..=366).contains(&network.links.len()));
    assert!(
        network
            .links
            .iter()
            .any(|link| link.name.as_deref() == Some("Mannerheimintie"))
    );
    assert!(report.junctions_clustered > 20);
    let place = network.georeference.unwrap();
    assert!((24.8..25.1).contains(&place.longitude) && (60.1..60.3).contains(&place.latitude));
    assert_drivable(&network);
    assert_side(&network);
}

#[test]
fn malta() {
    let Some(path) = extract("malta") else {
        return;
    };
    let start = computed();
    let (network, _) = read(&path);
    let seconds = computed() - start;
    println!("malta: {seconds:.2} s of computing");
    assert!(seconds < 5.0, "{seconds} s");
    assert_eq!(network.driving_side, DrivingSide::Left);
    assert!(
        (28_000..40_000).contains(&network.links.len()),
        "SUMO: 38,190"
    );
    assert!((12..=30).contains(&network.signals.len()), "SUMO: 15");
    assert!(
        network
            .links
            .iter()
            .any(|link| link.class == RoadClass::Trunk)
    );
    assert!(network.links.iter().any(|link| link.elevated));
    assert_drivable(&network);
    assert_side(&network);
}

#[test]
fn monaco() {
    let Some(path) = extract("monaco") else {
        return;
    };
    let (network, _) = read(&path);
    assert_eq!(network.driving_side, DrivingSide::Right);
    assert_drivable(&network);
    assert_side(&network);
}
