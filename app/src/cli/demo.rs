//! `ocp809 demo`: the whole main job on a virtual wall.

use std::io::{self, Write};
use std::path::PathBuf;

use super::progress::Bar;
use super::{Console, values};
use crate::control::{PropertyPath, Value};
use crate::demo::{self, DemoError, DemoOptions};
use crate::error::AppError;
use crate::gui::{self, Screenshot, WindowError};

/// The whole main job on a virtual wall: no card, root, GPU or network needed
///
/// With a display, a window shows the wall as its cards show it. Without one, or with --headless, pictures and a report
/// are written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 demo
  ocp809 demo --headless --seconds 5 --out out
  ocp809 demo --wall assets/walls/full-hd.toml --set source.uri=pattern:zone-plate --set fault.loss_permille=10")]
pub(super) struct Args {
    /// A wall of your own instead of the built-in one
    #[arg(long, value_name = "FILE")]
    wall: Option<PathBuf>,
    /// No window, even where there is a display
    #[arg(long)]
    headless: bool,
    /// How long to run without a window
    #[arg(long, value_name = "S", default_value_t = 3.0, value_parser = seconds)]
    seconds: f64,
    /// Where wall.png and report.json go without a window
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    out: PathBuf,
    /// A value to start with; can be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = values::setting)]
    settings: Vec<(PropertyPath, Value)>,
    /// Takes a picture of the window and ends
    #[arg(long, value_name = "PNG", conflicts_with = "headless")]
    screenshot: Option<PathBuf>,
}

/// How long the demo runs before its window is pictured, in seconds.
const SCREENSHOT_AFTER_S: u64 = 5;

/// A number of seconds that makes sense: not negative, at most a day.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|s| (0.0..=86_400.0).contains(s)).ok_or_else(|| "write seconds from 0 to 86400".to_owned())
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { wall, headless, seconds, out, settings, screenshot } = args;
    if screenshot.is_some() {
        // Without a display the demo would write other pictures than the one that is wanted.
        gui::probe().map_err(|reason| DemoError::Window(WindowError::NoDisplay(reason)))?;
    }
    // A window needs a moment until its plots and pictures are worth a picture.
    let after = std::time::Duration::from_secs(SCREENSHOT_AFTER_S);
    let screenshot = screenshot.map(|file| Screenshot { file, after });
    let options = DemoOptions { wall, settings, headless, seconds, out, screenshot };
    let bar = Bar::new(console, "s");
    let mut out = Watched { out: console.text_out(), failure: None };
    let report = demo::run(&options, &mut out, &mut |progress| bar.show(progress));
    let failure = out.failure;
    drop(bar);
    let report = report?;
    failure.map_or(Ok(()), Err)?;
    if console.json { console.document(&report) } else { Ok(()) }
}

/// Remembers that something could not be written: a demo whose window is open does not end for that.
struct Watched<'a> {
    out: &'a mut dyn Write,
    failure: Option<io::Error>,
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        if let Err(error) = &written
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.failure.get_or_insert_with(|| io::Error::new(error.kind(), error.to_string()));
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
