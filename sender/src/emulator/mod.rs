//! Virtual cards: pure state machines that obey the protocols. Bytes and time go in; forwarded frames, replies and light
//! come out. No I/O, no threads, no clock is read, and the same input gives the same light.
//!
//! [`card`] is one OCP-809 card, `cascade` cards on a cable, [`VirtualWall`] all cards of a wall and the light they make.

mod bits;
pub mod card;
pub(crate) mod cascade;
pub mod colorlight;
pub mod light;
pub(crate) mod packets;
mod pattern;
pub mod serve;
pub mod status;
mod wall;

#[cfg(test)]
mod tests;

use crate::time::{Nanos, Tai};
pub use light::LightMean;
pub use serve::{CardLink, CardServer};
pub use status::{CardDetail, CardStatus, MasterStatus, Ocp809Status, Shows};
pub use wall::{VirtualCards, VirtualWall};

/// An instant on the clocks that everything is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// The monotonic clock.
    pub now: Nanos,
    /// TAI at the same instant; 0: unknown.
    pub tai: Tai,
}

impl Moment {
    /// The instant at `now` when both clocks run alike.
    #[must_use]
    pub const fn at(self, now: Nanos) -> Self {
        let tai = match self.tai.0 {
            0 => 0,
            tai => tai.saturating_add(now.0).saturating_sub(self.now.0),
        };
        Self { now, tai: Tai(tai) }
    }
}
