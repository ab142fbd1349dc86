//! From a pattern to pixels: rows of codes, packed to the depth that the pattern needs.

use core::fmt::Debug;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::wall::Wall;

use super::bars::Bars;
use super::lines::{Checker, Grid, MovingBars};
use super::ramp::{Flat, Profile};
use super::wall::{Focus, Plates};
use super::zone::ZonePlate;
use super::{Codes, Level, Pattern, PatternError, Shape};

/// Largest side of a picture of a pattern.
const MAX_SIDE: u32 = 16_384;

/// Bits of a rendered sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Bytes R, G, B.
    Eight,
    /// Little-endian 16-bit words R, G, B.
    Sixteen,
}

impl Depth {
    /// Bytes of a pixel.
    #[must_use]
    pub const fn pixel_bytes(self) -> usize {
        match self {
            Self::Eight => 3,
            Self::Sixteen => 6,
        }
    }
}

/// What draws one row of a pattern.
pub(super) trait Paint: Debug + Send {
    /// Draws row `y` of frame `frame` over all of `row`.
    fn row(&self, y: u32, frame: u64, row: &mut [Codes]);
    /// Whether row `y` is the same as row `y - 1` in every frame.
    fn repeats(&self, y: u32) -> bool;
}

/// A pattern ready to be drawn at one size. Drawing allocates nothing.
#[derive(Debug)]
pub struct Renderer {
    size: PixelSize,
    depth: Depth,
    animated: bool,
    paint: Box<dyn Paint>,
    row: Vec<Codes>,
}

impl Renderer {
    /// Prepares `pattern` for pictures of `size`; the wall is needed by some patterns and used by others.
    ///
    /// # Errors
    /// [`PatternError::NeedsWall`] and [`PatternError::Size`].
    pub fn new(pattern: &Pattern, size: PixelSize, wall: Option<&Wall>) -> Result<Self, PatternError> {
        let PixelSize { width, height } = size;
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            return Err(PatternError::Size { width, height, largest: MAX_SIDE });
        }
        let paint = paint(pattern.shape, size, wall)?;
        let row = vec![[0; 3]; width as usize];
        Ok(Self { size, depth: pattern.depth(), animated: pattern.is_animated(), paint, row })
    }

    /// Size of its pictures.
    #[must_use]
    pub const fn size(&self) -> PixelSize {
        self.size
    }

    /// Layout of its pixels.
    #[must_use]
    pub const fn depth(&self) -> Depth {
        self.depth
    }

    /// Whether another frame index yields another picture.
    #[must_use]
    pub const fn is_animated(&self) -> bool {
        self.animated
    }

    /// Bytes of one picture, without padding between rows.
    #[must_use]
    pub const fn frame_bytes(&self) -> usize {
        self.size.width as usize * self.size.height as usize * self.depth.pixel_bytes()
    }

    /// Draws frame `frame` into the first [`Renderer::frame_bytes`] bytes of `out`; what is missing of `out` is left away.
    pub fn render(&mut self, frame: u64, out: &mut [u8]) {
        let stride = self.size.width as usize * self.depth.pixel_bytes();
        for (y, start) in (0..self.size.height).zip((0..).step_by(stride)) {
            let Some((before, rest)) = out.split_at_mut_checked(start) else { return };
            let Some(packed) = rest.get_mut(..stride) else { return };
            if y > 0 && self.paint.repeats(y) {
                packed.copy_from_slice(before.get(start - stride..).unwrap_or_default());
            } else {
                self.paint.row(y, frame, &mut self.row);
                pack(&self.row, self.depth, packed);
            }
        }
    }
}

fn paint(shape: Shape, size: PixelSize, wall: Option<&Wall>) -> Result<Box<dyn Paint>, PatternError> {
    Ok(match shape {
        Shape::Flat { color, level } => Box::new(Flat(color.at(level))),
        Shape::Ramp { direction, color, from, to } => Box::new(Profile::ramp(size, direction, color, (from, to))),
        Shape::LowGrey { steps, top, color } => Box::new(Profile::steps(size, color, top, steps)),
        Shape::Grid { cell } => Box::new(Grid { size, cell: cell.max(1) }),
        Shape::Checker { cell } => Box::new(Checker { cell: cell.max(1) }),
        Shape::Bars { level } => Box::new(Bars { size, level }),
        Shape::Cabinets => Box::new(Plates::cabinets(wall.ok_or(PatternError::NeedsWall)?, size)),
        Shape::Ports => Box::new(Plates::ports(wall.ok_or(PatternError::NeedsWall)?, size)),
        Shape::MovingBars { direction, color, width, speed } => {
            Box::new(MovingBars { direction, codes: color.at(Level::FULL), width: width.max(1), speed })
        }
        Shape::ZonePlate { speed } => Box::new(ZonePlate::new(size, speed)),
        Shape::Focus => Box::new(Focus::new(wall, size)),
    })
}

fn pack(row: &[Codes], depth: Depth, out: &mut [u8]) {
    match depth {
        Depth::Eight => {
            for (pixel, codes) in out.as_chunks_mut::<3>().0.iter_mut().zip(row) {
                *pixel = codes.map(to_eight);
            }
        }
        Depth::Sixteen => {
            for (pixel, [r, g, b]) in out.as_chunks_mut::<6>().0.iter_mut().zip(row) {
                let [[r0, r1], [g0, g1], [b0, b1]] = [r, g, b].map(|code| code.to_le_bytes());
                *pixel = [r0, r1, g0, g1, b0, b1];
            }
        }
    }
}

/// The nearest 8-bit code.
#[expect(clippy::cast_possible_truncation, reason = "65535 + 128 divided by 257 is 255")]
const fn to_eight(code: u16) -> u8 {
    ((code as u32 + 128) / 257) as u8
}
