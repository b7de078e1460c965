//! What the server sees of the city's traffic: the run's own, and positions that probes send.

mod feeds;
mod records;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use observe::Roads;
use observe::areas::Group;
use observe::live::{Accepted, Live, LiveIndex, Matching, ProbePoint, Query};
use roads::Network;

use crate::problem::Problem;

pub use feeds::{Door, Feed, Message};
pub(crate) use feeds::{FeedReport, Feeds};
use records::Fault;

/// Noise that positions are matched with, metres: that of a phone in a street.
const NOISE_M: f64 = 8.0;
/// Posts of probes worked on or waiting at the same time.
pub(crate) const POSTS_MAX: usize = 8;
/// Bytes of one post.
pub(crate) const POST_BYTES_MAX: usize = 16 << 20;
/// Both sources.
pub(crate) struct Seeing {
    network: Arc<Network>,
    roads: Arc<Roads>,
    districts: Vec<Group>,
    run: Arc<Mutex<Live>>,
    /// Made with the first positions, since a matcher takes a moment.
    probes: Mutex<Option<Live>>,
    /// Held by the post that is worked on, so that posts are taken one after the other.
    matching: Mutex<()>,
    /// One permit for each post.
    pub(crate) posts: Arc<tokio::sync::Semaphore>,
    /// What matches; another thing in tests only.
    work: fn(&mut Matching),
}

/// Why positions are not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A record is wrong; none of the post was taken.
    Record(Fault),
    /// The matcher panicked with them; none was taken, and there is a new one.
    Failed,
    /// No matcher can be made for this network.
    NoMatcher(String),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Record(fault) => Self::new(StatusCode::BAD_REQUEST, fault.to_string()),
            Refusal::Failed => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the matcher failed at these positions, and none of them was taken; there is a new \
                 one: send them again, and if it fails again, in smaller posts to find out where",
            ),
            Refusal::NoMatcher(detail) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("positions cannot be matched to this network: {detail}"),
            ),
        }
    }
}

impl Seeing {
    /// Nothing sent yet; `run` is what watches the run.
    pub(crate) fn new(
        network: Arc<Network>,
        roads: Arc<Roads>,
        districts: Vec<Group>,
        run: Arc<Mutex<Live>>,
    ) -> Self {
        Self {
            network,
            roads,
            districts,
            run,
            probes: Mutex::new(None),
            matching: Mutex::new(()),
            posts: Arc::new(tokio::sync::Semaphore::new(POSTS_MAX)),
            work: Matching::work,
        }
    }

    /// Takes a post of JSON lines, all of it or nothing. Takes time: call it where blocking is
    /// allowed.
    pub(crate) fn take(&self, body: &[u8]) -> Result<Accepted, Refusal> {
        let points: Result<Vec<ProbePoint>, Fault> = records::read(&self.network, body).collect();
        self.take_points(&points.map_err(Refusal::Record)?)
    }

    /// Takes positions, all or none. Takes time, and those who come meanwhile wait.
    fn take_points(&self, points: &[ProbePoint]) -> Result<Accepted, Refusal> {
        let _one = self.matching.lock().unwrap_or_else(PoisonError::into_inner);
        if self.probes_now().is_none() {
            let matcher = observe::matched::matcher(&self.network, NOISE_M);
            let live = matcher.and_then(|matcher| {
                let districts = self.districts.clone();
                Live::new(Arc::clone(&self.roads), districts, Some(matcher))
            });
            let live = live.map_err(|error| Refusal::NoMatcher(error.to_string()))?;
            *self.probes_now() = Some(live);
        }
        // Who asks for the index does not wait for the matcher.
        let begun = self.probes_now().as_mut().map(|live| live.begin(points));
        let Some(Ok((accepted, mut matching))) = begun else {
            return Err(self.begin_again(points, Accepted::default()));
        };
        // After a panic the matcher is given up, whatever it looks like.
        if catch_unwind(AssertUnwindSafe(|| (self.work)(&mut matching))).is_err() {
            tracing::error!(positions = points.len(), "the matcher panicked");
            return Err(self.begin_again(points, accepted));
        }
        if let Some(live) = self.probes_now().as_mut() {
            live.end(matching);
        }
        Ok(accepted)
    }

    /// A new matcher after one that was lost with these positions. What was observed stays.
    fn begin_again(&self, points: &[ProbePoint], accepted: Accepted) -> Refusal {
        let matcher = observe::matched::matcher(&self.network, NOISE_M);
        let mut now = self.probes_now();
        let renewed = matcher.and_then(|matcher| match now.as_mut() {
            Some(live) => live.renew(matcher, points, accepted),
            None => Ok(()),
        });
        if let Err(error) = renewed {
            *now = None;
            return Refusal::NoMatcher(error.to_string());
        }
        Refusal::Failed
    }

    fn probes_now(&self) -> MutexGuard<'_, Option<Live>> {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of all positions sent, and how many vehicles sent them.
    pub(crate) fn probes(&self) -> (Accepted, usize) {
        self.probes_now()
            .as_ref()
            .map_or_else(Default::default, |live| (live.accepted(), live.vehicles()))
    }

    /// The index of the probes, or of the run. Takes time.
    pub(crate) fn index(
        &self,
        of_probes: bool,
        query: &Query,
    ) -> Result<Option<LiveIndex>, observe::Error> {
        // Copied under the lock, measured without it: whoever observes does not wait.
        let view = if of_probes {
            self.probes_now().as_ref().and_then(|live| live.view(query))
        } else {
            let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            run.view(query)
        };
        view.map(|view| view.index(query)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use roads::generate::{GridSpec, grid};

    use super::*;

    fn seeing() -> Seeing {
        let network = Arc::new(grid(&GridSpec::default()).unwrap());
        let roads = Arc::new(Roads::of(&network));
        let run = Live::new(Arc::clone(&roads), Vec::new(), None).unwrap();
        Seeing::new(network, roads, Vec::new(), Arc::new(Mutex::new(run)))
    }

    const BODY: &[u8] = br#"{"vehicle": "a", "t": 25200, "x": 0, "y": -6}
{"vehicle": "a", "t": 25201, "x": 5, "y": -6}"#;

    #[test]
    fn a_matcher_that_panics_is_told_as_a_fault_of_the_server_and_the_same_post_is_taken_after() {
        let mut seeing = seeing();
        seeing.work = |_| panic!("this test's matcher fails");
        let problem = Problem::from(seeing.take(BODY).unwrap_err());
        assert_eq!(problem.status, 503);
        assert!(problem.detail.contains("send them again"), "{problem:?}");
        assert_eq!(seeing.probes().0, Accepted::default());
        seeing.work = Matching::work;
        let taken = seeing.take(BODY).unwrap();
        assert_eq!((taken.received, taken.repeated, taken.refused), (2, 0, 0));
    }

    #[test]
    fn what_was_sent_before_a_panic_is_still_known() {
        let mut seeing = seeing();
        seeing.take(BODY).unwrap();
        seeing.work = |_| panic!("this test's matcher fails");
        let other = br#"{"vehicle": "b", "t": 25201, "x": 5, "y": -6}"#;
        assert!(matches!(seeing.take(other), Err(Refusal::Failed)));
        seeing.work = Matching::work;
        assert_eq!(seeing.take(BODY).unwrap().repeated, 2);
        assert_eq!(seeing.take(other).unwrap().repeated, 0);
    }
}
