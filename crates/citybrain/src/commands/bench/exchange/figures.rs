//! Latencies, and CPU time by what threads do.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// Ticks of the system's CPU clock in a second (proc(5)); Linux has had 100 since long ago.
const TICKS_PER_SECOND: u64 = 100;

/// Latencies, microseconds.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Latencies {
    pub(super) count: usize,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) p999_us: f64,
    pub(super) max_us: f64,
}

impl Latencies {
    /// Of these, in microseconds.
    pub(super) fn of(mut latencies: Vec<f32>) -> Self {
        latencies.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| {
            let place = (latencies.len() as f64 * share) as usize;
            latencies
                .get(place.min(latencies.len().saturating_sub(1)))
                .map_or(0.0, |us| f64::from(*us))
        };
        Self {
            count: latencies.len(),
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: at(1.0),
        }
    }
}

/// Microseconds, for the lists.
pub(super) fn micros(time: Duration) -> f32 {
    time.as_secs_f32() * 1e6
}

/// CPU time by the names of threads: ticks, or microseconds a request.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Threads(BTreeMap<String, f64>);

impl Threads {
    /// As it is now, in ticks; empty where the system does not say.
    pub(super) fn now() -> Self {
        let mut ticks: BTreeMap<String, f64> = BTreeMap::new();
        let tasks = std::fs::read_dir("/proc/self/task")
            .into_iter()
            .flatten()
            .flatten();
        for task in tasks {
            let Ok(stat) = std::fs::read_to_string(task.path().join("stat")) else {
                continue;
            };
            let Some((begin, rest)) = stat.rsplit_once(')') else {
                continue;
            };
            let name = begin.split_once('(').map_or("", |(_, name)| name);
            // Fields 14 and 15, user and system time; field 3 is the first of `rest`.
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let field = |at: usize| {
                fields
                    .get(at)
                    .and_then(|text| text.parse::<f64>().ok())
                    .unwrap_or(0.0)
            };
            *ticks.entry(name.to_owned()).or_default() += field(11) + field(12);
        }
        Self(ticks)
    }

    /// What has been used since `before`, in microseconds a request.
    pub(super) fn since(&self, before: &Self, requests: u64) -> Self {
        let us = 1e6 / TICKS_PER_SECOND as f64 / requests.max(1) as f64;
        let used = self.0.iter().map(|(name, ticks)| {
            let used = (ticks - before.0.get(name).copied().unwrap_or(0.0)) * us;
            (name.clone(), (used * 10.0).round() / 10.0)
        });
        Self(used.filter(|(_, used)| *used > 0.0).collect())
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self
            .0
            .iter()
            .map(|(name, us)| format!("{name} {us:.1}"))
            .collect();
        write!(f, "{} µs", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_are_below() {
        let shown = |latencies: &Latencies| {
            format!(
                "{} {} {}",
                latencies.p50_us, latencies.p99_us, latencies.max_us
            )
        };
        assert_eq!(
            shown(&Latencies::of((0_u16..1000).rev().map(f32::from).collect())),
            "500 990 999"
        );
        assert_eq!(shown(&Latencies::of(Vec::new())), "0 0 0");
    }
}
