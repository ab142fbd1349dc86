//! Pixel formats of raw streams by the names that ffmpeg gives them (`-pix_fmt`), so that one word serves both sides.

use ocp809_shaders::PixelFormat;
use ocp809_shaders::format::{Chroma, SampleBits};

/// The names, for help and errors.
pub const NAMES: &str = "rgba, bgra, rgb24, bgr24, rgb48le, uyvy422, yuyv422, nv12, p010le, gray, \
    yuv420p, yuv422p, yuv444p, yuv411p, yuv440p, and planar or gray with 9 to 16 bits, such as yuv422p10le or gray12le";

/// The format of a name; `rgb0` and the like are taken for their alpha twins, and a trailing `le` may be left out.
#[must_use]
pub fn parse(name: &str) -> Option<PixelFormat> {
    let name = name.strip_suffix("le").unwrap_or(name);
    let packed = match name {
        "rgba" | "rgb0" => Some(PixelFormat::Rgba8),
        "bgra" | "bgr0" => Some(PixelFormat::Bgra8),
        "rgb24" => Some(PixelFormat::Rgb24),
        "bgr24" => Some(PixelFormat::Bgr24),
        "rgb48" => Some(PixelFormat::Rgb48),
        "uyvy422" | "uyvy" => Some(PixelFormat::Uyvy),
        "yuyv422" | "yuyv" => Some(PixelFormat::Yuyv),
        "nv12" => Some(PixelFormat::Nv12),
        "p010" => Some(PixelFormat::P010),
        _ => None,
    };
    packed.or_else(|| planar(name))
}

fn planar(name: &str) -> Option<PixelFormat> {
    if let Some(bits) = name.strip_prefix("gray") {
        return Some(PixelFormat::Gray(sample_bits(bits)?));
    }
    let (chroma, bits) = name.strip_prefix("yuv")?.split_once('p')?;
    Some(PixelFormat::Planar(chroma_of(chroma)?, sample_bits(bits)?))
}

/// The chroma layout of `420`, `422` and so on.
pub(super) fn chroma_of(digits: &str) -> Option<Chroma> {
    match digits {
        "420" => Some(Chroma::C420),
        "422" => Some(Chroma::C422),
        "444" => Some(Chroma::C444),
        "411" => Some(Chroma::C411),
        "440" => Some(Chroma::C440),
        _ => None,
    }
}

/// Bits of a sample; nothing means 8.
pub(super) fn sample_bits(digits: &str) -> Option<SampleBits> {
    if digits.is_empty() { Some(SampleBits::EIGHT) } else { SampleBits::new(digits.parse().ok()?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_ffmpeg() {
        let ten = SampleBits::new(10).unwrap();
        for (name, expected) in [
            ("rgb24", Some(PixelFormat::Rgb24)),
            ("yuv420p", Some(PixelFormat::Planar(Chroma::C420, SampleBits::EIGHT))),
            ("yuv422p10le", Some(PixelFormat::Planar(Chroma::C422, ten))),
            ("gray10le", Some(PixelFormat::Gray(ten))),
            ("gray", Some(PixelFormat::Gray(SampleBits::EIGHT))),
            ("p010le", Some(PixelFormat::P010)),
            ("yuv420p7", None),
            ("yuv421p", None),
            ("h264", None),
            ("", None),
        ] {
            assert_eq!(parse(name), expected, "{name}");
        }
    }
}
