//! What the pixel path shall do, as plain typed values: per screen, per port and per module, in the wall's order.
//!
//! [`PathSpec::of_wall`] is where to start: everything neutral, transfer functions and dither as the wall's links say.

use std::sync::Arc;

use ocp809_calibration::lut::{CorrectionMatrix, Knee, LossCurve, Lut3d, MatrixBase, MatrixError, PackedMatrix};
use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::wall::{LinkTransfer, Wall};

use crate::frame::InputTransfer;

/// A 3x3 matrix of real numbers, row by row.
pub type Rows3 = [[f64; 3]; 3];

/// The matrix that changes nothing.
pub const IDENTITY: Rows3 = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// White luminance that is assumed for absolute sources (PQ, HLG) on a screen whose luminance is unknown, in cd/m2.
pub const ASSUMED_PEAK_NITS: f64 = 1_000.0;

/// A module with nothing to correct.
const NEUTRAL_MODULE: ModulePath = ModulePath { level: 1.0, gains: [1.0; 3], correction: Correction::None, low_grey: [0.0; 3] };

/// Settings of the whole path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PathSpec {
    /// One entry per screen of the wall.
    pub screens: Vec<ScreenPath>,
    /// One entry per port of the wall.
    pub ports: Vec<PortPath>,
    /// One entry per module of the wall, or none at all: all modules are neutral.
    pub modules: Vec<ModulePath>,
}

/// From the source's codes to corrected light, for one screen.
#[derive(Debug, Clone, PartialEq)]
pub struct ScreenPath {
    /// The part of the source picture to show; scaled where its size is not the screen's.
    pub crop: PixelRect,
    /// Transfer function to use in place of the one that the source names.
    pub transfer: Option<InputTransfer>,
    /// Luminance of the screen's white, 10 to 100 000 cd/m2: what PQ's absolute light and HLG's system gamma refer to.
    pub peak_nits: f64,
    /// A creative or technical 3D table over code values.
    pub lut3d: Option<Arc<Lut3d>>,
    /// Source RGB to wall RGB in linear light, in the range that [`CorrectionMatrix`] holds.
    pub gamut: Rows3,
    /// Highlights above white.
    pub knee: Knee,
    /// Brightness that the host applies, 0.0 to 1.0; 1.0 where the card's dimmer does it.
    pub brightness: f64,
    /// Gains of red, green and blue in linear light, 0.0 to 2.0; results are clipped at white.
    pub gains: [f64; 3],
}

/// From corrected light to codes, for one port.
#[derive(Debug, Clone, PartialEq)]
pub struct PortPath {
    /// How the cards turn codes into light.
    pub transfer: OutputTransfer,
    /// Temporal and spatial dithering; `None` rounds to the nearest code.
    pub dither: Option<DitherPeriod>,
    /// Level that the host applies to this port alone, 0.0 to 2.0: the rest of a brightness that its cards' dimmers
    /// cannot set exactly.
    pub level: f64,
    /// What its modules' drivers lose at low greys, for a module whose scalars are 1.0.
    pub loss: Option<Arc<LossCurve>>,
}

/// Correction of one module.
#[derive(Debug, Clone, PartialEq)]
pub struct ModulePath {
    /// Level that the host applies to this module alone (groups, cabinets), 0.0 to 2.0.
    pub level: f64,
    /// Gains of red, green and blue that the host applies to this module alone, 0.0 to 2.0; results are clipped at white.
    pub gains: [f64; 3],
    /// Colour and brightness calibration.
    pub correction: Correction,
    /// Share of the port's low-grey loss that its red, green and blue drivers have, -4.0 to 4.0.
    pub low_grey: [f64; 3],
}

/// Calibration of one module.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Correction {
    /// None, or the card does it.
    #[default]
    None,
    /// One matrix for the module.
    Module(CorrectionMatrix),
    /// One matrix per pixel.
    Pixels(Arc<PixelMatrices>),
}

/// One matrix for each pixel of a module as it hangs: row-major over the rectangle that it covers on its screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelMatrices {
    size: PixelSize,
    base: MatrixBase,
    packed: Vec<PackedMatrix>,
}

/// How codes of a link become light.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum OutputTransfer {
    /// As the source's codes do. A tile with nothing to change passes its codes on byte for byte.
    Source,
    /// Light is proportional to the code.
    Linear,
    /// Light is the code to this power, 1.0 to 4.0.
    Power(f64),
    /// IEC 61966-2-1.
    #[default]
    Srgb,
}

/// Frames after which a pixel's sequence of thresholds begins again. In each frame every 4x4 block of pixels holds all
/// sixteen thresholds once, and each 4x2 block eight that lie evenly apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum DitherPeriod {
    /// The same thresholds in every frame: what a camera with a fast shutter needs.
    One,
    /// Two frames.
    Two,
    /// Four frames.
    Four,
    /// Eight frames.
    #[default]
    Eight,
    /// Sixteen frames: the most levels, for people's eyes.
    Sixteen,
}

