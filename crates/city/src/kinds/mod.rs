//! The kinds of definition, one file each.

mod agreement;
mod city;
mod client;
mod dataset;
mod department;

pub use agreement::{Agreement, Rate, Use};
pub use city::{Calendar, CitySettings, Holiday, Language, Location, Traffic, Weekday};
pub use client::{Client, Role};
pub use dataset::{
    Cycle, Dataset, Field, FieldFormat, FieldReference, FieldType, Openness, QualityRule,
    RuleSeverity, Sensitivity, Share, Subject,
};
pub use department::{Contact, Department, Organisation, System};
