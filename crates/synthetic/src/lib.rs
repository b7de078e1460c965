//! A made-up population, consistent across departments, to try the pool with.
//!
//! *Knows*: how people live together, marry, have children, own homes, work and pay, and so what
//! each department of a city would have on record; which numbers are right. *Does not know*: the
//! pool, folders, the clock: the day that it is, and where bytes go, are handed in.
//!
//! [`Population::plan`] draws people, households, homes and firms; [`Generator`] makes the records
//! of every dataset of a city out of it: the core datasets agree with each other (every employer
//! exists, headcounts count the employed, titles belong to dwellings), all others are filled from
//! their definitions. The same persons, seed and day give the same records on any number of
//! threads. Nothing in them is real, and files say so.

mod career;
mod chance;
mod datasets;
mod days;
mod error;
mod faults;
mod files;
mod fill;
mod firms;
mod generator;
mod homes;
mod household;
mod industries;
mod judge;
mod names;
mod numbers;
mod places;
mod population;
mod schools;
mod sheet;

pub use error::Error;
pub use faults::Faults;
pub use files::{Format, Written};
pub use generator::{Generator, MARK, Source};
pub use population::{MONTHS, PERSONS_MAX, PERSONS_MIN, Population};
