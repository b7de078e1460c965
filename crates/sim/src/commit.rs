//! The commit pass: vehicles take the positions that the read pass worked out.
//!
//! Within a block this touches only the block's own rows. Vehicles that leave their row are
//! handed over afterwards, one after another in the order of rows, so that the outcome does not
//! depend on the number of threads.

use crate::advance::{ABORT, END, MERGE, Move, STAY};
use crate::map::Block;
use crate::state::{Vehicle, flag};

/// A vehicle that leaves its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaver {
    pub(crate) vehicle: Vehicle,
    /// Where to; or why not ([`END`], [`MERGE`], [`ABORT`]).
    pub(crate) to: u32,
    /// Row it leaves.
    pub(crate) from: u32,
}

/// What a run of blocks hands on.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) leavers: Vec<Leaver>,
    pub(crate) updates: u64,
    /// Metres driven.
    pub(crate) distance: f64,
}

/// Flags that hold for one step.
const PASSING: u32 = flag::FRESH | flag::ARRIVED | flag::ASKED | flag::CUSTOM;

/// Commits the vehicles of a block. `rows` and `occupied` are the block's own; `moves` starts with
/// its first vehicle's and what is left over belongs to the next block.
pub(crate) fn commit<'m>(
    block: &Block,
    rows: &mut [Vec<Vehicle>],
    occupied: &mut [u64],
    mut moves: &'m [Move],
    keep_gap: bool,
    outcome: &mut Outcome,
) -> &'m [Move] {
    for (index, word) in occupied.iter_mut().enumerate() {
        let mut bits = *word;
        while bits != 0 {
            let bit = bits.trailing_zeros();
            bits &= bits - 1;
            let local = index * 64 + bit as usize;
            let vehicles = &mut rows[local];
            let (own, rest) = moves.split_at(vehicles.len());
            moves = rest;
            commit_row(block.rows + local as u32, vehicles, own, keep_gap, outcome);
            if vehicles.is_empty() {
                *word &= !(1 << bit);
            }
        }
    }
    moves
}

fn commit_row(
    row: u32,
    vehicles: &mut Vec<Vehicle>,
    moves: &[Move],
    keep_gap: bool,
    outcome: &mut Outcome,
) {
    outcome.updates += moves.len() as u64;
    let mut left = 0;
    for (index, step) in moves.iter().enumerate() {
        let vehicle = &mut vehicles[index];
        vehicle.distance = step.distance;
        vehicle.speed = step.speed;
        vehicle.blocker = step.blocker;
        vehicle.flags &= !PASSING;
        if keep_gap && step.gap > f64::NEG_INFINITY {
            vehicle.gap = step.gap;
        }
        outcome.distance += step.driven;
        if step.to == STAY {
            if left > 0 {
                vehicles[index - left] = vehicles[index];
            }
        } else {
            debug_assert!(step.to < ABORT || [END, MERGE, ABORT].contains(&step.to));
            outcome.leavers.push(Leaver {
                vehicle: *vehicle,
                to: step.to,
                from: row,
            });
            left += 1;
        }
    }
    vehicles.truncate(moves.len() - left);
}
