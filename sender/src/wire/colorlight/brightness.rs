//! 0x0A: levels for firmware that reads them here, and the two laws from a brightness share to a byte.
//!
//! For one share p the sync packet carries 255 p, while this packet carries 255 p^0.4: that law fits all seven pairs
//! that the vendor's tool sends (1 % 0x28, 2 % 0x35, 5 % 0x4d, 25 % 0x92, 50 % 0xc1, 75 % 0xe3, 100 % 0xff). Some open
//! senders put the linear value into both.

use super::{ColorlightError, DATA_AT, PacketType, check, emit_blank};
use crate::wall::ColorlightBrightnessLaw;
use crate::wire::field::{array_at, put_bytes, put_u8};

/// Bytes of a brightness packet.
pub const BRIGHTNESS_LEN: usize = DATA_AT + 64;

const FIELDS_LEN: usize = DATA_AT + 4;

/// The byte after the three levels.
const CONSTANT: u8 = 0xff;

/// A brightness packet with its levels.
#[derive(Debug, Clone, Copy)]
pub struct BrightnessFrame<'a> {
    bytes: &'a [u8],
}

/// The fields of a brightness packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BrightnessRepr {
    /// Levels of red, green and blue; see [`packet_level`].
    pub levels: [u8; 3],
}

impl<'a> BrightnessFrame<'a> {
    /// Checks that the frame is a brightness packet with its levels.
    ///
    /// # Errors
    /// [`ColorlightError::Type`], [`ColorlightError::Short`].
    pub fn new_checked(frame: &'a [u8]) -> Result<Self, ColorlightError> {
        check(frame, PacketType::Brightness, FIELDS_LEN).map(|bytes| Self { bytes })
    }

    /// The fields.
    #[must_use]
    pub fn repr(&self) -> BrightnessRepr {
        BrightnessRepr { levels: array_at(self.bytes, DATA_AT) }
    }
}

impl BrightnessRepr {
    /// The same level for all three colours.
    #[must_use]
    pub const fn gray(level: u8) -> Self {
        Self { levels: [level; 3] }
    }

    /// Writes the whole frame.
    pub fn emit(&self, frame: &mut [u8; BRIGHTNESS_LEN]) {
        emit_blank(frame, PacketType::Brightness);
        put_bytes(frame, DATA_AT, &self.levels);
        put_u8(frame, DATA_AT + 3, CONSTANT);
    }
}

/// The byte of a sync packet that comes nearest to a brightness share (65535 is full): round(255 p).
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "at most 255")]
pub const fn sync_level(share: u16) -> u8 {
    ((share as u32 * 255 + 32_767) / 65_535) as u8
}

/// The smallest byte of a sync packet that is not below a share. A sender that multiplies its pixels by share / step
/// ([`share_of_sync_level`] of this byte) shows the share exactly.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "at most 255")]
pub const fn sync_level_at_least(share: u16) -> u8 {
    (share as u32).div_ceil(257) as u8
}

/// The brightness share of a byte of a sync packet.
#[must_use]
pub const fn share_of_sync_level(level: u8) -> u16 {
    level as u16 * 257
}

/// The byte of a brightness packet at a brightness share (65535 is full).
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
pub fn packet_level(law: ColorlightBrightnessLaw, share: u16) -> u8 {
    match law {
        ColorlightBrightnessLaw::Linear => sync_level(share),
        ColorlightBrightnessLaw::Perceptual => (255.0 * (f64::from(share) / 65_535.0).powf(0.4)).round() as u8,
    }
}
