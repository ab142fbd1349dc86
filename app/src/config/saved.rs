//! The saved state of a show on disk: written whole at every change, so that a restart, even after a kill, goes on where
//! the show was. A state that cannot be read is set aside and never stops a show.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::save::{SaveError, write_atomically};
use crate::control::Saved;
use crate::control::saved::SAVED_SCHEMA_VERSION;

/// What reading a saved state came to.
#[derive(Debug, Clone, PartialEq)]
pub enum SavedState {
    /// The show ran before.
    Found(Saved),
    /// It never ran on this host.
    None,
    /// There is a file that cannot be read; it was moved aside.
    Unreadable {
        /// Where it lies now.
        moved_to: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads the saved state.
#[must_use]
pub fn read_state(path: &Path) -> SavedState {
    let reason = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return SavedState::None,
        Err(error) => error.to_string(),
        Ok(bytes) => match serde_json::from_slice::<Saved>(&bytes) {
            Ok(saved) if saved.schema_version == SAVED_SCHEMA_VERSION => return SavedState::Found(saved),
            Ok(saved) => format!("version {}, expected {SAVED_SCHEMA_VERSION}", saved.schema_version),
            Err(error) => error.to_string(),
        },
    };
    let moved_to = path.with_extension("unreadable.json");
    // Where even that fails, the next save replaces the file; the reason is reported either way.
    let _moved = fs::rename(path, &moved_to);
    SavedState::Unreadable { moved_to, reason }
}

/// Writes the saved state.
///
/// # Errors
///
/// When the system refuses; the state before is then untouched.
pub fn write_state(path: &Path, saved: &Saved) -> Result<(), SaveError> {
    let mut json = serde_json::to_vec_pretty(saved)?;
    json.push(b'\n');
    write_atomically(path, &json)
}
