//! The binary messages of the live stream; docs/live-protocol.md is their contract.

use bytes::{BufMut, Bytes, BytesMut};
use roads::{Aspect, Network};

use super::interpolate::Trail;
use super::snapshot::Snapshot;
use super::tracks::Tracks;
use crate::geo::{Bounds, mercator};

/// First byte of a message of vehicles.
pub(crate) const VEHICLES: u8 = 1;
/// First byte of a message of links.
pub(crate) const LINKS: u8 = 2;
/// First byte of a message of signals.
pub(crate) const SIGNALS: u8 = 3;

/// Bytes before the first vehicle.
const VEHICLES_HEADER: usize = 32;
/// Bytes of a vehicle.
const VEHICLE: usize = 16;
/// Speed below which a vehicle counts as waiting, m/s; the engine's own threshold.
pub(crate) const WAITING_SPEED: f32 = 0.1;
/// Bit of a vehicle's flags: it waits.
const FLAG_WAITING: u8 = 1;
/// Bit of a vehicle's flags: it is on an emergency mission.
const FLAG_EMERGENCY: u8 = 2;

/// What is shown of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkState {
    /// Speed ÷ free speed × 200; 255 without vehicles.
    pub(crate) ratio: u8,
    /// Vehicles, up to 255.
    pub(crate) count: u8,
    /// Waiting vehicles, up to 255.
    pub(crate) waiting: u8,
}

/// What is shown of a movement group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupState {
    /// Index of the turn.
    pub(crate) group: u32,
    /// What it is shown.
    pub(crate) aspect: Aspect,
    /// The signal's phase; 255 when it has none.
    pub(crate) phase: u8,
    /// Seconds until the phase ends; 65535 when unknown.
    pub(crate) remaining: u16,
}

/// The number of an aspect in messages.
pub(crate) const fn aspect_code(aspect: Aspect) -> u8 {
    match aspect {
        Aspect::Red => 0,
        Aspect::Yellow => 1,
        Aspect::Permissive => 2,
        Aspect::Protected => 3,
    }
}

/// All vehicles a share (0 to 1) of the way from `before` to `after`, at simulated second `t`;
/// `emergencies` are the numbers of those on missions.
pub(crate) fn vehicles(
    network: &Network,
    tracks: &Tracks,
    (before, after): (&Snapshot, &Snapshot),
    (share, t): (f32, f64),
    emergencies: &[u32],
) -> Bytes {
    let movers = after.movers();
    let interval = (after.time() - before.time()) as f32;
    let mut out = BytesMut::with_capacity(VEHICLES_HEADER + movers.len() * VEHICLE);
    out.put_u8(VEHICLES);
    out.put_bytes(0, 3);
    out.put_u32_le(movers.len() as u32);
    out.put_f64_le(t);
    out.put_f64_le(tracks.origin()[0]);
    out.put_f64_le(tracks.origin()[1]);
    for mover in movers {
        let earlier = before.find(mover.id);
        let spot = match earlier {
            Some(earlier) => Trail::between(network, tracks, earlier, mover).map_or_else(
                || tracks.spot(mover.place, mover.distance, mover.lateral),
                |trail| trail.spot(tracks, share),
            ),
            None => Trail::entering(mover, interval).spot(tracks, share),
        };
        let was = earlier.map_or(mover.speed, |earlier| earlier.speed);
        let speed = was + (mover.speed - was) * share;
        out.put_u32_le(mover.id);
        out.put_f32_le(spot.x);
        out.put_f32_le(spot.y);
        out.put_u8(heading(spot.forward));
        out.put_u8((speed * 5.0).round() as u8);
        out.put_u8((mover.length * 5.0).round() as u8);
        let waits = u8::from(mover.speed < WAITING_SPEED) * FLAG_WAITING;
        let hurries = u8::from(emergencies.contains(&mover.id)) * FLAG_EMERGENCY;
        out.put_u8(waits | hurries);
    }
    out.freeze()
}

