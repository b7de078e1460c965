//! Big events on a small grid: everybody who comes goes, car parks hold, and more visitors are never
//! less trouble.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::sync::Arc;

use roads::generate::{GridDemandSpec, GridSpec, grid, grid_demand};
use roads::{Demand, Network};
use schemes::event::{Event, EventDone, EventsFile, LiveEvent, Loads, Staged};
use schemes::{Active, LinkWatch, Plan};
use signals::controllers::Webster;
use signals::{Protocol, Runner, SimPlant, controllers};
use sim::{Config, Rules, World};

fn scenario() -> (Arc<Network>, Arc<Demand>) {
    let spec = GridSpec {
        columns: 3,
        rows: 3,
        ..GridSpec::default()
    };
    let network = Arc::new(grid(&spec).unwrap());
    let demand = GridDemandSpec {
        vehicles: 800,
        horizon: 3_000.0,
        ..GridDemandSpec::default()
    };
    let demand = Arc::new(grid_demand(&network, &demand).unwrap());
    (network, demand)
}

const HORIZON: f64 = 4_500.0;

fn text(visitors: u32, parks: &str) -> String {
    format!(
        "events:\n  - id: fair\n    link: road_2_2_0\n    visitors: {visitors}\n    start: 1500\n    \
         end: 1800\n    coming: 1200\n    leaving: 900\n{parks}"
    )
}

const PARKS: &str = "    car_parks:
      - { id: far, link: road_1_1_0, capacity: 1000 }
      - { id: near, link: road_2_2_0, capacity: 60 }
";

fn event(network: &Network, demand: &Demand, text: &str) -> Result<Event, schemes::Error> {
    let file = EventsFile::parse(text)?;
    let definition = &file.events[0].value;
    Event::new(network, (demand, HORIZON), true, definition, "events[0].")
}

fn run(
    network: &Arc<Network>,
    demand: &Arc<Demand>,
    event: Option<Event>,
    control: &str,
) -> (sim::Metrics, Option<EventDone>, f64) {
    let config = Config {
        rules: Rules::Street,
        ..Config::default()
    };
    let protocol = Protocol::street();
    let controller = controllers::by_name(control, network, demand, &protocol).unwrap();
    let plant = SimPlant::new(Arc::clone(network), Arc::clone(demand), config).unwrap();
    let mut runner = Runner::new(plant, controller, &protocol).unwrap();
    let plan = Plan {
        event,
        ..Plan::default()
    };
    let mut active = Active::new(network, &plan, 0).unwrap();
    let mut watch = LinkWatch::new(network);
    while runner.plant().world().time() < HORIZON {
        active.act(runner.plant_mut()).unwrap();
        runner.step().unwrap();
        active.look(runner.plant().world());
        watch.look(runner.plant().world());
    }
    let delay = watch.links().iter().map(|link| link.delay).sum();
    let metrics = runner.plant().world().metrics(HORIZON);
    (metrics, active.done().event, delay)
}

#[test]
fn everybody_who_comes_goes_and_no_car_park_is_over_its_room() {
    let (network, demand) = scenario();
    let event = event(&network, &demand, &text(200, PARKS)).unwrap();
    assert_eq!((event.cars, event.without_room), (200, 0));
    // The nearest fills first.
    let parks: Vec<(&str, u32)> = event
        .parks
        .iter()
        .map(|p| (p.id.as_str(), p.cars))
        .collect();
    assert_eq!(parks, [("near", 60), ("far", 140)]);
    assert!(event.arrivals.is_sorted_by(|a, b| a.set_out <= b.set_out));
    assert!(
        event
            .arrivals
            .iter()
            .all(|a| a.set_out < a.due && a.due <= 1_500.0)
    );
    assert!(event.departures.iter().all(|d| d.time >= 1_800.0));

    let (metrics, done, delay) = run(&network, &demand, Some(event), "max-pressure");
    let done = done.unwrap();
    println!("{done:?}");
    assert_eq!(
        (done.set_out, done.arrived, done.left, done.home),
        (200, 200, 200, 200)
    );
    for park in &done.parks {
        assert!(park.most <= park.capacity.unwrap(), "{park:?}");
        assert_eq!(park.parked, 0);
    }
    assert_eq!(done.parks[0].arrived, 60);
    assert!(done.last_in.unwrap() > 1_000.0);
    assert!(done.clear.unwrap() > 0.0);
    assert_eq!(metrics.vehicles, 800 + 400);
    // Both classes together are what the links saw.
    let sum = done.visitors.delay + done.others.delay;
    assert!((sum - delay).abs() < 1e-6 * delay, "{sum} {delay}");
    assert!((done.visitors.time + done.others.time - metrics.time_spent).abs() < 1.0);
}

