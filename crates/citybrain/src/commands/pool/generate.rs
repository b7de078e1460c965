//! `citybrain pool generate`: a made-up city's records as files, one part on one thread at a time.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::ProgressBar;
use serde::Serialize;
use synthetic::{Faults, Format, Generator, Population, Source};

use super::manifest::{Done, Manifest, Parameters};
use crate::cli::pool_generate::{FileFormat, GenerateArgs};
use crate::error::{Error, Exit, Outcome, nearest};
use crate::load::pool::definitions;
use crate::output::Output;
use crate::printer::{Printer, bytes, grouped, properties};
use crate::settings::Layers;

/// Bytes of a file that are written at once.
const BUFFER: usize = 1 << 20;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    out: &'a Path,
    city: &'a Path,
    persons: u64,
    seed: u64,
    today: String,
    format: &'static str,
    threads: usize,
    enterprises: u64,
    households: u64,
    dwellings: u64,
    records: u64,
    bytes: u64,
    files: usize,
    files_kept: usize,
    seconds: f64,
    records_written: u64,
    records_per_second: f64,
    faults: Faults,
    datasets: Vec<Line<'a>>,
}

/// A dataset in the report.
#[derive(Serialize)]
struct Line<'a> {
    department: &'a str,
    dataset: &'a str,
    core: bool,
    files: usize,
    records: u64,
    bytes: u64,
    faults: Faults,
}

/// A file to be written.
struct Job<'a> {
    source: &'a Source,
    part: u32,
    name: String,
}

/// Makes up the population and writes its records.
pub(crate) fn generate(args: &GenerateArgs, layers: &Layers, printer: Printer) -> Outcome {
    let started = Instant::now();
    let folder = match &args.city {
        Some(folder) => folder.clone(),
        None => layers.settings()?.pool.city,
    };
    let today = args.today.unwrap_or_else(|| jiff::Zoned::now().date());
    let generator = generator(args, &folder, today)?;
    let sources = wanted(&generator, &args.datasets)?;
    let format = format(args.format);
    let manifest = Manifest::open(&args.out, &parameters(args, today))?;
    let threads = args.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let run = Run {
        generator: &generator,
        manifest: &manifest,
        out: &args.out,
        format,
        faults: args.faults,
        jobs: jobs(&sources, format),
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        written: AtomicU64::new(0),
        kept: AtomicUsize::new(0),
        bar: progress(printer, &sources),
    };
    let files = run.all(threads)?;
    run.bar.finish_and_clear();

    let seconds = started.elapsed().as_secs_f64();
    let written = run.written.load(Ordering::Relaxed);
    let datasets = lines(&sources, &run.jobs, &files);
    let population = generator.population();
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        out: &args.out,
        city: &folder,
        persons: args.persons,
        seed: args.seed,
        today: today.to_string(),
        format: format.extension(),
        threads,
        enterprises: population.enterprises(),
        households: population.households(),
        dwellings: population.dwellings(),
        records: datasets.iter().map(|line| line.records).sum(),
        bytes: datasets.iter().map(|line| line.bytes).sum(),
        files: run.jobs.len(),
        files_kept: run.kept.load(Ordering::Relaxed),
        seconds,
        records_written: written,
        records_per_second: written as f64 / seconds,
        faults: datasets.iter().fold(Faults::default(), |mut all, line| {
            all.add(line.faults);
            all
        }),
        datasets,
    };
    if printer.json {
        printer.json(&report)?;
    } else {
        printer.line(table(&report).trim_fmt())?;
        printer.note("Nothing in these records is real: they are made up.");
    }
    Ok(Exit::Success)
}

/// The format of the files.
fn format(format: FileFormat) -> Format {
    match format {
        FileFormat::Parquet => Format::Parquet,
        FileFormat::Csv => Format::Csv,
        FileFormat::Jsonl => Format::JsonLines,
        FileFormat::Arrow => Format::Arrow,
    }
}

/// What the records hang on.
fn parameters(args: &GenerateArgs, today: jiff::civil::Date) -> Parameters {
    Parameters {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        persons: args.persons,
        seed: args.seed,
        today: today.to_string(),
        fault_share: args.faults.to_string(),
    }
}

/// Reads the city and draws its population.
fn generator(
    args: &GenerateArgs,
    folder: &Path,
    today: jiff::civil::Date,
) -> Result<Generator, Error> {
    let city = definitions(folder)?;
    let refused = |message: String| Error::Refused {
        message,
        help: Some(format!("`citybrain check {}` says more", folder.display())),
    };
    let population =
        Population::plan(args.persons, args.seed, today).map_err(|error| Error::Refused {
            message: error.to_string(),
            help: None,
        })?;
    let generator = Generator::new(&city, Arc::new(population));
    let generator = generator.map_err(|error| refused(error.to_string()))?;
    if generator.sources().is_empty() {
        return Err(refused(format!("{} has no datasets", folder.display())));
    }
    Ok(generator)
}

/// The datasets asked for.
fn wanted<'a>(generator: &'a Generator, names: &[String]) -> Result<Vec<&'a Source>, Error> {
    if names.is_empty() {
        return Ok(generator.sources().iter().collect());
    }
    let source = |name: &String| {
        generator.source(name).map_err(|error| Error::Refused {
            message: error.to_string(),
            help: nearest(name, generator.sources().iter().map(Source::dataset)),
        })
    };
    names.iter().map(source).collect()
}

