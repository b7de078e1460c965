//! From one candidate to the next: how far it is along the roads, and what speaks against it.

use super::map::Map;
use super::settings::Settings;
use super::table::{Table, UNIT_M};

/// What one vehicle's matching reads and never changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) map: &'a Map,
    pub(super) table: &'a Table,
    pub(super) settings: &'a Settings,
}

/// A place on a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) link: u32,
    /// Metres from the start of its line.
    pub(super) along: f32,
}

/// A way between two places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hop {
    /// Length, metres.
    pub(super) length: f32,
    /// What speaks against it, as metres of a detour.
    pub(super) penalty: f32,
    /// It stays on the link and does not go round to its start.
    pub(super) stays: bool,
}

impl Context<'_> {
    /// The way from one place to another; `None` when it is beyond the table's bound.
    #[inline]
    pub(super) fn hop(&self, a: Place, b: Place) -> Option<Hop> {
        let settings = self.settings;
        if a.link == b.link {
            let forward = b.along - a.along;
            if f64::from(forward) >= -settings.back_m {
                return Some(Hop {
                    length: forward.max(0.0),
                    penalty: 0.0,
                    stays: true,
                });
            }
        }
        let (from, to) = (
            &self.map.ways[a.link as usize],
            &self.map.ways[b.link as usize],
        );
        let ends = (from.length - a.along) + b.along;
        let (between, (back, drivable)) = if from.to == to.from {
            (0.0, verdict(from.back, from.drivable, to.place))
        } else {
            let leg = self.table.leg(from.to, to.from)?;
            let into = *self.map.into.of(to.from).get(leg.last as usize)?;
            let last = &self.map.ways[into as usize];
            let one = verdict(from.back, from.drivable, leg.first);
            let two = verdict(last.back, last.drivable, to.place);
            (
                f64::from(leg.units) * UNIT_M,
                (one.0 + two.0, one.1 + two.1),
            )
        };
        let penalty =
            f64::from(back) * settings.u_turn_m + f64::from(drivable) * settings.forbidden_m;
        Some(Hop {
            length: ends + between as f32,
            penalty: penalty as f32,
            stays: false,
        })
    }
}

/// Whether going on to the link at `place` is turning back, and whether it is forbidden: 1 or 0.
#[inline]
const fn verdict(back: u64, drivable: u64, place: u8) -> (u8, u8) {
    ((back >> place & 1) as u8, (drivable >> place & 1 ^ 1) as u8)
}
