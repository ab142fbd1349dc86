//! 0x55: pixels of one row, placed on the screen that all cards of the port share.

use super::{ColorlightError, DATA_AT, PacketType, check, emit_head};
use crate::wire::field::{array_at, put_bytes, put_u16, u16_at};

/// Bytes of a row packet in front of its first pixel.
pub const ROW_HEADER_LEN: usize = DATA_AT + 8;

/// Pixels of the longest row packet: 1512 bytes in all. A wider row continues in the next packet.
pub const ROW_PIXELS_MAX: u16 = 497;

/// The two constant bytes that present-day senders write after the pixel count; firmware 13 needs them.
pub const ROW_MARKER: [u8; 2] = [0x08, 0x88];

/// A row packet whose pixels are all there.
#[derive(Debug, Clone, Copy)]
pub struct RowFrame<'a> {
    bytes: &'a [u8],
}

/// The fields of a row packet in front of its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowRepr {
    /// Row on the port's screen.
    pub row: u16,
    /// Column of the first pixel.
    pub x: u16,
    /// Pixels in the packet.
    pub count: u16,
    /// Two constant bytes, [`ROW_MARKER`].
    pub marker: [u8; 2],
}

impl<'a> RowFrame<'a> {
    /// Checks that the frame is a row packet and holds the pixels that it counts; what follows them is padding.
    ///
    /// # Errors
    /// [`ColorlightError::Type`], [`ColorlightError::Short`].
    pub fn new_checked(frame: &'a [u8]) -> Result<Self, ColorlightError> {
        let bytes = check(frame, PacketType::Row, ROW_HEADER_LEN)?;
        let needed = ROW_HEADER_LEN + 3 * usize::from(u16_at(bytes, DATA_AT + 4));
        let bytes = bytes.get(..needed).ok_or(ColorlightError::Short { needed, got: frame.len() })?;
        Ok(Self { bytes })
    }

    /// Three bytes per pixel, in the order that the port's cards expect.
    #[must_use]
    pub fn pixels(&self) -> &'a [u8] {
        self.bytes.get(ROW_HEADER_LEN..).unwrap_or_default()
    }

    /// The fields in front of the pixels.
    #[must_use]
    pub fn repr(&self) -> RowRepr {
        RowRepr {
            row: u16_at(self.bytes, DATA_AT),
            x: u16_at(self.bytes, DATA_AT + 2),
            count: u16_at(self.bytes, DATA_AT + 4),
            marker: array_at(self.bytes, DATA_AT + 6),
        }
    }
}

impl RowRepr {
    /// `count` pixels from column `x` of row `row`.
    #[must_use]
    pub const fn new(row: u16, x: u16, count: u16) -> Self {
        Self { row, x, count, marker: ROW_MARKER }
    }

    /// Bytes of the whole frame.
    #[must_use]
    pub const fn frame_len(&self) -> usize {
        ROW_HEADER_LEN + 3 * self.count as usize
    }

    /// Writes everything in front of the pixels, the Ethernet addresses included.
    pub fn emit(&self, head: &mut [u8; ROW_HEADER_LEN]) {
        emit_head(head, PacketType::Row);
        put_u16(head, DATA_AT, self.row);
        put_u16(head, DATA_AT + 2, self.x);
        put_u16(head, DATA_AT + 4, self.count);
        put_bytes(head, DATA_AT + 6, &self.marker);
    }
}
