//! Samples to code values: the constants of range and YUV matrix, quantised.
//!
//! Luma is brought to 16 bits, chroma to 15. Full-range luma is widened by repeating its upper bits, so that white is
//! 65535; limited-range luma is shifted. A code value (0 to 65535) is ((luma - black) * gain + colour difference terms +
//! 2048) >> 12, clipped; RGB samples are treated as three lumas. So black and white are exact and greys stay neutral.

use crate::format::{ColorModel, FormatDescriptor};
use crate::frame::{ChromaSiting, Range, SignalColor, SourceShape, YuvMatrix};

/// Bits after the point of the gains.
pub(crate) const GAIN_BITS: u32 = 12;

/// Everything that turns stored samples into code values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ingest {
    /// Where samples lie.
    pub(crate) row: FormatDescriptor,
    /// Whether shared chroma samples lie in the middle of their columns.
    pub(crate) centered: bool,
    /// Whether luma is of full range, and widened by repeating its upper bits.
    pub(crate) full: bool,
    /// The 16-bit sample of black.
    pub(crate) black: i32,
    /// Gain of luma, 4096 = 1.0.
    pub(crate) luma: i32,
    /// Red from Cr, green from Cb, green from Cr, blue from Cb.
    pub(crate) chroma: [i32; 4],
}

/// Red and blue weights of luma (ITU-R BT.601-7, BT.709-6, BT.2020-2).
const fn luma_weights(matrix: YuvMatrix) -> (f64, f64) {
    match matrix {
        YuvMatrix::Bt601 => (0.299, 0.114),
        YuvMatrix::Bt709 => (0.2126, 0.0722),
        YuvMatrix::Bt2020 => (0.2627, 0.0593),
    }
}

impl Ingest {
    pub(crate) fn new(shape: &SourceShape) -> Self {
        let row = shape.format.descriptor();
        let SignalColor { range, matrix, siting, .. } = shape.color;
        // 8-bit codes 16, 219 and 224 as 16- and 15-bit samples; higher depths multiply them by a power of two.
        let full = range == Range::Full;
        let (black, luma, swing) = match range {
            Range::Full => (0, 1 << GAIN_BITS, ((1 << row.bits) - 1) << (16 - row.bits) >> 1),
            Range::Limited => (16 << 8, ((65_535 << GAIN_BITS) + (219 << 7)) / (219 << 8), 224 << 7),
        };
        let (kr, kb) = luma_weights(matrix);
        let kg = 1.0 - kr - kb;
        let gain = |share: f64| {
            let scaled = share * 65_535.0 * f64::from(1 << GAIN_BITS) / f64::from(swing);
            #[expect(clippy::cast_possible_truncation, reason = "at most 2^15 for the three matrices")]
            let gain = scaled.round() as i32;
            gain
        };
        let (cr, cb) = (2.0 * (1.0 - kr), 2.0 * (1.0 - kb));
        let chroma = match row.model {
            ColorModel::Yuv => [gain(cr), gain(-cb * kb / kg), gain(-cr * kr / kg), gain(cb)],
            ColorModel::Rgb | ColorModel::Gray => [0; 4],
        };
        Self { row, centered: siting == ChromaSiting::Center && row.chroma_x == 1, full, black, luma, chroma }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::PixelFormat;
    use ocp809_sender::geometry::PixelSize;

    #[test]
    fn white_and_black_are_exact_in_every_format() {
        for format in PixelFormat::examples() {
            for range in [Range::Full, Range::Limited] {
                let color = SignalColor { range, ..SignalColor::default() };
                let ingest = Ingest::new(&SourceShape { format, size: PixelSize::new(1, 1), color });
                let bits = ingest.row.bits;
                let (low, high) = match range {
                    Range::Full => (0, (1 << bits) - 1),
                    Range::Limited => (16 << (bits - 8), 235 << (bits - 8)),
                };
                let code = |sample: i32| {
                    let wide = sample << (16 - bits);
                    let luma = if ingest.full { wide | (sample >> (2 * bits - 16)) } else { wide };
                    ((luma - ingest.black) * ingest.luma + 2_048) >> GAIN_BITS
                };
                assert_eq!(code(low), 0, "{format}, {range:?}: black");
                assert!((65_535..=65_536).contains(&code(high)), "{format}, {range:?}: white is {}", code(high));
            }
        }
    }
}
