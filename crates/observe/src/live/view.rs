//! An answer of the live index, made of a copy of what was observed.

use std::sync::Arc;

use roads::LinkId;

use super::{By, Live, LiveIndex, Moment, Query, Shown, Span};
use crate::areas::{self, Group};
use crate::bins::{BIN_SECONDS, Bin, Window};
use crate::error::Error;
use crate::estimate::{Borrowing, estimate};
use crate::facts::Roads;
use crate::free_flow::FreeFlow;
use crate::index::{Measured, Options, SeenVehicles, measure_seen};
use crate::table::Observations;

/// Quarter hours that rows borrow from, for methods that need no history.
const BINS_RECENT: u32 = 8;
/// A quarter hour younger than this is measured together with the one before, seconds.
const YOUNG: f64 = 450.0;
/// Bootstrap replicates behind the intervals.
const REPLICATES: usize = 100;

/// What was observed, as far as a query needs it.
#[derive(Debug)]
pub struct View {
    roads: Arc<Roads>,
    districts: Vec<Group>,
    table: Observations,
    series: Vec<Moment>,
    now: f64,
    newest: Bin,
}

/// Whether a method goes by more than the newest quarter hours.
const fn needs_history(method: FreeFlow) -> bool {
    matches!(method, FreeFlow::Top4HourlyMean | FreeFlow::P85Offpeak)
}

impl View {
    pub(super) fn of(live: &Live, query: &Query) -> Option<Self> {
        let base = live.base?;
        let newest = live.table.cells().next_back()?.0;
        let first = if needs_history(query.free_flow) {
            Bin(0)
        } else {
            Bin(newest.0.saturating_sub(BINS_RECENT - 1))
        };
        Some(Self {
            roads: Arc::clone(&live.roads),
            districts: live.districts.clone(),
            table: live.table.since(first),
            series: series(&live.table, &live.roads),
            now: live.clock.newest() - base,
            newest,
        })
    }

    /// The index.
    ///
    /// # Errors
    /// When districts are asked for and none are known.
    pub fn index(self, query: &Query) -> Result<LiveIndex, Error> {
        let newest = self.newest;
        let young = self.now - newest.start() < YOUNG;
        let first = Bin(newest.0.saturating_sub(u32::from(young)));
        let groups = self.groups(query.by)?;
        // Counts alone give no row.
        let mut rows =
            estimate(&self.table, &self.roads, Borrowing::Credibility).unwrap_or_default();
        let since = if needs_history(query.free_flow) {
            Bin(0)
        } else {
            first
        };
        rows.retain(|row| row.bin >= since);
        let options = Options {
            free_flow: query.free_flow,
            weight: query.weight,
            replicates: REPLICATES,
            window: Window {
                // Just after midnight the newest day alone counts.
                from: if first.day() == newest.day() {
                    first.of_day()
                } else {
                    0
                },
                to: newest.of_day() + 1,
                first_day: newest.day(),
                end_day: newest.day() + 1,
            },
            ..Options::default()
        };
        let vehicles = SeenVehicles {
            table: &self.table,
            borrowing: Borrowing::Credibility,
            since,
        };
        let all = measure_seen(&rows, &vehicles, &self.roads, &groups, &[options])?;
        let mut measured = all.into_iter().next().unwrap_or_default();
        measured.sort_by(|a, b| {
            let worst_first = b.tti.value.total_cmp(&a.tti.value);
            worst_first.then_with(|| a.id.cmp(&b.id))
        });
        let count = measured.len();
        measured.truncate(query.top);
        Ok(LiveIndex {
            time: self.now,
            window: Span {
                from: first.start(),
                to: newest.start() + BIN_SECONDS,
            },
            free_flow: query.free_flow,
            weight: query.weight,
            by: query.by,
            groups: count,
            measured: measured.into_iter().map(|m| self.shown(m)).collect(),
            series: self.series,
        })
    }

    fn groups(&self, by: By) -> Result<Vec<Group>, Error> {
        Ok(match by {
            By::City => vec![areas::city(&self.roads, "city")],
            By::Corridor => areas::corridors(&self.roads),
            By::Link => areas::links(&self.roads),
            By::District if self.districts.is_empty() => {
                return Err(Error::Nothing("no districts are known here".to_owned()));
            }
            By::District => self.districts.clone(),
        })
    }

    fn shown(&self, measured: Measured) -> Shown {
        let link: Option<LinkId> = (measured.scope == "link")
            .then(|| self.roads.named(&measured.id))
            .flatten();
        let name = link.and_then(|link| self.roads.get(link)?.street.clone());
        Shown {
            name,
            link: link.map(|link| link.0),
            measured,
        }
    }
}

/// The city by quarter hour.
fn series(table: &Observations, roads: &Roads) -> Vec<Moment> {
    let mut moments: Vec<(Bin, [f64; 4])> = Vec::new();
    for (bin, link, cell) in table.cells().filter(|cell| cell.2.metres > 0.0) {
        if moments.last().is_none_or(|last| last.0 != bin) {
            moments.push((bin, [0.0; 4]));
        }
        let limit = roads.get(link).map_or(1.0, |facts| facts.limit);
        if let Some((_, sums)) = moments.last_mut() {
            sums[0] += cell.seconds;
            sums[1] += cell.metres;
            sums[2] += cell.metres / limit;
            sums[3] += cell.n;
        }
    }
    let moment = |(bin, [seconds, metres, free, n]): (Bin, [f64; 4])| Moment {
        time: bin.start(),
        tti: seconds / free,
        speed_kmh: metres / seconds * 3.6,
        observations: n,
    };
    moments.into_iter().map(moment).collect()
}
