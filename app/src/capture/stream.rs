//! Pictures out of a stream of bytes: Y4M or raw, straight into the frames of the mailbox.

use std::io::{self, BufRead, ErrorKind, Read};

use ocp809_sender::time::Rational;
use ocp809_shaders::SourceShape;

use super::color::{ColorHints, ColorPolicy};
use super::error::SourceError;
use super::mailbox::{Frame, Writer};
use super::uri::StreamFormat;
use super::y4m::{FRAME_MAGIC, Header, MAX_LINE, STREAM_MAGIC, Y4mError, excerpt};

/// Why reading stopped without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The source came to its end.
    Finished,
    /// Nobody reads its pictures any more.
    Unwanted,
}

/// Reads streams of one kind.
#[derive(Debug)]
pub(super) struct StreamReader {
    format: StreamFormat,
    color: ColorPolicy,
    /// The header line in hand.
    line: Vec<u8>,
}

/// A run of equal pictures within a stream.
struct Run {
    shape: SourceShape,
    rate: Rational,
    alpha_bytes: usize,
    /// Pictures of it that were published.
    pictures: u64,
}

enum Line {
    Whole,
    End,
}

impl StreamReader {
    pub(super) const fn new(format: StreamFormat, color: ColorPolicy) -> Self {
        Self { format, color, line: Vec::new() }
    }

    /// Publishes pictures until the stream ends or nobody wants them.
    pub(super) fn read(&mut self, input: &mut impl BufRead, writer: &mut Writer) -> Result<Ending, SourceError> {
        match self.format {
            StreamFormat::Y4m => self.y4m(input, writer),
            StreamFormat::Raw { format, size, rate } => {
                let shape = self.color.shape(format, size, ColorHints::default());
                let mut run = Run { shape, rate, alpha_bytes: 0, pictures: 0 };
                run.announce(writer, Some(rate));
                loop {
                    match run.picture(input, writer)? {
                        Some(ending) if run.pictures == 0 && ending == Ending::Finished => return Err(SourceError::NoPictures),
                        Some(ending) => return Ok(ending),
                        None => {}
                    }
                }
            }
        }
    }

    fn y4m(&mut self, input: &mut impl BufRead, writer: &mut Writer) -> Result<Ending, SourceError> {
        let mut pictures = 0;
        let mut run: Option<Run> = None;
        loop {
            match self.line(input, pictures)? {
                Line::End if pictures == 0 => return Err(SourceError::NoPictures),
                Line::End => return Ok(Ending::Finished),
                Line::Whole => {}
            }
            let is_frame = self.line.strip_prefix(FRAME_MAGIC).is_some_and(|rest| matches!(rest.first(), None | Some(b' ')));
            match &mut run {
                Some(run) if is_frame => {
                    match run.picture(input, writer)? {
                        Some(Ending::Unwanted) => return Ok(Ending::Unwanted),
                        Some(Ending::Finished) => return Err(run.truncated(0)),
                        None => {}
                    }
                    pictures += 1;
                }
                // A second header follows where files were written one after the other; its pictures may differ.
                None => run = Some(self.begin_run(writer)?),
                Some(_) if self.line.starts_with(STREAM_MAGIC) => run = Some(self.begin_run(writer)?),
                Some(run) => return Err(run.lost(pictures + 1, &self.line).into()),
            }
        }
    }

    fn begin_run(&self, writer: &Writer) -> Result<Run, SourceError> {
        let header = Header::parse(&self.line)?;
        if header.is_interlaced {
            tracing::warn!("the stream is interlaced; its two fields are shown as one picture");
        }
        let shape = self.color.shape(header.format, header.size, header.color);
        let rate = header.rate.unwrap_or_else(|| writer.shared().wall_rate());
        let run = Run { shape, rate, alpha_bytes: header.alpha_bytes, pictures: 0 };
        run.announce(writer, header.rate);
        Ok(run)
    }

