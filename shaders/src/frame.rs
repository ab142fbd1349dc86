//! A borrowed source picture: format, planes and colour, checked once so that no later access can leave a plane.

use ocp809_sender::geometry::PixelSize;
use thiserror::Error;

use crate::format::{ColorModel, PixelFormat};

/// Largest width and height of a source picture: twice 8K, so that no address computation can leave 32 bits.
pub const MAX_SOURCE_SIDE: u32 = 16_384;

/// Which codes are black and white (CTA-861 quantisation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Range {
    /// 0 to the largest code.
    #[default]
    Full,
    /// 16 to 235 (chroma 16 to 240) of 8 bits, and these codes shifted at higher depths; what lies outside is clipped.
    Limited,
}

/// The luma and colour difference equations of a YUV source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum YuvMatrix {
    /// ITU-R BT.601.
    Bt601,
    /// ITU-R BT.709.
    #[default]
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

/// Where a shared chroma sample lies horizontally. Vertically it lies between its rows, as in MPEG-2 and H.264.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChromaSiting {
    /// On the first of its columns: MPEG-2, H.264, HEVC and SDI.
    #[default]
    Left,
    /// In the middle of its columns: JPEG and MPEG-1. 4:1:1 is always sited left.
    Center,
}

/// How a code value becomes light.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum InputTransfer {
    /// Light is proportional to the code.
    Linear,
    /// Light is the code to this power, 1.0 to 4.0.
    Power(f64),
    /// IEC 61966-2-1.
    #[default]
    Srgb,
    /// ITU-R BT.1886 with a black of 0: the display side of BT.709 and BT.2020 video.
    Bt1886,
    /// SMPTE ST 2084: absolute light up to 10 000 cd/m2.
    Pq,
    /// ITU-R BT.2100 HLG: scene light, made display light for the wall's peak.
    Hlg,
}

/// The primaries that a source is encoded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SignalPrimaries {
    /// ITU-R BT.709 and sRGB.
    #[default]
    Bt709,
    /// ITU-R BT.2020 and BT.2100.
    Bt2020,
    /// SMPTE EG 432-1: P3 with D65 white.
    P3D65,
}

/// What the codes of a source mean.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SignalColor {
    /// Black and white codes.
    pub range: Range,
    /// Luma equations; ignored by RGB formats.
    pub matrix: YuvMatrix,
    /// Where chroma samples lie; ignored by formats that do not share them.
    pub siting: ChromaSiting,
    /// Code value to light.
    pub transfer: InputTransfer,
    /// Chromaticities.
    pub primaries: SignalPrimaries,
}

/// Format, size and colour: what a plan is built for, and what each of its frames must have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceShape {
    /// Layout of the pixels.
    pub format: PixelFormat,
    /// Size in pixels.
    pub size: PixelSize,
    /// Meaning of the codes.
    pub color: SignalColor,
}

/// One plane of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plane<'a> {
    /// Its bytes; the last row may end without padding.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// A source picture that holds every sample its format and size promise.
#[derive(Debug, Clone, Copy)]
pub struct FrameView<'a> {
    shape: SourceShape,
    planes: [Plane<'a>; 3],
    /// Bytes of each plane's rows.
    row_bytes: [usize; 3],
}

/// Why a picture cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A side is 0 or too large.
    #[error("a picture of {width}x{height} cannot be shown: both sides must be 1 to {MAX_SOURCE_SIDE} pixels")]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Too many or too few planes.
    #[error("{format} has {expected} planes, the picture has {found}")]
    PlaneCount {
        /// The format.
        format: PixelFormat,
        /// Planes that the format has.
        expected: usize,
        /// Planes that came.
        found: usize,
    },
    /// Rows overlap.
    #[error("plane {plane} has a stride of {stride} bytes, but a row holds {row_bytes}")]
    Stride {
        /// Index of the plane.
        plane: usize,
        /// Its stride.
        stride: usize,
        /// Bytes of a row.
        row_bytes: usize,
    },
    /// The data end before the last row does.
    #[error("plane {plane} holds {found} bytes, but {expected} are needed")]
    TooShort {
        /// Index of the plane.
        plane: usize,
        /// Bytes needed.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
}

impl SourceShape {
    /// Whether both sides lie within the limits.
    ///
    /// # Errors
    /// [`FrameError::Size`].
    pub const fn check(&self) -> Result<(), FrameError> {
        let PixelSize { width, height } = self.size;
        if width == 0 || height == 0 || width > MAX_SOURCE_SIDE || height > MAX_SOURCE_SIDE {
            return Err(FrameError::Size { width, height });
        }
        Ok(())
    }

    /// Whether codes are 8-bit RGB of full range: the only ones that a pass-through link can return byte for byte.
    #[must_use]
    pub fn is_full_rgb8(&self) -> bool {
        let row = self.format.descriptor();
        row.model == ColorModel::Rgb && row.bits == 8 && self.color.range == Range::Full
    }
}

