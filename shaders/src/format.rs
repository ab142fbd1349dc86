//! Pixel formats of sources, each described once: [`PixelFormat::descriptor`] says where every sample lies, and the
//! reference, the CPU path and the shader all read samples by that one description.

use ocp809_sender::geometry::PixelSize;

/// Layout of a source picture in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// Bytes R, G, B, A; alpha is ignored.
    Rgba8,
    /// Bytes B, G, R, A; alpha is ignored.
    Bgra8,
    /// Bytes R, G, B.
    Rgb24,
    /// Bytes B, G, R.
    Bgr24,
    /// Little-endian 16-bit words R, G, B.
    Rgb48,
    /// 4:2:2 packed, bytes Cb, Y0, Cr, Y1.
    Uyvy,
    /// 4:2:2 packed, bytes Y0, Cb, Y1, Cr.
    Yuyv,
    /// 4:2:0, a luma plane and a plane of Cb, Cr pairs.
    Nv12,
    /// As NV12 with 16-bit little-endian samples whose upper 10 bits count.
    P010,
    /// Three planes Y, Cb, Cr as Y4M and `ffmpeg -f rawvideo` deliver them.
    Planar(Chroma, SampleBits),
    /// One luma plane.
    Gray(SampleBits),
}

/// How often chroma is sampled in a planar picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// Every second column and row.
    C420,
    /// Every second column.
    C422,
    /// Every pixel.
    C444,
    /// Every fourth column.
    C411,
    /// Every second row.
    C440,
}

/// Bits of a sample, 8 to 16. Eight bits lie in a byte; more lie in the low bits of a little-endian 16-bit word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleBits(u8);

/// What the three samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColorModel {
    /// Red, green, blue.
    Rgb,
    /// Luma and two colour differences.
    Yuv,
    /// Luma alone.
    Gray,
}

/// Where one of the three samples of a pixel lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SamplePlace {
    /// Index of its plane.
    pub plane: u32,
    /// Byte of the first sample in a row.
    pub offset: u32,
    /// Bytes from one sample to the next.
    pub step: u32,
}

/// One row of the format table: everything that reading a sample needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatDescriptor {
    /// Meaning of the samples.
    pub model: ColorModel,
    /// Number of planes.
    pub planes: u32,
    /// Bytes per sample, 1 or 2 (little-endian).
    pub sample_bytes: u32,
    /// The sample is the stored word shifted right by this much.
    pub sample_shift: u32,
    /// Bits of a sample after the shift.
    pub bits: u32,
    /// Base-2 logarithm of the columns (x) that share a chroma sample.
    pub chroma_x: u32,
    /// Base-2 logarithm of the rows (y) that share a chroma sample.
    pub chroma_y: u32,
    /// R, G, B or Y, Cb, Cr.
    pub samples: [SamplePlace; 3],
}

impl SampleBits {
    /// Eight bits, one byte.
    pub const EIGHT: Self = Self(8);

    /// `bits` if it lies within 8 to 16.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= 8 && bits <= 16 { Some(Self(bits)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0 as u32
    }

    const fn bytes(self) -> u32 {
        if self.0 == 8 { 1 } else { 2 }
    }
}

impl Chroma {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::C420, Self::C422, Self::C444, Self::C411, Self::C440];

    /// Base-2 logarithms of the columns and of the rows that share a sample.
    const fn shifts(self) -> (u32, u32) {
        match self {
            Self::C420 => (1, 1),
            Self::C422 => (1, 0),
            Self::C444 => (0, 0),
            Self::C411 => (2, 0),
            Self::C440 => (0, 1),
        }
    }
}

const fn place(plane: u32, offset: u32, step: u32) -> SamplePlace {
    SamplePlace { plane, offset, step }
}

/// 8-bit samples of one packed plane, at the given offsets of the three samples.
const fn packed_rgb(step: u32, offsets: [u32; 3]) -> FormatDescriptor {
    FormatDescriptor {
        model: ColorModel::Rgb,
        planes: 1,
        sample_bytes: 1,
        sample_shift: 0,
        bits: 8,
        chroma_x: 0,
        chroma_y: 0,
        samples: [place(0, offsets[0], step), place(0, offsets[1], step), place(0, offsets[2], step)],
    }
}

const fn yuv(planes: u32, bytes: u32, bits: u32, chroma: Chroma, samples: [SamplePlace; 3]) -> FormatDescriptor {
    let (chroma_x, chroma_y) = chroma.shifts();
    FormatDescriptor { model: ColorModel::Yuv, planes, sample_bytes: bytes, sample_shift: 0, bits, chroma_x, chroma_y, samples }
}

impl PixelFormat {
    /// Every format, the planar ones at 8, 10 and 16 bits.
    pub fn examples() -> impl Iterator<Item = Self> {
        let depths = [SampleBits(8), SampleBits(10), SampleBits(16)];
        let rgb = [Self::Rgba8, Self::Bgra8, Self::Rgb24, Self::Bgr24, Self::Rgb48];
        let packed = rgb.into_iter().chain([Self::Uyvy, Self::Yuyv, Self::Nv12, Self::P010]);
        let planar = depths.into_iter().flat_map(|bits| Chroma::ALL.into_iter().map(move |chroma| Self::Planar(chroma, bits)));
        packed.chain(planar).chain(depths.into_iter().map(Self::Gray))
    }

