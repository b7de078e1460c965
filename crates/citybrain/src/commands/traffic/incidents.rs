//! `citybrain traffic incidents`: incidents in what detectors and probes saw, and how many of those
//! that are known were found.

use std::path::PathBuf;
use std::sync::Arc;

use observe::incident::{
    CaliforniaThresholds, Detection, DeviateSettings, Intervals, Known, Loops, Method, Reading,
    Scorer, Settings, Station, WaveThresholds, counted, read_known,
};
use observe::truth::Traffic;
use observe::{Roads, files};
use roads::Network;

use super::index::{open, refused_by};
use super::scenario::{self, Scenario};
use super::times::minute;
use super::watched::Watched;
use super::{closing, incident_report, progress};
use crate::cli::traffic_incidents::IncidentArgs;
use crate::error::{Error, Outcome};
use crate::load;
use crate::output::to_file;
use crate::printer::Printer;
use crate::settings::Layers;

/// The detection at work.
pub(super) struct Work {
    pub(super) network: Arc<Network>,
    pub(super) detection: Detection,
    pub(super) scorer: Scorer,
    /// Intervals that were judged.
    pub(super) intervals: usize,
    /// Decisions in them.
    pub(super) decisions: usize,
    /// Traversals that were left out.
    pub(super) refused: u64,
}

impl Work {
    fn new(args: &IncidentArgs, network: &Arc<Network>, known: &[Known]) -> Result<Self, Error> {
        Ok(Self {
            detection: Detection::new(network, settings(args)).map_err(refused)?,
            scorer: Scorer::new(network, known, args.recovery),
            network: Arc::clone(network),
            intervals: 0,
            decisions: 0,
            refused: 0,
        })
    }

    fn take(&mut self, begin: f64, seen: &[(Station, Reading)]) {
        let judged = self.detection.take(begin, seen);
        let end = begin + self.detection.settings().interval_s;
        self.scorer.take(begin, end, &judged);
        self.intervals += 1;
        self.decisions += judged.decisions;
    }
}

/// Looks for incidents and prints them.
pub(crate) fn incidents(args: &IncidentArgs, mut layers: Layers, printer: Printer) -> Outcome {
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    layers.flag("traffic.control", "--control", args.control.clone())?;
    layers.flag("traffic.seed", "--seed", args.seed.map(i64::from))?;
    let settings = layers.settings()?;
    let observed = !(args.files.is_empty() && args.traversals.is_empty());
    let work = if observed {
        from_files(args, printer)?
    } else {
        simulated(args, &settings, printer)?
    };
    incident_report::print(args, &work, observed, printer)
}

fn settings(args: &IncidentArgs) -> Settings {
    let t = &args.thresholds;
    let named = |name: &String| Method::ALL.into_iter().find(|method| method.name() == name);
    Settings {
        interval_s: args.interval,
        methods: args.method.iter().filter_map(named).collect(),
        california: CaliforniaThresholds {
            difference: t.difference,
            relative: t.relative,
            downstream: t.downstream,
        },
        waves: WaveThresholds {
            downstream: t.wave,
            rise: t.wave_rise,
        },
        deviates: DeviateSettings {
            occupancy: t.occupancy_deviates,
            speed: t.speed_deviates,
            persistence: t.persistence,
            ..DeviateSettings::default()
        },
        silence: t.chance,
        recent: t.recent as usize,
    }
}

/// From files of counts or traversals.
fn from_files(args: &IncidentArgs, printer: Printer) -> Result<Work, Error> {
    if args.days > 0 {
        return Err(Error::Refused {
            message: format!("--days {} has no use with files of observations", args.days),
            help: Some("give earlier days with --history".to_owned()),
        });
    }
    let network = load::network(&args.scenario.network, printer)?;
    let roads = Roads::of(&network);
    let mut work = Work::new(args, &network, &known(args, &roads)?)?;
    // History is gone before what is judged is read: each may fill the memory it is allowed.
    let history = read(args, &args.history, &roads)?;
    let detection = &mut work.detection;
    let mut learn = |begin: f64, seen: &[(Station, Reading)]| detection.learn(begin, seen);
    history.each(&roads, &mut learn).map_err(refused)?;
    work.refused = history.refused();
    drop(history);
    let observed = if args.traversals.is_empty() {
        &args.files
    } else {
        &args.traversals
    };
    let seen = read(args, observed, &roads)?;
    if seen.is_empty() {
        return Err(Error::Refused {
            message: "the files have no observations".to_owned(),
            help: Some("docs/incidents.md says what they hold".to_owned()),
        });
    }
    work.refused += seen.refused();
    let mut take = |begin: f64, seen: &[(Station, Reading)]| {
        work.take(begin, seen);
        Ok(())
    };
    seen.each(&roads, &mut take).map_err(refused)?;
    Ok(work)
}

