//! The sender's side of control, as pure state machines: frames and time in, frames and what is known out.
//!
//! [`WallSession`] runs beside the stream: it asks who drives the wall before the first LATCH, gives cards their ids and
//! the wall's settings, tells them the time, adopts exchanged cards, and says what may be streamed where. [`Discovery`]
//! asks an unknown cable who hangs on it, and [`adopt`] makes a wall file of the answers.

pub mod adopt;
mod ask;
mod card;
pub mod discovery;
mod key;
mod mastership;
mod needs;
mod port;
mod problem;
mod roster;
mod settings;
#[cfg(test)]
mod tests;
mod time_feed;
mod upload;
mod wall;

use thiserror::Error;

use crate::ids::{CabinetIndex, PortIndex};
use crate::stream::FeedEnd;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::auth::SiteKey;
use crate::wire::ocp809::control::NackReason;

pub use discovery::{Discovery, FoundCard};
pub use key::KeyState;
pub use mastership::{ForeignMaster, Mastership};
pub use problem::CardProblem;
pub use roster::RosterCard;
pub use settings::{link_decode, wall_settings};
pub use upload::CalibrationUpload;
pub use wall::{Streaming, WallSession};

/// This sender's interfaces on one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PortAddresses {
    /// At the head of the cascade.
    pub head: MacAddress,
    /// At the far end of a loop.
    pub tail: Option<MacAddress>,
}

/// How a site protects its cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// The key that cards know it by.
    pub key: SiteKey,
    /// Cards that have the key are to obey signed latches only.
    pub locks_cards: bool,
}

/// A frame that the session wants sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The port.
    pub port: PortIndex,
    /// The interface of it.
    pub end: FeedEnd,
    /// The whole Ethernet frame.
    pub frame: Vec<u8>,
    /// For TIME: its transaction, to be given back to [`WallSession::departed`] with the instant at which the frame left.
    pub time: Option<u32>,
}

/// Something that happened, worth an entry in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A card was put in another one's place and took over its settings.
    Replaced {
        /// The cabinet.
        cabinet: CabinetIndex,
        /// Serial number of the card before.
        old: String,
        /// Serial number of the card now.
        new: String,
    },
    /// Coefficients were stored in a card and act.
    Calibrated {
        /// The cabinet.
        cabinet: CabinetIndex,
        /// The module's position in the cabinet; 0xFFFF: all.
        module: u16,
    },
    /// A card does not take coefficients.
    NotCalibrated {
        /// The cabinet.
        cabinet: CabinetIndex,
        /// The module's position in the cabinet; 0xFFFF: all.
        module: u16,
        /// Why.
        reason: NackReason,
    },
    /// The order to install the site's key is over.
    KeyInstalled {
        /// Cards that have the key.
        cards: usize,
        /// All cards.
        of: usize,
    },
    /// The order to store settings is over.
    Saved {
        /// Cards that stored theirs.
        cards: usize,
        /// All cards.
        of: usize,
    },
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SessionProblem {
    /// Long packets do not pass a port's cascade.
    #[error("packets of link.mtu do not come through to the last card and back: it stays dark; set link.mtu to 1500")]
    LongPackets {
        /// The port.
        port: PortIndex,
    },
    /// A card is not as the wall wants it.
    #[error("{problem}")]
    Card {
        /// The cabinet.
        cabinet: CabinetIndex,
        /// What is wrong with it.
        problem: CardProblem,
    },
}
