//! Where pictures come from: patterns, picture files, and video from pipes and programs.
//!
//! [`open`] turns a [`SourceUri`] into two ends: a [`Picture`] for the frame thread, which never waits, and a [`Monitor`] for
//! whoever wants to know how it is doing. Between them and the source's own thread a few frames of memory go round, so
//! that nothing is allocated from picture to picture. A source that fails is tried again; the last picture stays.

mod color;
mod error;
mod generated;
mod mailbox;
mod monitor;
mod named;
mod parameters;
mod program;
pub mod raw;
mod retry;
mod sequence;
mod still;
mod stream;
pub mod uri;
pub mod words;
pub mod y4m;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use ocp809_calibration::pattern::{Pattern, Renderer, picture_size};
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::{Clock, Nanos, Rational};
use ocp809_sender::wall::Wall;
use ocp809_shaders::FrameView;

pub use color::{ColorHints, ColorPolicy};
pub use error::SourceError;
pub use monitor::{Monitor, PictureCounts};
pub use named::NamedSources;
pub use uri::{SourceUri, UriError};

use mailbox::{Due, Reader, Writer, mailbox};
use monitor::Shared;
use retry::{Policy, keep_running};
use stream::StreamReader;
use uri::{AtEnd, SourceKind, Timing};

/// The pictures of a source, owned by the frame thread.
pub trait Picture: Send {
    /// Moves on to the picture that the next frame of the wall shows. Never waits and never allocates.
    fn advance(&mut self) -> Advance;

    /// The picture to show; `None` before the first.
    fn view(&self) -> Option<FrameView<'_>>;

    /// When the picture was complete in memory; of a picture that waited for its time: when that had come.
    fn arrived(&self) -> Option<Nanos>;
}

/// What came of [`Picture::advance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Advance {
    /// Whether the picture is another one than before.
    pub is_new: bool,
    /// Pictures that were overtaken and never shown.
    pub skipped: u32,
}

/// What a source is opened with.
#[derive(Clone)]
pub struct OpenContext {
    /// The wall: what patterns are drawn for.
    pub wall: Arc<Wall>,
    /// The only clock.
    pub clock: Arc<dyn Clock>,
    /// Frames per second of the wall.
    pub rate: Rational,
    /// How codes are read.
    pub color: ColorPolicy,
    /// Every picture exactly once and in order, with no regard to time, and no start from the beginning: for writing files.
    pub lossless: bool,
    /// No second try after a failure.
    pub strict: bool,
    /// Sources that the show knows by name.
    pub named: NamedSources,
}

impl core::fmt::Debug for OpenContext {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { wall, clock: _, rate, color, lossless, strict, named } = self;
        let mut f = f.debug_struct("OpenContext");
        f.field("wall", &wall.name()).field("rate", rate).field("color", color);
        f.field("lossless", lossless).field("strict", strict).field("named", named).finish_non_exhaustive()
    }
}

/// Opens a source. Pictures come later; a file that is missing now is looked for again and again.
///
/// When all pictures and monitors of a source are dropped, its program is ended at once and its thread at its next picture.
///
/// # Errors
/// [`SourceError::Pattern`] and [`SourceError::Thread`]; what goes wrong later is told by the monitor.
pub fn open(uri: &SourceUri, context: &OpenContext) -> Result<(Box<dyn Picture>, Monitor), SourceError> {
    let OpenContext { clock, color, lossless, strict, .. } = context;
    let (color, lossless) = (*color, *lossless);
    let at_end = if lossless { AtEnd::Hold } else { uri.at_end };
    let timing = if lossless { Timing::Every } else { uri.timing };
    let policy = Policy { repeats: at_end == AtEnd::Repeat, retries: !strict };
    let ends = |due, light_limit| {
        let shared = Shared::new(uri.as_str(), clock, context.rate, light_limit);
        let (writer, reader) = mailbox(due, &shared, clock);
        let monitor = Monitor::new(shared, Arc::clone(reader.lease()));
        (writer, reader, monitor)
    };
    let due = match timing {
        Timing::Live => Due::Newest,
        Timing::Paced => Due::Elapsed,
        Timing::Every => Due::InTurn,
    };
    match uri.kind.clone() {
        SourceKind::Pattern { pattern, size } => {
            let (mut renderer, due) = (renderer(&pattern, size, &context.wall)?, if lossless { Due::InTurn } else { Due::Tai });
            if renderer.is_animated() {
                let draw = move |writer: &mut Writer| generated::run(&mut renderer, color, due == Due::Tai, writer);
                start(ends(due, pattern.brightness_limit()), policy, draw)
            } else {
                let (mut writer, reader, monitor) = ends(Due::Newest, pattern.brightness_limit());
                generated::show_still(&mut renderer, color, &mut writer)?;
                Ok((Box::new(reader), monitor))
            }
        }
        SourceKind::Image(path) => {
            let policy = Policy { repeats: false, ..policy };
            start(ends(Due::Newest, 1.0), policy, move |writer| still::run(&path, color, writer))
        }
        SourceKind::Sequence { files, rate } => {
            start(ends(due, 1.0), policy, move |writer| sequence::run(&files, (rate, at_end), color, writer))
        }
        SourceKind::StandardInput(format) => {
            // What was read from standard input is gone: it can neither start again nor be tried again.
            let policy = Policy { repeats: false, retries: false };
            let mut stream = StreamReader::new(format, color);
            start(ends(due, 1.0), policy, move |writer| stream.read(&mut std::io::stdin().lock(), writer))
        }
        SourceKind::Stream { path, format } => {
            let mut stream = StreamReader::new(format, color);
            start(ends(due, 1.0), policy, move |writer| read_file(&path, &mut stream, writer))
        }
        SourceKind::Command { words, format } => {
            let mut stream = StreamReader::new(format, color);
            start(ends(due, 1.0), policy, move |writer| program::run(&words, &mut stream, writer))
        }
    }
}

fn renderer(pattern: &Pattern, size: Option<PixelSize>, wall: &Wall) -> Result<Renderer, SourceError> {
    Ok(Renderer::new(pattern, size.unwrap_or_else(|| picture_size(wall)), Some(wall))?)
}

fn read_file(path: &Path, stream: &mut StreamReader, writer: &mut Writer) -> Result<stream::Ending, SourceError> {
    let open = |source| SourceError::Open { path: path.to_owned(), source };
    let mut input = BufReader::with_capacity(16 << 10, File::open(path).map_err(open)?);
    stream.read(&mut input, writer)
}

/// Starts the source's thread.
fn start(
    (mut writer, reader, monitor): (Writer, Reader, Monitor),
    policy: Policy,
    run: impl FnMut(&mut Writer) -> Result<stream::Ending, SourceError> + Send + 'static,
) -> Result<(Box<dyn Picture>, Monitor), SourceError> {
    let thread = std::thread::Builder::new().name("source".to_owned());
    thread.spawn(move || keep_running(policy, &mut writer, run)).map_err(SourceError::Thread)?;
    Ok((Box::new(reader), monitor))
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
