//! Zone plate: a cosine of the squared distance from the middle, whose rings reach one pixel at the longer side's edge.
//!
//! Integers throughout, so that every host draws the same codes.

use ocp809_sender::geometry::PixelSize;

use super::Codes;
use super::render::Paint;

/// Entries of the cosine table; a power of two.
const TABLE: usize = 1024;

/// The rings.
#[derive(Debug)]
pub(super) struct ZonePlate {
    size: PixelSize,
    /// Turns per squared half pixel, in 2^-40.
    turns: u64,
    /// Rings that pass in 100 frames.
    speed: u32,
    /// One period of the cosine, from white at phase 0.
    cosine: Vec<u16>,
}

impl ZonePlate {
    pub(super) fn new(size: PixelSize, speed: u32) -> Self {
        // phase = r^2 / (4 R) turns: its slope at r = R is half a turn per pixel, the finest ring there is. With r in half
        // pixels and R half of the longer side this is q / (8 L).
        let turns = (1_u64 << 40) / (8 * u64::from(size.width.max(size.height).max(1)));
        Self { size, turns, speed, cosine: (0..TABLE).map(cosine_code).collect() }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "0 to 65535 of 1024")]
fn cosine_code(index: usize) -> u16 {
    let phase = core::f64::consts::TAU * index as f64 / TABLE as f64;
    // Whole 8-bit codes: the pattern is drawn in 8 bits.
    ((0.5 + 0.5 * phase.cos()) * 255.0).round() as u16 * 257
}

impl Paint for ZonePlate {
    fn row(&self, y: u32, frame: u64, row: &mut [Codes]) {
        // Distances from the middle in half pixels.
        let from_middle = |place: u32, side: u32| (2 * i64::from(place) + 1 - i64::from(side)).unsigned_abs();
        let dy = from_middle(y, self.size.height);
        // Rings grow outwards, so the phase falls with time.
        let moved = ((frame % 100) * u64::from(self.speed) % 100) * (1 << 40) / 100;
        for (pixel, x) in row.iter_mut().zip(0..) {
            let dx = from_middle(x, self.size.width);
            let phase = ((dx * dx + dy * dy) * self.turns).wrapping_sub(moved);
            let index = (phase >> 30) as usize % TABLE;
            *pixel = [self.cosine.get(index).copied().unwrap_or_default(); 3];
        }
    }

    fn repeats(&self, _y: u32) -> bool {
        false
    }
}
