//! Opening a log: what is found on the disk is made whole, checked against what was signed, and
//! the threads are started.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::commit::{Committer, End, Start};
use crate::error::Error;
use crate::log::Log;
use crate::options::{Clock, Options};
use crate::outside::{Alarm, Party};
use crate::publish::{Marks, Publisher};
use crate::segment::{self, Segment};
use crate::storage::Storage;
use crate::watch::{self, Watch};
use crate::work::Bell;

/// Threads that may write at the same time.
const COMMITTERS_MAX: usize = 16;

/// Largest segment, bytes: places in it are 32 bits, and a group is written whole.
const SEGMENT_BYTES_MAX: u64 = 1 << 31;

/// How long the threads that ask others wait before they ask again.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Opens a log.
pub(crate) fn open(mut options: Options, clock: &Clock) -> Result<Log, Error> {
    options.committers = options.committers.clamp(1, COMMITTERS_MAX);
    options.segment_bytes = options.segment_bytes.min(SEGMENT_BYTES_MAX);
    let storage = Arc::clone(&options.storage);
    let mine = storage
        .take()
        .map_err(|error| Error::file("open", &options.folder, &error))?;
    if !mine {
        return Err(Error::InUse {
            folder: options.folder,
        });
    }
    let opened = open_taken(options, clock);
    if opened.is_err() {
        storage.release();
    }
    opened
}

fn open_taken(options: Options, clock: &Clock) -> Result<Log, Error> {
    let (segments, end) = segments(&options)?;
    let first = segments.first().map_or(0, |segment| segment.first);
    let (bell, marks) = (Arc::new(Bell::default()), Arc::new(Marks::default()));
    let on_durable = {
        let (bell, marks, most) = (
            Arc::clone(&bell),
            Arc::clone(&marks),
            options.publish_entries,
        );
        move |durable: u64| {
            if durable.saturating_sub(marks.tiled.load(Ordering::Acquire)) >= most {
                bell.ring();
            }
        }
    };
    let disk = Watch::new(Party::Disk, clock, options.on_alarm.as_ref());
    let on_refused = move |error: Option<&Error>| match error {
        Some(error) => disk.away(0, &error.to_string()),
        None => disk.here(),
    };
    let committer = Arc::new(Committer::new(Start {
        storage: Arc::clone(&options.storage),
        folder: options.folder.clone(),
        segment_bytes: options.segment_bytes,
        threads: options.committers,
        queue_entries: options.queue_entries,
        segments,
        end,
        on_durable: Box::new(on_durable),
        on_refused: Box::new(on_refused),
    })?);
    let publisher = Publisher::new(&options, clock, Arc::clone(&committer), first, marks)?;
    while publisher.tile()? {}
    publisher.take_up()?;
    let publisher = Arc::new(publisher);
    let committers = (0..options.committers).map(|number| {
        let committer = Arc::clone(&committer);
        spawn(&format!("ledger-{number}"), move || committer.run(number))
    });
    let committers = Mutex::new(committers.collect::<Result<_, Error>>()?);
    let workers = Mutex::new(workers(&options, &publisher, &bell)?);
    Ok(Log {
        options,
        committer,
        publisher,
        bell,
        committers,
        workers,
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Error::file("start a thread for", name, &error))
}

/// The threads that publish.
fn workers(
    options: &Options,
    publisher: &Arc<Publisher>,
    bell: &Arc<Bell>,
) -> Result<Vec<JoinHandle<()>>, Error> {
    type Round = fn(&Publisher) -> Result<bool, Error>;
    let Some(every) = options.publish_every else {
        return Ok(Vec::new());
    };
    let publish: Round = |publisher| {
        let more = publisher.tile()?;
        publisher.sign()?;
        Ok(more)
    };
    let cosign: Round = |publisher| publisher.cosign().map(|_| false);
    let stamp: Round = |publisher| publisher.stamp().map(|_| false);
    let sweep: Round = |publisher| publisher.sweep().map(|()| false);
    let ask = every.min(ASK_EVERY);
    let mut rounds: Vec<(&str, Duration, Round)> = vec![
        ("ledger-publish", every, publish),
        ("ledger-sweep", ASK_EVERY, sweep),
    ];
    if options.witness.is_some() {
        rounds.push(("ledger-witness", ask, cosign));
    }
    if options.stamper.is_some() {
        rounds.push(("ledger-stamp", ask, stamp));
    }
    let start = |(name, every, round): (&'static str, Duration, Round)| {
        let (publisher, bell) = (Arc::clone(publisher), Arc::clone(bell));
        spawn(name, move || {
            bell.work(every, || match round(&publisher) {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(thread = name, %error, "ledger: will try again");
                    false
                }
            });
        })
    };
    rounds.into_iter().map(start).collect()
}

/// The segments, whole and in order, and where the last one ends.
fn segments(options: &Options) -> Result<(Vec<Arc<Segment>>, End), Error> {
    let storage = &*options.storage;
    let mut segments: Vec<Arc<Segment>> = Vec::new();
    let firsts = segment::list(storage)?;
    let mut end = None;
    for (place, &first) in firsts.iter().enumerate() {
        let (path, last) = (segment::path(first), place + 1 == firsts.len());
        let whole = segments.last().is_none_or(|before| before.end() == first);
        if !whole {
            let before = segments.last().map_or(0, |before| before.end());
            let reason = format!("it begins with entry {first}, the one before ends at {before}");
            return Err(Error::damaged(path, reason));
        }
        let Some(found) = Segment::find(storage, first)? else {
            if !last {
                return Err(Error::damaged(path, "its header is not whole"));
            }
            // A crash tore the beginning of a segment: nothing was in it yet.
            storage
                .remove(&path)
                .map_err(|error| Error::file("remove", &path, &error))?;
            break;
        };
        if found.torn > 0 {
            if !last {
                let reason = format!("{} bytes at its end are no entries", found.torn);
                return Err(Error::damaged(path, reason));
            }
            found
                .segment
                .cut(storage, found.end, options.committers)
                .map_err(|error| Error::file("cut", &path, &error))?;
            let alarm = Alarm::Torn {
                bytes: found.torn,
                size: found.segment.end(),
            };
            watch::raise(options.on_alarm.as_ref(), &alarm);
        }
        end = Some(End {
            next: found.segment.end(),
            offset: found.end,
            sum: found.sum,
        });
        segments.push(Arc::new(found.segment));
    }
    if let Some(end) = end {
        return Ok((segments, end));
    }
    begin(storage, options.committers)
        .map_err(|error| Error::file("begin", segment::path(0), &error))
}

/// A log with no entries. Whether there should be some is checked against what was signed.
fn begin(storage: &dyn Storage, committers: usize) -> io::Result<(Vec<Arc<Segment>>, End)> {
    let segment = Segment::create(storage, 0, committers)?;
    storage.sync_folder("")?;
    let end = End {
        next: 0,
        offset: segment::HEADER_BYTES as u64,
        sum: segment::first_sum(0),
    };
    Ok((vec![Arc::new(segment)], end))
}
