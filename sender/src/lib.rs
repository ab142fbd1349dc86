//! Walls, wire protocols, virtual cards and transports of the OCP-809 LED wall sender.
//!
//! Without features this crate is pure data and state machines: no sockets, no threads. Feature `transport` adds them.

pub mod emulator;
#[doc(hidden)]
pub mod fuzz;
pub mod geometry;
pub mod ids;
pub mod session;
pub mod slice;
pub mod stream;
pub mod time;
pub mod transport;
pub mod wall;
pub mod wire;
