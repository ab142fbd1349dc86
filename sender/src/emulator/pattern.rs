//! Pictures that a card makes by itself: test patterns, and the frame and number by which people find a card.

use crate::geometry::{PixelPoint, PixelSize};
use crate::wire::ocp809::TestPattern;

/// Full code.
const FULL: u16 = u16::MAX;

/// Width of the frame that identify draws, in pixels.
const FRAME: u32 = 2;

/// Digits of 3x5 pixels, row by row from the top left, most significant bit first.
const DIGITS: [u16; 10] = [
    0b111_101_101_101_111,
    0b010_110_010_010_111,
    0b111_001_111_100_111,
    0b111_001_111_001_111,
    0b101_101_111_001_001,
    0b111_100_111_001_111,
    0b111_100_111_101_111,
    0b111_001_010_010_010,
    0b111_101_111_101_111,
    0b111_101_111_001_111,
];

/// The codes (16 bit, red, green, blue) of a pattern at `at` of a card of `size`; `in_module` is the same pixel counted
/// from its module's corner.
pub(crate) fn codes(pattern: TestPattern, at: PixelPoint, in_module: PixelPoint, size: PixelSize) -> [u16; 3] {
    let gray = |lit: bool| [if lit { FULL } else { 0 }; 3];
    match pattern {
        TestPattern::Black => [0; 3],
        TestPattern::White => [FULL; 3],
        TestPattern::Red => [FULL, 0, 0],
        TestPattern::Green => [0, FULL, 0],
        TestPattern::Blue => [0, 0, FULL],
        TestPattern::RampHorizontal => [ramp(at.x, size.width); 3],
        TestPattern::RampVertical => [ramp(at.y, size.height); 3],
        TestPattern::Grid => gray(in_module.x.is_multiple_of(8) || in_module.y.is_multiple_of(8)),
        TestPattern::Checker => gray((at.x + at.y).is_multiple_of(2)),
        TestPattern::Bars => bar(at.x, size.width),
    }
}

/// Whether identify lights this pixel of a card that shows `number`.
pub(crate) fn identifies(at: PixelPoint, size: PixelSize, number: u16) -> bool {
    let edge = |at: u32, length: u32| at < FRAME || at.saturating_add(FRAME) >= length;
    edge(at.x, size.width) || edge(at.y, size.height) || digit_pixel(at, size, number)
}

/// From 0 at the first pixel to full at the last.
fn ramp(at: u32, length: u32) -> u16 {
    let last = u64::from(length.saturating_sub(1).max(1));
    u16::try_from(u64::from(at) * u64::from(FULL) / last).unwrap_or(FULL)
}

/// White, yellow, cyan, green, magenta, red, blue, black.
fn bar(at: u32, width: u32) -> [u16; 3] {
    let index = u64::from(at) * 8 / u64::from(width.max(1));
    let lit = 7_u64.saturating_sub(index);
    [lit & 2, lit & 4, lit & 1].map(|bit| if bit > 0 { FULL } else { 0 })
}

/// Whether the pixel belongs to the number in the card's centre, in digits as large as fit.
fn digit_pixel(at: PixelPoint, size: PixelSize, number: u16) -> bool {
    let digits = number.checked_ilog10().unwrap_or(0) + 1;
    let columns = digits * 4 - 1;
    let scale = (size.width.saturating_sub(4 * FRAME) / columns).min(size.height.saturating_sub(4 * FRAME) / 5);
    if scale == 0 {
        return false;
    }
    let left = (size.width - columns * scale) / 2;
    let top = (size.height - 5 * scale) / 2;
    let (Some(x), Some(y)) = (at.x.checked_sub(left), at.y.checked_sub(top)) else { return false };
    let (column, row) = (x / scale, y / scale);
    let (place, column) = (column / 4, column % 4);
    if place >= digits || column == 3 || row >= 5 {
        return false;
    }
    let digit = number / 10_u16.pow(digits - 1 - place) % 10;
    DIGITS.get(usize::from(digit)).is_some_and(|bits| bits >> (14 - (row * 3 + column)) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PixelSize = PixelSize::new(32, 16);

    fn at(pattern: TestPattern, x: u32, y: u32) -> [u16; 3] {
        codes(pattern, PixelPoint::new(x, y), PixelPoint::new(x % 16, y), SIZE)
    }

    #[test]
    fn ramps_go_from_black_to_full() {
        assert_eq!(
            (at(TestPattern::RampHorizontal, 0, 9), at(TestPattern::RampHorizontal, 31, 9)),
            ([0; 3], [FULL; 3]),
            "left to right"
        );
        assert_eq!(
            (at(TestPattern::RampVertical, 9, 0), at(TestPattern::RampVertical, 9, 15)),
            ([0; 3], [FULL; 3]),
            "top to bottom"
        );
    }

    #[test]
    fn bars_stand_in_the_order_of_luminance() {
        let bars: Vec<[bool; 3]> = (0..8).map(|i| at(TestPattern::Bars, i * 4, 0).map(|c| c > 0)).collect();
        let (o, x) = (false, true);
        assert_eq!(
            bars,
            [[x, x, x], [x, x, o], [o, x, x], [o, x, o], [x, o, x], [x, o, o], [o, o, x], [o, o, o]],
            "W Y C G M R B K"
        );
    }

    #[test]
    fn identify_draws_a_frame_and_the_number() {
        let picture: Vec<String> = (0..16)
            .map(|y| (0..32).map(|x| if identifies(PixelPoint::new(x, y), SIZE, 42) { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(picture[0], "#".repeat(32), "the frame's top");
        assert!(picture[7].starts_with("##.") && picture[7].ends_with(".##"), "the frame's sides");
        assert!(picture.iter().skip(3).take(9).any(|row| row[4..28].contains('#')), "a number in the middle");
        assert!(!identifies(PixelPoint::new(3, 3), PixelSize::new(7, 7), 65_535), "no room, no number, no panic");
    }
}
