//! A bar for jobs of known length, where people watch: on a terminal, and neither with --json nor with --quiet.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Console;
use crate::run::Progress;

/// How often a bar is redrawn while nothing is reported.
const REDRAW: Duration = Duration::from_millis(200);

/// The bar of one job; it is gone once the job is.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar that counts in `unit`.
    pub(super) fn new(console: &Console<'_>, unit: &str) -> Self {
        if !console.err_is_terminal || console.json || console.quiet {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let template = format!("{{bar:40}} {{pos}} of {{len}} {unit}, {{eta}} left");
        // A template that cannot be read leaves the library's own bar.
        bar.set_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(REDRAW);
        Self(bar)
    }

    /// Shows how far the job is.
    pub(super) fn show(&self, progress: Progress) {
        self.0.set_length(progress.of);
        self.0.set_position(progress.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
