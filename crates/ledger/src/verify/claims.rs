//! What has been said of the tree: the checkpoints that the log signed, those that witnesses
//! cosigned, and one that was kept elsewhere. Each has to be of the tree that the entries give.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::report::{Kind, Report, Seen};
use super::{VerifyOptions, VerifyState};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::error::Error;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::note::{NOTE_BYTES_MAX, Note};
use crate::notes::{self, CHECKPOINT, CHECKPOINTS, COSIGNED};
use crate::storage::Disk;

/// What a checkpoint kept elsewhere is called in findings.
const KNOWN: &str = "the checkpoint given";

/// A history of notes, read in order.
struct Stream {
    name: &'static str,
    reader: Option<BufReader<File>>,
    /// Bytes of whole notes taken so far.
    taken: u64,
    /// The next note, and where the one after it begins.
    next: Option<(Claim, u64)>,
    /// The last that was read.
    last: Option<(u64, Hash)>,
    /// The last that was compared.
    compared: Option<(u64, Hash)>,
}

#[derive(Clone)]
struct Claim {
    checkpoint: Checkpoint,
    note: Note,
}

/// All that has been said of the tree.
pub(super) struct Claims {
    streams: [Stream; 2],
    /// Single ones, by size.
    single: BTreeMap<u64, Vec<(&'static str, Hash)>>,
    log: Option<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    seen: Vec<Option<Seen>>,
    size_max: u64,
    forked: u64,
    origin: Option<String>,
}

impl Stream {
    fn open(
        folder: &Path,
        name: &'static str,
        from: u64,
        last: Option<(u64, Hash)>,
    ) -> Result<Self, Error> {
        let path = folder.join(name);
        let reader = match File::open(&path) {
            Ok(mut file) => {
                file.seek(SeekFrom::Start(from))
                    .map_err(|error| Error::file("read", &path, &error))?;
                Some(BufReader::new(file))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::file("read", &path, &error)),
        };
        Ok(Self {
            name,
            reader,
            taken: from,
            next: None,
            last,
            compared: last,
        })
    }

    /// The text of the next whole note.
    fn read(&mut self) -> Option<String> {
        let reader = self.reader.as_mut()?;
        let mut text = Vec::new();
        let mut signature = false;
        loop {
            let before = text.len();
            // No more than shows that it is too long, also where a line does not end.
            let most = (2 * NOTE_BYTES_MAX + 1 - text.len()) as u64;
            let count = reader
                .by_ref()
                .take(most)
                .read_until(b'\n', &mut text)
                .ok()?;
            if count == 0 || text.len() > 2 * NOTE_BYTES_MAX {
                return None;
            }
            if &text[before..] == b"\n" && signature {
                text.pop();
                return Some(String::from_utf8_lossy(&text).into_owned());
            }
            signature = text[before..].starts_with("\u{2014} ".as_bytes());
        }
    }
}

impl Claims {
    pub(super) fn open(
        folder: &Path,
        options: &VerifyOptions,
        state: &VerifyState,
        report: &mut Report,
    ) -> Result<Self, Error> {
        let stream = |name, from, last| Stream::open(folder, name, from, last);
        let [checkpoints, cosigned] = state.last;
        let mut claims = Self {
            streams: [
                stream(CHECKPOINTS, state.checkpoints, checkpoints)?,
                stream(COSIGNED, state.cosigned, cosigned)?,
            ],
            single: BTreeMap::new(),
            log: options.log.clone(),
            witnesses: options.witnesses.clone(),
            seen: vec![None; options.witnesses.len()],
            size_max: 0,
            forked: 0,
            origin: options.log.as_ref().map(|key| key.name().to_owned()),
        };
        report.signatures = options.log.is_some();
        let newest = claims.read_newest(folder, report)?;
        if let Some(known) = &options.known {
            claims.add_single(KNOWN, known, report);
        }
        claims.drop_before(state.size(), report)?;
        claims.meet_history(folder, newest, report);
        for stream in 0..claims.streams.len() {
            claims.advance(stream, report);
        }
        Ok(claims)
    }

