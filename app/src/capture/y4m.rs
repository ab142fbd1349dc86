//! YUV4MPEG2 headers, as mjpegtools defined them and ffmpeg extended them (`XCOLORRANGE`, depths above 8 bits).
//!
//! Only lines are parsed here; whoever reads the stream limits their length. Every header yields a picture size within
//! [`MAX_SOURCE_SIDE`] and a frame of at most [`MAX_FRAME_BYTES`].

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::Rational;
use ocp809_shaders::PixelFormat;
use ocp809_shaders::format::{Chroma, SampleBits};
use ocp809_shaders::frame::{ChromaSiting, MAX_SOURCE_SIDE, Range};

use super::color::ColorHints;
use super::raw::{chroma_of, sample_bits};

/// First word of a stream.
pub const STREAM_MAGIC: &[u8] = b"YUV4MPEG2";

/// First word of a picture.
pub const FRAME_MAGIC: &[u8] = b"FRAME";

/// Longest header line; ffmpeg's have about 80 bytes.
pub const MAX_LINE: usize = 4_096;

/// Largest picture in bytes: 8K at 4:4:4 and 16 bits is below.
pub const MAX_FRAME_BYTES: usize = 256 << 20;

/// What a stream header says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Header {
    /// Size of all its pictures.
    pub size: PixelSize,
    /// Layout of the samples.
    pub format: PixelFormat,
    /// Bytes of an alpha plane that follows each picture and is left out.
    pub alpha_bytes: usize,
    /// Pictures per second, where it is known.
    pub rate: Option<Rational>,
    /// What it says about colour.
    pub color: ColorHints,
    /// Whether rows of two instants are woven into one picture.
    pub is_interlaced: bool,
}

/// Why a header cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Y4mError {
    /// It is no Y4M at all.
    #[error(
        "the stream begins with {found:?}, not with YUV4MPEG2: let the program write Y4M (ffmpeg: -f yuv4mpegpipe -strict -1 -), \
         or name the raw format (format=rgb24&size=1920x1080&fps=60)"
    )]
    NoStream {
        /// Its first bytes.
        found: String,
    },
    /// A picture does not begin where the one before ended.
    #[error("picture {picture} begins with {found:?}, not with FRAME: the stream is damaged")]
    NoFrame {
        /// Number of the picture, from 1.
        picture: u64,
        /// Its first bytes.
        found: String,
    },
    /// ffmpeg 5.1 counts chroma rows in bytes where it should count samples, and so loses half a sample of each.
    #[error(
        "picture {picture} does not begin where picture {} ended: ffmpeg writes chroma rows of an odd width ({width}) one byte \
         short when samples have more than 8 bits; let it pad the width (-vf pad=ceil(iw/2)*2:ih) or write 8 bits",
        picture - 1
    )]
    OddWidth {
        /// Number of the picture, from 1.
        picture: u64,
        /// Columns.
        width: u32,
    },
    /// A line without an end.
    #[error("a header line is longer than {MAX_LINE} bytes: the stream is damaged")]
    LongLine,
    /// W or H is missing.
    #[error("the Y4M header lacks {key}, the {what} of its pictures")]
    Missing {
        /// The key.
        key: char,
        /// What it stands for.
        what: &'static str,
    },
    /// A parameter makes no sense.
    #[error("the Y4M header's {key}{value}: expected {expected}")]
    Parameter {
        /// The key.
        key: char,
        /// What was written.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// Pictures that would fill the memory.
    #[error(
        "pictures of {width}x{height} are too large: up to {MAX_SOURCE_SIDE} pixels a side and {MAX_FRAME_BYTES} bytes can be shown"
    )]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
}

impl Header {
    /// Reads a stream header, without its line feed.
    ///
    /// # Errors
    /// [`Y4mError`], with what was expected.
    pub fn parse(line: &[u8]) -> Result<Self, Y4mError> {
        let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        if words.next() != Some(STREAM_MAGIC) {
            return Err(Y4mError::NoStream { found: excerpt(line) });
        }
        let mut fields = Fields::default();
        for word in words {
            fields.take(word)?;
        }
        fields.finish()
    }
}

/// Parameters as they come, in any order.
#[derive(Default)]
struct Fields {
    width: Option<u32>,
    height: Option<u32>,
    rate: Option<Rational>,
    sampling: Option<Sampling>,
    /// Sampling of old ffmpeg versions, which holds where C is missing.
    old_sampling: Option<Sampling>,
    range: Option<Range>,
    is_interlaced: bool,
}

