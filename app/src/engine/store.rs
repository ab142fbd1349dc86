//! What of a show survives a restart, saved at every change.

use std::path::PathBuf;

use crate::config::state::{StateError, load, save};
use crate::control::desk::Desk;
use crate::control::saved::Saved;

/// The state file, if the show has one.
pub(super) struct Store {
    file: Option<PathBuf>,
    revision: u64,
    problem: Option<String>,
}

impl Store {
    /// Keeps state in `file`; `None` keeps none (demo).
    pub(super) const fn new(file: Option<PathBuf>) -> Self {
        Self { file, revision: 0, problem: None }
    }

    /// What was saved; the defaults when there is no file yet.
    ///
    /// # Errors
    /// When there is a file that cannot be read.
    pub(super) fn load(&self) -> Result<Saved, StateError> {
        self.file.as_deref().map_or_else(|| Ok(Saved::default()), load)
    }

    /// Saves the desk's state if it changed. A failure is tried again with the next change, and shown until then.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn save(&mut self, desk: &Desk) -> Result<(), StateError> {
        let Some(file) = self.file.as_deref().filter(|_| desk.revision() != self.revision) else { return Ok(()) };
        self.revision = desk.revision();
        let saved = save(file, &desk.saved());
        self.problem = saved.as_ref().err().map(ToString::to_string);
        saved
    }

    /// Why the newest state is not saved.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }
}
