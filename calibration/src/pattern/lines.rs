//! Patterns of edges: grid, checker and moving bars.

use ocp809_sender::geometry::PixelSize;

use super::render::Paint;
use super::{Codes, Color, Direction, Level};

const WHITE: Codes = Color::White.at(Level::FULL);
const BLACK: Codes = Color::Black.at(Level::OFF);

/// White lines of one pixel every `cell` pixels, and a frame.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) size: PixelSize,
    pub(super) cell: u32,
}

impl Paint for Grid {
    fn row(&self, y: u32, _frame: u64, row: &mut [Codes]) {
        if self.is_line(y, self.size.height) {
            row.fill(WHITE);
            return;
        }
        for (pixel, x) in row.iter_mut().zip(0..) {
            *pixel = if self.is_line(x, self.size.width) { WHITE } else { BLACK };
        }
    }

    fn repeats(&self, y: u32) -> bool {
        y > 0 && !self.is_line(y, self.size.height) && !self.is_line(y - 1, self.size.height)
    }
}

impl Grid {
    const fn is_line(&self, place: u32, side: u32) -> bool {
        place.is_multiple_of(self.cell) || place + 1 == side
    }
}

/// White and black squares; the top left one is white.
#[derive(Debug)]
pub(super) struct Checker {
    pub(super) cell: u32,
}

impl Paint for Checker {
    fn row(&self, y: u32, _frame: u64, row: &mut [Codes]) {
        for (pixel, x) in row.iter_mut().zip(0_u32..) {
            *pixel = if (x / self.cell + y / self.cell).is_multiple_of(2) { WHITE } else { BLACK };
        }
    }

    fn repeats(&self, y: u32) -> bool {
        !y.is_multiple_of(self.cell)
    }
}

/// Bars and gaps of equal width that move to the right or downwards.
#[derive(Debug)]
pub(super) struct MovingBars {
    pub(super) direction: Direction,
    pub(super) codes: Codes,
    pub(super) width: u32,
    pub(super) speed: u32,
}

impl MovingBars {
    /// The codes at `place` along the direction.
    fn at(&self, place: u32, frame: u64) -> Codes {
        let period = u64::from(self.width) * 2;
        // What has moved, within one period; the frame is reduced first so that no frame index overflows.
        let moved = (frame % period) * u64::from(self.speed) % period;
        if (u64::from(place) + period - moved) % period < u64::from(self.width) { self.codes } else { BLACK }
    }
}

impl Paint for MovingBars {
    fn row(&self, y: u32, frame: u64, row: &mut [Codes]) {
        match self.direction {
            Direction::Horizontal => {
                for (pixel, x) in row.iter_mut().zip(0..) {
                    *pixel = self.at(x, frame);
                }
            }
            Direction::Vertical => row.fill(self.at(y, frame)),
        }
    }

    fn repeats(&self, _y: u32) -> bool {
        self.direction == Direction::Horizontal
    }
}
