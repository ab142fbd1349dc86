//! The main job on a virtual wall, on any machine: in a window where there is a display, else as pictures and a report.

mod report;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::wall::Wall;
use ocp809_shaders::PathError;
use thiserror::Error;

pub use report::DemoReport;

use crate::config::{GpuChoice, LoadError, load_wall, parse_wall};
use crate::control::{Action, Assignment, Client, Command, PropertyPath, Request, Saved, Value};
use crate::gui::{self, Screenshot, WindowError, WindowOptions};
use crate::picture::ScreenPicture;
use crate::picture_file::save_screens;
use crate::pixel_path;
use crate::run::Progress;
use crate::signals::Signals;
use crate::virtual_show::{VirtualShow, VirtualShowError};

/// The wall that is shown when none is named.
const DEMO_WALL: &str = include_str!("../../../assets/walls/demo.toml");

/// Frames of the longest dither cycle: their mean is what eyes see.
const DITHER_FRAMES: u32 = 16;

/// Frames that may be on their way to the cards.
const FRAMES_UNDER_WAY: u64 = 4;

/// How often a waiting demo looks whether it was interrupted.
const WATCH: Duration = Duration::from_millis(50);

/// How long the first picture may take.
const FIRST_PICTURE: Duration = Duration::from_secs(10);

/// What the demo shall do.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The wall; `None` is the built-in one.
    pub wall: Option<PathBuf>,
    /// Values to start with, as `path = value`.
    pub settings: Vec<(PropertyPath, Value)>,
    /// No window, even where there is a display.
    pub headless: bool,
    /// How long to run without a window, in seconds.
    pub seconds: f64,
    /// Where pictures and report go without a window.
    pub out: PathBuf,
    /// A picture of the window, after which the demo ends.
    pub screenshot: Option<Screenshot>,
}

/// Why the demo failed.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The wall file is wrong.
    #[error(transparent)]
    Wall(#[from] LoadError),
    /// The pixel path does not start.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The show does not start.
    #[error(transparent)]
    Show(#[from] VirtualShowError),
    /// A setting was refused.
    #[error("{0}")]
    Setting(String),
    /// No picture came.
    #[error("no card showed a picture within {} s", FIRST_PICTURE.as_secs())]
    NoPicture,
    /// A signal came before the time was over.
    #[error("interrupted after {seconds} of {of} seconds; no picture and no report were written")]
    Interrupted {
        /// Whole seconds that it ran.
        seconds: u64,
        /// Seconds that it should have run.
        of: f64,
    },
    /// Signals cannot be caught.
    #[error("signals cannot be caught")]
    Signals(#[source] io::Error),
    /// The window failed.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A file cannot be written.
    #[error("{}: {source}", .file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Runs the demo; the summary goes to `out`, and `progress` hears how many seconds of a run without a window are over.
///
/// # Errors
/// [`DemoError`].
pub fn run(options: &DemoOptions, out: &mut dyn Write, progress: &mut dyn FnMut(Progress)) -> Result<DemoReport, DemoError> {
    let wall = Arc::new(wall(options.wall.as_deref())?);
    let show = VirtualShow::start(&wall, pixel_path::choose(&GpuChoice::Auto)?, Saved::default(), None)?;
    apply(&show, &options.settings)?;
    let display = if options.headless { Err(None) } else { gui::probe().map_err(Some) };
    match display {
        Ok(_) => {
            let window = WindowOptions { screenshot: options.screenshot.clone(), ..WindowOptions::default() };
            gui::run(Arc::new(show.engine.client()), show.host.feed(), window)?;
            Ok(DemoReport::of(&show, &options.settings))
        }
        Err(reason) => {
            if let Some(reason) = reason {
                say(out, &format!("no window: {reason}\n"));
            }
            headless(&show, options, out, progress)
        }
    }
}

fn wall(file: Option<&Path>) -> Result<Wall, DemoError> {
    match file {
        Some(file) => Ok(load_wall(file)?.wall),
        None => Ok(parse_wall("assets/walls/demo.toml", DEMO_WALL)?.1),
    }
}

/// Sets what was asked on top of what a demo starts with: a moving pattern, bright enough to look at.
fn apply(show: &VirtualShow, settings: &[(PropertyPath, Value)]) -> Result<(), DemoError> {
    let assign = |(path, value): &(PropertyPath, Value)| Assignment { path: path.clone(), value: value.clone(), fade_ms: 0 };
    let defaults = [("source.uri", Value::text("pattern:moving-bars?full")), ("brightness.percent", Value::Number(60.0))];
    let defaults = defaults.into_iter().filter_map(|(path, value)| Some((path.parse().ok()?, value)));
    let all: Vec<_> = defaults.collect::<Vec<_>>().iter().chain(settings).map(assign).collect();
    let reply = show.engine.client().send(Command::new("demo", Request::Set(all)));
    reply.outcome.problem().map_or(Ok(()), |problem| Err(DemoError::Setting(problem)))
}

fn headless(
    show: &VirtualShow,
    options: &DemoOptions,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Result<DemoReport, DemoError> {
    let clock = SystemClock::new();
    let mut signals = Signals::new().map_err(DemoError::Signals)?;
    // A folder that cannot be made is said at once and not after the time is over.
    std::fs::create_dir_all(&options.out).map_err(|source| DemoError::Write { file: options.out.clone(), source })?;
    wait_for_picture(show, &clock)?;
    let first_picture = clock.now();
    let length = Duration::from_secs_f64((options.seconds - 0.3).max(0.0));
    let mut passed = Duration::ZERO;
    while passed < length {
        std::thread::sleep(WATCH.min(length.saturating_sub(passed)));
        passed = Duration::from_nanos(clock.now().since(first_picture));
        progress(Progress { done: passed.as_secs(), of: length.as_secs() });
        if signals.take() {
            return Err(DemoError::Interrupted { seconds: passed.as_secs(), of: options.seconds });
        }
    }
    let mut report = DemoReport::of(show, &options.settings);
    let screens = still(show)?;
    report.first_picture_ms = first_picture.0 / 1_000_000 - 1_000;
    let file = options.out.join("wall.png");
    let pictures = save_screens(&show.host.feed().wall(), &screens, &file);
    report.pictures = pictures.map_err(|source| DemoError::Write { file, source })?;
    let file = options.out.join("report.json");
    let json = serde_json::to_vec_pretty(&report).unwrap_or_default();
    crate::config::write_atomically(&file, &json)
        .map_err(|error| DemoError::Write { file: file.clone(), source: io::Error::other(error) })?;
    say(out, &report.summary(&file));
    Ok(report)
}

/// What the cards show, as eyes see it: the mean light of the last picture over a dither cycle.
fn still(show: &VirtualShow) -> Result<Vec<ScreenPicture>, DemoError> {
    show.engine.client().send(Command::action("demo", Action::Freeze));
    show.host.settle(FRAMES_UNDER_WAY);
    show.host.still(DITHER_FRAMES).ok_or(DemoError::NoPicture)
}

/// Waits until every card has shown a frame.
fn wait_for_picture(show: &VirtualShow, clock: &dyn Clock) -> Result<(), DemoError> {
    let deadline = clock.now().after(u64::try_from(FIRST_PICTURE.as_nanos()).unwrap_or(u64::MAX));
    while clock.now() < deadline {
        let status = show.engine.client().status();
        if !status.cards.is_empty() && status.cards.iter().all(|card| card.shown > 0) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(DemoError::NoPicture)
}

/// A summary that nobody reads any more is no error.
fn say(out: &mut dyn Write, text: &str) {
    let _closed = out.write_all(text.as_bytes());
}
