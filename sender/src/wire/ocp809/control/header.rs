//! The 26-byte header of every control packet. It is the same in all versions, so that any card can forward and refuse.

use super::{CARD_ID_BY_POSITION, CRC_LEN, HEADER_LEN, HOP_MAX};
use crate::wire::field::{put_u8, put_u16, put_u32, put_u64, u8_at, u16_at, u32_at, u64_at};
use crate::wire::ocp809::CARD_ID_ALL;
use crate::wire::ocp809::auth::MAC_LEN;

/// Where the hop lies.
pub(super) const HOP_AT: usize = 3;

const FLAG_AUTH: u8 = 1;
const FLAG_MUTATING: u8 = 2;

/// How far a message travels and who consumes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Route {
    /// Forwards that are still allowed.
    pub hop: u8,
    /// Requests: the card that consumes it. Responses and events: the card that speaks.
    pub card_id: u16,
}

/// The fields of a control header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ControlHeader {
    /// Version of the message's body; the header is the same in all versions.
    pub version: u8,
    /// The kind nibble; see [`super::Kind`].
    pub kind: u8,
    /// The opcode; see [`super::Opcode`].
    pub opcode: u8,
    /// The trailer is an HMAC.
    pub auth: bool,
    /// The request changes something in the card.
    pub mutating: bool,
    /// How far and to whom.
    pub route: Route,
    /// Bytes of the body.
    pub body_len: u16,
    /// Repeated by the answer.
    pub transaction: u32,
    /// Counts up per key; 0 without AUTH.
    pub counter: u64,
    /// Which piece of the message this is.
    pub chunk: u16,
    /// How many pieces there are, at least 1.
    pub chunks: u16,
    /// The key of the HMAC; 0 without AUTH.
    pub key_id: u16,
}

impl Route {
    /// To the card at this place of the cascade, 0 nearest to the sender.
    #[must_use]
    pub const fn to_place(place: u8) -> Self {
        Self { hop: place, card_id: CARD_ID_BY_POSITION }
    }

    /// To the card with this id, or from it.
    #[must_use]
    pub const fn card(id: u16) -> Self {
        Self { hop: HOP_MAX, card_id: id }
    }

    /// To every card.
    #[must_use]
    pub const fn to_all() -> Self {
        Self::card(CARD_ID_ALL)
    }
}

impl ControlHeader {
    /// Reads a header. Every combination of values is a header; [`super::Message`] judges them.
    #[must_use]
    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Self {
        let (first, flags) = (u8_at(bytes, 0), u8_at(bytes, 2));
        Self {
            version: first >> 4,
            kind: first & 15,
            opcode: u8_at(bytes, 1),
            auth: flags & FLAG_AUTH != 0,
            mutating: flags & FLAG_MUTATING != 0,
            route: Route { hop: u8_at(bytes, HOP_AT), card_id: u16_at(bytes, 4) },
            body_len: u16_at(bytes, 6),
            transaction: u32_at(bytes, 8),
            counter: u64_at(bytes, 12),
            chunk: u16_at(bytes, 20),
            chunks: u16_at(bytes, 22),
            key_id: u16_at(bytes, 24),
        }
    }

    /// Writes the header.
    pub fn emit(&self, bytes: &mut [u8; HEADER_LEN]) {
        let flags = if self.auth { FLAG_AUTH } else { 0 } | if self.mutating { FLAG_MUTATING } else { 0 };
        put_u8(bytes, 0, self.version << 4 | self.kind & 15);
        put_u8(bytes, 1, self.opcode);
        put_u8(bytes, 2, flags);
        put_u8(bytes, HOP_AT, self.route.hop);
        put_u16(bytes, 4, self.route.card_id);
        put_u16(bytes, 6, self.body_len);
        put_u32(bytes, 8, self.transaction);
        put_u64(bytes, 12, self.counter);
        put_u16(bytes, 20, self.chunk);
        put_u16(bytes, 22, self.chunks);
        put_u16(bytes, 24, self.key_id);
    }

    /// Bytes of the trailer.
    #[must_use]
    pub const fn trailer_len(&self) -> usize {
        if self.auth { MAC_LEN } else { CRC_LEN }
    }

    /// Bytes of header, body and trailer.
    #[must_use]
    pub const fn packet_len(&self) -> usize {
        HEADER_LEN + self.body_len as usize + self.trailer_len()
    }
}
