//! What matching gives: when a vehicle was on which link.

use serde::{Deserialize, Serialize};

use crate::model::LinkId;

/// A vehicle's time on a link.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traversal {
    /// The link.
    pub link: LinkId,
    /// When it entered the link or was first seen there, seconds of the positions' clock.
    pub entered: f64,
    /// When it left the link or was last seen there, seconds of the same clock.
    pub left: f64,
    /// It drove the whole link, from its start to its end: `left − entered` is the link's travel
    /// time.
    pub whole: bool,
}

/// A [`Traversal`] with how much of the link was driven.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// When, and on which link.
    #[serde(flatten)]
    pub traversal: Traversal,
    /// Where on the link's reference line it began, metres from the line's start.
    pub from_m: f64,
    /// Where on the link's reference line it ended, metres from the line's start.
    pub to_m: f64,
    /// It begins a chain: the vehicle was lost before, or not there yet. What follows until the
    /// next such passage joins end to start.
    pub starts: bool,
}
