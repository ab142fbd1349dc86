//! What is wrong with a card or a port, in words that name the way out.

use thiserror::Error;

use crate::wall::WireFormat;
use crate::wire::ocp809::control::{NackReason, Opcode};

/// Why a card is not, or not quite, as the wall wants it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CardProblem {
    /// It speaks no version that this sender speaks.
    #[error("its card speaks versions {lowest} to {highest} of the protocol and this sender version 1: update the older one")]
    Version {
        /// Lowest version of the card.
        lowest: u8,
        /// Highest version of the card.
        highest: u8,
    },
    /// It does not decode the port's format.
    #[error(
        "its card cannot decode {wanted:?}; set link.format of its port to {}",
        .deepest.map_or_else(|| "one that it has".to_owned(), |format| format!("{format:?} or less"))
    )]
    Format {
        /// The port's format.
        wanted: WireFormat,
        /// The deepest that the card knows.
        deepest: Option<WireFormat>,
    },
    /// Its memory is too small.
    #[error("its card drives at most {most} pixels, the cabinet has {needed}")]
    Pixels {
        /// Pixels of the cabinet.
        needed: u32,
        /// Most pixels of the card.
        most: u32,
    },
    /// It takes no packets of the port's size.
    #[error("its card takes packets of at most {most} bytes; lower link.mtu of its port from {wanted}")]
    Mtu {
        /// The port's MTU.
        wanted: u16,
        /// The card's.
        most: u16,
    },
    /// It cannot cut its pixels out of a canvas.
    #[error("its card has no canvas addressing; set addressing = \"id\" on its port")]
    NoCanvas,
    /// It does not obey brightness.
    #[error("its card does not dim; set brightness_at = \"host\" on its port")]
    NoDimmer,
    /// The wall file names another card.
    #[error("the wall file names card {named}, found is {found}: if it was exchanged, write its serial into the wall file")]
    OtherSerial {
        /// Serial number of the wall file.
        named: String,
        /// Serial number that answered.
        found: String,
    },
    /// Another model than before answers.
    #[error("card {serial} is a {is} in the place of a {was} and was not adopted: put in a {was}, or stop and start the show")]
    OtherModel {
        /// Serial number that answered.
        serial: String,
        /// Model before.
        was: String,
        /// Model now.
        is: String,
    },
    /// It demands a key.
    #[error("its card demands a site key that this host does not have: machine.toml [site_key]")]
    KeyRequired,
    /// It has a key, and not this site's.
    #[error("its card obeys another site's key: erase its keys at the card")]
    ForeignKey,
    /// It has no key, and this site has one.
    #[error("its card has no site key: whoever is on its cable can change it; install it: ocp809 do install-key")]
    NoKey,
    /// It had the site's key, and says that it has none.
    #[error(
        "its card had the site key and has none now: if nobody erased its keys at the card, somebody on its cable answers for it; \
         to install the key all the same, start the show anew"
    )]
    KeyLost,
    /// It refuses the site's key.
    #[error("its card did not take the site key: {reason}")]
    KeyRefused {
        /// Why.
        reason: NackReason,
    },
    /// It cannot be locked.
    #[error(
        "its card cannot demand signed latches, although machine.toml has lock_cards = true: whoever is on its cable can feed it"
    )]
    NoLock,
    /// It cannot store its settings.
    #[error("its card did not store its settings ({reason}): after a power-off it has those of before")]
    SaveRefused {
        /// Why.
        reason: NackReason,
    },
    /// It was not there, or not set up, when settings were stored.
    #[error("its card was not ready when settings were stored, and did not store its own: ocp809 do save-cards once more")]
    NotSaved,
    /// It says that it took settings, and has others.
    #[error("its card does not keep what it is set to: {settings}")]
    NotTaken {
        /// The settings.
        settings: String,
    },
    /// It refused a request.
    #[error("its card refused {opcode}: {reason}")]
    Refused {
        /// The request.
        opcode: Opcode,
        /// Why.
        reason: NackReason,
    },
}

impl CardProblem {
    /// Whether the card cannot be used because of it; others are worth knowing only.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::OtherSerial { .. }
                | Self::NoDimmer
                | Self::NoKey
                | Self::KeyLost
                | Self::KeyRefused { .. }
                | Self::NoLock
                | Self::SaveRefused { .. }
                | Self::NotSaved
        )
    }
}
