//! What can go wrong in the pixel path, each with the numbers that explain it.

use ocp809_calibration::lut::MatrixError;
use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::ids::{ModuleIndex, PortIndex, ScreenIndex};
use thiserror::Error;

use crate::frame::{FrameError, SourceShape};

/// A list of settings that has one entry per thing of the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecList {
    /// One per screen.
    Screens,
    /// One per port.
    Ports,
    /// One per module.
    Modules,
    /// One plan per port.
    PortPlans,
    /// One packet memory per port.
    Memories,
}

impl core::fmt::Display for SpecList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Screens => "screen settings",
            Self::Ports => "port settings",
            Self::Modules => "module settings",
            Self::PortPlans => "port plans",
            Self::Memories => "packet memories",
        })
    }
}

/// A setting with a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// Brightness of a screen.
    Brightness,
    /// Gain of a channel.
    Gain,
    /// Level of a port or module.
    Level,
    /// Exponent of a transfer function.
    Gamma,
    /// Luminance of white, cd/m2.
    PeakNits,
    /// Where the knee begins.
    KneeStart,
    /// The light that the knee brings to white.
    KneePeak,
    /// Share of the low-grey loss.
    LowGrey,
}

impl core::fmt::Display for Parameter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Brightness => "brightness",
            Self::Gain => "gain",
            Self::Level => "level",
            Self::Gamma => "gamma",
            Self::PeakNits => "peak luminance in cd/m2",
            Self::KneeStart => "start of the knee",
            Self::KneePeak => "peak of the knee",
            Self::LowGrey => "share of the low-grey loss",
        })
    }
}

/// Why a plan cannot be built.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlanError {
    /// The source's format cannot be read.
    #[error(transparent)]
    Source(#[from] FrameError),
    /// A list does not match the wall.
    #[error("there are {found} {list} for a wall that has {expected}")]
    Count {
        /// The list.
        list: SpecList,
        /// Entries that the wall asks for.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// A setting is out of range.
    #[error("{parameter} is {value}, but must lie within {low} to {high}")]
    Range {
        /// The setting.
        parameter: Parameter,
        /// Its value.
        value: f64,
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// The gamut matrix of a screen cannot be used.
    #[error("gamut matrix of screen {}: {source}", .screen.index())]
    Gamut {
        /// The screen.
        screen: ScreenIndex,
        /// Why.
        source: MatrixError,
    },
    /// A screen asks for a part of the picture that is not there.
    #[error(
        "screen {} shows columns {} to {} and rows {} to {} of a picture of {} x {}; crop or scale the source, or change the \
         screen's source rectangle", .screen.index(), .crop.x, .crop.right(), .crop.y, .crop.bottom(),
        .picture.width, .picture.height
    )]
    Crop {
        /// The screen.
        screen: ScreenIndex,
        /// Its part of the picture.
        crop: PixelRect,
        /// The picture.
        picture: PixelSize,
    },
    /// A picture is shrunk too much.
    #[error("screen {} would shrink its source {ratio} times; at most {limit} times is possible", .screen.index())]
    Shrink {
        /// The screen.
        screen: ScreenIndex,
        /// The ratio, rounded up.
        ratio: u32,
        /// The limit.
        limit: u32,
    },
    /// Calibration does not fit its module.
    #[error(
        "module {} covers {} x {} pixels, its calibration has {found} matrices for {} x {}", .module.index(),
        .covered.width, .covered.height, .calibrated.width, .calibrated.height
    )]
    Calibration {
        /// The module.
        module: ModuleIndex,
        /// What it covers on its screen.
        covered: PixelSize,
        /// What its calibration says that it covers.
        calibrated: PixelSize,
        /// Matrices found.
        found: usize,
    },
    /// The slice plan names something that the wall lacks.
    #[error("the slice plan of port {} names module {} or screen {}, which the wall lacks; build it anew", .port.index(), .module.index(), .screen.index())]
    Slice {
        /// The port.
        port: PortIndex,
        /// The module.
        module: ModuleIndex,
        /// The screen.
        screen: ScreenIndex,
    },
}

/// Why a frame was not processed. What a frame's packets hold after an error is unspecified.
#[derive(Debug, Error)]
pub enum PathError {
    /// No plan yet.
    #[error("the pixel path has no plan; configure it first")]
    NotConfigured,
    /// The frame is not what the plan was built for.
    #[error("the plan was built for {expected:?}, the frame is {found:?}")]
    Shape {
        /// What the plan was built for.
        expected: SourceShape,
        /// The frame.
        found: SourceShape,
    },
    /// Too few packet memories.
    #[error("the plan has {expected} ports, there are {found} packet memories")]
    Ports {
        /// Ports of the plan.
        expected: usize,
        /// Memories given.
        found: usize,
    },
    /// A packet memory is too short.
    #[error("packet memory of port {} holds {found} bytes, its plan needs {expected}", .port.index())]
    Memory {
        /// The port.
        port: PortIndex,
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// Worker threads could not be started.
    #[error("worker threads of the CPU path did not start")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    /// The GPU cannot do it.
    #[error(transparent)]
    Gpu(#[from] crate::device::GpuError),
}