impl DitherPeriod {
    /// All of them, rising.
    pub const ALL: [Self; 5] = [Self::One, Self::Two, Self::Four, Self::Eight, Self::Sixteen];

    /// The number of frames.
    #[must_use]
    pub const fn frames(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }
}

impl PixelMatrices {
    /// Packed matrices of a module that covers `size` pixels of its screen.
    ///
    /// # Errors
    /// [`MatrixError`] of the first matrix whose rows are too large.
    ///
    /// The count of `packed` is checked against the wall when a plan is built.
    pub fn new(size: PixelSize, base: MatrixBase, packed: Vec<PackedMatrix>) -> Result<Self, MatrixError> {
        for &matrix in &packed {
            base.unpack(matrix)?;
        }
        Ok(Self { size, base, packed })
    }

    /// Pixels that it covers.
    #[must_use]
    pub const fn size(&self) -> PixelSize {
        self.size
    }

    /// What its matrices have in common.
    #[must_use]
    pub const fn base(&self) -> &MatrixBase {
        &self.base
    }

    /// The matrices, row by row.
    #[must_use]
    pub fn packed(&self) -> &[PackedMatrix] {
        &self.packed
    }
}

impl ScreenPath {
    /// Shows `crop` unchanged.
    #[must_use]
    pub const fn neutral(crop: PixelRect) -> Self {
        Self {
            crop,
            transfer: None,
            peak_nits: ASSUMED_PEAK_NITS,
            lut3d: None,
            gamut: IDENTITY,
            knee: Knee::HARD,
            brightness: 1.0,
            gains: [1.0; 3],
        }
    }
}

impl Default for PortPath {
    fn default() -> Self {
        Self { transfer: OutputTransfer::default(), dither: Some(DitherPeriod::default()), level: 1.0, loss: None }
    }
}

impl Default for ModulePath {
    fn default() -> Self {
        NEUTRAL_MODULE
    }
}

impl ScreenPath {
    fn differs_in_levels_only(&self, other: &Self) -> bool {
        let Self { brightness: _, gains: _, crop, transfer, peak_nits, lut3d, gamut, knee } = self;
        let same = |own: f64, other: f64| own.to_bits() == other.to_bits();
        *crop == other.crop
            && *transfer == other.transfer
            && same(*peak_nits, other.peak_nits)
            && *lut3d == other.lut3d
            && *gamut == other.gamut
            && *knee == other.knee
    }
}

impl PortPath {
    fn differs_in_levels_only(&self, other: &Self) -> bool {
        let Self { level: _, transfer, dither, loss } = self;
        *transfer == other.transfer && *dither == other.dither && *loss == other.loss
    }
}

impl ModulePath {
    fn differs_in_levels_only(&self, other: &Self) -> bool {
        let Self { level: _, gains: _, correction, low_grey } = self;
        *correction == other.correction && low_grey.map(f64::to_bits) == other.low_grey.map(f64::to_bits)
    }
}

impl PathSpec {
    /// The settings of a module.
    pub(crate) fn module(&self, index: usize) -> &ModulePath {
        self.modules.get(index).unwrap_or(&NEUTRAL_MODULE)
    }

    /// Whether brightness, gains and levels are all in which it may differ from `other`.
    pub(crate) fn differs_in_levels_only(&self, other: &Self) -> bool {
        let Self { screens, ports, modules } = self;
        let count = modules.len().max(other.modules.len());
        screens.len() == other.screens.len()
            && ports.len() == other.ports.len()
            && (modules.is_empty() || other.modules.is_empty() || modules.len() == other.modules.len())
            && screens.iter().zip(&other.screens).all(|(own, other)| own.differs_in_levels_only(other))
            && ports.iter().zip(&other.ports).all(|(own, other)| own.differs_in_levels_only(other))
            && (0..count).all(|index| self.module(index).differs_in_levels_only(other.module(index)))
    }

    /// Everything neutral at full brightness; source rectangles, white luminance, links' transfer functions and dither
    /// as the wall says.
    #[must_use]
    pub fn of_wall(wall: &Wall) -> Self {
        let screen = |screen: &ocp809_sender::wall::Screen| ScreenPath {
            peak_nits: screen.peak_nits.unwrap_or(ASSUMED_PEAK_NITS),
            ..ScreenPath::neutral(screen.source)
        };
        let port = |port: &ocp809_sender::wall::Port| PortPath {
            transfer: match port.link.transfer {
                LinkTransfer::Source => OutputTransfer::Source,
                LinkTransfer::Linear => OutputTransfer::Linear,
                LinkTransfer::Power => OutputTransfer::Power(port.link.gamma),
                LinkTransfer::Srgb => OutputTransfer::Srgb,
            },
            dither: (port.link.dither && port.link.transfer != LinkTransfer::Source).then(DitherPeriod::default),
            ..PortPath::default()
        };
        Self {
            screens: wall.screens().iter().map(screen).collect(),
            ports: wall.ports().iter().map(port).collect(),
            modules: Vec::new(),
        }
    }
}
