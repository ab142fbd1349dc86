//! Samples to code values, pixel by pixel; twin of `wgsl/shared/ingest.wgsl`.
//!
//! Shared chroma is interpolated linearly in both directions, in sixteenths, from the sites that the signal names.
//! Rounding: chroma to the nearest 15-bit sample, codes to the nearest of 65535, halves upwards; both are then clipped.

use crate::format::{ColorModel, SamplePlace};
use crate::frame::FrameView;
use crate::plan::Ingest;

/// A 15-bit chroma sample without colour.
pub(crate) const NEUTRAL: i32 = 1 << 14;

/// The sample as stored; 0 outside of the row.
fn sample(ingest: &Ingest, row: &[u8], place: SamplePlace, x: u32) -> u32 {
    let at = place.offset as usize + x as usize * place.step as usize;
    let byte = |offset: usize| row.get(at + offset).copied().map_or(0, u32::from);
    let stored = if ingest.row.sample_bytes == 2 { byte(0) | (byte(1) << 8) } else { byte(0) };
    // A 9 to 15 bit word may hold more than its bits; what is too large counts as white.
    (stored >> ingest.row.sample_shift).min((1 << ingest.row.bits) - 1)
}

/// Luma, or a colour of RGB, as a code value before clipping and colour differences, times 4096, half added.
fn luma(ingest: &Ingest, row: &[u8], place: SamplePlace, x: u32) -> i32 {
    let sample = sample(ingest, row, place, x);
    let wide = sample << (16 - ingest.row.bits);
    let luma = if ingest.full { wide | (sample >> (2 * ingest.row.bits - 16)) } else { wide };
    (luma.cast_signed() - ingest.black) * ingest.luma + 2_048
}

/// A clipped code value.
#[inline]
pub(crate) fn clip(code: i32) -> u16 {
    u16::try_from(code.clamp(0, 65_535)).unwrap_or(0)
}

/// Two neighbouring chroma samples and their weights, which sum to 4: (first, weight), (second, weight).
pub(crate) fn taps(position: u32, shift: u32, centered: bool, last: u32) -> [(u32, i32); 2] {
    let own = position >> shift;
    let part = position & ((1 << shift) - 1);
    let (other, weight) = match (shift, centered, part) {
        (1, true, 0) => (own.saturating_sub(1), 1),
        (1, true, _) => (own + 1, 1),
        (1, false, 1) => (own + 1, 2),
        (2, _, part) => (own + 1, part.cast_signed()),
        _ => (own, 0),
    };
    [(own.min(last), 4 - weight), (other.min(last), weight)]
}

/// A shared sample at a pixel, 15 bits.
fn chroma15(ingest: &Ingest, frame: &FrameView<'_>, place: SamplePlace, x: u32, y: u32) -> i32 {
    let size = frame.shape().size;
    let row = &ingest.row;
    let last = |side: u32, shift: u32| side.div_ceil(1 << shift) - 1;
    let columns = taps(x, row.chroma_x, ingest.centered, last(size.width, row.chroma_x));
    // Vertically, shared samples always lie in the middle of their rows.
    let rows = taps(y, row.chroma_y, true, last(size.height, row.chroma_y));
    let mut sum = 0;
    for (row_index, row_weight) in rows {
        let bytes = frame.row(place.plane as usize, row_index as usize);
        for (column, weight) in columns {
            sum += sample(ingest, bytes, place, column).cast_signed() * weight * row_weight;
        }
    }
    ((sum << (16 - row.bits)) + 16) >> 5
}

/// The code values of red, green and blue at a pixel.
pub(crate) fn codes(ingest: &Ingest, frame: &FrameView<'_>, x: u32, y: u32) -> [u16; 3] {
    let luma = |place: SamplePlace| luma(ingest, frame.row(place.plane as usize, y as usize), place, x);
    let [first, second, third] = ingest.row.samples;
    match ingest.row.model {
        ColorModel::Rgb => [first, second, third].map(|place| clip(luma(place) >> 12)),
        ColorModel::Gray => [clip(luma(first) >> 12); 3],
        ColorModel::Yuv => {
            let cb = chroma15(ingest, frame, second, x, y) - NEUTRAL;
            let cr = chroma15(ingest, frame, third, x, y) - NEUTRAL;
            let [red, green_from_b, green_from_r, blue] = ingest.chroma;
            let y = luma(first);
            [clip((y + red * cr) >> 12), clip((y + green_from_b * cb + green_from_r * cr) >> 12), clip((y + blue * cb) >> 12)]
        }
    }
}
