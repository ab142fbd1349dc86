//! Where pictures come from, as people write it: `pattern:bars`, `image:logo.png`, `seq:frames?fps=25`, `pipe:-`,
//! `cmd:ffmpeg ...`. Parsed once into [`SourceUri`]; nothing else looks at the text.
//!
//! Parameters follow a `?` and are separated by `&`. A command may contain any character, so its parameters stand in front
//! of the colon: `cmd?format=rgb24&size=1920x1080&fps=60:program`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use ocp809_calibration::pattern::{Pattern, PatternError};
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::Rational;
use ocp809_shaders::PixelFormat;
use ocp809_shaders::frame::MAX_SOURCE_SIDE;

use super::raw;
use super::words::{self, WordsError};
use super::y4m::MAX_FRAME_BYTES;

/// A source as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceUri {
    text: String,
    /// Where pictures come from.
    pub kind: SourceKind,
    /// When each picture is shown.
    pub timing: Timing,
    /// What follows the last picture.
    pub at_end: AtEnd,
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    /// Drawn here.
    Pattern {
        /// What is drawn.
        pattern: Pattern,
        /// How large; absent: what the wall shows.
        size: Option<PixelSize>,
    },
    /// One picture file.
    Image(PathBuf),
    /// Picture files one after the other.
    Sequence {
        /// A folder, a path with `*` and `?`, or one with `%04d`.
        files: PathBuf,
        /// Pictures per second.
        rate: Rational,
    },
    /// Standard input.
    StandardInput(StreamFormat),
    /// A file or named pipe that is read from its beginning to its end.
    Stream {
        /// The file.
        path: PathBuf,
        /// What it holds.
        format: StreamFormat,
    },
    /// The output of a program.
    Command {
        /// The program and its arguments; never empty.
        words: Vec<String>,
        /// What it writes.
        format: StreamFormat,
    },
}

/// What a stream of bytes holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamFormat {
    /// YUV4MPEG2, which says itself what its pictures are.
    Y4m,
    /// Pictures one after the other with nothing between them.
    Raw {
        /// Layout of the pixels.
        format: PixelFormat,
        /// Size of a picture.
        size: PixelSize,
        /// Pictures per second.
        rate: Rational,
    },
}

/// When each picture is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timing {
    /// As soon as it is there; the newest wins and older ones are dropped. For capture devices.
    Live,
    /// At its own time by the rate that the source declares, whatever the wall's frame rate is. The reader waits.
    #[default]
    Paced,
    /// Each picture in exactly one frame of the wall. The reader waits.
    Every,
}

/// What follows the last picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtEnd {
    /// The source starts again.
    #[default]
    Repeat,
    /// The last picture stays.
    Hold,
}

/// Pictures per second of a sequence that does not say.
const FILM_RATE: Rational = Rational::whole(NonZeroU32::MIN.saturating_add(24));

/// Why a text names no source.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UriError {
    /// No known word in front of the colon.
    #[error(
        "`{text}` is no source: expected pattern:NAME, image:FILE, seq:FOLDER, pipe:- or cmd:COMMAND{}",
        suggestion(.text)
    )]
    Scheme {
        /// What was written.
        text: String,
    },
    /// Nothing behind the colon.
    #[error("{scheme}: is incomplete: expected {expected}")]
    Empty {
        /// The word in front of the colon.
        scheme: &'static str,
        /// What belongs behind it.
        expected: &'static str,
    },
    /// A pattern that does not exist or has other parameters.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A command whose quotes do not match.
    #[error("the command cannot be read: {0}")]
    Words(#[from] WordsError),
    /// A parameter that this source does not have.
    #[error("{scheme}: has no parameter `{key}`; it takes: {known}")]
    Unknown {
        /// The source.
        scheme: &'static str,
        /// What was written.
        key: String,
        /// What it takes.
        known: &'static str,
    },
    /// A value that makes no sense.
    #[error("{scheme}: `{key}={value}`: expected {expected}")]
    Value {
        /// The source.
        scheme: &'static str,
        /// The parameter.
        key: &'static str,
        /// What was written.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// A raw stream does not say what it holds.
    #[error("{scheme}: a raw stream needs {missing} too: format=rgb24&size=1920x1080&fps=60")]
    RawIncomplete {
        /// The source.
        scheme: &'static str,
        /// The parameter that is missing.
        missing: &'static str,
    },
}

/// Names the scheme that a bare file name probably wants.
fn suggestion(text: &str) -> &'static str {
    let extension = text.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "png" | "jpg" | "jpeg" | "tif" | "tiff" => "; for a picture write image: in front of it",
        "mp4" | "mov" | "mkv" | "avi" | "webm" | "mxf" | "m4v" | "ts" => {
            "; for a video write cmd:ffmpeg -v error -i FILE -f yuv4mpegpipe -strict -1 -"
        }
        "y4m" => "; for a Y4M file write pipe: in front of it",
        _ => "",
    }
}

