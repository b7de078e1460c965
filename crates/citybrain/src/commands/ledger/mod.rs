//! `citybrain ledger …`.

mod check_proof;
mod keygen;
mod keys;
mod prove;
mod show;
mod verify;
mod witness;

pub(crate) use check_proof::check_proof;
pub(crate) use keygen::keygen;
pub(crate) use prove::prove;
pub(crate) use show::show;
pub(crate) use verify::verify;
pub(crate) use witness::witness;
