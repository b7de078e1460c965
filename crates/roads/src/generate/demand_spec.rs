//! Who drives in a generated city, when and where to: the definition file `demand.yaml`.

use serde::{Deserialize, Serialize};

use super::city::{At, Name};
use crate::demand::VehicleType;
use crate::error::Error;

/// The most trips that are made.
const MOST_TRIPS: f64 = 5_000_000.0;

/// Demand of a city between its zones and its gates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandSpec {
    /// Seed of all draws.
    #[serde(default)]
    pub seed: u64,
    /// Time of day at which the simulation starts, `hh:mm`; for people to read.
    #[serde(default)]
    pub starts_at: String,
    /// Seconds over which trips start.
    pub horizon: f64,
    /// Multiplies the number of trips.
    #[serde(default = "one")]
    pub level: f64,
    /// Trips an hour at level 1 where the profile is 1.
    pub trips_per_hour: f64,
    /// How the number of trips changes, linear between these moments; constant if empty.
    #[serde(default)]
    pub profile: Vec<ProfilePoint>,
    /// Shares of trips by where they begin and end.
    #[serde(default)]
    pub shares: Shares,
    /// By how much a destination loses appeal with each minute of driving: the share that is
    /// left after t minutes is exp(−deterrence·t).
    #[serde(default = "deterrence")]
    pub deterrence: f64,
    /// How many opinions drivers have about how fast each link is, and how far they differ
    /// (standard deviation of the logarithm). Each driver takes the way that one opinion holds
    /// to be the fastest.
    #[serde(default)]
    pub route_choice: RouteChoice,
    /// Kinds of vehicle.
    #[serde(default)]
    pub fleet: Vec<FleetSpec>,
    /// Where people live and work.
    pub zones: Vec<ZoneSpec>,
}

const fn one() -> f64 {
    1.0
}

const fn deterrence() -> f64 {
    0.1
}

/// The number of trips at a moment, as a multiple of [`DemandSpec::trips_per_hour`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfilePoint {
    /// Minutes from the start.
    pub minute: f64,
    /// Multiple.
    pub factor: f64,
}

/// Shares of trips by where they begin and end. They are taken in proportion to their sum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// From zone to zone.
    pub within: f64,
    /// From a gate to a zone.
    pub inbound: f64,
    /// From a zone to a gate.
    pub outbound: f64,
    /// From gate to gate.
    pub through: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            within: 0.55,
            inbound: 0.22,
            outbound: 0.13,
            through: 0.10,
        }
    }
}

/// How drivers choose among ways of similar time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteChoice {
    /// Number of opinions.
    pub opinions: u32,
    /// Standard deviation of the logarithm of a link's time between opinions.
    pub spread: f64,
}

impl Default for RouteChoice {
    fn default() -> Self {
        Self {
            opinions: 6,
            spread: 0.25,
        }
    }
}

/// A kind of vehicle and its share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FleetSpec {
    /// A name.
    pub id: String,
    /// Share of trips, in proportion to the sum of shares.
    pub share: f64,
    /// Length, metres.
    pub length: f64,
    /// Width, metres.
    pub width: f64,
    /// Acceleration, m/s².
    pub acceleration: f64,
    /// Usual braking, m/s².
    pub braking: f64,
    /// Strongest braking, m/s².
    pub emergency_braking: f64,
    /// Gap when standing, metres.
    pub min_gap: f64,
    /// Desired speed, m/s.
    pub speed: f64,
    /// Time headway, seconds.
    pub headway: f64,
}

impl Default for FleetSpec {
    fn default() -> Self {
        Self {
            id: "car".to_owned(),
            share: 1.0,
            length: 4.8,
            width: 1.85,
            acceleration: 2.2,
            braking: 3.5,
            emergency_braking: 4.5,
            min_gap: 2.0,
            speed: 22.0,
            headway: 1.4,
        }
    }
}

impl From<&FleetSpec> for VehicleType {
    fn from(spec: &FleetSpec) -> Self {
        Self {
            id: spec.id.clone(),
            length: spec.length,
            width: spec.width,
            max_acceleration: spec.acceleration,
            max_deceleration: spec.emergency_braking,
            usual_acceleration: spec.acceleration,
            usual_deceleration: spec.braking,
            min_gap: spec.min_gap,
            max_speed: spec.speed,
            headway: spec.headway,
        }
    }
}

/// A part of the city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneSpec {
    /// A short name, unique among zones.
    pub id: String,
    /// Its name.
    pub name: Name,
    /// Its middle in the network's plane, metres.
    pub at: At,
    /// Links whose middle is within this distance belong to it, metres.
    pub radius: f64,
    /// Trips that begin here, as a weight.
    #[serde(default)]
    pub homes: f64,
    /// Trips that end here, as a weight.
    #[serde(default)]
    pub jobs: f64,
}

impl DemandSpec {
    pub(super) fn check(&self) -> Result<(), Error> {
        let fault = |what: &str| Err(Error::element("demand", "city", what));
        let at_least_zero = |x: f64| x.is_finite() && x >= 0.0;
        if !(self.horizon.is_finite() && self.horizon > 0.0 && self.horizon <= 604_800.0) {
            return fault("needs a horizon greater than zero and of at most a week, in seconds");
        }
        let rates = [self.level, self.trips_per_hour, self.deterrence];
        let shares = &self.shares;
        let shares = [
            shares.within,
            shares.inbound,
            shares.outbound,
            shares.through,
        ];
        if !rates.iter().chain(&shares).all(|&x| at_least_zero(x)) {
            return fault("needs a level, trips, deterrence and shares of zero or more");
        }
        if shares.iter().sum::<f64>() <= 0.0 {
            return fault("needs one share greater than zero");
        }
        let most = self
            .profile
            .iter()
            .map(|point| point.factor)
            .fold(1.0, f64::max);
        let trips = self.level * self.trips_per_hour * most * self.horizon / 3600.0;
        if trips > MOST_TRIPS {
            return Err(Error::Limit {
                what: "number of trips",
                found: trips as u64,
                limit: MOST_TRIPS as u64,
            });
        }
        let ordered = self
            .profile
            .windows(2)
            .all(|pair| pair[0].minute < pair[1].minute);
        let good = |point: &ProfilePoint| point.minute.is_finite() && at_least_zero(point.factor);
        if !ordered || !self.profile.iter().all(good) {
            return fault("needs a profile in the order of time with factors of zero or more");
        }
        let choice = &self.route_choice;
        if !(1..=100).contains(&choice.opinions) || !(0.0..=2.0).contains(&choice.spread) {
            return fault("needs 1 to 100 opinions on routes with a spread of 0 to 2");
        }
        for kind in &self.fleet {
            VehicleType::from(kind)
                .check()
                .map_err(|message| Error::element("fleet", &kind.id, message))?;
            if !at_least_zero(kind.share) {
                return Err(Error::element(
                    "fleet",
                    &kind.id,
                    "needs a share of zero or more",
                ));
            }
        }
        for zone in &self.zones {
            let numbers = [zone.radius, zone.homes, zone.jobs];
            let place = zone.at.0.is_finite() && zone.at.1.is_finite();
            if !place || !numbers.iter().all(|&x| at_least_zero(x)) {
                let what = "needs a finite place and a radius, homes and jobs of zero or more";
                return Err(Error::element("zone", &zone.id, what));
            }
        }
        Ok(())
    }
}
