//! Sensing: what a city can see its traffic with, and what it makes of that.
//!
//! [`Sensing`] says what there is: loops in the lanes, probe vehicles, cameras, several of them, or
//! everything. [`Sensed`] is a plant around a plant. Every tick its sensors take their samples of
//! what is really on the street, with the faults that they are said to have, and an estimator makes
//! of these samples, and of what the signals show, what a controller is handed as its
//! [`crate::Observation`]. So every controller works with every sensing, and knows no more than it
//! tells.
//!
//! The estimator keeps of each lane the vehicles expected at the stop line, tick by tick, and the
//! queue there (`lane`). They move as in a store-and-forward model: after Gazis and Potts, *The
//! oversaturated intersection*, 1963; what crosses a stop line in green comes to the lanes beyond,
//! by the shares learnt (`learn`). What sensors say corrects it:
//!
//! - a **loop**'s counts, as measurements of a probability hypothesis density: Mahler, *Multitarget
//!   Bayes filtering via first-order multitarget moments*, IEEE Transactions on Aerospace and
//!   Electronic Systems 39(4), 2003. A count claims a vehicle of those expected about then; who was
//!   expected and has not been counted stays with the probability that the loop has missed him. An
//!   empty stop line, in red as in green, says that nobody waits there;
//! - a **probe** that stands tells how many stand before it by its distance: Comert and Cetin,
//!   *Queue length estimation from probe vehicle location and the impacts of sample size*, European
//!   Journal of Operational Research 197(1), 2009. Which share of vehicles are probes is learnt from
//!   how many of those before it are: Wong, Shen, Zhao and Liu, *On the estimation of connected
//!   vehicle penetration rate based on single-source connected vehicle data*, Transportation
//!   Research Part B 126, 2019;
//! - a **camera**'s counts pull the number of vehicles in its sight towards them, as much as they
//!   can be trusted: Kalman's filter with a gain that is constant.
//!
//! Nothing of the demand goes into it: no routes, no departures to come.

mod backlog;
mod describe;
mod draw;
mod estimator;
mod from_cameras;
mod from_loops;
mod from_probes;
mod lane;
mod learn;
mod prior;
mod scene;
mod sensed;
mod sensors;
mod spec;
mod streets;

pub use scene::{Scene, SceneVehicle};
pub use sensed::{Sensed, SensingErrors};
pub use spec::{Cameras, Detectors, Probes, Sensing};
