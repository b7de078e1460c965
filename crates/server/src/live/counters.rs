//! Numbers for `/metrics`, counted without locks.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::report::Status;

/// What is counted since the server started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Steps of the engine.
    pub(crate) steps: AtomicU64,
    /// Frames of vehicles made.
    pub(crate) frames: AtomicU64,
    /// Messages sent to clients of the live stream.
    pub(crate) messages: AtomicU64,
    /// Bytes sent to clients of the live stream.
    pub(crate) bytes: AtomicU64,
    /// Clients of the live stream now.
    pub(crate) clients: AtomicUsize,
    /// Clients turned away because of the limit.
    pub(crate) refused: AtomicU64,
    /// Runs started after the first.
    pub(crate) restarts: AtomicU64,
    /// Panics of the run that were recovered from.
    pub(crate) panics: AtomicU64,
    /// The live run answers.
    pub(crate) alive: AtomicBool,
    vehicles: AtomicU64,
    delay_index: AtomicU64,
    real_time_factor: AtomicU64,
}

impl Counters {
    /// Takes over the figures of a status.
    pub(crate) fn note(&self, status: &Status) {
        self.vehicles.store(status.running, Ordering::Relaxed);
        self.delay_index
            .store(status.delay_index.to_bits(), Ordering::Relaxed);
        self.real_time_factor
            .store(status.real_time_factor.to_bits(), Ordering::Relaxed);
    }

    /// The exposition format of Prometheus.
    pub(crate) fn prometheus(&self) -> String {
        let count = |value: &AtomicU64| value.load(Ordering::Relaxed) as f64;
        let gauge = |value: &AtomicU64| f64::from_bits(value.load(Ordering::Relaxed));
        let rows = [
            (
                "steps_total",
                "counter",
                "Steps of the traffic engine",
                count(&self.steps),
            ),
            (
                "frames_total",
                "counter",
                "Frames of vehicles made",
                count(&self.frames),
            ),
            (
                "live_messages_total",
                "counter",
                "Messages sent over the live stream",
                count(&self.messages),
            ),
            (
                "live_bytes_total",
                "counter",
                "Bytes sent over the live stream",
                count(&self.bytes),
            ),
            (
                "live_clients",
                "gauge",
                "Clients of the live stream",
                self.clients.load(Ordering::Relaxed) as f64,
            ),
            (
                "live_refused_total",
                "counter",
                "Clients turned away because of the limit",
                count(&self.refused),
            ),
            (
                "run_restarts_total",
                "counter",
                "Runs started after the first",
                count(&self.restarts),
            ),
            (
                "run_panics_total",
                "counter",
                "Panics of the run that were recovered from",
                count(&self.panics),
            ),
            (
                "vehicles",
                "gauge",
                "Vehicles on the network",
                count(&self.vehicles),
            ),
            (
                "delay_index",
                "gauge",
                "Actual divided by free-flow travel time",
                gauge(&self.delay_index),
            ),
            (
                "real_time_factor",
                "gauge",
                "Simulated seconds in a real second",
                gauge(&self.real_time_factor),
            ),
        ];
        let mut text = String::with_capacity(2048);
        for (name, kind, help, value) in rows {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "# HELP citybrain_{name} {help}\n# TYPE citybrain_{name} {kind}\n\
                 citybrain_{name} {value}\n"
            );
        }
        text
    }
}
