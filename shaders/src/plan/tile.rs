//! A module's part of the plan: where it lies and what is done to its pixels alone.

use ocp809_calibration::lut::fixed::UNITY;
use ocp809_calibration::lut::{CorrectionMatrix, MatrixBase};
use ocp809_sender::geometry::PixelRect;
use ocp809_sender::ids::ScreenIndex;

/// Precomputed for one module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tile {
    /// Its screen.
    pub(crate) screen: ScreenIndex,
    /// What it covers there.
    pub(crate) rect: PixelRect,
    /// Index of its encoder in the plan; `None` when no port carries the module.
    pub(crate) encoder: Option<usize>,
    /// Levels of red, green and blue, 65536 = 1.0.
    pub(crate) levels: [u32; 3],
    /// Its calibration.
    pub(crate) correction: TileCorrection,
    /// Shares of the low-grey loss, 1024 = 1.0.
    pub(crate) scalars: [i16; 3],
}

/// Calibration of one module, ready to use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TileCorrection {
    /// None.
    None,
    /// One matrix.
    Module(CorrectionMatrix),
    /// One packed matrix per pixel, in the screen's raster.
    Pixels(MatrixBase),
}

impl Tile {
    /// Whether levels and calibration leave light as it is.
    pub(crate) fn keeps_light(&self) -> bool {
        self.levels == [UNITY; 3] && !self.is_calibrated()
    }

    /// Whether its channels are mixed by a matrix.
    pub(crate) fn is_calibrated(&self) -> bool {
        self.correction != TileCorrection::None
    }

    /// Whether the pixels of both tiles are treated alike, so that they can be computed in one go.
    pub(crate) fn acts_like(&self, other: &Self) -> bool {
        self.encoder == other.encoder
            && self.levels == other.levels
            && self.correction == other.correction
            && self.scalars == other.scalars
    }
}
