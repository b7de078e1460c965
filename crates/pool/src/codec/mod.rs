//! How records lie in keyed state: keys that sort as bytes, bodies that are small.
//!
//! A record is its subject (a text), its key (the key's fields, but for a leading subject) and its
//! body (all other fields). Nothing is stored twice. Bodies begin with the number of the layout
//! under which they were written, so that definitions can change without rewriting records.

mod body;
mod columns;
mod key;
mod layout;
mod table;
mod varint;

pub(crate) use columns::{Builders, Columns};
pub(crate) use layout::Layout;
pub(crate) use table::TableCodec;