impl SourceUri {
    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl core::fmt::Display for SourceUri {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SourceUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let text = text.trim();
        let unknown = || UriError::Scheme { text: text.to_owned() };
        let (head, body) = text.split_once(':').ok_or_else(unknown)?;
        let (scheme, early) = head.split_once('?').unwrap_or((head, ""));
        match scheme {
            "pattern" => pattern(text, body),
            "image" => image(text, body, early),
            "seq" => sequence(text, body, early),
            "pipe" => pipe(text, body, early),
            "cmd" => command(text, body, early),
            _ => Err(unknown()),
        }
    }
}

fn pattern(text: &str, body: &str) -> Result<SourceUri, UriError> {
    // `size` belongs to the picture, everything else to the pattern.
    let mut size = None;
    let mut kept = String::new();
    for (index, word) in body.split(['?', '&']).enumerate() {
        if let Some(value) = word.strip_prefix("size=").filter(|_| index > 0) {
            size = Some(parse_size("pattern", value)?);
        } else {
            kept.push_str(if index > 0 { "&" } else { "" });
            kept.push_str(word);
        }
    }
    let kind = SourceKind::Pattern { pattern: kept.parse()?, size };
    Ok(SourceUri { text: text.to_owned(), kind, timing: Timing::Paced, at_end: AtEnd::Repeat })
}

fn image(text: &str, body: &str, early: &str) -> Result<SourceUri, UriError> {
    let mut parameters = Parameters::new("image", "no parameters");
    parameters.read(early)?;
    parameters.finish_without_stream()?;
    if body.is_empty() {
        return Err(UriError::Empty { scheme: "image", expected: "a PNG, JPEG or TIFF file" });
    }
    let kind = SourceKind::Image(body.into());
    Ok(SourceUri { text: text.to_owned(), kind, timing: Timing::Live, at_end: AtEnd::Hold })
}

fn sequence(text: &str, body: &str, early: &str) -> Result<SourceUri, UriError> {
    let mut parameters = Parameters::new("seq", "fps, timing, end");
    let files = parameters.read_both(early, body)?;
    if files.is_empty() {
        return Err(UriError::Empty { scheme: "seq", expected: "a folder, or a path such as frames/*.png or frame_%04d.png" });
    }
    let rate = parameters.rate.take().unwrap_or(FILM_RATE);
    parameters.finish_without_stream()?;
    Ok(parameters.source(text, SourceKind::Sequence { files: files.into(), rate }))
}

fn pipe(text: &str, body: &str, early: &str) -> Result<SourceUri, UriError> {
    let mut parameters = Parameters::new("pipe", STREAM_PARAMETERS);
    let path = parameters.read_both(early, body)?.to_owned();
    let format = parameters.stream_format()?;
    let kind = match path.as_str() {
        "" => return Err(UriError::Empty { scheme: "pipe", expected: "- for standard input, or a Y4M file or named pipe" }),
        "-" => SourceKind::StandardInput(format),
        _ => SourceKind::Stream { path: path.into(), format },
    };
    Ok(parameters.source(text, kind))
}

fn command(text: &str, body: &str, early: &str) -> Result<SourceUri, UriError> {
    let mut parameters = Parameters::new("cmd", STREAM_PARAMETERS);
    parameters.read(early)?;
    let words = words::split(body)?;
    if words.first().is_none_or(String::is_empty) {
        return Err(UriError::Empty { scheme: "cmd", expected: "a program and its arguments" });
    }
    let format = parameters.stream_format()?;
    Ok(parameters.source(text, SourceKind::Command { words, format }))
}

const STREAM_PARAMETERS: &str = "format, size, fps (all three for a raw stream), timing, end";

/// Parameters of one source as they are read.
struct Parameters {
    scheme: &'static str,
    known: &'static str,
    format: Option<PixelFormat>,
    size: Option<PixelSize>,
    rate: Option<Rational>,
    timing: Option<Timing>,
    at_end: Option<AtEnd>,
}

impl Parameters {
    const fn new(scheme: &'static str, known: &'static str) -> Self {
        Self { scheme, known, format: None, size: None, rate: None, timing: None, at_end: None }
    }

