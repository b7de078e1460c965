//! What a run says about itself: the bodies of the API's answers.

use serde::Serialize;
use utoipa::ToSchema;

/// What the safety envelope had to do since the run started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Safety {
    /// Times that something else was shown than the controller asked for.
    pub overrides: u64,
    /// Times that a signal fell back to its own plan because the controller was late or silent.
    pub fallbacks: u64,
    /// Signals that follow their own plan now because of that.
    pub in_fallback: u64,
}

/// The figures of the moment. Speeds are m/s, times seconds.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// Number of the run since the server started, from 1.
    pub run: u64,
    /// Simulated seconds since the start of the run.
    pub t: f64,
    /// Simulated time of day, `HH:MM:SS`.
    pub clock: String,
    /// Whether time stands still.
    pub paused: bool,
    /// Simulated seconds wanted in a real second.
    pub speed: f64,
    /// Id of the controller.
    pub controller: String,
    /// Demand level.
    pub demand: f64,
    /// Vehicles on the network.
    pub running: u64,
    /// Vehicles that reached the end of their route.
    pub finished: u64,
    /// Vehicles that wait outside for room to enter.
    pub waiting_to_enter: u64,
    /// Space-mean speed over about the last minute: distance driven ÷ time spent by all vehicles
    /// on the network; `null` while nobody drives.
    pub mean_speed: Option<f64>,
    /// Time spent ÷ time the same distance takes at free flow, over about the last minute; from 1
    /// to 40.
    pub delay_index: f64,
    /// Vehicles finished in an hour at the pace of the last five minutes.
    pub throughput_per_hour: f64,
    /// Mean over all created vehicles of (finish or now) − creation, seconds.
    pub att_engine: f64,
    /// Simulated seconds in a real second as measured; less than `speed` when the machine cannot
    /// keep up.
    pub real_time_factor: f64,
    /// The safety envelope.
    pub safety: Safety,
}

/// Figures once a simulated minute since the start of the run.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct History {
    /// Names of the values of a row.
    #[schema(value_type = Vec<String>)]
    pub columns: [&'static str; 7],
    /// One row a minute; `null` where there is no value.
    #[schema(value_type = Vec<Vec<Option<f64>>>)]
    pub rows: Vec<[Option<f64>; 7]>,
    /// `[t, id]`: when which controller took over.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    pub changes: Vec<(f64, String)>,
}

/// Names of the values of a row of [`History`].
pub(crate) const HISTORY_COLUMNS: [&str; 7] = [
    "t",
    "running",
    "finished",
    "waiting_to_enter",
    "mean_speed",
    "delay_index",
    "throughput_per_hour",
];

/// A link and its traffic. Lengths are metres, speeds m/s.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LinkReport {
    /// Index in the network.
    pub index: u32,
    /// Name in the source file.
    pub id: String,
    /// The street's name.
    pub name: Option<String>,
    /// Kind of road.
    #[schema(value_type = String)]
    pub class: roads::model::RoadClass,
    /// Number of lanes.
    pub lanes: u32,
    /// Index of its innermost lane; the others follow.
    pub first_lane: u32,
    /// Indices of its lanes that are closed.
    pub closed_lanes: Vec<u32>,
    /// Length.
    pub length: f64,
    /// Speed limit of its fastest lane.
    pub limit: f64,
    /// Space-mean speed over about the last minute; `null` when nobody drove there.
    pub speed: Option<f64>,
    /// Speed of free flow: the limit, or the fastest vehicle's desired speed if that is lower.
    pub free_speed: f64,
    /// Vehicles on it.
    pub count: u32,
    /// Vehicles on it slower than 0.1 m/s.
    pub waiting: u32,
    /// Vehicles past its stop line in an hour at the pace of about the last five minutes.
    pub flow_per_hour: f64,
    /// Longitude and latitude of its middle.
    pub centre: [f64; 2],
    /// `[t, speed, mean count, flow per hour]` of each of the last simulated minutes.
    #[schema(value_type = Vec<Vec<Option<f64>>>)]
    pub history: Vec<[Option<f64>; 4]>,
}

/// A phase of a signal's plan.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PhaseReport {
    /// Position in the plan.
    pub index: u32,
    /// Its name, or its number from 1.
    pub name: String,
    /// Duration in the plan, seconds.
    pub duration: f64,
    /// Movement groups that have green.
    pub green: Vec<u32>,
}

/// A movement group of a signal: a turn with its approach lanes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GroupReport {
    /// Index of the turn.
    pub index: u32,
    /// Street (or id of the link) it comes from.
    pub from: String,
    /// Street (or id of the link) it goes to.
    pub to: String,
    /// Index of the link it comes from.
    pub from_link: u32,
    /// Index of the link it goes to.
    pub to_link: u32,
    /// Which way it goes.
    #[schema(value_type = String)]
    pub direction: roads::Direction,
    /// Direction of travel at the stop line, degrees clockwise from north.
    pub bearing: f64,
    /// What it is shown now.
    #[schema(value_type = String)]
    pub aspect: roads::Aspect,
    /// Waiting vehicles (slower than 0.1 m/s) that are going to take it.
    pub queue: u32,
    /// All vehicles on its approach that are going to take it.
    pub count: u32,
    /// Vehicles an hour that can pass while it has green: 1,900 a lane, 5 % less on the left, 15 %
    /// less on the right (Highway Capacity Manual, base rate and turn factors); lanes shared with
    /// other groups count by their share.
    pub saturation_flow: f64,
}

/// A signal as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SignalReport {
    /// Index in the network.
    pub index: u32,
    /// Name in the source file.
    pub id: String,
    /// Names of the junctions it controls.
    pub junctions: Vec<String>,
    /// Longitude and latitude of its middle.
    pub centre: [f64; 2],
    /// The phase it shows or is changing to; `null` without a plan.
    pub phase: Option<u32>,
    /// Seconds since it shows this phase in full; 0 while it is changing.
    pub elapsed: f64,
    /// Whether it is changing: yellow or all red.
    pub clearing: bool,
    /// Seconds until the phase ends, where that is known.
    pub remaining: Option<f64>,
    /// Id of the controller.
    pub controller: String,
    /// Its plan.
    pub phases: Vec<PhaseReport>,
    /// Its movement groups.
    pub groups: Vec<GroupReport>,
    /// `[t, phase]` of the last changes of phase.
    #[schema(value_type = Vec<Vec<Option<f64>>>)]
    pub history: Vec<(f64, Option<u32>)>,
}
