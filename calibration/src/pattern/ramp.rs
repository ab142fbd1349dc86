//! Patterns of levels: flat fields, ramps and the lowest steps.

use ocp809_sender::geometry::PixelSize;

use super::render::Paint;
use super::{Codes, Color, Direction, Level};

/// One colour all over.
#[derive(Debug)]
pub(super) struct Flat(pub(super) Codes);

impl Paint for Flat {
    fn row(&self, _y: u32, _frame: u64, row: &mut [Codes]) {
        row.fill(self.0);
    }

    fn repeats(&self, _y: u32) -> bool {
        true
    }
}

/// A line of codes, laid along one side of the picture.
#[derive(Debug)]
pub(super) struct Profile {
    codes: Vec<Codes>,
    direction: Direction,
}

impl Profile {
    /// From one level to another, both ends included.
    pub(super) fn ramp(size: PixelSize, direction: Direction, color: Color, (from, to): (Level, Level)) -> Self {
        let length = direction.side(size);
        let last = length.saturating_sub(1).max(1);
        let codes = (0..length).map(|place| color.at(from.toward(to, place, last))).collect();
        Self { codes, direction }
    }

    /// `steps` fields of equal width from black to `top`.
    pub(super) fn steps(size: PixelSize, color: Color, top: Level, steps: u32) -> Self {
        let last = steps.saturating_sub(1).max(1);
        let step_at = |x: u32| u64::from(x) * u64::from(steps) / u64::from(size.width.max(1));
        let step_at = |x: u32| u32::try_from(step_at(x)).unwrap_or(last).min(last);
        let codes = (0..size.width).map(|x| color.at(Level::OFF.toward(top, step_at(x), last))).collect();
        Self { codes, direction: Direction::Horizontal }
    }
}

impl Paint for Profile {
    fn row(&self, y: u32, _frame: u64, row: &mut [Codes]) {
        match self.direction {
            Direction::Horizontal => {
                for (pixel, codes) in row.iter_mut().zip(&self.codes) {
                    *pixel = *codes;
                }
            }
            Direction::Vertical => row.fill(self.codes.get(y as usize).copied().unwrap_or_default()),
        }
    }

    fn repeats(&self, _y: u32) -> bool {
        self.direction == Direction::Horizontal
    }
}
