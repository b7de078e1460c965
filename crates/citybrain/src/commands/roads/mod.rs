//! `citybrain roads …`.

mod check;
mod convert;
mod generate;
mod info;
mod route;

pub(crate) use check::check;
pub(crate) use convert::convert;
pub(crate) use generate::generate;
pub(crate) use info::info;
pub(crate) use route::route;