    /// The format's row of the table.
    #[must_use]
    pub const fn descriptor(self) -> FormatDescriptor {
        match self {
            Self::Rgba8 => packed_rgb(4, [0, 1, 2]),
            Self::Bgra8 => packed_rgb(4, [2, 1, 0]),
            Self::Rgb24 => packed_rgb(3, [0, 1, 2]),
            Self::Bgr24 => packed_rgb(3, [2, 1, 0]),
            Self::Rgb48 => FormatDescriptor { sample_bytes: 2, bits: 16, ..packed_rgb(6, [0, 2, 4]) },
            Self::Uyvy => yuv(1, 1, 8, Chroma::C422, [place(0, 1, 2), place(0, 0, 4), place(0, 2, 4)]),
            Self::Yuyv => yuv(1, 1, 8, Chroma::C422, [place(0, 0, 2), place(0, 1, 4), place(0, 3, 4)]),
            Self::Nv12 => yuv(2, 1, 8, Chroma::C420, [place(0, 0, 1), place(1, 0, 2), place(1, 1, 2)]),
            Self::P010 => FormatDescriptor {
                sample_shift: 6,
                ..yuv(2, 2, 10, Chroma::C420, [place(0, 0, 2), place(1, 0, 4), place(1, 2, 4)])
            },
            Self::Planar(chroma, bits) => {
                let bytes = bits.bytes();
                yuv(3, bytes, bits.get(), chroma, [place(0, 0, bytes), place(1, 0, bytes), place(2, 0, bytes)])
            }
            Self::Gray(bits) => FormatDescriptor {
                model: ColorModel::Gray,
                planes: 1,
                ..yuv(1, bits.bytes(), bits.get(), Chroma::C444, [place(0, 0, bits.bytes()); 3])
            },
        }
    }

    /// Bytes that a row of plane `plane` occupies, without padding; 0 for a plane that the format lacks.
    #[must_use]
    pub fn row_bytes(self, plane: usize, size: PixelSize) -> usize {
        let row = self.descriptor();
        let bytes = |(index, sample): (usize, &SamplePlace)| {
            let shift = if index == 0 { 0 } else { row.chroma_x };
            let columns = size.width.div_ceil(1 << shift) as usize;
            columns.saturating_mul(sample.step as usize)
        };
        row.samples.iter().enumerate().filter(|(_, sample)| sample.plane as usize == plane).map(bytes).max().unwrap_or(0)
    }

    /// Rows of plane `plane`; 0 for a plane that the format lacks.
    #[must_use]
    pub fn rows(self, plane: usize, size: PixelSize) -> usize {
        let row = self.descriptor();
        if plane >= row.planes as usize {
            return 0;
        }
        let luma = row.samples.first().is_some_and(|sample| sample.plane as usize == plane);
        size.height.div_ceil(1 << if luma { 0 } else { row.chroma_y }) as usize
    }

    /// Bytes of a picture without padding: its planes one after the other.
    #[must_use]
    pub fn frame_bytes(self, size: PixelSize) -> usize {
        (0..3).map(|plane| self.row_bytes(plane, size).saturating_mul(self.rows(plane, size))).fold(0, usize::saturating_add)
    }
}

impl core::fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Rgba8 => f.write_str("RGBA8"),
            Self::Bgra8 => f.write_str("BGRA8"),
            Self::Rgb24 => f.write_str("RGB24"),
            Self::Bgr24 => f.write_str("BGR24"),
            Self::Rgb48 => f.write_str("RGB48"),
            Self::Uyvy => f.write_str("UYVY"),
            Self::Yuyv => f.write_str("YUYV"),
            Self::Nv12 => f.write_str("NV12"),
            Self::P010 => f.write_str("P010"),
            Self::Planar(chroma, bits) => {
                let name = match chroma {
                    Chroma::C420 => "I420",
                    Chroma::C422 => "I422",
                    Chroma::C444 => "I444",
                    Chroma::C411 => "I411",
                    Chroma::C440 => "I440",
                };
                write!(f, "{name}, {} bit", bits.get())
            }
            Self::Gray(bits) => write!(f, "gray, {} bit", bits.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_sizes_are_those_that_the_formats_are_known_by() {
        let hd = PixelSize::new(1920, 1080);
        let pixels = 1920 * 1080;
        assert_eq!(PixelFormat::Rgba8.frame_bytes(hd), 4 * pixels, "RGBA8");
        assert_eq!(PixelFormat::Uyvy.frame_bytes(hd), 2 * pixels, "UYVY");
        assert_eq!(PixelFormat::Nv12.frame_bytes(hd), 3 * pixels / 2, "NV12");
        assert_eq!(PixelFormat::P010.frame_bytes(hd), 3 * pixels, "P010");
        let ten = SampleBits::new(10).unwrap_or(SampleBits::EIGHT);
        assert_eq!(PixelFormat::Planar(Chroma::C422, ten).frame_bytes(hd), 4 * pixels, "I422, 10 bit");
        assert_eq!(PixelFormat::Planar(Chroma::C411, SampleBits::EIGHT).frame_bytes(hd), 3 * pixels / 2, "I411");
        assert_eq!(PixelFormat::Gray(SampleBits::EIGHT).frame_bytes(hd), pixels, "gray");
    }

    #[test]
    fn odd_sizes_round_chroma_up() {
        let odd = PixelSize::new(5, 3);
        assert_eq!(PixelFormat::Planar(Chroma::C420, SampleBits::EIGHT).frame_bytes(odd), 15 + 2 * 6, "I420 of 5x3");
        assert_eq!(PixelFormat::Nv12.frame_bytes(odd), 15 + 12, "NV12 of 5x3");
        assert_eq!(PixelFormat::Yuyv.frame_bytes(odd), 12 * 3, "YUYV of 5x3: three pairs per row");
    }
}
