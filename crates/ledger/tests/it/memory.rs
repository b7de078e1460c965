//! A disk in memory that fails on demand: full after so many bytes, a sync that reports an error,
//! a crash at any operation. What was not synced before a crash is there afterwards, or is not, or
//! is torn, as chance has it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ledger::storage::{Storage, StoredFile};

/// A change that is not yet durable.
#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Cut(u64),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The machine stops at operation number so many.
    Crash(u64),
    /// Sync number so many reports an error, and makes nothing durable.
    Sync(u64),
    /// There is room for so many bytes.
    Full(u64),
}

#[derive(Clone, Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, Option<usize>>,
    operations: u64,
    syncs: u64,
    bytes: u64,
    fault: Option<Fault>,
    crashed: bool,
    taken: bool,
}

/// A small generator of chance.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % n
    }
}

/// The disk.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<State>>);

fn apply(data: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, bytes) => {
            let end = *offset as usize + bytes.len();
            if data.len() < end {
                data.resize(end, 0);
            }
            data[*offset as usize..end].copy_from_slice(bytes);
        }
        Change::Cut(length) => data.resize(*length as usize, 0),
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn missing(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, path.to_owned())
}

impl State {
    /// One more operation that changes something.
    fn step(&mut self) -> io::Result<()> {
        if self.fault == Some(Fault::Crash(self.operations)) {
            self.crashed = true;
        }
        self.operations += 1;
        if self.crashed {
            return Err(io::Error::other("the machine has stopped"));
        }
        Ok(())
    }

    /// How many of `count` bytes there is room for.
    fn room(&mut self, count: usize) -> usize {
        let room = match self.fault {
            Some(Fault::Full(most)) => most.saturating_sub(self.bytes).min(count as u64),
            _ => count as u64,
        };
        self.bytes += room;
        room as usize
    }

    fn change(&mut self, inode: usize, change: Change) {
        let inode = &mut self.inodes[inode];
        apply(&mut inode.now, &change);
        inode.pending.push(change);
    }

    fn new_inode(&mut self) -> usize {
        self.inodes.push(Inode::default());
        self.inodes.len() - 1
    }

    fn sync(&mut self, inode: usize) -> io::Result<()> {
        self.step()?;
        self.syncs += 1;
        if self.fault == Some(Fault::Sync(self.syncs - 1)) {
            return Err(io::Error::other("input/output error"));
        }
        let inode = &mut self.inodes[inode];
        inode.durable = inode.now.clone();
        inode.pending.clear();
        Ok(())
    }
}

impl Memory {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Lets `fault` happen; counting begins anew.
    pub(crate) fn set(&self, fault: Option<Fault>) {
        let mut state = self.state();
        (state.operations, state.syncs, state.bytes) = (0, 0, 0);
        state.fault = fault;
    }

    /// Operations, syncs and bytes written since then.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let state = self.state();
        (state.operations, state.syncs, state.bytes)
    }

    /// The disk as it is found after a crash.
    pub(crate) fn after_crash(&self, chance: &mut Chance) -> Self {
        let state = self.state();
        let mut found = State::default();
        let mut names = state.durable_names.clone();
        for (name, inode) in &state.names {
            let known = names.entry(name.clone()).or_default();
            if *known != Some(*inode) && chance.below(2) == 0 {
                *known = Some(*inode);
            }
        }
        for (name, inode) in &mut names {
            if !state.names.contains_key(name) && chance.below(2) == 0 {
                *inode = None; // the removal was durable
            }
        }
        for (name, inode) in names {
            let Some(inode) = inode else { continue };
            let old = &state.inodes[inode];
            let mut data = old.durable.clone();
            for change in &old.pending {
                match (chance.below(3), change) {
                    (0, _) => {}
                    (1, Change::Write(offset, bytes)) => {
                        let torn = chance.below(bytes.len() as u64 + 1) as usize;
                        apply(&mut data, &Change::Write(*offset, bytes[..torn].to_vec()));
                    }
                    (_, change) => apply(&mut data, change),
                }
            }
            let id = found.new_inode();
            found.inodes[id] = Inode {
                now: data.clone(),
                durable: data,
                pending: Vec::new(),
            };
            found.names.insert(name.clone(), id);
            found.durable_names.insert(name, Some(id));
        }
        Self(Arc::new(Mutex::new(found)))
    }

    /// Writes the files into a folder of a real disk.
    pub(crate) fn pour(&self, folder: &Path) {
        let state = self.state();
        for (name, inode) in &state.names {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &state.inodes[*inode].now).unwrap();
        }
    }
}

struct MemoryFile {
    disk: Memory,
    inode: usize,
}

impl Storage for Memory {
    fn take(&self) -> io::Result<bool> {
        let mut state = self.state();
        Ok(!std::mem::replace(&mut state.taken, true))
    }

    fn release(&self) {
        self.state().taken = false;
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let state = self.state();
        let inode = state.names.get(path).ok_or_else(|| missing(path))?;
        Ok(state.inodes[*inode].now.clone())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let state = self.state();
        let names = state.names.keys().filter(|name| folder_of(name) == folder);
        Ok(names
            .map(|name| name[folder.len() + 1..].to_owned())
            .collect())
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn StoredFile>> {
        let mut state = self.state();
        let inode = match state.names.get(path) {
            Some(inode) => *inode,
            None => {
                state.step()?;
                let inode = state.new_inode();
                state.names.insert(path.to_owned(), inode);
                inode
            }
        };
        Ok(Box::new(MemoryFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn open_to_read(&self, path: &str) -> io::Result<Box<dyn StoredFile>> {
        let inode = *self.state().names.get(path).ok_or_else(|| missing(path))?;
        let disk = self.clone();
        Ok(Box::new(MemoryFile { disk, inode }))
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        if state.room(bytes.len()) < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let inode = state.new_inode();
        state.change(inode, Change::Write(0, bytes.to_vec()));
        state.names.insert(path.to_owned(), inode);
        Ok(())
    }

    fn sync(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        let inode = *state.names.get(path).ok_or_else(|| missing(path))?;
        state.sync(inode)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let state = &mut *state;
        for (name, inode) in &state.names {
            if folder_of(name) == folder {
                state.durable_names.insert(name.clone(), Some(*inode));
            }
        }
        let names = &state.names;
        state
            .durable_names
            .retain(|name, _| folder_of(name) != folder || names.contains_key(name));
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.names.remove(path);
        Ok(())
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state
            .names
            .retain(|name, _| !name.starts_with(&format!("{folder}/")));
        Ok(())
    }
}

impl StoredFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.state().inodes[self.inode].now.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.disk.state();
        let from = offset as usize;
        let bytes = state.inodes[self.inode].now.get(from..from + buffer.len());
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step()?;
        let room = state.room(bytes.len());
        state.change(self.inode, Change::Write(offset, bytes[..room].to_vec()));
        if room < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step()?;
        state.change(self.inode, Change::Cut(length));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.state().sync(self.inode)
    }
}