    /// Reads a header line without its line feed.
    fn line(&mut self, input: &mut impl BufRead, pictures: u64) -> Result<Line, SourceError> {
        self.line.clear();
        let limit = MAX_LINE as u64 + 1;
        input.take(limit).read_until(b'\n', &mut self.line).map_err(|source| SourceError::Read { pictures, source })?;
        if self.line.is_empty() {
            return Ok(Line::End);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
            return Ok(Line::Whole);
        }
        // No line feed: too long, or no Y4M at all, or cut off.
        let magic: &[u8] = if pictures == 0 { STREAM_MAGIC } else { FRAME_MAGIC };
        let is_known = self.line.starts_with(magic) || magic.starts_with(&self.line);
        Err(match (is_known, self.line.len() > MAX_LINE) {
            (false, _) if pictures == 0 => Y4mError::NoStream { found: excerpt(&self.line) }.into(),
            (false, _) => Y4mError::NoFrame { picture: pictures + 1, found: excerpt(&self.line) }.into(),
            (true, true) => Y4mError::LongLine.into(),
            (true, false) if pictures == 0 => SourceError::NoPictures,
            (true, false) => SourceError::Truncated { picture: pictures + 1, found: 0, expected: 0 },
        })
    }
}

impl Run {
    /// Tells what is coming.
    fn announce(&self, writer: &Writer, declared: Option<Rational>) {
        writer.shared().set_rate(declared);
        writer.set_rate(self.rate, writer.shared().wall_rate());
    }

    /// Reads and publishes one picture; an ending instead when there is none to read or nobody to read for.
    fn picture(&mut self, input: &mut impl Read, writer: &mut Writer) -> Result<Option<Ending>, SourceError> {
        let Some(mut frame) = writer.begin(self.shape)? else { return Ok(Some(Ending::Unwanted)) };
        match self.fill(input, &mut frame) {
            Ok(true) => {}
            Ok(false) => {
                writer.discard(frame);
                return Ok(Some(Ending::Finished));
            }
            Err(error) => {
                writer.discard(frame);
                return Err(error);
            }
        }
        frame.due_ns = self.rate.instant_ns(self.pictures);
        frame.is_first = self.pictures == 0;
        self.pictures += 1;
        writer.publish(frame);
        writer.shared().set_live();
        Ok(None)
    }

    /// Reads a picture into the frame; `false` when the stream ended exactly before it.
    fn fill(&self, input: &mut impl Read, frame: &mut Frame) -> Result<bool, SourceError> {
        let expected = self.shape.format.frame_bytes(self.shape.size);
        let bytes = frame.data.get_mut(..expected).unwrap_or_default();
        let failed = |source| SourceError::Read { pictures: self.pictures, source };
        let found = read_full(input, bytes).map_err(failed)?;
        if found == 0 {
            return Ok(false);
        }
        if found < expected {
            return Err(self.truncated(found));
        }
        let skipped = io::copy(&mut input.take(self.alpha_bytes as u64), &mut io::sink()).map_err(failed)?;
        if skipped == self.alpha_bytes as u64 { Ok(true) } else { Err(self.truncated(found)) }
    }

    /// Why no picture begins here.
    fn lost(&self, picture: u64, line: &[u8]) -> Y4mError {
        let (row, width) = (self.shape.format.descriptor(), self.shape.size.width);
        let is_odd = row.sample_bytes == 2 && row.chroma_x > 0 && !width.is_multiple_of(1 << row.chroma_x);
        if is_odd && picture > 1 {
            Y4mError::OddWidth { picture, width }
        } else {
            Y4mError::NoFrame { picture, found: excerpt(line) }
        }
    }

    fn truncated(&self, found: usize) -> SourceError {
        let expected = self.shape.format.frame_bytes(self.shape.size) + self.alpha_bytes;
        SourceError::Truncated { picture: self.pictures + 1, found, expected }
    }
}

/// Reads until `bytes` is full or the stream ends; how many came.
fn read_full(input: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut found = 0;
    while let Some(rest) = bytes.get_mut(found..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(count) => found += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
