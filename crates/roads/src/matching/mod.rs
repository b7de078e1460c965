//! Map matching: from positions with times to the links that a vehicle drove, and when.

mod passage;

pub use passage::{Passage, Traversal};
