//! What of a show survives a restart, saved at every change.

use std::path::PathBuf;

use crate::config::write_state;
use crate::control::desk::Desk;

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

    /// Saves the desk's state if it changed. A failure is shown as an alarm and tried again with the next change.
    pub(super) fn save(&mut self, desk: &Desk) {
        let Some(file) = self.file.as_deref().filter(|_| desk.revision() != self.revision) else { return };
        self.revision = desk.revision();
        let saved = write_state(file, &desk.saved());
        self.problem = saved.err().map(|error| format!("in effect until the next start, but not saved: {error}"));
    }

    /// Why the newest state is not saved.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }
}
