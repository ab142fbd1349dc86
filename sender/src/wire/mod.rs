//! Bytes on the cable: one folder per protocol, each with checked views for reading and plain values for writing.
//!
//! Nothing here does I/O, reads a clock or panics on any input. A view is checked once, then no accessor can fail.

pub mod colorlight;
pub mod ethernet;
pub mod field;
pub mod ocp809;
pub mod print;