impl<'a> FrameView<'a> {
    /// A picture of `shape` in `planes`.
    ///
    /// # Errors
    /// [`FrameError`] when a side is out of range, or a plane is missing, too short or has overlapping rows.
    pub fn new(shape: SourceShape, planes: &[Plane<'a>]) -> Result<Self, FrameError> {
        shape.check()?;
        let format = shape.format;
        let expected = format.descriptor().planes as usize;
        if planes.len() != expected {
            return Err(FrameError::PlaneCount { format, expected, found: planes.len() });
        }
        let mut own = [Plane::default(); 3];
        let mut lengths = [0; 3];
        for (index, ((slot, length), plane)) in own.iter_mut().zip(&mut lengths).zip(planes).enumerate() {
            let row_bytes = format.row_bytes(index, shape.size);
            if plane.stride < row_bytes {
                return Err(FrameError::Stride { plane: index, stride: plane.stride, row_bytes });
            }
            let rows = format.rows(index, shape.size);
            let needed = plane.stride.saturating_mul(rows.saturating_sub(1)).saturating_add(row_bytes);
            if plane.data.len() < needed {
                return Err(FrameError::TooShort { plane: index, expected: needed, found: plane.data.len() });
            }
            (*slot, *length) = (*plane, row_bytes);
        }
        Ok(Self { shape, planes: own, row_bytes: lengths })
    }

    /// A picture whose planes lie one after the other without padding: what a pipe delivers.
    ///
    /// # Errors
    /// [`FrameError`] when a side is out of range or `data` is too short.
    pub fn packed(shape: SourceShape, data: &'a [u8]) -> Result<Self, FrameError> {
        shape.check()?;
        let count = shape.format.descriptor().planes as usize;
        let mut planes = [Plane::default(); 3];
        let mut rest = data;
        for (index, plane) in planes.iter_mut().enumerate().take(count) {
            let stride = shape.format.row_bytes(index, shape.size);
            let needed = stride.saturating_mul(shape.format.rows(index, shape.size));
            let Some((own, after)) = rest.split_at_checked(needed) else {
                return Err(FrameError::TooShort { plane: index, expected: needed, found: rest.len() });
            };
            *plane = Plane { data: own, stride };
            rest = after;
        }
        Self::new(shape, planes.get(..count).unwrap_or_default())
    }

    /// Format, size and colour.
    #[must_use]
    pub const fn shape(&self) -> &SourceShape {
        &self.shape
    }

    /// Its planes; those that the format lacks are empty.
    #[must_use]
    pub const fn planes(&self) -> &[Plane<'a>; 3] {
        &self.planes
    }

    /// The same picture read in the colour of `shape`, where format and size are the same: whoever runs the path may know
    /// better than the source what its codes mean.
    #[must_use]
    pub fn with_color_of(mut self, shape: &SourceShape) -> Option<Self> {
        let is_same = self.shape.format == shape.format && self.shape.size == shape.size;
        self.shape.color = shape.color;
        is_same.then_some(self)
    }

    /// Row `y` of plane `plane`, without padding; empty outside of the picture.
    #[must_use]
    #[inline]
    pub fn row(&self, plane: usize, y: usize) -> &'a [u8] {
        let (Some(own), Some(&length)) = (self.planes.get(plane), self.row_bytes.get(plane)) else { return &[] };
        let start = own.stride.saturating_mul(y);
        own.data.get(start..start.saturating_add(length)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(format: PixelFormat, width: u32, height: u32) -> SourceShape {
        SourceShape { format, size: PixelSize::new(width, height), color: SignalColor::default() }
    }

    #[test]
    fn every_format_accepts_exactly_its_bytes() {
        for format in PixelFormat::examples() {
            let shape = shape(format, 7, 5);
            let bytes = vec![0_u8; format.frame_bytes(shape.size)];
            assert!(FrameView::packed(shape, &bytes).is_ok(), "{format}");
            let short = bytes.get(1..).unwrap();
            assert!(matches!(FrameView::packed(shape, short), Err(FrameError::TooShort { .. })), "{format} one byte short");
        }
    }

    #[test]
    fn the_last_row_needs_no_padding_and_rows_may_not_overlap() {
        let shape = shape(PixelFormat::Rgb24, 4, 2);
        let data = [0_u8; 16 + 12];
        let view = FrameView::new(shape, &[Plane { data: &data, stride: 16 }]).unwrap();
        assert_eq!(view.row(0, 1).len(), 12, "the last row");
        assert!(view.row(0, 2).is_empty(), "a row below the picture");
        let overlapping = FrameView::new(shape, &[Plane { data: &data, stride: 11 }]).map(|_| ());
        assert_eq!(overlapping, Err(FrameError::Stride { plane: 0, stride: 11, row_bytes: 12 }), "a stride of 11");
    }

    #[test]
    fn hostile_sizes_are_refused() {
        for (width, height) in [(0, 1), (1, 0), (u32::MAX, 1), (MAX_SOURCE_SIDE + 1, 1)] {
            let refused = FrameView::packed(shape(PixelFormat::Rgba8, width, height), &[]).map(|_| ());
            assert_eq!(refused, Err(FrameError::Size { width, height }), "{width}x{height}");
        }
        let planes = FrameView::new(shape(PixelFormat::Nv12, 2, 2), &[Plane::default()]).map(|_| ());
        assert!(matches!(planes, Err(FrameError::PlaneCount { expected: 2, found: 1, .. })), "a plane is missing");
    }
}