#[test]
fn without_visitors_the_run_is_the_same_to_the_bit() {
    let (network, demand) = scenario();
    let nobody = event(&network, &demand, &text(0, PARKS)).unwrap();
    let world = || World::new(Arc::clone(&network), Arc::clone(&demand), Config::default());
    let (mut plain, mut managed) = (world().unwrap(), world().unwrap());
    let mut live = LiveEvent::new(&network, nobody);
    for _ in 0..2_400 {
        plain.step();
        live.act(&mut managed).unwrap();
        managed.step();
        live.look(&managed);
    }
    assert!(plain.metrics(2_400.0).throughput > 0);
    assert_eq!(plain.save(), managed.save());
    let done = live.done();
    assert_eq!((done.set_out, done.last_in, done.clear), (0, None, None));
    assert!(done.others.delay > 0.0);
}

#[test]
fn more_visitors_are_never_less_delay_and_room_for_them_runs_out() {
    let (network, demand) = scenario();
    let mut last = (0.0, 0.0);
    let mut spare = f64::INFINITY;
    let protocol = Protocol::street();
    for visitors in [0, 150, 400, 900] {
        let event = event(&network, &demand, &text(visitors, PARKS)).unwrap();
        let [coming, _] = event.stages;
        let loads = Loads::new(&network, &demand, &protocol, &event, coming);
        let over: f64 = loads.links.iter().map(|load| load.over).sum();
        let (_, done, delay) = run(&network, &demand, Some(event), "webster");
        let done = done.unwrap();
        println!(
            "{visitors}: {delay:.0} s, visitors {:.0} s, over {over:.0}, room for {}",
            done.visitors.delay, loads.room_for
        );
        assert!(
            delay >= last.0 && done.visitors.delay >= last.1,
            "{visitors}"
        );
        assert!(loads.room_for <= visitors);
        last = (delay, done.visitors.delay);
        spare = f64::from(loads.room_for) / f64::from(visitors.max(1));
    }
    assert!(spare < 1.0, "{spare}");
}

#[test]
fn who_finds_no_room_is_counted_and_does_not_come() {
    let (network, demand) = scenario();
    let parks = "    car_parks: [{ link: road_2_2_0, capacity: 50 }]\n    per_car: 2\n";
    let event = event(&network, &demand, &text(240, parks)).unwrap();
    assert_eq!((event.cars, event.without_room), (50, 70));
    assert_eq!(event.arrivals.len(), 50);
}

#[test]
fn along_streets_everybody_parks_by_their_length() {
    let (network, demand) = scenario();
    let event = event(&network, &demand, &text(100, "    radius: 500\n")).unwrap();
    assert!(event.parks.len() > 1, "{:?}", event.parks);
    assert!(
        event
            .parks
            .iter()
            .all(|park| park.capacity.is_none() && park.cars > 0)
    );
    let sum: u32 = event.parks.iter().map(|park| park.cars).sum();
    assert_eq!(sum, 100);
}

#[test]
fn without_car_parks_and_radius_they_park_on_the_link_that_is_named() {
    let (network, demand) = scenario();
    let event = event(&network, &demand, &text(10, "")).unwrap();
    // Not on the other side of the road, too, whose middle is the same.
    let parks: Vec<(&str, u32)> = event
        .parks
        .iter()
        .map(|park| (park.id.as_str(), park.cars))
        .collect();
    assert_eq!(parks, [("road_2_2_0", 10)]);
}

