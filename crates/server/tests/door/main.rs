//! The server through its public door: started on a free port, asked over HTTP and WebSocket.

mod client;
mod control;
mod hostile;
mod resources;
mod stream;
