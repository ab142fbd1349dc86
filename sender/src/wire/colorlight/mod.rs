//! Colorlight receiver cards fed straight from a network interface ("PC net-card" mode), as captures of real senders show it.
//!
//! There is no Ethernet type: the byte after the two addresses is the packet type and the message's data begins in the byte
//! after it. Offsets called D\[n\] count from there. All numbers are big-endian. Every card has the same fixed address, so
//! that nothing but cards may share the cable.

mod brightness;
mod discovery;
mod profile;
mod row;
mod sync;

use core::fmt;

use thiserror::Error;

use super::ethernet::MacAddress;
use super::field::{array_at, put_bytes, put_u8, u8_at};
pub use brightness::{
    BRIGHTNESS_LEN, BrightnessFrame, BrightnessRepr, packet_level, share_of_sync_level, sync_level, sync_level_at_least,
};
pub use discovery::{
    DiscoveryReply, DiscoveryReplyRepr, DiscoveryRequest, DiscoveryRequestRepr, REPLY_LEN, REQUEST_LEN, model_name,
};
pub use profile::{GAP_UP_TO_50_FPS_US, GAP_US, Sequence, Step, default_gap_us, firmware_family};
pub use row::{ROW_HEADER_LEN, ROW_MARKER, ROW_PIXELS_MAX, RowFrame, RowRepr};
pub use sync::{SYNC_LEN, SyncFrame, SyncOrigin, SyncRepr};

/// The address of every receiver card.
pub const CARD_ADDRESS: MacAddress = MacAddress([0x11, 0x22, 0x33, 0x44, 0x55, 0x66]);

/// The address that senders use.
pub const SENDER_ADDRESS: MacAddress = MacAddress([0x22, 0x22, 0x33, 0x44, 0x55, 0x66]);

/// Where the packet type lies.
const TYPE_AT: usize = 12;

/// Where the data D\[0\] begins.
const DATA_AT: usize = 13;

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PacketType {
    /// Shows the rows that arrived.
    Sync = 0x01,
    /// Asks one card who it is.
    DiscoveryRequest = 0x07,
    /// A card's answer.
    DiscoveryReply = 0x08,
    /// Levels for firmware that reads them here.
    Brightness = 0x0a,
    /// Pixels of one row.
    Row = 0x55,
}

/// Why bytes are no Colorlight packet of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ColorlightError {
    /// Fewer bytes than the packet's fields need.
    #[error("Colorlight packet of {got} bytes is shorter than the {needed} bytes that its fields need")]
    Short {
        /// Bytes that are needed.
        needed: usize,
        /// Bytes that there are.
        got: usize,
    },
    /// Another packet type, or one that is not known.
    #[error("Colorlight packet type {got:#04x} where {expected:#04x} is expected")]
    Type {
        /// The type that was asked for.
        expected: u8,
        /// The type in the frame.
        got: u8,
    },
    /// Neither to nor from a card.
    #[error("frame from {source_address} to {destination}: Colorlight packets go to or come from {CARD_ADDRESS}")]
    Address {
        /// The frame's destination.
        destination: MacAddress,
        /// The frame's source.
        source_address: MacAddress,
    },
}

/// Any Colorlight packet, by its type.
#[derive(Debug, Clone, Copy)]
pub enum ColorlightFrame<'a> {
    /// Shows the rows that arrived.
    Sync(SyncFrame<'a>),
    /// Asks one card who it is.
    DiscoveryRequest(DiscoveryRequest<'a>),
    /// A card's answer.
    DiscoveryReply(DiscoveryReply<'a>),
    /// Levels for firmware that reads them here.
    Brightness(BrightnessFrame<'a>),
    /// Pixels of one row.
    Row(RowFrame<'a>),
}

impl PacketType {
    /// All packet types that this crate reads, by rising code.
    pub const ALL: [Self; 5] = [Self::Sync, Self::DiscoveryRequest, Self::DiscoveryReply, Self::Brightness, Self::Row];

    /// The byte on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The packet type of a byte, if it is known.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync => "SYNC",
            Self::DiscoveryRequest => "DISCOVERY",
            Self::DiscoveryReply => "DISCOVERY REPLY",
            Self::Brightness => "BRIGHTNESS",
            Self::Row => "ROW",
        })
    }
}

impl<'a> ColorlightFrame<'a> {
    /// Reads a whole Ethernet frame.
    ///
    /// # Errors
    /// [`ColorlightError::Address`] when no card is concerned, [`ColorlightError::Type`] on unknown packet types,
    /// [`ColorlightError::Short`] when the packet's fields are not all there.
    pub fn parse(frame: &'a [u8]) -> Result<Self, ColorlightError> {
        if !is_colorlight(frame) {
            let (destination, source_address) = (MacAddress(array_at(frame, 0)), MacAddress(array_at(frame, 6)));
            return Err(ColorlightError::Address { destination, source_address });
        }
        let code = u8_at(frame, TYPE_AT);
        match PacketType::from_code(code) {
            Some(PacketType::Sync) => SyncFrame::new_checked(frame).map(Self::Sync),
            Some(PacketType::DiscoveryRequest) => DiscoveryRequest::new_checked(frame).map(Self::DiscoveryRequest),
            Some(PacketType::DiscoveryReply) => DiscoveryReply::new_checked(frame).map(Self::DiscoveryReply),
            Some(PacketType::Brightness) => BrightnessFrame::new_checked(frame).map(Self::Brightness),
            Some(PacketType::Row) => RowFrame::new_checked(frame).map(Self::Row),
            None => Err(ColorlightError::Type { expected: PacketType::Row.code(), got: code }),
        }
    }
}

/// Whether a frame goes to or comes from a receiver card and has a packet type.
#[must_use]
pub fn is_colorlight(frame: &[u8]) -> bool {
    frame.len() > TYPE_AT && (array_at(frame, 0) == CARD_ADDRESS.0 || array_at(frame, 6) == CARD_ADDRESS.0)
}

/// Checks type and shortest length of a frame; what every view of this protocol begins with.
fn check(frame: &[u8], kind: PacketType, needed: usize) -> Result<&[u8], ColorlightError> {
    if frame.len() < needed {
        return Err(ColorlightError::Short { needed, got: frame.len() });
    }
    let got = u8_at(frame, TYPE_AT);
    if got == kind.code() { Ok(frame) } else { Err(ColorlightError::Type { expected: kind.code(), got }) }
}

/// Writes addresses and type of a packet from the sender, and zeros for everything else.
fn emit_blank(frame: &mut [u8], kind: PacketType) {
    frame.fill(0);
    emit_head(frame, kind);
}

/// Writes addresses and type of a packet from the sender.
fn emit_head(frame: &mut [u8], kind: PacketType) {
    put_bytes(frame, 0, &CARD_ADDRESS.0);
    put_bytes(frame, 6, &SENDER_ADDRESS.0);
    put_u8(frame, TYPE_AT, kind.code());
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