/// The incidents of `--known`.
fn known(args: &IncidentArgs, roads: &Roads) -> Result<Vec<Known>, Error> {
    let Some(path) = &args.known else {
        return Ok(Vec::new());
    };
    read_known(open(path)?, path, roads).map_err(refused)
}

fn read(args: &IncidentArgs, paths: &[PathBuf], roads: &Roads) -> Result<Intervals, Error> {
    let mut all = Intervals::new(args.interval, args.expansion).map_err(refused)?;
    for path in paths {
        let file = open(path)?;
        if args.traversals.is_empty() {
            all.read_counts(file, path, roads)
        } else {
            all.read_traversals(file, path, roads)
        }
        .map_err(refused)?;
    }
    Ok(all)
}

/// From loops in a simulated city.
fn simulated(
    args: &IncidentArgs,
    settings: &crate::settings::Settings,
    printer: Printer,
) -> Result<Work, Error> {
    let scenario = scenario::read(&args.scenario, settings, printer)?;
    let start = f64::from(minute(&args.at)?) * 60.0;
    let network = &scenario.network;
    let roads = Roads::of(network);
    if !args.history.is_empty() {
        return Err(Error::Refused {
            message: "--history has no use where the city is simulated".to_owned(),
            help: Some("give the number of days to learn from with --days".to_owned()),
        });
    }
    let mut closed = scenario.clone();
    let mut known = known(args, &roads)?;
    if let Some(path) = &args.closures {
        let works = closing::from_file(path, network)?;
        known.extend(works.works.iter().map(|work| Known {
            link: work.link,
            from: start + work.from,
            until: start + work.until.unwrap_or(scenario.horizon),
        }));
        closed.schemes.works = Some(works);
    }
    let mut work = Work::new(args, network, &known)?;
    let control = &settings.traffic.control;
    let seed = settings.traffic.seed as u32;
    for day in 1..=args.days {
        let seed = seed.wrapping_add(day as u32);
        let detection = &mut work.detection;
        let mut learn = |begin: f64, seen: &[(Station, Reading)]| detection.learn(begin, seen);
        day_of(
            &scenario,
            (control, seed, start),
            args.interval,
            printer,
            &mut learn,
        )?;
    }
    let mut counts = Vec::new();
    let mut take = |begin: f64, seen: &[(Station, Reading)]| {
        if args.out.is_some() {
            let count = |&one| counted(begin, args.interval, one, &roads);
            counts.extend(seen.iter().map(count));
        }
        work.take(begin, seen);
        Ok(())
    };
    day_of(
        &closed,
        (control, seed, start),
        args.interval,
        printer,
        &mut take,
    )?;
    if let Some(path) = &args.out {
        to_file(path, |out| files::write_counts(&counts, &roads, out))?;
    }
    Ok(work)
}

/// What takes an interval's first second and readings.
/// An error of the library as the command's.
fn refused(error: observe::Error) -> Error {
    refused_by("docs/incidents.md", error)
}

type Take<'a> = &'a mut dyn FnMut(f64, &[(Station, Reading)]) -> Result<(), observe::Error>;

/// One day of a scenario, with a loop in each lane; a last interval that is not whole is left out.
fn day_of(
    scenario: &Scenario,
    (control, seed, start): (&str, u32, f64),
    interval: f64,
    printer: Printer,
    take: Take<'_>,
) -> Result<(), Error> {
    let network = &scenario.network;
    let dt = scenario.config.interval;
    let mut run = Watched::new(scenario, control, seed, start)?;
    let mut loops = Loops::new(network);
    let bar = progress::progress(printer, scenario, "loops");
    let failed = |message| Error::Refused {
        message,
        help: None,
    };
    let mut begin = start;
    loop {
        let more = run.step().map_err(failed)?;
        run.each(&mut |seen| loops.see(network, &seen, dt));
        loops.step(dt);
        if loops.seconds() >= interval - dt / 2.0 {
            take(begin, &loops.end(network)).map_err(refused)?;
            begin = run.time();
            bar.set_position((begin - start) as u64);
        }
        if !more {
            bar.finish_and_clear();
            return Ok(());
        }
    }
}
