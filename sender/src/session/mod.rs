//! The sender's side of control, as pure state machines: frames and time in, frames and what is known out.
//!
//! [`discovery`] asks cards one after the other who they are; [`roster`] keeps what the cards of a wall report about
//! themselves while it runs.

pub mod discovery;
pub mod roster;

pub use discovery::{Discovery, FoundCard};
pub use roster::{Roster, RosterCard};
