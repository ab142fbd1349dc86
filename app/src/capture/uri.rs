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

use super::parameters::{Parameters, parse_size};
use super::words::{self, WordsError};

/// A source as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceUri {
    pub(super) text: String,
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
        let fifty = Rational::new(50, 1).unwrap();
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