    /// Holds the newest checkpoint, of `newest` entries, against the history's last. It may be the
    /// one before: each is added to the history first, so a log that died between the two writes,
    /// or is just publishing, stands there.
    fn meet_history(&mut self, folder: &Path, newest: Option<u64>, report: &mut Report) {
        let disk = Disk::new(folder);
        let size = |note: &Note| Checkpoint::parse(&note.text).ok().map(|last| last.size);
        for name in [CHECKPOINTS, COSIGNED] {
            // One that cannot be read is told of when its turn comes.
            let notes = notes::last_two(&disk, name).ok().flatten();
            let Some((Some(last), before)) = notes.map(|(last, before)| (size(&last), before))
            else {
                continue;
            };
            self.size_max = self.size_max.max(last);
            if name == COSIGNED {
                continue;
            }
            match newest {
                Some(newest) if newest >= last => {}
                Some(_) if before.as_ref().and_then(size) == newest => {}
                Some(newest) => {
                    let reason =
                        format!("it is of {newest} entries, but {last} have been signed before");
                    report.find(Kind::CheckpointRewound, Some(newest), CHECKPOINT, reason);
                }
                None if before.is_none() || folder.join(CHECKPOINT).exists() => {}
                None => report.find(Kind::CheckpointDamaged, None, CHECKPOINT, "it is missing"),
            }
        }
    }

    /// What is said of trees smaller than that of the earlier run cannot be compared any more.
    fn drop_before(&mut self, size: u64, report: &mut Report) -> Result<(), Error> {
        let later = self.single.split_off(&size);
        for (claimed, names) in std::mem::replace(&mut self.single, later) {
            for (name, _) in names {
                let reason = format!("it is of {claimed} entries, {size} were verified before");
                if name == KNOWN {
                    return Err(Error::note(KNOWN, reason + "; verify from the beginning"));
                }
                report.find(Kind::CheckpointRewound, Some(claimed), name, reason);
            }
        }
        Ok(())
    }

    /// The newest checkpoint: its size.
    fn read_newest(&mut self, folder: &Path, report: &mut Report) -> Result<Option<u64>, Error> {
        let path = folder.join(CHECKPOINT);
        let mut bytes = Vec::new();
        // No more than shows that it is too long to be a note.
        let most = NOTE_BYTES_MAX as u64 + 1;
        let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        let text = match read {
            Ok(_) => String::from_utf8_lossy(&bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if !folder.join(crate::segment::FOLDER).is_dir() {
                    return Err(Error::file("read", &path, &error));
                }
                return Ok(None);
            }
            Err(error) => return Err(Error::file("read", &path, &error)),
        };
        match text.parse() {
            Ok(note) => Ok(self.add_single(CHECKPOINT, &note, report)),
            Err(error) => {
                report.find(Kind::CheckpointDamaged, None, CHECKPOINT, error.to_string());
                Ok(None)
            }
        }
    }

    fn add_single(&mut self, name: &'static str, note: &Note, report: &mut Report) -> Option<u64> {
        let claim = self.claim(name, note.clone(), report)?;
        let Checkpoint { size, root, .. } = claim.checkpoint;
        self.size_max = self.size_max.max(size);
        self.single.entry(size).or_default().push((name, root));
        Some(size)
    }