    /// Parameters in front of the colon and behind the body; what is left of the body.
    fn read_both<'a>(&mut self, early: &str, body: &'a str) -> Result<&'a str, UriError> {
        self.read(early)?;
        // A `?` may also stand for a character in a file name: only what looks like parameters is taken for such.
        match body.rsplit_once('?') {
            Some((rest, late)) if late.split('&').all(looks_like_parameter) => {
                self.read(late)?;
                Ok(rest)
            }
            _ => Ok(body),
        }
    }

    fn read(&mut self, words: &str) -> Result<(), UriError> {
        for word in words.split('&').filter(|word| !word.is_empty()) {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            self.take(key, value)?;
        }
        Ok(())
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), UriError> {
        let scheme = self.scheme;
        let wrong = |key, expected| UriError::Value { scheme, key, value: value.to_owned(), expected };
        match key {
            "format" => {
                let y4m = value == "y4m";
                self.format = raw::parse(value);
                if self.format.is_none() && !y4m {
                    return Err(wrong("format", raw::NAMES));
                }
            }
            "size" => self.size = Some(parse_size(scheme, value)?),
            "fps" => self.rate = Some(parse_rate(value).ok_or_else(|| wrong("fps", "a rate such as 60, 59.94 or 60000/1001"))?),
            "timing" => {
                let timing = match value {
                    "live" => Timing::Live,
                    "paced" => Timing::Paced,
                    "every" => Timing::Every,
                    _ => {
                        return Err(wrong(
                            "timing",
                            "live (newest picture), paced (by its own rate) or every (none is left out)",
                        ));
                    }
                };
                self.timing = Some(timing);
            }
            "end" => {
                let at_end = match value {
                    "repeat" => AtEnd::Repeat,
                    "hold" => AtEnd::Hold,
                    _ => return Err(wrong("end", "repeat (start again) or hold (keep the last picture)")),
                };
                self.at_end = Some(at_end);
            }
            _ => return Err(UriError::Unknown { scheme, key: key.to_owned(), known: self.known }),
        }
        Ok(())
    }

    /// Refuses what only streams have.
    fn finish_without_stream(&self) -> Result<(), UriError> {
        let extra = [("format", self.format.is_some()), ("size", self.size.is_some()), ("fps", self.rate.is_some())];
        match extra.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(UriError::Unknown { scheme: self.scheme, key: key.to_owned(), known: self.known }),
            None => Ok(()),
        }
    }

    fn stream_format(&self) -> Result<StreamFormat, UriError> {
        let missing = |missing| UriError::RawIncomplete { scheme: self.scheme, missing };
        match (self.format, self.size, self.rate) {
            (None, None, None) => Ok(StreamFormat::Y4m),
            (Some(format), Some(size), Some(rate)) => Ok(StreamFormat::Raw { format, size, rate }),
            (None, _, _) => Err(missing("format")),
            (_, None, _) => Err(missing("size")),
            (_, _, None) => Err(missing("fps")),
        }
    }

    fn source(&self, text: &str, kind: SourceKind) -> SourceUri {
        let timing = self.timing.unwrap_or_default();
        let at_end = self.at_end.unwrap_or_default();
        SourceUri { text: text.to_owned(), kind, timing, at_end }
    }
}

