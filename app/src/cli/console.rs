//! Where a command writes: results to one side, everything else to the other, for people or for programs.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::config::Paths;
use crate::error::AppError;
use crate::run::{Host, Progress};

/// The two writers of a command and what they lead to.
pub struct Console<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Errors, warnings and progress.
    pub err: &'a mut dyn Write,
    /// Whether people watch `err`: colours and progress bars.
    pub err_is_terminal: bool,
    /// Whether results are wanted as JSON.
    pub json: bool,
    /// Whether nothing but results and errors is wanted.
    pub quiet: bool,
    /// Where this user keeps things.
    pub paths: Paths,
    nowhere: io::Sink,
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("json", &self.json).field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl<'a> Console<'a> {
    /// A console on two writers.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, paths: Paths) -> Self {
        Self { out, err, err_is_terminal: false, json: false, quiet: false, paths, nowhere: io::sink() }
    }

    /// Where text for people goes: nowhere when results are wanted as JSON.
    pub fn text_out(&mut self) -> &mut dyn Write {
        if self.json { &mut self.nowhere } else { self.out }
    }

    /// What a long job needs of its surroundings; its remarks go where results go.
    pub fn host<'b>(&'b mut self, progress: &'b mut dyn FnMut(Progress)) -> Host<'b> {
        let out: &mut dyn Write = if self.json || self.quiet { &mut self.nowhere } else { &mut *self.out };
        Host { paths: &self.paths, out, progress }
    }

    /// The same; its remarks go where errors go, because results follow on the other side.
    pub fn host_aside<'b>(&'b mut self, progress: &'b mut dyn FnMut(Progress)) -> Host<'b> {
        let out: &mut dyn Write = if self.quiet { &mut self.nowhere } else { &mut *self.err };
        Host { paths: &self.paths, out, progress }
    }

    /// Writes a result for people, as it is.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn print(&mut self, text: impl fmt::Display) -> Result<(), AppError> {
        Ok(self.out.write_fmt(format_args!("{text}"))?)
    }

    /// Writes a result for people as a line.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn line(&mut self, text: impl fmt::Display) -> Result<(), AppError> {
        Ok(self.out.write_fmt(format_args!("{text}\n"))?)
    }

    /// Writes a result for programs: one document on several lines.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn document(&mut self, result: &impl Serialize) -> Result<(), AppError> {
        let text = serde_json::to_string_pretty(result)?;
        self.line(text)
    }

    /// Writes one of several results for programs: one document on one line, sent off at once.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn document_line(&mut self, result: &impl Serialize) -> Result<(), AppError> {
        let text = serde_json::to_string(result)?;
        self.line(text)?;
        self.flush()
    }

    /// Sends off what was written.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), AppError> {
        Ok(self.out.flush()?)
    }

    /// Tells people something that is no result.
    pub fn note(&mut self, text: impl fmt::Display) {
        // Whoever closed stderr does not want to hear it.
        let _closed: io::Result<()> = self.err.write_fmt(format_args!("{text}\n"));
    }
}
