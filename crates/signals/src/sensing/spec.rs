//! What a city has to see its traffic with, as `--sensing` says it.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::Error;

/// Most advance loops in a lane.
const LOOPS_MAX: usize = 8;
/// Longest distance from a stop line that can be asked for, metres.
const FARTHEST: f64 = 10_000.0;
/// How all of it is written, for messages.
const FORMS: &str = "full, detectors[:LOSS][,noise:SHARE][,stuck:SHARE][,at:METRES/…/entry], \
                     probes:SHARE[,error:METRES][,every:SECONDS], \
                     cameras:SHARE[,noise:SHARE][,range:METRES], joined with +; and seed:NUMBER";

/// Loops in the lanes before signals: one at each stop line, and advance loops.
#[derive(Clone, Debug, PartialEq)]
pub struct Detectors {
    /// Share of vehicles that a loop misses, over all loops; each has its own, between half and
    /// one and a half times this.
    pub loss: f64,
    /// Share of counted vehicles that are counted twice.
    pub noise: f64,
    /// Share of loops that are stuck: half of them always occupied, half never, and neither counts.
    pub stuck: f64,
    /// Where the advance loops are, metres from the stop line; where a lane is shorter they are at
    /// its entry, 30 m after its start. Infinite for the entry.
    pub at: Vec<f64>,
}

/// Vehicles that report where they are and how fast.
#[derive(Clone, Debug, PartialEq)]
pub struct Probes {
    /// Share of vehicles that are probes, for their whole lives.
    pub share: f64,
    /// Standard deviation of the place along the lane, metres.
    pub error: f64,
    /// Seconds between two reports of a probe.
    pub every: f64,
}

/// Cameras at the stop lines that count vehicles, and those that wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Cameras {
    /// Share of vehicles that a camera sees.
    pub share: f64,
    /// Standard deviation of a count, as a share of it, anew every second.
    pub noise: f64,
    /// How far back from the stop line it sees, metres.
    pub range: f64,
}

/// What a city has to see its traffic with. Without any of the three it sees everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sensing {
    /// Loops.
    pub detectors: Option<Detectors>,
    /// Probe vehicles.
    pub probes: Option<Probes>,
    /// Cameras.
    pub cameras: Option<Cameras>,
    /// Seed of what is missed, and who is a probe; if not given, the run's.
    pub seed: Option<u64>,
}

impl Sensing {
    /// Everything is seen, without error.
    pub const fn is_full(&self) -> bool {
        self.detectors.is_none() && self.probes.is_none() && self.cameras.is_none()
    }
}

impl Serialize for Sensing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Sensing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        if let Some(loops) = &self.detectors {
            let at: Vec<String> = loops
                .at
                .iter()
                .map(|at| {
                    if at.is_finite() {
                        at.to_string()
                    } else {
                        "entry".to_owned()
                    }
                })
                .collect();
            let mut text = format!("detectors:{}", loops.loss);
            for (key, value, usual) in [("noise", loops.noise, 0.0), ("stuck", loops.stuck, 0.0)] {
                text.push_str(&extra(key, value, usual));
            }
            if loops.at != default_loops() {
                text.push_str(&format!(",at:{}", at.join("/")));
            }
            parts.push(text);
        }
        if let Some(probes) = &self.probes {
            let (error, every) = (
                extra("error", probes.error, 0.0),
                extra("every", probes.every, 1.0),
            );
            parts.push(format!("probes:{}{error}{every}", probes.share));
        }
        if let Some(cameras) = &self.cameras {
            let noise = extra("noise", cameras.noise, 0.0);
            let range = extra("range", cameras.range, CAMERA_RANGE);
            parts.push(format!("cameras:{}{noise}{range}", cameras.share));
        }
        if parts.is_empty() {
            parts.push("full".to_owned());
        }
        if let Some(seed) = self.seed {
            parts.push(format!("seed:{seed}"));
        }
        f.write_str(&parts.join("+"))
    }
}

/// How far a camera sees where nothing is said, metres.
const CAMERA_RANGE: f64 = 150.0;

/// A value that differs from the usual one, as it is written.
fn extra(key: &str, value: f64, usual: f64) -> String {
    if value.total_cmp(&usual).is_eq() {
        String::new()
    } else {
        format!(",{key}:{value}")
    }
}

fn default_loops() -> Vec<f64> {
    vec![f64::INFINITY]
}

/// A part of the text: its name, the value after it, and the keys with values that follow.
struct Part<'a> {
    name: &'a str,
    value: Option<&'a str>,
    options: Vec<(&'a str, &'a str)>,
}

fn fault(message: String) -> Error {
    Error::Sensing(message)
}

