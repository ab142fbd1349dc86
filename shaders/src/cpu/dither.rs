//! Thresholds in space and time; twin of `wgsl/shared/dither.wgsl`.
//!
//! A value becomes the code floor(value + t). t is one of sixteen thresholds (2 rank + 1) / 32, and the rank of a pixel
//! is (place in its 4x4 block + offset of its channel + offset of the frame) mod 16. The places of a block are all
//! different and those of each 4x2 half lie evenly apart; adding an offset keeps both, so no 4x4 LEDs change their
//! light from frame to frame. The frame's offset is its index with four bits reversed: over a period of K frames each
//! pixel passes K thresholds that lie evenly apart, neighbours in time far from each other.

use ocp809_calibration::lut::output::VALUE_BITS;

use super::transfer::top;

/// Places of a 4x4 block, row by row: even ones in the upper half, odd ones in the lower.
pub(crate) const PLACES: [u32; 16] = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];

/// Offsets of red, green and blue, about a third of the range apart.
pub(crate) const CHANNEL_OFFSETS: [u32; 3] = [0, 5, 10];

/// The offset of a frame in a dither of `period` (1, 2, 4, 8 or 16) frames; 0 for a period of 0.
pub(crate) fn frame_offset(phase: u64, period: u32) -> u32 {
    let index = u32::try_from(phase % u64::from(period.max(1))).unwrap_or(0);
    index.reverse_bits() >> 28
}

/// The rank of a pixel's threshold.
pub(crate) fn rank(x: u32, y: u32, channel: usize, frame_offset: u32) -> u32 {
    let place = PLACES.get(((y & 3) * 4 + (x & 3)) as usize).copied().unwrap_or(0);
    let channel = CHANNEL_OFFSETS.get(channel).copied().unwrap_or(0);
    (place + channel + frame_offset) & 15
}

/// The code of a value; a period of 0 rounds to the nearest code, halves upwards.
pub(crate) fn code(value: u32, bits: u32, period: u32, rank: u32) -> u16 {
    let fraction = VALUE_BITS - bits;
    let threshold = if period == 0 { (1 << fraction) >> 1 } else { ((2 * rank + 1) << fraction) >> 5 };
    u16::try_from(((value + threshold) >> fraction).min(top(bits))).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranks(x: u32, y: u32, width: u32, height: u32, frame: u32) -> Vec<u32> {
        let mut all: Vec<u32> = (0..height).flat_map(|dy| (0..width).map(move |dx| rank(x + dx, y + dy, 1, frame))).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn every_block_is_balanced_in_every_frame() {
        for frame in 0..16 {
            for (x, y) in [(0, 0), (1, 0), (0, 4), (3, 8), (2, 4), (1, 1), (3, 3), (0, 2)] {
                assert_eq!(ranks(x, y, 4, 4, frame), (0..16).collect::<Vec<_>>(), "4x4 at {x}, {y}, frame {frame}");
            }
            for y in [0, 2, 4] {
                let half = ranks(5, y, 4, 2, frame);
                assert!(half.windows(2).all(|pair| pair[1] - pair[0] == 2), "4x2 at row {y}, frame {frame}: {half:?}");
            }
        }
    }

    #[test]
    fn a_pixel_passes_evenly_spaced_thresholds_in_a_period() {
        for period in [1, 2, 4, 8, 16_u32] {
            let mut own: Vec<u32> = (0..u64::from(period)).map(|k| rank(1, 2, 0, frame_offset(k, period))).collect();
            own.sort_unstable();
            assert!(own.windows(2).all(|pair| pair[1] - pair[0] == 16 / period), "period {period}: {own:?}");
            assert_eq!(frame_offset(u64::from(period), period), frame_offset(0, period), "period {period} repeats");
        }
    }

    #[test]
    fn codes_never_leave_their_bits() {
        for bits in [8, 10, 12, 16] {
            let white = top(bits) << (VALUE_BITS - bits);
            for period in [0, 1, 16] {
                for rank in 0..16 {
                    assert_eq!(u32::from(code(white, bits, period, rank)), top(bits), "{bits} bit white at rank {rank}");
                    assert_eq!(code(0, bits, period, rank), 0, "{bits} bit black at rank {rank}");
                }
            }
        }
    }
}
