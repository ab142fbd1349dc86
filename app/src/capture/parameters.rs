//! The parameters of a source: `format`, `size`, `fps`, `timing` and `end`, each read and checked in one place.

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::Rational;
use ocp809_shaders::PixelFormat;
use ocp809_shaders::frame::MAX_SOURCE_SIDE;

use super::raw;
use super::uri::{AtEnd, SourceKind, SourceUri, StreamFormat, Timing, UriError};
use super::y4m::MAX_FRAME_BYTES;
use crate::control::rate::exact_rate;

/// Parameters of one source as they are read.
pub(super) struct Parameters {
    scheme: &'static str,
    known: &'static str,
    format: Option<PixelFormat>,
    size: Option<PixelSize>,
    pub(super) rate: Option<Rational>,
    timing: Option<Timing>,
    at_end: Option<AtEnd>,
}

impl Parameters {
    pub(super) const fn new(scheme: &'static str, known: &'static str) -> Self {
        Self { scheme, known, format: None, size: None, rate: None, timing: None, at_end: None }
    }

    /// Parameters in front of the colon and behind the body; what is left of the body.
    pub(super) fn read_both<'a>(&mut self, early: &str, body: &'a str) -> Result<&'a str, UriError> {
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

    pub(super) fn read(&mut self, words: &str) -> Result<(), UriError> {
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
    pub(super) fn finish_without_stream(&self) -> Result<(), UriError> {
        let extra = [("format", self.format.is_some()), ("size", self.size.is_some()), ("fps", self.rate.is_some())];
        match extra.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(UriError::Unknown { scheme: self.scheme, key: key.to_owned(), known: self.known }),
            None => Ok(()),
        }
    }

    pub(super) fn stream_format(&self) -> Result<StreamFormat, UriError> {
        let missing = |missing| UriError::RawIncomplete { scheme: self.scheme, missing };
        match (self.format, self.size, self.rate) {
            (None, None, None) => Ok(StreamFormat::Y4m),
            (Some(format), Some(size), Some(rate)) => Ok(StreamFormat::Raw { format, size, rate }),
            (None, _, _) => Err(missing("format")),
            (_, None, _) => Err(missing("size")),
            (_, _, None) => Err(missing("fps")),
        }
    }

    pub(super) fn source(&self, text: &str, kind: SourceKind) -> SourceUri {
        let timing = self.timing.unwrap_or_default();
        let at_end = self.at_end.unwrap_or_default();
        SourceUri { text: text.to_owned(), kind, timing, at_end }
    }
}

fn looks_like_parameter(word: &str) -> bool {
    word.split_once('=').is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase()))
}

pub(super) fn parse_size(scheme: &'static str, text: &str) -> Result<PixelSize, UriError> {
    let count = |text: &str| text.parse().ok().filter(|side| (1..=MAX_SOURCE_SIDE).contains(side));
    let size = text.split_once('x').and_then(|(width, height)| Some(PixelSize::new(count(width)?, count(height)?)));
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
    exact_rate(text.parse().ok().filter(|hz| (0.001..=1_000.0).contains(hz))?)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
