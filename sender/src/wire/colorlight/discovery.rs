//! 0x07 and 0x08: one card after the other is asked who it is, by its place in the chain.
//!
//! Confidence: model of the 5A family, firmware version, uptime and place are confirmed by several senders; the size of
//! cards behind the first seems to be the extent up to their far corner; the packet count is a guess of theirs.

use super::{CARD_ADDRESS, ColorlightError, DATA_AT, PacketType, TYPE_AT, check, emit_blank};
use crate::wire::ethernet::MacAddress;
use crate::wire::field::{array_at, put_bytes, put_u8, put_u16, put_u32, u8_at, u16_at, u32_at};

/// Bytes of a request.
pub const REQUEST_LEN: usize = DATA_AT + 271;

/// Bytes of a reply.
pub const REPLY_LEN: usize = DATA_AT + 1057;

const RECEIVER_AT: usize = DATA_AT + 3;
const SIZE_AT: usize = DATA_AT + 21;
const PACKETS_AT: usize = DATA_AT + 38;
const UPTIME_AT: usize = DATA_AT + 46;
const PLACE_AT: usize = DATA_AT + 85;
const REPLY_MARKER: u8 = 0x05;

/// A discovery request.
#[derive(Debug, Clone, Copy)]
pub struct DiscoveryRequest<'a> {
    bytes: &'a [u8],
}

/// The fields of a discovery request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DiscoveryRequestRepr {
    /// Place of the card in the chain, 0 nearest to the sender.
    pub place: u8,
}

/// A discovery reply.
#[derive(Debug, Clone, Copy)]
pub struct DiscoveryReply<'a> {
    bytes: &'a [u8],
}

/// The fields of a discovery reply that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DiscoveryReplyRepr {
    /// Model code; see [`model_name`].
    pub model: u8,
    /// Firmware version, major and minor.
    pub firmware: (u8, u8),
    /// Width that is configured, in pixels; behind the first card up to the far edge.
    pub width: u16,
    /// Height that is configured, in pixels; behind the first card up to the far edge.
    pub height: u16,
    /// Packets that the card received.
    pub packets: u32,
    /// Time since power-up, in milliseconds.
    pub uptime_ms: u32,
    /// Place of the card in the chain, 0 nearest to the sender.
    pub place: u8,
}

impl<'a> DiscoveryRequest<'a> {
    /// Checks that the frame is a request with its place.
    ///
    /// # Errors
    /// [`ColorlightError::Type`], [`ColorlightError::Short`].
    pub fn new_checked(frame: &'a [u8]) -> Result<Self, ColorlightError> {
        check(frame, PacketType::DiscoveryRequest, RECEIVER_AT + 1).map(|bytes| Self { bytes })
    }

    /// The fields.
    #[must_use]
    pub fn repr(&self) -> DiscoveryRequestRepr {
        DiscoveryRequestRepr { place: u8_at(self.bytes, RECEIVER_AT) }
    }
}

impl DiscoveryRequestRepr {
    /// Writes the whole frame.
    pub fn emit(&self, frame: &mut [u8; REQUEST_LEN]) {
        emit_blank(frame, PacketType::DiscoveryRequest);
        put_u8(frame, RECEIVER_AT, self.place);
    }
}

impl<'a> DiscoveryReply<'a> {
    /// Checks that the frame is a reply with all fields that are known.
    ///
    /// # Errors
    /// [`ColorlightError::Type`], [`ColorlightError::Short`].
    pub fn new_checked(frame: &'a [u8]) -> Result<Self, ColorlightError> {
        check(frame, PacketType::DiscoveryReply, PLACE_AT + 1).map(|bytes| Self { bytes })
    }

    /// The fields.
    #[must_use]
    pub fn repr(&self) -> DiscoveryReplyRepr {
        let [model, major, minor] = array_at(self.bytes, DATA_AT + 1);
        DiscoveryReplyRepr {
            model,
            firmware: (major, minor),
            width: u16_at(self.bytes, SIZE_AT),
            height: u16_at(self.bytes, SIZE_AT + 2),
            packets: u32_at(self.bytes, PACKETS_AT),
            uptime_ms: u32_at(self.bytes, UPTIME_AT),
            place: u8_at(self.bytes, PLACE_AT),
        }
    }
}

impl DiscoveryReplyRepr {
    /// Writes the whole frame as a card sends it: from the cards' address to all stations.
    pub fn emit(&self, frame: &mut [u8; REPLY_LEN]) {
        frame.fill(0);
        put_bytes(frame, 0, &MacAddress::BROADCAST.0);
        put_bytes(frame, 6, &CARD_ADDRESS.0);
        put_u8(frame, TYPE_AT, PacketType::DiscoveryReply.code());
        put_bytes(frame, DATA_AT, &[REPLY_MARKER, self.model, self.firmware.0, self.firmware.1]);
        put_u16(frame, SIZE_AT, self.width);
        put_u16(frame, SIZE_AT + 2, self.height);
        put_u32(frame, PACKETS_AT, self.packets);
        put_u32(frame, UPTIME_AT, self.uptime_ms);
        put_u8(frame, PLACE_AT, self.place);
    }
}

/// What people call a model code. Only the 5A family (4) is confirmed by several senders.
#[must_use]
pub const fn model_name(code: u8) -> Option<&'static str> {
    Some(match code {
        4 | 7 | 56 => "5A",
        8 => "i5A",
        25 => "i5",
        26..=28 => "i5P, i6 or i6P",
        29 => "i7",
        31 | 107 => "i8",
        35 | 71 => "i10",
        45 | 78 => "i9",
        59 => "5A-75B Pro",
        60 => "QL75B Pro",
        64 => "Q20",
        68 => "R8",
        139 => "CLT375B",
        _ => return None,
    })
}
