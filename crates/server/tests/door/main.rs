//! The server through its public door: started on a free port, asked over HTTP and WebSocket.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod client;
mod comparisons;
mod control;
mod hostile;
mod missions;
mod resources;
mod stream;
mod traffic;
