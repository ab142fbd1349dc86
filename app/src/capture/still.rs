//! Picture files: PNG, JPEG and TIFF, 16 bits kept, transparency shown over black, turned as the camera was held.

use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use ocp809_sender::geometry::PixelSize;
use ocp809_shaders::format::SampleBits;
use ocp809_shaders::frame::{InputTransfer, MAX_SOURCE_SIDE, Range};
use ocp809_shaders::{PixelFormat, SourceShape};

use super::color::{ColorHints, ColorPolicy};
use super::error::SourceError;
use super::mailbox::Writer;
use super::stream::Ending;
use super::y4m::MAX_FRAME_BYTES;
use crate::control::status::SourceState;

/// What picture files are without saying so: full range, sRGB.
const FILE_COLOR: ColorHints =
    ColorHints { range: Some(Range::Full), matrix: None, siting: None, transfer: Some(InputTransfer::Srgb), primaries: None };

/// Shows a picture file.
pub(super) fn run(path: &Path, color: ColorPolicy, writer: &mut Writer) -> Result<Ending, SourceError> {
    let (shape, data) = decode(path, color)?;
    if !writer.publish_owned(shape, data, 0, true) {
        return Ok(Ending::Unwanted);
    }
    writer.shared().set_state(SourceState::Still);
    Ok(Ending::Finished)
}

/// A picture file as the pixel path reads it.
pub(super) fn decode(path: &Path, color: ColorPolicy) -> Result<(SourceShape, Vec<u8>), SourceError> {
    let open = |source| SourceError::Open { path: path.to_owned(), source };
    let decode = |source| SourceError::Decode { path: path.to_owned(), source };
    let mut reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(open)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SOURCE_SIDE);
    limits.max_image_height = Some(MAX_SOURCE_SIDE);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(decode)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAX_FRAME_BYTES as u64 {
        return Err(SourceError::TooLarge { path: path.to_owned(), width, height });
    }
    let orientation = decoder.orientation().map_err(decode)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(decode)?;
    picture.apply_orientation(orientation);
    let size = PixelSize::new(picture.width(), picture.height());
    let (format, data) = pixels(picture);
    Ok((color.shape(format, size, FILE_COLOR), data))
}

/// Codes in a format of the pixel path. Floating-point pictures become 16 bits.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is non-exhaustive; what is not named here is converted")]
fn pixels(picture: DynamicImage) -> (PixelFormat, Vec<u8>) {
    const SIXTEEN: SampleBits = match SampleBits::new(16) {
        Some(bits) => bits,
        None => SampleBits::EIGHT,
    };
    match picture {
        DynamicImage::ImageLuma8(gray) => (PixelFormat::Gray(SampleBits::EIGHT), gray.into_raw()),
        DynamicImage::ImageLuma16(gray) => (PixelFormat::Gray(SIXTEEN), little_endian(&gray)),
        DynamicImage::ImageRgb8(rgb) => (PixelFormat::Rgb24, rgb.into_raw()),
        DynamicImage::ImageRgb16(rgb) => (PixelFormat::Rgb48, little_endian(&rgb)),
        DynamicImage::ImageLumaA8(_) | DynamicImage::ImageRgba8(_) => (PixelFormat::Rgb24, over_black_8(&picture.to_rgba8())),
        other => (PixelFormat::Rgb48, little_endian(&over_black_16(&other.to_rgba16()))),
    }
}

fn little_endian(samples: &[u16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "(255 x 255 + 127) / 255 is 255")]
fn over_black_8(rgba: &[u8]) -> Vec<u8> {
    let blend = |code: u8, alpha: u8| ((u32::from(code) * u32::from(alpha) + 127) / 255) as u8;
    rgba.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, a]| [blend(r, a), blend(g, a), blend(b, a)]).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "(65535 x 65535 + 32767) / 65535 is 65535")]
fn over_black_16(rgba: &[u16]) -> Vec<u16> {
    let blend = |code: u16, alpha: u16| ((u64::from(code) * u64::from(alpha) + 32_767) / 65_535) as u16;
    rgba.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, a]| [blend(r, a), blend(g, a), blend(b, a)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageBuffer, Luma, Rgb, Rgba};

    fn round_trip(picture: &DynamicImage, name: &str) -> (SourceShape, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        picture.save(&path).unwrap();
        decode(&path, ColorPolicy::default()).unwrap()
    }

    #[test]
    fn sixteen_bits_are_kept() {
        let rgb = ImageBuffer::from_pixel(3, 2, Rgb([0x0102_u16, 0xfffe, 7]));
        for name in ["a.png", "a.tiff"] {
            let (shape, data) = round_trip(&DynamicImage::ImageRgb16(rgb.clone()), name);
            assert_eq!((shape.format, shape.size), (PixelFormat::Rgb48, PixelSize::new(3, 2)), "{name}");
            assert_eq!(data[..6], [0x02, 0x01, 0xfe, 0xff, 7, 0], "{name}");
        }
        let gray = ImageBuffer::from_pixel(3, 2, Luma([0x0102_u16]));
        let (shape, data) = round_trip(&DynamicImage::ImageLuma16(gray), "g.png");
        assert_eq!((shape.format.to_string().as_str(), &data[..2]), ("gray, 16 bit", &[0x02, 0x01][..]));
        assert_eq!(shape.color.range, Range::Full, "files are full range");
    }

    #[test]
    fn transparency_lies_over_black() {
        let rgba = ImageBuffer::from_fn(2, 1, |x, _| Rgba([200_u8, 100, 255, if x == 0 { 128 } else { 255 }]));
        let (shape, data) = round_trip(&DynamicImage::ImageRgba8(rgba), "a.png");
        assert_eq!((shape.format, data), (PixelFormat::Rgb24, vec![100, 50, 128, 200, 100, 255]));
    }

    #[test]
    fn what_cannot_be_shown_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = decode(&folder.path().join("no.png"), ColorPolicy::default()).unwrap_err();
        assert!(missing.chain().contains("no.png cannot be opened: No such file"), "{}", missing.chain());
        let text = folder.path().join("text.png");
        std::fs::write(&text, "not a picture").unwrap();
        let wrong = decode(&text, ColorPolicy::default()).unwrap_err();
        assert!(wrong.chain().contains("text.png is no picture that can be shown (PNG, JPEG or TIFF)"), "{}", wrong.chain());
    }

    #[test]
    fn hostile_sizes_allocate_nothing() {
        // A PNG header that promises 2^31 - 1 columns and rows.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge.png");
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0".to_vec();
        png.extend(crc32(&png[12..]).to_be_bytes());
        std::fs::write(&path, png).unwrap();
        assert!(decode(&path, ColorPolicy::default()).is_err());
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }
}
