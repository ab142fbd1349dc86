//! How a show is controlled: settings, actions, commands, replies, events and snapshots, and how they travel.
//!
//! The window, the command line, the socket and the engine share these types; none of them keeps a list of its own.

pub mod action;
pub mod check;
pub mod client;
pub mod command;
pub mod desk;
pub mod event;
pub mod facts;
pub mod fade;
pub mod line;
pub mod mailbox;
pub mod path;
pub mod preset;
pub mod property;
pub mod rate;
pub mod saved;
pub mod server;
pub mod socket;
pub mod state;
pub mod status;
pub mod table;
pub mod trim;
pub mod value;

pub use action::{ACTIONS, Action, ActionInfo, BrightnessLevel};
pub use check::TextReader;
pub use client::{Client, Subscription};
pub use command::{Assignment, Command, Failure, Outcome, Reading, Refusal, Reply, Request, Role};
pub use desk::{Desk, Moment, Start};
pub use event::{Event, EventKind};
pub use facts::{CabinetFacts, ScreenFacts, WallFacts};
pub use mailbox::{EngineEnd, InProcess, Pending, mailbox};
pub use path::{PathError, PropertyPath, Target};
pub use preset::{Preset, Presets};
pub use property::{Access, Choice, Kind, PresetPart, Property, Scope, TextForm, Unit};
pub use saved::Saved;
pub use server::{Server, ServerError};
pub use socket::{ConnectError, Socket};
pub use state::ShowState;
pub use status::{Alarm, OutputMode, Severity, Status};
pub use table::{PROPERTIES, PropertyId, property};
pub use value::Value;

/// The candidate that takes the fewest single-character edits to become `word`, for "did you mean".
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates.into_iter().min_by_key(|candidate| edit_distance(word, candidate))
}

/// Levenshtein's distance in one row of memory. Words beyond 64 characters count by their first 64.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            let here = (diagonal + usize::from(from != *to)).min(above + 1).min(left + 1);
            diagonal = above;
            left = here;
            *cell = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
