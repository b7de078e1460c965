//! What the server sees of the city's traffic: the run's own, and positions that probes send.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use observe::Roads;
use observe::areas::Group;
use observe::live::{Accepted, Live, LiveIndex, ProbePoint, Query};
use roads::{Network, Point};
use serde::Deserialize;

/// Noise that positions are matched with, metres: that of a phone in a street.
const NOISE_M: f64 = 8.0;
/// Posts of probes worked on or waiting at the same time.
pub(crate) const POSTS_MAX: usize = 8;
/// Bytes of one post.
pub(crate) const POST_BYTES_MAX: usize = 16 << 20;
/// Positions of one post.
const POINTS_MAX: usize = 200_000;
/// Bytes of a vehicle's name.
const NAME_BYTES_MAX: usize = 128;
/// The latest time of a position, seconds: thousands of years after any clock's beginning.
const TIME_MAX: f64 = 1e11;

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
}

/// A position as it is sent: in degrees, or in metres of the network's plane.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    vehicle: String,
    #[serde(default)]
    seq: Option<u64>,
    t: f64,
    #[serde(default)]
    lon: Option<f64>,
    #[serde(default)]
    lat: Option<f64>,
    #[serde(default)]
    x: Option<f64>,
    #[serde(default)]
    y: Option<f64>,
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
        }
    }

    /// Takes a post of JSON lines, all of it or nothing. Takes time: call it where blocking is
    /// allowed.
    pub(crate) fn take(&self, body: &[u8]) -> Result<Accepted, String> {
        let points = self.points(body)?;
        let _one = self.matching.lock().unwrap_or_else(PoisonError::into_inner);
        if self.probes_now().is_none() {
            let matcher = observe::matched::matcher(&self.network, NOISE_M);
            let live = matcher.and_then(|matcher| {
                let districts = self.districts.clone();
                Live::new(Arc::clone(&self.roads), districts, Some(matcher))
            });
            *self.probes_now() = Some(live.map_err(|error| error.to_string())?);
        }
        // Who asks for the index does not wait for the matcher.
        let begun = self.probes_now().as_mut().map(|live| live.begin(&points));
        let Some(Ok((accepted, mut matching))) = begun else {
            // The matcher went with a post that panicked: the next has a new one.
            *self.probes_now() = None;
            return Err("the matcher failed; send the positions again".to_owned());
        };
        matching.work();
        if let Some(live) = self.probes_now().as_mut() {
            live.end(matching);
        }
        Ok(accepted)
    }

    fn probes_now(&self) -> MutexGuard<'_, Option<Live>> {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn points(&self, body: &[u8]) -> Result<Vec<ProbePoint>, String> {
        let mut points = Vec::new();
        for (number, line) in body.split(|&byte| byte == b'\n').enumerate() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if points.len() == POINTS_MAX {
                return Err(format!("there are more than {POINTS_MAX} positions"));
            }
            let line = serde_json::from_slice::<Line>(line)
                .map_err(|error| error.to_string())
                .and_then(|line| self.point(&line))
                .map_err(|error| format!("line {}: {error}", number + 1))?;
            points.push(line);
        }
        Ok(points)
    }

    fn point(&self, line: &Line) -> Result<ProbePoint, String> {
        if line.vehicle.is_empty() || line.vehicle.len() > NAME_BYTES_MAX {
            return Err(format!("vehicle must have 1 to {NAME_BYTES_MAX} bytes"));
        }
        if !(0.0..=TIME_MAX).contains(&line.t) {
            return Err(format!(
                "t is {:e}; it must be seconds of a clock, from 0 to {TIME_MAX:e}",
                line.t
            ));
        }
        let point = match (line.lon, line.lat, line.x, line.y) {
            (Some(lon), Some(lat), None, None) => {
                let Some(place) = self.network.georeference else {
                    return Err(
                        "the network has no place on the globe: send x and y in metres".to_owned(),
                    );
                };
                place.to_local(lon, lat)
            }
            (None, None, Some(x), Some(y)) => Point::new(x, y),
            _ => return Err("send lon and lat in degrees, or x and y in metres".to_owned()),
        };
        Ok(ProbePoint {
            vehicle: observe::live::vehicle_of(&line.vehicle),
            sequence: line.seq,
            time: line.t,
            point,
        })
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