#[derive(Clone, Copy)]
struct Sampling {
    format: PixelFormat,
    siting: ChromaSiting,
    has_alpha: bool,
}

impl Fields {
    fn take(&mut self, word: &[u8]) -> Result<(), Y4mError> {
        let text = String::from_utf8_lossy(word);
        let mut characters = text.chars();
        let key = characters.next().unwrap_or(' ');
        let value = characters.as_str();
        let wrong = |expected| Y4mError::Parameter { key, value: excerpt(value.as_bytes()), expected };
        match key {
            'W' => self.width = Some(side(value).ok_or_else(|| wrong("a width in pixels, 1 or more"))?),
            'H' => self.height = Some(side(value).ok_or_else(|| wrong("a height in pixels, 1 or more"))?),
            'F' if value == "0:0" => self.rate = None,
            'F' => self.rate = Some(rate(value).ok_or_else(|| wrong("a frame rate such as 30000:1001, or 0:0 for unknown"))?),
            'I' => self.is_interlaced = interlaced(value).ok_or_else(|| wrong("p, t, b, m or ?"))?,
            'C' => {
                let known = "420jpeg, 420mpeg2, 420paldv, 411, 422, 444, 444alpha, mono, and with p9 to p16 for more bits";
                self.sampling = Some(sampling(value).ok_or_else(|| wrong(known))?);
            }
            'X' => self.extension(value),
            // A is the pixel aspect ratio: LEDs are square. Unknown keys are skipped as mjpegtools asks.
            _ => {}
        }
        Ok(())
    }

    fn extension(&mut self, value: &str) {
        if let Some(range) = value.strip_prefix("COLORRANGE=") {
            self.range = match range {
                "FULL" => Some(Range::Full),
                "LIMITED" => Some(Range::Limited),
                _ => None,
            };
        } else if let Some(old) = value.strip_prefix("YSCSS=") {
            self.old_sampling = sampling(&old.to_ascii_lowercase());
        }
    }

    fn finish(self) -> Result<Header, Y4mError> {
        let width = self.width.ok_or(Y4mError::Missing { key: 'W', what: "width" })?;
        let height = self.height.ok_or(Y4mError::Missing { key: 'H', what: "height" })?;
        let size = PixelSize::new(width, height);
        let default = Sampling {
            format: PixelFormat::Planar(Chroma::C420, SampleBits::EIGHT),
            siting: ChromaSiting::Center,
            has_alpha: false,
        };
        let Sampling { format, siting, has_alpha } = self.sampling.or(self.old_sampling).unwrap_or(default);
        let too_large = Y4mError::TooLarge { width, height };
        if width > MAX_SOURCE_SIDE || height > MAX_SOURCE_SIDE || format.frame_bytes(size) > MAX_FRAME_BYTES {
            return Err(too_large);
        }
        let alpha_bytes = if has_alpha { usize::try_from(size.area()).map_err(|_| too_large)? } else { 0 };
        let color = ColorHints { range: self.range, siting: Some(siting), ..ColorHints::default() };
        Ok(Header { size, format, alpha_bytes, rate: self.rate, color, is_interlaced: self.is_interlaced })
    }
}

fn side(text: &str) -> Option<u32> {
    text.parse().ok().filter(|&side| side > 0)
}

fn rate(text: &str) -> Option<Rational> {
    let (numerator, denominator) = text.split_once(':')?;
    Rational::new(numerator.parse().ok()?, denominator.parse().ok()?)
}

fn interlaced(text: &str) -> Option<bool> {
    match text {
        "p" | "?" => Some(false),
        "t" | "b" | "m" => Some(true),
        _ => None,
    }
}

/// The words after C.
fn sampling(text: &str) -> Option<Sampling> {
    let plain = |format| Sampling { format, siting: ChromaSiting::Left, has_alpha: false };
    if let Some(bits) = text.strip_prefix("mono") {
        return Some(plain(PixelFormat::Gray(sample_bits(bits)?)));
    }
    let eight = |chroma| PixelFormat::Planar(chroma, SampleBits::EIGHT);
    match text {
        "420jpeg" | "420" => return Some(Sampling { siting: ChromaSiting::Center, ..plain(eight(Chroma::C420)) }),
        // PAL-DV lies on the first of its rows too; half a row of chroma is the price of one vertical rule for all.
        "420mpeg2" | "420paldv" => return Some(plain(eight(Chroma::C420))),
        "444alpha" => return Some(Sampling { has_alpha: true, ..plain(eight(Chroma::C444)) }),
        _ => {}
    }
    let (chroma, bits) = text.split_once('p').unwrap_or((text, ""));
    Some(plain(PixelFormat::Planar(chroma_of(chroma)?, sample_bits(bits)?)))
}

