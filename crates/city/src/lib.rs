//! A city is code: reads the folder of definition files that says what is particular to a city,
//! and names every mistake in it with file, line, column and remedy.
//!
//! *Knows*: the kinds of definition ([`kinds`]), what makes one right, where each stands in its
//! file, and the JSON Schema that editors check it by. *Does not know*: the engines that use the
//! definitions, the pool, the clock, the network. It reads the city folder and writes nothing.
//!
//! Words: a **kind** is a sort of definition file, such as `department`; a **definition** is one
//! such file, read and found right; a **fault** is a mistake in one, and never an error of ours:
//! bad data gives [`Fault`]s, not failure. Files are read as hostile: their size, number, nesting
//! and faults are limited ([`limits`]), and links, aliases and tags are refused.
//!
//! The front door is [`Definitions::read`], which gives a [`City`] of everything that is right and
//! the faults of everything that is not.
//!
//! ```
//! use city::{Code, Definitions, kinds::Department};
//!
//! let (city, faults) = Definitions::from_files(
//!     "town",
//!     [("departments/parks/department.yaml", "id: park\ntitle: {zh: 园林局}\n")],
//! )
//! .check();
//! assert_eq!(city.all::<Department>().count(), 0);
//! let fault = faults.iter().find(|fault| fault.code == Code::IdMismatch).unwrap();
//! assert_eq!(fault.to_string(), "`id` is `park`, but the folder is named `parks`");
//! assert_eq!(fault.location(), "town/departments/parks/department.yaml:1:5");
//! ```

mod city;
mod definitions;
mod document;
pub mod evolution;
mod fault;
mod folder;
mod formats;
mod kind;
pub mod kinds;
pub mod limits;
mod names;
pub mod numbers;
mod schema;
mod shape;
mod source;
mod suggest;
#[cfg(test)]
mod testing;
mod tree;

pub use city::{City, Definition};
pub use definitions::Definitions;
pub use document::Document;
pub use fault::{Code, Fault, Severity};
pub use kind::{KINDS, Kind, KindEntry, kind};
pub use names::{Error, Id, Reference, Text};
pub use schema::schema;
pub use source::ContentHash;
