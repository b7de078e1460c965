//! Questions in SQL, by sessions that see only what they may.
//!
//! A session's catalogue holds a [`guard`](guard) for each dataset it may see. A guard is a leaf of
//! every plan: row filters and masks are applied inside it, and nothing of a question gets below
//! them but comparisons of unmasked columns with constants, which only let files be skipped.

mod answer;
mod barrier;
pub mod carry;
mod catalogue;
mod counts;
mod guard;
pub mod limits;
mod pushdown;
mod recorder;
mod records;
mod refuse;
mod scan;
mod session;
mod sight;
mod token;
mod who;

pub(crate) use answer::Bounds;
pub use answer::{Answer, Format, Read};
pub use recorder::{Guest, Reason, Recorder};
pub(crate) use records::StatusCounts;
pub(crate) use refuse::{allowed, text as refuse_text};
pub(crate) use session::CATALOGUE;
pub use session::Session;
pub(crate) use session::sql_table;
pub(crate) use sight::Reach;
pub use token::Secret;
pub use who::{TableGrant, Who};