/// All files, the largest first, so that no thread is left with a large one at the end.
fn jobs<'a>(sources: &[&'a Source], format: Format) -> Vec<Job<'a>> {
    let parts = |source: &&'a Source| {
        let source: &'a Source = source;
        let count = source.parts();
        (0..count).map(move |part| {
            let number = if count == 1 {
                String::new()
            } else {
                format!(".{part:04}")
            };
            let (department, dataset) = (source.department(), source.dataset());
            let extension = format.extension();
            let name = format!("{department}/{dataset}{number}.{extension}");
            Job { source, part, name }
        })
    };
    let mut jobs: Vec<Job<'a>> = sources.iter().flat_map(parts).collect();
    jobs.sort_by_key(|job| {
        (
            std::cmp::Reverse(job.source.part_records()),
            job.name.clone(),
        )
    });
    jobs
}

/// A run of the command.
struct Run<'a> {
    generator: &'a Generator,
    manifest: &'a Manifest,
    out: &'a Path,
    format: Format,
    faults: f64,
    jobs: Vec<Job<'a>>,
    next: AtomicUsize,
    stop: AtomicBool,
    /// Records that were written, not kept.
    written: AtomicU64,
    kept: AtomicUsize,
    bar: ProgressBar,
}

impl Run<'_> {
    /// Does all jobs on `threads`; what came of each, in their order.
    fn all(&self, threads: usize) -> Result<Vec<Done>, Error> {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let at = self.next.fetch_add(1, Ordering::Relaxed);
                let job = self
                    .jobs
                    .get(at)
                    .filter(|_| !self.stop.load(Ordering::Relaxed));
                let Some(job) = job else { return Ok(done) };
                match self.file(job) {
                    Ok(file) => done.push((at, file)),
                    Err(error) => {
                        self.stop.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                }
            }
        };
        let results: Vec<Result<Vec<(usize, Done)>, Error>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
            let died = |_| Err(Error::internal("a thread of the generator died"));
            let joined = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.map(|result| result.unwrap_or_else(died)).collect()
        });
        let mut files = Vec::with_capacity(self.jobs.len());
        for result in results {
            files.extend(result?);
        }
        files.sort_by_key(|(at, _)| *at);
        Ok(files.into_iter().map(|(_, file)| file).collect())
    }

    /// Writes a file, unless it is there.
    fn file(&self, job: &Job) -> Result<Done, Error> {
        let definition = job.source.version().to_string();
        if let Some(done) = self.manifest.done(&job.name, &definition) {
            self.kept.fetch_add(1, Ordering::Relaxed);
            self.bar.inc(done.records);
            return Ok(done);
        }
        let path: PathBuf = self.out.join(&job.name);
        let failed = |error: std::io::Error| Error::output(&path, error);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let output = Output::new(&path);
        let file = File::create(output.partial()).map_err(failed)?;
        let mut out = BufWriter::with_capacity(BUFFER, file);
        let progress = |records| self.bar.inc(records);
        let (source, part) = (job.source, job.part);
        let written =
            self.generator
                .write(source, part, self.format, self.faults, &mut out, progress);
        let written = written.map_err(|error| Error::output(&path, error))?;
        out.flush().map_err(failed)?;
        let bytes = out.get_ref().metadata().map_err(failed)?.len();
        output.finish().map_err(failed)?;
        self.written.fetch_add(written.records, Ordering::Relaxed);
        let done = Done {
            definition,
            records: written.records,
            bytes,
            faults: written.faults,
        };
        self.manifest.add(&job.name, done.clone())?;
        Ok(done)
    }
}

/// What was written of each dataset.
fn lines<'a>(sources: &[&'a Source], jobs: &[Job], files: &[Done]) -> Vec<Line<'a>> {
    let line = |source: &&'a Source| {
        let source: &'a Source = source;
        let mut line = Line {
            department: source.department(),
            dataset: source.dataset(),
            core: source.is_core(),
            files: 0,
            records: 0,
            bytes: 0,
            faults: Faults::default(),
        };
        for (job, file) in jobs.iter().zip(files) {
            if std::ptr::eq(job.source, source) {
                line.files += 1;
                line.records += file.records;
                line.bytes += file.bytes;
                line.faults.add(file.faults);
            }
        }
        line
    };
    sources.iter().map(line).collect()
}

/// A progress bar over the records; hidden where nobody watches.
fn progress(printer: Printer, sources: &[&Source]) -> ProgressBar {
    let estimate = |source: &&Source| u64::from(source.parts()) * source.part_records();
    printer.bar(
        sources.iter().map(estimate).sum(),
        "{bar:30} {human_pos} of about {human_len} records  {per_sec}  {eta} left",
    )
}

fn table(report: &Report) -> comfy_table::Table {
    let mut rows = vec![
        (
            "city",
            format!(
                "{} persons in {} households, {} dwellings, {} enterprises; seed {}, {}",
                grouped(report.persons),
                grouped(report.households),
                grouped(report.dwellings),
                grouped(report.enterprises),
                report.seed,
                report.today
            ),
        ),
        (
            "records",
            format!(
                "{} in {} datasets",
                grouped(report.records),
                report.datasets.len()
            ),
        ),
        (
            "files",
            format!(
                "{} in {}, {}; {} were there",
                report.files,
                report.out.display(),
                bytes(report.bytes),
                report.files_kept
            ),
        ),
        (
            "speed",
            format!(
                "{:.1} s, {} records a second on {} thread(s)",
                report.seconds,
                grouped(report.records_per_second as u64),
                report.threads
            ),
        ),
    ];
    if report.faults.total() > 0 {
        rows.push((
            "wrong",
            format!("{} records, on purpose", grouped(report.faults.total())),
        ));
    }
    properties(rows)
}
