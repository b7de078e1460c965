//! Limits and times of a cluster, each with its unit.

use std::time::Duration;

/// Most bytes of one message between its parts; a plan with its files and overlay is one.
pub const MESSAGE_BYTES_MAX: u32 = 256 << 20;
/// Memory that an executor's tasks use together, unless it is told otherwise.
pub const EXECUTOR_MEMORY_BYTES: u64 = 4 << 30;
/// How often executors tell the scheduler that they live.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// After how long without that the scheduler gives their tasks to others, unless told otherwise.
pub const EXECUTOR_TIMEOUT: Duration = Duration::from_secs(20);
/// How long an executor waits for its scheduler when it starts.
pub const SCHEDULER_WAIT: Duration = Duration::from_secs(30);
/// How long the scheduler keeps a finished question's results for those who asked.
pub const RESULTS_KEPT: Duration = Duration::from_mins(5);
/// How often a question is handed in when parts of the cluster fail.
pub const ATTEMPTS: u32 = 3;
/// The pause between two attempts.
pub const ATTEMPT_PAUSE: Duration = Duration::from_secs(1);
/// Most connections to one executor that are kept for later.
pub const IDLE_CONNECTIONS_MAX: usize = 16;
/// Most executors to which connections are kept.
pub const IDLE_EXECUTORS_MAX: usize = 1_024;