impl<'a> Part<'a> {
    fn of(text: &'a str) -> Result<Self, Error> {
        let mut words = text.split(',').map(str::trim);
        let first = words.next().unwrap_or_default();
        let (name, value) = match first.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (first, None),
        };
        let mut options: Vec<(&str, &str)> = Vec::new();
        for word in words {
            let (key, value) = word.split_once(':').ok_or_else(|| {
                fault(format!(
                    "{word:?} after {name:?} has no value; write KEY:VALUE"
                ))
            })?;
            if options.iter().any(|(known, _)| *known == key) {
                return Err(fault(format!("{name:?} has {key:?} twice; say it once")));
            }
            options.push((key, value));
        }
        Ok(Self {
            name,
            value,
            options,
        })
    }

    fn known(&self, keys: &[&str]) -> Result<(), Error> {
        match self.options.iter().find(|(key, _)| !keys.contains(key)) {
            None => Ok(()),
            Some((key, _)) if keys.is_empty() => {
                Err(fault(format!("{:?} takes no {key:?}", self.name)))
            }
            Some((key, _)) => Err(fault(format!(
                "{:?} has no option {key:?}; it has {}",
                self.name,
                keys.join(", ")
            ))),
        }
    }

    fn option(&self, key: &str) -> Option<&'a str> {
        let found = self.options.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| *value)
    }

    fn number(&self, key: &str, usual: f64, from: f64, to: f64) -> Result<f64, Error> {
        self.option(key).map_or(Ok(usual), |text| {
            number(&format!("{} of {}", key, self.name), text, from, to)
        })
    }
}

fn number(what: &str, text: &str, from: f64, to: f64) -> Result<f64, Error> {
    match text.parse::<f64>() {
        Ok(value) if (from..=to).contains(&value) => Ok(value),
        _ => Err(fault(format!(
            "the {what} is {text:?}; it must be a number from {from} to {to}"
        ))),
    }
}

fn detectors(part: &Part<'_>) -> Result<Detectors, Error> {
    part.known(&["loss", "noise", "stuck", "at"])?;
    let loss = match (part.value, part.option("loss")) {
        (Some(_), Some(_)) => {
            return Err(fault(
                "the loss of detectors is given twice; say it once".to_owned(),
            ));
        }
        (Some(text), None) | (None, Some(text)) => number("loss of detectors", text, 0.0, 0.5)?,
        (None, None) => 0.0,
    };
    let at = match part.option("at") {
        None => default_loops(),
        Some("none") => Vec::new(),
        Some(text) => text
            .split('/')
            .map(|at| match at {
                "entry" => Ok(f64::INFINITY),
                at => number("distance of an advance loop", at, 1.0, FARTHEST),
            })
            .collect::<Result<Vec<f64>, Error>>()?,
    };
    if at.len() > LOOPS_MAX {
        return Err(fault(format!(
            "{} advance loops in a lane; at most {LOOPS_MAX}",
            at.len()
        )));
    }
    Ok(Detectors {
        loss,
        noise: part.number("noise", 0.0, 0.0, 1.0)?,
        stuck: part.number("stuck", 0.0, 0.0, 1.0)?,
        at,
    })
}

fn share(part: &Part<'_>, example: &str) -> Result<f64, Error> {
    let Some(text) = part.value else {
        return Err(fault(format!(
            "{} need the share of vehicles that are seen, such as {example}",
            part.name
        )));
    };
    number(&format!("share of {}", part.name), text, 0.001, 1.0)
}

fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), Error> {
    if place.replace(value).is_some() {
        return Err(fault(format!("{name:?} is there twice; say it once")));
    }
    Ok(())
}

impl FromStr for Sensing {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut sensing = Self::default();
        let mut full = false;
        for text in text.split('+') {
            let part = Part::of(text.trim())?;
            match part.name {
                "full" => {
                    part.known(&[])?;
                    if part.value.is_some() {
                        return Err(fault("\"full\" takes no value".to_owned()));
                    }
                    full = true;
                }
                "detectors" => once(&mut sensing.detectors, part.name, detectors(&part)?)?,
                "probes" => {
                    part.known(&["error", "every"])?;
                    let probes = Probes {
                        share: share(&part, "probes:0.1")?,
                        error: part.number("error", 0.0, 0.0, 100.0)?,
                        every: part.number("every", 1.0, 0.1, 300.0)?,
                    };
                    once(&mut sensing.probes, part.name, probes)?;
                }
                "cameras" => {
                    part.known(&["noise", "range"])?;
                    let cameras = Cameras {
                        share: share(&part, "cameras:0.9")?,
                        noise: part.number("noise", 0.0, 0.0, 1.0)?,
                        range: part.number("range", CAMERA_RANGE, 10.0, FARTHEST)?,
                    };
                    once(&mut sensing.cameras, part.name, cameras)?;
                }
                "seed" => {
                    part.known(&[])?;
                    let seed = part
                        .value
                        .and_then(|text| text.parse().ok())
                        .ok_or_else(|| {
                            fault("the seed must be a whole number, such as seed:1".to_owned())
                        })?;
                    once(&mut sensing.seed, part.name, seed)?;
                }
                other => {
                    return Err(fault(format!("there is no {other:?}; there are {FORMS}")));
                }
            }
        }
        if full && !sensing.is_full() {
            return Err(fault(
                "\"full\" sees everything already; leave it or the others out".to_owned(),
            ));
        }
        if !full && sensing.is_full() {
            return Err(fault(format!("nothing is seen with; there are {FORMS}")));
        }
        Ok(sensing)
    }
}
