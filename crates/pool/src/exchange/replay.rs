//! Tokens that have been used: each is good for one call.
//!
//! A token lives at most a minute, so only the last two windows need to be remembered: two
//! generations of a set, in shards so that calls do not wait for each other. Memory is bounded;
//! when a shard is full, calls are refused rather than replays let through.

use std::sync::Mutex;

use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::Xxh3Builder;

use crate::clock::Moment;

/// Shards, so that calls on different threads seldom meet.
const SHARDS: usize = 64;

/// Most tokens remembered in one generation of one shard: 64 × 65,536 × 2 in all, about 200 MB at
/// the very most, and 30,000 calls a second for as long as a generation lasts.
const SHARD_TOKENS_MAX: usize = 65_536;

/// What a token's use came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is the first.
    First,
    /// It has been used before.
    Again,
    /// It cannot be remembered, so it cannot be let through.
    Full,
}

/// The tokens of the last windows.
#[derive(Debug)]
pub(crate) struct Replay {
    shards: Vec<Mutex<Shard>>,
    window_us: i64,
    seed: u64,
}

#[derive(Debug, Default)]
struct Shard {
    now: FxHashSet<u128>,
    before: FxHashSet<u128>,
    since: i64,
}

impl Replay {
    /// Remembers each token for at least `window_us` microseconds. `seed` keeps others from
    /// finding two names that fall together.
    pub(crate) fn new(window_us: i64, seed: u64) -> Self {
        let shards = std::iter::repeat_with(Mutex::default)
            .take(SHARDS)
            .collect();
        Self {
            shards,
            window_us: window_us.max(1),
            seed,
        }
    }

    /// Uses the token `id` of `client` up.
    pub(crate) fn take(&self, client: &str, id: &str, now: Moment) -> Use {
        let name = self.name(client, id);
        let shard = &self.shards[(name as usize) % SHARDS];
        // A panic of another thread leaves the sets as they were.
        let mut shard = shard
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        shard.turn(now.0, self.window_us);
        if shard.before.contains(&name) {
            return Use::Again;
        }
        if shard.now.len() >= SHARD_TOKENS_MAX && !shard.now.contains(&name) {
            return Use::Full;
        }
        if shard.now.insert(name) {
            Use::First
        } else {
            Use::Again
        }
    }

    fn name(&self, client: &str, id: &str) -> u128 {
        let mut hasher = Xxh3Builder::new().with_seed(self.seed).build();
        hasher.update(&(client.len() as u64).to_le_bytes());
        hasher.update(client.as_bytes());
        hasher.update(id.as_bytes());
        hasher.digest128()
    }
}

impl Shard {
    fn turn(&mut self, now: i64, window: i64) {
        let age = now - self.since;
        if age < window {
            return;
        }
        if age >= 2 * window {
            self.now.clear();
        }
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.clear();
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: i64 = 70_000_000;

    #[test]
    fn a_token_is_good_once_for_at_least_the_window() {
        let replay = Replay::new(WINDOW, 1);
        assert_eq!(replay.take("a", "1", Moment(0)), Use::First);
        for at in [0, 1, WINDOW - 1, WINDOW, WINDOW + 1] {
            assert_eq!(replay.take("a", "1", Moment(at)), Use::Again, "{at}");
        }
        assert_eq!(
            replay.take("b", "1", Moment(0)),
            Use::First,
            "another client's"
        );
        assert_eq!(
            replay.take("a1", "", Moment(0)),
            Use::First,
            "names do not run together"
        );
    }

    #[test]
    fn old_tokens_are_forgotten_and_memory_is_bounded() {
        let replay = Replay::new(WINDOW, 1);
        let full = (0..SHARDS * SHARD_TOKENS_MAX * 2)
            .find(|id| replay.take("a", &id.to_string(), Moment(5)) == Use::Full);
        let full = full.expect("a bound is met");
        assert!(full > SHARDS * SHARD_TOKENS_MAX / 2);
        assert_eq!(
            replay.take("a", &full.to_string(), Moment(5 + 2 * WINDOW)),
            Use::First
        );
    }
}
