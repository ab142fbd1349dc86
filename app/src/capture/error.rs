//! What keeps a source from delivering pictures.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use ocp809_calibration::pattern::PatternError;

use super::mailbox::NoMemory;
use super::y4m::{MAX_FRAME_BYTES, Y4mError};

/// What keeps a source from delivering pictures.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A pattern that cannot be drawn here.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A thread of its own could not be had.
    #[error("no thread could be started for the source")]
    Thread(#[source] io::Error),
    /// A file that cannot be opened.
    #[error("{} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A picture file that cannot be decoded.
    #[error("{} is no picture that can be shown (PNG, JPEG or TIFF)", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: image::ImageError,
    },
    /// A picture that would fill the memory.
    #[error("{} is too large: {width}x{height}, and {MAX_FRAME_BYTES} bytes are the most", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A folder or pattern without pictures.
    #[error("{} names no pictures: expected PNG, JPEG or TIFF files", files.display())]
    NoFiles {
        /// What was searched for.
        files: PathBuf,
    },
    /// A sequence pattern that cannot be read.
    #[error("{} has more than one number pattern; write one, such as frame_%04d.png", files.display())]
    SequencePattern {
        /// What was written.
        files: PathBuf,
    },
    /// A header that cannot be read.
    #[error(transparent)]
    Y4m(#[from] Y4mError),
    /// The stream broke.
    #[error("reading failed after {pictures} pictures")]
    Read {
        /// Whole pictures that came.
        pictures: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The stream ended within a picture or a header.
    #[error("the stream ended within picture {picture}: {found} of {expected} bytes came")]
    Truncated {
        /// Number of the picture, from 1.
        picture: u64,
        /// Bytes that came.
        found: usize,
        /// Bytes of a whole picture.
        expected: usize,
    },
    /// A picture that memory cannot hold.
    #[error("there is no memory for a picture of {bytes} bytes")]
    NoMemory {
        /// Bytes of the picture.
        bytes: usize,
    },
    /// The stream ended before its first picture.
    #[error("the stream ended without a picture")]
    NoPictures,
    /// A program that cannot be started.
    #[error("{program} cannot be started; is it installed, and on the PATH?")]
    Spawn {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program that ended with an error.
    #[error("{program} ended with {status} after {pictures} pictures{}", last_words(.said))]
    Exit {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// Whole pictures that came.
        pictures: u64,
        /// The last lines of its standard error.
        said: Vec<String>,
    },
    /// A program whose output cannot be used.
    #[error("the output of {program} cannot be shown{}", last_words(.said))]
    Output {
        /// The program.
        program: String,
        /// The last lines of its standard error.
        said: Vec<String>,
        /// What is wrong with it.
        #[source]
        source: Box<SourceError>,
    },
}

fn last_words(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("; it said: {}", lines.join(" | ")) }
}

impl From<NoMemory> for SourceError {
    fn from(NoMemory { bytes }: NoMemory) -> Self {
        Self::NoMemory { bytes }
    }
}

impl SourceError {
    /// The error with its causes, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = core::error::Error::source(self);
        while let Some(error) = cause {
            let inner = error.to_string();
            // Decoders repeat their cause in their own text.
            if !text.contains(&inner) {
                text = format!("{text}: {inner}");
            }
            cause = error.source();
        }
        text
    }
}
