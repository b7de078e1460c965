//! The table of distances as a file, so that it need not be reckoned at every start.
//!
//! All numbers little-endian: the mark, the network's fingerprint (8 bytes), the bound in units
//! (4), the number of junctions (4), the number of pairs (8), where each row starts (4 each, one
//! more than junctions), the pairs (8 each), and XXH3 of all before (8).

use std::io::{self, Write};
use std::path::Path;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::map::Map;
use super::table::{PAIRS_MAX, REACH_MAX_M, Table, UNIT_M};
use crate::error::Error;
use crate::input;
use crate::limits::Limits;

/// What such a file begins with.
const MARK: &[u8; 8] = b"cbreach1";
/// Bytes before the rows.
const HEAD: usize = 32;

impl Table {
    /// Writes the table.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut hash = Xxh3::new();
        let mut put = |bytes: &[u8]| {
            hash.update(bytes);
            out.write_all(bytes)
        };
        put(MARK)?;
        put(&self.fingerprint.to_le_bytes())?;
        put(&self.reach.to_le_bytes())?;
        put(&((self.first.len() - 1) as u32).to_le_bytes())?;
        put(&(self.pairs.len() as u64).to_le_bytes())?;
        for start in &self.first {
            put(&start.to_le_bytes())?;
        }
        for pair in &self.pairs {
            put(&pair.to_le_bytes())?;
        }
        out.write_all(&hash.digest().to_le_bytes())
    }

    /// Reads the table of a network from a file.
    ///
    /// # Errors
    /// When the file cannot be read, is no such table, is damaged, or was made for another
    /// network.
    pub fn read(path: &Path, map: &Map) -> Result<Self, Error> {
        let bytes = input::bytes(path, &Limits::default())?;
        Self::parse(&bytes, map).map_err(|message| Error::Syntax {
            path: path.to_owned(),
            line: 0,
            column: 0,
            message,
        })
    }

    /// Reads the table of a network from the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(bytes: &[u8], map: &Map) -> Result<Self, String> {
        let word = |at: usize| {
            bytes
                .get(at..at + 8)?
                .try_into()
                .ok()
                .map(u64::from_le_bytes)
        };
        let half = |at: usize| {
            bytes
                .get(at..at + 4)?
                .try_into()
                .ok()
                .map(u32::from_le_bytes)
        };
        let head = bytes
            .starts_with(MARK)
            .then(|| Some((word(8)?, half(16)?, half(20)? as usize, word(24)?)));
        let Some(Some((fingerprint, reach, junctions, pairs))) = head else {
            return Err("is no table of distances for matching; make it anew".to_owned());
        };
        if fingerprint != map.fingerprint() || junctions != map.junction_count() {
            return Err("was made for another network; make it anew for this one".to_owned());
        }
        let rows_end = HEAD + (junctions + 1) * 4;
        let expected = (pairs <= PAIRS_MAX).then(|| rows_end + pairs as usize * 8 + 8);
        if expected != Some(bytes.len()) {
            return Err(format!(
                "has {} bytes, which is not what its head says; make it anew",
                bytes.len()
            ));
        }
        let sum = word(bytes.len() - 8);
        if sum != Some(xxh3_64(&bytes[..bytes.len() - 8])) {
            return Err("is damaged (its checksum is wrong); make it anew".to_owned());
        }
        let table = Self {
            fingerprint,
            reach,
            first: numbers(&bytes[HEAD..rows_end], u32::from_le_bytes),
            pairs: numbers(&bytes[rows_end..bytes.len() - 8], u64::from_le_bytes),
        };
        if table.is_sound(map) {
            Ok(table)
        } else {
            Err("is damaged (rows out of order); make it anew".to_owned())
        }
    }

    /// Whether rows and pairs are such as [`Table::build`] makes, so that following a way ends.
    fn is_sound(&self, map: &Map) -> bool {
        let ordered = self.first.first() == Some(&0)
            && self.first.windows(2).all(|ends| ends[0] <= ends[1])
            && self.first.last().map(|&end| end as usize) == Some(self.pairs.len());
        let junctions = map.junction_count() as u64;
        ordered
            && f64::from(self.reach) * UNIT_M <= REACH_MAX_M
            && self.pairs.iter().all(|pair| pair >> 32 < junctions)
            && self.first.windows(2).all(|ends| {
                self.pairs[ends[0] as usize..ends[1] as usize]
                    .windows(2)
                    .all(|two| two[0] >> 32 < two[1] >> 32)
            })
    }
}

fn numbers<const N: usize, T>(bytes: &[u8], make: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .chunks_exact(N)
        .filter_map(|chunk| chunk.try_into().ok().map(&make))
        .collect()
}
