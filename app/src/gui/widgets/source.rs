//! What the wall is fed with, and how it is doing.

use egui::{RichText, Ui};

use super::mark::Mark;
use crate::control::status::{SourceState, SourceStatus};
use crate::gui::view_state::Shown;
use crate::gui::{text, theme};

/// Draws the source's name and state in two lines.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>) {
    let source = &shown.status.source;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        super::caption(ui, "Source");
        let name = if source.uri.is_empty() { "none" } else { &source.uri };
        ui.add(egui::Label::new(RichText::new(name).color(theme::TEXT)).truncate()).on_hover_text(details(shown, source));
        super::low_line(ui, 16.0, |ui| {
            let (mark, word) = state(source.state);
            mark.show(ui);
            let color = if mark == Mark::Good { theme::WEAK } else { mark.color() };
            ui.add(egui::Label::new(RichText::new(summary(source, word)).size(theme::CAPTION).color(color)).truncate())
                .on_hover_text(details(shown, source));
        });
    });
}

const fn state(state: SourceState) -> (Mark, &'static str) {
    match state {
        SourceState::None => (Mark::Off, "no source"),
        SourceState::Opening => (Mark::Notice, "opening"),
        SourceState::Live => (Mark::Good, "live"),
        SourceState::Still => (Mark::Good, "still"),
        SourceState::Ended => (Mark::Good, "starts again"),
        SourceState::Lost => (Mark::Fault, "lost"),
        SourceState::Failed => (Mark::Fault, "cannot be opened"),
    }
}

fn summary(source: &SourceStatus, word: &str) -> String {
    let mut parts = vec![word.to_owned()];
    if let Some(size) = source.size {
        parts.push(format!("{} x {}", size.width, size.height));
    }
    if source.state == SourceState::Live && source.fps > 0.0 {
        parts.push(format!("{:.2} fps", source.fps));
    }
    parts.join("  ·  ")
}

fn details(shown: &Shown<'_>, source: &SourceStatus) -> String {
    let mut lines = vec![source.uri.clone()];
    let since = text::span(shown.status.tai.0.saturating_sub(source.since.0));
    lines.push(format!("{} for {since}", state(source.state).1));
    if !source.format.is_empty() {
        lines.push(format!("Pixel format {}", source.format));
    }
    if !source.detail.is_empty() {
        lines.push(source.detail.clone());
    }
    lines.join("\n")
}
