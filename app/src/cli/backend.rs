//! The commands that need more than the command line's own reach: each hands its options over here.

use std::path::PathBuf;

use super::Console;
use crate::error::AppError;
use crate::run::options::{DiscoverOptions, EmulateOptions, InterfaceChoice, RunOptions, SendOptions};

/// What `demo` shall do.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The wall; `None` is the built-in one.
    pub wall: Option<PathBuf>,
    /// Values to start with.
    pub settings: Vec<(crate::control::PropertyPath, crate::control::Value)>,
    /// No window, even where there is a display.
    pub headless: bool,
    /// How long to run without a window, in seconds.
    pub seconds: f64,
    /// Where pictures and report go without a window.
    pub out: PathBuf,
    /// A screenshot of the window, after which the demo ends.
    pub screenshot: Option<PathBuf>,
}

/// What `wall adopt` shall do.
#[derive(Debug, Clone)]
pub struct AdoptOptions {
    /// Interfaces whose cards become a wall, one port each.
    pub interfaces: Vec<InterfaceChoice>,
    /// The file to write.
    pub out: PathBuf,
    /// Cabinets side by side; `None` puts each port's cards in one row.
    pub columns: Option<u32>,
    /// As in [`RunOptions::confirm`].
    pub confirm: bool,
}

pub(super) fn demo(_options: &DemoOptions, _console: &mut Console<'_>) -> Result<(), AppError> {
    Err(AppError::NotBuilt { command: "demo" })
}

pub(super) fn run(_options: &RunOptions, _console: &mut Console<'_>) -> Result<(), AppError> {
    Err(AppError::NotBuilt { command: "run" })
}

pub(super) fn send(_options: &SendOptions, _console: &mut Console<'_>) -> Result<(), AppError> {
    Err(AppError::NotBuilt { command: "send" })
}

pub(super) fn emulate(_options: &EmulateOptions, _console: &mut Console<'_>) -> Result<(), AppError> {
    Err(AppError::NotBuilt { command: "emulate" })
}

pub(super) fn discover(_options: &DiscoverOptions, _console: &mut Console<'_>) -> Result<(), AppError> {
    Err(AppError::NotBuilt { command: "discover" })
}

pub(super) fn adopt(_options: &AdoptOptions, _console: &mut Console<'_>) -> Result<(), AppError> {
    Err(AppError::NotBuilt { command: "wall adopt" })
}
