//! Integer geometry of rasters: sizes, points, rectangles, and the eight orientations of a rectangle.
//!
//! Everything is in LED pixels, seen from the audience, x to the right and y downwards. Millimetres never appear here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PixelSize {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// A pixel's column and row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PixelPoint {
    /// Column, 0 at the left.
    pub x: u32,
    /// Row, 0 at the top.
    pub y: u32,
}

/// A half-open rectangle: columns `x .. x + width`, rows `y .. y + height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PixelRect {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Clockwise quarter turns, as the audience sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rotation {
    /// Upright.
    #[default]
    Deg0,
    /// A quarter turn clockwise.
    Deg90,
    /// Upside down.
    Deg180,
    /// A quarter turn anticlockwise.
    Deg270,
}

/// How a rectangle of LEDs hangs: mirrored left to right first, then turned clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Orientation {
    /// Left and right swapped before the turn.
    pub mirror: bool,
    /// The turn.
    pub rotation: Rotation,
}

impl PixelSize {
    /// A size of `width` columns and `height` rows.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Number of pixels.
    #[must_use]
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Width and height swapped.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

impl PixelPoint {
    /// The point in column `x`, row `y`.
    #[must_use]
    pub const fn new(x: u32, y: u32) -> Self {
        Self { x, y }
    }
}

impl PixelRect {
    /// A rectangle with its first column and row, width and height.
    #[must_use]
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// The rectangle's size.
    #[must_use]
    pub const fn size(self) -> PixelSize {
        PixelSize::new(self.width, self.height)
    }

    /// The first column after the rectangle; 64 bit, so that it cannot overflow.
    #[must_use]
    pub const fn right(self) -> u64 {
        self.x as u64 + self.width as u64
    }

    /// The first row after the rectangle; 64 bit, so that it cannot overflow.
    #[must_use]
    pub const fn bottom(self) -> u64 {
        self.y as u64 + self.height as u64
    }

    /// Whether `inner` lies wholly inside.
    #[must_use]
    pub const fn contains_rect(self, inner: Self) -> bool {
        inner.x >= self.x && inner.y >= self.y && inner.right() <= self.right() && inner.bottom() <= self.bottom()
    }

    /// Whether the pixel lies inside.
    #[must_use]
    pub const fn contains(self, point: PixelPoint) -> bool {
        point.x >= self.x && point.y >= self.y && (point.x as u64) < self.right() && (point.y as u64) < self.bottom()
    }

    /// The pixels that both rectangles share, if any.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        let right = self.right().min(other.right());
        let bottom = self.bottom().min(other.bottom());
        let width = right.checked_sub(u64::from(x)).filter(|&w| w > 0)?;
        let height = bottom.checked_sub(u64::from(y)).filter(|&h| h > 0)?;
        Some(Self::new(x, y, u32::try_from(width).ok()?, u32::try_from(height).ok()?))
    }
}

impl Rotation {
    /// All four, in clockwise order.
    pub const ALL: [Self; 4] = [Self::Deg0, Self::Deg90, Self::Deg180, Self::Deg270];

    /// Number of clockwise quarter turns, 0 to 3.
    #[must_use]
    pub const fn quarter_turns(self) -> u8 {
        match self {
            Self::Deg0 => 0,
            Self::Deg90 => 1,
            Self::Deg180 => 2,
            Self::Deg270 => 3,
        }
    }

    /// The rotation by `turns` clockwise quarter turns, modulo 4.
    #[must_use]
    pub const fn from_quarter_turns(turns: u8) -> Self {
        match turns % 4 {
            0 => Self::Deg0,
            1 => Self::Deg90,
            2 => Self::Deg180,
            _ => Self::Deg270,
        }
    }

    /// Degrees clockwise: 0, 90, 180 or 270.
    #[must_use]
    pub const fn degrees(self) -> u16 {
        self.quarter_turns() as u16 * 90
    }

    /// The rotation by `degrees` clockwise, if it is 0, 90, 180 or 270.
    #[must_use]
    pub const fn from_degrees(degrees: u16) -> Option<Self> {
        match degrees {
            0 => Some(Self::Deg0),
            90 => Some(Self::Deg90),
            180 => Some(Self::Deg180),
            270 => Some(Self::Deg270),
            _ => None,
        }
    }
}

impl Orientation {
    /// Upright, not mirrored.
    pub const UPRIGHT: Self = Self { mirror: false, rotation: Rotation::Deg0 };

    /// All eight orientations.
    pub fn all() -> impl Iterator<Item = Self> {
        [false, true].into_iter().flat_map(|mirror| Rotation::ALL.into_iter().map(move |rotation| Self { mirror, rotation }))
    }

