//! Test patterns: what to show, as data, and its pixels.
//!
//! A [`Pattern`] is a description that people write as text (`grey?level=20`); a [`Renderer`] turns it into RGB code values,
//! the same for the same frame index on every host. Code values are never dimmed, so that a step of a ramp is a step of
//! the wall's codes. Eyes are protected by brightness instead: see [`Pattern::brightness_limit`].

mod bars;
pub mod catalog;
pub mod font;
mod label;
mod lines;
mod parse;
mod ramp;
mod region;
mod render;
#[cfg(test)]
mod render_tests;
mod text;
mod wall;
mod zone;

use ocp809_sender::geometry::PixelSize;

pub use parse::PatternError;
pub use render::{Depth, Renderer};
pub use wall::picture_size;

/// Red, green and blue code values of 16 bits, full range. An 8-bit code is this divided by 257.
pub type Codes = [u16; 3];

/// The brightness above which a wall shows a pattern only when it was asked for with `full`.
pub const SAFE_BRIGHTNESS: f64 = 0.2;

/// A pattern as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// What is to be seen.
    pub shape: Shape,
    /// Whether it may be shown above [`SAFE_BRIGHTNESS`].
    pub full: bool,
}

/// What is to be seen. All lengths are in pixels of the source picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One colour all over.
    Flat {
        /// The colour.
        color: Color,
        /// Code value of its channels.
        level: Level,
    },
    /// From one level to another, in the smallest steps of 16 bits.
    Ramp {
        /// Along which side.
        direction: Direction,
        /// Which channels.
        color: Color,
        /// Level of the first column or row.
        from: Level,
        /// Level of the last column or row.
        to: Level,
    },
    /// Equal steps of the lowest levels, side by side.
    LowGrey {
        /// Number of steps, 2 to 256.
        steps: u32,
        /// Level of the last step; the first is 0.
        top: Level,
        /// Which channels.
        color: Color,
    },
    /// White lines of one pixel, and a frame around the picture.
    Grid {
        /// From line to line, 2 to 1024.
        cell: u32,
    },
    /// White and black squares.
    Checker {
        /// Side of a square, 1 to 1024.
        cell: u32,
    },
    /// Colour bars in the arrangement of SMPTE EG 1.
    Bars {
        /// Level of the upper bars.
        level: Level,
    },
    /// Each cabinet's name, port and place, with a mark in its own top left corner.
    Cabinets,
    /// Each port's cabinets in one colour, numbered along the cascade.
    Ports,
    /// Bars that move, to see tearing and dropped frames.
    MovingBars {
        /// Where they go.
        direction: Direction,
        /// Which channels.
        color: Color,
        /// Width of a bar and of the gap to the next, 1 to 4096.
        width: u32,
        /// Pixels per frame, 0 to 256.
        speed: u32,
    },
    /// Rings that get finer outwards until they are one pixel wide: shows scaling and resampling.
    ZonePlate {
        /// Rings that pass one point in 100 frames, 0 to 100.
        speed: u32,
    },
    /// Star, cross and fine lines in each cabinet (without a wall: in the middle), for focusing a camera.
    Focus,
}

/// The eight corners of the RGB cube: which channels are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the colours")]
pub enum Color {
    Black,
    Red,
    Green,
    Blue,
    Cyan,
    Magenta,
    Yellow,
    White,
}

/// Along which side of the picture something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From left to right.
    Horizontal,
    /// From top to bottom.
    Vertical,
}

/// A level of the signal, as a code value of 16 bits (65535 = 100 %). Percent of the signal, not of light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u16);

impl Pattern {
    /// The brightness of the wall, as a fraction of its full light, that must not be exceeded while this pattern is shown.
    ///
    /// Whoever applies brightness shows the pattern at the lower of this and the brightness that is set. It scales linear
    /// light, so a white pattern under the limit emits 20 % of the wall's full light, whatever the transfer function is.
    #[must_use]
    pub const fn brightness_limit(&self) -> f64 {
        if self.full { 1.0 } else { SAFE_BRIGHTNESS }
    }

