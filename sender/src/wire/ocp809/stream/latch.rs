//! LATCH: the end of a frame, its present instant and the wall's state; its AUTH form proves who sent it.

use super::{CRC_AT, HEADER_LEN, StreamHeader, StreamKind, StreamPacket, seal};
use crate::time::Tai;
use crate::wire::ethernet::MacAddress;
use crate::wire::field::{array_at, put_bytes, put_u8, put_u16, put_u32, put_u64, u8_at, u16_at, u32_at, u64_at};
use crate::wire::ocp809::{BRIGHTNESS_FULL, Epoch, FrameId, GAIN_UNITY};

/// Bytes of a LATCH, header included: with an Ethernet header and FCS exactly the shortest frame.
pub const LATCH_LEN: usize = HEADER_LEN + LATCH_PAYLOAD_LEN;

/// Bytes of a LATCH in its AUTH form, header included.
pub const LATCH_AUTH_LEN: usize = HEADER_LEN + LATCH_AUTH_PAYLOAD_LEN;

pub(super) const LATCH_PAYLOAD_LEN: usize = 28;
const LATCH_SIGNED_LEN: usize = LATCH_PAYLOAD_LEN + 10;
pub(super) const LATCH_AUTH_PAYLOAD_LEN: usize = LATCH_SIGNED_LEN + 16;

/// Bytes over which the HMAC of a LATCH goes: source MAC, header without its CRC, payload up to the counter.
pub const LATCH_AUTH_MESSAGE_LEN: usize = 6 + CRC_AT + LATCH_SIGNED_LEN;

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

impl StreamPacket<'_> {
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
            brightness: BRIGHTNESS_FULL,
            gains: [GAIN_UNITY; 3],
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
