//! The hidden Markov model of one vehicle: layers of candidates, and the likeliest way through
//! them (A. Viterbi 1967).
//!
//! A layer is settled as soon as all ways that are still possible share it, which is exactly what
//! the end of the trace would say, too (the on-line Viterbi algorithm of R. Šrámek, B. Brejová and
//! T. Vinař, WABI 2007); or, in a stream, when it is older than the lag: then the way that is the
//! likeliest now is taken, and what contradicts it is dropped.

use std::collections::VecDeque;

use super::grid::Near;
use super::hop::{Context, Place};
use crate::geometry::Point;

/// Positions of a vehicle that are near one another, as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Observation {
    pub(super) point: Point,
    /// When it was there, from and until, seconds.
    pub(super) since: f64,
    pub(super) until: f64,
    /// How many positions it stands for.
    pub(super) count: u32,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    place: Place,
    /// Logarithm of the likelihood of the best way to here, the layer's best being 0.
    score: f32,
    /// The candidate before, by its place in the layer before.
    parent: u8,
}

#[derive(Clone, Copy, Debug)]
struct Layer {
    observation: Observation,
    candidates: u8,
}

/// What became of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is part of the chain.
    Taken,
    /// No road is near.
    OffRoad,
    /// No way leads to it from where the vehicle was.
    Unreachable,
}

/// Memory for one step, shared between vehicles.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    near: Vec<Near>,
    next: Vec<Candidate>,
}

/// The part of a vehicle's trace that is not settled yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    layers: VecDeque<Layer>,
    /// Candidates of all layers, one layer after the other, each with the likeliest first.
    candidates: VecDeque<Candidate>,
    /// The first layer was settled and handed out; it only stands here for its candidates.
    handed_out: bool,
}

impl Chain {
    /// It has just begun.
    pub(super) fn is_one(&self) -> bool {
        self.layers.len() == 1 && !self.handed_out
    }

    /// Observations that are not settled.
    pub(super) fn len(&self) -> usize {
        self.layers.len() - usize::from(self.handed_out)
    }

    /// The latest observation.
    pub(super) fn latest(&self) -> Option<&Observation> {
        self.layers.back().map(|layer| &layer.observation)
    }

    /// Adds an observation, unless it fits nowhere.
    pub(super) fn add(
        &mut self,
        context: Context<'_>,
        observation: Observation,
        scratch: &mut Scratch,
    ) -> Outcome {
        let settings = context.settings;
        let near = &mut scratch.near;
        let point = observation.point;
        context
            .map
            .near(point, settings.radius_m, settings.candidates, near);
        if near.is_empty() {
            return Outcome::OffRoad;
        }
        let weight = (-0.5 / (settings.sigma_m * settings.sigma_m)) as f32;
        let next = &mut scratch.next;
        next.clear();
        for near in near.iter() {
            let place = Place {
                link: near.link,
                along: near.along,
            };
            next.push(Candidate {
                place,
                score: near.square * weight,
                parent: 0,
            });
        }
        if let Some(latest) = self.layers.back() {
            let straight = latest.observation.point.distance(point);
            let start = self.candidates.len() - latest.candidates as usize;
            self.transitions(context, start, straight, next);
            if next.is_empty() {
                return Outcome::Unreachable;
            }
        }
        next.sort_by(|a, b| b.score.total_cmp(&a.score));
        let best = next.first().map_or(0.0, |first| first.score);
        for candidate in next.iter_mut() {
            candidate.score -= best;
        }
        self.layers.push_back(Layer {
            observation,
            candidates: next.len() as u8,
        });
        self.candidates.extend(next.iter());
        Outcome::Taken
    }

    /// Finds the best predecessor of each of `next`, whose scores are those of their distance
    /// alone; those without one are removed.
    fn transitions(
        &self,
        context: Context<'_>,
        start: usize,
        straight: f64,
        next: &mut Vec<Candidate>,
    ) {
        let settings = context.settings;
        let beta = settings.beta_m + settings.beta_growth * straight;
        let (per_metre, straight) = (-1.0 / beta as f32, straight as f32);
        next.retain_mut(|candidate| {
            let mut best = f32::NEG_INFINITY;
            for (index, before) in self.candidates.range(start..).enumerate() {
                // The likeliest come first, and a way takes nothing but likelihood away.
                if before.score <= best {
                    break;
                }
                let Some(hop) = context.hop(before.place, candidate.place) else {
                    continue;
                };
                let cost = (hop.length - straight).abs() + hop.penalty;
                let score = before.score + cost * per_metre;
                if score > best {
                    best = score;
                    candidate.parent = index as u8;
                }
            }
            candidate.score += best;
            best > f32::NEG_INFINITY
        });
    }

