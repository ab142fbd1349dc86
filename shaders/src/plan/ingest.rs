//! Samples to code values: the constants of range and YUV matrix, quantised.
//!
//! Samples are brought to 15 bits. A code value (0 to 65535) is (black-shifted luma * gain + colour difference terms +
//! 2048) >> 12, clipped; RGB samples are treated as three lumas. The luma gain is the smallest that brings white to
//! 65535, so that black and white are exact and greys stay neutral.

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
    /// The 15-bit sample of black.
    pub(crate) black: i32,
    /// Gain of luma.
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
        let full = i32::try_from(((1_u32 << row.bits) - 1) << (16 - row.bits) >> 1).unwrap_or(0);
        // 8-bit codes 16, 219 and 224 as 15-bit samples; higher depths multiply them by a power of two.
        let (black, white, swing) = match range {
            Range::Full => (0, full, full),
            Range::Limited => (16 << 7, 219 << 7, 224 << 7),
        };
        let luma = (65_535 * (1 << GAIN_BITS) - (1 << (GAIN_BITS - 1))) / white + 1;
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
        Self { row, centered: siting == ChromaSiting::Center && row.chroma_x == 1, black, luma, chroma }
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
                let code = |sample: i32| ((((sample << (16 - bits)) >> 1) - ingest.black) * ingest.luma + 2_048) >> GAIN_BITS;
                assert_eq!(code(low), 0, "{format}, {range:?}: black");
                assert!((65_535..=65_540).contains(&code(high)), "{format}, {range:?}: white is {}", code(high));
            }
        }
    }
}