fn looks_like_parameter(word: &str) -> bool {
    word.split_once('=').is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn parse_size(scheme: &'static str, text: &str) -> Result<PixelSize, UriError> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=MAX_SOURCE_SIDE).contains(side));
    let size = text.split_once('x').and_then(|(width, height)| Some(PixelSize::new(side(width)?, side(height)?)));
    // Six bytes are the most that any format takes per pixel.
    let size = size.filter(|size| size.area() * 6 <= MAX_FRAME_BYTES as u64);
    let expected = "WIDTHxHEIGHT such as 1920x1080, up to 16384 a side and 44 million pixels";
    size.ok_or_else(|| UriError::Value { scheme, key: "size", value: text.to_owned(), expected })
}

/// `60`, `60000/1001`, or a decimal; the usual ones that end in .97, .94, .98 and so on mean their exact fraction.
fn parse_rate(text: &str) -> Option<Rational> {
    if let Some((numerator, denominator)) = text.split_once('/') {
        return Rational::new(numerator.parse().ok()?, denominator.parse().ok()?);
    }
    let hz: f64 = text.parse().ok().filter(|hz| (0.001..=1_000.0).contains(hz))?;
    let nearest = hz.round();
    let ntsc = (hz - nearest * 1_000.0 / 1_001.0).abs() < 0.006 && (hz - nearest).abs() > 0.01;
    if ntsc { Rational::new(millionths(nearest / 1_000.0)?, 1_001) } else { Rational::new(millionths(hz)?, 1_000_000) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value lies within 0 to 4294, checked above")]
fn millionths(value: f64) -> Option<u32> {
    let millionths = (value * 1e6).round();
    (0.0..4.2e9).contains(&millionths).then_some(millionths as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<SourceUri, UriError> {
        text.parse()
    }

    fn kind(text: &str) -> SourceKind {
        parse(text).unwrap().kind
    }

    #[test]
    fn each_kind_is_read() {
        let bars = SourceKind::Pattern { pattern: "bars?level=100&full".parse().unwrap(), size: None };
        assert_eq!(kind("pattern:bars?level=100&full"), bars);
        let sized = SourceKind::Pattern { pattern: "grey?level=20".parse().unwrap(), size: Some(PixelSize::new(64, 32)) };
        assert_eq!(kind("pattern:grey?level=20&size=64x32"), sized);
        assert_eq!(kind("image:a ?.png"), SourceKind::Image("a ?.png".into()));
        let fifty = Rational::new(50_000_000, 1_000_000).unwrap();
        assert_eq!(kind("seq:f/img_????.png?fps=50"), SourceKind::Sequence { files: "f/img_????.png".into(), rate: fifty });
        assert_eq!(
            kind("seq:f/img_????.png"),
            SourceKind::Sequence { files: "f/img_????.png".into(), rate: Rational::new(25, 1).unwrap() }
        );
        assert_eq!(kind("pipe:-"), SourceKind::StandardInput(StreamFormat::Y4m));
        let raw = StreamFormat::Raw {
            format: PixelFormat::Rgb24,
            size: PixelSize::new(1920, 1080),
            rate: Rational::new(60_000, 1_001).unwrap(),
        };
        assert_eq!(kind("pipe:-?format=rgb24&size=1920x1080&fps=60000/1001"), SourceKind::StandardInput(raw));
        assert_eq!(
            kind("pipe?format=rgb24&size=1920x1080&fps=60000/1001:/tmp/x"),
            SourceKind::Stream { path: "/tmp/x".into(), format: raw }
        );
        let words = ["ffmpeg", "-i", "a b?c=d.mp4", "-"].map(str::to_owned).to_vec();
        assert_eq!(kind("cmd:ffmpeg -i 'a b?c=d.mp4' -"), SourceKind::Command { words, format: StreamFormat::Y4m });
    }

    #[test]
    fn timing_and_end_are_read() {
        let uri = parse("cmd?timing=every&end=hold:true").unwrap();
        assert_eq!((uri.timing, uri.at_end), (Timing::Every, AtEnd::Hold));
        let uri = parse("cmd:true").unwrap();
        assert_eq!((uri.timing, uri.at_end), (Timing::Paced, AtEnd::Repeat));
        assert_eq!(uri.to_string(), "cmd:true");
    }

    #[test]
    fn rates_are_exact_fractions() {
        for (text, hz) in [
            ("60", 60.0),
            ("59.94", 60_000.0 / 1_001.0),
            ("29.97", 30_000.0 / 1_001.0),
            ("23.976", 24_000.0 / 1_001.0),
            ("12.5", 12.5),
        ] {
            let rate = parse_rate(text).unwrap();
            assert!((rate.hz() - hz).abs() < 1e-9, "{text}: {rate:?}");
        }
        for text in ["0", "-1", "NaN", "1e9", "1/0", "x"] {
            assert_eq!(parse_rate(text), None, "{text}");
        }
    }

    #[test]
    fn errors_name_what_was_expected() {
        for (text, expected) in [
            ("", "expected pattern:NAME, image:FILE"),
            ("logo.PNG", "write image: in front of it"),
            ("show.mp4", "write cmd:ffmpeg"),
            ("hdmi:1", "`hdmi:1` is no source"),
            ("image:", "image: is incomplete: expected a PNG"),
            ("image?fps=3:a.png", "image: has no parameter `fps`"),
            ("seq:", "expected a folder"),
            ("seq:x?fps=fast", "seq: `fps=fast`: expected a rate such as 60"),
            ("seq:x?size=3x3", "seq: has no parameter `size`; it takes: fps, timing, end"),
            ("pipe:-?format=rgb24", "needs size too"),
            ("pipe:-?size=2x2", "needs format too"),
            ("pipe:-?format=rgb23", "`format=rgb23`: expected rgba, bgra"),
            ("pipe:-?format=rgb24&size=0x9&fps=1", "`size=0x9`: expected WIDTHxHEIGHT"),
            ("pipe:-?timing=soon", "expected live (newest picture)"),
            ("pipe:-?volume=11", "pipe: has no parameter `volume`"),
            ("cmd:", "expected a program"),
            ("cmd:a 'b", "the quote ' at character 3 is never closed"),
            ("pattern:plaid", "there is no pattern `plaid`"),
        ] {
            let got = parse(text).map_or_else(|error| error.to_string(), |uri| format!("{uri:?}"));
            assert!(got.contains(expected), "{text:?}: {got}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_source_or_an_error(scheme in "(pattern|image|seq|pipe|cmd|x)[?:a-z=&]{0,9}", rest in ".{0,40}") {
            if let Ok(uri) = format!("{scheme}:{rest}").parse::<SourceUri>() {
                prop_assert_eq!(uri.as_str().parse::<SourceUri>(), Ok(uri), "the kept text reads back");
            }
        }
    }
}