/// A direction (y to the south) as 256 to the circle, 0 = east, counter-clockwise.
fn heading(forward: [f32; 2]) -> u8 {
    let turns = (-forward[1]).atan2(forward[0]) / std::f32::consts::TAU;
    (turns * 256.0).round().rem_euclid(256.0) as u8
}

/// A rectangle of the map in map units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    low: [f32; 2],
    high: [f32; 2],
}

/// How far beyond the view vehicles are still sent, as a share of its size.
const VIEW_MARGIN: f32 = 0.2;

impl View {
    /// The rectangle around `bounds` with a margin.
    pub(crate) fn new(tracks: &Tracks, bounds: Bounds) -> Self {
        let low = tracks.map_units(mercator(bounds.west, bounds.north));
        let high = tracks.map_units(mercator(bounds.east, bounds.south));
        let margin = [
            (high[0] - low[0]) * VIEW_MARGIN,
            (high[1] - low[1]) * VIEW_MARGIN,
        ];
        Self {
            low: [low[0] - margin[0], low[1] - margin[1]],
            high: [high[0] + margin[0], high[1] + margin[1]],
        }
    }

    fn contains(&self, x: f32, y: f32) -> bool {
        x >= self.low[0] && x <= self.high[0] && y >= self.low[1] && y <= self.high[1]
    }
}

/// A message of vehicles without those outside the view.
pub(crate) fn within(message: &Bytes, view: &View) -> Bytes {
    let (Some(header), Some(body)) = (
        message.get(..VEHICLES_HEADER),
        message.get(VEHICLES_HEADER..),
    ) else {
        return message.clone();
    };
    let mut out = BytesMut::with_capacity(message.len());
    out.put_slice(header);
    let (vehicles, _) = body.as_chunks::<VEHICLE>();
    let mut count = 0_u32;
    for vehicle in vehicles {
        let &[_, _, _, _, x0, x1, x2, x3, y0, y1, y2, y3, ..] = vehicle;
        let x = f32::from_le_bytes([x0, x1, x2, x3]);
        let y = f32::from_le_bytes([y0, y1, y2, y3]);
        if view.contains(x, y) {
            out.put_slice(vehicle);
            count += 1;
        }
    }
    out[4..8].copy_from_slice(&count.to_le_bytes());
    out.freeze()
}

/// The links whose state differs from `sent` (all without one); `None` when there are none.
pub(crate) fn links(states: &[LinkState], sent: Option<&[LinkState]>) -> Option<Bytes> {
    let mut out = BytesMut::with_capacity(8 + states.len() * 8);
    header(&mut out, LINKS);
    let mut count = 0_u32;
    for (index, state) in states.iter().enumerate() {
        if sent.and_then(|sent| sent.get(index)) != Some(state) {
            out.put_u32_le(index as u32);
            out.put_slice(&[state.ratio, state.count, state.waiting, 0]);
            count += 1;
        }
    }
    finish(out, count)
}

/// The groups whose state differs from `sent` (all without one); `None` when there are none.
pub(crate) fn signals(states: &[GroupState], sent: Option<&[GroupState]>) -> Option<Bytes> {
    let mut out = BytesMut::with_capacity(8 + states.len() * 8);
    header(&mut out, SIGNALS);
    let mut count = 0_u32;
    for (index, state) in states.iter().enumerate() {
        if sent.and_then(|sent| sent.get(index)) != Some(state) {
            out.put_u32_le(state.group);
            out.put_u8(aspect_code(state.aspect));
            out.put_u8(state.phase);
            out.put_u16_le(state.remaining);
            count += 1;
        }
    }
    finish(out, count)
}

fn header(out: &mut BytesMut, kind: u8) {
    out.put_u8(kind);
    out.put_bytes(0, 7);
}

fn finish(mut out: BytesMut, count: u32) -> Option<Bytes> {
    (count > 0).then(|| {
        out[4..8].copy_from_slice(&count.to_le_bytes());
        out.freeze()
    })
}
