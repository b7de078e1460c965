//! History in Delta tables, and questions in SQL over it.
//!
//! *Knows*: Delta Lake, Parquet, object stores, SQL (DataFusion), PostgreSQL's protocol; which
//! rows and fields a session may see, and how to keep the rest out of its reach; files that are
//! made for a bulk transfer, and the addresses by which they may be fetched. *Does not know*: who
//! may see what (sessions are given [`TableGrant`]s), callers' tokens, HTTP, the command line, the
//! machine's clock.
//!
//! The front door is [`Lake`]: its [`Keeper`] carries the pool's outbox into history, and
//! [`Lake::session`] answers questions over history and what is not yet in it, here or through an
//! [`Engine`] on other machines. [`exports`] writes what agreements let a client take whole.

pub mod bench;
pub mod doors;
mod engine;
mod error;
pub mod exports;
mod feed;
mod hex;
pub mod history;
mod lake;
pub mod questions;

pub use engine::Engine;
pub use error::Error;
pub use feed::Feed;
pub use history::{InForce, Keeper, KeeperOptions};
pub use lake::{Lake, moment};
pub use questions::{Answer, Format, Guest, Read, Recorder, Secret, Session, TableGrant, Who};
