//! City Brain over HTTP: the Command centre's page, its API, vector tiles and the live stream; the
//! Bureau's pages; the exchange, questions in SQL and Delta Sharing for departments' systems.
//!
//! *Knows*: HTTP, JSON, WebSocket, the look of a page's shell, wall time. *Does not know*: how
//! vehicles move or signals decide (`sim`, `signals`), how ambulances are sent or congestion is
//! measured (`missions`, `observe`), where files lie (`citybrain`).
//!
//! The front door is [`serve`] with a [`Config`]. One thread owns the running world and moves it in
//! step with real time; it publishes the newest state, and clients take it when they can. Each
//! comparison of two futures has a thread of its own, which does the same with two forks, and each
//! [`Feed`] has one on which it brings positions of vehicles.
//! `docs/live-protocol.md` is the contract with the page.

mod address;
mod api;
mod app;
mod assets;
pub mod bureau;
pub mod clock;
pub mod config;
mod connections;
pub mod controllers;
mod corridors;
pub mod data;
pub mod error;
pub mod exchange;
pub mod geo;
pub mod live;
mod pages;
mod problem;
pub mod questions;
mod seeing;
mod server;
pub mod sharing;
#[cfg(test)]
mod testing;
mod tiles;

pub use bureau::Bureau;
pub use config::{Config, Demands, Ground, GroundKind, Limits, SPEED_RANGE, ScenarioSource, Title};
pub use controllers::ControllerChoice;
pub use error::Error;
pub use seeing::{Door, Feed, Message};
pub use server::{serve, stop_signal};