    /// Whether its pixels change from frame to frame.
    #[must_use]
    pub const fn is_animated(&self) -> bool {
        match self.shape {
            Shape::MovingBars { speed, .. } | Shape::ZonePlate { speed } => speed > 0,
            Shape::Flat { .. }
            | Shape::Ramp { .. }
            | Shape::LowGrey { .. }
            | Shape::Grid { .. }
            | Shape::Checker { .. }
            | Shape::Bars { .. }
            | Shape::Cabinets
            | Shape::Ports
            | Shape::Focus => false,
        }
    }

    /// Whether it cannot be shown without knowing the wall.
    #[must_use]
    pub const fn needs_wall(&self) -> bool {
        matches!(self.shape, Shape::Cabinets | Shape::Ports)
    }

    /// The depth that its levels need.
    #[must_use]
    pub const fn depth(&self) -> Depth {
        let eight = match self.shape {
            Shape::Flat { level, .. } | Shape::Bars { level } => level.is_8_bit(),
            Shape::Ramp { .. } | Shape::LowGrey { .. } => false,
            Shape::Grid { .. }
            | Shape::Checker { .. }
            | Shape::Cabinets
            | Shape::Ports
            | Shape::MovingBars { .. }
            | Shape::ZonePlate { .. }
            | Shape::Focus => true,
        };
        if eight { Depth::Eight } else { Depth::Sixteen }
    }
}

impl Color {
    /// All eight, in the order of their words.
    pub const ALL: [Self; 8] =
        [Self::Black, Self::Red, Self::Green, Self::Blue, Self::Cyan, Self::Magenta, Self::Yellow, Self::White];

    /// Codes of this colour at a level.
    #[must_use]
    pub const fn at(self, level: Level) -> Codes {
        let Level(code) = level;
        match self {
            Self::Black => [0, 0, 0],
            Self::Red => [code, 0, 0],
            Self::Green => [0, code, 0],
            Self::Blue => [0, 0, code],
            Self::Cyan => [0, code, code],
            Self::Magenta => [code, 0, code],
            Self::Yellow => [code, code, 0],
            Self::White => [code, code, code],
        }
    }
}

impl Level {
    /// 0 %.
    pub const OFF: Self = Self(0);
    /// 100 %.
    pub const FULL: Self = Self(u16::MAX);

    /// The level with this 16-bit code.
    #[must_use]
    pub const fn from_code(code: u16) -> Self {
        Self(code)
    }

    /// The nearest level to a percentage of the signal; what lies outside of 0 to 100 is clipped.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clipped to the range; NaN becomes 0")]
    pub fn from_percent(percent: f64) -> Self {
        Self((percent.clamp(0.0, 100.0) * f64::from(u16::MAX) / 100.0).round() as u16)
    }

    /// The 16-bit code.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Percent of the signal.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) * 100.0 / f64::from(u16::MAX)
    }

    /// Whether 8 bits express it exactly.
    #[must_use]
    pub const fn is_8_bit(self) -> bool {
        self.0.is_multiple_of(257)
    }

    /// The level `part`/`whole` of the way to `to`; `whole` must not be 0.
    #[must_use]
    pub(crate) fn toward(self, to: Self, part: u32, whole: u32) -> Self {
        let (from, to, part, whole) = (i64::from(self.0), i64::from(to.0), i64::from(part), i64::from(whole));
        let rounded = (2 * (to - from) * part + whole).div_euclid(2 * whole);
        Self(u16::try_from(from + rounded).unwrap_or(u16::MAX))
    }
}

impl Direction {
    /// The side of a picture along this direction.
    #[must_use]
    pub(crate) const fn side(self, size: PixelSize) -> u32 {
        match self {
            Self::Horizontal => size.width,
            Self::Vertical => size.height,
        }
    }
}
