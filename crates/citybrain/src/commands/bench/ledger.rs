//! `citybrain bench ledger`: what an entry costs, from append to proof.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ledger::{Algorithm, LocalSigner, Log, Options, SecretKey, VerifyOptions, verify_folder};
use pool::Clock;
use serde::Serialize;
use server::clock::WallClock;

use crate::cli::bench_ledger::LedgerArgs;
use crate::error::{Error, Exit, Outcome};
use crate::measure::{Stopwatch, peak_memory};
use crate::printer::{Printer, bytes, grouped, properties};

/// Proofs that are made and checked.
const PROOFS: u64 = 2_000;

/// Signatures that are made and checked.
const SIGNATURES: u32 = 2_000;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    /// Figures of a debug build say little.
    optimised: bool,
    cpus: usize,
    entries: u64,
    entry_bytes: u64,
    threads: u64,
    group: u64,
    committers: u64,
    append: Append,
    /// From the last append until all is in tiles and under a signed checkpoint.
    publish_s: f64,
    /// All files of the log for each entry, right after publishing, and once segments whose
    /// entries are in tiles have been removed.
    bytes_per_entry: f64,
    bytes_per_entry_swept: f64,
    prove_us: f64,
    check_proof_us: f64,
    consistency_us: f64,
    verify_s: f64,
    verified_per_second: f64,
    open_s: f64,
    sign_us: f64,
    check_signature_us: f64,
    peak_memory_bytes: u64,
}

/// Appending.
#[derive(Serialize)]
struct Append {
    seconds: f64,
    cpu_s: f64,
    entries_per_second: f64,
    /// Groups that became durable together.
    commits: u64,
    entries_per_commit: f64,
    /// From handing in until the disk has it.
    latency_p50_us: f64,
    latency_p99_us: f64,
    latency_max_us: f64,
}

/// Measures and prints.
pub(crate) fn ledger(args: &LedgerArgs, printer: Printer) -> Outcome {
    if cfg!(debug_assertions) {
        printer.note("note: this is a development build; measure with a release build");
    }
    let temporary = tempfile::tempdir()?;
    let folder = args.folder.as_deref().unwrap_or(temporary.path());
    if std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
        return Err(Error::Option {
            message: format!("--folder {} is not empty", folder.display()),
            help: Some("give a folder that is empty or not there yet".to_owned()),
        });
    }
    let report = measure(args, folder, printer)?;
    if printer.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(Exit::Success)
}

fn signer() -> Result<LocalSigner, Error> {
    let key =
        SecretKey::generate("bench.example/ledger", Algorithm::Log).map_err(Error::internal)?;
    LocalSigner::new(key).map_err(Error::internal)
}

fn measure(args: &LedgerArgs, folder: &Path, printer: Printer) -> Result<Report, Error> {
    let signer: Arc<dyn ledger::Signer> = Arc::new(signer()?);
    let options = Options {
        committers: args.committers as usize,
        ..Options::new(folder, Arc::clone(&signer))
    };
    let open = || Log::open(options.clone(), Arc::new(|| WallClock.now().0));
    let log = open().map_err(Error::internal)?;
    printer.note(format_args!("appending {} entries", grouped(args.entries)));
    let append = append(&log, args)?;
    printer.note("publishing, proving");
    let watch = Stopwatch::start();
    while log.status().signed < log.size() {
        std::thread::sleep(Duration::from_millis(1));
        if watch.wall() > Duration::from_mins(10) {
            return Err(Error::internal("nothing was published for ten minutes"));
        }
    }
    let publish_s = watch.wall().as_secs_f64();
    let bytes_per_entry = size_of(folder)? as f64 / args.entries as f64;
    let (prove_us, check_proof_us, consistency_us) = prove(&log, signer.key())?;
    log.close().map_err(Error::internal)?;
    drop(log);
    let watch = Stopwatch::start();
    let log = open().map_err(Error::internal)?;
    let open_s = watch.wall().as_secs_f64();
    drop(log);
    printer.note("verifying");
    let watch = Stopwatch::start();
    let verify = VerifyOptions {
        log: Some(signer.key().clone()),
        ..VerifyOptions::default()
    };
    let verified = verify_folder(folder, &verify, &mut |_| {}).map_err(Error::internal)?;
    let verify_s = watch.wall().as_secs_f64();
    if !verified.is_clean() || verified.size != args.entries {
        return Err(Error::internal(format!(
            "the ledger does not verify: {:?}",
            verified.findings
        )));
    }
    let (sign_us, check_signature_us) = signatures(&*signer)?;
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        optimised: !cfg!(debug_assertions),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        entries: args.entries,
        entry_bytes: args.entry_bytes,
        threads: args.threads,
        group: args.group,
        committers: args.committers,
        append,
        publish_s,
        bytes_per_entry,
        bytes_per_entry_swept: size_of(folder)? as f64 / args.entries as f64,
        prove_us,
        check_proof_us,
        consistency_us,
        verify_s,
        verified_per_second: verified.size as f64 / verify_s,
        open_s,
        sign_us,
        check_signature_us,
        peak_memory_bytes: peak_memory(),
    })
}

/// Entry number `index`, as long as asked for.
fn entry(index: u64, length: usize) -> Vec<u8> {
    let mut entry =
        format!("{{\"kind\":\"transfer\",\"number\":{index},\"filler\":\"").into_bytes();
    entry.resize(length, b'x');
    entry
}