    /// Checks a note's form and its signatures.
    fn claim(&mut self, name: &str, note: Note, report: &mut Report) -> Option<Claim> {
        let checkpoint = match Checkpoint::parse(&note.text) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                report.find(Kind::CheckpointDamaged, None, name, error.to_string());
                return None;
            }
        };
        let size = checkpoint.size;
        let origin = self.origin.get_or_insert_with(|| checkpoint.origin.clone());
        if *origin != checkpoint.origin {
            let reason = format!(
                "size {size} is of the log {:?}, not {origin:?}",
                checkpoint.origin
            );
            report.find(Kind::SignatureWrong, None, name, reason);
            return None;
        }
        if let Some(key) = &self.log
            && let Err(error) = SignedCheckpoint::of(note.clone(), key)
        {
            let reason = format!("size {size}: {error}");
            report.find(Kind::SignatureWrong, None, name, reason);
            return None;
        }
        for (place, witness) in self.witnesses.iter().enumerate() {
            match note.cosigned(witness) {
                Ok(None) => {}
                Ok(Some(time)) => {
                    let newer = self.seen[place]
                        .as_ref()
                        .is_none_or(|seen| seen.size <= size);
                    if newer {
                        let witness = witness.name().to_owned();
                        self.seen[place] = Some(Seen {
                            witness,
                            size,
                            time,
                        });
                    }
                }
                Err(error) => {
                    let reason = format!("size {size}: {error}");
                    report.find(Kind::CosignatureWrong, None, name, reason);
                }
            }
        }
        report.checkpoints += 1;
        Some(Claim { checkpoint, note })
    }

    /// Goes on to the next right note of a stream.
    fn advance(&mut self, stream: usize, report: &mut Report) {
        loop {
            let Stream { name, taken, .. } = self.streams[stream];
            let Some(text) = self.streams[stream].read() else {
                self.streams[stream].next = None;
                return;
            };
            let end = taken + text.len() as u64 + 1;
            let note = match text.parse() {
                Ok(note) => note,
                Err(error) => {
                    let reason = format!("the note at byte {taken}: {error}");
                    report.find(Kind::CheckpointDamaged, None, name, reason);
                    self.streams[stream].taken = end;
                    continue;
                }
            };
            let Some(claim) = self.claim(name, note, report) else {
                self.streams[stream].taken = end;
                continue;
            };
            let Checkpoint { size, root, .. } = claim.checkpoint;
            if let Some((before, before_root)) = self.streams[stream].last {
                let rewound = size < before || (size == before && root != before_root);
                if rewound {
                    let reason = format!("size {size} comes after size {before}");
                    report.find(Kind::CheckpointRewound, Some(size), name, reason);
                    self.streams[stream].taken = end;
                    continue;
                }
            }
            self.size_max = self.size_max.max(size);
            self.streams[stream].last = Some((size, root));
            self.streams[stream].next = Some((claim, end));
            return;
        }
    }

    /// The largest size that is spoken of.
    pub(super) fn size_max(&self) -> u64 {
        self.size_max
    }

    /// The next claim: its size and root.
    pub(super) fn peek(&self) -> Option<(u64, Hash)> {
        let streams = self
            .streams
            .iter()
            .filter_map(|stream| stream.next.as_ref());
        let streams = streams.map(|(claim, _)| (claim.checkpoint.size, claim.checkpoint.root));
        let single = self
            .single
            .first_key_value()
            .and_then(|(size, roots)| roots.first().map(|(_, root)| (*size, *root)));
        streams.chain(single).min_by_key(|(size, _)| *size)
    }

    /// The next size that something is said of, if it is not beyond `end`.
    pub(super) fn next_within(&self, end: u64) -> Option<u64> {
        let (size, _) = self.peek()?;
        (size <= end).then_some(size)
    }

    /// Compares all that is said of `size` with the root there is.
    pub(super) fn check(&mut self, size: u64, root: &Hash, report: &mut Report) {
        for (name, claimed) in self.single.remove(&size).unwrap_or_default() {
            self.compare(name, size, &claimed, root, report);
        }
        for stream in 0..self.streams.len() {
            while let Some((claim, end)) = self.streams[stream].next.clone() {
                if claim.checkpoint.size != size {
                    break;
                }
                debug_assert!(!claim.note.text.is_empty(), "it was parsed");
                let name = self.streams[stream].name;
                self.compare(name, size, &claim.checkpoint.root, root, report);
                self.streams[stream].taken = end;
                self.streams[stream].compared = Some((size, claim.checkpoint.root));
                self.advance(stream, report);
            }
        }
    }

    fn compare(&mut self, name: &str, size: u64, claimed: &Hash, root: &Hash, report: &mut Report) {
        if claimed == root {
            return;
        }
        self.forked += 1;
        // Once the trees differ, all later ones do: the first says where.
        if self.forked > 1 && name != KNOWN && name != CHECKPOINT {
            report.more += 1;
            return;
        }
        let reason = format!(
            "size {size}: it says the root {claimed}, the entries have {root}; an entry before \
             {size} is not what was logged"
        );
        report.find(Kind::CheckpointForked, Some(size), name, reason);
    }

    /// What is said of more entries than there are.
    pub(super) fn unreachable(&mut self, size: u64, report: &mut Report) {
        let single = std::mem::take(&mut self.single);
        for (claimed, names) in single.range(size + 1..) {
            for (name, _) in names {
                let reason = format!("it is of {claimed} entries, {size} are there");
                report.find(Kind::EntriesMissing, Some(size), *name, reason);
            }
        }
        for stream in 0..self.streams.len() {
            let name = self.streams[stream].name;
            let Some((claim, _)) = self.streams[stream].next.take() else {
                continue;
            };
            let reason = format!(
                "it has a checkpoint of {} entries, {size} are there",
                claim.checkpoint.size
            );
            report.find(Kind::EntriesMissing, Some(size), name, reason);
        }
    }

    /// Where the histories stand.
    pub(super) fn state(&self) -> VerifyState {
        let [checkpoints, cosigned] = &self.streams;
        VerifyState {
            checkpoints: checkpoints.taken,
            cosigned: cosigned.taken,
            last: [checkpoints.compared, cosigned.compared],
            ..VerifyState::default()
        }
    }

    /// Who has seen what.
    pub(super) fn finish(self, report: &mut Report) {
        report.origin = self.origin.unwrap_or_default();
        for (witness, seen) in self.witnesses.iter().zip(&self.seen) {
            if seen.is_none() {
                let reason = format!("{} has cosigned no checkpoint", witness.name());
                report.find(Kind::WitnessMissing, None, COSIGNED, reason);
            }
        }
        report.witnesses = self.seen.into_iter().flatten().collect();
    }
}