/// The beginning of something unreadable, printable and short.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let shown = bytes.get(..24).unwrap_or(bytes);
    shown.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<Header, Y4mError> {
        Header::parse(line.as_bytes())
    }

    #[test]
    fn a_header_of_ffmpeg_is_understood() {
        let header = parse("YUV4MPEG2 W1920 H1080 F30000:1001 Ip A1:1 C422p10 XYSCSS=422P10 XCOLORRANGE=FULL").unwrap();
        assert_eq!(header.size, PixelSize::new(1920, 1080));
        assert_eq!(header.format, PixelFormat::Planar(Chroma::C422, SampleBits::new(10).unwrap()));
        assert_eq!(header.rate, Rational::new(30_000, 1_001));
        assert_eq!(header.color.range, Some(Range::Full));
        assert!(!header.is_interlaced && header.alpha_bytes == 0);
    }

    #[test]
    fn samplings_are_told_apart() {
        let of = |c: &str| parse(&format!("YUV4MPEG2 W4 H4 {c}")).map(|h| (h.format, h.color.siting.unwrap(), h.alpha_bytes));
        let eight = |chroma| PixelFormat::Planar(chroma, SampleBits::EIGHT);
        for (word, expected) in [
            ("", (eight(Chroma::C420), ChromaSiting::Center, 0)),
            ("C420jpeg", (eight(Chroma::C420), ChromaSiting::Center, 0)),
            ("C420mpeg2", (eight(Chroma::C420), ChromaSiting::Left, 0)),
            ("C420paldv", (eight(Chroma::C420), ChromaSiting::Left, 0)),
            ("C411", (eight(Chroma::C411), ChromaSiting::Left, 0)),
            ("C444alpha", (eight(Chroma::C444), ChromaSiting::Left, 16)),
            ("Cmono16", (PixelFormat::Gray(SampleBits::new(16).unwrap()), ChromaSiting::Left, 0)),
            ("XYSCSS=444P12", (PixelFormat::Planar(Chroma::C444, SampleBits::new(12).unwrap()), ChromaSiting::Left, 0)),
        ] {
            assert_eq!(of(word), Ok(expected), "{word}");
        }
    }

    #[test]
    fn errors_name_the_parameter_and_what_it_takes() {
        for (line, expected) in [
            ("RIFF....AVI LIST", "begins with \"RIFF....AVI LIST\", not with YUV4MPEG2"),
            ("YUV4MPEG2 H1", "lacks W, the width"),
            ("YUV4MPEG2 W1", "lacks H, the height"),
            ("YUV4MPEG2 W0 H1", "W0: expected a width in pixels"),
            ("YUV4MPEG2 W-5 H1", "W-5: expected a width"),
            ("YUV4MPEG2 W1 H1 F25", "F25: expected a frame rate"),
            ("YUV4MPEG2 W1 H1 F25:0", "F25:0: expected a frame rate"),
            ("YUV4MPEG2 W1 H1 Ix", "Ix: expected p, t, b"),
            ("YUV4MPEG2 W1 H1 C420p7", "C420p7: expected 420jpeg"),
            ("YUV4MPEG2 W1 H1 C420p99999999999", "C420p99999999999: expected"),
            ("YUV4MPEG2 W99999 H1", "99999x1 are too large"),
            ("YUV4MPEG2 W4294967295 H4294967295 C444p16", "are too large"),
            ("YUV4MPEG2 W16384 H16384 C444p16", "16384x16384 are too large"),
        ] {
            let got = parse(line).map_or_else(|error| error.to_string(), |header| format!("{header:?}"));
            assert!(got.contains(expected), "{line}: {got}");
        }
    }

    proptest! {
        #[test]
        fn hostile_headers_yield_an_error_or_a_bounded_picture(line in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "YUV4MPEG2( [WHFIACX][0-9a-z:=]{0,12}){0,8}".prop_map(String::into_bytes),
            ("W[0-9]{1,11} H[0-9]{1,11} C(420|422|444|mono|411)(p?[0-9]{0,3}|jpeg|alpha)")
                .prop_map(|rest| format!("YUV4MPEG2 {rest}").into_bytes()),
        ]) {
            if let Ok(header) = Header::parse(&line) {
                prop_assert!(header.format.frame_bytes(header.size) <= MAX_FRAME_BYTES);
                prop_assert!(header.alpha_bytes <= MAX_FRAME_BYTES);
                prop_assert!(header.size.width > 0 && header.size.height > 0);
            }
        }
    }
}