#[test]
fn timings_change_by_the_clock_and_the_envelope_sees_to_the_rest() {
    let (network, demand) = scenario();
    let event = event(&network, &demand, &text(200, PARKS)).unwrap();
    let protocol = Protocol::street();
    let usual = Webster::new(&network, &demand, &protocol);
    let [coming, leaving] = event
        .stages
        .map(|stage| Loads::new(&network, &demand, &protocol, &event, stage));
    assert_ne!(coming.timings, leaving.timings);
    let staged = Staged::new(&event, usual.timings(), &coming.timings, &leaving.timings);
    let config = Config {
        rules: Rules::Street,
        ..Config::default()
    };
    let plant = SimPlant::new(Arc::clone(&network), Arc::clone(&demand), config).unwrap();
    let mut runner = Runner::new(plant, Box::new(staged), &protocol).unwrap();
    let plan = Plan {
        event: Some(event),
        ..Plan::default()
    };
    let mut active = Active::new(&network, &plan, 0).unwrap();
    while runner.plant().world().time() < HORIZON {
        active.act(runner.plant_mut()).unwrap();
        runner.step().unwrap();
        active.look(runner.plant().world());
    }
    assert_eq!(active.done().event.unwrap().home, 200);
    assert_eq!(runner.safety().fallbacks, 0);
}

#[test]
fn broken_definitions_name_the_line_the_field_and_the_remedy() {
    let (network, demand) = scenario();
    let refuse = |text: &str| event(&network, &demand, text).unwrap_err().to_string();
    let with = |more: &str| text(100, more);
    for (broken, wanted) in [
        (with("    visitor: 3\n"), vec!["line 9", "visitor"]),
        (
            text(100, "").replace("end: 1800", "end: 1400"),
            vec!["line 6", "events[0].end", "before start"],
        ),
        (
            text(100, "").replace("1500", "900"),
            vec!["line 5", "events[0].start", "let it start at 1200"],
        ),
        (
            text(100, "").replace("road_2_2_0", "nowhere"),
            vec!["line 3", "events[0].link", "nowhere"],
        ),
        (
            text(100, "").replace("    link: road_2_2_0\n", ""),
            vec!["events[0]", "needs one of `link`"],
        ),
        (
            text(100, "").replace("link: road_2_2_0", "lonlat: [120, 30]"),
            vec!["line 3", "lonlat", "give `at`"],
        ),
        (
            with("    car_parks:\n      - { link: road_9_9_9, capacity: 3 }\n"),
            vec!["line 10", "car_parks[0].link"],
        ),
        (
            with("    car_parks:\n      - { link: road_2_2_0 }\n"),
            vec!["capacity"],
        ),
        (
            with("    origins: [{ link: road_0_1_0, share: 0 }]\n"),
            vec!["line 9", "origins[0].share", "more than zero"],
        ),
        (
            with("    closures: [{ link: road_1_1_0, lanes: [7] }]\n"),
            vec!["line 9", "closures[0]", "numbered from 0"],
        ),
        (
            with("    guided: 30\n"),
            vec!["line 9", "guided", "from 0 to 1"],
        ),
        (
            with("    per_car: 0.5\n"),
            vec!["line 9", "per_car", "1 to 100"],
        ),
        (
            with("    arrivals: [{ minute: 0, factor: 1 }]\n"),
            vec!["line 9", "arrivals", "2 to"],
        ),
        (
            with("    departures: [{ minute: -9, factor: 1 }, { minute: 9, factor: 1 }]\n"),
            vec!["line 9", "departures", "before the end"],
        ),
        (
            with("    departures: [{ minute: 0, factor: 1 }, { minute: 1.0e+18, factor: 1 }]\n"),
            vec!["line 9", "departures", "at most 10080"],
        ),
        (with("    around: .nan\n"), vec!["line 9", "around"]),
        (
            format!("{0}{1}", text(1, ""), text(1, "").replace("events:\n", "")),
            vec!["line 9", "events[1].id", "twice"],
        ),
        ("events: []\n".to_owned(), vec!["events", "1 to"]),
        ("event: 1\n".to_owned(), vec!["line 1", "event"]),
    ] {
        // Closures are held against the network on their own.
        let error = match event(&network, &demand, &broken) {
            Ok(_) => {
                let file = EventsFile::parse(&broken).unwrap();
                let closed = file.events[0].value.closed(&network, "events[0].");
                closed.unwrap_err().to_string()
            }
            Err(error) => error.to_string(),
        };
        for word in wanted {
            assert!(error.contains(word), "{error:?} lacks {word:?}\n{broken}");
        }
    }
    assert!(refuse(&format!("events: [{}]", "[".repeat(5_000))).contains("line"));
}
