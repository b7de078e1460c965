//! The exchange: nobody reads another department's records but through here.
//!
//! A call is authenticated ([`tokens`]), bound to a purpose, and checked against the agreements
//! between the two departments ([`grants`]); only granted fields of granted records are answered,
//! and the ledger has the transfer on the disk before the answer leaves. What is refused says what
//! is missing and whom to ask, and is recorded as well.
//!
//! The front door is [`Exchange`]. Whatever of it takes an `async` path has a twin that waits on
//! the thread, for engines within the program. Only the disk can stop it: checkpoints are signed,
//! witnessed and time-stamped behind it by the ledger's own threads, however long those are away.

mod agreements;
mod batch;
mod calls;
mod changes;
mod clients;
mod compiled;
mod demonstration;
mod denial;
mod denials;
mod disclosure;
mod entry;
mod fields;
mod grants;
mod key;
mod link;
mod look_up;
mod meter;
mod meters;
mod profiles;
mod replay;
mod requests;
mod rows;
mod signer;
mod steps;
mod tokens;
mod transfers;
mod whole;

pub use agreements::{Listed, Refused, TakenStep};
pub use batch::{BatchDisclosure, BatchItem};
pub use calls::{Exchange, Options};
pub use changes::{Change, Changes, Cursor, EVENT_ROWS_MAX, Event};
pub use clients::{Clients, KnownClient, public_key, public_key_text};
pub use compiled::Compiled;
pub use denial::{Denial, Lack, Missing, use_word};
pub use disclosure::Disclosure;
pub use entry::{
    DeniedCall, Entry, ProfileStep, SharingProfile, SignedStep, Transfer, evidence_of,
};
pub use fields::FieldSet;
pub use grants::{Ask, Basis, ContentText, Grant, Granted, Grants, InForce, Offer};
pub use link::{Linked, LinkedDisclosure};
pub use meter::Meter;
pub use meters::Meters;
pub use profiles::{IssuedProfile, PROFILE_LIFE_MAX_S, PROFILES_MAX, Sharer};
pub use requests::{
    BATCH_MAX, BATCH_RECORDS_MAX, Batch, Follow, Key, LINK_DEPTH_MAX, LINK_FOLLOWS_MAX,
    LINK_RECORDS_MAX, Link, LookUp, RECORDS_MAX,
};
pub use rows::Rows;
pub use signer::{NoKey, Signer, demonstration_seed};
pub use steps::{Side, Standing, State, Statement, Step, StepFault};
pub use tokens::{Call, Caller, Gate, LIFE_MAX_S, SKEW_MAX_S, TokenFault};
pub use transfers::{Keeper, SeenTransfer, TRANSFERS_MAX};
pub use whole::{Agreed, Reader, Reading};
