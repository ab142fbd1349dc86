//! The OCP-809 open wire protocol, version 1: what is common to stream and control. Its specification follows.
//!
#![doc = include_str!("../../../PROTOCOL.md")]
#![expect(
    clippy::doc_markdown,
    reason = "the specification names fields and messages as the wire does, also for readers without rustdoc"
)]

pub mod auth;
pub mod control;
#[doc(hidden)]
pub mod examples;
pub mod samples;
pub mod stream;

use serde::{Deserialize, Serialize};

use super::ethernet::MacAddress;
use crate::wall::WireFormat;
pub use stream::{
    Latch, LatchAuth, LatchAuthenticator, LatchFlags, StreamError, StreamHeader, StreamKind, StreamPacket, TestPattern,
    payload_len, seal,
};

/// The version that this crate speaks.
pub const VERSION: u8 = 1;

/// The first five bytes of the group address of the stream; the sixth is the port number, for switches and people.
pub const GROUP_PREFIX: [u8; 5] = [0x03, 0x4f, 0x43, 0x50, 0x80];

/// Target of packets for the port's canvas.
pub const TARGET_CANVAS: u16 = 0;

/// Largest card id; 0 means "not assigned" and 0xFFFF "every card".
pub const CARD_ID_MAX: u16 = 0xfffe;

/// Card id that every card consumes and forwards.
pub const CARD_ID_ALL: u16 = 0xffff;

/// Largest number of PIXELS packets in a frame.
pub const FRAME_PACKETS_MAX: u16 = u16::MAX;

/// Full brightness of a LATCH.
pub const BRIGHTNESS_FULL: u16 = u16::MAX;

/// Gain 1.0 of a LATCH.
pub const GAIN_UNITY: u16 = 0x8000;

/// An idle sender sends a state-only LATCH this often, in nanoseconds.
pub const IDLE_LATCH_PERIOD_NS: u64 = 20_000_000;

/// A card without a LATCH for this long forgets the last frame id, in nanoseconds.
pub const FRAME_ID_MEMORY_NS: u64 = 500_000_000;

/// A card without a valid LATCH for this long has no master, in nanoseconds.
pub const MASTER_TIMEOUT_NS: u64 = 2_000_000_000;

/// A master's MAC slot that was silent for this long may be reused, in nanoseconds.
pub const MAC_SLOT_TIMEOUT_NS: u64 = 100_000_000;

/// A present instant further ahead than this is taken for a wrong clock, in nanoseconds.
pub const PRESENT_AHEAD_MAX_NS: u64 = 1_000_000_000;

/// A card's clock counts as synced this long after a TIME message, in nanoseconds.
pub const TIME_VALID_NS: u64 = 2_000_000_000;

/// After a bad frame was cut through, its port stores and forwards for this long, in nanoseconds.
pub const STORE_AND_FORWARD_NS: u64 = 1_000_000_000;

/// The shortest distance between a LATCH and its copy, in nanoseconds.
pub const LATCH_COPY_GAP_NS: u64 = 1_000;

/// The epoch of a sender that has neither cards nor a network interface (memory cable, capture files).
pub const EPOCH_WITHOUT_CARDS: Epoch = Epoch { term: 1, instance: 0 };

/// Number of a frame; counts up and wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameId(pub u16);

/// Which run of which sender is the master: the higher epoch wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Epoch {
    /// Rises with every start; compared modulo 65,536.
    pub term: u16,
    /// Random; decides between equal terms.
    pub instance: u16,
}

/// `a` comes after `b` on a circle of 65,536 numbers: (i16)(a - b) > 0.
#[must_use]
pub const fn newer(a: u16, b: u16) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}

/// The group address of port number `port`.
#[must_use]
pub const fn group_address(port: u8) -> MacAddress {
    let [o, c, p, eight, zero] = GROUP_PREFIX;
    MacAddress([o, c, p, eight, zero, port])
}

/// Whether an address is a group address of the protocol, of whatever port.
#[must_use]
pub fn is_group_address(address: MacAddress) -> bool {
    address.0.starts_with(&GROUP_PREFIX)
}

/// The source address of port number `port` of a sender that has no network interface (memory cable, capture files).
#[must_use]
pub const fn software_address(port: u8) -> MacAddress {
    MacAddress([0x02, 0x4f, 0x43, 0x50, 0x80, port])
}

/// The format nibble of a PIXELS packet.
#[must_use]
pub const fn format_code(format: WireFormat) -> u8 {
    match format {
        WireFormat::Rgb8 => 0,
        WireFormat::Rgb10 => 2,
        WireFormat::Rgb12 => 3,
        WireFormat::Rgb16 => 4,
    }
}

/// The format that a nibble stands for, if this version knows it.
#[must_use]
pub const fn format_of_code(code: u8) -> Option<WireFormat> {
    match code {
        0 => Some(WireFormat::Rgb8),
        2 => Some(WireFormat::Rgb10),
        3 => Some(WireFormat::Rgb12),
        4 => Some(WireFormat::Rgb16),
        _ => None,
    }
}

impl FrameId {
    /// Whether this frame comes after `other`.
    #[must_use]
    pub const fn newer(self, other: Self) -> bool {
        newer(self.0, other.0)
    }

    /// The next frame.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// The frame before.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    /// How many frames it lies after `other`, modulo 65,536.
    #[must_use]
    pub const fn steps_after(self, other: Self) -> u16 {
        self.0.wrapping_sub(other.0)
    }
}

impl Epoch {
    /// The epoch as the u32 of a LATCH: term in the upper half.
    #[must_use]
    pub const fn to_u32(self) -> u32 {
        (self.term as u32) << 16 | self.instance as u32
    }

    /// The epoch that a LATCH carries.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a u32")]
    pub const fn from_u32(value: u32) -> Self {
        Self { term: (value >> 16) as u16, instance: value as u16 }
    }

    /// Whether this epoch takes the wall from `other`: a newer term, or the same term and a greater instance.
    #[must_use]
    pub const fn higher(self, other: Self) -> bool {
        newer(self.term, other.term) || (self.term == other.term && self.instance > other.instance)
    }
}

#[cfg(test)]
mod specification;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_goes_round_the_circle() {
        assert!(newer(1, 0) && newer(0, 0xffff) && newer(0x7fff, 0), "up to half the circle ahead");
        assert!(!newer(0, 0) && !newer(0, 1) && !newer(0x8000, 0) && !newer(0, 0x8000), "same, behind, and exactly opposite");
    }

    #[test]
    fn a_higher_epoch_has_a_newer_term_or_a_greater_instance() {
        let epoch = |term, instance| Epoch { term, instance };
        assert!(epoch(2, 0).higher(epoch(1, 9)) && epoch(0, 0).higher(epoch(0xffff, 9)), "the term decides, and wraps");
        assert!(epoch(1, 2).higher(epoch(1, 1)) && !epoch(1, 1).higher(epoch(1, 1)), "then the instance");
        assert_eq!(Epoch::from_u32(0x0001_0002), epoch(1, 2), "term in the upper half");
        assert_eq!(EPOCH_WITHOUT_CARDS.to_u32(), 0x0001_0000, "the epoch of capture files");
    }

    #[test]
    fn format_codes_are_their_own_inverse_and_leave_the_reserved_ones_out() {
        for code in 0..=u8::MAX {
            assert_eq!(format_of_code(code).map(format_code), matches!(code, 0 | 2 | 3 | 4).then_some(code), "code {code}");
        }
    }
}
