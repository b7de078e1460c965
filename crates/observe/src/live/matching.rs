//! Positions on their way to traversals: which are new, the matcher handed out to work on them where
//! nobody waits, and taken back.

use std::sync::Arc;

use roads::matching::{Fix, Map, Matcher, Passage, Position, Stream};

use super::clock::Judged;
use super::{Accepted, Live, ProbePoint, stream_of};
use crate::error::Error;
use crate::matched;

/// A vehicle silent for so long has ended its trip, seconds.
const SILENT: f64 = 300.0;

/// New positions and the matcher that works on them.
#[derive(Debug)]
#[must_use = "Live::end takes it back; without it no more positions can be matched"]
pub struct Matching {
    era: u64,
    stream: Stream<u64>,
    batch: Vec<Position<u64>>,
    /// Vehicles silent since this second end.
    forget: Option<f64>,
    passages: Vec<(u64, Passage)>,
}

impl Matching {
    /// Matches the positions. Takes time.
    pub fn work(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.passages.extend(self.stream.take(&batch));
        if let Some(before) = self.forget.take() {
            self.passages.extend(self.stream.forget_before(before));
        }
    }
}

impl Live {
    /// Takes positions; those of one vehicle in the order it sent them, as far as that is known.
    /// What has come before changes nothing.
    ///
    /// # Errors
    /// As [`Live::begin`].
    pub fn accept(&mut self, points: &[ProbePoint]) -> Result<Accepted, Error> {
        let (now, mut matching) = self.begin(points)?;
        matching.work();
        self.end(matching);
        Ok(now)
    }

    /// The first part of [`Live::accept`], quick: sorts out which positions are new, and hands out
    /// the matcher to work on them where nobody waits for it. [`Live::end`] brings it back.
    ///
    /// # Errors
    /// Where there is no matcher, or it has been handed out and not been brought back; then no
    /// position was taken, and all may come again.
    pub fn begin(&mut self, points: &[ProbePoint]) -> Result<(Accepted, Matching), Error> {
        let mut stream = self.taken()?;
        let mut now = Accepted::default();
        let mut batch = Vec::with_capacity(points.len());
        for point in points {
            now.received += 1;
            let sound = point.time.is_finite() && point.time >= 0.0 && point.point.is_finite();
            if !sound {
                now.refused += 1;
                continue;
            }
            let known = self.sequences.len();
            match self.clock.judge(point.time, point.vehicle, known) {
                Judged::Now => {}
                Judged::Strange => {
                    now.refused += 1;
                    continue;
                }
                Judged::Anew => {
                    batch.clear();
                    self.reset();
                    stream.finish();
                    self.clock.reach(point.time);
                }
            }
            // Milliseconds: two positions within one are one.
            let of_time = ((point.time * 1000.0) as u64).saturating_add(1);
            let sequence = point.sequence.unwrap_or(of_time);
            if !self.is_new(point.vehicle, sequence) {
                now.repeated += 1;
                continue;
            }
            batch.push(Position {
                vehicle: point.vehicle,
                fix: Fix {
                    time: point.time,
                    point: point.point,
                },
            });
        }
        self.accepted.received += now.received;
        self.accepted.repeated += now.repeated;
        self.accepted.refused += now.refused;
        let newest = self.clock.newest();
        let forget = newest - self.swept > SILENT / 5.0;
        if forget {
            self.swept = newest;
        }
        let matching = Matching {
            era: self.era,
            stream,
            batch,
            forget: forget.then_some(newest - SILENT),
            passages: Vec::new(),
        };
        Ok((now, matching))
    }

    /// The matcher, which is then gone.
    fn taken(&mut self) -> Result<Stream<u64>, Error> {
        let meanwhile = if self.matches {
            "others are matched"
        } else {
            "there is no matcher"
        };
        self.stream.take().ok_or(Error::Order {
            what: "positions came",
            meanwhile,
            remedy: "end what was begun first, or make the index anew with a matcher",
        })
    }

    /// The last part of [`Live::accept`], quick: counts what matching has settled; nothing where
    /// everything was forgotten meanwhile.
    pub fn end(&mut self, matching: Matching) {
        let Matching {
            era,
            mut stream,
            passages,
            ..
        } = matching;
        if era == self.era {
            let map = Arc::clone(stream.matcher().map());
            self.count(&passages, &map);
        } else {
            stream.finish();
        }
        self.stream = Some(stream);
    }

    /// Goes on with a new matcher, after one that was lost with positions it failed on and was never
    /// brought back. They count as never sent, `said` being what [`Live::begin`] said of them, and
    /// may come again. What was counted before stays; trips under way are lost.
    ///
    /// # Errors
    /// When positions cannot be matched with it.
    pub fn renew(
        &mut self,
        matcher: Matcher,
        points: &[ProbePoint],
        said: Accepted,
    ) -> Result<(), Error> {
        self.stream = Some(stream_of(matcher)?);
        self.matches = true;
        self.era += 1;
        for point in points {
            self.sequences.remove(&point.vehicle);
        }
        self.accepted.received -= said.received;
        self.accepted.repeated -= said.repeated;
        self.accepted.refused -= said.refused;
        Ok(())
    }

    /// Ends all trips under way, as if every vehicle had fallen silent.
    ///
    /// # Errors
    /// As [`Live::begin`].
    pub fn settle(&mut self) -> Result<(), Error> {
        let mut stream = self.taken()?;
        let passages = stream.finish();
        let map = Arc::clone(stream.matcher().map());
        self.stream = Some(stream);
        self.count(&passages, &map);
        Ok(())
    }

    /// Counts what matching has settled.
    fn count(&mut self, passages: &[(u64, Passage)], map: &Map) {
        for (vehicle, passage) in passages {
            if let Some(seen) = matched::traversal(*vehicle, passage, map, &self.roads) {
                self.traversal(&seen);
            }
        }
    }
}
