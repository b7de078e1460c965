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
mod records;
mod refuse;
mod scan;
mod session;
mod sight;
mod token;
mod who;

pub use answer::{Answer, Format, Read};
pub(crate) use records::StatusCounts;
pub(crate) use refuse::{allowed, text as refuse_text};
pub(crate) use session::CATALOGUE;
pub use session::Session;
pub use token::Secret;
pub use who::{TableGrant, Who};
