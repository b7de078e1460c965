//! What a run costs: CPU time, wall time and memory, as the operating system counts them.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::time::{ClockId, clock_gettime};

/// CPU time of this process so far, user and system, all threads.
pub(crate) fn process_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .map(Duration::from)
        .unwrap_or_default()
}

/// CPU time of all child processes that have ended, user and system.
pub(crate) fn children_cpu() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return Duration::ZERO;
    };
    let seconds = |time: TimeVal| Duration::from_micros(time.num_microseconds().max(0) as u64);
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// Largest resident memory of the process since its start or the last [`reset_peak_memory`],
/// bytes; 0 when unknown.
pub(crate) fn peak_memory() -> u64 {
    status_line("VmHWM:").unwrap_or_else(|| {
        // Kilobytes everywhere but on macOS.
        let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
        getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss().max(0) as u64 * unit)
    })
}

/// Resident memory of the process now, bytes; 0 when unknown.
pub(crate) fn memory() -> u64 {
    status_line("VmRSS:").unwrap_or(0)
}

/// Lets [`peak_memory`] count from now on. Where the system cannot, it goes on counting from the
/// start.
pub(crate) fn reset_peak_memory() {
    // proc(5): 5 resets the peak resident set size.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A line of Linux's `/proc/self/status`, in bytes.
fn status_line(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Adds up wall and CPU time of a stretch of work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    /// Starts.
    pub(crate) fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: process_cpu(),
        }
    }

    /// Wall time since the start.
    pub(crate) fn wall(self) -> Duration {
        self.wall.elapsed()
    }

    /// CPU time of the process since the start.
    pub(crate) fn cpu(self) -> Duration {
        process_cpu().saturating_sub(self.cpu)
    }
}

/// Median, least and greatest of repeated measurements.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Spread {
    /// The middle one.
    pub(crate) median: f64,
    /// The least.
    pub(crate) min: f64,
    /// The greatest.
    pub(crate) max: f64,
}

impl Spread {
    /// Of these; `None` of none.
    pub(crate) fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let (&min, &max) = (samples.first()?, samples.last()?);
        let middle = samples.len() / 2;
        let median = if samples.len().is_multiple_of(2) {
            f64::midpoint(samples[middle - 1], samples[middle])
        } else {
            samples[middle]
        };
        Some(Self { median, min, max })
    }
}

/// Mean of these; 0 of none.
pub(crate) fn mean(samples: &[f64]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// Standard deviation of a sample (n − 1); `None` for fewer than two.
pub(crate) fn deviation(samples: &[f64]) -> Option<f64> {
    if samples.len() < 2 {
        return None;
    }
    let mean = mean(samples);
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    Some((squares / (samples.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0, 10.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (2.5, 1.0, 10.0));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        assert_eq!(deviation(&[1.0, 3.0]), Some(2.0_f64.sqrt()));
        assert_eq!(deviation(&[1.0]), None);
    }

    #[test]
    fn work_costs_cpu_time_and_memory() {
        let watch = Stopwatch::start();
        let mut sum = 0_u64;
        while watch.cpu() < Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(watch.wall() >= Duration::from_millis(1));
        assert!(peak_memory() > 0);
    }
}
