//! The stream: PIXELS, LATCH and PARITY packets behind their 18-byte header.
//!
//! A sender prebuilds headers once with [`StreamHeader::emit`] and [`seal`]s each packet per frame (frame id and CRC). A
//! card looks through [`StreamPacket`]: its layout is checked once, its CRC where wanted, and no accessor can fail.
//! The payload's length follows from the header, never from the frame, so that Ethernet padding is never pixels.

mod latch;

use thiserror::Error;

pub use latch::{
    LATCH_AUTH_LEN, LATCH_AUTH_MESSAGE_LEN, LATCH_LEN, Latch, LatchAuth, LatchAuthenticator, LatchFlags, TestPattern,
};

use super::{FrameId, VERSION, format_code, format_of_code};
use crate::wall::WireFormat;
use crate::wire::field::{array_at, put_bytes, put_u16, put_u32, u16_at, u32_at};
use latch::{LATCH_AUTH_PAYLOAD_LEN, LATCH_PAYLOAD_LEN};

/// Bytes of the stream header.
pub const HEADER_LEN: usize = 18;

/// Shortest payload of a PARITY packet: shorter ones are zero-extended, so that a frame is never padded.
pub const PARITY_PAYLOAD_MIN: usize = 28;

/// The group size that the sender uses: one PARITY per 32 PIXELS.
pub const PARITY_LOG2_GROUP: u8 = 5;

const CRC_AT: usize = 14;
const FLAG_COPY: u8 = 2;
const FLAG_AUTH: u8 = 8;

/// What a stream packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Pixels of a frame.
    Pixels(WireFormat),
    /// The end of a frame, its present instant and the wall's state.
    Latch {
        /// The second copy.
        copy: bool,
        /// The authenticated form.
        auth: bool,
    },
    /// What rebuilds one missing PIXELS packet of a group.
    Parity {
        /// Base-2 logarithm of the group's size.
        log2_group: u8,
    },
    /// A type of a later version, 3 to 15: forwarded, not understood.
    Other {
        /// The type.
        kind: u8,
        /// The second byte, as it came.
        detail: u8,
    },
}

/// The fields of a stream header except its CRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamHeader {
    /// What the packet is.
    pub kind: StreamKind,
    /// The frame that it belongs to.
    pub frame_id: FrameId,
    /// Index of the packet in its frame.
    pub seq: u16,
    /// 0: the port's canvas; else a card id.
    pub target: u16,
    /// Index of the first pixel in the target's memory.
    pub offset: u32,
    /// Pixels in the packet; in a LATCH the PIXELS packets of the frame; in types 3 to 15 the payload's bytes.
    pub count: u16,
}

/// A stream packet (the payload of an Ethernet frame) whose layout is sound.
#[derive(Debug, Clone, Copy)]
pub struct StreamPacket<'a> {
    header: StreamHeader,
    /// Header and payload, without padding.
    bytes: &'a [u8],
}

/// Why bytes are no stream packet that this version uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StreamError {
    /// Fewer bytes than the header or its payload needs.
    #[error("stream packet of {got} bytes is shorter than the {needed} bytes that its header asks for")]
    Short {
        /// Bytes that are needed.
        needed: usize,
        /// Bytes that there are.
        got: usize,
    },
    /// Another version of the protocol.
    #[error("stream packet of version {got}; this software speaks version {VERSION}")]
    Version {
        /// The version that the packet claims.
        got: u8,
    },
    /// A format that is reserved or a vendor's own.
    #[error("pixel format {code} is none of 0 (RGB8), 2 (RGB10), 3 (RGB12), 4 (RGB16)")]
    Format {
        /// The format nibble.
        code: u8,
    },
    /// The packet changed on its way.
    #[error("stream packet carries CRC-32C {carried:#010x}, its bytes give {computed:#010x}: it was damaged on its way")]
    Crc {
        /// The CRC in the packet.
        carried: u32,
        /// The CRC of its bytes.
        computed: u32,
    },
}

/// Bytes of the payload that a header asks for; `None` when the header does not say (PARITY: the rest of the frame).
#[must_use]
pub const fn payload_len(header: &StreamHeader) -> Option<usize> {
    match header.kind {
        StreamKind::Pixels(format) => Some(format.payload_bytes(header.count as u32) as usize),
        StreamKind::Latch { auth: false, .. } => Some(LATCH_PAYLOAD_LEN),
        StreamKind::Latch { auth: true, .. } => Some(LATCH_AUTH_PAYLOAD_LEN),
        StreamKind::Parity { .. } => None,
        StreamKind::Other { .. } => Some(header.count as usize),
    }
}

/// Writes frame id and CRC into a prebuilt packet. `packet` is header and payload, exactly: no Ethernet header, no padding.
#[inline]
pub fn seal(packet: &mut [u8], frame_id: FrameId) {
    put_u16(packet, 2, frame_id.0);
    let crc = crc_of(packet);
    put_u32(packet, CRC_AT, crc);
}

/// CRC-32C over the header without its CRC field and the payload.
#[inline]
fn crc_of(packet: &[u8]) -> u32 {
    let (head, rest) = packet.split_at_checked(CRC_AT).unwrap_or((packet, &[]));
    crc32c::crc32c_append(crc32c::crc32c(head), rest.get(4..).unwrap_or_default())
}

