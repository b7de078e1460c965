//! Keeps count of who is away, and raises alarms: once when it begins, again each time the wait
//! has doubled, and once when it is over.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::options::{Clock, OnAlarm};
use crate::outside::{Alarm, Party};

/// The shortest time between two alarms about the same party.
const AGAIN_AFTER: Duration = Duration::from_mins(1);

#[derive(Debug)]
struct Away {
    since_us: i64,
    again_us: i64,
}

/// Watches one party.
pub(crate) struct Watch {
    party: Party,
    away: Mutex<Option<Away>>,
    clock: Clock,
    on_alarm: Option<OnAlarm>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?}, {:?})", self.party, self.away)
    }
}

/// Logs an alarm and hands it to whoever listens.
pub(crate) fn raise(on_alarm: Option<&OnAlarm>, alarm: &Alarm) {
    match alarm {
        Alarm::Away {
            party,
            since,
            backlog,
            reason,
        } => {
            let seconds = since.as_secs();
            tracing::warn!(?party, seconds, backlog, reason, "ledger: away");
        }
        Alarm::Back { party, after } => {
            tracing::info!(?party, seconds = after.as_secs(), "ledger: back");
        }
        Alarm::Torn { bytes, size } => {
            tracing::warn!(bytes, size, "ledger: the torn end was cut off");
        }
        Alarm::Forked { reason } => tracing::error!(reason, "ledger: a witness speaks of a fork"),
    }
    if let Some(listen) = on_alarm {
        listen(alarm);
    }
}

impl Watch {
    pub(crate) fn new(party: Party, clock: &Clock, on_alarm: Option<&OnAlarm>) -> Self {
        Self {
            party,
            away: Mutex::default(),
            clock: Clock::clone(clock),
            on_alarm: on_alarm.cloned(),
        }
    }

    /// It gave no answer.
    pub(crate) fn away(&self, backlog: u64, reason: &str) {
        let now = (self.clock)();
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let known = away.get_or_insert(Away {
            since_us: now,
            again_us: now,
        });
        if now < known.again_us {
            return;
        }
        let waited = now - known.since_us;
        known.again_us = now + waited.max(AGAIN_AFTER.as_micros() as i64);
        drop(away);
        let alarm = Alarm::Away {
            party: self.party,
            since: Duration::from_micros(waited.max(0) as u64),
            backlog,
            reason: reason.to_owned(),
        };
        raise(self.on_alarm.as_ref(), &alarm);
    }

    /// It answered.
    pub(crate) fn here(&self) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(was) = away.take() else { return };
        drop(away);
        let after = ((self.clock)() - was.since_us).max(0) as u64;
        let alarm = Alarm::Back {
            party: self.party,
            after: Duration::from_micros(after),
        };
        raise(self.on_alarm.as_ref(), &alarm);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn alarms_double_their_distance_and_end_with_back() {
        let now = Arc::new(AtomicI64::new(0));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let clock: Clock = {
            let now = Arc::clone(&now);
            Arc::new(move || now.load(Ordering::SeqCst))
        };
        let listen: OnAlarm = {
            let (now, heard) = (Arc::clone(&now), Arc::clone(&heard));
            Arc::new(move |alarm| {
                let minute = now.load(Ordering::SeqCst) / 60_000_000;
                heard.lock().unwrap().push((minute, alarm.clone()));
            })
        };
        let watch = Watch::new(Party::Signer, &clock, Some(&listen));
        watch.here();
        for _ in 0..600 {
            watch.away(7, "no route");
            now.fetch_add(1_000_000, Ordering::SeqCst);
        }
        watch.here();
        watch.here();
        let heard = heard.lock().unwrap();
        let minutes: Vec<i64> = heard.iter().map(|(minute, _)| *minute).collect();
        assert_eq!(minutes, [0, 1, 2, 4, 8, 10]);
        assert!(
            matches!(&heard[5].1, Alarm::Back { party: Party::Signer, after } if after.as_secs() == 600)
        );
    }
}
