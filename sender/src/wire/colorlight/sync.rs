//! 0x01: the rows that arrived are shown; carries brightness and white balance, both linear.

use super::{ColorlightError, DATA_AT, PacketType, check, emit_blank};
use crate::wire::field::{array_at, put_bytes, put_u8, u8_at};

/// Bytes of a sync packet.
pub const SYNC_LEN: usize = DATA_AT + 99;

const HOPS_AT: usize = DATA_AT + 6;
const BRIGHTNESS_AT: usize = DATA_AT + 22;
const GAINS_AT: usize = DATA_AT + 25;

/// Bytes up to the last field that is known: some senders leave out what follows.
const FIELDS_LEN: usize = GAINS_AT + 3;

/// A sync packet with all its fields.
#[derive(Debug, Clone, Copy)]
pub struct SyncFrame<'a> {
    bytes: &'a [u8],
}

/// Who sends: two constant bytes tell a network card from a sending card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SyncOrigin {
    /// A network card: 0x07 and 0x05.
    #[default]
    NetworkCard,
    /// A hardware sending card: 0x00 and 0x00.
    SendingCard,
    /// Other bytes, at D\[0\] and D\[23\].
    Other(u8, u8),
}

/// The fields of a sync packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SyncRepr {
    /// Who sends.
    pub origin: SyncOrigin,
    /// Cards that forwarded the packet: 0 from a sender; a card seems to count it up.
    pub hops: u8,
    /// Brightness, linear: 255 is full. See [`super::sync_level`].
    pub brightness: u8,
    /// White balance red, green, blue, linear: 255 is full.
    pub gains: [u8; 3],
}

impl SyncOrigin {
    /// The bytes D\[0\] and D\[23\].
    #[must_use]
    pub const fn codes(self) -> (u8, u8) {
        match self {
            Self::NetworkCard => (0x07, 0x05),
            Self::SendingCard => (0, 0),
            Self::Other(first, second) => (first, second),
        }
    }

    /// What the bytes D\[0\] and D\[23\] say.
    #[must_use]
    pub const fn from_codes(first: u8, second: u8) -> Self {
        match (first, second) {
            (0x07, 0x05) => Self::NetworkCard,
            (0, 0) => Self::SendingCard,
            _ => Self::Other(first, second),
        }
    }
}

impl<'a> SyncFrame<'a> {
    /// Checks that the frame is a sync packet with all fields. Zeros at its end may be missing, as in one open sender.
    ///
    /// # Errors
    /// [`ColorlightError::Type`], [`ColorlightError::Short`].
    pub fn new_checked(frame: &'a [u8]) -> Result<Self, ColorlightError> {
        check(frame, PacketType::Sync, FIELDS_LEN).map(|bytes| Self { bytes })
    }

    /// The fields.
    #[must_use]
    pub fn repr(&self) -> SyncRepr {
        SyncRepr {
            origin: SyncOrigin::from_codes(u8_at(self.bytes, DATA_AT), u8_at(self.bytes, BRIGHTNESS_AT + 1)),
            hops: u8_at(self.bytes, HOPS_AT),
            brightness: u8_at(self.bytes, BRIGHTNESS_AT),
            gains: array_at(self.bytes, GAINS_AT),
        }
    }
}

impl SyncRepr {
    /// From a network card, with this brightness and white balance.
    #[must_use]
    pub const fn new(brightness: u8, gains: [u8; 3]) -> Self {
        Self { origin: SyncOrigin::NetworkCard, hops: 0, brightness, gains }
    }

    /// Writes the whole frame.
    pub fn emit(&self, frame: &mut [u8; SYNC_LEN]) {
        emit_blank(frame, PacketType::Sync);
        let (first, second) = self.origin.codes();
        put_u8(frame, DATA_AT, first);
        put_u8(frame, HOPS_AT, self.hops);
        put_u8(frame, BRIGHTNESS_AT, self.brightness);
        put_u8(frame, BRIGHTNESS_AT + 1, second);
        put_bytes(frame, GAINS_AT, &self.gains);
    }
}