/// Appends from all threads, each waiting for its own.
fn append(log: &Log, args: &LedgerArgs) -> Result<Append, Error> {
    let (next, length) = (AtomicU64::new(0), args.entry_bytes as usize);
    let watch = Stopwatch::start();
    let worker = || {
        let mut waits = Vec::new();
        loop {
            let first = next.fetch_add(args.group, Ordering::Relaxed);
            if first >= args.entries {
                return Ok(waits);
            }
            let last = args.entries.min(first + args.group);
            let entries = (first..last).map(|index| entry(index, length)).collect();
            let begin = Instant::now();
            log.append_many_wait(entries)?;
            waits.push(begin.elapsed().as_secs_f64() * 1e6);
        }
    };
    let waits: Result<Vec<Vec<f64>>, ledger::Error> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..args.threads).map(|_| scope.spawn(worker)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or(Err(ledger::Error::Closed))
        };
        threads.into_iter().map(join).collect()
    });
    let (seconds, cpu) = (watch.wall().as_secs_f64(), watch.cpu().as_secs_f64());
    let mut waits: Vec<f64> = waits
        .map_err(Error::internal)?
        .into_iter()
        .flatten()
        .collect();
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    let commits = log.status().groups;
    Ok(Append {
        seconds,
        cpu_s: cpu,
        entries_per_second: args.entries as f64 / seconds,
        commits,
        entries_per_commit: args.entries as f64 / commits as f64,
        latency_p50_us: at(0.5),
        latency_p99_us: at(0.99),
        latency_max_us: at(1.0),
    })
}

/// Microseconds to make a proof, to check one, and to make a consistency proof.
fn prove(log: &Log, key: &ledger::VerifierKey) -> Result<(f64, f64, f64), Error> {
    let size = log.status().signed;
    let indices: Vec<u64> = (0..PROOFS.min(size))
        .map(|turn| turn * 2_654_435_761 % size)
        .collect();
    let each = |begin: Instant| begin.elapsed().as_secs_f64() * 1e6 / indices.len() as f64;
    let begin = Instant::now();
    let proofs: Result<Vec<_>, _> = indices.iter().map(|index| log.prove(*index)).collect();
    let (prove_us, proofs) = (each(begin), proofs.map_err(Error::internal)?);
    let begin = Instant::now();
    for proof in &proofs {
        proof.verify(key, &[]).map_err(Error::internal)?;
    }
    let check_us = each(begin);
    let begin = Instant::now();
    for index in &indices {
        log.consistency(*index, size).map_err(Error::internal)?;
    }
    Ok((prove_us, check_us, each(begin)))
}

/// Microseconds to sign a checkpoint, and to check the signature.
fn signatures(signer: &dyn ledger::Signer) -> Result<(f64, f64), Error> {
    let message = [b'm'; 150];
    let each = |begin: Instant| begin.elapsed().as_secs_f64() * 1e6 / f64::from(SIGNATURES);
    let begin = Instant::now();
    let mut signature = [0; 64];
    for _ in 0..SIGNATURES {
        signature = signer.sign(&message).map_err(Error::internal)?;
    }
    let sign_us = each(begin);
    let begin = Instant::now();
    for _ in 0..SIGNATURES {
        if !signer.key().verifies(&message, &signature) {
            return Err(Error::internal("a signature does not verify"));
        }
    }
    Ok((sign_us, each(begin)))
}

/// Bytes of all files below `folder`.
fn size_of(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // Segments and partial tiles come and go while the log is open.
        sum += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()).unwrap_or(0),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        };
    }
    Ok(sum)
}

fn print(report: &Report, printer: Printer) -> std::io::Result<()> {
    let append = &report.append;
    let us = |value: f64| format!("{value:.1} µs");
    let rows = [
        (
            "entries",
            format!(
                "{} of {} bytes",
                grouped(report.entries),
                report.entry_bytes
            ),
        ),
        (
            "threads",
            format!("{}, {} entries at a time", report.threads, report.group),
        ),
        (
            "appended",
            format!(
                "{} entries/s, {:.1} CPU s",
                grouped(append.entries_per_second as u64),
                append.cpu_s
            ),
        ),
        (
            "commits",
            format!(
                "{}, {:.0} entries each",
                grouped(append.commits),
                append.entries_per_commit
            ),
        ),
        ("until durable, p50", us(append.latency_p50_us)),
        ("until durable, p99", us(append.latency_p99_us)),
        ("published after", format!("{:.2} s", report.publish_s)),
        (
            "bytes per entry",
            format!(
                "{:.0}, {:.0} once swept",
                report.bytes_per_entry, report.bytes_per_entry_swept
            ),
        ),
        ("proof made in", us(report.prove_us)),
        ("proof checked in", us(report.check_proof_us)),
        ("consistency proof in", us(report.consistency_us)),
        (
            "verified",
            format!("{} entries/s", grouped(report.verified_per_second as u64)),
        ),
        ("opened in", format!("{:.2} s", report.open_s)),
        ("Ed25519 sign", us(report.sign_us)),
        ("Ed25519 check", us(report.check_signature_us)),
        ("peak memory", bytes(report.peak_memory_bytes)),
    ];
    printer.line(properties(rows).trim_fmt())
}
