//! The history of a log's checkpoints: signed notes one after the other, a blank line after each,
//! only ever added to. `checkpoints` holds what the log signed, `cosigned` what witnesses put
//! their names to.

use std::io;

use crate::error::Error;
use crate::note::{NOTE_BYTES_MAX, Note};
use crate::storage::{Storage, StoredFile};

/// What the log signed.
pub const CHECKPOINTS: &str = "checkpoints";

/// What witnesses cosigned.
pub const COSIGNED: &str = "cosigned";

/// The newest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// What a line of a signature begins with: an em dash.
const DASH: &[u8] = "\u{2014} ".as_bytes();

/// Where the first note in `bytes` ends, after the blank line that ends it. That is a blank line
/// after a signature; the one inside a note comes after the text.
fn first_end(bytes: &[u8]) -> Option<usize> {
    let mut line = 0;
    let mut signature = false;
    for (place, byte) in bytes.iter().enumerate() {
        if *byte != b'\n' {
            continue;
        }
        if place == line && signature {
            return Some(place + 1);
        }
        signature = bytes[line..place].starts_with(DASH);
        line = place + 1;
    }
    None
}

/// The notes in a history, and where each begins; what follows the last whole one is left out.
pub fn split(history: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let end = from + first_end(&history[from..])?;
        let note = (from, &history[from..end - 1]);
        from = end;
        Some(note)
    })
}

/// The end of a history: the last whole note and the one before it, where the last ends, and how
/// long the file is.
struct End {
    note: Option<Note>,
    before: Option<Note>,
    end: u64,
    length: u64,
}

fn end(file: &dyn StoredFile) -> io::Result<End> {
    let length = file.length()?;
    let from = length.saturating_sub(3 * NOTE_BYTES_MAX as u64);
    let mut bytes = vec![0; (length - from) as usize];
    file.read_at(&mut bytes, from)?;
    // Where the bytes begin in the middle of a note, what is left of it is no note. Zeros are what
    // some file systems leave of a write that a crash tore.
    let (mut before, mut last) = (None, None);
    for note in split(&bytes).take_while(|(_, note)| !note.contains(&0)) {
        before = last.replace(note);
    }
    let parse = |note: Option<(usize, &[u8])>| {
        let text = std::str::from_utf8(note?.1).ok()?;
        text.parse().ok()
    };
    let (note, before) = (parse(last), parse(before));
    let end = last.map_or(0, |(start, note)| start + note.len() + 1) as u64;
    Ok(End {
        note,
        before,
        end: from + end,
        length,
    })
}

/// The last whole note of the history called `name`.
pub(crate) fn last(storage: &dyn Storage, name: &str) -> Result<Option<Note>, Error> {
    Ok(last_two(storage, name)?.map(|(last, _)| last))
}

/// The last whole note of the history called `name`, and the one before it.
pub(crate) fn last_two(
    storage: &dyn Storage,
    name: &str,
) -> Result<Option<(Note, Option<Note>)>, Error> {
    let read = || end(&*storage.open_to_read(name)?);
    let end = match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| Error::file("read", name, &error))?,
    };
    if end.note.is_none() && end.end > 0 {
        return Err(Error::damaged(name, "its last note cannot be read"));
    }
    Ok(end.note.map(|note| (note, end.before)))
}

/// Adds a note to the history called `name`, durably. What a crash tore before is cut off.
pub(crate) fn add(storage: &dyn Storage, name: &str, note: &Note) -> Result<(), Error> {
    let write = || {
        let file = storage.open(name)?;
        let End { end, length, .. } = end(&*file)?;
        if end < length {
            file.cut(end)?;
        }
        file.write_at(format!("{note}\n").as_bytes(), end)?;
        file.sync()?;
        if length == 0 {
            storage.sync_folder("")?;
        }
        Ok(())
    };
    write().map_err(|error| Error::file("write", name, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Disk;

    fn note(size: u64) -> Note {
        let text = format!("city/ledger\n{size}\nroot\n");
        format!("{text}\n— city/ledger AAAAAAE=\n— witness AAAAAAE=\n")
            .parse()
            .unwrap()
    }

    #[test]
    fn a_history_torn_anywhere_goes_on_after_the_last_whole_note() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoints");
        let disk = Disk::new(folder.path());
        for size in 1..4 {
            add(&disk, CHECKPOINTS, &note(size)).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        let one = whole.len() / 3;
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let count = length / one;
            let last_before = last(&disk, CHECKPOINTS).unwrap();
            assert_eq!(
                last_before,
                (count > 0).then(|| note(count as u64)),
                "{length}"
            );
            add(&disk, CHECKPOINTS, &note(9)).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let notes: Vec<Note> = split(&bytes)
                .map(|(_, note)| std::str::from_utf8(note).unwrap().parse().unwrap())
                .collect();
            assert_eq!(notes.len(), count + 1, "{length}");
            assert_eq!(notes.last(), Some(&note(9)));
        }
    }
}
