//! Whether a record keeps its dataset's quality rules, as `decide` reads them.

use city::kinds::Dataset;

use crate::error::Error;
use crate::fill::Cell;

/// The rules of a dataset.
#[derive(Debug)]
pub(crate) struct Judge {}

impl Judge {
    /// Those of `dataset`.
    pub(crate) fn of(_dataset: &Dataset) -> Result<Self, Error> {
        Ok(Self {})
    }

    /// Whether a record keeps its rules; `strictly` those that only warn as well.
    pub(crate) fn is_right(&self, _row: &[Cell], _strictly: bool) -> bool {
        true
    }

    /// Empties what broken rules are about, where `may` says that it may be empty.
    pub(crate) fn leave_out(&self, _row: &mut [Cell], _may: impl Fn(usize) -> bool) {}
}
