//! The outbox: every write, in one order, durable before anything else is done with it.

mod committer;
mod entries;
mod payload;
mod replay;
mod settle;

pub(crate) use committer::{Committer, Draft, Kind, Message};
pub(crate) use entries::{cursor, entries_after, head, note_consumed, stored_after};
pub(crate) use payload::{brought_to, content_hash, decode_batch, encode_batch};
pub(crate) use replay::{decoded, files, moved, replay};
pub(crate) use settle::{Settler, settle};
