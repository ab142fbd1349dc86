//! The stream: PIXELS, LATCH and PARITY packets behind their 18-byte header.
//!
//! A sender prebuilds headers once with [`StreamHeader::emit`] and [`seal`]s each packet per frame (frame id and CRC). A
//! card looks through [`StreamPacket`]: its layout is checked once, its CRC where wanted, and no accessor can fail.
//! The payload's length follows from the header, never from the frame, so that Ethernet padding is never pixels.

use thiserror::Error;

use super::{Epoch, FrameId, VERSION, format_code, format_of_code};
use crate::time::Tai;
use crate::wall::WireFormat;
use crate::wire::ethernet::MacAddress;
use crate::wire::field::{array_at, put_bytes, put_u8, put_u16, put_u32, put_u64, u8_at, u16_at, u32_at, u64_at};

/// Bytes of the stream header.
pub const HEADER_LEN: usize = 18;

/// Bytes of a LATCH, header included: with an Ethernet header and FCS exactly the shortest frame.
pub const LATCH_LEN: usize = HEADER_LEN + LATCH_PAYLOAD_LEN;

/// Bytes of a LATCH in its AUTH form, header included.
pub const LATCH_AUTH_LEN: usize = HEADER_LEN + LATCH_AUTH_PAYLOAD_LEN;

/// Shortest payload of a PARITY packet: shorter ones are zero-extended, so that a frame is never padded.
pub const PARITY_PAYLOAD_MIN: usize = 28;

/// The group size that the sender uses: one PARITY per 32 PIXELS.
pub const PARITY_LOG2_GROUP: u8 = 5;

const LATCH_PAYLOAD_LEN: usize = 28;
const LATCH_SIGNED_LEN: usize = LATCH_PAYLOAD_LEN + 10;
const LATCH_AUTH_PAYLOAD_LEN: usize = LATCH_SIGNED_LEN + 16;

/// Bytes over which the HMAC of a LATCH goes: source MAC, header without its CRC, payload up to the counter.
pub const LATCH_AUTH_MESSAGE_LEN: usize = 6 + CRC_AT + LATCH_SIGNED_LEN;

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

/// The state that a LATCH carries, and when it takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Latch {
    /// When the frame is presented; 0: on arrival.
    pub present_at: Tai,
    /// The sender's epoch.
    pub epoch: Epoch,
    /// Dimmer, linear: 65535 is full.
    pub brightness: u16,
    /// White balance, red, green, blue: 0x8000 is 1.0.
    pub gains: [u16; 3],
    /// Refreshes per frame, so that the scan phase is locked to the video; 0: the card's default.
    pub refreshes: u16,
    /// The pattern that flag `test_pattern` shows; see [`TestPattern`].
    pub pattern: u8,
    /// What replaces or holds the picture.
    pub flags: LatchFlags,
    /// The sender's TAI clock at transmission, nanoseconds modulo 2^32.
    pub sent_at: u32,
}

/// What replaces or holds the picture. Bits 16 to 128 are reserved: sent as 0, ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four independent bits of the wire format")]
pub struct LatchFlags {
    /// No light.
    pub black_out: bool,
    /// The picture stays.
    pub freeze: bool,
    /// Each card shows which one it is.
    pub identify: bool,
    /// A pattern instead of the picture.
    pub test_pattern: bool,
}

/// Pictures that a card makes by itself, in its own pixel memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TestPattern {
    /// All LEDs off.
    Black,
    /// All LEDs full.
    White,
    /// Red full.
    Red,
    /// Green full.
    Green,
    /// Blue full.
    Blue,
    /// Gray from 0 at the left to full at the right.
    RampHorizontal,
    /// Gray from 0 at the top to full at the bottom.
    RampVertical,
    /// Full lines around every module and every eighth pixel of it.
    Grid,
    /// Full and black pixels in turn.
    Checker,
    /// White, yellow, cyan, green, magenta, red, blue and black bars.
    Bars,
}

/// What the AUTH form adds to a LATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LatchAuth {
    /// The key.
    pub key_id: u16,
    /// Counts up per key; a repeat is refused.
    pub counter: u64,
    /// The first 16 bytes of the HMAC-SHA-256.
    pub mac: [u8; 16],
}

/// Makes the HMAC of a LATCH. Keys live where this is implemented; the layout lives here.
pub trait LatchAuthenticator {
    /// The first 16 bytes of the HMAC-SHA-256 of `message` under key `key_id`; `None` when there is no such key.
    fn mac(&self, key_id: u16, message: &[u8; LATCH_AUTH_MESSAGE_LEN]) -> Option<[u8; 16]>;
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

    /// The state in a LATCH.
    #[must_use]
    pub fn latch(&self) -> Option<Latch> {
        let StreamKind::Latch { .. } = self.header.kind else { return None };
        let p = self.payload();
        Some(Latch {
            present_at: Tai(u64_at(p, 0)),
            epoch: Epoch::from_u32(u32_at(p, 8)),
            brightness: u16_at(p, 12),
            gains: [u16_at(p, 14), u16_at(p, 16), u16_at(p, 18)],
            refreshes: u16_at(p, 20),
            pattern: u8_at(p, 22),
            flags: LatchFlags::from_bits(u8_at(p, 23)),
            sent_at: u32_at(p, 24),
        })
    }

