//! The kinds of definition, one file each.

mod city;
mod department;

pub use city::{Calendar, CitySettings, Holiday, Language, Location, Traffic, Weekday};
pub use department::{Contact, Department, Organisation, System};
