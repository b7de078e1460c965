//! Households: people of plausible ages who live together, their marriages and their children.

mod draw;

pub(crate) use draw::block;

use crate::days::Day;

/// Persons in a block: large enough that people of one block can have been married to each other.
pub(crate) const BLOCK: u64 = 1024;

/// Nobody.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Relation to the head of the household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Head,
    Spouse,
    Child,
    Parent,
    Other,
}

impl Relation {
    /// The word in records.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Spouse => "spouse",
            Self::Child => "child",
            Self::Parent => "parent",
            Self::Other => "other",
        }
    }
}

/// A person. Others are named by number: within the block while it is drawn, within the city after.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not hang on each other"
)]
pub(crate) struct Person {
    /// Born then.
    pub(crate) born: Day,
    /// Died or left the city then.
    pub(crate) gone: Day,
    /// Married then, to `spouse`.
    pub(crate) married: Day,
    /// The marriage ended then.
    pub(crate) dissolved: Day,
    pub(crate) household: u32,
    pub(crate) spouse: u32,
    pub(crate) mother: u32,
    pub(crate) father: u32,
    /// Series in the citizen number.
    pub(crate) series: u16,
    /// Position in `AREAS`.
    pub(crate) area: u8,
    pub(crate) surname: u8,
    pub(crate) relation: Relation,
    pub(crate) male: bool,
    /// Whether `gone` is the day of death.
    pub(crate) dead: bool,
    /// Whether registered outside the city.
    pub(crate) elsewhere: bool,
    /// Whether the marriage ended by divorce.
    pub(crate) divorced: bool,
}

/// A household.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Household {
    pub(crate) head: u32,
    /// Members who have neither died nor left.
    pub(crate) members: u8,
    pub(crate) district: u8,
    /// Whether unrelated people live together, as in a dormitory.
    pub(crate) collective: bool,
}

/// People and households of a block.
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) persons: Vec<Person>,
    pub(crate) households: Vec<Household>,
}