impl StreamKind {
    /// The first two bytes of a header.
    const fn to_bytes(self) -> [u8; 2] {
        let (kind, detail) = match self {
            Self::Pixels(format) => (0, format_code(format) << 4),
            Self::Latch { copy, auth } => (1, if copy { FLAG_COPY } else { 0 } | if auth { FLAG_AUTH } else { 0 }),
            Self::Parity { log2_group } => (2, log2_group << 4),
            Self::Other { kind, detail } => (kind & 15, detail),
        };
        [VERSION << 4 | kind, detail]
    }

    /// Reads the first two bytes of a header. Reserved flags are ignored.
    const fn from_bytes([kind, detail]: [u8; 2]) -> Result<Self, StreamError> {
        if kind >> 4 != VERSION {
            return Err(StreamError::Version { got: kind >> 4 });
        }
        match kind & 15 {
            0 => match format_of_code(detail >> 4) {
                Some(format) => Ok(Self::Pixels(format)),
                None => Err(StreamError::Format { code: detail >> 4 }),
            },
            1 => Ok(Self::Latch { copy: detail & FLAG_COPY != 0, auth: detail & FLAG_AUTH != 0 }),
            2 => Ok(Self::Parity { log2_group: detail >> 4 }),
            kind => Ok(Self::Other { kind, detail }),
        }
    }
}

impl StreamHeader {
    /// The header of a PIXELS packet; its frame id is written by [`seal`].
    #[must_use]
    pub const fn pixels(format: WireFormat, seq: u16, target: u16, offset: u32, count: u16) -> Self {
        Self { kind: StreamKind::Pixels(format), frame_id: FrameId(0), seq, target, offset, count }
    }

    /// The header of a LATCH of a frame of `packets` PIXELS packets; 0 changes the state only.
    #[must_use]
    pub const fn latch(frame_id: FrameId, packets: u16, copy: bool, auth: bool) -> Self {
        Self { kind: StreamKind::Latch { copy, auth }, frame_id, seq: 0, target: 0, offset: 0, count: packets }
    }

    /// Writes the header, with 0 for the CRC that [`seal`] computes.
    pub fn emit(&self, bytes: &mut [u8; HEADER_LEN]) {
        put_bytes(bytes, 0, &self.kind.to_bytes());
        put_u16(bytes, 2, self.frame_id.0);
        put_u16(bytes, 4, self.seq);
        put_u16(bytes, 6, self.target);
        put_u32(bytes, 8, self.offset);
        put_u16(bytes, 12, self.count);
        put_u32(bytes, CRC_AT, 0);
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`StreamError::Version`] and [`StreamError::Format`]: the packet is dropped.
    #[inline]
    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, StreamError> {
        Ok(Self {
            kind: StreamKind::from_bytes(array_at(bytes, 0))?,
            frame_id: FrameId(u16_at(bytes, 2)),
            seq: u16_at(bytes, 4),
            target: u16_at(bytes, 6),
            offset: u32_at(bytes, 8),
            count: u16_at(bytes, 12),
        })
    }

    /// Whether it is the second copy (of a LATCH).
    #[must_use]
    #[inline]
    pub const fn is_copy(&self) -> bool {
        match self.kind {
            StreamKind::Latch { copy, .. } => copy,
            StreamKind::Pixels(_) | StreamKind::Parity { .. } => false,
            StreamKind::Other { detail, .. } => detail & FLAG_COPY != 0,
        }
    }
}

impl<'a> StreamPacket<'a> {
    /// Checks the layout of an Ethernet payload; the CRC is left to [`StreamPacket::check_crc`].
    ///
    /// # Errors
    /// [`StreamError::Short`], [`StreamError::Version`], [`StreamError::Format`].
    #[inline]
    pub fn new_checked(payload: &'a [u8]) -> Result<Self, StreamError> {
        let head = payload.first_chunk().ok_or(StreamError::Short { needed: HEADER_LEN, got: payload.len() })?;
        let header = StreamHeader::parse(head)?;
        let needed = match payload_len(&header) {
            Some(length) => HEADER_LEN + length,
            None => payload.len().max(HEADER_LEN + PARITY_PAYLOAD_MIN),
        };
        let bytes = payload.get(..needed).ok_or(StreamError::Short { needed, got: payload.len() })?;
        Ok(Self { header, bytes })
    }

    /// A packet whose layout was checked before: `header` was read from `bytes`, which are header and payload exactly.
    #[inline]
    pub(crate) const fn already_checked(header: StreamHeader, bytes: &'a [u8]) -> Self {
        Self { header, bytes }
    }

    /// Header and payload, without padding.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Checks layout and CRC.
    ///
    /// # Errors
    /// Any [`StreamError`].
    pub fn parse(payload: &'a [u8]) -> Result<Self, StreamError> {
        let packet = Self::new_checked(payload)?;
        packet.check_crc()?;
        Ok(packet)
    }

    /// Compares the CRC with the bytes.
    ///
    /// # Errors
    /// [`StreamError::Crc`].
    #[inline]
    pub fn check_crc(&self) -> Result<(), StreamError> {
        let (carried, computed) = (u32_at(self.bytes, CRC_AT), crc_of(self.bytes));
        if carried == computed { Ok(()) } else { Err(StreamError::Crc { carried, computed }) }
    }

    /// The header.
    #[must_use]
    #[inline]
    pub const fn header(&self) -> &StreamHeader {
        &self.header
    }

    /// The payload, without padding.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(HEADER_LEN..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
