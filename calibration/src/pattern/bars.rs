//! Colour bars in the arrangement of SMPTE EG 1, in full-range RGB.
//!
//! Two things differ from the broadcast original because full-range RGB has nothing below black: the dark field of the
//! PLUGE is black, and the -I and Q patches are their nearest RGB colours.

use ocp809_sender::geometry::PixelSize;

use super::render::Paint;
use super::{Codes, Color, Level};

/// Bars from the left in the upper two thirds.
const UPPER: [Color; 7] = [Color::White, Color::Yellow, Color::Cyan, Color::Green, Color::Magenta, Color::Red, Color::Blue];

/// Bars below them, each with the blue of the bar above.
const REVERSE: [Color; 7] = [Color::Blue, Color::Black, Color::Magenta, Color::Black, Color::Cyan, Color::Black, Color::White];

/// Patches of the lowest quarter: right edge in 84ths of the width, 8-bit codes.
const LOWEST: [(u32, [u8; 3]); 8] = [
    (15, [0, 33, 76]),     // -I
    (30, [255, 255, 255]), // white at 100 %
    (45, [50, 0, 106]),    // +Q
    (60, [0, 0, 0]),
    (64, [0, 0, 0]),    // PLUGE: black,
    (68, [5, 5, 5]),    // 2 % above it,
    (72, [10, 10, 10]), // 4 % above it
    (84, [0, 0, 0]),
];

/// The bars at a level.
#[derive(Debug)]
pub(super) struct Bars {
    pub(super) size: PixelSize,
    pub(super) level: Level,
}

#[derive(PartialEq, Eq)]
enum Band {
    Upper,
    Reverse,
    Lowest,
}

impl Bars {
    fn band(&self, y: u32) -> Band {
        let twelfth = u64::from(y) * 12 / u64::from(self.size.height.max(1));
        match twelfth {
            0..8 => Band::Upper,
            8 => Band::Reverse,
            _ => Band::Lowest,
        }
    }

    /// The patch that covers column x when the picture is cut into 84 parts.
    fn patch(&self, x: u32) -> u32 {
        u32::try_from(u64::from(x) * 84 / u64::from(self.size.width.max(1))).unwrap_or(83)
    }
}

impl Paint for Bars {
    fn row(&self, y: u32, _frame: u64, row: &mut [Codes]) {
        let band = self.band(y);
        for (pixel, x) in row.iter_mut().zip(0..) {
            let patch = self.patch(x);
            let bar = |bars: [Color; 7]| bars.get(patch as usize / 12).copied().unwrap_or(Color::Black).at(self.level);
            *pixel = match band {
                Band::Upper => bar(UPPER),
                Band::Reverse => bar(REVERSE),
                Band::Lowest => lowest(patch),
            };
        }
    }

    fn repeats(&self, y: u32) -> bool {
        y > 0 && self.band(y) == self.band(y - 1)
    }
}

fn lowest(patch: u32) -> Codes {
    let found = LOWEST.iter().find(|(right, _)| patch < *right);
    found.map_or([0; 3], |(_, codes)| codes.map(|code| u16::from(code) * 257))
}