    /// Hands out what is settled; with a `lag`, so much that no more layers than that are left.
    pub(super) fn settle(&mut self, lag: usize, take: &mut impl FnMut(Place, &Observation)) {
        while self.layers.len() > lag.max(1) {
            self.follow_the_likeliest();
            if !self.hand_out_common(take) {
                break;
            }
        }
        self.hand_out_common(take);
    }

    /// Hands out everything, along the likeliest way; the chain is empty then.
    pub(super) fn finish(&mut self, take: &mut impl FnMut(Place, &Observation)) {
        if let Some(latest) = self.layers.len().checked_sub(1) {
            self.hand_out(latest, 0, take);
        }
        self.layers.clear();
        self.candidates.clear();
        self.handed_out = false;
    }

    /// Drops all candidates of the latest layer that do not come from the same candidate of the
    /// first layer not handed out as the likeliest does.
    fn follow_the_likeliest(&mut self) {
        let Some(latest) = self.layers.back() else {
            return;
        };
        let count = latest.candidates as usize;
        let first = usize::from(self.handed_out);
        let root = |from: usize| {
            let (mut end, mut index) = (self.candidates.len(), from);
            for layer in self.layers.range(first + 1..).rev() {
                let start = end - layer.candidates as usize;
                index = self.candidates[start + index].parent as usize;
                end = start;
            }
            index
        };
        let likeliest = root(0);
        let keep: Vec<bool> = (0..count).map(|index| root(index) == likeliest).collect();
        let start = self.candidates.len() - count;
        let kept: Vec<Candidate> = self
            .candidates
            .drain(start..)
            .zip(keep)
            .filter_map(|(candidate, keep)| keep.then_some(candidate))
            .collect();
        if let Some(latest) = self.layers.back_mut() {
            latest.candidates = kept.len() as u8;
        }
        self.candidates.extend(kept);
    }

    /// Hands out the layers for which one candidate is left; whether there was one.
    fn hand_out_common(&mut self, take: &mut impl FnMut(Place, &Observation)) -> bool {
        // Which candidates of a layer some way still leads through, from the latest back.
        let Some(latest) = self.layers.back() else {
            return false;
        };
        let mut used: u64 = (1 << latest.candidates) - 1;
        let mut end = self.candidates.len();
        let mut common = None;
        for (depth, layer) in self.layers.iter().enumerate().rev() {
            let start = end - layer.candidates as usize;
            if used.is_power_of_two() {
                common = Some((depth, used.trailing_zeros() as usize));
                break;
            }
            let mut before = 0;
            let mut rest = used;
            while rest != 0 {
                before |= 1 << self.candidates[start + rest.trailing_zeros() as usize].parent;
                rest &= rest - 1;
            }
            (used, end) = (before, start);
        }
        let Some((depth, index)) = common else {
            return false;
        };
        if depth == 0 && self.handed_out {
            return false;
        }
        self.hand_out(depth, index, take);
        true
    }

    /// Hands out the layers up to the one at `depth`, of which candidate `index` is the one.
    fn hand_out(&mut self, depth: usize, index: usize, take: &mut impl FnMut(Place, &Observation)) {
        let counts = self
            .layers
            .range(..=depth)
            .map(|layer| layer.candidates as usize);
        let mut end: usize = counts.sum();
        let mut places = Vec::with_capacity(depth + 1);
        let mut index = index;
        for layer in self.layers.range(..=depth).rev() {
            let start = end - layer.candidates as usize;
            let candidate = self.candidates[start + index];
            places.push(candidate.place);
            (end, index) = (start, candidate.parent as usize);
        }
        let skip = usize::from(self.handed_out);
        for (layer, place) in self
            .layers
            .range(..=depth)
            .zip(places.iter().rev())
            .skip(skip)
        {
            take(*place, &layer.observation);
        }
        let gone: usize = self
            .layers
            .range(..depth)
            .map(|layer| layer.candidates as usize)
            .sum();
        self.candidates.drain(..gone);
        self.layers.drain(..depth);
        self.handed_out = true;
    }
}
