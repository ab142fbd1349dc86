//! The commands that this build cannot carry out yet: each hands its options over here.

use std::path::PathBuf;

use super::Console;
use crate::error::AppError;
use crate::run::{DiscoverOptions, InterfaceChoice};

/// What `wall adopt` shall do.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "read by the part that asks cards, which this build does not have")]
pub(super) struct AdoptOptions {
    /// Interfaces whose cards become a wall, one port each.
    pub(super) interfaces: Vec<InterfaceChoice>,
    /// The file to write.
    pub(super) out: PathBuf,
    /// Cabinets side by side; `None` puts each port's cards in one row.
    pub(super) columns: Option<u32>,
    /// The interfaces may be used although somebody's network may hang on them.
    pub(super) confirm: bool,
}

pub(super) fn discover(_options: &DiscoverOptions, _console: &mut Console<'_>) -> Result<(), AppError> {
    Err(AppError::NotBuilt { command: "discover" })
}

pub(super) fn adopt(_options: &AdoptOptions, _console: &mut Console<'_>) -> Result<(), AppError> {
    Err(AppError::NotBuilt { command: "wall adopt" })
}
