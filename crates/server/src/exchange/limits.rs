//! The exchange's limits, each with its unit.

use std::time::Duration;

/// Most bytes of a look-up's body.
pub const LOOK_UP_BYTES_MAX: usize = 64 << 10;
/// Most bytes of a batch's body.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// Most bytes of pushed records.
pub const RECORDS_BYTES_MAX: usize = 64 << 20;
/// How long a client may take to send a look-up's or a batch's body.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a client may take to send records.
pub const RECORDS_TIME_MAX: Duration = Duration::from_mins(2);
/// Most calls that are worked on at a time; further ones are told to come again.
pub const CALLS_MAX: usize = 4_096;
/// Most pushes of records that are worked on at a time: each holds its body in memory.
pub const PUSHES_MAX: usize = 8;
/// Most streams of changes at a time.
pub const STREAMS_MAX: usize = 1_024;
/// How long a stream of changes lasts; the client comes back with a new token and its cursor.
pub const STREAM_LIFE_MAX: Duration = Duration::from_hours(1);
/// How often a stream without changes says that it is still there.
pub const STREAM_BEAT: Duration = Duration::from_secs(15);
/// Most bytes of a tile file.
pub const TILE_BYTES_MAX: u64 = 64 << 10;
/// Most bytes of an idempotency key.
pub const IDEMPOTENCY_BYTES_MAX: usize = 200;