    /// What the AUTH form of a LATCH carries.
    #[must_use]
    pub fn latch_auth(&self) -> Option<LatchAuth> {
        let StreamKind::Latch { auth: true, .. } = self.header.kind else { return None };
        let p = self.payload();
        Some(LatchAuth { key_id: u16_at(p, 28), counter: u64_at(p, 30), mac: array_at(p, LATCH_SIGNED_LEN) })
    }

    /// Whether a LATCH from `source` carries the HMAC that its key demands. The counter is the caller's to judge.
    #[must_use]
    pub fn latch_is_authentic(&self, source: MacAddress, keys: &impl LatchAuthenticator) -> bool {
        let Some(auth) = self.latch_auth() else { return false };
        let expected = keys.mac(auth.key_id, &auth_message(source, self.bytes));
        // Every byte is compared, so that the time does not tell how many were right.
        expected.is_some_and(|mac| mac.iter().zip(auth.mac).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0)
    }
}

/// What the HMAC of a LATCH goes over: source MAC, header without its CRC, payload up to the counter.
fn auth_message(source: MacAddress, packet: &[u8]) -> [u8; LATCH_AUTH_MESSAGE_LEN] {
    let mut message = [0; LATCH_AUTH_MESSAGE_LEN];
    put_bytes(&mut message, 0, &source.0);
    put_bytes(&mut message, 6, &array_at::<CRC_AT>(packet, 0));
    put_bytes(&mut message, 6 + CRC_AT, &array_at::<LATCH_SIGNED_LEN>(packet, HEADER_LEN));
    message
}

impl Latch {
    /// A LATCH on arrival with full brightness, neutral gains and no flag.
    #[must_use]
    pub const fn neutral(epoch: Epoch) -> Self {
        Self {
            present_at: Tai(0),
            epoch,
            brightness: super::BRIGHTNESS_FULL,
            gains: [super::GAIN_UNITY; 3],
            refreshes: 0,
            pattern: 0,
            flags: LatchFlags { black_out: false, freeze: false, identify: false, test_pattern: false },
            sent_at: 0,
        }
    }

    /// Writes the whole packet, sealed, for a frame of `packets` PIXELS packets.
    pub fn emit(&self, frame_id: FrameId, packets: u16, copy: bool, bytes: &mut [u8; LATCH_LEN]) {
        self.put(&StreamHeader::latch(frame_id, packets, copy, false), bytes);
        seal(bytes, frame_id);
    }

    /// Writes the whole packet in its AUTH form, sealed. Answers whether `keys` holds key `key_id`; if not, the packet
    /// carries zeros for the HMAC and must not be sent.
    #[expect(clippy::too_many_arguments, reason = "the fields of the AUTH form; all are needed for one packet")]
    pub fn emit_authenticated(
        &self,
        frame_id: FrameId,
        packets: u16,
        copy: bool,
        source: MacAddress,
        (key_id, counter): (u16, u64),
        keys: &impl LatchAuthenticator,
        bytes: &mut [u8; LATCH_AUTH_LEN],
    ) -> bool {
        self.put(&StreamHeader::latch(frame_id, packets, copy, true), bytes);
        put_u16(bytes, LATCH_LEN, key_id);
        put_u64(bytes, LATCH_LEN + 2, counter);
        let mac = keys.mac(key_id, &auth_message(source, bytes));
        put_bytes(bytes, HEADER_LEN + LATCH_SIGNED_LEN, &mac.unwrap_or_default());
        seal(bytes, frame_id);
        mac.is_some()
    }

    fn put(&self, header: &StreamHeader, bytes: &mut [u8]) {
        if let Some(head) = bytes.first_chunk_mut() {
            header.emit(head);
        }
        let p = bytes.get_mut(HEADER_LEN..).unwrap_or_default();
        put_u64(p, 0, self.present_at.0);
        put_u32(p, 8, self.epoch.to_u32());
        put_u16(p, 12, self.brightness);
        for (gain, at) in self.gains.into_iter().zip([14, 16, 18]) {
            put_u16(p, at, gain);
        }
        put_u16(p, 20, self.refreshes);
        put_u8(p, 22, self.pattern);
        put_u8(p, 23, self.flags.to_bits());
        put_u32(p, 24, self.sent_at);
    }
}

impl LatchFlags {
    /// The flags as the byte of a LATCH.
    #[must_use]
    pub const fn to_bits(self) -> u8 {
        self.black_out as u8 | (self.freeze as u8) << 1 | (self.identify as u8) << 2 | (self.test_pattern as u8) << 3
    }

    /// The flags in the byte of a LATCH; reserved bits are ignored.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self { black_out: bits & 1 != 0, freeze: bits & 2 != 0, identify: bits & 4 != 0, test_pattern: bits & 8 != 0 }
    }
}

impl TestPattern {
    /// All patterns, by rising id.
    pub const ALL: [Self; 10] = [
        Self::Black,
        Self::White,
        Self::Red,
        Self::Green,
        Self::Blue,
        Self::RampHorizontal,
        Self::RampVertical,
        Self::Grid,
        Self::Checker,
        Self::Bars,
    ];

    /// The id on the wire.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Black => 0,
            Self::White => 1,
            Self::Red => 2,
            Self::Green => 3,
            Self::Blue => 4,
            Self::RampHorizontal => 5,
            Self::RampVertical => 6,
            Self::Grid => 7,
            Self::Checker => 8,
            Self::Bars => 9,
        }
    }

    /// The pattern of an id; an unknown one leaves the picture as it is.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }
}

#[cfg(test)]
mod tests;
