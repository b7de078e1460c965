//! Which denials get a ledger entry of their own. Each is recorded, but a flood of them must not
//! fill the disk: of each client (and of all callers that prove nothing together) the first
//! [`SINGLE_MAX`] in a minute are recorded one by one, the rest are counted, and the count is one
//! entry when the minute is over.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::clock::Moment;

/// Denials of one client that are recorded one by one in a window.
pub(crate) const SINGLE_MAX: u32 = 60;
/// A window, microseconds.
pub(crate) const WINDOW_US: i64 = 60_000_000;
/// Clients that are told apart; more share one count. There are as many as the city defines.
const CLIENTS_MAX: usize = 10_000;

/// Counts of the window.
#[derive(Debug, Default)]
pub(crate) struct Denials {
    windows: Mutex<FxHashMap<Box<str>, Window>>,
}

#[derive(Debug)]
struct Window {
    since: Moment,
    single: u32,
    rest: u64,
    last: (&'static str, Moment),
}

/// Denials that were counted and not recorded one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    /// The client, if it was proven.
    pub(crate) client: Option<Box<str>>,
    /// What the last of them was.
    pub(crate) code: &'static str,
    /// When the last of them was.
    pub(crate) last: Moment,
    /// How many there were.
    pub(crate) times: u64,
}

impl Denials {
    /// Whether this one is recorded by itself.
    pub(crate) fn take(&self, client: Option<&str>, code: &'static str, now: Moment) -> bool {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut name = client.unwrap_or_default();
        if windows.len() >= CLIENTS_MAX && !windows.contains_key(name) {
            name = "";
        }
        let window = windows.entry(name.into()).or_insert(Window {
            since: now,
            single: 0,
            rest: 0,
            last: (code, now),
        });
        window.last = (code, now);
        if window.single < SINGLE_MAX {
            window.single += 1;
            return true;
        }
        window.rest += 1;
        false
    }

    /// Ends the windows that are over, or all of them, and gives what was only counted in them.
    pub(crate) fn turn(&self, now: Moment, all: bool) -> Vec<Rest> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = Vec::new();
        windows.retain(|name, window| {
            let over = all || now.0 - window.since.0 >= WINDOW_US;
            if over && window.rest > 0 {
                rest.push(Rest {
                    client: (!name.is_empty()).then(|| name.clone()),
                    code: window.last.0,
                    last: window.last.1,
                    times: window.rest,
                });
            }
            !over
        });
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_every_client_has_its_own_window() {
        let denials = Denials::default();
        let single = (0..1_000_000)
            .filter(|_| denials.take(Some("a"), "token", Moment(5)))
            .count();
        assert_eq!(single, SINGLE_MAX as usize);
        assert!(denials.take(Some("b"), "rate", Moment(6)));
        assert!(denials.take(None, "token", Moment(6)));
        assert_eq!(denials.turn(Moment(7), false), []);
        let rest = denials.turn(Moment(5 + WINDOW_US), false);
        let times = 1_000_000 - u64::from(SINGLE_MAX);
        assert_eq!(
            rest,
            [Rest {
                client: Some("a".into()),
                code: "token",
                last: Moment(5),
                times
            }]
        );
        assert!(
            denials.take(Some("a"), "token", Moment(5 + WINDOW_US)),
            "a new window"
        );
    }
}