    /// The size that a rectangle of `own` size occupies when it hangs like this.
    #[must_use]
    pub const fn placed_size(self, own: PixelSize) -> PixelSize {
        if self.rotation.quarter_turns() % 2 == 1 { own.transposed() } else { own }
    }

    /// Where the pixel `p` of a rectangle of `own` size lies once it hangs like this, relative to the placed rectangle.
    #[must_use]
    pub const fn place(self, p: PixelPoint, own: PixelSize) -> PixelPoint {
        let x = if self.mirror { own.width - 1 - p.x } else { p.x };
        let (y, right, bottom) = (p.y, own.width - 1, own.height - 1);
        match self.rotation {
            Rotation::Deg0 => PixelPoint::new(x, y),
            Rotation::Deg90 => PixelPoint::new(bottom - y, x),
            Rotation::Deg180 => PixelPoint::new(right - x, bottom - y),
            Rotation::Deg270 => PixelPoint::new(y, right - x),
        }
    }

    /// The step on the placed raster when the own column rises by one: (dx, dy), one of them 0, the other 1 or -1.
    #[must_use]
    pub const fn step_along_row(self) -> (i8, i8) {
        let forward = if self.mirror { -1 } else { 1 };
        match self.rotation {
            Rotation::Deg0 => (forward, 0),
            Rotation::Deg90 => (0, forward),
            Rotation::Deg180 => (-forward, 0),
            Rotation::Deg270 => (0, -forward),
        }
    }

    /// The orientation of something that hangs like `self` inside something that hangs like `outer`.
    #[must_use]
    pub const fn inside(self, outer: Self) -> Self {
        let own = self.rotation.quarter_turns();
        // A mirror in the outer frame turns the inner rotation around.
        let turned = if outer.mirror { 4 - own } else { own };
        Self {
            mirror: self.mirror != outer.mirror,
            rotation: Rotation::from_quarter_turns(turned + outer.rotation.quarter_turns()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: PixelSize = PixelSize::new(5, 3);

    #[test]
    fn every_orientation_is_a_bijection_onto_its_placed_rectangle() {
        for orientation in Orientation::all() {
            let placed = orientation.placed_size(OWN);
            let mut seen = vec![false; usize::try_from(placed.area()).unwrap_or(0)];
            for y in 0..OWN.height {
                for x in 0..OWN.width {
                    let p = orientation.place(PixelPoint::new(x, y), OWN);
                    let index = (p.y * placed.width + p.x) as usize;
                    assert!(p.x < placed.width && !seen[index], "{orientation:?} maps two pixels to {p:?}");
                    seen[index] = true;
                }
            }
            assert!(seen.iter().all(|&s| s), "{orientation:?} leaves a pixel out");
        }
    }

    #[test]
    fn the_step_is_the_difference_of_two_neighbours() {
        for orientation in Orientation::all() {
            let a = orientation.place(PixelPoint::new(1, 1), OWN);
            let b = orientation.place(PixelPoint::new(2, 1), OWN);
            let (dx, dy) = orientation.step_along_row();
            let moved = (i64::from(a.x) + i64::from(dx), i64::from(a.y) + i64::from(dy));
            assert_eq!(moved, (i64::from(b.x), i64::from(b.y)), "{orientation:?}");
        }
    }

    #[test]
    fn nesting_equals_placing_twice() {
        // A 2x1 module at (3, 1) of a 5x3 cabinet, for all 64 pairs of orientations.
        let module = PixelSize::new(2, 1);
        for inner in Orientation::all() {
            let inner_size = inner.placed_size(module);
            for outer in Orientation::all() {
                let both = inner.inside(outer);
                let place_twice = |x: u32| {
                    let p = inner.place(PixelPoint::new(x, 0), module);
                    outer.place(PixelPoint::new(p.x + 1, p.y), PixelSize::new(inner_size.width + 1, inner_size.height))
                };
                let (a, b) = (place_twice(0), place_twice(1));
                let (dx, dy) = both.step_along_row();
                assert_eq!(
                    (i64::from(b.x) - i64::from(a.x), i64::from(b.y) - i64::from(a.y)),
                    (i64::from(dx), i64::from(dy)),
                    "{inner:?} inside {outer:?}"
                );
            }
        }
    }

    #[test]
    fn rectangles_intersect_only_where_they_share_pixels() {
        let a = PixelRect::new(0, 0, 4, 4);
        assert_eq!(a.intersection(PixelRect::new(4, 0, 4, 4)), None, "touching edges share nothing");
        assert_eq!(a.intersection(PixelRect::new(3, 2, 9, 9)), Some(PixelRect::new(3, 2, 1, 2)), "corner");
        assert!(!PixelRect::new(u32::MAX, 0, u32::MAX, 1).contains_rect(a), "extremes do not overflow");
    }
}
